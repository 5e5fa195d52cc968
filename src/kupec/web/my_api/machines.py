"""The customer's machines: what they may buy, with which keys, and what they ask; operations of the customer API."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.machines.mandates import (
    OWN,
    Goods,
    Machine,
    MachineKey,
    Mandate,
    MandateTerms,
    NewMachine,
    NewMachineKey,
    NewMandate,
    Period,
    Purchase,
    Spent,
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
    pause_machine,
    price_asked,
    purchases_of,
    register_machine,
    resume_machine,
    revoke_key,
    revoke_machine,
    revoke_mandate,
    rotate_key,
    spent_under,
)
from kupec.sales import Address
from kupec.web.my_api import bodies as b
from kupec.web.my_api.calls import Call, Ok
from kupec.web.my_api.cart import market_of
from kupec.web.portal.machine_forms import end_of

_LATEST = 30


class MachineIn(msgspec.Struct, frozen=True, kw_only=True):
    name: b.Text


class Machines(msgspec.Struct, frozen=True, kw_only=True):
    """`asked` counts the purchases that wait for an answer."""

    machines: list[Machine]
    asked: int


class MandateOut(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate, whether it holds, and what was spent under it in its present period."""

    mandate: Mandate
    state: Literal["active", "waiting", "expired", "revoked"]
    spent: Spent


class MachineOut(msgspec.Struct, frozen=True, kw_only=True):
    """A machine with its mandates, the keys that open something, and its latest purchases."""

    machine: Machine
    mandates: list[MandateOut]
    keys: list[MachineKey]
    purchases: list[Purchase]


class TermsIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a mandate allows. Amounts are in minor units, null sets no limit; `card_id` null is the card that is kept
    next. `until` is the last day on which it holds, null until it is taken back.
    """

    sellers: list[b.Text] = msgspec.field(default_factory=lambda: [OWN])
    goods: Goods = Goods()
    least_price: int | None = None
    most_price: int | None = None
    budget: int | None = None
    budget_period: Period = "month"
    most_orders: int | None = None
    approval_above: int | None = None
    payment: Literal["card", "account"] = "card"
    card_id: UUID | None = None
    address: Address | None = None
    shipping_method: b.Text | None = None
    until: date | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class MandateIn(TermsIn, frozen=True, kw_only=True):
    """Where nothing is said, the market is that of the customer's language and the zone is the shop's."""

    market: b.Text | None = None
    zone: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class KeyIn(msgspec.Struct, frozen=True, kw_only=True):
    """What it opens ("read", "buy", "telemetry"), and its last day; null: it does not run out."""

    scopes: Annotated[list[b.Text], msgspec.Meta(max_length=10)]
    until: date | None = None


class AskedPurchase(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine wants beyond its limits. `total_now` is what it would cost now: what approving it must name."""

    purchase: Purchase
    total_now: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    asked: list[AskedPurchase]


async def machines(call: Call) -> Machines:
    waiting = await purchases_of(call.db, call.me.account_ids, states=["asked"])
    return Machines(machines=await machines_of(call.db, call.me.account_ids), asked=len(waiting))


async def register(call: Call) -> Machine:
    new = NewMachine(name=call.body.name, kind="agent")
    return await register_machine(call.db, call.me.account.id, new, actor=call.me.actor, now=call.now)


async def machine(call: Call) -> MachineOut:
    found = await _machine(call)
    return MachineOut(
        machine=found,
        mandates=await _shown(call, await mandates_for(call.db, found.id)),
        keys=[key for key in await keys_of(call.db, found.id) if key.opens(call.now)],
        purchases=await purchases_of(call.db, call.me.account_ids, machine_id=found.id, limit=_LATEST),
    )


async def _shown(call: Call, found: Sequence[Mandate]) -> list[MandateOut]:
    return [
        MandateOut(mandate=one, state=one.state(call.now), spent=await spent_under(call.db, one, now=call.now))
        for one in found
    ]


async def pause(call: Call) -> Machine:
    return await pause_machine(call.db, (await _machine(call)).id, actor=call.me.actor, now=call.now)


async def resume(call: Call) -> Machine:
    return await resume_machine(call.db, (await _machine(call)).id, actor=call.me.actor, now=call.now)


async def remove(call: Call) -> Ok:
    await revoke_machine(call.db, (await _machine(call)).id, actor=call.me.actor, now=call.now)
    return Ok()


# --- mandates -------------------------------------------------------------------------------------------


async def grant(call: Call) -> Mandate:
    found, wanted = await _machine(call), call.body
    zone = wanted.zone or call.site.settings.shop_timezone
    if zone not in available_timezones():
        raise InvalidValue(field="zone", expected=_("a time zone, such as Europe/Prague"))
    terms = _terms(wanted, zone)
    new = NewMandate(
        market=wanted.market or (await market_of(call)).code,
        zone=zone,
        language=call.me.party.language,
        granted_by=None if call.me.for_oneself else call.me.party.id,
        **{name: getattr(terms, name) for name in MandateTerms.__struct_fields__},
    )
    return await grant_mandate(call.db, found.id, new, actor=call.me.actor, now=call.now)


async def change(call: Call) -> Mandate:
    before = await _mandate(call)
    terms = _terms(call.body, before.zone)
    return await change_mandate(call.db, before.id, terms, actor=call.me.actor, now=call.now)


def _terms(wanted: TermsIn, zone: str) -> MandateTerms:
    given = {name: getattr(wanted, name) for name in TermsIn.__struct_fields__ if name != "until"}
    return MandateTerms(expires_at=_last(wanted.until, zone), **given)


def _last(day: date | None, zone: str) -> datetime | None:
    return None if day is None else end_of(day, zone, field="until")


async def take_back(call: Call) -> Mandate:
    return await revoke_mandate(call.db, (await _mandate(call)).id, actor=call.me.actor, now=call.now)


# --- keys -----------------------------------------------------------------------------------------------


async def new_key(call: Call) -> NewMachineKey:
    found, wanted = await _machine(call), call.body
    last = _last(wanted.until, call.site.settings.shop_timezone)
    return await create_key(call.db, found.id, scopes=wanted.scopes, expires_at=last, actor=call.me.actor, now=call.now)


async def replace_key(call: Call) -> NewMachineKey:
    return await rotate_key(call.db, await _key(call), actor=call.me.actor, now=call.now)


async def drop_key(call: Call) -> Ok:
    await revoke_key(call.db, await _key(call), actor=call.me.actor, now=call.now)
    return Ok()


# --- what machines ask ----------------------------------------------------------------------------------


async def asked(call: Call) -> Asked:
    waiting = await purchases_of(call.db, call.me.account_ids, states=["asked"])
    totals = await price_asked(call.db, waiting, now=call.now)
    return Asked(asked=[AskedPurchase(purchase=one, total_now=totals[one.id]) for one in waiting])


async def approve(call: Call) -> Purchase:
    found = await _purchase(call)
    assert call.site.buyer is not None, "made in wiring"
    return await call.site.buyer.approve(found.id, expected_total=call.body.expected_total, actor=call.me.actor)


async def deny(call: Call) -> Purchase:
    return await deny_purchase(call.db, (await _purchase(call)).id, actor=call.me.actor, now=call.now)


# --- what is somebody else's does not exist -------------------------------------------------------------


async def _machine(call: Call) -> Machine:
    found = await get_machine(call.db, call.id("machine_id"))
    if found.party_id not in call.me.account_ids:
        raise NotFound(what="machine")
    return found


async def _mandate(call: Call) -> Mandate:
    machine_id, found = (await _machine(call)).id, await get_mandate(call.db, call.id("mandate_id"))
    if found.machine_id != machine_id:
        raise NotFound(what="mandate")
    return found


async def _key(call: Call) -> UUID:
    machine_id, key_id = (await _machine(call)).id, call.id("key_id")
    if key_id not in {one.id for one in await keys_of(call.db, machine_id)}:
        raise NotFound(what="key")
    return key_id


async def _purchase(call: Call) -> Purchase:
    found = await get_purchase(call.db, call.id("purchase_id"))
    if found.party_id not in call.me.account_ids:
        raise NotFound(what="purchase")
    return found
