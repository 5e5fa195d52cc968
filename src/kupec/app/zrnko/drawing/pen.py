"""The pen: flat SVG shapes as strings, the palette, and the light that falls from the upper left."""

from collections.abc import Iterable

SIZE = 800

PAPER = "#F4ECDE"
INK = "#2A1C16"
ROAST = "#4B3125"
BROWN = "#74492E"
CREMA = "#C58F55"
CREAM = "#EBDCC0"
MILK = "#FFFDF8"
STEEL = "#D5D7D4"
STEEL_DARK = "#9EA3A1"
STEEL_DEEP = "#6C7271"
GRAPHITE = "#3D3F41"
WALNUT = "#8C5A36"
OAK = "#C99A63"
BRASS = "#C9A24E"
COPPER = "#BE7145"
GLASS = "#BCD0CF"
SMOKE = "#6E6157"
CHERRY = "#B1243A"
SAGE = "#8C9C7C"
SLATE = "#5E7583"
TERRACOTTA = "#C0673F"
SAND = "#DCC39B"
TEAL = "#4F7F7B"


def number(value: float) -> str:
    """Whole units, tenths below twenty: less cannot be seen at 800 units."""
    return f"{value:.0f}" if abs(value) >= 20 else f"{value:.1f}".rstrip("0").rstrip(".")


def _tag(name: str, attributes: Iterable[tuple[str, str | float]], opacity: float) -> str:
    parts = [f'{key}="{number(value) if isinstance(value, float | int) else value}"' for key, value in attributes]
    if opacity < 1:
        parts.append(f'opacity="{opacity:.2g}"')
    return f"<{name} {' '.join(parts)}/>"


def rect(x: float, y: float, w: float, h: float, fill: str, r: float = 0, o: float = 1) -> str:
    corner = [("rx", min(r, w / 2, h / 2))] if r else []
    return _tag("rect", [("x", x), ("y", y), ("width", w), ("height", h), *corner, ("fill", fill)], o)


def circle(cx: float, cy: float, r: float, fill: str, o: float = 1) -> str:
    return _tag("circle", [("cx", cx), ("cy", cy), ("r", r), ("fill", fill)], o)


def ellipse(cx: float, cy: float, rx: float, ry: float, fill: str, o: float = 1) -> str:
    return _tag("ellipse", [("cx", cx), ("cy", cy), ("rx", rx), ("ry", ry), ("fill", fill)], o)


def path(d: str, fill: str, o: float = 1) -> str:
    return _tag("path", [("d", d), ("fill", fill)], o)


def stroke(d: str, colour: str, width: float, o: float = 1, dash: str = "", cap: str = "round") -> str:
    """A drawn line; `dash` is an SVG dash pattern, handy for dots, teeth and threads."""
    ends = [("stroke-linecap", cap)] if cap != "round" else []
    dashes = [("stroke-dasharray", dash)] if dash else []
    return _tag("path", [("d", d), ("fill", "none"), ("stroke", colour), ("stroke-width", width), *ends, *dashes], o)


def ring(
    cx: float,
    cy: float,
    rx: float,
    ry: float,
    colour: str,
    width: float,
    o: float = 1,
    dash: str = "",
    cap: str = "butt",
) -> str:
    return stroke(oval(cx, cy, rx, ry), colour, width, o, dash, cap)


def oval(cx: float, cy: float, rx: float, ry: float) -> str:
    """An ellipse as path data, for rings and for holes."""
    n = number
    return f"M{n(cx - rx)} {n(cy)}a{n(rx)} {n(ry)} 0 1 0 {n(2 * rx)} 0a{n(rx)} {n(ry)} 0 1 0 {n(-2 * rx)} 0z"


def group(*shapes: str, move: tuple[float, float] = (0, 0), turn: float = 0, scale: float = 1, o: float = 1) -> str:
    """Shapes drawn around the origin, then scaled, turned (degrees, clockwise) and moved into place."""
    steps = [f"translate({number(move[0])} {number(move[1])})"]
    if turn:
        steps.append(f"rotate({number(turn)})")
    if scale != 1:
        steps.append(f"scale({scale:.3g})")
    fade = f' opacity="{o:.2f}"' if o < 1 else ""
    return f'<g transform="{"".join(steps)}"{fade}>{"".join(shapes)}</g>'


def closer(*shapes: str, scale: float, lift: float = 0) -> str:
    """The same shapes seen from nearer: grown about the table's middle (400, 668), then lifted."""
    return group(*shapes, move=(400 - 400 * scale, 668 - 668 * scale - lift), scale=scale)


def shadow(cx: float, cy: float, rx: float, ry: float = 0) -> str:
    """The soft shadow on the table; fades outwards from where the thing stands."""
    return ellipse(cx, cy, rx * 1.25, ry or rx * 0.16, "url(#s)")


def half(x: float, y: float, w: float, h: float, r: float, side: str) -> str:
    """Path data of a box with only its left or right corners rounded."""
    n, r = number, min(r, w, h / 2)
    if side == "right":
        return f"M{n(x)} {n(y)}h{n(w - r)}q{n(r)} 0 {n(r)} {n(r)}v{n(h - 2 * r)}q0 {n(r)} {n(-r)} {n(r)}h{n(r - w)}z"
    return f"M{n(x + w)} {n(y)}h{n(r - w)}q{n(-r)} 0 {n(-r)} {n(r)}v{n(h - 2 * r)}q0 {n(r)} {n(r)} {n(r)}h{n(w - r)}z"


def box(
    x: float, y: float, w: float, h: float, fill: str, r: float = 10, light: float = 0.28, dark: float = 0.13
) -> str:
    """A lit box: its colour, a bright left edge, a shaded right side."""
    left, right = max(min(w * 0.09, 16), 4), max(min(w * 0.2, 34), 8)
    return (
        rect(x, y, w, h, fill, r)
        + path(half(x + w - right, y, right, h, r, "right"), INK, dark)
        + path(half(x, y, left, h, r, "left"), "#fff", light)
    )


def tube(
    cx: float, top: float, w: float, h: float, fill: str, taper: float = 0, light: float = 0.3, dark: float = 0.14
) -> str:
    """A round upright thing seen a little from above; `taper` narrows (or widens, below zero) its foot."""
    n = number
    a, b = w / 2, w / 2 - taper
    ra, rb = a * 0.22, b * 0.22

    def slice_(left: float, right: float) -> str:
        return (
            f"M{n(cx + a * left)} {n(top)}L{n(cx + b * left)} {n(top + h)}"
            f"Q{n(cx + b * (left + right) / 2)} {n(top + h + rb * (2 - left**2 - right**2))} "
            f"{n(cx + b * right)} {n(top + h)}L{n(cx + a * right)} {n(top)}z"
        )

    body = (
        f"M{n(cx - a)} {n(top)}L{n(cx - b)} {n(top + h)}A{n(b)} {n(rb)} 0 0 0 {n(cx + b)} {n(top + h)}"
        f"L{n(cx + a)} {n(top)}A{n(a)} {n(ra)} 0 0 0 {n(cx - a)} {n(top)}z"
    )
    return path(body, fill) + path(slice_(0.6, 0.99), INK, dark) + path(slice_(-0.86, -0.66), "#fff", light)


def lid(cx: float, cy: float, w: float, fill: str) -> str:
    """The elliptic top of a tube of the same width."""
    return ellipse(cx, cy, w / 2, w * 0.11, fill)


def bean(cx: float, cy: float, length: float, turn: float = 0, fill: str = BROWN) -> str:
    """One roasted bean, lying on its round side."""
    return group(
        ellipse(0, 0, 50, 34, fill),
        ellipse(-12, -17, 25, 9, "#fff", 0.16),
        stroke("M-45 3C-20-26 20 26 45-3", INK, 7, 0.75),
        move=(cx, cy),
        turn=turn,
        scale=length / 100,
    )


_BOWL = "M-50-72C-50-14-31 0-20 0H20C31 0 50-14 50-72z"
_BOWL_SHADE = "M25-72C25-14 15 0 10 0H20C31 0 50-14 50-72z"


def cup(cx: float, base: float, w: float, fill: str = MILK, coffee: str = CREMA, handle: int = 1) -> str:
    """A cup standing on `base`; its handle points right (1) or left (-1)."""
    ear = f"M{46 * handle}-58c{30 * handle}-4 {26 * handle} 36 {-10 * handle} 33"
    return group(
        stroke(ear, fill, 9),
        stroke(ear, INK, 9, 0.12),
        path(_BOWL, fill),
        path(_BOWL_SHADE, INK, 0.1),
        ellipse(0, -72, 50, 10, fill),
        ellipse(0, -71, 45, 8, coffee),
        move=(cx, base),
        scale=w / 100,
    )


def small_cups(base: float, w: float, fill: str, *centres: float) -> str:
    """Cups far away or on a screen: outline and mouth only."""
    n, k = number, w / 100
    bowls = "".join(
        f"M{n(cx - 50 * k)} {n(base - 72 * k)}c0 {n(58 * k)} {n(19 * k)} {n(72 * k)} {n(30 * k)} {n(72 * k)}"
        f"h{n(40 * k)}c{n(11 * k)} 0 {n(30 * k)} {n(-14 * k)} {n(30 * k)} {n(-72 * k)}z"
        for cx in centres
    )
    mouths = "".join(oval(cx, base - 72 * k, 50 * k, 9 * k) for cx in centres)
    return path(bowls, fill) + path(mouths, INK, 0.2)


def picture(*shapes: str) -> str:
    """One finished picture: cream paper and the shapes."""
    stops = "".join(
        f'<stop offset="{at}" stop-color="{BROWN}" stop-opacity="{o}"/>' for at, o in ((0, 0.42), (0.55, 0.2), (1, 0))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" '
        'stroke-linecap="round" stroke-linejoin="round">'
        f'<radialGradient id="s">{stops}</radialGradient>'
        + rect(0, 0, SIZE, SIZE, PAPER)
        + "".join(shapes)
        + "</svg>\n"
    )
