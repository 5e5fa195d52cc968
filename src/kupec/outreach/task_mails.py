"""Mails about tasks: to whoever on the desk is to be reminded, and to the customer who is asked for something."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from kupec.customers import Task, get_tasks, list_teams, parties_by_ids, title_in
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber
from kupec.outreach.letters import Sender
from kupec.outreach.messages import Message, send_messages
from kupec.staff import Staff, list_staff

_REASONS = {"task.reminded": "event:task.reminded", "task.opened": "event:task.opened"}


def task_subscriber(sender: Sender, *, timezone: str) -> Subscriber:
    """Writes who is reminded of a task, and the customer of whom one asks something. `timezone` is the shop's."""
    return Subscriber(
        name="outreach.tasks",
        events=tuple(_REASONS),
        handle=partial(write_task_mails, sender=sender, timezone=timezone),
        start="now",
        rest=0.5,
    )


async def write_task_mails(db: Connection, events: Sequence[Event], *, sender: Sender, timezone: str) -> None:
    """One mail for each reminder and each person reminded; one for each task that a customer is asked."""
    tasks = await get_tasks(db, [UUID(event.payload["task_id"]) for event in events])
    wanted = [(event, task) for event in events if (task := tasks.get(UUID(event.payload["task_id"]))) is not None]
    reminded = [(event, task) for event, task in wanted if event.name == "task.reminded" and task.done_at is None]
    asked = [task for event, task in wanted if event.name == "task.opened" and task.portal]
    messages = [_asking(task) for task in asked]
    if reminded:
        people = {one.id: one for one in await list_staff(db) if one.active}
        teams = {team.id: team.members for team in await list_teams(db)}
        names = await _names(db, [task for _event, task in reminded])
        for event, task in reminded:
            members = [task.assignee_id] if task.assignee_id else teams.get(task.team_id, []) if task.team_id else []
            messages += [
                _reminder(event, task, people[one], names, sender, timezone) for one in members if one in people
            ]
    if messages:
        await send_messages(db, messages, now=events[-1].occurred_at, sender=sender)


async def _names(db: Connection, tasks: Sequence[Task]) -> Mapping[UUID, str]:
    parties = await parties_by_ids(db, sorted({task.customer_id for task in tasks if task.customer_id}))
    return {party_id: party.name or party.email or "" for party_id, party in parties.items()}


def _reminder(
    event: Event, task: Task, person: Staff, names: Mapping[UUID, str], sender: Sender, timezone: str
) -> Message:
    may_read = person.actor.may("customers.read")
    return Message(
        template="task_reminder",
        party_id=None,
        about=f"reminder:{event.id}:{person.id}",
        reason=_REASONS["task.reminded"],
        values={
            "title": title_in(task, person.language),
            "due": _moment(task, person, timezone),
            "customer": names.get(task.customer_id, "") if task.customer_id and may_read else "",
            "link:task": f"{sender.base_url}/desk/tasks/{task.id}",
        },
        to=person.email,
        language=person.language,
        # It names the customer, so that it is found when they are to be forgotten.
        history=f"customer:{task.customer_id}" if task.customer_id else task.subject,
    )


def _moment(task: Task, person: Staff, timezone: str) -> str:
    """The due time by the clock of whoever reads it."""
    zone = ZoneInfo(person.zone or timezone)
    return format_datetime(
        task.due_at, "d. M. y H:mm" if person.language == "cs" else "d MMM y HH:mm", zone, person.language
    )


def _asking(task: Task) -> Message:
    return Message(
        template="task_asked",
        party_id=task.customer_id,
        about=f"task:{task.id}",
        reason=_REASONS["task.opened"],
        values={"title": task.title, "due": task.due_at, "link:task": "/my"},
        history=task.subject,
    )
