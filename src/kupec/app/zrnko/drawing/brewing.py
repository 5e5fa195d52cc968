"""Coffee made by hand: drippers, pots, kettles."""

from kupec.app.zrnko.drawing.pen import (
    BROWN,
    CHERRY,
    CREAM,
    CREMA,
    GLASS,
    INK,
    MILK,
    OAK,
    ROAST,
    SAND,
    STEEL,
    STEEL_DARK,
    STEEL_DEEP,
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


def dripper() -> str:
    """A white cone on its saucer, over a mug."""
    return (
        shadow(400, 668, 190)
        + stroke("M502 520q84-10 78 54t-92 50", CREAM, 26)
        + tube(400, 470, 216, 176, CREAM, 14, 0.6, 0.1)
        + rect(292, 528, 216, 12, CHERRY)
        + stroke("M540 250q92-6 84 60t-122 62", MILK, 24)
        + stroke("M540 250q92-6 84 60t-122 62", INK, 24, 0.1)
        + path("M218 214L350 430H450L582 214z", MILK)
        + path("M520 214L424 430H450L582 214z", INK, 0.1)
        + stroke("M330 236l54 176M400 240v172M470 236l-54 176", INK, 6, 0.1)
        + ellipse(400, 214, 182, 36, MILK)
        + ellipse(400, 216, 166, 29, INK, 0.14)
        + path("M246 206Q400 268 554 206L540 230Q400 268 260 230z", "#FBF3E2")
        + ellipse(400, 226, 120, 17, BROWN)
        + rect(338, 424, 124, 22, MILK, 8)
        + ellipse(400, 456, 150, 22, MILK)
        + ellipse(400, 461, 150, 18, INK, 0.1)
    )


def filters() -> str:
    """A fan of paper cones and their box."""

    def sheet(turn: float, fill: str) -> str:
        return group(
            path("M-150-230Q0-290 150-230L34 60H-34z", fill),
            stroke("M132-224L24 54", INK, 3, 0.16),
            stroke("M-150-230Q0-290 150-230L34 60H-34z", INK, 3, 0.1),
            move=(350, 590),
            turn=turn,
        )

    return closer(
        shadow(410, 668, 250),
        sheet(-24, "#EFE3CC"),
        sheet(-8, "#F8F0DF"),
        sheet(8, MILK),
        box(456, 352, 196, 310, OAK, 8, 0.2),
        path("M488 420h132l-40 96h-52z", MILK),
        stroke("M520 556h68", INK, 9),
        stroke("M532 580h44", INK, 6, 0.6),
        rect(456, 352, 196, 20, CHERRY, 6),
        scale=1.2,
        lift=30,
    )


def server() -> str:
    """A glass pot, half full."""
    glass = "M302 250H498V320Q590 400 590 530Q590 650 520 660H280Q210 650 210 530Q210 400 302 320z"
    return (
        shadow(400, 666, 220)
        + stroke("M560 372q112-14 100 92t-92 100", GLASS, 24, 0.75)
        + stroke("M566 372q96-10 86 90t-84 94", "#fff", 6, 0.6)
        + path(glass, GLASS, 0.6)
        + path("M214 490H586Q592 540 580 580Q560 646 516 648H284Q240 646 220 580Q208 540 214 490z", BROWN)
        + ellipse(400, 490, 186, 20, CREMA)
        + stroke("M250 566Q226 470 300 368", "#fff", 12, 0.6)
        + stroke("M510 440h36M520 490h40M520 540h40M512 590h36", MILK, 5, 0.8)
        + rect(290, 232, 220, 28, INK, 12)
        + box(340, 196, 120, 40, WALNUT, 14, 0.2)
        + rect(302, 318, 196, 14, CHERRY, 6)
    )


def french_press() -> str:
    return (
        shadow(396, 668, 200)
        + stroke("M500 300q120-30 112 110t-112 150", WALNUT, 30)
        + rect(286, 238, 220, 410, GLASS, 12, 0.65)
        + rect(294, 380, 204, 260, ROAST, 8)
        + ellipse(396, 380, 102, 14, CREMA)
        + rect(294, 356, 204, 16, STEEL_DEEP, 6)
        + stroke("M302 364h188", STEEL, 8, 0.9, "2 10")
        + rect(391, 132, 10, 226, STEEL_DARK)
        + stroke("M306 270v330", "#fff", 10, 0.55)
        + rect(276, 292, 240, 14, STEEL_DARK, 6)
        + rect(276, 560, 240, 14, STEEL_DARK, 6)
        + stroke("M284 300V652M508 300V652", STEEL_DARK, 12)
        + box(270, 640, 252, 26, STEEL, 10, 0.5)
        + path("M276 246q6-54 120-54t120 54z", STEEL)
        + path("M452 202q60 12 64 44h-50z", INK, 0.14)
        + rect(268, 240, 256, 18, STEEL_DARK, 8)
        + circle(396, 126, 32, CHERRY)
        + ellipse(386, 114, 12, 8, "#fff", 0.35)
    )


def moka_pot() -> str:
    """Eight-sided, of steel."""
    top = "M290 420L252 210l38-24H500l20 24L486 420z"
    base = "M296 452H486L540 650q2 14-12 14H254q-14 0-12-14z"
    return (
        shadow(392, 668, 210)
        + stroke("M508 224q110-20 104 66l-8 120", INK, 32)
        + path(top, STEEL)
        + path("M290 420L252 210l30-18 36 228z", "#fff", 0.45)
        + path("M430 420L452 190h48l20 24L486 420z", INK, 0.13)
        + path("M252 210l-52-16 60 62z", STEEL_DARK)
        + path(base, STEEL)
        + path("M296 452h36L300 664h-46q-14 0-12-14z", "#fff", 0.45)
        + path("M430 452h56l54 198q2 14-12 14h-74z", INK, 0.13)
        + rect(276, 414, 228, 42, STEEL_DARK, 8)
        + stroke("M290 435h200", STEEL_DEEP, 26, 0.4, "3 11", "butt")
        + circle(484, 556, 15, STEEL_DEEP)
        + circle(484, 556, 7, MILK)
        + path("M282 186q10-40 108-46q98 6 110 46z", STEEL_DARK)
        + rect(372, 102, 38, 40, CHERRY, 14)
    )


def kettle() -> str:
    """A thin spout, a walnut handle, a base with a display."""
    body = "M286 300H500Q560 420 556 560q0 24-26 24H256q-26 0-26-24Q226 420 286 300z"
    return (
        shadow(410, 668, 260)
        + stroke("M250 520C150 520 190 360 120 284", INK, 26)
        + stroke("M244 512C160 510 196 360 130 288", "#fff", 5, 0.2)
        + stroke("M500 312q128-40 120 70l-12 130", STEEL_DEEP, 18)
        + stroke("M614 382l-10 130", WALNUT, 34)
        + path(body, INK)
        + path("M470 300h30Q560 420 556 560q0 24-26 24h-40Q530 440 470 300z", "#000", 0.35)
        + stroke("M278 540Q268 420 320 326", "#fff", 12, 0.2)
        + path("M290 304q10-38 104-40q92 2 102 40z", STEEL_DARK)
        + rect(376, 232, 34, 34, WALNUT, 12)
        + box(218, 590, 352, 66, STEEL, 16, 0.5)
        + rect(250, 606, 140, 34, INK, 6)
        + stroke("M268 623h28M312 623h46", CREMA, 10, cap="butt")
        + circle(506, 623, 22, STEEL_DEEP)
        + circle(506, 623, 9, CHERRY)
    )


def cold_brew() -> str:
    bottle = "M340 196H460V262Q530 300 530 372V628q0 36-36 36H306q-36 0-36-36V372Q270 300 340 262z"
    return (
        shadow(410, 668, 190)
        + path(bottle, GLASS, 0.6)
        + path("M282 400H518V626q0 26-26 26H308q-26 0-26-26z", ROAST)
        + ellipse(400, 400, 118, 14, BROWN)
        + rect(350, 250, 100, 330, SAND, 20, 0.6)
        + stroke("M366 276v290M386 276v290M406 276v290M426 276v290", INK, 9, 0.4, "0 15")
        + stroke("M296 610V380q2-44 40-70", "#fff", 12, 0.5)
        + tube(400, 126, 130, 78, CHERRY, 0, 0.2)
        + lid(400, 126, 130, CHERRY)
        + ellipse(400, 126, 65, 14, "#fff", 0.18)
        + rect(330, 196, 140, 22, STEEL_DARK, 8)
        + rect(330, 458, 140, 92, MILK, 8)
        + stroke("M364 490h72", INK, 10)
        + stroke("M378 516h44", STEEL_DEEP, 6)
        + bean(602, 660, 64, -24)
        + bean(214, 672, 58, 30, ROAST)
        + bean(650, 680, 50, 44, ROAST)
    )
