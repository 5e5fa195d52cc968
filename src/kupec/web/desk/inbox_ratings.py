"""What customers thought of conversations: satisfaction and recommendation by channel, agent and day; their words."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
from litestar import Response, get

from kupec.conversations import SurveyKind, Tally, latest_answers, survey_results
from kupec.kit.i18n import mark as _
from kupec.staff import staff_names
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox_list import channel_word
from kupec.web.desk.page import desk_page, reader_of
from kupec.web.desk.reader import Reader
from kupec.web.forms import query_form
from kupec.web.rendering import AnyRequest, site_of

PERIODS = (7, 30, 90, 365)
KINDS = {"csat": _("Satisfaction (1 to 5)"), "nps": _("Recommendation (0 to 10)")}
WIDTH, HEIGHT, _FOOT = 640, 180, 24
_MOST_BARS = 60


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table of results."""

    name: str
    asked: int
    answered: int
    average: str
    satisfied: str


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the chart: where its bar stands, in the drawing's units. `low` has the colour of what is bad."""

    x: float
    y: float
    width: float
    height: float
    low: bool
    label: str
    said: str


@get("/inbox/ratings", opt={"permission": "conversations.read"})
async def ratings(request: AnyRequest) -> Response[str]:
    reader, query = reader_of(request), query_form(request)
    wanted = query.text("days", most=10_000)
    days = int(wanted) if wanted in map(str, PERIODS) else 30
    kind = cast(SurveyKind, query.text("kind", most=10_000) if query.text("kind", most=10_000) in KINDS else "csat")
    until = datetime.combine(reader.today + timedelta(days=1), time(), reader.zone)
    async with site_of(request).database.reading() as db:
        results = await survey_results(
            db, since=until - timedelta(days=days), until=until, timezone=str(reader.zone), actor=actor_of(request)
        )
        answers = await latest_answers(db, kind=kind, limit=50, actor=actor_of(request))
        staff = await staff_names(db, _ids([*(one.by for one in results.agents), *(str(a.staff_id) for a in answers)]))
        total = next((one for one in results.total if one.kind == kind), None)
        by_day = [one for one in results.days if one.kind == kind][-_MOST_BARS:]
        return await desk_page(
            request,
            db,
            "desk/inbox/ratings.html",
            section="inbox",
            days=days,
            periods=PERIODS,
            kind=kind,
            kinds=KINDS,
            total=_line(reader.text(_("All together")), total, reader) if total else None,
            channels=[_line(channel_word(one.by, reader), one, reader) for one in results.channels if one.kind == kind],
            agents=[
                _line(staff.get(UUID(one.by), "—") if one.by else reader.text(_("assistant")), one, reader)
                for one in results.agents
                if one.kind == kind
            ],
            by_day=[_line(reader.day(datetime.fromisoformat(one.by).date()), one, reader) for one in by_day],
            bars=_bars(by_day, reader),
            chart=(WIDTH, HEIGHT, HEIGHT - _FOOT),
            answers=answers,
            names=staff,
            channel_of=lambda code: channel_word(code, reader),
        )


def _ids(texts: Sequence[str]) -> list[UUID]:
    return sorted({UUID(text) for text in texts if text and text != "None"})


def _line(name: str, one: Tally, reader: Reader) -> Line:
    average, satisfied = one.average, one.satisfied
    return Line(
        name=name,
        asked=one.asked,
        answered=one.answered,
        average="—" if average is None else f"{average:.1f}".replace(".", "." if reader.language == "en" else ","),
        satisfied="—" if satisfied is None else _share(satisfied, one.kind),
    )


def _share(value: float, kind: str) -> str:
    number = f"{round(value):d}".replace("-", "−")
    return f"{number} %" if kind == "csat" else number


def _bars(by_day: Sequence[Tally], reader: Reader) -> list[Bar]:
    """Full height is 100; what is below zero (more detractors than promoters) has a bar of the least height."""
    step = WIDTH / max(len(by_day), 1)
    bars = []
    for at, one in enumerate(by_day):
        if one.satisfied is None:
            continue
        height = max(one.satisfied, 2) / 100 * (HEIGHT - _FOOT)
        day = reader.day(datetime.fromisoformat(one.by).date())
        bars.append(
            Bar(
                x=round(at * step + 2, 1),
                y=round(HEIGHT - _FOOT - height, 1),
                width=round(min(step - 4, 48), 1),
                height=round(height, 1),
                low=one.satisfied < (60 if one.kind == "csat" else 0),
                label=day if at % max(len(by_day) // 8, 1) == 0 else "",
                said=f"{day}: {_share(one.satisfied, one.kind)}",
            )
        )
    return bars


routes: Sequence[Any] = (ratings,)
