"""One standing order at the desk: when it comes next, what it holds, and what may be done with it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.billing import cards_on_file
from kupec.customers import PartyAddress, addresses_of, members_of
from kupec.kit import recurrence_words
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import subject_history
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.sales import (
    Address,
    StandingChange,
    StandingOrder,
    WantedLine,
    approve_standing,
    change_occurrence,
    change_standing,
    decide_missed,
    end_standing,
    get_occurrence,
    get_standing,
    list_occurrences,
    move_occurrence,
    next_occurrences,
    pause_standing,
    price_standing,
    resume_standing,
    skip_occurrence,
    unskip_occurrence,
)
from kupec.web import recurring
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.sentences import code_in_words
from kupec.web.desk.standing_lists import VIEWS, customers_of, standing_list
from kupec.web.desk.timeline import days
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

MOST_PIECES = 9999

Verb = Callable[[Connection], Awaitable[str]]
"""Does it, and returns what to say then."""


async def standing_page(
    request: AnyRequest,
    db: Connection,
    standing_id: UUID,
    *,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
    status: int = 200,
) -> Response[str]:
    """The standing order beside its list; `errors` stand beside the fields, which hold what was typed."""
    reader = reader_of(request)
    standing = await get_standing(db, standing_id)
    seen = (await price_standing(db, [standing], now=reader.now))[standing.id]
    events = await subject_history(db, f"standing:{standing.id}", limit=50)
    fields = recurring.typed(values) if values is not None and "every" in values else None
    cards = [card for member in await _payers(db, standing) for card in await cards_on_file(db, member)]
    return await desk_page(
        request,
        db,
        "desk/standing.html",
        section="standing",
        status=status,
        listing=await standing_list(db, query_form(request), reader, reader.now),
        list_views=VIEWS,
        standing=standing,
        party=(await customers_of(db, [standing])).get(standing.customer_id),
        seen=seen,
        names={line.variant_id: line.name for line in seen.lines},
        amounts={line.variant_id: line.unit_amount for line in seen.lines},
        runs=await next_occurrences(db, standing, now=reader.now),
        past=await list_occurrences(db, standing_id=standing.id, limit=30),
        rhythm=recurrence_words.in_words(standing.recurrence, reader.language),
        fields=fields or recurring.shown(standing.recurrence, today=reader.today),
        units=recurring.UNITS,
        weekdays=recurrence_words.WEEKDAYS,
        cards=cards,
        addresses=[
            {"id": one.id, "address": one.address, "here": _as_address(one) == standing.address}
            for one in await addresses_of(db, await members_of(db, standing.customer_id))
        ],
        history=await days(db, events, reader, here=f"standing:{standing.id}"),
        country=reader.country,
        code=lambda code: code_in_words(code, reader),
        errors=errors or {},
    )


async def _payers(db: Connection, standing: StandingOrder) -> list[UUID]:
    payers = await members_of(db, standing.customer_id)
    return payers + (await members_of(db, standing.ordered_by) if standing.ordered_by else [])


@get("/standing/{standing_id:uuid}", opt={"permission": "orders.read"})
async def standing(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await standing_page(request, db, standing_id)


@post("/standing/{standing_id:uuid}/runs/{number:int}", opt={"permission": "orders.write"})
async def change_run(request: AnyRequest, standing_id: FromPath[UUID], number: FromPath[int]) -> Response[Any]:
    """One time: left out, taken back, moved, or with lines of its own."""
    form = await read_form(request)

    async def verb(db: Connection) -> str:
        who: dict[str, Any] = {"actor": actor_of(request), "now": site_of(request).clock.now()}
        match form.text("do"):
            case "skip":
                await skip_occurrence(db, standing_id, number, **who)
                return _("This time is left out.")
            case "unskip":
                await unskip_occurrence(db, standing_id, number, **who)
                return _("It comes after all.")
            case "move":
                await move_occurrence(db, standing_id, number, _day(form.text("day")), **who)
                return _("This time is moved.")
            case "lines":
                kept = await get_standing(db, standing_id)
                await change_occurrence(db, standing_id, number, wanted_lines(form, kept), **who)
                return _("This time has its own quantities.")
            case "usual":
                await change_occurrence(db, standing_id, number, None, **who)
                return _("This time is as usual again.")
        raise InvalidValue(field="do", expected=_("one of the choices"))

    return await _do(request, standing_id, form, verb, place=f"run{number}.")


@post("/standing/{standing_id:uuid}", opt={"permission": "orders.write"})
async def change(request: AnyRequest, standing_id: FromPath[UUID]) -> Response[Any]:
    """The whole: paused, resumed, ended, approved; other lines, another rhythm, another payment from now on."""
    form = await read_form(request)

    async def verb(db: Connection) -> str:
        who: dict[str, Any] = {"actor": actor_of(request), "now": site_of(request).clock.now()}
        match form.text("do"):
            case "pause":
                await pause_standing(db, standing_id, **who)
                return _("Nothing is ordered until it is resumed.")
            case "resume":
                await resume_standing(db, standing_id, **who)
                return _("It goes on with the next date.")
            case "end":
                await end_standing(db, standing_id, **who)
                return _("The standing order has ended.")
            case "approve":
                await approve_standing(db, standing_id, **who)
                return _("Today's total is approved.")
        kept = await get_standing(db, standing_id)
        moved = form.text("do") == "address"
        change = await _elsewhere(db, form, kept) if moved else _change(request, form, kept)
        await change_standing(db, standing_id, change, **who)
        return _("Changed from now on.")

    return await _do(request, standing_id, form, verb, place="standing.")


@post("/standing/{standing_id:uuid}/missed/{occurrence_id:uuid}", opt={"permission": "orders.write"})
async def decide(request: AnyRequest, standing_id: FromPath[UUID], occurrence_id: FromPath[UUID]) -> Response[Any]:
    """What was missed or given up: order it now, or let it go."""
    form = await read_form(request)

    async def verb(db: Connection) -> str:
        found = await get_occurrence(db, occurrence_id)
        decision: Literal["place", "skip"] = "place" if form.text("do") == "place" else "skip"
        await decide_missed(db, found.id, decision, actor=actor_of(request), now=site_of(request).clock.now())
        return _("It is being ordered.") if decision == "place" else _("This time is left out.")

    return await _do(request, standing_id, form, verb, place="missed.")


async def _do(request: AnyRequest, standing_id: UUID, form: Form, verb: Verb, *, place: str) -> Response[Any]:
    site, language = site_of(request), language_of(request)
    target = f"/desk/standing/{standing_id}" + (f"?{request.url.query}" if request.url.query else "")
    try:
        async with site.database.transaction() as db:
            done = await verb(db)
    except InvalidValue as error:
        async with site.database.reading() as db:
            errors = {f"{place}{error.field}": in_words(error, language)}
            return await standing_page(request, db, standing_id, errors=errors, values=form, status=error.status)
    except KupecError as error:
        return go(request, target, failed=explain(error, language))
    return go(request, target, done=reader_of(request).text(done))


def _change(request: AnyRequest, form: Form, kept: StandingOrder) -> StandingChange:
    match form.text("do"):
        case "lines":
            return StandingChange(lines=wanted_lines(form, kept))
        case "rhythm":
            reader = reader_of(request)
            rule = recurring.read(
                form,
                zone=kept.recurrence.zone,
                country=kept.address.country,
                today=reader.today,
                kept=kept.recurrence,
            )
            return StandingChange(recurrence=rule)
        case "payment":
            return StandingChange(payment="account", card_id=None) if form.text("card") == "" else _by_card(form)
    raise InvalidValue(field="do", expected=_("one of the choices"))


async def _elsewhere(db: Connection, form: Form, kept: StandingOrder) -> StandingChange:
    """To one of the customer's addresses; where none is named it stays as it is. Raises NotFound."""
    if not form.text("address"):
        return StandingChange()
    known = {one.id: one for one in await addresses_of(db, await members_of(db, kept.customer_id))}
    if form.uuid("address") not in known:
        raise NotFound(what="address")
    return StandingChange(address=_as_address(known[form.uuid("address")]))


def _as_address(one: PartyAddress) -> Address:
    return Address(**{part: one.address.get(part, "") for part in Address.__struct_fields__})


def _by_card(form: Form) -> StandingChange:
    return StandingChange(payment="card", card_id=form.uuid("card"))


def wanted_lines(form: Form, kept: StandingOrder) -> list[WantedLine]:
    """The lines with the pieces that were typed; one with none falls out. Raises InvalidValue."""
    lines = []
    for line in kept.lines:
        pieces = form.whole(f"pieces.{line.id}", least=0, most=MOST_PIECES, default=line.quantity)
        if pieces:
            lines.append(
                WantedLine(
                    variant_id=line.variant_id, quantity=pieces, options=line.options, fixed_amount=line.fixed_amount
                )
            )
    return lines


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(field="day", expected=_("a date")) from None
