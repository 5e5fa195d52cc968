"""“I want a person”: at any moment, by one button, whatever the bot is doing."""

from typing import Any

import msgspec
from litestar import Response, post

from kupec.conversations import Handover, Said, check_said, hand_over
from kupec.kit.actor import Actor
from kupec.kit.i18n import translate
from kupec.web.chat.gate import AnyRequest, chat_of, count
from kupec.web.chat.hub import hub_of
from kupec.web.chat.session import read_body, spoken
from kupec.web.chat.talking import Word, take
from kupec.web.rendering import site_of
from kupec.web.widget_words import WORDS


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    language: str = "en"


@post("/person", status_code=200, opt={"visitor": True})
async def ask(request: AnyRequest) -> Response[dict[str, Any]]:
    """The wish is kept like anything that is said; then the bot steps back. Repeating it changes nothing."""
    chat, site = chat_of(request), site_of(request)
    count(request, "chat-person", chat.visitor.hex, 10)
    body: Asked = read_body(await request.body(), Asked)
    language = spoken(body.language)
    said = Said(id=body.id, text=translate(language, WORDS["person"]), choice="person", language=language)
    check_said(said)
    taken = await take(request, Word(chat.inbox, chat.visitor, said))
    async with site.database.transaction() as db:
        await hand_over(
            db,
            taken.conversation_id,
            Handover(reason="button"),
            actor=Actor(kind="guest", id=str(chat.visitor)),
            now=site.clock.now(),
        )
    hub_of(request.app).poke(taken.conversation_id)
    return Response({"id": taken.message_id.hex, "new": taken.is_new})
