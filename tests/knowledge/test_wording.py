"""Which wording is said to whom and where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.knowledge import Answer, fill, wording
from tests.knowledge.writing_articles import draft


def an(text: str, language: str = "cs", channel: str = "", voice: bool = False, audience: str = "") -> Answer:
    return Answer(language=language, text=text, channel=channel, voice=voice, audience=audience)  # type: ignore[arg-type]


ARTICLE = draft(
    answers=[
        an("base"),
        an("informal", audience="informal"),
        an("telegram", channel="telegram"),
        an("telegram informal", channel="telegram", audience="informal"),
        an("spoken", voice=True),
        an("spoken on the phone", channel="phone", voice=True),
        an("base en", language="en"),
    ]
)


@pytest.mark.parametrize(
    ("language", "channel", "voice", "audience", "said"),
    [
        ("cs", "web", False, "formal", "base"),
        ("cs", "web", False, "informal", "informal"),
        ("cs", "telegram", False, "informal", "telegram informal"),
        ("cs", "telegram", False, "formal", "telegram"),
        ("cs", "telegram", True, "formal", "telegram"),  # the channel weighs more than the voice
        ("cs", "phone", True, "informal", "spoken on the phone"),
        ("cs", "phone", False, "formal", "base"),  # what is to be spoken is not written
        ("cs", "web", True, "informal", "spoken"),
        ("en", "telegram", True, "informal", "base en"),
        ("pl", "telegram", False, "formal", "telegram"),  # the shop's first language
    ],
)
def test_the_nearest_wording_is_said(language: str, channel: str, voice: bool, audience: str, said: str) -> None:
    found = wording(ARTICLE, language, channel, voice, audience)
    assert found is not None
    assert found.text == said


def test_an_article_without_answers_says_nothing() -> None:
    assert wording(draft(answers=[]), "cs") is None


@given(
    st.sampled_from(["cs", "en"]),
    st.sampled_from(["web", "telegram", "phone"]),
    st.booleans(),
    st.sampled_from(["formal", "informal"]),
)
def test_what_is_said_fits_where_it_is_said(language: str, channel: str, voice: bool, audience: str) -> None:
    found = wording(ARTICLE, language, channel, voice, audience)
    assert found is not None
    assert found.language == language
    assert found.channel in ("", channel)
    assert found.audience in ("", audience)
    assert voice or not found.voice


def test_a_line_without_its_fact_is_left_out() -> None:
    text = "First.\n\nIt costs {fee}.\n\nCall {phone} or {fee}.\n\nLast."
    assert fill(text, {"fee": "69 Kč"}) == "First.\n\nIt costs 69 Kč.\n\nLast."
    assert fill(text, {"fee": 0, "phone": ""}) == "First.\n\nIt costs 0.\n\nLast."
    assert fill("{a} {Not a variable} {b", {"a": "{b}"}) == "{b} {Not a variable} {b"
