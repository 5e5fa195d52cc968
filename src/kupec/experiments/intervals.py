"""Intervals for one look, at a time set beforehand: around a share, a mean, and the difference of two. Pure."""

from math import pi, sqrt, tan
from statistics import NormalDist
from typing import NamedTuple

import msgspec

CONFIDENCE = 0.95


class Tally(msgspec.Struct, frozen=True):
    """Values as they add up: how many, their sum, the sum of their squares."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        return self.total / self.n

    @property
    def spread(self) -> float:
        """The sum of squared distances from the mean."""
        return max(self.squares - self.total * self.total / self.n, 0.0)


class Interval(NamedTuple):
    low: float
    high: float


def wilson(successes: float, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Around a share (Wilson 1927, the score interval): it keeps within 0 and 1 and holds for few, and for none."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, square = successes / n, z * z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * sqrt(share * (1 - share) / n + square / (4 * n * n))
    return Interval(max(middle - half, 0.0), min(middle + half, 1.0))


def newcombe(one: Tally, other: Tally, confidence: float = CONFIDENCE) -> Interval:
    """Around the difference of two shares, `one` less `other` (Newcombe 1998, method 10, of both Wilson intervals)."""
    a, b = one.mean, other.mean
    of_a, of_b = wilson(one.total, one.n, confidence), wilson(other.total, other.n, confidence)
    low = a - b - sqrt((a - of_a.low) ** 2 + (of_b.high - b) ** 2)
    high = a - b + sqrt((of_a.high - a) ** 2 + (b - of_b.low) ** 2)
    return Interval(low, high)


def around_mean(one: Tally, confidence: float = CONFIDENCE) -> Interval | None:
    """Around a mean (Student 1908); None with fewer than two values."""
    if one.n < 2:
        return None
    half = t_quantile(0.5 + confidence / 2, one.n - 1) * sqrt(one.spread / (one.n - 1) / one.n)
    return Interval(one.mean - half, one.mean + half)


def welch(one: Tally, other: Tally, confidence: float = CONFIDENCE) -> Interval | None:
    """Around the difference of two means, `one` less `other` (Welch 1947); None with too few values."""
    if one.n < 2 or other.n < 2:
        return None
    a, b = one.spread / (one.n - 1) / one.n, other.spread / (other.n - 1) / other.n
    between = one.mean - other.mean
    if a + b == 0:
        return Interval(between, between)
    freedom = (a + b) ** 2 / (a * a / (one.n - 1) + b * b / (other.n - 1))
    half = t_quantile(0.5 + confidence / 2, freedom) * sqrt(a + b)
    return Interval(between - half, between + half)


def t_quantile(probability: float, freedom: float) -> float:
    """Of Student's t (the expansion of Cornish and Fisher, Abramowitz and Stegun 26.7.5; closed forms for 1 and 2)."""
    if freedom < 3:
        return _of_few(probability, max(freedom, 1.0))
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))


def _of_few(probability: float, freedom: float) -> float:
    """Between one and three degrees of freedom, along the reciprocal of their number."""
    upper = 2 * probability - 1
    known = (tan(pi * upper / 2), sqrt(2) * upper / sqrt(1 - upper * upper), t_quantile(probability, 3))
    if freedom <= 2:
        part = (1 - 1 / freedom) * 2
        return known[0] + (known[1] - known[0]) * part
    part = (0.5 - 1 / freedom) * 6
    return known[1] + (known[2] - known[1]) * part
