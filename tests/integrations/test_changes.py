"""The cursor over the log: nothing skipped, nothing twice, no person's words; and what a restore does to it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from kupec.integrations import CursorUnknown, changes, create_key, forget_requests, read_changes
from kupec.integrations.changes import change_of
from kupec.integrations.once import KEPT_FOR, Answered, begin_request, finish_request
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.events import Event, Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.rebase import rebase
from kupec.sales import OrderCancelled
from tests.integrations.conftest import OWNER
from tests.shop import NOON
from tests.stack import PATIENCE


async def cancel(db: Connection, number: int) -> None:
    payload = OrderCancelled(number=f"Z{number}", reason="x", refund=0)
    await emit(db, [Happened(payload=payload, subject=f"order:{uuid7()}", occurred_at=NOON)], actor=OWNER)


async def follow(db: Connection, cursor: str, *, limit: int = 2) -> tuple[list[str], str]:
    """All numbers from a cursor on, and the cursor behind them."""
    seen: list[str] = []
    more = True
    while more:
        page = await read_changes(db, cursor=cursor, kinds=["order.*"], limit=limit)
        seen += [change.data["number"] for change in page.changes]
        cursor, more = page.cursor, page.more
    return seen, cursor


async def everything(db: Connection, cursor: str, count: int) -> tuple[list[str], str]:
    """The horizon waits for other databases of the cluster, too: read until so many are there."""
    seen: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(seen) < count:
            more, cursor = await follow(db, cursor)
            seen += more
            await asyncio.sleep(0.01)
    return seen, cursor


@pytest.mark.parametrize("stretch", [10_000, 1])
async def test_a_slow_transaction_is_not_skipped(pool: Pool, stretch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a cursor by id alone would lose: the earlier id, committed later."""
    monkeypatch.setattr(changes, "_STRETCH", stretch)
    async with pool.acquire() as reader, pool.acquire() as slow, pool.acquire() as quick:
        begun = slow.transaction()
        await begun.start()
        await cancel(slow, 1)
        await cancel(quick, 2)
        await cancel(quick, 3)
        seen, cursor = await follow(reader, "")
        assert seen == [], "2 is committed, but 1 may still come before it"
        by_id = await reader.fetch("select payload ->> 'number' as number from event where id > 0 order by id")
        assert [row["number"] for row in by_id] == ["Z2", "Z3"], "the control: a reader by id is past 1 for good"
        await begun.commit()
        seen, cursor = await everything(reader, cursor, 3)
        assert seen == ["Z1", "Z2", "Z3"]
        assert await follow(reader, cursor) == ([], cursor)


async def test_many_writers_and_each_change_once(pool: Pool) -> None:
    async def write(first: int) -> None:
        for number in range(first, first + 10):
            async with pool.acquire() as db, db.transaction():
                await cancel(db, number)
                await asyncio.sleep(0)

    async def read() -> list[str]:
        async with pool.acquire() as db:
            seen, cursor = await everything(db, "", 60)
            return seen + (await follow(db, cursor))[0]

    *_, seen = await asyncio.gather(*(write(first) for first in range(0, 60, 10)), read())
    assert sorted(seen) == sorted(f"Z{number}" for number in range(60))


async def test_a_restore_keeps_the_place_or_says_that_it_is_gone(pool: Pool) -> None:
    async with pool.acquire() as db:
        for number in range(3):
            await cancel(db, number)
        seen, cursor = await everything(db, "", 3)
        page = await read_changes(db, limit=2)
        await rebase(db)
        assert (await follow(db, page.cursor))[0] == seen[2:], "transaction ids differ now, the place does not"
        # Restored from a backup that did not have the last event; then another took its id.
        await db.execute("delete from event where id = (select max(id) from event)")
        with pytest.raises(CursorUnknown):
            await read_changes(db, cursor=cursor)
        await db.execute("select setval(pg_get_serial_sequence('event', 'id'), (select max(id) from event))")
        await cancel(db, 9)
        with pytest.raises(CursorUnknown):
            await read_changes(db, cursor=cursor)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MS4x", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ", "é"])
async def test_a_made_up_cursor(db: Connection, cursor: str) -> None:
    with pytest.raises(CursorUnknown):
        await read_changes(db, cursor=cursor)


@pytest.mark.parametrize("kind", ["staff.*", "staff.signed_in", "order", "*", "api_key.created", "order.*.x"])
async def test_what_is_not_public_cannot_be_asked_for(db: Connection, kind: str) -> None:
    with pytest.raises(InvalidValue):
        await read_changes(db, kinds=[kind])


def test_only_ids_figures_and_codes_go_out() -> None:
    event = Event(
        id=7,
        xid=1,
        name="order.changed",
        v=1,
        occurred_at=NOON,
        recorded_at=NOON,
        actor="staff:x",
        origin="live",
        customer_id=None,
        channel=None,
        subject="order:1",
        payload={
            "number": "Z1",
            "reason": "gone",
            "who": "Jana Nová",
            "mail": "jana@example.com",
            "total": 5,
            "paid": True,
            "when": "2026-01-01T10:00:00+00:00",
            "lines": [{"sku": "A-1", "name": "Beans", "text": "for Jana"}, "a b"],
        },
    )
    assert change_of(event).data == {
        "order_id": "1",
        "number": "Z1",
        "total": 5,
        "paid": True,
        "when": "2026-01-01T10:00:00+00:00",
        "lines": [{"sku": "A-1"}],
    }


async def test_answers_are_forgotten_after_a_week(pool: Pool) -> None:
    database = Database(pool)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    async with database.transaction() as db:
        key = (await create_key(db, "ERP", scopes=["stock.write"], actor=OWNER, now=now)).key
        assert await begin_request(db, key.id, "same-key", request=b"a", now=now) is None
        await finish_request(db, key.id, "same-key", Answered(status=200, body=b"done"))
        assert (await begin_request(db, key.id, "same-key", request=b"a", now=now)) == Answered(
            status=200, body=b"done"
        )
        assert await forget_requests(db, now + KEPT_FOR, 10) == 0
        assert await forget_requests(db, now + KEPT_FOR + timedelta(seconds=1), 10) == 1


async def test_only_those_with_the_permission_make_keys(db: Connection) -> None:
    manager = Actor(kind="staff", id="x", permissions=frozenset({"settings.write"}))
    with pytest.raises(Forbidden):
        await create_key(db, "ERP", scopes=["stock.read"], actor=manager, now=NOON)
    for name, scopes, field in (("", ["stock.read"], "name"), ("x", [], "scopes"), ("x", ["staff.write"], "scopes")):
        with pytest.raises(InvalidValue) as caught:
            await create_key(db, name, scopes=scopes, actor=OWNER, now=NOON)
        assert caught.value.field == field
