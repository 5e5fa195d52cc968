"""How flows run: asked, filled, corrected, left, interrupted and gone back to, handed over."""

import msgspec
import pytest

from kupec.assistant import CallEffect, RunState, start
from kupec.assistant.flows.flow import Program
from kupec.assistant.flows.hearing import postcode_in
from kupec.assistant.flows.run import TurnInput
from kupec.assistant.flows.wanting import wanted_in
from tests.assistant.flow_playing import CHANGE, HOURS, Talk, flow_set, programs


def talk(*sources: str, **context: object) -> Talk:
    return Talk(flow_set(CHANGE, HOURS, *sources), **context)


def test_what_is_known_is_not_asked_and_order_does_not_matter() -> None:
    one = talk()
    said = one.say("change 10023 to 3", "change_order", entities={"quantity": 3, "order_number": "10023"})
    assert said == ["Make 10023 3 pieces?"]
    assert one.press("yes") == ["call change_order {'number': '10023', 'quantity': 3}"]
    assert one.comes({"text": "three"}) == ["Done: three", "Is there anything else I can do for you?"]


def test_a_value_that_is_refused_is_asked_for_again() -> None:
    one = talk()
    one.say("change my order", "change_order")
    assert one.say("10023") == ["How many?"]
    assert one.say("twelve") == ["Ten at most.", "How many?"]
    assert one.say("ten") == ["Make 10023 10 pieces?"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("no, I meant 3 pieces", "Make 10023 3 pieces?"),
        ("3 pieces please", "Make 10023 3 pieces?"),
        ("yes, but order 10024", "Make 10024 5 pieces?"),
        ("no, 4", "Make 10023 4 pieces?"),
    ],
)
def test_a_correction_fills_anew_and_asks_again(said: str, asked: str) -> None:
    one = talk()
    one.say("change my order", "change_order", entities={"order_number": "10023", "quantity": 5})
    entities = {"order_number": "10024"} if "10024" in said else {}
    assert one.say(said, entities=entities)[-1] == asked
    assert one.run.frames[-1].waits == "confirm"


def test_an_earlier_answer_is_corrected_while_the_next_question_stands() -> None:
    one = talk()
    one.say("change my order", "change_order")
    one.say("10023")
    assert one.say("sorry, I meant order 10024", entities={"order_number": "10024"}) == [
        "All right: 10024.",
        "How many?",
    ]


def test_nothing_is_corrected_past_what_was_changed() -> None:
    flow = CHANGE.replace('  - say: {en: "Done: {order.text}"}', "  - collect: note\n").replace(
        "steps:", '  note: {type: text, ask: {en: "A note?"}}\nsteps:'
    )
    one = Talk(flow_set(flow))
    one.say("change my order", "change_order", entities={"order_number": "10023", "quantity": 5})
    one.press("yes")
    assert one.comes({"text": ""}) == ["A note?"]
    one.say("no, I meant 3 pieces", entities={"quantity": 3})
    assert one.last is not None
    assert not any(isinstance(effect, CallEffect) for effect in one.last.effects), "it would be changed twice"
    assert all(frame.slots.get("quantity", 5) == 5 for frame in one.run.frames), "what was done is not unsaid"


def test_no_changes_nothing() -> None:
    one = talk()
    one.say("change my order", "change_order", entities={"order_number": "10023", "quantity": 5})
    assert one.say("no") == ["All right, let us leave it. Nothing was changed."]
    assert not one.run.frames


@pytest.mark.parametrize("words", ["cancel that", "never mind", "stop"])
def test_a_flow_is_left_with_a_word(words: str) -> None:
    one = talk()
    one.say("change my order", "change_order")
    assert one.say(words) == ["All right, let us leave it. Nothing was changed."]
    assert not one.run.frames


def test_a_word_of_leaving_never_begins_what_it_was_mistaken_for() -> None:
    one = talk()
    one.say("change my order", "change_order")
    assert one.say("cancel that", "hours") == ["All right, let us leave it. Nothing was changed."]
    assert not one.run.frames


def test_another_flow_interrupts_and_one_comes_back_exactly_where_it_was() -> None:
    one = talk()
    one.say("change my order", "change_order")
    one.say("10023")
    said = one.say("when are you open?", "hours")
    assert said == ["Nine to five.", "Shall we go on? We were at: changing the order."]
    assert one.say("yes") == ["How many?"]
    assert one.run.frames[0].slots["number"] == "10023"
    assert one.say("4") == ["Make 10023 4 pieces?"]


def test_what_was_interrupted_may_be_dropped_or_simply_answered() -> None:
    one = talk()
    one.say("change my order", "change_order", entities={"order_number": "10023"})
    one.say("when are you open?", "hours")
    assert one.say("no") == ["All right, let us leave it."]
    assert not one.run.frames
    one.say("change my order", "change_order", entities={"order_number": "10023"})
    one.say("when are you open?", "hours")
    assert one.say("4 pieces") == ["Make 10023 4 pieces?"], "the answer to the question below counts as a yes"


def test_knowledge_answers_between_and_the_question_is_asked_again() -> None:
    one = talk()
    one.say("change my order", "change_order")
    assert one.say("do you sell gift cards?") == ["search do you sell gift cards?"]
    assert one.comes({"found": True}) == ["Back to: changing the order.", "Which order?"]


def test_repeated_misunderstanding_ends_with_a_person_and_the_flow_stays_where_it_was() -> None:
    one = talk()
    one.say("change my order", "change_order")
    assert one.say("hm") == ["I did not understand that.", "Which order?"]
    one.say("hm")
    said = one.say("hm")
    assert said[-1] == "person misunderstood"
    assert [frame.flow for frame in one.run.frames] == ["change_order"]
    assert one.say("10023") == ["How many?"], "handed back, it goes on"


def test_what_nobody_knows_is_admitted_and_then_a_person_is_offered() -> None:
    one = talk()
    one.say("what is the meaning of life")
    assert "do not know" in one.comes({"found": False})[0]
    one.say("and of coffee then")
    assert one.comes({"found": False})[-1] == "Shall I connect you with a person?"
    assert one.say("yes")[-1] == "person asked"


def test_two_near_intents_are_asked_about() -> None:
    one = talk()
    said = one.say("order hours", "change_order", 0.5, near=(("hours", 0.45),))
    assert said == ["Which of these can I help with?"]
    assert one.say("opening hours") == ["Nine to five."]
    assert one.say("order hours", "change_order", 0.9, near=(("hours", 0.8),)) == ["Which order?"]


def test_a_tool_that_fails_takes_its_branch_and_without_one_says_so() -> None:
    one = talk()
    one.say("change my order", "change_order", entities={"order_number": "10023", "quantity": 5})
    one.press("yes")
    assert one.comes(error="not_found") == ["No such order.", "Which order?"]
    one.say("10024")
    one.press("yes")
    said = one.comes(error="wrong_order_state")
    assert said == ["That did not work. It failed: wrong_order_state.", "Shall I connect you with a person?"]


def test_the_same_call_has_the_same_key_until_its_result_came() -> None:
    one = talk()
    one.say("change my order", "change_order", entities={"order_number": "10023", "quantity": 5})
    one.press("yes")
    assert one.last is not None
    first = one.last.awaits
    assert one.say("hello?") == ["call change_order {'number': '10023', 'quantity': 5}"]
    assert one.last.awaits == first
    said = one.comes({"text": "five"})
    assert said[:2] == ["Done: five", "Is there anything else I can do for you?"]
    assert said[-1] == "search hello?", "what was said meanwhile is heard after it"


def test_who_is_not_known_shows_it_first_and_the_flow_goes_on() -> None:
    private = CHANGE.replace("phrasings", "audience: customer\nphrasings")
    one = Talk(flow_set(private), signed_in=False)
    said = one.say("change my order", "change_order", entities={"order_number": "10023"})
    assert "I need to know who you are" in said[0]
    one.context["signed_in"] = True
    assert one.say("here I am") == ["How many?"]


def test_a_sub_flow_gives_back_what_it_found() -> None:
    sub = """
code: which
title: {cs: a, pl: a, en: which one}
slots: {wanted: {type: text, ask: {en: "Which one?"}}}
steps:
  - collect: wanted
"""
    outer = """
code: outer
title: {cs: a, pl: a, en: outer}
slots: {found: {type: any}}
steps:
  - flow: which
    into: {found: wanted}
  - say: {en: "You want {found}."}
"""
    one = Talk(flow_set(sub, outer))
    assert one.say("outer", "outer") == ["Which one?"]
    assert one.say("the blue one") == ["You want the blue one."]
    assert not one.run.frames


def test_flows_that_link_in_a_circle_end_with_a_person() -> None:
    circle = "code: {0}\ntitle: {{cs: a, pl: a, en: a}}\nsteps:\n  - link: {1}\n"
    one = Talk(flow_set(circle.format("ping", "pong"), circle.format("pong", "ping")))
    assert one.say("ping", "ping") == ["person error"]
    assert not one.run.frames


def test_a_guard_keeps_a_flow_from_starting() -> None:
    guarded = HOURS.replace("steps:", "when: cart_filled\nsteps:")
    assert Talk(flow_set(guarded), cart_filled=False).say("open?", "hours") == ["search open?"]
    assert Talk(flow_set(guarded), cart_filled=True).say("open?", "hours") == ["Nine to five."]


def test_a_run_stays_with_its_version_and_survives_its_loss() -> None:
    flows = flow_set(CHANGE, HOURS)
    one = Talk(flows)
    one.say("change my order", "change_order")
    newer = programs(CHANGE.replace("How many?", "How many pieces?"))[0]
    fresh = flow_set(HOURS).holding(Program(newer.flow, 2))
    assert fresh.missing(one.run.pins) == [("change_order", 1)]
    one.flows = fresh.with_pinned(programs(CHANGE))
    assert one.say("10023") == ["How many?"], "not the words of version 2"
    one.flows = fresh
    assert one.say("4") != [], "without its version the run is over, and nothing breaks"
    assert not any(frame.version == 1 for frame in one.run.frames)


def test_a_button_brings_its_slots() -> None:
    one = talk()
    assert one.say("x", choice="flow:change_order:number=10023&nonsense=1") == ["How many?"]
    assert one.run.frames[-1].slots == {"number": "10023"}


def test_the_state_is_plain_json() -> None:
    one = talk()
    one.say("change my order", "change_order", entities={"order_number": "10023"})
    assert msgspec.json.decode(msgspec.json.encode(one.run), type=RunState) == one.run
    began = start(one.flows, "hours", turn=TurnInput(text=""))
    assert [type(effect).__name__ for effect in began.effects] == ["StartEffect", "SayEffect", "DoneEffect"]


PAYING = """
code: paying
title: {cs: platba, pl: zaplata, en: paying}
phrasings: {en: [pay it]}
slots:
  payment:
    type: choice
    label: {en: payment}
    choices: {from: filled.ways, label: "{label}"}
    ask: {en: "How?"}
  note: {type: text, entities: [name], label: {en: name}}
steps:
  - call: look
    with: {number: payment}
    into: filled
  - call: change_order
    with: {number: payment}
    confirm: {en: "Pay {filled.how}?"}
    into: paid
  - say: {en: "Paid."}
"""
WAYS = [
    {"value": "card", "label": "Payment card", "words": ["by card", "kartou"]},
    {"value": "account", "label": "Company account", "words": ["on account", "na účet", "konto firmowe"]},
]


@pytest.mark.parametrize(
    "said",
    [
        "pay on account",
        "rather on account",
        "not by card, on account",
        "raději na účet",
        "wolę konto firmowe",
        "no, na ucet",
    ],
)
def test_what_was_never_asked_for_is_corrected_at_the_confirmation_in_the_words_of_the_choice(said: str) -> None:
    one = talk(PAYING)
    one.say("pay it", "paying")
    assert one.comes({"ways": WAYS, "how": "by card"}) == ["Pay by card?"]
    assert one.say(said) == ["All right: Company account.", "call look {'number': 'account'}"]
    assert one.comes({"ways": WAYS, "how": "on account"}) == ["Pay on account?"]
    assert one.say("no, kartou") == ["All right: Payment card.", "call look {'number': 'card'}"], "and back again"
    one.comes({"ways": WAYS, "how": "by card"})
    assert one.say("no") == ["All right, let us leave it. Nothing was changed."], "a plain no stays a no"


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("chci to každé dva měsíce", None),
        ("two of them", None),
        ("777 123 456", None),
        ("z10004", "Z10004"),
        ("I-H-0605", "I-H-0605"),
        ("je to 10023", "10023"),
    ],
)
def test_an_order_is_only_what_looks_like_the_number_of_one(said: str, number: str | None) -> None:
    one = talk()
    one.say("change my order", "change_order")
    one.say(said)
    assert next((frame.slots.get("number") for frame in one.run.frames if frame.flow == "change_order"), None) == number


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("máte kávu z Brazílie?", "kávu z Brazílie"),
        ("přidej do košíku 2 brazílie santos", "brazílie santos"),
        ("poproszę jedną sztukę", None),
        ("find me a product", None),
        ("do you have a grinder", "grinder"),
    ],
)
def test_goods_are_what_is_left_of_the_sentence_that_asks_for_them(said: str, wanted: str | None) -> None:
    assert wanted_in(said) == wanted


@pytest.mark.parametrize(
    ("said", "code"),
    [("110 00", "110 00"), ("PSČ 11000", "11000"), ("00-950 Warszawa", "00-950"), ("d08 x2a1", "D08 X2A1")],
)
def test_a_postcode_is_heard_as_it_is_written(said: str, code: str) -> None:
    assert postcode_in(said) == code
    assert postcode_in("nevím") is None


OFFERING = """
code: offering
title: {cs: nabídka, pl: oferta, en: an offer}
phrasings: {en: [an offer]}
steps:
  - say: offer
answers:
  offer:
    text: {en: "Shall I tell you when we are open?"}
    choices:
      - {value: "flow:hours", label: {en: "Yes, tell me"}}
"""


def test_a_lone_yes_takes_what_was_offered_and_is_answered_where_nothing_was() -> None:
    one = talk(OFFERING)
    one.say("an offer", "offering")
    assert one.say("yes") == ["Nine to five."]
    assert one.say("yes") == ["Please tell me what you need."], "taken once"
    one.say("an offer", "offering")
    assert one.say("no") == ["Thank you, and have a nice day."]
