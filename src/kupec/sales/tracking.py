"""Where parcels are: what carriers say, by our asking or by theirs, and what has not come in time."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from kupec.customers import open_task
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.sales.carriers.protocol import TRACKING, Carrier, CarrierUnreachable, Step
from kupec.sales.delivery_events import ParcelLate, ParcelTracked
from kupec.sales.fulfilment import mark_delivered
from kupec.sales.models import Order
from kupec.sales.order_lock import locked_order, tell

PAUSE = timedelta(hours=2)
"""Between two questions about a parcel."""
_CARRIERS = system("carriers")
_DELIVERY = system("delivery")
_RANK: dict[str, int] = {state: rank for rank, state in enumerate(TRACKING)}
_WITHIN = timedelta(hours=8)
_AT_ONCE = 50
log = structlog.get_logger(__name__)


class ParcelStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a carrier said of a parcel."""

    fulfilment_id: UUID
    at: datetime
    state: str
    text: str


async def parcel_steps(db: Connection, order_id: UUID) -> list[ParcelStep]:
    """What carriers said of an order's parcels, the earliest first."""
    rows = await db.fetch(
        """
        select step.fulfilment_id, step.at, step.state, step.text
          from parcel_event step join fulfilment on fulfilment.id = step.fulfilment_id
         where fulfilment.order_id = $1 order by step.at, step.state
        """,
        order_id,
    )
    return [ParcelStep(**dict(row)) for row in rows]


async def record_steps(db: Connection, fulfilment_id: UUID, steps: Sequence[Step], *, now: datetime) -> bool:
    """Note what a carrier says of a parcel, in any order and any number of times; True when it got further.

    Its state only moves forward. Delivered becomes order.delivered, a parcel that comes back a task. Emits
    parcel.tracked when the state moves. What is said of a parcel that has not left is kept and changes nothing.
    """
    order_id = await db.fetchval("select order_id from fulfilment where id = $1", fulfilment_id)
    if order_id is None or not steps:
        return False
    order = await locked_order(db, order_id, "placed", "picking", "shipped", "delivered", "cancelled")
    parcel = next(parcel for parcel in order.fulfilments if parcel.id == fulfilment_id)
    await _keep(db, fulfilment_id, steps, now)
    furthest = max((step.state for step in steps), key=lambda state: _RANK[state])
    known = _RANK.get(parcel.tracking_state or "", -1)
    if parcel.state != "shipped" or _RANK[furthest] <= known:
        return False
    await db.execute("update fulfilment set tracking_state = $2 where id = $1", fulfilment_id, furthest)
    if furthest == "delivered":
        at = min(now, max(step.at for step in steps if step.state == "delivered"))
        await mark_delivered(db, fulfilment_id, actor=_CARRIERS, now=at)
        return True
    payload = ParcelTracked(number=order.number or "", fulfilment_id=fulfilment_id, state=furthest)
    await tell(db, order, payload, _CARRIERS, now)
    if furthest == "returned":
        await _came_back(db, order, fulfilment_id, now)
    return True


async def _keep(db: Connection, fulfilment_id: UUID, steps: Sequence[Step], now: datetime) -> None:
    await db.execute(
        """
        insert into parcel_event (fulfilment_id, at, state, text, recorded_at)
        select $1, at, state, text, $5 from unnest($2::timestamptz[], $3::text[], $4::text[]) as step (at, state, text)
            on conflict (fulfilment_id, at, state) do nothing
        """,
        fulfilment_id,
        [step.at.astimezone(UTC) for step in steps],
        [step.state for step in steps],
        [step.text[:200] for step in steps],
        now,
    )


async def _came_back(db: Connection, order: Order, fulfilment_id: UUID, now: datetime) -> None:
    await db.execute("update fulfilment set state = 'returned', check_at = null where id = $1", fulfilment_id)
    await open_task(
        db,
        key=f"parcel.returned:{fulfilment_id}",
        title=_("A parcel of order {number} came back undelivered"),
        details={"number": order.number},
        subject=f"order:{order.id}",
        customer_id=order.customer_id,
        due_at=now + _WITHIN,
        actor=_CARRIERS,
        now=now,
    )


async def parcel_by_reference(db: Connection, carrier: str, said: str) -> UUID | None:
    """The parcel that a carrier calls `said`, by its reference or its tracking number."""
    found: UUID | None = await db.fetchval(
        """
        select fulfilment_id from parcel_label where carrier = $1 and (reference = $2 or number = $2) and state = 'made'
        """,
        carrier,
        said,
    )
    return found


async def tracking_round(database: Database, carriers: Mapping[str, Carrier], *, now: datetime) -> int:
    """Ask carriers about parcels whose time it is; returns how many were asked about.

    Claimed in one short transaction, asked with none open, written in one each.
    """
    async with database.transaction(quiet=True) as db:
        rows = await db.fetch(
            """
            update fulfilment f set check_at = $1::timestamptz + $2::interval
              from parcel_label label
             where label.fulfilment_id = f.id and label.state = 'made' and f.id = any(array(
                       select id from fulfilment where check_at <= $1 and state = 'shipped'
                        order by check_at limit $3 for update skip locked))
            returning f.id, label.carrier, label.reference
            """,
            now,
            PAUSE,
            _AT_ONCE,
        )
    asked: dict[str, dict[str, UUID]] = defaultdict(dict)
    for row in rows:
        asked[row["carrier"]][row["reference"]] = row["id"]
    for name, references in asked.items():
        await _ask(database, carriers.get(name), references, now)
    return len(rows)


async def _ask(database: Database, carrier: Carrier | None, references: Mapping[str, UUID], now: datetime) -> None:
    if carrier is None:
        return
    try:
        said = await carrier.track(list(references))
    except CarrierUnreachable as error:
        log.warning("tracking.unreachable", carrier=carrier.name, reason=error.message)
        return
    for reference, steps in said.items():
        async with database.transaction() as db:
            await record_steps(db, references[reference], steps, now=now)


class CarrierNotice(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a carrier's webhook: one thing that happened to one parcel. See docs/carriers.md."""

    number: str
    state: str
    at: datetime
    text: str = ""


async def take_notice(db: Connection, carrier: str, body: bytes, *, now: datetime) -> bool:
    """Act upon a verified webhook; False when it is of a parcel or a state that we do not know."""
    notice = msgspec.json.decode(body, type=CarrierNotice)
    fulfilment_id = await parcel_by_reference(db, carrier, notice.number)
    if fulfilment_id is None or notice.state not in _RANK or notice.at.tzinfo is None:
        return False
    step = msgspec.convert({"at": notice.at, "state": notice.state, "text": notice.text}, Step)
    await record_steps(db, fulfilment_id, [step], now=now)
    return True


_LATE = """
select f.id, f.order_id, o.number, o.customer_id, o.channel, f.promised_on
  from fulfilment f join sales_order o on o.id = f.order_id
 where f.state = any(array['picking', 'transfer', 'shipped']) and f.promised_on < $1 and f.late_at is null
 order by f.promised_on, f.id limit $2 for no key update of f skip locked
"""


async def call_late(db: Connection, now: datetime, limit: int) -> int:
    """A task for staff, once for each parcel whose promised day has passed (in UTC) without its arrival.

    Emits parcel.late. Returns how many were late.
    """
    rows = await db.fetch(_LATE, now.astimezone(UTC).date(), limit)
    await db.execute("update fulfilment set late_at = $2 where id = any($1::uuid[])", [row["id"] for row in rows], now)
    for row in rows:
        await _call(db, dict(row), now)
    return len(rows)


async def _call(db: Connection, late: dict[str, Any], now: datetime) -> None:
    payload = ParcelLate(number=late["number"] or "", fulfilment_id=late["id"], promised_on=late["promised_on"])
    event = Happened(
        payload=payload,
        subject=f"order:{late['order_id']}",
        occurred_at=now,
        customer_id=late["customer_id"],
        channel=late["channel"],
    )
    await emit(db, [event], actor=_DELIVERY)
    await open_task(
        db,
        key=f"parcel.late:{late['id']}",
        title=_("A parcel of order {number} has not arrived on the promised day"),
        details={"number": late["number"], "promised_on": late["promised_on"].isoformat()},
        subject=f"order:{late['order_id']}",
        customer_id=late["customer_id"],
        due_at=now + _WITHIN,
        actor=_DELIVERY,
        now=now,
    )


async def late_parcels(db: Connection, *, now: datetime, limit: int = 200) -> list[dict[str, Any]]:
    """Parcels whose promised day has passed, the longest waiting first, for the desk."""
    rows = await db.fetch(
        """
        select f.id, f.order_id, o.number, o.name, o.shipping_name, f.state, f.promised_on, f.carrier,
               f.tracking_number, f.tracking_url, f.tracking_state, coalesce(place.name, '') as location
          from fulfilment f join sales_order o on o.id = f.order_id
          left join location place on place.id = f.location_id
         where f.state = any(array['picking', 'transfer', 'shipped']) and f.promised_on < $1
         order by f.promised_on, o.number limit $2
        """,
        now.astimezone(UTC).date(),
        limit,
    )
    return [dict(row) for row in rows]
