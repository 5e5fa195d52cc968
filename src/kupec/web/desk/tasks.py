"""Tasks: what needs a person, by day; each opens beside the list, is changed there, and closed."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import (
    Party,
    Task,
    TaskChange,
    cancel_task,
    change_task,
    finish_task,
    get_party,
    get_task,
    list_parties,
    open_task,
    pass_task,
    postpone_task,
    put_away,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import subject_history
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.kit.recurrence import runs
from kupec.web.desk.gate import actor_of, safe_target, staff_of
from kupec.web.desk.page import go, in_words, reader_of
from kupec.web.desk.promotion_form import WEEKDAYS
from kupec.web.desk.task_form import (
    PLACES,
    People,
    Typed,
    blank,
    people_of,
    read_task_form,
    shown,
    typed_values,
    zone_of,
)
from kupec.web.desk.task_lists import HERE, back_to_board, board_page
from kupec.web.desk.task_words import REMINDERS, my_reader, my_zone, postponed, task_reasons, task_titles
from kupec.web.desk.timeline import days
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

__all__ = ["task_reasons", "task_titles"]

PERMISSION = "tasks.write"
_MATCHES = 8
_NEXT = 5
Verb = Callable[[Connection, Actor, datetime], Awaitable[Task]]


@get("/tasks", opt={"permission": PERMISSION})
async def tasks(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await board_page(request, db)


@get("/tasks/new", opt={"permission": PERMISSION})
async def new(request: AnyRequest) -> Response[str]:
    asked = query_form(request)
    async with site_of(request).database.reading() as db:
        values = blank(site_of(request).clock.now(), my_zone(request), staff_of(request))
        for field in ("title", "due_day", "due_time"):
            values[field] = asked.text(field) or values[field]
        return await _form_page(request, db, values, customer=await _party(request, db, asked.text("customer")))


@post("/tasks/new", opt={"permission": PERMISSION})
async def make(request: AnyRequest) -> Response[Any]:
    """A new task; or the form again, with customers that were searched for, or with the days it will come on."""
    site, form = site_of(request), await read_form(request)
    async with site.database.reading() as db:
        people = await people_of(db)
        values = typed_values(blank(site.clock.now(), my_zone(request), staff_of(request)), form)
        matches, chosen = list[Party](), await _party(request, db, form.text("customer"))
        try:
            matches, chosen = await _customer(request, db, form, chosen)
            typed = _read(request, form, people)
            if form.text("do") or matches:
                return await _form_page(
                    request, db, values, people=people, matches=matches, customer=chosen, upcoming=_upcoming(typed)
                )
        except InvalidValue as error:
            return await _refused(request, db, error, values, people=people, matches=matches, customer=chosen)
    try:
        async with site.database.transaction() as db:
            task = await _open(db, typed, chosen, actor=actor_of(request), now=site.clock.now())
    except InvalidValue as error:
        async with site.database.reading() as db:
            return await _refused(request, db, error, values, people=people, customer=chosen)
    return back_to_board(request, done=reader_of(request).text(_("The task is planned.")), task_id=task.id)


async def _open(db: Connection, typed: Typed, customer: Party | None, *, actor: Actor, now: datetime) -> Task:
    return await open_task(
        db,
        key=None,
        title=typed.title,
        details={"note": typed.note} if typed.note else {},
        subject=f"customer:{customer.id}" if customer else "desk:tasks",
        customer_id=customer.id if customer else None,
        due_at=typed.due_at,
        actor=actor,
        now=now,
        assignee_id=typed.assignee_id,
        team_id=typed.team_id,
        priority=typed.priority,
        remind_before=typed.remind_before,
        recurrence=typed.recurrence,
        portal=typed.portal,
    )


@get("/tasks/{task_id:uuid}", opt={"permission": PERMISSION})
async def task_record(request: AnyRequest, task_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        task = await get_task(db, task_id, actor=actor_of(request))
        return await _record(request, db, task)


@post("/tasks/{task_id:uuid}", opt={"permission": PERMISSION})
async def change(request: AnyRequest, task_id: FromPath[UUID]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    async with site.database.reading() as db:
        people = await people_of(db)
        task = await get_task(db, task_id, actor=actor_of(request))
        values = typed_values(shown(task, _zone_for(request, task, people)), form)
        try:
            typed = _read(request, form, people, kept=task)
            if form.text("do"):
                return await _record(request, db, task, people=people, values=values, upcoming=_upcoming(typed))
        except InvalidValue as error:
            return await _refused(request, db, error, values, people=people, task=task)
    wanted = TaskChange(
        title=typed.title,
        note=typed.note,
        due_at=typed.due_at,
        priority=typed.priority,
        assignee_id=typed.assignee_id,
        team_id=typed.team_id,
        portal=typed.portal,
        remind_before=typed.remind_before,
        recurrence=typed.recurrence,
    )
    try:
        async with site.database.transaction() as db:
            await change_task(db, task_id, wanted, actor=actor_of(request), now=site.clock.now())
    except InvalidValue as error:
        async with site.database.reading() as db:
            return await _refused(request, db, error, values, people=people, task=task)
    except KupecError as error:
        return back_to_board(request, failed=explain(error, language_of(request)), task_id=task_id)
    return back_to_board(request, done=reader_of(request).text(_("The task is changed.")), task_id=task_id)


@post("/tasks/{task_id:uuid}/finish", opt={"permission": PERMISSION})
async def finish(request: AnyRequest, task_id: FromPath[UUID]) -> Response[Any]:
    site, form, language = site_of(request), await read_form(request), language_of(request)
    try:
        outcome = form.text("outcome", most=300)
        async with site.database.transaction() as db:
            await finish_task(db, task_id, outcome, actor=actor_of(request), now=site.clock.now())
    except InvalidValue as error:
        async with site.database.reading() as db:
            errors = {f"{task_id}.outcome": in_words(error, language)}
            if form.text("at") == "record":
                task = await get_task(db, task_id, actor=actor_of(request))
                return await _record(request, db, task, errors=errors, status=error.status)
            return await board_page(request, db, errors=errors, status=error.status)
    except KupecError as error:
        return back_to_board(request, failed=explain(error, language))
    return back_to_board(request, done=reader_of(request).text(_("The task is done.")))


@post("/tasks/{task_id:uuid}/postpone", opt={"permission": PERMISSION})
async def postpone(request: AnyRequest, task_id: FromPath[UUID]) -> Response[Any]:
    form, reader = await read_form(request), my_reader(request)
    to = "tomorrow" if form.text("to") == "tomorrow" else "week"

    async def act(db: Connection, actor: Actor, now: datetime) -> Task:
        task = await get_task(db, task_id, actor=actor)
        return await postpone_task(db, task_id, postponed(task, to, reader), actor=actor, now=now)

    open_again = task_id if form.text("at") == "record" else None
    return await _act(request, act, _("The task is postponed."), task_id=open_again)


@post("/tasks/{task_id:uuid}/take", opt={"permission": PERMISSION})
async def take(request: AnyRequest, task_id: FromPath[UUID]) -> Response[Any]:
    """It is mine from now on."""
    mine = TaskChange(assignee_id=staff_of(request).id, team_id=None)

    async def act(db: Connection, actor: Actor, now: datetime) -> Task:
        return await change_task(db, task_id, mine, actor=actor, now=now)

    return await _act(request, act, _("The task is yours."), task_id=task_id)


@post("/tasks/{task_id:uuid}/cancel", opt={"permission": PERMISSION})
async def cancel(request: AnyRequest, task_id: FromPath[UUID]) -> Response[Any]:
    async def act(db: Connection, actor: Actor, now: datetime) -> Task:
        return await cancel_task(db, task_id, actor=actor, now=now)

    return await _act(request, act, _("The task is cancelled."))


@post("/tasks/{task_id:uuid}/pass", opt={"permission": PERMISSION})
async def pass_over(request: AnyRequest, task_id: FromPath[UUID]) -> Response[Any]:
    async def act(db: Connection, actor: Actor, now: datetime) -> Task:
        return await pass_task(db, task_id, actor=actor, now=now)

    return await _act(request, act, _("Passed over this time; the next one is planned."))


@post("/tasks/seen", opt={"permission": PERMISSION})
async def seen(request: AnyRequest) -> Response[Any]:
    """Put away what one was reminded of."""
    site, form = site_of(request), await read_form(request)
    ids = [found for text in form.all("task")[:100] if (found := _uuid(text)) is not None]
    async with site.database.transaction() as db:
        await put_away(db, ids, actor=actor_of(request), now=site.clock.now())
    return go(request, safe_target(form.text("back", most=2000) or HERE))


async def _act(request: AnyRequest, verb: Verb, message: str, *, task_id: UUID | None = None) -> Response[Any]:
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await verb(db, actor_of(request), site.clock.now())
    except KupecError as error:
        return back_to_board(request, failed=explain(error, language_of(request)))
    return back_to_board(request, done=reader_of(request).text(message), task_id=task_id)


def _read(request: AnyRequest, form: Form, people: People, *, kept: Task | None = None) -> Typed:
    settings = site_of(request).settings
    zone = zone_of(form, people, my_zone(request), settings.shop_timezone)
    return read_task_form(form, people, zone=zone, country=settings.shop_country, kept=kept)


def _zone_for(request: AnyRequest, task: Task, people: People) -> ZoneInfo:
    """By whose clock a task's fields are shown: theirs who does it."""
    named = Form([("assignee", f"staff:{task.assignee_id}")] if task.assignee_id else [])
    return zone_of(named, people, my_zone(request), site_of(request).settings.shop_timezone)


async def _customer(
    request: AnyRequest, db: Connection, form: Form, chosen: Party | None
) -> tuple[list[Party], Party | None]:
    """Customers that were searched for and, when one is chosen or only one fits, that one. Raises InvalidValue."""
    query = form.text("who")
    if not query or not actor_of(request).may("customers.read") or (chosen and form.text("do") != "find"):
        return [], chosen
    found = await list_parties(db, query, limit=_MATCHES)
    if not found:
        raise InvalidValue(field="who", expected=_("part of a name, or the beginning of an e-mail or a phone number"))
    return ([], found[0]) if len(found) == 1 else (found, chosen)


async def _party(request: AnyRequest, db: Connection, text: str) -> Party | None:
    party_id = _uuid(text)
    if party_id is None or not actor_of(request).may("customers.read"):
        return None
    try:
        return await get_party(db, party_id)
    except NotFound:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _upcoming(typed: Typed) -> list[datetime]:
    return [run.at for run in runs(typed.recurrence, limit=_NEXT)] if typed.recurrence else []


async def _form_page(
    request: AnyRequest,
    db: Connection,
    values: dict[str, Any],
    *,
    people: People | None = None,
    customer: Party | None = None,
    matches: list[Party] | None = None,
    upcoming: list[datetime] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    return await board_page(
        request,
        db,
        opened="new",
        people=people,
        errors=errors,
        status=status,
        values=values,
        customer=customer,
        matches=matches or [],
        upcoming=upcoming or [],
        **_offered(),
    )


def _offered() -> dict[str, Any]:
    return {"weekdays": WEEKDAYS, "reminders_offered": REMINDERS}


async def _record(
    request: AnyRequest,
    db: Connection,
    task: Task,
    *,
    people: People | None = None,
    values: dict[str, Any] | None = None,
    upcoming: list[datetime] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    known, reader = people or await people_of(db), my_reader(request)
    history = [
        event
        for event in await subject_history(db, task.subject)
        if event.name.startswith("task.") and event.payload.get("task_id") == str(task.id)
    ]
    coming = upcoming if upcoming is not None else []
    if upcoming is None and task.recurrence is not None and task.done_at is None:
        coming = [run.at for run in runs(task.recurrence, after=task.planned_at, limit=_NEXT)]
    return await board_page(
        request,
        db,
        opened="task",
        people=known,
        shown=task,
        errors=errors,
        status=status,
        values=values or shown(task, _zone_for(request, task, known)),
        editing=values is not None,
        upcoming=coming,
        past=await days(db, history, reader, here=task.subject),
        **_offered(),
    )


async def _refused(
    request: AnyRequest,
    db: Connection,
    error: InvalidValue,
    values: dict[str, Any],
    *,
    people: People,
    task: Task | None = None,
    **context: Any,
) -> Response[str]:
    """The form again, with what is wrong beside its field."""
    field = PLACES.get(error.field or "", error.field or "title")
    errors = {f"task.{field}": in_words(error, language_of(request))}
    if task is not None:
        return await _record(
            request, db, task, people=people, values=values, upcoming=[], errors=errors, status=error.status
        )
    return await _form_page(request, db, values, people=people, errors=errors, status=error.status, **context)


routes = (tasks, new, make, task_record, change, finish, postpone, take, cancel, pass_over, seen)
"""Everything below /desk/tasks but teams and calendars."""
