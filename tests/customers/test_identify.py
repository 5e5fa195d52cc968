"""Who is this? Found by the e-mail address or made: also when several ask at once."""

import asyncio
import random
import uuid
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from kupec.customers import Contact, identify
from kupec.kit.actor import guest, system
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import InvalidValue

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ACTOR = system("test")
ADDRESS = {"name": "Jana", "street": "Dlouhá 1", "city": "Praha", "postcode": "110 00", "country": "CZ"}


def contact(email: str, name: str = "Jana Černá", **more: object) -> Contact:
    return Contact(email=email, name=name, language="cs", **more)  # type: ignore[arg-type]


async def identify_now(db: Connection, *emails: str) -> list[UUID]:
    return await identify(db, [contact(email) for email in emails], now=NOW, actor=ACTOR)


async def wait_until_blocked(watcher: Connection, pid: int) -> None:
    for _ in range(6_000):
        if await watcher.fetchval("select wait_event_type = 'Lock' from pg_stat_activity where pid = $1", pid):
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody waits")


async def test_a_new_party_has_its_contact_points_address_and_event(db: Connection) -> None:
    cart = uuid.uuid4()
    who = contact("Jana@Example.cz", phone="601 234 567", address=ADDRESS)
    [party] = await identify(db, [who], now=NOW, actor=guest(cart))
    row = await db.fetchrow("select * from party where id = $1", party)
    assert row is not None
    assert (row["kind"], row["name"], row["folded"], row["language"]) == ("person", "Jana Černá", "jana cerna", "cs")
    assert row["created_at"] == NOW
    points = await db.fetch(
        "select kind, value, verified_at from contact_point where party_id = $1 order by kind", party
    )
    assert [tuple(point) for point in points] == [("email", "jana@example.cz", None), ("phone", "+420601234567", None)]
    assert await db.fetchval("select address from party_address where party_id = $1", party) == ADDRESS
    [event] = await db.fetch("select * from event where customer_id = $1", party)
    assert (event["name"], event["subject"], event["actor"]) == (
        "customer.created",
        f"customer:{party}",
        f"guest:{cart}",
    )
    assert event["payload"] == {"kind": "person", "language": "cs"}
    assert (event["origin"], event["occurred_at"]) == ("live", NOW)


async def test_equal_addresses_in_a_batch_are_one_party_in_the_callers_order(db: Connection) -> None:
    first, second, again = await identify_now(db, "z@example.cz", "a@example.cz", " Z@EXAMPLE.cz")
    assert first == again != second
    assert await identify_now(db, "a@example.cz", "z@example.cz") == [second, first]
    assert await db.fetchval("select count(*) from event where name = 'customer.created'") == 2


async def test_a_stranger_does_not_change_a_known_party(db: Connection) -> None:
    [party] = await identify_now(db, "jana@example.cz")
    stranger = contact("jana@example.cz", name="Mallory", phone="+420777777777", address=ADDRESS)
    assert await identify(db, [stranger], now=NOW, actor=ACTOR) == [party]
    assert await db.fetchval("select name from party where id = $1", party) == "Jana Černá"
    assert await db.fetchval("select count(*) from contact_point where party_id = $1", party) == 1
    assert await db.fetchval("select count(*) from party_address where party_id = $1", party) == 0


async def test_a_phone_that_is_somebody_elses_or_nonsense_is_left_out(db: Connection) -> None:
    contacts = [contact(f"{i}@example.cz", phone=phone) for i, phone in enumerate(["+420601234567"] * 2 + ["ask me"])]
    parties = await identify(db, contacts, now=NOW, actor=ACTOR)
    owners = await db.fetch("select party_id from contact_point where kind = 'phone'")
    assert [row["party_id"] for row in owners] == [parties[0]]


async def test_a_party_without_a_name_is_called_by_its_address(db: Connection) -> None:
    [party] = await identify(db, [contact("bot@example.cz", name=" ")], now=NOW, actor=ACTOR)
    assert await db.fetchval("select name from party where id = $1", party) == "bot@example.cz"


async def test_a_name_may_be_as_long_as_anybody_likes(db: Connection) -> None:
    letters = random.Random(1)
    name = "".join(chr(letters.randrange(0x4E00, 0x9FFF)) for _ in range(9999))
    [party] = await identify(db, [contact("long@example.cz", name=name)], now=NOW, actor=ACTOR)
    assert await db.fetchval("select name from party where id = $1", party) == name


async def test_no_address_no_party(db: Connection) -> None:
    with pytest.raises(InvalidValue, match="email"):
        await identify_now(db, "jana@example.cz", "jana")
    assert await db.fetchval("select count(*) from party") == 0


async def test_a_batch_costs_few_statements(db: Connection) -> None:
    statements: list[str] = []
    raw = db if isinstance(db, asyncpg.Connection) else pytest.fail("not a plain connection")
    await identify_now(db, "first@example.cz")  # the driver asks about types once a connection
    emails = [f"{i}@example.cz" for i in range(64)]
    with raw.query_logger(lambda record: statements.append(record.query)):
        await identify_now(db, *emails)
        await asyncio.sleep(0)  # the logger is told a turn of the loop later
        assert len(statements) == 3
        statements.clear()
        await identify_now(db, *emails)
        await asyncio.sleep(0)
        assert len(statements) == 1


async def test_two_who_bring_the_same_new_address_get_one_party(pool: Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as two, pool.acquire() as watcher:
        async with two.transaction():
            async with one.transaction():
                [mine] = await identify_now(one, "new@example.cz")
                waiting = asyncio.create_task(identify_now(two, "new@example.cz", "other@example.cz"))
                await wait_until_blocked(watcher, two.get_server_pid())
            theirs, other = await waiting
        assert mine == theirs != other
        assert await watcher.fetchval("select count(*) from party") == 2
        assert await watcher.fetchval("select count(*) from event where name = 'customer.created'") == 2


async def test_control_the_same_interleaving_breaks_find_then_insert(pool: Pool) -> None:
    async def find_then_insert(db: Connection) -> None:
        if await db.fetchval("select party_id from contact_point where value = 'new@example.cz'") is None:
            party = uuid.uuid4()
            await db.execute(
                "insert into party (id, kind, name, folded, sort_key, language, created_at)"
                " values ($1, 'person', '', '', '', 'cs', now())",
                party,
            )
            await db.execute(
                "insert into contact_point (id, party_id, kind, value) values ($1, $2, 'email', 'new@example.cz')",
                uuid.uuid4(),
                party,
            )

    async with pool.acquire() as one, pool.acquire() as two, pool.acquire() as watcher:
        async with one.transaction():
            await find_then_insert(one)
            waiting = asyncio.create_task(find_then_insert(two))
            await wait_until_blocked(watcher, two.get_server_pid())
        with pytest.raises(asyncpg.UniqueViolationError):
            await waiting


async def test_who_waits_for_somebody_that_fails_makes_the_party(pool: Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as two, pool.acquire() as watcher:
        transaction = one.transaction()
        await transaction.start()
        [lost] = await identify_now(one, "new@example.cz")
        waiting = asyncio.create_task(identify_now(two, "new@example.cz"))
        await wait_until_blocked(watcher, two.get_server_pid())
        await transaction.rollback()
        [made] = await waiting
        assert made != lost
        assert [row["id"] for row in await watcher.fetch("select id from party")] == [made]


async def test_addresses_are_claimed_in_order_so_that_batches_never_wait_in_a_ring(pool: Pool) -> None:
    async with pool.acquire() as one, pool.acquire() as two, pool.acquire() as third:
        async with one.transaction():
            await identify_now(one, "m@example.cz")
            waiting = asyncio.create_task(identify_now(two, "z@example.cz", "m@example.cz", "a@example.cz"))
            await wait_until_blocked(third, two.get_server_pid())
            await third.execute("set lock_timeout = '100ms'")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await identify_now(third, "a@example.cz")
            transaction = third.transaction()
            await transaction.start()
            assert len(await identify_now(third, "z@example.cz")) == 1
            await transaction.rollback()
        assert len(set(await waiting)) == 3


async def test_control_opposite_orders_deadlock_even_with_on_conflict_do_nothing(pool: Pool) -> None:
    async def claim(db: Connection, email: str) -> None:
        await db.execute(
            "with made as (insert into party (id, kind, name, folded, sort_key, language, created_at)"
            " values ($1, 'person', '', '', '', 'cs', now()))"
            " insert into contact_point (id, party_id, kind, value) values ($1, $1, 'email', $2)"
            " on conflict do nothing",
            uuid.uuid4(),
            email,
        )

    async def both(db: Connection, first: str, second: str, ready: asyncio.Barrier) -> None:
        async with db.transaction():
            await claim(db, first)
            await ready.wait()
            await claim(db, second)

    ready = asyncio.Barrier(2)
    async with pool.acquire() as one, pool.acquire() as two:
        results = await asyncio.gather(
            both(one, "a@example.cz", "b@example.cz", ready),
            both(two, "b@example.cz", "a@example.cz", ready),
            return_exceptions=True,
        )
    assert [type(result) for result in results if result is not None] == [asyncpg.DeadlockDetectedError]


async def test_many_batches_of_the_same_people_at_once(pool: Pool) -> None:
    emails = [f"{i}@example.cz" for i in range(60)]

    async def ask(shift: int) -> dict[str, UUID]:
        turned = emails[shift:] + emails[:shift]
        if shift % 2:
            turned.reverse()
        async with pool.acquire() as db, db.transaction():
            return dict(zip(turned, await identify_now(db, *turned), strict=True))

    answers = await asyncio.gather(*(ask(shift * 7) for shift in range(8)))
    assert all(answer == answers[0] for answer in answers)
    async with pool.acquire() as db:
        assert await db.fetchval("select count(*) from party") == 60
        assert await db.fetchval("select count(*) from event") == 60
