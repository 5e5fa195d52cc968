"""The total that the buyer was shown is the total that is charged, or nothing is."""

from kupec.kit.db import connect
from tests.reliability.buying import Shopper, charges, new_product
from tests.stack import Stack


async def change_price(stack: Stack, sku: str, amount: int) -> None:
    db = await connect(stack.dsn)
    await db.execute(
        "update price set amount = $2 where currency = 'CZK' and variant_id = (select id from variant where sku = $1)",
        *(sku, amount),
    )
    await db.close()


async def test_a_price_that_changed_since_it_was_shown_charges_nothing(stack: Stack, shopper: Shopper) -> None:
    sku = await new_product(stack, price=30_000)
    session = await shopper.session(sku)
    await change_price(stack, sku, 31_000)
    refused = await shopper.complete(session)
    assert refused.status == "ready_for_complete"
    assert "total_changed" in refused.codes
    assert await charges(stack, session) == []
    assert await stack.fetchval("select count(*) from sales_order where cart_id = $1::text::uuid", session) == 0
    # The control: that answer showed the new total, so now the buyer knows, and the same request goes through.
    accepted = await shopper.complete(session)
    assert accepted.status == "completed"
    total = await stack.fetchval("select total from sales_order where cart_id = $1::text::uuid", session)
    assert total == 31_000 + 6_900
