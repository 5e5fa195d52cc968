"""Which language a text is in: without accents, in a conversation, and what a merchant's phrases add to it."""

from functools import cache

from kupec.assistant.understanding.languages import LanguageModel, built_in_languages, train_languages
from tests.pace import cpu_seconds

PHRASES = [
    *((text, "cs") for text in ("kde je moje objednávka", "kolik stojí doprava do Brna", "chci vrátit kávu, děkuji")),
    *((text, "pl") for text in ("gdzie jest moje zamówienie", "ile kosztuje dostawa", "chcę zwrócić kawę, dziękuję")),
    *((text, "en") for text in ("where is my order", "how much is the delivery", "I would like to return it, thanks")),
]
WRITTEN = {
    "cs": (
        "kdy mi prijde ten balik co jsem si objednal",
        "Můžu to vrátit, když mi nesedí?",
        "prosim vas jak to funguje",
    ),
    "sk": (
        "kedy mi pride ten balik co som si objednala",
        "Môžem to vrátiť, keď mi nesadne?",
        "prosim vas ako to funguje",
    ),
    "pl": ("kiedy przyjdzie paczka ktora zamowilem", "Czy mogę to zwrócić?", "prosze powiedziec jak to dziala"),
    "en": ("when will my parcel get here", "Can I send it back if I don't like it?"),
    "de": ("wann kommt mein Paket endlich", "Kann ich es zuruckschicken wenn es nicht passt?"),
    "es": ("cuando llega mi paquete", "¿Puedo devolverlo si no me gusta?"),
}


@cache
def _of_shop() -> LanguageModel:
    return train_languages(PHRASES)


def test_languages_are_told_apart_with_and_without_accents() -> None:
    model = built_in_languages()
    assert {text: model.language_of(text) for texts in WRITTEN.values() for text in texts} == {
        text: language for language, texts in WRITTEN.items() for text in texts
    }
    likely = model.probabilities("kiedy przyjdzie moja paczka")
    assert abs(sum(likely.values()) - 1) < 1e-6
    assert max(likely, key=lambda one: likely[one]) == "pl"
    assert model.probabilities("10023 !") == {}


def test_a_short_text_keeps_the_language_of_the_conversation_and_a_long_one_changes_it() -> None:
    model = _of_shop()
    for spoken in ("cs", "pl", "en"):
        for text in ("ok", "Z10023", "👍", "no", "", "to"):
            assert model.language_of(text, spoken=spoken) == spoken
    assert model.language_of("kde je moje objednavka a kdy prijde", spoken="en") == "cs"
    assert model.language_of("gdzie jest moje zamowienie", spoken="cs") == "pl"
    assert model.language_of("where is the order that I sent", spoken="cs") == "en"


def test_a_shop_answers_in_its_own_languages_only_and_learns_those_that_come_without_a_list() -> None:
    assert _of_shop().speaks == ("cs", "en", "pl")
    assert _of_shop().language_of("kde je moja objednávka, ďakujem veľmi pekne") == "cs"
    hungarian = (
        "hol van a csomagom",
        "szeretném visszaküldeni a kávét",
        "mennyibe kerül a szállítás",
        "mikor érkezik meg",
    )
    model = train_languages([*PHRASES, *((text, "hu") for text in hungarian)])
    assert model.language_of("mikor érkezik meg a rendelésem", spoken="cs") == "hu"
    assert train_languages([]).language_of("where is my order", spoken="cs") == "cs"


def test_it_is_told_in_no_time_the_same_every_time() -> None:
    model, text = _of_shop(), "kde je moje objednavka " * 2_000
    assert cpu_seconds(lambda: [model.language_of(text, spoken="pl") for _again in range(50)]) < 3
    assert train_languages(PHRASES).probabilities("kde je balik") == model.probabilities("kde je balik")
