"""One turn under way: what the flows ask for is done until it is over, or a step must be done outside."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from kupec.assistant.acting import Called, call, call_outside, is_outside
from kupec.assistant.answering import Asked, blocks_of, filled, reworded
from kupec.assistant.at_hand import AtHand
from kupec.assistant.deciding import Decision, summary_of
from kupec.assistant.flows import (
    PATTERNS,
    AskEffect,
    CallEffect,
    DoneEffect,
    HandoverEffect,
    HttpEffect,
    IdentifyEffect,
    Manner,
    RunState,
    SayEffect,
    SearchEffect,
    Step,
    resume,
    speak,
)
from kupec.assistant.phrasing import Grounds, Phrased
from kupec.assistant.promising import promise_text
from kupec.assistant.rollouts import FLOW, WORDING
from kupec.assistant.turn_models import Asking, Played
from kupec.assistant.waiting import Waiting
from kupec.conversations import Choice, Choices, Handover, Known, Source, Text, promise
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.tools import ToolContext
from kupec.knowledge import Hit

IDENTIFY: Final = "identify"
"""The value of a button with which a customer shows who they are."""
_PERSON: Final = "talk_to_person"
_SIGN_IN: Final = _("Sign in with a code by mail")
_MOST_CALLS = 25
"""Calls in one turn: a flow that makes more goes in circles."""


class Playing:
    """One turn under way."""

    def __init__(self, player: AtHand, one: Waiting, language: str, decision: Decision | None) -> None:
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
        hits = self._worded(await player.find(self.one, effect.text, asked, article=effect.article, limit=3), asked)
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
        hits = self._worded(await self.player.find(self.one, effect.text, asked, article=effect.article), asked)
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
