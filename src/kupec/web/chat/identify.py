"""Somebody proves in the chat who they are: a code goes to their address, and what was said before becomes theirs."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Response, post

from kupec.conversations import open_visitor, prove_visitor, visitors_by_ids
from kupec.customers import Whence, enter_code, request_code
from kupec.kit.ids import uuid7
from kupec.web.chat.gate import AnyRequest, address_of, chat_of, count
from kupec.web.chat.hub import hub_of
from kupec.web.chat.session import read_body, spoken, tell
from kupec.web.rendering import site_of
from kupec.web.whence import whence

PROOF: Final = timedelta(days=1)
_ASKED: Final = 5  # codes a minute from one browser; the customers' door has limits of its own
_TRIED: Final = 10


class Address(msgspec.Struct, frozen=True, kw_only=True):
    email: str
    language: str = "en"


class Code(msgspec.Struct, frozen=True, kw_only=True):
    proof: str
    code: str
    language: str = "en"


@post("/identify", status_code=200, opt={"visitor": True})
async def ask(request: AnyRequest) -> Response[dict[str, Any]]:
    """Have a code mailed. Whether anybody has this address is neither asked nor told."""
    chat, site = chat_of(request), site_of(request)
    count(request, "chat-ask", chat.visitor.hex, _ASKED)
    body: Address = read_body(await request.body(), Address)
    async with site.database.transaction() as db:
        sent = await request_code(
            db,
            body.email[:1000],
            secret=site.settings.secret,
            language=spoken(body.language),
            address=address_of(request),
            now=site.clock.now(),
        )
    return Response({"proof": sent.token, "until": sent.expires_at.isoformat()})


@post("/identify/code", status_code=200, opt={"visitor": True})
async def prove(request: AnyRequest) -> Response[dict[str, Any]]:
    """The digits of the mail. For a day this browser is theirs; one that was somebody else's gets a new token."""
    chat, site = chat_of(request), site_of(request)
    count(request, "chat-prove", chat.visitor.hex, _TRIED)
    body: Code = read_body(await request.body(), Code)
    language, now = spoken(body.language), site.clock.now()
    address, device = whence(request)
    opened = await enter_code(
        site.database,
        body.proof[:200],
        body.code[:100],
        secret=site.settings.secret,
        language=language,
        whence=Whence(kind="browser", address=address, device=device, name="chat"),
        now=now,
    )
    visitor_id = chat.visitor
    async with site.database.transaction() as db:
        before = (await visitors_by_ids(db, [visitor_id], now=now)).get(visitor_id)
        cart_id = before.cart_id if before else None
        origin = chat.origin[:200]
        await open_visitor(db, visitor_id, chat.inbox.id, language=language, origin=origin, cart_id=cart_id, now=now)
        if not await prove_visitor(db, visitor_id, opened.session, until=now + PROOF, now=now):
            visitor_id = uuid7()
            await open_visitor(db, visitor_id, chat.inbox.id, language=language, origin=origin, now=now)
            await prove_visitor(db, visitor_id, opened.session, until=now + PROOF, now=now)
        visitor = (await visitors_by_ids(db, [visitor_id], now=now))[visitor_id]
        told = await tell(request, db, chat, visitor, language)
    hub_of(request.app).changed(visitor_id)
    return Response({"token": chat.channel.token(chat.inbox, visitor_id), **told})
