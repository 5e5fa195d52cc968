"""What an interaction is: a call, a visit at the counter, a meeting, a letter. Types and pure rules, no database."""

import re
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal, get_args
from uuid import UUID

import msgspec

from kupec.customers.contacts import normalise_email, normalise_phone
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Payload

InteractionKind = Literal["call", "visit", "meeting", "mail", "message", "chat"]
Direction = Literal["in", "out"]

INTERACTION_KINDS: Final[tuple[InteractionKind, ...]] = get_args(InteractionKind)
COUNTER: Final = "counter"
LONGEST_INTERACTION: Final = 20_000
LONGEST_OUTCOME: Final = 300
_CHANNELS: Final[dict[str, str]] = {
    "call": "phone",
    "visit": COUNTER,
    "meeting": "meeting",
    "mail": "email",
    "message": "message",
    "chat": "chat",
}
_CODE = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,39}")
_LONGEST_KEY: Final = 200
_LONGEST_CALL: Final = 7 * 86_400
_CLOCKS_DIFFER: Final = timedelta(minutes=5)


class NewInteraction(msgspec.Struct, frozen=True, kw_only=True):
    """What happened with whom: with `party_id`, with whom `phone` or `email` belongs to, or with nobody known yet."""

    kind: InteractionKind
    happened_at: datetime
    """Aware, and not in the future."""
    direction: Direction | None = None
    """in: the customer came to us."""
    channel: str = ""
    """A code; empty: the usual one of the kind (phone, counter, meeting, email, message, chat)."""
    duration_seconds: int | None = None
    text: str = ""
    outcome: str = ""
    party_id: UUID | None = None
    phone: str = ""
    email: str = ""
    country: str = ""
    """Where a phone number without a country code was dialled (ISO 3166)."""
    staff_id: UUID | None = None
    """Who of the staff spoke. None: the actor, if they are of the staff."""
    source: str = "desk"
    """The system it comes from: one `external_id` of a source is one interaction for ever."""
    external_id: str | None = None


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction as it stands. `by` is "kind:id"; a removed one has no text any more."""

    id: UUID
    party_id: UUID | None
    kind: InteractionKind
    direction: Direction | None
    channel: str
    happened_at: datetime
    duration_seconds: int | None
    text: str
    outcome: str
    contact: str | None
    by: str
    source: str
    external_id: str | None
    created_at: datetime
    changed_at: datetime | None
    removed_at: datetime | None


class InteractionLogged(Payload, frozen=True, kw_only=True):
    """A call, a visit, a meeting or a letter, at the moment it took place. Subject "interaction:<id>"."""

    name: ClassVar[str] = "interaction.logged"

    interaction_id: UUID
    kind: InteractionKind
    direction: Direction | None
    seconds: int | None


class InteractionAssigned(Payload, frozen=True, kw_only=True):
    """Somebody who was unknown became known, and with them what had been logged. Subject "interaction:<id>"."""

    name: ClassVar[str] = "interaction.assigned"

    interaction_id: UUID
    kind: InteractionKind
    direction: Direction | None
    seconds: int | None


class InteractionChanged(Payload, frozen=True, kw_only=True):
    """What was written down was corrected; how it read before is kept. Subject "interaction:<id>"."""

    name: ClassVar[str] = "interaction.changed"

    interaction_id: UUID
    fields: list[str]


class InteractionRemoved(Payload, frozen=True, kw_only=True):
    """What was written down was taken away, with all its former wordings. Subject "interaction:<id>"."""

    name: ClassVar[str] = "interaction.removed"

    interaction_id: UUID


def channel_of(new: NewInteraction) -> str:
    return new.channel or _CHANNELS[new.kind]


def contact_of(new: NewInteraction) -> tuple[str, str] | None:
    """The kind and normalised value of the contact point it names. Raises InvalidValue with `phone` or `email`."""
    if new.phone.strip():
        return "phone", normalise_phone(new.phone, new.country)
    if new.email.strip():
        return "email", normalise_email(new.email)
    return None


def check_interaction(new: NewInteraction, now: datetime) -> None:
    """Raises InvalidValue naming the field."""
    rules: tuple[tuple[str, bool, str], ...] = (
        (
            "happened_at",
            new.happened_at.tzinfo is not None and new.happened_at <= now + _CLOCKS_DIFFER,
            "a moment in the past, with its time zone known",
        ),
        (
            "duration_seconds",
            new.duration_seconds is None or 0 <= new.duration_seconds <= _LONGEST_CALL,
            "seconds, from 0 to a week",
        ),
        ("text", plain(new.text, LONGEST_INTERACTION), f"at most {LONGEST_INTERACTION} characters"),
        ("outcome", plain(new.outcome, LONGEST_OUTCOME), f"at most {LONGEST_OUTCOME} characters"),
        ("channel", not new.channel or bool(_CODE.fullmatch(new.channel)), "a code such as phone"),
        ("source", bool(_CODE.fullmatch(new.source)), "a code such as exchange"),
        (
            "external_id",
            new.external_id is None or (bool(new.external_id) and plain(new.external_id, _LONGEST_KEY)),
            f"1 to {_LONGEST_KEY} characters",
        ),
    )
    for field, is_right, expected in rules:
        if not is_right:
            raise InvalidValue(field=field, expected=expected)


def plain(text: Any, most: int) -> bool:
    """Whether the database can hold it."""
    return isinstance(text, str) and len(text) <= most and "\0" not in text
