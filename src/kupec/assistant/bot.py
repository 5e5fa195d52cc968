"""The bot at work: turns that are due, many in one transaction, each answered once; steps outside between two."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from kupec.assistant.acting import Called, call_outside
from kupec.assistant.brain import Brain
from kupec.assistant.context import remember_context
from kupec.assistant.deciding import summary_of
from kupec.assistant.events import FlowEnded, FlowStarted
from kupec.assistant.flows import (
    CallEffect,
    DoneEffect,
    HttpEffect,
    RunState,
    SearchEffect,
    StartEffect,
    ask_system,
    current_flows,
    save_runs,
    signatures_of,
)
from kupec.assistant.greeting import greet
from kupec.assistant.learning import keep_missed, keep_stumbles
from kupec.assistant.model_budget import LeashedModel
from kupec.assistant.noticing import missed_in, stumbled_in
from kupec.assistant.phrasing import phrase
from kupec.assistant.rollouts import note_met, versions_for
from kupec.assistant.settings import BOT
from kupec.assistant.suggesting import Suggestion, suggest
from kupec.assistant.turn import Player
from kupec.assistant.turn_models import Asking, Played, Shop, failure
from kupec.assistant.waiting import Pending, Waiting, drop_pending, gather, keep_pending
from kupec.catalogue import markets
from kupec.conversations import (
    Block,
    Conversation,
    Done,
    Handover,
    Message,
    Saying,
    conversation_lock,
    finish_turns,
    hand_over,
    hold_cart,
    say_all,
    speak_language,
    take_turns_due,
)
from kupec.kit.actor import system
from kupec.kit.addresses import Reach
from kupec.kit.batch import Batcher, Busy
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database, plan_once
from kupec.kit.errors import KupecError
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.tools import Services, Toolbox, ToolContext
from kupec.kit.versions import published

log = structlog.get_logger(__name__)
LEASE: Final = timedelta(seconds=60)
"""How long a step outside may take before another process does it again."""
_BOT = system("bot")
_ROUNDS = 10
_GRACE = timedelta(seconds=0.5)
"""What a web process has just taken in, it answers itself."""
_PASSING = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError, Busy)
"""What is over when one tries again; anything else would break the next time, too."""
_OUTSIDE = 15.0  # seconds for a step outside


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation whose turn it is. `given`: what came of the step outside that it waited for; `broke`: with what
    its turn broke before, so that it goes to a person.
    """

    conversation_id: UUID
    given: Called | None = None
    broke: str = ""


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`again`: more was said meanwhile."""

    again: bool = False
    answered: bool = False
    outside: CallEffect | HttpEffect | SearchEffect | None = None
    context: ToolContext | Asking | None = None


class Bot:
    """Answers what is due. `said` is called after the commit with each conversation in which something was written."""

    def __init__(
        self,
        database: Database,
        *,
        toolbox: Toolbox,
        services: Services | None,
        shop: Shop,
        clock: Clock,
        reach: Reach,
        secret: str,
        said: Callable[[UUID], None] = lambda _conversation_id: None,
        model: LeashedModel | None = None,
        brain: Brain | None = None,
        at_once: int = 32,
    ) -> None:
        self._database = database
        self._toolbox = toolbox
        self._signatures = signatures_of(toolbox)
        self._services = services
        self._shop = shop
        self._clock = clock
        self._reach = reach
        self._secret = secret
        self._said = said
        self._model = model
        self.brain = brain or Brain()
        self._broken: dict[UUID, set[str]] = {}
        self._batcher: Batcher[_Item, _Outcome] = Batcher(database, self._turns, max_size=at_once)

    async def answer(self, conversation_ids: Sequence[UUID]) -> None:
        """Take the turn of each of these that is due. What fails is left to the next sweep, and logged."""
        await self.brain.refresh(self._database, now=self._clock.now())
        ids = list(dict.fromkeys(conversation_ids))
        done = await asyncio.gather(*(self._answer(one) for one in ids), return_exceptions=True)
        for conversation_id, error in zip(ids, done, strict=True):
            if isinstance(error, Exception):
                log.error("bot.turn_failed", conversation=str(conversation_id), exc_info=error)

    async def sweep(self, limit: int = 64) -> int:
        """Answer what nobody has come to for a moment; returns how many conversations that were."""
        now = self._clock.now() - _GRACE
        async with self._database.reading() as db:
            rows = await db.fetch(
                "select id from conversation where turn_due_at <= $1 and (turn_until is null or turn_until < $1) "
                "order by turn_due_at limit $2",
                *(now, limit),
            )
        if rows:
            await self.answer([row["id"] for row in rows])
        return len(rows)

    async def greeting(
        self, *, language: str, visitor_id: UUID, party_id: UUID | None, cart_id: UUID | None
    ) -> list[Block]:
        """What is said to somebody who opens the chat: that a bot speaks, what is worth knowing, what it can do.

        `party_id` only for who has shown that it is them. Nothing of it is stored.
        """
        async with self._database.reading() as db:
            player = await self._player(db, [])
            return await greet(player, language=language, visitor_id=visitor_id, party_id=party_id, cart_id=cart_id)

    async def suggest(self, conversation_id: UUID, *, text: str = "") -> Suggestion:
        """What the bot would answer and do, for the person who holds the conversation. Changes nothing."""
        await self.brain.refresh(self._database, now=self._clock.now())
        async with self._database.reading() as db:
            player = await self._player(db, [], is_dry=True)
            return await suggest(player, db, conversation_id, text=text)

    async def warm_up(self) -> None:
        """Load what a first turn would wait for."""
        await self.brain.refresh(self._database, now=self._clock.now())
        async with self._database.reading() as db:
            await self._player(db, [])

    async def close(self) -> None:
        await self._batcher.close()
        if self._model is not None:
            await self._model.close()

    async def _answer(self, conversation_id: UUID) -> None:
        for _round in range(_ROUNDS):
            outcome = await self._one(_Item(conversation_id=conversation_id))
            while outcome.outside is not None:
                given = await self._outside(outcome)
                outcome = await self._one(_Item(conversation_id=conversation_id, given=given))
            if outcome.answered:
                self._said(conversation_id)
            if not outcome.again:
                return

    async def _one(self, item: _Item) -> _Outcome:
        """A turn that breaks is a person's: the customer is not left without an answer."""
        try:
            return await self._batcher(item)
        except _PASSING:
            raise
        except Exception as error:
            log.exception("bot.turn_broke", conversation=str(item.conversation_id))
            return await self._batcher(_Item(conversation_id=item.conversation_id, broke=type(error).__name__))

    async def _outside(self, outcome: _Outcome) -> Called:
        """Do a step with no transaction open; whatever breaks is a failure that the flow has a branch for."""
        effect, context = outcome.outside, outcome.context
        if isinstance(context, Asking):
            return await self._phrased(context)
        assert context is not None, "an outside step brings its context"
        try:
            async with asyncio.timeout(_OUTSIDE):
                if isinstance(effect, CallEffect):
                    return await call_outside(self._toolbox, effect.tool, effect.arguments, context)
                assert isinstance(effect, HttpEffect), "the only other step outside"
                result, error = await ask_system(self._database, effect, self._reach, key=self._secret)
                return Called(result=result, error=error)
        except Exception as error:
            log.exception("bot.outside_failed")
            return failure(error)

    async def _phrased(self, asking: Asking) -> Called:
        """The answer in a language model's words, if there is one and it may be believed; else the article's own."""
        assert self._model is not None, "asked for by who has looked"
        phrased = await phrase(self._model, asking.question, asking.language, asking.sources, known=asking.known)
        return Called(result=None if phrased is None else msgspec.to_builtins(phrased))

    async def _turns(self, db: Connection, items: list[_Item]) -> Sequence[_Outcome | KupecError]:
        now = self._clock.now()
        by_id = {item.conversation_id: item for item in items}
        await plan_once(db)
        waiting = await gather(db, await self._taken(db, items))
        await plan_once(db, once=False)  # what tools search for is no batch
        await self._give_versions(db, waiting)
        holding = await self._player(db, waiting)
        results: list[tuple[Waiting, Played]] = []
        for one in waiting:
            item = by_id[one.conversation.id]
            player = holding.given(one.versions) if one.versions.given else holding
            if item.given is None or one.pending is not None:  # else another process has done it meanwhile
                results.append((one, await self._kept(player, one, item)))
        await plan_once(db)
        outcomes = await write_down(db, results, now=now)
        await _notice(db, results, now=now)
        return [outcomes.get(item.conversation_id, _Outcome()) for item in items]

    async def _give_versions(self, db: Connection, waiting: Sequence[Waiting]) -> None:
        speakers = [(one.conversation.id, one.context.party_id, one.channel) for one in waiting]
        given = await versions_for(db, speakers, self.brain)
        for one in waiting:
            one.versions = given.get(one.conversation.id, one.versions)

    async def _kept(self, player: Player, one: Waiting, item: _Item) -> Played:
        """A turn; where it breaks, what it has used by then is known to the next one, which gives it to a person."""
        one.used |= self._broken.pop(one.conversation.id, set())
        try:
            return await _played(player, one, item)
        except Exception:
            if one.used:
                self._broken[one.conversation.id] = one.used
            raise

    async def _taken(self, db: Connection, items: Sequence[_Item]) -> list[Conversation]:
        """Those that are due, and those that this process holds since it did a step outside for them."""
        fresh = [item.conversation_id for item in items if item.given is None]
        held = [item.conversation_id for item in items if item.given is not None]
        taken = await take_turns_due(db, self._clock.now(), len(fresh), LEASE, only=fresh) if fresh else []
        again = await conversation_lock(db, held) if held else []
        return [*taken, *(one for one in again if one.holder == "bot")]

    async def _player(self, db: Connection, waiting: Sequence[Waiting], *, is_dry: bool = False) -> Player:
        flows = await current_flows(db, [pin for one in waiting for pin in one.run.pins])
        flows = flows.with_tools(self._signatures)
        return Player(
            db,
            flows,
            self.brain,
            self._toolbox,
            self._services,
            self._shop,
            (await published(db, BOT))[BOT],
            {market.code: market for market in await markets(db)},
            self._clock.now(),
            is_dry=is_dry,
            phrases=self._model is not None,
        )


async def _played(player: Player, one: Waiting, item: _Item) -> Played:
    if item.broke:
        handover = Handover(reason="error", summary=summary_of([said.text for said in one.said]))
        return Played(run=RunState(calls=one.run.calls), language=one.conversation.language, handover=handover)
    if one.pending is None:
        if not one.said and not one.run.frames:  # opened again, or handed back: nothing was said, nothing stands open
            return Played(run=one.run, language=one.conversation.language)
        return await player.play(one)
    return await (player.again(one) if item.given is None else player.go_on(one, item.given))


async def write_down(
    db: Connection, results: Sequence[tuple[Waiting, Played]], *, now: datetime
) -> dict[UUID, _Outcome]:
    """Say, keep where the flows stand, give to people: all of a batch in a few statements."""
    spoken = [(one, played) for one, played in results if played.blocks and played.outside is None]
    said = await say_all(db, [_saying(one, played) for one, played in spoken], actor=_BOT, now=now)
    answers = {
        one.conversation.id: message
        for (one, _), message in zip(spoken, said, strict=True)
        if isinstance(message, Message)
    }
    await save_runs(db, {one.conversation.id: played.run for one, played in results}, now=now)
    over = [(one, played) for one, played in results if played.outside is None]
    more = await finish_turns(db, [_done(one, answers.get(one.conversation.id)) for one, _ in over], now=now)
    outcomes = {
        one.conversation.id: _Outcome(again=again, answered=one.conversation.id in answers)
        for (one, _), again in zip(over, more, strict=True)
    }
    for one, played in results:
        if played.outside is not None:
            await keep_pending(db, one.conversation.id, _pending(one, played), upto=_upto(one).next_number, now=now)
            outcomes[one.conversation.id] = _Outcome(outside=played.outside, context=played.context)
    await _around(db, results, now=now)
    return outcomes


async def _notice(db: Connection, results: Sequence[tuple[Waiting, Played]], *, now: datetime) -> None:
    """Keep what there is to learn from; of a turn that waits for a step outside, when it is over."""
    over = [(one, played) for one, played in results if played.outside is None]
    missed = [missed_in(one, played) for one, played in over]
    await keep_missed(db, [found for found in missed if found is not None], now=now)
    stumbles = [stumbled_in(one, played) for one, played in over]
    await keep_stumbles(db, [found for found in stumbles if found is not None], now=now)


def _saying(one: Waiting, played: Played) -> Saying:
    return Saying(
        conversation_id=one.conversation.id,
        blocks=played.blocks,
        author="bot",
        leg_id=one.leg_id,
        fence=one.conversation.fence,
    )


def _upto(one: Waiting) -> Conversation:
    """The conversation as far as this turn has heard it: what was said after that keeps a turn due."""
    last = max((said.number for said in one.said), default=one.conversation.next_number - 1)
    return msgspec.structs.replace(one.conversation, next_number=last + 1)


def _done(one: Waiting, answer: Message | None) -> Done:
    answered = [said.id for said in one.said]
    return Done(conversation=_upto(one), answered=answered, answer=None if answer is None else answer.id)


def _pending(one: Waiting, played: Played) -> Pending:
    assert played.outside is not None, "asked by who has looked"
    return Pending(
        answered=tuple(said.id for said in one.said),
        key="" if isinstance(played.outside, SearchEffect) else played.outside.key,
        search=played.outside.article if isinstance(played.outside, SearchEffect) else None,
        language=played.language,
        blocks=msgspec.to_builtins(played.blocks),
    )


async def _around(db: Connection, results: Sequence[tuple[Waiting, Played]], *, now: datetime) -> None:
    """What goes with the answers: the cart a tool has made, the language spoken, people called, the log."""
    done = [one.conversation.id for one, played in results if one.pending is not None and played.outside is None]
    if done:
        await drop_pending(db, done)
    other = {
        one.conversation.id: played.language for one, played in results if played.language != one.conversation.language
    }
    if other:
        await speak_language(db, other)
    for one, played in results:
        if played.cart_id is not None and played.cart_id != one.context.cart_id:
            await remember_context(db, one.conversation.id, cart_id=played.cart_id, now=now)
            if one.said and one.channel == "web":
                await hold_cart(db, UUID(one.said[-1].address), played.cart_id)
        if played.handover is not None:
            await hand_over(db, one.conversation.id, played.handover, actor=_BOT, now=now)
    await note_met(db, [(one.conversation.id, one.versions, one.used) for one, _played in results], now=now)
    await emit(db, [event for one, played in results for event in _events(one, played, now)], actor=_BOT)


def _events(one: Waiting, played: Played, now: datetime) -> list[Happened]:
    payloads: list[Payload] = []
    for effect in played.happened:
        if isinstance(effect, StartEffect):
            payloads.append(FlowStarted(flow=effect.flow, version=effect.version))
        elif isinstance(effect, DoneEffect):
            payloads.append(FlowEnded(flow=effect.flow, version=effect.version, outcome=effect.outcome))
    return [
        Happened(
            payload=payload,
            subject=f"conversation:{one.conversation.id}",  # and nobody's: which flow it was tells no story
            channel=one.channel,
            occurred_at=now,
        )
        for payload in payloads
    ]
