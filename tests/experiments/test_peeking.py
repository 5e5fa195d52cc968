"""Looking after every single conversation: the sequence keeps its word, the repeated test of the textbook does not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kupec.experiments.intervals import Tally, newcombe, t_quantile, welch, wilson
from kupec.experiments.sequence import always, always_p, flood, reach, sums_of

Floats = NDArray[np.float64]
RUNS, LOOKS, LEAST, ALPHA = 400, 3000, 50, 0.05


def _run(seed: int, share: float, live: float, tried: float) -> tuple[Floats, Floats, Floats, Floats]:
    """By run and look: how many and how many successes in the arm that holds, then in the one on trial."""
    random = np.random.default_rng(seed)
    in_it = random.random((RUNS, LOOKS)) < share
    hit = random.random((RUNS, LOOKS)) < np.where(in_it, tried, live)
    counts = (~in_it, hit & ~in_it, in_it, hit & in_it)
    return tuple(np.cumsum(one, axis=1).astype(float) for one in counts)  # type: ignore[return-value]


def _stratum(n0: Floats, y0: Floats, n1: Floats, y1: Floats) -> tuple[Floats, Floats]:
    """The sum and its variance of one stratum, as `sums_of` makes them, for all runs and looks at once."""
    n0, n1 = np.maximum(n0, 1), np.maximum(n1, 1)
    share = n0 * n1 / (n0 + n1)
    spread0, spread1 = y0 - y0**2 / n0 + 0.25, y1 - y1**2 / n1 + 0.25
    return share * (y1 / n1 - y0 / n0), share**2 * (spread0 / n0**2 + spread1 / n1**2)


def _reach(variance: Floats) -> Floats:
    grid = np.linspace(0, variance.max(), 4000)
    return np.interp(variance, grid, [reach(float(one), ALPHA) for one in grid])


@pytest.mark.parametrize(("share", "rate"), [(0.5, 0.1), (0.1, 0.3)])
def test_looked_at_after_every_conversation_it_alarms_as_seldom_as_it_says(share: float, rate: float) -> None:
    n0, y0, n1, y1 = _run(1, share, rate, rate)
    total, variance = _stratum(n0, y0, n1, y1)
    may_look = np.minimum(n0, n1) >= LEAST
    alarms = ((np.abs(total) > _reach(variance)) & may_look).any(axis=1).mean()
    naive = ((np.abs(total) > 1.96 * np.sqrt(variance)) & may_look).any(axis=1).mean()
    assert alarms <= ALPHA + 0.015
    assert naive > 0.2, "the control: what is not made for it does not stand being looked at"
    one = (Tally(int(n0[7, -1]), y0[7, -1], y0[7, -1]), Tally(int(n1[7, -1]), y1[7, -1], y1[7, -1]))
    sums = sums_of([one])
    assert (sums.total, sums.variance) == pytest.approx((total[7, -1], variance[7, -1])), "what runs is what was tried"


def test_a_share_that_grows_while_the_day_gets_worse_alarms_nobody() -> None:
    parts = [_run(seed, share, rate, rate) for seed, share, rate in ((2, 0.02, 0.05), (3, 0.1, 0.1), (4, 0.5, 0.25))]
    alarmed = np.zeros(RUNS, bool)
    total: Floats = np.zeros((RUNS, 1))
    variance: Floats = np.zeros((RUNS, 1))
    for part in parts:
        more, wider = _stratum(*part)
        alarmed |= (np.abs(total + more) > _reach(variance + wider)).any(axis=1)
        total, variance = total + more[:, -1:], variance + wider[:, -1:]
    assert alarmed.mean() <= ALPHA + 0.015
    whole = [sum(part[place][:, -1:] for part in parts) for place in range(4)]
    pooled, spread = _stratum(*whole)  # type: ignore[arg-type]
    assert (np.abs(pooled) > _reach(spread)).mean() > 0.9, (
        "the control: all thrown together, the night looks like the arm"
    )


def test_what_is_worse_is_seen() -> None:
    n0, y0, n1, y1 = _run(5, 0.5, 0.1, 0.2)
    total, variance = _stratum(n0, y0, n1, y1)
    seen = (total > _reach(variance)) & (np.minimum(n0, n1) >= LEAST)
    assert seen.any(axis=1).mean() > 0.99
    assert np.median(seen.argmax(axis=1)) < 1200


def test_intervals_are_those_of_their_papers() -> None:
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    # Newcombe 1998, table II, method 10: 56/70 and 48/80, 10/10 and 0/20.
    assert newcombe(Tally(70, 56, 56), Tally(80, 48, 48)) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert newcombe(Tally(10, 10, 10), Tally(20, 0, 0)) == pytest.approx((0.6791, 1.0), abs=1e-4)
    for freedom, known in ((1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042)):
        assert t_quantile(0.975, freedom) == pytest.approx(known, rel=0.02)
    interval = welch(Tally(4, 10, 30), Tally(4, 6, 14))
    assert interval is not None
    assert interval == pytest.approx((-1.2337, 3.2337), abs=1e-3)
    assert welch(Tally(1, 1, 1), Tally(4, 6, 14)) is None


def test_with_few_values_nothing_is_certain() -> None:
    nothing = sums_of([(Tally(), Tally(5, 5, 5))])
    assert always(nothing, ALPHA) == (-1, 1)
    assert always_p(nothing, ALPHA) == 1
    equal = sums_of([(Tally(5, 0, 0), Tally(5, 5, 5))])
    low, high = always(equal, ALPHA)
    assert low < 0 < high
    assert always_p(equal, ALPHA) > ALPHA


def test_a_flood_of_errors_is_seen_at_once_and_a_usual_day_is_not() -> None:
    assert flood(3, 3, 0.02, 0.001)
    assert flood(4, 4, 0.05, 0.001)
    assert not flood(2, 2, 0.02, 0.001)
    random = np.random.default_rng(6)
    errors = np.cumsum(random.random((300, 500)) < 0.05, axis=1)
    floods = [any(flood(float(run[at]), at + 1, 0.05, 0.001) for at in range(0, 500, 10)) for run in errors]
    assert sum(floods) <= 2
