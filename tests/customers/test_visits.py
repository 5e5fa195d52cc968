"""Visits: only of those who agree, half an hour of silence ends one, and nobody is given another's history."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kupec.customers import (
    VISITS,
    Contact,
    PageView,
    Proof,
    forget_old_views,
    give_consent,
    identify,
    know_visitor,
    record_views,
    timeline,
    views_of,
    visits_by_ids,
    withdraw_consent,
)
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import InvalidValue

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PROOF = Proof(how="visit")


async def agreed(db: Connection, visitor: UUID | None = None) -> UUID:
    one = visitor or uuid4()
    actor = Actor(kind="guest", id=str(one))
    await give_consent(db, one, "analytics", proof=PROOF, actor=actor, now=NOW - timedelta(days=1))
    return one


async def party(db: Connection, email: str = "jana@example.com") -> UUID:
    contact = Contact(email=email, name="Jana", language="cs")
    (found,) = await identify(db, [contact], now=NOW - timedelta(days=2), actor=system("test"))
    return found


def view(visitor: UUID, minute: float = 0, **given: Any) -> PageView:
    said: dict[str, Any] = {"kind": "page", "path": "/cs", "at": NOW + timedelta(minutes=minute), **given}
    return PageView(visitor_id=visitor, **said)


async def test_half_an_hour_of_silence_ends_a_visit(db: Connection) -> None:
    visitor = await agreed(db)
    first = view(visitor, source="newsletter", medium="email", campaign="říjen", referrer="mail.example", language="cs")
    await record_views(db, [first, view(visitor, 29, kind="search", path="/cs/search", text="Mlýnek")])
    await record_views(db, [view(visitor, 58)])
    await record_views(db, [view(visitor, 89, path="/cs/c/kava", source="other")])
    events = [event for event in await timeline(db, visitor) if event.name == "visit.started"]
    assert [event.occurred_at for event in events] == [NOW + timedelta(minutes=89), NOW]
    assert {event.actor for event in events} == {f"guest:{visitor}"}
    assert {event.channel for event in events} == {"web"}
    ids = [UUID(event.payload["visit_id"]) for event in events]
    visits = await visits_by_ids(db, ids)
    early = visits[ids[1]]
    assert (early.views, early.last_seen_at, early.landing) == (3, NOW + timedelta(minutes=58), "/cs")
    assert (early.source, early.medium, early.campaign, early.referrer) == (
        "newsletter",
        "email",
        "říjen",
        "mail.example",
    )
    assert (visits[ids[0]].views, visits[ids[0]].source, visits[ids[0]].landing) == (1, "other", "/cs/c/kava")
    seen = await views_of(db, ids, limit=2)
    assert [(one.kind, one.text) for one in seen[ids[1]]] == [("page", ""), ("search", "Mlýnek")]
    assert await db.fetchval("select folded from visit_view where kind = 'search'") == "mlynek"


async def test_what_processes_gathered_may_come_in_any_order(db: Connection) -> None:
    visitor, other = await agreed(db), await agreed(db)
    views = [view(visitor, minute) for minute in (20, 0, 10)] + [view(other, 5)]
    assert await record_views(db, views) == 4
    assert await record_views(db, [view(visitor, 15)]) == 1
    assert sorted(await db.fetch("select views from visit")) == [(1,), (4,)]
    last = await db.fetchval("select last_seen_at from visitor where id = $1", visitor)
    assert last == NOW + timedelta(minutes=20)


async def test_nothing_is_kept_of_those_who_did_not_agree(db: Connection) -> None:
    silent, left, stays = uuid4(), await agreed(db), await agreed(db)
    await withdraw_consent(db, left, "analytics", proof=PROOF, actor=Actor(kind="guest", id=str(left)), now=NOW)
    assert await record_views(db, [view(silent), view(left), view(stays)]) == 1
    assert await record_views(db, [view(silent)]) == 0
    assert await db.fetchval("select array_agg(id) from visitor") == [stays]
    assert await db.fetchval("select count(*) from event where name = 'visit.started'") == 1


async def test_the_customer_can_take_back_what_the_browser_agreed_to(db: Connection) -> None:
    visitor, jana = await agreed(db), await party(db)
    assert await know_visitor(db, visitor, jana, now=NOW)
    assert await record_views(db, [view(visitor)]) == 1
    await withdraw_consent(db, jana, "analytics", proof=PROOF, actor=Actor(kind="customer", id=str(jana)), now=NOW)
    assert await record_views(db, [view(visitor, 1)]) == 0


async def test_a_browser_that_says_who_it_is_brings_its_past(db: Connection) -> None:
    visitor, jana = await agreed(db), await party(db)
    await record_views(db, [view(visitor, -100)])
    assert "visit.started" not in {event.name for event in await timeline(db, jana)}
    assert await know_visitor(db, visitor, jana, now=NOW)
    assert await know_visitor(db, visitor, jana, now=NOW)
    names = [event.name for event in await timeline(db, jana)]
    assert (names.count("visit.started"), names.count("visitor.known")) == (1, 1)


async def test_on_a_shared_computer_nobody_is_given_anothers_history(db: Connection) -> None:
    visitor, jana, petr = await agreed(db), await party(db), await party(db, "petr@example.com")
    await record_views(db, [view(visitor)])
    assert await know_visitor(db, visitor, jana, now=NOW)
    assert not await know_visitor(db, visitor, petr, now=NOW)
    assert "visit.started" not in {event.name for event in await timeline(db, petr)}
    assert await db.fetchval("select party_id from party_alias where member_id = $1", visitor) == jana


async def test_two_who_say_it_at_once_are_not_both_believed(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        visitor, jana, petr = await agreed(db), await party(db), await party(db, "petr@example.com")

    async def say(who: UUID) -> bool:
        async with pool.acquire() as db, db.transaction():
            return await know_visitor(db, visitor, who, now=NOW)

    async with pool.acquire() as db:
        async with db.transaction():
            assert await know_visitor(db, visitor, jana, now=NOW)
            other = asyncio.create_task(say(petr))
            await waits(pool)
        assert not await other
        assert await db.fetchval("select count(*) from event where name = 'visitor.known'") == 1


async def waits(pool: Pool) -> None:
    """Until another transaction waits for ours."""
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(60), pool.acquire() as db:
        while not await db.fetchval(waiting):
            await db.execute("select pg_sleep(0.005)")


async def test_processes_that_write_at_once_begin_one_visit(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        visitors = [await agreed(db) for _ in range(3)]
        await record_views(db, [view(one) for one in visitors])

    together = asyncio.Barrier(8)

    async def write(minute: int) -> None:
        async with pool.acquire() as db, db.transaction():
            await together.wait()
            order = visitors if minute % 2 else visitors[::-1]
            await record_views(db, [view(one, minute) for one in order])

    await asyncio.gather(*(write(100 + number) for number in range(8)))
    async with pool.acquire() as db:
        assert sorted(await db.fetch("select views from visit")) == [(1,)] * 3 + [(8,)] * 3
        assert await db.fetchval("select count(*) from event where name = 'visit.started'") == 6


async def test_a_batch_costs_the_same_statements_however_large(db: Connection) -> None:
    visitors = [await agreed(db) for _ in range(30)]
    said: list[str] = []
    db.add_query_logger(lambda record: said.append(record.query))
    await record_views(db, [view(one) for one in visitors])
    await asyncio.sleep(0)  # the log is told after the query
    assert 5 < len(said) <= 12


async def test_what_was_seen_is_removed_in_time_and_that_it_was_stays(db: Connection) -> None:
    visitor = await agreed(db)
    await record_views(db, [view(visitor, campaign="x", referrer="y"), view(visitor, 60 * 24 * 10)])
    later = NOW + timedelta(days=VISITS.default().keep_days)
    assert await forget_old_views(db, later, 100) == 0
    assert await forget_old_views(db, later + timedelta(minutes=1), 100) == 1
    assert await forget_old_views(db, later + timedelta(minutes=1), 100) == 0
    rows = await db.fetch("select views, landing, referrer, campaign, forgotten_at from visit order by started_at")
    assert tuple(rows[0]) == (1, "", "", "", later + timedelta(minutes=1))
    assert rows[1]["forgotten_at"] is None
    assert await db.fetchval("select count(*) from visit_view") == 1


@pytest.mark.parametrize("days", [0, 1101])
def test_how_long_is_kept_has_bounds(days: int) -> None:
    with pytest.raises(InvalidValue, match="keep_days"):
        VISITS.check(VISITS.type(keep_days=days))
