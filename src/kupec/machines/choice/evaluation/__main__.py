"""`python -m kupec.machines.choice.evaluation`: an order as JSON on standard input; figures are printed."""

import sys
from pathlib import Path

import msgspec

from kupec.machines.choice.evaluation.files import ELECTRICITY, HEATING, MODES
from kupec.machines.choice.evaluation.report import report


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The folder with the sets, and where the figures go as JSON, too."""

    data: str
    report: str = ""


def main() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    folder = Path(order.data)
    missing = [name for name in (HEATING, MODES, ELECTRICITY) if not (folder / name).exists()]
    if len(missing) == 3:
        sys.stderr.write(f"In {folder} there is none of {', '.join(missing)}.\n")
        return 2
    figures = report(folder)
    for file, found in figures["estimates"].items():
        sys.stdout.write(f"{file}\n")
        for name, value in found.items():
            sys.stdout.write(f"  {name:<12} {value:>14.8g}\n")
    for name in missing:
        sys.stdout.write(f"{name}: not there, left out\n")
    if "held out" in figures:
        sys.stdout.write(f"Chosen by cross-validation: {msgspec.json.encode(figures['settings']).decode()}\n")
        sys.stdout.write("Each buyer's last two choices\n")
        for name, one in figures["held out"].items():
            sys.stdout.write(f"  {name:<26} hits {one['hits']:7.2%}   mean log {one['log']:8.4f}\n")
        sys.stdout.write(f"  in {figures['seconds']} s\n")
    if order.report:
        Path(order.report).write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
