"""What goes into the engine and what comes out: a turn, the state of a run, and what is to be done.

All of it is plain data: a run is stored as JSON with its conversation, and pinned to the versions it began with.
"""

from typing import Any, Literal

import msgspec


class TurnInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer has said, as it was understood.

    `intent` is the code of a flow, "article:<code>" when knowledge answers it, or None. `near` are further intents with
    their confidence. `entities` by name (order_number, sku, product, quantity, number, money, date, interval,
    email, phone, name, weight, country, street, postcode, city, yes, no, language); what is missing there the
    engine hears in the text itself. `context` is what conditions may ask about: signed_in, cart_filled, voice,
    audience, today (ISO), market, and whatever else is known.
    """

    text: str
    intent: str | None = None
    confidence: float = 0.0
    near: tuple[tuple[str, float], ...] = ()
    entities: dict[str, Any] = {}
    choice: str | None = None
    language: str = "en"
    channel: str = "web"
    context: dict[str, Any] = {}


Waits = Literal["", "answer", "confirm", "result", "identity"]


class Frame(msgspec.Struct, kw_only=True):
    """One flow under way. `at` is the path of the step where it stands; `waits`, for what.

    `trail` are the collecting steps passed since something was last changed: that far back a correction may go.
    """

    flow: str
    version: int
    at: str
    slots: dict[str, Any] = {}
    waits: Waits = ""
    asked: list[str] = []
    trail: list[str] = []
    sub: bool = False
    changed: bool = False
    misheard: int = 0
    refused: bool = False


class RunState(msgspec.Struct, kw_only=True):
    """Everything a conversation's flows are in the middle of: the last of `frames` speaks, the others wait below it.

    `calls` counts what was called, so that each call has a key of its own; `search` is the question that knowledge is
    being asked; `pending` the result that was not yet given; `held` a turn that came before it.
    """

    frames: list[Frame] = []
    calls: int = 0
    misunderstood: int = 0
    completed: int = 0
    asked_more: bool = False
    search: str = ""
    pending: dict[str, Any] | None = None
    held: TurnInput | None = None
    language: str = "en"
    channel: str = "web"
    context: dict[str, Any] = {}
    choices: list[tuple[str, str]] = []
    """What was last offered: value and label."""
    shown: list[tuple[str, str]] = []
    """The cards that were last shown with a button that begins a flow: its value, and the card's title."""

    @property
    def pins(self) -> frozenset[tuple[str, int]]:
        """The versions this run needs."""
        return frozenset((frame.flow, frame.version) for frame in self.frames)

    @property
    def waiting(self) -> bool:
        """Whether a flow stands open."""
        return bool(self.frames)


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """Something to choose: what it says, what comes back."""

    label: str
    value: str


class StartEffect(msgspec.Struct, frozen=True, kw_only=True, tag="start"):
    """A flow has begun (not a pattern)."""

    flow: str
    version: int


class SayEffect(msgspec.Struct, frozen=True, kw_only=True, tag="say"):
    """Say an answer of a flow. `values` are what its texts are filled with."""

    flow: str
    version: int
    answer: str
    values: dict[str, Any] = {}


class AskEffect(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """Ask for a slot (or, with slot "", for a yes) and wait for the customer."""

    flow: str
    version: int
    slot: str
    answer: str
    values: dict[str, Any] = {}
    choices: tuple[Option, ...] = ()
    again: bool = False


class CallEffect(msgspec.Struct, frozen=True, kw_only=True, tag="call"):
    """Call a tool, then `resume` with its result (plain values) or its error's code. `key` is unique in the run."""

    tool: str
    arguments: dict[str, Any]
    key: str


class HttpEffect(msgspec.Struct, frozen=True, kw_only=True, tag="http"):
    """Ask another system, then `resume` with the declared outputs or an error's code."""

    method: str
    url: str
    query: dict[str, str]
    body: dict[str, Any] | None
    outputs: dict[str, dict[str, Any]]
    timeout: float
    key: str


class SearchEffect(msgspec.Struct, frozen=True, kw_only=True, tag="search"):
    """Ask knowledge and say what it knows, then `resume` with {"found": true}, or false when it knows nothing."""

    text: str
    article: str = ""


class IdentifyEffect(msgspec.Struct, frozen=True, kw_only=True, tag="identify"):
    """Let the customer show who they are; the run goes on with the first turn whose context is signed_in."""

    flow: str


class HandoverEffect(msgspec.Struct, frozen=True, kw_only=True, tag="handover"):
    """Give the conversation to people."""

    reason: str
    summary: str
    slots: dict[str, Any] = {}
    flow: str = ""


class DoneEffect(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """A flow is over."""

    flow: str
    version: int
    outcome: Literal["completed", "cancelled", "linked", "handed_over", "failed"]


Effect = (
    StartEffect
    | SayEffect
    | AskEffect
    | CallEffect
    | HttpEffect
    | SearchEffect
    | IdentifyEffect
    | HandoverEffect
    | DoneEffect
)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a turn: the new state, and what is to be done, in this order.

    When the last effect is a CallEffect, HttpEffect or SearchEffect, the caller does it and calls `resume`. Otherwise
    the turn is over.
    """

    run: RunState
    effects: tuple[Effect, ...]

    @property
    def awaits(self) -> CallEffect | HttpEffect | SearchEffect | None:
        """What must be done before the run goes on."""
        last = self.effects[-1] if self.effects else None
        return last if isinstance(last, CallEffect | HttpEffect | SearchEffect) else None
