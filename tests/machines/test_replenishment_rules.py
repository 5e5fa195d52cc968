"""What devices use, forecast; when to order and how much: worked figures, and what holds always."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from kupec.kit.errors import InvalidValue
from kupec.kit.ids import uuid7
from kupec.machines.replenishment import REPLENISHMENT, GoodsRule, Replenishment, ReplenishmentOrder
from kupec.machines.replenishment.deciding import (
    Error,
    PartSeen,
    Seen,
    ServiceSeen,
    part_due,
    pieces_for,
    prospect,
    service_due,
    shelf_after,
)
from kupec.machines.replenishment.forecast import Need, Used, forecast_of, lasts, need_over, with_gaps
from kupec.machines.replenishment.quantities import Terms, best_quantity
from kupec.machines.replenishment.reordering import Lead, enough, lead_from

MONDAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RULES = Replenishment()


def office(days: int = 28, used: float = 300, weekend: float = 30) -> list[Used]:
    back = (MONDAY - timedelta(days=ahead) for ahead in range(1, days + 1))
    return [Used(day=day, used=used if day.weekday() < 5 else weekend) for day in back]


def seen(level: float, *, shelf: float = 0, on_way: float = 0, uses: list[Used] | None = None) -> Seen:
    forecast = forecast_of(
        office() if uses is None else uses, today=MONDAY, guess=1200 / 14, prior_days=3, half_life_days=28
    )
    lead = Lead(days=2, spread=1)
    return Seen(level=level, shelf=shelf, on_way=on_way, content=1000, forecast=forecast, lead=lead)


def test_little_data_is_drawn_to_the_guess_and_much_outweighs_it() -> None:
    rates = [round(seen(0, uses=office(days)).forecast.rate, 1) for days in (0, 7, 28)]
    assert rates == [85.7, 176.3, 201.1], "the mean of a week is 222.9"
    known = seen(0).forecast
    assert [round(mean) for mean in known.by_weekday] == [244, 244, 245, 245, 246, 92, 91]
    assert round(known.variance**0.5, 1) == 55.6


def test_silent_days_are_not_days_without_use() -> None:
    told = [(MONDAY - timedelta(days=back), 300.0) for back in range(20, 3, -1)]
    spanned = with_gaps([*told, (MONDAY - timedelta(days=1), 900.0)])
    assert (spanned[-1].days, spanned[-2].days) == (3, 1)
    kept = forecast_of(spanned, today=MONDAY, guess=300, prior_days=3, half_life_days=28)
    assert kept.rate == pytest.approx(300)
    assert kept.variance < 90 * 90, "three days of 300, not one of 900"


@given(
    mean=st.floats(1, 5000),
    spread=st.floats(0.05, 1.5),
    level=st.sampled_from([0.8, 0.9, 0.95, 0.98, 0.995]),
)
@settings(max_examples=60, deadline=None)
def test_enough_is_the_gamma_quantile(mean: float, spread: float, level: float) -> None:
    variance = (spread * mean) ** 2
    exact = max(mean, float(gamma.ppf(level, mean**2 / variance, scale=variance / mean)))
    assert enough(Need(mean=mean, variance=variance), level) == pytest.approx(exact, rel=0.05)


def test_the_worked_example() -> None:
    now = prospect(seen(800), RULES, MORNING)
    assert now.due
    assert (round(now.reorder_at), round(now.target)) == (1086, 3902)
    calm = prospect(seen(800, shelf=1000), RULES, MORNING)
    assert not calm.due
    assert (round(calm.order_in_days, 1), round(calm.left_days, 1)) == (2.9, 8.6)
    assert not prospect(seen(0, on_way=4000), RULES, MORNING).due, "what is on its way counts"
    terms = Terms(order_cost=2000, holding=0.2, keeps_days=60)
    plain = pieces_for(seen(800), now, RULES, terms, lambda _pieces: 51900)
    assert (plain.pieces, plain.reason) == (5, "price")
    stepped = pieces_for(seen(800), now, RULES, terms, lambda pieces: 51900 if pieces < 8 else 46900)
    assert (stepped.pieces, stepped.reason) == (8, "price")
    short = pieces_for(seen(800), now, RULES, msgspec.structs.replace(terms, budget=160_000), lambda _pieces: 51900)
    assert (short.pieces, short.reason) == (3, "budget")


@given(level=st.floats(0, 1200), service=st.floats(0.5, 0.99), more=st.floats(0.001, 0.009), lead=st.floats(0.5, 20))
@settings(max_examples=60, deadline=None)
def test_more_certainty_and_longer_ways_order_sooner(level: float, service: float, more: float, lead: float) -> None:
    at = seen(level)
    surer = prospect(at, RULES, MORNING, service_level=service + more)
    plain = prospect(at, RULES, MORNING, service_level=service)
    assert surer.reorder_at >= plain.reorder_at >= need_over(at.forecast, MORNING, 2.25).mean - 1e-6
    far = msgspec.structs.replace(at, lead=Lead(days=2 + lead, spread=1))
    assert prospect(far, RULES, MORNING, service_level=service).reorder_at > plain.reorder_at


@given(amount=st.floats(0, 5000))
@settings(max_examples=40, deadline=None)
def test_what_lasts_so_long_is_what_is_used_in_that_time(amount: float) -> None:
    forecast = seen(0).forecast
    days = lasts(forecast, MORNING, amount)
    assert need_over(forecast, MORNING, days).mean == pytest.approx(amount, abs=1e-3)


@given(
    needed=st.floats(0, 60),
    a_day=st.floats(0.001, 20),
    pack=st.integers(1, 6),
    least=st.integers(1, 12),
    most=st.integers(1, 60),
    keeps=st.integers(1, 400),
    budget=st.none() | st.integers(0, 3_000_000),
    step=st.integers(2, 40),
)
@settings(max_examples=150, deadline=None)
def test_a_quantity_keeps_to_its_terms(
    needed: float, a_day: float, pack: int, least: int, most: int, keeps: int, budget: int | None, step: int
) -> None:
    def price(pieces: int) -> int:
        return 50_000 if pieces < step else 45_000

    terms = Terms(order_cost=9900, holding=0.2, pack=pack, least=least, most=most, keeps_days=keeps, budget=budget)
    found = best_quantity(needed, a_day, price, terms)
    assert found.pieces >= 1
    assert found.pieces % pack == 0
    assert found.pieces <= max(most, pack)
    if found.reason in ("cover", "price"):
        assert found.pieces >= needed - 1e-9
    if budget is not None and found.reason != "beyond":
        assert found.pieces * price(found.pieces) <= budget


def test_what_was_filled_in_is_gone_from_beside_the_device() -> None:
    assert shelf_after(3000, filled=1000, on_way=0) == 2000
    assert shelf_after(500, filled=1000, on_way=0) == 0, "there was more than was known"
    assert shelf_after(0, filled=1000, on_way=4000) == -1000, "it came, and nobody has said so yet"
    assert shelf_after(-1000, filled=0, on_way=0) == -1000, "until its arrival is noted"


def order(state: str, **values: object) -> ReplenishmentOrder:
    fields: dict[str, object] = dict.fromkeys(ReplenishmentOrder.__struct_fields__)
    plain = {"state": state, "number": 1, "attempt": 1, "created_at": MORNING, "quantity": 1, "id": uuid7()}
    return ReplenishmentOrder(**(fields | plain | values))  # type: ignore[arg-type]


def test_a_part_is_ordered_once_until_it_is_fitted() -> None:
    worn = PartSeen(wear=0.92, limit=0.9)
    assert part_due(worn, None) == "wear"
    assert part_due(PartSeen(wear=0.5, limit=0.9), None) == ""
    assert part_due(PartSeen(wear=None, limit=None, errors=[Error(code="E1", since=MORNING)]), None) == "error"
    for state in ("claimed", "asked", "ordered", "delivered"):
        assert part_due(worn, order(state)) == "", state
    assert part_due(worn, order("refused")) == "wear"
    assert part_due(worn, order("done")) == "wear", "the next one wore out"


def test_a_service_is_ordered_by_days_by_counter_and_once_for_an_error() -> None:
    due = ServiceSeen(done_at=MORNING - timedelta(days=181), interval_days=180)
    assert service_due(due, None, MORNING) == "interval"
    assert service_due(due, order("ordered"), MORNING) == ""
    assert service_due(ServiceSeen(done_at=MORNING, interval_days=180), None, MORNING) == ""
    counted = ServiceSeen(done_at=MORNING, counter=12_050, every=10_000, done_counter=2_000)
    assert service_due(counted, None, MORNING) == "counter"
    assert (
        service_due(ServiceSeen(done_at=MORNING, counter=11_000, every=10_000, done_counter=2_000), None, MORNING) == ""
    )
    old = ServiceSeen(done_at=MORNING, errors=[Error(code="E1", since=MORNING - timedelta(hours=1))])
    assert service_due(old, None, MORNING) == "error"
    assert service_due(old, order("done"), MORNING) == "", "the error that it was ordered for"
    new = ServiceSeen(done_at=MORNING, errors=[Error(code="E1", since=MORNING + timedelta(days=9))])
    assert service_due(new, order("done"), MORNING) == "error"


def test_lead_times_seen_outweigh_what_was_assumed() -> None:
    assert lead_from([], days=2, spread=1) == Lead(days=2, spread=1)
    slow = lead_from([5.0] * 9, days=2, spread=1)
    assert slow.days == pytest.approx(4.25)
    assert slow.spread > 1


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (Replenishment(service_level=1.0), "service_level"),
        (Replenishment(retry_days=[1, 0]), "retry_days[1]"),
        (Replenishment(goods={"X": GoodsRule(pack=0)}), "goods.X.pack"),
        (Replenishment(order_costs={"CZK": -1}), "order_costs.CZK"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_name(document: Replenishment, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        REPLENISHMENT.check(document)
    assert refused.value.field == field
