"""Money: exact, in one currency, displayed as people write it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.kit.errors import InvalidValue
from kupec.kit.money import Money, display, distribute, included_tax, parse_amount

amounts = st.integers(min_value=0, max_value=10**12)


@given(total=amounts, weights=st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=20))
def test_a_distribution_adds_up_and_is_fair(total: int, weights: list[int]) -> None:
    shares = distribute(total, weights)
    whole = sum(weights)
    if whole == 0:
        assert shares == [0] * len(weights)
        return
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(Decimal(share) - Decimal(total) * weight / whole) < 1


def test_the_remainder_goes_to_the_largest_fractions_then_to_the_first() -> None:
    assert distribute(100, [1, 1, 1]) == [34, 33, 33]
    assert distribute(10, [5, 3, 1]) == [6, 3, 1]


@given(gross=amounts, rate=st.integers(min_value=0, max_value=5000))
def test_included_tax_is_the_nearest_whole_unit(gross: int, rate: int) -> None:
    exact = Decimal(gross) * rate / (10_000 + rate)
    assert abs(Decimal(included_tax(gross, rate)) - exact) <= Decimal("0.5")


def test_included_tax_of_known_amounts() -> None:
    assert included_tax(12100, 2100) == 2100
    assert included_tax(11200, 1200) == 1200
    assert included_tax(99, 0) == 0


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("129,90", "CZK", 12990), ("129.9", "CZK", 12990), ("1 290", "CZK", 129000), ("1\u00a0290,5", "PLN", 129050)],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, amount: int) -> None:
    assert parse_amount(text, currency, field="price") == amount


@pytest.mark.parametrize("text", ["", "abc", "1.234,5", "0.001", "NaN", "Infinity", "1e30"])
def test_what_is_no_amount_names_the_field(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_amount(text, "CZK", field="price")
    assert caught.value.field == "price"


@pytest.mark.parametrize(
    ("money", "locale", "shown"),
    [
        (Money(129000, "CZK"), "cs", "1\u00a0290\u00a0Kč"),
        (Money(12950, "CZK"), "cs", "129,50\u00a0Kč"),
        (Money(4990, "PLN"), "pl", "49,90\u00a0zł"),
        (Money(790, "EUR"), "en", "€7.90"),
        (Money(60770, "PLN"), "en", "607.70\u00a0PLN"),
        (Money(17338, "CZK"), "en", "173.38\u00a0CZK"),
        (Money(100000, "CZK"), "en", "1,000\u00a0CZK"),
        (Money(-60770, "PLN"), "cs", "-607,70\u00a0PLN"),
    ],
)
def test_money_is_shown_as_its_readers_write_it(money: Money, locale: str, shown: str) -> None:
    assert display(money, locale) == shown


def test_two_currencies_cannot_be_added() -> None:
    assert Money(1, "CZK") + Money(2, "CZK") == Money(3, "CZK")
    with pytest.raises(ValueError, match="CZK"):
        Money(1, "CZK") + Money(1, "EUR")
