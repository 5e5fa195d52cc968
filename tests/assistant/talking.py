"""A conversation with the bot for tests: real rows, a flow or two, tools that count how often they were called."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.assistant import Bot, LeashedModel, Shop, open_model, train_bot
from kupec.conversations import Inbox, Message, messages_of, take_in
from kupec.kit.addresses import Reach
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Conflict
from kupec.kit.settings import Settings
from kupec.kit.tools import Tool, Toolbox, ToolContext
from tests.conversations.paper import letter, paper_inbox
from tests.knowledge.writing_articles import publish_few
from tests.shop import NOON, make_shop

FEE = """
code: shipping_fee
title: {cs: doprava, pl: dostawa, en: delivery}
phrasings:
  cs: [kolik je doprava v mém košíku, doprava za košík, poštovné mého košíku, kolik dám za dovoz]
  pl: [ile za dostawę koszyka, dostawa mojego koszyka]
  en: [the fee for my cart, postage of my cart, what is delivery for my basket]
slots:
  pieces: {type: quantity, ask: how_many}
steps:
  - collect: pieces
  - call: fee
    with: {pieces: pieces}
    into: told
  - say: the_fee
answers:
  how_many: {cs: "Kolik kusů?", pl: "Ile sztuk?", en: "How many pieces?"}
  the_fee: {cs: "Doprava {told.text}", pl: "Dostawa {told.text}", en: "Delivery {told.text}"}
"""
BUY = """
code: buy
title: {cs: nákup, pl: zakup, en: buying}
phrasings:
  cs: [dokonči nákup, objednej to, chci to koupit hned, zaplatit a objednat]
  pl: [dokończ zakup, zamów to]
  en: [finish the purchase, place the order, buy it now]
steps:
  - call: pay
    into: paid
    on_error: {any: [{say: broke}]}
  - say: bought
answers:
  bought: {cs: "Objednáno {paid.number}", pl: "Zamówiono {paid.number}", en: "Ordered {paid.number}"}
  broke: {cs: "Nepodařilo se", pl: "Nie udało się", en: "It did not work"}
"""


class Pieces(msgspec.Struct, frozen=True, kw_only=True):
    pieces: int = 1


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Told(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    name: str = ""


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    number: str


class Counting:
    """Tools, and what they were called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ToolContext]] = []
        self.breaks: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.paid: dict[str, str] = {}
        self.began = asyncio.Event()

    def toolbox(self) -> Toolbox:
        return Toolbox(
            [
                Tool(name="fee", description="", arguments=Pieces, result=Told, run=self.fee),
                Tool(
                    name="pay",
                    description="",
                    arguments=Nothing,
                    result=Paid,
                    run=self.pay,
                    outside=True,
                    changes=True,
                    sure=True,
                ),
                Tool(name="my_greeting", description="", arguments=Nothing, result=Told, run=self.greeting),
            ]
        )

    async def fee(self, context: ToolContext, given: Pieces) -> Told:
        self.calls.append(("fee", context))
        if self.breaks is not None:
            raise self.breaks
        return Told(text=f"{given.pieces * 10} Kč")

    async def pay(self, context: ToolContext, _given: Nothing) -> Paid:
        self.calls.append(("pay", context))
        self.began.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.breaks is not None:
            raise self.breaks
        return Paid(number=self.paid.setdefault(context.key, f"Z{10000 + len(self.paid)}"))

    async def greeting(self, context: ToolContext, _given: Nothing) -> Told:
        self.calls.append(("my_greeting", context))
        return Told(text="Vaše objednávka dnes odchází.", name="Jana")


REFUSED = Conflict()


class Talk:
    """One customer writing to the bot of a shop."""

    def __init__(self, pool: Pool, database: Database, inbox: Inbox, tools: Counting) -> None:
        self.pool = pool
        self.database = database
        self.inbox = inbox
        self.tools = tools
        self.clock = FixedClock(NOON)
        self.bot = self.another_bot()
        self.conversation_id = UUID(int=0)

    def another_bot(self, model: LeashedModel | None = None) -> Bot:
        """As another process has one."""
        return Bot(
            self.database,
            toolbox=self.tools.toolbox(),
            services=None,
            shop=Shop(base_url="https://shop.example", zone="Europe/Prague", order_prefix="Z"),
            clock=self.clock,
            reach=Reach(allowed=(), local=False),
            secret="x" * 32,
            model=model,
        )

    async def write(self, text: str, **more: object) -> UUID:
        """The customer says something; nobody has answered yet."""
        async with self.database.transaction() as db:
            (taken,) = await take_in(db, [letter(self.inbox, text, **more)], now=self.clock.now())  # type: ignore[arg-type]
        self.conversation_id = taken.conversation_id
        return taken.message_id

    async def say(self, text: str, **more: object) -> str:
        """The customer says something and hears the answer."""
        await self.write(text, **more)
        before = len(await self.answers())
        await self.bot.answer([self.conversation_id])
        return "\n".join(one.text for one in (await self.answers())[before:])

    async def answers(self) -> list[Message]:
        async with self.database.reading() as db:
            return [one for one in await messages_of(db, self.conversation_id) if one.kind == "outgoing"]

    def later(self, seconds: int) -> None:
        self.clock.move(timedelta(seconds=seconds))


async def publish_flow_text(db: Connection, code: str, source: str, *, now: datetime = NOON) -> None:
    """A flow as it holds, whatever its examples."""
    await db.execute(
        "insert into flow_version (code, number, state, source, author, created_at, published_at) "
        "values ($1, 1, 'published', $2, 'test', $3, $3)",
        *(code, source, now),
    )


async def open_talk(pool: Pool) -> Talk:
    database, tools = Database(pool), Counting()
    async with database.transaction() as db:
        await make_shop(db)
        await publish_few(db)
        for code, source in (("shipping_fee", FEE), ("buy", BUY)):
            await publish_flow_text(db, code, source)
        inbox = await paper_inbox(db)
    await _train(database)
    return Talk(pool, database, inbox, tools)


def open_leashed(url: str, database: Database, clock: FixedClock) -> LeashedModel:
    """A language model at this address, on its budget."""
    opened = open_model(Settings(model_url=url, model_key="key", model_name="small"))
    assert opened is not None
    return LeashedModel(opened, database, clock, zone="Europe/Prague")


_trained: list[tuple[object, ...]] = []


async def _train(database: Database) -> None:
    """The first talk trains the bot; the same phrases give the others the same model."""
    if not _trained:
        assert await train_bot(database, now=NOON)
        async with database.reading() as db:
            _trained.append(tuple((await db.fetch(f"select {_MODEL} from bot_model"))[0]))
    else:
        async with database.transaction() as db:
            await db.execute(
                f"insert into bot_model ({_MODEL}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", *_trained[0]
            )


_MODEL = "id, trained_at, fingerprint, phrases, intents, threshold, seconds, data, languages, state"
