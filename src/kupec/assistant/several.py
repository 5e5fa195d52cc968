"""Whether a message that falls into parts is about several things, and which. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from kupec.assistant.deciding import Decision
from kupec.assistant.understanding import Understood

_ARTICLE: Final = "article:"
_SHARED: Final = ("order_number", "email", "phone", "name", "country")
"""What is named once in a message is meant for all of it."""


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message and who answers it."""

    understood: Understood
    decision: Decision

    @property
    def article(self) -> str | None:
        """The article that answers it, None where a flow does."""
        intent = self.decision.intent or ""
        return intent.removeprefix(_ARTICLE) if intent.startswith(_ARTICLE) else None


def several(meant: Sequence[Meant], whole: Understood) -> list[Meant]:
    """The parts that mean something, each thing once; none where it is one thing, so that the whole is read as one.

    A part that is a person's makes the message a person's: it comes alone.
    """
    for part in meant:
        if part.decision.handover:
            return [part]
    shared = {name: whole.entities[name] for name in _SHARED if name in whole.entities}
    by_intent: dict[str, Meant] = {}
    for part in meant:
        if part.decision.intent and not part.decision.near:
            told = msgspec.structs.replace(part.understood, entities=shared | part.understood.entities)
            by_intent.setdefault(part.decision.intent, msgspec.structs.replace(part, understood=told))
    found = list(by_intent.values())
    return found if len(found) > 1 else []
