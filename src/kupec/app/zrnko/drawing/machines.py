"""Espresso machines with a group head: from the narrow Piko to the two-group Piazza."""

from kupec.app.zrnko.drawing.pen import (
    BRASS,
    BROWN,
    CHERRY,
    COPPER,
    CREAM,
    CREMA,
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
    cup,
    ellipse,
    group,
    path,
    rect,
    ring,
    shadow,
    small_cups,
    stroke,
    tube,
)


def feet(left: float, right: float, y: float, colour: str = INK) -> str:
    return rect(left, y, 44, 24, colour, 6) + rect(right - 44, y, 44, 24, colour, 6)


def gauge(cx: float, cy: float, r: float, needle: str = CHERRY) -> str:
    """A pressure gauge; a small one has no room for ticks."""
    return (
        circle(cx, cy, r, STEEL_DEEP)
        + circle(cx, cy, r * 0.86, MILK)
        + (ring(cx, cy, r * 0.62, r * 0.62, INK, r * 0.1, 0.5, f"1.5 {r * 0.34:.1f}") if r > 32 else "")
        + stroke(f"M{cx} {cy}L{cx + r * 0.42:.1f} {cy - r * 0.42:.1f}", needle, r * 0.12)
        + circle(cx, cy, r * 0.13, INK)
    )


def knob(cx: float, cy: float, r: float, colour: str = INK) -> str:
    return (
        circle(cx, cy, r, STEEL_DEEP)
        + circle(cx, cy, r * 0.84, colour)
        + ellipse(cx - r * 0.25, cy - r * 0.3, r * 0.34, r * 0.22, "#fff", 0.25)
    )


def tray(x: float, y: float, w: float, h: float, body: str) -> str:
    """The drip tray: its slotted grid from above, its front below."""
    return (
        rect(x, y, w, h * 0.34, STEEL_DEEP, 6)
        + stroke(f"M{x + 20} {y + h * 0.17:.1f}H{x + w - 20}", INK, h * 0.13, 0.55, "2 15")
        + box(x - 6, y + h * 0.3, w + 12, h * 0.7, body, 10)
    )


def portafilter(cx: float, y: float, w: float, handle: str, turn: float = 18, spouts: bool = True) -> str:
    """Locked into a group, seen from the front, handle turned a little to the right."""
    spout = f"M{cx} {y + 18}v14M{cx} {y + 30}q-17 2-17 20M{cx} {y + 30}q17 2 17 20"
    return (
        (stroke(spout, STEEL_DEEP, 10, cap="butt") if spouts else "")
        + group(
            rect(w * 0.3, -9, w * 0.42, 18, STEEL_DARK, 6),
            rect(w * 0.62, -16, w * 0.98, 32, handle, 16),
            rect(w * 0.7, -11, w * 0.78, 7, "#fff", 3, 0.2),
            circle(w * 1.5, 0, 9, CHERRY),
            move=(cx, y + 6),
            turn=turn,
        )
        + box(cx - w / 2, y - 14, w, 36, STEEL_DARK, 10, 0.4)
    )


def wands(*places: tuple[float, float, float], length: float = 165) -> str:
    """Steam and water wands, each from (x, y), leaning outwards by its third number."""
    d = "".join(
        f"M{x} {y}c0 {length * 0.3:.0f} {out} {length * 0.5:.0f} {out * 1.3:.0f} {length}" for x, y, out in places
    )
    return stroke(d, STEEL_DEEP, 13) + stroke(d, "#fff", 4, 0.45)


def cup_rail(x: float, y: float, w: float, *cups: float) -> str:
    """Cups warming on top, held by a rail."""
    rail = stroke(f"M{x} {y}v-30H{x + w}v30", STEEL_DEEP, 7)
    return small_cups(y, 74, MILK, *cups) + rail


def piko() -> str:
    """Narrow and round-shouldered, wholly cherry."""
    shell = "M272 650V250q0-90 90-90h76q90 0 90 90v400z"
    edge = "M474 164q54 14 54 86v400h-48V250q0-60-6-86z"
    return (
        shadow(400, 662, 170)
        + feet(286, 514, 644)
        + path(shell, CHERRY)
        + path(edge, INK, 0.18)
        + stroke("M290 600V262q0-68 54-82", "#fff", 9, 0.35)
        + rect(300, 352, 200, 236, INK, 16)
        + rect(300, 352, 200, 40, "#fff", 12, 0.06)
        + rect(352, 196, 96, 12, "#fff", 6, 0.5)
        + "".join(circle(x, 274, 22, MILK) + circle(x, 274, 13, INK, 0.14) for x in (340, 400, 460))
        + circle(400, 274, 8, CREMA)
        + rect(356, 334, 88, 54, STEEL, 8)
        + wands((474, 372, 26), length=150)
        + portafilter(400, 404, 112, INK, 24)
        + cup(396, 588, 76, coffee=BROWN)
        + tray(290, 584, 220, 62, CHERRY)
    )


def piko_plus() -> str:
    """Steel, square, one large gauge in the middle of its face."""
    return (
        shadow(400, 662, 225)
        + feet(226, 574, 644)
        + box(216, 190, 368, 460, STEEL, 26)
        + rect(216, 176, 368, 44, INK, 16)
        + rect(246, 366, 308, 214, GRAPHITE, 12)
        + rect(246, 366, 308, 24, INK, 10, 0.4)
        + gauge(400, 286, 56)
        + "".join(circle(x, 286, 22, MILK) + ring(x, 286, 22, 22, STEEL_DEEP, 4) for x in (268, 318))
        + "".join(circle(x, 286, 22, MILK) + ring(x, 286, 22, 22, STEEL_DEEP, 4) for x in (482, 532))
        + stroke("M268 279v14M311 286h14M482 279v14", INK, 4)
        + circle(532, 286, 7, CHERRY)
        + rect(346, 358, 108, 46, STEEL_DARK, 8)
        + wands((524, 366, 20), length=170)
        + portafilter(392, 420, 126, INK, 20)
        + cup(366, 584, 70, coffee=BROWN)
        + cup(436, 584, 70, coffee=BROWN)
        + tray(232, 578, 336, 68, STEEL)
    )


def barista_s() -> str:
    """Its own grinder at the left, under a smoked hopper."""
    hopper = "M226 110h150l-22 92H248z"
    return (
        shadow(404, 662, 258)
        + feet(186, 622, 644)
        + path(hopper, SMOKE, 0.75)
        + path("M236 152h130l-12 50H248z", ROAST)
        + stroke("M252 168h96M262 186h78", BROWN, 15, dash="1 21")
        + rect(220, 98, 162, 20, INK, 10)
        + box(180, 200, 448, 450, STEEL, 22)
        + rect(204, 366, 400, 214, GRAPHITE, 12)
        + rect(204, 366, 400, 22, INK, 10, 0.4)
        + knob(300, 276, 40, INK)
        + stroke("M300 250v20", MILK, 5)
        + gauge(424, 276, 44)
        + "".join(rect(x, 256, 48, 40, INK, 10) for x in (496, 556))
        + circle(520, 276, 6, CREMA)
        + circle(580, 276, 6, CHERRY)
        + path("M262 362h72l-14 52h-44z", INK)
        + stroke("M254 452h34M342 452h-34", STEEL_DARK, 12)
        + rect(420, 358, 108, 46, STEEL_DARK, 8)
        + wands((588, 366, 12), length=170)
        + portafilter(474, 420, 116, INK, 28)
        + cup(474, 584, 72, coffee=BROWN)
        + tray(196, 578, 416, 68, STEEL)
    )


def _box_machine(left: float, right: float, side: str) -> str:
    """The classic front of a 58 mm machine: rail, face, dark recess, tray."""
    w = right - left
    return (
        shadow(400, 664, w * 0.57)
        + feet(left + 20, right - 20, 646)
        + rect(left, 190, w, 462, side, 14)
        + rect(left + 26, 372, w - 52, 210, GRAPHITE)
        + rect(left + 26, 372, w - 52, 26, INK, 0, 0.45)
        + box(left - 8, 186, w + 16, 190, STEEL, 14, 0.5, 0.08)
        + tray(left + 16, 580, w - 32, 70, STEEL)
    )


def _group_head(cx: float) -> str:
    return (
        rect(cx - 40, 318, 80, 64, STEEL, 14)
        + rect(cx - 40, 318, 18, 64, "#fff", 10, 0.5)
        + rect(cx + 20, 318, 20, 64, INK, 10, 0.12)
        + box(cx - 62, 372, 124, 34, STEEL, 10, 0.5)
    )


def moka_pro_2() -> str:
    """Polished box, walnut knobs, one gauge."""
    return (
        _box_machine(186, 614, STEEL_DARK)
        + cup_rail(206, 188, 388, 270, 350, 430, 510)
        + gauge(400, 262, 36)
        + knob(252, 286, 36, WALNUT)
        + knob(548, 286, 36, WALNUT)
        + wands((252, 322, -14), (548, 322, 14), length=210)
        + _group_head(400)
        + portafilter(400, 424, 128, WALNUT, 20)
        + cup(400, 586, 76, coffee=BROWN)
    )


def moka_pro_duo() -> str:
    """Wider and dark-sided, with two gauges, a display and joystick valves."""

    def joystick(cx: float) -> str:
        return circle(cx, 282, 24, STEEL_DEEP) + stroke(f"M{cx} 282v44", INK, 16) + circle(cx, 330, 15, INK)

    return (
        _box_machine(158, 642, GRAPHITE)
        + cup_rail(180, 188, 440, 236, 316, 484, 564)
        + gauge(306, 258, 38)
        + gauge(494, 258, 38, INK)
        + rect(358, 232, 84, 46, INK, 8)
        + stroke("M376 255h16M404 255h22", CREMA, 9, cap="butt")
        + wands((214, 330, -14), (586, 330, 14), length=204)
        + joystick(214)
        + joystick(586)
        + _group_head(400)
        + portafilter(400, 424, 128, INK, 20)
        + cup(362, 586, 72, coffee=BROWN)
        + cup(438, 586, 72, coffee=BROWN)
    )


def leva() -> str:
    """From the side: copper boiler, spring group, the long lever raised."""
    return (
        shadow(410, 664, 230)
        + box(196, 586, 420, 66, WALNUT, 16, 0.16)
        + rect(206, 574, 230, 20, STEEL_DEEP, 8)
        + stroke("M226 584h190", INK, 7, 0.5, "2 15")
        + tube(510, 262, 176, 316, COPPER, 0, 0.35)
        + ellipse(510, 578, 96, 22, BRASS)
        + path("M422 264q0-76 88-84q88 8 88 84z", COPPER)
        + path("M552 190q46 18 46 74h-30q0-52-16-74z", INK, 0.14)
        + rect(490, 152, 40, 32, BRASS, 8)
        + ellipse(510, 264, 90, 18, BRASS)
        + gauge(510, 400, 40)
        + rect(380, 330, 60, 46, BRASS, 8)
        + stroke("M318 250C300 180 270 130 214 96", STEEL_DEEP, 16)
        + group(rect(-70, -19, 112, 38, WALNUT, 19), circle(-68, 0, 12, CHERRY), move=(204, 92), turn=31)
        + rect(274, 232, 92, 36, STEEL_DARK, 14)
        + box(282, 256, 76, 140, STEEL, 14, 0.5)
        + stroke("M284 296h72M284 326h72M284 356h72", STEEL_DEEP, 6, 0.5)
        + box(264, 390, 112, 32, STEEL_DARK, 10, 0.4)
        + group(rect(-150, -15, 130, 30, WALNUT, 15), rect(-30, -8, 40, 16, STEEL_DARK, 4), move=(276, 440), turn=-6)
        + box(262, 420, 116, 34, STEEL_DARK, 10, 0.4)
        + stroke("M320 452v20", STEEL_DEEP, 12, cap="butt")
        + cup(320, 578, 76, coffee=BROWN, handle=-1)
        + wands((596, 420, 34), length=150)
    )


def piazza_2() -> str:
    """Two groups, a cherry stripe, cups in two rows above."""

    def head(cx: float) -> str:
        return (
            rect(cx - 70, 290, 140, 34, INK, 10)
            + stroke(f"M{cx - 45} 307h90", MILK, 17, 0.85, "0 30")
            + rect(cx - 46, 352, 92, 44, STEEL, 10)
            + box(cx - 58, 384, 116, 30, STEEL, 10, 0.5)
            + portafilter(cx, 430, 112, INK, 26)
        )

    return (
        shadow(400, 662, 340)
        + feet(110, 690, 640)
        + small_cups(212, 84, MILK, 180, 290, 400)
        + small_cups(212, 84, CREAM, 510, 620)
        + stroke("M116 218v-34H684v34", STEEL_DEEP, 7)
        + rect(96, 216, 608, 432, GRAPHITE, 18)
        + rect(128, 366, 544, 200, STEEL_DEEP)
        + rect(128, 366, 544, 26, INK, 0, 0.45)
        + box(86, 212, 628, 154, STEEL, 20, 0.5, 0.06)
        + rect(86, 254, 628, 14, CHERRY)
        + gauge(400, 312, 30, INK)
        + wands((156, 352, -12), (644, 352, 12), length=190)
        + head(276)
        + head(524)
        + cup(276, 574, 66, coffee=BROWN)
        + cup(524, 574, 66, coffee=BROWN)
        + tray(116, 566, 568, 76, STEEL)
    )
