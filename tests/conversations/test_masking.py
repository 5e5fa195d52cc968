"""What may not be stored is not; what names a person stands apart; what belongs to the shop stays."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from kupec.conversations import Known, fill, mask, mask_filename, mask_sensitive
from tests.conversations.masking_corpus import KINDS, lines, measure
from tests.pace import LONG, cpu_seconds

LEAST_RECALL = {
    "card": 1.0,
    "national-id": 1.0,
    "account": 1.0,
    "email": 1.0,
    "phone": 0.95,
    "name": 0.95,
    "address": 0.9,
}
MOST_FALSE = 2
EVA = Known(names=("Eva Malá",), emails=("eva@example.com",), phones=("+420602123456",), addresses=("Dlouhá 12",))


def test_the_corpus_is_large_enough_to_say_something() -> None:
    found = list(lines())
    assert len(found) >= 300
    assert {language: sum(one.language == language for one in found) >= 60 for language in ("cs", "pl", "en")} == {
        "cs": True,
        "pl": True,
        "en": True,
    }
    assert sum(not one.kinds for one in found) >= 100


@pytest.mark.parametrize("kind", KINDS)
def test_recall_by_kind(kind: str) -> None:
    score = measure()
    assert score.there[kind] >= 8
    assert score.recall(kind) >= LEAST_RECALL[kind], score.missed


def test_false_alarms_are_few() -> None:
    score = measure()
    assert sum(score.false.values()) <= MOST_FALSE, score.missed
    assert not any(score.false[kind] for kind in ("card", "national-id", "account")), score.missed


_PREFIXES = {"4": 16, "51": 16, "55": 16, "2221": 16, "34": 15, "37": 15, "6011": 16, "36": 14}
_SEPARATORS = st.sampled_from(["", " ", "-", "\u00a0", "."])


@st.composite
def cards(draw: Callable[..., str]) -> tuple[str, str]:
    """A number that any shop would take for a card's, and how somebody writes it."""
    prefix = draw(st.sampled_from(sorted(_PREFIXES)))  # type: ignore[call-arg]
    length = _PREFIXES[prefix]
    body = prefix + draw(st.text("0123456789", min_size=length - 1 - len(prefix), max_size=length - 1 - len(prefix)))  # type: ignore[call-arg]
    number = body + luhn.calc_check_digit(body)
    between = draw(_SEPARATORS)  # type: ignore[call-arg]
    return number, between.join(number[at : at + 4] for at in range(0, len(number), 4))


@given(cards(), st.sampled_from(["card {}", "karta: {}", "moje karta {} nejde", "{} (visa)", "karta {} 12/27 CVC 123"]))
def test_no_card_is_stored_however_it_is_written(card: tuple[str, str], sentence: str) -> None:
    number, written = card
    text = sentence.format(written)
    if sentence.startswith("{}") and len(number) == 14:
        return  # without a word before it, one in ten such numbers is an article's
    stored = "".join(char for char in mask_sensitive(text) if char.isdigit())
    assert number not in stored
    assert "⟦card⟧" in mask_sensitive(text)


def _ean(body: str) -> str:
    weighted = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(body))
    return body + str((10 - weighted % 10) % 10)


@given(st.text("0123456789", min_size=12, max_size=12).map(_ean))
def test_every_article_number_stays_also_one_that_passes_luhns_check(ean: str) -> None:
    for text in (ean, f"EAN {ean}", f"máte {ean} skladem?"):
        assert mask_sensitive(text) == text


@given(st.integers(10_000, 99_999_999))
def test_order_numbers_and_prices_stay(number: int) -> None:
    for text in (f"objednávka {number}", f"zamówienie nr {number}", f"cena {number:,} Kč".replace(",", " ")):
        assert mask(text).text == text


@given(st.text())
def test_any_text_is_taken_and_filling_gives_it_back(text: str) -> None:
    masked = mask(text, known=EVA)
    values = {one.mark: one.value for one in masked.details}
    assert fill(masked.text, values) == mask_sensitive(text).translate(str.maketrans("⟦⟧", "[]")) or "⟦" in masked.text


@given(st.sampled_from([line.text for line in lines()]))
def test_what_is_masked_is_masked_once(text: str) -> None:
    assert mask_sensitive(mask_sensitive(text)) == mask_sensitive(text)
    first = mask(text, known=EVA)
    again = mask(
        first.text, known=Known(names=EVA.names, marks={one.mark: one.value for one in first.details}), ours=True
    )
    assert (again.text, again.details) == (first.text, ())


def test_the_same_words_get_the_same_mark_in_a_conversation() -> None:
    first = mask("Jmenuji se Jan Novák, jan@example.com", known=Known())
    assert first.text == "Jmenuji se ⟦name:1⟧, ⟦email:1⟧"
    marks = {one.mark: one.value for one in first.details}
    second = mask("Pište na jan@example.com nebo eva@example.com", known=Known(marks=marks))
    assert second.text == "Pište na ⟦email:1⟧ nebo ⟦email:2⟧"
    assert [(one.mark, one.kind, one.value) for one in second.details] == [("⟦email:2⟧", "email", "eva@example.com")]


def test_nobody_gets_at_details_by_typing_a_mark() -> None:
    assert mask("show me ⟦email:1⟧ and ⟦card⟧").text == "show me [email:1] and ⟦card⟧"
    eva = Known(marks={"⟦email:1⟧": "eva@example.com"})
    # Somebody else may be in the same conversation: by a forged mail, or because two were made one.
    masked = mask("it was ⟦email:1⟧, write to jan@example.com", known=eva)
    assert masked.text == "it was [email:1], write to ⟦email:2⟧"
    assert fill(masked.text, {**eva.marks, "⟦email:2⟧": "jan@example.com"}).startswith("it was [email:1]")
    assert mask("it was ⟦email:1⟧", known=eva, ours=True).text == "it was ⟦email:1⟧"


# Each of these took minutes where a pattern began anew at every letter, or each find was held against all others.
@pytest.mark.parametrize(
    "text",
    ["ab@cd.cz ", "a" * 50_000 + " @", "ul. " + "A" * 50_000, "ul. " + "A'" * 25_000, "Jan Novák ", "601234567 ", "4 "],
    ids=lambda text: text[:12],
)
def test_a_long_text_is_masked_in_no_time(text: str) -> None:
    long = (text * (50_000 // len(text) + 1))[:50_000]
    assert cpu_seconds(lambda: mask(long, known=EVA)) < LONG


def test_the_shops_own_account_stays_in_what_the_shop_says() -> None:
    text = "Zaplaťte na 1995213569/0800, IBAN CZ1610570057796292625884, PL 86 3457 8336 1253 8341 2496 7210"
    assert mask(text, ours=True).text == text
    assert mask("karta 4111 1111 1111 1111, RČ 900510/9377", ours=True).text == "karta ⟦card⟧, RČ ⟦national-id⟧"
    assert "⟦account⟧" in mask(text).text


def test_what_the_card_of_a_customer_says_is_found_as_they_write_it() -> None:
    masked = mask("Evě na Dlouhá 12, objednávka 602123456", known=EVA)
    assert masked.text == "⟦name:1⟧ na ⟦address:1⟧, objednávka ⟦phone:1⟧"
    whole = mask("Pošlete to na Dlouhá 12, 110 00 Praha 1.", known=EVA)
    assert whole.text == "Pošlete to na ⟦address:1⟧.", "not its first line only"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("faktura_Eva_Malá.pdf", "faktura ⟦name:1⟧.pdf"),
        ("4111111111111111.png", "⟦card⟧.png"),
        ("reklamace_10023.jpg", "reklamace_10023.jpg"),
        ("eva@example.com.txt", "⟦email:1⟧.txt"),
        ("IMG_20261122_101500.jpg", "IMG_20261122_101500.jpg"),
    ],
)
def test_names_of_files_are_masked_too(name: str, stored: str) -> None:
    assert mask_filename(name, known=EVA).text == stored


def test_a_line_of_chat_takes_less_than_a_tenth_of_a_millisecond() -> None:
    plain = [line for line in lines() if len(line.text) < 80]
    best = min(cpu_seconds(lambda: [mask(line.text, known=line.known) for line in plain]) for _ in range(5))
    # Ten times what is promised: the machine of a test may be a slow one.
    assert best / len(plain) < 1e-3
