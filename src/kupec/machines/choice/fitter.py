"""The process that fits: choices as JSON on standard input, what each buyer is as JSON on standard output.

`python -m kupec.machines.choice.fitter`: it needs libraries that no other process has. The same choices make the same
answer.
"""

import sys
from collections.abc import Sequence

import msgspec
import numpy as np

from kupec.machines.choice.data import ChoiceData, gather
from kupec.machines.choice.hierarchy import Prior
from kupec.machines.choice.mixing import Mixture, best, mix, predict
from kupec.machines.choice.models import NAMES, BuyerModel, RuleFound, Weight
from kupec.machines.choice.rules import market_rules
from kupec.machines.choice.sampling import Posterior, sample

_DRAWS = 40  # of each buyer are kept
_RULES = 6
_PRIOR = Prior(strength=4.0, width=1.0)  # as cross-validation chose: docs/algorithms/choice.md
_LEAST = 8  # choices of a buyer, before its last ones are held out to try


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Choices in the order of time: the buyer, the alternatives' attributes (as NAMES), which was chosen."""

    choices: list[tuple[str, list[list[float]], int]]


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """By buyer."""

    buyers: dict[str, BuyerModel]
    followers: float


def fitted(order: Order) -> Fitted:
    """What each buyer weighs or follows, from all of them."""
    data = gather(order.choices, names=NAMES)
    if not len(data):
        return Fitted(buyers={}, followers=0.0)
    mixture = _mixture(data)
    counts = np.bincount(data.buyer, minlength=len(data.buyers))
    tried = _tried(data)
    buyers = {
        buyer: _buyer(mixture, number, int(counts[number]), tried.get(number))
        for number, buyer in enumerate(data.buyers)
    }
    return Fitted(buyers=buyers, followers=mixture.followers)


def _mixture(data: ChoiceData) -> Mixture:
    days = data.x[:, :, NAMES.index("days")][data.there]
    return mix(data, sample(data, _PRIOR), market_rules([float(one) for one in np.unique(days)][:40]))


def _tried(data: ChoiceData) -> dict[int, tuple[float, float, int]]:
    """By buyer: of the last fifth of its choices, the share foretold without them, that of the cheapest; how many."""
    counts = np.bincount(data.buyer, minlength=len(data.buyers))
    held = (data.places() < counts[data.buyer] // 5) & (counts[data.buyer] >= _LEAST)
    if not held.any():
        return {}
    test = data.part(held)
    right = best(predict(_mixture(data.part(~held)), test), test.there) == test.chosen
    cheap = best(-test.x[:, :, NAMES.index("price")] + 1e6, test.there) == test.chosen
    return {
        int(number): (
            float(right[test.buyer == number].mean()),
            float(cheap[test.buyer == number].mean()),
            int((test.buyer == number).sum()),
        )
        for number in np.unique(test.buyer)
    }


def _buyer(mixture: Mixture, number: int, choices: int, tried: tuple[float, float, int] | None) -> BuyerModel:
    probable = mixture.rule[:, number]
    order = np.argsort(-probable, kind="stable")[:_RULES]
    rules = [
        RuleFound(
            rule=mixture.rules[at],
            probability=round(float(probable[at]), 6),
            hits=int(mixture.hits[at, number]),
            misses=int(mixture.misses[at, number]),
        )
        for at in order
    ]
    return BuyerModel(
        choices=choices,
        weighing=round(float(mixture.weighing[number]), 6),
        weights=_weights(mixture.posterior, number),
        draws=_draws(mixture.posterior, number),
        rules=[one for one in rules if one.probability > 1e-4],
        hits=tried[0] if tried else None,
        cheapest=tried[1] if tried else None,
        tried=tried[2] if tried else 0,
    )


def _weights(posterior: Posterior, number: int) -> dict[str, Weight]:
    low, middle, high = np.quantile(posterior.draws[:, number, :], (0.05, 0.5, 0.95), axis=0)
    return {
        name: Weight(middle=float(middle[at]), low=float(low[at]), high=float(high[at]))
        for at, name in enumerate(NAMES)
    }


def _draws(posterior: Posterior, number: int) -> list[list[float]]:
    every = max(1, len(posterior.draws) // _DRAWS)
    kept: Sequence[list[float]] = posterior.draws[::every, number, :][:_DRAWS].tolist()
    return [[round(value, 5) for value in draw] for draw in kept]


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(fitted(order)))


if __name__ == "__main__":
    main()
