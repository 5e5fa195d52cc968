"""What happens where choices are learnt from: ids and figures."""

from typing import ClassVar

from kupec.kit.events import Payload


class ChoiceObserved(Payload, frozen=True, kw_only=True):
    """Subject "machine:<id>"."""

    name: ClassVar[str] = "choice.observed"
    source: str
    alternatives: int


class ChoicesFitted(Payload, frozen=True, kw_only=True):
    """Subject "choice"."""

    name: ClassVar[str] = "choice.fitted"
    choices: int
    buyers: int
