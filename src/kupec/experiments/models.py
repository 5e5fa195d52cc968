"""What is tried on a part of the traffic, what is watched meanwhile, and what came of it."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

LIVE: Final = "live"
"""The name of the arm that holds; it stands first."""
CANDIDATE: Final = "candidate"
State = Literal["running", "stopped", "finished"]


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is watched, from `low` to `high`. `absent`: what nothing seen means; None, no value."""

    code: str
    low: float = 0.0
    high: float = 1.0
    less_is_better: bool = True
    absent: float | None = 0.0

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def is_share(self) -> bool:
        """Whether it is a yes or a no, so that its mean is a share."""
        return self.absent is not None


METRICS: Final = {
    metric.code: metric
    for metric in (
        Metric(code="handover"),
        Metric(code="csat", low=1.0, high=5.0, less_is_better=False, absent=None),
        Metric(code="error"),
        Metric(code="resolved", less_is_better=False),
    )
}


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One version. What `version` means, knows who offers the subject."""

    name: str
    version: str


class Guardrail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stop when an arm is surely worse than the live one by more than `margin`, in the metric's own unit.

    Not before `least` of each were counted; `at_once`: a flood of errors stops sooner.
    """

    metric: str
    margin: float
    least: int = 100
    at_once: bool = False


class NewExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """`arms`: the live one first. `share` is what the others get together, 0 to 1, on each of `channels` (none: all).

    `guardrails` None are the usual ones (the document EXPERIMENTS).
    """

    subject: str
    arms: tuple[Arm, ...]
    share: float = 0.1
    channels: tuple[str, ...] = ()
    guardrails: tuple[Guardrail, ...] | None = None
    note: str = ""


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """One roll-out. `reason`: why it was stopped; `winner`: the arm it was finished with."""

    id: UUID
    code: str
    subject: str
    note: str
    arms: tuple[Arm, ...]
    shares: dict[str, float]
    channels: tuple[str, ...]
    guardrails: tuple[Guardrail, ...]
    salt: str
    state: State
    reason: str
    winner: str
    author: str
    started_at: datetime
    ended_at: datetime | None
    guarded_at: datetime | None = None

    @property
    def live(self) -> Arm:
        return self.arms[0]

    @property
    def candidate(self) -> Arm:
        """The first version under trial."""
        return self.arms[1]

    def arm(self, name: str) -> Arm:
        return next((arm for arm in self.arms if arm.name == name), self.live)

    def takes_part(self, channel: str) -> bool:
        return not self.channels or channel in self.channels

    def share_on(self, channel: str) -> float:
        """How much of a channel the versions under trial get together, 0 to 1."""
        if not self.takes_part(channel):
            return 0.0
        return self.shares.get(channel, self.shares.get("", 0.0))


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one unit's exposure: a value of a metric."""

    experiment_id: UUID
    unit: str
    metric: str
    value: float


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One metric in one arm, with a 95 % interval around its mean; None where nothing was counted."""

    arm: str
    metric: str
    n: int
    mean: float | None
    low: float | None
    high: float | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """An arm less the live one, in the metric's unit.

    `low`/`high`: the 95 % interval for one look at a time set beforehand. `always_low`/`always_high`: the one that may
    be looked at at any time, around `among_equals`, the difference among those who came under the same share and on the
    same channel; `p` belongs to it. None where there is nothing to compare.
    """

    arm: str
    metric: str
    difference: float | None
    low: float | None
    high: float | None
    among_equals: float | None
    always_low: float | None
    always_high: float | None
    p: float


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """How a guardrail stands for an arm. `worse_low`: by how much the arm is worse at least, as far as is known now."""

    guardrail: Guardrail
    arm: str
    state: Literal["waiting", "fine", "broken"]
    live_n: int
    candidate_n: int
    live: float | None
    candidate: float | None
    worse_low: float | None
    worse_high: float | None


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a roll-out as they are now; `exposed` by arm."""

    experiment: Experiment
    exposed: dict[str, int]
    figures: list[Figure]
    comparisons: list[Comparison]
    guards: list[Guarded]

    def figure(self, arm: str, metric: str) -> Figure:
        return next(one for one in self.figures if (one.arm, one.metric) == (arm, metric))

    def comparison(self, arm: str, metric: str) -> Comparison:
        return next(one for one in self.comparisons if (one.arm, one.metric) == (arm, metric))
