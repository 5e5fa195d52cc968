"""What a message means: intents that know what they do not know, languages, named things, and the wish for a person."""

from datetime import date

import pytest

from kupec.assistant.flows import hearing
from kupec.assistant.understanding import IntentModel, Words, entities_in, is_order_alone, understand
from kupec.assistant.understanding.languages import train_languages
from kupec.assistant.understanding.training import train
from tests.pace import cpu_seconds

SUNDAY = date(2026, 11, 22)
PHRASES = [
    *((text, "shipping") for text in ("kolik stojí doprava", "cena dopravy", "kolik zaplatím za dopravu")),
    *(
        (text, "shipping")
        for text in ("ile kosztuje dostawa", "koszt dostawy", "how much is shipping", "delivery cost")
    ),
    *((text, "where") for text in ("kde je moje zásilka", "kdy přijde balík", "sledování zásilky", "kde mám balík")),
    *((text, "where") for text in ("gdzie jest moja paczka", "where is my parcel", "track my order", "kiedy paczka")),
    *((text, "return") for text in ("chci vrátit zboží", "jak vrátím kávu", "vrácení zboží", "zwrot towaru")),
    *((text, "return") for text in ("chcę zwrócić towar", "return goods", "I want to send it back", "send it back")),
]
TEXTS = [
    *((text, "cs") for text in ("kde je moje objednávka", "kolik stojí doprava do Brna", "chci vrátit kávu, děkuji")),
    *((text, "pl") for text in ("gdzie jest moje zamówienie", "ile kosztuje dostawa", "chcę zwrócić kawę, dziękuję")),
    *((text, "en") for text in ("where is my order", "how much is the delivery", "I would like to return it, thanks")),
]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("kolik by stála doprava?", "shipping"),
        ("kde je muj balik", "where"),
        ("gdzie jest paczka", "where"),
        ("can I return the goods", "return"),
    ],
)
def test_what_was_never_said_so_is_understood(text: str, intent: str) -> None:
    guesses = train(PHRASES).guess(text)
    assert guesses[0].intent == intent
    assert 0 < guesses[-1].probability < guesses[0].probability <= 1


def test_nothing_is_guessed_where_nothing_was_learnt() -> None:
    assert train([]).guess("kde je balík") == []
    assert train([("kde je balík", "where")]).guess("kde je balík") == []
    assert train(PHRASES).guess("漢字") == []


def test_what_is_far_from_everything_is_not_known() -> None:
    told = {
        "intents": train(PHRASES),
        "languages": train_languages(TEXTS),
        "spoken": "cs",
        "shop": Words(order_prefix="Z"),
        "today": SUNDAY,
    }
    assert understand("kde je moje zásilka Z10023", **told).intent == "where"
    assert understand("umíš zahrát na housle", **told).intent is None


def test_a_model_is_the_same_after_it_was_stored() -> None:
    model = train(PHRASES)
    again = IntentModel.load(model.dump())
    for text, intent in PHRASES:
        assert again.guess(text)[0].intent == model.guess(text)[0].intent == intent
    assert (again.threshold, again.temperature) == (model.threshold, model.temperature)


def test_training_twice_gives_the_same_model() -> None:
    assert train(PHRASES).dump() == train(list(reversed(PHRASES))).dump()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Chtěla bych to každé dva měsíce", {"interval": {"every": 2, "unit": "month"}}),
        ("co dwa miesiące proszę", {"interval": {"every": 2, "unit": "month"}}),
        ("every other week", {"interval": {"every": 2, "unit": "week"}}),
        ("přijďte 3. 12.", {"date": "2026-12-03"}),
        ("3. 11. prosím", {"date": "2027-11-03"}),
        ("ve středu", {"date": "2026-11-25"}),
        ("w niedzielę", {"date": "2026-11-29"}),
        ("in two weeks", {"date": "2026-12-06"}),
        ("dajcie mi 3 sztuki", {"quantity": 3}),
        ("two bags please", {"quantity": 2}),
        ("kde je z 10023", {"order_number": "Z10023"}),
        ("mám 1 290 Kč", {"money": {"amount": 129000, "currency": "CZK"}}),
        ("12,50 zł", {"money": {"amount": 1250, "currency": "PLN"}}),
        ("volejte +420 602 123 456", {"phone": "+420602123456"}),
        ("Piste na Jana@Example.com", {"email": "jana@example.com"}),
        ("nie, dziękuję", {"no": True}),
        ("jmenuji se Jana Nováková", {"name": "Jana Nováková"}),
        ("EAN 8594001234567", {}),
    ],
)
def test_what_is_named(text: str, found: dict[str, object]) -> None:
    assert entities_in(text, Words(order_prefix="Z"), SUNDAY) == found


def test_a_day_that_does_not_exist_is_none() -> None:
    assert "date" not in entities_in("31. 2. ráno", Words(order_prefix="Z"), SUNDAY)


@pytest.mark.parametrize("piece", ["a", "a.", "1", "1 ", "rok ", "!", "A-", "12. ", "601 234 "])
def test_a_long_message_is_read_in_no_time(piece: str) -> None:
    text = (piece * 50_000)[:50_000]
    assert cpu_seconds(lambda: entities_in(text, Words(order_prefix="Z"), SUNDAY)) < 3
    for hear in (hearing.money_in, hearing.interval_in, hearing.email_in, hearing.phone_in, hearing.quantity_in):
        assert cpu_seconds(lambda: hear(text)) < 3, hear  # noqa: B023
    assert cpu_seconds(lambda: hearing.date_in(text, SUNDAY)) < 3


def test_a_figure_in_a_circle_is_no_number() -> None:
    assert entities_in("každé ➂ měsíce", Words(), SUNDAY)["interval"] == {"every": 1, "unit": "month"}


@pytest.mark.parametrize(
    ("said", "number", "alone"),
    [
        ("Z10004", "Z10004", True),
        ("I-H-0605", "I-H-0605", True),
        ("objednávka č. 10004", "10004", True),
        ("zamówienie nr Z10004?", "Z10004", True),
        ("kde je objednávka I-H-0605", "I-H-0605", False),
        ("chci objednat 2 kusy", None, False),
        ("ZR-BS-250", None, False),
        ("777 123 456", None, False),
    ],
)
def test_an_order_that_is_called_one_is_heard_whatever_its_number_looks_like(
    said: str, number: str | None, alone: bool
) -> None:
    assert entities_in(said, Words(order_prefix="Z"), date(2026, 11, 22)).get("order_number") == number
    assert is_order_alone(said) == alone
