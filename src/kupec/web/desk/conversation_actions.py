"""What the buttons above a conversation do."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.conversations import (
    assign,
    hand_back,
    merge_conversations,
    messages_of,
    reopen,
    resolve,
    snooze,
    split_conversation,
    take_over,
    undo_merge_conversations,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import mark as _
from kupec.web.desk.conversation_snoozing import until
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox import WRITE, back_to
from kupec.web.desk.page import reader_of
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, site_of

Verb = Callable[[Connection, Actor, datetime], Awaitable[Any]]


async def act(request: AnyRequest, conversation_id: UUID, verb: Verb, message: str) -> Response[Any]:
    """Do it in one transaction, and back to the conversation with a line about how it went."""
    site = site_of(request)
    try:
        async with site.database.transaction() as db:
            await verb(db, actor_of(request), site.clock.now())
    except KupecError as error:
        return back_to(request, conversation_id, failed=error)
    return back_to(request, conversation_id, done=message)


@post("/inbox/{conversation_id:uuid}/take", opt=WRITE)
async def take(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """It is mine; the bot is silent from now on."""
    return await act(
        request,
        conversation_id,
        lambda db, actor, now: take_over(db, conversation_id, actor=actor, now=now),
        _("You have it. The assistant is silent."),
    )


@post("/inbox/{conversation_id:uuid}/back", opt=WRITE)
async def back(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    return await act(
        request,
        conversation_id,
        lambda db, actor, now: hand_back(db, conversation_id, actor=actor, now=now),
        _("The assistant goes on."),
    )


@post("/inbox/{conversation_id:uuid}/assign", opt=WRITE)
async def give(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """To somebody, to a team, or to nobody."""
    form = await read_form(request)

    async def verb(db: Connection, actor: Actor, now: datetime) -> None:
        kind, _colon, key = form.text("who", most=1000).partition(":")
        try:
            whom = UUID(key) if kind in ("staff", "team") else None
        except ValueError:
            raise InvalidValue(field="who", expected=_("somebody of the list")) from None
        staff_id, team_id = (whom, None) if kind == "staff" else (None, whom)
        await assign(db, conversation_id, staff_id, team_id=team_id, actor=actor, now=now)

    return await act(request, conversation_id, verb, _("It is assigned."))


@post("/inbox/{conversation_id:uuid}/snooze", opt=WRITE)
async def put_off(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """Out of sight until a moment, or until the customer writes."""
    form, reader = await read_form(request), reader_of(request)

    async def verb(db: Connection, actor: Actor, now: datetime) -> None:
        moment = until(form.text("until", most=1000), form.text("at", most=1000), reader)
        await snooze(db, conversation_id, moment, actor=actor, now=now)

    return await act(request, conversation_id, verb, _("It is put off. It comes back by itself, or when they write."))


@post("/inbox/{conversation_id:uuid}/resolve", opt=WRITE)
async def settle(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    return await act(
        request,
        conversation_id,
        lambda db, actor, now: resolve(db, conversation_id, actor=actor, now=now),
        _("It is resolved."),
    )


@post("/inbox/{conversation_id:uuid}/reopen", opt=WRITE)
async def open_again(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    return await act(
        request,
        conversation_id,
        lambda db, actor, now: reopen(db, conversation_id, actor=actor, now=now),
        _("It is open again."),
    )


@post("/inbox/{conversation_id:uuid}/merge", opt=WRITE)
async def merge(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """All of it goes on in another conversation of the same customer, where one is led."""
    site, form = site_of(request), await read_form(request)
    try:
        into = form.uuid("into")
        async with site.database.transaction() as db:
            await merge_conversations(db, conversation_id, into, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return back_to(request, conversation_id, failed=error)
    return back_to(request, into, done=_("They are one conversation now."))


@post("/inbox/{conversation_id:uuid}/unmerge", opt=WRITE)
async def unmerge(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """Take out what was put together with another: this conversation stands by itself again."""
    return await act(
        request,
        conversation_id,
        lambda db, actor, now: undo_merge_conversations(db, conversation_id, actor=actor, now=now),
        _("It is a conversation of its own again."),
    )


@post("/inbox/{conversation_id:uuid}/split", opt=WRITE)
async def split(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """From one message on it becomes a conversation of its own, where one is led."""
    site, form = site_of(request), await read_form(request)
    try:
        number = form.whole("from", least=1, most=2**31 - 1)
        async with site.database.transaction() as db:
            found = await messages_of(db, conversation_id, after=number - 1, limit=1)
            if not found or found[0].number != number:
                raise NotFound(what="message")
            made = await split_conversation(
                db, conversation_id, found[0].id, actor=actor_of(request), now=site.clock.now()
            )
    except KupecError as error:
        return back_to(request, conversation_id, failed=error)
    return back_to(request, made.id, done=_("This part is a conversation of its own now."))


routes = (take, back, give, put_off, settle, open_again, merge, unmerge, split)
