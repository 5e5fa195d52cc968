"""Tasks in a calendar: a feed at a secret address (RFC 5545), and the page where it is made and taken back."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Alarm, Calendar, Event
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import Party, Task, calendar_of, parties_by_ids
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.staff import Staff, calendar_since, end_calendar, open_calendar, set_zone, staff_by_calendar
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.reader import Reader
from kupec.web.desk.task_words import my_zone, task_title
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

HERE = "/desk/tasks/calendar"
PERMISSION = "tasks.write"
LENGTH = timedelta(minutes=30)
"""How long a task lies in the calendar."""
_BACK = timedelta(days=30)
_PRIORITIES = {"urgent": 1, "high": 3, "normal": 5, "low": 9}
_REFRESH = timedelta(minutes=15)


@get("/calendar/{token:str}", opt={"permission": None})
async def feed(request: AnyRequest, token: FromPath[str]) -> Response[bytes]:
    """Somebody's open tasks, from a month ago on. The address is the secret: no session, and nothing is kept of it."""
    site = site_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        person = await staff_by_calendar(db, token.removesuffix(".ics"))
        tasks = await calendar_of(db, person.id, since=now - _BACK)
        ids = sorted({task.customer_id for task in tasks if task.customer_id})
        parties = await parties_by_ids(db, ids) if person.actor.may("customers.read") else {}
    reader = Reader(person.language, ZoneInfo(person.zone or site.settings.shop_timezone), now)
    body = calendar(tasks, parties, person, reader, base_url=site.settings.base_url)
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": 'inline; filename="kupec.ics"'}
    return Response(body, media_type="text/calendar", headers=headers)


def calendar(tasks: list[Task], parties: dict[UUID, Party], person: Staff, reader: Reader, *, base_url: str) -> bytes:
    """The tasks as events of half an hour, in UTC, with an alarm for each reminder."""
    made = Calendar()
    made.add("prodid", "-//Kupec//Tasks//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", reader.text(_("Tasks of {name}")).format(name=person.name))
    made.add("x-wr-timezone", str(reader.zone))
    made.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for task in tasks:
        party = parties.get(task.customer_id) if task.customer_id else None
        made.add_component(_event(task, party.name if party else "", reader, base_url))
    body: bytes = made.to_ical()
    return body


def _event(task: Task, customer: str, reader: Reader, base_url: str) -> Event:
    title, address = task_title(task, reader), f"{base_url}/desk/tasks/{task.id}"
    event = Event()
    event.add("uid", f"task-{task.id}@kupec")
    event.add("dtstamp", reader.now)
    event.add("dtstart", task.due_at)
    event.add("dtend", task.due_at + LENGTH)
    event.add("summary", f"{title} ({customer})" if customer else title)
    note = str(task.details.get("note", ""))
    event.add("description", "\n".join(part for part in (note, address) if part))
    event.add("url", address)
    event.add("priority", _PRIORITIES[task.priority])
    event.add("transp", "TRANSPARENT")
    for minutes in task.remind_before:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", -timedelta(minutes=minutes))
        event.add_component(alarm)
    return event


@get("/tasks/calendar", opt={"permission": PERMISSION})
async def calendar_page(request: AnyRequest) -> Response[str]:
    return await _page(request)


@post("/tasks/calendar", opt={"permission": PERMISSION})
async def change_calendar(request: AnyRequest) -> Response[Any]:
    """A new address (shown this once), no address any more, or another clock."""
    site, form, me, reader = site_of(request), await read_form(request), staff_of(request), reader_of(request)
    now, doing = site.clock.now(), form.text("do")
    if doing == "open":
        async with site.database.transaction() as db:
            token = await open_calendar(db, me.id, actor=actor_of(request), now=now)
        return await _page(request, address=f"{site.settings.base_url}/calendar/{token}.ics")
    if doing == "end":
        async with site.database.transaction() as db:
            await end_calendar(db, me.id, actor=actor_of(request), now=now)
        return go(request, HERE, done=reader.text(_("The address answers no more.")))
    try:
        async with site.database.transaction() as db:
            await set_zone(db, me.id, form.text("zone") or None, actor=actor_of(request), now=now)
    except InvalidValue as error:
        return await _page(request, errors={"zone": in_words(error, language_of(request))}, status=422)
    return go(request, HERE, done=reader.text(_("Your time zone is set.")))


async def _page(
    request: AnyRequest, *, address: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    me = staff_of(request)
    async with site_of(request).database.reading() as db:
        return await desk_page(
            request,
            db,
            "desk/task_calendar.html",
            section="tasks",
            status=status,
            address=address,
            since=await calendar_since(db, me.id),
            zone_now=str(my_zone(request)),
            zone_of_shop=site_of(request).settings.shop_timezone,
            zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
            errors=errors or {},
        )


routes = (calendar_page, change_calendar)
"""Below /desk; the feed itself stands outside, for calendars cannot sign in."""
