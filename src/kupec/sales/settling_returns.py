"""What a received return is settled with: money, store credit, or other goods with the difference.

An exchange is a return and an order that replaces it. What the returned goods cost becomes store credit for as much as
the new ones cost; what is left over goes back the way it was paid, and what is missing is owed by transfer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from kupec.billing import FREE, NewPayment, Outcome, PaymentOption, hold_store_credit, offered, open_payments
from kupec.customers import open_task
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.ids import uuid7
from kupec.kit.jobs import GiveUp, Job, JobContext
from kupec.sales.cart_prices import Prices, read_prices
from kupec.sales.carts import NewCart, create_carts
from kupec.sales.delivery_events import ReturnClosed
from kupec.sales.draft_rows import NewDraft, insert_drafts
from kupec.sales.errors import NotSold, WrongReturnState
from kupec.sales.goods import Taken, take_goods
from kupec.sales.line_prices import price_lines, split_tax, subtotal_of
from kupec.sales.models import Cart, CartLine, Order, PricedCart, PricedLine, ShippingOption
from kupec.sales.order_lock import locked_order, tell
from kupec.sales.refunding import refund_order
from kupec.sales.return_rows import Return, get_return
from kupec.sales.returns import SETTLE_RETURN
from kupec.sales.settlement import settle
from kupec.sales.shipping import promise
from kupec.sales.shipping_models import Method

_RETURNS = system("returns")
_WITHIN = timedelta(hours=8)


class _Settled(msgspec.Struct, frozen=True, kw_only=True):
    refunded: int
    replacement_id: UUID | None = None


def settle_job(*, order_prefix: str) -> Job:
    """Settles one received return; `order_prefix` begins the number of an order that replaces it."""
    return Job(name=SETTLE_RETURN, handle=partial(_settle, order_prefix=order_prefix), max_attempts=3)


async def _settle(context: JobContext, payload: dict[str, Any], *, order_prefix: str) -> None:
    return_id = UUID(payload["return_id"])
    now = context.clock.now()
    try:
        async with context.database.transaction() as db:
            await settle_return(db, return_id, order_prefix=order_prefix, now=now)
    except WrongReturnState:
        return
    except KupecError as error:
        async with context.database.transaction() as db:
            await _call_person(db, return_id, error, now)
        raise GiveUp(reason=error.message) from error


async def settle_return(db: Connection, return_id: UUID, *, order_prefix: str, now: datetime) -> Return:
    """Give back what has arrived, or send what was wanted instead; once. Emits return.closed, and what those tell.

    Raises NotFound, WrongReturnState, and what `refund_order` and the sale of the new goods raise.
    """
    order_id = await db.fetchval("select order_id from sales_return where id = $1", return_id)
    order = await locked_order(db, order_id, "picking", "shipped", "delivered")
    found = await get_return(db, return_id)
    if found.state != "received":
        raise WrongReturnState(number=found.number)
    if found.settle_to == "exchange":
        settled = await _exchange(db, order, found, order_prefix, now)
    else:
        settled = _Settled(refunded=await _give_back(db, order, found, now))
    await db.execute(
        "update sales_return set state = 'closed', closed_at = $2, refunded = $3, replacement_id = $4 where id = $1",
        *(return_id, now, settled.refunded, settled.replacement_id),
    )
    payload = ReturnClosed(
        number=found.number,
        return_id=return_id,
        refunded=settled.refunded,
        currency=found.currency,
        settle_to=found.settle_to,
        replacement_id=settled.replacement_id,
    )
    await tell(db, order, payload, _RETURNS, now)
    return await get_return(db, return_id)


def _pieces(found: Return) -> dict[UUID, int]:
    return {line.order_line_id: line.arrived for line in found.lines if line.order_line_id and line.arrived}


async def _give_back(
    db: Connection, order: Order, found: Return, now: datetime, *, most_credit: int | None = None
) -> int:
    pieces = _pieces(found)
    if not any(line.total for line in order.lines if line.id in pieces):
        return 0  # nothing but gifts
    refund = await refund_order(
        db,
        order.id,
        lines=pieces,
        to="payment" if found.settle_to == "payment" else "store_credit",
        most_credit=most_credit,
        reason=translate(order.language, _("Return %(number)s")) % {"number": found.number},
        key=f"return:{found.id}",
        actor=_RETURNS,
        now=now,
    )
    return refund.amount


async def _exchange(db: Connection, order: Order, found: Return, prefix: str, now: datetime) -> _Settled:
    cart = _cart(order, found, now)
    await create_carts(db, [NewCart(cart=cart, actor=_RETURNS)], now=now)
    seen = _priced(order, cart, await read_prices(db, [cart], now=now), now)
    given_back = await _give_back(db, order, found, now, most_credit=seen.total)
    codes = await _codes_of(db, order, found, most=seen.total)
    credit = sum(codes.values())
    cart = msgspec.structs.replace(cart, credit_code=next(iter(codes), None))
    seen = msgspec.structs.replace(seen, credit=credit, cart=cart)
    replacement_id = await _place(db, seen, found, prefix, codes, now)
    await db.execute("update sales_order set replaces_order_id = $2 where id = $1", replacement_id, order.id)
    return _Settled(refunded=given_back - credit - seen.to_pay, replacement_id=replacement_id)


async def _codes_of(db: Connection, order: Order, found: Return, *, most: int) -> dict[str, int]:
    """Minor units by code that pay for the new goods: what this return made, then what it gave back to the codes that
    had paid for the old ones.
    """
    rows = await db.fetch(
        """
        select credit.code, credit.balance, refund.credited, credit.key = 'order-credit:' || refund.id as fresh
          from order_refund refund
          join store_credit credit on credit.key = 'order-credit:' || refund.id
            or credit.id in (select credit_id from store_credit_movement where order_id = $2 and kind = 'held')
         where refund.key = $1
         order by fresh desc, credit.code
        """,
        f"return:{found.id}",
        order.id,
    )
    left = min(most, rows[0]["credited"]) if rows else 0
    codes: dict[str, int] = {}
    for row in rows:
        amount = min(left, row["balance"])
        if amount:
            codes[row["code"]] = amount
        left -= amount
    return codes


def _cart(order: Order, found: Return, now: datetime) -> Cart:
    return Cart(
        id=uuid7(),
        customer_id=order.customer_id,
        market=order.market,
        language=order.language,
        channel=order.channel,
        agent=order.agent,
        email=order.email,
        name=order.name,
        phone=order.phone,
        address=order.address,
        shipping_method=order.shipping_method,
        pickup_point=order.pickup_point,
        company=order.company,
        created_at=now,
        updated_at=now,
        lines=[
            CartLine(id=uuid7(), variant_id=line.exchange_for, quantity=line.arrived)
            for line in found.lines
            if line.exchange_for is not None and line.arrived
        ],
    )


def _priced(order: Order, cart: Cart, prices: Prices, now: datetime) -> PricedCart:
    """At today's prices, sent for nothing: who exchanges pays the difference of the goods only."""
    market, terms = prices.markets[cart.market], prices.terms
    goods = {line.variant_id: prices.goods.get((cart.market, line.variant_id)) for line in cart.lines}
    sold = {variant_id: variant for variant_id, variant in goods.items() if variant is not None}
    if len(sold) < len(goods):
        missing = next(variant_id for variant_id in goods if variant_id not in sold)
        raise NotSold(name=str(missing))
    lines = price_lines(cart, market, sold, terms.tax, order.address.country)
    taxes = split_tax([(line.tax_bp, line.total) for line in lines])
    lines = [msgspec.structs.replace(line, tax=tax) for line, tax in zip(lines, taxes, strict=True)]
    total = subtotal_of(lines)
    return PricedCart(
        cart=cart,
        currency=market.currency,
        lines=lines,
        shipping_options=[],
        shipping=_delivery(order, terms.tariff.document.method(order.shipping_method), lines, now),
        subtotal=total,
        shipping_tax=0,
        payment=_transfer(order, prices, total),
        tax=sum(line.tax for line in lines),
        total=total,
        tax_country=terms.tax.country(home=market.home_country, destination=order.address.country),
        problems=[],
    )


def _delivery(order: Order, method: Method | None, lines: Sequence[PricedLine], now: datetime) -> ShippingOption | None:
    if method is None or order.shipping_method is None:
        return None
    lead_days = max((line.lead_days for line in lines), default=0)
    return ShippingOption(
        code=method.code,
        name=order.shipping_name,
        carrier=method.carrier,
        fee=0,
        tax_bp=order.shipping_tax_bp,
        free_from=None,
        promised_on=promise(method, order.address.country, lead_days=lead_days, now=now),
        kind=method.kind,
    )


def _transfer(order: Order, prices: Prices, total: int) -> PaymentOption | None:
    """How a missing difference is paid: by transfer, where the shop offers it."""
    options = offered(
        prices.terms.methods,
        country=order.address.country,
        currency=order.currency,
        total=total,
        shipping_method=order.shipping_method,
        account=False,
        language=order.language,
    )
    return next((option for option in options if option.kind == "transfer"), None)


async def _place(
    db: Connection, seen: PricedCart, found: Return, prefix: str, codes: Mapping[str, int], now: datetime
) -> UUID:
    """The order that replaces what came back: drafted, its goods taken, and placed at once."""
    taken = (await take_goods(db, [seen], now=now))[seen.cart.id]
    if not isinstance(taken, Taken):
        raise taken
    order_id = uuid7()
    draft = NewDraft(order_id=order_id, seen=seen, key=f"return:{found.id}", request_hash=b"")
    await insert_drafts(db, [draft], now=now, expires_at=now)
    await hold_store_credit(db, [(code, order_id, amount) for code, amount in codes.items()], now=now, actor=_RETURNS)
    provider = "transfer" if seen.to_pay else FREE
    new = NewPayment(id=uuid7(), order_id=order_id, provider=provider, amount=seen.to_pay, currency=seen.currency)
    [payment] = await open_payments(db, [new], now=now, check_at=now)
    promised = Outcome(payment_id=payment.id, state="authorised", amount=payment.amount, currency=payment.currency)
    [standing] = await settle(db, [promised], now=now, order_prefix=prefix)
    if isinstance(standing, KupecError):
        raise standing
    return order_id


async def _call_person(db: Connection, return_id: UUID, error: KupecError, now: datetime) -> None:
    found = await get_return(db, return_id)
    await open_task(
        db,
        key=f"return.settle:{return_id}",
        title=_("Settle return {number} by hand"),
        details={"number": found.number, "problem": error.message},
        subject=f"order:{found.order_id}",
        customer_id=found.customer_id,
        due_at=now + _WITHIN,
        actor=_RETURNS,
        now=now,
    )
