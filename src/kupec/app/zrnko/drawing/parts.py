"""Spare parts of machines and grinders, laid out as on a workbench."""

from math import cos, radians, sin

from kupec.app.zrnko.drawing.pen import (
    BRASS,
    BROWN,
    CHERRY,
    COPPER,
    CREAM,
    GLASS,
    GRAPHITE,
    INK,
    MILK,
    ROAST,
    SMOKE,
    STEEL,
    STEEL_DARK,
    STEEL_DEEP,
    WALNUT,
    box,
    circle,
    closer,
    ellipse,
    group,
    lid,
    number,
    path,
    rect,
    ring,
    shadow,
    stroke,
    tube,
)


def _glint(cx: float, cy: float, r: float, width: float, o: float) -> str:
    """Light caught on the upper left of a round edge."""
    n = number
    start = f"M{n(cx - r * 0.92)} {n(cy - r * 0.38)}"
    return stroke(f"{start}A{n(r)} {n(r)} 0 0 1 {n(cx - r * 0.2)} {n(cy - r * 0.98)}", "#fff", width, o)


def _seal(cx: float, cy: float, r: float, width: float, colour: str) -> str:
    """A rubber ring lying nearly flat, a highlight along its crown."""
    flat = r * 0.62
    return (
        ring(cx + 8, cy + width * 0.8, r, flat, BROWN, width * 1.2, 0.16)
        + ring(cx, cy + width * 0.42, r, flat, INK, width, 0.9)
        + ring(cx, cy, r, flat, colour, width)
        + ring(cx, cy - width * 0.16, r, flat, "#fff", width * 0.16, 0.3, f"{r * 1.1:.0f} {r * 1.4:.0f}")
    )


def gasket_58() -> str:
    return _seal(420, 300, 200, 52, GRAPHITE) + _seal(370, 490, 200, 52, CHERRY)


def gasket_54() -> str:
    return _seal(400, 400, 214, 58, "#3F6B7A") + circle(542, 500, 12, CHERRY)


def gasket_51() -> str:
    return _seal(330, 330, 158, 40, ROAST) + _seal(500, 500, 158, 40, WALNUT) + circle(500, 598, 9, CHERRY)


def shower_screen() -> str:
    """A disc of steel with rings of holes, its screw beside it."""
    holes = "".join(ring(370, 370, r, r, INK, 9, 0.6, "0 19.6", "round") for r in (66, 98, 130, 162, 194))
    return (
        shadow(390, 600, 250, 60)
        + circle(370, 376, 232, STEEL_DEEP)
        + circle(370, 370, 232, STEEL)
        + circle(370, 370, 216, "#E6E7E4")
        + holes
        + circle(370, 370, 36, STEEL_DARK)
        + circle(370, 370, 22, ROAST)
        + stroke("M186 280A206 206 0 0 1 330 168", "#fff", 12, 0.8)
        + ellipse(630, 640, 50, 16, BROWN, 0.2)
        + path("M612 560h36v60l-18 18-18-18z", STEEL_DARK)
        + stroke("M612 574h36M612 590h36M612 606h36", STEEL_DEEP, 5)
        + ellipse(630, 552, 40, 20, STEEL)
        + stroke("M606 552h48", CHERRY, 7)
    )


def _basket(blind: bool) -> str:
    bottom = "M250 300L272 540q6 66 128 66t128-66L550 300z"
    rows = "".join(f"M{300 + i * 6} {520 + i * 22}q{100 - i * 6} 40 {200 - i * 12} 0" for i in range(3))
    floor = ellipse(400, 320, 24, 5, CHERRY) if blind else stroke("M300 322q100 26 200 0", STEEL, 5, 0.6, "0 13")
    band = stroke("M270 396q130 46 260 0", STEEL_DARK, 6) if blind else stroke("M276 440q124 44 248 0", CHERRY, 8)
    return (
        shadow(400, 604, 210)
        + path(bottom, STEEL)
        + path("M480 310L462 590q60-12 66-50L550 300z", INK, 0.14)
        + stroke("M290 340L310 540", "#fff", 16, 0.6)
        + ("" if blind else stroke(rows, INK, 8, 0.55, "0 17"))
        + ellipse(400, 300, 182, 50, STEEL_DARK)
        + ellipse(400, 294, 182, 50, STEEL)
        + ellipse(400, 298, 148, 37, STEEL_DEEP)
        + ellipse(400, 318, 132, 22, STEEL_DARK if blind else ROAST)
        + floor
        + band
    )


def basket() -> str:
    return closer(_basket(blind=False), scale=1.12, lift=-30)


def blind_basket() -> str:
    return closer(_basket(blind=True), scale=1.12, lift=-30)


def portafilter() -> str:
    """From the side: heavy head, two spouts, a walnut handle to the right."""
    return (
        shadow(390, 578, 290)
        + group(
            rect(-10, -24, 110, 48, STEEL_DARK, 8),
            rect(70, -30, 26, 60, BRASS, 6),
            path("M96-26Q200-52 330-34Q362-26 362 0T330 34Q200 44 96 26z", WALNUT),
            path("M96 6Q220 20 362 2Q360 28 330 34Q200 44 96 26z", INK, 0.16),
            stroke("M130-22Q210-36 310-24", "#fff", 9, 0.3),
            circle(352, 0, 14, CHERRY),
            move=(330, 350),
            turn=9,
        )
        + path("M120 330H344L330 430q-4 26-32 26H166q-28 0-32-26z", STEEL)
        + path("M288 330h56l-14 100q-4 26-32 26h-30z", INK, 0.14)
        + stroke("M150 350l12 76", "#fff", 14, 0.6)
        + rect(104, 300, 256, 40, STEEL_DARK, 12)
        + rect(104, 300, 256, 14, "#fff", 7, 0.4)
        + rect(84, 318, 40, 20, STEEL_DEEP, 6)
        + rect(206, 452, 52, 36, STEEL_DARK, 6)
        + stroke("M232 486q-66 6-64 66M232 486q66 6 64 66", STEEL_DARK, 36)
        + stroke("M226 480q-62 8-64 66", "#fff", 8, 0.4)
    )


def pump() -> str:
    """A vibratory pump: coil in its clip, plastic body, brass outlet."""
    return (
        shadow(400, 580, 300)
        + rect(612, 356, 90, 48, BRASS, 8)
        + stroke("M628 360v40M646 360v40M664 360v40", INK, 5, 0.3)
        + rect(690, 366, 40, 28, BRASS, 4)
        + rect(96, 350, 130, 60, INK, 14)
        + stroke("M120 354v52M144 354v52M168 354v52M192 354v52", "#fff", 6, 0.12)
        + rect(72, 364, 34, 32, CREAM, 8)
        + box(216, 292, 110, 176, INK, 16, 0.14)
        + box(318, 260, 250, 240, COPPER, 14, 0.25)
        + "".join(rect(x, 274, 5, 212, INK, 0, 0.16) for x in range(344, 548, 24))
        + rect(300, 244, 286, 22, STEEL_DARK, 6)
        + rect(300, 494, 286, 22, STEEL_DARK, 6)
        + box(560, 318, 60, 124, MILK, 10, 0.6)
        + stroke("M400 244v-66M480 244v-66", STEEL_DEEP, 16, cap="butt")
        + stroke("M400 180q-10-60-90-60M480 180q10-70 110-64", CHERRY, 11)
        + rect(320, 516, 40, 44, GRAPHITE, 8)
        + rect(520, 516, 40, 44, GRAPHITE, 8)
    )


def steam_tip() -> str:
    """One upright, one showing its four holes."""
    return (
        shadow(330, 612, 130)
        + shadow(554, 612, 130)
        + tube(330, 214, 112, 130, BRASS, 0, 0.4)
        + stroke("M276 246q54 22 108 0M276 276q54 22 108 0M276 306q54 22 108 0M276 336q54 22 108 0", INK, 7, 0.25)
        + lid(330, 214, 112, BRASS)
        + ellipse(330, 214, 30, 7, INK)
        + path("M236 370h188v90L392 560q-62 46-124 0L236 460z", STEEL)
        + path("M376 370h48v90L392 560q-14 14-34 20z", INK, 0.14)
        + path("M236 370h36v90l20 112q-14-4-24-12L236 460z", "#fff", 0.5)
        + rect(228, 356, 204, 24, STEEL_DARK, 8)
        + circle(554, 486, 118, STEEL_DARK)
        + circle(550, 480, 114, STEEL)
        + circle(550, 480, 78, "#E8E9E6")
        + "".join(circle(550 + 40 * dx, 480 + 40 * dy, 13, INK) for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)))
        + circle(550, 480, 9, CHERRY)
        + stroke("M456 444A100 100 0 0 1 520 386", "#fff", 10, 0.8)
    )


def orings() -> str:
    """Eight rings of four sizes."""
    rings = (
        (250, 270, 110, 26),
        (500, 240, 88, 22),
        (612, 420, 70, 20),
        (400, 440, 96, 24),
        (210, 500, 74, 20),
        (560, 586, 62, 18),
        (380, 620, 52, 16),
        (280, 614, 34, 14),
    )
    return "".join(
        ring(x + 5, y + 9, r, r, BROWN, w, 0.2)
        + ring(x, y, r, r, CHERRY if i == 5 else (INK, GRAPHITE)[i % 2], w)
        + _glint(x, y, r, w * 0.2, 0.35)
        for i, (x, y, r, w) in enumerate(rings)
    )


def brew_group() -> str:
    """The removable heart of an automatic: frame, piston, lever."""
    return (
        shadow(410, 664, 220)
        + box(228, 180, 330, 474, INK, 26, 0.14)
        + rect(262, 214, 262, 150, GRAPHITE, 14)
        + tube(393, 246, 150, 96, STEEL, 0, 0.5)
        + lid(393, 246, 150, STEEL_DARK)
        + ring(393, 246, 56, 12, CHERRY, 8)
        + rect(262, 384, 262, 160, "#140C09", 14)
        + tube(393, 400, 112, 116, CREAM, 0, 0.4)
        + stroke("M393 520v70", STEEL_DARK, 26)
        + stroke("M300 400v130M486 400v130", STEEL_DEEP, 12)
        + box(540, 262, 66, 196, GRAPHITE, 18, 0.16)
        + circle(573, 300, 16, STEEL)
        + circle(573, 300, 7, INK)
        + stroke("M573 340v84", CREAM, 8, 0.7)
        + path("M556 424l17 24 17-24z", CREAM, 0.7)
        + rect(292, 566, 202, 60, GRAPHITE, 12)
        + stroke("M316 586h154M316 604h154", INK, 6)
        + path("M228 206l-54 20v120l54 18z", INK)
    )


def brew_seals() -> str:
    """Two seals and a small tube of grease."""
    return (
        _seal(300, 300, 120, 30, CHERRY)
        + _seal(300, 500, 120, 30, GRAPHITE)
        + group(
            path("M-60-150h120l-8 250h-104z", MILK),
            path("M26-150h34l-8 250h-28z", INK, 0.1),
            rect(-70, -172, 140, 28, STEEL_DARK, 4),
            stroke("M-58-158h116", "#fff", 5, 0.5, "3 8", "butt"),
            path("M-52 100h104l-24 26h-56z", CREAM),
            rect(-30, 124, 60, 54, INK, 8),
            rect(-52, -40, 104, 60, STEEL_DARK, 0, 0.5),
            stroke("M-30-10h60", INK, 8),
            move=(578, 420),
            turn=18,
        )
    )


def water_tank() -> str:
    tank = "M222 210H578V612q0 44-44 44H266q-44 0-44-44z"
    return (
        shadow(400, 662, 240)
        + path(tank, GLASS, 0.6)
        + path("M234 350H566V610q0 34-34 34H268q-34 0-34-34z", "#A9C4C6", 0.75)
        + ellipse(400, 350, 166, 14, "#fff", 0.5)
        + rect(340, 470, 120, 164, MILK, 16)
        + rect(340, 470, 120, 36, STEEL_DARK, 12)
        + stroke("M364 540h72M364 566h72M364 592h72", STEEL_DARK, 7)
        + stroke("M256 590V260", "#fff", 14, 0.6)
        + stroke("M500 300h48", CHERRY, 8)
        + stroke("M520 380h28M520 440h28M520 500h28M520 560h28", MILK, 6, 0.9)
        + box(206, 178, 388, 40, INK, 14, 0.16)
        + stroke("M330 178q70-90 140 0", INK, 24)
    )


def milk_hose() -> str:
    """Two coiled hoses, four connectors."""
    colours = (STEEL_DARK, MILK, STEEL, MILK)
    coils = "".join(ring(350, 330 + i * 26, 190 - i * 4, 118 - i * 2, colour, 24) for i, colour in enumerate(colours))
    connector = (
        rect(-20, -34, 40, 68, INK, 10) + rect(-12, 30, 24, 34, STEEL_DARK, 6) + rect(-28, -4, 56, 12, GRAPHITE, 5)
    )
    return (
        ring(362, 430, 196, 118, BROWN, 60, 0.14)
        + coils
        + stroke("M540 400q90 30 60 130", MILK, 24)
        + stroke("M175 330A180 110 0 0 1 300 226", "#fff", 7, 0.9)
        + group(rect(-22, -40, 44, 80, CHERRY, 10), rect(-14, 40, 28, 34, STEEL_DARK, 6), move=(598, 560), turn=8)
        + "".join(
            group(connector, move=(x, y), turn=turn) for x, y, turn in ((230, 630, -30), (350, 650, 12), (470, 634, 48))
        )
    )


def drip_tray() -> str:
    slots = "".join(stroke(f"M{254 - i * 17} {392 + i * 34}H{546 + i * 17}", INK, 12, 0.75) for i in range(4))
    return (
        shadow(400, 630, 300)
        + path("M232 350H568L664 560H136z", STEEL)
        + path("M262 372H538L600 528H200z", STEEL_DARK, 0.6)
        + slots
        + ellipse(400, 462, 30, 14, INK)
        + tube(400, 428, 44, 34, CHERRY, 0, 0.3)
        + lid(400, 428, 44, CHERRY)
        + path("M232 350L136 560H160L246 350z", "#fff", 0.5)
        + path("M136 560H664V606q0 22-22 22H158q-22 0-22-22z", INK)
        + path("M136 560H664v12H136z", "#fff", 0.2)
    )


def burr(cx: float, cy: float, r: float, colour: str, teeth: int, accent: str = INK) -> str:
    """A flat burr from above: curved cutting edges between a rim and a bore."""

    def at(radius: float, degrees: float) -> str:
        return f"{number(cx + radius * cos(radians(degrees)))} {number(cy + radius * sin(radians(degrees)))}"

    step = 360 / teeth
    turns = [i * step for i in range(teeth)]
    blades = "".join(f"M{at(r * 0.44, a)}Q{at(r * 0.7, a + 5)} {at(r * 0.97, a + 22)}" for a in turns)
    holes = "".join(
        circle(cx + r * 0.74 * cos(radians(a)), cy + r * 0.74 * sin(radians(a)), r * 0.075, INK) for a in (90, 210, 330)
    )
    return (
        ellipse(cx + 8, cy + 18, r, r, BROWN, 0.18)
        + circle(cx, cy + 8, r, STEEL_DEEP)
        + circle(cx, cy, r, colour)
        + stroke(blades, INK, r * 0.022, 0.5)
        + ring(cx, cy, r * 0.93, r * 0.93, INK, r * 0.11, 0.2, "3 4")
        + holes
        + circle(cx, cy, r * 0.42, STEEL_DEEP)
        + circle(cx, cy + 4, r * 0.38, accent)
        + _glint(cx, cy, r * 0.93, r * 0.04, 0.8)
    )


def burrs_55() -> str:
    return burr(308, 320, 168, STEEL, 22) + burr(500, 500, 168, "#E2E3E0", 22, CHERRY)


def burrs_83() -> str:
    return burr(300, 300, 196, BRASS, 26) + burr(506, 510, 196, "#D8B767", 26, CHERRY)


def hopper() -> str:
    return (
        shadow(400, 668, 150)
        + path("M176 212H624L494 560H306z", SMOKE, 0.62)
        + path("M214 300H586L490 548H310z", ROAST)
        + stroke("M236 322h330M250 354h302M262 386h280M276 418h250", BROWN, 24, dash="1 34")
        + stroke("M288 450h228M300 482h204M310 514h184", BROWN, 24, dash="1 34")
        + stroke("M222 240l94 270", "#fff", 14, 0.3)
        + rect(158, 178, 484, 38, INK, 18)
        + rect(158, 178, 484, 12, "#fff", 8, 0.14)
        + box(306, 556, 188, 42, GRAPHITE, 8, 0.2)
        + rect(486, 566, 96, 22, CHERRY, 10)
        + tube(400, 600, 150, 48, INK, 8, 0.16)
    )
