"""A roll-out in the database: who meets what, what is counted, and what stops it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from kupec.experiments import (
    CANDIDATE,
    LIVE,
    AlreadyOnTrial,
    Arm,
    Experiment,
    Guardrail,
    NewExperiment,
    Observation,
    TrialOver,
    arms_of,
    assign,
    check_guardrails,
    expose,
    exposure_of,
    finish_experiment,
    get_experiment,
    list_experiments,
    observe,
    results,
    running,
    set_share,
    start_experiment,
    stop_experiment,
)
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.events import subject_history

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOSS = system("test")
ARMS = (Arm(name=LIVE, version="1"), Arm(name=CANDIDATE, version="2"))
HANDOVER = Guardrail(metric="handover", margin=0.03, least=50)
ERROR = Guardrail(metric="error", margin=0.01, least=50, at_once=True)


async def _start(
    db: Connection, share: float, *guardrails: Guardrail, subject: str = "model", channels: tuple[str, ...] = ()
) -> Experiment:
    new = NewExperiment(subject=subject, arms=ARMS, share=share, guardrails=guardrails, channels=channels)
    return await start_experiment(db, new, actor=BOSS, now=NOW)


def _units(number: int, channel: str = "web") -> list[tuple[str, str]]:
    return [(f"unit-{at}", channel) for at in range(number)]


async def _observe(db: Connection, one: Experiment, metric: str, units: Sequence[str], value: float = 1.0) -> int:
    found = [Observation(experiment_id=one.id, unit=unit, metric=metric, value=value) for unit in units]
    return await observe(db, found, now=NOW)


async def test_a_share_is_given_grows_shrinks_and_ends(db: Connection) -> None:
    with pytest.raises(Forbidden):
        await start_experiment(db, NewExperiment(subject="bot", arms=ARMS), actor=Actor(kind="staff", id="a"), now=NOW)
    with pytest.raises(InvalidValue, match="arms"):
        await start_experiment(db, NewExperiment(subject="bot", arms=ARMS[1:]), actor=BOSS, now=NOW)
    with pytest.raises(InvalidValue, match=r"guardrails\[0\].metric"):
        await _start(db, 0.1, Guardrail(metric="luck", margin=0.1))
    one = await _start(db, 0.1, channels=("web", "mail"))
    assert [
        guard.metric
        for guard in (
            await start_experiment(db, NewExperiment(subject="bot", arms=ARMS), actor=BOSS, now=NOW)
        ).guardrails
    ] == ["error", "handover", "csat"]
    with pytest.raises(AlreadyOnTrial):
        await _start(db, 0.5)
    assert [found.subject for found in await running(db)] == ["bot", "model"]
    assert [found.id for found in await running(db, "model")] == [one.id]

    first = await assign(db, one, _units(400), now=NOW)
    met = {unit for unit, arm in first.items() if arm == CANDIDATE}
    assert 20 < len(met) < 65
    assert set((await assign(db, one, _units(50, "phone"), now=NOW)).values()) <= {LIVE, CANDIDATE}
    assert await db.fetchval("select count(*) from exposure where channel = 'phone'") == 0, "it takes no part"

    more = await set_share(db, one.id, 0.5, actor=BOSS, now=NOW)
    then = await arms_of(db, more, _units(400))
    assert met < {unit for unit, arm in then.items() if arm == CANDIDATE}
    less = await set_share(db, one.id, 0.01, channel="web", actor=BOSS, now=NOW)
    assert (less.share_on("web"), less.share_on("mail"), less.share_on("phone")) == (0.01, 0.5, 0)
    kept = await arms_of(db, less, _units(400))
    assert {unit for unit, arm in kept.items() if arm == CANDIDATE} == met, "who has met it keeps it"
    none = await set_share(db, one.id, 0, actor=BOSS, now=NOW)
    assert set((await arms_of(db, none, _units(400))).values()) == {LIVE}
    every = await set_share(db, one.id, 1, actor=BOSS, now=NOW)
    assert set((await arms_of(db, every, _units(400))).values()) == {CANDIDATE}

    done = await finish_experiment(db, one.id, winner=CANDIDATE, actor=BOSS, now=NOW)
    assert (done.state, done.winner, done.ended_at) == ("finished", CANDIDATE, NOW)
    with pytest.raises(TrialOver):
        await stop_experiment(db, one.id, actor=BOSS, now=NOW)
    assert await _observe(db, one, "handover", ["unit-1"]) == 0, "what is over learns nothing more"
    again = await _start(db, 0.1)
    assert (one.code, again.code) == ("model-1", "model-2")
    assert [found.state for found in await list_experiments(db)] == ["running", "running", "finished"]
    steps = [event.payload.get("share") for event in await subject_history(db, f"experiment:{one.id}")]
    assert steps == [None, 1, 0, 0.01, 0.5, 0.1]


async def test_figures_count_everybody_once(db: Connection) -> None:
    one = await _start(db, 0.5)
    arms = await assign(db, one, _units(200), now=NOW)
    tried = [unit for unit, arm in arms.items() if arm == CANDIDATE]
    live = [unit for unit, arm in arms.items() if arm == LIVE]
    await assign(db, await set_share(db, one.id, 1, actor=BOSS, now=NOW), _units(200), now=NOW)
    assert await _observe(db, one, "handover", [*tried[:30], *live[:10]]) == 40
    assert await _observe(db, one, "handover", tried[:40], 0.0) == 10, "what stands is not told again"
    assert await _observe(db, one, "csat", ["nobody", tried[0]], 5.0) == 1
    assert await _observe(db, one, "csat", [*live[:2], tried[1]], 2.0) == 3
    with pytest.raises(InvalidValue):
        await _observe(db, one, "csat", tried, 6.0)

    found = await results(db, one.id)
    assert found.exposed == {LIVE: len(live), CANDIDATE: len(tried)}, "who was met first, stands"
    handover = found.comparison(CANDIDATE, "handover")
    expected = 30 / len(tried) - 10 / len(live)
    assert handover.difference == pytest.approx(expected)
    assert handover.among_equals == pytest.approx(expected)
    assert handover.low is not None and handover.always_low is not None  # noqa: PT018
    assert handover.always_low < handover.low < expected
    assert 0 < handover.p < 0.2
    assert [found.figure(arm, "csat").mean for arm in (LIVE, CANDIDATE)] == [2.0, 3.5]
    csat = found.comparison(CANDIDATE, "csat")
    assert csat.always_low is not None
    assert csat.always_low < 0 < csat.p
    assert found.figure(LIVE, "error").mean == 0


async def test_a_guardrail_stops_what_is_worse_and_nothing_else(db: Connection) -> None:
    worse, fine, broken = [
        await _start(db, 0.5, HANDOVER, ERROR, subject=subject) for subject in ("flow:a", "flow:b", "flow:c")
    ]
    for one in (worse, fine):
        arms = await assign(db, one, _units(600), now=NOW)
        tried = [unit for unit, arm in arms.items() if arm == CANDIDATE]
        live = [unit for unit, arm in arms.items() if arm == LIVE]
        await _observe(db, one, "handover", live[:30])
        await _observe(db, one, "handover", tried[: 120 if one is worse else 30])
        await _observe(db, one, "error", [*live[:2], *tried[:2]])
    few = await assign(db, broken, _units(40), now=NOW)
    await _observe(db, broken, "error", [unit for unit, arm in few.items() if arm == CANDIDATE])
    assert list(few.values()).count(CANDIDATE) >= 4

    stopped = await check_guardrails(db, now=NOW)
    assert {one.subject: one.reason for one in stopped} == {
        "flow:a": "guardrail:handover",
        "flow:c": "guardrail:error",
    }
    assert (await get_experiment(db, fine.id)).state == "running"
    (told, *_rest) = await subject_history(db, f"experiment:{worse.id}")
    assert (told.name, told.actor) == ("experiment.stopped", "system:guardrails")
    assert told.payload["candidate"] > 0.35 > 0.15 > told.payload["live"]
    assert told.payload["worse_by"] > HANDOVER.margin
    assert not await running(db, "flow:a"), "everybody has what held before"
    assert await check_guardrails(db, now=NOW) == []


async def test_two_who_expose_the_same_unit_write_one_arm(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        one = await _start(db, 0.5)
    both_ready = asyncio.Barrier(2)
    decided: list[str] = []

    async def meet(arm: str) -> str:
        async with database.transaction() as db:
            if not await db.fetchval("select exists (select from exposure where unit = 'same')"):
                decided.append(arm)
            await both_ready.wait()
            wanted = [exposure_of(one, unit, "web", arm) for unit in ("same", "other")]
            stands = await expose(db, wanted if arm == LIVE else wanted[::-1], now=NOW)
            return stands[one.id, "same"]

    told = await asyncio.gather(meet(LIVE), meet(CANDIDATE))
    assert sorted(decided) == [CANDIDATE, LIVE], "the control: by what they had read, each would have written its own"
    assert told[0] == told[1]
    assert await pool.fetch("select arm from exposure where unit = 'same'") == [(told[0],)]
