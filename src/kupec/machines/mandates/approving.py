"""What a machine wants beyond its limit waits for its owner: yes at the price of that moment, no, or too late."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers import roots
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.machines.mandates.carts import Seen, price_kept
from kupec.machines.mandates.claiming import LEASE, about_purchase, bought, spent_under, stopped_by
from kupec.machines.mandates.deciding import decide
from kupec.machines.mandates.errors import MandateRefuses, PurchaseDecided
from kupec.machines.mandates.events import PurchaseApproved, PurchaseDenied
from kupec.machines.mandates.models import OWN, Mandate, Purchase, Refused, Wish, WishLine
from kupec.machines.mandates.rows import (
    get_machine,
    get_mandate,
    get_purchase,
    lock_purchase,
    read_purchases,
    require_owner,
    tell,
)
from kupec.sales import TotalChanged, cancel_cart, get_cart


async def accept(
    db: Connection, purchase_id: UUID, *, expected_total: int | None, actor: Actor, now: datetime
) -> Purchase:
    """Say yes to what is asked: it is claimed at today's price, in today's period. The edge orders it then.

    For the owner, who buys or approves for them, and the desk with "orders.write"; where the account itself wants an
    approver, for that one only. Emits purchase.approved, once. Raises as `MachineBuyer.approve`.
    """
    purchase = await lock_purchase(db, purchase_id)
    await _may_answer(db, purchase, actor)
    if purchase.approved_by is not None and purchase.state in ("claimed", "placed"):
        return purchase
    if purchase.state != "asked" or (purchase.expires_at is not None and purchase.expires_at <= now):
        raise PurchaseDecided
    assert purchase.mandate_id is not None, "asked under one"
    mandate = await get_mandate(db, purchase.mandate_id)
    seen = await _today(db, purchase, now)
    wish = seen.wish if seen is not None else _as_asked(purchase)
    if seen is not None and seen.priced.needs_approval and not mandate.agreed:
        owner = (await roots(db, [purchase.party_id]))[purchase.party_id]
        actor.require_for(owner, "billing.write", role="approver")
    await _check(db, mandate, purchase, wish, expected_total, now)
    await db.execute(
        "update purchase set state = 'claimed', total = $2, lines = $3, approved_by = $4, claimed_at = $5, "
        "next_try_at = $6, expires_at = null where id = $1",
        *(purchase_id, wish.total, msgspec.to_builtins(bought(wish)), str(actor), now),
        # Nobody has what is bought elsewhere in hand yet: it is due at once.
        now + LEASE if purchase.seller == OWN else now,
    )
    claimed = await get_purchase(db, purchase_id)
    told = PurchaseApproved(**about_purchase(claimed))
    await tell(db, f"purchase:{purchase_id}", purchase.party_id, [told], actor=actor, now=now)
    return claimed


async def _may_answer(db: Connection, purchase: Purchase, actor: Actor) -> None:
    owner = (await roots(db, [purchase.party_id]))[purchase.party_id]
    if not actor.acts_for(owner, "approver"):
        await require_owner(db, purchase.party_id, actor, "orders.write")


async def _check(
    db: Connection, mandate: Mandate, purchase: Purchase, wish: Wish, expected_total: int | None, now: datetime
) -> None:
    expected = purchase.total if expected_total is None else expected_total
    if wish.total != expected:
        raise TotalChanged(field="expected_total", total=wish.total, currency=wish.currency)
    asked_anyway = msgspec.structs.replace(mandate, approval_above=None)
    spent = await spent_under(db, mandate, now=now, without=purchase.id)
    stopped = stopped_by(await get_machine(db, purchase.machine_id))
    decision = stopped or decide(asked_anyway, wish, spent, now)
    if isinstance(decision, Refused):
        raise MandateRefuses(
            **{"code": decision.code, **{f"of_{name}": value for name, value in decision.fields.items()}}
        )


async def _today(db: Connection, purchase: Purchase, now: datetime) -> Seen | None:
    if purchase.seller != OWN or purchase.cart_id is None:
        return None
    return await price_kept(db, await get_cart(db, purchase.cart_id), now=now)


def _as_asked(purchase: Purchase) -> Wish:
    """What another seller asked then; whoever buys there asks again."""
    return Wish(
        seller=purchase.seller,
        lines=[
            WishLine(
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                total=line.total or 0,
                categories=line.categories,
            )
            for line in purchase.lines
        ],
        total=purchase.total,
        currency=purchase.currency,
    )


async def price_asked(db: Connection, purchases: Sequence[Purchase], *, now: datetime) -> dict[UUID, int]:
    """By id, what each purchase that waits would cost now, in minor units of its currency."""
    totals = {}
    for purchase in purchases:
        seen = await _today(db, purchase, now)
        totals[purchase.id] = seen.wish.total if seen is not None else purchase.total
    return totals


async def deny_purchase(db: Connection, purchase_id: UUID, *, actor: Actor, now: datetime) -> Purchase:
    """Say no: it is not bought, and its budget is free again. Saying no twice is once. Emits purchase.denied.

    For the owner, who buys or approves for them, and the desk with "orders.write". Raises NotFound, Forbidden,
    PurchaseDecided.
    """
    purchase = await lock_purchase(db, purchase_id)
    await _may_answer(db, purchase, actor)
    if purchase.state == "refused" and purchase.reason == "denied":
        return purchase
    if purchase.state != "asked":
        raise PurchaseDecided
    return await _end(db, purchase, "denied", actor=actor, now=now)


async def expire_purchases(db: Connection, now: datetime, limit: int) -> int:
    """End what its owner has not answered in time; returns how many. Emits purchase.denied."""
    rows = await db.fetch(
        """
        select p.id from purchase p join machine m on m.id = p.machine_id
         where p.state = 'asked' and p.expires_at <= $1
         order by m.id, p.id limit $2 for no key update of m skip locked
        """,
        *(now, limit),
    )
    over = await read_purchases(db, "where p.id = any($1::uuid[]) and p.state = 'asked'", [row["id"] for row in rows])
    for purchase in over:
        await _end(db, purchase, "approval_expired", actor=system("mandates"), now=now)
    return len(over)


async def _end(db: Connection, purchase: Purchase, reason: str, *, actor: Actor, now: datetime) -> Purchase:
    if purchase.cart_id is not None and (await get_cart(db, purchase.cart_id)).state == "open":
        await cancel_cart(db, purchase.cart_id, actor=actor, now=now)
    await db.execute(
        "update purchase set state = 'refused', reason = $2, reason_fields = '{}', decided_at = $3, expires_at = null "
        "where id = $1",
        *(purchase.id, reason, now),
    )
    ended = await get_purchase(db, purchase.id)
    told = PurchaseDenied(**about_purchase(ended), reason="denied" if reason == "denied" else "approval_expired")
    await tell(db, f"purchase:{purchase.id}", purchase.party_id, [told], actor=actor, now=now)
    return ended


async def purchases_of(
    db: Connection,
    members: Sequence[UUID],
    *,
    machine_id: UUID | None = None,
    states: Sequence[str] | None = None,
    limit: int = 50,
) -> list[Purchase]:
    """What a customer's machines wanted to buy, the latest first. `states` are as they were written."""
    return await read_purchases(
        db,
        "where p.party_id = any($1::uuid[]) and ($2::uuid is null or p.machine_id = $2) "
        "and ($3::text[] is null or p.state = any($3)) order by p.created_at desc, p.id desc limit $4",
        *(list(members), machine_id, list(states) if states is not None else None, limit),
    )


async def last_purchases(db: Connection, machine_ids: Sequence[UUID]) -> dict[UUID, Purchase]:
    """By machine, what it wanted to buy last."""
    found = await read_purchases(
        db,
        "where p.id in (select last.id from unnest($1::uuid[]) as m (id), lateral ("
        "select id from purchase where machine_id = m.id order by created_at desc, id desc limit 1) as last)",
        list(machine_ids),
    )
    return {one.machine_id: one for one in found}


async def count_asked(db: Connection, members: Sequence[UUID]) -> int:
    """How many purchases wait for this customer's answer."""
    count: int = await db.fetchval(
        "select count(*) from purchase where party_id = any($1::uuid[]) and state = 'asked'", list(members)
    )
    return count
