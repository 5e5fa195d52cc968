"""What people asked Zrnko in the days before: much of it nobody had thought of, so the bot has something to learn."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from uuid import UUID

import msgspec

from kupec import catalogue, conversations, sales, staff
from kupec.app import wiring
from kupec.assistant import Bot, remember_context
from kupec.conversations import Incoming, Text
from kupec.kit.actor import Actor, system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database
from kupec.kit.ids import uuid7
from kupec.kit.settings import Settings

_ASKED = Path(__file__).parent / "asked.jsonl"
_VISITOR = system("demo")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One who asked in the chat: `who` is a customer's number, `cart` an article they had in the cart.

    `answer` is what a person of the shop said after the bot.
    """

    days_ago: int
    hour: int
    language: str
    said: list[str]
    who: str = ""
    cart: str = ""
    answer: str = ""


async def asked_before(database: Database, *, now: datetime) -> None:
    """Let them ask, day by day; the bot answers as it would have, a person where one was needed. All of it is over."""
    settings = Settings(database_url="postgresql://nowhere", demo=True)
    clock = FixedClock(now)
    cards = wiring.card_provider(settings)
    bot = wiring.bot(settings, database, wiring.checkout(settings, database, cards, clock), clock)
    try:
        async with database.reading() as db:
            known = await _customers(db)
            person = next(one for one in await staff.list_staff(db) if one.role == "agent")
        for moment, questions in groupby(_read(), key=lambda one: _moment(one, now)):
            clock.moment = moment
            await _one_moment(database, bot, list(questions), known, person.actor, now=moment)
    finally:
        await bot.close()
        await cards.close()


def _read() -> Iterator[Asked]:
    """In the order in which they asked."""
    return (msgspec.json.decode(line, type=Asked) for line in _ASKED.read_bytes().splitlines())


def _moment(one: Asked, now: datetime) -> datetime:
    return now.replace(hour=one.hour, minute=0, second=0, microsecond=0) - timedelta(days=one.days_ago)


async def _customers(db: Connection) -> Mapping[str, UUID]:
    rows = await db.fetch("select external_id, id from party where external_id is not null")
    return {row["external_id"]: row["id"] for row in rows}


async def _one_moment(
    database: Database, bot: Bot, questions: list[Asked], known: Mapping[str, UUID], person: Actor, *, now: datetime
) -> None:
    async with database.transaction() as db:
        inbox = await conversations.inbox_by_code(db, "web")
        items = [_incoming(one, inbox.id, known, now) for one in questions]
        talks = [taken.conversation_id for taken in await conversations.take_in(db, items, now=now)]
        for one, talk in zip(questions, talks, strict=True):
            if one.cart:
                await remember_context(db, talk, cart_id=await _cart(db, one, now), now=now)
    await bot.answer(talks)
    async with database.transaction() as db:
        for one, talk in zip(questions, talks, strict=True):
            if one.answer:
                await conversations.take_over(db, talk, actor=person, now=now)
                answer = [Text(text=one.answer)]
                await conversations.say(db, talk, answer, author=str(person), actor=person, now=now)
            await conversations.resolve(db, talk, actor=person, now=now)


def _incoming(one: Asked, inbox: UUID, known: Mapping[str, UUID], now: datetime) -> Incoming:
    speaker = known.get(one.who) or uuid7()
    return Incoming(
        inbox=inbox,
        address=str(uuid7()),
        source_id=str(uuid7()),
        text="\n".join(one.said),
        sent_at=now,
        language=one.language,
        customer_id=speaker,
        proven=bool(one.who),
    )


async def _cart(db: Connection, one: Asked, now: datetime) -> UUID:
    market = next(market for market in await catalogue.markets(db) if market.language == one.language)
    variants = await catalogue.variants_by_sku(db, [one.cart])
    cart = await sales.create_cart(
        db,
        market=market.code,
        language=one.language,
        channel="web",
        actor=_VISITOR,
        now=now,
        lines=[(variants[one.cart], 2)],
    )
    return cart.id
