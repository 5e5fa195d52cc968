"""What the bot would answer and do, shown to the person who holds the conversation. It changes nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from kupec.assistant.answering import blocks_of, filled
from kupec.assistant.turn import Player
from kupec.assistant.waiting import Said, Waiting, gather
from kupec.conversations import Block, fill, get_conversation, plain_text
from kupec.kit.db import Connection

_ARTICLES = 3


class SuggestedArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An answer out of knowledge, ready to be sent; `score` 0 to 1."""

    code: str
    title: str
    text: str
    url: str
    score: float


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """`reply` is what the bot would say, "" for nothing; `calls` are tools by which it would then change something."""

    language: str
    intent: str | None = None
    probability: float = 0.0
    is_angry: bool = False
    reply: str = ""
    blocks: list[Block] = []
    calls: tuple[str, ...] = ()
    articles: list[SuggestedArticle] = []


async def suggest(player: Player, db: Connection, conversation_id: UUID, *, text: str = "") -> Suggestion:
    """For what the customer said last (or for `text`, which an agent has typed): articles, and the bot's own answer.

    Tools are asked on the customer's behalf, reading only; what would change something is named instead of done.
    """
    conversation = await get_conversation(db, conversation_id)
    one = (await gather(db, [conversation]))[0]
    one.pending = None
    one = _as_if(one, text or one.text or await _last_words(db, conversation_id))
    understood = player.understood(one)
    if not one.text.strip():
        return Suggestion(language=understood.language)
    player.settings = player.settings.while_suggesting()
    played = await player.play(one)
    articles = await _articles(player, one, understood.language)
    decided = played.decision
    return Suggestion(
        language=understood.language,
        intent=decided.intent if decided is not None else None,
        probability=understood.confidence,
        is_angry=understood.is_angry,
        reply="" if decided is not None and decided.handover else plain_text(played.blocks),
        blocks=[] if decided is not None and decided.handover else played.blocks,
        calls=tuple(played.withheld),
        articles=articles,
    )


async def _articles(player: Player, one: Waiting, language: str) -> list[SuggestedArticle]:
    asked = player.asked(one, language)

    async def values(tool: str) -> Mapping[str, Any] | None:
        return await player.facts(one, language, tool)

    found = []
    for hit in await player.find(one, one.text, asked, limit=_ARTICLES):
        blocks = await blocks_of(hit, values, player.shop.base_url)
        if blocks:
            url = f"{player.shop.base_url}/{hit.language}/help/{hit.url_slug}"
            text = await filled(hit, values)
            found.append(SuggestedArticle(code=hit.article_code, title=hit.title, text=text, url=url, score=hit.score))
    return found


def _as_if(one: Waiting, text: str) -> Waiting:
    """The conversation as if the customer had just said this, in the channel they spoke in last."""
    last = one.said[-1] if one.said else None
    said = Said(
        id=one.conversation.id,
        conversation_id=one.conversation.id,
        number=0,
        leg_id=last.leg_id if last else None,
        channel=last.channel if last else "web",
        address=last.address if last else "",
        text=text,
        choice=None,
        proven=True,
    )
    return msgspec.structs.replace(one, said=[said])


async def _last_words(db: Connection, conversation_id: UUID) -> str:
    """What the customer said since anybody else spoke, in full."""
    rows = await db.fetch(
        """
        select text from message m where conversation_id = $1 and kind = 'incoming' and number > coalesce((
            select max(number) from message o where o.conversation_id = $1 and o.kind = 'outgoing'
               and o.number < (select max(number) from message i where i.conversation_id = $1 and i.kind = 'incoming')
        ), 0) order by number
        """,
        conversation_id,
    )
    marks = await db.fetch("select mark, value from message_detail where conversation_id = $1", conversation_id)
    return fill("\n".join(row["text"] for row in rows), {row["mark"]: row["value"] for row in marks})
