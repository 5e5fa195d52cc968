"""What holds of promotions whatever they say and whatever is in the cart."""

import random
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kupec.sales import (
    Action,
    AmountOff,
    Basket,
    BasketLine,
    BuyGet,
    Conditions,
    FreeShipping,
    PercentOff,
    Promotion,
    Promotions,
    Selection,
    apply_promotions,
)
from tests.sales.baskets import basket, line, promotion

CATEGORIES = ("beans", "care", "machines")
selections = st.builds(Selection, categories=st.lists(st.sampled_from(CATEGORIES), max_size=2))
discounts: st.SearchStrategy[Action] = st.one_of(
    st.builds(PercentOff, percent_bp=st.integers(1, 10_000), goods=selections),
    st.builds(AmountOff, amounts=st.fixed_dictionaries({"CZK": st.integers(1, 100_000)}), goods=selections),
    st.builds(
        BuyGet, buy=st.integers(1, 4), get=st.integers(1, 3), percent_bp=st.integers(1, 10_000), goods=selections
    ),
)
actions: st.SearchStrategy[Action] = st.one_of(
    discounts, st.builds(FreeShipping, up_to=st.dictionaries(st.just("CZK"), st.integers(1, 20_000)))
)
conditions = st.builds(
    Conditions,
    minimum=st.dictionaries(st.just("CZK"), st.integers(1, 200_000)),
    goods=selections,
    quantity=st.integers(1, 5),
)


@st.composite
def documents(draw: st.DrawFn) -> Promotions:
    found = [
        promotion(
            f"P{index}",
            draw(actions),
            draw(conditions),
            priority=draw(st.integers(0, 3)),
            group=draw(st.sampled_from(["", "", "g", "h"])),
            exclusive=draw(st.booleans()),
        )
        for index in range(draw(st.integers(0, 5)))
    ]
    return Promotions(promotions=found)


@st.composite
def lines(draw: st.DrawFn) -> list[BasketLine]:
    return [
        line(
            index,
            draw(st.integers(0, 60_000)),
            draw(st.integers(1, 12)),
            categories=tuple(draw(st.sets(st.sampled_from(CATEGORIES)))),
        )
        for index in range(1, draw(st.integers(1, 6)) + 1)
    ]


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    return basket(
        *draw(lines()),
        shipping_method=draw(st.sampled_from(["courier", None])),
        shipping_fee=draw(st.integers(0, 15_000)),
    )


def whole(given_basket: Basket) -> dict[UUID, int]:
    return {one.line_id: one.unit_amount * one.quantity for one in given_basket.lines}


@given(documents(), baskets())
def test_nothing_costs_less_than_nothing_and_the_parts_add_up(promotions: Promotions, given_basket: Basket) -> None:
    result = apply_promotions(promotions, given_basket, {}, {})
    prices = whole(given_basket)
    assert all(0 < off <= prices[line_id] for line_id, off in result.lines.items())
    assert 0 <= result.shipping <= given_basket.shipping_fee
    assert sum(one.amount for one in result.applied) == sum(result.lines.values()) + result.shipping


@given(documents(), baskets(), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_of_promotions_changes_nothing(
    promotions: Promotions, given_basket: Basket, chance: random.Random
) -> None:
    shuffled = chance.sample(given_basket.lines, len(given_basket.lines))
    document = Promotions(promotions=chance.sample(promotions.promotions, len(promotions.promotions)))
    again = apply_promotions(document, msgspec.structs.replace(given_basket, lines=shuffled), {}, {})
    assert again == apply_promotions(promotions, given_basket, {}, {})


@given(documents(), baskets())
def test_asked_twice_it_answers_the_same(promotions: Promotions, given_basket: Basket) -> None:
    before = msgspec.json.encode(given_basket)
    first = apply_promotions(promotions, given_basket, {}, {})
    assert first == apply_promotions(promotions, given_basket, {}, {})
    assert msgspec.json.encode(given_basket) == before


@given(documents(), baskets())
def test_every_promotion_is_accounted_for_once(promotions: Promotions, given_basket: Basket) -> None:
    result = apply_promotions(promotions, given_basket, {}, {})
    told = [one.code for one in [*result.applied, *result.refused, *result.silent]]
    assert sorted(told) == sorted(one.code for one in promotions.promotions)


@given(documents(), baskets())
def test_an_exclusive_one_is_alone_and_a_group_gives_one(promotions: Promotions, given_basket: Basket) -> None:
    known = {one.code: one for one in promotions.promotions}
    happened = [known[one.code] for one in apply_promotions(promotions, given_basket, {}, {}).applied]
    assert len(happened) <= 1 or not any(one.exclusive for one in happened)
    groups = [one.group for one in happened if one.group]
    assert len(groups) == len(set(groups))


@given(discounts, conditions, lines(), lines())
def test_more_goods_are_never_less_of_a_discount(
    action: Action, wanted: Conditions, some: list[BasketLine], more: list[BasketLine]
) -> None:
    """With one promotion, goods that are added raise the price by at most their own."""
    one = Promotions(promotions=[promotion("ONE", action, wanted)])
    added = [msgspec.structs.replace(extra, line_id=UUID(int=500 + at)) for at, extra in enumerate(more)]
    little = apply_promotions(one, basket(*some), {}, {})
    much = apply_promotions(one, basket(*some, *added), {}, {})
    assert sum(much.lines.values()) >= sum(little.lines.values())


@given(st.lists(discounts, min_size=1, max_size=4), baskets())
def test_of_a_group_no_other_would_have_been_better(choices: list[Action], given_basket: Basket) -> None:
    def off(*members: Promotion) -> int:
        result = apply_promotions(Promotions(promotions=list(members)), given_basket, {}, {})
        return sum(one.amount for one in result.applied)

    group = [promotion(f"P{index}", action, group="g") for index, action in enumerate(choices)]
    assert off(*group) == max(off(alone) for alone in group)
