"""How sure a likeness is: a curve fitted to questions that were taken out before they were asked."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from kupec.knowledge.terms import Floats

_FEWEST: Final = 40
_ROUNDS: Final = 25
_CALM: Final = 1e-3


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A question that was asked: the likeness of the best article and of the next, and whether the best was right."""

    best: float
    next: float
    right: bool


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A logistic curve over the likeness and the lead over the next article. The default fits a usual shop."""

    constant: float = -4.2
    likeness: float = 9.0
    lead: float = 7.0

    def scores(self, likeness: Floats) -> Floats:
        """Probabilities for articles in the order of their likeness; one that follows lags behind the first."""
        if not len(likeness):
            return likeness
        leads = likeness - likeness[0]
        leads[0] = likeness[0] - (likeness[1] if len(likeness) > 1 else 0.0)
        sure: Floats = 1 / (1 + np.exp(-(self.constant + self.likeness * likeness + self.lead * leads)))
        return sure


def calibrate(trials: Sequence[Trial]) -> Calibration:
    """The curve that fits the trials best, as many right as wrong ones; the default where there are too few."""
    right = np.array([trial.right for trial in trials], bool)
    if len(trials) < _FEWEST or right.sum() < _FEWEST // 4 or (~right).sum() < _FEWEST // 4:
        return Calibration()
    seen = np.array([(1.0, trial.best, trial.best - trial.next) for trial in trials])
    fair = np.where(right, 0.5 / right.sum(), 0.5 / (~right).sum()) * len(trials)
    fitted = np.zeros(3)
    for _round in range(_ROUNDS):
        sure = 1 / (1 + np.exp(-np.clip(seen @ fitted, -30, 30)))
        steep = (seen * (fair * sure * (1 - sure))[:, None]).T @ seen + _CALM * np.eye(3)
        step = np.linalg.solve(steep, seen.T @ (fair * (right - sure)) - _CALM * fitted)
        fitted = fitted + step
        if float(np.abs(step).max()) < 1e-6:
            break
    # A greater likeness must never make an article less likely.
    if not np.isfinite(fitted).all() or fitted[1] <= 0:
        return Calibration()
    return Calibration(constant=float(fitted[0]), likeness=float(fitted[1]), lead=float(max(fitted[2], 0.0)))
