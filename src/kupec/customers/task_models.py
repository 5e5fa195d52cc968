"""What a task is, and what may be said of one before it is opened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.money import Money, display
from kupec.kit.recurrence import Recurrence, check

Priority = Literal["low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")
Ended = Literal["done", "cancelled", "passed"]
LONGEST_TITLE = 200
LONGEST_OUTCOME = 300
LONGEST_ANSWER = 2000
MOST_REMINDERS = 5
LONGEST_BEFORE = 60 * 24 * 60
"""Minutes: sixty days."""

COLUMNS = (
    "id, key, title, details, subject, customer_id, due_at, created_at, done_at, outcome, priority, assignee_id, "
    "team_id, portal, answer, remind_before, opened_by, closed_by, ended, recurrence, series_id, number, planned_at"
)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person has to do about `subject` ("order:0193…"). `done_at` is when it was closed, `ended` how.

    A task belongs to a person of the staff or to a team, or to nobody yet. One with `portal` is asked of the customer.
    """

    id: UUID
    key: str | None
    title: str
    details: dict[str, Any]
    subject: str
    customer_id: UUID | None
    due_at: datetime
    created_at: datetime
    done_at: datetime | None
    outcome: str | None
    priority: Priority = "normal"
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    portal: bool = False
    answer: str | None = None
    remind_before: list[int] = []
    """Minutes before `due_at`."""
    opened_by: str = ""
    closed_by: str | None = None
    ended: Ended | None = None
    recurrence: Recurrence | None = None
    series_id: UUID | None = None
    number: int | None = None
    """Which run of the recurrence this is, counted from 1."""
    planned_at: datetime | None = None
    """When the recurrence has it; `due_at` may have been moved since."""


def read_task(row: asyncpg.Record | dict[str, Any]) -> Task:
    """A task from a row of COLUMNS."""
    values = dict(row)
    if values["recurrence"] is not None:
        values["recurrence"] = msgspec.convert(values["recurrence"], Recurrence)
    return Task(**values)


def title_in(task: Task, language: str) -> str:
    """What a task says: its msgid in that language, filled from its details; or what somebody typed, as it is."""
    values: dict[str, Any] = dict(task.details)
    if isinstance(values.get("amount"), int) and "currency" in values:
        values["amount"] = display(Money(values["amount"], values["currency"]), language)
    try:
        return translate(language, task.title).format_map(values)
    except (KeyError, ValueError, IndexError, AttributeError):
        return task.title


def check_task(
    *,
    title: str,
    priority: str,
    assignee_id: UUID | None,
    team_id: UUID | None,
    customer_id: UUID | None,
    portal: bool,
    remind_before: Sequence[int],
    recurrence: Recurrence | None,
) -> None:
    """Raises InvalidValue naming the field."""
    if not 0 < len(title.strip()) <= LONGEST_TITLE:
        raise InvalidValue(field="title", expected=_("what is to be done, in at most 200 characters"))
    if priority not in PRIORITIES:
        raise InvalidValue(field="priority", expected=", ".join(PRIORITIES))
    if assignee_id is not None and team_id is not None:
        raise InvalidValue(field="assignee", expected=_("a person or a team, not both"))
    if portal and customer_id is None:
        raise InvalidValue(field="customer", expected=_("the customer who is asked"))
    if len(remind_before) > MOST_REMINDERS or any(not 0 <= minutes <= LONGEST_BEFORE for minutes in remind_before):
        raise InvalidValue(field="remind_before", expected=_("at most five reminders, none earlier than sixty days"))
    if recurrence is not None:
        _check_recurrence(recurrence)


def _check_recurrence(rule: Recurrence) -> None:
    try:
        check(rule)
    except InvalidValue as error:
        raise InvalidValue(field=f"recurrence.{error.field}", expected=error.details["expected"]) from error
