"""Bot and person at once: nothing of the bot's is claimed for sending after a take-over has committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from kupec.conversations import NotHeld, Text, claim_sending, get_conversation, say, take_over
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Pool
from tests.conversations.people import BOT, NOW, add_agent, add_inbox_row, add_message, add_talk

TALKS = 12
LATER = NOW + timedelta(minutes=1)
Speak = Callable[[Connection, UUID, int], Awaitable[None]]
Claim = Callable[[Connection], Awaitable[list[UUID]]]


async def speak(db: Connection, talk: UUID, fence: int) -> None:
    await say(db, talk, [Text(text="a moment please")], author="bot", fence=fence, actor=BOT, now=NOW)


async def claim(db: Connection) -> list[UUID]:
    return [one.message.conversation_id for one in await claim_sending(db, LATER, 100)]


async def speak_without_looking(db: Connection, talk: UUID, fence: int) -> None:
    """As it would be without the lock and the fence: the negative control."""
    leg = await db.fetchval("select id from leg where conversation_id = $1", talk)
    await add_message(db, talk, leg, "a moment please", author="bot", state="queued")


async def claim_without_looking(db: Connection) -> list[UUID]:
    rows = await db.fetch(
        "update message set state = 'sending' where id in (select id from message where state = 'queued' "
        "for update skip locked) returning conversation_id"
    )
    return [row["conversation_id"] for row in rows]


async def too_late(pool: Pool, speak: Speak, claim: Claim) -> int:
    """How many messages of the bot's were claimed in a transaction that began after the take-over had committed."""
    async with pool.acquire() as db, db.transaction():
        ema, inbox = await add_agent(db), await add_inbox_row(db, "telegram", live=False)
        talks = [await add_talk(db, inbox_id=inbox) for _ in range(TALKS)]
    taken: dict[UUID, float] = {}
    fences: dict[UUID, int] = {}
    claimed: list[tuple[UUID, float]] = []
    done, heard = asyncio.Event(), asyncio.Event()

    async def bot(talk: UUID) -> None:
        async with pool.acquire() as db:
            fence = fences[talk] = (await get_conversation(db, talk)).fence
        after = 0
        while after < 5:
            after += talk in taken
            try:
                async with pool.acquire() as db, db.transaction():
                    await speak(db, talk, fence)
            except NotHeld:
                return
            await asyncio.sleep(0.01)

    async def person(talk: UUID, actor: Actor, at: int) -> None:
        await heard.wait()
        await asyncio.sleep(0.01 * at)
        async with pool.acquire() as db, db.transaction():
            await take_over(db, talk, actor=actor, now=NOW)
        taken[talk] = time.monotonic()

    async def sender() -> None:
        rounds_after = 0
        while rounds_after < 3:
            rounds_after += done.is_set()
            began = time.monotonic()
            async with pool.acquire() as db, db.transaction():
                found = await claim(db)
            claimed.extend((talk, began) for talk in found)
            if found:
                heard.set()
            # As if it were delivered at once, so that the next of this leg may go.
            async with pool.acquire() as db:
                await db.execute("update message set state = 'sent' where state = 'sending'")

    async def everybody() -> None:
        await asyncio.gather(*(bot(talk) for talk in talks), *(person(talk, ema, at) for at, talk in enumerate(talks)))
        done.set()

    await asyncio.gather(everybody(), sender())
    # Once more when all are taken over for certain: whoever does not look speaks now, whatever came before.
    for talk in talks:
        with suppress(NotHeld):
            async with pool.acquire() as db, db.transaction():
                await speak(db, talk, fences[talk])
    began = time.monotonic()
    async with pool.acquire() as db, db.transaction():
        claimed.extend((talk, began) for talk in await claim(db))
    return sum(began > taken[talk] for talk, began in claimed)


async def test_nothing_of_the_bots_is_claimed_after_a_take_over(pool: Pool) -> None:
    assert await too_late(pool, speak, claim) == 0
    async with pool.acquire() as db:
        left = await db.fetchval("select count(*) from message where author = 'bot' and state = 'queued'")
    assert left == 0


async def test_without_lock_and_fence_the_bot_talks_over_people(pool: Pool) -> None:
    assert await too_late(pool, speak_without_looking, claim_without_looking) > 0
