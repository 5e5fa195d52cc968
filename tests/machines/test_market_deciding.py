"""Who gets it, and what a policy quotes: the rules, without a database."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kupec.kit.errors import InvalidValue
from kupec.machines.market import (
    Ask,
    Bid,
    Cheapest,
    Declined,
    Fastest,
    GoodsPolicy,
    Named,
    Offer,
    OwnQuoting,
    Rule,
    Score,
    Step,
    decide,
    floor_of,
    name_winner,
    own_policy,
    quote_of,
)
from kupec.machines.market.quoting import check_own
from tests.shop import NOON

RFQ = UUID(int=7)


def an_ask(rule: Rule, **more: object) -> Ask:
    given = {"rfq_id": RFQ, "quantity": 10, "most_price": None, "within_days": None, "deadline": NOON, "rule": rule}
    return Ask(**(given | more))  # type: ignore[arg-type]


def a_bid(number: int, price: int, days: int = 2, *, quantity: int = 10, late: float = -1) -> Bid:
    return Bid(
        id=UUID(int=100 + number),
        seller=f"seller {number}",
        unit_price=price,
        lead_days=days,
        quantity=quantity,
        received_at=NOON + timedelta(seconds=late),
    )


def winner_of(ask: Ask, *bids: Bid) -> tuple[str | None, str | None]:
    verdict = decide(ask, bids)
    seller = next((bid.seller for bid in bids if bid.id == verdict.winner), None)
    return seller, verdict.tie


def test_each_rule_gives_it_to_whom_it_says() -> None:
    cheap, middle, quick = a_bid(1, 100, 9), a_bid(2, 104, 3), a_bid(3, 140, 0)
    assert winner_of(an_ask(Cheapest()), quick, middle, cheap) == ("seller 1", None)
    assert winner_of(an_ask(Cheapest(), within_days=3), quick, middle, cheap) == ("seller 2", None)
    assert winner_of(an_ask(Fastest()), quick, middle, cheap) == ("seller 3", None)
    assert winner_of(an_ask(Fastest(dearer_bp=400)), quick, middle, cheap) == ("seller 2", None)
    assert winner_of(an_ask(Fastest(dearer_bp=399)), quick, middle, cheap) == ("seller 1", None)
    # Worked through in docs/market.md: 100 + 4, 96.15 + 10, 71.43 + 40 points.
    weighed = decide(an_ask(Score(price=100, days=40)), [cheap, middle, quick])
    assert [one.points for one in weighed.judged] == [104_000_000, 106_153_800, 111_428_500]
    assert weighed.winner == quick.id
    assert winner_of(an_ask(Score(price=100, days=40, known=8), last_seller="seller 1"), cheap, quick)[0] == "seller 1"


def test_what_may_not_win_says_why() -> None:
    bids = [
        a_bid(1, 50, late=0.001),
        a_bid(2, 60, quantity=9),
        a_bid(3, 201),
        a_bid(4, 70, 6),
        a_bid(5, 200, 5, late=0),
    ]
    verdict = decide(an_ask(Cheapest(), most_price=200, within_days=5), bids)
    assert [one.fate for one in verdict.judged] == ["late", "too_few", "too_dear", "too_slow", "won"]
    alone = decide(an_ask(Cheapest(), most_price=199), bids[4:])
    assert (alone.winner, alone.reason) == (None, "none_valid")
    assert decide(an_ask(Cheapest()), []).reason == "no_quote"


def test_equals_are_decided_by_price_then_days_then_a_lot_that_nobody_chooses() -> None:
    assert winner_of(an_ask(Fastest()), a_bid(1, 110), a_bid(2, 109)) == ("seller 2", "price")
    assert winner_of(an_ask(Cheapest()), a_bid(1, 100, 3), a_bid(2, 100, 1)) == ("seller 2", "days")
    same = [a_bid(number, 100) for number in range(1, 9)]
    firsts = {winner_of(an_ask(Cheapest(), rfq_id=UUID(int=number)), *same) for number in range(60)}
    # Being first in does not help, and over many requests everybody has a turn.
    assert {tie for _, tie in firsts} == {"lot"}
    assert len(firsts) == 8


def test_the_buyer_may_name_only_what_is_valid() -> None:
    good, late = a_bid(1, 100), a_bid(2, 90, late=5)
    ask = an_ask(Named(minutes=10))
    assert decide(ask, [good, late]).open_to == [good.id]
    named = name_winner(ask, [good, late], good.id)
    assert named is not None
    assert (named.winner, named.reason, [one.fate for one in named.judged]) == (good.id, "named", ["won", "late"])
    assert name_winner(ask, [good, late], late.id) is None
    assert name_winner(an_ask(Cheapest()), [good], good.id) is None


rules = st.one_of(
    st.just(Cheapest()),
    st.builds(Fastest, dearer_bp=st.none() | st.integers(0, 3000)),
    st.builds(Score, price=st.integers(1, 100), days=st.integers(0, 100), known=st.integers(0, 50)),
)
bids_of = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 4), st.integers(8, 12), st.integers(-1, 1)), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(rules, bids_of, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing_and_a_better_quote_never_harms(
    rule: Rule, drawn: list[tuple[int, int, int, int]], chance: random.Random
) -> None:
    bids = [
        a_bid(number, price, days, quantity=pieces, late=late)
        for number, (price, days, pieces, late) in enumerate(drawn)
    ]
    ask = an_ask(rule, most_price=35, within_days=3, last_seller="seller 1")
    verdict = decide(ask, bids)
    shuffled = chance.sample(bids, len(bids))
    assert decide(ask, shuffled) == verdict
    if verdict.winner is None:
        return
    winner = next(bid for bid in bids if bid.id == verdict.winner)
    if winner.unit_price > 1 and not isinstance(rule, Fastest):
        lower = Bid(
            id=winner.id,
            seller=winner.seller,
            unit_price=winner.unit_price - 1,
            lead_days=winner.lead_days,
            quantity=winner.quantity,
            received_at=winner.received_at,
        )
        assert decide(ask, [lower if bid is winner else bid for bid in bids]).winner == winner.id


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**7), st.integers(0, 5000), st.integers(-500, 3000), st.integers(1, 200), st.integers(0, 200))
def test_no_step_and_no_wish_goes_below_the_floor(cost: int, more: int, floor: int, pieces: int, promised: int) -> None:
    policy = GoodsPolicy(
        cost=cost,
        aim_bp=floor + more,
        floor_bp=floor,
        capacity=200,
        steps=[Step(quantity=10, off_bp=500), Step(quantity=100, off_bp=9000)],
    )
    found = quote_of(policy, quantity=pieces, promised=promised)
    if promised + pieces > 200:
        assert found == Declined(reason="capacity")
        return
    assert isinstance(found, Offer)
    assert found.unit_price >= floor_of(policy) >= cost * (10_000 + floor) / 10_000
    begged = quote_of(policy, quantity=pieces, promised=promised, price=1)
    assert isinstance(begged, Offer)
    assert begged.unit_price == floor_of(policy)


def test_this_shops_own_policy() -> None:
    rules = OwnQuoting(costs={"A": 200}, aim_bp=5000, floor_bp=1000, steps=[Step(quantity=10, off_bp=500)])
    policy = own_policy(rules, "A", list_price=400, free=12, lead_days=0)
    assert quote_of(policy, quantity=10, promised=2) == Offer(unit_price=285, lead_days=2, quantity=10)
    assert quote_of(policy, quantity=10, promised=3) == Declined(reason="capacity")
    assert quote_of(policy, quantity=1, within_days=1) == Declined(reason="too_slow")
    # What is made to order is not bounded by the shelf, and takes longer.
    made = own_policy(rules, "B", list_price=400, free=0, lead_days=5)
    assert (made.cost, made.lead_days, made.capacity) == (260, 7, 500)
    with pytest.raises(InvalidValue) as refused:
        check_own(OwnQuoting(aim_bp=500, floor_bp=1000, cost_bp=0))
    assert set(refused.value.details["faults"]) == {"aim_bp", "cost_bp"}
