"""What happens to roll-outs. The subject is "experiment:<id>"."""

from typing import ClassVar

from kupec.kit.events import Payload


class ExperimentStarted(Payload, frozen=True, kw_only=True):
    """`of` is what is tried ("model", "flow:returns"), `versions` by arm."""

    name: ClassVar[str] = "experiment.started"
    of: str
    versions: dict[str, str]
    share: float


class ShareChanged(Payload, frozen=True, kw_only=True):
    """`channel` "" is every channel without a share of its own."""

    name: ClassVar[str] = "experiment.share_changed"
    of: str
    channel: str
    before: float
    share: float


class ExperimentStopped(Payload, frozen=True, kw_only=True):
    """Everybody has what held before. `reason` is "person", or "guardrail:<metric>" with the figures it was stopped by:
    the means, how many were counted, and how much worse it is at least.
    """

    name: ClassVar[str] = "experiment.stopped"
    of: str
    reason: str
    arm: str = ""
    live: float | None = None
    candidate: float | None = None
    live_n: int = 0
    candidate_n: int = 0
    worse_by: float | None = None


class ExperimentFinished(Payload, frozen=True, kw_only=True):
    """`winner` is the arm that holds from now on."""

    name: ClassVar[str] = "experiment.finished"
    of: str
    winner: str
    version: str
