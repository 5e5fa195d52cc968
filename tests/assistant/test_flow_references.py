"""What customers refer to: the cards they were just shown, and the flow they are in the middle of."""

import msgspec

from kupec.assistant import AskEffect
from kupec.assistant.deciding import decide
from kupec.assistant.flows.hearing import chosen_in
from kupec.assistant.flows.wanting import wanted_in
from kupec.assistant.foreign import is_foreign
from kupec.assistant.settings import BotSettings
from kupec.assistant.understanding import Understood, wants_person
from tests.assistant.flow_playing import HOURS, Talk, flow_set

SHOP = """
code: find
title: {cs: hledání, pl: szukanie, en: finding goods}
phrasings: {en: [find me something]}
slots: {query: {type: product, label: {en: goods}, ask: {en: "What?"}}}
steps:
  - collect: query
  - call: look
    into: found
  - say: these
answers:
  these:
    text: {en: "Here:"}
    cards: {from: found.products, kind: product, choices: [{value: "flow:add:product={value}", label: {en: Add}}]}
"""
ADD = """
code: add
title: {cs: přidání, pl: dodanie, en: adding}
phrasings: {en: [add it]}
slots:
  product: {type: product, label: {en: goods}, ask: {en: "Which goods?"}}
  quantity: {type: quantity, label: {en: pieces}}
steps:
  - collect: product
  - call: look
    with: {number: product}
  - say: {en: "Added {quantity} × {product}."}
"""
RETURN = """
code: give_back
title: {cs: vrácení, pl: zwrot, en: returning goods}
phrasings: {en: [give it back]}
slots: {number: {type: order, label: {en: order}}}
steps:
  - flow: which
    into: {number: number}
  - say: {en: "Back it goes."}
"""
WHICH = """
code: which
title: {cs: výběr, pl: wybór, en: which order}
slots: {number: {type: order, label: {en: order}, ask: {en: "Which order?"}}}
steps:
  - collect: number
"""
GOODS = [{"value": "Z-1", "title": "Brazil Santos"}, {"value": "Z-2", "title": "Kenya Nyeri"}]


def shown(goods: list[dict[str, str]]) -> Talk:
    one = Talk(flow_set(SHOP, ADD, HOURS))
    one.say("find me coffee", "find", entities={"product": "coffee"})
    one.comes({"products": goods})
    return one


def test_what_was_shown_is_picked_by_place_by_name_and_by_how_many() -> None:
    assert shown(GOODS).say("the second one please") == ["call look {'number': 'Z-2'}"]
    assert shown(GOODS).say("first", "article:first_start", 0.8) == ["call look {'number': 'Z-1'}"]
    assert shown(GOODS).say("brazil santos") == ["call look {'number': 'Z-1'}"]
    two = shown(GOODS)
    assert two.say("two packs of the first", entities={"quantity": 2}) == ["call look {'number': 'Z-1'}"]
    assert two.comes({})[0] == "Added 2 × Z-1."
    assert shown(GOODS[:1]).say("2 packs") == ["call look {'number': 'Z-1'}"], "only one was shown"


def test_how_many_without_which_is_asked_with_what_was_shown() -> None:
    one = shown(GOODS)
    assert one.say("add 3 pieces", "add", entities={"quantity": 3}) == ["Which goods?"]
    assert one.last is not None
    asked = one.last.effects[-1]
    assert isinstance(asked, AskEffect)
    assert [(option.label, option.value) for option in asked.choices] == [
        ("Brazil Santos", "Z-1"),
        ("Kenya Nyeri", "Z-2"),
    ]
    assert one.say("the second") == ["call look {'number': 'Z-2'}"]
    assert one.comes({})[0] == "Added 3 × Z-2."


def test_what_is_about_something_else_is_not_taken_for_what_was_shown() -> None:
    assert shown(GOODS).say("when are you open", "hours") == ["Nine to five."]
    assert shown(GOODS).say("is the first one sour?") == ["search is the first one sour?"]
    assert shown(GOODS).say("add a descaler", "add") == ["call look {'number': 'descaler'}"]
    assert shown(GOODS).say("I have never understood what santos and such names mean") != [
        "call look {'number': 'Z-1'}"
    ]


def test_one_goes_back_to_what_was_begun_and_not_to_a_part_of_it() -> None:
    one = Talk(flow_set(RETURN, WHICH, HOURS))
    assert one.say("give it back", "give_back") == ["Which order?"]
    assert one.say("when are you open", "hours")[-1] == "Shall we go on? We were at: returning goods."


UNKNOWING = """
code: give_back
title: {cs: vrácení, pl: zwrot, en: returning goods}
phrasings: {en: [give it back]}
slots: {number: {type: order, label: {en: order}, ask: {en: "Which order?"}}}
steps:
  - collect: number
    on_unknown:
      - say: {en: "Then let us look."}
      - end: true
  - say: {en: "Back it goes."}
"""


def test_who_does_not_know_what_is_asked_is_helped_on() -> None:
    for text, choice in (("I don't have it", None), ("nevím ho", None), ("nie pamiętam", None), ("x", "unknown")):
        one = Talk(flow_set(UNKNOWING, HOURS))
        one.say("give it back", "give_back")
        assert one.say(text, choice=choice) == ["Then let us look."]
        assert not one.run.frames
    one = Talk(flow_set(UNKNOWING, HOURS))
    one.say("give it back", "give_back")
    assert one.say("the grinder that came last week") == ["search the grinder that came last week"]
    assert one.comes({"found": False}) == ["Then let us look."], "who describes it has no number"
    one = Talk(flow_set(UNKNOWING, HOURS))
    one.say("give it back", "give_back")
    assert one.say("not sure, 10023 I think", entities={"order_number": "10023"}) == ["Back it goes."]


def test_who_has_shown_who_they_are_goes_on_or_is_asked_what_for() -> None:
    own = RETURN.replace("steps:", "audience: customer\nsteps:", 1)
    one = Talk(flow_set(own, WHICH, HOURS))
    one.say("give it back", "give_back")
    one.context["signed_in"] = True
    assert one.say("It is me", choice="identified") == ["Which order?"]
    assert Talk(flow_set(HOURS)).say("It is me", choice="identified") == ["Please tell me what you need."]


def test_a_language_nobody_answers_in_is_named_rather_than_misunderstood() -> None:
    spoken = ("cs", "en", "pl")
    for text in ("Guten Tag, wo ist mein Paket?", "Où est mon colis ?", "Dov'è il mio pacco?", "Де моя посилка?"):
        assert is_foreign(text, spoken), text
    for text in ("Kde je moja zásielka?", "cafe latte macchiato", "brazilie santos", "no", "nie wiem", ""):
        assert not is_foreign(text, spoken), text
    one = Talk(flow_set(HOURS), foreign=True)
    one.say("Wo ist mein Paket?")
    assert one.comes({"found": False}) == ["I understand English, Czech and Polish."]


def test_of_two_with_the_same_words_the_one_named_so_is_meant() -> None:
    ways = [("a", ["Kurýr na adresu, 119 Kč", "kurýrem", "domů"]), ("b", ["Výdejní box, 69 Kč", "kurýrem", "domů"])]
    assert chosen_in("kurýrem", ways) == "a"
    assert chosen_in("domů", ways) is None


def test_goods_named_in_words_nobody_has_learnt_are_looked_for() -> None:
    understood = Understood(text="za kolik je brazílie santos", language="cs", entities={"product": "Brazílie Santos"})
    assert decide(understood, None, BotSettings()).intent == "find_product"
    assert decide(understood, None, BotSettings(), is_waiting=True).intent is None, "it is an answer"
    assert decide(understood, None, BotSettings(goods_named="")).intent is None
    assert decide(msgspec.structs.replace(understood, entities={}), None, BotSettings()).intent is None


def test_what_a_price_is_asked_of_is_found_in_the_question() -> None:
    assert wanted_in("kolik stoji brazilie santos") == "brazilie santos"
    assert wanted_in("ile kosztuje kenia nyeri") == "kenia nyeri"
    assert wanted_in("how much is the descaler?") == "descaler"
    assert wanted_in("a dvě balíčky") is None
    assert all(wants_person(text) for text in ("ok then person", "dobře tak člověka", "dobrze, to człowiek"))
