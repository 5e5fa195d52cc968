"""What the learning loop is made of: questions, suggestions, cases, models and how they compare."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Reason = Literal["unknown", "clarified", "corrected", "handed_over", "unhelpful"]
SuggestionKind = Literal["phrase", "intent", "article"]
SuggestionState = Literal["open", "approved", "dismissed"]
Settled = Literal["taught", "none", "ignored"]
ModelState = Literal["candidate", "live", "retired", "broken"]
Verdict = Literal["no worse", "worse", "too few cases"]


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """Something about to be kept of one turn. `first` and `last` are the numbers of the messages it is about.

    `before`: it is the question before them that was not answered well. `step` is where `flow` stood.
    """

    conversation_id: UUID
    reason: Reason
    first: int
    last: int
    language: str
    channel: str
    before: bool = False
    alone: bool = True
    guess: str | None = None
    probability: float | None = None
    flow: str | None = None
    step: str | None = None
    cart_id: UUID | None = None


class Stumble(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a flow a customer left, repeated themselves or asked for a person."""

    conversation_id: UUID
    flow: str
    version: int
    step: str
    what: Literal["left", "repeated", "person"]


class MissedQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question the bot could not answer by itself. `text` is masked.

    `guess` is what the bot took it for, an intent, with its `probability`; `article` the one that did not help.
    `cart_value` (minor units of `currency`) was in the cart; `is_lost`: and no order followed in time (`None`: the time
    is not over, or nothing was in the cart). `settled` is None while nobody has decided about it.
    """

    id: UUID
    reason: Reason
    text: str
    language: str
    channel: str
    created_at: datetime
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    customer_id: UUID | None = None
    guess: str | None = None
    probability: float | None = None
    article: str | None = None
    flow: str | None = None
    step: str | None = None
    cart_value: int | None = None
    currency: str | None = None
    is_lost: bool | None = None
    suggestion_id: UUID | None = None
    settled: Settled | None = None


class LearningSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What happened since a moment. `turns` are all the bot's answers, `answered` the share without anything missed."""

    questions: int
    customers: int
    by_reason: dict[str, int]
    by_language: dict[str, int]
    turns: int
    answered: float
    lost_sales: int
    open_questions: int
    open_suggestions: int
    cases: int
    held_out: int
    outside: int
    """Labelled questions that are none of ours."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Questions that mean the same, in a line of the list. `target` is the intent that the phrases are proposed for.

    `telling` are the most telling phrases; `language` is "" where several are spoken.
    """

    id: UUID
    kind: SuggestionKind
    state: SuggestionState
    name: str
    telling: list[str]
    language: str
    target: str | None
    probability: float | None
    questions: int
    customers: int
    lost_sales: int
    lost_value: dict[str, int]
    """By currency, in minor units."""
    created_at: datetime
    updated_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None


class ProposedArticle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An article to be: `text` (Markdown) is what people answered, the most usual of it; the merchant edits it."""

    code: str
    title: str
    language: str
    text: str
    category: str = ""


class ProposedFlow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A flow to be: the skeleton as YAML."""

    code: str
    source: str


class ProposalPage(msgspec.Struct, frozen=True, kw_only=True):
    """One suggestion whole. `answers` are what people said to these questions, the most usual first."""

    proposal: Proposal
    members: list[MissedQuestion]
    answers: list[str]
    article: ProposedArticle | None = None
    flow: ProposedFlow | None = None


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decides. `kept` are the members that count (None: all); the others are left for later.

    "phrase" needs `target` (an intent: a flow's code or "article:<code>"); "article" needs `article`, "intent" needs
    `flow`; without one, the proposed one is taken. `texts` are the members' wordings as edited, by member. `more` are
    further ways to ask, in `language`. `publish`: the new article holds at once.
    """

    kind: SuggestionKind
    kept: tuple[UUID, ...] | None = None
    target: str | None = None
    texts: dict[UUID, str] = {}
    more: tuple[str, ...] = ()
    language: str = ""
    article: ProposedArticle | None = None
    flow: ProposedFlow | None = None
    publish: bool = False


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: how many texts are learnt from, and how many only judge."""

    intent: str
    learnt: int
    held_out: int


class LabelledCase(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has said a text means; `intent` "" is none of ours. What is `held_out` only judges."""

    id: UUID
    text: str
    language: str
    intent: str
    held_out: bool
    source: str
    created_at: datetime


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A stored model. `share` is the part of the traffic it gets as a candidate, 0 to 1."""

    id: UUID
    state: ModelState
    trained_at: datetime
    phrases: int
    intents: int
    threshold: float
    seconds: float
    origin: str
    """"training" by itself, "approval", or "command"."""
    size: int
    """Bytes; 0 where the model itself is not kept any more."""
    share: float = 0.0
    live_at: datetime | None = None
    retired_at: datetime | None = None
    rolled_back_at: datetime | None = None
    verdict: Verdict | None = None
    trouble: str = ""
    """Why it cannot be read."""

    @property
    def is_live(self) -> bool:
        return self.state == "live"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One case that the two models answer differently. `live` and `candidate` are the intents they find, None: none."""

    text: str
    language: str
    expected: str
    live: str | None
    candidate: str | None
    change: Literal["better", "worse", "changed"]


class ExampleOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an example conversation of a flow begins with the candidate: whether that flow is found."""

    flow: str
    name: str
    text: str
    live: bool
    candidate: bool


class ModelReport(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate beside the model that was live when it was judged.

    `difference` is candidate − live, of all cases; `lower` the lower 95 % bound of it, and "no worse" means that it is
    not below −`margin`. `p` is the exact McNemar test of the answers that changed. `why` names what keeps it from
    going live by itself: "", "cases", "lower", "difference", "examples".
    """

    model_id: UUID
    live_id: UUID | None
    verdict: Verdict
    why: str
    cases: int
    needed: int
    live_right: int
    candidate_right: int
    better: int
    worse: int
    changed: int
    difference: float
    lower: float
    p: float
    margin: float
    answers: list[Judged]
    examples_passed: int
    examples_failed: int
    examples: list[ExampleOutcome]
    """Those that do not begin as they did: failed now, or passed now for the first time."""
    judged_at: datetime | None = None


class ModelAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A model that could not be read: which one, since when, why, and which one answers instead (None: none)."""

    model_id: UUID
    at: datetime
    reason: str
    instead: UUID | None


class UnknownWord(msgspec.Struct, frozen=True, kw_only=True):
    """A word that the live model has never seen; `example` is one question with it."""

    word: str
    customers: int
    questions: int
    language: str
    example: str


class FlowLeaving(msgspec.Struct, frozen=True, kw_only=True):
    """How often customers stumbled at one step of a flow; `stands` are those who said nothing more for a day."""

    flow: str
    step: str
    left: int
    stands: int
    repeated: int
    person: int

    @property
    def total(self) -> int:
        return self.left + self.stands + self.repeated + self.person
