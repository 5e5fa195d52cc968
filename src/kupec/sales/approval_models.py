"""Approvals: what an organisation's approver is asked about, the rules of asking, and what the log says of it."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from kupec.kit.errors import InvalidValue
from kupec.kit.events import Payload
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind

ApprovalState = Literal["asked", "approved", "declined", "expired", "withdrawn"]


class Approvals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document: for how many days an approver may decide; then the buyer has to ask anew."""

    valid_days: int = 14


def _check(document: Approvals) -> None:
    if not 1 <= document.valid_days <= 365:
        raise InvalidValue(field="valid_days", expected=_("from 1 to 365 days"))


APPROVALS: Kind[Approvals] = Kind("approvals", Approvals, default=Approvals, check=_check)


class SeenLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was shown when approval was asked for; `total` in minor units with VAT."""

    sku: str
    name: str
    quantity: int
    total: int


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """An approver is asked whether this cart may be bought on account; `total` in minor units with VAT."""

    id: UUID
    cart_id: UUID
    organisation_id: UUID
    asked_by: UUID | None
    """The person, where it is known."""
    total: int
    """As it was asked for; once approved, as it was approved."""
    currency: str
    seen: list[SeenLine]
    state: ApprovalState
    order_id: UUID | None
    decided_by: str | None
    """An actor: "customer:…", "staff:…"."""
    note: str
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None


class ApprovalPayload(Payload, frozen=True, kw_only=True):
    """Common to what happens to an approval; its subject is "cart:<id>"."""

    name: ClassVar[str] = "approval"

    approval_id: UUID
    organisation_id: UUID
    total: int
    currency: str


class ApprovalRequested(ApprovalPayload, frozen=True, kw_only=True):
    """An approver is asked."""

    name = "approval.requested"

    asked_by: UUID | None


class ApprovalApproved(ApprovalPayload, frozen=True, kw_only=True):
    """The cart becomes this order, in the same transaction."""

    name = "approval.approved"

    order_id: UUID


class ApprovalDeclined(ApprovalPayload, frozen=True, kw_only=True):
    """The reason stands in the approval's row."""

    name = "approval.declined"


class ApprovalWithdrawn(ApprovalPayload, frozen=True, kw_only=True):
    """The cart was changed or cancelled, or its buyer took the question back."""

    name = "approval.withdrawn"


class ApprovalExpired(ApprovalPayload, frozen=True, kw_only=True):
    """Nobody decided in time."""

    name = "approval.expired"
