"""Bean-to-cup and capsule machines: boxes with a face."""

from kupec.app.zrnko.drawing.machines import feet, tray
from kupec.app.zrnko.drawing.pen import (
    BROWN,
    CHERRY,
    CREAM,
    CREMA,
    GLASS,
    GRAPHITE,
    INK,
    MILK,
    ROAST,
    SAGE,
    SMOKE,
    STEEL,
    STEEL_DARK,
    STEEL_DEEP,
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
)


def _hopper(x: float, y: float, w: float) -> str:
    """A low smoked dome with beans under it."""
    return (
        path(f"M{x} {y}q4-52 52-52h{w - 104}q48 0 52 52z", SMOKE, 0.7)
        + path(f"M{x + 12} {y}q6-28 44-28h{w - 112}q38 0 44 28z", ROAST)
        + stroke(f"M{x + 50} {y - 12}h{w - 100}", BROWN, 13, dash="1 20")
        + stroke(f"M{x + 22} {y - 34}q10-12 30-12h{w * 0.3:.0f}", "#fff", 5, 0.4)
    )


def _spouts(cx: float, y: float, body: str = INK) -> str:
    return rect(cx - 52, y, 104, 74, body, 12) + stroke(f"M{cx - 22} {y + 74}v14M{cx + 22} {y + 74}v14", STEEL_DEEP, 13)


def _pour(cx: float, y: float, base: float) -> str:
    return stroke(f"M{cx - 22} {y}V{base}M{cx + 22} {y}V{base}", BROWN, 5)


def s1() -> str:
    """Small, white, a single dial."""
    return (
        shadow(400, 662, 190)
        + feet(260, 540, 644)
        + _hopper(282, 172, 236)
        + box(246, 168, 308, 482, MILK, 34, 0.9, 0.09)
        + rect(282, 352, 236, 234, INK, 18)
        + circle(400, 262, 62, STEEL)
        + circle(400, 262, 50, INK)
        + ring(400, 262, 40, 40, CHERRY, 6, 1, "62 400")
        + stroke("M400 222v16", MILK, 6)
        + _spouts(400, 346, GRAPHITE)
        + _pour(400, 430, 520)
        + cup(400, 590, 96)
        + tray(272, 584, 256, 62, MILK)
    )


def s3() -> str:
    """Graphite, with the milk carafe docked at its left."""
    carafe = "M142 468h104v170q0 26-26 26h-52q-26 0-26-26z"
    return (
        shadow(390, 664, 280)
        + feet(284, 636, 644)
        + _hopper(310, 162, 300)
        + box(264, 158, 392, 492, GRAPHITE, 28, 0.16, 0.25)
        + rect(310, 204, 300, 112, INK, 14)
        + small_cups(284, 48, CREMA, 362)
        + small_cups(284, 48, MILK, 458)
        + small_cups(284, 48, CREAM, 554)
        + stroke("M440 300h34", CHERRY, 5)
        + rect(310, 356, 300, 228, INK, 14)
        + _spouts(460, 350, STEEL_DARK)
        + _pour(460, 434, 520)
        + cup(460, 590, 112)
        + tray(296, 584, 328, 62, GRAPHITE)
        + path(carafe, GLASS, 0.55)
        + path("M150 530h88v108q0 18-18 18h-52q-18 0-18-18z", MILK)
        + stroke("M158 494v120", "#fff", 8, 0.6)
        + rect(132, 432, 150, 44, INK, 12)
        + stroke("M282 454h36", STEEL_DEEP, 14)
    )


def s5() -> str:
    """Cream with a dark glass face and two hoppers."""
    return (
        shadow(400, 662, 240)
        + feet(222, 578, 644)
        + _hopper(226, 158, 166)
        + _hopper(408, 158, 166)
        + box(204, 154, 392, 496, CREAM, 40, 0.6, 0.1)
        + rect(244, 194, 312, 394, INK, 24)
        + path("M268 194h120l-150 240V218q0-24 30-24z", "#fff", 0.06)
        + circle(400, 270, 46, GRAPHITE)
        + small_cups(288, 44, CREMA, 400)
        + "".join(circle(x, 270, 8, CREAM, 0.5) for x in (296, 322, 478, 504))
        + stroke("M376 334h48", CHERRY, 6)
        + _spouts(400, 364, GRAPHITE)
        + _pour(400, 448, 520)
        + cup(348, 590, 84, handle=-1)
        + cup(452, 590, 84)
        + tray(236, 584, 328, 62, CREAM)
    )


def capsule(cx: float, base: float, w: float, colour: str) -> str:
    """One capsule standing on its wide rim."""
    return group(
        path("M-42-6L-30-86h60L42-6z", colour),
        path("M16-6L12-86h18L42-6z", INK, 0.15),
        ellipse(0, -86, 30, 8, colour),
        ellipse(0, -86, 30, 8, "#fff", 0.27),
        rect(-50, -10, 100, 12, colour, 6),
        rect(-50, -10, 100, 5, "#fff", 3, 0.3),
        move=(cx, base),
        scale=w / 100,
    )


def kapsa() -> str:
    """From the side: a white C with a cherry lever, capsules beside it."""
    shell = "M300 648V330q0-120 120-120h110q56 0 56 56v64q0 26-26 26H470q-40 0-40 40v252z"
    return (
        shadow(410, 662, 240)
        + box(300, 622, 310, 34, INK, 14, 0.1)
        + path(shell, MILK)
        + path("M300 648V330q0-40 14-66q6 150 10 384z", "#fff")
        + path("M386 648V380q0-64 70-64h130v14q0 26-26 26H470q-40 0-40 40v252z", INK, 0.09)
        + box(196, 300, 110, 348, GLASS, 22, 0.7)
        + rect(196, 430, 110, 218, SAGE, 22, 0.25)
        + rect(196, 286, 110, 24, INK, 10)
        + stroke("M404 226C440 150 520 128 590 150", CHERRY, 24)
        + stroke("M414 220C448 158 520 138 584 154", "#fff", 5, 0.35)
        + circle(408, 226, 24, STEEL_DEEP)
        + rect(486, 352, 66, 40, INK, 10)
        + stroke("M519 392v12", STEEL_DEEP, 14, cap="butt")
        + stroke("M519 404V530", BROWN, 5)
        + circle(540, 268, 14, STEEL)
        + circle(540, 268, 6, SAGE)
        + rect(436, 612, 166, 14, STEEL_DEEP, 5)
        + cup(519, 620, 88)
        + capsule(662, 658, 64, ROAST)
        + capsule(716, 668, 58, SAGE)
    )


def office_12() -> str:
    """Tall black tower with a touch screen of drinks."""
    return (
        shadow(400, 664, 240)
        + feet(220, 580, 646)
        + _hopper(232, 122, 336)
        + box(200, 118, 400, 534, INK, 20, 0.12, 0.3)
        + rect(252, 166, 296, 216, GRAPHITE, 12)
        + stroke("M276 196h84", CREAM, 8, 0.8)
        + stroke("M500 196h24", CHERRY, 8)
        + small_cups(262, 46, CREMA, 318, 400, 482)
        + small_cups(336, 46, MILK, 318, 400)
        + small_cups(336, 46, CREAM, 482)
        + rect(252, 404, 296, 186, "#000", 10, 0.35)
        + _spouts(400, 398, STEEL_DARK)
        + _pour(400, 486, 530)
        + cup(346, 592, 82, handle=-1)
        + cup(454, 592, 82)
        + tray(230, 588, 340, 62, STEEL)
    )


def office_30() -> str:
    """The big one: two hoppers, screen, and a milk fridge with a glass door at its side."""
    return (
        shadow(400, 664, 340)
        + feet(128, 672, 646)
        + _hopper(146, 146, 180)
        + _hopper(338, 146, 180)
        + box(118, 142, 420, 510, GRAPHITE, 16, 0.14, 0.2)
        + rect(160, 184, 336, 190, INK, 12)
        + stroke("M186 214h96M186 236h58", CREAM, 7, 0.8)
        + rect(186, 268, 74, 80, SAGE, 8)
        + rect(274, 268, 74, 80, CREMA, 8)
        + rect(362, 268, 108, 80, CREAM, 8)
        + stroke("M382 326l22-22 18 12 28-30", CHERRY, 6)
        + rect(160, 396, 336, 190, "#000", 10, 0.4)
        + _spouts(328, 390, STEEL)
        + _pour(328, 478, 530)
        + cup(276, 590, 78, handle=-1)
        + cup(380, 590, 78)
        + tray(146, 586, 364, 64, STEEL)
        + box(548, 330, 150, 322, STEEL, 14, 0.5)
        + rect(566, 352, 114, 246, GLASS, 10)
        + path("M590 598V452l16-30h34l16 30v146z", MILK)
        + rect(590, 490, 66, 44, SAGE, 0, 0.8)
        + rect(606, 408, 34, 18, INK, 5)
        + stroke("M578 366v200", "#fff", 8, 0.5)
        + stroke("M668 424v90", STEEL_DEEP, 9)
        + stroke("M580 626h30", STEEL_DEEP, 7)
        + stroke("M548 420h-24", STEEL_DARK, 12, cap="butt")
    )
