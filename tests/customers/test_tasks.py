"""What a person has to do."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from kupec.customers import (
    Contact,
    Task,
    count_open,
    finish_task,
    get_task,
    identify,
    list_tasks,
    open_task,
    party_page,
)
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import Conflict, Forbidden, NotFound

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AGENT = Actor(kind="staff", id="ema", permissions=frozenset({"tasks.write"}))


async def opened(
    db: Connection, key: str | None = None, *, due: timedelta = timedelta(), customer: UUID | None = None
) -> Task:
    return await open_task(
        db,
        key=key,
        title="Refund order {number} by hand",
        details={"number": "Z10001"},
        subject="order:1",
        customer_id=customer,
        due_at=NOW + due,
        actor=system("rules"),
        now=NOW,
    )


async def test_one_key_is_one_task_for_ever(db: Connection) -> None:
    first = await opened(db, "refund:1")
    assert await opened(db, "refund:1", due=timedelta(days=3)) == first
    done = await finish_task(db, first.id, "refunded", actor=AGENT, now=NOW)
    assert await opened(db, "refund:1") == done
    assert await count_open(db) == 0
    events = await db.fetch("select name, subject, actor, payload from event order by id")
    assert [(event["name"], event["subject"], event["actor"]) for event in events] == [
        ("task.opened", "order:1", "system:rules"),
        ("task.done", "order:1", "staff:ema"),
    ]
    assert events[1]["payload"] == {"task_id": str(first.id), "key": "refund:1", "outcome": "refunded"}


async def test_tasks_without_a_key_are_never_the_same(db: Connection) -> None:
    assert (await opened(db)).id != (await opened(db)).id
    assert await count_open(db) == 2


async def test_two_rules_that_open_it_at_once_open_one(pool: Pool) -> None:
    async def open_one() -> Task:
        async with pool.acquire() as db, db.transaction():
            return await opened(db, "refund:1")

    tasks = await asyncio.gather(*(open_one() for _ in range(6)))
    assert len({task.id for task in tasks}) == 1
    async with pool.acquire() as db:
        assert await db.fetchval("select count(*) from event") == 1


async def test_open_tasks_by_urgency_then_the_finished(db: Connection) -> None:
    later, urgent, done = [await opened(db, due=timedelta(days=days)) for days in (2, 1, 0)]
    await finish_task(db, done.id, "called", actor=AGENT, now=NOW)
    assert [task.id for task in await list_tasks(db)] == [urgent.id, later.id]
    assert [task.id for task in await list_tasks(db, limit=1)] == [urgent.id]
    assert [task.id for task in await list_tasks(db, open_only=False)] == [urgent.id, later.id, done.id]
    assert [task.id for task in await list_tasks(db, open_only=False, limit=2)] == [urgent.id, later.id]
    assert (await get_task(db, done.id)).outcome == "called"


async def test_finishing(db: Connection) -> None:
    task = await opened(db)
    with pytest.raises(Forbidden):
        await finish_task(db, task.id, "called", actor=Actor(kind="staff", id="x"), now=NOW)
    done = await finish_task(db, task.id, "called", actor=AGENT, now=NOW)
    assert (done.done_at, done.outcome) == (NOW, "called")
    assert await finish_task(db, task.id, "called", actor=AGENT, now=NOW + timedelta(hours=1)) == done
    with pytest.raises(Conflict):
        await finish_task(db, task.id, "gave up", actor=AGENT, now=NOW)
    with pytest.raises(NotFound):
        await finish_task(db, uuid4(), "called", actor=AGENT, now=NOW)
    with pytest.raises(NotFound):
        await get_task(db, uuid4())
    assert await db.fetchval("select count(*) from event where name = 'task.done'") == 1


async def test_a_customers_page_shows_their_open_tasks(db: Connection) -> None:
    jana = Contact(email="jana@example.cz", name="Jana", language="cs")
    [customer] = await identify(db, [jana], now=NOW, actor=AGENT)
    mine, done = await opened(db, customer=customer), await opened(db, customer=customer)
    await opened(db)
    await finish_task(db, done.id, "called", actor=AGENT, now=NOW)
    assert (await party_page(db, customer)).open_tasks == [mine]
    assert await db.fetchval("select count(*) from event where customer_id = $1", customer) == 4
