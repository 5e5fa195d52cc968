"""What customers have, and its service: from delivered orders, told, noticed once, booked under a lock."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from kupec.customers import Contact, add_alias, identify, list_tasks
from kupec.kit.actor import Actor, customer, system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.events import COLUMNS, Event
from kupec.kit.versions import publish_new
from kupec.sales import (
    SERVICING,
    DayFull,
    Kept,
    NewOwned,
    Owned,
    Servicing,
    add_owned,
    book_service,
    cancel_service,
    change_owned,
    done_service,
    free_days,
    get_owned,
    mark_delivered,
    notice_services,
    owned_from_token,
    owned_of,
    remove_owned,
    service_token,
    services_due,
    servicing,
    ship,
    start_picking,
)
from kupec.sales.owned_from_orders import keep_delivered, months_on
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON

__all__ = ["gateway", "session_gateway", "shop"]

STAFF = Actor(kind="staff", id="1", permissions=frozenset({"orders.write", "customers.write", "tasks.write"}))
BOUGHT = date(2025, 3, 10)
MACHINE = NewOwned(name="  Kávovar   Linea ", serial_number="LM-1", bought_on=BOUGHT, service_interval_days=365)
THURSDAY = date(2026, 3, 12)


async def person(db: Connection, email: str = "jana@example.com") -> UUID:
    contact = Contact(email=email, name="Jana Nová", language="cs")
    (party_id,) = await identify(db, [contact], now=NOON, actor=system("setup"))
    return party_id


async def machine(db: Connection, new: NewOwned = MACHINE) -> Owned:
    return await add_owned(db, await person(db), new, actor=STAFF, now=NOON)


async def told(db: Connection, name: str) -> list[dict[str, object]]:
    rows = await db.fetch("select payload, subject, customer_id from event where name = $1 order by id", name)
    return [{**row["payload"], "subject": row["subject"], "customer_id": row["customer_id"]} for row in rows]


async def test_what_is_told_counts_its_service_from_the_purchase(db: Connection) -> None:
    owned = await machine(db)
    assert (owned.name, owned.source, owned.next_service_on) == ("Kávovar Linea", "told", date(2026, 3, 10))
    [event] = await told(db, "owned.added")
    assert (event["subject"], event["customer_id"]) == (f"owned:{owned.id}", owned.party_id)


async def test_its_owner_may_and_a_stranger_may_not(db: Connection) -> None:
    party_id = await person(db)
    owned = await add_owned(db, party_id, MACHINE, actor=customer(party_id), now=NOON)
    stranger = customer(await person(db, "eva@example.com"))
    for forbidden in (
        add_owned(db, party_id, MACHINE, actor=stranger, now=NOON),
        change_owned(db, owned.id, MACHINE, actor=stranger, now=NOON),
        remove_owned(db, owned.id, actor=stranger, now=NOON),
        book_service(db, owned.id, THURSDAY, actor=stranger, now=NOON),
        done_service(db, owned.id, NOON.date(), actor=customer(party_id), now=NOON),
    ):
        with pytest.raises(Forbidden):
            await forbidden


async def test_a_change_counts_anew_only_what_it_must(db: Connection) -> None:
    owned = await machine(db)
    renamed = await change_owned(
        db,
        owned.id,
        NewOwned(name="Linea Mini", serial_number="LM-1", bought_on=date(2025, 3, 10), service_interval_days=365),
        actor=STAFF,
        now=NOON,
    )
    assert renamed.next_service_on == owned.next_service_on
    again = NewOwned(name="Linea Mini", bought_on=date(2025, 3, 10), service_interval_days=400)
    assert (await change_owned(db, owned.id, again, actor=STAFF, now=NOON)).next_service_on == date(2026, 4, 14)
    assert [event["fields"] for event in await told(db, "owned.changed")] == [
        ["name"],
        ["serial_number", "service_interval_days"],
    ]


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewOwned(name=" "), "name"),
        (NewOwned(name="x", serial_number="1" * 101), "serial_number"),
        (NewOwned(name="x", service_interval_days=0), "service_interval_days"),
        (NewOwned(name="x", bought_on=date(2027, 1, 1)), "bought_on"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(db: Connection, new: NewOwned, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        await machine(db, new)
    assert refused.value.field == field


async def delivered(shop: Shop, pieces: int) -> UUID:
    order = await shop.placed([(shop.variant, pieces)])
    async with shop.database.transaction() as db:
        parcel = (await start_picking(db, order.id, actor=STAFF, now=NOON)).fulfilments[0]
        await ship(db, parcel.id, tracking_number=None, actor=STAFF, now=NOON)
        await mark_delivered(db, parcel.id, actor=STAFF, now=NOON)
    return order.customer_id


async def read_again(db: Connection) -> None:
    rows = await db.fetch(f"select {COLUMNS} from event where name = 'order.delivered' order by id")
    await keep_delivered(db, [Event(**dict(row)) for row in rows])


async def test_each_delivered_piece_is_one_row_however_often_it_is_read(shop: Shop) -> None:
    party_id = await delivered(shop, 3)
    async with shop.database.transaction() as db:
        rules = Servicing(kept=[Kept(skus=["BEANS"], service_every_days=180, warranty_months=24)])
        await publish_new(db, SERVICING, rules, actor=system("setup"), now=NOON)
        await read_again(db)
        await read_again(db)
        found = await owned_of(db, [party_id])
        assert len(found) == 3
        assert {one.next_service_on for one in found} == {NOON.date() + timedelta(days=180)}
        assert {one.warranty_until for one in found} == {date(2028, 3, 10)}
        assert len(await told(db, "owned.added")) == 3


async def test_a_product_with_a_service_is_kept_without_a_rule(shop: Shop) -> None:
    party_id = await delivered(shop, 1)
    async with shop.database.transaction() as db:
        await db.execute("update product set service_interval_days = 365")
        await read_again(db)
        [found] = await owned_of(db, [party_id])
        assert (found.service_interval_days, found.warranty_until) == (365, date(2028, 3, 10))


async def test_what_is_used_up_is_not_kept(shop: Shop) -> None:
    party_id = await delivered(shop, 1)
    async with shop.database.transaction() as db:
        rules = Servicing(kept=[Kept(categories=["machines"])])
        await publish_new(db, SERVICING, rules, actor=system("setup"), now=NOON)
        await read_again(db)
        assert await owned_of(db, [party_id]) == []


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 5), 1, date(2027, 1, 5)),
        (date(2026, 3, 9), 24, date(2028, 3, 9)),
    ],
)
def test_months_end_where_they_end(day: date, months: int, later: date) -> None:
    assert months_on(day, months) == later


async def test_a_service_is_noticed_once_for_its_due_day(db: Connection) -> None:
    owned = await machine(db)
    early = NOON - timedelta(days=20)
    assert await notice_services(db, early, 100) == 0
    assert [one.id for one in await services_due(db, now=NOON, ahead_days=14)] == [owned.id]
    assert await notice_services(db, NOON, 100) == 1
    assert await notice_services(db, NOON, 100) == 0
    await done_service(db, owned.id, NOON.date(), actor=STAFF, now=NOON)
    assert await services_due(db, now=NOON, ahead_days=14) == []
    assert await notice_services(db, NOON + timedelta(days=360), 100) == 1
    assert [event["due_on"] for event in await told(db, "service.due")] == ["2026-03-10", "2027-03-10"]


async def test_who_was_absorbed_keeps_what_they_had(db: Connection) -> None:
    owned = await machine(db)
    survivor = await person(db, "eva@example.com")
    await add_alias(db, owned.party_id, survivor, "merged", now=NOON)
    await notice_services(db, NOON, 100)
    [event] = await told(db, "service.due")
    assert event["customer_id"] == survivor


async def test_free_days_are_working_days_with_a_place(db: Connection) -> None:
    owned = await machine(db)
    await publish_new(db, SERVICING, Servicing(services_per_day=1), actor=system("setup"), now=NOON)
    days = await free_days(db, now=NOON, limit=5)
    assert days == [date(2026, 3, day) for day in (12, 13, 16, 17, 18)]
    await book_service(db, owned.id, THURSDAY, actor=STAFF, now=NOON)
    assert (await free_days(db, now=NOON, limit=1)) == [date(2026, 3, 13)]


async def test_a_day_is_booked_moved_and_given_back(db: Connection) -> None:
    owned = await machine(db)
    owner = customer(owned.party_id)
    assert (await book_service(db, owned.id, THURSDAY, actor=owner, now=NOON)).booked_on == THURSDAY
    again = await book_service(db, owned.id, THURSDAY, actor=owner, now=NOON)
    assert again.booked_on == THURSDAY
    [task] = await list_tasks(db)
    assert (task.title, task.details["product"]) == ("Service of {product}", "Kávovar Linea")
    friday = THURSDAY + timedelta(days=1)
    await book_service(db, owned.id, friday, actor=owner, now=NOON)
    [moved] = await list_tasks(db)
    assert moved.id != task.id
    places = await db.fetch("select day, booked from service_day order by day")
    assert [(row["day"], row["booked"]) for row in places] == [(THURSDAY, 0), (friday, 1)]
    await cancel_service(db, owned.id, actor=owner, now=NOON)
    assert await list_tasks(db) == []
    with pytest.raises(NotFound):
        await cancel_service(db, owned.id, actor=owner, now=NOON)
    assert [event["before"] for event in await told(db, "service.booked")] == [None, "2026-03-12"]
    assert len(await told(db, "service.cancelled")) == 1


@pytest.mark.parametrize("day", [date(2026, 3, 11), date(2026, 3, 14), date(2026, 9, 1)])
async def test_a_day_too_soon_a_weekend_and_a_day_too_far_are_refused(db: Connection, day: date) -> None:
    owned = await machine(db)
    with pytest.raises(InvalidValue):
        await book_service(db, owned.id, day, actor=STAFF, now=NOON)


async def test_a_done_service_closes_its_booking_and_its_task(db: Connection) -> None:
    owned = await machine(db)
    await book_service(db, owned.id, THURSDAY, actor=STAFF, now=NOON)
    later = NOON + timedelta(days=2)
    done = await done_service(db, owned.id, THURSDAY, actor=STAFF, now=later)
    assert (done.booked_on, done.last_service_on, done.next_service_on) == (None, THURSDAY, date(2027, 3, 12))
    assert await list_tasks(db) == []


async def test_what_is_booked_is_not_removed(db: Connection) -> None:
    owned = await machine(db)
    await book_service(db, owned.id, THURSDAY, actor=STAFF, now=NOON)
    with pytest.raises(InvalidValue):
        await remove_owned(db, owned.id, actor=STAFF, now=NOON)
    await cancel_service(db, owned.id, actor=STAFF, now=NOON)
    await remove_owned(db, owned.id, actor=STAFF, now=NOON)
    with pytest.raises(NotFound):
        await get_owned(db, owned.id)


def test_a_link_is_only_ours_and_only_for_this() -> None:
    owned_id = UUID(int=7)
    token = service_token("secret", owned_id)
    assert owned_from_token("secret", token, now=NOON) == owned_id
    assert owned_from_token("other", token, now=NOON) is None
    assert owned_from_token("secret", token[:-1] + "x", now=NOON) is None


async def _race(pool: Pool) -> tuple[int, int]:
    """(who got the day, how many places it has left below nothing) of six who want one of two places."""
    database = Database(pool)
    async with database.transaction() as db:
        await publish_new(db, SERVICING, Servicing(services_per_day=2), actor=system("setup"), now=NOON)
        wanted = [await machine(db) for _ in range(6)]

    async def one(owned_id: UUID) -> bool:
        try:
            async with database.transaction() as db:
                await book_service(db, owned_id, THURSDAY, actor=STAFF, now=NOON)
        except DayFull:
            return False
        return True

    got = await asyncio.gather(*(one(owned.id) for owned in wanted))
    async with database.reading() as db:
        return sum(got), await db.fetchval("select count(*) from service_booking where state = 'booked'")


async def test_a_day_never_takes_more_than_it_has(pool: Pool) -> None:
    assert await _race(pool) == (2, 2)


async def test_without_the_condition_it_would(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servicing, "_TAKE", servicing._TAKE.replace("where service_day.booked < $2", "where $2 > 0"))
    assert await _race(pool) == (6, 6)
