"""What happens in conversations. Never what was said: ids and figures only. The subject is "conversation:<id>"."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class InboxAdded(Payload, frozen=True, kw_only=True):
    """Subject "inbox:<id>"."""

    name: ClassVar[str] = "inbox.added"
    channel: str


class InboxChanged(Payload, frozen=True, kw_only=True):
    """Which fields; never what they say. Subject "inbox:<id>"."""

    name: ClassVar[str] = "inbox.changed"
    fields: list[str]


class ConversationStarted(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.started"
    inbox_id: UUID


class MessageReceived(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "message.received"
    message_id: UUID
    number: int
    leg_id: UUID | None


class MessageWritten(Payload, frozen=True, kw_only=True):
    """By the bot or by a person, to be sent."""

    name: ClassVar[str] = "message.written"
    message_id: UUID
    number: int
    leg_id: UUID | None
    by: str


class MessageMoved(Payload, frozen=True, kw_only=True):
    """Its delivery went on: sent, delivered, read, failed, withdrawn."""

    name: ClassVar[str] = "message.moved"
    message_id: UUID
    state: str


class NoteWritten(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.noted"
    message_id: UUID


class HandedOver(Payload, frozen=True, kw_only=True):
    """From the bot to people, and why."""

    name: ClassVar[str] = "conversation.handed_over"
    reason: str


class TakenOver(Payload, frozen=True, kw_only=True):
    """A person speaks from now on."""

    name: ClassVar[str] = "conversation.taken_over"
    staff_id: UUID


class HandedBack(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.handed_back"


class Assigned(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.assigned"
    staff_id: UUID | None
    team_id: UUID | None
    how: str
    """"hand", "routing"."""


class Snoozed(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.snoozed"
    until: str


class Resolved(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.resolved"


class Reopened(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.reopened"


class Merged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.merged"
    into: UUID


class Split(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.split"
    new_id: UUID


class Overdue(Payload, frozen=True, kw_only=True):
    """It waits longer for a person than it should."""

    name: ClassVar[str] = "conversation.overdue"
    level: int


class Rated(Payload, frozen=True, kw_only=True):
    """CSAT (1–5) or NPS (0–10)."""

    name: ClassVar[str] = "survey.answered"
    survey: str
    score: int


class Woken(Payload, frozen=True, kw_only=True):
    """What was put off is there again."""

    name: ClassVar[str] = "conversation.woken"


class MergeUndone(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "conversation.merge_undone"
    source_id: UUID


class NoteMentioned(Payload, frozen=True, kw_only=True):
    """Somebody of the staff is called to a private note."""

    name: ClassVar[str] = "conversation.mentioned"
    message_id: UUID
    staff_ids: list[UUID]


class AvailabilityChanged(Payload, frozen=True, kw_only=True):
    """Subject "staff:<id>"."""

    name: ClassVar[str] = "availability.changed"
    state: str


class SurveyAsked(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "survey.asked"
    survey: str
    survey_id: UUID


class CannedChanged(Payload, frozen=True, kw_only=True):
    """Written, written anew, or removed. Subject "canned_reply:<id>"."""

    name: ClassVar[str] = "canned_reply.changed"
    removed: bool = False


class PlaybookChanged(Payload, frozen=True, kw_only=True):
    """Written, written anew, or removed. Subject "playbook:<id>"."""

    name: ClassVar[str] = "playbook.changed"
    removed: bool = False


class PracticeFinished(Payload, frozen=True, kw_only=True):
    """How many of the points of a good answer were met. Subject "playbook:<id>"."""

    name: ClassVar[str] = "practice.finished"
    practice_id: UUID
    hit: int
    points: int


class Emptied(Payload, frozen=True, kw_only=True):
    """Its words are gone, since the time for which they are kept is over; that there was one stays."""

    name: ClassVar[str] = "conversation.emptied"
