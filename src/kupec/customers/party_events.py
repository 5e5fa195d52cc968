"""What happens to a customer's record, as the log tells it. No personal data: ids, kinds and figures only."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class RoleGiven(Payload, frozen=True, kw_only=True):
    """A person may act for an organisation. Subject "customer:<id>" of the organisation, as of the customer below."""

    name: ClassVar[str] = "role.given"
    person_id: UUID
    role: str


class RoleTaken(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "role.taken"
    person_id: UUID
    role: str


class NoteAdded(Payload, frozen=True, kw_only=True):
    """Somebody of the staff wrote a note. `mentions` are the staff who are to see it."""

    name: ClassVar[str] = "note.added"
    note_id: UUID
    mentions: list[UUID]


class NoteChanged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "note.changed"
    note_id: UUID
    mentions: list[UUID]


class NoteRemoved(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "note.removed"
    note_id: UUID


class NoteSeen(Payload, frozen=True, kw_only=True):
    """Somebody read the notes in which they are mentioned."""

    name: ClassVar[str] = "note.seen"
    count: int


class FileAdded(Payload, frozen=True, kw_only=True):
    """`size` is in bytes."""

    name: ClassVar[str] = "file.added"
    file_id: UUID
    media_type: str
    size: int


class FileRemoved(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "file.removed"
    file_id: UUID


class PartyMerged(Payload, frozen=True, kw_only=True):
    """The absorbed customer is the survivor from now on. Subject: the survivor."""

    name: ClassVar[str] = "party.merged"
    merge_id: UUID
    absorbed_id: UUID
    proof: str
    filled: list[str]


class PartyUnmerged(Payload, frozen=True, kw_only=True):
    """They are two again. `kept` are fields that were changed since, and stay with the survivor."""

    name: ClassVar[str] = "party.unmerged"
    merge_id: UUID
    absorbed_id: UUID
    kept: list[str]


class PartiesDistinct(Payload, frozen=True, kw_only=True):
    """A person decided that these two are not the same."""

    name: ClassVar[str] = "party.distinct"
    other_id: UUID


class RelationAdded(Payload, frozen=True, kw_only=True):
    """`other_id` is a customer, `about` a thing ("product:0193…"); one of the two."""

    name: ClassVar[str] = "relation.added"
    relation_id: UUID
    kind: str
    other_id: UUID | None = None
    about: str | None = None
    source: str


class RelationRemoved(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "relation.removed"
    relation_id: UUID
    kind: str
    other_id: UUID | None = None
    about: str | None = None
