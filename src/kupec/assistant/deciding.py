"""Who should answer, before any flow is asked: the bot, or at once a person. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from kupec.assistant.settings import BotSettings
from kupec.assistant.understanding import Guess, Understood, is_order_alone

PERSON: Final = "person"
"""The value of a button that asks for a person."""
_FLOW, _ARTICLE, _NEAR = "flow:", "article:", 0.6
"""A second intent is near when it is at least so likely as this share of the first."""
_GOODS: Final = ("product", "sku")
_LOOKED_FOR: Final = 0.5
"""Goods that are only named are probably looked for; what was shown before is likelier."""
_FLOWS_FIRST = 0.15
"""By so much an article must fit better than a flow: what can be done is better than what can be read."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn means for the bot: `handover` names why a person answers, else `intent` goes into the flows."""

    intent: str | None = None
    confidence: float = 0.0
    near: tuple[tuple[str, float], ...] = ()
    choice: str | None = None
    handover: str = ""


def decide(
    understood: Understood,
    choice: str | None,
    settings: BotSettings,
    *,
    article: tuple[str, float] | None = None,
    is_waiting: bool = False,
) -> Decision:
    """`article` is what knowledge found for the text, with how well it fits.

    `is_waiting`: a flow has asked for something. What is no question is heard as its answer before it is looked up.
    """
    if choice == PERSON:
        return Decision(handover="button")
    if understood.wants_person and choice is None:
        return Decision(handover="asked")
    if understood.is_sensitive and settings.hand_over_when_sensitive:
        return Decision(handover="sensitive")
    if understood.is_angry and settings.hand_over_when_angry:
        return Decision(handover="anger")
    decision = _meant(understood, choice, settings, article)
    if decision == Decision(confidence=decision.confidence) and not is_waiting and _names_goods(understood, settings):
        decision = Decision(intent=settings.goods_named, confidence=_LOOKED_FOR)
    if is_waiting and (decision.intent or "").startswith(_ARTICLE) and "?" not in understood.text and choice is None:
        decision = Decision(confidence=decision.confidence)
    if settings.mode_of(decision.intent) != "answer":
        return Decision(handover="policy", intent=decision.intent, confidence=decision.confidence)
    return decision


def _meant(
    understood: Understood, choice: str | None, settings: BotSettings, article: tuple[str, float] | None
) -> Decision:
    if choice is not None:
        if choice.startswith(_FLOW):
            return Decision(intent=choice.removeprefix(_FLOW), confidence=1.0)
        if choice.startswith(_ARTICLE):
            return Decision(intent=choice, confidence=1.0)
        return Decision(choice=choice)
    if settings.order_alone and is_order_alone(understood.text):
        return Decision(intent=settings.order_alone, confidence=1.0)
    first, *others = understood.guesses or [Guess(intent="", probability=0.0)]
    fits = article[1] if article is not None else 0.0
    if understood.is_known and not first.intent.startswith(_ARTICLE) and first.probability >= fits - _FLOWS_FIRST:
        near = tuple((one.intent, one.probability) for one in others if _is_near(one, first))
        return Decision(intent=first.intent, confidence=first.probability, near=near)
    if article is not None and fits >= settings.knows_from:
        return Decision(intent=settings.does.get(article[0]) or _ARTICLE + article[0], confidence=fits)
    if understood.intent is not None:
        return Decision(intent=understood.intent, confidence=understood.confidence)
    return Decision(confidence=understood.confidence)


def _names_goods(understood: Understood, settings: BotSettings) -> bool:
    return bool(settings.goods_named) and not understood.entities.keys().isdisjoint(_GOODS)


def _is_near(guess: Guess, first: Guess) -> bool:
    return guess.probability >= first.probability * _NEAR and not guess.intent.startswith(_ARTICLE)


def summary_of(texts: Sequence[str]) -> str:
    """What a person reads first: what the customer said last, at most three things."""
    return "\n".join(text for text in texts[-3:] if text.strip())[:1000]
