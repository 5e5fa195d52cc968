"""The cards that the sandbox knows, and what each of them does. Any other number is refused, and kept nowhere."""

import time
from typing import Literal

import msgspec

from kupec.billing.sandbox.wire import NewToken, Refusal
from kupec.kit.i18n import mark as _

Behaviour = Literal[
    "approve",
    "insufficient_funds",
    "requires_action",
    "drop_always",
    "drop_once",
    "lost",
    "slow",
    "capture_fails",
    "refund_fails",
    "absent_refused",
    "typed_there",
]
DROPPING = frozenset({"drop_always", "drop_once"})
SLOWNESS = 5.0  # seconds


class Card(msgspec.Struct, frozen=True):
    number: str
    token: str
    behaviour: Behaviour
    brand: str = "Visa"

    @property
    def label(self) -> str:
        return f"{self.brand} •••• {self.number[-4:]}" if self.number else ""


CARDS = (
    Card("4242424242424242", "tok_visa", "approve"),
    Card("5555555555554444", "tok_mastercard", "approve", "Mastercard"),
    Card("4000000000000002", "tok_declined", "insufficient_funds"),
    Card("4000002500003155", "tok_3ds", "requires_action"),
    Card("4000000000000119", "tok_drop_always", "drop_always"),
    Card("4000000000000127", "tok_drop_once", "drop_once"),
    Card("4000000000000069", "tok_lost", "lost"),
    Card("4000000000000101", "tok_slow", "slow"),
    Card("4000000000000341", "tok_capture_fails", "capture_fails"),
    Card("4000000000005126", "tok_refund_fails", "refund_fails"),
    # Its owner may pay with it; charged while they are away, it is refused.
    Card("4000000000009979", "tok_absent_refused", "absent_refused"),
)
TYPED_THERE = Card("", "page", "typed_there", brand="")
"""No card yet: it is typed on the gateway's own page."""
BY_TOKEN = {card.token: card for card in CARDS}
_BY_NUMBER = {card.number: card for card in CARDS}


def recognise(typed: NewToken) -> Card | Refusal:
    """The test card that was typed, or what is wrong with it."""
    number = typed.number.replace(" ", "").replace("-", "")
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19 and _luhn(number)):
        return Refusal(code="invalid_number", field="number", message=_("This is not a card number."))
    today = time.gmtime()
    year = typed.exp_year + 2000 if typed.exp_year < 100 else typed.exp_year
    if not 1 <= typed.exp_month <= 12 or year > today.tm_year + 50:
        return Refusal(code="invalid_expiry", field="exp_month", message=_("This is not an expiry date."))
    if (year, typed.exp_month) < (today.tm_year, today.tm_mon):
        return Refusal(code="expired_card", field="exp_month", message=_("This card has expired."))
    if not (typed.cvc.isascii() and typed.cvc.isdigit() and len(typed.cvc) in (3, 4)):
        return Refusal(code="invalid_cvc", field="cvc", message=_("The security code has three or four digits."))
    if number not in _BY_NUMBER:
        return Refusal(code="test_cards_only", field="number", message=_("The sandbox takes only its test cards."))
    return _BY_NUMBER[number]


def _luhn(number: str) -> bool:
    """The check digit that guards against slips of the finger (ISO/IEC 7812)."""
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
