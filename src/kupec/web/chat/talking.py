"""What a browser says: taken in together with what others say at the same moment, each message once, then answered."""

import asyncio
import contextvars
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, post

from kupec.conversations import (
    Inbox,
    Incoming,
    NewAttachment,
    Said,
    Taken,
    check_said,
    heard,
    hold_cart,
    note_presence,
    note_read,
    take_in,
    talks_of_visitor,
    visitors_by_ids,
)
from kupec.kit.batch import Batcher
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, plan_once
from kupec.kit.errors import InvalidValue, KupecError
from kupec.web.chat.gate import AnyRequest, chat_of, count
from kupec.web.chat.hub import hub_of
from kupec.web.chat.session import cart_at_hand, read_body, spoken
from kupec.web.rendering import site_of

_MESSAGES: Final = 40  # a minute from one browser
_READS: Final = 120


class Word(msgspec.Struct, frozen=True):
    """One thing said, before it is known who says it."""

    inbox: Inbox
    visitor_id: UUID
    said: Said
    files: tuple[NewAttachment, ...] = ()
    cart_id: UUID | None = None
    """The cart that our own page has in hand."""


class Hearing:
    """Takes in what is said at the same moment in one transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, db: Connection, words: list[Word]) -> Sequence[Taken | KupecError]:
        now = self._clock.now()
        await plan_once(db)
        visitors = await visitors_by_ids(db, {word.visitor_id for word in words}, now=now)
        items: list[Incoming] = []
        for word in words:
            visitor = visitors.get(word.visitor_id)
            party_id = visitor.party_id if visitor else None
            if visitor and word.cart_id and word.cart_id != visitor.cart_id:
                await hold_cart(db, visitor.id, word.cart_id)
            items.append(
                heard(
                    word.inbox,
                    word.visitor_id,
                    word.said,
                    now,
                    customer_id=party_id,
                    proven=party_id is not None,
                    files=word.files,
                )
            )
        return await take_in(db, items, now=now)


@post("/messages", status_code=200, opt={"visitor": True})
async def say(request: AnyRequest) -> Response[dict[str, Any]]:
    """A message, or the press of a button; saying the same again under the same name changes nothing."""
    chat = chat_of(request)
    count(request, "chat-say", chat.visitor.hex, _MESSAGES)
    said: Said = read_body(await request.body(), Said)
    check_said(said)
    cart_id = cart_at_hand(request) if chat.own_page else None
    taken = await take(request, Word(chat.inbox, chat.visitor, _in_our_language(said), cart_id=cart_id))
    let_answer(request, taken.conversation_id)
    return Response({"id": taken.message_id.hex, "new": taken.is_new})


async def take(request: AnyRequest, word: Word) -> Taken:
    """One thing said, once it is stored."""
    state = request.app.state
    if "chat_hearing" not in state:
        site = site_of(request)
        state.chat_hearing = Batcher(site.database, Hearing(site.clock))
    taken: Taken = await state.chat_hearing(word)
    hub_of(request.app).joined(word.visitor_id, taken.conversation_id)
    return taken


def let_answer(request: AnyRequest, conversation_id: UUID) -> None:
    """The bot answers in a task of this process; what a killed process leaves, the worker's sweep finds."""
    site, hub = site_of(request), hub_of(request.app)
    bot = site.bot
    if bot is None:
        return
    running: set[asyncio.Task[None]] = request.app.state.setdefault("chat_answers", set())

    async def answer() -> None:
        await bot.answer([conversation_id])
        hub.poke(conversation_id)

    # A context of its own: the answer outlives the request.
    task = asyncio.get_running_loop().create_task(answer(), context=contextvars.Context())
    running.add(task)
    task.add_done_callback(running.discard)


def _in_our_language(said: Said) -> Said:
    return msgspec.structs.replace(said, language=spoken(said.language)) if said.language else said


class ReadUpTo(msgspec.Struct, frozen=True, kw_only=True):
    """The last message that was shown: its conversation's number, and its own."""

    at: tuple[int, int]


@post("/read", status_code=204, opt={"visitor": True})
async def read(request: AnyRequest) -> None:
    """What was said up to here has been seen."""
    chat, site = chat_of(request), site_of(request)
    count(request, "chat-read", chat.visitor.hex, _READS)
    talk_number, number = read_body(await request.body(), ReadUpTo).at
    if not 0 <= number < 2**31:
        raise InvalidValue(field="at", expected="numbers of a message")
    async with site.database.transaction() as db:
        for talk in await talks_of_visitor(db, chat.inbox.id, chat.visitor):
            if talk.number == talk_number:
                await note_read(db, talk, number, visitor_id=chat.visitor, now=site.clock.now())


@post("/typing", status_code=204, opt={"visitor": True})
async def typing(request: AnyRequest) -> None:
    """The browser's person is writing; the desk shows it for some seconds."""
    chat, site = chat_of(request), site_of(request)
    count(request, "chat-typing", chat.visitor.hex, _READS)
    async with site.database.transaction(quiet=True) as db:
        for talk in await talks_of_visitor(db, chat.inbox.id, chat.visitor, limit=1):
            await note_presence(db, talk.id, "customer", typing=True, now=site.clock.now())
