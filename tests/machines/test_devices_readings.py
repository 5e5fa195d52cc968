"""Readings may come late, twice, in any order, and absurd; what is kept of them is the same."""

import asyncio
import math
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kupec.kit.actor import customer
from kupec.kit.db import Connection, connect
from kupec.kit.events import subject_history
from kupec.machines.devices import (
    ErrorReport,
    Ignored,
    NewDevice,
    Reading,
    asides_of,
    ask_refill,
    devices_of,
    errors_of,
    forget_readings,
    ingest,
    levels,
    meters_of,
    notice_silent,
    privacy_part,
    register_device,
    report_errors,
    sum_hours,
    use_by_day,
    use_of,
)
from kupec.machines.mandates import revoke_machine
from tests.billing.owing import a_party
from tests.shop import NOON

HOUR = timedelta(hours=1)


async def a_device(db: Connection, model: str = "kaveta-office-12", **more: object) -> UUID:
    party_id = await a_party(db)
    new = NewDevice(name="Kitchen", model=model, **more)  # type: ignore[arg-type]
    device, _ = await register_device(db, party_id, new, actor=customer(party_id), now=NOON)
    return device.machine_id


def read(device: UUID, value: float, minutes: float = 0, meter: str = "beans", **more: object) -> Reading:
    """So many minutes after noon."""
    return Reading(machine_id=device, meter=meter, value=value, at=NOON + timedelta(minutes=minutes), **more)  # type: ignore[arg-type]


async def state_of(db: Connection, device: UUID) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is kept of its measuring, but how often what was not taken."""
    found = {}
    for table, order in {
        "reading": "meter, at, sequence",
        "device_meter": "meter",
        "meter_hour": "meter, hour",
        "meter_day": "meter, day",
    }.items():
        rows = await db.fetch(f"select * from {table} where machine_id = $1 order by {order}", device)
        found[table] = [
            tuple(round(value, 6) if isinstance(value, float) else value for value in list(row.values())[1:])
            for row in rows
        ]
    return found


_said = st.lists(
    st.tuples(
        st.sampled_from(["beans", "cups", "grounds", "seals", "nothing"]),
        st.sampled_from([0, 1, 2, 30, 61, 62, 125, 300]),
        st.sampled_from([0, 0, 1]),
        st.one_of(
            st.integers(0, 60).map(float),
            st.sampled_from([0.5, 1200.0, 1210.0, -5.0, 1e300, math.nan, math.inf, -math.inf, 9_999_999.0]),
        ),
    ),
    min_size=1,
    max_size=25,
)


@given(said=_said, data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_readings_in_any_order_are_the_same_state(rollback_dsn: str, said: list, data: st.DataObject) -> None:  # type: ignore[type-arg]
    """Twice, torn into batches, summed up in between: what is kept does not tell."""
    order = data.draw(st.permutations([*said, *said[: len(said) // 2]]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(order)), max_size=4)))
    now = NOON + 6 * HOUR

    async def both() -> None:
        db = await connect(rollback_dsn)
        transaction = db.transaction()
        await transaction.start()
        try:
            first, second = await a_device(db), await a_device(db)
            await ingest(db, [_reading(first, one) for one in sorted(said, key=str)], now=now)
            await sum_hours(db, now, 100)
            for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
                await ingest(db, [_reading(second, one) for one in order[begin:end]], now=now)
                if data.draw(st.booleans()):
                    await sum_hours(db, now, 100)
            await sum_hours(db, now, 100)
            assert await state_of(db, first) == await state_of(db, second)
            for meter in ("beans", "cups", "grounds", "seals"):
                assert [use.used >= 0 for use in await use_by_day(db, first, meter, since=NOON.date())].count(
                    False
                ) == 0
        finally:
            db.terminate()
            await asyncio.sleep(0)

    asyncio.run(both())


def _reading(device: UUID, one: tuple[str, int, int, float]) -> Reading:
    meter, minute, sequence, value = one
    return read(device, value, minute, meter, sequence=sequence)


async def test_what_is_absurd_is_set_aside_and_told(db: Connection) -> None:
    device, other = await a_device(db), await a_device(db)
    now = NOON + HOUR
    outcomes = await ingest(
        db,
        [
            read(device, 800),
            read(device, math.nan, 1),
            read(device, -100, 1),
            read(device, 1e308, 1),
            read(device, 5, 1, meter="teapots"),
            read(device, 5, 71),  # ten minutes ahead is a clock, eleven is a lie
            read(device, 5, -4 * 24 * 60),
            read(uuid4(), 5),
            read(device, 5, 2, by=other),
            read(device, 5, sequence=-1),
            Reading(machine_id=device, meter="cups", value=5, at=datetime.min.replace(tzinfo=UTC)),
            Reading(machine_id=device, meter="cups", value=5, at=datetime.max.replace(tzinfo=UTC)),
        ],
        now=now,
    )
    assert [one.reason if isinstance(one, Ignored) else "" for one in outcomes] == [
        "",
        "not_a_number",
        "out_of_range",
        "out_of_range",
        "unknown_meter",
        "in_the_future",
        "too_old",
        "unknown_device",
        "not_yours",
        "out_of_range",
        "too_old",
        "in_the_future",
    ]
    assert {one.reason: one.readings for one in await asides_of(db, device)} == {
        "not_a_number": 1,
        "out_of_range": 3,
        "unknown_meter": 1,
        "in_the_future": 2,
        "too_old": 2,
    }
    assert await asides_of(db, other) == []
    beans = (await meters_of(db, device))[0]
    assert (beans.value, beans.share, beans.low, beans.suspicious) == (800, pytest.approx(2 / 3), False, False)


async def test_a_gateway_speaks_for_its_own_and_nobody_else(db: Connection) -> None:
    party_id = await a_party(db)
    owner = customer(party_id)

    async def another(**more: object) -> UUID:
        new = NewDevice(name="One", model="kaveta-s3", **more)  # type: ignore[arg-type]
        return (await register_device(db, party_id, new, actor=owner, now=NOON))[0].machine_id

    gateway = await another()
    behind, apart = await another(gateway_id=gateway), await another()
    outcomes = await ingest(db, [read(one, 100, by=gateway) for one in (gateway, behind, apart)], now=NOON)
    assert [isinstance(one, Ignored) for one in outcomes] == [False, False, True]
    await revoke_machine(db, behind, actor=owner, now=NOON)
    assert await ingest(db, [read(behind, 90, 1, by=gateway)], now=NOON + HOUR) == [Ignored(reason="unknown_device")]
    assert {device.machine_id for device in await devices_of(db, [party_id])} == {gateway, apart}


async def test_a_message_without_a_time_counts_once(db: Connection) -> None:
    """It is told again after a newer one: nothing goes back."""
    device = await a_device(db)
    for minute, value, name in [(0, 900.0, "a"), (1, 890.0, "b"), (2, 900.0, "a")]:
        now = NOON + timedelta(minutes=minute)
        await ingest(db, [Reading(machine_id=device, meter="beans", value=value, at=now, message_id=name)], now=now)
    assert (await meters_of(db, device))[0].value == 890


async def test_a_jump_is_suspicious_until_another_agrees_and_is_no_use(db: Connection) -> None:
    device = await a_device(db)

    async def say(minutes: float, value: float, meter: str = "beans") -> tuple[float | None, bool]:
        await ingest(db, [read(device, value, minutes, meter)], now=NOON + 3 * HOUR)
        found = next(one for one in await meters_of(db, device) if one.name == meter)
        return found.value, found.suspicious

    assert await say(0, 1000) == (1000, False)
    assert await say(1, 990) == (990, False)
    assert await say(2, 0) == (0, True)  # the sensor was unplugged, or somebody emptied it
    assert await say(3, 985) == (985, False)  # a refill is none of its business
    assert await say(1.5, 989) == (985, False)
    [day] = await use_by_day(db, device, "beans", since=NOON.date())
    assert day.used == 11  # 1000 → 990 → 989; never the 989 that were not drunk
    assert await say(0, 500, "cups") == (500, False)
    assert await say(1, 9_000_000, "cups") == (9_000_000, True)
    assert await say(2, 502, "cups") == (502, True)
    assert await say(3, 503, "cups") == (503, False)
    assert await say(4, 2, "cups") == (2, True)  # a new board counts from nought
    assert await say(5, 3, "cups") == (3, False)
    [day] = await use_by_day(db, device, "cups", since=NOON.date())
    assert day.used == 4  # 502 → 503, then 2, then 3; the spike and what it fell from count nothing


async def test_trembling_is_no_use_and_a_refill_is_not_negative(db: Connection) -> None:
    device = await a_device(db)
    trembling = [read(device, 600 + (8 if minute % 2 else -8) - minute / 6, minute) for minute in range(120)]
    await ingest(db, trembling, now=NOON + 4 * HOUR)
    await ingest(db, [read(device, 1150, 121), read(device, 1140, 130)], now=NOON + 4 * HOUR)
    await sum_hours(db, NOON + 4 * HOUR, 100)
    [day] = await use_by_day(db, device, "beans", since=NOON.date())
    assert day.used == pytest.approx(20 - 16 + 10, abs=1)
    assert day.filled == pytest.approx(1150 - 588, abs=1)
    assert (await use_of(db, [(device, "beans")], since=NOON.date()))[device, "beans"] == [day]
    points = await levels(db, device, "beans", since=NOON - HOUR)
    assert [round(point.value) for point in points] == [598, 588, 1140]
    assert [point.at for point in points] == [NOON + HOUR, NOON + 2 * HOUR, NOON + timedelta(minutes=130)]


async def test_what_was_used_while_silent_is_spread_and_sums_outlive_readings(db: Connection) -> None:
    device = await a_device(db, zone="Europe/Prague")
    await ingest(db, [read(device, 1000)], now=NOON)
    later = NOON + 2 * 24 * HOUR
    await ingest(db, [read(device, 520, 2 * 24 * 60)], now=later)
    days = await use_by_day(db, device, "beans", since=date(2026, 3, 1))
    assert [(day.day.day, round(day.used)) for day in days] == [(10, 120), (11, 240), (12, 120)]
    assert await sum_hours(db, later + HOUR, 100) == 1
    assert await use_by_day(db, device, "beans", since=date(2026, 3, 1)) == days
    await ingest(db, [read(device, 910, 12 * 60)], now=later + HOUR)  # late, and before what is known
    assert await sum_hours(db, later + HOUR, 100) == 1
    days = await use_by_day(db, device, "beans", since=date(2026, 3, 1))
    # 90 until midnight in Prague, 390 in the 36 hours after it
    assert [(day.day.day, round(day.used)) for day in days] == [(10, 90), (11, 260), (12, 130)]
    much_later = later + 5 * 24 * HOUR
    assert await forget_readings(db, much_later, 100) == 0
    assert await db.fetchval("select count(*) from reading where machine_id = $1", device) == 1  # the last one stays
    assert await use_by_day(db, device, "beans", since=date(2026, 3, 1)) == days
    await ingest(db, [read(device, 500, 7 * 24 * 60)], now=much_later)
    assert sum(day.used for day in await use_by_day(db, device, "beans", since=date(2026, 3, 1))) == pytest.approx(500)


async def test_errors_stand_as_their_latest_report_says(db: Connection) -> None:
    device = await a_device(db)

    def report(minutes: int, raised: bool, code: str = "E-SCALE", **more: object) -> ErrorReport:
        return ErrorReport(
            machine_id=device,
            code=code,
            raised=raised,
            at=NOON + timedelta(minutes=minutes),
            **more,  # type: ignore[arg-type]
        )

    async def told() -> list[str]:
        events = await subject_history(db, f"machine:{device}")
        return [event.name for event in reversed(events) if event.name.startswith("device.error")]

    now = NOON + HOUR
    await report_errors(db, [report(1, True), report(1, True), report(5, True)], now=now)
    assert [(one.code, one.raised_at, one.cleared_at) for one in await errors_of(db, device)] == [
        ("E-SCALE", NOON + timedelta(minutes=1), None)
    ]
    await report_errors(db, [report(9, False)], now=now)
    await report_errors(db, [report(7, True), report(9, False), report(2, False)], now=now)  # late, and twice
    assert await errors_of(db, device) == []
    [was] = await errors_of(db, device, cleared=True)
    assert was.cleared_at == NOON + timedelta(minutes=9)
    await report_errors(db, [report(11, True)], now=now)
    assert [one.raised_at for one in await errors_of(db, device)] == [NOON + timedelta(minutes=11)]
    assert await told() == ["device.error_raised", "device.error_cleared", "device.error_raised"]
    flood = [report(12, True, code=f"X{number}") for number in range(200)]
    outcomes = await report_errors(db, [*flood, report(80, True), report(1, True, by=uuid4())], now=now)
    assert sum(outcome == Ignored(reason="too_many") for outcome in outcomes) == 101
    assert [outcome.reason for outcome in outcomes[-2:] if isinstance(outcome, Ignored)] == [
        "in_the_future",
        "not_yours",
    ]


async def test_silence_is_noticed_once_and_so_is_the_return(db: Connection) -> None:
    device, unheard = await a_device(db), await a_device(db)
    await ingest(db, [read(device, 500)], now=NOON)
    assert await notice_silent(db, NOON + 3 * HOUR, 100) == 0
    assert await notice_silent(db, NOON + 3.1 * HOUR, 100) == 1
    assert await notice_silent(db, NOON + 4 * HOUR, 100) == 0
    await ingest(db, [read(device, 5e9, 300)], now=NOON + 5 * HOUR)  # nonsense, but it is there
    await ingest(db, [read(device, 490, 301)], now=NOON + 5.1 * HOUR)
    names = [event.name for event in reversed(await subject_history(db, f"machine:{device}"))]
    assert names[-2:] == ["device.silent", "device.back"]
    assert "device.silent" not in [event.name for event in await subject_history(db, f"machine:{unheard}")]


async def test_who_asks_for_more_asks_until_it_is_filled(db: Connection) -> None:
    device = await a_device(db)
    await ingest(db, [read(device, 300)], now=NOON)
    for minutes in (1, 2):
        await ask_refill(db, device, "beans", now=NOON + timedelta(minutes=minutes))
    assert (await meters_of(db, device))[0].asked_at == NOON + timedelta(minutes=1)
    await ingest(db, [read(device, 1200, 30), read(device, 1190, 40)], now=NOON + HOUR)
    assert (await meters_of(db, device))[0].asked_at is None
    await ask_refill(db, device, "beans", now=NOON + HOUR)
    assert (await meters_of(db, device))[0].asked_at == NOON + HOUR
    events = [event.name for event in await subject_history(db, f"machine:{device}")]
    assert events.count("device.refill_asked") == 2


async def test_a_flood_is_cut_off_for_the_day_and_privacy_takes_all(db: Connection) -> None:
    device = await a_device(db, serial="SN-1", place="Jana's kitchen")
    await db.execute("update device set counted_on = $2, counted = 49999 where machine_id = $1", device, NOON.date())
    outcomes = await ingest(db, [read(device, 900 - minute, minute) for minute in range(3)], now=NOON + HOUR)
    assert [isinstance(outcome, Ignored) for outcome in outcomes] == [False, True, True]
    tomorrow = NOON + 24 * HOUR
    assert await ingest(db, [read(device, 5, 24 * 60)], now=tomorrow) != [Ignored(reason="too_many")]
    [party_id] = [
        row["party_id"] for row in await db.fetch("select party_id from device where machine_id = $1", device)
    ]
    told = await privacy_part.tell(db, [party_id])
    assert told["device"][0]["serial"] == "SN-1"
    assert "reading" in told
    await privacy_part.erase(db, [party_id], tomorrow)
    row = await db.fetchrow("select serial, place from device where machine_id = $1", device)
    assert row is not None
    assert tuple(row) == ("", "")
    assert (await state_of(db, device)) == {"reading": [], "device_meter": [], "meter_hour": [], "meter_day": []}
