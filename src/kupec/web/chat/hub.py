"""What is said reaches the browsers that look: a hint in this process, or the live hint from another, then one read.

The hub holds nothing that could be lost. A poke says that something may be new in a conversation; what it is, is read
by number from the database, for all that were poked at once; a browser that was away asks for what is above its own.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from kupec.conversations import Message, messages_after, presence_of, visitors_in
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.live import Hub, Reload

_TOLD_OF: Final = (
    "conversation.started",
    "message.received",
    "message.written",
    "conversation.handed_over",
    "conversation.taken_over",
    "conversation.handed_back",
    "conversation.assigned",
    "conversation.resolved",
    "conversation.reopened",
    "conversation.merged",
    "conversation.split",
)
_GLANCE: Final = 2.0  # seconds between looks at who writes
_AGAIN: Final = 0.5  # seconds after a read that failed

log = structlog.get_logger(__name__)


class Follower:
    """One open stream of a browser: what it has been given, by conversation, and what waits for it."""

    def __init__(self, visitor_id: UUID, after: dict[UUID, int]) -> None:
        self.visitor_id = visitor_id
        self.after = after
        self.messages: list[Message] = []
        self.changed = False
        self.closed = False
        self.typing = ""
        """Who of the staff is writing an answer: "staff:<id>", or nobody."""
        self.held: UUID | None = None
        """The conversation that people hold, where it is worth looking whether they write."""
        self._something = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Until there is something, or so long; whether there is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()
        found = self._something.is_set()
        self._something.clear()
        return found

    def take(self) -> list[Message]:
        taken, self.messages = self.messages, []
        return taken

    def give(self, messages: Iterable[Message]) -> None:
        """What is above the numbers it knows, once."""
        for message in messages:
            if message.number > self.after.get(message.conversation_id, 0):
                self.after[message.conversation_id] = message.number
                self.messages.append(message)
                self._something.set()

    def wake(self) -> None:
        self._something.set()


class ChatHub:
    """The open streams of this process."""

    def __init__(self, database: Database, live: Hub, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._live = live
        self._by_talk: dict[UUID, set[Follower]] = {}
        self._by_visitor: dict[UUID, set[Follower]] = {}
        self._dirty: set[UUID] = set()
        self._strange: set[UUID] = set()
        self._reader: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def streams(self) -> int:
        return sum(len(followers) for followers in self._by_visitor.values())

    def streams_of(self, visitor_id: UUID) -> int:
        return len(self._by_visitor.get(visitor_id, ()))

    def poke(self, *conversation_ids: UUID) -> None:
        """Something may be new in these. Costs next to nothing and never waits; to be called from the event loop."""
        if not self._by_visitor:
            return
        for conversation_id in conversation_ids:
            (self._dirty if conversation_id in self._by_talk else self._strange).add(conversation_id)
        if self._reader is None:
            self._reader = asyncio.get_running_loop().create_task(self._read(), context=contextvars.Context())

    @asynccontextmanager
    async def follow(self, visitor_id: UUID, after: dict[UUID, int]) -> AsyncIterator[Follower]:
        """A browser looks: from now on it is given what is above these numbers of its conversations, and new ones."""
        if self._listener is None:
            loop = asyncio.get_running_loop()
            self._listener = loop.create_task(self._listen(), context=contextvars.Context())
            self._watcher = loop.create_task(self._watch(), context=contextvars.Context())
        follower = Follower(visitor_id, after)
        follower.closed = self._closed
        self._by_visitor.setdefault(visitor_id, set()).add(follower)
        for conversation_id in after:
            self._by_talk.setdefault(conversation_id, set()).add(follower)
        try:
            self.poke(*after)
            yield follower
        finally:
            self._forget(self._by_visitor, visitor_id, follower)
            for conversation_id in follower.after:
                self._forget(self._by_talk, conversation_id, follower)

    def joined(self, visitor_id: UUID, conversation_id: UUID) -> None:
        """A browser is in this conversation, which may be new to its streams."""
        for follower in self._by_visitor.get(visitor_id, ()):
            follower.after.setdefault(conversation_id, 0)
            self._by_talk.setdefault(conversation_id, set()).add(follower)

    def changed(self, visitor_id: UUID) -> None:
        """What this browser may see, or who is there for it, is another thing now."""
        for follower in self._by_visitor.get(visitor_id, ()):
            follower.changed = True
            follower.wake()

    async def close(self) -> None:
        """End all streams."""
        self._closed = True
        for task in (self._listener, self._watcher, self._reader):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._end_streams()

    def _end_streams(self) -> None:
        for followers in self._by_visitor.values():
            for follower in followers:
                follower.closed = True
                follower.wake()

    @staticmethod
    def _forget(place: dict[UUID, set[Follower]], key: UUID, follower: Follower) -> None:
        followers = place.get(key, set())
        followers.discard(follower)
        if not followers:
            place.pop(key, None)

    async def _listen(self) -> None:
        """What other processes did, and what in this one nobody poked for; a stream that ends means we are closing."""
        async with self._live.stream(names=_TOLD_OF) as stream:
            async for event in stream:
                if isinstance(event, Reload):
                    self.poke(*self._by_talk)
                    continue
                conversation_id = UUID(event.subject.partition(":")[2])
                followers = self._by_talk.get(conversation_id, ())
                number = event.payload.get("number")
                if number is None:
                    for follower in followers:
                        follower.changed = True
                        follower.wake()
                elif followers and all(follower.after[conversation_id] >= number for follower in followers):
                    continue
                self.poke(conversation_id)
        self._closed = True
        self._end_streams()

    async def _watch(self) -> None:
        """Whether people write answers, which no event tells: asked for all whom it concerns at once."""
        while True:
            await asyncio.sleep(_GLANCE)
            looking = [one for followers in self._by_visitor.values() for one in followers if one.held]
            if not looking:
                continue
            try:
                async with self._database.reading() as db:
                    there = await presence_of(
                        db, list({one.held for one in looking if one.held}), now=self._clock.now()
                    )
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("chat.glance_failed", error=repr(error))
                continue
            for one in looking:
                present = there.get(one.held, []) if one.held else []
                writing = next((who.who for who in present if who.typing and who.who.startswith("staff:")), "")
                if writing != one.typing:
                    one.typing = writing
                    one.wake()

    async def _read(self) -> None:
        try:
            while self._dirty or self._strange:
                try:
                    await self._look()
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    log.warning("chat.read_failed", error=repr(error))
                    await asyncio.sleep(_AGAIN)
                    self._dirty.update(self._by_talk)
        finally:
            self._reader = None

    async def _look(self) -> None:
        """One read for all conversations that were poked."""
        async with self._database.reading() as db:
            strange, self._strange = self._strange, set()
            if strange:
                self._introduce(await visitors_in(db, list(strange)))
            after = self._lowest(self._take_dirty())
            messages = await messages_after(db, after) if after else []
        by_talk: dict[UUID, list[Message]] = {}
        for message in messages:
            by_talk.setdefault(message.conversation_id, []).append(message)
        for conversation_id, said in by_talk.items():
            for follower in self._by_talk.get(conversation_id, ()):
                follower.give(said)
        if len(messages) >= 1000:
            self._dirty.update(by_talk)

    def _introduce(self, pairs: list[tuple[UUID, UUID]]) -> None:
        for conversation_id, visitor_id in pairs:
            if visitor_id in self._by_visitor:
                self.joined(visitor_id, conversation_id)
                self._dirty.add(conversation_id)

    def _take_dirty(self) -> Collection[UUID]:
        dirty, self._dirty = self._dirty, set()
        return dirty

    def _lowest(self, conversation_ids: Collection[UUID]) -> dict[UUID, int]:
        """The lowest number that any stream of a conversation has."""
        return {
            conversation_id: min(follower.after[conversation_id] for follower in self._by_talk[conversation_id])
            for conversation_id in conversation_ids
            if conversation_id in self._by_talk
        }


def hub_of(app: Any) -> ChatHub:
    """The hub of this process."""
    if "chat_hub" not in app.state:
        app.state.chat_hub = ChatHub(app.state.site.database, app.state.site.live, app.state.site.clock)
    hub: ChatHub = app.state.chat_hub
    return hub
