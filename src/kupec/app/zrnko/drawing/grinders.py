"""Grinders, from the one with a crank to the one for a café."""

from kupec.app.zrnko.drawing.pen import (
    BROWN,
    CHERRY,
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
    bean,
    box,
    circle,
    ellipse,
    group,
    lid,
    path,
    rect,
    ring,
    shadow,
    stroke,
    tube,
)


def _fork(x: float, y: float) -> str:
    """A portafilter resting in the grinder's fork, its handle to the right."""
    return (
        rect(x - 62, y - 8, 124, 16, STEEL_DEEP, 6)
        + group(rect(40, -8, 46, 16, STEEL_DARK, 5), rect(74, -15, 116, 30, INK, 15), move=(x, y + 10), turn=8)
        + box(x - 50, y, 100, 32, STEEL_DARK, 10, 0.4)
        + path(f"M{x - 34} {y}q34-34 68 0z", BROWN)
    )


def ruka_38() -> str:
    """Slim and black, the crank on top."""
    return (
        shadow(390, 668, 130)
        + tube(390, 470, 138, 176, STEEL_DARK)
        + tube(390, 262, 150, 222, INK, 0, 0.22)
        + rect(315, 446, 150, 30, GRAPHITE, 4)
        + stroke("M326 461h130", STEEL_DEEP, 22, 0.6, "3 9", "butt")
        + rect(315, 330, 150, 14, CHERRY)
        + lid(390, 262, 150, STEEL)
        + ellipse(390, 258, 54, 11, STEEL_DEEP)
        + rect(380, 206, 20, 54, STEEL_DEEP, 6)
        + stroke("M390 206C450 190 520 186 572 204", STEEL_DARK, 18)
        + stroke("M398 200C450 188 520 184 566 200", "#fff", 4, 0.6)
        + tube(576, 140, 46, 62, WALNUT, -6)
        + lid(576, 140, 46, WALNUT)
        + ellipse(576, 140, 23, 5, "#fff", 0.2)
        + bean(204, 656, 62, -18)
        + bean(262, 672, 58, 30, ROAST)
    )


def ruka_48() -> str:
    """Broader, walnut and steel, with the adjusting ring below the body."""
    return (
        shadow(376, 668, 160)
        + tube(376, 480, 176, 168, WALNUT, 8, 0.16)
        + tube(376, 408, 210, 74, STEEL, 0, 0.5)
        + stroke("M274 446q102 44 204 0", STEEL_DEEP, 30, 0.4, "3 10", "butt")
        + rect(362, 424, 12, 34, CHERRY, 5)
        + tube(376, 244, 186, 170, GRAPHITE, 0, 0.2)
        + lid(376, 244, 186, STEEL_DARK)
        + ellipse(376, 238, 70, 15, STEEL_DEEP)
        + rect(364, 178, 24, 60, STEEL_DEEP, 6)
        + stroke("M376 180C450 150 530 146 600 168", STEEL_DARK, 20)
        + stroke("M386 172C450 148 530 144 592 164", "#fff", 5, 0.6)
        + ellipse(604, 138, 46, 40, WALNUT)
        + ellipse(590, 122, 20, 12, "#fff", 0.2)
        + bean(566, 660, 66, 14)
        + bean(628, 646, 56, -30, ROAST)
        + bean(610, 686, 60, 42)
    )


def cono_40() -> str:
    """A cream column with a round hopper and a bin below."""
    return (
        shadow(400, 668, 160)
        + path("M290 232q-12-122 110-126q122 4 110 126z", SMOKE, 0.55)
        + path("M300 232q-4-66 26-78h148q30 12 26 78z", ROAST)
        + stroke("M330 178h150M322 204h160", BROWN, 17, dash="1 26")
        + ellipse(400, 108, 56, 12, INK)
        + stroke("M318 220q-4-60 24-84", "#fff", 7, 0.45)
        + box(284, 228, 232, 434, CREAM, 22, 0.6)
        + rect(284, 254, 232, 40, INK)
        + stroke("M300 274h204", STEEL_DARK, 22, 0.6, "3 13", "butt")
        + path("M394 300l6-12 6 12z", CHERRY)
        + rect(326, 420, 148, 200, INK, 14)
        + box(338, 462, 124, 158, SMOKE, 12, 0.25)
        + path("M338 540q62-34 124 0v66q0 14-14 14h-96q-14 0-14-14z", BROWN)
        + circle(400, 364, 30, STEEL)
        + circle(400, 364, 22, MILK)
        + stroke("M400 364v-14M400 364l10 6", INK, 5)
    )


def plano_55() -> str:
    """Slim and white, the hopper narrowing into it, two timer buttons."""
    return (
        shadow(420, 668, 170)
        + path("M304 92h212l-36 128H340z", SMOKE, 0.6)
        + path("M322 130h176l-26 90H348z", ROAST)
        + stroke("M344 146h140M352 172h124M358 198h110", BROWN, 17, dash="1 25")
        + rect(294, 78, 232, 22, INK, 10)
        + box(314, 216, 192, 420, MILK, 24, 0.9)
        + rect(336, 248, 148, 86, INK, 12)
        + "".join(ring(x, 278, 17, 17, CREAM, 5) for x in (374, 446))
        + stroke("M364 316h38", CREMA, 6)
        + circle(446, 316, 6, CHERRY)
        + path("M352 362h96l-16 52h-64z", INK)
        + _fork(400, 462)
        + box(286, 626, 262, 36, INK, 14, 0.1)
        + rect(316, 616, 168, 12, STEEL_DARK, 5)
        + path("M366 618q34-22 70 0z", BROWN)
    )


def plano_64_solo() -> str:
    """A tilted drum on a stand, bellows above, a dosing cup below."""
    return (
        shadow(400, 668, 180)
        + box(258, 624, 284, 40, INK, 14, 0.1)
        + box(452, 300, 74, 332, GRAPHITE, 20, 0.16)
        + group(
            box(-118, -98, 250, 196, INK, 34, 0.14, 0.3),
            ellipse(-112, 0, 34, 96, STEEL_DARK),
            ellipse(-114, 0, 25, 76, STEEL),
            stroke("M-114-60v120", STEEL_DEEP, 34, 0.4, "3 11", "butt"),
            rect(20, -98, 8, 196, CHERRY),
            move=(414, 340),
            turn=-14,
        )
        + path("M350 232h110l-14-62h-82z", SMOKE)
        + stroke("M358 166h94M364 146h82M370 126h70", INK, 17)
        + rect(368, 96, 74, 26, INK, 12)
        + path("M318 430h58l-8 56h-42z", STEEL_DARK)
        + tube(348, 540, 108, 76, STEEL, 8, 0.5)
        + lid(348, 540, 108, STEEL_DARK)
        + ellipse(348, 540, 46, 9, BROWN)
        + stroke("M348 492v38", BROWN, 6, 0.7, "1 11")
    )


def bar_83() -> str:
    """Tall, for a café: a big cone of beans and a fork that knows its portafilters."""
    return (
        shadow(420, 672, 200)
        + path("M272 56h256l-62 208H334z", SMOKE, 0.5)
        + path("M286 104h228l-48 160H334z", ROAST)
        + stroke("M306 122h194M312 150h178M322 178h160M330 206h142M338 234h126", BROWN, 19, dash="1 28")
        + stroke("M296 84l46 158", "#fff", 8, 0.35)
        + rect(260, 44, 280, 20, INK, 10)
        + box(318, 258, 164, 46, STEEL, 10, 0.5)
        + stroke("M330 281h140", STEEL_DEEP, 24, 0.45, "3 10", "butt")
        + box(276, 300, 248, 346, GRAPHITE, 26, 0.16, 0.25)
        + rect(312, 328, 176, 74, INK, 10)
        + stroke("M336 366h44", CREMA, 13, cap="butt")
        + stroke("M408 366h22M446 366h22", CREAM, 8, 0.7)
        + rect(276, 418, 248, 8, CHERRY)
        + path("M346 436h108l-20 50h-68z", STEEL_DARK)
        + _fork(400, 530)
        + box(244, 634, 320, 34, INK, 14, 0.1)
        + path("M350 636q50-26 100 0z", BROWN)
        + stroke("M508 450v60M494 450v60", INK, 5, 0.5)
    )
