"""How a run goes on: a turn or a result goes in, the next state and what is to be done come out. Pure, no I/O.

    step = advance(flow_set, run, turn)
    while step.awaits:
        … do it, outside or in the database …
        step = resume(flow_set, step.run, result, error)

What the customer's words mean for the flow that waits is decided in `deciding.py`; here flows are walked, step by
step. A turn never raises for what a customer says, and passes a bounded number of steps.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from kupec.assistant.flows.deciding import take
from kupec.assistant.flows.flow_set import FlowSet
from kupec.assistant.flows.run import RunState, Step, TurnInput
from kupec.assistant.flows.walking import Walk

ERROR: Final = "error"


class ToolFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a tool or another system gave no result: a code for the flow's branches, words for the customer."""

    code: str
    message: str = ""


def start(
    flow_set: FlowSet,
    code: str,
    slots: Mapping[str, Any] | None = None,
    *,
    run: RunState | None = None,
    turn: TurnInput,
) -> Step:
    """Begin a flow by its code, whatever was said; a flow that does not exist begins nothing."""
    walk = Walk(flow_set, run or RunState())
    walk.hear(turn)
    walk.begin(code, dict(slots or {}))
    walk.go()
    return walk.step()


def advance(flow_set: FlowSet, run: RunState, turn: TurnInput) -> Step:
    """The customer has said something. While a result is awaited, that is asked for again and the turn waits for it."""
    walk = Walk(flow_set, run)
    if walk.run.pending is not None:
        walk.run.held = turn
        walk.await_again()
        return walk.step()
    walk.hear(turn)
    take(walk, turn)
    walk.go()
    return walk.step()


def resume(flow_set: FlowSet, run: RunState, result: Any = None, error: ToolFailure | None = None) -> Step:
    """What was awaited has come: plain values, or why not. What was said meanwhile is heard after it."""
    walk = Walk(flow_set, run)
    walk.settle(result, error)
    walk.go()
    held = walk.run.held
    if held is not None and walk.run.pending is None:
        walk.run.held = None
        walk.hear(held)
        take(walk, held)
        walk.go()
    return walk.step()


def go_on(flow_set: FlowSet, run: RunState) -> Step:
    """The conversation came back from a person: ask whether to go on with what stands open, if anything does."""
    walk = Walk(flow_set, run)
    if walk.run.pending is not None:
        walk.await_again()
    elif walk.run.frames:
        walk.interrupted(by="person")
        walk.go()
    return walk.step()
