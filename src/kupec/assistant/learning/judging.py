"""Whether a candidate is no worse than the live model: paired, on labelled questions that neither has learnt from.

The share of right answers may drop by `margin` at most. That it does not is shown by the lower bound of Tango's score
interval for the difference of paired proportions (T. Tango, Statistics in Medicine 17, 1998, 891–908), one-sided 95 %:
it holds with small numbers and with no changed answer at all, where the simple interval has no width. Beside it stands
the exact McNemar test of the answers that changed. docs/learning.md works an example.
"""

from collections.abc import Sequence
from math import comb, sqrt
from typing import Final, Literal

import msgspec

from kupec.assistant.learning.models import ExampleOutcome, Verdict
from kupec.assistant.understanding import IntentModel

_SURE: Final = 1.6448536269514722
"""The normal quantile of 95 %."""
_STEPS: Final = 60


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A text and what it means; `intent` "" is none of ours."""

    id: str
    text: str
    intent: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One case under both models: the intent each finds, None for none."""

    case: Case
    live: str | None
    candidate: str | None

    @property
    def live_right(self) -> bool:
        return (self.live or "") == self.case.intent

    @property
    def candidate_right(self) -> bool:
        return (self.candidate or "") == self.case.intent

    @property
    def change(self) -> Literal["better", "worse", "changed", "same"]:
        if self.live_right != self.candidate_right:
            return "better" if self.candidate_right else "worse"
        return "same" if self.live == self.candidate else "changed"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures say; see `ModelReport`."""

    verdict: Verdict
    why: str
    cases: int
    live_right: int
    candidate_right: int
    better: int
    worse: int
    changed: int
    difference: float
    lower: float
    p: float


def found(model: IntentModel, text: str) -> str | None:
    """The intent a model finds in a text, None where it says that it does not know."""
    reading = model.read(text, best=1)
    return reading.guesses[0].intent if reading.is_known and reading.guesses else None


def compare(live: IntentModel, candidate: IntentModel, cases: Sequence[Case]) -> list[Compared]:
    """Every case under both."""
    return [Compared(case=one, live=found(live, one.text), candidate=found(candidate, one.text)) for one in cases]


def judge(compared: Sequence[Compared], examples: Sequence[ExampleOutcome], *, needed: int, margin: float) -> Judgement:
    """`examples` are the flows' own; one that the live model begins rightly and the candidate does not is worse.

    "worse": by the figures' own best guess it loses more than the margin, or fewer right answers are certain (exact
    McNemar, 5 %). "no worse": at least `needed` cases, and the lower bound is not below −margin. Else "too few cases".
    """
    changes = [one.change for one in compared]
    better, worse, number = changes.count("better"), changes.count("worse"), len(compared)
    difference = (better - worse) / number if number else 0.0
    lower, p = lower_bound(better, worse, number), mcnemar(better, worse)
    lost = any(one.live and not one.candidate for one in examples)
    verdict: Verdict
    if lost:
        verdict, why = "worse", "examples"
    elif number >= needed and (difference < -margin or (worse > better and p < 0.05)):
        verdict, why = "worse", "difference"
    elif number < needed:
        verdict, why = "too few cases", "cases"
    elif lower < -margin:
        verdict, why = "too few cases", "lower"
    else:
        verdict, why = "no worse", ""
    return Judgement(
        verdict=verdict,
        why=why,
        cases=number,
        live_right=sum(one.live_right for one in compared),
        candidate_right=sum(one.candidate_right for one in compared),
        better=better,
        worse=worse,
        changed=changes.count("changed"),
        difference=difference,
        lower=lower,
        p=p,
    )


def mcnemar(better: int, worse: int) -> float:
    """Two-sided: how likely it is that of so many changed answers at least so many fall to one side by chance."""
    changed = better + worse
    if changed == 0:
        return 1.0
    tail: float = sum(comb(changed, hits) for hits in range(min(better, worse) + 1)) / 2.0**changed
    return min(1.0, 2 * tail)


def lower_bound(better: int, worse: int, number: int) -> float:
    """The lower 95 % bound of (better − worse) / number; −1 without a case."""
    if number == 0:
        return -1.0
    low, high = -1.0, (better - worse) / number
    for _step in range(_STEPS):
        middle = (low + high) / 2
        if _score(better, worse, number, middle) > _SURE:
            low = middle
        else:
            high = middle
    return low


def _score(better: int, worse: int, number: int, difference: float) -> float:
    """Tango's statistic: how far the figures are from this difference, in standard deviations under it."""
    a = 2 * number
    b = -better - worse + (2 * number - better + worse) * difference
    c = -worse * difference * (1 - difference)
    share = (sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = number * (2 * share + difference * (1 - difference))
    distance = better - worse - number * difference
    if variance <= 0:
        return 0.0 if distance == 0 else float("inf")
    return distance / sqrt(variance)
