"""The frame around every desk page: the rail, what waits, a line about what was just done."""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response
from litestar.response import Redirect

from kupec.customers import count_due, count_mentions, reminders_now
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.staff import Staff
from kupec.web.desk.gate import staff_of
from kupec.web.desk.inbox_waiting import count_waiting
from kupec.web.desk.reader import Reader
from kupec.web.desk.task_words import my_reader, task_titles
from kupec.web.desk.views import views_of
from kupec.web.desk.words import TONES
from kupec.web.forms import Form
from kupec.web.rendering import AnyRequest, language_of, render, site_of
from kupec.web.security import forget_cookie, read_signed_cookie, signed_cookie

FLASH = "kupec_flash"
_LONGEST_BODY = 10_000_000

EXPECTED = (
    _("plain text, without HTML"),
    _("a reason in a few words: the buyer reads it"),
    _("4 to 40 letters, digits and hyphens"),
    _("at least one piece, and not all of them"),
    _("no more pieces than were to come"),
    _("at least one piece"),
    _("an identifier"),
    _("a reason of at most 500 characters"),
    _("an amount above zero"),
    _("either pieces or an amount"),
    _("a few words on why the stock changes"),
    _("a number of pieces that is not negative"),
    _("a name of at most 100 characters"),
    _("a name of at most 40 characters"),
    _("at most 20 views; remove one first"),
    _("at most 20 passkeys"),
)
"""What verbs below say they expect of a field, marked for the catalogues."""


class Place(msgspec.Struct, frozen=True):
    """An entry of the rail; shown to those who hold its permission."""

    key: str
    label: str
    icon: str
    href: str
    permission: str
    begins: bool = False
    """The first of a group: a line stands above it."""
    within: str = ""
    """The place it belongs to: it stands open below that one, where one is in there or may not see that one."""
    demo: bool = False
    """Only in a demo."""


PLACES = (
    Place("inbox", _("Inbox"), "inbox", "/desk/inbox", "conversations.read"),
    Place("orders", _("Orders"), "box", "/desk/orders", "orders.read"),
    Place("standing", _("Standing orders"), "refresh", "/desk/standing", "orders.read"),
    Place("customers", _("Customers"), "users", "/desk/customers", "customers.read"),
    Place("machines", _("Machines"), "robot", "/desk/machines", "customers.read", within="customers"),
    Place("tasks", _("Tasks"), "task", "/desk/tasks", "tasks.write"),
    Place("delivery", _("Dispatch"), "truck", "/desk/delivery", "orders.read"),
    Place("catalogue", _("Catalogue"), "tag", "/desk/catalogue", "catalogue.read", begins=True),
    Place("marketing", _("Marketing"), "bolt", "/desk/marketing", "settings.write"),
    Place("learning", _("Learning"), "bulb", "/desk/learning", "knowledge.write"),
    Place("knowledge", _("Knowledge"), "document", "/desk/knowledge", "knowledge.write", within="learning"),
    Place("flows", _("Flows"), "robot", "/desk/flows", "flows.write", within="learning"),
    Place("rollouts", _("Roll-outs"), "share", "/desk/rollouts", "flows.write", within="learning"),
    Place("market", _("Market"), "chart", "/desk/market", "customers.read", within="machines"),
    Place("finance", _("Finance"), "money", "/desk/finance", "billing.read", begins=True),
    Place("outbox", _("Outbox"), "mail", "/desk/outbox", "customers.read"),
    Place("settings", _("Settings"), "settings", "/desk/settings", "settings.write", begins=True),
    Place("inboxes", _("Channels"), "chat", "/desk/inboxes", "settings.write", within="settings"),
    Place("staff", _("Staff"), "lock", "/desk/settings/staff", "staff.write", within="settings"),
    Place(
        "integrations",
        _("Integrations"),
        "globe",
        "/desk/settings/integrations",
        "integrations.write",
        within="settings",
    ),
    Place("system", _("System"), "chart", "/desk/system", "system.read", within="settings"),
    Place("demo_clock", _("Demo clock"), "clock", "/desk/demo-clock", "settings.write", begins=True, demo=True),
)


class Flash(msgspec.Struct, frozen=True):
    """A line about what was just done, shown once."""

    tone: Literal["good", "bad"]
    text: str


def reader_of(request: AnyRequest) -> Reader:
    site = site_of(request)
    return Reader(language_of(request), ZoneInfo(site.settings.shop_timezone), site.clock.now())


async def desk_page(
    request: AnyRequest,
    db: Connection,
    template: str,
    *,
    section: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """`template` within the desk's frame. Besides `context` it has `me`, `may`, `read` (a Reader), `tones` and `views`.

    A list that may have saved views shows them by {% include "desk/view_tabs.html" %}.
    """
    me = staff_of(request)
    flash = take_flash(request)
    demo = site_of(request).settings.demo
    places = [place for place in PLACES if me.actor.may(place.permission) and (demo or not place.demo)]
    response = render(
        request,
        template,
        status=status,
        headers={"Cache-Control": "private, no-store", **(headers or {})},
        me=me,
        may=me.actor.may,
        read=reader_of(request),
        tones=TONES,
        places=places,
        rail=_rail(places, section),
        waiting=await _waiting(db, me, my_reader(request)),
        views=await views_of(request, db, section),
        section=section,
        live_from=request.state.live_from,
        flash=flash,
        **await _reminders(request, db, me),
        **context,
    )
    if flash:
        response.cookies.append(forget_cookie(site_of(request), FLASH))
    return response


def _rail(places: list[Place], section: str) -> list[Place]:
    """What of `places` stands in the rail while `section` is open: what is within another only where one is there."""
    shown = {place.key for place in places}
    inside = next((place.within or place.key for place in places if place.key == section), "")
    return [place for place in places if place.within not in shown or place.within == inside]


async def _reminders(request: AnyRequest, db: Connection, me: Staff) -> dict[str, Any]:
    """What this person was reminded of and has not put away."""
    reader = my_reader(request)
    found = await reminders_now(db, actor=me.actor, now=reader.now) if me.actor.may("tasks.write") else []
    return {"reminders": found, "reminder_titles": task_titles([one.task for one in found], reader)}


async def _waiting(db: Connection, me: Staff, reader: Reader) -> dict[str, int]:
    """How much waits for a person, by place; of tasks those that are theirs, or nobody's, and due by tonight."""
    placed: int = await db.fetchval("select count(*) from sales_order where state = 'placed' and placed_at is not null")
    unread: int = await db.fetchval("select count(*) from review where state = 'pending'")
    tonight = datetime.combine(reader.today + timedelta(days=1), time(), tzinfo=reader.zone)
    undecided: int = await db.fetchval(
        "select count(*) from occurrence where state in ('failed', 'missed') and next_try_at is null"
    )
    return {
        "inbox": await count_waiting(db) if me.actor.may("conversations.read") else 0,
        "orders": placed,
        "customers": await count_mentions(db, me.id),
        "standing": undecided,
        "tasks": await count_due(db, actor=me.actor, until=tonight),
        "catalogue": unread,
    }


def go(request: AnyRequest, target: str, *, done: str = "", failed: str = "") -> Redirect:
    """See other: after a form was sent, with a line about how it went (already in the reader's language)."""
    flash = Flash("good", done) if done else Flash("bad", failed) if failed else None
    cookies = []
    if flash:
        packed = base64.urlsafe_b64encode(msgspec.json.encode(flash)).decode().rstrip("=")
        cookies.append(signed_cookie(site_of(request), FLASH, packed, days=1))
    return Redirect(target, status_code=303, cookies=cookies, headers={"Cache-Control": "no-store"})


def take_flash(request: AnyRequest) -> Flash | None:
    """The line of the page before; whoever shows it forgets its cookie."""
    packed = read_signed_cookie(request, FLASH)
    if not packed:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), type=Flash)
    except (binascii.Error, msgspec.MsgspecError):
        return None


def typed(form: Form | None) -> Callable[[str, Any], Any]:
    """For a template: what was typed into a field of a refused form, else what is stored. However long it is."""

    def value(field: str, stored: Any = "") -> Any:
        return stored if form is None else form.prose(field, most=_LONGEST_BODY)

    return value


def in_words(error: KupecError, language: str) -> str:
    """An error for the person who filled the field: beside it, the field's name need not be said."""
    if isinstance(error, InvalidValue):
        expected = translate(language, str(error.details["expected"]))
        return translate(language, _("Expected: {expected}.")).format(expected=expected)
    return explain(error, language)
