"""Which movement pays for what: pure rules. They only ever say yes when nothing speaks against it."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from kupec.kit.text import fold

Why = Literal["symbol", "amount", "message", "name"]
_WEIGHTS: dict[Why, int] = {"symbol": 8, "message": 6, "amount": 4, "name": 3}
LEAST = 4
"""Less than this is no reason to suggest."""


class OpenLine(msgspec.Struct, frozen=True, kw_only=True):
    """Money that has come in and pays for nothing yet; `rest` of it is free."""

    id: UUID
    rest: int
    currency: str
    variable_symbol: str | None = None
    payer: str = ""
    message: str = ""
    booked_on: date


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that is awaited; `rest` of it is still to come."""

    id: UUID
    order_id: UUID
    provider: str
    rest: int
    currency: str
    variable_symbol: str | None = None
    party: str = ""
    """The customer's name."""
    due_on: date | None = None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    line_id: UUID
    payment_id: UUID
    amount: int


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that a line may be for, and what speaks for it."""

    owed: Owed
    why: list[Why]
    score: int
    exact: bool
    """Whether the line would pay it exactly."""


def match_by_symbol(lines: Sequence[OpenLine], owed: Sequence[Owed]) -> list[Match]:
    """What is certain: the same symbol, the same currency, to the last coin. Pure.

    A payment takes the first line that fits (in the order given), a line pays one payment; two payments with one
    symbol in one currency get neither.
    """
    by_symbol: dict[tuple[str, str], list[Owed]] = {}
    for payment in owed:
        if payment.variable_symbol:
            by_symbol.setdefault((payment.variable_symbol, payment.currency), []).append(payment)
    matches = []
    taken: set[UUID] = set()
    for line in lines:
        found = by_symbol.get((line.variable_symbol or "", line.currency), [])
        if len(found) == 1 and found[0].id not in taken and line.rest == found[0].rest > 0:
            taken.add(found[0].id)
            matches.append(Match(line_id=line.id, payment_id=found[0].id, amount=line.rest))
    return matches


def spread(line: OpenLine, owed: Sequence[Owed]) -> list[Match]:
    """One line over the payments a person chose, in their order, each as far as it goes. Pure."""
    rest = line.rest
    matches = []
    for payment in owed:
        amount = min(rest, payment.rest)
        if amount > 0 and payment.currency == line.currency:
            matches.append(Match(line_id=line.id, payment_id=payment.id, amount=amount))
            rest -= amount
    return matches


def suggest(line: OpenLine, owed: Sequence[Owed], *, most: int = 3) -> list[Suggestion]:
    """What an open line may be for, the likeliest first. Pure. Another currency is never suggested."""
    said = fold(f"{line.payer} {line.message}")
    numbers = set(re.findall(r"[0-9]+", said))
    words = set(said.split())
    found = []
    for payment in owed:
        if payment.currency != line.currency or line.rest <= 0:
            continue
        why = _reasons(line, payment, numbers, words)
        score = sum(_WEIGHTS[reason] for reason in why)
        if score >= LEAST:
            found.append(Suggestion(owed=payment, why=why, score=score, exact=payment.rest == line.rest))
    found.sort(key=lambda each: (-each.score, each.owed.due_on or date.max, each.owed.id))
    return found[:most]


def _reasons(line: OpenLine, payment: Owed, numbers: set[str], words: set[str]) -> list[Why]:
    why: list[Why] = []
    symbol = payment.variable_symbol
    if symbol and symbol == line.variable_symbol:
        why.append("symbol")
    elif symbol and symbol in numbers:
        why.append("message")
    if payment.rest == line.rest:
        why.append("amount")
    name = {word for word in fold(payment.party).split() if len(word) > 2}
    if name and len(name & words) >= min(2, len(name)):
        why.append("name")
    return why
