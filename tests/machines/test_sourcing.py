"""Machines buy elsewhere: of whoever serves best, once, for what was agreed; and dishonest sellers gain nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from kupec.kit.actor import customer
from kupec.kit.addresses import Reach
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.ids import uuid7
from kupec.kit.outside import Outside
from kupec.machines.mandates import Purchase, PurchaseRequest, spent_under
from kupec.machines.sourcing import (
    ForeignOrder,
    NewSupplier,
    Record,
    Sourcing,
    Supplier,
    SupplierExists,
    SupplyRequest,
    SupplyWish,
    add_supplier,
    get_foreign,
    get_supplier,
    records_of,
    remove_supplier,
    resume_supplier,
)
from kupec.machines.trust import Trust
from tests.billing.gateway_fixture import gateway, session_gateway
from tests.machines.owning import CLERK, Owner, an_owner
from tests.machines.seller import Seller, selling
from tests.sales.conftest import Shop, shop

__all__ = ["gateway", "session_gateway", "shop"]
SECRET = "a shop's secret"
LOCAL = Reach(local=True)


class Unhurried(Outside):
    """Waits for everybody as long as a slow machine may need, but for one."""

    def __init__(self) -> None:
        super().__init__(LOCAL, timeout=60.0)
        self.silent = ""
        self._hurried = Outside(LOCAL, timeout=0.2)

    async def call(self, method: str, url: str, **more: Any) -> Any:
        if self.silent and self.silent in url:
            return await self._hurried.call(method, url, **more)
        return await super().call(method, url, **more)

    async def close(self) -> None:
        await self._hurried.close()
        await super().close()


class Buying:
    """An owner whose machine may buy here and at two sellers."""

    def __init__(self, owner: Owner, sellers: list[Seller], trust: Trust) -> None:
        self.owner = owner
        self.sellers = sellers
        self.trust = trust
        self.outside: Unhurried
        self.sourcing = self.a_process()
        self.suppliers: list[Supplier] = []

    def a_process(self) -> Sourcing:
        shop, buyer = self.owner.shop, self.owner.buyer
        return Sourcing(shop.database, self.trust, buyer, shop.clock, secret=SECRET, zone="Europe/Prague")

    async def add(self, seller: Seller, **more: Any) -> Supplier:
        new = {"name": seller.name, "url": seller.url, "handler": "card", "token": "our token", **more}
        async with self.owner.shop.database.transaction() as db:
            found = await add_supplier(
                db,
                self.owner.party_id,
                NewSupplier(**new),
                secret=SECRET,
                reach=LOCAL,
                actor=self.owner.actor,
                now=self.owner.shop.clock.now(),
            )
        self.suppliers.append(found)
        return found

    async def buy(self, key: str, quantity: int = 2) -> Purchase:
        request = SupplyRequest(
            machine_id=self.owner.machine.id, key=key, lines=[("BEANS", quantity)], why={"meter": "beans"}
        )
        return await self.sourcing.buy(request)

    async def foreign(self, purchase: Purchase) -> ForeignOrder:
        async with self.owner.shop.database.reading() as db:
            found = await get_foreign(db, purchase.id)
        assert found is not None
        return found

    async def record(self, place: int = 0) -> Record:
        async with self.owner.shop.database.reading() as db:
            ids = [self.suppliers[place].id]
            return (await records_of(db, ids, now=self.owner.shop.clock.now())).get(ids[0], Record())


@pytest.fixture
async def buying(shop: Shop) -> AsyncIterator[Buying]:
    owner = await an_owner(shop)
    outside = Unhurried()
    trust = Trust(shop.database, outside, shop.clock, secret=SECRET, base_url="https://buyer.example")
    async with selling("near") as near, selling("far") as far:
        found = Buying(owner, [near, far], trust)
        found.outside = outside
        await owner.grant(sellers=["own", near.host, far.host], budget=500_000)
        for seller in (near, far):
            await found.add(seller)
        yield found
    await trust.aclose()


async def test_the_best_offer_is_bought_once_and_says_why(buying: Buying) -> None:
    near, far = buying.sellers
    far.price = 21_000
    bought = await buying.buy("beans-1")
    assert (bought.state, bought.seller, bought.total) == ("placed", near.host, 45_000)
    assert bought.foreign_order == "order near-0"
    assert bought.why["meter"] == "beans"
    offers = bought.why["choice"]["offers"]
    assert [(each["seller"], each["total"]) for each in offers] == [
        (near.host, 45_000),
        (far.host, 47_000),
        ("own", 66_900),
    ]
    assert all(near.signed), "every request of ours is signed"
    assert far.cancelled == ["far-0"], "what is not bought is given up"
    # The same key is the same purchase, whoever asks; nobody is asked anything for it.
    asked = len(near.signed)
    assert await buying.buy("beans-1") == bought
    assert (await buying.a_process().complete(bought)).id == bought.id
    assert (len(near.signed), len(near.completions)) == (asked, 1)
    # Here is bought what is cheaper here, and what is bound to this shop.
    near.price = far.price = 90_000
    here = await buying.buy("beans-2")
    assert (here.state, here.seller, here.why["choice"]["chosen"]) == ("placed", "own", "own")
    bound = PurchaseRequest(machine_id=buying.owner.machine.id, key="b3", lines=[("BEANS", 1)], expected_total=36_900)
    assert (await buying.sourcing.buy(bound)).seller == "own"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("totals", "wrong_totals"),
        ("goods", "other_goods"),
        ("currency", "currency"),
        ("down", "status_503"),
        ("endless", "too_large"),
        ("garbage", "unreadable"),
        ("elsewhere", "no_rest_service"),
        ("silent", "timeout"),
    ],
)
async def test_a_seller_that_is_not_honest_is_left_out(buying: Buying, wrong: str, reason: str) -> None:
    near, far = buying.sellers
    near.price, near.wrong = 1, wrong
    buying.outside.silent = near.host if wrong == "silent" else ""
    wish = SupplyWish(machine_id=buying.owner.machine.id, lines=[("BEANS", 1), ("BEANS", 1)])
    choice = await buying.sourcing.choose(wish)
    assert choice.winner is not None
    assert choice.winner.seller == far.host
    assert [(each.seller, each.reason) for each in choice.left_out] == [(near.host, reason)]
    assert not near.completions


async def test_a_price_that_rises_after_it_was_agreed_is_not_paid(buying: Buying) -> None:
    near, far = buying.sellers
    far.wrong = "down"
    # Before it is ordered: it is not.
    mandate = await buying.owner.grant(sellers=[near.host], approval_above=0)
    async with buying.owner.shop.database.transaction() as db:
        await db.execute("update mandate set revoked_at = now() where id <> $1", mandate.id)
    asked = await buying.buy("beans-1")
    assert asked.state == "asked"
    assert await buying.sourcing.finish() == 0, "nothing is ordered before its owner's yes"
    near.price += 1
    done = await buying.owner.buyer.approve(asked.id, actor=buying.owner.actor)
    assert (done.state, done.reason, near.completions) == ("failed", "price_changed", [])
    async with buying.owner.shop.database.reading() as db:
        assert (await spent_under(db, mandate, now=buying.owner.shop.clock.now())).total == 0
    # A session that is over is opened anew, and bought if it costs no more.
    near.price -= 1
    asked = await buying.buy("beans-2")
    near.sessions.clear()
    near.price -= 1_000
    done = await buying.owner.buyer.approve(asked.id, actor=buying.owner.actor)
    assert (done.state, done.total) == ("placed", 42_998 + 2)
    # While it is ordered: it has been paid, so it counts, and nothing more is bought there.
    near.wrong = "dearer at the end"
    asked = await buying.buy("beans-3")
    done = await buying.owner.buyer.approve(asked.id, actor=buying.owner.actor)
    assert (done.state, done.total - asked.total) == ("placed", 2_000)
    async with buying.owner.shop.database.reading() as db:
        supplier = await get_supplier(db, buying.suppliers[0].id)
        told = await db.fetchval("select payload from event where name = 'supplier.overcharged'")
        assert await db.fetchval("select count(*) from task where details->>'host' = $1", near.host) == 1
    assert (supplier.state, supplier.paused_for) == ("paused", "overcharged")
    assert told["placed_total"] - told["agreed_total"] == 2_000
    assert (await buying.record()).kept == 0
    assert (await buying.buy("beans-4")).state == "refused", "and what is left is not in the mandate"


async def test_what_a_crash_or_a_dying_seller_left_is_ordered_once(buying: Buying) -> None:
    near, far = buying.sellers
    near.wrong, far.price = "dies once", 21_000
    bought = await buying.buy("beans-1")
    assert bought.state == "claimed", "it may have been ordered: nobody knows"
    assert (await buying.foreign(bought)).completing_since is not None
    assert await buying.a_process().finish() == 0, "somebody has it in hand"
    buying.owner.shop.clock.move(timedelta(minutes=1))
    assert await buying.a_process().finish() == 1
    again = await buying.buy("beans-1")
    assert (again.state, again.foreign_order) == ("placed", "order near-0")
    assert (len(near.by_key), len(near.completions)) == (1, 1)
    # One that has not taken it is asked again, under the same key.
    near.wrong, near.completions = "dies before", []
    second = await buying.buy("beans-1b")
    buying.owner.shop.clock.move(timedelta(minutes=1))
    await buying.a_process().finish()
    assert (await buying.buy("beans-1b")).id == second.id
    assert (len(near.completions), len(set(near.completions))) == (2, 1)
    # Killed between claim and order: the next one orders it.
    claimed, complete = [], buying.sourcing.complete

    async def killed(purchase: Purchase) -> Purchase:
        claimed.append(purchase)
        return purchase

    buying.sourcing.complete = killed  # type: ignore[method-assign]
    await buying.buy("beans-2")
    buying.sourcing.complete = complete  # type: ignore[method-assign]
    assert len(near.completions) == 2
    buying.owner.shop.clock.move(timedelta(minutes=1))
    await buying.a_process().finish()
    assert (await buying.buy("beans-2")).state == "placed"
    # A seller that never says is given up in the end, and somebody is called.
    near.wrong = "dies once"
    lost = await buying.buy("beans-3")
    near.wrong = "down"
    for _ in range(8):
        buying.owner.shop.clock.move(timedelta(hours=1))
        await buying.sourcing.finish()
    found = await buying.buy("beans-3")
    assert (found.id, found.state, found.reason) == (lost.id, "failed", "seller_silent")
    async with buying.owner.shop.database.reading() as db:
        assert await db.fetchval("select count(*) from task where details->>'host' = $1", near.host) == 1


async def test_orders_are_followed_and_make_a_record(buying: Buying) -> None:
    near, far = buying.sellers
    far.wrong = "down"
    clock = buying.owner.shop.clock
    near.arrives = (clock.now() + timedelta(days=2)).isoformat()
    first, second = await buying.buy("beans-1"), await buying.buy("beans-2")
    assert await buying.sourcing.follow() == 0
    clock.move(timedelta(hours=2))
    near.stands(fulfilled=1, total=2)
    assert await buying.sourcing.follow() == 2
    clock.move(timedelta(hours=4))
    near.stands(fulfilled=2, total=2, delivered=True)
    async with buying.owner.shop.database.transaction() as db:
        await db.execute("update foreign_order set next_look_at = null where purchase_id = $1", second.id)
    assert await buying.sourcing.follow() == 1
    assert (await buying.foreign(first)).state == "delivered"
    assert await buying.record() == Record(orders=1, kept=1)
    assert await buying.owner.told(f"purchase:{first.id}") == ["purchase.placed", "foreign_order.delivered"]
    async with buying.owner.shop.database.transaction() as db:
        await db.execute("update foreign_order set next_look_at = $2 where purchase_id = $1", second.id, clock.now())
    near.stands(fulfilled=0, total=0, refunded=45_000)
    assert await buying.sourcing.follow() == 1
    assert await buying.record() == Record(orders=2, kept=1)
    found = await buying.buy("beans-2")
    assert (found.state, found.given_back, found.counts) == ("cancelled", 45_000, 0)
    assert await buying.sourcing.follow() == 0


async def test_the_list_is_its_owners(buying: Buying) -> None:
    near, far = buying.sellers
    with pytest.raises(SupplierExists):
        await buying.add(near)
    for url in ("ftp://a.example", "https://10.0.0.1", "https://a.example/path", "https://user@a.example"):
        with pytest.raises(InvalidValue):
            await buying.add(near, url=url)
    async with buying.owner.shop.database.transaction() as db:
        sealed = await db.fetchval("select sealed from supplier where id = $1", buying.suppliers[0].id)
        assert b"our token" not in sealed
        with pytest.raises(Forbidden):
            await resume_supplier(
                db, buying.suppliers[0].id, actor=customer(uuid7()), now=buying.owner.shop.clock.now()
            )
        await remove_supplier(db, buying.suppliers[0].id, actor=CLERK, now=buying.owner.shop.clock.now())
        assert await db.fetchval("select sealed from supplier where id = $1", buying.suppliers[0].id) is None
    assert (await buying.buy("beans-1")).seller == far.host
