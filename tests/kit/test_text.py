"""Text as it is compared, signed and numbered."""

import time
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kupec.kit.ids import uuid7
from kupec.kit.signing import sign, unsign
from kupec.kit.text import fold, shorten, sort_key

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_folding_forgives_case_accents_and_spaces() -> None:
    assert fold("  Čaj   ZELENÝ ") == "caj zeleny"
    assert fold("Łódź, Straße") == "lodz, strasse"


def in_order(language: str, *words: str) -> bool:
    return sorted({*words}, key=lambda word: sort_key(word, language)) == list(words)


def test_czech_words_sort_as_in_a_czech_dictionary() -> None:
    assert in_order("cs", "cibule", "cukr", "čaj", "Čaj zelený", "hlava", "houska", "chléb", "indie")
    assert in_order("cs", "rum", "řepa", "sůl", "šálek", "zrno", "žito")


def test_polish_words_sort_as_in_a_polish_dictionary() -> None:
    assert in_order("pl", "cukier", "ćma", "lód", "łyżka", "ocet", "ósemka", "sok", "śliwka", "zapas", "źródło", "żur")


def test_ch_is_two_letters_elsewhere() -> None:
    assert sorted(["crema", "chai", "cup"], key=lambda word: sort_key(word, "en")) == ["chai", "crema", "cup"]


def test_accents_decide_only_where_all_else_is_equal() -> None:
    assert in_order("cs", "rad", "rád", "rada")


@given(st.text(max_size=50))
def test_a_sort_key_can_be_stored(text: str) -> None:
    assert "\0" not in sort_key(text.replace("\0", ""), "cs")


def test_shortening_cuts_at_a_word() -> None:
    assert shorten("káva z Brazílie", 8) == "káva z…"
    assert shorten("káva", 8) == "káva"


def test_a_signature_binds_value_and_purpose() -> None:
    token = sign("secret", "order", "42")
    assert unsign("secret", "order", token, now=NOW) == "42"
    assert unsign("secret", "other", token, now=NOW) is None
    assert unsign("another", "order", token, now=NOW) is None
    assert unsign("secret", "order", token.replace("42", "43", 1), now=NOW) is None


def test_a_signature_ends_when_it_says() -> None:
    token = sign("secret", "order", "42", expires=NOW + timedelta(minutes=1))
    assert unsign("secret", "order", token, now=NOW) == "42"
    assert unsign("secret", "order", token, now=NOW + timedelta(minutes=2)) is None


@given(st.text(max_size=60))
def test_no_other_text_passes_for_a_signature(text: str) -> None:
    assert unsign("secret", "order", text, now=NOW) is None


def test_ids_are_unique_and_follow_time() -> None:
    made = [uuid7() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(one.version == 7 for one in made)
    assert made == sorted(made), "also within a millisecond"
    assert abs((made[-1].int >> 80) - time.time() * 1000) < 60_000
