"""Bags of beans: one bag, a body colour, and a label that tells where the coffee grew."""

from collections.abc import Callable

from kupec.app.zrnko.drawing.automatics import capsule
from kupec.app.zrnko.drawing.pen import (
    BROWN,
    CHERRY,
    CREAM,
    CREMA,
    INK,
    MILK,
    OAK,
    ROAST,
    SAGE,
    SAND,
    SLATE,
    STEEL_DEEP,
    TEAL,
    TERRACOTTA,
    bean,
    box,
    circle,
    ellipse,
    group,
    path,
    rect,
    ring,
    shadow,
    small_cups,
    stroke,
)

KRAFT = "#D3B88C"

# A motif is drawn on a label 200 wide and 200 high, the origin in its middle.


def _sun_and_hills() -> str:
    return (
        circle(34, -34, 36, CHERRY)
        + path("M-100 40Q-40-40 20 24T100 10V100H-100z", SAGE)
        + path("M-100 70Q-30 10 40 62T100 50V100H-100z", BROWN)
    )


def _peaks() -> str:
    return (
        path("M-100 100V50L-40-50L10 30L40-14L100 60V100z", SLATE)
        + path("M-40-50L-62-13l16-6 14 12 9-12z", MILK)
        + circle(52, -58, 17, CHERRY)
        + path("M-100 100V78Q0 40 100 84V100z", INK, 0.35)
    )


def _blossom() -> str:
    petals = "".join(group(ellipse(0, -42, 21, 40, MILK), turn=72 * step) for step in range(5))
    return petals + circle(0, 0, 17, CREMA) + circle(0, 0, 7, CHERRY)


def _berries() -> str:
    places = ((-34, 30), (16, 44), (42, 4))
    berries = "".join(circle(x, y, 24, CHERRY) + circle(x - 8, y - 8, 6, "#fff", 0.35) for x, y in places)
    return (
        stroke("M-70-70Q0-40 10 20M-14-46Q30-40 44-10M-20-48Q-40-10-34 20", ROAST, 7)
        + path("M-60-66q50-40 104-8q-54 36-104 8z", SAGE)
        + berries
    )


def _rays() -> str:
    rays = "".join(group(rect(-7, -92, 14, 46, INK, 7), turn=30 * step) for step in range(12))
    return rays + circle(0, 0, 36, CHERRY) + ring(0, 0, 24, 24, MILK, 5)


def _volcano() -> str:
    return (
        path("M-100 90L-26-26h52L100 90z", INK)
        + path("M-26-26h52l16 26-20-8-18 16-16-16-26 8z", CHERRY)
        + circle(4, -54, 17, MILK, 0.9)
        + circle(26, -74, 13, MILK, 0.7)
        + path("M-100 100V82Q0 56 100 82V100z", SAGE)
    )


def _leaf() -> str:
    return (
        path("M-74 66Q-84-60 74-74Q84 64-74 66z", SAGE)
        + stroke("M-74 66Q-10 10 60-58M-40 38Q-34 0-46-20M-6 8Q6-30-2-46", INK, 5, 0.55)
        + stroke("M-28 26Q10 34 36 22M4-2Q36 0 54-14", INK, 5, 0.55)
        + circle(54, 58, 15, CHERRY)
    )


def _terraces() -> str:
    rows = ((0, SAGE), (30, OAK), (58, TEAL), (84, INK))
    steps = "".join(path(f"M-100 {y}Q0 {y - 44} 100 {y}V100H-100z", colour) for y, colour in rows)
    return circle(-44, -52, 22, CHERRY) + steps


def _waves() -> str:
    rows = "".join(f"M-84 {y}q21-30 42 0t42 0t42 0t42 0" for y in (10, 40, 70))
    return circle(0, -44, 34, CHERRY) + stroke(rows, SLATE, 11)


def _monsoon() -> str:
    rain = "M-40 10l-12 34M0 22l-12 34M40 10l-12 34M-26 60l-12 34M16 66l-12 34M60 54l-12 34"
    return (
        path("M-80 0q-8-44 40-46q14-44 62-22q52-8 50 40q22 8 4 28z", MILK)
        + stroke(rain, SLATE, 9)
        + circle(-58, 72, 11, CHERRY)
    )


def _thousand_hills() -> str:
    rows = "".join(
        path(f"M-100 {y}q25-{h} 50 0t50 0t50 0t50 0V100H-100z", colour, 1)
        for y, h, colour in ((0, 50, OAK), (34, 44, TERRACOTTA), (66, 40, ROAST))
    )
    return circle(0, -58, 22, CHERRY) + rows


def _moon() -> str:
    return (
        path("M34-70A76 76 0 1 0 64 50A62 62 0 1 1 34-70z", MILK)
        + circle(56, -34, 7, MILK)
        + circle(30, 0, 5, MILK)
        + circle(70, 6, 8, CHERRY)
    )


def _house() -> str:
    return path("M-70-6L0-70L70-6V70H-70z", CREAM) + rect(-24, 10, 48, 60, CHERRY, 24) + rect(26, -48, 18, 34, CREAM)


def _crema_cup() -> str:
    return (
        path("M-66-20H50Q48 66 14 66H-30Q-64 66-66-20z", MILK)
        + ellipse(-8, -20, 58, 14, CREMA)
        + stroke("M50-6q38-2 30 28t-42 20", MILK, 11)
        + stroke("M-30-46q-10-14 0-28M8-46q-10-14 0-28", CHERRY, 7)
    )


def _ember() -> str:
    return path("M0-84Q62-20 54 26T0 78T-54 26Q-54-4-22-34Q-16-6 0-10Q20-34 0-84z", TERRACOTTA) + path(
        "M0 0q30 26 24 48t-24 22t-24-22t24-48z", CHERRY
    )


def _windows() -> str:
    panes = [(x, y) for y in (-66, -18, 30) for x in (-66, -18, 30)]
    return "".join(rect(x, y, 36, 36, CHERRY if (x, y) == (-18, -18) else CREAM, 4) for x, y in panes)


def _bag_body(fill: str, dark: float) -> str:
    """A flat-bottomed bag 360 wide: folded top with a tin tie, gussets, valve."""
    outline = "M222 236L214 640q0 22 24 24H562q24-2 24-24L578 236z"
    return (
        path(outline, fill)
        + path("M540 236h38l8 404q0 22-24 24h-30q14-8 14-30z", INK, dark)
        + path("M222 236h30l-6 400q0 20 14 28h-22q-24-2-24-24z", "#fff", 0.22)
        + path("M214 176q0-12 12-12H574q12 0 12 12l-6 62H220z", fill)
        + path("M574 164q12 0 12 12l-6 62h-38l4-74z", INK, dark)
        + stroke("M224 238H576", INK, 4, 0.2)
        + rect(206, 186, 388, 26, INK, 8)
        + rect(206, 186, 388, 8, "#fff", 4, 0.18)
    )


_SCATTER = (
    ((586, 664, 70, -24), (640, 676, 60, 34), (178, 674, 64, 20)),
    ((168, 660, 70, 28), (214, 682, 62, -30), (612, 676, 66, 12)),
    ((600, 672, 72, 40), (156, 676, 60, -16), (206, 668, 66, 52)),
    ((574, 680, 64, 8), (632, 662, 68, -48), (664, 684, 54, 22)),
)


def bag(fill: str, label: str, motif: Callable[[], str], ink: str = INK, scatter: int = 0) -> str:
    """A bag of `fill` with a label of colour `label`; lines stand for its small print in `ink`."""
    return shadow(400, 690, 270) + group(
        _bag(fill, label, motif, ink),
        *(bean(x, y, length, turn, (BROWN, ROAST)[i % 2]) for i, (x, y, length, turn) in enumerate(_SCATTER[scatter])),
        move=(-40, -58),
        scale=1.1,
    )


def _bag(fill: str, label: str, motif: Callable[[], str], ink: str) -> str:
    return (
        _bag_body(fill, 0.12)
        + ring(400, 268, 11, 11, ink, 4, 0.35)
        + circle(400, 268, 3, ink, 0.5)
        + rect(270, 300, 260, 304, label, 12)
        + group(motif(), move=(400, 420), scale=1.04)
        + stroke("M342 554h116", ink, 11)
        + stroke("M364 579h72", ink, 6, 0.6)
    )


def brazil() -> str:
    return bag(KRAFT, "#F1E3C6", _sun_and_hills)


def colombia() -> str:
    return bag(MILK, "#C8D3D6", _peaks, scatter=1)


def ethiopia_gedeo() -> str:
    return bag(MILK, "#D9B9A8", _blossom, scatter=2)


def ethiopia_guji() -> str:
    return bag(KRAFT, "#F0DDDA", _berries, scatter=3)


def kenya() -> str:
    return bag(MILK, CREMA, _rays, scatter=1)


def guatemala() -> str:
    return bag(MILK, "#E4C9A4", _volcano)


def costa_rica() -> str:
    return bag(KRAFT, "#F0EACB", _leaf, scatter=2)


def peru() -> str:
    return bag(MILK, "#DDE0CE", _terraces, scatter=3)


def sumatra() -> str:
    return bag(ROAST, "#D5DDDD", _waves, scatter=1)


def india() -> str:
    return bag(ROAST, "#B9C5B4", _monsoon)


def rwanda() -> str:
    return bag(MILK, "#EAD3C4", _thousand_hills, scatter=2)


def decaf() -> str:
    return bag(SLATE, "#47596A", _moon, MILK, 3)


def house_blend() -> str:
    return bag(CHERRY, "#8C1B2D", _house, CREAM)


def crema_blend() -> str:
    return bag(TERRACOTTA, "#8C4728", _crema_cup, CREAM, 2)


def dark_blend() -> str:
    return bag(INK, "#45322A", _ember, CREAM, 1)


def office_blend() -> str:
    return bag(SAGE, "#4F5B46", _windows, CREAM, 3)


def tasting_set() -> str:
    """An open box with four small bags in it."""
    labels = (SAND, "#C8D3D6", "#D9B9A8", CREMA)
    motifs = (_sun_and_hills, _peaks, _blossom, _rays)

    def small(x: float, label: str, motif: Callable[[], str]) -> str:
        return (
            box(x, 250, 116, 330, MILK, 8, 0.9, 0.08)
            + rect(x - 3, 264, 122, 18, INK, 5)
            + rect(x + 12, 312, 92, 150, label, 6)
            + group(motif(), move=(x + 58, 376), scale=0.38)
            + stroke(f"M{x + 38} {440}h40", INK, 6)
        )

    bags = "".join(small(152 + 126 * i, labels[i], motifs[i]) for i in range(4))
    return (
        shadow(400, 672, 320)
        + rect(128, 470, 544, 60, ROAST)
        + bags
        + box(116, 492, 568, 176, OAK, 10, 0.18)
        + rect(116, 492, 568, 14, "#fff", 6, 0.2)
        + bean(400, 584, 84, -20, INK)
        + stroke("M318 630h164", INK, 8, 0.6)
    )


def _capsule_box(fill: str, sleeve: str) -> str:
    """A flat carton of capsules with three standing before it."""
    return (
        shadow(410, 668, 290)
        + box(150, 236, 420, 376, fill, 10, 0.3)
        + rect(150, 236, 420, 30, INK, 8, 0.12)
        + circle(360, 402, 92, sleeve)
        + small_cups(440, 96, CREAM, 360)
        + rect(312, 362, 96, 9, CHERRY, 4)
        + stroke("M306 540h108", INK, 11, 0.7)
        + stroke("M326 566h68", STEEL_DEEP, 6, 0.6)
        + capsule(420, 652, 118, sleeve)
        + capsule(548, 664, 118, sleeve)
        + capsule(672, 656, 118, sleeve)
    )


def capsules_espresso() -> str:
    return _capsule_box(MILK, ROAST)


def capsules_lungo() -> str:
    return _capsule_box(CREAM, TEAL)


def capsules_decaf() -> str:
    return _capsule_box("#D5DADF", SLATE)
