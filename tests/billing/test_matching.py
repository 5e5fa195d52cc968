"""Matching as pure rules, by random lines and payments: no coin is used twice, and nothing doubtful is settled."""

from collections import Counter
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kupec.billing.matching import OpenLine, Owed, match_by_symbol, spread, suggest

DAY = date(2026, 11, 21)
symbols = st.sampled_from([None, "1", "2", "3", "12"])
amounts = st.sampled_from([1, 100, 100, 250, 129000])
currencies = st.sampled_from(["CZK", "CZK", "EUR"])
names = st.sampled_from(["", "Jana Nováková", "Kavárna U Věže", "Jan"])


def lines_of(count: int) -> st.SearchStrategy[list[OpenLine]]:
    return st.lists(
        st.builds(
            lambda rest, currency, symbol, payer, message: (rest, currency, symbol, payer, message),
            *(amounts, currencies, symbols, names, st.sampled_from(["", "objednavka 12", "VS 3"])),
        ),
        max_size=count,
    ).map(
        lambda rows: [
            OpenLine(
                id=UUID(int=index),
                rest=rest,
                currency=currency,
                variable_symbol=symbol,
                payer=payer,
                message=message,
                booked_on=DAY,
            )
            for index, (rest, currency, symbol, payer, message) in enumerate(rows)
        ]
    )


owed_lists = st.lists(st.tuples(amounts, currencies, symbols, names), max_size=8).map(
    lambda rows: [
        Owed(
            id=UUID(int=1000 + index),
            order_id=UUID(int=2000 + index),
            provider="transfer",
            rest=rest,
            currency=currency,
            variable_symbol=symbol,
            party=name,
        )
        for index, (rest, currency, symbol, name) in enumerate(rows)
    ]
)


@given(lines_of(10), owed_lists)
def test_only_what_is_certain_is_settled_and_nothing_twice(lines: list[OpenLine], owed: list[Owed]) -> None:
    matches = match_by_symbol(lines, owed)
    by_line, by_payment = {line.id: line for line in lines}, {each.id: each for each in owed}
    for match in matches:
        line, payment = by_line[match.line_id], by_payment[match.payment_id]
        assert match.amount == line.rest == payment.rest
        assert (line.variable_symbol, line.currency) == (payment.variable_symbol, payment.currency)
        assert line.variable_symbol is not None
        rivals = [e for e in owed if (e.variable_symbol, e.currency) == (line.variable_symbol, line.currency)]
        assert rivals == [payment]
    assert max(Counter(match.line_id for match in matches).values(), default=1) == 1
    assert max(Counter(match.payment_id for match in matches).values(), default=1) == 1


@given(lines_of(10), owed_lists)
def test_what_is_certain_is_settled(lines: list[OpenLine], owed: list[Owed]) -> None:
    settled = {match.payment_id for match in match_by_symbol(lines, owed)}
    for payment in owed:
        if payment.variable_symbol is None:
            continue
        same = [e for e in owed if (e.variable_symbol, e.currency) == (payment.variable_symbol, payment.currency)]
        fits = [
            line
            for line in lines
            if (line.variable_symbol, line.currency, line.rest)
            == (payment.variable_symbol, payment.currency, payment.rest)
        ]
        assert (payment.id in settled) == (len(same) == 1 and bool(fits))


@given(lines_of(1).filter(bool), owed_lists)
def test_a_line_goes_no_further_than_its_money(lines: list[OpenLine], owed: list[Owed]) -> None:
    (line,) = lines
    matches = spread(line, owed)
    own = [each for each in owed if each.currency == line.currency]
    assert sum(match.amount for match in matches) == min(line.rest, sum(each.rest for each in own))
    rests = {each.id: each.rest for each in own}
    assert all(0 < match.amount <= rests[match.payment_id] for match in matches)
    partly = [match for match in matches if match.amount < rests[match.payment_id]]
    assert partly == matches[len(matches) - len(partly) :]
    assert len(partly) <= 1


@given(lines_of(1).filter(bool), owed_lists)
def test_suggestions_are_few_sorted_and_of_one_currency(lines: list[OpenLine], owed: list[Owed]) -> None:
    found = suggest(lines[0], owed)
    assert len(found) <= 3
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    for each in found:
        assert each.owed.currency == lines[0].currency
        assert each.why
        assert each.exact == (each.owed.rest == lines[0].rest)


def test_an_order_number_in_the_message_is_a_reason() -> None:
    line = OpenLine(id=UUID(int=1), rest=5, currency="CZK", message="Platba za objednávku Z1001", booked_on=DAY)
    owed = Owed(id=UUID(int=2), order_id=UUID(int=3), provider="cod", rest=7, currency="CZK", variable_symbol="1001")
    assert [each.why for each in suggest(line, [owed])] == [["message"]]
