"""Service of what customers have: when it is due, which days are free, and the day that is agreed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from kupec.customers import cancel_task, finish_task, open_task, roots
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.signing import sign, unsign
from kupec.kit.versions import published
from kupec.sales.delivery import is_working_day
from kupec.sales.errors import DayFull
from kupec.sales.owned import OWNED_COLUMNS, get_owned, lock_owned, tell
from kupec.sales.owned_events import ServiceBooked, ServiceCancelled, ServiceDone, ServiceDue
from kupec.sales.owned_models import SERVICING, Owned, Servicing

_SALES = system("sales")
_TASK = _("Service of {product}")
_AT = time(9)
EXPECTED = (_("a day that is free"), _("a day that has come"))

# Taking a place and knowing that there is one are one statement: two who want the last place never both get it.
_TAKE = """
insert into service_day (day, booked) values ($1, 1)
    on conflict (day) do update set booked = service_day.booked + 1 where service_day.booked < $2
returning booked
"""


async def services_due(db: Connection, *, now: datetime, ahead_days: int, limit: int = 200) -> list[Owned]:
    """What should have its service within so many days and has none booked, the most urgent first."""
    rows = await db.fetch(
        f"""
        select {OWNED_COLUMNS} from owned_product owned
         where removed_at is null and next_service_on <= $1
           and not exists (select from service_booking where owned_id = owned.id and state = 'booked')
         order by next_service_on, id limit $2
        """,  # noqa: S608
        now.date() + timedelta(days=ahead_days),
        limit,
    )
    return to_structs(Owned, rows)


async def notice_services(db: Connection, now: datetime, limit: int) -> int:
    """Say of at most `limit` pieces that their service is near, once for each due day. Emits service.due."""
    rules = (await published(db, SERVICING))[SERVICING]
    rows = await db.fetch(
        """
        update owned_product set told_of = next_service_on
         where id in (
            select id from owned_product owned
             where removed_at is null and next_service_on <= $1 and told_of is distinct from next_service_on
               and not exists (select from service_booking where owned_id = owned.id and state = 'booked')
             order by next_service_on, id limit $2 for update skip locked)
        returning id, party_id, next_service_on
        """,
        _today(rules, now) + timedelta(days=rules.notice_days),
        limit,
    )
    owners = await roots(db, {row["party_id"] for row in rows})
    happened = [
        Happened(
            payload=ServiceDue(owned_id=row["id"], due_on=row["next_service_on"]),
            subject=f"owned:{row['id']}",
            customer_id=owners[row["party_id"]],
            occurred_at=now,
        )
        for row in rows
    ]
    await emit(db, happened, actor=_SALES)
    return len(rows)


async def free_days(db: Connection, *, now: datetime, limit: int = 10) -> list[date]:
    """The next working days on which a service can still be booked."""
    rules = (await published(db, SERVICING))[SERVICING]
    possible = bookable_days(rules, _today(rules, now))
    rows = await db.fetch(
        "select day from service_day where day = any($1::date[]) and booked >= $2", possible, rules.services_per_day
    )
    full = {row["day"] for row in rows}
    return [day for day in possible if day not in full][:limit]


def bookable_days(rules: Servicing, today: date) -> list[date]:
    """Working days between the first and the last one that may be booked, whether they are full or not."""
    days = [today + timedelta(days=ahead) for ahead in range(rules.earliest_days, rules.days_ahead + 1)]
    return [day for day in days if is_working_day(day, rules.country)]


def _today(rules: Servicing, now: datetime) -> date:
    return now.astimezone(ZoneInfo(rules.timezone)).date()


async def book_service(db: Connection, owned_id: UUID, day: date, *, actor: Actor, now: datetime) -> Owned:
    """Agree on a day for its service, or move the one that is agreed. Opens a task for the desk.

    The owner does it, a buyer of their organisation, or the desk with "customers.write". Never more services than a
    day takes, under any interleaving; the same day again changes nothing. Raises NotFound, InvalidValue (a day that
    cannot be booked), DayFull. Emits service.booked.
    """
    owned = await lock_owned(db, owned_id)
    actor.require_for(owned.party_id, "customers.write", role="buyer")
    if owned.booked_on == day:
        return owned
    rules = (await published(db, SERVICING))[SERVICING]
    if day not in bookable_days(rules, _today(rules, now)):
        raise InvalidValue(field="day", expected="a day that is free")
    before = await _open_booking(db, owned_id)
    if before is not None:
        await _close(db, before[0], before[1], "cancelled", now=now)
    await _move_places(db, taken=day, given_back=before[1] if before else None, most=rules.services_per_day)
    booking_id = uuid7()
    await db.execute(
        "insert into service_booking (id, owned_id, day, booked_at) values ($1, $2, $3, $4)",
        *(booking_id, owned_id, day, now),
    )
    payload = ServiceBooked(owned_id=owned_id, booking_id=booking_id, day=day, before=before[1] if before else None)
    await tell(db, owned, payload, actor=actor, now=now)
    await open_task(
        db,
        key=f"service:{booking_id}",
        title=_TASK,
        details={"product": owned.name, "serial_number": owned.serial_number or ""},
        subject=f"owned:{owned_id}",
        customer_id=owned.party_id,
        due_at=datetime.combine(day, _AT, ZoneInfo(rules.timezone)).astimezone(UTC),
        actor=_SALES,
        now=now,
    )
    return await get_owned(db, owned_id)


async def _move_places(db: Connection, *, taken: date, given_back: date | None, most: int) -> None:
    """Days are locked in their order, so that two who change places never wait for each other in a ring."""
    for day in sorted({taken, *([given_back] if given_back else [])}):
        if day == taken and await db.fetchval(_TAKE, day, most) is None:
            raise DayFull(day=day.isoformat())
        if day == given_back:
            await db.execute("update service_day set booked = booked - 1 where day = $1", day)


async def cancel_service(db: Connection, owned_id: UUID, *, actor: Actor, now: datetime) -> Owned:
    """Give the agreed day back. Rights as `book_service`. Raises NotFound when none is. Emits service.cancelled."""
    owned = await lock_owned(db, owned_id)
    actor.require_for(owned.party_id, "customers.write", role="buyer")
    booking = await _open_booking(db, owned_id)
    if booking is None:
        raise NotFound(what="booking")
    booking_id, day = booking
    await _close(db, booking_id, day, "cancelled", now=now)
    await db.execute("update service_day set booked = booked - 1 where day = $1", day)
    await tell(db, owned, ServiceCancelled(owned_id=owned_id, booking_id=booking_id, day=day), actor=actor, now=now)
    return await get_owned(db, owned_id)


async def done_service(db: Connection, owned_id: UUID, day: date, *, actor: Actor, now: datetime) -> Owned:
    """It had its service on that day; the next one is due an interval later. Needs "customers.write".

    A booking and its task are closed. Raises NotFound, and InvalidValue for a day to come. Emits service.done.
    """
    actor.require("customers.write")
    owned = await lock_owned(db, owned_id)
    rules = (await published(db, SERVICING))[SERVICING]
    if not date(1900, 1, 1) <= day <= _today(rules, now):
        raise InvalidValue(field="day", expected="a day that has come")
    booking = await _open_booking(db, owned_id)
    if booking is not None:
        await _close(db, booking[0], booking[1], "done", now=now)
    every = owned.service_interval_days
    next_on = day + timedelta(days=every) if every else None
    await db.execute(
        "update owned_product set last_service_on = $2, next_service_on = $3 where id = $1", owned_id, day, next_on
    )
    await tell(db, owned, ServiceDone(owned_id=owned_id, day=day, next_on=next_on), actor=actor, now=now)
    return await get_owned(db, owned_id)


async def _open_booking(db: Connection, owned_id: UUID) -> tuple[UUID, date] | None:
    row = await db.fetchrow("select id, day from service_booking where owned_id = $1 and state = 'booked'", owned_id)
    return (row["id"], row["day"]) if row else None


async def _close(db: Connection, booking_id: UUID, day: date, state: str, *, now: datetime) -> None:
    await db.execute("update service_booking set state = $2, closed_at = $3 where id = $1", booking_id, state, now)
    task_id = await db.fetchval("select id from task where key = $1 and done_at is null", f"service:{booking_id}")
    if task_id is None:
        return
    if state == "done":
        await finish_task(db, task_id, day.isoformat(), actor=_SALES, now=now)
    else:
        await cancel_task(db, task_id, actor=_SALES, now=now)


def service_token(secret: str, owned_id: UUID) -> str:
    """For the link by which an owner books, moves and cancels."""
    return sign(secret, "service-booking", str(owned_id))


def owned_from_token(secret: str, token: str, *, now: datetime) -> UUID | None:
    """None for a link that is not ours."""
    value = unsign(secret, "service-booking", token, now=now)
    return UUID(value) if value else None


async def booked_services(db: Connection, *, since: date, limit: int = 200) -> Sequence[Owned]:
    """What is booked from that day on, by day."""
    rows = await db.fetch(
        f"""
        select {OWNED_COLUMNS} from service_booking booking join owned_product owned on owned.id = booking.owned_id
         where booking.state = 'booked' and booking.day >= $1 order by booking.day, booking.booked_at limit $2
        """,  # noqa: S608
        since,
        limit,
    )
    return to_structs(Owned, rows)
