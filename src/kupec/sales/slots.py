"""Delivery slots: windows of a day, opened ahead, each booked by no more orders than it takes.

A booking lives and dies with its order: made when the order is drafted, given up when the draft or the order is.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.kit.db import Connection, to_structs
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.sales.delivery import is_working_day
from kupec.sales.errors import SlotFull
from kupec.sales.shipping import SHIPPING
from kupec.sales.shipping_models import Method, Window


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A window: `day`, `starts` and `ends` as the customer's clock shows them."""

    id: UUID
    method: str
    day: date
    starts: time
    ends: time
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    capacity: int
    booked: int

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.booked)


_COLUMNS = "id, method, day, starts, ends, starts_at, ends_at, closes_at, capacity, booked"


async def open_slots(db: Connection, method: str, *, now: datetime, limit: int = 100) -> list[Slot]:
    """Windows of a way of delivery that may still be booked, the earliest first."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from delivery_slot
         where method = $1 and closes_at > $2 and booked < capacity order by starts_at limit $3
        """,  # noqa: S608
        method,
        now,
        limit,
    )
    return to_structs(Slot, rows)


async def slots_by_ids(db: Connection, slot_ids: Sequence[UUID]) -> dict[UUID, Slot]:
    """Those that exist, full and past ones too."""
    rows = await db.fetch(f"select {_COLUMNS} from delivery_slot where id = any($1::uuid[])", slot_ids)  # noqa: S608
    return {row["id"]: Slot(**dict(row)) for row in rows}


async def hold_slots(
    db: Connection,
    bookings: Sequence[tuple[UUID, UUID]],
    *,
    methods: Mapping[UUID, str] | None = None,
    now: datetime | None = None,
) -> dict[UUID, SlotFull]:
    """Book (order, slot) pairs, in their order; returns by order those that got no place.

    Rows are locked in the order of their ids. A slot that is unknown, full, closed at `now`, or of another way of
    delivery than `methods` says of the order gives SlotFull; an order that already has its place keeps it. Never more
    orders than the slot takes, under any interleaving.
    """
    if not bookings:
        return {}
    slot_ids = sorted({slot_id for _, slot_id in bookings})
    await db.execute(
        "select from delivery_slot where id = any($1::uuid[]) order by id for no key update",
        slot_ids,
    )
    # A statement of its own: only one that begins after the locks were granted sees what their former owner booked.
    slots = await slots_by_ids(db, slot_ids)
    kept = await db.fetch(
        "select order_id, slot_id from slot_booking where order_id = any($1::uuid[])",
        [order_id for order_id, _ in bookings],
    )
    known = {row["order_id"]: row["slot_id"] for row in kept}
    free = {slot.id: slot.free for slot in slots.values() if now is None or slot.closes_at > now}
    refused: dict[UUID, SlotFull] = {}
    taken: list[tuple[UUID, UUID]] = []
    for order_id, slot_id in bookings:
        if known.get(order_id) == slot_id:
            continue
        foreign = methods is not None and slot_id in slots and slots[slot_id].method != methods.get(order_id)
        if foreign or free.get(slot_id, 0) < 1:
            refused[order_id] = SlotFull(field="slot_id")
            continue
        free[slot_id] -= 1
        taken.append((order_id, slot_id))
    await _book(db, taken)
    return refused


async def _book(db: Connection, taken: Sequence[tuple[UUID, UUID]]) -> None:
    if taken:
        await db.execute(
            """
            with booking as (
                insert into slot_booking (order_id, slot_id) select * from unnest($1::uuid[], $2::uuid[])
                returning slot_id
            ), total as (select slot_id, count(*)::int as orders from booking group by slot_id)
            update delivery_slot set booked = booked + total.orders from total where id = total.slot_id
            """,
            [order_id for order_id, _ in taken],
            [slot_id for _, slot_id in taken],
        )


async def release_slots(db: Connection, order_ids: Sequence[UUID]) -> None:
    """Give up the places of these orders; nothing happens to those without one."""
    if not order_ids:
        return
    await db.execute(
        """
        select from delivery_slot
         where id in (select slot_id from slot_booking where order_id = any($1::uuid[]))
         order by id for no key update
        """,
        order_ids,
    )
    await db.execute(
        """
        with gone as (delete from slot_booking where order_id = any($1::uuid[]) returning slot_id),
             total as (select slot_id, count(*)::int as orders from gone group by slot_id)
        update delivery_slot set booked = booked - total.orders from total where id = total.slot_id
        """,
        order_ids,
    )


async def promise_slot_days(db: Connection, order_ids: Sequence[UUID]) -> None:
    """What these orders have booked is the day they are promised for."""
    await db.execute(
        """
        update sales_order o set promised_on = slot.day
          from slot_booking booking join delivery_slot slot on slot.id = booking.slot_id
         where o.id = booking.order_id and o.id = any($1::uuid[])
        """,
        order_ids,
    )


async def open_slots_ahead(db: Connection, now: datetime, _limit: int) -> int:
    """Open the windows of the days to come, as the published deliveries say; returns how many are new.

    A changed capacity takes effect on windows that are open already, never below what is booked; a window that
    is no longer offered takes no more orders. Repeating it changes nothing.
    """
    methods = [method for method in (await published(db, SHIPPING))[SHIPPING].methods if method.kind == "slot"]
    wanted = [slot for method in methods if method.active for slot in _windows(method, now)]
    # As bookings do: in the order of ids, before anything changes.
    await db.execute("select from delivery_slot where starts_at > $1 order by id for no key update", now)
    await _close_missing(db, wanted, now)
    return await _insert(db, wanted)


def _windows(method: Method, now: datetime) -> Iterator[Slot]:
    zone = ZoneInfo(method.timezone)
    today = now.astimezone(zone).date()
    for ahead in range(method.slot_days + 1):
        day = today + timedelta(days=ahead)
        for window in method.windows if is_working_day(day, method.origin_country, weekends=True) else ():
            if window.weekday == day.weekday():
                yield _slot(method, window, day, zone)


def _slot(method: Method, window: Window, day: date, zone: ZoneInfo) -> Slot:
    starts_at = datetime.combine(day, window.starts, zone).astimezone(UTC)
    return Slot(
        id=uuid7(),
        method=method.code,
        day=day,
        starts=window.starts,
        ends=window.ends,
        starts_at=starts_at,
        ends_at=datetime.combine(day, window.ends, zone).astimezone(UTC),
        closes_at=starts_at - timedelta(hours=method.slot_closes_hours),
        capacity=window.capacity,
        booked=0,
    )


async def _insert(db: Connection, slots: Sequence[Slot]) -> int:
    rows = await db.fetch(
        """
        insert into delivery_slot as s (id, method, day, starts, ends, starts_at, ends_at, closes_at, capacity)
        select * from unnest($1::uuid[], $2::text[], $3::date[], $4::time[], $5::time[], $6::timestamptz[],
                             $7::timestamptz[], $8::timestamptz[], $9::int[])
         order by 2, 6
            on conflict (method, starts_at) do update
               set ends = excluded.ends, ends_at = excluded.ends_at, closes_at = excluded.closes_at,
                   capacity = excluded.capacity
             where (s.ends_at, s.closes_at, s.capacity)
                   is distinct from (excluded.ends_at, excluded.closes_at, excluded.capacity)
        returning xmax = '0'::xid as is_new
        """,
        [slot.id for slot in slots],
        [slot.method for slot in slots],
        [slot.day for slot in slots],
        [slot.starts for slot in slots],
        [slot.ends for slot in slots],
        [slot.starts_at for slot in slots],
        [slot.ends_at for slot in slots],
        [slot.closes_at for slot in slots],
        [slot.capacity for slot in slots],
    )
    return sum(row["is_new"] for row in rows)


async def _close_missing(db: Connection, wanted: Sequence[Slot], now: datetime) -> None:
    await db.execute(
        """
        update delivery_slot set capacity = 0
         where starts_at > $1 and capacity > 0
           and not exists (select from unnest($2::text[], $3::timestamptz[]) as kept (method, starts_at)
                            where kept.method = delivery_slot.method and kept.starts_at = delivery_slot.starts_at)
        """,
        now,
        [slot.method for slot in wanted],
        [slot.starts_at for slot in wanted],
    )
