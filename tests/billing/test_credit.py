"""House accounts: the limit holds, whoever orders at the same time."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from kupec.billing import (
    AccountInUse,
    CreditExceeded,
    accounts_of,
    change_account,
    hold_credit,
    house_accounts,
    open_account,
    release_credit,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, NotFound
from kupec.kit.ids import uuid7
from tests.billing.making import NOW
from tests.billing.owing import CLERK, a_party


async def an_account(db: Connection, *, limit: int = 100_000) -> UUID:
    party_id = await a_party(db)
    await open_account(db, party_id, currency="CZK", credit_limit=limit, terms_days=14, actor=CLERK, now=NOW)
    return party_id


async def used(db: Connection, party_id: UUID) -> int:
    return (await accounts_of(db, [party_id]))[party_id, "CZK"].used


async def test_a_batch_is_served_in_its_order(db: Connection) -> None:
    party_id = await an_account(db)
    first, second, third = uuid7(), uuid7(), uuid7()
    refused = await hold_credit(
        db, [(party_id, first, "CZK", 60_000), (party_id, second, "CZK", 50_000), (party_id, third, "CZK", 40_000)]
    )
    assert list(refused) == [second]
    assert refused[second].details == {"available": 40_000, "currency": "CZK"}
    assert await used(db, party_id) == 100_000
    assert await hold_credit(db, [(party_id, first, "CZK", 60_000)]) == {}, "it holds that already"
    for _ in range(2):
        await release_credit(db, [first])
    assert await used(db, party_id) == 40_000


async def test_without_an_account_there_is_no_credit(db: Connection) -> None:
    party_id = await an_account(db)
    orders = [uuid7() for _ in range(3)]
    refused = await hold_credit(
        db, [(None, orders[0], "CZK", 1), (uuid7(), orders[1], "CZK", 1), (party_id, orders[2], "EUR", 1)]
    )
    assert set(refused) == set(orders)
    assert await hold_credit(db, []) == {}
    assert await accounts_of(db, []) == {}


async def test_a_closed_account_takes_no_orders(db: Connection) -> None:
    party_id = await an_account(db)
    await change_account(
        db, party_id, currency="CZK", credit_limit=100_000, terms_days=7, active=False, actor=CLERK, now=NOW
    )
    assert await accounts_of(db, [party_id]) == {}
    order_id = uuid7()
    assert order_id in await hold_credit(db, [(party_id, order_id, "CZK", 1)])


async def test_a_limit_is_never_below_what_is_owed(db: Connection) -> None:
    party_id = await an_account(db)
    await hold_credit(db, [(party_id, uuid7(), "CZK", 60_000)])
    with pytest.raises(AccountInUse):
        await change_account(
            db, party_id, currency="CZK", credit_limit=59_999, terms_days=7, active=True, actor=CLERK, now=NOW
        )
    changed = await change_account(
        db, party_id, currency="CZK", credit_limit=60_000, terms_days=7, active=True, actor=CLERK, now=NOW
    )
    assert (changed.credit_limit, changed.used, changed.free, changed.terms_days) == (60_000, 60_000, 0, 7)
    assert [account.party_id for account in await house_accounts(db)] == [party_id]


async def test_who_may_open_an_account_and_how(db: Connection) -> None:
    party_id = await an_account(db)

    async def opened(party: UUID, *, actor: Actor = CLERK, limit: int = 1, days: int = 1) -> None:
        await open_account(db, party, currency="CZK", credit_limit=limit, terms_days=days, actor=actor, now=NOW)

    with pytest.raises(Conflict):
        await opened(party_id)
    with pytest.raises(NotFound):
        await opened(uuid7())
    with pytest.raises(Forbidden):
        await opened(party_id, actor=Actor(kind="staff", id="picker"))
    for wrong in ({"limit": -1}, {"days": 366}):
        with pytest.raises(InvalidValue):
            await opened(party_id, **wrong)  # type: ignore[arg-type]


async def test_the_limit_under_forty_orders_at_once(pool: Pool) -> None:
    async with pool.acquire() as db:
        party_id = await an_account(db)

    async def order() -> bool:
        async with pool.acquire() as db, db.transaction():
            order_id = uuid7()
            return not await hold_credit(db, [(party_id, order_id, "CZK", 9_000)])

    held = await asyncio.gather(*(order() for _ in range(40)))
    assert sum(held) == 11, "eleven times 9,000 of 100,000"
    async with pool.acquire() as db:
        assert await used(db, party_id) == 99_000


async def test_without_the_lock_the_same_race_passes_the_limit(pool: Pool) -> None:
    """The control: reading what is free without locking lets several take the same rest; the constraint, which stands
    behind the lock, is out of the way here."""
    async with pool.acquire() as db:
        party_id = await an_account(db)
        await db.execute("alter table house_account drop constraint house_account_check")
    everyone_has_read = asyncio.Barrier(4)

    async def order() -> None:
        async with pool.acquire() as db, db.transaction():
            account = (await accounts_of(db, [party_id]))[party_id, "CZK"]
            await everyone_has_read.wait()
            if account.free >= 60_000:
                await db.execute("update house_account set used = used + 60000 where party_id = $1", party_id)

    await asyncio.gather(*(order() for _ in range(4)))
    async with pool.acquire() as db:
        assert await used(db, party_id) == 240_000


async def test_the_database_itself_refuses_more_than_the_limit(db: Connection) -> None:
    party_id = await an_account(db)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute("update house_account set used = credit_limit + 1 where party_id = $1", party_id)


async def test_refusal_speaks_to_the_buyer() -> None:
    assert "another way to pay" in CreditExceeded(available=1, currency="CZK").message
