"""What happens in the learning loop: ids and figures, never what was said."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class QuestionLabelled(Payload, frozen=True, kw_only=True):
    """A person has said what questions mean. Subject "learning"."""

    name: ClassVar[str] = "question.labelled"
    count: int
    intent: str


class SuggestionMade(Payload, frozen=True, kw_only=True):
    """Made, or come back since many more ask. Subject "suggestion:<id>"."""

    name: ClassVar[str] = "suggestion.made"
    kind: str
    questions: int
    again: bool = False


class SuggestionApproved(Payload, frozen=True, kw_only=True):
    """Subject "suggestion:<id>"."""

    name: ClassVar[str] = "suggestion.approved"
    kind: str
    intent: str
    learnt: int
    held_out: int


class SuggestionDismissed(Payload, frozen=True, kw_only=True):
    """Subject "suggestion:<id>"."""

    name: ClassVar[str] = "suggestion.dismissed"
    kind: str


class ModelTrained(Payload, frozen=True, kw_only=True):
    """A candidate, with how it compares. Subject "model:<id>", as of all that follow."""

    name: ClassVar[str] = "model.trained"
    phrases: int
    verdict: str


class ModelPublished(Payload, frozen=True, kw_only=True):
    """It answers a `share` of the traffic from now on, 1: all. `despite`: a person decided so without the figures."""

    name: ClassVar[str] = "model.published"
    share: float
    despite: bool = False


class ModelRefused(Payload, frozen=True, kw_only=True):
    """The gate kept it from going live by itself."""

    name: ClassVar[str] = "model.refused"
    verdict: str
    why: str


class ModelRolledBack(Payload, frozen=True, kw_only=True):
    """This one answers again, and `left` does not any more."""

    name: ClassVar[str] = "model.rolled_back"
    left: UUID


class ModelBroken(Payload, frozen=True, kw_only=True):
    """It could not be read; `instead` answers."""

    name: ClassVar[str] = "model.broken"
    instead: UUID | None
