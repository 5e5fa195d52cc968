"""Customers' machines at the desk: which there are, what each may buy, what it bought and was refused, and its keys."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import list_categories
from kupec.customers import Party, parties_by_ids, roots
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.events import subject_history
from kupec.kit.i18n import mark as _
from kupec.machines.mandates import (
    Machine,
    Mandate,
    Purchase,
    Spent,
    count_machines,
    deny_purchase,
    get_machine,
    get_mandate,
    get_purchase,
    keys_of,
    last_purchases,
    list_machines,
    mandates_for,
    mandates_in_use,
    pause_machine,
    price_asked,
    purchases_of,
    reason_words,
    resume_machine,
    revoke_key,
    revoke_machine,
    revoke_mandate,
    spent_under_each,
)
from kupec.web import machine_words as words
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.timeline import days
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

HERE = "/desk/machines"
PAGE = 50
VIEWS = {
    "active": _("In use"),
    "asking": _("Waiting for an answer"),
    "paused": _("Paused"),
    "revoked": _("Out of use"),
}


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it."""

    view: str
    counts: dict[str, int]
    rows: list[Machine]
    parties: dict[UUID, Party]
    mandates: dict[UUID, list[tuple[Mandate, Spent]]]
    bought: dict[UUID, Purchase]
    next: UUID | None = None

    @property
    def filters(self) -> dict[str, str | None]:
        return {"view": self.view if self.view != "active" else None}


async def _listing(request: AnyRequest, db: Connection) -> Listing:
    asked: Form = query_form(request)
    view = asked.text("view", most=20)
    view = view if view in VIEWS else "active"
    before = asked.uuid("before") if asked.text("before", most=50) else None
    now = site_of(request).clock.now()
    rows = await list_machines(db, view=view, before=before, limit=PAGE + 1, actor=actor_of(request))
    shown = [one.id for one in rows[:PAGE]]
    mandates = await mandates_in_use(db, shown, now=now)
    spent = await spent_under_each(db, mandates, now=now)
    budgets: dict[UUID, list[tuple[Mandate, Spent]]] = {}
    for one in mandates:
        budgets.setdefault(one.machine_id, []).append((one, spent[one.id]))
    return Listing(
        view=view,
        mandates=budgets,
        bought=await last_purchases(db, shown),
        counts=await count_machines(db),
        rows=rows[:PAGE],
        next=rows[PAGE - 1].id if len(rows) > PAGE else None,
        parties=await owners_of(db, rows),
    )


async def owners_of(db: Connection, machines: Iterable[Machine]) -> dict[UUID, Party]:
    """By the id under which a machine knows its owner, who that is today."""
    known_as = await roots(db, [one.party_id for one in machines])
    parties = await parties_by_ids(db, sorted(set(known_as.values())))
    return {one: parties[root] for one, root in known_as.items() if root in parties}


@get("/machines", opt={"permission": "customers.read"})
async def machines(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/machines.html",
            section="machines",
            listing=await _listing(request, db),
            list_views=VIEWS,
            words=words,
            machine=None,
        )


@get("/machines/{machine_id:uuid}", opt={"permission": "customers.read"})
async def machine(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[str]:
    """One machine beside the list."""
    reader = reader_of(request)
    async with site_of(request).database.reading() as db:
        found = await get_machine(db, machine_id)
        mandates = await mandates_for(db, machine_id)
        bought = await purchases_of(db, [found.party_id], machine_id=machine_id, limit=50)
        waiting = [one for one in bought if one.state == "asked"]
        events = [event for one in bought[:20] for event in await subject_history(db, f"purchase:{one.id}", limit=5)]
        events += await subject_history(db, f"machine:{machine_id}", limit=50)
        events.sort(key=lambda event: (event.occurred_at, event.id), reverse=True)
        return await desk_page(
            request,
            db,
            "desk/machines.html",
            section="machines",
            listing=await _listing(request, db),
            list_views=VIEWS,
            words=words,
            machine=found,
            owner=(await owners_of(db, [found])).get(found.party_id),
            mandates=mandates,
            shelves={one.code: one.name for one in await list_categories(db, reader.language)},
            spent=await spent_under_each(
                db, [one for one in mandates if one.state(reader.now) == "active"], now=reader.now
            ),
            keys=await keys_of(db, machine_id),
            bought=bought,
            totals=await price_asked(db, waiting, now=reader.now),
            reason_of=lambda one: reason_words(one, reader.language, zone=str(reader.zone)),
            history=await days(db, events, reader, here=f"machine:{machine_id}"),
        )


async def _do(
    request: AnyRequest, machine_id: UUID, verb: Callable[[Connection, dict[str, Any]], Awaitable[str]]
) -> Response[Any]:
    site = site_of(request)
    here = f"{HERE}/{machine_id}"
    try:
        async with site.database.transaction() as db:
            done = await verb(db, {"actor": actor_of(request), "now": site.clock.now()})
    except KupecError as error:
        if error.status in (403, 404):
            raise
        return go(request, here, failed=in_words(error, language_of(request)))
    return go(request, here, done=reader_of(request).text(done))


@post("/machines/{machine_id:uuid}", opt={"permission": "customers.write"})
async def change(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[Any]:
    """Paused, resumed, taken out; a key or a mandate revoked, as its owner asked for."""
    form = await read_form(request)
    wanted = form.text("do")

    async def verb(db: Connection, who: dict[str, Any]) -> str:
        match wanted:
            case "pause":
                await pause_machine(db, machine_id, **who)
                return _("The machine is paused. It buys nothing until it is resumed.")
            case "resume":
                await resume_machine(db, machine_id, **who)
                return _("The machine buys again within its mandates.")
            case "revoke":
                await revoke_machine(db, machine_id, **who)
                return _("The machine is out of use. Its keys open nothing any more.")
            case "key":
                _of_machine(form.uuid("id") in {one.id for one in await keys_of(db, machine_id)}, "id")
                await revoke_key(db, form.uuid("id"), **who)
                return _("The key opens nothing any more.")
            case "mandate":
                _of_machine((await get_mandate(db, form.uuid("id"))).machine_id == machine_id, "id")
                await revoke_mandate(db, form.uuid("id"), **who)
                return _("The mandate is revoked.")
        raise InvalidValue(field="do", expected=_("one of the choices"))

    return await _do(request, machine_id, verb)


def _of_machine(found: bool, field: str) -> None:
    if not found:
        raise InvalidValue(field=field, expected=_("one of the choices"))


@post("/machines/{machine_id:uuid}/asked/{purchase_id:uuid}", opt={"permission": "orders.write"})
async def answer(request: AnyRequest, machine_id: FromPath[UUID], purchase_id: FromPath[UUID]) -> Response[Any]:
    """Its owner has said yes or no on the phone."""
    site, form, here = site_of(request), await read_form(request), f"{HERE}/{machine_id}"
    reader = reader_of(request)
    assert site.buyer is not None, "made in wiring"
    try:
        async with site.database.reading() as db:
            _of_machine((await get_purchase(db, purchase_id)).machine_id == machine_id, "purchase")
        if form.text("decision") == "deny":
            async with site.database.transaction() as db:
                await deny_purchase(db, purchase_id, actor=actor_of(request), now=site.clock.now())
            return go(request, here, done=reader.text(_("It is not bought.")))
        seen = form.whole("expected_total", least=0, most=10**11 - 1)
        done: Purchase = await site.buyer.approve(purchase_id, expected_total=seen, actor=actor_of(request))
    except KupecError as error:
        if error.status in (403, 404):
            raise
        return go(request, here, failed=in_words(error, language_of(request)))
    if done.state == "failed":
        return go(request, here, failed=reason_words(done, reader.language, zone=str(reader.zone)))
    return go(request, here, done=reader.text(_("It is approved and ordered.")))


routes = (machines, machine, change, answer)
