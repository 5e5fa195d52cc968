"""The figures: published estimates made again, and the choices of buyers that were held out."""

import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from kupec.machines.choice.data import ChoiceData, Floats
from kupec.machines.choice.evaluation.files import ELECTRICITY, HEATING, MODES, electricity, heating, modes
from kupec.machines.choice.hierarchy import Prior, fit_hierarchy
from kupec.machines.choice.logit import chances, fit_logit
from kupec.machines.choice.mixing import best, mix, predict, predict_weighing
from kupec.machines.choice.rules import generic_rules
from kupec.machines.choice.sampling import sample

HELD_OUT = 2
"""Of each buyer so many last choices judge, and nothing else is done with them."""
FOLDS = (0, 2, 4)
"""Cross-validation: so many of the earlier choices before the end are left out, the two before them are asked."""
GRID = tuple(product((False, True), (4.0, 8.0, 20.0), (1.0,)))
DEPTHS = (0, 1, 2)
_PEAK = 8.5  # cents that a tariff by the hour or the season is like, to say which is the cheapest


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How often the likeliest was chosen, and the mean logarithm of the chance given to what was."""

    hits: float
    log: float


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What cross-validation chooses: whether any contract counts by itself, the prior, how deep rules go (0: none)."""

    bound: bool
    strength: float
    width: float
    depth: int


def score(p: Floats, data: ChoiceData) -> Score:
    at = np.arange(len(data))
    logs = np.log(np.maximum(p[at, data.chosen], 1e-12))
    return Score(hits=float((best(p, data.there) == data.chosen).mean()), log=float(logs.mean()))


def estimates(folder: Path) -> dict[str, dict[str, float]]:
    """What is published, made again; of the files that are there."""
    found: dict[str, dict[str, float]] = {}
    for file, read in ((HEATING, heating), (MODES, modes), (ELECTRICITY, electricity)):
        if not (folder / file).exists():
            continue
        data = read(folder)
        fitted = fit_logit(data)
        figures = {
            name: float(weight) for name, weight in zip(data.names, fitted.weights, strict=True) if " " not in name
        }
        errors = {f"± {name}": float(error) for name, error in zip(data.names, fitted.errors, strict=True)}
        kept = {name: value for name, value in errors.items() if name[2:] in figures}
        found[file] = {**figures, **kept, "LL": fitted.log_likelihood, "choices": float(len(data))}
    return found


def _tried(train: ChoiceData, test: ChoiceData, strength: float, width: float) -> Iterator[tuple[int, Score]]:
    """By depth of the rules, how the buyers' choices are predicted."""
    posterior = sample(train, Prior(strength=strength, width=width))
    signs = [int(sign) or 1 for sign in np.sign(fit_logit(train, penalty=1.0).weights)]
    for depth in DEPTHS:
        if depth == 0:
            yield depth, score(predict_weighing(posterior, test), test)
        else:
            yield (
                depth,
                score(predict(mix(train, posterior, generic_rules(train.names, signs, deep=depth)), test), test),
            )


def choose_settings(folder: Path) -> tuple[Settings, list[tuple[Settings, Score]]]:
    """By cross-validation on the earlier choices only: the best mean logarithm."""
    tried: list[tuple[Settings, Score]] = []
    for bound, strength, width in GRID:
        earlier = _earlier(electricity(folder, bound=bound))
        places = earlier.places()
        scores: dict[int, list[Score]] = {}
        for fold in FOLDS:
            train = earlier.part(places >= fold + HELD_OUT)
            test = earlier.part((places >= fold) & (places < fold + HELD_OUT))
            for depth, found in _tried(train, test, strength, width):
                scores.setdefault(depth, []).append(found)
        for depth, each in scores.items():
            mean = Score(hits=float(np.mean([one.hits for one in each])), log=float(np.mean([one.log for one in each])))
            tried.append((Settings(bound=bound, strength=strength, width=width, depth=depth), mean))
    return max(tried, key=lambda one: one[1].log)[0], tried


def _earlier(data: ChoiceData) -> ChoiceData:
    return data.part(data.places() >= HELD_OUT)


def held_out(folder: Path, settings: Settings) -> dict[str, Score]:
    """Each buyer's last two choices, asked once."""
    plain = electricity(folder)
    last = plain.places() < HELD_OUT
    train, test = plain.part(~last), plain.part(last)
    pooled = fit_logit(train)
    fitted = fit_hierarchy(train, Prior(strength=settings.strength, width=settings.width))
    price = test.x[:, :, 0] + _PEAK * (test.x[:, :, 4] + test.x[:, :, 5])
    cheapest = np.where(price <= price.min(axis=1, keepdims=True), 1.0, 1e-9)
    found = {
        "cheapest": score(cheapest / cheapest.sum(axis=1, keepdims=True), test),
        "pooled logit": score(chances(test.x, test.there, pooled.weights), test),
        "each buyer's mode": score(chances(test.x / fitted.scale, test.there, fitted.weights[test.buyer]), test),
    }
    whole = electricity(folder, bound=settings.bound)
    names = {0: "each buyer's draws", settings.depth: "chosen: draws and rules" if settings.depth else "chosen: draws"}
    for depth, one in _tried(whole.part(~last), whole.part(last), settings.strength, settings.width):
        if depth in names:
            found[names[depth]] = one
    return found


def report(folder: Path) -> dict[str, Any]:
    """All figures; says nothing of files that are not there."""
    figures: dict[str, Any] = {"estimates": estimates(folder)}
    if (folder / ELECTRICITY).exists():
        begun = time.perf_counter()
        settings, tried = choose_settings(folder)
        figures["settings"] = msgspec.to_builtins(settings)
        figures["cross-validation"] = [msgspec.to_builtins(one) for one in tried]
        figures["held out"] = {name: msgspec.to_builtins(one) for name, one in held_out(folder, settings).items()}
        figures["seconds"] = round(time.perf_counter() - begun, 1)
    return figures
