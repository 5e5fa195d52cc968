"""What travels between the shop and the sandbox gateway. Amounts in minor units."""

from typing import Literal

import msgspec

GatewayState = Literal["requires_action", "authorised", "declined", "expired", "captured", "voided"]


class GatewayPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the gateway shows it; `key` is the shop's own id for it."""

    id: str
    key: str
    state: GatewayState
    amount: int
    currency: str
    refunded: int = 0
    card: str | None = None
    action_url: str | None = None
    error: str | None = None
    metadata: dict[str, str] = {}
    """What the shop gave; and "kept_card", where the card is kept: "customer:card"."""


class NewCharge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount: int
    currency: str
    token: str
    return_url: str
    metadata: dict[str, str] = {}
    customer: str = ""
    """Whose kept card the token is."""
    owner_away: bool = False
    """It is charged while they are away, so that nobody can confirm anything."""
    keep_for: str = ""
    """What the shop calls the customer whose card is to be kept."""


class NewGiveBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount: int


class GaveBack(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment: str
    amount: int


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card as somebody typed it."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What stands for a card, for one payment, for an hour."""

    token: str
    card: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    message: str
    field: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every 4xx that shows no payment."""

    error: Refusal


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook."""

    type: str
    created_at: str
    data: GatewayPayment


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bad luck to order. Rates from 0 to 1, of all calls to /v1/payments."""

    drop_rate: float = 0.0
    """Done, but the connection ends without an answer."""
    lose_rate: float = 0.0
    """Not done, and no answer either."""
    error_rate: float = 0.0
    """Not done, answered 503."""
    delay_ms: int = 0
    """Before everything else."""
