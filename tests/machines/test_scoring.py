"""Suppliers are compared openly: what the comparison promises holds for any offers."""

from datetime import date, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kupec.machines.sourcing import Choice, Offer, Record, Weights, choose, comparable, reliability

TODAY = date(2026, 5, 4)

records = st.integers(0, 50).flatmap(lambda n: st.integers(0, n).map(lambda k: Record(orders=n, kept=k)))
days = st.none() | st.integers(-2, 60).map(lambda n: TODAY + timedelta(days=n))
weights = st.builds(
    Weights, price=st.integers(0, 100), delivery=st.integers(0, 100), reliability=st.integers(0, 100), terms=st.just(1)
)


@st.composite
def lots(draw: st.DrawFn) -> list[Offer]:
    return [
        Offer(
            seller=f"seller{index}.example",
            total=draw(st.integers(0, 10**9)),
            currency="CZK",
            arrives_on=draw(days),
            record=draw(records),
            payment_days=draw(st.integers(0, 365)),
        )
        for index in range(draw(st.integers(1, 8)))
    ]


def changed(offer: Offer, **parts: object) -> Offer:
    return msgspec.structs.replace(offer, **parts)  # type: ignore[arg-type]


@given(lots(), weights, days, st.randoms())
def test_every_score_lies_between_0_and_1_and_the_order_asked_in_plays_no_part(lot, weighed, needed, random) -> None:  # type: ignore[no-untyped-def]
    scored = choose(lot, weighed, today=TODAY, needed_on=needed)
    assert all(0 <= getattr(each, name) <= 1 for each in scored for name in ("price", "delivery", "reliability"))
    assert all(0 <= each.score <= 1.0000001 for each in scored)
    mixed = list(lot)
    random.shuffle(mixed)
    assert choose(mixed, weighed, today=TODAY, needed_on=needed) == scored
    assert {each.offer.seller for each in scored} == {each.seller for each in lot}


@given(lots(), weights, days, st.integers(2, 1000))
def test_the_unit_of_money_plays_no_part(lot, weighed, needed, times) -> None:  # type: ignore[no-untyped-def]
    dearer = [changed(each, total=each.total * times) for each in lot]
    before = choose(lot, weighed, today=TODAY, needed_on=needed)
    after = choose(dearer, weighed, today=TODAY, needed_on=needed)
    assert [each.offer.seller for each in before] == [each.offer.seller for each in after]


@given(lots(), weights, days, st.integers(0, 10**6), st.integers(0, 30))
def test_an_offer_that_is_worse_in_everything_changes_nothing_for_the_rest(  # type: ignore[no-untyped-def]
    lot, weighed, needed, dearer, later
) -> None:
    scored = choose(lot, weighed, today=TODAY, needed_on=needed)
    best = scored[0].offer
    arrives = best.arrives_on + timedelta(days=later) if best.arrives_on else None
    worse = changed(best, seller="worse.example", total=best.total + dearer, arrives_on=arrives, payment_days=0)
    worse = changed(worse, record=Record(orders=best.record.orders + 1, kept=best.record.kept))
    with_it = choose([*lot, worse], weighed, today=TODAY, needed_on=needed)
    assert [each for each in with_it if each.offer is not worse] == list(scored)
    ranks = [each.offer.seller for each in with_it]
    assert ranks.index(best.seller) < ranks.index("worse.example")


@given(lots(), weights, days, st.integers(1, 10**6))
def test_whoever_lowers_their_price_never_falls(lot, weighed, needed, less) -> None:  # type: ignore[no-untyped-def]
    before = [each.offer.seller for each in choose(lot, weighed, today=TODAY, needed_on=needed)]
    cheaper = [changed(lot[0], total=max(lot[0].total - less, 0)), *lot[1:]]
    after = [each.offer.seller for each in choose(cheaper, weighed, today=TODAY, needed_on=needed)]
    assert after.index(lot[0].seller) <= before.index(lot[0].seller)


def test_the_worked_example_of_the_docs() -> None:
    """Three offers, the shop's own weights; the figures stand in docs/buying-elsewhere.md."""

    def offer(seller: str, total: int, in_days: int, record: Record, terms: int = 0) -> Offer:
        arrives = TODAY + timedelta(days=in_days)
        return Offer(seller=seller, total=total, currency="CZK", arrives_on=arrives, record=record, payment_days=terms)

    lot = [
        offer("own", 100_000, 1, Record(orders=20, kept=20)),
        offer("cheap.example", 90_000, 5, Record(orders=15, kept=8)),
        offer("new.example", 95_000, 2, Record(), terms=30),
    ]
    scored = choose(lot, Weights(), today=TODAY)
    assert [(each.offer.seller, round(each.score, 3)) for each in scored] == [
        ("own", 0.884),
        ("new.example", 0.847),
        ("cheap.example", 0.757),
    ]
    # Needed in five days, all come in time: then the price speaks.
    in_time = choose(lot, Weights(), today=TODAY, needed_on=TODAY + timedelta(days=5))
    assert [(each.offer.seller, round(each.score, 3)) for each in in_time] == [
        ("new.example", 0.913),
        ("cheap.example", 0.89),
        ("own", 0.884),
    ]
    assert reliability(Record()) == 0.8
    kept, left = comparable([*lot, changed(lot[0], seller="euro.example", currency="EUR")], "CZK")
    assert kept == lot
    assert [(each.seller, each.reason) for each in left] == [("euro.example", "currency")]
    why = Choice(offers=scored, left_out=tuple(left), weights=Weights()).why
    assert why["chosen"] == "own"
    assert why["offers"][1]["terms"] == 0.5
