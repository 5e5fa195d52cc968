"""A comparison that may be looked at any time, and stopped whenever one likes. Pure.

The difference of two arms is summed up in strata of those who came under the same chance and on the same channel, so
that neither the growing of a share nor the hour of the day stands behind it. The sum, less what a difference would add
to it, is a martingale; a mixture over all sizes of difference turns it into a wager against "there is no difference"
whose winnings stay under 1/a for ever with a chance of 1 - a, however often they are counted (Ville 1939). The mixture
is the normal one of Robbins (1970), with an estimated variance: an asymptotic confidence sequence after Waudby-Smith,
Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences" (2021).
"""

from collections.abc import Iterable
from math import exp, log, sqrt

import msgspec

from kupec.experiments.intervals import Tally

SHARPEST_AT = 25.0
"""The variance of the sum at which the sequence is narrowest: some 500 in each arm at a rate of one in ten."""
_DOUBT = 0.25
"""Added to each spread, so that few equal values are not taken for certainty."""


class Sums(msgspec.Struct, frozen=True):
    """The strata's differences, weighted, as a sum; its variance; the weight that a difference of one adds to it."""

    total: float = 0.0
    variance: float = 0.0
    weight: float = 0.0

    @property
    def difference(self) -> float:
        """Among equals (Mantel and Haenszel 1959)."""
        return self.total / self.weight


def sums_of(strata: Iterable[tuple[Tally, Tally]]) -> Sums:
    """Of strata as (live, candidate), their values from 0 to 1. A stratum with one arm only says nothing."""
    total = variance = weight = 0.0
    for live, tried in strata:
        if live.n == 0 or tried.n == 0:
            continue
        share = live.n * tried.n / (live.n + tried.n)
        total += share * (tried.mean - live.mean)
        variance += share * share * ((live.spread + _DOUBT) / live.n**2 + (tried.spread + _DOUBT) / tried.n**2)
        weight += share
    return Sums(total, variance, weight)


def _mixing(alpha: float) -> float:
    """The variance of the mixture for which the sequence is narrowest at SHARPEST_AT (Howard et al. 2021, 3.5)."""
    doubled = -2 * log(alpha)
    return (doubled + log(doubled + 1)) / SHARPEST_AT


def reach(variance: float, alpha: float) -> float:
    """How far from 0 the sum may come by chance, at any time at all, with a chance of `alpha`."""
    mixing = _mixing(alpha)
    grown = 1 + mixing * variance
    return sqrt(grown / mixing * (log(grown) - 2 * log(alpha)))


def always(sums: Sums, alpha: float) -> tuple[float, float]:
    """Holds the true difference at all times together with a chance of 1 - `alpha`."""
    if sums.weight == 0:
        return (-1.0, 1.0)
    radius = reach(sums.variance, alpha) / sums.weight
    return (max(sums.difference - radius, -1.0), min(sums.difference + radius, 1.0))


def log_winnings(sums: Sums, alpha: float) -> float:
    """The logarithm of what a wager of one against "there is no difference" is worth by now (an e-value)."""
    mixing = _mixing(alpha)
    grown = 1 + mixing * sums.variance
    return mixing * sums.total**2 / (2 * grown) - log(grown) / 2


def always_p(sums: Sums, alpha: float) -> float:
    """The p-value of no difference, valid at whatever time it is read."""
    return min(1.0, exp(-min(log_winnings(sums, alpha), 700.0)))


def flood(errors: float, n: int, usual: float, alpha: float) -> bool:
    """Whether so many errors among `n` cannot be if at most the share `usual` is to be expected.

    A wager on 30 points more (Wald's sequential probability ratio, 1945): three errors at the very beginning suffice.
    """
    usual = min(max(usual, 0.005), 0.95)
    feared = usual + 0.3 * (1 - usual)
    won = errors * log(feared / usual) + (n - errors) * log((1 - feared) / (1 - usual))
    return won >= -log(alpha)
