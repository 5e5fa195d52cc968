"""Settings, Staff: who works here, in which role, and what guards their accounts. And the access log."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.staff import (
    KINDS,
    ROLES,
    AccessEntry,
    Role,
    access_entries,
    deactivate,
    invite,
    list_staff,
    new_invitation,
    reactivate,
    require_two_factor,
    reset_second_factor,
    set_role,
    staff_members,
    two_factor_required,
)
from kupec.web.desk.account import method_in_words
from kupec.web.desk.gate import SIGN_IN, actor_of, staff_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.reader import Reader
from kupec.web.desk.timeline import subject_page
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

HERE = "/desk/settings/staff"
PAGE = 100
_READ = {"permission": "staff.write"}
_WRITE = {"permission": "staff.write", "confirmed": HERE}

Work = Callable[[Connection, Actor, datetime], Awaitable[None]]

WHAT = {
    "signed_in": _("signed in"),
    "signed_out": _("signed out"),
    "refused": _("was refused"),
    "viewed": _("opened"),
}
RECORDS = {"order": _("order"), "customer": _("customer"), "mail": _("mail")}


@get("/settings/staff", opt=_READ)
async def people(request: AnyRequest) -> Response[str]:
    return await _people_page(request)


@post("/settings/staff", opt=_WRITE)
async def take_on(request: AnyRequest) -> Response[Any]:
    """Somebody new: their link is shown once, to be sent to them."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            person, token = await invite(
                db,
                email=form.text("email", most=320),
                name=form.text("name", most=1000),
                role=cast(Role, form.text("role")),
                language=form.text("language"),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        errors = {f"staff.{error.field or 'email'}": in_words(error, language_of(request))}
        return await _people_page(request, errors=errors, status=error.status, values=form)
    return await _people_page(request, link=(person.name, f"{site.settings.base_url}{SIGN_IN}/invitation/{token}"))


@post("/settings/staff/{staff_id:uuid}/link", opt=_WRITE)
async def link_again(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    async with site.database.transaction() as db:
        token = await new_invitation(db, staff_id, actor=actor_of(request), now=site.clock.now())
        name = next(person.name for person in await list_staff(db) if person.id == staff_id)
    return await _people_page(request, link=(name, f"{site.settings.base_url}{SIGN_IN}/invitation/{token}"))


@post("/settings/staff/{staff_id:uuid}/role", opt=_WRITE)
async def give_role(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[Any]:
    form = await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await set_role(db, staff_id, cast(Role, form.text("role")), actor=actor, now=now)

    return await _changed(request, work, _("The role is changed."))


@post("/settings/staff/{staff_id:uuid}/deactivate", opt=_WRITE)
async def let_go(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await deactivate(db, staff_id, actor=actor, now=now)

    return await _changed(request, work, _("They can no longer sign in, and were signed out everywhere."))


@post("/settings/staff/{staff_id:uuid}/reactivate", opt=_WRITE)
async def let_back(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await reactivate(db, staff_id, actor=actor, now=now)

    return await _changed(request, work, _("They can sign in again."))


@post("/settings/staff/{staff_id:uuid}/reset", opt=_WRITE)
async def reset(request: AnyRequest, staff_id: FromPath[UUID]) -> Response[Any]:
    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await reset_second_factor(db, staff_id, actor=actor, now=now)

    return await _changed(request, work, _("Their second step is removed. They sign in with the password alone."))


@post("/settings/staff/rules", opt=_WRITE)
async def rules(request: AnyRequest) -> Response[Any]:
    required = "required" in await read_form(request)

    async def work(db: Connection, actor: Actor, now: datetime) -> None:
        await require_two_factor(db, required, actor=actor, now=now)

    said = _("From now on everybody needs a second step.") if required else _("A second step is everybody's choice.")
    return await _changed(request, work, said)


async def _changed(request: AnyRequest, work: Work, message: str) -> Response[Any]:
    site, reader = site_of(request), reader_of(request)
    try:
        async with site.database.transaction() as db:
            await work(db, actor_of(request), site.clock.now())
    except KupecError as error:
        return go(request, HERE, failed=in_words(error, reader.language))
    return go(request, HERE, done=reader.text(message))


async def _people_page(
    request: AnyRequest,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
    values: Form | None = None,
    link: tuple[str, str] | None = None,
) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/staff.html",
            section="staff",
            status=status,
            people=await staff_members(db, actor=actor_of(request), now=site.clock.now()),
            required=await two_factor_required(db),
            roles=ROLES,
            languages_here=LANGUAGES,
            errors=errors or {},
            typed=typed(values),
            link=link,
            mine=staff_of(request).id,
        )


@get("/settings/access", opt=_READ)
async def access(request: AnyRequest) -> Response[str]:
    """Who came, who was refused, who looked at whose record."""
    site, form, reader = site_of(request), query_form(request), reader_of(request)
    wanted = {name: form.text(name) for name in ("person", "kind", "since", "until")}
    since, until = _day(wanted["since"]), _day(wanted["until"])
    before = form.text("before")
    async with site.database.reading() as db:
        people = await list_staff(db)
        person = next((one.id for one in people if str(one.id) == wanted["person"]), None)
        rows = await access_entries(
            db,
            actor=actor_of(request),
            staff_id=person,
            kind=wanted["kind"] if wanted["kind"] in KINDS else None,
            since=_midnight(since, reader) if since else None,
            until=_midnight(until + timedelta(days=1), reader) if until else None,
            before=int(before) if before.isdecimal() and before.isascii() and len(before) < 19 else None,
            limit=PAGE + 1,
        )
        return await desk_page(
            request,
            db,
            "desk/access.html",
            section="staff",
            rows=[(row, *_line(row, reader)) for row in rows[:PAGE]],
            older=rows[PAGE - 1].id if len(rows) > PAGE else None,
            before=before,
            people=people,
            names={one.id: one.name for one in people},
            wanted=wanted,
            kinds=WHAT,
        )


def _line(entry: AccessEntry, reader: Reader) -> tuple[str, str | None]:
    """What was done, and where it leads."""
    if entry.subject:
        kind = entry.subject.partition(":")[0]
        what = f"{reader.text(WHAT['viewed'])}: {reader.text(RECORDS.get(kind, kind))}"
        mail = f"/desk/outbox/{entry.subject[5:]}" if kind == "mail" else None
        return what, mail or subject_page(entry.subject)
    how = f" ({method_in_words(entry.method, reader)})" if entry.method else ""
    return reader.text(WHAT.get(entry.kind, entry.kind)) + how, None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def _midnight(day: date, reader: Reader) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=reader.zone)
