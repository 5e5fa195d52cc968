"""How an order may be paid: a versioned document, and what of it a sale is offered."""

from typing import Literal

import msgspec

MethodKind = Literal["card", "transfer", "cod", "account"]


class PaymentOption(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay that a sale is offered. `fee` in minor units with VAT."""

    code: str
    kind: MethodKind
    name: str
    fee: int = 0
    round_to: int = 1
    """The smallest coin of a total paid in cash, in minor units."""
    due_days: int = 0
