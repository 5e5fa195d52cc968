"""Writing down a talk with a customer, correcting it, and who calls."""

from datetime import datetime, time, timedelta
from typing import Any, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.customers import (
    Direction,
    Interaction,
    InteractionKind,
    NewInteraction,
    NewParty,
    change_interaction,
    claim_interactions,
    create_party,
    get_interaction,
    get_party,
    log_interaction,
    members_of,
    normalise_email,
    normalise_phone,
    open_task,
    party_of_contact,
    remove_interaction,
    unclaimed_interactions,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.web.desk.customer import beside, done, not_done
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.timeline import authors
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

REMIND_AT = time(9)


@post("/customers/{customer_id:uuid}/interactions", opt={"permission": "customers.write"})
async def log(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    """Write down a talk; where a day to be reminded is given, a task for whoever writes, in the same transaction."""
    site, form = site_of(request), await read_form(request)
    now = site.clock.now()
    try:
        new = _talk(form, customer_id, reader_of(request).zone, now)
        remind = _day(form, reader_of(request).zone, now)
        async with site.database.transaction() as db:
            made = await log_interaction(db, new, actor=actor_of(request), now=now)
            if remind is not None:
                await _remind(db, request, made, remind, now)
    except KupecError as error:
        return await beside(request, customer_id, "story", error, form, place="talk")
    return done(request, customer_id, "story", _("It is written down."))


def _talk(form: Form, customer_id: UUID, zone: ZoneInfo, now: datetime) -> NewInteraction:
    kind, _separator, direction = form.text("kind").partition(":")
    if kind not in get_args(InteractionKind) or direction not in ("", *get_args(Direction)):
        raise InvalidValue(field="kind", expected="one of the kinds")
    minutes = form.whole("minutes", least=0, most=1440, default=-1)
    return NewInteraction(
        kind=msgspec.convert(kind, InteractionKind),
        direction=msgspec.convert(direction or None, Direction | None),
        happened_at=_moment(form, zone, now),
        duration_seconds=minutes * 60 if minutes >= 0 else None,
        text=form.prose("text", most=20_000),
        outcome=form.text("outcome", most=300),
        party_id=customer_id,
    )


def _moment(form: Form, zone: ZoneInfo, now: datetime) -> datetime:
    text = form.text("when")
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone) if text else now
    except ValueError:
        moment = None
    if moment is None or moment > now:
        raise InvalidValue(field="when", expected=_("a moment that has been"))
    return moment


def _day(form: Form, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The morning of the day on which somebody wants to be reminded; of today, an hour from now."""
    text = form.text("remind")
    if not text:
        return None
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        raise InvalidValue(field="remind", expected=_("a day from today on")) from None
    if not now.astimezone(zone).date() <= day <= now.astimezone(zone).date() + timedelta(days=3660):
        raise InvalidValue(field="remind", expected=_("a day from today on"))
    return max(datetime.combine(day, REMIND_AT, zone), now + timedelta(hours=1))


async def _remind(db: Connection, request: AnyRequest, made: Interaction, due_at: datetime, now: datetime) -> None:
    party = await get_party(db, made.party_id) if made.party_id else None
    await open_task(
        db,
        key=f"follow-up:{made.id}",
        title=_("Follow up with {customer}"),
        details={"customer": party.name if party else ""},
        subject=f"customer:{made.party_id}",
        customer_id=made.party_id,
        due_at=due_at,
        actor=actor_of(request),
        now=now,
        assignee_id=staff_of(request).id,
        remind_before=[0],
    )


# --- corrections -------------------------------------------------------------------------------------


@get("/customers/{customer_id:uuid}/interactions/{interaction_id:uuid}", opt={"permission": "customers.write"})
async def talk(request: AnyRequest, customer_id: FromPath[UUID], interaction_id: FromPath[UUID]) -> Response[str]:
    """What was written down, to be corrected or removed, with how it read before."""
    return await _page(request, customer_id, interaction_id, {}, None)


@post("/customers/{customer_id:uuid}/interactions/{interaction_id:uuid}", opt={"permission": "customers.write"})
async def correct(request: AnyRequest, customer_id: FromPath[UUID], interaction_id: FromPath[UUID]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        minutes = form.whole("minutes", least=0, most=10_080, default=-1)
        async with site.database.transaction() as db:
            one = await _of(db, customer_id, interaction_id)
            seconds = one.duration_seconds
            if minutes != _minutes(one):
                seconds = minutes * 60 if minutes >= 0 else None
            await change_interaction(
                db,
                interaction_id,
                text=form.prose("text", most=20_000),
                outcome=form.text("outcome", most=300),
                duration_seconds=seconds,
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except InvalidValue as error:
        errors = {f"talk.{error.field}": in_words(error, language_of(request))}
        return await _page(request, customer_id, interaction_id, errors, form, error.status)
    except KupecError as error:
        return not_done(request, customer_id, "story", error)
    return done(request, customer_id, "story", _("It is corrected."))


@post("/customers/{customer_id:uuid}/interactions/{interaction_id:uuid}/remove", opt={"permission": "customers.write"})
async def remove(request: AnyRequest, customer_id: FromPath[UUID], interaction_id: FromPath[UUID]) -> Response[Any]:
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await _of(db, customer_id, interaction_id)
            await remove_interaction(db, interaction_id, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return not_done(request, customer_id, "story", error)
    return done(request, customer_id, "story", _("The record is removed."))


async def _of(db: Connection, customer_id: UUID, interaction_id: UUID) -> Interaction:
    """Raises NotFound unless it is this customer's and still there."""
    one = await get_interaction(db, interaction_id)
    if one.party_id not in await members_of(db, customer_id) or one.removed_at is not None:
        raise NotFound(what="interaction")
    return one


def _minutes(one: Interaction) -> int:
    return -1 if one.duration_seconds is None else round(one.duration_seconds / 60)


async def _page(
    request: AnyRequest,
    customer_id: UUID,
    interaction_id: UUID,
    errors: dict[str, str],
    form: Form | None,
    status: int = 200,
) -> Response[str]:
    async with site_of(request).database.reading() as db:
        one = await _of(db, customer_id, interaction_id)
        edits = await db.fetch(
            "select * from interaction_edit where interaction_id = $1 order by edited_at desc", interaction_id
        )
        return await desk_page(
            request,
            db,
            "desk/talk.html",
            section="customers",
            status=status,
            party=await get_party(db, customer_id),
            one=one,
            minutes="" if _minutes(one) < 0 else _minutes(one),
            edits=edits,
            by=await authors(db, [one.by, *(row["actor"] for row in edits)], reader_of(request)),
            errors=errors,
            typed=typed(form),
        )


# --- who calls ---------------------------------------------------------------------------------------


@get("/call", opt={"permission": "customers.read"})
async def call(request: AnyRequest) -> Response[Any]:
    """For a phone exchange to open when it rings: the customer with this number or address, or who it might be."""
    typed_number = query_form(request).text("number", most=10_000)[:100]
    try:
        contact = _contact(request, typed_number) if typed_number else ""
    except InvalidValue:
        contact = ""
    async with site_of(request).database.reading() as db:
        found = await party_of_contact(db, contact) if contact else None
        if found is not None:
            return Redirect(f"/desk/customers/{found}?log=call%3Ain#log", status_code=303, headers=_UNKEPT)
        return await _caller(request, db, typed_number, contact, {}, None)


@post("/call", opt={"permission": "customers.write"})
async def known(request: AnyRequest) -> Response[Any]:
    """Make a customer of who calls; what came from that number before comes along."""
    site, form = site_of(request), await read_form(request)
    number = form.text("number", most=100)
    try:
        contact = _contact(request, number)
        name = form.text("name")
        if not name:
            raise InvalidValue(field="name", expected=_("a name"))
        language = form.text("language")
        new = NewParty(
            kind="organisation" if form.text("kind") == "organisation" else "person",
            name=name,
            language=language if language in LANGUAGES else language_of(request),
            email=contact if "@" in contact else "",
            phone="" if "@" in contact else contact,
        )
        async with site.database.transaction() as db:
            party_id = await create_party(db, new, actor=actor_of(request), now=site.clock.now())
            await claim_interactions(db, party_id, contact, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        errors = {f"caller.{error.field or 'name'}": in_words(error, language_of(request))}
        async with site.database.reading() as db:
            return await _caller(request, db, number, "", errors, form, error.status)
    target = f"/desk/customers/{party_id}?log=call%3Ain#log"
    return go(request, target, done=reader_of(request).text(_("The customer is made.")))


_UNKEPT = {"Cache-Control": "no-store"}


def _contact(request: AnyRequest, text: str) -> str:
    if "@" in text:
        return normalise_email(text, field="number")
    return normalise_phone(text, site_of(request).settings.shop_country, field="number")


async def _caller(
    request: AnyRequest,
    db: Connection,
    number: str,
    contact: str,
    errors: dict[str, str],
    form: Form | None,
    status: int = 200,
) -> Response[str]:
    return await desk_page(
        request,
        db,
        "desk/call.html",
        section="customers",
        status=status,
        headers=_UNKEPT,
        number=number,
        contact=contact,
        earlier=await unclaimed_interactions(db, contact) if contact else [],
        errors=errors,
        typed=typed(form),
    )


routes = (log, talk, correct, remove, call, known)
