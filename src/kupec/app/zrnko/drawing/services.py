"""Services: a technician's things, a course's table."""

from kupec.app.zrnko.drawing.accessories import jug
from kupec.app.zrnko.drawing.care import drop
from kupec.app.zrnko.drawing.machines import gauge
from kupec.app.zrnko.drawing.parts import burr
from kupec.app.zrnko.drawing.pen import (
    BRASS,
    BROWN,
    CHERRY,
    CREAM,
    CREMA,
    GLASS,
    GRAPHITE,
    INK,
    MILK,
    OAK,
    ROAST,
    SAGE,
    SAND,
    SLATE,
    STEEL,
    STEEL_DARK,
    STEEL_DEEP,
    TEAL,
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
    stroke,
)


def _wrench(x: float, y: float, turn: float) -> str:
    head = "M-15-60L-44-96q-14-46 18-70v54l26 16 26-16v-54q32 24 18 70L15-60V150q0 15-15 15t-15-15z"
    return group(path(head, STEEL_DARK), stroke("M-6-50V140", "#fff", 6, 0.5), move=(x, y), turn=turn)


def _screwdriver(x: float, y: float, turn: float, grip: str = CHERRY) -> str:
    return group(
        rect(-6, -10, 12, 170, STEEL_DARK),
        path("M-6 156h12l4 22h-20z", STEEL_DEEP),
        rect(-22, -150, 44, 144, grip, 20),
        stroke("M-8-128v96M8-128v96", INK, 5, 0.25),
        move=(x, y),
        turn=turn,
    )


def _toolbox(colour: str) -> str:
    """An open-topped box with a handle; its front carries a bean."""
    return (
        rect(176, 404, 448, 50, INK, 6)
        + box(160, 430, 480, 230, colour, 16, 0.22)
        + rect(160, 430, 480, 26, INK, 8, 0.16)
        + stroke("M304 430V376H496V430", INK, 18)
        + circle(400, 552, 56, CREAM)
        + rect(196, 470, 44, 30, BRASS, 5)
        + rect(560, 470, 44, 30, BRASS, 5)
    )


def descaling() -> str:
    """The toolbox, a wrench, a bottle of descaler."""
    return (
        shadow(400, 664, 300)
        + _wrench(262, 320, -12)
        + _screwdriver(548, 330, 14)
        + rect(388, 234, 84, 190, MILK, 18)
        + rect(404, 198, 52, 44, CHERRY, 8)
        + rect(388, 300, 84, 76, TEAL)
        + _toolbox(TEAL)
        + drop(400, 556, 34, TEAL)
    )


def annual_home() -> str:
    """A report on a clipboard, with everything ticked, over the toolbox."""
    return (
        shadow(400, 664, 300)
        + _wrench(536, 306, 16)
        + group(
            rect(-110, -160, 220, 330, OAK, 12),
            rect(-92, -132, 184, 300, MILK, 4),
            rect(-50, -176, 100, 40, STEEL_DEEP, 8),
            stroke("M-70-86l14 14 24-28M-70-32l14 14 24-28M-70 22l14 14 24-28", CHERRY, 10),
            stroke("M-12-80h84M-12-26h84M-12 28h60", INK, 9, 0.6),
            move=(322, 290),
            turn=-7,
        )
        + _toolbox(WALNUT)
        + cup(396, 576, 62)
    )


def annual_office() -> str:
    """A calendar page beside the toolbox: the visit is planned."""
    days = [(x, y) for y in range(3) for x in range(5)]
    return (
        shadow(400, 664, 300)
        + group(
            rect(-140, -150, 280, 300, MILK, 12),
            path("M-140-138q0-12 12-12h256q12 0 12 12v56h-280z", INK),
            *(rect(-112 + 47 * x, 58 * y - 56, 36, 40, CHERRY if (x, y) == (3, 1) else CREAM, 5) for x, y in days),
            stroke("M-80-166v36M80-166v36", STEEL_DEEP, 12),
            move=(430, 270),
            turn=5,
        )
        + _screwdriver(234, 330, -14, SLATE)
        + _toolbox(SLATE)
        + stroke("M372 552l20 20 38-42", SLATE, 13)
    )


def installation() -> str:
    """A valve on the wall, a hose down to the machine, a wrench against it."""
    hose = "M196 330C196 470 120 560 196 620S330 560 372 520"
    return (
        shadow(470, 666, 260)
        + box(106, 136, 180, 200, CREAM, 14, 0.6, 0.08)
        + rect(178, 196, 36, 92, BRASS, 6)
        + rect(148, 248, 96, 44, BRASS, 10)
        + stroke("M152 186H240", CHERRY, 26)
        + stroke("M160 180H232", "#fff", 6, 0.3)
        + stroke(hose, STEEL_DARK, 28)
        + stroke(hose, INK, 28, 0.25, "3 9", "butt")
        + rect(176, 286, 40, 44, STEEL_DEEP, 5)
        + rect(356, 492, 44, 52, BRASS, 6)
        + box(390, 250, 270, 410, GRAPHITE, 18, 0.16, 0.25)
        + rect(424, 288, 202, 116, INK, 12)
        + gauge(484, 346, 40)
        + stroke("M548 330h48M548 356h34", CREAM, 8, 0.8)
        + rect(424, 430, 202, 160, INK, 12)
        + rect(490, 426, 70, 50, STEEL_DARK, 8)
        + cup(525, 590, 92)
        + rect(412, 588, 226, 26, STEEL, 6)
        + rect(404, 652, 44, 20, INK, 6)
        + rect(602, 652, 44, 20, INK, 6)
        + _wrench(706, 500, 12)
    )


def grinder_calibration() -> str:
    """A burr on the bench between a screwdriver and a feeler gauge."""
    leaves = "".join(
        group(rect(-14, -210, 28, 220, colour, 12), move=(600, 610), turn=turn)
        for colour, turn in ((STEEL, -34), (STEEL_DARK, -20), (STEEL, -6), (STEEL_DARK, 8))
    )
    return (
        burr(342, 350, 208, STEEL, 26, CHERRY)
        + leaves
        + circle(600, 610, 26, BRASS)
        + circle(600, 610, 10, INK)
        + ellipse(206, 650, 120, 16, BROWN, 0.14)
        + _screwdriver(214, 620, 84, WALNUT)
    )


def diagnostics() -> str:
    """A machine with its side off, under a magnifier."""
    return (
        shadow(390, 664, 270)
        + box(166, 190, 400, 460, STEEL, 22, 0.5)
        + rect(204, 232, 324, 376, INK, 10)
        + rect(236, 268, 112, 150, BRASS, 50)
        + stroke("M292 268v-24h150v60M348 340h60v90", STEEL_DARK, 13)
        + rect(398, 304, 92, 60, SAGE, 6)
        + stroke("M414 322h44M414 344h60", CREAM, 6)
        + stroke("M250 452h240M250 488h180", STEEL_DEEP, 9)
        + stroke("M420 440q50 40 20 110t60 40", CHERRY, 9)
        + stroke("M604 566L690 664", WALNUT, 38)
        + stroke("M596 556L622 586", STEEL_DEEP, 26)
        + circle(512, 452, 124, GLASS, 0.55)
        + ring(512, 452, 124, 124, GRAPHITE, 24)
        + stroke("M430 424A88 88 0 0 1 498 366", "#fff", 12, 0.8)
        + group(_gear(0, 0, 58), move=(512, 458))
        + rect(196, 646, 44, 20, INK, 6)
        + rect(492, 646, 44, 20, INK, 6)
    )


def _gear(cx: float, cy: float, r: float) -> str:
    return (
        ring(cx, cy, r, r, ROAST, r * 0.5, 1, f"{r * 0.42:.1f} {r * 0.365:.1f}")
        + circle(cx, cy, r * 0.86, ROAST)
        + circle(cx, cy, r * 0.34, CREAM)
    )


def barista_course() -> str:
    """Milk poured from a jug into a cup."""
    return (
        shadow(330, 668, 250)
        + stroke("M316 196Q346 250 340 430", MILK, 18)
        + jug(584, 358, 250, -34)
        + ellipse(322, 652, 236, 26, INK, 0.12)
        + ellipse(322, 642, 236, 26, MILK)
        + cup(322, 640, 290, MILK, CREMA, -1)
        + group(path("M0 17C-60 8-54-13 0-17C54-13 60 8 0 17z", MILK), move=(322, 433), scale=1.1)
        + stroke("M340 360V434", MILK, 18)
        + rect(226, 512, 192, 10, CHERRY, 5)
    )


def team_training() -> str:
    """Three aprons on a rail, a cup below each."""

    def apron(cx: float, colour: str) -> str:
        return (
            stroke(f"M{cx - 40} 200Q{cx} 110 {cx + 40} 200", colour, 10)
            + path(f"M{cx - 46} 194h92q4 70 50 92v190q0 16-16 16h-160q-16 0-16-16V286q46-22 50-92z", colour)
            + path(f"M{cx + 46} 230q12 42 50 56v190q0 16-16 16h-30q6-140-4-262z", INK, 0.12)
            + path(f"M{cx - 50} 344h100v60q0 20-20 20h-60q-20 0-20-20z", INK, 0.2)
            + stroke(f"M{cx - 34} 372h0M{cx - 20} 330v26", CREAM, 8)
        )

    return (
        shadow(400, 668, 320)
        + stroke("M90 150H710", WALNUT, 20)
        + stroke("M90 146H710", "#fff", 5, 0.25)
        + apron(178, SLATE)
        + apron(400, CHERRY)
        + apron(622, SAND)
        + "".join(ellipse(x, 648, 88, 12, INK, 0.12) for x in (178, 400, 622))
        + "".join(cup(x, 650, 120, colour) for x, colour in ((178, MILK), (400, ROAST), (622, MILK)))
    )
