"""Cleaning and water: bottles, jars, tablets, filters."""

from kupec.app.zrnko.drawing.pen import (
    BROWN,
    CHERRY,
    CREAM,
    GLASS,
    INK,
    MILK,
    OAK,
    SAGE,
    SAND,
    SLATE,
    STEEL,
    STEEL_DARK,
    STEEL_DEEP,
    TEAL,
    TERRACOTTA,
    WALNUT,
    bean,
    box,
    circle,
    closer,
    ellipse,
    group,
    lid,
    path,
    rect,
    shadow,
    stroke,
    tube,
)


def drop(cx: float, cy: float, size: float, fill: str) -> str:
    return group(path("M0-60Q44-4 44 22A44 44 0 0 1-44 22Q-44-4 0-60z", fill), move=(cx, cy), scale=size / 60)


def _label(cx: float, top: float, w: float, colour: str, mark: str) -> str:
    """A wrapped label: a band of colour, a round mark, lines for small print."""
    return (
        group(
            path("M-50 0Q0 10 50 0V87Q0 97-50 87z", colour),
            path("M32 3Q42 2 50 0V87Q42 89 32 90z", INK, 0.12),
            circle(0, 37, 17, MILK),
            stroke("M-20 68h40", MILK, 3.4),
            stroke("M-12 78h24", MILK, 2.3, 0.7),
            move=(cx, top),
            scale=w / 100,
        )
        + mark
    )


def _jar(colour: str, mark: str, top: str = INK, w: float = 270) -> str:
    return (
        tube(360, 290, w, 350, MILK, 0, 0.9, 0.08)
        + tube(360, 214, w + 18, 70, top, 0, 0.2)
        + lid(360, 214, w + 18, top)
        + ellipse(360, 214, w * 0.46, w * 0.09, "#fff", 0.12)
        + _label(360, 340, w, colour, mark)
    )


def tablets() -> str:
    """A jar, and the tablets themselves before it."""

    def tablet(x: float, y: float, fill: str = MILK) -> str:
        return (
            ellipse(x + 4, y + 22, 46, 20, BROWN, 0.2)
            + tube(x, y, 84, 16, fill, 0, 0.5, 0.1)
            + ellipse(x, y, 42, 17, fill)
            + stroke(f"M{x - 24} {y + 4}L{x + 24} {y - 4}", INK, 4, 0.25)
        )

    mark = ellipse(360, 441, 30, 22, SLATE) + stroke("M340 444l40-8", MILK, 6)
    return (
        shadow(400, 668, 260)
        + _jar(SLATE, mark)
        + tablet(566, 610)
        + tablet(640, 640)
        + tablet(548, 660)
        + tablet(640, 606, CHERRY)
    )


def group_powder() -> str:
    """A jar with a scoop of powder."""
    mark = group(rect(-8, -34, 16, 40, TERRACOTTA, 6), path("M-24 6h48l6 28h-60z", TERRACOTTA), move=(360, 440))
    return (
        shadow(400, 668, 270)
        + _jar(TERRACOTTA, mark)
        + path("M470 664q70-92 190 0q-94 22-190 0z", MILK)
        + path("M590 614q50 20 70 50q-30 8-60 9q20-30-10-59z", INK, 0.08)
        + group(
            rect(30, -13, 150, 26, CHERRY, 13),
            tube(0, -26, 84, 44, CHERRY, 8, 0.25),
            ellipse(0, -26, 42, 10, MILK),
            move=(560, 560),
            turn=-28,
        )
    )


def grinder_cleaner() -> str:
    """A jar of granules."""
    mark = bean(360, 441, 58, -30, SAGE)
    grains = (
        (540, 668, 10),
        (576, 672, -30),
        (612, 668, 40),
        (648, 672, 0),
        (560, 646, 60),
        (596, 648, -10),
        (630, 646, 24),
        (580, 624, 30),
        (612, 626, -44),
        (684, 666, 16),
    )
    grain = rect(-13, -8, 26, 16, SAND, 8) + rect(-10, -6, 14, 4, "#fff", 2, 0.4)
    heap = "".join(group(grain, move=(x, y), turn=turn) for x, y, turn in grains)
    return shadow(400, 672, 270) + _jar(SAGE, mark, WALNUT) + heap + rect(246, 316, 228, 9, CHERRY, 4)


def _bottle(colour: str, mark: str, cap: str) -> str:
    """A shouldered bottle with a screw cap."""
    body = "M278 350Q282 290 352 270V226H448V270Q518 290 522 350V630q0 34-34 34H312q-34 0-34-34z"
    dusk = "M478 292Q520 306 522 350V630q0 34-34 34h-24q16-8 16-34V350q0-34-26-62z"
    return (
        path(body, MILK)
        + path(dusk, INK, 0.09)
        + stroke("M298 620V356q2-34 36-54", "#fff", 10)
        + box(346, 164, 108, 66, cap, 12, 0.22)
        + stroke("M362 178v40M380 178v40M398 178v40M416 178v40M434 178v40", INK, 4, 0.25)
        + _label(400, 382, 244, colour, mark)
    )


def descaler() -> str:
    spilt = drop(602, 640, 26, GLASS) + drop(636, 596, 17, GLASS)
    return shadow(400, 668, 190) + _bottle(TEAL, drop(400, 476, 36, TEAL), CHERRY) + spilt


def milk_cleaner() -> str:
    """The same bottle with a dosing pump."""
    mark = path("M382 446h36l8 18v44q0 8-8 8h-36q-8 0-8-8v-44z", SLATE) + rect(384, 436, 32, 10, SLATE, 3)
    pump = (
        rect(392, 96, 16, 80, STEEL_DARK)
        + path("M360 76h96q14 0 14 14v14H380q-20 0-20-28z", INK)
        + path("M368 78q-66 0-90 44l20 8q20-30 74-30z", INK)
        + circle(446, 90, 7, CHERRY)
    )
    return shadow(400, 668, 190) + pump + _bottle("#6F86A6", mark, INK)


def water_filter() -> str:
    """Two cartridges, the nearer cut open to its charcoal."""

    def cartridge(cx: float, top: float) -> str:
        return (
            tube(cx, top + 76, 190, 300, MILK, 14, 0.9, 0.08)
            + tube(cx, top + 40, 206, 50, SLATE, 0, 0.25)
            + lid(cx, top + 40, 206, SLATE)
            + tube(cx, top, 92, 38, STEEL, 0, 0.5)
            + lid(cx, top, 92, STEEL_DARK)
        )

    return (
        shadow(410, 664, 260)
        + cartridge(298, 216)
        + cartridge(512, 264)
        + rect(462, 420, 100, 180, INK, 14, 0.88)
        + stroke("M480 440h64M480 484h64M480 528h64M480 572h64", STEEL_DEEP, 10, 0.9, "0 15")
        + stroke("M487 462h56M487 506h56M487 550h56", STEEL_DEEP, 10, 0.9, "0 15")
        + drop(298, 470, 44, GLASS)
        + rect(256, 552, 84, 10, CHERRY, 5)
    )


def brush() -> str:
    """An angled brush with a beech handle and a scoop at its end."""
    bristles = stroke("M-282 34v76M-262 34v80M-242 34v82M-222 34v82M-202 34v80M-182 34v76", INK, 14)
    return shadow(400, 610, 290, 60) + group(
        bristles,
        rect(-300, -10, 136, 52, "#55504C", 16),
        rect(-300, -10, 136, 14, "#fff", 7, 0.15),
        stroke("M-170 14Q-120 6-90-26", "#55504C", 34),
        path("M-110-44Q60-78 240-44Q256-24 240-4Q60 24-84-6z", OAK),
        path("M-96-14Q60 8 248-16Q244-4 240-4Q60 24-84-6z", INK, 0.16),
        rect(128, -57, 16, 62, CHERRY, 4),
        path("M236-44h40q56 0 56 20t-56 20h-40z", STEEL_DARK),
        ellipse(300, -26, 26, 10, INK, 0.35),
        move=(390, 430),
        turn=-16,
    )


def cloths() -> str:
    """Four folded cloths in a stack, the top one turned back."""

    def fold(y: float, colour: str, shift: float) -> str:
        x = 196 + shift
        return (
            rect(x, y, 408, 66, colour, 30)
            + path(f"M{x + 340} {y}h38q30 0 30 33t-30 33h-38z", INK, 0.12)
            + stroke(f"M{x + 30} {y + 33}h330", INK, 4, 0.18)
            + stroke(f"M{x + 34} {y + 13}h220", "#fff", 6, 0.25, "3 13")
        )

    return closer(
        shadow(400, 650, 280),
        fold(584, SLATE, 0),
        fold(516, SAND, 8),
        fold(448, SAGE, -6),
        fold(380, CHERRY, 4),
        path("M430 380h148q30 0 30 33L560 500q-60-44-130-120z", "#C94A5B"),
        path("M430 380q70 76 130 120l8-14Q500 440 452 380z", INK, 0.12),
        scale=1.08,
        lift=50,
    )


def hardness_strips() -> str:
    """Five strips with their colour fields, and the sheet to compare."""

    def strip(x: float, turn: float, fields: int) -> str:
        return group(
            rect(-26, -170, 52, 340, MILK, 6),
            rect(14, -170, 12, 340, INK, 4, 0.08),
            *(rect(-17, -150 + 44 * i, 34, 34, CHERRY if i < fields else SAGE, 3) for i in range(4)),
            move=(x, 430),
            turn=turn,
        )

    colours = ("#A9B894", "#C6AE86", "#CB7F6B", CHERRY)
    scale = "".join(rect(508, 250 + 76 * i, 128, 58, colour, 6) for i, colour in enumerate(colours))
    return (
        shadow(400, 650, 300, 40)
        + box(486, 190, 172, 440, CREAM, 10, 0.5, 0.08)
        + stroke("M512 222h84", INK, 9)
        + scale
        + stroke("M512 584h100", INK, 7, 0.6)
        + strip(134, -16, 0)
        + strip(200, -9, 1)
        + strip(266, -2, 2)
        + strip(332, 5, 3)
        + strip(398, 12, 4)
    )


def grease() -> str:
    """A small aluminium tube, its cap off."""
    return (
        shadow(410, 610, 280, 50)
        + group(
            path("M-230-84h20L150-70V70L-210 84h-20z", STEEL),
            path("M-230 30L150 26V70L-210 84h-20z", INK, 0.12),
            path("M-230-70L150-58v16L-230-52z", "#fff", 0.6),
            rect(-262, -92, 40, 184, STEEL_DARK, 5),
            stroke("M-242-80v160", STEEL_DEEP, 24, 0.5, "3 9", "butt"),
            rect(-140, -76, 200, 152, TERRACOTTA, 4),
            circle(-80, 0, 40, MILK),
            drop(-80, 4, 24, OAK),
            stroke("M-18-18h56M-18 8h40", MILK, 9),
            path("M150-70L196-34V34L150 70z", STEEL_DARK),
            rect(196, -22, 44, 44, STEEL, 4),
            stroke("M206-22v44M220-22v44M234-22v44", STEEL_DEEP, 5),
            path("M240-12q40-10 52 12t-24 26t-28-12z", SAND),
            move=(360, 390),
            turn=-18,
        )
        + tube(632, 540, 76, 62, CHERRY, 6, 0.25)
        + lid(632, 540, 76, CHERRY)
        + ellipse(632, 540, 26, 6, INK, 0.35)
    )
