"""Orders at other sellers as rows: wanted with the claim, tried, placed or failed."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kupec.customers import open_task
from kupec.kit.db import Connection, to_struct
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.machines.mandates import Purchase, get_purchase, note_purchase
from kupec.machines.sourcing.answers import Session
from kupec.machines.sourcing.events import SupplierOvercharged
from kupec.machines.sourcing.models import ForeignOrder, Offer
from kupec.machines.sourcing.rules import SOURCING
from kupec.machines.sourcing.suppliers import ACTOR, get_supplier, pause_supplier

FIELDS: Final = ", ".join(ForeignOrder.__struct_fields__)
_WITHIN: Final = timedelta(hours=24)


async def get_foreign(db: Connection, purchase_id: UUID) -> ForeignOrder | None:
    """The order that a purchase is at another seller. Checks no permission."""
    row = await db.fetchrow(f"select {FIELDS} from foreign_order where purchase_id = $1", purchase_id)  # noqa: S608
    return to_struct(ForeignOrder, row) if row is not None else None


async def add_foreign(db: Connection, purchase: Purchase, offer: Offer, *, now: datetime) -> bool:
    """Write with the claim where it is to be ordered; False where that was written before."""
    done = await db.fetchval(
        """
        insert into foreign_order (purchase_id, supplier_id, party_id, session_id, agreed_total, currency, promised_at,
                                   created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning true
        """,
        *(purchase.id, offer.supplier_id, purchase.party_id, offer.session_id, offer.total, offer.currency),
        *(offer.promised_at, now),
    )
    return bool(done)


async def renew_session(db: Connection, purchase_id: UUID, session_id: str) -> None:
    """The session it is ordered in, where the first is over and was never tried."""
    await db.execute(
        "update foreign_order set session_id = $2 where purchase_id = $1 and completing_since is null",
        *(purchase_id, session_id),
    )


async def note_trying(db: Connection, purchase_id: UUID, *, now: datetime) -> None:
    """From now on it may have been ordered there."""
    await db.execute(
        "update foreign_order set completing_since = coalesce(completing_since, $2) where purchase_id = $1",
        *(purchase_id, now),
    )


async def note_placed(db: Connection, purchase: Purchase, session: Session, *, now: datetime) -> Purchase:
    """The seller has taken the order. One that costs more than was agreed is written as what it costs, its seller is
    paused, and somebody is called. Emits purchase.placed; supplier.overcharged, supplier.paused.
    """
    assert session.order is not None, "the caller has looked"
    hours = (await published(db, SOURCING))[SOURCING].look_hours
    foreign = await db.fetchrow(
        f"""
        update foreign_order set state = 'placed', order_id = $2, permalink = $3, placed_total = $4, placed_at = $5,
               next_look_at = $6
        where purchase_id = $1 and state = 'wanted' returning {FIELDS}
        """,  # noqa: S608 - columns of ours
        *(purchase.id, session.order.id, _link(session.order.permalink_url), session.total, now),
        now + timedelta(hours=hours[0]),
    )
    if foreign is None:
        return await get_purchase(db, purchase.id)
    order = to_struct(ForeignOrder, foreign)
    if order.overcharged or session.currency != order.currency:
        await _report(db, order, now=now)
    return await note_purchase(
        db, purchase.id, state="placed", foreign_order=session.order.id, total=session.total, now=now
    )


async def note_failed(
    db: Connection, purchase: Purchase, reason: str, fields: dict[str, Any], *, now: datetime
) -> Purchase:
    """It was not ordered there; where that is not certain, somebody is called. Emits purchase.failed."""
    done = await db.fetchval(
        "update foreign_order set state = 'failed', ended_at = $2 where purchase_id = $1 and state = 'wanted' "
        "returning true",
        *(purchase.id, now),
    )
    if not done:
        return await get_purchase(db, purchase.id)
    if reason == "seller_silent":
        title = _("{host} does not say whether it has taken an order of a machine")
        await _call(db, f"sourcing silent {purchase.id}", title, purchase.seller, purchase.party_id, purchase.id, now)
    return await note_purchase(db, purchase.id, state="failed", reason=reason, reason_fields=fields, now=now)


async def _report(db: Connection, order: ForeignOrder, *, now: datetime) -> None:
    supplier = await get_supplier(db, order.supplier_id)
    payload = SupplierOvercharged(
        purchase_id=order.purchase_id,
        agreed_total=order.agreed_total,
        placed_total=order.placed_total or 0,
        currency=order.currency,
    )
    subject = f"supplier:{supplier.id}"
    happened = Happened(payload=payload, subject=subject, occurred_at=now, customer_id=order.party_id)
    await emit(db, [happened], actor=ACTOR)
    await pause_supplier(db, supplier.id, reason="overcharged", actor=ACTOR, now=now)
    title = _("{host} has sold to a machine for more than it had said")
    await _call(
        db, f"sourcing overcharged {order.purchase_id}", title, supplier.host, order.party_id, order.purchase_id, now
    )


async def _call(
    db: Connection, key: str, title: str, host: str, party_id: UUID, purchase_id: UUID, now: datetime
) -> None:
    await open_task(
        db,
        key=key,
        title=title,
        details={"host": host},
        subject=f"purchase:{purchase_id}",
        customer_id=party_id,
        due_at=now + _WITHIN,
        actor=ACTOR,
        now=now,
    )


def _link(url: str | None) -> str | None:
    """An address that may be shown as a link."""
    if url is None or len(url) > 1000 or not url.isprintable() or not url.startswith(("https://", "http://")):
        return None
    return url
