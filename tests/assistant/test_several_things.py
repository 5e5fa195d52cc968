"""Several things in one message: what is cut and what is not, and how a turn answers both."""

from kupec.assistant.understanding import parts
from kupec.conversations import Choices
from kupec.kit.db import Pool
from tests.assistant.talking import open_talk

CUT = {
    "Kolik stojí doprava a dá se platit kartou?": ["Kolik stojí doprava", "dá se platit kartou?"],
    "Dobrý den, kde mám zásilku? A chtěl bych k tomu přidat filtry.": [
        "kde mám zásilku?",
        "A chtěl bych k tomu přidat filtry.",
    ],
    "Zrušte objednávku 10023 a pošlete mi fakturu": ["Zrušte objednávku 10023", "pošlete mi fakturu"],
    "Ile kosztuje dostawa i czy można płacić kartą?": ["Ile kosztuje dostawa", "czy można płacić kartą?"],
    "How much is shipping and can I pay by card?": ["How much is shipping", "can I pay by card?"],
    "Was kostet der Versand und kann ich mit Karte zahlen?": ["Was kostet der Versand", "kann ich mit Karte zahlen?"],
    "¿Cuánto cuesta el envío y puedo pagar con tarjeta?": ["¿Cuánto cuesta el envío", "puedo pagar con tarjeta?"],
    "kde je balík\nkolik stojí doprava": ["kde je balík", "kolik stojí doprava"],
}
WHOLE = (
    "Objednal jsem kávu a mlýnek.",
    "Kde je objednávka č. 10023?",
    "Přijďte 3. 12. prosím",
    "Dobrý den. Kde je můj balík? Děkuji za odpověď.",
    "kolik je doprava\nv mém košíku",
    "two coffees and a filter",
    "Mlýnek mi nemele a je to potřetí",
    "I bought it last week. It broke. I am sad. What now?",
    "ne, každé tři",
    "Kupil jsem kávovar. " * 30,
    "",
)


def test_a_message_is_cut_only_where_something_of_its_own_begins() -> None:
    for text, found in CUT.items():
        assert parts(text) == found
    for text in WHOLE:
        assert parts(text) == [text.strip()]


async def test_two_questions_are_answered_in_one_turn_and_a_flow_comes_after_an_article(pool: Pool) -> None:
    talk = await open_talk(pool)
    both = await talk.say("Kolik stojí doprava a jak odvápním kávovar?", language="cs")
    assert both.index("Kolik stojí doprava? Like this.") < both.index("Jak odvápnit kávovar? Like this.")
    assert len(await talk.answers()) == 1
    mixed = await talk.say("Kolik je doprava v mém košíku? A jak odvápním kávovar?")
    assert mixed.index("Jak odvápnit") < mixed.index("Kolik kusů?")
    assert await talk.say("tři kusy") == "Doprava 30 Kč"
    await talk.say("Kolik je doprava v mém košíku a chci to koupit hned")
    last = (await talk.answers())[-1]
    offered = [choice.value for block in last.content if isinstance(block, Choices) for choice in block.choices]
    assert "Kolik kusů?" in last.text
    assert offered == ["flow:buy"]
    await talk.bot.close()
