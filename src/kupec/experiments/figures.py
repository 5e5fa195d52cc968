"""What a roll-out has brought: each metric in each arm, the differences, and how the guardrails stand."""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from kupec.experiments.intervals import Tally, around_mean, newcombe, welch, wilson
from kupec.experiments.models import (
    METRICS,
    Comparison,
    Experiment,
    Figure,
    Guarded,
    Guardrail,
    Metric,
    Results,
)
from kupec.experiments.policy import EXPERIMENTS
from kupec.experiments.sequence import always, always_p, flood, sums_of
from kupec.experiments.steering import get_experiment
from kupec.kit.db import Connection
from kupec.kit.versions import published

LOOKED_AT = 0.05
"""One less the confidence of what is shown."""
FLOOD_ALARMS = 0.001
"""The chance that a version without a flood of errors is stopped for one."""
_UNKNOWN = 0.05
"""The share of errors that is taken for usual as long as the live version was hardly seen."""
Stratum = tuple[str, float]

_MET = "select arm, channel, chance, count(*)::int as n from exposure where experiment_id = $1 group by 1, 2, 3"
_SEEN = """
select arm, channel, chance, metric, count(*)::int as n, sum(value) as total, sum(value * value) as squares
  from exposure join observation using (experiment_id, unit)
 where experiment_id = $1 group by 1, 2, 3, 4
"""


class Counted:
    """The sums of one roll-out, by metric, arm and stratum: channel and chance."""

    def __init__(self) -> None:
        self.met: dict[tuple[str, Stratum], int] = {}
        self.seen: dict[tuple[str, str, Stratum], Tally] = {}

    def exposed(self, arm: str) -> int:
        return sum(n for (of, _stratum), n in self.met.items() if of == arm)

    def tally(self, metric: Metric, arm: str, stratum: Stratum) -> Tally:
        found = self.seen.get((metric.code, arm, stratum), Tally())
        if metric.absent is None:
            return found
        missing = self.met.get((arm, stratum), 0) - found.n
        return found + Tally(missing, metric.absent * missing, metric.absent**2 * missing)

    def whole(self, metric: Metric, arm: str) -> Tally:
        tallies = (self.tally(metric, arm, stratum) for of, stratum in self.met if of == arm)
        return sum(tallies, Tally())

    def strata(self, metric: Metric, live: str, tried: str) -> Iterator[tuple[Tally, Tally]]:
        """Of each stratum both arms, their values from 0 to 1."""
        for stratum in sorted({stratum for _arm, stratum in self.met}):
            yield (
                _scaled(self.tally(metric, live, stratum), metric),
                _scaled(self.tally(metric, tried, stratum), metric),
            )


def _scaled(tally: Tally, metric: Metric) -> Tally:
    low, span = metric.low, metric.span
    total = (tally.total - tally.n * low) / span
    squares = (tally.squares - 2 * low * tally.total + tally.n * low * low) / (span * span)
    return Tally(tally.n, total, squares)


async def count(db: Connection, experiment_id: UUID) -> Counted:
    """Count what a roll-out has brought so far."""
    counted = Counted()
    for row in await db.fetch(_MET, experiment_id):
        counted.met[row["arm"], (row["channel"], row["chance"])] = row["n"]
    for row in await db.fetch(_SEEN, experiment_id):
        key = (row["metric"], row["arm"], (row["channel"], row["chance"]))
        counted.seen[key] = Tally(row["n"], row["total"], row["squares"])
    return counted


async def results(db: Connection, experiment_id: UUID) -> Results:
    """All figures of a roll-out as they are now. Raises NotFound."""
    experiment = await get_experiment(db, experiment_id)
    counted = await count(db, experiment_id)
    alarms = (await published(db, EXPERIMENTS))[EXPERIMENTS].false_alarms
    names = [arm.name for arm in experiment.arms]
    return Results(
        experiment=experiment,
        exposed={name: counted.exposed(name) for name in names},
        figures=[_figure(counted, metric, name) for metric in METRICS.values() for name in names],
        comparisons=[
            _comparison(counted, metric, experiment.live.name, name)
            for metric in METRICS.values()
            for name in names[1:]
        ],
        guards=guards_of(experiment, counted, alarms),
    )


def _figure(counted: Counted, metric: Metric, arm: str) -> Figure:
    tally = counted.whole(metric, arm)
    if not tally.n:
        return Figure(arm=arm, metric=metric.code, n=0, mean=None, low=None, high=None)
    around = wilson(tally.total, tally.n) if metric.is_share else around_mean(tally)
    low, high = (max(around.low, metric.low), min(around.high, metric.high)) if around else (None, None)
    return Figure(arm=arm, metric=metric.code, n=tally.n, mean=tally.mean, low=low, high=high)


def _comparison(counted: Counted, metric: Metric, live: str, tried: str) -> Comparison:
    one, other = counted.whole(metric, tried), counted.whole(metric, live)
    sums = sums_of(counted.strata(metric, live, tried))
    once = None
    if one.n and other.n:
        once = newcombe(one, other) if metric.is_share else welch(one, other)
    low, high = always(sums, LOOKED_AT)
    has_both = sums.weight > 0
    return Comparison(
        arm=tried,
        metric=metric.code,
        difference=one.mean - other.mean if one.n and other.n else None,
        low=once.low if once else None,
        high=once.high if once else None,
        among_equals=sums.difference * metric.span if has_both else None,
        always_low=low * metric.span if has_both else None,
        always_high=high * metric.span if has_both else None,
        p=always_p(sums, LOOKED_AT),
    )


def guards_of(experiment: Experiment, counted: Counted, alarms: float) -> list[Guarded]:
    """How each guardrail stands for each arm under trial; `alarms` is shared by all of them."""
    tried = experiment.arms[1:]
    each = alarms / max(len(experiment.guardrails) * len(tried), 1)
    return [
        _guarded(one, experiment.live.name, arm.name, counted, each) for one in experiment.guardrails for arm in tried
    ]


def _guarded(guardrail: Guardrail, live: str, tried: str, counted: Counted, alpha: float) -> Guarded:
    metric = METRICS[guardrail.metric]
    before, after = counted.whole(metric, live), counted.whole(metric, tried)
    sums = sums_of(counted.strata(metric, live, tried))
    worse = sums if metric.less_is_better else msgspec.structs.replace(sums, total=-sums.total)
    low, high = (bound * metric.span for bound in always(worse, alpha))
    is_enough = min(before.n, after.n) >= guardrail.least and sums.weight > 0
    is_broken = (is_enough and low > guardrail.margin) or (guardrail.at_once and _is_flood(before, after, guardrail))
    return Guarded(
        guardrail=guardrail,
        arm=tried,
        state="broken" if is_broken else "fine" if is_enough else "waiting",
        live_n=before.n,
        candidate_n=after.n,
        live=before.mean if before.n else None,
        candidate=after.mean if after.n else None,
        worse_low=low if sums.weight else None,
        worse_high=high if sums.weight else None,
    )


def _is_flood(before: Tally, after: Tally, guardrail: Guardrail) -> bool:
    """Measured on what the live version may have at most; before that has been seen, on what any may have."""
    usual = wilson(before.total, before.n).high if before.n >= guardrail.least else _UNKNOWN
    return after.n > 0 and flood(after.total, after.n, usual + guardrail.margin, FLOOD_ALARMS)
