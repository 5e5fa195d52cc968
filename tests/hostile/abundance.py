"""What else a shop holds when everybody has typed markup: price lists, coupons, statements, returns, refunds."""

from datetime import UTC, datetime
from uuid import UUID

from kupec.billing import import_statement, open_account
from kupec.catalogue import GoodsLine, ListPrice, PriceListDraft, put_price_list, receive_goods, write_list_prices
from kupec.kit.actor import Actor, guest
from kupec.kit.db import Connection
from kupec.kit.versions import publish_new
from kupec.sales import (
    PROMOTIONS,
    Conditions,
    CouponTerms,
    PercentOff,
    Promotion,
    Promotions,
    Wish,
    create_coupon,
    get_order,
    refund_order,
    request_return,
)
from tests.hostile.visitor import HOSTILE
from tests.shop import NOON, SETUP

_STATEMENT = "id,account,date,amount,currency,variable_symbol,payer,payer_account,message"
_QUOTED = '"' + HOSTILE.replace('"', '""') + '"'


async def stock_up(db: Connection) -> None:
    """Prices, promotions, goods in and a statement; nothing that changes what a cart costs."""
    draft = PriceListDraft(code="lists", name=HOSTILE[:100], currency="CZK", group="nobody")
    await put_price_list(db, draft, actor=SETUP, now=NOON)
    [sku, *_] = [row["sku"] for row in await db.fetch("select sku from variant order by sku")]
    await write_list_prices(db, "lists", [ListPrice(sku=sku, amount=29900)], actor=SETUP, now=NOON)
    only_with_coupon = Promotion(
        code="LISTS",
        names={"en": HOSTILE[:60]},
        conditions=Conditions(needs_coupon=True),
        action=PercentOff(percent_bp=1000),
    )
    for _ in range(2):
        document = Promotions(promotions=[only_with_coupon], timezone="Europe/Prague")
        await publish_new(db, PROMOTIONS, document, note=HOSTILE, actor=SETUP, now=NOON)
    await create_coupon(db, "LISTS", CouponTerms(promotion="LISTS"), actor=SETUP, now=NOON)
    place = await db.fetchval("select id from location order by position limit 1")
    variant = await db.fetchval("select id from variant where stocked order by sku limit 1")
    goods = [GoodsLine(variant_id=variant, quantity=1)]
    await receive_goods(
        db, goods, location_id=place, reference=HOSTILE[:100], supplier=HOSTILE[:100], actor=SETUP, now=NOON
    )
    content = f"{_STATEMENT}\n1,CZ65,2026-03-10,12.00,CZK,1,{_QUOTED},,{_QUOTED}\n"
    await import_statement(db, content.encode(), filename=HOSTILE, format_name="generic", actor=SETUP, now=NOON)


async def fall_out(db: Connection, delivered: UUID, refunded: UUID, desk: Actor) -> None:
    """A customer wants to give goods back and another one gets money back; some may buy on account."""
    now = datetime.now(UTC)
    order = await get_order(db, delivered)
    wish = Wish(order_line_id=order.lines[0].id, quantity=1, reason="other")
    await request_return(
        db, delivered, [wish], settle_to="payment", note=HOSTILE, key="hostile", actor=guest(delivered), now=now
    )
    await refund_order(
        db, refunded, lines={}, amount=100, to="payment", reason=HOSTILE, key="hostile", actor=desk, now=now
    )
    for row in await db.fetch("select id from party order by id"):
        limit = 10_000
        await open_account(db, row["id"], currency="CZK", credit_limit=limit, terms_days=14, actor=desk, now=now)
