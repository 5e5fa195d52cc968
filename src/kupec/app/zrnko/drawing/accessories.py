"""What lies around a machine: tampers, jugs, scales, cups."""

from kupec.app.zrnko.drawing.pen import (
    BRASS,
    BROWN,
    CHERRY,
    CREAM,
    CREMA,
    GRAPHITE,
    INK,
    MILK,
    ROAST,
    STEEL,
    STEEL_DARK,
    STEEL_DEEP,
    TERRACOTTA,
    WALNUT,
    bean,
    circle,
    closer,
    cup,
    ellipse,
    group,
    lid,
    oval,
    path,
    rect,
    ring,
    shadow,
    stroke,
    tube,
)


def tamper_58() -> str:
    """A walnut pear over a steel base, with a spring collar."""
    return closer(
        shadow(400, 662, 200),
        tube(400, 560, 330, 70, STEEL, 0, 0.55),
        ellipse(400, 560, 165, 38, STEEL),
        ellipse(400, 556, 120, 26, STEEL_DARK),
        path("M346 556q0-66 24-96h60q24 30 24 96q-54 18-108 0z", STEEL_DARK),
        path("M414 460h16q24 30 24 96q-16 6-34 8z", INK, 0.14),
        rect(350, 432, 100, 34, STEEL, 8),
        rect(350, 420, 100, 14, CHERRY, 5),
        path("M356 422C300 360 292 180 400 170S500 360 444 422z", WALNUT),
        path("M430 180C498 208 490 366 444 422h-40Q462 330 430 180z", INK, 0.16),
        stroke("M342 330q-6-90 38-126", "#fff", 12, 0.28),
        scale=1.1,
        lift=0,
    )


def tamper_54() -> str:
    """Black and cylindrical."""
    return closer(
        shadow(400, 662, 190),
        tube(400, 570, 296, 62, STEEL_DARK, 0, 0.5),
        ellipse(400, 570, 148, 34, STEEL),
        tube(400, 430, 76, 136, STEEL_DEEP, -12, 0.3),
        tube(400, 254, 132, 180, INK, 22, 0.2),
        path("M334 256q0-66 66-66t66 66q-66 30-132 0z", INK),
        stroke("M350 250q4-36 40-42", "#fff", 10, 0.25),
        stroke("M346 330q54 22 108 0M352 372q48 20 96 0", "#fff", 5, 0.16),
        rect(360, 424, 80, 14, CHERRY, 5),
        scale=1.15,
        lift=0,
    )


def leveller() -> str:
    """A low black puck with a steel three-winged foot."""
    return closer(
        shadow(400, 640, 240),
        tube(400, 500, 360, 112, STEEL, 0, 0.55),
        tube(400, 384, 400, 96, GRAPHITE, 0, 0.2),
        stroke("M204 440q196 88 392 0", "#fff", 44, 0.1, "4 12", "butt"),
        ellipse(400, 384, 200, 48, INK),
        ellipse(400, 380, 176, 40, GRAPHITE),
        ellipse(400, 378, 70, 16, INK),
        bean(400, 378, 72, 0, CHERRY),
        stroke("M244 372q40-24 110-28", "#fff", 7, 0.22),
        stroke("M226 560q174 72 348 0", STEEL_DEEP, 5, 0.5),
        scale=1.12,
        lift=50,
    )


def wdt() -> str:
    """Needles fanned out below a walnut grip, resting in a stand."""
    needles = "".join(stroke(f"M{400 + i * 5} 440L{400 + i * 17} 606", STEEL_DEEP, 4) for i in range(-4, 5))
    return closer(
        shadow(400, 664, 180),
        needles,
        tube(400, 612, 260, 40, STEEL, 0, 0.5),
        ellipse(400, 612, 130, 30, STEEL),
        ellipse(400, 612, 104, 22, BROWN),
        stroke("M340 606q60 22 120 4", INK, 6, 0.35),
        rect(364, 418, 72, 30, STEEL_DARK, 8),
        path("M360 420C330 340 344 170 400 150C456 170 470 340 440 420z", WALNUT),
        path("M424 166C464 210 466 346 440 420h-30Q444 300 424 166z", INK, 0.16),
        stroke("M366 350q-8-90 18-148", "#fff", 9, 0.28),
        rect(358, 404, 84, 14, CHERRY, 6),
        scale=1.05,
        lift=0,
    )


def jug(cx: float, base: float, w: float, turn: float = 0) -> str:
    """A milk pitcher, spout to the left, handle to the right."""
    return group(
        stroke("M40-93q48-2 41 38t-33 34", STEEL_DARK, 8.5),
        path("M-58-112L-39-74Q-55-32-50-4Q0 6 50-4Q55-32 40-74V-106z", STEEL),
        path("M25-103V0L50-4Q55-32 40-74V-106z", INK, 0.13),
        stroke("M-38-11q-3-32 6-53", "#fff", 7, 0.6),
        path("M-58-112Q0-89 40-106Q0-119-58-112z", STEEL_DEEP),
        path("M-40-105Q0-92 33-105Q0-111-40-105z", MILK),
        move=(cx, base),
        turn=turn,
        scale=w / 100,
    )


def milk_jug() -> str:
    """Both sizes, the smaller in front."""
    return shadow(400, 662, 290) + jug(316, 650, 300) + jug(556, 664, 196) + circle(316, 560, 13, CHERRY)


def knock_box() -> str:
    return closer(
        shadow(400, 664, 230),
        tube(400, 330, 380, 296, INK, 26, 0.2),
        ellipse(400, 330, 190, 44, GRAPHITE),
        ellipse(400, 334, 168, 34, "#120B08"),
        path("M268 352q60-30 132-8t132-4q-40 28-132 28t-132-16z", BROWN),
        rect(216, 312, 368, 30, CHERRY, 15),
        rect(226, 316, 348, 9, "#fff", 4, 0.28),
        path("M236 600q164 52 328 0l-4 38q-160 46-320 0z", GRAPHITE),
        scale=1.1,
        lift=10,
    )


def bottomless() -> str:
    """Seen from above: the open ring, a basket, the handle to the lower right."""
    return (
        shadow(420, 560, 300, 90)
        + group(
            rect(130, -22, 90, 44, STEEL_DARK, 8),
            rect(206, -32, 230, 64, WALNUT, 30),
            rect(220, -22, 200, 14, "#fff", 7, 0.22),
            rect(196, -28, 22, 56, STEEL, 6),
            circle(418, 0, 15, CHERRY),
            move=(300, 370),
            turn=32,
        )
        + group(rect(-196, -34, 60, 68, STEEL_DARK, 10), move=(300, 370))
        + group(rect(136, -34, 60, 68, STEEL_DARK, 10), move=(300, 370), turn=-80)
        + circle(300, 370, 168, STEEL_DARK)
        + circle(300, 370, 156, STEEL)
        + circle(300, 370, 134, STEEL_DEEP)
        + circle(300, 370, 124, ROAST)
        + ellipse(290, 362, 104, 100, BROWN)
        + stroke("M180 290A146 146 0 0 1 330 227", "#fff", 12, 0.7)
        + "".join(ring(290, 362, r, r * 0.96, INK, 5, 0.28, "0 13", "round") for r in (30, 56, 82))
    )


def scale() -> str:
    """A black scale seen from above its front edge, an espresso on it."""
    return closer(
        shadow(400, 634, 290),
        path("M190 470H610L672 596H128z", INK),
        path("M190 470H610L618 486H182z", "#fff", 0.16),
        path("M128 596H672V622q0 16-16 16H144q-16 0-16-16z", GRAPHITE),
        path("M214 486H586L606 530H194z", GRAPHITE),
        ellipse(400, 518, 70, 10, INK, 0.3),
        cup(400, 516, 190),
        stroke("M330 566h26M366 566h26M404 566h1M420 566h26", CREAM, 15, cap="butt"),
        stroke("M500 566h56", CHERRY, 9),
        circle(230, 566, 12, STEEL_DEEP),
        scale=1.08,
        lift=50,
    )


def canister() -> str:
    return (
        shadow(400, 668, 180)
        + tube(400, 270, 300, 370, GRAPHITE, 0, 0.2, 0.3)
        + tube(400, 196, 312, 66, STEEL, 0, 0.5)
        + lid(400, 196, 312, STEEL_DARK)
        + ellipse(400, 192, 110, 24, INK)
        + ellipse(400, 188, 110, 22, GRAPHITE)
        + circle(400, 186, 9, CHERRY)
        + rect(318, 392, 164, 170, CREAM, 10)
        + bean(400, 456, 92, -24)
        + stroke("M356 526h88", INK, 9)
    )


def espresso_cups() -> str:
    def saucer(cx: float, y: float, w: float, fill: str) -> str:
        return (
            ellipse(cx, y + 7, w / 2, w * 0.11, INK, 0.16)
            + ellipse(cx, y, w / 2, w * 0.11, fill)
            + ellipse(cx, y - 2, w * 0.3, w * 0.055, INK, 0.08)
        )

    return closer(
        shadow(400, 640, 300),
        saucer(276, 590, 270, ROAST),
        cup(276, 590, 170, ROAST, CREMA, -1),
        saucer(520, 628, 310, MILK),
        cup(520, 628, 200),
        circle(474, 576, 11, CHERRY),
        scale=1.18,
        lift=60,
    )


def cappuccino_cups() -> str:
    """One from above with a leaf of milk foam, one from the side."""
    leaf = "M0 70C-74 40-70-40 0-84C70-40 74 40 0 70z"
    veins = "M0 66V-70M-40 10q10 24 40 30q30-6 40-30M-38-24q10 22 38 28q28-6 38-28M-26-50q8 16 26 20q18-4 26-20"
    return (
        shadow(300, 560, 220, 60)
        + shadow(588, 668, 170)
        + circle(290, 376, 204, MILK)
        + circle(290, 376, 204, INK, 0.05)
        + circle(290, 376, 186, MILK)
        + group(rect(120, -26, 84, 52, MILK, 22), rect(128, -12, 66, 24, INK, 12, 0.12), move=(290, 376), turn=-36)
        + circle(290, 376, 138, MILK)
        + ring(290, 376, 136, 136, INK, 4, 0.12)
        + circle(290, 376, 122, BROWN)
        + circle(288, 374, 112, CREMA)
        + group(path(leaf, MILK), stroke(veins, CREMA, 7), move=(290, 380), turn=-18)
        + ellipse(588, 662, 170, 18, INK, 0.12)
        + ellipse(588, 652, 170, 18, MILK)
        + cup(588, 650, 220)
        + rect(523, 540, 130, 8, CHERRY, 4)
    )


def travel_mug() -> str:
    return (
        shadow(400, 668, 140)
        + tube(400, 250, 226, 392, GRAPHITE, 26, 0.18, 0.3)
        + path("M290 400L294 452Q400 496 506 452L510 400Q400 446 290 400z", CHERRY)
        + bean(400, 526, 70, -24, CREAM)
        + tube(400, 186, 244, 56, INK, 0, 0.16)
        + lid(400, 186, 244, GRAPHITE)
        + ellipse(400, 184, 88, 17, INK)
        + rect(424, 170, 46, 14, STEEL_DARK, 7)
    )


def book() -> str:
    """A terracotta hardback standing at a slight turn."""
    return (
        shadow(410, 664, 210)
        + path("M256 168L296 146V640L256 660z", "#F6EEDD")
        + path("M520 148L556 168V640L520 660z", "#8C4728")
        + rect(248, 148, 300, 512, TERRACOTTA, 6)
        + rect(248, 148, 34, 512, INK, 4, 0.16)
        + rect(286, 148, 5, 512, "#fff", 0, 0.25)
        + circle(424, 346, 92, CREAM)
        + cup(418, 388, 96)
        + stroke("M396 288q-10-16 0-32M428 288q-10-16 0-32", CHERRY, 7)
        + stroke("M338 498h170", CREAM, 14)
        + stroke("M370 534h106", CREAM, 9, 0.8)
        + path("M324 148h36v96l-18-18-18 18z", CHERRY)
        + path(oval(424, 596, 26, 10), BRASS, 0.8)
    )
