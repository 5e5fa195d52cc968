"""Tools about the standing orders a customer has: shown, one time left out or moved, paused, resumed."""

from datetime import date
from uuid import UUID

from kupec.customers import Asker, asker_of
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.recurrence_words import how_often as rhythm_said
from kupec.kit.spoken import day_said, listed, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.return_rows import variants_named
from kupec.sales.standing.changing import pause_standing, resume_standing
from kupec.sales.standing.listing import list_standing
from kupec.sales.standing.models import StandingOrder, Upcoming
from kupec.sales.standing.occurrences import move_occurrence, skip_occurrence
from kupec.sales.standing.planning import next_occurrences
from kupec.sales.standing.rows import get_standing
from kupec.sales.tools.in_hand import done_before, note_made
from kupec.sales.tools.shapes_cart import Nothing
from kupec.sales.tools.shapes_standing import (
    ChangedStanding,
    MoveStanding,
    OneStanding,
    ShownStanding,
    ShownStandings,
    SkipStanding,
)

AHEAD = 3
STATES = {"active": _("running"), "paused": _("paused"), "ended": _("ended")}


def day_of(text: str, field: str) -> date:
    """Raises InvalidValue naming the argument."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(field=field, expected=_("a date")) from None


def dates_said(context: ToolContext, dates: list[date]) -> str:
    return listed([day_said(day, context.language, today=context.today) for day in dates], context.language)


async def _list_standing(context: ToolContext, arguments: Nothing) -> ShownStandings:
    db, language = context.db, context.language
    asker = await asker_of(db, context)
    asker.known()
    found = await list_standing(db, party_ids=await asker.ids(db, "orders"), limit=20)
    shown = [await standing_shown(db, context, one) for one in found if one.state != "ended"]
    if not shown:
        text = translate(language, _("Nothing comes to you regularly yet."))
    else:
        text = "\n".join(f"- {one.title}, {one.how_often_text}: {one.next_text or one.state_text}" for one in shown)
    return ShownStandings(count=len(shown), standings=shown, text=text)


async def standing_shown(db: Connection, context: ToolContext, standing: StandingOrder) -> ShownStanding:
    language = context.language
    names = await variants_named(db, sorted({line.variant_id for line in standing.lines}), language=language)
    ahead = await next_occurrences(db, standing, now=context.now, limit=AHEAD + 3)
    coming = [one for one in ahead if one.state == "planned"][:AHEAD]
    days = [one.due_at.astimezone(context.zone).date() for one in coming]
    goods = listed([f"{line.quantity} × {names.get(line.variant_id, '')}" for line in standing.lines], language)
    state = translate(language, STATES.get(standing.state, standing.state))
    often = rhythm_said(standing.recurrence, language)
    following = day_said(days[0], language, today=context.today) if days else ""
    return ShownStanding(
        title=goods,
        lines=[often, following or state],
        url=context.link(f"/my/standing/{standing.id}"),
        value=str(standing.id),
        id=str(standing.id),
        state=standing.state,
        state_text=state,
        how_often_text=often,
        next_on=days[0].isoformat() if days else "",
        next_text=following,
        next_dates=[day.isoformat() for day in days],
    )


async def _one(db: Connection, asker: Asker, wanted: str, *, paused: bool = False) -> StandingOrder:
    """The customer's standing order of this id; without one the only one there is. Raises NotFound, InvalidValue."""
    asker.known()
    found = await list_standing(db, party_ids=await asker.ids(db, "buy"), limit=100)
    if wanted.strip():
        named = next((one for one in found if str(one.id) == wanted.strip()), None)
        if named is None:
            raise NotFound(what="standing order")
        return named
    live = [one for one in found if one.state == ("paused" if paused else "active")]
    if not live:
        raise NotFound(what="standing order")
    if len(live) > 1:
        raise InvalidValue(field="id", expected=_("which of several standing orders is meant"))
    return live[0]


async def _time(db: Connection, context: ToolContext, standing: StandingOrder, day: str) -> Upcoming:
    """The time to come that was meant: on that day, or the next. Raises NotFound."""
    ahead = await next_occurrences(db, standing, now=context.now, limit=30)
    coming = [one for one in ahead if one.state == "planned"]
    if day:
        wanted = day_of(day, "date")
        coming = [one for one in coming if one.due_at.astimezone(context.zone).date() == wanted]
    if not coming:
        raise NotFound(what="occurrence")
    return coming[0]


async def _skip_standing(context: ToolContext, arguments: SkipStanding) -> ChangedStanding:
    db = context.db
    asker = await asker_of(db, context)
    standing = await _one(db, asker, arguments.id)
    if await done_before(db, context, "skip_standing") is None:
        coming = await _time(db, context, standing, arguments.date)
        await skip_occurrence(db, standing.id, coming.number, actor=asker.actor, now=context.now)
    return await _changed(db, context, standing.id, _("That time is left out. Next: {dates}."))


async def _move_standing(context: ToolContext, arguments: MoveStanding) -> ChangedStanding:
    db = context.db
    asker = await asker_of(db, context)
    standing = await _one(db, asker, arguments.id)
    if await done_before(db, context, "move_standing") is None:
        coming = await _time(db, context, standing, arguments.of)
        day = day_of(arguments.date, "date")
        await move_occurrence(db, standing.id, coming.number, day, actor=asker.actor, now=context.now)
    return await _changed(db, context, standing.id, _("That time is moved. Next: {dates}."))


async def _pause_standing(context: ToolContext, arguments: OneStanding) -> ChangedStanding:
    db = context.db
    asker = await asker_of(db, context)
    if (made := await done_before(db, context, "pause_standing")) is None:
        standing = await _one(db, asker, arguments.id)
        await pause_standing(db, standing.id, actor=asker.actor, now=context.now)
        await note_made(db, context, standing.id)
        made = str(standing.id)
    return await _changed(db, context, UUID(made), _("It is paused. Nothing comes until you want it again."))


async def _resume_standing(context: ToolContext, arguments: OneStanding) -> ChangedStanding:
    db = context.db
    asker = await asker_of(db, context)
    if (made := await done_before(db, context, "resume_standing")) is None:
        standing = await _one(db, asker, arguments.id, paused=True)
        await resume_standing(db, standing.id, actor=asker.actor, now=context.now)
        await note_made(db, context, standing.id)
        made = str(standing.id)
    return await _changed(db, context, UUID(made), _("It runs again. Next: {dates}."))


async def _changed(db: Connection, context: ToolContext, standing_id: UUID, message: str) -> ChangedStanding:
    shown = await standing_shown(db, context, await get_standing(db, standing_id))
    dates = dates_said(context, [date.fromisoformat(day) for day in shown.next_dates])
    return ChangedStanding(
        id=shown.id,
        title=shown.title,
        state=shown.state,
        state_text=shown.state_text,
        next_on=shown.next_on,
        next_text=shown.next_text,
        next_dates=shown.next_dates,
        next_dates_text=dates,
        url=shown.url,
        text=words(context.language, message, dates=dates or "–"),
    )


STANDING_TOOLS = (
    Tool(
        name="list_standing",
        description="What comes to the customer regularly, and when it comes next.",
        arguments=Nothing,
        result=ShownStandings,
        run=_list_standing,
        audience="customer",
    ),
    Tool(
        name="skip_standing",
        description="Leave out one time of a standing order.",
        arguments=SkipStanding,
        result=ChangedStanding,
        run=_skip_standing,
        audience="customer",
        changes=True,
    ),
    Tool(
        name="move_standing",
        description="Let one time of a standing order be on another day.",
        arguments=MoveStanding,
        result=ChangedStanding,
        run=_move_standing,
        audience="customer",
        changes=True,
    ),
    Tool(
        name="pause_standing",
        description="Let a standing order rest until it is resumed.",
        arguments=OneStanding,
        result=ChangedStanding,
        run=_pause_standing,
        audience="customer",
        changes=True,
    ),
    Tool(
        name="resume_standing",
        description="Let a paused standing order run again.",
        arguments=OneStanding,
        result=ChangedStanding,
        run=_resume_standing,
        audience="customer",
        changes=True,
    ),
)
