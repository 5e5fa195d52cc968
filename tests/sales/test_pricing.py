"""What a cart costs: sums, tax, fees, discounts and the day it comes, held by properties and by documented examples."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.billing import PaymentMethod, PaymentMethods
from kupec.catalogue import Choice, Market, Option, PricePoint, SellableVariant, TaxRules
from kupec.kit.ids import uuid7
from kupec.kit.money import included_tax
from kupec.sales import Address, Cart, CartLine, PricedCart
from kupec.sales.delivery import promised_day
from kupec.sales.pricing import NO_CLAIMS, Claims, Terms, price
from kupec.sales.promotions.models import (
    AmountOff,
    BuyGet,
    CouponStanding,
    FreeShipping,
    GiftOf,
    PercentOff,
    Promotion,
    Promotions,
    ShopperStanding,
)
from kupec.sales.promotions.models import Conditions as Only
from kupec.sales.shipping import Tariff
from kupec.sales.shipping_models import Method, Rule, Shipping, Zone

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)
MARKET = Market(code="cz", language="cs", currency="CZK", home_country="CZ", countries=["CZ", "SK"])
ADDRESS = Address(name="Jana Nová", street="Dlouhá 1", city="Praha", postcode="110 00", country="CZ")
CLASSES = {"zero": 0, "reduced": 1200, "standard": 2100, "other": 2300}
TAX = TaxRules(rates={"CZ": CLASSES, "SK": {**CLASSES, "standard": 2300}}, destination=["SK"])
CARD = PaymentMethod(code="card", kind="card", names={"en": "Card"})
CASH = PaymentMethod(
    code="cash", kind="cod", names={"en": "Cash on delivery"}, fee={"CZK": 3900}, round_to={"CZK": 100}
)


def tariff(fee: int = 9900, free_from: int | None = None) -> Tariff:
    zone = Zone(countries=["CZ", "SK"], currency="CZK", rules=[Rule(fee=fee)], free_from=free_from)
    method = Method(
        code="courier",
        names={"cs": "Kurýr"},
        carrier="Courier",
        transit_days=1,
        cut_off=time(14),
        timezone="Europe/Prague",
        origin_country="CZ",
        zones=[zone],
    )
    return Tariff(Shipping(methods=[method]))


def terms(fee: int = 9900, promotions: list[Promotion] | None = None, free_from: int | None = None) -> Terms:
    return Terms(
        tax=TAX,
        tariff=tariff(fee, free_from),
        promotions=Promotions(promotions=promotions or []),
        methods=PaymentMethods(methods=[CARD, CASH]),
    )


def variant(unit: int, rate: int = 2100, *, available: int = 9999, **more: Any) -> SellableVariant:
    return SellableVariant(
        id=uuid7(),
        product_id=uuid7(),
        sku="X",
        name="X",
        picture=None,
        slug="x",
        kind="goods",
        unit_amount=unit,
        vat_class=next(code for code, bp in CLASSES.items() if bp == rate),
        stocked=True,
        available=available,
        category_codes=["beans"],
        weight_g=1000,
        **more,
    )


def cart_of(lines: list[tuple[SellableVariant, int, dict[str, str]]], **more: Any) -> Cart:
    cart = Cart(
        id=uuid7(),
        customer_id=None,
        market="cz",
        language="cs",
        channel="web",
        agent=None,
        email="jana@example.com",
        address=ADDRESS,
        shipping_method="courier",
        created_at=NOW,
        updated_at=NOW,
        lines=[
            CartLine(id=uuid7(), variant_id=goods.id, quantity=pieces, options=options)
            for goods, pieces, options in lines
        ],
    )
    return msgspec.structs.replace(cart, **more)


def priced(
    lines: list[tuple[int, int, int]], *, available: int = 9999, fee: int = 9900, missing: bool = False, **more: Any
) -> PricedCart:
    """A cart of (unit amount, pieces, rate) lines."""
    bought = [(variant(unit, rate, available=available), pieces, {}) for unit, pieces, rate in lines]
    goods: dict[UUID, SellableVariant] = {} if missing else {each.id: each for each, _, _ in bought}
    return price(cart_of(bought, **more), MARKET, goods, terms(fee), now=NOW)


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


def test_options_add_to_price_and_time_and_are_said_in_words() -> None:
    grind = Option(
        code="grind",
        kind="choice",
        names={"cs": "Mletí"},
        required=True,
        choices=[Choice(code="fine", names={"cs": "Jemné"}, surcharge={"CZK": 1500}, lead_days=2)],
    )
    beans = variant(30000, 1200, options=[grind], lead_days=1)
    cart = price(cart_of([(beans, 2, {"grind": "fine"})]), MARKET, {beans.id: beans}, terms(), now=NOW)
    line = cart.lines[0]
    assert (line.unit_amount, line.total, line.lead_days) == (31500, 63000, 2)
    assert line.options == [("Mletí", "Jemné")]
    assert cart.shipping is not None
    assert cart.shipping.promised_on == date(2026, 3, 13)  # two working days later than without
    refused = price(cart_of([(beans, 2, {"grind": "coarse"})]), MARKET, {beans.id: beans}, terms(), now=NOW)
    assert [(problem.code, problem.field) for problem in refused.problems] == [("options_changed", "lines[0]")]


def test_a_price_for_many_counts_all_lines_of_the_variant_and_the_group_its_own() -> None:
    text = Option(code="text", kind="text", names={"cs": "Text"})
    points = [
        PricePoint(list_code="many", group=None, min_quantity=5, amount=9000, includes_vat=True),
        PricePoint(list_code="cafes", group="cafes", min_quantity=1, amount=7000, includes_vat=False),
    ]
    cup = variant(10000, 2100, options=[text], price_points=points)
    goods = {cup.id: cup}
    few = price(cart_of([(cup, 4, {})]), MARKET, goods, terms(), now=NOW)
    many = price(cart_of([(cup, 3, {}), (cup, 2, {"text": "Jana"})]), MARKET, goods, terms(), now=NOW)
    cafe = price(cart_of([(cup, 1, {})], price_group="cafes"), MARKET, goods, terms(), now=NOW)
    assert [line.unit_amount for line in few.lines] == [10000]
    assert [line.unit_amount for line in many.lines] == [9000, 9000]
    assert [line.unit_amount for line in cafe.lines] == [8470]


def test_vat_is_of_the_country_it_is_declared_in() -> None:
    slovak = msgspec.structs.replace(ADDRESS, country="SK", postcode="811 01")
    cart = priced([(12300, 1, 2100)], fee=0, address=slovak)
    assert (cart.tax_country, cart.lines[0].tax_bp, cart.tax) == ("SK", 2300, 2300)
    assert priced([(12300, 1, 2100)], fee=0).tax_country == "CZ"


def test_cash_is_rounded_to_the_coin_and_the_rounding_carries_no_tax() -> None:
    cart = priced([(9951, 1, 2100)], fee=9900, payment_method="cash")
    assert (cart.payment_fee, cart.rounding, cart.total) == (3900, 49, 23800)
    assert cart.tax == cart.lines[0].tax + cart.shipping_tax + cart.payment_fee_tax


def test_credit_that_pays_all_needs_no_payment_and_no_fee() -> None:
    beans = variant(10000)
    cart = cart_of([(beans, 1, {})], payment_method="cash", credit_code="AAAA")
    whole = price(cart, MARKET, {beans.id: beans}, terms(), now=NOW, claims=Claims(credit=50000))
    part = price(cart, MARKET, {beans.id: beans}, terms(), now=NOW, claims=Claims(credit=5050))
    assert (whole.credit, whole.to_pay, whole.payment, whole.payment_fee) == (19900, 0, None, 0)
    assert (part.credit, part.to_pay, part.rounding) == (5050, 18800, 50)
    assert whole.problems == part.problems == []


_PROMOTIONS = [
    PercentOff(percent_bp=1000),
    PercentOff(percent_bp=3333),
    AmountOff(amounts={"CZK": 7777}),
    BuyGet(buy=2, get=1),
    FreeShipping(),
    FreeShipping(up_to={"CZK": 5000}),
    AmountOff(amounts={"CZK": 10**9}),
]
_GIFT = variant(4900, 1200)


@st.composite
def sales(draw: st.DrawFn) -> PricedCart:
    """Any cart under any promotions, with options, many rates, fees, cash, credit, at home and abroad."""
    engraving = Option(code="text", kind="text", surcharge={"CZK": draw(st.integers(0, 500))})
    goods = [
        variant(
            draw(st.integers(1, 10**6)),
            draw(st.sampled_from(sorted(CLASSES.values()))),
            options=[engraving] if draw(st.booleans()) else [],
            price_points=[
                PricePoint(
                    list_code="l", group=None, min_quantity=3, amount=draw(st.integers(1, 10**6)), includes_vat=False
                )
            ]
            if draw(st.booleans())
            else [],
        )
        for _ in range(draw(st.integers(1, 6)))
    ]
    lines = [
        (each, draw(st.integers(1, 99)), {"text": "Jana"} if each.options and draw(st.booleans()) else {})
        for each in goods
    ]
    actions = [*draw(st.lists(st.sampled_from(_PROMOTIONS), max_size=3))]
    promotions = [
        Promotion(
            code=f"P{index}",
            names={"en": "P"},
            action=action,
            exclusive=draw(st.booleans()),
            conditions=Only(needs_coupon=draw(st.booleans())),
        )
        for index, action in enumerate(actions)
    ]
    if draw(st.booleans()):
        promotions.append(
            Promotion(code="G", names={"en": "Gift"}, action=GiftOf(variant_id=_GIFT.id), conditions=Only())
        )
    coupons = [f"C{index}" for index in range(len(actions)) if draw(st.booleans())]
    standing = ShopperStanding(coupons={code: CouponStanding(code=code, promotion=f"P{code[1:]}") for code in coupons})
    country = draw(st.sampled_from(["CZ", "SK"]))
    cart = cart_of(
        lines,
        address=msgspec.structs.replace(ADDRESS, country=country),
        payment_method=draw(st.sampled_from([None, "card", "cash"])),
        coupons=coupons,
    )
    credit = draw(st.sampled_from([0, 0, 1, 999, 10**6, 10**12]))
    return price(
        cart,
        MARKET,
        {each.id: each for each in [*goods, _GIFT]},
        terms(draw(st.integers(0, 50000)), promotions, draw(st.sampled_from([None, 0, 10**6]))),
        now=NOW,
        claims=Claims(credit=credit, standing=standing) if credit or coupons else NO_CLAIMS,
    )


@given(cart=sales())
def test_every_total_is_lines_plus_fees_less_discounts_and_its_tax_adds_up(cart: PricedCart) -> None:
    gross = sum(line.unit_amount * line.quantity for line in cart.lines)
    off = sum(line.discount for line in cart.lines)
    assert cart.shipping is not None
    assert (cart.subtotal, cart.discount) == (gross - off, off)
    assert all(0 <= line.discount <= line.unit_amount * line.quantity for line in cart.lines)
    assert cart.shipping_fee == cart.shipping.fee - cart.shipping_discount >= 0
    [chosen] = [option for option in cart.shipping_options if option.code == cart.shipping.code]
    assert chosen.discount == cart.shipping_discount
    assert cart.total == cart.subtotal + cart.shipping_fee + cart.payment_fee + cart.rounding
    assert sum(applied.amount for applied in cart.applied) == off + cart.shipping_discount
    assert cart.tax == sum(line.tax for line in cart.lines) + cart.shipping_tax + cart.payment_fee_tax
    for rate in {line.tax_bp for line in cart.lines}:
        of_rate = [line for line in cart.lines if line.tax_bp == rate]
        assert sum(line.tax for line in of_rate) == included_tax(sum(line.total for line in of_rate), rate)
    assert cart.credit >= 0
    assert cart.to_pay >= 0
    assert cart.payment is not None or cart.to_pay == 0
    coin = cart.payment.round_to if cart.payment else 1
    assert cart.to_pay % coin == 0
    assert abs(cart.rounding) * 2 <= coin


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
