"""Rules: what they do live, that they do it once, and that a dry run says just that."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.customers import Contact, identify, list_tasks
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.due import run_due
from kupec.kit.errors import InvalidValue
from kupec.kit.ids import uuid7
from kupec.kit.subscribers import catch_up
from kupec.kit.versions import publish_new, read_document
from kupec.outreach import (
    RULES,
    EventTrigger,
    FieldCondition,
    MessageAction,
    OverdueTrigger,
    RhythmTrigger,
    Rule,
    RulePlace,
    Rules,
    Sender,
    ServiceTrigger,
    SilenceTrigger,
    TaskAction,
    Who,
    dry_run,
    fire_rules,
    rule_counts,
    rule_dues,
    rule_errors,
    rule_history,
    rules_subscriber,
    try_again,
    watch_rules,
)
from kupec.outreach.rules.deciding import Facts, Occasion, Ordered, decide, of_rhythm, usual_gap

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
OWNER = system("test")
SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="http://localhost:8000", secret="s")
PLACE = RulePlace(timezone="Europe/Prague", country="CZ", sender=SENDER)
CALL = TaskAction(title="Call")
DAY = timedelta(days=1)


def rule(trigger: Any, **more: Any) -> Rule:
    return Rule(**{"code": "r", "name": "R", "active": True, "action": CALL, "trigger": trigger, **more})


async def published(db: Connection, *rules: Rule, now: datetime = NOW) -> None:
    await publish_new(db, RULES, Rules(rules=list(rules)), actor=OWNER, now=now)


async def person(db: Connection, email: str = "jana@example.cz", language: str = "cs") -> UUID:
    contact = Contact(email=email, name="Jana", language=language)
    return (await identify(db, [contact], now=NOW - 100 * DAY, actor=OWNER))[0]


async def happen(
    db: Connection,
    name: str,
    customer: UUID | None,
    at: datetime,
    *,
    subject: str = "order:1",
    origin: str = "live",
    **payload: Any,
) -> None:
    await db.execute(
        """insert into event (occurred_at, recorded_at, name, actor, origin, customer_id, subject, payload)
           values ($1, $1, $2, 'system:test', $3, $4, $5, $6)""",
        *(at, name, origin, customer, subject, payload),
    )


async def order(db: Connection, customer: UUID, at: datetime) -> UUID:
    order_id = uuid7()
    await db.execute(
        """insert into sales_order (id, number, customer_id, state, market, language, channel, currency, address,
                                    subtotal, tax, total, created_at, placed_at)
           values ($1, $2, $3, 'delivered', 'CZ', 'cs', 'web', 'CZK', '{}', 0, 0, 0, $4, $4)""",
        *(order_id, str(order_id), customer, at),
    )
    return order_id


async def debt(db: Connection, customer: UUID, due_on: date) -> tuple[UUID, UUID]:
    order_id, payment_id = await order(db, customer, NOW - 60 * DAY), uuid7()
    await db.execute(
        """insert into payment (id, order_id, provider, amount, currency, state, created_at, updated_at, due_on,
                                party_id) values ($1, $2, 'transfer', 100, 'CZK', 'awaiting', $3, $3, $4, $5)""",
        *(payment_id, order_id, NOW, due_on, customer),
    )
    return payment_id, order_id


async def replay(pool: Pool, start: datetime, end: datetime, step: timedelta = timedelta(hours=6)) -> None:
    """The clock walks from `start` to `end`; the workers do what they would have done."""
    database, now = Database(pool), start
    while now <= end:
        await catch_up(database, rules_subscriber(), now=now)
        for due in reversed(rule_dues(PLACE)):
            await run_due(database, due, now)
        now += step


# --- events --------------------------------------------------------------------------------------


async def test_a_rule_acts_after_its_delay_once_for_each_customer(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana = await person(db)
        await published(db, rule(EventTrigger(event="order.delivered", first=True, delay_days=10)))
    database = Database(pool)
    await catch_up(database, rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        await happen(db, "order.delivered", jana, NOW, subject="order:1")
        await happen(db, "order.delivered", jana, NOW + DAY, subject="order:2")
    for _again in range(2):
        await catch_up(database, rules_subscriber(), now=NOW)
    async with pool.acquire() as db:
        assert await fire_rules(db, NOW + 10 * DAY - timedelta(seconds=1), 100, place=PLACE) == 0
    async with pool.acquire() as db, db.transaction():
        assert await fire_rules(db, NOW + 10 * DAY, 100, place=PLACE) == 1
        assert await fire_rules(db, NOW + 20 * DAY, 100, place=PLACE) == 0
        (task,) = await list_tasks(db)
        assert (task.title, task.customer_id, task.subject) == ("Call", jana, "order:1")
        assert task.due_at == datetime(2026, 11, 13, 9, 0, tzinfo=UTC)  # Friday 10:00 in Prague
        fired = await db.fetchrow("select * from event where name = 'rule.fired'")
        assert fired is not None
        assert (fired["subject"], fired["customer_id"]) == ("rule:r", jana)
        assert fired["payload"]["task_id"] == str(task.id)


async def test_imported_history_fires_nothing_but_counts_as_first(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana, petr = await person(db), await person(db, "petr@example.cz")
        await published(db, rule(EventTrigger(event="order.delivered", first=True)))
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        await happen(db, "order.delivered", jana, NOW - 50 * DAY, origin="imported")
        await happen(db, "order.delivered", jana, NOW, subject="order:2")
        await happen(db, "order.delivered", petr, NOW, subject="order:3")
    await replay(pool, NOW, NOW)
    async with pool.acquire() as db:
        assert [task.customer_id for task in await list_tasks(db)] == [petr]


@pytest.mark.parametrize(
    ("undoing", "reason"),
    [("cancelled", "undone"), ("unpublished", "unpublished"), ("switched off", "unpublished"), ("nothing", None)],
)
async def test_what_holds_no_more_is_not_done(pool: Pool, undoing: str, reason: str | None) -> None:
    held = rule(EventTrigger(event="order.placed", delay_days=2, unless=["order.cancelled"]))
    async with pool.acquire() as db, db.transaction():
        jana = await person(db)
        await published(db, held)
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        await happen(db, "order.placed", jana, NOW)
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        if undoing == "cancelled":
            await happen(db, "order.cancelled", jana, NOW + DAY)
        if undoing == "unpublished":
            await published(db)
        if undoing == "switched off":
            await published(db, rule(held.trigger, active=False))
        assert await fire_rules(db, NOW + 3 * DAY, 100, place=PLACE) == 1
        assert len(await list_tasks(db)) == (reason is None)
        assert [one.reason for one in await rule_history(db)] == [reason]


async def test_silence_is_broken_by_the_other_event(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana, petr = await person(db), await person(db, "petr@example.cz")
        await published(db, rule(SilenceTrigger(since="order.delivered", without="review.written", days=5)))
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        for one in (jana, petr):
            await happen(db, "order.delivered", one, NOW, subject=f"order:{one}")
        await happen(db, "review.written", jana, NOW + 2 * DAY, subject="review:1")
    await replay(pool, NOW, NOW + 6 * DAY, DAY)
    async with pool.acquire() as db:
        assert [task.customer_id for task in await list_tasks(db)] == [petr]


async def test_figures_and_codes_of_the_event_decide(pool: Pool) -> None:
    where = [FieldCondition(field="total", op="above", value="1000"), FieldCondition(field="market", value="CZ")]
    async with pool.acquire() as db, db.transaction():
        await published(db, rule(EventTrigger(event="order.placed", where=where), per="thing"))
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        for number, (total, market) in enumerate([(1001, "CZ"), (1000, "CZ"), (5000, "PL"), ("x", "CZ")]):
            await happen(db, "order.placed", None, NOW, subject=f"order:{number}", total=total, market=market)
    await replay(pool, NOW, NOW)
    async with pool.acquire() as db:
        assert [task.subject for task in await list_tasks(db)] == ["order:0"]


# --- once ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("guarded", [True, False])
async def test_two_workers_act_once(pool: Pool, guarded: bool) -> None:
    """Without the claim and the row's lock, the same occasion is acted on twice: the control shows the race."""
    async with pool.acquire() as db, db.transaction():
        jana = await person(db)
        await published(db, rule(EventTrigger(event="order.placed")))
        await db.execute(
            """insert into rule_due (id, rule, subject, occasion, customer_id, about, happened_at, due_at)
               select gen_random_uuid(), 'r', 'customer:' || $1::uuid, 'event:' || n, $1::uuid, 'order:' || n, $2, $2
                 from generate_series(1, 5) as n""",
            *(jana, NOW),
        )

    all_have_looked = asyncio.Barrier(3)

    async def worker() -> None:
        async with pool.acquire() as db, db.transaction():
            if guarded:
                await fire_rules(db, NOW, 100, place=PLACE)
            elif await db.fetchval("select exists (select from rule_due where state = 'waiting')"):
                await all_have_looked.wait()
                await db.execute("insert into rule_fired values ('r', gen_random_uuid()::text, $1)", NOW)
                await db.execute("update rule_due set state = 'fired', settled_at = $1", NOW)

    for _round in range(3):
        await asyncio.gather(worker(), worker(), worker())
    async with pool.acquire() as db:
        acted = await db.fetchval("select count(*) from rule_fired")
        assert (acted == 1) is guarded
        assert len(await list_tasks(db)) == guarded


async def test_again_after_so_many_days_at_the_earliest(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana = await person(db)
        await published(db, rule(EventTrigger(event="order.placed"), again_days=7))
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        for days in (0, 3, 6, 7, 13, 14):
            await happen(db, "order.placed", jana, NOW + days * DAY, subject=f"order:{days}")
    await replay(pool, NOW, NOW + 15 * DAY, DAY)
    async with pool.acquire() as db:
        assert sorted(task.subject for task in await list_tasks(db)) == ["order:0", "order:14", "order:7"]


async def test_a_rule_that_fails_is_shown_and_blocks_no_other(pool: Pool) -> None:
    broken = rule(EventTrigger(event="order.placed"), code="broken", action=MessageAction(template="no_such"))
    async with pool.acquire() as db, db.transaction():
        jana = await person(db)
        await published(db, broken, rule(EventTrigger(event="order.placed")))
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        await happen(db, "order.placed", jana, NOW, subject=f"order:{uuid7()}")
    await replay(pool, NOW, NOW)
    async with pool.acquire() as db, db.transaction():
        assert [task.title for task in await list_tasks(db)] == ["Call"]
        (failed,) = await rule_history(db, "broken")
        assert failed.state == "failed"
        assert "NotFound" in (failed.reason or "")
        assert (await rule_counts(db, since=NOW - DAY))["broken"] == {"failed": 1}
        await published(db, rule(EventTrigger(event="order.placed"), code="broken"))
        await try_again(db, failed.id, actor=OWNER, now=NOW + DAY)
        await fire_rules(db, NOW + DAY, 100, place=PLACE)
        assert len(await list_tasks(db)) == 2


async def test_a_message_goes_out_under_the_sending_policy(pool: Pool) -> None:
    asks = rule(EventTrigger(event="order.placed"), action=MessageAction(template="follow_up"))
    async with pool.acquire() as db, db.transaction():
        jana = await person(db)
        await published(db, asks)
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        await happen(db, "order.placed", jana, NOW, subject=f"order:{uuid7()}")
    await replay(pool, NOW, NOW)
    async with pool.acquire() as db:
        mail = await db.fetchrow("select state, why, reason from mail")
        assert mail is not None
        assert tuple(mail) == ("withheld", "consent", "rule:r")


async def test_whom_a_rule_means(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana, petr = await person(db), await person(db, "petr@example.cz", "pl")
        await db.execute("update party set segments = '{offices}' where id = $1", jana)
        await published(
            db,
            rule(EventTrigger(event="order.placed"), who=Who(segments=["offices", "x"], languages=["cs"])),
            rule(EventTrigger(event="order.placed"), code="p", who=Who(languages=["pl"])),
            rule(EventTrigger(event="order.placed"), code="o", who=Who(kind="organisation")),
            rule(EventTrigger(event="order.placed"), code="c", who=Who(consent="marketing.email")),
        )
    await catch_up(Database(pool), rules_subscriber(), now=NOW)
    async with pool.acquire() as db, db.transaction():
        for one in (jana, petr):
            await happen(db, "order.placed", one, NOW, subject=f"order:{one}")
    await replay(pool, NOW, NOW)
    async with pool.acquire() as db:
        fired = [(one.rule, one.customer_id) for one in await rule_history(db) if one.state == "fired"]
        assert sorted(fired) == [("p", petr), ("r", jana)]


# --- silence -------------------------------------------------------------------------------------


def test_the_usual_rhythm_is_the_median_gap_of_at_least_three_orders() -> None:
    days = [0, 30, 60, 180]
    orders = [Ordered(UUID(int=day), NOW + day * DAY) for day in days]
    assert usual_gap(orders[:2]) is None
    assert usual_gap(orders[:3]) == 30 * DAY
    assert usual_gap(orders) == 30 * DAY  # one long pause does not change a habit
    watching = rule(RhythmTrigger(times=2.0))
    found = of_rhythm(watching, UUID(int=1), orders, since=NOW, until=NOW + 400 * DAY)
    # Silent on day 60 + 2 × 30 = 120; then on 180 + 2 × 30 = 240.
    assert [one.due_at - NOW for one in found] == [120 * DAY, 240 * DAY]
    assert of_rhythm(watching, UUID(int=1), orders, since=NOW + 121 * DAY, until=NOW + 239 * DAY) == []


async def test_a_customer_out_of_rhythm_is_called_once_and_not_who_was_silent_before(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana, petr, eva = [await person(db, f"{name}@example.cz") for name in ("jana", "petr", "eva")]
        for days in (70, 60, 50):
            await order(db, jana, NOW - (days - 45) * DAY)
            await order(db, petr, NOW - (days + 300) * DAY)
        for days in (20, 10):
            await order(db, eva, NOW - days * DAY)
        await published(db, rule(RhythmTrigger(times=2.0)))
    await replay(pool, NOW, NOW + 30 * DAY, DAY)
    async with pool.acquire() as db:
        assert [task.customer_id for task in await list_tasks(db)] == [jana]
        assert await rule_errors(db) == {}


async def test_a_late_payment_is_called_about_unless_it_came(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana = await person(db)
        late, _ = await debt(db, jana, NOW.date() - 10 * DAY)
        paid, paid_order = await debt(db, jana, NOW.date() - 10 * DAY)
        await debt(db, jana, NOW.date() - 100 * DAY)  # late before the rule was there
        await published(db, rule(OverdueTrigger(days=14), per="thing"))
        await watch_rules(db, NOW, 100)
        await happen(db, "payment.captured", jana, NOW + DAY, subject=f"order:{paid_order}", payment_id=str(paid))
    await replay(pool, NOW, NOW + 10 * DAY, DAY)
    async with pool.acquire() as db:
        fired = [one.subject for one in await rule_history(db) if one.state == "fired"]
        assert fired == [f"payment:{late}"]


# --- the dry run ---------------------------------------------------------------------------------

TRIED: list[Rule] = [
    rule(EventTrigger(event="order.placed", delay_days=3, unless=["order.cancelled"])),
    rule(EventTrigger(event="order.placed", first=True), per="customer"),
    rule(EventTrigger(event="order.placed"), per="thing", who=Who(languages=["pl"])),
    rule(EventTrigger(event="order.placed"), again_days=10),
    rule(SilenceTrigger(since="order.placed", without="review.written", days=8)),
    rule(RhythmTrigger(times=1.5), again_days=20),
    rule(OverdueTrigger(days=5), per="thing"),
]


async def a_past(db: Connection) -> list[UUID]:
    """Two months of six customers: orders in their rhythms, some cancelled, some reviewed; debts, one of them paid."""
    people = [await person(db, f"p{number}@example.cz", "pl" if number % 2 else "cs") for number in range(6)]
    for number, one in enumerate(people):
        for step in range(8):
            at = NOW - 60 * DAY + (step * (3 + number) + number * 2) * DAY
            if at > NOW or (step == 5 and number == 2):
                break
            order_id = await order(db, one, at)
            await happen(db, "order.placed", one, at, subject=f"order:{order_id}")
            if (step + number) % 4 == 0:
                await happen(db, "order.cancelled", one, at + DAY, subject=f"order:{order_id}")
            if (step + number) % 3 == 0:
                await happen(db, "review.written", one, at + 4 * DAY, subject=f"review:{order_id}")
        payment_id, order_id = await debt(db, one, (NOW - (20 + number) * DAY).date())
        if number == 3:
            await happen(
                db, "payment.captured", one, NOW - 19 * DAY, subject=f"order:{order_id}", payment_id=str(payment_id)
            )
    return people


@pytest.mark.parametrize("tried", TRIED, ids=lambda one: f"{one.trigger.__struct_config__.tag}-{one.again_days}")
async def test_the_dry_run_says_what_living_through_it_does(pool: Pool, tried: Rule) -> None:
    since, start = NOW - 30 * DAY, NOW - 61 * DAY
    async with pool.acquire() as db, db.transaction():
        await a_past(db)
        before = await db.fetchval("select count(*) from event")
        whole = await dry_run(db, tried, since=start, until=NOW)
        month = await dry_run(db, tried, since=since, until=NOW)
        assert await db.fetchval("select count(*) from event") == before
        await db.execute("delete from subscriber")
        await published(db, tried, now=start)
    assert whole.complete
    assert whole.acted
    await pool.execute("insert into subscriber (name, xid, id) values ('outreach.rules', '0', 0)")
    await replay(pool, start, NOW, timedelta(hours=6))
    async with pool.acquire() as db:
        fired = [(one.subject, one.due_at) for one in await rule_history(db, limit=500) if one.state == "fired"]
    assert sorted(fired) == sorted((one.subject, one.at) for one in whole.acted)
    assert len(month.acted) <= len(whole.acted)


async def test_a_dry_run_stops_when_its_time_is_over(db: Connection) -> None:
    jana = await person(db)
    await happen(db, "order.placed", jana, NOW)
    tried = await dry_run(db, rule(EventTrigger(event="order.placed")), since=NOW - DAY, until=NOW + DAY, patience=-1)
    assert (tried.complete, tried.acted) == (False, [])


@given(
    gaps=st.lists(st.integers(0, 50), min_size=2, max_size=12),
    again=st.none() | st.integers(1, 40),
)
def test_deciding_never_acts_within_the_days_it_was_told(gaps: Sequence[int], again: int | None) -> None:
    tried = rule(EventTrigger(event="order.placed"), again_days=again)
    at, last, acted = NOW, None, list[datetime]()
    for gap in gaps:
        at += gap * DAY
        one = Occasion(rule="r", subject="x", key=str(at), customer_id=None, about="x", happened_at=at, due_at=at)
        if decide(tried, one, Facts(), last) == "fire":
            acted.append(at)
            last = at
    assert acted[0] == NOW + gaps[0] * DAY
    assert all(later - earlier >= (again or 10**6) * DAY for earlier, later in pairwise(acted))


# --- the document --------------------------------------------------------------------------------


def test_the_shop_comes_with_examples_that_hold_and_are_off() -> None:
    document = RULES.default()
    RULES.check(document)
    assert [one.code for one in document.rules if one.active] == []
    assert len(document.rules) == 5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "No Way"}, "rules[0].code"),
        ({"name": " "}, "rules[0].name"),
        ({"again_days": 0}, "rules[0].again_days"),
        ({"trigger": {"kind": "event", "event": "no.such"}}, "rules[0].trigger.event"),
        (
            {
                "trigger": {
                    "kind": "event",
                    "event": "order.placed",
                    "where": [{"field": "total", "op": "above", "value": "x"}],
                }
            },
            "rules[0].trigger.where[0]",
        ),
        (
            {"trigger": {"kind": "silence", "since": "order.placed", "without": "x", "days": 3}},
            "rules[0].trigger.without",
        ),
        ({"trigger": {"kind": "rhythm", "times": 0.5}}, "rules[0].trigger.times"),
        ({"trigger": {"kind": "service", "days": -1}}, "rules[0].trigger.days"),
        ({"action": {"kind": "task", "title": ""}}, "rules[0].action.title"),
        ({"action": {"kind": "task", "title": "x", "at": "9:00"}}, "rules[0].action.at"),
        ({"action": {"kind": "message", "template": ""}}, "rules[0].action.template"),
        ({"surprise": 1}, "rules[0]"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    good = {
        "code": "r",
        "name": "R",
        "trigger": {"kind": "event", "event": "order.placed"},
        "action": {"kind": "task", "title": "Call"},
    }
    read_document(RULES, {"rules": [good]})
    with pytest.raises(InvalidValue) as refused:
        read_document(RULES, {"rules": [{**good, **change}]})
    assert refused.value.field == field


def test_two_rules_of_one_code_are_refused() -> None:
    one = rule(EventTrigger(event="order.placed"))
    with pytest.raises(InvalidValue) as refused:
        RULES.check(Rules(rules=[one, one]))
    assert refused.value.field == "rules[1].code"


async def test_a_service_that_comes_near_is_agreed_on_unless_it_is_booked(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        jana = await person(db)
        for number, days in enumerate((16, 16, 16, 100)):
            await db.execute(
                """insert into owned_product (id, party_id, name, next_service_on, source, created_at, removed_at)
                   values ($1, $2, 'Lever', $3, 'told', $4, $5)""",
                *(UUID(int=number + 1), jana, NOW.date() + days * DAY, NOW, NOW if number == 2 else None),
            )
        await db.execute(
            "insert into service_booking (id, owned_id, day, booked_at) values ($1, $1, $2, $3)",
            *(UUID(int=2), NOW.date(), NOW),
        )
        tried = rule(ServiceTrigger(days=14), per="thing")
        foretold = await dry_run(db, tried, since=NOW, until=NOW + 5 * DAY)
        await published(db, tried)
    await replay(pool, NOW, NOW + 5 * DAY, DAY)
    async with pool.acquire() as db:
        assert [task.subject for task in await list_tasks(db)] == [f"owned:{UUID(int=1)}"]
    assert [one.subject for one in foretold.acted] == [f"owned:{UUID(int=1)}"]
