"""A flow as it stands in its document: slots, steps, answers, examples. docs/flows.md tells how to write one.

The structs are the document's shape and its JSON Schema. What the reading makes simpler (answers written where they are
said, one text instead of a whole answer) is in `document.py`; how a flow runs, in `engine.py`.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from kupec.kit.i18n import LANGUAGES

SlotType = Literal[
    "text",
    "number",
    "quantity",
    "money",
    "date",
    "interval",
    "email",
    "phone",
    "product",
    "order",
    "postcode",
    "choice",
    "boolean",
    "any",
]
Audience = Literal["guest", "customer"]

PATTERNS: Final = (
    "pattern_correction",
    "pattern_cancel",
    "pattern_interrupted",
    "pattern_clarification",
    "pattern_cannot_handle",
    "pattern_misunderstood",
    "pattern_completed",
    "pattern_handover",
    "pattern_identify",
)
"""The codes of the flows that the engine itself starts. They may be reworded and rewritten, not removed."""

Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,59}$", description="lower-case letters, digits, underscores")]
Expression = Annotated[str | int | float | bool, Meta(description="a condition or value; docs/flows.md, Expressions")]
Steps = Annotated[list[Any], Meta(extra_json_schema={"items": {"$ref": "#/$defs/Step"}})]
AnswerRef = Annotated[
    str,
    Meta(
        description="the name of an answer, or the answer itself",
        extra_json_schema={
            "anyOf": [{"type": "string"}, {"$ref": "#/$defs/Words"}, {"$ref": "#/$defs/Answer"}],
        },
    ),
]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every piece of the document is."""


class Manners(Part, frozen=True, kw_only=True):
    """One wording for who is addressed formally, another for who is not."""

    formal: str
    informal: str = ""


Words = dict[str, str | Manners]
"""A text by language. What stands in curly brackets is filled: {order.number}."""


class Label(Part, frozen=True, kw_only=True):
    """One of several things to choose from. `words` are other ways to say it, by language."""

    value: str
    label: Words
    words: dict[str, tuple[str, ...]] = {}


class ChoicesFrom(Part, frozen=True, kw_only=True):
    """Choices out of a result: `from` names the list, `value` and `label` are texts filled from each member."""

    source: str = msgspec.field(name="from")
    value: str = "{value}"
    label: str = "{title}"


class CardsFrom(Part, frozen=True, kw_only=True):
    """Cards, one for each member of the list that `from` names; all texts are filled from the member."""

    source: str = msgspec.field(name="from")
    kind: Literal["product", "order", "cart", "standing", "invoice", "place"]
    title: str = "{title}"
    lines: tuple[str, ...] = ()
    """Of none, the member's own."""
    price: str = "{price_text}"
    picture: str = "{picture}"
    url: str = "{url}"
    choices: tuple[Label, ...] = ()


class ListFrom(Part, frozen=True, kw_only=True):
    """One line of text for each member of the list that `from` names. `words` are filled from the member."""

    source: str = msgspec.field(name="from")
    words: Words


class LinkTo(Part, frozen=True, kw_only=True):
    label: Words
    url: str


class Answer(Part, frozen=True, kw_only=True):
    """What is said: `text`, and instead of it `voice` where it is spoken and `channels` where a channel has its own.

    A text alone may be written without `text:`, its languages directly below the answer's name.
    """

    text: Words
    voice: Words = {}
    channels: dict[str, Words] = {}
    choices: tuple[Label, ...] | ChoicesFrom = ()
    cards: CardsFrom | None = None
    list: ListFrom | None = None
    link: LinkTo | None = None


class Rejection(Part, frozen=True, kw_only=True):
    """A value that is not taken: when, and what is said before it is asked for again."""

    when: Expression
    say: AnswerRef


class Slot(Part, frozen=True, kw_only=True):
    """Something a flow needs to know. `label` is its name in sentences; `entities`, where else it is heard."""

    type: SlotType
    label: Words = {}
    ask: AnswerRef = ""
    ask_first: bool = False
    choices: tuple[Label, ...] | ChoicesFrom = ()
    entities: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    optional: bool = False
    default: Any = None
    """What it is from the start, without being asked."""


class Collect(Part, frozen=True, kw_only=True):
    """Ask for a slot unless it is known, and take its value. `on_unknown` is for who does not know it."""

    collect: Code
    ask: AnswerRef = ""
    ask_first: bool | None = None
    rejections: tuple[Rejection, ...] = ()
    on_unknown: Steps = []


class Say(Part, frozen=True, kw_only=True):
    say: AnswerRef


class Call(Part, frozen=True, kw_only=True):
    """Call a tool. What it returns stands in `into` (else under the tool's own name)."""

    call: Code
    with_: dict[str, Any] = msgspec.field(name="with", default_factory=dict)
    into: str | dict[str, str] = ""
    confirm: AnswerRef = ""
    on_no: Steps = []
    on_error: dict[str, Steps] = {}


class Output(Part, frozen=True, kw_only=True):
    """Something out of the answer: where it stands ("data.items.0.stock") and what it is."""

    at: str
    type: Literal["text", "number", "boolean", "list"] = "text"
    optional: bool = False


class Request(Part, frozen=True, kw_only=True):
    """What is asked of another system. The host must be allowed; in `url` and below, values are filled."""

    url: str
    outputs: dict[str, Output]
    method: Literal["GET", "POST", "PUT", "PATCH"] = "GET"
    query: dict[str, Any] = {}
    body: dict[str, Any] = {}
    timeout: Annotated[float, Meta(gt=0, le=10)] = 3.0


class Http(Part, frozen=True, kw_only=True):
    """Ask another system. `on_error` must say what happens when it does not answer."""

    http: Request
    into: Code
    on_error: dict[str, Steps]
    confirm: AnswerRef = ""
    on_no: Steps = []


class Case(Part, frozen=True, kw_only=True):
    """`then` when the condition holds; the last case may have `else` instead of both."""

    when: Expression | None = None
    then: Steps = []
    else_: Steps | None = msgspec.field(name="else", default=None)


class Branch(Part, frozen=True, kw_only=True):
    """The first case that holds; none at all goes on below."""

    branch: tuple[Case, ...]


class Link(Part, frozen=True, kw_only=True):
    """Go on in another flow; this one is over."""

    link: Code
    with_: dict[str, Expression] = msgspec.field(name="with", default_factory=dict)


class Sub(Part, frozen=True, kw_only=True):
    """Run another flow, and go on here when it is over. `into` takes slots of it: ours, then theirs."""

    flow: Code
    with_: dict[str, Expression] = msgspec.field(name="with", default_factory=dict)
    into: dict[str, str] = {}


class Set(Part, frozen=True, kw_only=True):
    """Give slots a value; null empties them."""

    set: dict[str, Any]


class Again(Part, frozen=True, kw_only=True):
    """Forget a slot and ask for it anew, where it is first collected."""

    again: Code


class Hand(Part, frozen=True, kw_only=True):
    """Give the conversation to a person. `handover` is why; `summary` what they read first."""

    handover: Literal[
        "asked", "button", "misunderstood", "anger", "value", "sensitive", "policy", "error", "person"
    ] = "policy"
    say: AnswerRef = ""
    summary: str = ""


class End(Part, frozen=True, kw_only=True):
    end: Literal[True]


class Do(Part, frozen=True, kw_only=True):
    """What only a pattern may: go on with what was interrupted, drop it, begin what was chosen."""

    do: Literal["resume", "drop", "begin"]


Step = Collect | Say | Call | Http | Branch | Link | Sub | Set | Again | Hand | End | Do
STEPS: Final[dict[str, type[Part]]] = {
    "collect": Collect,
    "say": Say,
    "call": Call,
    "http": Http,
    "branch": Branch,
    "link": Link,
    "flow": Sub,
    "set": Set,
    "again": Again,
    "handover": Hand,
    "end": End,
    "do": Do,
}
"""The kinds of steps, by the key that makes one."""


class Turned(Part, frozen=True, kw_only=True):
    """One line of an example: what the customer says, what a tool answers, or what the bot must say.

    With `customer` may stand what is understood: `intent` (else the flow whose phrasing this is), `entities`, `choice`.
    `bot` is an answer's name, `says` a part of its words. `knows` is whether an article answers an unrelated question.
    """

    customer: str = ""
    intent: str | None = None
    confidence: float = 1.0
    near: dict[str, float] = {}
    entities: dict[str, Any] = {}
    choice: str | None = None
    tool: str = ""
    given: dict[str, Any] | None = None
    result: Any = None
    error: str = ""
    knows: bool | None = None
    bot: str = ""
    says: str = ""
    handover: str = ""


class Example(Part, frozen=True, kw_only=True):
    """A conversation that must go as it is written, before the flow may be published."""

    name: str
    language: str = "en"
    channel: str = "web"
    context: dict[str, Any] = {}
    talk: tuple[Turned, ...]


class Flow(Part, frozen=True, kw_only=True):
    """One flow: how it is asked for, what it needs to know, what it does, what it says."""

    code: Code
    title: Words
    """What it is called in sentences: “Shall we go on with {title}?”"""
    description: str = ""
    phrasings: dict[str, tuple[str, ...]] = {}
    audience: Audience = "guest"
    when: Expression = True
    channels: tuple[str, ...] = ()
    """Where it may start; empty for everywhere."""
    slots: dict[str, Slot] = {}
    steps: Steps
    answers: dict[str, Answer] = {}
    examples: tuple[Example, ...] = ()

    @property
    def is_pattern(self) -> bool:
        return self.code.startswith("pattern_")


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A step in its place: `path` names it for good within its version, `next` is what follows ("" for the end)."""

    path: str
    step: Any
    next: str


class Program:
    """A flow made ready to run: every step under its path."""

    def __init__(self, flow: Flow, version: int) -> None:
        self.flow = flow
        self.version = version
        self.nodes = {node.path: node for node in _nodes(flow.steps, "steps", "")}
        self.first = "steps[0]" if flow.steps else ""
        self.collects: dict[str, str] = {}
        for node in self.nodes.values():
            if isinstance(node.step, Collect):
                self.collects.setdefault(node.step.collect, node.path)

    def inside(self, node: Node, block: str, steps: list[Any]) -> str:
        """Where a block of a step begins; an empty one is what follows the step."""
        return f"{node.path}.{block}[0]" if steps else node.next

    def title(self, language: str) -> str:
        return worded(self.flow.title, language) or self.flow.code


def blocks_of(step: Any) -> Iterator[tuple[str, list[Any]]]:
    """The steps within a step, each block with its name in the path."""
    if isinstance(step, Call | Http):
        yield "on_no", step.on_no
        for code, steps in step.on_error.items():
            yield f"on_error.{code}", steps
    if isinstance(step, Collect):
        yield "on_unknown", step.on_unknown
    if isinstance(step, Branch):
        for index, case in enumerate(step.branch):
            yield f"branch[{index}].then", case.then
            yield f"branch[{index}].else", case.else_ or []


def _nodes(steps: list[Any], path: str, after: str) -> Iterator[Node]:
    for index, step in enumerate(steps):
        here = f"{path}[{index}]"
        follows = f"{path}[{index + 1}]" if index + 1 < len(steps) else after
        yield Node(path=here, step=step, next=follows)
        for name, inner in blocks_of(step):
            yield from _nodes(inner, f"{here}.{name}", follows)


def worded(words: Words, language: str, *, informal: bool = False) -> str:
    """The text in a language, else in English, else in any there is."""
    for one in (language, "en", *LANGUAGES):
        found = words.get(one)
        if isinstance(found, Manners):
            return found.informal if informal and found.informal else found.formal
        if found:
            return found
    return ""
