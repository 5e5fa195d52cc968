"""Examples are tests: the engine plays each, with what its lines say is understood and what tools answer."""

from typing import Any, Final

import msgspec

from kupec.assistant.flows.engine import ToolFailure, advance, resume, start
from kupec.assistant.flows.flow import Example, Program, Turned
from kupec.assistant.flows.flow_set import FlowSet, phrases
from kupec.assistant.flows.run import (
    AskEffect,
    CallEffect,
    Effect,
    HandoverEffect,
    HttpEffect,
    RunState,
    SayEffect,
    SearchEffect,
    Step,
    TurnInput,
)
from kupec.assistant.flows.wording import Manner, speak
from kupec.conversations import Block, Cards, Choices, Link, Text
from kupec.kit.text import fold

_MOST_RESULTS: Final = 20


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """One line of what was played: who ("customer", "bot", "tool", "person") and what."""

    who: str
    text: str


class ExampleResult(msgspec.Struct, frozen=True, kw_only=True):
    """How an example went. `problem` is what was otherwise than written, at `path`."""

    name: str
    passed: bool
    path: str
    problem: str
    played: tuple[Spoken, ...]


class Otherwise(Exception):
    """What happened instead of what the example says."""


def run_examples(flow_set: FlowSet, program: Program) -> list[ExampleResult]:
    """Play all examples of a flow. Nothing is raised: what goes wrong is in the results."""
    tried = flow_set.holding(program)
    known = {fold(text): code for text, _language, code in phrases(tried)}
    return [_Play(tried, program, one, known).run(index) for index, one in enumerate(program.flow.examples)]


class _Play:
    def __init__(self, flow_set: FlowSet, program: Program, example: Example, known: dict[str, str]) -> None:
        self.flows = flow_set
        self.program = program
        self.example = example
        self.known = known
        self.state = RunState()
        self.unread: list[Effect] = []
        self.played: list[Spoken] = []
        self.awaits: CallEffect | HttpEffect | SearchEffect | None = None
        self.manner = Manner(language=example.language, channel=example.channel, voice=example.channel == "phone")

    def run(self, index: int) -> ExampleResult:
        path = f"examples[{index}]"
        try:
            if self.program.flow.is_pattern:
                slots = {name: self.example.context.get(name) for name in self.program.flow.slots}
                given = {name: value for name, value in slots.items() if value is not None}
                self._went(start(self.flows, self.program.flow.code, given, turn=self._turn(Turned())))
            for at, line in enumerate(self.example.talk):
                path = f"examples[{index}].talk[{at}]"
                self._line(line)
            if self.awaits is not None and not isinstance(self.awaits, SearchEffect):
                raise Otherwise(f"{_called(self.awaits)} is called, and the example does not say what it answers")
        except Otherwise as problem:
            return self._result(passed=False, path=path, problem=str(problem))
        return self._result(passed=True, path=f"examples[{index}]", problem="")

    def _result(self, *, passed: bool, path: str, problem: str) -> ExampleResult:
        return ExampleResult(
            name=self.example.name, passed=passed, path=path, problem=problem, played=tuple(self.played)
        )

    def _line(self, line: Turned) -> None:
        if line.customer or line.choice:
            self._customer(line)
        elif line.tool:
            self._answered(line)
        elif line.knows is not None:
            if not isinstance(self.awaits, SearchEffect):
                raise Otherwise("knowledge is not asked here")
            self._went(resume(self.flows, self.state, {"found": line.knows}))
        elif line.handover:
            self._must(line, HandoverEffect)
        elif line.bot or line.says:
            self._must(line, SayEffect | AskEffect)

    def _customer(self, line: Turned) -> None:
        if isinstance(self.awaits, SearchEffect):
            self._went(resume(self.flows, self.state, {"found": False}))
        if self.awaits is not None:
            raise Otherwise(f"{_called(self.awaits)} is called before this: expected what it answers")
        self.unread.clear()
        self.played.append(Spoken(who="customer", text=line.customer or str(line.choice)))
        self._went(advance(self.flows, self.state, self._turn(line)))

    def _turn(self, line: Turned) -> TurnInput:
        intent = line.intent or self.known.get(fold(line.customer))
        return TurnInput(
            text=line.customer,
            intent=intent,
            confidence=line.confidence if intent else 0.0,
            near=tuple(line.near.items()),
            entities=line.entities,
            choice=line.choice,
            language=self.example.language,
            channel=self.example.channel,
            context={"today": "2026-11-23", **self.example.context},
        )

    def _answered(self, line: Turned) -> None:
        awaited = self.awaits
        if awaited is None or isinstance(awaited, SearchEffect) or line.tool not in (_called(awaited), "http"):
            found = f"{_called(awaited)} is" if awaited is not None else "nothing is"
            raise Otherwise(f"{line.tool} is not called; {found}")
        if line.given is not None and isinstance(awaited, CallEffect):
            for name, value in line.given.items():
                if awaited.arguments.get(name) != value:
                    raise Otherwise(f"{line.tool} is given {name} = {awaited.arguments.get(name)!r}, not {value!r}")
        self.played.append(Spoken(who="tool", text=f"{_called(awaited)} {_shown(awaited)}".strip()))
        error = ToolFailure(code=line.error, message=line.error) if line.error else None
        self._went(resume(self.flows, self.state, line.result if error is None else None, error))

    def _went(self, step: Step) -> None:
        self.state, self.awaits = step.run, step.awaits
        self.unread.extend(step.effects)
        for effect in step.effects:
            if isinstance(effect, SayEffect | AskEffect):
                self.played.append(Spoken(who="bot", text=blocks_in_words(speak(self.flows, effect, self.manner))))
            elif isinstance(effect, HandoverEffect):
                self.played.append(Spoken(who="person", text=effect.reason))

    def _must(self, line: Turned, kind: Any) -> None:
        """The next of what happened that is as the line says; what stands before it need not be in the example."""
        said = []
        for index, effect in enumerate(self.unread):
            if isinstance(effect, kind) and self._fits(line, effect):
                del self.unread[: index + 1]
                return
            if isinstance(effect, SayEffect | AskEffect):
                said.append(effect.answer)
            elif isinstance(effect, HandoverEffect):
                said.append(f"a hand-over ({effect.reason})")
        wanted = line.handover or line.bot or line.says
        awaited = f"; {_called(self.awaits)} is awaited" if self.awaits is not None else ""
        raise Otherwise(f"expected “{wanted}”, found {', '.join(said) or 'nothing'}{awaited}")

    def _fits(self, line: Turned, effect: Effect) -> bool:
        if isinstance(effect, HandoverEffect):
            return line.handover in (effect.reason, "any")
        if not isinstance(effect, SayEffect | AskEffect):
            return False
        if line.bot and line.bot not in (effect.answer, f"{effect.flow}.{effect.answer}"):
            return False
        return not line.says or fold(line.says) in fold(blocks_in_words(speak(self.flows, effect, self.manner)))


def _called(effect: CallEffect | HttpEffect | SearchEffect) -> str:
    if isinstance(effect, CallEffect):
        return effect.tool
    return "http" if isinstance(effect, HttpEffect) else "knowledge"


def _shown(effect: CallEffect | HttpEffect) -> str:
    if isinstance(effect, HttpEffect):
        return f"{effect.method} {effect.url}"
    return ", ".join(f"{name}: {value}" for name, value in effect.arguments.items())


def blocks_in_words(blocks: list[Block]) -> str:
    """Blocks as plain words, a line each."""
    lines: list[str] = []
    for block in blocks:
        match block:
            case Text(text=text):
                lines.append(text)
            case Choices(text=text, choices=choices):
                lines += [text] if text else []
                lines.append(" · ".join(f"[{one.label}]" for one in choices))
            case Cards(cards=cards):
                lines += [" – ".join(filter(None, (card.title, card.price, *card.lines))) for card in cards]
            case Link(label=label, url=url):
                lines.append(f"{label}: {url}")
    return "\n".join(lines)
