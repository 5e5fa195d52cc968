"""Webhooks: kept as they came, once each, and worked off even if their taker dies."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from kupec.kit.db import Connection, Pool
from kupec.kit.webhooks import (
    ATTEMPTS,
    LEASE,
    list_failed,
    mark_failed,
    mark_processed,
    retry_delivery,
    store,
    take_waiting,
)
from tests.stack import PATIENCE

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def put(db: Connection, external_id: str = "evt_1", *, source: str = "card", now: datetime = NOW) -> UUID | None:
    headers = {"Content-Type": "application/json", "Cookie": "session=1", "Authorization": "Bearer x", "X-Odd": "1"}
    return await store(db, source=source, external_id=external_id, headers=headers, body=b'{"a": 1}\xff', now=now)


async def test_a_delivery_is_kept_as_it_came_without_secrets(db: Connection) -> None:
    stored = await put(db)
    (delivery,) = await take_waiting(db, NOW, 10)
    assert delivery.id == stored
    assert (delivery.source, delivery.external_id, delivery.received_at) == ("card", "evt_1", NOW)
    assert delivery.body == b'{"a": 1}\xff'
    assert delivery.headers == {"content-type": "application/json"}
    assert (delivery.attempts, delivery.error) == (1, None)


async def test_what_is_known_already_is_not_kept_again(db: Connection) -> None:
    assert await put(db)
    assert await put(db) is None
    assert await put(db, source="other")
    assert len(await take_waiting(db, NOW, 10)) == 2
    assert await take_waiting(db, NOW, 10) == []


async def test_the_oldest_are_taken_first_and_by_source(db: Connection) -> None:
    for minute in (3, 1, 2):
        await put(db, f"evt_{minute}", now=NOW - timedelta(minutes=minute))
    await put(db, "elsewhere", source="other", now=NOW - timedelta(hours=1))
    taken = await take_waiting(db, NOW, 2, source="card")
    assert [delivery.external_id for delivery in taken] == ["evt_3", "evt_2"]


async def test_what_was_processed_does_not_come_back(db: Connection) -> None:
    await put(db)
    (delivery,) = await take_waiting(db, NOW, 10)
    await mark_processed(db, [delivery.id])
    assert await take_waiting(db, NOW + timedelta(days=1), 10) == []
    assert await put(db) is None, "nor is it taken for a new one"


async def test_a_dead_takers_deliveries_become_due_again(db: Connection) -> None:
    await put(db)
    await take_waiting(db, NOW, 10)
    assert await take_waiting(db, NOW + LEASE - timedelta(seconds=1), 10) == []
    (again,) = await take_waiting(db, NOW + LEASE, 10)
    assert again.attempts == 2


async def test_failures_are_tried_again_ever_later_and_at_last_left_to_a_person(db: Connection) -> None:
    await put(db)
    now, pauses = NOW, []
    for _ in range(ATTEMPTS):
        (delivery,) = await take_waiting(db, now, 10)
        await mark_failed(db, delivery, "unknown payment", now)
        row = await db.fetchrow("select state, error, next_try_at from webhook_delivery where isfinite(next_try_at)")
        if row is not None:
            assert (row["state"], row["error"]) == ("failed", "unknown payment")
            pauses.append((row["next_try_at"] - now).total_seconds())
            now = row["next_try_at"]
    assert pauses[:4] == [5, 10, 20, 40]
    assert len(pauses) == ATTEMPTS - 1
    assert max(pauses) <= 3600
    assert await take_waiting(db, now + timedelta(days=365), 10) == []

    assert [failed.error for failed in await list_failed(db)] == ["unknown payment"]
    assert await retry_delivery(db, delivery.id, now)
    assert await list_failed(db) == []
    assert not await retry_delivery(db, delivery.id, now)
    (delivery,) = await take_waiting(db, now, 10)
    assert (delivery.attempts, delivery.error) == (1, "unknown payment")


async def test_two_takers_get_different_deliveries(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        for n in range(6):
            await put(db, f"evt_{n}")
    both_have_taken = asyncio.Barrier(2)

    async def taker() -> set[str]:
        async with pool.acquire() as db, db.transaction():
            taken = {delivery.external_id for delivery in await take_waiting(db, NOW, 3)}
            await both_have_taken.wait()
            return taken

    async with asyncio.timeout(PATIENCE):
        first, second = await asyncio.gather(taker(), taker())
    assert len(first) == len(second) == 3
    assert not first & second
