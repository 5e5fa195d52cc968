"""What of a turn the bot should learn from: questions it could not answer, and where in a flow a customer stumbled."""

from typing import Final

from kupec.assistant.flows import DoneEffect
from kupec.assistant.flows.run import Frame
from kupec.assistant.learning import Missed, Reason, Stumble
from kupec.assistant.turn_models import Played
from kupec.assistant.waiting import Waiting

_ASKED: Final = ("asked", "button")
"""Reasons of hand-overs that the customer gave."""
_OWN: Final = ("misunderstood", "anger", "sensitive", "error")
"""Those that the bot gave. What the merchant's rules and flows give to people is not missed."""
_UNTOLD: Final = ("sensitive", "error")
"""Of those, the ones whose words are no question to learn from."""
_PATTERN: Final = "pattern_"


def missed_in(one: Waiting, played: Played) -> Missed | None:
    """What was not answered in this turn, or what the turn before had answered badly; None for nothing.

    A person asked for after an answer, and a flow that is left at its first question, are about the question before.
    """
    found = _reason(one, played)
    if found is None or not one.said:
        return None
    reason, before = found
    frame = _stood(one)
    guess = None if before or one.choice is not None else next(iter(played.guesses), None)
    untold = played.handover is not None and played.handover.reason in _UNTOLD
    no_question = untold or one.choice is not None or _misheard(one, played) or reason == "corrected"
    in_flow = frame is not None and reason == "handed_over"
    return Missed(
        conversation_id=one.conversation.id,
        reason=reason,
        first=min(said.number for said in one.said),
        last=max(said.number for said in one.said),
        language=played.language,
        channel=one.channel,
        before=before,
        alone=not in_flow if before else not no_question,
        guess=guess.intent if guess is not None else None,
        probability=guess.probability if guess is not None else None,
        flow=frame.flow if frame is not None else None,
        step=frame.at if frame is not None else None,
        cart_id=one.cart_id or one.context.cart_id,
    )


def _reason(one: Waiting, played: Played) -> tuple[Reason, bool] | None:
    if played.handover is not None and played.handover.reason in (*_ASKED, *_OWN):
        return "handed_over", played.handover.reason in _ASKED
    if _not_understood(one, played):
        return "unknown", False
    if f"{_PATTERN}clarification" in played.patterns:
        return "clarified", False
    if f"{_PATTERN}correction" in played.patterns:
        return "corrected", False
    frame = _stood(one)
    if frame is not None and not frame.asked and _left(frame, played):
        return "corrected", True
    return None


def stumbled_in(one: Waiting, played: Played) -> Stumble | None:
    """Where in a flow the customer left, repeated themselves or asked for a person; None where they did not."""
    frame = _stood(one)
    if frame is None:
        return None
    if played.handover is not None:
        what = "person"
    elif _left(frame, played):
        what = "left"
    elif _misheard(one, played):
        what = "repeated"
    else:
        return None
    return Stumble(
        conversation_id=one.conversation.id,
        flow=frame.flow,
        version=frame.version,
        step=frame.at,
        what=what,  # type: ignore[arg-type]
    )


def _stood(one: Waiting) -> Frame | None:
    """The flow that stood open when the customer spoke."""
    return next((frame for frame in reversed(one.run.frames) if not frame.flow.startswith(_PATTERN)), None)


def _not_understood(one: Waiting, played: Played) -> bool:
    return played.run.misunderstood > one.run.misunderstood


def _misheard(one: Waiting, played: Played) -> bool:
    """What was said was no answer to a flow's question: by itself it means little."""
    return _not_understood(one, played) and _stood(one) is not None


def _left(frame: Frame, played: Played) -> bool:
    return any(
        isinstance(effect, DoneEffect) and effect.flow == frame.flow and effect.outcome == "cancelled"
        for effect in played.happened
    )
