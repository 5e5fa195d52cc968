"""One turn of the bot: understand, decide, act, say. Inside the transaction that holds the conversation.

A turn ends with something to say, with people, or with a step outside (a payment provider, another system): then the
run is kept as it stands, the step is done with no transaction open, and the turn goes on with what came of it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from kupec.assistant.acting import Called
from kupec.assistant.at_hand import AtHand
from kupec.assistant.deciding import Decision, decide
from kupec.assistant.flows import (
    SURE,
    TurnInput,
    advance,
    go_on,
    resume,
    start,
)
from kupec.assistant.foreign import is_foreign
from kupec.assistant.playing import Playing
from kupec.assistant.rollouts import used_at_first
from kupec.assistant.several import Meant, several
from kupec.assistant.turn_models import Played
from kupec.assistant.understanding import Understood, Words, parts, understand
from kupec.assistant.waiting import Waiting
from kupec.conversations import Block, Choice, Choices
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.text import fold

_ALSO: Final = _("You also asked about this:")
"""Said with a button for what is not answered yet; it stands last."""


class Player(AtHand):
    """Plays turns with what a process has at hand."""

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
        playing = Playing(self, one, understood.language, decision)
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
        playing = Playing(self, one, understood.language, meant[0].decision)
        playing.played.guesses = understood.guesses
        played, flows = playing.played, []
        for part in meant:
            if part.article is None:
                flows.append(part)
            else:
                await playing.found(part.article, None, text=part.understood.text)
        for part in flows:
            if played.run.waiting or played.outside is not None or played.handover is not None:
                program = self.flows.get(part.decision.intent or "")
                if program is not None and part.decision.confidence >= SURE:
                    offered = Choice(label=program.title(understood.language), value=f"flow:{program.flow.code}")
                    played.blocks.append(Choices(text=translate(understood.language, _ALSO), choices=(offered,)))
            else:
                turn = await self._turn(one, part.understood, part.decision)
                await playing.go(advance(self.flows, played.run, turn))
        return played

    async def go_on(self, one: Waiting, given: Called) -> Played:
        """A turn that waited for a step outside, with what came of it."""
        assert one.pending is not None, "kept before the step was begun"
        playing = Playing(self, one, one.pending.language, None)
        playing.played.blocks = msgspec.convert(one.pending.blocks, list[Block])
        playing.played.cart_id = given.cart_id
        if one.pending.search is not None:
            playing.played.guesses = self.intents.guess(one.text)
            found = await playing.found(one.pending.search, given.result)
            return await playing.go(resume(self.flows, one.run, {"found": found}))
        played = await playing.go(resume(self.flows, one.run, given.result, given.error))
        played.blocks.sort(
            key=lambda block: isinstance(block, Choices) and block.text == translate(played.language, _ALSO)
        )
        return played

    async def again(self, one: Waiting) -> Played:
        """A turn whose process died in the middle of a step outside: that step is asked for once more."""
        assert one.pending is not None
        playing = Playing(self, one, one.pending.language, None)
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
            goods=self.brain.offered.goods,
            kept_for_people=words,
        )

    async def _article(self, one: Waiting, understood: Understood) -> tuple[str, float] | None:
        """What knowledge has for these words; while a flow waits for an answer, only for a question."""
        if one.choice is not None or not understood.text.strip():
            return None
        if one.run.waiting and "?" not in understood.text:
            return None
        asked = self.asked(one, understood.language)
        hits = await self.find(one, understood.text, asked)
        return (hits[0].article_code, hits[0].score) if hits else None

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
                "foreign": decision.intent is None and is_foreign(understood.text, self.brain.languages.speaks),
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
