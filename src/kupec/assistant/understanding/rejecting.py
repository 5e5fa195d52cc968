"""Whether a text means any of the merchant's intents at all: a small logistic model over what its scores look like.

What belongs here stands clear of the margin of one intent and is said in words, and pairs of words, that were seen in
training. Where texts from outside are known, how much it looks like those counts as well. More signs (the gap to the
second intent, entropy, the nearest phrase) were tried and made it worse: see docs/algorithms/intents.md.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.floating]


class Rejector(msgspec.Struct, frozen=True, kw_only=True):
    """Weights over `signs`, each brought to mean zero and spread one."""

    means: list[float]
    spreads: list[float]
    weights: list[float]
    bias: float

    def known(self, row: Row) -> float:
        """The probability that what shows these signs is one of the intents."""
        scaled = (row - np.array(self.means)) / np.array(self.spreads)
        odds = float(scaled @ np.array(self.weights)) + self.bias
        return 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0)))


def signs(margins: Row, words: float, pairs: float, outside: float | None) -> Row:
    """The best margin, the shares of words and pairs that are known, and the margin of the texts from outside."""
    told = [float(margins.max()), words, pairs]
    return np.array(told if outside is None else [*told, outside], dtype=np.float64)


def pointing_in(how_many: int, *, has_outside: bool) -> npt.NDArray[np.bool_]:
    """Of `signs`, and those of an encoder behind them: the more of these, the more a text belongs here."""
    pointing = np.ones(how_many, dtype=np.bool_)
    if has_outside:
        pointing[[3, *range(7, how_many)]] = False
    return pointing
