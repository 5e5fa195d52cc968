"""What a buyer may change of their own order before anything is packed: where it goes, or that it comes at all."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from kupec.customers import roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.events import Payload
from kupec.sales.buyer import CartDetails, check_details
from kupec.sales.cancelling import call_off, checked_reason
from kupec.sales.models import Address, Order
from kupec.sales.order_lock import locked_order, tell
from kupec.sales.orders import get_order
from kupec.sales.shipping import tariff

PERMISSION = "orders.write"


class OrderRedirected(Payload, frozen=True, kw_only=True):
    """The buyer has another address or recipient, before anything was packed. Subject "order:<id>"."""

    name: ClassVar[str] = "order.redirected"

    number: str
    what: list[str]
    """Which parts of the address are others, by name."""


async def withdraw_order(db: Connection, order_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Order:
    """The buyer does not want it after all: as `cancel_order`, while nothing is packed. Emits order.cancelled.

    For the customer, who buys for their organisation, a guest who holds the order, and the desk with "orders.refund".
    Raises NotFound, Forbidden, WrongOrderState once packing has begun, InvalidValue (field "reason").
    """
    reason = checked_reason(reason)
    order = await locked_order(db, order_id, "placed")
    await _require_buyer(db, order, actor, "orders.refund")
    return await call_off(db, order, reason=reason, actor=actor, now=now)


async def redirect_order(
    db: Connection, order_id: UUID, address: Address, *, phone: str | None = None, actor: Actor, now: datetime
) -> Order:
    """Send it elsewhere, while nothing is packed: to an address its delivery serves for the same fee. Emits
    order.redirected; the same again changes nothing.

    For the customer, who buys for their organisation, and the desk with "orders.write". Raises NotFound, Forbidden,
    WrongOrderState, and InvalidValue naming the part that cannot be.
    """
    order = await locked_order(db, order_id, "placed")
    await _require_buyer(db, order, actor, PERMISSION)
    checked = check_details(CartDetails(address=address, phone=phone or None))
    there = checked.address
    assert isinstance(there, Address), "given above"
    for part in ("name", "street", "city", "postcode"):
        if not getattr(there, part):
            raise InvalidValue(field=f"address.{part}", expected="one line of at most 200 characters")
    await _check_served(db, order, there)
    what = [part for part in there.__struct_fields__ if getattr(there, part) != getattr(order.address, part)]
    if phone and checked.phone != order.phone:
        what.append("phone")
    if not what:
        return order
    await db.execute(
        "update sales_order set address = $2, phone = coalesce($3, phone) where id = $1",
        *(order_id, msgspec.to_builtins(there), checked.phone if phone else None),
    )
    await tell(db, order, OrderRedirected(number=order.number or "", what=what), actor, now)
    return await get_order(db, order_id)


async def _check_served(db: Connection, order: Order, there: Address) -> None:
    """The same way of delivery must reach there for what was paid: another country or zone is another sale."""
    if there.country != order.address.country:
        raise InvalidValue(field="address.country", expected=order.address.country)
    method = (await tariff(db)).document.method(order.shipping_method)
    if method is None or method.kind not in ("parcel", "slot"):
        raise InvalidValue(field="shipping_method", expected="a delivery to an address")
    before = method.zone(order.address.country, order.currency, order.address.postcode)
    after = method.zone(there.country, order.currency, there.postcode)
    if after is None or after != before:
        raise InvalidValue(field="address.postcode", expected="a place that this delivery reaches for the same fee")


async def _require_buyer(db: Connection, order: Order, actor: Actor, permission: str) -> None:
    if order.customer_id is None:
        if not (actor.kind == "guest" and actor.id == str(order.id)):
            actor.require(permission)
        return
    root = (await roots(db, [order.customer_id]))[order.customer_id]
    own = actor.kind == "customer" and actor.id in (str(order.customer_id), str(root))
    if not (own or actor.acts_for(root, "buyer") or actor.may(permission)):
        raise Forbidden(permission=permission)
