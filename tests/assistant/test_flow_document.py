"""Writing flows: what is wrong is told with its line and what would be right; nothing unknown is published."""

import re
from pathlib import Path

import jsonschema
import pytest

from kupec.app.tools import toolbox
from kupec.app.zrnko.flows_of import demo_flows
from kupec.assistant import FlowSet, Problem, Surroundings, check_source, flow_schema, plain, signatures_of
from kupec.assistant.flows.defaults import default_patterns
from kupec.assistant.flows.expressions import NotAnExpression, evaluate, parse
from kupec.conversations import Capabilities
from tests.assistant.flow_playing import SIGNATURES

FLOW = """code: shown
title: {cs: a, pl: a, en: a}
slots:
  number: {type: order, ask: {cs: a, pl: a, en: Which}}
steps:
  - collect: number
  - call: look
    with: {number: number}
    into: found
  - say: done
answers:
  done:
    cs: "{found.text}"
    pl: "{found.text}"
    en: "{found.text}"
examples:
  - name: One
    talk:
      - {customer: "1", choice: "flow:shown:number=10023"}
      - {tool: look, given: {number: "10023"}, result: {text: Hello}}
      - says: Hello
"""
AROUND = Surroundings(tools=SIGNATURES, hosts=frozenset({"erp.example"}))
FLOWS = FlowSet(default_patterns())


def problems(source: str, around: Surroundings = AROUND) -> list[Problem]:
    checked = check_source(source, FLOWS, around)
    assert checked.flow is None or not checked.ready
    return list(checked.problems)


def test_a_good_flow_is_ready() -> None:
    checked = check_source(FLOW, FLOWS, AROUND)
    assert checked.ready, checked.first_problem


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "message"),
    [
        ("call: look", "call: loook", 7, "steps[1].call", "there is no tool “loook”; there are: change_order, look"),
        ("collect: number", "collect: nr", 6, "steps[0].collect", "there is no slot “nr”; expected one of: number"),
        ("say: done", "say: gone", 10, "steps[2].say", "there is no answer “gone”"),
        ("with: {number: number}", "with: {nr: number}", 8, "steps[1].with.nr", "look takes no “nr”; it takes: number"),
        ("with: {number: number}", "with: {number: num}", 8, "steps[1].with.number", "“num” is no slot and no result"),
        ("with: {number: number}", 'with: {number: "a b"}', 8, "steps[1].with.number", "cannot be read"),
        ('    pl: "{found.text}"\n', "", 12, "answers.done", "is missing in: pl"),
        ('en: "{found.text}"', 'en: "{fund.text}"', 15, "answers.done.en", "“{fund.text}” is no slot and no result"),
        ('en: "{found.text}"', 'en: "{found text"', 15, "answers.done.en", "only names in curly brackets"),
        ("  - say: done", "  - say: done\n    also: 1", 10, "steps[2]", "“also” is not known; here may stand say"),
        ("  - say: done", "  - tell: done", 10, "steps[2]", "expected exactly one of collect, say"),
        ("  - say: done", "  - end: true\n  - say: done", 11, "steps[3]", "is never reached"),
        ("  - say: done", "  - do: resume\n  - say: done", 10, "steps[2].do", "patterns only"),
        ("  - say: done", "  - link: nowhere", 10, "steps[2].link", "there is no published flow “nowhere”"),
        ("type: order", "type: choice", 4, "slots.number.choices", "expected choices"),
        ("type: order", "type: ordr", 4, "slots.number.type", "invalid enum value"),
        ("call: look", "call: change_order", 7, "steps[1]", "change_order must be given “quantity”"),
        ("examples:\n", "examples: []\nold:\n", 21, "", "“old” is not known"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, line: int, path: str, message: str) -> None:
    assert old in FLOW
    found = problems(FLOW.replace(old, new, 1))
    told = [(one.line, one.path) for one in found if message in one.message]
    assert told, found
    if path:
        assert (line, path) in told


@pytest.mark.parametrize(
    "source",
    [
        "a: &x 1\nb: *x",
        "a: !!python/object:os.system x",
        "a: 1\na: 2",
        "- [",
        "a: " + "[" * 60 + "]" * 60,
        "",
        "x",
        "\x00",
    ],
)
def test_hostile_yaml_is_refused_without_being_built(source: str) -> None:
    assert problems(source)


def test_words_of_other_languages_are_not_yaml_values() -> None:
    raw, _lines, _found = plain("a: [no, yes, on, off, 12:30, 2026-01-01, 1_000, 0x1f, ~]\nno: n")
    assert raw == {"a": ["no", "yes", "on", "off", "12:30", "2026-01-01", "1_000", "0x1f", None], "no": "n"}


def test_a_tool_that_changes_something_is_not_called_without_asking() -> None:
    source = FLOW.replace("call: look", "call: change_order").replace(
        "{number: number}", "{number: number, quantity: 1}", 1
    )
    assert any("expected `confirm`" in one.message for one in problems(source))


def test_another_system_must_be_allowed_and_may_fail() -> None:
    step = (
        '  - http: {url: "https://%s/{number}", outputs: {text: {at: a}}}\n'
        "    into: erp\n    on_error: {%s}\n  - say: done"
    )
    good = FLOW.replace("  - say: done", step % ("erp.example", "else: [{end: true}]"))
    assert [one.message for one in check_source(good, FLOWS, AROUND).problems] == []
    for host in ("evil.example", "{number}.erp.example", "erp.example@evil.example", "erp.example:1@evil.example"):
        assert problems(FLOW.replace("  - say: done", step % (host, "else: [{end: true}]")))
    assert any(
        "expected `else`" in one.message for one in problems(FLOW.replace("  - say: done", step % ("erp.example", "")))
    )


def test_a_channel_that_only_speaks_needs_words_for_cards() -> None:
    cards = FLOW.replace(
        '  done:\n    cs: "{found.text}"\n    pl: "{found.text}"\n    en: "{found.text}"\n', ""
    ).replace(
        "answers:\n",
        "answers:\n  done: {text: {cs: a, pl: a, en: Hello}, cards: {from: found.products, kind: product}}\n",
    )
    phone = Surroundings(tools=SIGNATURES, channels={"phone": Capabilities(voice=True), "web": Capabilities(cards=3)})
    assert [one.message for one in problems(cards, phone)] == [
        "phone cannot show cards: expected `voice`, what is said instead"
    ]
    assert check_source(cards.replace("slots:", "channels: [web]\nslots:"), FLOWS, phone).ready
    assert any(
        "there is no channel “fax”" in one.message
        for one in problems(FLOW.replace("slots:", "channels: [fax]\nslots:"), phone)
    )


def test_an_example_that_goes_otherwise_is_told() -> None:
    checked = check_source(FLOW.replace("says: Hello", "says: Bye"), FLOWS, AROUND)
    assert not checked.ready
    assert checked.first_problem == "example “One”, examples[0].talk[2]: expected “Bye”, found done"
    silent = check_source(
        FLOW.replace('      - {tool: look, given: {number: "10023"}, result: {text: Hello}}\n', ""), FLOWS, AROUND
    )
    assert "look is awaited" in silent.first_problem


def test_the_schema_takes_every_flow_there_is_and_no_other() -> None:
    schema = jsonschema.Draft202012Validator(flow_schema())
    for source in demo_flows():
        raw, _lines, _problems = plain(source)
        assert list(schema.iter_errors(raw)) == []
    raw, _lines, _problems = plain(FLOW.replace("say: done", "tell: done"))
    assert list(schema.iter_errors(raw))


def test_the_flow_of_the_handbook_may_be_published() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", Path("docs/flows.md").read_text(), re.DOTALL)
    around = Surroundings(tools=signatures_of(toolbox()))
    checked = check_source(blocks[0], FLOWS, around)
    assert checked.ready, checked.first_problem
    for block in blocks[1:]:
        assert plain(block)[2] == [], block


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b.0 == 1 and not c", True),
        ("x or 1", 1),
        ('"b" in a', True),
        ("d not in [1, 2]", True),
        ("count(a.b) >= 1", True),
        ("a < 1", False),
        ("a.b.c.d", None),
        ("true", True),
        ("-2 < d", True),
    ],
)
def test_expressions(text: str, value: object) -> None:
    assert evaluate(parse(text), {"a": {"b": [1]}, "d": 3}) == value


@pytest.mark.parametrize(
    "text", ["", "a b", "a ==", "(a", "a; b", "__import__('os')", "a[0]", "'" * 3, "(" * 50 + "a" + ")" * 50]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(NotAnExpression):
        parse(text)
