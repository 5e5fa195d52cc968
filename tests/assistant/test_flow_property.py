"""Whatever is said and whatever tools answer: nothing raises, nothing loops, and the state is always plain JSON."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from kupec.app.zrnko.flows_of import demo_flows
from kupec.assistant import FlowSet, Manner, RunState, SayEffect, TurnInput, advance, resume, speak
from kupec.assistant.flows.defaults import default_patterns
from kupec.assistant.flows.engine import ToolFailure, go_on
from kupec.assistant.flows.frames import MOST_FRAMES
from tests.assistant.flow_playing import SIGNATURES, programs

FLOWS = FlowSet([*default_patterns(), *programs(*demo_flows())], tools=SIGNATURES)
CODES = [program.flow.code for program in FLOWS]
_PLAIN = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**6), st.text(max_size=8), st.floats(allow_nan=False))
_FIELDS = """
count products standings cart_empty empty ready missing needs lines options value title text order number state
can_cancel can_return possible late owed code shipping_choices
"""
_NAMES = st.sampled_from(_FIELDS.split())
_RESULTS = st.recursive(
    _PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=6)),
    max_leaves=12,
)
_WORDS = """
ano|ne|tak|nie|yes|no|10023|3 kusy|ne, myslel jsem 5 kusů|jana@example.cz|stop|zítra|každé dva měsíce|777 123 456
the first|co to stojí?|nech to být|5. 12.|30. 2.|0|never mind
"""
_TEXTS = st.one_of(st.text(max_size=30), st.sampled_from(_WORDS.replace("\n", "|").strip("|").split("|")))
_KINDS = "order_number sku product quantity number money date interval email phone name yes no"
_ENTITIES = st.dictionaries(
    st.sampled_from(_KINDS.split()),
    st.one_of(_PLAIN, st.just({"every": 2, "unit": "month"}), st.lists(_PLAIN, max_size=2)),
    max_size=3,
)
_TURNS = st.builds(
    TurnInput,
    text=_TEXTS,
    intent=st.one_of(st.none(), st.sampled_from([*CODES, "article:returns", "nonsense", "add_to_cart:product=x"])),
    confidence=st.floats(0, 1),
    near=st.lists(st.tuples(st.sampled_from(CODES), st.floats(0, 1)), max_size=2).map(tuple),
    entities=_ENTITIES,
    choice=st.one_of(st.none(), st.sampled_from(["yes", "no", "flow:buy", "flow:add_to_cart:product=x", "flow:", "?"])),
    language=st.sampled_from(["cs", "pl", "en", "de"]),
    channel=st.sampled_from(["web", "email", "phone"]),
    context=st.fixed_dictionaries(
        {"signed_in": st.booleans(), "today": st.sampled_from(["2026-11-22", "", "x"])},
        optional={"cart_filled": _PLAIN},
    ),
)
_MOVES = st.one_of(
    _TURNS, st.tuples(_RESULTS, st.sampled_from(["", "not_found", "proof_needed", "timeout"])), st.just("back")
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_MOVES, max_size=14))
def test_a_random_conversation_never_raises_never_loops_and_stays_json(moves: list[Any]) -> None:
    run = RunState()
    for move in moves:
        if isinstance(move, TurnInput):
            step = advance(FLOWS, run, move)
        elif move == "back":
            step = go_on(FLOWS, run)
        else:
            result, code = move
            step = resume(FLOWS, run, result, ToolFailure(code=code) if code else None)
        assert len(step.effects) < 220
        assert len(step.run.frames) <= MOST_FRAMES
        run = msgspec.json.decode(msgspec.json.encode(step.run), type=RunState)
        assert run == step.run
        assert (step.awaits is not None) == (run.pending is not None)
        for effect in step.effects:
            if isinstance(effect, SayEffect):
                speak(FLOWS, effect, Manner(language="cs", voice=True))
