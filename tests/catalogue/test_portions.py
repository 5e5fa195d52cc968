"""Who gets what from where, decided in order."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kupec.catalogue import Portion, Shortage, StockAt, Wanted, portion_out

FIRST, SECOND = UUID(int=1), UUID(int=2)  # locations, in the merchant's order
BEANS, FILTER = UUID(int=11), UUID(int=12)
ANNA, BORIS, CYRIL = UUID(int=21), UUID(int=22), UUID(int=23)


def want(holder: UUID, variant: UUID, quantity: int) -> Wanted:
    return Wanted(holder=holder, variant_id=variant, quantity=quantity)


def at(variant: UUID, location: UUID, free: int, held: dict[UUID, int] | None = None) -> StockAt:
    return StockAt(variant_id=variant, location_id=location, free=free, held=held or {})


def taken(answer: list[Portion] | Shortage) -> list[tuple[UUID, UUID, int]]:
    assert isinstance(answer, list)
    return [(portion.variant_id, portion.location_id, portion.quantity) for portion in answer]


def test_all_from_the_first_location_that_has_all() -> None:
    stock = [at(BEANS, FIRST, 2), at(FILTER, FIRST, 9), at(BEANS, SECOND, 5), at(FILTER, SECOND, 5)]
    answer = portion_out([want(ANNA, BEANS, 3), want(ANNA, FILTER, 1)], stock)
    assert taken(answer[ANNA]) == [(BEANS, SECOND, 3), (FILTER, SECOND, 1)]


def test_otherwise_from_the_first_locations_that_have_some() -> None:
    stock = [at(BEANS, FIRST, 2), at(FILTER, FIRST, 9), at(BEANS, SECOND, 5)]
    answer = portion_out([want(ANNA, BEANS, 6), want(ANNA, FILTER, 1)], stock)
    assert taken(answer[ANNA]) == [(BEANS, FIRST, 2), (BEANS, SECOND, 4), (FILTER, FIRST, 1)]


def test_the_earlier_gets_the_last_piece_and_who_falls_short_takes_nothing() -> None:
    wanted = [want(ANNA, BEANS, 2), want(BORIS, BEANS, 2), want(BORIS, FILTER, 1), want(CYRIL, BEANS, 1)]
    answer = portion_out(wanted, [at(BEANS, FIRST, 3), at(FILTER, FIRST, 1)])
    assert taken(answer[ANNA]) == [(BEANS, FIRST, 2)]
    assert answer[BORIS] == Shortage(holder=BORIS, available={BEANS: 1})
    assert taken(answer[CYRIL]) == [(BEANS, FIRST, 1)]


def test_lines_of_one_cart_are_summed() -> None:
    stock = [at(BEANS, FIRST, 3)]
    assert taken(portion_out([want(ANNA, BEANS, 1), want(ANNA, BEANS, 2)], stock)[ANNA]) == [(BEANS, FIRST, 3)]
    short = portion_out([want(ANNA, BEANS, 2), want(ANNA, BEANS, 2)], stock)[ANNA]
    assert short == Shortage(holder=ANNA, available={BEANS: 3})


def test_what_another_of_the_batch_holds_is_not_taken_from_it() -> None:
    stock = [at(BEANS, FIRST, 1, held={BORIS: 1})]
    answer = portion_out([want(ANNA, BEANS, 1), want(BORIS, BEANS, 1)], stock)
    assert answer[ANNA] == Shortage(holder=ANNA, available={BEANS: 0})
    assert taken(answer[BORIS]) == [(BEANS, FIRST, 1)]


def test_who_falls_short_keeps_what_it_holds() -> None:
    stock = [at(BEANS, FIRST, 2, held={ANNA: 1})]
    answer = portion_out([want(ANNA, BEANS, 3), want(BORIS, BEANS, 2)], stock)
    assert answer[ANNA] == Shortage(holder=ANNA, available={BEANS: 2})
    assert answer[BORIS] == Shortage(holder=BORIS, available={BEANS: 1})


def test_what_a_holder_needs_no_more_is_free_for_the_next() -> None:
    stock = [at(BEANS, FIRST, 3, held={ANNA: 3})]
    answer = portion_out([want(ANNA, BEANS, 1), want(BORIS, BEANS, 2)], stock)
    assert taken(answer[ANNA]) == [(BEANS, FIRST, 1)]
    assert taken(answer[BORIS]) == [(BEANS, FIRST, 2)]


def test_what_lies_nowhere_cannot_be_had() -> None:
    assert portion_out([want(ANNA, BEANS, 1)], [])[ANNA] == Shortage(holder=ANNA, available={BEANS: 0})


def test_the_worked_numbers_of_the_documentation() -> None:
    """docs/algorithms/stock.md: Praha is FIRST, Brno is SECOND; cart D's piece is subtracted already."""
    stock = [
        at(BEANS, FIRST, 3),
        at(FILTER, FIRST, 9),
        at(BEANS, SECOND, 4, held={BORIS: 2}),
        at(FILTER, SECOND, 1),
    ]
    wanted = [
        *(want(ANNA, BEANS, 5), want(ANNA, FILTER, 1)),
        *(want(BORIS, BEANS, 2), want(BORIS, FILTER, 1)),
        *(want(CYRIL, BEANS, 1), want(CYRIL, FILTER, 8)),
    ]
    answer = portion_out(wanted, stock)
    assert taken(answer[ANNA]) == [(BEANS, FIRST, 3), (BEANS, SECOND, 2), (FILTER, FIRST, 1)]
    assert taken(answer[BORIS]) == [(BEANS, SECOND, 2), (FILTER, SECOND, 1)]
    assert answer[CYRIL] == Shortage(holder=CYRIL, available={BEANS: 0})


holders = st.sampled_from([ANNA, BORIS, CYRIL])
variants = st.sampled_from([BEANS, FILTER])
demands = st.lists(st.builds(want, holders, variants, st.integers(1, 6)), max_size=8)
levels = st.lists(
    st.tuples(
        variants, st.sampled_from([FIRST, SECOND]), st.integers(0, 8), st.dictionaries(holders, st.integers(1, 3))
    ),
    max_size=4,
    unique_by=lambda level: level[:2],
)


@given(demands, levels)
def test_never_more_than_there_is_and_always_all_or_nothing(
    wanted: list[Wanted], rows: list[tuple[UUID, UUID, int, dict[UUID, int]]]
) -> None:
    stock = [at(variant, place, free + sum(held.values()), held) for variant, place, free, held in rows]
    answers = portion_out(wanted, stock)
    given_out: dict[tuple[UUID, UUID], int] = {}
    kept = {(level.variant_id, level.location_id): dict(level.held) for level in stock}
    for holder, answer in answers.items():
        asked: dict[UUID, int] = {}
        for line in wanted:
            if line.holder == holder:
                asked[line.variant_id] = asked.get(line.variant_id, 0) + line.quantity
        if isinstance(answer, Shortage):
            assert all(answer.available[variant] < asked[variant] for variant in answer.available)
            continue
        got: dict[UUID, int] = {}
        for held in kept.values():
            held.pop(holder, None)
        for portion in answer:
            assert portion.quantity > 0
            got[portion.variant_id] = got.get(portion.variant_id, 0) + portion.quantity
            place = (portion.variant_id, portion.location_id)
            given_out[place] = given_out.get(place, 0) + portion.quantity
        assert got == asked
    for level in stock:
        place = (level.variant_id, level.location_id)
        assert given_out.get(place, 0) + sum(kept[place].values()) <= level.free
