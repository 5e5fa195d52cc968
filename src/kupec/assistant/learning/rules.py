"""What the learning loop goes by: a versioned document."""

from collections.abc import Iterator

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.versions import Kind

TEACH = "knowledge.write"
"""Who may decide what the bot learns."""


class LearningRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every number has a use: docs/learning.md tells which."""

    customers: int = 2
    """So many customers ask before a suggestion is made…"""
    questions: int = 3
    """…in so many questions."""
    days: int = 90
    """Questions older than this make no suggestions."""
    grown: float = 2.0
    """What was dismissed comes back when so many times as many customers ask."""
    fits: float = 0.3
    """From this mean probability on, the nearest intent is proposed for the questions."""
    across: bool = False
    """Whether questions in different languages may stand in one suggestion."""
    lost_after_days: int = 7
    """A cart without an order by then is a lost sale."""
    held_out: float = 0.3
    """The share of labelled questions that only judge, 0 to 0.5."""
    cases: int = 200
    """So many of them are needed before a model may go live by itself."""
    margin: float = 0.02
    """By so much the share of right answers may be worse at most, with 95 % certainty."""
    keep_days: int = 1095
    """After so many days customers' words that were learnt from are forgotten; 0: never."""


def _faults(document: LearningRules) -> Iterator[tuple[str, str]]:
    for name, least, most in (
        ("customers", 1, 1000),
        ("questions", 2, 1000),
        ("days", 1, 3650),
        ("lost_after_days", 1, 365),
        ("cases", 20, 100_000),
        ("keep_days", 0, 36_500),
    ):
        if not least <= getattr(document, name) <= most:
            yield name, f"{least:,} to {most:,}"
    for name, low, high in (("grown", 1.1, 100.0), ("fits", 0.0, 1.0), ("held_out", 0.05, 0.5), ("margin", 0.001, 0.2)):
        if not low <= getattr(document, name) <= high:
            yield name, f"{low:g} to {high:g}"


def check_rules(document: LearningRules) -> None:
    """Raises InvalidValue for the first fault; `faults` in its details has all of them."""
    found = dict(_faults(document))
    if found:
        field, expected = next(iter(found.items()))
        raise InvalidValue(field=field, expected=expected, faults=found)


LEARNING: Kind[LearningRules] = Kind(
    "learning", LearningRules, default=LearningRules, check=check_rules, permission=TEACH
)
