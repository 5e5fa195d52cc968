"""Learning at the desk: what the bot could not answer, what is proposed, and the words and flows where it stumbles."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from babel import Locale
from litestar import Response, get, post

from kupec.assistant import (
    TEACH,
    LearningDay,
    LearningDays,
    LearningSummary,
    Proposal,
    is_gathering,
    is_training,
    learning_days,
    learning_summary,
    model_alert,
    model_history,
    order_gathering,
    suggestions,
)
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox_list import channel_word
from kupec.web.desk.learning_words import (
    KIND_HINTS,
    KIND_ICONS,
    KINDS,
    REASON_TONES,
    REASONS,
    Intents,
    as_written,
    intents_of,
    percent,
)
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.reader import Reader
from kupec.web.forms import Form, query_form
from kupec.web.rendering import LANGUAGE_NAMES, AnyRequest, site_of

HERE = "/desk/learning"
QUESTIONS = f"{HERE}/questions"
PERIODS = (7, 30, 90)
WIDTH, HEIGHT, _FOOT = 640, 150, 24
_MOST_BARS = 45
_MOST_WORDS = 60


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A suggestion in the list. `lost` is what stood in carts that were not bought, in words."""

    id: str
    name: str
    about: str
    """What it is close to, or what its questions have in common."""
    kind: str
    questions: int
    customers: int
    lost: str


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """A count that leads to the questions behind it; `part` of the greatest of its kind, 0 to 1."""

    name: str
    count: int
    part: float
    href: str


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the chart: where its bar stands, in the drawing's units."""

    x: float
    y: float
    width: float
    height: float
    label: str
    said: str


def days_of(form: Form) -> int:
    """The period that the address asks for, in days."""
    wanted = form.text("days", most=10_000)
    return int(wanted) if wanted in map(str, PERIODS) else PERIODS[0]


def since(reader: Reader, days: int) -> datetime:
    """The first moment of a period that ends today, by the shop's clock."""
    return datetime.combine(reader.today - timedelta(days=days - 1), time(), reader.zone)


@get("/learning", opt={"permission": TEACH})
async def learning(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await review_page(request, db)


@post("/learning/gather", opt={"permission": TEACH})
async def gather(request: AnyRequest) -> Response[Any]:
    """Look for questions that are alike now instead of tonight."""
    async with site_of(request).database.transaction() as db:
        await order_gathering(db, actor=actor_of(request))
    return go(request, HERE, done=reader_of(request).text(_("The questions are being gathered; it takes a moment.")))


async def review_page(request: AnyRequest, db: Connection, *, status: int = 200, **record: Any) -> Response[str]:
    """What was missed and what is proposed; `record` is the suggestion that is open beside it."""
    reader, form = reader_of(request), query_form(request)
    days = days_of(form)
    begin = since(reader, days)
    summary = await learning_summary(db, since=begin, now=reader.now)
    by_day = await learning_days(db, since=begin, now=reader.now, timezone=str(reader.zone))
    models = await model_history(db)
    filters = {"days": str(days) if days != PERIODS[0] else None}
    shown: dict[str, Any] = {"proposal": None, **record}
    common = await shared(request, db, days)
    return await desk_page(
        request,
        db,
        "desk/learning/week.html",
        section="learning",
        status=status,
        week=_week(summary, by_day, reader, filters),
        rows=[row_of(one, common["intents"], reader) for one in await suggestions(db, now=reader.now)],
        candidate=any(one.state == "candidate" and not one.share and one.rolled_back_at is None for one in models),
        gathering=await is_gathering(db),
        kept=kept(filters),
        kinds=KINDS,
        kind_hints=KIND_HINTS,
        kind_icons=KIND_ICONS,
        chart=(WIDTH, HEIGHT, HEIGHT - _FOOT),
        **common,
        **shown,
    )


def kept(filters: Mapping[str, str | None]) -> str:
    """The filters that are set, as the query of an address."""
    given = {name: text for name, text in filters.items() if text}
    return f"?{urlencode(given)}" if given else ""


async def shared(request: AnyRequest, db: Connection, days: int) -> dict[str, Any]:
    """What every page about learning has besides its own: the period, words, and whether a model is in trouble."""
    reader = reader_of(request)
    return {
        "days": days,
        "period": str(days) if days != PERIODS[0] else None,
        "all_periods": PERIODS,
        "reasons": REASONS,
        "reason_tones": REASON_TONES,
        "intents": await intents_of(db, reader),
        "training": await is_training(db),
        "broken": await _broken(db),
    }


async def _broken(db: Connection) -> list[dict[str, Any]]:
    """The model that could not be read, if there is one, and which answers instead."""
    alert = await model_alert(db)
    if alert is None:
        return []
    trained = {one.id: one.trained_at for one in await model_history(db)}
    instead = trained.get(alert.instead) if alert.instead else None
    return [{"trained_at": trained.get(alert.model_id, alert.at), "instead": instead}]


def row_of(one: Proposal, intents: Intents, reader: Reader) -> Row:
    telling = " · ".join(as_written(phrase, [one.name]) for phrase in one.telling[:3] if phrase != one.name)
    return Row(
        id=str(one.id),
        name=one.name,
        about=f"→ {intents.title(one.target)}" if one.kind == "phrase" and one.target else telling,
        kind=one.kind,
        questions=one.questions,
        customers=one.customers,
        lost=sums(one.lost_value, reader),
    )


def sums(amounts: Mapping[str, int], reader: Reader) -> str:
    """Amounts of several currencies in one line; nothing for nothing."""
    return " + ".join(reader.money(amount, currency) for currency, amount in sorted(amounts.items()) if amount)


def _week(
    summary: LearningSummary, by_day: LearningDays, reader: Reader, filters: Mapping[str, str | None]
) -> dict[str, Any]:
    first = next((at for at, day in enumerate(by_day.days) if day.answered is not None), 0)
    known = by_day.days[first:]
    return {
        "missed": summary.questions,
        "answered": percent(summary.answered, reader.language) if summary.turns else "—",
        "customers": summary.customers,
        "lost": sums(by_day.lost_value, reader),
        "days": [
            {
                "day": day.day,
                "turns": day.turns,
                "missed": day.missed,
                "share": "—" if day.answered is None else percent(day.answered, reader.language),
            }
            for day in reversed(known)
        ],
        "bars": _bars(known[-_MOST_BARS:], reader),
        "by_reason": _tallies(
            summary.by_reason, "reason", lambda one: reader.text(REASONS[one]) if one in REASONS else one, filters
        ),
        "by_language": _tallies(summary.by_language, "language", lambda one: language_name(one, reader), filters),
        "by_channel": _tallies(by_day.by_channel, "channel", lambda one: channel_word(one, reader), filters),
    }


def language_name(code: str, reader: Reader) -> str:
    """A language as its speakers call it; what the desk does not speak, by its name in the reader's language."""
    if code in LANGUAGE_NAMES:
        return LANGUAGE_NAMES[code]
    name = Locale(reader.language).languages.get(code)
    return str(name) if name else code.upper()


def _tallies(
    counts: Mapping[str, int], field: str, name: Callable[[str], str], filters: Mapping[str, str | None]
) -> list[Tally]:
    most = max(counts.values(), default=1) or 1
    return [
        Tally(
            name=name(code),
            count=count,
            part=round(count / most, 3),
            href=f"{QUESTIONS}{kept({**filters, field: code})}",
        )
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if count
    ]


def _bars(days: Sequence[LearningDay], reader: Reader) -> list[Bar]:
    """Full height is everything answered."""
    step = WIDTH / max(len(days), 1)
    bars = []
    for at, one in enumerate(days):
        if one.answered is None:
            continue
        height = max(one.answered, 0.02) * (HEIGHT - _FOOT)
        day = reader.day(one.day)
        bars.append(
            Bar(
                x=round(at * step + 2, 1),
                y=round(HEIGHT - _FOOT - height, 1),
                width=round(min(step - 4, 48), 1),
                height=round(height, 1),
                label=day if at % max(len(days) // 7, 1) == 0 else "",
                said=f"{day}: {percent(one.answered, reader.language)}",
            )
        )
    return bars


routes: Sequence[Any] = (learning, gather)
