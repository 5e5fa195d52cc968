"""After a restore into another cluster the log reads exactly as before."""

from datetime import UTC, datetime

import pytest

from kupec.kit.actor import system
from kupec.kit.db import Connection, Database, Pool, connect
from kupec.kit.events import Event, Happened, Payload, emit
from kupec.kit.rebase import ClusterChanged, check_cluster, rebase
from kupec.kit.subscribers import Subscriber, catch_up

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
# (id, xid) as an old cluster may have given them: transactions overlapped, so ids run against the order of the log.
OLD = [(1, 900), (2, 905), (3, 901), (4, 901), (5, 907), (6, 906), (7, 907), (8, 1200), (9, 1100), (10, 1300)]
FAR = 10**12
POSITIONS = {"fresh": (0, 0), "within": (FAR + 901, 3), "horizon": (FAR + 907, 0), "done": (FAR + 1400, 0)}


class Noted(Payload, frozen=True, kw_only=True):
    name = "test.noted"


async def note(db: Connection) -> None:
    await emit(db, [Happened(payload=Noted(), subject="note:1", occurred_at=NOW)], actor=system("test"))


async def unread(db: Connection) -> dict[str, list[int]]:
    rows = await db.fetch(
        "select s.name, e.id from subscriber s join event e on (e.xid, e.id) > (s.xid, s.id) order by e.xid, e.id"
    )
    return {name: [row["id"] for row in rows if row["name"] == name] for name in POSITIONS}


@pytest.fixture
async def restored(pool: Pool) -> Pool:
    """A database whose log was written elsewhere."""
    async with pool.acquire() as db, db.transaction():
        for event_id, xid in OLD:
            await note(db)
            await db.execute("update event set xid = $2::bigint::text::xid8 where id = $1", event_id, FAR + xid)
        for name, (xid, event_id) in POSITIONS.items():
            await db.execute(
                "insert into subscriber (name, xid, id) values ($1, $2::bigint::text::xid8, $3)", name, xid, event_id
            )
        await db.execute("update event_cluster set system_identifier = 1")
    return pool


async def test_a_foreign_log_is_refused_until_it_is_rebased(restored: Pool) -> None:
    with pytest.raises(ClusterChanged, match="kupec rebase"):
        await check_cluster(restored)  # type: ignore[arg-type]
    async with restored.acquire() as db:
        await rebase(db)
        await check_cluster(db)


async def test_order_and_positions_stay_exact(restored: Pool) -> None:
    async with restored.acquire() as db:
        before = await unread(db)
        assert before["within"] == [4, 2, 6, 5, 7, 9, 8, 10]
        assert before["horizon"] == [5, 7, 9, 8, 10]
        assert await rebase(db) == len(OLD)
        assert await unread(db) == before
        assert await db.fetchval(
            "select bool_and(xid < pg_snapshot_xmax(pg_current_snapshot())) and count(distinct xid) = 4 from event"
        )
        assert await rebase(db) == len(OLD), "doing it again does no harm"
        assert await unread(db) == before


async def test_life_goes_on_after_a_rebase(restored: Pool) -> None:
    taken: dict[str, list[int]] = {name: [] for name in POSITIONS}

    def reader(name: str) -> Subscriber:
        async def handle(db: Connection, events: list[Event]) -> None:
            taken[name] += [event.id for event in events]

        return Subscriber(name=name, handle=handle)

    async with restored.acquire() as db:
        await rebase(db)
    async with restored.acquire() as db, db.transaction():
        await note(db)
    for name in POSITIONS:
        await catch_up(Database(restored), reader(name))
    assert taken == {
        "fresh": [1, 3, 4, 2, 6, 5, 7, 9, 8, 10, 11],
        "within": [4, 2, 6, 5, 7, 9, 8, 10, 11],
        "horizon": [5, 7, 9, 8, 10, 11],
        "done": [11],
    }


async def test_transaction_ids_are_used_up_until_the_log_lies_below(restored: Pool, dsn: str) -> None:
    async with restored.acquire() as db:
        now = await db.fetchval("select pg_current_xact_id()::text::bigint")
        # Every other id lies before its neighbour: each such pair needs a number of its own.
        await db.execute(
            "insert into event (xid, occurred_at, name, actor, subject, payload) "
            "select ($1::bigint - n)::text::xid8, now(), 'test.noted', 'system:test', 'note:1', '{}' "
            "from generate_series(1, $2) as n",
            *(FAR, now + 1500),
        )
    connection = await connect(dsn)
    try:
        before = await unread(connection)
        await rebase(connection)
        assert await unread(connection) == before
        largest = await connection.fetchval("select max(xid::text::bigint) from event")
        assert largest >= now + 1500
        assert await connection.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint") > largest
    finally:
        await connection.close()
