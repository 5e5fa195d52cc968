"""Many take in for one customer at once: one conversation, numbers without gaps, each message once."""

import asyncio
from collections.abc import Awaitable, Callable

from kupec.conversations import Inbox, Incoming, take_in
from kupec.kit.batch import Batcher
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.ids import uuid7
from tests.conversations.paper import letter, paper_inbox
from tests.shop import NOON

Take = Callable[[Connection, Incoming], Awaitable[None]]
_pairs: list[asyncio.Barrier] = []


async def take(db: Connection, item: Incoming) -> None:
    await take_in(db, [item], now=NOON)


async def take_without_locks(db: Connection, item: Incoming) -> None:
    """As it would be without them: the negative control."""
    found = await db.fetchrow(
        "select conversation_id, leg.id, next_number from leg join conversation on conversation.id = conversation_id "
        "where leg.address = $1",
        item.address,
    )
    if found is None:
        conversation_id, leg_id, number = uuid7(), uuid7(), 1
        await db.execute(
            "insert into conversation (id, inbox_id, customer_id, created_at, last_message_at) "
            "values ($1, $2, $1, $3, $3)",
            *(conversation_id, item.inbox, NOON),
        )
        await db.execute(
            "insert into leg (id, conversation_id, inbox_id, channel, address, created_at) "
            "values ($1, $2, $3, 'paper', $4, $5)",
            *(leg_id, conversation_id, item.inbox, item.address, NOON),
        )
    else:
        conversation_id, leg_id, number = found
    await _pairs[0].wait()  # of any two, both have looked before either writes
    await db.execute(
        "insert into message (id, conversation_id, number, leg_id, kind, author, text, source_id, created_at) "
        "values ($1, $2, $3, $4, 'incoming', 'customer:x', $5, $6, $7) on conflict do nothing",
        *(uuid7(), conversation_id, number, leg_id, item.text, item.source_id, NOON),
    )
    await db.execute("update conversation set next_number = next_number + 1 where id = $1", conversation_id)


async def outcome(pool: Pool, take: Take) -> tuple[int, list[int], list[str]]:
    """Conversations, numbers and texts after ten said three things each, twice, all at once."""
    async with pool.acquire() as db:
        inbox = await paper_inbox(db)
    items = [letter(inbox, f"word {number}", source_id=str(number)) for number in range(12)] * 2

    async def one(item: Incoming) -> None:
        async with pool.acquire() as db, db.transaction():
            await take(db, item)

    await asyncio.gather(*(one(item) for item in items))
    async with pool.acquire() as db:
        rows = await db.fetch("select number, text from message order by number")
        talks = await db.fetchval("select count(*) from conversation")
    return talks, [row["number"] for row in rows], sorted(row["text"] for row in rows)


async def test_first_words_at_once_are_one_conversation_in_order(pool: Pool) -> None:
    talks, numbers, texts = await outcome(pool, take)
    assert talks == 1
    assert numbers == list(range(1, 13))
    assert texts == sorted(f"word {number}" for number in range(12))


async def test_without_locks_words_are_lost_or_conversations_doubled(pool: Pool) -> None:
    _pairs[:] = [asyncio.Barrier(2)]
    talks, numbers, _texts = await outcome(pool, take_without_locks)
    assert talks > 1 or numbers != list(range(1, 13))


async def test_two_channels_of_a_customer_begin_one_conversation(pool: Pool) -> None:
    customer_id = uuid7()
    async with pool.acquire() as db:
        inboxes = [await paper_inbox(db, code) for code in ("paper", "second", "third")]

    async def one(inbox: Inbox) -> None:
        async with pool.acquire() as db, db.transaction():
            await take_in(db, [letter(inbox, "Hello", address=inbox.code, customer_id=customer_id)], now=NOON)

    await asyncio.gather(*(one(inbox) for inbox in inboxes))
    async with pool.acquire() as db:
        assert await db.fetchval("select count(*) from conversation") == 1
        assert await db.fetchval("select count(*) from leg") == 3
        assert [row["number"] for row in await db.fetch("select number from message order by number")] == [1, 2, 3]


async def test_batches_that_meet_lose_nothing(pool: Pool) -> None:
    database = Database(pool)
    async with pool.acquire() as db:
        inbox = await paper_inbox(db)
    batchers = [Batcher(database, lambda db, items: take_in(db, items, now=NOON), max_size=8) for _ in range(3)]
    said = [
        letter(inbox, f"{who}:{number}", address=f"customer-{who}", source_id=f"{number}")
        for number in range(6)
        for who in range(8)
    ]
    await asyncio.gather(*(batchers[at % 3](item) for at, item in enumerate(said)))
    async with pool.acquire() as db:
        rows = await db.fetch(
            "select array_agg(number order by number) as numbers from message group by conversation_id"
        )
    assert [row["numbers"] for row in rows] == [list(range(1, 7))] * 8
