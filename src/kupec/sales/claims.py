"""What an order lays claim to besides goods: uses of promotions, store credit, a house account, a delivery slot.

Held when the order is drafted, given back when the draft or the order comes to nothing. Locks are taken in
this order, after the carts and orders and before the stock; each owner sorts its own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from kupec.billing import hold_credit, hold_store_credit, release_credit, release_store_credit
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.sales.errors import TotalChanged
from kupec.sales.models import PricedCart
from kupec.sales.promotions.coupons import confirm_redemptions, customer_key, hold_redemptions, release_redemptions
from kupec.sales.promotions.models import Redeeming
from kupec.sales.slots import hold_slots, promise_slot_days, release_slots


async def hold_claims(db: Connection, drafts: Mapping[UUID, PricedCart], *, now: datetime) -> dict[UUID, KupecError]:
    """Hold what these carts, by the id of the order each is to become, lay claim to.

    Returns those that may not: CouponSpent, TotalChanged (the store credit is less than was shown),
    CreditExceeded, SlotFull. They hold nothing. A cart that claims nothing costs no statement.
    """
    refused: dict[UUID, KupecError] = {}
    refused |= await _redeem(db, drafts, now)
    refused |= await _take_credit(db, _left(drafts, refused), now)
    refused |= await _use_account(db, _left(drafts, refused))
    refused |= await _book(db, _left(drafts, refused), now)
    if refused:
        await release_claims(db, list(refused), now=now)
    return refused


def _left(drafts: Mapping[UUID, PricedCart], refused: Mapping[UUID, KupecError]) -> dict[UUID, PricedCart]:
    return {order_id: seen for order_id, seen in drafts.items() if order_id not in refused}


async def _redeem(db: Connection, drafts: Mapping[UUID, PricedCart], now: datetime) -> Mapping[UUID, KupecError]:
    redeeming = [
        Redeeming(
            order_id=order_id,
            customer_key=customer_key(seen.cart.email or ""),
            customer_id=seen.cart.customer_id,
            applied=seen.applied,
            currency=seen.currency,
        )
        for order_id, seen in drafts.items()
        if seen.applied
    ]
    return await hold_redemptions(db, redeeming, now) if redeeming else {}


async def _take_credit(db: Connection, drafts: Mapping[UUID, PricedCart], now: datetime) -> dict[UUID, KupecError]:
    wanted = [
        (seen.cart.credit_code, order_id, seen.credit)
        for order_id, seen in drafts.items()
        if seen.cart.credit_code and seen.credit
    ]
    if not wanted:
        return {}
    held = await hold_store_credit(db, wanted, now=now)
    return {
        order_id: TotalChanged(field="credit_code", total=drafts[order_id].total, currency=drafts[order_id].currency)
        for _, order_id, amount in wanted
        if held.get(order_id, 0) != amount
    }


async def _use_account(db: Connection, drafts: Mapping[UUID, PricedCart]) -> Mapping[UUID, KupecError]:
    wanted = [
        (seen.cart.customer_id, order_id, seen.currency, seen.to_pay)
        for order_id, seen in drafts.items()
        if seen.payment is not None and seen.payment.kind == "account"
    ]
    return await hold_credit(db, wanted) if wanted else {}


async def _book(db: Connection, drafts: Mapping[UUID, PricedCart], now: datetime) -> Mapping[UUID, KupecError]:
    wanted = [
        (order_id, seen.cart.slot_id)
        for order_id, seen in drafts.items()
        if seen.cart.slot_id is not None and seen.shipping is not None and seen.shipping.kind == "slot"
    ]
    methods = {order_id: seen.shipping.code for order_id, seen in drafts.items() if seen.shipping is not None}
    return await hold_slots(db, wanted, methods=methods, now=now) if wanted else {}


async def release_claims(db: Connection, order_ids: Sequence[UUID], *, now: datetime) -> None:
    """Give back what these orders hold; those that hold nothing, or gave it back, are left alone."""
    if not order_ids:
        return
    await release_redemptions(db, order_ids)
    await release_store_credit(db, order_ids, now=now)
    await release_credit(db, order_ids)
    await release_slots(db, order_ids)


async def release_gifts(db: Connection, ungiven: Mapping[UUID, Sequence[str]]) -> None:
    """Promotions whose gift was gone when it was taken have given these orders nothing, and are not used up."""
    for order_id, promotions in sorted(ungiven.items()):
        await release_redemptions(db, [order_id], promotions=promotions)


async def confirm_claims(db: Connection, order_ids: Sequence[UUID]) -> None:
    """These orders are placed: the uses of promotions they held are counted for good."""
    if order_ids:
        await confirm_redemptions(db, order_ids)
        await promise_slot_days(db, order_ids)
