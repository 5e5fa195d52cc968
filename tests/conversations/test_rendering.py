"""Blocks fit the channel, whatever it can show, and lose no word; what is typed is understood as a choice."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.conversations import (
    Block,
    Capabilities,
    Card,
    Cards,
    Choice,
    Choices,
    Link,
    Source,
    Text,
    choice_of,
    choices_in,
    plain_text,
    render,
    split,
)

WAYS = (
    Choice(label="Kurýrem", value="courier"),
    Choice(label="Zásilkovna", value="box"),
    Choice(label="Osobně", value="me"),
)
CARDS = Cards(
    kind="product",
    cards=(
        Card(title="Etiopie", price="249 Kč", lines=("250 g",), url="https://z.example/e", choices=(WAYS[0],)),
        Card(title="Keňa", price="269 Kč", choices=(WAYS[1],)),
    ),
)


def test_cards_become_buttons_and_buttons_numbered_words() -> None:
    blocks: list[Block] = [Text(text="Mám **dvě**."), CARDS]
    cards = render(blocks, Capabilities(cards=10, buttons=3), "cs")
    assert [one.text for one in cards] == ["Mám dvě.", ""]
    assert cards[1].cards == CARDS.cards

    (buttons,) = render(blocks, Capabilities(buttons=3), "cs")
    assert [one.label for one in buttons.buttons] == ["Kurýrem: Etiopie", "Zásilkovna: Keňa"]
    assert "Etiopie – 249 Kč\n250 g\nhttps://z.example/e" in buttons.text

    (rows,) = render(blocks, Capabilities(buttons=1, list_rows=10), "cs")
    assert [one.value for one in rows.rows] == ["courier", "box"]

    (words,) = render(blocks, Capabilities(), "cs")
    assert words.text.endswith("1. Kurýrem: Etiopie\n2. Zásilkovna: Keňa")


def test_numbers_go_on_through_a_message_and_mean_what_they_say() -> None:
    blocks = [Choices(text="Jak?", choices=WAYS), CARDS]
    (words,) = render(blocks, Capabilities(), "cs")
    said = dict(re.findall(r"^(\d)\. (.+)$", words.text, re.MULTILINE))
    offered = choices_in(blocks)
    assert len(said) == len(offered) == 5
    for number, label in said.items():
        found = choice_of(number, offered)
        assert found is not None
        assert found.label == label


def test_speech_has_no_addresses_and_no_markup() -> None:
    blocks = [Text(text="**Dobrý den** 👋\n- káva\n- čaj https://z.example"), Choices(text="Jak?", choices=WAYS)]
    (said,) = render(blocks, Capabilities(voice=True), "cs")
    assert said.text == "Dobrý den. káva. čaj. Jak? Můžete říct: Kurýrem, Zásilkovna nebo Osobně."
    (said,) = render([Choices(choices=WAYS[:1])], Capabilities(voice=True), "pl")
    assert said.text == "Można powiedzieć: Kurýrem."


def test_html_is_escaped_and_light_markup_is_left_or_taken_off() -> None:
    text = Text(text="**A & B** <script>\n- one")
    assert render([text], Capabilities(markup="html"), "en")[0].text == "<b>A &amp; B</b> &lt;script&gt;\n• one"
    assert render([text], Capabilities(markup="none"), "en")[0].text == "A & B <script>\n- one"
    assert render([text], Capabilities(markup="light"), "en")[0].text == text.text


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs")), min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=60).map(" ".join)
choices = st.lists(st.builds(Choice, label=words, value=words), min_size=1, max_size=15).map(tuple)
cards = st.lists(st.builds(Card, title=words, price=words, choices=choices), min_size=1, max_size=4).map(tuple)
blocks = st.lists(
    st.one_of(
        st.builds(Text, text=texts),
        st.builds(Choices, text=texts, choices=choices),
        st.builds(Link, label=words, url=st.just("https://z.example/x")),
        st.builds(Source, title=words, url=st.just("https://z.example/y")),
        st.builds(
            Cards,
            kind=st.just("product"),
            cards=st.lists(st.builds(Card, title=words, price=words, choices=choices), min_size=1, max_size=4).map(
                tuple
            ),
        ),
    ),
    max_size=5,
)
abilities = st.builds(
    Capabilities,
    buttons=st.integers(0, 5),
    list_rows=st.integers(0, 12),
    cards=st.integers(0, 3),
    length=st.integers(60, 400),
    markup=st.sampled_from(["none", "light"]),
)


@given(blocks, abilities)
def test_whatever_is_said_fits(said: list[Block], can: Capabilities) -> None:
    shown = render(said, can, "en")
    for one in shown:
        assert len(one.text) <= can.length
        assert len(one.buttons) <= can.buttons
        assert len(one.rows) <= can.list_rows
        assert len(one.cards) <= can.cards
        assert all(len(card.choices) <= can.buttons for card in one.cards)
        assert one.text.strip() or one.cards


@given(texts, st.integers(20, 80))
def test_parts_have_every_word_in_its_order(text: str, length: int) -> None:
    parts = split(text, length)
    assert all(0 < len(part) <= length for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_parts_end_where_sentences_do() -> None:
    assert split("One two. Three four. Five", 14) == ["One two.", "Three four.", "Five"]
    assert split("first\n\nsecond third", 16) == ["first", "second third"]
    assert split("", 10) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", "box"), ("2.", "box"), ("č. 2", "box"), ("option 3", "me"), ("opcja 1", "courier"),
        ("kurýrem", "courier"), ("Kuryrem", "courier"), ("KURÝREM prosím", "courier"), ("zás", "box"),
        ("druhou možnost prosím", "box"), ("the first one", "courier"), ("trzecią proszę", "me"), ("poslední", "me"),
        ("vezmu to osobně", "me"), ("asi Zásilkovna bude lepší", "box"),
    ],
)  # fmt: skip
def test_what_means_a_choice(text: str, value: str) -> None:
    found = choice_of(text, WAYS)
    assert found is not None, text
    assert found.value == value


@pytest.mark.parametrize(
    "text",
    [
        "4", "0", "2 kg", "", "??", "kurýrem nebo osobně?", "chci 2 balíčky", "kdy to přijde", "10023",
        "Kdybych chtěl poslat jeden balíček kurýrem do Brna a druhý do Prahy, kolik to bude stát?",
    ],
)  # fmt: skip
def test_what_means_none(text: str) -> None:
    assert choice_of(text, WAYS) is None


def test_plain_words_of_everything() -> None:
    said: list[Block] = [Text(text="A"), Choices(text="B", choices=WAYS[:2]), CARDS, Link(label="C", url="https://c")]
    assert plain_text(said) == (
        "A\n\nB\n1. Kurýrem\n2. Zásilkovna\n\nEtiopie – 249 Kč\n250 g\nhttps://z.example/e\n\nKeňa – 269 Kč\n\n"
        "C: https://c"
    )
