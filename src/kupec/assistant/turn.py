"""One turn of the bot: understand, decide, act, say. Inside the transaction that holds the conversation.

A turn ends with something to say, with people, or with a step outside (a payment provider, another system): then the
run is kept as it stands, the step is done with no transaction open, and the turn goes on with what came of it.
"""

import copy
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.assistant.acting import Called, call, call_outside, is_outside
from kupec.assistant.answering import Asked, blocks_of, filled, find, reworded
from kupec.assistant.brain import Brain
from kupec.assistant.deciding import Decision, decide, summary_of
from kupec.assistant.flows import (
    PATTERNS,
    AskEffect,
    CallEffect,
    DoneEffect,
    FlowSet,
    HandoverEffect,
    HttpEffect,
    IdentifyEffect,
    Manner,
    RunState,
    SayEffect,
    SearchEffect,
    Step,
    TurnInput,
    advance,
    go_on,
    resume,
    speak,
    start,
)
from kupec.assistant.phrasing import Grounds, Phrased
from kupec.assistant.promising import promise_text
from kupec.assistant.rollouts import FLOW, WORDING, Versions, used_at_first
from kupec.assistant.settings import BotSettings
from kupec.assistant.several import Meant, several
from kupec.assistant.turn_models import Asking, Played, Shop, market_for
from kupec.assistant.understanding import Understood, Words, parts, understand
from kupec.assistant.waiting import Waiting
from kupec.catalogue import Market
from kupec.conversations import Block, Choice, Choices, Handover, Known, Source, Text, promise
from kupec.customers import roles_of
from kupec.kit.actor import Actor, customer, guest
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.text import fold
from kupec.kit.tools import Services, Toolbox, ToolContext
from kupec.knowledge import Article, Hit

IDENTIFY: Final = "identify"
"""The value of a button with which a customer shows who they are."""
_PERSON: Final = "talk_to_person"
_SIGN_IN: Final = _("Sign in with a code by mail")
_MOST_CALLS = 25
"""Calls in one turn: a flow that makes more goes in circles."""


class Player:
    """Plays turns with what a process has at hand; `markets` by code, `settings` as published."""

    def __init__(
        self,
        db: Connection,
        flows: FlowSet,
        brain: Brain,
        toolbox: Toolbox,
        services: Services | None,
        shop: Shop,
        settings: BotSettings,
        markets: Mapping[str, Market],
        now: datetime,
        *,
        is_dry: bool = False,
        phrases: bool = False,
    ) -> None:
        self.db = db
        self.flows = flows
        self.brain = brain
        self.toolbox = toolbox
        self.services = services
        self.shop = shop
        self.settings = settings
        self.markets = markets
        self.now = now
        self.is_dry = is_dry
        self.intents = brain.intents
        self.wordings: Mapping[str, Article] = {}
        self._may_phrase = phrases and not is_dry

    @property
    def phrases(self) -> bool:
        return self._may_phrase and self.settings.uses_model

    def given(self, versions: Versions) -> "Player":
        """The same with what is tried on a conversation."""
        other = copy.copy(self)
        other.intents = versions.intents or self.intents
        other.settings = versions.settings or self.settings
        other.flows = versions.flows(self.flows)
        other.wordings = versions.wordings
        return other

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.shop.zone)).date()

    async def play(self, one: Waiting) -> Played:
        """A turn from its beginning."""
        understood = self.understood(one)
        article = await self._article(one, understood)
        decision = decide(understood, one.choice, self.settings, article=article, is_waiting=one.run.waiting)
        meant = await self._meant(one, understood, decision)
        decision = meant[0].decision if meant else decision
        one.used.update(used_at_first(one.run, decision.intent, heard=one.choice is None and bool(one.text.strip())))
        if len(meant) > 1:
            return await self._play_several(one, understood, meant)
        turn = await self._turn(one, understood, decision)
        playing = _Playing(self, one, understood.language, decision)
        playing.played.guesses = understood.guesses
        if decision.handover:
            slots = {"reason": decision.handover}
            return await playing.go(start(self.flows, "pattern_handover", slots, run=one.run, turn=turn))
        return await playing.go(advance(self.flows, one.run, turn))

    async def _meant(self, one: Waiting, understood: Understood, decision: Decision) -> list[Meant]:
        """What each part of a message means, where it is about several things and nothing else stands open."""
        if one.choice is not None or one.run.waiting or decision.handover:
            return []
        said = parts(one.text)
        if len(said) < 2:
            return []
        told = [msgspec.structs.replace(self.understood(one, part), language=understood.language) for part in said]
        meant = []
        for part in told:
            article = await self._article(one, part)
            meant.append(Meant(understood=part, decision=decide(part, None, self.settings, article=article)))
        return several(meant, understood)

    async def _play_several(self, one: Waiting, understood: Understood, meant: Sequence[Meant]) -> Played:
        """Articles answer first, then a flow begins; another follows once that is over, else a button offers it."""
        playing = _Playing(self, one, understood.language, meant[0].decision)
        playing.played.guesses = understood.guesses
        played, flows = playing.played, []
        for part in meant:
            if part.article is None:
                flows.append(part)
            else:
                await playing.found(part.article, None, text=part.understood.text)
        for part in flows:
            if played.run.waiting or played.outside is not None or played.handover is not None:
                if (program := self.flows.get(part.decision.intent or "")) is not None:
                    offered = Choice(label=program.title(understood.language), value=f"flow:{program.flow.code}")
                    played.blocks.append(Choices(choices=(offered,)))
            else:
                turn = await self._turn(one, part.understood, part.decision)
                await playing.go(advance(self.flows, played.run, turn))
        return played

    async def go_on(self, one: Waiting, given: Called) -> Played:
        """A turn that waited for a step outside, with what came of it."""
        assert one.pending is not None, "kept before the step was begun"
        playing = _Playing(self, one, one.pending.language, None)
        playing.played.blocks = msgspec.convert(one.pending.blocks, list[Block])
        playing.played.cart_id = given.cart_id
        if one.pending.search is not None:
            playing.played.guesses = self.intents.guess(one.text)
            found = await playing.found(one.pending.search, given.result)
            return await playing.go(resume(self.flows, one.run, {"found": found}))
        return await playing.go(resume(self.flows, one.run, given.result, given.error))

    async def again(self, one: Waiting) -> Played:
        """A turn whose process died in the middle of a step outside: that step is asked for once more."""
        assert one.pending is not None
        playing = _Playing(self, one, one.pending.language, None)
        playing.played.blocks = msgspec.convert(one.pending.blocks, list[Block])
        return await playing.go(go_on(self.flows, one.run))

    def understood(self, one: Waiting, text: str | None = None) -> Understood:
        """What the turn's words mean, or a part of them."""
        words = frozenset(fold(word) for word in self.settings.sensitive_words)
        return understand(
            one.text if text is None else text,
            intents=self.intents,
            languages=self.brain.languages,
            spoken=one.conversation.language,
            shop=Words(order_prefix=self.shop.order_prefix),
            today=self.today,
            kept_for_people=words,
        )

    async def _article(self, one: Waiting, understood: Understood) -> tuple[str, float] | None:
        """What knowledge has for these words; while a flow waits for an answer, only for a question."""
        if one.choice is not None or not understood.text.strip():
            return None
        if one.run.waiting and "?" not in understood.text:
            return None
        asked = self.asked(one, understood.language)
        hits = await find(self.db, understood.text, asked, limit=1)
        return (hits[0].article_code, hits[0].score) if hits else None

    def asked(self, one: Waiting, language: str) -> Asked:
        voice = one.channel in ("phone", "counter", "voice")
        return Asked(language=language, channel=one.channel, voice=voice, audience=self.settings.audience)

    async def _turn(self, one: Waiting, understood: Understood, decision: Decision) -> TurnInput:
        market = self.market(one, understood.language)
        return TurnInput(
            text=understood.text,
            intent=decision.intent,
            confidence=decision.confidence,
            near=decision.near,
            entities=understood.entities,
            choice=decision.choice,
            language=understood.language,
            channel=one.channel,
            context={
                "signed_in": one.proven,
                "cart_filled": await self._cart_filled(one),
                "voice": one.channel in ("phone", "counter", "voice"),
                "audience": self.settings.audience,
                "today": self.today.isoformat(),
                "market": market.code,
                "currency": market.currency,
                "name": one.context.party_name if one.proven else "",
            },
        )

    async def _cart_filled(self, one: Waiting) -> bool:
        if one.cart_id is None:
            return False
        filled: bool = await self.db.fetchval(
            "select exists (select from cart_line l join cart c on c.id = l.cart_id "
            "where c.id = $1 and c.state = 'open')",
            one.cart_id,
        )
        return filled

    def market(self, one: Waiting, language: str) -> Market:
        """Where the customer shops: as the page said, else the market of the language, else the first."""
        known = self.markets.get(one.context.market or "")
        if known is not None:
            return known
        return market_for(self.markets, language)

    async def tool_context(self, one: Waiting, language: str, key: str, cart_id: UUID | None) -> ToolContext:
        market = self.market(one, language)
        cart = cart_id or one.cart_id
        return ToolContext(
            db=self.db,
            actor=await self._actor(one, cart),
            now=self.now,
            key=key,
            language=language,
            market=market.code,
            channel=one.channel,
            currency=market.currency,
            conversation_id=one.conversation.id,
            customer_id=one.conversation.customer_id,
            party_id=one.context.party_id,
            proven=one.proven,
            cart_id=cart,
            base_url=self.shop.base_url,
            services=self.services,
        )

    async def facts(self, one: Waiting, language: str, tool: str) -> Mapping[str, Any] | None:
        """What a tool that needs no arguments says, None where it says nothing to who asks."""
        context = await self.tool_context(one, language, f"facts:{one.conversation.id}:{tool}", None)
        called = await call(self.toolbox, tool, {}, context)
        return called.result if called.error is None else None

    async def _actor(self, one: Waiting, cart_id: UUID | None) -> Actor:
        if one.proven and one.context.party_id is not None:
            return customer(one.context.party_id, await roles_of(self.db, one.context.party_id))
        return guest(cart_id or one.conversation.id)


class _Playing:
    """One turn under way."""

    def __init__(self, player: Player, one: Waiting, language: str, decision: Decision | None) -> None:
        self.player = player
        self.one = one
        self.language = language
        self.played = Played(run=one.run, language=language, decision=decision)
        self._results: dict[str, Mapping[str, Any] | None] = {}

    async def go(self, step: Step) -> Played:
        """Do what the flows ask for until the turn is over, or a step must be done outside."""
        for _call in range(_MOST_CALLS):
            self.played.run = step.run
            self._say(step)
            awaited = step.awaits
            if awaited is None:
                await self._promise()
                return self.played
            if self.player.is_dry and self._would_change(awaited):
                self.played.withheld.append(awaited.tool if isinstance(awaited, CallEffect) else "http")
                return self.played
            if isinstance(awaited, CallEffect) and self.player.is_dry and self._is_outside(awaited):
                called = await call_outside(
                    self.player.toolbox, awaited.tool, awaited.arguments, await self._context(awaited.key)
                )
                step = resume(self.player.flows, step.run, called.result, called.error)
                continue
            if isinstance(awaited, HttpEffect) or (isinstance(awaited, CallEffect) and self._is_outside(awaited)):
                self.played.outside = awaited
                self.played.context = await self._context(awaited.key)
                return self.played
            if isinstance(awaited, SearchEffect):
                asking = await self._asking(awaited) if self.player.phrases else None
                if asking is not None:
                    self.played.outside, self.played.context = awaited, asking
                    return self.played
                found = await self._search(awaited)
                step = resume(self.player.flows, step.run, {"found": found})
            else:
                called = await self._call(awaited)
                step = resume(self.player.flows, step.run, called.result, called.error)
        self.played.run = RunState(calls=self.played.run.calls)
        self.played.handover = Handover(reason="error", summary="A flow did not come to an end.")
        return self.played

    async def _promise(self) -> None:
        """Who is passed on to people hears when somebody will be there."""
        if self.played.handover is not None:
            promised = await promise(self.player.db, now=self.player.now)
            text = promise_text(promised, self.language, self.player.shop.zone)
            self.played.blocks.append(Text(text=text))

    def _is_outside(self, awaited: CallEffect) -> bool:
        return is_outside(self.player.toolbox, awaited.tool)

    def _would_change(self, awaited: CallEffect | HttpEffect | SearchEffect) -> bool:
        if isinstance(awaited, CallEffect):
            return awaited.tool in self.player.toolbox and self.player.toolbox.get(awaited.tool).changes
        return isinstance(awaited, HttpEffect)

    def _say(self, step: Step) -> None:
        manner = Manner(
            language=self.language,
            channel=self.one.channel,
            voice=self.one.channel in ("phone", "counter", "voice"),
            informal=self.player.settings.audience == "informal",
        )
        for effect in step.effects:
            if not isinstance(effect, CallEffect | HttpEffect | SearchEffect | DoneEffect):
                self.one.used.add(FLOW + effect.flow)
            if isinstance(effect, SayEffect | AskEffect):
                self.played.patterns.update({effect.flow}.intersection(PATTERNS))
                self.played.blocks.extend(speak(self.player.flows, effect, manner))
            elif isinstance(effect, IdentifyEffect):
                self.played.blocks.append(
                    Choices(choices=(Choice(label=translate(self.language, _SIGN_IN), value=IDENTIFY),))
                )
            elif isinstance(effect, HandoverEffect):
                self.played.handover = self._handover(effect)
            elif not isinstance(effect, CallEffect | HttpEffect | SearchEffect):
                self.played.happened.append(effect)

    def _handover(self, effect: HandoverEffect) -> Handover:
        """What a person is told: why, the last words, and what the flow that stood open had gathered."""
        before = next((frame for frame in reversed(self.one.run.frames) if not frame.flow.startswith("pattern_")), None)
        decided = self.played.decision.handover if self.played.decision is not None else ""
        return Handover(
            reason=decided or effect.reason,
            summary="\n".join(filter(None, (effect.summary, summary_of([said.text for said in self.one.said])))),
            slots=before.slots if before is not None else effect.slots,
            flow=before.flow if before is not None else effect.flow,
        )

    async def _context(self, key: str) -> ToolContext:
        whole = f"bot:{self.one.conversation.id}:{key}"
        return await self.player.tool_context(self.one, self.language, whole, self.played.cart_id)

    async def _call(self, effect: CallEffect) -> Called:
        if effect.tool == _PERSON:
            return await self._call_person(effect)
        called = await call(self.player.toolbox, effect.tool, effect.arguments, await self._context(effect.key))
        self.played.cart_id = called.cart_id or self.played.cart_id
        return called

    async def _call_person(self, effect: CallEffect) -> Called:
        """People hold the conversation after what is said now, not before: else it could not be said any more."""
        before = self.player.db.transaction()
        await before.start()
        called = await call(self.player.toolbox, effect.tool, effect.arguments, await self._context(effect.key))
        await before.rollback()
        if called.error is None:
            self.played.handover = Handover(
                reason="asked", summary=summary_of([said.text for said in self.one.said]), flow=effect.key.split(".")[0]
            )
        return called

    async def _asking(self, effect: SearchEffect) -> Asking | None:
        """What a language model may phrase an answer from; None where nothing is known well enough."""
        player, asked = self.player, self.player.asked(self.one, self.language)
        hits = self._worded(await find(player.db, effect.text, asked, article=effect.article), asked)
        if not hits or (not effect.article and hits[0].score < player.settings.knows_from):
            return None
        sources = [
            Grounds(
                title=hit.title,
                text=await filled(hit, self._values),
                url=f"{player.shop.base_url}/{hit.language}/help/{hit.url_slug}",
            )
            for hit in hits
        ]
        names = (self.one.context.party_name,) if self.one.context.party_name else ()
        return Asking(question=effect.text, language=self.language, sources=sources, known=Known(names=names))

    async def found(self, article: str, phrased: Any, *, text: str | None = None) -> bool:
        """Say what the model has phrased; where it has not, the article as it stands."""
        if phrased is None:
            return await self._search(SearchEffect(text=text or self.one.text, article=article))
        told = msgspec.convert(phrased, Phrased)
        sources = [Source(title=one.title, url=one.url) for one in told.sources if one.url]
        self.played.blocks.extend([Text(text=told.text), *sources])
        return True

    async def _search(self, effect: SearchEffect) -> bool:
        asked = self.player.asked(self.one, self.language)
        hits = self._worded(await find(self.player.db, effect.text, asked, article=effect.article, limit=1), asked)
        if not hits or (not effect.article and hits[0].score < self.player.settings.knows_from):
            return False
        blocks = await blocks_of(hits[0], self._values, self.player.shop.base_url)
        self.played.blocks.extend(blocks)
        return bool(blocks)

    def _worded(self, hits: list[Hit], asked: Asked) -> list[Hit]:
        """What was found, in the wording that is tried on this conversation."""
        self.one.used.update(WORDING + hit.article_code for hit in hits)
        tried = self.player.wordings
        return [reworded(hit, tried[hit.article_code], asked) if hit.article_code in tried else hit for hit in hits]

    async def _values(self, tool: str) -> Mapping[str, Any] | None:
        if tool not in self._results:
            self._results[tool] = await self.player.facts(self.one, self.language, tool)
        return self._results[tool]
