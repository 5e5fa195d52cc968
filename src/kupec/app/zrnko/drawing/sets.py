"""Bundles: what lies in them, side by side."""

from kupec.app.zrnko.drawing import accessories, machines


def _placed(drawing: str, x: float, y: float, size: float) -> str:
    return f'<g transform="translate({x} {y}) scale({size})">{drawing}</g>'


def espresso_home() -> str:
    return (
        _placed(machines.piko_plus(), -60, 0, 0.88)
        + _placed(accessories.milk_jug(), 450, 425, 0.42)
        + _placed(accessories.tamper_54(), 330, 520, 0.3)
    )
