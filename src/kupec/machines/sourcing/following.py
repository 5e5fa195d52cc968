"""What was ordered elsewhere is looked after: has it come, was it called off, was money given back."""

from datetime import datetime, timedelta

from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database, to_structs
from kupec.kit.events import Happened, emit
from kupec.kit.versions import published
from kupec.machines.mandates import note_purchase
from kupec.machines.sourcing.answers import Order
from kupec.machines.sourcing.client import SellerClient
from kupec.machines.sourcing.errors import NoOffer
from kupec.machines.sourcing.events import ForeignOrderDelivered
from kupec.machines.sourcing.foreign import FIELDS
from kupec.machines.sourcing.models import ForeignOrder
from kupec.machines.sourcing.rules import SOURCING, SourcingRules
from kupec.machines.sourcing.suppliers import ACTOR, get_supplier
from kupec.machines.trust import Trust

_LEASE = timedelta(minutes=2)
_TAKE = f"""
update foreign_order set next_look_at = $2 where purchase_id in (
    select purchase_id from foreign_order where next_look_at <= $1
    order by next_look_at, purchase_id limit $3 for no key update skip locked)
returning {FIELDS}
"""  # noqa: S608 - columns of ours


async def follow_orders(database: Database, trust: Trust, clock: Clock, *, limit: int) -> int:
    """Ask the sellers of orders that are due; each in its own turn, with no transaction open."""
    now = clock.now()
    async with database.transaction(quiet=True) as db:
        due = to_structs(ForeignOrder, await db.fetch(_TAKE, now, now + _LEASE, limit))
        rules = (await published(db, SOURCING))[SOURCING]
        urls = {order.supplier_id: (await get_supplier(db, order.supplier_id)).url for order in due}
    for order in due:
        try:
            seen = await SellerClient(trust, urls[order.supplier_id]).order(order.order_id or "")
        except NoOffer:
            seen = None
        async with database.transaction() as db:
            await _note(db, order, seen, rules, now=clock.now())
    return len(due)


async def _note(
    db: Connection, order: ForeignOrder, seen: Order | None, rules: SourcingRules, *, now: datetime
) -> None:
    if seen is not None and seen.given_back:
        back = min(seen.given_back, order.placed_total or 0)
        await note_purchase(db, order.purchase_id, state="placed", given_back=back, now=now)
    state = order.state
    if seen is not None and seen.cancelled:
        state = "cancelled"
        await note_purchase(db, order.purchase_id, state="cancelled", reason="seller_cancelled", now=now)
    elif seen is not None and seen.delivered:
        state = "delivered"
        late = order.promised_at is not None and now.date() > order.promised_at.date()
        payload = ForeignOrderDelivered(supplier_id=order.supplier_id, late=late)
        subject = f"purchase:{order.purchase_id}"
        happened = Happened(payload=payload, subject=subject, occurred_at=now, customer_id=order.party_id)
        await emit(db, [happened], actor=ACTOR)
    over = state != "placed" or now > order.created_at + timedelta(days=rules.follow_days)
    hours = rules.look_hours[min(order.looks + 1, len(rules.look_hours) - 1)]
    await db.execute(
        """
        update foreign_order set state = $2, looks = looks + 1, next_look_at = $3,
               delivered_at = case when $2 = 'delivered' then $4 else delivered_at end,
               ended_at = case when $2 <> 'placed' then $4 end
        where purchase_id = $1
        """,
        *(order.purchase_id, state, None if over else now + timedelta(hours=hours), now),
    )
