"""The customer's machines: devices and agents, what they may buy, what they bought, and what they ask about."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.billing import StoredCard, accounts_of, cards_of
from kupec.catalogue import list_categories
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.machines.devices import meters_of_all
from kupec.machines.mandates import (
    SCOPES,
    Machine,
    NewMachine,
    NewMachineKey,
    change_mandate,
    create_key,
    deny_purchase,
    get_machine,
    get_mandate,
    get_purchase,
    grant_mandate,
    keys_of,
    machines_of,
    mandates_for,
    mandates_of,
    pause_machine,
    price_asked,
    purchases_of,
    reason_words,
    register_machine,
    resume_machine,
    revoke_key,
    revoke_machine,
    revoke_mandate,
    rotate_key,
    spent_under,
)
from kupec.web import machine_words as words
from kupec.web.forms import Form, read_form
from kupec.web.portal.gate import SignedInCustomer, customer_of
from kupec.web.portal.machine_forms import new_mandate, shown_mandate, typed_mandate, until, wanted_terms, wrong
from kupec.web.portal.page import go, mine_or_missing, my_page, say
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.storefront.shop import open_shop

PATH = "/my/machines"
_MOST = 10**13
Verb = Callable[[Connection, Actor, datetime], Awaitable[Any]]


@get("/{language:str}/my/machines", opt={"part": "orders"})
async def show_all(request: AnyRequest) -> Response[str]:
    return await _list(request)


async def _list(request: AnyRequest, *, error: KupecError | None = None, form: Form | None = None) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        found = await machines_of(db, me.account_ids)
        living = [one for one in await mandates_of(db, me.account_ids) if one.state(now) == "active"]
        spent = {one.id: await spent_under(db, one, now=now) for one in living}
        asked = await purchases_of(db, me.account_ids, states=["asked"])
    return my_page(
        request,
        shop,
        "machines.html",
        section="machines",
        status=error.status if error else 200,
        machines=found,
        mandates={one.id: [each for each in living if each.machine_id == one.id] for one in found},
        spent=spent,
        asked=len(asked),
        words=words,
        name=form.text("name", most=10**5)[:200] if form else "",
        errors=wrong(error, shop.language) if error else {},
    )


@post("/{language:str}/my/machines", status_code=200, opt={"part": "buy"})
async def register(request: AnyRequest) -> Response[Any]:
    """An agent of the customer's; devices come by their own way."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        new = NewMachine(name=form.text("name"), kind="agent")
        async with site.database.transaction() as db:
            made = await register_machine(db, me.account.id, new, actor=me.actor, now=site.clock.now())
    except InvalidValue as error:
        return await _list(request, error=error, form=form)
    return go(request, f"{PATH}/{made.id}", done=_("It is registered. Now say what it may buy, and make it a key."))


async def machine_here(db: Connection, me: SignedInCustomer, machine_id: UUID) -> Machine:
    """What is somebody else's does not exist."""
    found = await get_machine(db, machine_id)
    mine_or_missing(found.party_id in me.account_ids, "machine")
    return found


@get("/{language:str}/my/machines/{machine_id:uuid}", opt={"part": "orders"})
async def show(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[str]:
    return await _page(request, machine_id)


async def _page(
    request: AnyRequest,
    machine_id: UUID,
    *,
    made: NewMachineKey | None = None,
    error: KupecError | None = None,
    form: Form | None = None,
) -> Response[str]:
    site, me = site_of(request), customer_of(request)
    now, zone = site.clock.now(), site.settings.shop_timezone
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        machine = await machine_here(db, me, machine_id)
        mandates = await mandates_for(db, machine_id)
        spent = {one.id: await spent_under(db, one, now=now) for one in mandates if one.state(now) == "active"}
        bought = await purchases_of(db, me.account_ids, machine_id=machine_id, limit=30)
        keys = await keys_of(db, machine_id)
        categories = await list_categories(db, shop.language)
        cards = await cards_of(db, me.account_ids)
        accounts = {currency for _owner, currency in await accounts_of(db, [me.account.id])}
        meters = {one.name: one for one in (await meters_of_all(db, [machine_id])).get(machine_id, [])}
    changed = form.text("mandate", most=100) if form else ""
    return my_page(
        request,
        shop,
        "machine.html",
        section="machines",
        status=error.status if error else 200,
        machine=machine,
        mandates=mandates,
        spent=spent,
        bought=bought,
        keys=[key for key in keys if key.opens(now)],
        made=made,
        now=now,
        words=words,
        categories={one.code: one.name for one in categories},
        shelves=[one for one in categories if one.parent_id is None],
        ways=lambda currency: _ways(cards, currency in accounts, shop.language),
        why_of=lambda one: words.why_words(one, meters, shop.language),
        reason_of=lambda one: reason_words(one, shop.language, zone=zone),
        values=typed_mandate(form) if form and not changed else typed_mandate(Form([])),
        of_mandate=lambda one: typed_mandate(form) if form and changed == str(one.id) else shown_mandate(one, zone),
        changed=changed,
        errors=wrong(error, shop.language, key=form is None) if error else {},
    )


def _ways(cards: Sequence[StoredCard], account: bool, language: str) -> list[tuple[str, str]]:
    """How it may be paid: (value, words)."""
    found = [(f"card:{card.id}", card.label) for card in cards]
    if account:
        found.append(("account", translate(language, _("On account, against an invoice"))))
    return found or [("card", translate(language, _("The card that is kept next")))]


async def _do(request: AnyRequest, machine_id: UUID, verb: Verb, done: str) -> Response[Any]:
    """Do one thing to a machine of the account; what cannot be is said on its page."""
    site, me = site_of(request), customer_of(request)
    try:
        async with site.database.transaction() as db:
            await machine_here(db, me, machine_id)
            await verb(db, me.actor, site.clock.now())
    except KupecError as error:
        if error.status in (403, 404):
            raise
        return go(request, f"{PATH}/{machine_id}", failed=say(error, language_of(request)))
    return go(request, f"{PATH}/{machine_id}", done=done)


@post("/{language:str}/my/machines/{machine_id:uuid}/state", status_code=303, opt={"part": "buy"})
async def state(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[Any]:
    """Pause, resume, or take it out for good."""
    form = await read_form(request)
    verbs = {
        "pause": (pause_machine, _("The machine is paused. It buys nothing until you resume it.")),
        "resume": (resume_machine, _("The machine buys again within its mandates.")),
        "revoke": (revoke_machine, _("The machine is out of use. Its keys open nothing any more.")),
    }
    wanted = form.text("wanted")
    if wanted not in verbs:
        raise InvalidValue(field="wanted", expected=", ".join(verbs))
    verb, done = verbs[wanted]
    return await _do(request, machine_id, lambda db, actor, now: verb(db, machine_id, actor=actor, now=now), done)


@post("/{language:str}/my/machines/{machine_id:uuid}/mandates", status_code=200, opt={"part": "buy"})
async def mandate(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[Any]:
    """Grant one, or with `mandate` change that one."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    zone = site.settings.shop_timezone
    try:
        async with site.database.transaction() as db:
            await machine_here(db, me, machine_id)
            shop = await open_shop(request, db)
            if form.text("mandate"):
                before = await get_mandate(db, form.uuid("mandate"))
                mine_or_missing(before.machine_id == machine_id, "mandate")
                terms = wanted_terms(form, before.currency, zone, before=before)
                await change_mandate(db, before.id, terms, actor=me.actor, now=site.clock.now())
                done = _("The mandate is changed.")
            else:
                person = None if me.for_oneself else me.party.id
                new = new_mandate(form, shop.market, zone, language=shop.language, granted_by=person)
                await grant_mandate(db, machine_id, new, actor=me.actor, now=site.clock.now())
                done = _("The mandate holds from now on.")
    except NotFound:
        raise
    except KupecError as error:
        if error.status == 403:
            raise
        return await _page(request, machine_id, error=error, form=form)
    return go(request, f"{PATH}/{machine_id}", done=done)


@post(
    "/{language:str}/my/machines/{machine_id:uuid}/mandates/{mandate_id:uuid}/revoke",
    status_code=303,
    opt={"part": "buy"},
)
async def withdraw(request: AnyRequest, machine_id: FromPath[UUID], mandate_id: FromPath[UUID]) -> Response[Any]:
    async def verb(db: Connection, actor: Actor, now: datetime) -> None:
        mine_or_missing((await get_mandate(db, mandate_id)).machine_id == machine_id, "mandate")
        await revoke_mandate(db, mandate_id, actor=actor, now=now)

    return await _do(request, machine_id, verb, _("The mandate is revoked."))


@post("/{language:str}/my/machines/{machine_id:uuid}/keys", status_code=200, opt={"part": "buy"})
async def key(request: AnyRequest, machine_id: FromPath[UUID]) -> Response[Any]:
    """A new key, or with `replace` one in the place of that one: shown on this answer only."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await machine_here(db, me, machine_id)
            now = site.clock.now()
            if form.text("replace"):
                replaced = form.uuid("replace")
                mine_or_missing(replaced in {one.id for one in await keys_of(db, machine_id)}, "key")
                made = await rotate_key(db, replaced, actor=me.actor, now=now)
            else:
                scopes = [scope for scope in SCOPES if scope in form.all("scopes")]
                last = until(form, "key_until", site.settings.shop_timezone)
                made = await create_key(db, machine_id, scopes=scopes, expires_at=last, actor=me.actor, now=now)
    except InvalidValue as error:
        return await _page(request, machine_id, error=error)
    return await _page(request, machine_id, made=made)


@post("/{language:str}/my/machines/{machine_id:uuid}/keys/{key_id:uuid}/revoke", status_code=303, opt={"part": "buy"})
async def drop_key(request: AnyRequest, machine_id: FromPath[UUID], key_id: FromPath[UUID]) -> Response[Any]:
    async def verb(db: Connection, actor: Actor, now: datetime) -> None:
        mine_or_missing(key_id in {one.id for one in await keys_of(db, machine_id)}, "key")
        await revoke_key(db, key_id, actor=actor, now=now)

    return await _do(request, machine_id, verb, _("The key opens nothing any more."))


@get("/{language:str}/my/machines/asked", opt={"part": "orders"})
async def asked(request: AnyRequest) -> Response[str]:
    """What machines want beyond their limits, at today's price."""
    site, me = site_of(request), customer_of(request)
    now, zone = site.clock.now(), site.settings.shop_timezone
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        waiting = await purchases_of(db, me.account_ids, states=["asked"])
        totals = await price_asked(db, waiting, now=now)
        machines = {one.id: one for one in await machines_of(db, me.account_ids)}
        meters = await meters_of_all(db, sorted({one.machine_id for one in waiting}))
    return my_page(
        request,
        shop,
        "machines_asked.html",
        section="machines",
        waiting=waiting,
        totals=totals,
        machines=machines,
        words=words,
        reason_of=lambda one: reason_words(one, shop.language, zone=zone),
        why_of=lambda one: words.why_words(
            one, {each.name: each for each in meters.get(one.machine_id, [])}, shop.language
        ),
    )


@post("/{language:str}/my/machines/asked/{purchase_id:uuid}", status_code=303, opt={"part": "orders"})
async def decide(request: AnyRequest, purchase_id: FromPath[UUID]) -> Response[Any]:
    """Yes orders it at the price that was seen, once; no ends it."""
    site, me, form = site_of(request), customer_of(request), await read_form(request)
    assert site.buyer is not None, "made in wiring"
    async with site.database.reading() as db:
        mine_or_missing((await get_purchase(db, purchase_id)).party_id in me.account_ids, "purchase")
    try:
        if form.text("decision") == "deny":
            async with site.database.transaction() as db:
                await deny_purchase(db, purchase_id, actor=me.actor, now=site.clock.now())
            return go(request, f"{PATH}/asked", done=_("It is not bought. The machine hears so when it asks again."))
        seen = form.whole("expected_total", least=0, most=10**11 - 1)
        done = await site.buyer.approve(purchase_id, expected_total=seen, actor=me.actor)
    except KupecError as error:
        if error.status in (403, 404) or error.status >= 500:
            raise
        return go(request, f"{PATH}/asked", failed=say(error, language_of(request)))
    if done.state == "failed":
        why = reason_words(done, language_of(request), zone=site.settings.shop_timezone)
        return go(request, f"{PATH}/asked", failed=why)
    return go(request, f"{PATH}/asked", done=_("Approved, and ordered."))


routes = (show_all, register, asked, decide, show, state, mandate, withdraw, key, drop_key)
