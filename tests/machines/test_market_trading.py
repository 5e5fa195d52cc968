"""A machine asks, sellers answer under seal, the rule decides, the order follows, and a replay proves it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kupec.kit.actor import Actor, machine, system
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, IdempotencyMismatch, InvalidValue, NotFound, TooManyRequests
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from kupec.machines.mandates import NewMachine, register_machine
from kupec.machines.market import (
    MARKET,
    QUOTING,
    Cheapest,
    GoodsPolicy,
    MarketRules,
    Named,
    NewQuote,
    NewRfq,
    NotChoosing,
    OwnQuoting,
    OwnRequest,
    Rfq,
    Sealed,
    SellerPolicy,
    award_of,
    choose_quote,
    decide_due,
    decide_rfq,
    forget_rfqs,
    get_rfq,
    open_rfq,
    open_rfqs,
    quotes_of,
    replay,
    set_quoting_policy,
    submit_quote,
)
from kupec.machines.market.rows import sealed_quotes
from tests.sales.standing_shop import a_buyer
from tests.shop import NOON, add_product, make_shop

DESK = Actor(kind="staff", id="eva", permissions=frozenset({"customers.read"}))
SETUP = system("setup")


async def a_machine(db: Connection, name: str, party_id: UUID | None = None) -> UUID:
    if party_id is None:
        party_id = await a_buyer(db)
    made = await register_machine(db, party_id, NewMachine(name=name), actor=SETUP, now=NOON)
    return made.id


async def asked(db: Connection, machine_id: UUID, key: str = "a", now: datetime = NOON, **more: Any) -> Rfq:
    new = NewRfq(**({"sku": "BEANS", "quantity": 10, "rule": Cheapest(), "seconds": 60} | more))
    return await open_rfq(db, machine_id, new, key=key, actor=machine(str(machine_id)), now=now)


async def quoted(db: Connection, rfq: Rfq, seller: UUID, price: int, days: int = 2, *, after: float = 1) -> str:
    new = NewQuote(unit_price=price, lead_days=days, quantity=10)
    now = rfq.opened_at + timedelta(seconds=after)
    made = await submit_quote(db, rfq.id, seller, new, actor=machine(str(seller)), now=now)
    return made.state


async def test_from_the_request_to_the_award(db: Connection) -> None:
    await make_shop(db)
    await add_product(db, "BEANS", price=30000, stock=25)
    await publish_new(db, QUOTING, OwnQuoting(costs={"BEANS": 20000}, aim_bp=4000, steps=[]), actor=SETUP, now=NOON)
    buyer, first, second = [await a_machine(db, name) for name in ("buyer", "first", "second")]
    policy = SellerPolicy(goods={"BEANS": GoodsPolicy(cost=21000, aim_bp=2000, lead_days=5)})
    assert await set_quoting_policy(db, second, policy, actor=machine(str(second)), now=NOON) == 1
    rfq = await asked(db, buyer)
    assert [one.id for one in await open_rfqs(db, now=NOON)] == [rfq.id]

    # The same key is the same request, another body is refused; nobody quotes on their own.
    assert (await asked(db, buyer)).id == rfq.id
    with pytest.raises(IdempotencyMismatch):
        await asked(db, buyer, quantity=11)
    with pytest.raises(OwnRequest):
        await quoted(db, rfq, buyer, 1)
    with pytest.raises(Forbidden):
        await submit_quote(
            db,
            rfq.id,
            first,
            NewQuote(unit_price=1, lead_days=1, quantity=1),
            actor=machine(str(second)),
            now=NOON,
        )

    # Sealed until the deadline, for the desk and for the buyer alike; a quote at the very moment counts.
    assert await quoted(db, rfq, first, 26000) == "sealed"
    assert await quoted(db, rfq, first, 25100, after=60) == "sealed"
    for actor in (DESK, machine(str(buyer)), SETUP):
        with pytest.raises(Sealed):
            await quotes_of(db, rfq.id, actor=actor, now=rfq.deadline)
    assert await decide_due(db, rfq.deadline, 100) == 0
    assert await quoted(db, rfq, first, 100, after=60.001) == "late"

    moment = rfq.deadline + timedelta(milliseconds=2)
    decided = await decide_rfq(db, rfq.id, now=moment)
    assert (decided.state, decided.decided_at) == ("awarded", moment)
    quotes = await quotes_of(db, rfq.id, actor=DESK, now=moment)
    assert [(one.seller == "own", one.unit_price, one.state) for one in quotes] == [
        (False, 100, "late"),
        (False, 25100, "won"),
        (False, 25200, "lost"),
        (False, 26000, "replaced"),
        (True, 28000, "lost"),
    ]
    award = await award_of(db, rfq.id)
    assert award is not None
    assert (award.seller, award.unit_price, award.state) == (str(first), 25100, "told")
    assert await decide_due(db, moment, 100) == 0
    # A slow clock does not bring a quote in once the seals are broken.
    assert await quoted(db, rfq, second, 1) == "late"

    log = await db.fetch("select name from event where subject = $1 order by id", f"rfq:{rfq.id}")
    assert [row["name"] for row in log] == [
        "rfq.opened",
        "rfq.quoted_by_policy",
        "rfq.quoted",
        "rfq.quoted",
        "rfq.quote_late",
        "rfq.awarded",
        "rfq.quote_late",
    ]
    told = await db.fetch("select payload from event where subject = $1 and name = 'rfq.quoted'", f"rfq:{rfq.id}")
    assert all("price" not in str(row["payload"]) for row in told)

    # The replay proves it; with one figure changed afterwards it does not.
    proof = await replay(db, rfq.id, actor=DESK, now=moment)
    assert (proof.same, proof.decided, proof.remade) == (True, 3, 2)
    await db.execute("update quote set unit_price = 25000 where rfq_id = $1 and seller = 'own'", rfq.id)
    changed = await replay(db, rfq.id, actor=DESK, now=moment)
    assert not changed.same
    assert len(changed.differences) == 2


async def test_what_this_shop_wins_is_ordered_and_capacity_is_kept(db: Connection) -> None:
    await make_shop(db)
    await add_product(db, "BEANS", price=30000, stock=15)
    buyer = await a_machine(db, "buyer")
    rfq = await asked(db, buyer, "one", most_price=30000)
    await decide_due(db, rfq.deadline + timedelta(seconds=1), 100)
    award = await award_of(db, rfq.id)
    assert award is not None
    # 65 % of the list price, 45 % more, 3 % off from ten pieces on.
    assert (award.seller, award.unit_price, award.state) == ("own", 27427, "ordering")
    job = await db.fetchrow("select payload from job where name = 'market.order'")
    assert job is not None
    assert job["payload"] == {"rfq_id": str(rfq.id)}
    # Ten of fifteen are promised.
    second = await asked(db, buyer, "two", now=NOON + timedelta(minutes=5))
    assert second.last_seller == "own"
    await decide_due(db, second.deadline + timedelta(seconds=1), 100)
    failed = await get_rfq(db, second.id)
    assert (failed.state, failed.reason) == ("failed", "no_quote")
    assert (await replay(db, second.id, actor=DESK, now=NOON + timedelta(hours=1))).same


async def test_a_buyer_names_the_winner_in_time(db: Connection) -> None:
    await make_shop(db)
    buyer, seller, dearer = [await a_machine(db, name) for name in ("buyer", "seller", "dearer")]
    rfq = await asked(db, buyer, rule=Named(minutes=10))
    assert await quoted(db, rfq, seller, 200) == "sealed"
    assert await quoted(db, rfq, dearer, 300) == "sealed"
    opened = await decide_rfq(db, rfq.id, now=rfq.deadline + timedelta(seconds=1))
    assert (opened.state, opened.choose_until) == ("choosing", rfq.deadline + timedelta(minutes=10, seconds=1))
    quotes = {quote.seller: quote for quote in await sealed_quotes(db, [rfq.id])}
    later = rfq.deadline + timedelta(minutes=5)
    with pytest.raises(NotChoosing):
        await choose_quote(db, rfq.id, uuid7(), actor=machine(str(buyer)), now=later)
    with pytest.raises(Forbidden):
        await choose_quote(db, rfq.id, quotes[str(seller)].id, actor=machine(str(seller)), now=later)
    chosen = await choose_quote(db, rfq.id, quotes[str(dearer)].id, actor=machine(str(buyer)), now=later)
    assert (chosen.state, chosen.verdict and chosen.verdict.reason) == ("awarded", "named")
    assert (await replay(db, rfq.id, actor=DESK, now=later)).same
    # Who names nobody in time gets nothing.
    silent = await asked(db, buyer, "silent", rule=Named(minutes=1))
    await quoted(db, silent, seller, 200)
    await decide_due(db, silent.deadline + timedelta(seconds=1), 100)
    await decide_due(db, silent.deadline + timedelta(seconds=62), 100)
    assert (await get_rfq(db, silent.id)).reason == "not_named"
    for wrong in ({"quantity": 0}, {"seconds": 0}, {"sku": ""}, {"rule": Named(minutes=0)}):
        with pytest.raises(InvalidValue):
            await asked(db, buyer, "wrong", **wrong)


async def test_what_one_machine_may_take_is_bounded_and_what_is_old_is_forgotten(db: Connection) -> None:
    await make_shop(db)
    rules = MarketRules(requests_a_minute=2, quotes_a_minute=2, keep_days=30)
    await publish_new(db, MARKET, rules, actor=SETUP, now=NOON)
    buyer, other, seller = [await a_machine(db, name) for name in ("buyer", "other", "seller")]
    rfqs = [await asked(db, buyer, key) for key in "ab"]
    with pytest.raises(TooManyRequests):
        async with db.transaction():
            await asked(db, buyer, "c")
    assert (await asked(db, buyer, "b")).id == rfqs[1].id, "the same again is no new one"
    await asked(db, other, "c")
    rfqs.append(await asked(db, buyer, "c", NOON + timedelta(seconds=60)))

    assert [await quoted(db, rfqs[0], seller, price) for price in (500, 400)] == ["sealed", "sealed"]
    with pytest.raises(TooManyRequests):
        async with db.transaction():
            await quoted(db, rfqs[1], seller, 300)
    assert await quoted(db, rfqs[1], other, 300) == "sealed"

    moment = rfqs[0].deadline + timedelta(seconds=1)
    assert [(await decide_rfq(db, rfq.id, now=moment)).state for rfq in rfqs] == ["awarded", "awarded", "open"]
    await db.execute("update award set state = 'ordering' where rfq_id = $1", rfqs[1].id)
    kept = rfqs[0].deadline + timedelta(days=30)
    assert await forget_rfqs(db, kept, 100) == 0
    assert await forget_rfqs(db, kept + timedelta(seconds=1), 100) == 1, "one is being ordered, two were never decided"
    with pytest.raises(NotFound):
        await get_rfq(db, rfqs[0].id)
    assert await db.fetchval("select count(*) from quote where rfq_id = $1", rfqs[0].id) == 0
    assert (await get_rfq(db, rfqs[1].id)).state == "awarded"
