"""What is said, as it is said: one stream a tab, which goes on from the last message that the browser has."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.response import Stream

from kupec.conversations import WebTalk, messages_after, talks_of_visitor, visitors_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import TooManyRequests
from kupec.web.chat.gate import AnyRequest, Chat, chat_of, count
from kupec.web.chat.hub import Follower, hub_of
from kupec.web.chat.offer import standing_of
from kupec.web.chat.session import spoken
from kupec.web.chat.showing import Eyes, asks_database, name_of, shown, shown_as_they_are
from kupec.web.rendering import site_of

LIFE: Final = 600.0  # seconds; then the browser comes again, with whatever proves it by then
PING: Final = 15.0
_STREAMS: Final = 8  # of one browser
_OPENINGS: Final = 60  # a minute from one browser
_STEP: Final = re.compile(r"(\d{1,18})\.(\d{1,9})")
_ASIDE: Final = 1_000  # messages that a reader who was away is given at once


def parse_position(text: str) -> dict[int, int]:
    """How far a browser has been told, by conversation: "12.5,9.3"; what is none is nothing."""
    return {int(talk): int(number) for talk, number in _STEP.findall(text[:1000])}


def position(at: dict[int, int]) -> str:
    return ",".join(f"{talk}.{number}" for talk, number in sorted(at.items(), reverse=True)[:20])


def after_of(talks: list[WebTalk], at: dict[int, int]) -> tuple[dict[UUID, int], bool]:
    """From which number to read each conversation, and whether the browser knows one that is gone (it was joined).

    Conversations that are older than all it knows of were not asked for.
    """
    newest = max(at, default=0)
    after = {talk.id: at.get(talk.number, 0 if talk.number > newest else talk.last_number) for talk in talks}
    return after, not set(at) <= {talk.number for talk in talks}


@get("/messages", opt={"visitor": True})
async def messages(request: AnyRequest) -> Response[dict[str, Any]]:
    """What was said after `after` ("12.5", as `at` of the session says): for programs that do not hold a stream."""
    chat, site = chat_of(request), site_of(request)
    count(request, "chat-read", chat.visitor.hex, 120)
    at = parse_position(request.query_params.get("after", ""))
    async with site.database.reading() as db:
        eyes = await _eyes(request, db, chat)
        after, gone = after_of(list(eyes.talks.values()), at)
        found = await messages_after(db, after, limit=_ASIDE) if after else []
        told = await shown(request, db, eyes, found)
    for message in found:
        after[message.conversation_id] = max(after[message.conversation_id], message.number)
    reached = {str(eyes.talks[talk_id].number): number for talk_id, number in after.items()}
    return Response({"messages": told, "at": reached, "reset": gone})


@get("/stream", opt={"visitor": True})
async def stream(request: AnyRequest) -> Stream:
    """Events: `message` (its id is the position), `state`, `typing`, and `reset` where the panel begins anew."""
    chat = chat_of(request)
    count(request, "chat-stream", chat.visitor.hex, _OPENINGS)
    hub = hub_of(request.app)
    if site_of(request).settings.rate_limit and hub.streams_of(chat.visitor) >= _STREAMS:
        raise TooManyRequests
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_events(request, chat), media_type="text/event-stream", headers=headers)


async def _events(request: AnyRequest, chat: Chat) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    end = clock() + LIFE
    known = parse_position(str(request.headers.get("last-event-id") or request.query_params.get("after", "")))
    async with site_of(request).database.reading() as db:
        eyes = await _eyes(request, db, chat)
    after, gone = after_of(list(eyes.talks.values()), known)
    async with hub_of(request.app).follow(chat.visitor, after) as follower:
        follower.held = held_of(eyes)
        yield b"retry: 2000\n\n"
        if gone:
            yield _event("reset", {})
        while (left := end - clock()) > 0 and not follower.closed:
            if not await follower.wait(min(left, PING)):
                yield b": \n\n"
                if not _is_waiting(eyes):
                    continue
                follower.changed = True  # others before it may have been served
            told, eyes = await _news(request, chat, follower, eyes)
            for event in told:
                yield event


async def _news(request: AnyRequest, chat: Chat, follower: Follower, eyes: Eyes) -> tuple[list[bytes], Eyes]:
    """What there is to tell now."""
    messages, changed = follower.take(), follower.changed
    follower.changed = False
    anew = changed or any(one.conversation_id not in eyes.talks or one.kind == "activity" for one in messages)
    state: dict[str, Any] = {}
    if anew or asks_database(messages):
        async with site_of(request).database.reading() as db:
            if anew:
                eyes = await _eyes(request, db, chat)
                follower.held = held_of(eyes)
                state = await standing_of(request, db, chat, next(iter(eyes.talks.values()), None), eyes.language)
            told = await shown(request, db, eyes, messages)
    else:
        told = shown_as_they_are(request, eyes, messages)
    at = {eyes.talks[talk_id].number: number for talk_id, number in follower.after.items() if talk_id in eyes.talks}
    # Only the last of these says how far this is: whoever is cut off between them is given them again.
    events = [_event("message", one) for one in told[:-1]]
    events += [_event("message", one, position(at)) for one in told[-1:]]
    events += [_event("state", state)] if state else []
    if not messages and not state:
        name = await name_of(request, follower.typing) if follower.typing else ""
        events.append(_event("typing", {"name": name}))
    return events, eyes


def held_of(eyes: Eyes) -> UUID | None:
    """The conversation in which people may be writing to this browser."""
    talk = next(iter(eyes.talks.values()), None)
    return talk.id if talk is not None and talk.holder == "people" else None


def _is_waiting(eyes: Eyes) -> bool:
    talk = next(iter(eyes.talks.values()), None)
    return talk is not None and talk.holder == "people" and talk.waiting


async def _eyes(request: AnyRequest, db: Connection, chat: Chat) -> Eyes:
    visitor = (await visitors_by_ids(db, [chat.visitor], now=site_of(request).clock.now())).get(chat.visitor)
    talks = await talks_of_visitor(db, chat.inbox.id, chat.visitor)
    asked = request.query_params.get("language", "")
    return Eyes(
        chat=chat,
        talks={talk.id: talk for talk in talks},
        proven=visitor is not None and visitor.party_id is not None,
        language=spoken(asked) if asked or visitor is None else visitor.language,
    )


def _event(name: str, data: Any, position: str | None = None) -> bytes:
    head = f"id: {position}\n" if position else ""
    return f"{head}event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"
