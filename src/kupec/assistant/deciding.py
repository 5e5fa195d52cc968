"""Who should answer, before any flow is asked: the bot, or at once a person. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from kupec.assistant.settings import BotSettings
from kupec.assistant.understanding import Understood

PERSON: Final = "person"
"""The value of a button that asks for a person."""
_FLOW, _NEAR = "flow:", 0.6
"""A second intent is near when it is at least so likely as this share of the first."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn means for the bot: `handover` names why a person answers, else `intent` goes into the flows."""

    intent: str | None = None
    confidence: float = 0.0
    near: tuple[tuple[str, float], ...] = ()
    choice: str | None = None
    handover: str = ""


def decide(
    understood: Understood, choice: str | None, settings: BotSettings, *, article: tuple[str, float] | None = None
) -> Decision:
    """`article` is what knowledge found for a text that means no intent we know, with how well it fits."""
    if choice == PERSON:
        return Decision(handover="button")
    if understood.wants_person and choice is None:
        return Decision(handover="asked")
    if understood.is_sensitive and settings.hand_over_when_sensitive:
        return Decision(handover="sensitive")
    if understood.is_angry and settings.hand_over_when_angry:
        return Decision(handover="anger")
    decision = _meant(understood, choice, settings, article)
    if settings.mode_of(decision.intent) != "answer":
        return Decision(handover="policy", intent=decision.intent, confidence=decision.confidence)
    return decision


def _meant(
    understood: Understood, choice: str | None, settings: BotSettings, article: tuple[str, float] | None
) -> Decision:
    if choice is not None:
        if choice.startswith(_FLOW):
            return Decision(intent=choice.removeprefix(_FLOW), confidence=1.0)
        if choice.startswith("article:"):
            return Decision(intent=choice, confidence=1.0)
        return Decision(choice=choice)
    if understood.is_known:
        first, *others = understood.guesses
        near = tuple(
            (guess.intent, guess.probability) for guess in others if _is_near(guess.probability, first.probability)
        )
        return Decision(intent=first.intent, confidence=first.probability, near=near)
    if article is not None and article[1] >= settings.knows_from:
        return Decision(intent=f"article:{article[0]}", confidence=article[1])
    return Decision(confidence=understood.confidence)


def _is_near(probability: float, first: float) -> bool:
    return probability >= first * _NEAR


def summary_of(texts: Sequence[str]) -> str:
    """What a person reads first: what the customer said last, at most three things."""
    return "\n".join(text for text in texts[-3:] if text.strip())[:1000]
