"""What the database knows of a wish before anybody is asked: who wants it, where it goes, and what it costs here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import market as get_market
from kupec.catalogue import variants_by_sku
from kupec.customers import get_party, members_of
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.machines.mandates import OWN, Mandate, PurchaseRequest, get_machine, mandates_for, price_wanted
from kupec.machines.sourcing.models import LeftOut, Offer, OfferedLine, Recipient, Record, Supplier, SupplyWish, Weights
from kupec.machines.sourcing.suppliers import items_of, records_of, suppliers_of, weights_of
from kupec.sales import known_details

OWN_RECORD = Record(orders=20, kept=20)
"""What this shop promises, it answers for itself."""


class _Undo(Exception):
    """A price was wanted, and nothing else."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known here about a wish."""

    party_id: UUID
    currency: str
    language: str
    country: str
    recipient: Recipient | None
    suppliers: tuple[Supplier, ...]
    items: dict[UUID, dict[str, str]]
    records: dict[UUID, Record]
    weights: Weights
    own: Offer | None
    left_out: tuple[LeftOut, ...]


async def ground_of(db: Connection, wish: SupplyWish, *, most: int, now: datetime) -> Ground | None:
    """None where no mandate of the machine holds, so that nobody need be asked. Raises NotFound (machine)."""
    machine = await get_machine(db, wish.machine_id)
    members = await members_of(db, machine.party_id)
    mandates = [each for each in await mandates_for(db, machine.id) if each.state(now) == "active"]
    suppliers = await suppliers_of(db, members)
    if not mandates or not suppliers:
        return None
    sellers = {seller for mandate in mandates for seller in mandate.sellers}
    asked = [each for each in suppliers if each.state == "active" and each.host in sellers][:most]
    left = [LeftOut(seller=each.host, reason=_missing(each, sellers)) for each in suppliers if each not in asked]
    leading = _leading(mandates, [each.host for each in asked])
    ids = [each.id for each in asked]
    own = None
    if OWN in sellers:
        own = await _own_offer(db, next(each for each in mandates if OWN in each.sellers), wish, now)
        left += [LeftOut(seller=OWN, reason="not_sold")] if own is None else []
    return Ground(
        party_id=members[0],
        currency=leading.currency,
        language=leading.language,
        country=(await get_market(db, leading.market)).home_country,
        recipient=await _recipient(db, leading, members),
        suppliers=tuple(asked),
        items=await items_of(db, ids),
        records=dict(await records_of(db, ids, now=now)),
        weights=await weights_of(db, members),
        own=own,
        left_out=tuple(left),
    )


def _leading(mandates: Sequence[Mandate], hosts: Sequence[str]) -> Mandate:
    """The mandate that says where things go: the first that knows one of those who are asked."""
    return next((each for each in mandates if set(each.sellers) & set(hosts)), mandates[0])


def _missing(supplier: Supplier, sellers: set[str]) -> str:
    if supplier.state != "active":
        return supplier.state
    return "too_many" if supplier.host in sellers else "not_in_mandate"


async def _recipient(db: Connection, mandate: Mandate, members: Sequence[UUID]) -> Recipient | None:
    owner = await get_party(db, members[0])
    person = await get_party(db, mandate.granted_by) if mandate.granted_by else owner
    market = await get_market(db, mandate.market)
    known = await known_details(db, person=person, account=owner, account_ids=list(members), market=market)
    address = mandate.address or known.address
    email, name = known.email, known.name
    if not address or not isinstance(email, str) or not email:
        return None
    phone = known.phone if isinstance(known.phone, str) else None
    return Recipient(name=str(name or address.name), email=email, address=address, phone=phone)


async def _own_offer(db: Connection, mandate: Mandate, wish: SupplyWish, now: datetime) -> Offer | None:
    """What this shop wants for it; None where it does not sell it, or not now."""
    try:
        variants = await variants_by_sku(db, sorted({sku for sku, _ in wish.lines}))
        if any(sku not in variants for sku, _ in wish.lines):
            return None
        request = PurchaseRequest(machine_id=wish.machine_id, key="price", lines=wish.lines)
        async with db.transaction():
            seen = await price_wanted(db, mandate, request, variants, now=now)
            raise _Undo
    except _Undo:
        pass
    except KupecError:
        return None
    if seen.priced.problems or seen.priced.shipping is None:
        return None
    return Offer(
        seller=OWN,
        total=seen.wish.total,
        currency=seen.wish.currency,
        arrives_on=seen.priced.shipping.promised_on,
        record=OWN_RECORD,
        lines=tuple(
            OfferedLine(sku=line.sku, quantity=line.quantity, total=line.total, name=line.name)
            for line in seen.wish.lines
        ),
    )
