"""Tools that lead to a person: now, in the conversation, or by a call back while people are here."""

from datetime import datetime, timedelta

from kupec.conversations.holding import hand_over
from kupec.conversations.models import Handover
from kupec.conversations.promising import promise, waiting_position
from kupec.conversations.reading import get_conversation
from kupec.conversations.service_hours import SERVICE_HOURS, ServiceHours, after_minutes, is_open, next_opening
from kupec.conversations.tool_shapes import AskedPerson, BookCallback, BookedCallback, TalkToPerson
from kupec.customers import Asker, asker_of, contact_points_of, normalise_phone, open_task
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.kit.spoken import moment_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.kit.versions import published

CALL_BACK = _("Call back {phone}: {about}")
_SOON = 30  # minutes in which a call that is wanted soon is made
_FARTHEST = timedelta(days=60)
_LATEST_IN_SPAN = timedelta(minutes=10)


async def _talk_to_person(context: ToolContext, arguments: TalkToPerson) -> AskedPerson:
    """Hands the conversation over, if it is one; what is promised is what can be kept."""
    db, language = context.db, context.language
    held = False
    if context.conversation_id is not None:
        handover = Handover(reason="asked", summary=arguments.reason.strip())
        await hand_over(db, context.conversation_id, handover, actor=context.actor, now=context.now)
        held = (await get_conversation(db, context.conversation_id)).holder == "people"
    now_open = await promise(db, now=context.now)
    place = await waiting_position(db, context.conversation_id, now=context.now) if context.conversation_id else None
    minutes = (place.minutes if place else now_open.waiting_minutes) or 0
    opening = _said(context, now_open.next_opening) if now_open.next_opening and not now_open.open else ""
    return AskedPerson(
        handed_over=held,
        open=now_open.open,
        place=place.place if place else 0,
        minutes=minutes,
        next_opening_text=opening,
        text=_promised(language, now_open.open, minutes, opening),
    )


def _promised(language: str, is_open_now: bool, minutes: int, opening: str) -> str:
    if not is_open_now and opening:
        message = _("Nobody is here right now. A person answers you here when we open again: {when}.")
        return words(language, message, when=opening)
    if is_open_now and minutes:
        spoken = translations(language)
        return spoken.ngettext(
            "A colleague takes over, in about %(num)d minute.",
            "A colleague takes over, in about %(num)d minutes.",
            minutes,
        ) % {"num": minutes}
    return translate(language, _("A colleague takes over. Everything you have written stays here."))


def _said(context: ToolContext, moment: datetime) -> str:
    return moment_said(moment, context.language, zone=context.zone, today=context.today)


async def _book_callback(context: ToolContext, arguments: BookCallback) -> BookedCallback:
    """A task to call, at a time when people are here; the same step books one call."""
    db, language = context.db, context.language
    asker = await asker_of(db, context)
    hours = (await published(db, SERVICE_HOURS))[SERVICE_HOURS]
    phone = await _phone(db, context, asker, arguments.phone)
    wanted = _wanted(context, arguments.when)
    due = _within(hours, wanted, context.now)
    task = await open_task(
        db,
        key=f"callback:{context.key}",
        title=CALL_BACK,
        details={"phone": phone, "about": arguments.about.strip() or "–"},
        subject=f"conversation:{context.conversation_id}" if context.conversation_id else f"customer:{asker.root}",
        customer_id=asker.root,
        due_at=due,
        priority="high",
        remind_before=(10,),
        actor=context.actor if asker.root is None else asker.actor,
        now=context.now,
    )
    due_text = _said(context, task.due_at)
    moved = wanted is not None and abs(due - wanted) > timedelta(minutes=1)
    later = _("At that time nobody is here. We call you {when} on {phone}.")
    message = later if moved else _("We call you {when} on {phone}.")
    return BookedCallback(
        task_id=str(task.id),
        due_at=task.due_at.isoformat(),
        due_text=due_text,
        moved=moved,
        phone=phone,
        text=words(language, message, when=due_text, phone=phone),
    )


async def _phone(db: Connection, context: ToolContext, asker: Asker, told: str) -> str:
    """The number that was told, else the customer's own. Raises InvalidValue (field "phone")."""
    if told.strip():
        return normalise_phone(told, context.settings.shop_country)
    points = await contact_points_of(db, asker.own) if asker.own else []
    known = next((point.value for point in points if point.kind == "phone"), None)
    if known is None:
        raise InvalidValue(field="phone", expected="a phone number with its country code, such as +420 601 234 567")
    return known


def _wanted(context: ToolContext, when: str) -> datetime | None:
    if not when.strip():
        return None
    try:
        moment = datetime.fromisoformat(when.strip())
    except ValueError:
        raise InvalidValue(field="when", expected="a day and a time, such as 2026-11-24T10:00") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=context.zone)
    if not context.now - _LATEST_IN_SPAN <= moment <= context.now + _FARTHEST:
        raise InvalidValue(field="when", expected="a time to come, within sixty days")
    return moment


def _within(hours: ServiceHours, wanted: datetime | None, now: datetime) -> datetime:
    """When people are here: at the wanted time, else at the next opening after it; soon is half an hour of theirs."""
    if wanted is None:
        return after_minutes(hours, now, _SOON)
    moment = max(wanted, now)
    if is_open(hours, moment):
        return moment
    return next_opening(hours, moment) or moment


TOOLS = (
    Tool(
        name="talk_to_person",
        description="Hand the conversation over to a person; says honestly how long it may take.",
        arguments=TalkToPerson,
        result=AskedPerson,
        run=_talk_to_person,
        changes=True,
        sure=True,
    ),
    Tool(
        name="book_callback",
        description="Have a person call the customer back, at a time when people are here.",
        arguments=BookCallback,
        result=BookedCallback,
        run=_book_callback,
        changes=True,
    ),
)
