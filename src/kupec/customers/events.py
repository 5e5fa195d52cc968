"""What happens to customers and tasks, as the log tells it. No personal data: ids and figures only."""

from typing import ClassVar, Literal
from uuid import UUID

from kupec.kit.events import Payload

PartyKind = Literal["person", "organisation"]


class CustomerCreated(Payload, frozen=True, kw_only=True):
    """A party became known. Subject "customer:<id>"."""

    name: ClassVar[str] = "customer.created"

    kind: PartyKind
    language: str


class CustomerChanged(Payload, frozen=True, kw_only=True):
    """Fields of a party were changed; which, but not what they say. Subject "customer:<id>"."""

    name: ClassVar[str] = "customer.changed"

    fields: list[str]


class TaskOpened(Payload, frozen=True, kw_only=True):
    """Somebody on the desk has something to do. Subject: what the task is about."""

    name: ClassVar[str] = "task.opened"

    task_id: UUID
    key: str | None


class TaskDone(Payload, frozen=True, kw_only=True):
    """A task was finished, with the outcome chosen. Subject: what the task was about."""

    name: ClassVar[str] = "task.done"

    task_id: UUID
    key: str | None
    outcome: str
