"""Which promotions apply, what they take off, and the reasons for the others."""

from datetime import UTC, datetime, time
from uuid import UUID

import msgspec
import pytest

from kupec.sales import (
    AmountOff,
    Applied,
    Basket,
    BuyGet,
    Conditions,
    CouponStanding,
    FreeShipping,
    GiftOf,
    Hours,
    PercentOff,
    Promotion,
    Promotions,
    Selection,
    apply_promotions,
)
from tests.sales.baskets import TUESDAY_NOON, all_of, basket, line, promotion

GIFT = UUID(int=77)


def applied(promotions: Promotions, given: Basket, *coupons: CouponStanding, gifts: int = 9) -> Applied:
    return apply_promotions(promotions, given, {coupon.code: coupon for coupon in coupons}, {GIFT: gifts})


def reasons(result: Applied) -> dict[str, str]:
    """What the buyer is told, by promotion."""
    return {one.code: one.reason.format_map(one.details) for one in result.refused}


def every_reason(result: Applied) -> dict[str, str]:
    return {one.code: one.reason.format_map(one.details) for one in [*result.refused, *result.silent]}


def test_a_percentage_is_rounded_once_and_split_by_largest_remainder() -> None:
    result = applied(all_of(promotion("TEN")), basket(line(1, 9990), line(2, 9990), line(3, 9990)))
    # 10 % of 299.70 is 29.97; each line's share is 9.99.
    assert result.lines == {UUID(int=1): 999, UUID(int=2): 999, UUID(int=3): 999}
    assert result.applied[0].amount == 2997
    result = applied(all_of(promotion("TEN")), basket(line(1, 5), line(2, 5), line(3, 5)))
    # 1.5 is rounded up to 2 once, not to three times 1.
    assert result.lines == {UUID(int=1): 1, UUID(int=2): 1}


def test_a_percentage_of_some_goods_leaves_the_others() -> None:
    only = PercentOff(percent_bp=2000, goods=Selection(categories=["beans"]))
    result = applied(all_of(promotion("BEANS", only)), basket(line(1, 30000, categories=("beans",)), line(2, 50000)))
    assert result.lines == {UUID(int=1): 6000}


@pytest.mark.parametrize(
    "selection",
    [Selection(skus=["SKU1"]), Selection(products=[UUID(int=2001)]), Selection(categories=["other", "beans"])],
)
def test_goods_are_named_by_article_product_or_category(selection: Selection) -> None:
    found = applied(
        all_of(promotion("X", PercentOff(percent_bp=10_000, goods=selection))),
        basket(line(1, 100, categories=("beans",)), line(2, 100)),
    )
    assert found.lines == {UUID(int=1): 100}


def test_an_amount_is_at_most_what_the_goods_cost() -> None:
    off = AmountOff(amounts={"CZK": 20000})
    assert applied(all_of(promotion("A", off)), basket(line(1, 15000))).lines == {UUID(int=1): 15000}
    split = applied(all_of(promotion("A", off)), basket(line(1, 30000), line(2, 60000))).lines
    assert split == {UUID(int=1): 6667, UUID(int=2): 13333}


def test_an_amount_in_another_currency_is_nothing() -> None:
    result = applied(all_of(promotion("A", AmountOff(amounts={"PLN": 500}))), basket(line(1, 15000)))
    assert result.applied == []
    assert every_reason(result) == {"A": "There is nothing left to make cheaper."}


def test_buy_two_get_the_third() -> None:
    three = BuyGet(buy=2, get=1)
    assert applied(all_of(promotion("B", three)), basket(line(1, 100, 2))).lines == {}
    assert applied(all_of(promotion("B", three)), basket(line(1, 100, 3))).lines == {UUID(int=1): 100}
    # From the dearest down: 500 500 300 | 100 100, so the 300 is free, and no fourth piece costs more than itself.
    mixed = basket(line(1, 100, 2), line(2, 500, 2), line(3, 300))
    assert applied(all_of(promotion("B", three)), mixed).lines == {UUID(int=3): 300}
    assert applied(all_of(promotion("B", three)), basket(line(1, 100, 6))).lines == {UUID(int=1): 200}


def test_a_cheap_piece_more_does_not_make_the_discount_smaller() -> None:
    three = all_of(promotion("B", BuyGet(buy=2, get=1)))
    dear = [line(1, 500, 2), line(2, 300)]
    assert applied(three, basket(*dear)).lines == {UUID(int=2): 300}
    assert applied(three, basket(*dear, line(3, 10))).lines == {UUID(int=2): 300}


def test_where_a_line_stands_changes_nothing_even_among_equals() -> None:
    three = [line(1, 5), line(2, 5), line(3, 5)]
    ten = all_of(promotion("TEN"))
    assert applied(ten, basket(*reversed(three))).lines == applied(ten, basket(*three)).lines


def test_the_second_for_half_and_a_set_that_is_not_full() -> None:
    half = BuyGet(buy=1, get=1, percent_bp=5000)
    assert applied(all_of(promotion("B", half)), basket(line(1, 333, 2))).lines == {UUID(int=1): 167}
    two_of_four = BuyGet(buy=2, get=2)
    assert applied(all_of(promotion("B", two_of_four)), basket(line(1, 100, 3))).lines == {UUID(int=1): 100}


def test_buy_and_get_counts_what_earlier_promotions_left() -> None:
    first = promotion("A", AmountOff(amounts={"CZK": 100}), priority=1)
    second = promotion("B", BuyGet(buy=1, get=1), priority=2)
    # 300 - 100 leaves 67 67 66 for the three pieces: the second dearest is free.
    assert applied(all_of(second, first), basket(line(1, 100, 3))).lines == {UUID(int=1): 167}


def test_free_shipping() -> None:
    free = promotion("FREE", FreeShipping(methods=["courier"], up_to={"CZK": 8000}))
    given = basket(line(1, 100), shipping_method="courier", shipping_fee=9900)
    assert applied(all_of(free), given).shipping == 8000
    other = applied(all_of(free), msgspec.structs.replace(given, shipping_method="box"))
    assert other.shipping == 0
    assert reasons(other) == {"FREE": "This holds for another way of delivery."}
    unknown = applied(all_of(free), basket(line(1, 100)))
    assert [(one.code, one.amount) for one in unknown.applied] == [("FREE", 0)]
    already = applied(all_of(free), basket(line(1, 100), shipping_method="courier", shipping_fee=0))
    assert already.applied == []


def test_two_promotions_never_forgive_more_than_the_fee() -> None:
    both = all_of(promotion("A", FreeShipping(up_to={"CZK": 6000})), promotion("B", FreeShipping()))
    result = applied(both, basket(line(1, 100), shipping_method="courier", shipping_fee=9900))
    assert result.shipping == 9900
    assert [one.amount for one in result.applied] == [6000, 3900]


def test_a_gift_while_it_lasts() -> None:
    gift = promotion("G", GiftOf(variant_id=GIFT, quantity=2))
    result = applied(all_of(gift), basket(line(1, 100)))
    assert [(given.variant_id, given.quantity, given.promotion) for given in result.gifts] == [(GIFT, 2, "G")]
    gone = applied(all_of(gift), basket(line(1, 100)), gifts=1)
    assert gone.gifts == []
    assert reasons(gone) == {"G": "The gift is not in stock any more."}


def test_percentages_follow_one_another_on_what_is_left() -> None:
    both = all_of(promotion("B", PercentOff(percent_bp=2000), priority=2), promotion("A", priority=1))
    result = applied(both, basket(line(1, 100_000)))
    assert [(one.code, one.amount) for one in result.applied] == [("A", 10_000), ("B", 18_000)]


def test_of_a_group_the_best_applies() -> None:
    group = all_of(
        promotion("SMALL", PercentOff(percent_bp=500), priority=1, group="season"),
        promotion("BIG", PercentOff(percent_bp=1500), priority=9, group="season"),
        promotion("OTHER", PercentOff(percent_bp=1000), priority=5),
    )
    result = applied(group, basket(line(1, 100_000)))
    # The group takes its turn when its first member does.
    assert [(one.code, one.amount) for one in result.applied] == [("BIG", 15_000), ("OTHER", 8_500)]
    assert reasons(result) == {"SMALL": "This cannot be combined with “Big”."}


def test_a_gift_counts_in_its_group_by_its_stated_worth() -> None:
    gift = promotion("G", GiftOf(variant_id=GIFT, worth={"CZK": 5001}), group="g")
    result = applied(all_of(gift, promotion("P", AmountOff(amounts={"CZK": 5000}), group="g")), basket(line(1, 9000)))
    assert [one.code for one in result.applied] == ["G"]


def test_an_exclusive_promotion_stands_alone() -> None:
    first = all_of(promotion("ALONE", priority=1, exclusive=True), promotion("SPRING", priority=2))
    result = applied(first, basket(line(1, 1000)))
    assert [one.code for one in result.applied] == ["ALONE"]
    assert reasons(result) == {"SPRING": "This cannot be combined with “Alone”."}
    later = all_of(promotion("ALONE", priority=3, exclusive=True), promotion("SPRING", priority=2))
    result = applied(later, basket(line(1, 1000)))
    assert [one.code for one in result.applied] == ["SPRING"]
    assert reasons(result) == {"ALONE": "This cannot be combined with “Spring”."}


def test_an_exclusive_promotion_that_gives_nothing_stops_nothing() -> None:
    pair = all_of(
        promotion("ALONE", AmountOff(amounts={"PLN": 1}), priority=1, exclusive=True), promotion("SPRING", priority=2)
    )
    assert [one.code for one in applied(pair, basket(line(1, 1000))).applied] == ["SPRING"]


@pytest.mark.parametrize(
    ("conditions", "given", "reason"),
    [
        (Conditions(markets=["pl"]), {}, "This does not hold in this shop."),
        (Conditions(currencies=["PLN"]), {}, "This does not hold in this shop."),
        (Conditions(channels=["ucp"]), {}, "This does not hold in this shop."),
        (Conditions(minimum={"PLN": 100}), {}, "This does not hold in this shop."),
        (Conditions(price_groups=["b2b"]), {"price_group": "retail"}, "This is for selected customers only."),
        (Conditions(segments=["vip", "loyal"]), {"segments": ["new"]}, "This is for selected customers only."),
        (Conditions(first_order=True), {"first_order": False}, "This is for first orders only."),
        (Conditions(returning=True), {"first_order": True}, "This is for customers who have ordered before."),
        (Conditions(returning=True), {}, "This is for customers who have ordered before."),
        (Conditions(valid_to=datetime(2026, 3, 10, 12)), {}, "This has ended."),  # noqa: DTZ001
        (Conditions(valid_from=datetime(2026, 3, 11)), {}, "This starts on Wednesday 11 March."),  # noqa: DTZ001
        (Conditions(weekdays=[6, 7]), {}, "This does not hold on this day of the week."),
        (Conditions(hours=Hours(since=time(16), until=time(18))), {}, "This holds from 16:00 to 18:00."),
        (Conditions(minimum={"CZK": 31000}), {}, "Add goods for 210\u00a0CZK more."),
        (Conditions(goods=Selection(skus=["NO"])), {}, "The goods it is for are not in the cart."),
        (Conditions(goods=Selection(skus=["SKU1"]), quantity=4), {}, "Add 3 more of the goods it is for."),
        (Conditions(needs_coupon=True), {}, "This is given for a coupon only."),
    ],
)
def test_what_does_not_hold_says_why(conditions: Conditions, given: dict[str, object], reason: str) -> None:
    result = applied(all_of(promotion("X", conditions=conditions)), basket(line(1, 10000), **given))
    assert result.applied == []
    assert every_reason(result)["X"].replace("Kč", "CZK") == reason


@pytest.mark.parametrize(
    ("conditions", "given"),
    [
        (Conditions(markets=["cz", "pl"], currencies=["CZK"], channels=["web"]), {}),
        (Conditions(price_groups=["b2b"]), {"price_group": "b2b"}),
        (Conditions(segments=["vip", "loyal"]), {"segments": ["loyal"]}),
        (Conditions(first_order=True), {"first_order": True}),
        (Conditions(first_order=True), {}),
        (Conditions(returning=True), {"first_order": False}),
        (Conditions(valid_from=datetime(2026, 3, 10, 12)), {}),  # noqa: DTZ001
        (Conditions(valid_to=datetime(2026, 3, 10, 12, 1)), {}),  # noqa: DTZ001
        (Conditions(weekdays=[2]), {}),
        (Conditions(hours=Hours(since=time(12), until=time(13))), {}),
        (Conditions(minimum={"CZK": 10000}), {}),
        (Conditions(goods=Selection(skus=["SKU1"]), quantity=1), {}),
    ],
)
def test_what_holds_applies(conditions: Conditions, given: dict[str, object]) -> None:
    result = applied(all_of(promotion("X", conditions=conditions)), basket(line(1, 10000), **given))
    assert [one.code for one in result.applied] == ["X"]


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    night = promotion("NIGHT", conditions=Conditions(weekdays=[2], hours=Hours(since=time(22), until=time(2))))
    at = [
        datetime(2026, 3, 10, 21, 30, tzinfo=UTC),  # Tuesday 22:30 in Prague
        datetime(2026, 3, 11, 0, 30, tzinfo=UTC),  # Wednesday 01:30
        datetime(2026, 3, 10, 0, 30, tzinfo=UTC),  # Tuesday 01:30: Monday's night
        datetime(2026, 3, 11, 1, 0, tzinfo=UTC),  # 02:00, over
    ]
    holds = [bool(applied(all_of(night), basket(line(1, 100), now=now)).applied) for now in at]
    assert holds == [True, True, False, False]


def test_caps() -> None:
    capped = all_of(promotion("X", max_uses=10, per_customer=1))
    assert applied(capped, basket(line(1, 100), used={"X": 9})).applied
    assert every_reason(applied(capped, basket(line(1, 100), used={"X": 10}))) == {"X": "All uses of this are taken."}
    mine = applied(capped, basket(line(1, 100), used_by_customer={"X": 1}))
    assert every_reason(mine) == {"X": "You have used this already."}


def _spring(**terms: object) -> tuple[Promotion, CouponStanding]:
    coupon = CouponStanding(code="JARO", promotion="SPRING", **terms)  # type: ignore[arg-type]
    return promotion("SPRING", conditions=Conditions(needs_coupon=True)), coupon


def test_a_coupon_opens_its_promotion() -> None:
    spring, coupon = _spring(max_uses=10, used=9)
    result = applied(all_of(spring), basket(line(1, 1000), coupons=["JARO"]), coupon)
    assert [(one.code, one.coupon, one.amount) for one in result.applied] == [("SPRING", "JARO", 100)]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"active": False}, "This coupon does not hold at the moment."),
        ({"max_uses": 10, "used": 10}, "All uses of this are taken."),
        ({"per_customer": 2, "used_by_customer": 2}, "You have used this already."),
        ({"valid_to": TUESDAY_NOON}, "This has ended."),
        ({"valid_from": datetime(2026, 3, 12, 23, 30, tzinfo=UTC)}, "This starts on Friday 13 March."),
    ],
)
def test_a_coupon_that_does_not_hold_says_why(terms: dict[str, object], reason: str) -> None:
    spring, coupon = _spring(**terms)
    result = applied(all_of(spring), basket(line(1, 1000), coupons=["JARO"]), coupon)
    assert result.applied == []
    assert [(one.coupon, one.reason.format_map(one.details)) for one in result.refused] == [("JARO", reason)]


def test_a_coupon_whose_promotion_fails_is_told_the_reason_of_the_promotion() -> None:
    _, coupon = _spring()
    first = promotion("SPRING", conditions=Conditions(needs_coupon=True, first_order=True))
    result = applied(all_of(first), basket(line(1, 1000), coupons=["JARO"], first_order=False), coupon)
    assert [(one.coupon, one.reason) for one in result.refused] == [("JARO", "This is for first orders only.")]


def test_unknown_coupons_and_second_coupons_are_said() -> None:
    spring, coupon = _spring()
    second = CouponStanding(code="SECOND", promotion="SPRING")
    result = applied(all_of(spring), basket(line(1, 1000), coupons=["JARO", "SECOND", "NOPE"]), coupon, second)
    assert [one.coupon for one in result.applied] == ["JARO"]
    assert {one.coupon: one.reason.format_map(one.details) for one in result.refused} == {
        "SECOND": "This cannot be combined with “JARO”.",
        "NOPE": "We do not know this coupon.",
    }


def test_a_stranger_is_not_told_of_what_is_not_for_them() -> None:
    quiet = all_of(
        promotion("VIP", conditions=Conditions(segments=["vip"])),
        promotion("CODE", conditions=Conditions(needs_coupon=True)),
        promotion("FAR", conditions=Conditions(valid_from=datetime(2026, 3, 20))),  # noqa: DTZ001
        promotion("NEAR", conditions=Conditions(minimum={"CZK": 11000})),
    )
    result = applied(quiet, basket(line(1, 10000)))
    assert list(reasons(result)) == ["NEAR"]
    assert set(every_reason(result)) == {"VIP", "CODE", "FAR", "NEAR"}


def test_what_is_switched_off_is_not_there() -> None:
    result = applied(all_of(promotion("OFF", active=False)), basket(line(1, 1000)))
    assert result == Applied()


def test_a_reader_of_czech_sees_czech_figures() -> None:
    near = all_of(promotion("NEAR", conditions=Conditions(minimum={"CZK": 250_000})))
    result = applied(near, basket(line(1, 10000), language="cs"))
    assert result.refused[0].details == {"amount": "2\u00a0400\u00a0Kč"}
