"""Machines buy for their owners: within the budget whoever asks at once, once whoever dies, asked about and told."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from kupec.billing import accounts_of
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.ids import uuid7
from kupec.machines.mandates import (
    Goods,
    Mandate,
    MandateRefuses,
    MandateTerms,
    PurchaseDecided,
    Spent,
    change_mandate,
    deny_purchase,
    expire_purchases,
    get_machine,
    pause_machine,
    resume_machine,
    revoke_mandate,
    spent_under,
    wanting,
)
from kupec.sales import Checkout, CompleteRequest, Completion, TotalChanged, cancel_order
from tests.billing.gateway_fixture import gateway, session_gateway
from tests.machines.owning import CLERK, Owner, an_owner
from tests.sales.conftest import Shop, shop
from tests.shop import NOON

__all__ = ["gateway", "session_gateway", "shop"]


@pytest.fixture
async def owner(shop: Shop) -> Owner:
    return await an_owner(shop)


async def test_what_is_within_the_mandate_is_ordered_once(owner: Owner) -> None:
    await owner.grant(budget=100_000, budget_period="month", goods=Goods(skus=["BEANS"]))
    first = await owner.buy("beans-1", why={"meter": "beans", "left": 3})
    assert (first.state, first.total, first.currency) == ("placed", 36900, "CZK")
    assert (first.order_number, first.why) == ("Z10001", {"meter": "beans", "left": 3})
    again = await owner.buy("beans-1", 5)
    assert again == first
    # What the order and the account say is the same, and the log tells it once.
    row = await owner.shop.fetchval(
        "select (customer_id = $1) and channel = 'machine' from sales_order", owner.party_id
    )
    assert row is True
    async with owner.shop.database.reading() as db:
        assert (await accounts_of(db, [owner.party_id]))[owner.party_id, "CZK"].used == 36900
    assert await owner.told(f"purchase:{first.id}") == ["purchase.placed"]
    # 369 + 369 fit into 1000; a third does not, and says what is left.
    assert (await owner.buy("beans-2")).state == "placed"
    third = await owner.buy("beans-3")
    assert (third.state, third.reason, third.reason_fields["left"]) == ("refused", "over_budget", 26200)
    assert await owner.told(f"purchase:{third.id}") == ["purchase.refused"]
    assert await owner.shop.fetchval("select count(*) from cart") == 2  # nothing is left of what was only priced
    # A new month, a new budget.
    owner.shop.clock.move(timedelta(days=25))
    assert (await owner.buy("beans-4")).state == "placed"


async def test_why_it_is_not_bought_is_kept(owner: Owner) -> None:
    said: list[tuple[str, str | None]] = []

    async def ask(key: str, *, sku: str = "BEANS", quantity: int = 1, **more: Any) -> None:
        done = await owner.buy(key, quantity, sku=sku, **more)
        said.append((done.state, done.reason))

    await ask("no mandate")
    mandate = await owner.grant(most_price=30000, most_orders=1)
    await ask("unknown", sku="NOTHING")
    await ask("too many", quantity=11)
    await ask("shown otherwise", expected_total=1)
    async with owner.shop.database.transaction() as db:
        await pause_machine(db, owner.machine.id, actor=owner.actor, now=NOON)
    await ask("paused")
    async with owner.shop.database.transaction() as db:
        await resume_machine(db, owner.machine.id, actor=owner.actor, now=NOON)
        await db.execute("update price set amount = 30001")
    await ask("dear")
    async with owner.shop.database.transaction() as db:
        await db.execute("update price set amount = 30000")
    await ask("bought")
    await ask("twice")
    async with owner.shop.database.transaction() as db:
        await revoke_mandate(db, mandate.id, actor=owner.actor, now=NOON)
    await ask("revoked")
    assert said == [
        ("refused", "no_mandate"),
        ("failed", "unknown_goods"),
        ("failed", "not_enough_stock"),
        ("failed", "total_changed"),
        ("refused", "machine_paused"),
        ("refused", "price_too_high"),
        ("placed", None),
        ("refused", "too_many_orders"),
        ("refused", "mandate_revoked"),
    ]
    with pytest.raises(InvalidValue, match="key"):
        await owner.buy("")
    stranger = customer(uuid7())
    async with owner.shop.database.transaction() as db:
        with pytest.raises(Forbidden):
            await revoke_mandate(db, mandate.id, actor=stranger, now=NOON)


class _Gate:
    """Lets nobody pass before all are there."""

    def __init__(self, count: int) -> None:
        self.waiting = count
        self.open = asyncio.Event()

    async def pass_through(self) -> None:
        self.waiting -= 1
        if self.waiting <= 0:
            self.open.set()
        await asyncio.wait_for(self.open.wait(), 60)


async def _race(owner: Owner, count: int) -> int:
    await owner.grant(budget=100_000)
    done = await asyncio.gather(*(owner.buy(f"key {number}") for number in range(count)))
    assert all(each.state in ("placed", "refused") for each in done)
    return sum(each.total for each in done if each.state == "placed")


async def test_many_at_once_never_pass_the_budget(owner: Owner) -> None:
    assert await _race(owner, 8) == 73800


async def test_without_the_lock_they_do(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = _Gate(4)

    async def slowly(db: Connection, mandate: Mandate, **more: Any) -> Spent:
        spent = await spent_under(db, mandate, **more)
        await gate.pass_through()
        return spent

    monkeypatch.setattr(wanting, "lock_machine", get_machine)
    monkeypatch.setattr(wanting, "spent_under", slowly)
    assert await _race(owner, 4) > 100_000


async def test_the_same_key_at_once_is_one_order(owner: Owner) -> None:
    await owner.grant()
    done = await asyncio.gather(*(owner.buy("same") for _ in range(6)))
    assert {each.id for each in done} == {done[0].id}
    assert await owner.shop.fetchval("select count(*) from sales_order where state = 'placed'") == 1
    assert (await owner.purchases())[0].state == "placed"


class _Dies(Exception):
    pass


class _Dying(Checkout):
    """A checkout whose process dies before it begins, or before anybody hears what came of it."""

    after = False

    async def complete(self, request: CompleteRequest) -> Completion:
        if self.after:
            await super().complete(request)
        raise _Dies


@pytest.mark.parametrize("after", [False, True])
async def test_who_comes_next_carries_a_purchase_on(owner: Owner, after: bool) -> None:
    mandate = await owner.grant(budget=40_000)
    dying = _Dying(
        owner.shop.database, owner.shop.cards, owner.shop.clock, hold_for=timedelta(minutes=15), order_prefix="Z"
    )
    dying.after = after
    healthy, owner.buyer = owner.buyer, owner.a_process(dying)
    with pytest.raises(_Dies):
        await owner.buy("beans")
    owner.buyer = healthy
    # Its budget is taken: nobody else may have it meanwhile.
    assert (await owner.buy("more")).reason == "over_budget"
    assert await healthy.finish_purchases() == 0
    owner.shop.clock.move(timedelta(seconds=46))
    assert sum(await asyncio.gather(*(owner.a_process().finish_purchases() for _ in range(3)))) == 1
    [purchase] = [each for each in await owner.purchases() if each.key == "beans"]
    assert (purchase.state, purchase.total) == ("placed", 36900)
    assert await owner.shop.fetchval("select count(*) from sales_order where state = 'placed'") == 1
    assert await owner.told(f"purchase:{purchase.id}") == ["purchase.placed"]
    async with owner.shop.database.reading() as db:
        assert await spent_under(db, mandate, now=owner.shop.clock.now()) == Spent(total=36900, orders=1)


async def test_nobody_came_in_time(owner: Owner) -> None:
    """What nobody carried on for an hour is not ordered any more, and its budget is free."""
    mandate = await owner.grant(budget=40_000)
    dying = _Dying(
        owner.shop.database, owner.shop.cards, owner.shop.clock, hold_for=timedelta(minutes=15), order_prefix="Z"
    )
    healthy, owner.buyer = owner.buyer, owner.a_process(dying)
    with pytest.raises(_Dies):
        await owner.buy("beans")
    owner.shop.clock.move(timedelta(minutes=61))
    assert await healthy.finish_purchases() == 1
    [purchase] = await owner.purchases()
    assert (purchase.state, purchase.reason) == ("failed", "given_up")
    async with owner.shop.database.reading() as db:
        assert await spent_under(db, mandate, now=owner.shop.clock.now()) == Spent()
        assert await db.fetchval("select state from cart") == "cancelled"


async def test_above_the_limit_its_owner_is_asked(owner: Owner) -> None:
    mandate = await owner.grant(approval_above=40_000, budget=200_000)
    assert (await owner.buy("one")).state == "placed"
    asked = await owner.buy("two", 2)
    assert (asked.state, asked.reason, asked.reason_fields["limit"]) == ("asked", "above_limit", 40000)
    assert asked.total == 66900
    # It holds its budget while it waits: 369 + 669 of 2000.
    assert (await owner.buy("three", 3)).reason == "over_budget"
    # A machine that is paused buys nothing, whoever says yes.
    async with owner.shop.database.transaction() as db:
        await pause_machine(db, owner.machine.id, actor=owner.actor, now=NOON)
    with pytest.raises(MandateRefuses):
        await owner.buyer.approve(asked.id, actor=owner.actor)
    async with owner.shop.database.transaction() as db:
        await resume_machine(db, owner.machine.id, actor=owner.actor, now=NOON)
    # The price as it is then: what was seen has changed, and nothing is bought before it is seen again.
    async with owner.shop.database.transaction() as db:
        await db.execute("update price set amount = 31000")
    with pytest.raises(TotalChanged):
        await owner.buyer.approve(asked.id, expected_total=66900, actor=owner.actor)
    with pytest.raises(Forbidden):
        await owner.buyer.approve(asked.id, expected_total=68900, actor=customer(uuid7()))
    done = await asyncio.gather(
        *(owner.buyer.approve(asked.id, expected_total=68900, actor=owner.actor) for _ in range(2))
    )
    assert {(each.state, each.total) for each in done} <= {("placed", 68900), ("claimed", 68900)}
    assert await owner.told(f"purchase:{asked.id}") == ["purchase.asked", "purchase.approved", "purchase.placed"]
    assert await owner.shop.fetchval("select count(*) from sales_order where state = 'placed'") == 2
    # A no, and an answer that came too late: the budget is free again.
    denied = await owner.buy("four", 2)
    assert denied.state == "asked"
    async with owner.shop.database.transaction() as db:
        await deny_purchase(db, denied.id, actor=owner.actor, now=NOON)
        with pytest.raises(PurchaseDecided):
            await deny_purchase(db, asked.id, actor=owner.actor, now=NOON)
    with pytest.raises(PurchaseDecided):
        await owner.buyer.approve(denied.id, actor=owner.actor)
    silent = await owner.buy("six", 2)
    # A mandate that allows it no more says so instead of buying.
    async with owner.shop.database.transaction() as db:
        await change_mandate(
            db,
            mandate.id,
            MandateTerms(payment="account", approval_above=40_000, budget=1),
            actor=owner.actor,
            now=NOON,
        )
    with pytest.raises(MandateRefuses):
        await owner.buyer.approve(silent.id, actor=owner.actor)
    async with owner.shop.database.transaction() as db:
        assert await expire_purchases(db, NOON + timedelta(days=6, hours=23), 10) == 0
        assert await expire_purchases(db, NOON + timedelta(days=7), 10) == 1
    assert [(each.key, each.reason) for each in await owner.purchases() if each.state == "refused"] == [
        ("three", "over_budget"),
        ("four", "denied"),
        ("six", "approval_expired"),
    ]
    assert await owner.shop.fetchval("select count(*) from cart where state = 'open'") == 0


@pytest.mark.parametrize(
    ("token", "reason"),
    [("tok_declined", "insufficient_funds"), ("tok_3ds", "authentication_required"), ("", "card_gone")],
)
async def test_a_card_that_does_not_pay_calls_somebody(shop: Shop, token: str, reason: str) -> None:
    owner = await an_owner(shop, card=token)
    mandate = await owner.grant(payment="card", budget=40_000)
    failed = await owner.buy("beans")
    assert (failed.state, failed.reason) == ("failed", reason)
    assert await shop.fetchval("select details->>'code' from task where key like 'purchase.failed:%'") == reason
    async with shop.database.reading() as db:
        assert await spent_under(db, mandate, now=NOON) == Spent()


async def test_a_card_on_file_pays(shop: Shop) -> None:
    owner = await an_owner(shop, card="tok_visa")
    await owner.grant(payment="card")
    assert (await owner.buy("beans")).state == "placed"
    assert await shop.fetchval("select provider || state from payment") == "sandboxcapturing"


async def test_what_is_called_off_gives_its_budget_back(owner: Owner) -> None:
    mandate = await owner.grant(budget=40_000)
    bought = await owner.buy("beans")
    assert bought.order_id is not None
    assert (await owner.buy("more")).reason == "over_budget"
    async with owner.shop.database.transaction() as db:
        await cancel_order(db, bought.order_id, reason="mistake", actor=CLERK, now=NOON)
        assert await spent_under(db, mandate, now=NOON) == Spent()
    assert [each.state for each in await owner.purchases()] == ["cancelled", "refused"]
    again = await owner.buy("again")
    assert again.state == "placed"
    # What was refunded counts no more, in the period in which it was bought; it still was an order.
    async with owner.shop.database.transaction() as db:
        await db.execute(
            "insert into order_refund (id, order_id, key, request, reason, amount, owed, paid_back, credited, "
            "created_by, created_at) values ($1, $2, 'part', '{}', 'returned', 10000, 10000, 0, 0, 'staff:anna', $3)",
            *(uuid7(), again.order_id, NOON),
        )
        assert await spent_under(db, mandate, now=NOON) == Spent(total=26900, orders=1)
        assert await spent_under(db, mandate, now=NOON + timedelta(days=30)) == Spent()
