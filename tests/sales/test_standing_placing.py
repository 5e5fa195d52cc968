"""Occurrences become orders: once each, in full or cut down and told, retried by a schedule, missed, decided about."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from kupec.billing import accounts_of, change_account, forget_card
from kupec.kit.actor import customer
from kupec.kit.versions import publish_new
from kupec.sales import (
    STANDING,
    StandingChange,
    StandingCounts,
    StandingOrder,
    StandingRules,
    WantedLine,
    approve_standing,
    change_occurrence,
    change_standing,
    decide_missed,
    end_standing,
    get_order,
    get_standing,
    occurrence_of_order,
    pause_standing,
    place_due,
    resume_standing,
    skip_occurrence,
    standing_counts,
    standing_from_cart,
    standing_from_order,
)
from kupec.sales import StandingTerms as Terms
from tests.billing.owing import CLERK
from tests.sales.conftest import Shop
from tests.sales.standing_shop import A_WEEK, FIRST, STAFF, WEEKLY, a_buyer, a_card, names, rows, started, states, told
from tests.shop import NOON, SETUP, add_product, filled_cart


class Round:
    """A shop with a buyer on account, and a worker that comes when it is told to."""

    def __init__(self, shop: Shop, buyer: UUID) -> None:
        self.shop = shop
        self.buyer = buyer

    async def start(self, quantity: int = 2, *, variant: UUID | None = None, **terms: object) -> StandingOrder:
        async with self.shop.database.transaction() as db:
            return await started(db, self.buyer, variant or self.shop.variant, quantity, **terms)

    async def at(self, moment: datetime) -> int:
        """Everything that is due then."""
        self.shop.clock.moment = moment
        return await self.go()

    async def go(self) -> int:
        total = 0
        while taken := await place_due(
            self.shop.database, self.shop.checkout, self.shop.clock, return_url="http://localhost/"
        ):
            total += taken
        return total

    async def names(self, standing: StandingOrder) -> list[str]:
        async with self.shop.database.reading() as db:
            return await names(db, standing.id)

    async def states(self, standing: StandingOrder) -> list[str]:
        async with self.shop.database.reading() as db:
            return await states(db, standing.id)

    async def payload(self, standing: StandingOrder, name: str) -> dict[str, object]:
        async with self.shop.database.reading() as db:
            return [event.payload for event in await told(db, standing.id) if event.name == name][-1]

    async def get(self, standing: StandingOrder) -> StandingOrder:
        async with self.shop.database.reading() as db:
            return await get_standing(db, standing.id)

    async def execute(self, query: str, *values: object) -> None:
        async with self.shop.database.transaction() as db:
            await db.execute(query, *values)


@pytest.fixture
async def life(shop: Shop) -> Round:
    async with shop.database.transaction() as db:
        buyer = await a_buyer(db)
    return Round(shop, buyer)


async def test_what_is_due_becomes_an_order_on_account(life: Round) -> None:
    standing = await life.start()
    assert await life.at(FIRST - timedelta(seconds=1)) == 0
    assert await life.at(FIRST) == 1
    assert await life.names(standing) == ["standing.started", "occurrence.placed"]
    placed = await life.payload(standing, "occurrence.placed")
    assert (placed["total"], placed["currency"], placed["repriced"]) == (69900, "CZK", [])
    async with life.shop.database.reading() as db:
        [first, second] = await rows(db, standing.id)
        assert first.order_id is not None
        order = await get_order(db, first.order_id)
        assert (order.state, order.channel, order.customer_id, order.total) == ("placed", "standing", life.buyer, 69900)
        assert (order.email, order.address.city) == ("jana@example.com", "Praha")
        assert (await accounts_of(db, [life.buyer]))[life.buyer, "CZK"].used == 69900
        found = await occurrence_of_order(db, order.id)
        assert found is not None
        assert found.id == first.id
    assert (first.state, second.state, second.due_at) == ("placed", "planned", FIRST + A_WEEK)
    assert await life.at(FIRST) == 0
    assert await life.at(FIRST + A_WEEK) == 1
    assert await life.shop.fetchval("select count(*) from sales_order where state = 'placed'") == 2


async def test_a_kept_card_is_charged(life: Round) -> None:
    async with life.shop.database.transaction() as db:
        card_id = await a_card(db, life.buyer)
    standing = await life.start(payment="card", card_id=card_id)
    await life.at(FIRST)
    assert await life.states(standing) == ["placed", "planned"]
    assert await life.shop.fetchval("select provider || state from payment") == "sandboxcapturing"


async def test_what_is_short_is_cut_and_told(life: Round) -> None:
    async with life.shop.database.transaction() as db:
        cups = await add_product(db, "CUPS", price=5000, stock=0)
    standing = await life.start(12)
    async with life.shop.database.transaction() as db:
        lines = [WantedLine(variant_id=life.shop.variant, quantity=12), WantedLine(variant_id=cups, quantity=1)]
        await change_standing(db, standing.id, StandingChange(lines=lines), actor=STAFF, now=NOON)
    await life.at(FIRST)
    missing = [
        {"variant_id": str(life.shop.variant), "wanted": 12, "got": 10, "reason": "short"},
        {"variant_id": str(cups), "wanted": 1, "got": 0, "reason": "short"},
    ]
    assert (await life.payload(standing, "occurrence.short"))["missing"] == missing
    assert (await life.payload(standing, "occurrence.placed"))["total"] == 10 * 30000 + 0
    assert await life.states(standing) == ["placed", "planned"]


async def test_what_is_not_sold_any_more_is_named(life: Round) -> None:
    async with life.shop.database.transaction() as db:
        cups = await add_product(db, "CUPS", price=5000)
    standing = await life.start()
    async with life.shop.database.transaction() as db:
        lines = [WantedLine(variant_id=cups, quantity=1), WantedLine(variant_id=life.shop.variant, quantity=2)]
        await change_standing(db, standing.id, StandingChange(lines=lines), actor=STAFF, now=NOON)
        await db.execute("update variant set status = 'archived' where id = $1", cups)
    await life.at(FIRST)
    missing = [{"variant_id": str(cups), "wanted": 1, "got": 0, "reason": "not_sold"}]
    assert (await life.payload(standing, "occurrence.short"))["missing"] == missing
    assert (await life.payload(standing, "occurrence.placed"))["total"] == 69900


async def test_nothing_in_stock_fails_and_is_tried_again(life: Round) -> None:
    standing = await life.start()
    await life.execute("update stock_level set on_hand = 0")
    await life.at(FIRST)
    assert (await life.names(standing))[1:3] == ["occurrence.failed", "occurrence.short"]
    failed = await life.payload(standing, "occurrence.failed")
    assert (failed["code"], failed["attempt"], failed["next_try_on"]) == ("sold_out", 1, "2026-03-18")
    assert await life.shop.fetchval("select count(*) from task where key like 'standing.sold_out:%'") == 1
    await life.execute("update stock_level set on_hand = 10")
    assert await life.at(FIRST + timedelta(days=1)) == 1
    assert await life.states(standing) == ["placed", "planned"]
    # Everything was there: nothing is told to be missing.
    assert (await life.names(standing)).count("occurrence.short") == 1


async def test_buyers_for_the_last_pieces_share_them(life: Round) -> None:
    """Twelve standing orders of one bag, ten bags: ten orders, two that are told."""
    standings = [await life.start(1) for _ in range(12)]
    await life.at(FIRST)
    ends = [(await life.states(standing))[0] for standing in standings]
    assert sorted(ends) == ["failed"] * 2 + ["placed"] * 10
    assert await life.shop.fetchval("select sum(allocated) from stock_level") == 10


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined", "insufficient_funds"),
        ("tok_absent_refused", "refused_off_session"),
        ("tok_3ds", "authentication_required"),
    ],
)
async def test_a_refused_card_is_tried_by_the_schedule_then_pauses(life: Round, token: str, code: str) -> None:
    async with life.shop.database.transaction() as db:
        await publish_new(db, STANDING, StandingRules(retry_days=[1, 2]), actor=SETUP, now=NOON)
        card_id = await a_card(db, life.buyer, token)
    standing = await life.start(payment="card", card_id=card_id)
    tries = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=3)]
    for moment in tries:
        assert await life.at(moment - timedelta(seconds=1)) == 0
        assert await life.at(moment) == 1
    async with life.shop.database.reading() as db:
        failures = [event.payload for event in await told(db, standing.id) if event.name == "occurrence.failed"]
    assert [(each["attempt"], each["code"], each["next_try_on"]) for each in failures] == [
        (1, code, "2026-03-18"),
        (2, code, "2026-03-20"),
        (3, code, None),
    ]
    assert (await life.names(standing))[-1] == "standing.paused"
    paused = await life.get(standing)
    assert (paused.state, paused.reason) == ("paused", code)
    assert await life.shop.fetchval("select count(*) from task where key like 'standing.paused:%'") == 1
    assert await life.shop.fetchval("select count(*) from sales_order where state = 'placed'") == 0
    assert await life.at(FIRST + 5 * A_WEEK) == 0
    counts = await _counts(life)
    assert (counts.paused, counts.failed, counts.retrying, counts.due) == (1, 1, 0, 0)


async def _counts(life: Round) -> StandingCounts:
    async with life.shop.database.reading() as db:
        return await standing_counts(db, now=life.shop.clock.now())


async def test_another_card_helps(life: Round) -> None:
    async with life.shop.database.transaction() as db:
        bad, good = await a_card(db, life.buyer, "tok_declined"), await a_card(db, life.buyer)
    standing = await life.start(payment="card", card_id=bad)
    await life.at(FIRST)
    assert await life.states(standing) == ["failed", "planned"]
    async with life.shop.database.transaction() as db:
        await change_standing(db, standing.id, StandingChange(card_id=good), actor=STAFF, now=FIRST)
    await life.at(FIRST + timedelta(days=1))
    assert await life.states(standing) == ["placed", "planned"]
    assert await life.shop.fetchval("select count(*) from sales_order where state = 'placed'") == 1
    assert await life.shop.fetchval("select count(*) from cart where channel = 'standing'") == 1


async def test_a_card_taken_back_is_said(life: Round) -> None:
    async with life.shop.database.transaction() as db:
        card_id = await a_card(db, life.buyer)
    standing = await life.start(payment="card", card_id=card_id)
    async with life.shop.database.transaction() as db:
        await forget_card(db, life.buyer, card_id, actor=customer(life.buyer), now=NOON)
    await life.at(FIRST)
    assert (await life.payload(standing, "occurrence.failed"))["code"] == "card_gone"


async def test_credit_that_is_used_up_or_closed_is_said(life: Round) -> None:
    standing = await life.start()

    async def account(limit: int, *, active: bool) -> None:
        async with life.shop.database.transaction() as db:
            await change_account(
                db,
                life.buyer,
                currency="CZK",
                credit_limit=limit,
                terms_days=14,
                active=active,
                actor=CLERK,
                now=NOON,
            )

    await account(100, active=True)
    await life.at(FIRST)
    assert (await life.payload(standing, "occurrence.failed"))["code"] == "credit_exceeded"
    await account(10**9, active=False)
    await life.at(FIRST + timedelta(days=1))
    assert (await life.payload(standing, "occurrence.failed"))["code"] == "payment_unavailable"
    await account(10**9, active=True)
    await life.at(FIRST + timedelta(days=4))
    assert await life.states(standing) == ["placed", "planned"]


async def test_an_approver_is_asked_again_only_beyond_what_was_approved(life: Round) -> None:
    await life.execute("update house_account set approval_over = 0")
    standing = await life.start()
    assert standing.approved_total == 69900
    await life.at(FIRST)
    await life.execute("update price set amount = 40000 where currency = 'CZK'")
    await life.at(FIRST + A_WEEK)
    assert await life.states(standing) == ["placed", "failed", "planned"]
    assert (await life.payload(standing, "occurrence.failed"))["code"] == "approval_needed"
    async with life.shop.database.transaction() as db:
        await approve_standing(db, standing.id, actor=STAFF, now=FIRST + A_WEEK)
    await life.at(FIRST + A_WEEK + timedelta(days=1))
    assert await life.states(standing) == ["placed", "placed", "planned"]


async def test_another_price_is_ordered_and_said(life: Round) -> None:
    standing = await life.start()
    await life.execute("update price set amount = 32000 where currency = 'CZK'")
    await life.at(FIRST)
    placed = await life.payload(standing, "occurrence.placed")
    assert placed["repriced"] == [{"variant_id": str(life.shop.variant), "before": 30000, "now": 32000}]
    await life.at(FIRST + A_WEEK)
    assert (await life.payload(standing, "occurrence.placed"))["repriced"] == []


async def test_an_agreed_price_is_kept_until_its_day(life: Round) -> None:
    standing = await life.start(price_policy="fixed", fixed_until=date(2026, 3, 17))
    await life.execute("update price set amount = 32000 where currency = 'CZK'")
    await life.at(FIRST)
    assert (await life.payload(standing, "occurrence.placed"))["total"] == 69900
    await life.at(FIRST + A_WEEK)
    assert (await life.payload(standing, "occurrence.placed"))["total"] == 2 * 32000 + 9900
    assert await life.shop.fetchval("select count(*) from cart_line where fixed_amount is not null") == 1


async def test_lines_for_one_time_are_ordered_once(life: Round) -> None:
    standing = await life.start(2)
    async with life.shop.database.transaction() as db:
        lines = [WantedLine(variant_id=life.shop.variant, quantity=5)]
        await change_occurrence(db, standing.id, 1, lines, actor=STAFF, now=NOON)
    await life.at(FIRST)
    await life.at(FIRST + A_WEEK)
    assert await life.shop.fetchval("select array_agg(quantity order by id) from order_line") == [5, 2]


async def test_a_worker_that_was_away_reports_and_fires_nothing(life: Round) -> None:
    daily = msgspec.structs.replace(WEEKLY, unit="day")
    standing, weekly = await life.start(1, recurrence=daily), await life.start(1)
    back = FIRST + timedelta(days=2, hours=13)
    await life.at(back)
    assert await life.states(standing) == ["missed", "missed", "missed", "planned"]
    assert await life.states(weekly) == ["missed", "planned"]
    assert await life.shop.fetchval("select count(*) from sales_order") == 0
    assert (await life.names(weekly))[1:] == ["occurrence.missed"]
    assert await life.shop.fetchval("select count(*) from task where key like 'standing.missed:%'") == 1
    async with life.shop.database.transaction() as db:
        [first, second, *_] = await rows(db, standing.id)
        await decide_missed(db, first.id, "place", actor=STAFF, now=back)
        await decide_missed(db, second.id, "skip", actor=STAFF, now=back)
    assert await life.go() == 1
    assert await life.states(standing) == ["placed", "skipped", "missed", "planned"]


async def test_within_the_patience_it_is_only_late(life: Round) -> None:
    standing = await life.start()
    assert await life.at(FIRST + timedelta(hours=12)) == 1
    assert await life.states(standing) == ["placed", "planned"]


async def test_after_the_last_day_it_ends(life: Round) -> None:
    twice = msgspec.structs.replace(WEEKLY, until=date(2026, 3, 24))
    standing = await life.start(recurrence=twice)
    await life.at(FIRST)
    assert (await life.get(standing)).state == "active"
    await life.at(FIRST + A_WEEK)
    assert (await life.names(standing))[-2:] == ["occurrence.placed", "standing.ended"]
    ended = await life.get(standing)
    assert (ended.state, ended.reason) == ("ended", "completed")


async def test_skipped_paused_and_ended_are_not_ordered(life: Round) -> None:
    skipped, paused, ended = [await life.start() for _ in range(3)]
    async with life.shop.database.transaction() as db:
        await skip_occurrence(db, skipped.id, 1, actor=STAFF, now=NOON)
        await pause_standing(db, paused.id, actor=STAFF, now=NOON)
        await end_standing(db, ended.id, actor=STAFF, now=NOON)
    assert await life.at(FIRST) == 0
    assert await life.at(FIRST + A_WEEK) == 1
    async with life.shop.database.transaction() as db:
        await resume_standing(db, paused.id, actor=STAFF, now=FIRST + A_WEEK)
    assert await life.at(FIRST + 2 * A_WEEK) == 2
    assert await life.states(skipped) == ["skipped", "placed", "placed", "planned"]
    assert await life.states(paused) == ["cancelled", "placed", "planned"]


async def test_two_workers_at_once_place_each_once(life: Round) -> None:
    for _ in range(8):
        await life.start(1)
    await asyncio.gather(*(life.at(FIRST) for _ in range(4)))
    assert await life.shop.fetchval("select count(*) from sales_order where state = 'placed'") == 8
    assert await life.shop.fetchval("select count(*) from event where name = 'occurrence.placed'") == 8


async def test_a_customer_who_speaks_about_it_is_waited_for(life: Round) -> None:
    """While somebody holds the standing order a worker passes by; what they decide counts."""
    standing = await life.start()
    async with life.shop.database.transaction() as db:
        await skip_occurrence(db, standing.id, 1, actor=STAFF, now=FIRST - timedelta(seconds=1))
        assert await life.at(FIRST) == 0
    assert await life.go() == 0
    assert await life.states(standing) == ["skipped", "planned"]


async def test_from_an_order_and_from_a_cart(life: Round) -> None:
    order = await life.shop.placed([(life.shop.variant, 3)])
    terms = Terms(recurrence=WEEKLY, payment="account")
    async with life.shop.database.transaction() as db:
        await db.execute("update sales_order set customer_id = $1", life.buyer)
        repeated = await standing_from_order(db, order.id, terms, actor=customer(life.buyer), now=NOON)
        assert [(line.variant_id, line.quantity) for line in repeated.lines] == [(life.shop.variant, 3)]
        assert (repeated.source, repeated.shipping_method) == (f"order:{order.id}", "courier")
    cart_id = await filled_cart(life.shop.database, [(life.shop.variant, 4)])
    async with life.shop.database.transaction() as db:
        standing = await standing_from_cart(
            db, cart_id, terms, customer_id=life.buyer, actor=customer(life.buyer), now=NOON
        )
        assert [line.quantity for line in standing.lines] == [4]
    await life.at(FIRST)
    assert await life.states(repeated) == await life.states(standing) == ["placed", "planned"]


async def test_what_failed_can_be_tried_at_once_or_left_out(life: Round) -> None:
    first, second = await life.start(), await life.start()
    await life.execute("update house_account set active = false")
    await life.at(FIRST)
    assert await life.states(first) == await life.states(second) == ["failed", "planned"]
    await life.execute("update house_account set active = true")
    async with life.shop.database.transaction() as db:
        [failed, _] = await rows(db, first.id)
        await decide_missed(db, failed.id, "place", actor=STAFF, now=FIRST)
        assert (await skip_occurrence(db, second.id, 1, actor=STAFF, now=FIRST)).next_try_at is None
    assert await life.go() == 1
    assert await life.states(first) == ["placed", "planned"]
    assert await life.at(FIRST + timedelta(days=1)) == 0


async def test_a_payment_the_gateway_never_saw_is_tried_again_soon_and_counts_as_no_try(life: Round) -> None:
    async with life.shop.database.transaction() as db:
        card_id = await a_card(db, life.buyer, "tok_lost")
        good = await a_card(db, life.buyer)
    standing = await life.start(payment="card", card_id=card_id)
    await life.at(FIRST)
    assert await life.states(standing) == ["placing", "planned"]
    soon = FIRST + timedelta(minutes=1)
    life.shop.clock.moment = soon
    await life.shop.sweep()  # the gateway is asked, and has never seen it
    await life.go()
    async with life.shop.database.reading() as db:
        [waiting, _] = await rows(db, standing.id)
    assert (waiting.state, waiting.failures, waiting.error_code) == ("failed", 0, "not_found")
    async with life.shop.database.transaction() as db:
        await change_standing(db, standing.id, StandingChange(card_id=good), actor=STAFF, now=soon)
    await life.at(soon + timedelta(minutes=1))
    assert await life.states(standing) == ["placed", "planned"]
    assert (await life.names(standing)).count("occurrence.failed") == 0
    assert await life.shop.fetchval("select count(*) from sales_order where state = 'placed'") == 1
