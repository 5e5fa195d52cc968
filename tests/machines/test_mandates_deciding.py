"""What a mandate says about a wish: worked examples, and what must hold of any."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kupec.kit.ids import uuid7
from kupec.machines.mandates import (
    PERIODS,
    Allowed,
    Goods,
    Mandate,
    NeedsApproval,
    Refused,
    Spent,
    Wish,
    WishLine,
    decide,
    period_of,
)
from kupec.machines.mandates.deciding import best_of

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
ZONES = ("Europe/Prague", "America/Havana", "Asia/Beirut", "Atlantic/Azores", "Pacific/Apia", "UTC")


def a_mandate(**terms: Any) -> Mandate:
    plain: dict[str, Any] = {
        "id": uuid7(),
        "machine_id": uuid7(),
        "party_id": uuid7(),
        "sellers": ["own"],
        "goods": Goods(),
        "market": "cz",
        "language": "cs",
        "currency": "CZK",
        "budget_period": "month",
        "zone": "Europe/Prague",
        "payment": "card",
        "agreed": True,
        "starts_at": NOW - timedelta(days=30),
        "note": "",
        "created_at": NOW,
        "updated_at": NOW,
    }
    missing = {name: None for name in Mandate.__struct_fields__ if name not in plain}
    return Mandate(**(plain | missing | terms))


def a_wish(total: int = 90000, *, pieces: int = 3, lines: list[WishLine] | None = None, **other: Any) -> Wish:
    line = WishLine(sku="BEANS", quantity=pieces, total=total, categories=["coffee"])
    plain: dict[str, Any] = {"seller": "own", "lines": lines or [line], "total": total, "currency": "CZK"}
    return Wish(**(plain | other))


def said(mandate: Mandate, wish: Wish, spent: Spent | None = None) -> str:
    decision = decide(mandate, wish, spent or Spent(), NOW)
    return "yes" if isinstance(decision, Allowed) else decision.code


def test_each_limit_has_its_own_no() -> None:
    assert said(a_mandate(), a_wish()) == "yes"
    assert said(a_mandate(revoked_at=NOW), a_wish()) == "mandate_revoked"
    assert said(a_mandate(expires_at=NOW), a_wish()) == "mandate_expired"
    assert said(a_mandate(expires_at=NOW + timedelta(microseconds=1)), a_wish()) == "yes"
    assert said(a_mandate(starts_at=NOW + timedelta(seconds=1)), a_wish()) == "mandate_not_yet"
    assert said(a_mandate(sellers=["shop.example"]), a_wish()) == "seller_not_allowed"
    assert said(a_mandate(sellers=["shop.example", "own"]), a_wish(seller="shop.example")) == "yes"
    assert said(a_mandate(goods=Goods(skus=["MILK"])), a_wish()) == "goods_not_allowed"
    assert said(a_mandate(goods=Goods(skus=["MILK"], categories=["coffee"])), a_wish()) == "yes"
    assert said(a_mandate(), a_wish(currency="EUR")) == "other_currency"
    # Three pieces for 900.00: 300.00 each. A limit is met to the haléř, not rounded.
    assert said(a_mandate(most_price=30000), a_wish()) == "yes"
    assert said(a_mandate(most_price=30000), a_wish(90001)) == "price_too_high"
    assert said(a_mandate(least_price=30000), a_wish(89999)) == "price_too_low"
    assert said(a_mandate(most_orders=2), a_wish(), Spent(orders=1)) == "yes"
    assert said(a_mandate(most_orders=2), a_wish(), Spent(orders=2)) == "too_many_orders"
    assert said(a_mandate(budget=200000), a_wish(), Spent(total=110000)) == "yes"
    assert said(a_mandate(budget=200000), a_wish(), Spent(total=110001)) == "over_budget"
    assert said(a_mandate(budget=200000, approval_above=90000), a_wish()) == "yes"
    assert said(a_mandate(budget=200000, approval_above=89999), a_wish()) == "above_limit"
    # What is over the budget is refused, whoever would say yes to it.
    assert said(a_mandate(budget=80000, approval_above=0), a_wish()) == "over_budget"


def test_a_refusal_says_what_is_left_and_until_when() -> None:
    decision = decide(a_mandate(budget=200000), a_wish(), Spent(total=150000), NOW)
    assert decision == Refused(
        code="over_budget",
        fields={
            "total": 90000,
            "left": 50000,
            "budget": 200000,
            "currency": "CZK",
            # The first of April begins in Prague an hour earlier than in March's time.
            "again_at": "2026-03-31T22:00:00+00:00",
        },
    )
    best = best_of([(a_mandate(sellers=["x.example"]), Refused(code="seller_not_allowed")), (a_mandate(), decision)])
    assert best is not None
    assert best[1] is decision
    asks = best_of([(a_mandate(), decision), (a_mandate(), NeedsApproval(limit=1))])
    assert asks is not None
    assert isinstance(asks[1], NeedsApproval)


def test_periods_are_counted_as_people_there_do() -> None:
    def local(period: str, moment: str, zone: str = "Europe/Prague") -> list[str]:
        bounds = period_of(period, datetime.fromisoformat(moment), zone)  # type: ignore[arg-type]
        return [each.astimezone(ZoneInfo(zone)).strftime("%d.%m. %H:%M") for each in bounds if each]

    assert local("day", "2026-03-29T10:00+02:00") == ["29.03. 00:00", "30.03. 00:00"]
    begins, ends = period_of("day", datetime.fromisoformat("2026-03-29T10:00+02:00"), "Europe/Prague")
    assert begins is not None
    assert ends is not None
    assert ends - begins == timedelta(hours=23)  # the day on which the clock leaps
    assert local("week", "2026-03-29T23:59+02:00") == ["23.03. 00:00", "30.03. 00:00"]
    assert local("month", "2026-12-31T23:30:00+00:00") == ["01.01. 00:00", "01.02. 00:00"]
    assert local("year", "2026-12-31T22:59:59+00:00") == ["01.01. 00:00", "01.01. 00:00"]
    assert period_of("total", NOW, "Europe/Prague") == (None, None)
    # In Beirut the clock leaps from midnight to one: the day begins with the leap.
    assert local("day", "2026-03-29T12:00+03:00", "Asia/Beirut") == ["29.03. 01:00", "30.03. 00:00"]


@settings(max_examples=200, deadline=None)
@given(
    moment=st.integers(788_918_400, 2_208_988_800).map(lambda second: datetime.fromtimestamp(second, UTC)),
    period=st.sampled_from(PERIODS[:-1]),
    zone=st.sampled_from(ZONES),
)
@example(moment=datetime(2008, 11, 2, 3, 0, tzinfo=UTC), period="day", zone="America/St_Johns")  # back at 00:01
@example(moment=datetime(2011, 12, 30, 12, 0, tzinfo=UTC), period="day", zone="Pacific/Apia")  # a day left out
def test_every_moment_is_in_one_period(moment: datetime, period: Any, zone: str) -> None:
    begins, ends = period_of(period, moment, zone)
    assert begins is not None
    assert ends is not None
    assert begins <= moment < ends
    assert period_of(period, ends, zone)[0] == ends
    assert period_of(period, ends - timedelta(microseconds=1), zone) == (begins, ends)
    assert period_of(period, begins, zone) == (begins, ends)


amounts = st.integers(0, 10**6)
maybe = st.none() | amounts


@settings(max_examples=200, deadline=None)
@given(
    st.builds(WishLine, sku=st.sampled_from(["A", "B"]), quantity=st.integers(1, 99), total=amounts),
    amounts,
    st.builds(Spent, total=amounts, orders=st.integers(0, 5)),
    st.fixed_dictionaries(
        {
            "budget": maybe,
            "least_price": maybe,
            "most_price": maybe,
            "approval_above": maybe,
            "most_orders": st.none() | st.integers(0, 5),
            "goods": st.builds(Goods, skus=st.lists(st.sampled_from(["A", "B"]), max_size=2)),
            "expires_at": st.none() | st.sampled_from([NOW, NOW + timedelta(days=1)]),
        }
    ),
)
def test_what_is_not_refused_is_within_every_limit(
    line: WishLine, fees: int, spent: Spent, terms: dict[str, Any]
) -> None:
    mandate, wish = a_mandate(**terms), a_wish(line.total + fees, lines=[line])
    decision = decide(mandate, wish, spent, NOW)
    if not isinstance(decision, Refused):
        assert mandate.budget is None or spent.total + wish.total <= mandate.budget
        assert mandate.most_orders is None or spent.orders + 1 <= mandate.most_orders
        assert mandate.most_price is None or line.total <= mandate.most_price * line.quantity
        assert mandate.least_price is None or line.total >= mandate.least_price * line.quantity
        assert mandate.goods.anything or line.sku in mandate.goods.skus
        assert mandate.expires_at is None or mandate.expires_at > NOW
        above = mandate.approval_above is not None and wish.total > mandate.approval_above
        assert isinstance(decision, NeedsApproval) == above
    # Whoever wants more room never gets less: a wider mandate allows what a narrower did.
    wider = msgspec.structs.replace(mandate, budget=None, most_orders=None, approval_above=None)
    if isinstance(decision, Allowed):
        assert decide(wider, wish, spent, NOW) == Allowed()
