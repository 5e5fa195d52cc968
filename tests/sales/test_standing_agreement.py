"""Standing orders as agreements: started, changed, paused, ended; their times skipped, moved, changed, decided."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.ids import uuid7
from kupec.kit.recurrence import Recurrence
from kupec.sales import (
    CardUnknown,
    CartIncomplete,
    CartLine,
    OccurrenceTooLate,
    StandingChange,
    StandingEnded,
    WantedLine,
    approve_standing,
    cart_lines,
    change_occurrence,
    change_standing,
    decide_missed,
    end_standing,
    get_standing,
    move_occurrence,
    next_occurrences,
    occurrence_from_token,
    pause_standing,
    preview,
    price_standing,
    privacy_part,
    remind_due,
    resume_standing,
    skip_occurrence,
    skip_token,
    start_standing,
    unskip_occurrence,
    upcoming,
)
from tests.sales.standing_shop import (
    A_WEEK,
    FIRST,
    STAFF,
    WEEKLY,
    a_buyer,
    a_card,
    names,
    rows,
    started,
    states,
    told,
    wanted,
)
from tests.shop import NOON, add_product, make_shop


@pytest.fixture
async def beans(db: Connection) -> UUID:
    await make_shop(db)
    return await add_product(db, "BEANS", price=30000, stock=100)


async def test_it_starts_with_the_first_time_written_down(db: Connection, beans: UUID) -> None:
    buyer = await a_buyer(db)
    standing = await started(db, buyer, beans)
    assert (standing.state, standing.currency, standing.next_number) == ("active", "CZK", 2)
    assert [line.last_amount for line in standing.lines] == [30000]
    [first] = await rows(db, standing.id)
    assert (first.number, first.nominal, first.due_at, first.next_try_at) == (1, date(2026, 3, 17), FIRST, FIRST)
    [event] = await told(db, standing.id)
    assert (event.name, event.customer_id, event.channel) == ("standing.started", buyer, "standing")
    assert event.payload["first_on"] == "2026-03-17"
    ahead = await next_occurrences(db, standing, now=NOON)
    assert [each.due_at for each in ahead] == [run.at for run in preview(WEEKLY, now=NOON)]
    assert len(ahead) == 10


async def test_the_same_key_starts_one(db: Connection, beans: UUID) -> None:
    new = msgspec.structs.replace(wanted(await a_buyer(db), beans), key="form-1")
    first = await start_standing(db, new, actor=STAFF, now=NOON)
    assert await start_standing(db, new, actor=STAFF, now=NOON) == first
    assert await db.fetchval("select count(*) from occurrence") == 1


async def test_only_who_buys_for_the_customer_may(db: Connection, beans: UUID) -> None:
    buyer, other = await a_buyer(db), await a_buyer(db)
    with pytest.raises(Forbidden):
        await started(db, buyer, beans, actor=customer(other))
    with pytest.raises(Forbidden):
        await started(db, buyer, beans, actor=customer(other, roles=[("accountant", buyer)]))
    standing = await started(db, buyer, beans, actor=customer(other, roles=[("buyer", buyer)]))
    # Nobody who may has agreed to a total yet.
    assert standing.approved_total is None
    with pytest.raises(Forbidden):
        await approve_standing(db, standing.id, actor=customer(other, roles=[("buyer", buyer)]), now=NOON)
    approved = await approve_standing(db, standing.id, actor=customer(other, roles=[("approver", buyer)]), now=NOON)
    assert approved.approved_total == 2 * 30000 + 9900
    with pytest.raises(Forbidden):
        await skip_occurrence(db, standing.id, 1, actor=customer(other), now=NOON)
    reader = Actor(kind="staff", id="x", permissions=frozenset({"orders.read"}))
    with pytest.raises(Forbidden):
        await pause_standing(db, standing.id, actor=reader, now=NOON)


async def test_what_cannot_be_ordered_is_named(db: Connection, beans: UUID) -> None:
    buyer = await a_buyer(db)
    gone = await add_product(db, "GONE")
    await db.execute("update variant set status = 'archived' where id = $1", gone)
    new = wanted(buyer, beans)
    new = msgspec.structs.replace(new, lines=[*new.lines, WantedLine(variant_id=gone, quantity=1)])
    with pytest.raises(CartIncomplete) as refused:
        await start_standing(db, new, actor=STAFF, now=NOON)
    assert refused.value.field == "lines[1]"
    with pytest.raises(InvalidValue) as twice:
        await start_standing(db, msgspec.structs.replace(new, lines=[new.lines[0]] * 2), actor=STAFF, now=NOON)
    assert twice.value.field == "lines[1]"
    with pytest.raises(CardUnknown):
        await started(db, buyer, beans, payment="card", card_id=await a_card(db, await a_buyer(db), "tok_3ds"))
    ended = msgspec.structs.replace(WEEKLY, anchor=date(2026, 1, 6), until=date(2026, 3, 10))
    with pytest.raises(InvalidValue) as over:
        await started(db, buyer, beans, recurrence=ended)
    assert over.value.field == "until"


async def test_goods_that_are_out_today_may_be_ordered_for_later(db: Connection, beans: UUID) -> None:
    await db.execute("update stock_level set on_hand = 0")
    assert (await started(db, await a_buyer(db), beans)).state == "active"


async def test_a_price_is_agreed_by_the_desk_alone(db: Connection, beans: UUID) -> None:
    buyer = await a_buyer(db)
    new = wanted(buyer, beans, price_policy="fixed")
    cheap = msgspec.structs.replace(new, lines=[WantedLine(variant_id=beans, quantity=2, fixed_amount=1)])
    with pytest.raises(Forbidden):
        await start_standing(db, cheap, actor=customer(buyer), now=NOON)
    theirs = await start_standing(db, new, actor=customer(buyer), now=NOON)
    assert [line.fixed_amount for line in theirs.lines] == [30000]
    ours = await start_standing(db, cheap, actor=STAFF, now=NOON)
    await db.execute("update price set amount = 50000 where currency = 'CZK'")
    seen = await price_standing(db, [theirs, ours], now=NOON)
    assert [seen[one.id].subtotal for one in (theirs, ours)] == [60000, 2]


async def test_agreed_prices_hold_until_their_day(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans, price_policy="fixed", fixed_until=date(2026, 3, 24))
    await db.execute("update price set amount = 50000 where currency = 'CZK'")
    for moment, amount in ((FIRST, 30000), (FIRST + A_WEEK, 30000), (FIRST + 2 * A_WEEK, 50000)):
        seen = (await price_standing(db, [standing], now=NOON, on={standing.id: moment}))[standing.id]
        assert seen.lines[0].unit_amount == amount


async def test_skipping_and_taking_it_back(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    for _ in range(2):
        assert (await skip_occurrence(db, standing.id, 1, actor=STAFF, now=NOON)).state == "skipped"
    assert await states(db, standing.id) == ["skipped", "planned"]
    for _ in range(2):
        back = await unskip_occurrence(db, standing.id, 1, actor=STAFF, now=NOON)
        assert (back.state, back.next_try_at) == ("planned", FIRST)
    assert await names(db, standing.id) == ["standing.started", "occurrence.skipped", "occurrence.unskipped"]
    await skip_occurrence(db, standing.id, 1, actor=STAFF, now=NOON)
    with pytest.raises(OccurrenceTooLate):
        await unskip_occurrence(db, standing.id, 1, actor=STAFF, now=FIRST)


async def test_a_time_far_ahead_can_be_skipped(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    skipped = await skip_occurrence(db, standing.id, 4, actor=STAFF, now=NOON)
    assert skipped.due_at == FIRST + 3 * A_WEEK - timedelta(hours=1)  # summer time has begun
    assert await states(db, standing.id) == ["planned", "planned", "planned", "skipped"]
    ahead = await next_occurrences(db, await get_standing(db, standing.id), now=NOON, limit=6)
    assert [(each.number, each.state) for each in ahead] == [
        (1, "planned"),
        (2, "planned"),
        (3, "planned"),
        (4, "skipped"),
        (5, "planned"),
        (6, "planned"),
    ]
    with pytest.raises(NotFound):
        await skip_occurrence(db, standing.id, 400, actor=STAFF, now=NOON)


async def test_moving_one_time_moves_no_other(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    for _ in range(2):
        moved = await move_occurrence(db, standing.id, 1, date(2026, 3, 20), actor=STAFF, now=NOON)
    assert moved.due_at == moved.next_try_at == FIRST + timedelta(days=3)
    assert (moved.planned_at, moved.moved) == (FIRST, True)
    assert await names(db, standing.id) == ["standing.started", "occurrence.moved"]
    ahead = await next_occurrences(db, standing, now=NOON, limit=2)
    assert [each.due_at for each in ahead] == [FIRST + timedelta(days=3), FIRST + A_WEEK]
    with pytest.raises(InvalidValue):
        await move_occurrence(db, standing.id, 1, date(2026, 3, 9), actor=STAFF, now=NOON)


async def test_one_time_has_lines_of_its_own(db: Connection, beans: UUID) -> None:
    cups = await add_product(db, "CUPS", price=5000)
    standing = await started(db, await a_buyer(db), beans)
    lines = [WantedLine(variant_id=beans, quantity=5), WantedLine(variant_id=cups, quantity=1)]
    for _ in range(2):
        changed = await change_occurrence(db, standing.id, 1, lines, actor=STAFF, now=NOON)
        assert changed.lines == lines
    assert (await change_occurrence(db, standing.id, 1, None, actor=STAFF, now=NOON)).lines is None
    assert await names(db, standing.id) == ["standing.started", "occurrence.changed", "occurrence.changed"]


async def test_too_late_is_said(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    await db.execute("update occurrence set state = 'placing'")
    for verb in (skip_occurrence, unskip_occurrence):
        with pytest.raises(OccurrenceTooLate):
            await verb(db, standing.id, 1, actor=STAFF, now=NOON)
    with pytest.raises(OccurrenceTooLate):
        await move_occurrence(db, standing.id, 1, date(2026, 3, 20), actor=STAFF, now=NOON)
    with pytest.raises(OccurrenceTooLate):
        await change_occurrence(db, standing.id, 1, None, actor=STAFF, now=NOON)


async def test_paused_and_resumed_it_keeps_its_rhythm(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    for _ in range(2):
        assert (await pause_standing(db, standing.id, actor=STAFF, now=NOON)).state == "paused"
    assert await db.fetchval("select count(next_try_at) from occurrence") == 0
    later = FIRST + 2 * A_WEEK + timedelta(days=1)
    for _ in range(2):
        assert (await resume_standing(db, standing.id, actor=STAFF, now=later)).state == "active"
    assert await names(db, standing.id) == ["standing.started", "standing.paused", "standing.resumed"]
    assert await states(db, standing.id) == ["cancelled", "planned"]
    [_, planned] = await rows(db, standing.id)
    assert (planned.number, planned.nominal) == (4, date(2026, 4, 7))
    assert planned.next_try_at == planned.due_at


async def test_a_short_pause_costs_no_time(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    await pause_standing(db, standing.id, actor=STAFF, now=NOON)
    await resume_standing(db, standing.id, actor=STAFF, now=NOON + timedelta(days=1))
    [first] = await rows(db, standing.id)
    assert (first.state, first.next_try_at) == ("planned", FIRST)


async def test_ended_is_ended(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    for _ in range(2):
        assert (await end_standing(db, standing.id, actor=STAFF, now=NOON)).state == "ended"
    assert await names(db, standing.id) == ["standing.started", "standing.ended"]
    assert await states(db, standing.id) == ["cancelled"]
    for verb in (pause_standing, resume_standing):
        with pytest.raises(StandingEnded):
            await verb(db, standing.id, actor=STAFF, now=NOON)
    with pytest.raises(StandingEnded):
        await skip_occurrence(db, standing.id, 1, actor=STAFF, now=NOON)
    with pytest.raises(StandingEnded):
        await change_standing(db, standing.id, StandingChange(note="x"), actor=STAFF, now=NOON)


async def test_the_last_one_skipped_ends_it(db: Connection, beans: UUID) -> None:
    once = msgspec.structs.replace(WEEKLY, until=date(2026, 3, 17))
    standing = await started(db, await a_buyer(db), beans, recurrence=once)
    await skip_occurrence(db, standing.id, 1, actor=STAFF, now=NOON)
    ended = await get_standing(db, standing.id)
    assert (ended.state, ended.reason) == ("ended", "completed")


async def test_another_interval_from_now_on_is_anchored_anew(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    await skip_occurrence(db, standing.id, 1, actor=STAFF, now=NOON)
    monthly = Recurrence(every=1, unit="month", anchor=date(2026, 1, 31), at="07:00", zone="Europe/Prague")
    for _ in range(2):
        changed = await change_standing(
            db, standing.id, StandingChange(recurrence=monthly), actor=STAFF, now=NOON + timedelta(days=1)
        )
    assert await states(db, standing.id) == ["skipped", "cancelled", "planned"]
    [*_, planned] = await rows(db, standing.id)
    assert (planned.number, planned.due_at) == (3, datetime(2026, 3, 31, 5, 0, tzinfo=UTC))
    ahead = await next_occurrences(db, changed, now=NOON + timedelta(days=8), limit=3)
    assert [(each.number, each.nominal.day) for each in ahead] == [(3, 31), (4, 30), (5, 31)]
    assert (await names(db, standing.id)).count("standing.changed") == 1


async def test_lines_from_now_on_keep_what_was_agreed(db: Connection, beans: UUID) -> None:
    cups = await add_product(db, "CUPS", price=5000)
    standing = await started(db, await a_buyer(db), beans, price_policy="fixed")
    await db.execute("update price set amount = amount * 2 where currency = 'CZK'")
    lines = [WantedLine(variant_id=cups, quantity=3), WantedLine(variant_id=beans, quantity=7)]
    changed = await change_standing(db, standing.id, StandingChange(lines=lines), actor=STAFF, now=NOON)
    assert [(line.quantity, line.fixed_amount) for line in changed.lines] == [(3, 10000), (7, 30000)]
    assert changed.approved_total == 3 * 10000 + 7 * 30000
    free = await change_standing(db, standing.id, StandingChange(price_policy="current"), actor=STAFF, now=NOON)
    assert [line.fixed_amount for line in free.lines] == [None, None]
    [*_, event] = await told(db, standing.id)
    assert event.payload == {"what": ["price_policy"]}


async def test_what_was_missed_is_decided_once(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    await db.execute("update occurrence set state = 'missed', next_try_at = null")
    [missed] = await rows(db, standing.id)
    later = FIRST + timedelta(days=2)
    for _ in range(2):
        placed = await decide_missed(db, missed.id, "place", actor=STAFF, now=later)
        assert (placed.state, placed.next_try_at) == ("planned", later)
    with pytest.raises(OccurrenceTooLate):
        await decide_missed(db, missed.id, "skip", actor=STAFF, now=later)
    assert await names(db, standing.id) == ["standing.started", "occurrence.decided"]


async def test_customers_are_reminded_once_and_can_skip_by_a_link(db: Connection, beans: UUID) -> None:
    standing = await started(db, await a_buyer(db), beans)
    assert await remind_due(db, FIRST - timedelta(days=3, seconds=1), 100) == 0
    soon = FIRST - timedelta(days=3)
    assert await remind_due(db, soon, 100) == 1
    assert await remind_due(db, soon, 100) == 0
    [_, event] = await told(db, standing.id)
    assert event.name == "occurrence.reminded"
    assert event.payload["total"] == 69900
    occurrence_id = UUID(event.payload["occurrence_id"])
    token = skip_token("secret", occurrence_id)
    found = await occurrence_from_token(db, token, secret="secret", now=soon)
    await skip_occurrence(db, found.standing_order_id, found.number, actor=customer(found.customer_id), now=soon)
    assert (await occurrence_from_token(db, token, secret="secret", now=soon)).state == "skipped"
    with pytest.raises(NotFound):
        await occurrence_from_token(db, skip_token("other", occurrence_id), secret="secret", now=soon)
    await db.execute("update occurrence set state = 'placed'")
    with pytest.raises(OccurrenceTooLate):
        await occurrence_from_token(db, token, secret="secret", now=soon)


async def test_what_runs_in_the_coming_days(db: Connection, beans: UUID) -> None:
    buyer = await a_buyer(db)
    daily = msgspec.structs.replace(WEEKLY, unit="day")
    first, second = await started(db, buyer, beans), await started(db, buyer, beans, recurrence=daily)
    await pause_standing(db, (await started(db, buyer, beans)).id, actor=STAFF, now=NOON)
    found = await upcoming(db, until=FIRST + timedelta(days=2))
    assert [(each.standing_order_id, each.number) for each in found if each.number > 1] == [
        (second.id, 2),
        (second.id, 3),
    ]
    assert {each.standing_order_id for each in found} == {first.id, second.id}


def test_an_agreed_price_stays_with_its_own_cart() -> None:
    agreed = CartLine(id=uuid7(), variant_id=uuid7(), quantity=1, fixed_amount=1)
    [copy] = cart_lines([agreed])
    assert (copy.variant_id, copy.fixed_amount) == (agreed.variant_id, None)


async def test_a_key_is_its_customers_own(db: Connection, beans: UUID) -> None:
    """Two customers' apps may think of the same key; neither is shown what the other has started."""
    one, other = await a_buyer(db), await a_buyer(db)
    mine = await start_standing(db, msgspec.structs.replace(wanted(one, beans), key="1"), actor=STAFF, now=NOON)
    again = await start_standing(db, msgspec.structs.replace(wanted(one, beans), key="1"), actor=STAFF, now=NOON)
    theirs = await start_standing(
        db, msgspec.structs.replace(wanted(other, beans), key="1"), actor=customer(other), now=NOON
    )
    assert again.id == mine.id
    assert theirs.id != mine.id
    assert theirs.customer_id == other


async def test_no_colleagues_card_pays_for_an_organisation(db: Connection, beans: UUID) -> None:
    """Whoever buys for the office could order more by it, also when its owner has left."""
    office, person = await a_buyer(db), await a_buyer(db)
    card = await a_card(db, person)
    new = msgspec.structs.replace(wanted(office, beans, payment="card", card_id=card), ordered_by=person)
    with pytest.raises(CardUnknown):
        await start_standing(db, new, actor=customer(person, [("buyer", office)]), now=NOON)


async def test_forgetting_who_arranged_it_leaves_the_organisation_its_order(db: Connection, beans: UUID) -> None:
    office, person = await a_buyer(db), await a_buyer(db)
    await db.execute(
        "insert into contact_point (id, party_id, kind, value) values ($1, $2, 'email', 'office@example.com')",
        *(uuid7(), office),
    )
    new = msgspec.structs.replace(wanted(office, beans), ordered_by=person, phone="+420601234567")
    standing = await start_standing(db, new, actor=STAFF, now=NOON)
    assert privacy_part.name == "sales"
    told = await privacy_part.tell(db, [person])
    assert [row["id"] for row in told["standing_order"]] == [str(standing.id)]
    await privacy_part.erase(db, [person], NOON)
    left = await get_standing(db, standing.id)
    assert (left.state, left.name, left.phone, left.email) == ("active", None, None, "office@example.com")
    assert (left.address.name or "", left.address.city) == ("", standing.address.city)
    assert [line.quantity for line in left.lines] == [2]


@pytest.mark.parametrize("day", [date.min, date.max])
async def test_nothing_is_moved_to_the_ends_of_the_calendar(db: Connection, beans: UUID, day: date) -> None:
    rule = msgspec.structs.replace(WEEKLY, at="00:30" if day == date.min else "23:30")
    rule = msgspec.structs.replace(rule, zone="Europe/Prague" if day == date.min else "America/New_York")
    standing = await started(db, await a_buyer(db), beans, recurrence=rule)
    with pytest.raises(InvalidValue, match="day"):
        await move_occurrence(db, standing.id, 1, day, actor=STAFF, now=NOON)
