"""Store credit: never below nothing, never spent twice, whatever happens at the same moment."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kupec.billing import (
    RefundTooLarge,
    StoreCredit,
    credit_code,
    credit_held,
    credit_standing,
    hold_store_credit,
    issue_store_credit,
    list_store_credits,
    release_store_credit,
    return_store_credit,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Pool, connect
from kupec.kit.errors import Forbidden, IdempotencyMismatch, InvalidValue
from kupec.kit.ids import uuid7
from tests.billing.making import NOW
from tests.reliability.unlocked import Unlocked

CLERK = Actor(kind="staff", id="1", permissions=frozenset({"billing.write", "billing.read"}))


async def issued(db: Connection, amount: int = 1000, key: str = "") -> StoreCredit:
    return await issue_store_credit(
        db, amount=amount, currency="CZK", reason="sorry", key=key or str(uuid7()), actor=CLERK, now=NOW
    )


async def balance(db: Connection, credit: StoreCredit) -> int:
    return (await credit_standing(db, [credit.code]))[credit.code].balance


async def test_a_code_is_found_however_it_is_typed(db: Connection) -> None:
    credit = await issued(db)
    assert len(credit.code) == 16
    typed = credit.label.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    found = await credit_standing(db, [typed, "NO-SUCH-CODE"])
    assert found == {typed: credit}
    assert credit_code("ab-o1") == "AB01"
    assert await db.fetchval("select count(*) from event where payload::text like '%' || $1 || '%'", credit.code) == 0


async def test_what_is_held_is_gone_and_what_is_released_is_back(db: Connection) -> None:
    credit, order, other = await issued(db), uuid7(), uuid7()
    assert await hold_store_credit(db, [(credit.label, order, 700), (credit.code, other, 400)], now=NOW) == {
        order: 700,
        other: 0,
    }
    assert (await balance(db, credit), await credit_held(db, [order, other])) == (300, {order: 700})
    assert await release_store_credit(db, [order, other], now=NOW) == {order: 700}
    assert await release_store_credit(db, [order], now=NOW) == {}
    assert await balance(db, credit) == 1000
    assert await hold_store_credit(db, [("NOSUCHCODE", order, 5)], now=NOW) == {order: 0}


async def test_a_part_goes_back(db: Connection) -> None:
    credit, order = await issued(db), uuid7()
    await hold_store_credit(db, [(credit.code, order, 700)], now=NOW)
    await return_store_credit(db, order, 200, now=NOW, actor=CLERK)
    assert (await balance(db, credit), await credit_held(db, [order])) == (500, {order: 500})
    with pytest.raises(RefundTooLarge):
        await return_store_credit(db, order, 501, now=NOW, actor=CLERK)
    assert await release_store_credit(db, [order], now=NOW) == {order: 500}


async def test_it_is_issued_once_for_its_key_by_those_who_may(db: Connection) -> None:
    credit = await issued(db, key="a")
    assert await issued(db, key="a") == credit
    with pytest.raises(IdempotencyMismatch):
        await issued(db, 999, key="a")
    for wrong in ({"amount": 0}, {"reason": " "}):
        with pytest.raises(InvalidValue):
            await issue_store_credit(
                db, **{"amount": 1, "currency": "CZK", "reason": "x", "key": "b", "actor": CLERK, "now": NOW, **wrong}
            )
    nobody = Actor(kind="staff", id="2", permissions=frozenset({"orders.refund"}))
    with pytest.raises(Forbidden):
        await issue_store_credit(db, amount=1, currency="CZK", reason="x", key="c", actor=nobody, now=NOW)
    assert [each.id for each in await list_store_credits(db, actor=CLERK, query=credit.label[:6])] == [credit.id]
    await hold_store_credit(db, [(credit.code, uuid7(), 1000)], now=NOW)
    assert await list_store_credits(db, actor=CLERK, open_only=True) == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["hold", "release", "return"]), st.integers(0, 2), st.integers(0, 3), st.integers(1, 900)
    ),
    max_size=15,
)


@settings(max_examples=60, deadline=None)
@given(story=steps)
def test_random_stories_keep_every_unit(rollback_dsn: str, story: list[tuple[str, int, int, int]]) -> None:
    asyncio.run(_story(rollback_dsn, story))


async def _story(dsn: str, story: list[tuple[str, int, int, int]]) -> None:
    db = await connect(dsn)
    transaction = db.transaction()
    await transaction.start()
    try:
        codes, orders = [await issued(db) for _ in range(3)], [uuid7() for _ in range(4)]
        held: dict[UUID, int] = dict.fromkeys(orders, 0)
        for kind, which, whose, amount in story:
            order = orders[whose]
            if kind == "hold":
                held[order] += (await hold_store_credit(db, [(codes[which].code, order, amount)], now=NOW))[order]
            elif kind == "release":
                assert (await release_store_credit(db, [order], now=NOW)).get(order, 0) == held[order]
                held[order] = 0
            elif amount <= held[order]:
                await return_store_credit(db, order, amount, now=NOW, actor=CLERK)
                held[order] -= amount
            balances = [await balance(db, credit) for credit in codes]
            assert sum(balances) + sum(held.values()) == 3000
            assert min(balances) >= 0
        moved = await db.fetchval("select sum(amount)::bigint from store_credit_movement")
        assert moved == sum([await balance(db, credit) for credit in codes])
    finally:
        await transaction.rollback()
        await db.close()


async def race(pool: Pool, *, guarded: bool) -> tuple[int, int]:
    """Eight orders want 300 of 1000 each, having all seen it whole; returns what was held and what is left."""
    async with pool.acquire() as db:
        credit = await issued(db)
        if not guarded:
            await db.execute("alter table store_credit drop constraint store_credit_check")
    ready = asyncio.Barrier(8)

    async def one() -> int:
        order = uuid7()
        async with pool.acquire() as connection, connection.transaction():
            await ready.wait()
            if guarded:
                return (await hold_store_credit(connection, [(credit.code, order, 300)], now=NOW))[order]
            return (await hold_store_credit(_Waiting(connection, ready), [(credit.code, order, 300)], now=NOW))[order]

    taken = await asyncio.gather(*(one() for _ in range(8)))
    async with pool.acquire() as db:
        return sum(taken), await db.fetchval("select balance from store_credit")


class _Waiting(Unlocked):
    """No locks, and nobody writes before all have read: the interleaving that locks are there to forbid."""

    def __init__(self, connection: object, ready: asyncio.Barrier) -> None:
        super().__init__(connection)
        self._ready = ready

    async def fetch(self, query: str, *values: object) -> object:
        rows = await super().__getattr__("fetch")(query, *values)
        if "from store_credit where code" in query:
            await self._ready.wait()
        return rows


async def test_orders_at_the_same_moment_spend_it_once(pool: Pool) -> None:
    assert await race(pool, guarded=True) == (900, 100)


async def test_without_the_lock_and_the_constraint_it_is_spent_twice(pool: Pool) -> None:
    assert await race(pool, guarded=False) == (2400, -1400)


async def test_the_database_itself_refuses_a_balance_below_nothing(db: Connection) -> None:
    await issued(db)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute("update store_credit set balance = -1")
