"""An organisation's approver is asked before something is bought on account, and their yes is the order.

The cart's lock holds everything in line: asking, changing the cart, approving and declining. Approving drafts the order
in the same transaction, under a key of the approval's own, so there is no approval without its order, nor two orders.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kupec.billing import proved_buyers
from kupec.customers import roles_of, roots
from kupec.kit.actor import Actor, customer, system
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.events import emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.signing import sign, unsign
from kupec.kit.versions import published
from kupec.sales.approval_models import (
    APPROVALS,
    Approval,
    ApprovalApproved,
    ApprovalDeclined,
    ApprovalExpired,
    ApprovalRequested,
    ApprovalState,
    SeenLine,
)
from kupec.sales.approval_rows import end, get_approval, happened, read_approvals, told, withdraw_approvals
from kupec.sales.cart_prices import price_cart
from kupec.sales.carts import lock_carts
from kupec.sales.drafts import withdraw_draft
from kupec.sales.errors import ApprovalDecided, CartClosed, CartIncomplete, NothingToApprove, TotalChanged
from kupec.sales.models import Cart, PricedCart
from kupec.sales.prepare import PrepareRequest, Standing, prepare

_PURPOSE = "approval"
_LONGEST_NOTE = 500


async def request_approval(
    db: Connection, cart_id: UUID, *, expected_total: int | None, actor: Actor, now: datetime
) -> Approval:
    """Ask the organisation's approvers about this cart; asked again about the same, it is the same question.

    `expected_total` is what the buyer saw, in minor units. Emits approval.requested. Raises NotFound, CartClosed,
    CartInPayment, CartIncomplete, TotalChanged, NothingToApprove.
    """
    cart = await _locked(db, cart_id)
    if cart.state != "open":
        raise CartClosed
    if cart.approval_id:
        known = await get_approval(db, cart.approval_id)
        if known.state == "asked" and known.total == expected_total:
            return known
    await withdraw_draft(db, cart_id, actor=actor, now=now)
    await withdraw_approvals(db, [cart], actor=actor, now=now)
    seen = await price_cart(db, cart_id, now=now)
    _check(seen, expected_total)
    approval = await _ask(db, seen, now)
    event = happened(approval, told(ApprovalRequested, approval, asked_by=approval.asked_by), now, channel=cart.channel)
    await emit(db, [event], actor=actor)
    return approval


def _check(seen: PricedCart, expected_total: int | None) -> None:
    if seen.problems:
        raise CartIncomplete(field=seen.problems[0].field, problem=seen.problems[0].message)
    if not seen.needs_approval:
        raise NothingToApprove
    if expected_total is not None and expected_total != seen.total:
        raise TotalChanged(field="expected_total", total=seen.total, currency=seen.currency)


async def _ask(db: Connection, seen: PricedCart, now: datetime) -> Approval:
    cart = seen.cart
    assert cart.customer_id is not None, "nobody else has an account"
    buyer = (await proved_buyers(db, [cart.id])).get(cart.id)
    valid_days = (await published(db, APPROVALS))[APPROVALS].valid_days
    approval = Approval(
        id=uuid7(),
        cart_id=cart.id,
        organisation_id=cart.customer_id,
        asked_by=buyer.person_id if buyer else None,
        total=seen.total,
        currency=seen.currency,
        seen=[SeenLine(sku=line.sku, name=line.name, quantity=line.quantity, total=line.total) for line in seen.lines],
        state="asked",
        order_id=None,
        decided_by=None,
        note="",
        asked_at=now,
        expires_at=now + timedelta(days=valid_days),
        decided_at=None,
    )
    await db.execute(
        "insert into approval (id, cart_id, organisation_id, asked_by, total, currency, seen, state, asked_at, "
        "expires_at) values ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, $9)",
        *(approval.id, approval.cart_id, approval.organisation_id, approval.asked_by, approval.total),
        *(approval.currency, [_plain(line) for line in approval.seen], now, approval.expires_at),
    )
    await db.execute("update cart set approval_id = $2 where id = $1", cart.id, approval.id)
    return approval


def _plain(line: SeenLine) -> dict[str, object]:
    return {"sku": line.sku, "name": line.name, "quantity": line.quantity, "total": line.total}


async def approve(
    db: Connection, approval_id: UUID, *, expected_total: int, hold_for: timedelta, actor: Actor, now: datetime
) -> Standing:
    """Say yes to what was seen for `expected_total`: the order is drafted, once, however often this is said.

    For the organisation's approvers, or the desk's "billing.write". The payment that the standing names is still to be
    settled: `Checkout.approve` does both. Emits approval.approved, checkout.prepared. Raises NotFound, Forbidden,
    ApprovalDecided, TotalChanged when it costs something else by now, and what `prepare` refuses; then the approval
    waits as before.
    """
    approval = await _in_hand(db, approval_id, actor)
    first = approval.state == "asked"
    if not first and approval.state != "approved":
        raise ApprovalDecided
    if first:
        await _check_again(db, approval, expected_total, now)
        await end(db, [approval], "approved", by=str(actor), note="", now=now)
        await db.execute("update approval set total = $2 where id = $1", approval_id, expected_total)
    key = f"approval:{approval_id}"
    request = PrepareRequest(
        cart_id=approval.cart_id,
        key=key,
        request_hash=hashlib.sha256(key.encode()).digest(),
        expected_total=expected_total if first else approval.total,
        provider="account",
        actor=actor,
    )
    [standing] = await prepare(db, [request], now=now, hold_for=hold_for)
    if isinstance(standing, KupecError):
        raise standing
    if first:
        await db.execute("update approval set order_id = $2 where id = $1", approval_id, standing.order_id)
        payload = ApprovalApproved(
            approval_id=approval_id,
            organisation_id=approval.organisation_id,
            total=expected_total,
            currency=approval.currency,
            order_id=standing.order_id,
        )
        await emit(db, [happened(approval, payload, now)], actor=actor)
    return standing


async def _check_again(db: Connection, approval: Approval, expected_total: int, now: datetime) -> None:
    if now >= approval.expires_at:
        raise ApprovalDecided
    seen = await price_cart(db, approval.cart_id, now=now)
    if seen.total != expected_total:
        raise TotalChanged(field="expected_total", total=seen.total, currency=seen.currency)


async def decline_approval(db: Connection, approval_id: UUID, *, note: str, actor: Actor, now: datetime) -> Approval:
    """Say no, with a reason that the buyer reads; the cart stays as it is and may be changed or asked about anew.

    For the organisation's approvers, or the desk's "billing.write". Emits approval.declined. Raises NotFound,
    Forbidden, ApprovalDecided, InvalidValue (note).
    """
    if not note.strip() or len(note) > _LONGEST_NOTE:
        raise InvalidValue(field="note", expected=_("a reason of at most 500 characters"))
    approval = await _in_hand(db, approval_id, actor)
    if approval.state != "asked":
        raise ApprovalDecided
    await db.execute("update cart set approval_id = null where id = $1", approval.cart_id)
    await end(db, [approval], "declined", by=str(actor), note=note.strip(), now=now)
    await emit(db, [happened(approval, told(ApprovalDeclined, approval), now)], actor=actor)
    return await get_approval(db, approval_id)


async def withdraw_approval(db: Connection, cart_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The buyer takes the question back. Emits approval.withdrawn; where nobody was asked, nothing happens.

    Raises NotFound, CartClosed, CartInPayment.
    """
    cart = await _locked(db, cart_id)
    if cart.state != "open":
        raise CartClosed
    await withdraw_draft(db, cart_id, actor=actor, now=now)
    await withdraw_approvals(db, [cart], actor=actor, now=now)


async def expire_approvals(db: Connection, now: datetime, limit: int) -> int:
    """End what nobody has decided in time; returns how many. Emits approval.expired."""
    rows = await db.fetch(
        """
        select a.id from approval a join cart on cart.id = a.cart_id
         where a.state = 'asked' and a.expires_at <= $1
         order by cart.id limit $2 for no key update of cart skip locked
        """,
        *(now, limit),
    )
    over = await read_approvals(db, "id = any($1::uuid[]) and state = 'asked'", [row["id"] for row in rows])
    await db.execute(
        "update cart set approval_id = null where id = any($1::uuid[])", [approval.cart_id for approval in over]
    )
    await end(db, over, "expired", by=str(system("approvals")), note="", now=now)
    events = [happened(approval, told(ApprovalExpired, approval), now) for approval in over]
    await emit(db, events, actor=system("approvals"))
    return len(over)


async def _locked(db: Connection, cart_id: UUID) -> Cart:
    cart = (await lock_carts(db, [cart_id])).get(cart_id)
    if cart is None:
        raise NotFound(what="cart")
    return cart


async def _in_hand(db: Connection, approval_id: UUID, actor: Actor) -> Approval:
    """The approval with its cart locked, for somebody who may decide."""
    approval = await get_approval(db, approval_id)
    actor.require_for(approval.organisation_id, "billing.write", role="approver")
    await _locked(db, approval.cart_id)
    return await get_approval(db, approval_id)


# --- who asks, who is asked ---------------------------------------------------------------------------


async def approvals_of(
    db: Connection, organisation_ids: Sequence[UUID], *, state: ApprovalState | None = None, limit: int = 50
) -> list[Approval]:
    """What the approvers of these organisations were asked, the latest first."""
    return await read_approvals(
        db,
        "organisation_id = any($1::uuid[]) and ($2::text is null or state = $2) order by asked_at desc, id desc "
        "limit $3",
        *(list(organisation_ids), state, limit),
    )


async def waiting_approvals(db: Connection, *, actor: Actor, limit: int = 100) -> list[Approval]:
    """What approvers have not decided yet, the oldest first. Needs "billing.read"."""
    actor.require("billing.read")
    return await read_approvals(db, "state = 'asked' order by asked_at, id limit $1", limit)


async def latest_approval(db: Connection, cart_id: UUID) -> Approval | None:
    """What became of the last time that an approver was asked about this cart."""
    found = await read_approvals(db, "cart_id = $1 order by asked_at desc, id desc limit 1", cart_id)
    return found[0] if found else None


def approval_token(secret: str, approval: Approval, person_id: UUID) -> str:
    """What the link in an approver's mail carries; it ends when the approval does."""
    return sign(secret, _PURPOSE, f"{approval.id.hex}{person_id.hex}", expires=approval.expires_at)


async def approver_from_token(db: Connection, secret: str, token: str, *, now: datetime) -> tuple[Approval, Actor]:
    """What is asked, and who is asked. Raises NotFound (a forged or old link), Forbidden (no approver by now)."""
    value = unsign(secret, _PURPOSE, token, now=now)
    if value is None or len(value) != 64:
        raise NotFound(what="approval")
    approval, person_id = await get_approval(db, UUID(hex=value[:32])), UUID(hex=value[32:])
    organisation_id = (await roots(db, [approval.organisation_id]))[approval.organisation_id]
    if ("approver", organisation_id) not in await roles_of(db, person_id):
        raise Forbidden(permission="approver")
    return approval, customer(person_id, [("approver", approval.organisation_id)])
