"""When and how customers are asked for their opinion: a document."""

from collections.abc import Iterator

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind

CSAT_QUESTION = _("How did we do? Choose from 1 (badly) to 5 (very well).")
NPS_QUESTION = _(
    "How likely are you to recommend us to a friend or colleague? Choose from 0 (not at all) to 10 (surely)."
)
_LONGEST = 300


class Surveys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document. CSAT (1 to 5) is asked after a conversation is settled, NPS (0 to 10) some days later."""

    csat_channels: list[str] = msgspec.field(default_factory=lambda: ["web", "telegram", "email"])
    csat_after_minutes: int = 0
    csat_question: dict[str, str] = {}
    """By language; where there is none, our own words."""
    nps_channels: list[str] = []
    nps_after_days: int = 14
    """Days after the customer's last conversation was settled."""
    nps_every_days: int = 180
    """Nobody is asked again within so many days."""
    nps_question: dict[str, str] = {}
    purpose: str = "surveys"
    """The purpose of consent without which nobody is asked for NPS; empty to ask without."""
    link_days: int = 30
    """How long the link of a question holds."""


def check_surveys(document: Surveys) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them, by path."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


def _faults(document: Surveys) -> Iterator[tuple[str, str]]:
    for name, least, most in (
        ("csat_after_minutes", 0, 10_080),
        ("nps_after_days", 1, 365),
        ("nps_every_days", 30, 3_650),
        ("link_days", 1, 365),
    ):
        if not least <= getattr(document, name) <= most:
            yield name, f"{least} to {most}"
    for name in ("csat_question", "nps_question"):
        for language, text in getattr(document, name).items():
            if language not in LANGUAGES:
                yield f"{name}.{language}", ", ".join(LANGUAGES)
            elif not 0 < len(text.strip()) <= _LONGEST:
                yield f"{name}.{language}", f"1 to {_LONGEST} characters"


SURVEYS = Kind("surveys", Surveys, default=Surveys, check=check_surveys)
