"""How contact points and addresses are read."""

import pytest

from kupec.customers import normalise_email, normalise_phone, valid_postcode
from kupec.kit.errors import InvalidValue


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("Jana@Example.CZ", "jana@example.cz"),
        ("  jana@example.cz\n", "jana@example.cz"),
        ("jana+kava@mail.example.co.uk", "jana+kava@mail.example.co.uk"),
        ("o'brien@example.ie", "o'brien@example.ie"),
        ("žofie@example.cz", "žofie@example.cz"),
        ("info@kávovar.cz", "info@xn--kvovar-pta.cz"),
        ("info@xn--kvovar-pta.cz", "info@xn--kvovar-pta.cz"),
        ("a@x.travel", "a@x.travel"),
    ],
)
def test_an_email_is_normalised(written: str, normalised: str) -> None:
    assert normalise_email(written) == normalised


def test_equal_letters_of_unicode_are_one_email() -> None:
    assert normalise_email("zofie\u030c@example.cz") == normalise_email("zofi\u011b@example.cz")


@pytest.mark.parametrize(
    "written",
    [
        *("", "jana", "@example.cz", "jana@", "jana@example", "jana@@example.cz", "ja na@example.cz", "jana@x_y.cz"),
        *("jana@-x.cz", "jana@x..cz", ".jana@x.cz", "jana.@x.cz", "ja..na@x.cz", "jana@x.c", "jana@1.2.3.4"),
        *("a,b@x.cz", "Jana <jana@x.cz>", f"a@{64 * 'x'}.cz", f"{65 * 'a'}@x.cz", "jana@x.cz\x00", "jana@\u00a8.cz"),
    ],
)
def test_what_is_no_email_is_refused_with_the_field_named(written: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        normalise_email(written, field="contact.email")
    assert refused.value.field == "contact.email"
    assert "name@example.com" in refused.value.message


@pytest.mark.parametrize(
    ("written", "country", "normalised"),
    [
        ("+420 601 234 567", "", "+420601234567"),
        ("00420-601-234-567", "", "+420601234567"),
        ("601 234 567", "CZ", "+420601234567"),
        ("601 234 567", "PL", "+48601234567"),
        ("0903 123 456", "SK", "+421903123456"),
        ("(020) 7946 0958", "GB", "+442079460958"),
        ("030/123456", "de", "+4930123456"),
        ("+1 212-555-0123", "CZ", "+12125550123"),
    ],
)
def test_a_phone_becomes_e164(written: str, country: str, normalised: str) -> None:
    assert normalise_phone(written, country) == normalised


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("", "CZ"),
        ("601 234 567", ""),
        ("601 234 56", "CZ"),
        ("+420 601 234 56", ""),
        ("+420 601 234 5678", ""),
        ("+0 123 456 789", ""),
        ("+1234567890123456", ""),
        ("call me", "CZ"),
        ("٦٠١٢٣٤٥٦٧", "CZ"),
    ],
)
def test_what_is_no_phone_is_refused_with_the_field_named(written: str, country: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        normalise_phone(written, country)
    assert refused.value.field == "phone"


@pytest.mark.parametrize(
    ("country", "good", "bad"),
    [
        ("CZ", ["110 00", "11000", "79501", " 602  00 "], ["1100", "810 00", "110-00", "ABC", ""]),
        ("SK", ["811 01", "04001", "971 01"], ["110 00", "81101x"]),
        ("PL", ["00-950", "31-044"], ["31044", "31 044", "3-1044"]),
        ("GB", ["SW1A 1AA", "m1 1ae", "EC1A1BB", "GIR 0AA", "B33 8TH"], ["SW1A", "12345", "SW1A 1A", "Q 1AA"]),
        ("IE", ["D02 X285", "d6w xy00", "A65F4E2"], ["D2 X285", "12345", "B02 X285"]),
        ("DE", ["10115", "01067"], ["1011", "101155", "D-10115"]),
        ("AT", ["1010", "6020"], ["0101", "10100"]),
        ("FR", ["75001"], ["", "?", "x" * 11]),
        ("NL", ["1012 AB"], ["<b>"]),
        ("HK", ["", "999077"], ["!"]),
    ],
)
def test_postcodes(country: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not valid_postcode(country, text)] == []
    assert [text for text in bad if valid_postcode(country, text)] == []
