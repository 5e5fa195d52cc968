"""Tasks that belong to somebody, come again, remind once, and are asked of customers."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kupec.customers import (
    Contact,
    Task,
    TaskChange,
    add_alias,
    answer_task,
    asked_of,
    board,
    board_counts,
    cancel_task,
    change_task,
    finish_task,
    identify,
    open_task,
    pass_task,
    postpone_task,
    put_away,
    remind_tasks,
    reminders_now,
    save_team,
)
from kupec.kit.actor import Actor, customer, system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.due import Due, run_due
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, NotFound
from kupec.kit.recurrence import Recurrence, runs

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ME = Actor(kind="staff", id=str(uuid4()), permissions=frozenset({"tasks.write", "customers.read"}))
KEEPER = Actor(kind="staff", id=str(uuid4()), permissions=frozenset({"tasks.write"}))
WEEKLY = Recurrence(every=1, unit="week", anchor=date(2026, 3, 2), at="09:00", zone="Europe/Prague")
TEST = system("test")


async def opened(db: Connection, **more: Any) -> Task:
    values: dict[str, Any] = {
        "key": None, "title": "Call", "details": {}, "subject": "desk:tasks", "customer_id": None,
        "due_at": NOW + DAY, "actor": TEST, "now": NOW, **more,
    }  # fmt: skip
    return await open_task(db, **values)


async def jana(db: Connection) -> UUID:
    contact = Contact(email="jana@example.cz", name="Jana", language="cs")
    return (await identify(db, [contact], now=NOW, actor=TEST))[0]


async def names(db: Connection) -> list[str]:
    return [row["name"] for row in await db.fetch("select name from event where name like 'task.%' order by id")]


# --- recurrence ----------------------------------------------------------------------------------


async def test_finishing_one_opens_the_next_at_the_same_wall_clock_across_the_change_of_clocks(db: Connection) -> None:
    task = await opened(db, recurrence=WEEKLY, due_at=NOW - HOUR, remind_before=[60], assignee_id=UUID(ME.id))
    due = []
    for _week in range(6):
        due.append(task.due_at)
        await finish_task(db, task.id, "called", actor=ME, now=task.due_at + HOUR)
        (task,) = await board(db, "all", actor=ME, now=NOW)
    # 2, 9, 16 and 23 March are winter time in Prague, from 30 March on it is summer.
    assert [(moment.day, moment.hour) for moment in due] == [(2, 8), (9, 8), (16, 8), (23, 8), (30, 7), (6, 7)]
    assert (task.number, task.assignee_id, task.remind_before) == (7, UUID(ME.id), [60])
    assert await db.fetchval("select count(distinct series_id) from task") == 1


async def test_what_was_missed_is_not_caught_up(db: Connection) -> None:
    task = await opened(db, recurrence=WEEKLY, due_at=NOW - HOUR)
    await finish_task(db, task.id, "late", actor=ME, now=NOW + 24 * DAY)
    (following,) = await board(db, "all", actor=ME, now=NOW)
    assert (following.number, following.due_at.date()) == (5, date(2026, 3, 30))


async def test_a_moved_run_moves_no_other_and_passing_one_opens_the_next(db: Connection) -> None:
    task = await opened(db, recurrence=WEEKLY, due_at=NOW - HOUR)
    await postpone_task(db, task.id, NOW + 3 * DAY, actor=ME, now=NOW)
    await pass_task(db, task.id, actor=ME, now=NOW + HOUR)
    assert await pass_task(db, task.id, actor=ME, now=NOW + HOUR) is not None
    (following,) = await board(db, "all", actor=ME, now=NOW)
    assert (following.number, following.due_at) == (2, NOW + 7 * DAY)
    await cancel_task(db, following.id, actor=ME, now=NOW)
    assert await board(db, "all", actor=ME, now=NOW) == []
    assert await names(db) == [
        "task.opened", "task.changed", "task.opened", "task.cancelled", "task.cancelled",
    ]  # fmt: skip
    with pytest.raises(InvalidValue, match="recurrence"):
        await pass_task(db, (await opened(db)).id, actor=ME, now=NOW)


async def test_two_who_finish_at_once_open_one_next(pool: Pool) -> None:
    async with pool.acquire() as db:
        task = await opened(db, recurrence=WEEKLY, due_at=NOW - HOUR)

    async def finish(outcome: str) -> None:
        async with pool.acquire() as db, db.transaction():
            await finish_task(db, task.id, outcome, actor=ME, now=NOW)

    ended = await asyncio.gather(*(finish(outcome) for outcome in "aabb"), return_exceptions=True)
    assert sum(isinstance(error, Conflict) for error in ended) == 2
    assert await pool.fetchval("select count(*) from task where done_at is null") == 1
    assert await pool.fetchval("select count(*) from task") == 2


async def test_an_ended_recurrence_opens_nothing(db: Connection) -> None:
    ending = Recurrence(every=1, unit="day", anchor=date(2026, 3, 2), zone="Europe/Prague", until=date(2026, 3, 3))
    task = await opened(db, recurrence=ending, due_at=NOW - HOUR)
    await finish_task(db, task.id, "x", actor=ME, now=NOW)
    (last,) = await board(db, "all", actor=ME, now=NOW)
    await finish_task(db, last.id, "x", actor=ME, now=NOW)
    assert await board(db, "all", actor=ME, now=NOW) == []
    with pytest.raises(InvalidValue, match=r"recurrence\.until"):
        await opened(db, recurrence=ending, due_at=NOW + 5 * DAY)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    unit=st.sampled_from(["day", "week", "month", "year"]),
    every=st.integers(1, 3),
    anchor=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    zone=st.sampled_from(["Europe/Prague", "America/New_York"]),
)
async def test_a_series_finished_in_time_is_the_recurrence(
    db: Connection, unit: Any, every: int, anchor: date, zone: str
) -> None:
    rule = Recurrence(every=every, unit=unit, anchor=anchor, zone=zone, at="02:30")
    await db.execute("delete from task")
    task = await opened(db, recurrence=rule, due_at=datetime(2025, 12, 1, tzinfo=UTC))
    seen = []
    for _run in range(4):
        seen.append((task.number, task.due_at))
        await finish_task(db, task.id, "x", actor=ME, now=task.due_at)
        (task,) = await board(db, "all", actor=ME, now=NOW)
    assert seen == [(run.number, run.at) for run in runs(rule, limit=4)]


# --- reminders -----------------------------------------------------------------------------------


def unguarded(workers: int) -> Callable[[Connection, datetime, int], Awaitable[int]]:
    """Reads, then writes: what two workers make two reminders of. Nobody writes before all have read."""
    all_have_read = asyncio.Barrier(workers)

    async def remind(db: Connection, now: datetime, limit: int) -> int:
        rows = await db.fetch("select task_id, at from task_reminder where fired_at is null and at <= $1", now)
        await all_have_read.wait()
        for row in rows:
            await db.execute(
                """insert into event (occurred_at, name, actor, subject, payload)
                   values ($1, 'task.reminded', 'system:x', 'x:1', '{}')""",
                now,
            )
            await db.execute("update task_reminder set fired_at = $2 where task_id = $1", row["task_id"], now)
        return 0

    return remind


@pytest.mark.parametrize("guarded", [True, False])
async def test_each_reminder_is_told_once_by_any_number_of_workers(pool: Pool, guarded: bool) -> None:
    async with pool.acquire() as db:
        for _task in range(30):
            await opened(db, remind_before=[60, 0])
    due = Due(name="reminders", verb=remind_tasks if guarded else unguarded(workers=3))
    database = Database(pool)
    for now in (NOW + 23 * HOUR, NOW + 23 * HOUR, NOW + DAY, NOW + 2 * DAY):
        await asyncio.gather(*(run_due(database, due, now, limit=7) for _worker in range(3)))
    told = await pool.fetchval("select count(*) from event where name = 'task.reminded'")
    assert (told == 60) is guarded


async def test_reminders_come_before_it_is_due_and_move_with_it(db: Connection) -> None:
    task = await opened(db, remind_before=[60, 60, 1440, 10], due_at=NOW + 2 * HOUR)
    assert await remind_tasks(db, NOW + HOUR - timedelta(seconds=1), 100) == 0  # a day before has passed already
    await postpone_task(db, task.id, NOW + 5 * HOUR, actor=ME, now=NOW)
    assert await remind_tasks(db, NOW + 3 * HOUR, 100) == 0
    assert await remind_tasks(db, NOW + 4 * HOUR, 100) == 1
    (event,) = await db.fetch("select payload, subject from event where name = 'task.reminded'")
    assert event["payload"] == {"task_id": str(task.id), "minutes": 60, "assignee_id": None, "team_id": None}
    await finish_task(db, task.id, "x", actor=ME, now=NOW + 4 * HOUR)
    assert await remind_tasks(db, NOW + DAY, 100) == 0


async def test_after_a_long_silence_a_task_is_told_of_once(db: Connection) -> None:
    await opened(db, remind_before=[600, 60, 10])
    assert await remind_tasks(db, NOW + 2 * DAY, 100) == 3
    assert (await names(db)).count("task.reminded") == 1


async def test_reminders_show_until_they_are_put_away_and_a_later_one_shows_again(db: Connection) -> None:
    task = await opened(db, remind_before=[60, 10], assignee_id=UUID(ME.id))
    await remind_tasks(db, NOW + 23 * HOUR, 100)
    assert [one.task for one in await reminders_now(db, actor=ME, now=NOW + 23 * HOUR)] == [task]
    assert await reminders_now(db, actor=KEEPER, now=NOW + 23 * HOUR) == []
    await put_away(db, [task.id], actor=ME, now=NOW + 23 * HOUR)
    assert await reminders_now(db, actor=ME, now=NOW + 23 * HOUR) == []
    await remind_tasks(db, NOW + DAY, 100)
    assert len(await reminders_now(db, actor=ME, now=NOW + DAY)) == 1


# --- who, what changed, the customer --------------------------------------------------------------


async def test_who_works_with_no_customers_sees_what_is_theirs(db: Connection) -> None:
    customer_id = await jana(db)
    team = await save_team(db, "Depot", [UUID(KEEPER.id)], actor=TEST, now=NOW)
    mine, shared = await opened(db, assignee_id=UUID(KEEPER.id)), await opened(db, team_id=team.id)
    free = await opened(db)
    hidden = [
        await opened(db, assignee_id=UUID(ME.id)),
        await opened(db, subject=f"customer:{customer_id}", customer_id=customer_id),
    ]
    seen = await board(db, "all", actor=KEEPER, now=NOW)
    assert {task.id for task in seen} == {mine.id, shared.id, free.id}
    assert len(await board(db, "all", actor=ME, now=NOW)) == 5
    assert await board_counts(db, actor=KEEPER, now=NOW) == {"mine": 3, "team": 2, "all": 3, "overdue": 0}
    for task in hidden:
        with pytest.raises(NotFound):
            await finish_task(db, task.id, "x", actor=KEEPER, now=NOW)
        with pytest.raises(NotFound):
            await change_task(db, task.id, TaskChange(title="x"), actor=KEEPER, now=NOW)


async def test_a_change_leaves_a_trace_without_words(db: Connection) -> None:
    task = await opened(db)
    change = TaskChange(title="Secret words", note="More", priority="high", assignee_id=UUID(ME.id))
    changed = await change_task(db, task.id, change, actor=ME, now=NOW)
    assert (changed.title, changed.details) == ("Secret words", {"note": "More"})
    assert await change_task(db, task.id, change, actor=ME, now=NOW) == changed
    (event,) = await db.fetch("select payload from event where name = 'task.changed'")
    assert event["payload"] == {
        "task_id": str(task.id),
        "key": None,
        "changed": ["title", "details", "priority", "assignee_id"],
        "was": {"priority": "normal", "assignee_id": None},
        "became": {"priority": "high", "assignee_id": ME.id},
    }
    with pytest.raises(Conflict):
        await change_task(db, task.id, TaskChange(title="x"), actor=ME, now=NOW, seen=task)


async def test_what_is_asked_of_a_customer_is_finished_by_their_answer(db: Connection) -> None:
    customer_id, other = await jana(db), uuid4()
    task = await opened(db, customer_id=customer_id, subject=f"customer:{customer_id}", portal=True)
    plain = await opened(db, customer_id=customer_id)
    assert [one.id for one in await asked_of(db, [customer_id])] == [task.id]
    with pytest.raises(Forbidden):
        await answer_task(db, task.id, "Yes", actor=customer(other), now=NOW)
    with pytest.raises(NotFound):
        await answer_task(db, plain.id, "Yes", actor=customer(customer_id), now=NOW)
    with pytest.raises(InvalidValue, match="answer"):
        await answer_task(db, task.id, "  ", actor=customer(customer_id), now=NOW)
    done = await answer_task(db, task.id, " Yes, two ", actor=customer(customer_id), now=NOW)
    assert (done.answer, done.outcome, done.ended) == ("Yes, two", "answered", "done")
    assert await answer_task(db, task.id, "Yes, two", actor=customer(customer_id), now=NOW + HOUR) == done
    (event,) = await db.fetch("select payload, customer_id from event where name = 'task.done'")
    assert "Yes" not in str(event["payload"])
    assert [one.id for one in await asked_of(db, [customer_id], closed=5)] == [task.id]


async def test_who_has_absorbed_the_customer_answers_for_them(db: Connection) -> None:
    customer_id = await jana(db)
    contact = Contact(email="j2@example.cz", name="Jana", language="cs")
    [survivor] = await identify(db, [contact], now=NOW, actor=TEST)
    task = await opened(db, customer_id=customer_id, portal=True)
    await add_alias(db, customer_id, survivor, "merged", now=NOW)
    assert (await answer_task(db, task.id, "Yes", actor=customer(survivor), now=NOW)).ended == "done"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"priority": "huge"}, "priority"),
        ({"assignee_id": uuid4(), "team_id": uuid4()}, "assignee"),
        ({"portal": True}, "customer"),
        ({"remind_before": [-1]}, "remind_before"),
        ({"remind_before": list(range(6))}, "remind_before"),
        ({"recurrence": Recurrence(every=0, unit="day", anchor=date(2026, 3, 2), zone="UTC")}, "recurrence.every"),
        ({"recurrence": Recurrence(every=1, unit="day", anchor=date(2026, 3, 2), zone="Nowhere")}, "recurrence.zone"),
    ],
)
async def test_what_is_wrong_is_named(db: Connection, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        await opened(db, **wrong)
    assert refused.value.field == field
    assert await db.fetchval("select count(*) from task") == 0
