"""What a cart costs: sums, tax, fee and the day it comes, held by properties and by the documented example."""

from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.catalogue import Market, SellableVariant
from kupec.kit.ids import uuid7
from kupec.kit.money import included_tax
from kupec.sales import Address, Cart, CartLine, PricedCart, ShippingOption
from kupec.sales.delivery import promised_day
from kupec.sales.pricing import price

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)
MARKET = Market(code="cz", language="cs", currency="CZK", home_country="CZ", countries=["CZ", "SK"])
ADDRESS = Address(name="Jana Nová", street="Dlouhá 1", city="Praha", postcode="110 00", country="CZ")


def option(fee: int = 9900) -> ShippingOption:
    return ShippingOption(
        code="courier",
        name="Kurýr",
        carrier="Courier",
        fee=fee,
        tax_bp=2100,
        free_from=None,
        promised_on=date(2026, 3, 11),
    )


def priced(
    lines: list[tuple[int, int, int]],
    *,
    available: int = 9999,
    fee: int = 9900,
    email: str | None = "jana@example.com",
    address: Address | None = ADDRESS,
    missing: bool = False,
) -> PricedCart:
    """A cart of (unit amount, pieces, rate) lines."""
    goods: dict[UUID, SellableVariant] = {}
    cart_lines = []
    for unit, pieces, rate in lines:
        variant = SellableVariant(
            id=uuid7(),
            product_id=uuid7(),
            sku="X",
            name="X",
            picture=None,
            slug="x",
            kind="goods",
            unit_amount=unit,
            tax_bp=rate,
            stocked=True,
            available=available,
        )
        if not missing:
            goods[variant.id] = variant
        cart_lines.append(CartLine(id=uuid7(), variant_id=variant.id, quantity=pieces))
    cart = Cart(
        id=uuid7(),
        customer_id=None,
        market="cz",
        language="cs",
        channel="web",
        agent=None,
        state="open",
        email=email,
        name=None,
        phone=None,
        address=address,
        shipping_method="courier",
        created_at=NOW,
        updated_at=NOW,
        lines=cart_lines,
    )
    return price(cart, MARKET, goods, [option(fee)])


line_lists = st.lists(
    st.tuples(
        st.integers(min_value=1, max_value=10**7),
        st.integers(min_value=1, max_value=999),
        st.sampled_from([0, 1200, 2100, 2300]),
    ),
    min_size=1,
    max_size=12,
)


@given(lines=line_lists, fee=st.integers(min_value=0, max_value=50000))
def test_total_is_lines_plus_fee_and_tax_adds_up_per_rate(lines: list[tuple[int, int, int]], fee: int) -> None:
    cart = priced(lines, fee=fee)
    assert cart.subtotal == sum(unit * pieces for unit, pieces, _ in lines)
    assert cart.total == cart.subtotal + fee
    assert cart.tax == sum(line.tax for line in cart.lines) + cart.shipping_tax
    for rate in {rate for _, _, rate in lines}:
        gross = sum(line.total for line in cart.lines if line.tax_bp == rate)
        assert sum(line.tax for line in cart.lines if line.tax_bp == rate) == included_tax(gross, rate)
    for line in cart.lines:
        assert abs(line.tax - line.total * line.tax_bp / (10_000 + line.tax_bp)) < 1.5


def test_the_documented_example() -> None:
    cart = priced([(9990, 1, 1200), (9990, 1, 1200), (9990, 1, 1200), (14900, 2, 2100)])
    assert [line.tax for line in cart.lines] == [1071, 1070, 1070, 5172]
    assert (cart.shipping_tax, cart.tax, cart.total) == (1718, 10101, 69670)


def test_a_complete_cart_has_no_problems() -> None:
    assert priced([(100, 1, 2100)]).problems == []


@pytest.mark.parametrize(
    ("cart", "code", "field"),
    [
        (priced([]), "cart_empty", "lines"),
        (priced([(100, 3, 2100)], available=2), "not_enough_stock", "lines[0]"),
        (priced([(100, 1, 2100)], missing=True), "not_sold", "lines[0]"),
        (priced([(100, 1, 2100)], email=None), "missing", "email"),
        (priced([(100, 1, 2100)], address=None), "missing", "address.city"),
        (
            priced([(100, 1, 2100)], address=Address(name="A", street="B", city="C", postcode="1", country="US")),
            "country_not_served",
            "address.country",
        ),
    ],
)
def test_what_is_missing_names_its_field(cart: PricedCart, code: str, field: str) -> None:
    assert (code, field) in [(problem.code, problem.field) for problem in cart.problems]


@pytest.mark.parametrize(
    ("moment", "days", "destination", "expected"),
    [
        (datetime(2026, 3, 10, 12, 59, tzinfo=UTC), 1, "CZ", date(2026, 3, 11)),  # Tuesday 13:59 in Prague
        (datetime(2026, 3, 10, 13, 0, tzinfo=UTC), 1, "CZ", date(2026, 3, 12)),  # 14:00: the cut-off has passed
        (datetime(2026, 3, 13, 9, 0, tzinfo=UTC), 1, "CZ", date(2026, 3, 16)),  # Friday: over the weekend
        (datetime(2026, 4, 2, 9, 0, tzinfo=UTC), 1, "CZ", date(2026, 4, 7)),  # before Easter: Good Friday and Monday
        (datetime(2026, 11, 10, 9, 0, tzinfo=UTC), 1, "PL", date(2026, 11, 12)),  # 11 November is a holiday in Poland
        (datetime(2026, 3, 29, 21, 30, tzinfo=UTC), 0, "CZ", date(2026, 3, 30)),  # Sunday night, DST began today
        (datetime(2026, 12, 23, 15, 0, tzinfo=UTC), 1, "CZ", date(2026, 12, 29)),  # Christmas, then a weekend
        (datetime(2026, 3, 10, 9, 0, tzinfo=UTC), 2, "XX", date(2026, 3, 12)),  # a country without a calendar
    ],
)
def test_the_promised_day(moment: datetime, days: int, destination: str, expected: date) -> None:
    promised = promised_day(
        moment,
        timezone="Europe/Prague",
        cut_off=time(14),
        transit_days=days,
        origin_country="CZ",
        destination_country=destination,
    )
    assert promised == expected
