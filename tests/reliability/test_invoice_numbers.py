"""kill -9 in the middle of numbering, again and again, while requests keep coming: no number is lost or doubled."""

import asyncio
import subprocess
import sys

import pytest

from kupec.billing import request_document
from kupec.kit.actor import system
from kupec.kit.db import Database, Pool
from kupec.kit.subscribers import catch_up
from tests.billing.test_documents import NOW, draft
from tests.reliability.issuing import MIDDLE, READY, numbering

ROUNDS = 5


async def request(database: Database, count: int) -> None:
    for _ in range(count):
        async with database.transaction() as db:
            await request_document(db, draft(), actor=system("test"), now=NOW)


def wait_for(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdout is not None
    for said in process.stdout:
        if said.strip() == word:
            return
    pytest.fail(f"it ended before it said {word!r}")


async def kill_in_the_middle(database: Database, dsn: str, way: str) -> None:
    """So many processes in turn, each killed with a batch written and not committed."""
    for number in range(ROUNDS):
        command = [sys.executable, "-m", "tests.reliability.issuing", dsn, way, str(number % 3)]
        process = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.PIPE, text=True)
        with process:
            try:
                await asyncio.to_thread(wait_for, process, READY)
                coming = asyncio.create_task(request(database, 17))
                await asyncio.to_thread(wait_for, process, MIDDLE)
                await coming
            finally:
                process.kill()


async def test_numbers_have_no_gap_wherever_it_is_killed(pool: Pool, dsn: str) -> None:
    database = Database(pool)
    await kill_in_the_middle(database, dsn, "ours")
    await catch_up(database, numbering("ours"))
    async with database.reading() as db:
        rows = await db.fetch("select number from accounting_document order by number")
        told = await db.fetch("select payload ->> 'number' as number from event where name = 'invoice.issued'")
    expected = [f"2026-{serial:06}" for serial in range(1, 17 * ROUNDS + 1)]
    assert [row["number"] for row in rows] == expected
    assert sorted(row["number"] for row in told) == expected, "each was told of once"


async def test_numbers_from_a_sequence_have_gaps_where_it_was_killed(pool: Pool, dsn: str) -> None:
    """The negative control."""
    database = Database(pool)
    async with database.transaction() as db:
        await db.execute("create table careless_invoice (number bigint); create sequence careless_number")
    await kill_in_the_middle(database, dsn, "careless")
    await catch_up(database, numbering("careless"))
    async with database.reading() as db:
        count, last = await db.fetchrow("select count(*), max(number) from careless_invoice")
    assert count == 17 * ROUNDS
    assert last > count
