"""Mandates are granted by owners to their machines, changed, and taken back."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from kupec.billing import accounts_of, cards_of
from kupec.catalogue import market as get_market
from kupec.customers import get_party, members_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.machines.mandates.errors import MachineRevoked, MandateRevoked
from kupec.machines.mandates.events import MandateChanged, MandateGranted, MandateTakenBack
from kupec.machines.mandates.models import OWN, PERIODS, Mandate, MandateTerms, NewMandate
from kupec.machines.mandates.rows import (
    MANDATE_FIELDS,
    get_mandate,
    lock_machine,
    read_mandates,
    require_owner,
    tell,
)
from kupec.sales import CardUnknown, CartDetails, check_details, tariff

_INSERT = f"""
insert into mandate ({", ".join(MANDATE_FIELDS)})
values ({", ".join(f"${index}" for index in range(1, len(MANDATE_FIELDS) + 1))})
"""  # noqa: S608
_MOST = 10**13
_TERMS = tuple(name for name in MandateTerms.__struct_fields__ if name != "starts_at")


async def grant_mandate(db: Connection, machine_id: UUID, new: NewMandate, *, actor: Actor, now: datetime) -> Mandate:
    """Let a machine buy for its owner, within these limits. Emits mandate.granted.

    For the owner, who buys for them, and the desk with "customers.write". Raises Forbidden, NotFound (machine, market),
    MachineRevoked, CardUnknown, and InvalidValue naming the field.
    """
    machine = await lock_machine(db, machine_id)
    owner = machine.party_id
    await require_owner(db, owner, actor)
    if machine.state == "revoked":
        raise MachineRevoked
    market = await get_market(db, new.market)
    terms = await _checked(db, new, owner, market.currency, now)
    if new.zone not in available_timezones():
        raise InvalidValue(field="zone", expected=_("a time zone, such as Europe/Prague"))
    mandate = Mandate(
        id=uuid7(),
        machine_id=machine_id,
        party_id=owner,
        granted_by=new.granted_by,
        market=market.code,
        language=new.language or (await get_party(db, owner)).language,
        currency=market.currency,
        zone=new.zone,
        agreed=await _may_agree(db, owner, actor),
        starts_at=terms.starts_at or now,
        revoked_at=None,
        created_at=now,
        updated_at=now,
        **{name: getattr(terms, name) for name in _TERMS},
    )
    await db.execute(_INSERT, *_values(mandate))
    told = MandateGranted(
        mandate_id=mandate.id,
        budget=mandate.budget,
        budget_period=mandate.budget_period,
        currency=mandate.currency,
        approval_above=mandate.approval_above,
        payment=mandate.payment,
        expires_at=mandate.expires_at,
    )
    await tell(db, f"machine:{machine_id}", owner, [told], actor=actor, now=now)
    return mandate


async def change_mandate(
    db: Connection, mandate_id: UUID, terms: MandateTerms, *, actor: Actor, now: datetime
) -> Mandate:
    """Other limits from now on, as `terms` say in whole; what has been spent stays spent. Emits mandate.changed where
    anything differs.

    Raises as `grant_mandate`, and MandateRevoked.
    """
    machine = await lock_machine(db, (await get_mandate(db, mandate_id)).machine_id)
    await require_owner(db, machine.party_id, actor)
    before = await get_mandate(db, mandate_id)
    if before.revoked_at is not None:
        raise MandateRevoked
    checked = await _checked(db, terms, machine.party_id, before.currency, now)
    after = msgspec.structs.replace(
        before,
        starts_at=checked.starts_at or before.starts_at,
        agreed=await _may_agree(db, machine.party_id, actor),
        updated_at=now,
        **{name: getattr(checked, name) for name in _TERMS},
    )
    differs = [name for name in MandateTerms.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    if not differs:
        return before
    columns = [*differs, "agreed", "updated_at"]
    values = dict(zip(MANDATE_FIELDS, _values(after), strict=True))
    assigned = ", ".join(f"{name} = ${index}" for index, name in enumerate(columns, 2))
    await db.execute(
        f"update mandate set {assigned} where id = $1",  # noqa: S608
        mandate_id,
        *(values[name] for name in columns),
    )
    told = MandateChanged(mandate_id=mandate_id, what=differs)
    await tell(db, f"machine:{machine.id}", machine.party_id, [told], actor=actor, now=now)
    return after


async def revoke_mandate(db: Connection, mandate_id: UUID, *, actor: Actor, now: datetime) -> Mandate:
    """It allows nothing from now on; what is being ordered at this moment still is. Emits mandate.revoked, once.

    What waits for an answer can only be denied. Raises Forbidden, NotFound.
    """
    machine = await lock_machine(db, (await get_mandate(db, mandate_id)).machine_id)
    await require_owner(db, machine.party_id, actor)
    mandate = await get_mandate(db, mandate_id)
    if mandate.revoked_at is not None:
        return mandate
    await db.execute("update mandate set revoked_at = $2, updated_at = $2 where id = $1", mandate_id, now)
    told = MandateTakenBack(mandate_id=mandate_id)
    await tell(db, f"machine:{machine.id}", machine.party_id, [told], actor=actor, now=now)
    return msgspec.structs.replace(mandate, revoked_at=now, updated_at=now)


async def mandates_of(db: Connection, members: Sequence[UUID]) -> list[Mandate]:
    """All mandates that a customer has granted, under any of their ids: those that may hold first, by their age."""
    return await read_mandates(
        db,
        "where party_id = any($1::uuid[]) order by revoked_at is not null, created_at, id",
        list(members),
    )


async def mandates_for(db: Connection, machine_id: UUID) -> list[Mandate]:
    """A machine's mandates: those that may hold first, by their age."""
    return await read_mandates(db, "where machine_id = $1 order by revoked_at is not null, created_at, id", machine_id)


async def mandates_in_use(db: Connection, machine_ids: Sequence[UUID], *, now: datetime) -> list[Mandate]:
    """The mandates under which these machines may buy now, by their age."""
    return await read_mandates(
        db,
        "where machine_id = any($1::uuid[]) and revoked_at is null and starts_at <= $2 "
        "and (expires_at is null or expires_at > $2) order by created_at, id",
        *(list(machine_ids), now),
    )


async def usable_mandate(db: Connection, machine_id: UUID, *, seller: str = OWN, now: datetime) -> Mandate | None:
    """The oldest mandate under which this machine may buy of this seller at all now; None where it may not."""
    found = await read_mandates(
        db,
        "where machine_id = $1 and revoked_at is null and starts_at <= $2 and (expires_at is null or expires_at > $2) "
        "and $3 = any(sellers) and exists (select from machine where id = $1 and state = 'active') "
        "order by created_at, id limit 1",
        *(machine_id, now, seller),
    )
    return found[0] if found else None


async def _may_agree(db: Connection, owner: UUID, actor: Actor) -> bool:
    """Whether this actor's word stands for the account: the owner's themself, their approver's, or the desk's."""
    themself = actor.kind == "customer" and actor.id in {str(member) for member in await members_of(db, owner)}
    return themself or actor.acts_for(owner, "approver") or actor.may("billing.write")


async def _checked(db: Connection, terms: MandateTerms, owner: UUID, currency: str, now: datetime) -> MandateTerms:
    _check_limits(terms, now)
    sellers = list(dict.fromkeys(_seller(seller) for seller in terms.sellers))
    if not 1 <= len(sellers) <= 50:
        raise InvalidValue(field="sellers", expected=_("this shop, or the host of another"))
    goods = msgspec.structs.replace(
        terms.goods,
        skus=_words("goods.skus", terms.goods.skus),
        categories=_words("goods.categories", terms.goods.categories),
    )
    members = await members_of(db, owner)
    own_card = terms.payment == "card" and terms.card_id is not None
    if own_card and terms.card_id not in {card.id for card in await cards_of(db, members)}:
        raise CardUnknown(field="card_id")
    if terms.payment == "account" and (owner, currency) not in await accounts_of(db, [owner]):
        raise InvalidValue(field="payment", expected=_("a card, as there is no account with us"))
    known = {method.code for method in (await tariff(db)).document.methods}
    if terms.shipping_method is not None and terms.shipping_method not in known:
        raise InvalidValue(field="shipping_method", expected=_("a way of delivery that the shop has"))
    address = check_details(CartDetails(address=terms.address)).address if terms.address else None
    return msgspec.structs.replace(
        terms,
        sellers=sellers,
        goods=goods,
        card_id=terms.card_id if terms.payment == "card" else None,
        address=None if address is msgspec.UNSET else address,
        note=terms.note.strip(),
    )


def _check_limits(terms: MandateTerms, now: datetime) -> None:
    for field in ("least_price", "most_price", "budget", "approval_above"):
        amount = getattr(terms, field)
        if amount is not None and not 0 <= amount <= _MOST:
            raise InvalidValue(field=field, expected=_("an amount, or zero"))
    if terms.least_price is not None and terms.most_price is not None and terms.least_price > terms.most_price:
        raise InvalidValue(field="most_price", expected=_("not less than the lowest price"))
    if terms.most_orders is not None and not 0 <= terms.most_orders <= 10_000:
        raise InvalidValue(field="most_orders", expected=_("a whole number up to 10,000"))
    if terms.budget_period not in PERIODS:
        raise InvalidValue(field="budget_period", expected=", ".join(PERIODS))
    if terms.expires_at is not None and terms.expires_at <= max(now, terms.starts_at or now):
        raise InvalidValue(field="expires_at", expected=_("a day in the future"))
    if len(terms.note) > 500:
        raise InvalidValue(field="note", expected=_("at most 500 characters"))


def _seller(text: str) -> str:
    """“own”, or a host in lower case, with its port where it has one. Raises InvalidValue."""
    wanted = text.strip().lower()
    if wanted == OWN:
        return OWN
    try:
        parts = urlsplit(wanted if "//" in wanted else f"//{wanted}")
        host = parts.hostname and (f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname)
    except ValueError:
        host = None
    if not host or len(host) > 253 or not host.isascii():
        raise InvalidValue(field="sellers", expected=_("this shop, or the host of another"))
    return host


def _words(field: str, texts: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(found) > 500 or any(len(text) > 100 or not text.isprintable() for text in found):
        raise InvalidValue(field=field, expected=_("at most 500 codes"))
    return found


def _values(mandate: Mandate) -> list[object]:
    values = []
    for name in MANDATE_FIELDS:
        value = getattr(mandate, name)
        values.append(msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value)
    return values
