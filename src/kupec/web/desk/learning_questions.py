"""Single questions the bot could not answer: looked for, and taught at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from kupec.assistant import TEACH, MissedQuestion, label_missed, missed_questions
from kupec.kit.errors import KupecError
from kupec.kit.i18n import LANGUAGES, translations
from kupec.kit.i18n import mark as _
from kupec.web.desk.conversation_words import CHANNEL_WORDS
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox_list import channel_word
from kupec.web.desk.learning import PERIODS, QUESTIONS, days_of, kept, language_name, shared, since
from kupec.web.desk.learning_words import REASONS, Intents, intents_of, percent
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.reader import Reader
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = 50
_MOST_CHOSEN = 500
FIELDS = ("days", "reason", "language", "channel", "q", "page")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question with what was around it, in words. `href` is its conversation."""

    id: UUID
    text: str
    reason: str
    language: str
    channel: str
    at: Any
    guess: str
    sure: str
    stake: str
    href: str
    kept: bool = True


def asked(one: MissedQuestion, intents: Intents, reader: Reader, *, may_read: bool, keep: bool = True) -> Asked:
    """`may_read`: whether the reader may open the conversation."""
    near = one.guess or (f"article:{one.article}" if one.article else "")
    return Asked(
        id=one.id,
        text=one.text,
        reason=one.reason,
        language=one.language,
        channel=channel_word(one.channel, reader),
        at=one.created_at,
        guess=intents.title(near) if near else "",
        sure=percent(one.probability, reader.language) if one.probability is not None else "",
        stake=reader.money(one.cart_value, one.currency) if one.cart_value and one.currency else "",
        href=f"/desk/inbox/{one.conversation_id}" if one.conversation_id and may_read else "",
        kept=keep,
    )


@get("/learning/questions", opt={"permission": TEACH})
async def questions(request: AnyRequest) -> Response[str]:
    reader, form = reader_of(request), query_form(request)
    days, filters = days_of(form), _filters(form)
    page = int(filters["page"]) if filters["page"] else 1
    async with site_of(request).database.reading() as db:
        found = await missed_questions(
            db,
            now=reader.now,
            since=since(reader, days),
            reason=filters["reason"] or None,  # type: ignore[arg-type]
            language=filters["language"] or None,
            channel=filters["channel"] or None,
            text=filters["q"],
            limit=PAGE + 1,
            offset=(page - 1) * PAGE,
        )
        common = await shared(request, db, days)
        may_read = actor_of(request).may("conversations.read")
        return await desk_page(
            request,
            db,
            "desk/learning/questions.html",
            section="learning",
            filters=filters,
            page=page,
            more=len(found) > PAGE,
            narrowed=any(filters[name] for name in FIELDS if name != "days"),
            rows=[asked(one, common["intents"], reader, may_read=may_read) for one in found[:PAGE]],
            reason_options=[(code, reader.text(word)) for code, word in REASONS.items()],
            language_options=[(code, language_name(code, reader)) for code in LANGUAGES],
            channel_options=[(code, channel_word(code, reader)) for code in CHANNEL_WORDS],
            **common,
        )


@post("/learning/questions", opt={"permission": TEACH})
async def teach(request: AnyRequest) -> Response[Any]:
    """Say of all that are chosen what they ask for, or that they are none of ours."""
    site, form, language = site_of(request), await read_form(request, most=_MOST_CHOSEN + 20), language_of(request)
    reader, target = reader_of(request), f"{QUESTIONS}{kept(_filters(query_form(request)))}"
    chosen = _ids(form)
    if not chosen:
        return go(request, target, failed=reader.text(_("No question is chosen.")))
    try:
        async with site.database.transaction() as db:
            is_ours = form.text("do", most=20) != "none"
            intent = (await intents_of(db, reader)).code(form.text("target", most=300)) if is_ours else ""
            if intent is None:
                said = _("There is no flow or article of this name. Choose one of the list; nothing was changed.")
                return go(request, target, failed=reader.text(said))
            done = await label_missed(db, chosen, intent, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, target, failed=in_words(error, language))
    spoken = translations(language)
    if intent:
        said = spoken.ngettext(
            "%(num)d question is learnt. The new version of the bot will be here in a few seconds.",
            "%(num)d questions are learnt. The new version of the bot will be here in a few seconds.",
            done,
        )
    else:
        said = spoken.ngettext(
            "%(num)d question is marked as none of ours.", "%(num)d questions are marked as none of ours.", done
        )
    return go(request, target, done=said % {"num": done})


def _filters(form: Form) -> dict[str, str]:
    """What the address asks for; what is none of the choices asks for nothing."""
    days, reason, channel = days_of(form), form.text("reason", most=10_000), form.text("channel", most=10_000)
    language, page = form.text("language", most=10_000), form.text("page", most=10_000)
    return {
        "days": str(days) if days != PERIODS[0] else "",
        "reason": reason if reason in REASONS else "",
        "language": language if language.isascii() and language.isalpha() and len(language) <= 5 else "",
        "channel": channel if channel in CHANNEL_WORDS else "",
        "q": form.text("q", most=10_000)[:200],
        "page": page if page.isascii() and page.isdigit() and len(page) < 5 and int(page) > 1 else "",
    }


def _ids(form: Form) -> list[UUID]:
    """The chosen ones; what is no identifier chooses nothing."""
    found = []
    for text in form.all("question")[:_MOST_CHOSEN]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


routes: Sequence[Any] = (questions, teach)
