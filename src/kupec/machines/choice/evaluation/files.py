"""The published sets, as choices. What each file holds is told in docs/algorithms/choice.md."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from kupec.machines.choice.data import ChoiceData, gather

HEATING = "heating_wide.csv.gz"
MODES = "mode_canada.csv.gz"
ELECTRICITY = "electricity_long.csv.gz"

_SYSTEMS = ("gc", "gr", "ec", "er", "hp")
_ROUTES = ("car", "train", "air")
_TERMS = ("pf", "cl", "loc", "wk", "tod", "seas")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as file:
        yield from csv.DictReader(file)


def heating(folder: Path) -> ChoiceData:
    """900 households, five heating systems: what they cost to install and to run."""
    return gather(
        [
            (
                row["idcase"],
                [[float(row[f"ic.{one}"]), float(row[f"oc.{one}"])] for one in _SYSTEMS],
                _SYSTEMS.index(row["depvar"]),
            )
            for row in _rows(folder / HEATING)
        ],
        names=("ic", "oc"),
    )


def modes(folder: Path) -> ChoiceData:
    """Montreal to Toronto by car, train or air, of those who could also have taken the bus and have not.

    Besides cost and frequency each way has a constant, its own weight of the income and its own of the time.
    """
    cases: dict[str, dict[str, dict[str, str]]] = {}
    for row in _rows(folder / MODES):
        if row["noalt"] == "4":
            cases.setdefault(row["case"], {})[row["alt"]] = row
    others = _ROUTES[1:]
    names = (
        "cost",
        "freq",
        *others,
        *(f"income {one}" for one in others),
        *(f"time {one}" for one in _ROUTES),
    )
    choices = []
    for case, found in cases.items():
        if found["bus"]["choice"] == "1":
            continue
        rows = [
            [
                float(found[one]["cost"]),
                float(found[one]["freq"]),
                *(float(one == other) for other in others),
                *(float(found[one]["income"]) * (one == other) for other in others),
                *((float(found[one]["ivt"]) + float(found[one]["ovt"])) * (one == other) for other in _ROUTES),
            ]
            for one in _ROUTES
        ]
        choices.append((case, rows, next(n for n, one in enumerate(_ROUTES) if found[one]["choice"] == "1")))
    return gather(choices, names=names)


def electricity(folder: Path, *, bound: bool = False) -> ChoiceData:
    """361 customers choose among four suppliers, up to twelve times each.

    `bound` adds whether there is a contract at all: two years are not twice as bad as one.
    """
    cases: dict[int, list[dict[str, str]]] = {}
    for row in _rows(folder / ELECTRICITY):
        cases.setdefault(int(row["chid"]), []).append(row)
    choices = []
    for number in sorted(cases):
        found = cases[number]
        rows = [
            [float(row[name]) for name in _TERMS] + ([float(float(row["cl"]) > 0)] if bound else []) for row in found
        ]
        chosen = next(n for n, row in enumerate(found) if row["choice"] == "1")
        choices.append((found[0]["id"].zfill(4), rows, chosen))
    return gather(choices, names=(*_TERMS, "bound") if bound else _TERMS)
