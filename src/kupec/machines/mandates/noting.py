"""What came of a purchase is noted once: an order, or a failure that gives the budget back and calls somebody."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from kupec.customers import open_task
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.machines.mandates.claiming import LEASE, about_purchase, actor_of
from kupec.machines.mandates.errors import PurchaseDecided
from kupec.machines.mandates.events import PurchaseCancelled, PurchaseFailed, PurchasePlaced
from kupec.machines.mandates.models import Purchase
from kupec.machines.mandates.rows import CHANNEL, get_purchase, lock_purchase, read_purchases, tell
from kupec.sales import cancel_cart, get_cart, withdraw_drafts

_WITHIN: Final = timedelta(hours=24)
# An order that cannot be paid for wants a person, whatever the bank calls it.
_UNPAID: Final = frozenset({"card_gone", "credit_exceeded", "account_stopped"})


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a try at the checkout: an order, or the code of what is in the way; undecided while nobody knows."""

    order_id: UUID | None = None
    reason: str = ""
    fields: dict[str, Any] = {}
    unpaid: bool = False
    """It is the payment that is in the way."""
    undecided: bool = False

    @property
    def decided(self) -> bool:
        return not self.undecided


async def note_own(db: Connection, seen: Purchase, outcome: Outcome, *, now: datetime) -> Purchase:
    """Write what came of a try in this shop; one that was noted already, or is another try by now, is left alone.

    Emits purchase.placed, or purchase.failed with a task where a person is wanted.
    """
    purchase = await lock_purchase(db, seen.id)
    if purchase.state != "claimed" or purchase.attempt != seen.attempt:
        return purchase
    actor = actor_of(purchase.machine_id)
    if outcome.order_id is not None:
        return await _placed(db, purchase, order_id=outcome.order_id, actor=actor, now=now)
    await _let_go_of_cart(db, purchase, actor, now)
    failed = await _failed(db, purchase, outcome.reason, outcome.fields, actor=actor, now=now)
    if outcome.unpaid or outcome.reason in _UNPAID:
        await call_about(db, failed, actor=actor, now=now)
    return failed


async def note_purchase(
    db: Connection,
    purchase_id: UUID,
    *,
    state: Literal["placed", "failed", "cancelled"],
    foreign_order: str | None = None,
    reason: str | None = None,
    reason_fields: dict[str, Any] | None = None,
    total: int | None = None,
    given_back: int | None = None,
    actor: Actor | None = None,
    now: datetime,
) -> Purchase:
    """What came of a purchase at another seller: "placed" (`foreign_order` is what they call it, `total` what it came
    to), "failed" (`reason`; the budget is free again), "cancelled" after it was placed. Noting the same twice is once;
    `given_back` is all that the seller has given back so far, in minor units, and may be noted again.

    Emits purchase.placed, purchase.failed, purchase.cancelled. Raises NotFound, PurchaseDecided.
    """
    purchase = await lock_purchase(db, purchase_id)
    by = actor or actor_of(purchase.machine_id)
    if given_back is not None:
        await db.execute("update purchase set given_back = $2 where id = $1", purchase_id, given_back)
    if purchase.state == state:
        return await get_purchase(db, purchase_id)
    allowed = {"placed": ("claimed",), "failed": ("claimed",), "cancelled": ("placed",)}[state]
    if purchase.state not in allowed:
        raise PurchaseDecided
    if total is not None:
        await db.execute("update purchase set total = $2 where id = $1", purchase_id, total)
    if state == "placed":
        return await _placed(db, purchase, foreign_order=foreign_order, actor=by, now=now)
    if state == "failed":
        return await _failed(db, purchase, reason or "seller_failed", reason_fields or {}, actor=by, now=now)
    await db.execute("update purchase set state = 'cancelled', reason = $2 where id = $1", purchase_id, reason)
    told = PurchaseCancelled(**about_purchase(purchase))
    await tell(db, f"purchase:{purchase_id}", purchase.party_id, [told], actor=by, now=now)
    return await get_purchase(db, purchase_id)


async def claimed_elsewhere(db: Connection, *, limit: int = 50, now: datetime) -> list[Purchase]:
    """What is claimed at other sellers and nobody has in hand: agreed to by its owner, or left by a process that died.

    They are the caller's for three quarters of a minute, then whoever asks next has them.
    """
    rows = await db.fetch(
        """
        update purchase set next_try_at = $2 where id in (
            select id from purchase where next_try_at <= $1 and state = 'claimed' and seller <> 'own'
             order by next_try_at, id limit $3 for no key update skip locked)
        returning id
        """,
        *(now, now + LEASE, limit),
    )
    return await read_purchases(db, "where p.id = any($1::uuid[])", [row["id"] for row in rows])


async def _placed(
    db: Connection,
    purchase: Purchase,
    *,
    order_id: UUID | None = None,
    foreign_order: str | None = None,
    actor: Actor,
    now: datetime,
) -> Purchase:
    await db.execute(
        "update purchase set state = 'placed', order_id = $2, foreign_order = $3, decided_at = $4, next_try_at = null, "
        "reason = null, reason_fields = '{}' where id = $1",
        *(purchase.id, order_id, foreign_order, now),
    )
    written = await get_purchase(db, purchase.id)
    told = PurchasePlaced(**about_purchase(written), order_id=order_id, number=written.order_number)
    await tell(db, f"purchase:{purchase.id}", purchase.party_id, [told], actor=actor, now=now)
    return written


async def _failed(
    db: Connection, purchase: Purchase, reason: str, fields: dict[str, Any], *, actor: Actor, now: datetime
) -> Purchase:
    await db.execute(
        "update purchase set state = 'failed', reason = $2, reason_fields = $3, decided_at = $4, next_try_at = null "
        "where id = $1",
        *(purchase.id, reason, fields, now),
    )
    told = PurchaseFailed(**about_purchase(purchase), reason=reason)
    await tell(db, f"purchase:{purchase.id}", purchase.party_id, [told], actor=actor, now=now)
    return await get_purchase(db, purchase.id)


async def call_about(db: Connection, purchase: Purchase, *, actor: Actor, now: datetime) -> None:
    """A task for whoever looks after this customer, since only a person can mend it: one a machine, reason and day."""
    await open_task(
        db,
        key=f"purchase.failed:{purchase.machine_id}:{purchase.reason}:{now.date()}",
        title=_("A machine's purchase could not be paid: {code}"),
        details={"code": purchase.reason},
        subject=f"machine:{purchase.machine_id}",
        customer_id=purchase.party_id,
        due_at=now + _WITHIN,
        actor=actor,
        now=now,
    )


async def _let_go_of_cart(db: Connection, purchase: Purchase, actor: Actor, now: datetime) -> None:
    """The cart that was made for it is closed; one that was given stays its machine's, without the draft."""
    if purchase.cart_id is None:
        return
    cart = await get_cart(db, purchase.cart_id)
    if cart.state != "open":
        return
    if cart.channel == CHANNEL:
        await cancel_cart(db, cart.id, actor=actor, now=now)
    else:
        await withdraw_drafts(db, [cart.id], actor=actor, now=now)
