"""An order of somebody we know that has been delivered, and the link to it."""

from datetime import timedelta
from uuid import UUID

from kupec.customers import PartyRow, import_parties
from kupec.kit.actor import Actor, customer, system
from kupec.kit.db import Pool
from kupec.sales import (
    Order,
    OrderLineRow,
    ReviewDraft,
    get_order,
    import_orders,
    publish_reviews,
    status_token,
    write_review,
)
from tests.shop import NOON, SETUP
from tests.web.browsing import settings

DESK = Actor(kind="staff", id="1", permissions=frozenset({"catalogue.write"}))


async def delivered(pool: Pool, who: str, *skus: str, status: str = "delivered") -> Order:
    async with pool.acquire() as db, db.transaction():
        await import_parties(db, [PartyRow(external_id=who, name=who)], actor=SETUP, now=NOON)
        rows = [
            OrderLineRow(
                order_external_id=f"{who}-{'-'.join(skus)}",
                line=line,
                placed_at=NOON - timedelta(days=9),
                currency="CZK",
                sku=sku,
                name=sku,
                quantity=1,
                unit_amount=30000,
                customer_external_id=who,
                market="cz",
                status=status,  # type: ignore[arg-type]
                recipient=who,
            )
            for line, sku in enumerate(skus, start=1)
        ]
        assert await import_orders(db, rows, actor=system("import"), now=NOON) == [None] * len(skus)
        order_id: UUID = await db.fetchval("select id from sales_order order by id desc limit 1")
        return await get_order(db, order_id)


def link(order: Order) -> str:
    """The buyer's link to their order, without the language."""
    return f"/order/{status_token(settings().secret, order.id)}"


async def product_of(pool: Pool, sku: str) -> UUID:
    async with pool.acquire() as db:
        found: UUID = await db.fetchval("select product_id from variant where sku = $1", sku)
    return found


async def reviewed(pool: Pool, sku: str, who: str, *, stars: int = 5, body: str = "", publish: bool = True) -> UUID:
    """A review by somebody who has bought it."""
    order = await delivered(pool, who, sku)
    product = await product_of(pool, sku)
    assert order.customer_id is not None
    async with pool.acquire() as db, db.transaction():
        draft = ReviewDraft(stars=stars, title="Dobrá", body=body, author=who)
        written = await write_review(db, order, product, draft, actor=customer(order.customer_id), now=NOON)
        if publish:
            await publish_reviews(db, [written], actor=DESK, now=NOON)
    return written
