"""A flow played by hand in tests: what is said goes in, what the bot says comes out as text."""

from typing import Any

from kupec.assistant import (
    AskEffect,
    CallEffect,
    FlowSet,
    HandoverEffect,
    HttpEffect,
    Manner,
    RunState,
    SayEffect,
    SearchEffect,
    Signature,
    ToolFailure,
    TurnInput,
    advance,
    blocks_in_words,
    resume,
    speak,
)
from kupec.assistant.flows.defaults import default_patterns
from kupec.assistant.flows.document import read_flow
from kupec.assistant.flows.flow import Program
from kupec.assistant.flows.run import Step

TODAY = "2026-11-22"

CHANGE = """
code: change_order
title: {cs: změna, pl: zmiana, en: changing the order}
phrasings: {en: [change my order]}
slots:
  number: {type: order, label: {en: order}, ask: {en: "Which order?"}}
  quantity:
    type: quantity
    label: {en: pieces}
    ask: {en: "How many?"}
    rejections:
      - {when: quantity > 10, say: {en: "Ten at most."}}
steps:
  - collect: number
  - collect: quantity
  - call: change_order
    with: {number: number, quantity: quantity}
    into: order
    confirm: {en: "Make {number} {quantity} pieces?"}
    on_error:
      not_found:
        - say: {en: "No such order."}
        - again: number
  - say: {en: "Done: {order.text}"}
"""
HOURS = """
code: hours
title: {cs: hodiny, pl: godziny, en: opening hours}
phrasings: {en: [when are you open]}
steps:
  - say: {en: "Nine to five."}
"""
SIGNATURES = {
    "change_order": Signature(name="change_order", arguments={"number": True, "quantity": True}, changes=True),
    "look": Signature(name="look", arguments={"number": False}),
}


def programs(*sources: str) -> list[Program]:
    found = []
    for source in sources:
        read = read_flow(source)
        assert read.flow is not None, read.problems
        found.append(Program(read.flow, 1))
    return found


def flow_set(*sources: str) -> FlowSet:
    return FlowSet([*default_patterns(), *programs(*sources)], tools=SIGNATURES)


class Talk:
    """One conversation; the state goes through JSON between any two steps, as it does in the database."""

    def __init__(self, flows: FlowSet, **context: Any) -> None:
        self.flows = flows
        self.context = {"today": TODAY, **context}
        self.run = RunState()
        self.last: Step | None = None

    def say(self, text: str, intent: str | None = None, sure: float = 0.9, **given: Any) -> list[str]:
        turn = TurnInput(
            text=text,
            intent=intent,
            confidence=sure if intent else 0.0,
            language="en",
            context=self.context,
            **given,
        )
        return self.took(advance(self.flows, self.run, turn))

    def press(self, value: str) -> list[str]:
        return self.say(value, choice=value)

    def comes(self, result: Any = None, error: str = "") -> list[str]:
        failure = ToolFailure(code=error, message=f"It failed: {error}.") if error else None
        return self.took(resume(self.flows, self.run, result, failure))

    def took(self, step: Step) -> list[str]:
        self.last, self.run = step, step.run
        said = []
        for effect in step.effects:
            match effect:
                case SayEffect() | AskEffect():
                    said.append(blocks_in_words(speak(self.flows, effect, Manner(language="en"))).split("\n[")[0])
                case CallEffect(tool=tool, arguments=arguments):
                    said.append(f"call {tool} {arguments}")
                case HttpEffect(url=url):
                    said.append(f"http {url}")
                case SearchEffect(text=text):
                    said.append(f"search {text}")
                case HandoverEffect(reason=reason):
                    said.append(f"person {reason}")
        return said
