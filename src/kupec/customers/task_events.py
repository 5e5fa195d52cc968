"""What happens to tasks, as the log tells it. Subject: what the task is about."""

from typing import ClassVar
from uuid import UUID

from kupec.kit.events import Payload


class TaskChanged(Payload, frozen=True, kw_only=True):
    """Something about a task is different: which fields, and of those that are ids, figures or moments, from what
    to what. Words are not told."""

    name: ClassVar[str] = "task.changed"

    task_id: UUID
    key: str | None
    changed: list[str]
    was: dict[str, str | None]
    became: dict[str, str | None]


class TaskCancelled(Payload, frozen=True, kw_only=True):
    """A task is not to be done any more; `passed`: only this time, the next one stands."""

    name: ClassVar[str] = "task.cancelled"

    task_id: UUID
    key: str | None
    passed: bool


class TaskReminded(Payload, frozen=True, kw_only=True):
    """A task is due in so many minutes, and somebody wanted to be told."""

    name: ClassVar[str] = "task.reminded"

    task_id: UUID
    minutes: int
    assignee_id: UUID | None
    team_id: UUID | None


class TeamChanged(Payload, frozen=True, kw_only=True):
    """A team was made, or other people belong to it. Subject "team:<id>"."""

    name: ClassVar[str] = "team.changed"

    members: int


class TeamRemoved(Payload, frozen=True, kw_only=True):
    """A team is no more; its open tasks belong to nobody. Subject "team:<id>"."""

    name: ClassVar[str] = "team.removed"
