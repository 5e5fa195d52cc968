"""Made to order: what a buyer may write, what it costs, and what a merchant may ask for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.catalogue import Choice, Option, choose, option_faults, validate_options
from kupec.catalogue.options import offered
from kupec.kit.errors import InvalidValue

GRIND = Option(
    code="grind",
    kind="choice",
    names={"cs": "Mletí", "en": "Grind"},
    required=True,
    choices=[
        Choice(code="beans", names={"cs": "zrna"}),
        Choice(code="fine", names={"cs": "jemně", "en": "fine"}, surcharge={"CZK": 1000, "EUR": 40}, lead_days=1),
    ],
)
TEXT = Option(
    code="text",
    kind="text",
    names={"en": "Engraving"},
    max_length=10,
    characters="letters digits space -",
    surcharge={"CZK": 9900},
    lead_days=3,
)
LENGTH = Option(
    code="length",
    kind="number",
    names={"en": "Length"},
    minimum=Decimal("10"),
    maximum=Decimal("20.5"),
    step=Decimal("0.5"),
    unit="cm",
)
ALL = [GRIND, TEXT, LENGTH]


def test_what_is_chosen_has_a_price_a_time_and_words() -> None:
    chosen = choose(ALL, {"text": "  Pro  Jana ", "grind": "fine", "length": "10,50"}, currency="CZK", language="cs")
    assert chosen.values == {"grind": "fine", "text": "Pro Jana", "length": "10.5"}
    assert (chosen.surcharge, chosen.lead_days) == (10900, 3)
    assert chosen.labels == [("Mletí", "jemně"), ("Engraving", "Pro Jana"), ("Length", "10.5 cm")]


def test_nothing_asked_nothing_given() -> None:
    chosen = choose([], {}, currency="CZK", language="cs")
    assert (chosen.values, chosen.surcharge, chosen.lead_days, chosen.labels) == ({}, 0, 0, [])


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({}, "grind", "a value"),
        ({"grind": "  "}, "grind", "a value"),
        ({"grind": "coarse"}, "grind", "one of beans, fine"),
        ({"grind": "beans", "text": "x" * 11}, "text", "at most 10 characters"),
        ({"grind": "beans", "text": "a_b"}, "text", "only letters, digits, space, -"),
        ({"grind": "beans", "text": "a\x00b"}, "text", "only letters, digits, space, -"),
        ({"grind": "beans", "length": "9.5"}, "length", "a number from 10 to 20.5 in steps of 0.5"),
        ({"grind": "beans", "length": "21"}, "length", "a number from 10 to 20.5 in steps of 0.5"),
        ({"grind": "beans", "length": "10.3"}, "length", "a number from 10 to 20.5 in steps of 0.5"),
        ({"grind": "beans", "length": "1e1"}, "length", "a number from 10 to 20.5 in steps of 0.5"),
        ({"grind": "beans", "length": "NaN"}, "length", "a number from 10 to 20.5 in steps of 0.5"),
        ({"grind": "beans", "colour": "red"}, "colour", "nothing"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, str], field: str, expected: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        choose(ALL, given, currency="CZK", language="cs")
    assert (refusal.value.field, refusal.value.details["expected"]) == (f"options.{field}", expected)


def test_everything_wrong_is_said_at_once() -> None:
    wrong = validate_options(ALL, {"grind": "x", "text": "???", "length": "y", "z": "1"}, currency="CZK")
    assert [error.field for error in wrong] == ["options.z", "options.grind", "options.text", "options.length"]


def test_what_has_no_price_in_a_currency_is_not_offered_in_it() -> None:
    assert [option.code for option in offered(ALL, "EUR")] == ["grind", "length"]
    assert [choice.code for choice in offered(ALL, "PLN")[0].choices] == ["beans"]
    for wishes in ({"grind": "beans", "text": "x"}, {"grind": "fine"}):
        with pytest.raises(InvalidValue):
            choose(ALL, wishes, currency="PLN", language="cs")
    assert choose(ALL, {"grind": "fine"}, currency="EUR", language="en").surcharge == 40


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=12))
def test_what_was_chosen_can_be_chosen_again(grind: str, text: str, length: str) -> None:
    given = {"grind": grind or "fine", "text": text, "length": length}
    try:
        chosen = choose(ALL, given, currency="CZK", language="cs")
    except InvalidValue:
        return
    assert choose(ALL, chosen.values, currency="CZK", language="cs") == chosen


@given(st.decimals(min_value=10, max_value=20, places=1).filter(lambda number: number % Decimal("0.5") == 0))
def test_a_number_is_one_number_however_it_is_written(number: Decimal) -> None:
    spellings = {f"{number:f}", f"{number:f}00", f"{number:f}".replace(".", ",")}
    chosen = [choose([LENGTH], {"length": each}, currency="CZK", language="en").values["length"] for each in spellings]
    assert len(set(chosen)) == 1
    assert Decimal(chosen[0]) == number


@pytest.mark.parametrize(
    ("option", "field"),
    [
        (Option(code="UPPER", kind="text", names={"en": "x"}), "code"),
        (Option(code="x", kind="text"), "names"),
        (Option(code="x", kind="text", names={"English": "x"}), "names"),
        (Option(code="x", kind="text", names={"en": "x"}, surcharge={"CZK": -1}), "surcharge"),
        (Option(code="x", kind="text", names={"en": "x"}, lead_days=366), "lead_days"),
        (Option(code="x", kind="text", names={"en": "x"}, max_length=0), "max_length"),
        (Option(code="x", kind="text", names={"en": "x"}, characters="runes"), "characters"),
        (Option(code="x", kind="text", names={"en": "x"}, choices=[Choice(code="a", names={"en": "a"})]), "choices"),
        (Option(code="x", kind="choice", names={"en": "x"}), "choices"),
        (Option(code="x", kind="choice", names={"en": "x"}, choices=[Choice(code="a")]), "choices[0].names"),
        (Option(code="x", kind="number", names={"en": "x"}, minimum=Decimal(2), maximum=Decimal(1)), "maximum"),
        (Option(code="x", kind="number", names={"en": "x"}, step=Decimal(0)), "step"),
        (Option(code="x", kind="number", names={"en": "x"}, maximum=Decimal("Infinity")), "maximum"),
    ],
)
def test_a_merchant_asks_for_what_can_be_given(option: Option, field: str) -> None:
    (fault,) = option_faults([option])
    assert fault.field == f"options[0].{field}"


def test_codes_are_used_once() -> None:
    assert option_faults(ALL) == []
    assert [fault.field for fault in option_faults([GRIND, GRIND])] == ["options[1].code"]
