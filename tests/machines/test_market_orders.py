"""What this shop has won is ordered once, at the price it quoted, under the buyer's mandate."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kupec.kit.actor import machine
from kupec.kit.jobs import JobContext
from kupec.machines.mandates import Goods
from kupec.machines.market import Award, Cheapest, NewRfq, award_of, decide_rfq, open_rfq, order_job
from tests.billing.gateway_fixture import gateway, session_gateway
from tests.machines.owning import Owner, an_owner
from tests.sales.conftest import Shop, shop

__all__ = ["gateway", "session_gateway", "shop"]


@pytest.fixture
async def owner(shop: Shop) -> Owner:
    return await an_owner(shop)


async def awarded(owner: Owner, key: str, quantity: int, **more: Any) -> Award:
    shop, now = owner.shop, owner.shop.clock.now()
    async with shop.database.transaction() as db:
        new = NewRfq(sku="BEANS", quantity=quantity, rule=Cheapest(), seconds=10, **more)
        actor = machine(str(owner.machine.id))
        rfq = await open_rfq(db, owner.machine.id, new, key=key, actor=actor, now=now)
    async with shop.database.transaction() as db:
        await decide_rfq(db, rfq.id, now=now + timedelta(seconds=11))
    job = order_job(owner.buyer)
    for attempt in (1, 2):
        context = JobContext(database=shop.database, clock=shop.clock, job_id=UUID(int=1), attempt=attempt, last=False)
        await job.handle(context, {"rfq_id": str(rfq.id)})
    async with shop.database.reading() as db:
        award = await award_of(db, rfq.id)
    assert award is not None
    return award


async def test_an_award_is_ordered_at_its_price_or_refused_with_the_reason(owner: Owner) -> None:
    await owner.grant(budget=100_000, budget_period="month", goods=Goods(skus=["BEANS"]))
    award = await awarded(owner, "first", 2)
    # 300 Kč at the list; quoted at 282.75, with the delivery of 69 Kč.
    assert (award.unit_price, award.state) == (28275, "ordered")
    (purchase,) = await owner.purchases()
    assert (purchase.id, purchase.state, purchase.total) == (award.purchase_id, "placed", 2 * 28275 + 6900)
    why: dict[str, Any] = purchase.why
    assert why["rfq"] == str(award.rfq_id)
    assert "rfq.ordered" in await owner.told(f"rfq:{award.rfq_id}")
    # Two more do not fit into what is left of the budget.
    refused = await awarded(owner, "second", 2)
    assert refused.state == "refused"
    assert refused.reason == (await owner.purchases())[-1].reason
    assert await owner.shop.fetchval("select count(*) from sales_order where placed_at is not null") == 1
    assert await owner.shop.fetchval("select count(*) from event where name = 'rfq.ordered'") == 2


async def test_a_price_that_was_quoted_in_another_currency_is_not_taken_for_the_mandates(owner: Owner) -> None:
    await owner.grant(budget=100_000, budget_period="month")
    award = await awarded(owner, "abroad", 2, market="pl")
    assert (award.currency, award.state, award.reason) == ("PLN", "refused", "other_currency")
    assert await owner.shop.fetchval("select count(*) from sales_order") == 0
