"""What the books write into the log: documents and store credit. Figures and ids; the subject is "order:<id>"
where there is an order, else "store_credit:<id>".
"""

from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from kupec.kit.events import Payload


class VatFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One rate of a document's recapitulation; `tax_bp` in basis points."""

    tax_bp: int
    net: int
    tax: int


class DocumentRequested(Payload, frozen=True, kw_only=True):
    """An invoice or credit note is to be issued; its number follows."""

    name: ClassVar[str] = "invoice.requested"

    document_id: UUID
    kind: Literal["invoice", "credit_note"]


class DocumentIssued(Payload, frozen=True, kw_only=True):
    """Common to issued documents; amounts in minor units, of a credit note what is credited."""

    name: ClassVar[str] = "document"

    document_id: UUID
    number: str
    total: int
    currency: str
    country: str
    """Where the VAT is declared."""
    vat: list[VatFigures]
    rounding: int


class InvoiceIssued(DocumentIssued, frozen=True, kw_only=True):
    name = "invoice.issued"


class CreditNoteIssued(DocumentIssued, frozen=True, kw_only=True):
    name = "credit_note.issued"


class DocumentPrinted(Payload, frozen=True, kw_only=True):
    """An issued document can be sent: its PDF stands."""

    name: ClassVar[str] = "invoice.printed"

    document_id: UUID
    number: str
    kind: Literal["invoice", "credit_note"]


class StoreCreditPayload(Payload, frozen=True, kw_only=True):
    """Common to store credit; `amount` is above zero. The code is no part of the log: it is as good as money."""

    name: ClassVar[str] = "store_credit"

    credit_id: UUID
    movement_id: UUID
    amount: int
    currency: str


class StoreCreditIssued(StoreCreditPayload, frozen=True, kw_only=True):
    name = "store_credit.issued"

    cause: Literal["refund", "goodwill"]


class StoreCreditHeld(StoreCreditPayload, frozen=True, kw_only=True):
    """An order is paid with it, in part or whole."""

    name = "store_credit.held"


class StoreCreditReleased(StoreCreditPayload, frozen=True, kw_only=True):
    """What an order had held is there again."""

    name = "store_credit.released"
