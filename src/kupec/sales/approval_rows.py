"""Approvals as rows: read, ended, and told of. What leads to them is in `kupec.sales.approvals`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit
from kupec.sales.approval_models import Approval, ApprovalPayload, ApprovalState, ApprovalWithdrawn, SeenLine
from kupec.sales.models import Cart

FIELDS = (
    "id, cart_id, organisation_id, asked_by, total, currency, seen, state, order_id, decided_by, note, asked_at, "
    "expires_at, decided_at"
)


async def read_approvals(db: Connection, where: str, *values: object) -> list[Approval]:
    """The approvals that a condition of ours picks."""
    rows = await db.fetch(f"select {FIELDS} from approval where {where}", *values)  # noqa: S608
    return [Approval(**{**dict(row), "seen": msgspec.convert(row["seen"], list[SeenLine])}) for row in rows]


async def get_approval(db: Connection, approval_id: UUID) -> Approval:
    """Raises NotFound."""
    found = await read_approvals(db, "id = $1", approval_id)
    if not found:
        raise NotFound(what="approval")
    return found[0]


async def approved_totals(db: Connection, carts: Sequence[Cart]) -> dict[UUID, int]:
    """By cart, the total that an approver has agreed to, where one has; reads nothing for carts that asked nobody."""
    ids = [cart.approval_id for cart in carts if cart.approval_id]
    if not ids:
        return {}
    rows = await db.fetch(
        "select cart_id, total from approval where id = any($1::uuid[]) and state = 'approved'", sorted(ids)
    )
    return {row["cart_id"]: row["total"] for row in rows}


async def withdraw_approvals(db: Connection, carts: Sequence[Cart], *, actor: Actor, now: datetime) -> None:
    """Locked carts are about to change: what an approver was asked about, or has agreed to, is not that any more.

    Emits approval.withdrawn. Carts that asked nobody cost no statement.
    """
    asked = {cart.id: cart for cart in carts if cart.approval_id}
    if not asked:
        return
    ended = await read_approvals(
        db, "cart_id = any($1::uuid[]) and state in ('asked', 'approved') order by id", sorted(asked)
    )
    await db.execute("update cart set approval_id = null where id = any($1::uuid[])", sorted(asked))
    await end(db, ended, "withdrawn", by=str(actor), note="", now=now)
    await emit(
        db,
        [happened(each, told(ApprovalWithdrawn, each), now, channel=asked[each.cart_id].channel) for each in ended],
        actor=actor,
    )


async def end(
    db: Connection, approvals: Sequence[Approval], state: ApprovalState, *, by: str, note: str, now: datetime
) -> None:
    """Note what became of approvals whose carts are locked."""
    await db.execute(
        "update approval set state = $2, decided_by = $3, note = $4, decided_at = $5 where id = any($1::uuid[])",
        [approval.id for approval in approvals],
        *(state, by, note, now),
    )


def told(kind: type[ApprovalPayload], approval: Approval, **more: UUID | None) -> ApprovalPayload:
    return kind(
        approval_id=approval.id,
        organisation_id=approval.organisation_id,
        total=approval.total,
        currency=approval.currency,
        **more,
    )


def happened(approval: Approval, payload: ApprovalPayload, now: datetime, *, channel: str | None = None) -> Happened:
    return Happened(
        payload=payload,
        subject=f"cart:{approval.cart_id}",
        occurred_at=now,
        customer_id=approval.organisation_id,
        channel=channel,
    )
