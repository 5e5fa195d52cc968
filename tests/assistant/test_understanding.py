"""What a message means: intents that know what they do not know, languages, named things, and the wish for a person."""

import time
from datetime import date

import pytest

from kupec.assistant.flows import hearing
from kupec.assistant.understanding import IntentModel, Words, entities_in, is_order_alone, understand, wants_person
from kupec.assistant.understanding.languages import train_languages
from kupec.assistant.understanding.mood import is_angry, is_sensitive
from kupec.assistant.understanding.training import train

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
    ("text", "spoken", "language"),
    [
        ("kde je moje objednavka a kdy prijde", "en", "cs"),
        ("gdzie jest moje zamowienie", "cs", "pl"),
        ("where is the order that I sent", "cs", "en"),
        ("ok", "pl", "pl"),
        ("Z10023", "cs", "cs"),
    ],
)
def test_the_language_of_a_message(text: str, spoken: str, language: str) -> None:
    assert train_languages(TEXTS).language_of(text, spoken=spoken) == language


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


PEOPLE_WANTED = """
cs chci mluvit s člověkem
sk chcem hovoriť s človekom
pl połącz mnie z konsultantem
en I want to talk to a human
de ich möchte mit einem Menschen sprechen
nl ik wil een mens spreken
fr je veux parler à une personne
es quiero hablar con una persona
pt quero falar com uma pessoa
it voglio parlare con un operatore
ro vreau sa vorbesc cu un om
hu szeretnék emberrel beszélni
hr želim govoriti s osobom
sl želim govoriti s človekom
bg искам да говоря с човек
da jeg vil tale med et menneske
sv jag vill tala med en människa
fi haluan puhua ihmisen kanssa
et tahan rääkida inimesega
lv vēlos runāt ar cilvēku
lt noriu kalbėti su žmogumi
el θέλω να μιλήσω με άνθρωπο
ga ba mhaith liom labhairt le duine
mt irrid nitkellem ma' persuna
uk хочу поговорити з людиною
"""


@pytest.mark.parametrize("line", PEOPLE_WANTED.strip().splitlines())
def test_a_person_is_asked_for_in_any_language(line: str) -> None:
    assert wants_person(line[3:])


@pytest.mark.parametrize(
    "text",
    [
        "nechci člověka",
        "kolik stojí káva pro dvě osoby",
        "chci objednat kávu",
        "na kávovar mi spadl člověk a teď nevím, jestli ho mám reklamovat, nebo jestli ho prostě jen uklidit a jít dál",
        "",
    ],
)
def test_not_every_person_is_asked_for(text: str) -> None:
    assert not wants_person(text)


def test_anger_takes_two_signs_and_shouting_is_one_of_them() -> None:
    assert is_angry("To je nehorázné, jste neschopní")
    assert is_angry("Tohle je podvod!!!")
    assert is_angry("THIS IS RIDICULOUS")
    assert not is_angry("Je to neuvěřitelně dobrá káva")
    assert not is_angry("KOLIK STOJÍ DOPRAVA??")


def test_health_and_law_are_sensitive_and_so_is_what_the_merchant_adds() -> None:
    assert is_sensitive("popálil jsem se párou")
    assert is_sensitive("I will call my lawyer")
    assert not is_sensitive("kde je moje zásilka")
    assert is_sensitive("kazeta hoří", frozenset({"hori"}))


@pytest.mark.parametrize("piece", ["a", "a.", "1", "1 ", "rok ", "!", "A-", "12. ", "601 234 "])
def test_a_long_message_is_read_in_no_time(piece: str) -> None:
    text = (piece * 50_000)[:50_000]
    began = time.process_time()
    entities_in(text, Words(order_prefix="Z"), SUNDAY)
    for hear in (hearing.money_in, hearing.interval_in, hearing.email_in, hearing.phone_in, hearing.quantity_in):
        hear(text)
    hearing.date_in(text, SUNDAY)
    assert time.process_time() - began < 3


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
