"""Not sent after all: a whole order before anything has left, or what has not left of one."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from kupec.billing import cancel_payments
from kupec.catalogue import unallocate
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.sales.claims import release_claims
from kupec.sales.collection import all_is_ready
from kupec.sales.delivery_events import RestCancelled
from kupec.sales.errors import BundleSplit, WrongOrderState
from kupec.sales.events import OrderCancelled
from kupec.sales.models import Order
from kupec.sales.order_lock import locked_order, tell
from kupec.sales.orders import get_order
from kupec.sales.picking import demands
from kupec.sales.refunding import Destination, refund_order, refundable

_LEFT = ("transfer", "ready", "shipped", "delivered", "returned")


async def cancel_order(db: Connection, order_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Order:
    """Cancel before anything has left: goods go back, money goes back. Emits order.cancelled.

    The refund (or the void of what is not captured yet) is carried out by the payment sweep; its outcome
    lands on the order's timeline. Needs "orders.refund"; raises WrongOrderState, InvalidValue (field "reason").
    """
    actor.require("orders.refund")
    reason = checked_reason(reason)
    order = await locked_order(db, order_id, "placed", "picking")
    if any(parcel.state in _LEFT for parcel in order.fulfilments):
        raise WrongOrderState(number=order.number or order_id, state="partly shipped")
    return await call_off(db, order, reason=reason, actor=actor, now=now)


async def call_off(db: Connection, order: Order, *, reason: str, actor: Actor, now: datetime) -> Order:
    """Of a locked order nothing of which has left, for whoever may: goods and money go back. Emits order.cancelled."""
    refund = await cancel_payments(db, order.id, reason=reason, actor=actor, now=now)
    await release_claims(db, [order.id], now=now)
    await unallocate(db, [order.id])
    await _cancel_parcels(db, [parcel.id for parcel in order.fulfilments])
    await db.execute("update sales_order set state = 'cancelled', cancelled_at = $2 where id = $1", order.id, now)
    await tell(db, order, OrderCancelled(number=order.number or "", reason=reason, refund=refund), actor, now)
    return await get_order(db, order.id)


async def cancel_rest(
    db: Connection, order_id: UUID, *, reason: str, to: Destination = "payment", actor: Actor, now: datetime
) -> Order:
    """What has not left will not: its goods go back on sale and its price goes back. Emits order.rest_cancelled.

    For an order of which something has left; before that there is `cancel_order`. The delivery's fee stays paid.
    Needs "orders.refund"; raises NotFound, WrongOrderState, BundleSplit, InvalidValue (field "reason"), and what
    `refund_order` raises.
    """
    actor.require("orders.refund")
    reason = checked_reason(reason)
    order = await locked_order(db, order_id, "picking")
    rest = [parcel.id for parcel in order.fulfilments if parcel.state == "picking"]
    if not rest or not any(parcel.state in _LEFT for parcel in order.fulfilments):
        raise WrongOrderState(number=order.number or order_id, state=order.state)
    pieces = unsent(order)
    # What was given back for some of them already is not given back again.
    left = await refundable(db, order)
    unpaid = {line_id: min(count, left.pieces(line_id)) for line_id, count in pieces.items()}
    refunded = 0
    if any(part.amount for part in left.parts if part.line_id is not None and unpaid.get(part.line_id)):
        refund = await refund_order(
            db, order_id, lines=unpaid, to=to, reason=reason, key=f"rest:{order_id}", actor=actor, now=now
        )
        refunded = refund.amount
    await unallocate(db, [order_id])
    await _cancel_parcels(db, rest)
    kept = {parcel.state for parcel in order.fulfilments if parcel.id not in rest and parcel.state != "cancelled"}
    if "transfer" not in kept:
        state = "shipped" if kept & {"shipped", "ready"} else "delivered"
        await db.execute("update sales_order set state = $2 where id = $1", order_id, state)
        await all_is_ready(db, order, kept, actor, now)
    payload = RestCancelled(number=order.number or "", reason=reason, pieces=sum(pieces.values()), refund=refunded)
    await tell(db, order, payload, actor, now)
    return await get_order(db, order_id)


async def _cancel_parcels(db: Connection, parcel_ids: list[UUID]) -> None:
    """Neither packed nor ordered at a carrier any more."""
    await db.execute("update fulfilment set state = 'cancelled' where id = any($1::uuid[])", parcel_ids)
    await db.execute("update parcel_label set state = 'cancelled' where fulfilment_id = any($1::uuid[])", parcel_ids)


def checked_reason(reason: str) -> str:
    """Raises InvalidValue (field "reason")."""
    if not reason.strip() or len(reason) > 500:
        raise InvalidValue(field="reason", expected="a reason of at most 500 characters")
    return reason.strip()


def unsent(order: Order) -> dict[UUID, int]:
    """Pieces of each line that lie in parcels still being packed. Raises BundleSplit where a bundle is torn."""
    packed: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for parcel in order.fulfilments:
        for picked in parcel.contents if parcel.state == "picking" else ():
            packed[picked.order_line_id, picked.variant_id] += picked.quantity
    pieces: dict[UUID, int] = {}
    for line in order.lines:
        wholes = {divmod(packed[line.id, variant_id] * line.quantity, total) for variant_id, total in demands(line)}
        (count, torn), *others = wholes
        if others or torn:
            raise BundleSplit(name=line.name)
        if count:
            pieces[line.id] = count
    return pieces
