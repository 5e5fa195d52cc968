"""The inbox: conversations that wait, the one that is open, and its customer, on one page."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.conversations import Conversation, get_conversation, spoken_now
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.web.desk.conversation_canned import canned_for
from kupec.web.desk.conversation_composing import Composer, composer_of
from kupec.web.desk.conversation_side import side_of
from kupec.web.desk.conversation_snoozing import snoozes
from kupec.web.desk.conversation_suggesting import Suggestions, articles_for, suggested
from kupec.web.desk.conversation_view import said_in, talk_of
from kupec.web.desk.conversation_words import STATE_WORDS
from kupec.web.desk.gate import actor_of, staff_of
from kupec.web.desk.inbox_duty import DUTY_WORDS, duty_of
from kupec.web.desk.inbox_list import (
    DEFAULT_VIEW,
    MAIN_VIEWS,
    VIEW_ICONS,
    VIEW_WORDS,
    address_query,
    channel_icon,
    inbox_list,
    known_inboxes,
)
from kupec.web.desk.inbox_waiting import Counts, count_talks
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import query_form
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.security import content_policy

READ = {"permission": "conversations.read"}
WRITE = {"permission": "conversations.write"}
_POLICY = f"{content_policy()}; frame-src 'self'"


@get("/inbox", opt=READ)
async def inbox(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await inbox_page(request, db, None)


@get("/inbox/{conversation_id:uuid}", opt=READ)
async def conversation(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """One conversation; who opens one that was put together with another is led to that."""
    async with site_of(request).database.reading() as db:
        one = await get_conversation(db, conversation_id)
        if one.state == "merged" and one.merged_into:
            query = f"?{request.url.query}" if request.url.query else ""
            return Redirect(
                f"/desk/inbox/{one.merged_into}{query}", status_code=303, headers={"Cache-Control": "no-store"}
            )
    # The assistant reads by itself: it is asked while this page holds no connection.
    waits = one.state == "open" and one.holder == "people" and actor_of(request).may("conversations.write")
    suggestions = await suggested(request, one.id) if waits else None
    async with site_of(request).database.reading() as db:
        return await inbox_page(request, db, one, suggestions=suggestions)


async def inbox_page(
    request: AnyRequest,
    db: Connection,
    one: Conversation | None,
    *,
    composer: Composer | None = None,
    suggestions: Suggestions | None = None,
    status: int = 200,
) -> Response[str]:
    """The three columns; `composer` brings a refused answer back."""
    reader, me, query = reader_of(request), staff_of(request), query_form(request)
    inboxes = await known_inboxes(db)
    context: dict[str, Any] = {"talk": None, "at_side": False}
    if one is not None:
        context = await _opened(request, db, one, composer, suggestions)
    return await desk_page(
        request,
        db,
        "desk/inbox/inbox.html",
        section="inbox",
        status=status,
        headers={"Content-Security-Policy": _POLICY},
        listing=await inbox_list(db, query, me.id, inboxes, reader),
        counts=await count_talks(db, me.id, reader.now),
        inboxes=inboxes,
        duty=await duty_of(db, me) if me.actor.may("conversations.write") else None,
        duty_words=DUTY_WORDS,
        view_words=VIEW_WORDS,
        view_icons=VIEW_ICONS,
        main_views=MAIN_VIEWS,
        default_view=DEFAULT_VIEW,
        counted=Counts.__struct_fields__,
        state_words=STATE_WORDS,
        channel_icon=channel_icon,
        **context,
    )


async def _opened(
    request: AnyRequest, db: Connection, one: Conversation, composer: Composer | None, suggestions: Suggestions | None
) -> dict[str, Any]:
    reader, me, query = reader_of(request), staff_of(request), query_form(request)
    side = await side_of(request, db, one)
    composing = composer or await composer_of(db, one, reader, inserted=query.text("insert", most=500))
    may_write = me.actor.may("conversations.write")
    asks = may_write and one.state in ("open", "snoozed")
    upto = _number(query.text("upto", most=500))
    return {
        "talk": await talk_of(db, one, me.id, reader),
        "at_side": query.text("at", most=500) == "customer",
        "said": await said_in(db, one, composing.all_legs, reader, actor=me.actor, upto=upto),
        "composer": composing,
        "canned": await canned_for(db, one, me, site_of(request).settings.shop_name) if may_write else [],
        "side": side,
        "spoken": await spoken_now(db, one.id),
        "suggestions": suggestions or (await articles_for(db, one, reader) if asks else Suggestions()),
        "people": await _people(db) if may_write else [],
        "snoozes": snoozes(reader),
        "others": await _others(db, one, side.members) if may_write else [],
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def _people(db: Connection) -> list[tuple[str, str]]:
    """Whom a conversation can be given: those who may answer, and teams."""
    staff = await db.fetch("select id, name from staff where active and role <> 'warehouse' order by name, id")
    teams = await db.fetch("select id, name from team order by name, id")
    return [(f"staff:{row['id']}", row["name"]) for row in staff] + [
        (f"team:{row['id']}", row["name"]) for row in teams
    ]


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """Another conversation of the same customer."""

    id: UUID
    number: int
    subject: str
    last_message_at: Any


async def _others(db: Connection, one: Conversation, members: list[UUID]) -> list[Other]:
    rows = await db.fetch(
        """
        select id, number, subject, last_message_at from conversation
         where customer_id = any($1::uuid[]) and id <> $2 and state <> 'merged'
         order by last_message_at desc limit 10
        """,
        *(members, one.id),
    )
    return [Other(**dict(row)) for row in rows]


def back_to(
    request: AnyRequest, conversation_id: UUID, *, done: str = "", failed: KupecError | None = None
) -> Redirect:
    """To the conversation, with a line about what was done (a msgid) or why not; the list beside it stays as it was."""
    target = f"/desk/inbox/{conversation_id}{address_query(request)}"
    if failed is not None:
        return go(request, target, failed=in_words(failed, language_of(request)))
    return go(request, target, done=reader_of(request).text(done) if done else "")


routes = (inbox, conversation)
