"""A browser comes to chat: who it is, what it holds, what was said so far, and who is there to talk with."""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post

from kupec.conversations import (
    WebVisitor,
    latest_messages,
    open_visitor,
    prove_visitor,
    talks_of_visitor,
    visitors_by_ids,
)
from kupec.customers import parties_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import LANGUAGES
from kupec.kit.ids import uuid7
from kupec.sales import get_cart
from kupec.web.chat.gate import AnyRequest, Chat, address_of, chat_of, count
from kupec.web.chat.offer import offer_of, standing_of
from kupec.web.chat.showing import Eyes, shown
from kupec.web.portal.gate import SignedInCustomer, signed_in
from kupec.web.rendering import site_of
from kupec.web.security import read_signed_cookie
from kupec.web.storefront.visitor import visitor_of

_SESSIONS: Final = 60  # a minute from one address
_SHOWN: Final = 50  # messages that a panel begins with
_LONG: Final = timedelta(days=400)  # as long as the sign-in itself lasts
_PATIENCE: Final = 1.5  # seconds for the bot's first words
_CART: Final = "kupec_cart"


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    language: str = "en"


def read_body(body: bytes, kind: type[Any]) -> Any:
    """Raises InvalidValue (body)."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidValue(field="body", expected=str(error)) from None


def spoken(language: str) -> str:
    return language if language in LANGUAGES else "en"


@post("/session", status_code=200)
async def begin(request: AnyRequest) -> Response[dict[str, Any]]:
    """The browser's token (the one it showed, or a new one), the conversation so far, and how things stand."""
    chat, site = chat_of(request), site_of(request)
    count(request, "chat-session", address_of(request), _SESSIONS)
    language = spoken(read_body(await request.body(), Begin).language)
    async with site.database.transaction() as db:
        me = await signed_in(request, db) if chat.own_page else None
        visitor = await _visitor(request, db, chat, me, language)
        told = await tell(request, db, chat, visitor, language)
    # The bot reads by a connection of its own: nobody may hold one while waiting for another.
    greeting = [] if told["at"] else await _greeting(request, chat, visitor, language)
    return Response({"token": chat.channel.token(chat.inbox, visitor.id), **told, "greeting": greeting})


async def tell(request: AnyRequest, db: Connection, chat: Chat, visitor: WebVisitor, language: str) -> dict[str, Any]:
    """All that a panel shows, as of now; `at` is how far it has been told, by conversation."""
    talks = await talks_of_visitor(db, chat.inbox.id, visitor.id)
    eyes = Eyes(
        chat=chat, talks={talk.id: talk for talk in talks}, proven=visitor.party_id is not None, language=language
    )
    messages = await latest_messages(db, list(eyes.talks), limit=_SHOWN) if talks else []
    known = await parties_by_ids(db, [visitor.party_id]) if visitor.party_id else {}
    return {
        "messages": await shown(request, db, eyes, messages),
        "at": {str(talk.number): talk.last_number for talk in talks},
        "state": await standing_of(request, db, chat, talks[0] if talks else None, language),
        "known": next((party.name for party in known.values()), ""),
        "greeting": [],
    }


async def _greeting(request: AnyRequest, chat: Chat, visitor: WebVisitor, language: str) -> list[Any]:
    """What the bot says before anything was said; it is not stored."""
    bot = getattr(site_of(request), "bot", None)
    if bot is None or not chat.config.bot or not hasattr(bot, "greeting"):
        return []
    greeting = asyncio.ensure_future(
        bot.greeting(language=language, visitor_id=visitor.id, party_id=visitor.party_id, cart_id=visitor.cart_id)
    )
    running: set[asyncio.Future[Any]] = request.app.state.setdefault("chat_greetings", set())
    running.add(greeting)
    greeting.add_done_callback(running.discard)
    # A bot that has just been started learns first; nobody waits for that before they may write.
    done, _ = await asyncio.wait({greeting}, timeout=_PATIENCE)
    blocks = greeting.result() if done else []
    return [msgspec.to_builtins(block) for block in blocks]


@get("/offer")
async def offer(request: AnyRequest) -> Response[dict[str, Any]]:
    """Whether chat is offered to this browser now; a panel that may not answer by bot asks before it shows itself."""
    chat, site = chat_of(request), site_of(request)
    key = (chat.visitor_id.hex if chat.visitor_id else "") or address_of(request)
    async with site.database.reading() as db:
        return Response(await offer_of(request, db, chat, key))


async def _visitor(
    request: AnyRequest, db: Connection, chat: Chat, me: SignedInCustomer | None, language: str
) -> WebVisitor:
    """The browser as it is now. On a computer where somebody has signed out, or is somebody else, it begins anew."""
    now = site_of(request).clock.now()
    visitor_id = chat.visitor_id or (visitor_of(request) if chat.own_page else None) or uuid7()
    before = (await visitors_by_ids(db, [visitor_id], now=now)).get(visitor_id)
    if before is not None and (before.left or before.inbox_id != chat.inbox.id):
        visitor_id = uuid7()
    opened = await _open(request, db, chat, visitor_id, language)
    if me is None:
        return opened
    if not await prove_visitor(db, visitor_id, me.session, until=now + _LONG, now=now):
        visitor_id = uuid7()
        await _open(request, db, chat, visitor_id, language)
        await prove_visitor(db, visitor_id, me.session, until=now + _LONG, now=now)
    return (await visitors_by_ids(db, [visitor_id], now=now))[visitor_id]


async def _open(request: AnyRequest, db: Connection, chat: Chat, visitor_id: UUID, language: str) -> WebVisitor:
    cart_id = await open_cart_id(request, db) if chat.own_page else None
    return await open_visitor(
        db,
        visitor_id,
        chat.inbox.id,
        language=language,
        origin=chat.origin[:200],
        cart_id=cart_id,
        now=site_of(request).clock.now(),
    )


async def open_cart_id(request: AnyRequest, db: Connection) -> UUID | None:
    """The cart that our own page has at hand, if it has not been ordered."""
    cart_id = cart_at_hand(request)
    if cart_id is None:
        return None
    try:
        cart = await get_cart(db, cart_id)
    except NotFound:
        return None
    return cart.id if cart.state == "open" else None


def cart_at_hand(request: AnyRequest) -> UUID | None:
    """The cart that this browser's cookie names, ordered or not."""
    value = read_signed_cookie(request, _CART)
    return UUID(hex=value) if value else None
