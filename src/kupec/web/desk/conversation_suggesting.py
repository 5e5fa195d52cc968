"""What could be answered: articles, and what the assistant itself would say and do."""

from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from kupec.assistant import Suggestion
from kupec.conversations import Conversation, messages_of
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.text import shorten
from kupec.knowledge import fill, search
from kupec.web.desk.conversation_text import without_marks
from kupec.web.desk.page import reader_of
from kupec.web.desk.reader import Reader
from kupec.web.rendering import AnyRequest, site_of

_ASKED = 3  # of the customer's last words, what an answer is looked for
_LIKELY = 0.25  # an article less likely than this would only be in the way
_LONGEST = 2000
_SHORT = 25  # characters; what is shorter says little by itself ("and to Poland?")


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer somebody may insert. `sure` says how likely it fits, `url` leads to where it stands."""

    code: str
    title: str
    text: str
    sure: str
    url: str


class BotSays(msgspec.Struct, frozen=True, kw_only=True):
    """`whole`: nothing would have to be done besides, so that the words can be sent as they are."""

    text: str
    why: str
    whole: bool


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    answers: list[Offer] = []
    bot: BotSays | None = None


@runtime_checkable
class Suggesting(Protocol):
    """An assistant that says what it would do."""

    async def suggest(self, conversation_id: UUID, *, text: str = "") -> Suggestion: ...


async def suggested(request: AnyRequest, conversation_id: UUID) -> Suggestions | None:
    """What the assistant would say and do; None where there is none. To be asked with no connection in hand."""
    bot: object = site_of(request).bot
    reader = reader_of(request)
    if not isinstance(bot, Suggesting):
        return None
    said = await bot.suggest(conversation_id)
    answers = [
        _offer(one.code, one.title, one.text, one.score, one.url, reader)
        for one in said.articles
        if one.score >= _LIKELY and one.text
    ]
    return Suggestions(answers=answers, bot=_bot(said, reader))


def _bot(said: Suggestion, reader: Reader) -> BotSays | None:
    if not said.reply and not said.calls:
        return None
    why = [
        reader.text(_("It would do: {calls}")).format(calls=", ".join(one.replace("_", " ") for one in said.calls))
        if said.calls
        else "",
        reader.text(_("sure to {percent} %")).format(percent=round(said.probability * 100)) if said.intent else "",
        reader.text(_("the customer sounds upset")) if said.is_angry else "",
    ]
    text = shorten(said.reply, _LONGEST)
    return BotSays(text=text, why=" · ".join(part for part in why if part), whole=bool(said.reply) and not said.calls)


async def articles_for(db: Connection, one: Conversation, reader: Reader) -> Suggestions:
    """Articles that answer what the customer said last, where no assistant is at hand."""
    recent = await messages_of(db, one.id, before=one.next_number, limit=20)
    asked = [message for message in recent if message.kind == "incoming" and message.text.strip()][-_ASKED:]
    if not asked:
        return Suggestions()
    last = without_marks(asked[-1].text, reader)
    text = last if len(last) > _SHORT else " ".join(without_marks(message.text, reader) for message in asked)
    hits = await search(db, text, language=one.language, limit=3)
    return Suggestions(
        answers=[
            _offer(hit.article_code, hit.title, answer, hit.score, f"/{hit.language}/help/{hit.url_slug}", reader)
            for hit in hits
            if hit.score >= _LIKELY and (answer := fill(hit.answer, {}))
        ]
    )


def _offer(code: str, title: str, text: str, score: float, url: str, reader: Reader) -> Offer:
    sure = reader.text(_("fits with {percent} %")).format(percent=round(score * 100))
    return Offer(code=code, title=title, text=shorten(text, _LONGEST), sure=sure, url=url)
