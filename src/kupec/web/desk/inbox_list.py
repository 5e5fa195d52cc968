"""The inbox's list: which conversations an address asks for, and each as a line with what one wants to know of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from babel.dates import format_timedelta
from msgspec.structs import replace

from kupec.conversations import (
    Conversation,
    ConversationFilter,
    Cursor,
    Inbox,
    Listed,
    find_conversations,
    get_conversation,
    list_inboxes,
)
from kupec.customers import parties_by_ids, roots
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.staff import staff_names
from kupec.web.desk.conversation_text import without_marks
from kupec.web.desk.conversation_words import CHANNEL_ICONS, CHANNEL_WORDS
from kupec.web.desk.orders import read_cursor, write_cursor
from kupec.web.desk.reader import Reader
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest

PAGE = 50
DEFAULT_VIEW = "waiting"
VIEW_WORDS = {
    "waiting": _("Waiting for us"),
    "mine": _("Mine"),
    "unassigned": _("Nobody has them"),
    "all": _("All open"),
    "snoozed": _("Put off ones"),
    "resolved": _("Resolved"),
    "mentions": _("I am called"),
}
MAIN_VIEWS = ("waiting", "mine", "unassigned", "all")
VIEW_ICONS = {
    "waiting": "clock",
    "mine": "user",
    "unassigned": "inbox",
    "all": "chat",
    "snoozed": "calendar",
    "resolved": "check",
    "mentions": "bell",
}


class TalkRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list. `by`: who of us said `text`, "" if the customer did. `waits`: how long somebody has waited;
    `late`: longer than they should.
    """

    id: UUID
    name: str
    by: str
    text: str
    icon: str
    channel: str
    state: str
    holder: str
    assignee: str
    language: str
    unread: bool
    waits: str
    late: bool
    at: datetime


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it. `older` is the cursor of the next page, "" on the last."""

    view: str
    inbox: str
    query: str
    before: str
    rows: list[TalkRow]
    older: str

    @property
    def kept(self) -> dict[str, str | None]:
        """What of the address a link keeps, so that the list stays the same."""
        view = self.view if self.view != DEFAULT_VIEW else None
        return {"view": view, "inbox": self.inbox or None, "q": self.query or None}


async def inbox_list(db: Connection, form: Form, me: UUID, inboxes: Sequence[Inbox], reader: Reader) -> Listing:
    """The page of the list that the address' query describes; what cannot be read there is left out."""
    view = form.text("view", most=10_000)
    view = view if view in VIEW_WORDS else DEFAULT_VIEW
    query = form.text("q", most=10_000)[:200]
    inbox = next((one for one in inboxes if one.code == form.text("inbox", most=10_000)), None)
    before = read_cursor(form.text("before", most=10_000))
    cursor = Cursor(at=before[0], id=before[1]) if before else None
    if view == "mentions":
        found = await _mentioned(db, me, limit=PAGE)
    else:
        wanted = _filter(view, me, inbox.id if inbox else None, query)
        found = await find_conversations(db, wanted, before=cursor, limit=PAGE + 1)
    more, found = len(found) > PAGE, found[:PAGE]
    return Listing(
        view=view,
        inbox=inbox.code if inbox else "",
        query=query,
        before=form.text("before", most=10_000) if before else "",
        rows=await _rows(db, found, reader),
        older=write_cursor(found[-1].cursor.at, found[-1].cursor.id) if more else "",
    )


def _filter(view: str, me: UUID, inbox_id: UUID | None, query: str) -> ConversationFilter:
    # Who searches looks among all that are open: a name is found whoever holds its conversation.
    wanted = _VIEWS[view if not query or view != DEFAULT_VIEW else "all"]
    return replace(wanted, staff_id=me, inbox_id=inbox_id, search=query)


_VIEWS = {
    "waiting": ConversationFilter(view="waiting", order="waiting"),
    "mine": ConversationFilter(view="mine", order="latest"),
    "unassigned": ConversationFilter(view="unassigned", order="latest"),
    "all": ConversationFilter(view="all", order="latest"),
    "snoozed": ConversationFilter(view="snoozed", order="latest"),
    "resolved": ConversationFilter(view="resolved", order="latest"),
}


async def _mentioned(db: Connection, me: UUID, *, limit: int) -> list[Listed]:
    """Conversations in whose notes I am called, the latest call first."""
    rows = await db.fetch(
        """
        select message.conversation_id, max(message_mention.created_at) as at
          from message_mention join message on message.id = message_mention.message_id
         where message_mention.staff_id = $1 group by 1 order by 2 desc limit $2
        """,
        *(me, limit),
    )
    found = [await get_conversation(db, row["conversation_id"]) for row in rows]
    return [
        Listed(
            conversation=one,
            customer_name="",
            channel="",
            text="",
            kind="note",
            author="",
            cursor=Cursor(at=one.last_message_at, id=one.id),
        )
        for one in found
    ]


async def _rows(db: Connection, found: Sequence[Listed], reader: Reader) -> list[TalkRow]:
    names = await names_of(db, [line.conversation for line in found], reader)
    people = {line.conversation.assignee for line in found if line.conversation.assignee}
    people |= {UUID(line.author[6:]) for line in found if line.author.startswith("staff:")}
    staff = await staff_names(db, sorted(people)) if people else {}
    return [_row(line, names, staff, reader) for line in found]


def _row(line: Listed, names: dict[UUID, str], staff: dict[UUID, str], reader: Reader) -> TalkRow:
    one = line.conversation
    return TalkRow(
        id=one.id,
        name=names[one.id],
        by=_by(line, staff, reader),
        text=without_marks(line.text, reader) or one.subject,
        icon=channel_icon(line.channel),
        channel=channel_word(line.channel, reader),
        state=one.state,
        holder=one.holder,
        assignee=staff.get(one.assignee, "") if one.assignee else "",
        language=one.language,
        unread=one.waiting_since is not None and one.state != "resolved",
        waits=waits(one, reader),
        late=late(one, reader.now),
        at=one.last_message_at,
    )


def _by(line: Listed, staff: dict[UUID, str], reader: Reader) -> str:
    """Who of us said the last words; nothing where the customer did."""
    if line.kind != "outgoing" or not line.text:
        return ""
    if line.author.startswith("staff:"):
        return staff.get(UUID(line.author[6:]), "")
    return reader.text(_("assistant"))


async def names_of(db: Connection, found: Sequence[Conversation], reader: Reader) -> dict[UUID, str]:
    """What the customers of these conversations are called: their name, an address, else that nobody knows."""
    root = await roots(db, [one.customer_id for one in found])
    parties = await parties_by_ids(db, sorted(set(root.values())))
    legs = await db.fetch(
        """
        select distinct on (conversation_id) conversation_id, name,
               case when channel in ('email', 'phone') then address else '' end as address
          from leg where conversation_id = any($1::uuid[]) order by conversation_id, name = '', created_at desc
        """,
        [one.id for one in found],
    )
    known = {row["conversation_id"]: row["name"] or row["address"] for row in legs}
    names = {}
    for one in found:
        party = parties.get(root[one.customer_id])
        said = (party.name or party.email or party.phone or "") if party else ""
        names[one.id] = said or known.get(one.id, "") or _visitor(one, reader)
    return names


def _visitor(one: Conversation, reader: Reader) -> str:
    return reader.text(_("Visitor {number}")).format(number=one.number)


def waits(one: Conversation, reader: Reader) -> str:
    """ "waits 25 minutes"; nothing where nobody waits for a person."""
    if one.waiting_since is None or one.holder != "people" or one.state in ("resolved", "merged"):
        return ""
    spent = reader.now - one.waiting_since
    if spent < timedelta(minutes=1):
        return reader.text(_("waits, just now"))
    return reader.text(_("waits {time}")).format(time=format_timedelta(spent, locale=reader.language, threshold=1.2))


def late(one: Conversation, now: datetime) -> bool:
    """Whether somebody waits past what they were promised."""
    return bool(waits_for_people(one) and one.respond_by and one.respond_by < now)


def waits_for_people(one: Conversation) -> bool:
    return one.state == "open" and one.holder == "people" and one.waiting_since is not None


def channel_icon(channel: str) -> str:
    return CHANNEL_ICONS.get(channel, "chat")


def channel_word(channel: str, reader: Reader) -> str:
    return reader.text(CHANNEL_WORDS[channel]) if channel in CHANNEL_WORDS else channel


async def known_inboxes(db: Connection) -> list[Inbox]:
    return await list_inboxes(db)


def address_query(request: AnyRequest) -> str:
    """The list's filters stand in the address of everything that belongs to a conversation."""
    query = query_form(request)
    kept = {name: query.text(name, most=2000) for name in ("view", "inbox", "q") if name in query}
    return f"?{urlencode(kept)}" if kept else ""
