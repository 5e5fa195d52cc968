"""What the tools about invoices take and answer."""

from typing import Annotated

import msgspec
from msgspec import Meta

from kupec.kit.tools import Entry


class ListInvoices(msgspec.Struct, frozen=True, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=20)] = 5


class ShownInvoice(Entry, frozen=True, kw_only=True):
    """`value` is its number; `kind` is "invoice" or "credit_note"; `url` opens it for who is signed in."""

    number: str
    kind: str
    total: int
    total_text: str
    issued_on: str
    date_text: str
    due_text: str


class ShownInvoices(msgspec.Struct, frozen=True, kw_only=True):
    """`owed_text` is what the customer owes in all, empty for nothing."""

    count: int
    invoices: list[ShownInvoice]
    owed: int
    owed_text: str
    url: str
    text: str
