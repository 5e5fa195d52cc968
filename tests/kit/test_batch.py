"""The micro-batcher against a real database: who is told what, and when."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from kupec.kit.batch import Batcher, Busy
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import InvalidValue, KupecError
from tests.stack import eventually


@pytest.fixture
async def database(pool: Pool) -> Database:
    await pool.execute("create table kept (n int primary key check (n >= 0), batch int not null)")
    return Database(pool)


class Keeper:
    """A set-based verb that stores numbers; 13 is an error value, a negative number breaks the statement."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.pause = 0.0
        self.entered = asyncio.Event()

    async def __call__(self, db: Connection, items: list[int]) -> list[int | KupecError]:
        self.batches.append(items)
        self.entered.set()
        good = [n for n in items if n != 13]
        await db.execute(
            "insert into kept (n, batch) select n, $2 from unnest($1::int[]) as t (n)", good, len(self.batches)
        )
        await asyncio.sleep(self.pause)
        return [InvalidValue(field="n", expected="luck") if n == 13 else n * 10 for n in items]


async def kept(database: Database) -> set[int]:
    async with database.reading() as db:
        return {row["n"] for row in await db.fetch("select n from kept")}


async def test_newcomers_gather_while_a_batch_is_in_the_database(database: Database) -> None:
    verb = Keeper()
    verb.pause = 0.05
    batcher = Batcher(database, verb, max_size=4)
    first = asyncio.create_task(batcher(0))
    await verb.entered.wait()
    results = await asyncio.gather(*(batcher(n) for n in range(1, 8)))
    assert await first == 0
    assert results == [n * 10 for n in range(1, 8)]
    assert verb.batches == [[0], [1, 2, 3, 4], [5, 6, 7]]


async def test_batchers_that_take_turns_are_never_in_the_database_at_once(database: Database) -> None:
    turn = asyncio.Lock()
    one, other = Keeper(), Keeper()
    one.pause = other.pause = 0.05
    first, second = Batcher(database, one, turn=turn), Batcher(database, other, turn=turn)
    begun = asyncio.create_task(first(0))
    await one.entered.wait()
    waiting = [asyncio.create_task(second(n)) for n in (1, 2, 3)]
    await begun
    assert other.batches == []
    await asyncio.gather(*waiting)
    assert other.batches == [[1, 2, 3]], "they gathered while they waited for their turn"


async def test_a_caller_resolves_after_the_commit(database: Database) -> None:
    batcher = Batcher(database, Keeper())
    await batcher(5)
    assert await kept(database) == {5}


async def test_an_error_value_reaches_only_its_own_caller(database: Database) -> None:
    batcher = Batcher(database, Keeper())
    results = await asyncio.gather(batcher(1), batcher(13), batcher(2), return_exceptions=True)
    assert results[0] == 10
    assert isinstance(results[1], InvalidValue)
    assert results[2] == 20
    assert await kept(database) == {1, 2}


async def test_a_poison_member_does_not_fail_its_neighbours(database: Database) -> None:
    verb = Keeper()
    batcher = Batcher(database, verb)
    results = await asyncio.gather(batcher(1), batcher(-1), batcher(2), return_exceptions=True)
    assert results[0] == 10
    assert isinstance(results[1], asyncpg.CheckViolationError)
    assert results[2] == 20
    assert verb.batches == [[1, -1, 2], [1], [-1], [2]]
    assert await kept(database) == {1, 2}


async def test_a_lone_poison_member_is_tried_once(database: Database) -> None:
    verb = Keeper()
    with pytest.raises(asyncpg.CheckViolationError):
        await Batcher(database, verb)(-1)
    assert verb.batches == [[-1]]


async def test_a_caller_who_goes_away_changes_nothing(database: Database) -> None:
    verb = Keeper()
    verb.pause = 0.05
    batcher = Batcher(database, verb)
    running = asyncio.create_task(batcher(1))
    await verb.entered.wait()
    waiting, neighbour = asyncio.create_task(batcher(2)), asyncio.create_task(batcher(3))
    await asyncio.sleep(0)
    running.cancel()
    waiting.cancel()
    assert await neighbour == 30
    assert running.cancelled()
    assert waiting.cancelled()
    assert await kept(database) == {1, 2, 3}


async def test_a_verb_that_answers_for_too_few_changes_nothing(database: Database) -> None:
    async def short(db: Connection, items: list[int]) -> list[int]:
        await db.execute("insert into kept select n, 0 from unnest($1::int[]) as t (n)", items)
        return []

    with pytest.raises(ValueError, match="0 results for 1 items"):
        await Batcher(database, short)(1)
    assert await kept(database) == set()


_WAITS_FOR_A_LOCK = (
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
)


async def test_a_real_deadlock_repeats_the_batch(database: Database, pool: Pool) -> None:
    await pool.execute("insert into kept values (1, 0), (2, 0)")
    attempts = 0
    holds_one, holds_two = asyncio.Event(), asyncio.Event()

    async def crossing(db: Connection, items: list[str]) -> list[str]:
        nonlocal attempts
        attempts += 1
        # A server process looks for deadlocks once, when it has waited so long. This side waits last and looks soon,
        # the other never: so this side is the victim.
        await db.execute("set local deadlock_timeout = '10ms'")
        await db.execute("update kept set batch = batch + 1 where n = 1")
        holds_one.set()
        await holds_two.wait()
        if attempts == 1:
            await eventually(lambda: pool.fetchval(_WAITS_FOR_A_LOCK))
        await db.execute("update kept set batch = batch + 1 where n = 2")
        return items

    async def other_side() -> None:
        async with database.transaction() as db:
            await db.execute("set local deadlock_timeout = '1h'")
            await db.execute("update kept set batch = batch + 10 where n = 2")
            holds_two.set()
            await holds_one.wait()
            await db.execute("update kept set batch = batch + 10 where n = 1")

    batcher = Batcher(database, crossing)
    results = await asyncio.gather(batcher("a"), batcher("b"), other_side())
    assert results[:2] == ["a", "b"]
    assert attempts == 2
    assert [row["batch"] for row in await pool.fetch("select batch from kept order by n")] == [11, 11]


async def test_endless_collisions_end_in_busy(database: Database) -> None:
    calls = 0

    async def unlucky(db: Connection, items: list[int]) -> list[int]:
        nonlocal calls
        calls += 1
        await db.execute("do $$ begin raise sqlstate '40001'; end $$")
        return items

    batcher = Batcher(database, unlucky)
    results = await asyncio.gather(batcher(1), batcher(2), return_exceptions=True)
    assert [type(result) for result in results] == [Busy, Busy]
    assert calls == 6


async def test_a_lost_connection_is_not_repeated(database: Database, pool: Pool) -> None:
    calls = 0

    async def cut_off(db: Connection, items: list[int]) -> list[int]:
        nonlocal calls
        calls += 1
        await db.execute("insert into kept select n, 0 from unnest($1::int[]) as t (n)", items)
        await pool.execute("select pg_terminate_backend($1)", await db.fetchval("select pg_backend_pid()"))
        await db.fetchval("select 1")
        return items

    batcher = Batcher(database, cut_off)
    results = await asyncio.gather(batcher(1), batcher(2), return_exceptions=True)
    assert all(isinstance(result, asyncpg.PostgresError | asyncpg.InterfaceError | OSError) for result in results)
    assert calls == 1


async def test_close_waits_for_what_was_handed_over(database: Database) -> None:
    verb = Keeper()
    verb.pause = 0.03
    batcher = Batcher(database, verb)
    calls = [asyncio.create_task(batcher(n)) for n in range(3)]
    await asyncio.sleep(0)
    await batcher.close()
    assert await kept(database) == {0, 1, 2}
    assert await asyncio.gather(*calls) == [0, 10, 20]


async def test_the_batcher_itself_costs_little() -> None:
    class Nothing(Database):
        def __init__(self) -> None:
            super().__init__(None)  # type: ignore[arg-type]

        def transaction(self):  # type: ignore[no-untyped-def]
            return self

        async def __aenter__(self) -> None:
            return None

        async def __aexit__(self, *_: object) -> None:
            return None

    async def verb(_db: Connection, items: list[int]) -> list[int]:
        return items

    batcher = Batcher(Nothing(), verb)

    async def trip(n: int) -> int:
        await asyncio.sleep(0)
        return n

    async def seconds(call: Callable[[int], Awaitable[int]]) -> float:
        async def caller() -> None:
            for n in range(100):
                await call(n)

        start = time.process_time()
        await asyncio.gather(*(caller() for _ in range(64)))
        return time.process_time() - start

    # On one machine at one time: a call of the batcher against a mere trip through the loop. Measured at 4 to 6 times.
    rounds = [(await seconds(batcher), await seconds(trip)) for _ in range(5)]
    assert min(batched for batched, _ in rounds) < 25 * min(bare for _, bare in rounds), rounds
