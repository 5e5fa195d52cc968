"""Whether a flow may be published: every tool, slot, answer, name and channel it speaks of must be there.

What is found is told with its path and line, and with what would be right.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from kupec.assistant.flows.answer_checking import answer_problems, names_problem, words_problems
from kupec.assistant.flows.document import Problem
from kupec.assistant.flows.expressions import NotAnExpression, names_in, parse
from kupec.assistant.flows.flow import (
    Again,
    Branch,
    Call,
    Collect,
    Do,
    End,
    Flow,
    Hand,
    Http,
    Link,
    Say,
    Set,
    Slot,
    Sub,
    blocks_of,
)
from kupec.assistant.flows.flow_set import Signature
from kupec.conversations import Capabilities
from kupec.kit.i18n import LANGUAGES

CONTEXT: Final = (
    "channel",
    "language",
    "signed_in",
    "foreign",
    "cart_filled",
    "voice",
    "audience",
    "today",
    "market",
    "currency",
    "name",
    "error",
)
"""Names that always stand for something, besides a flow's own slots and results."""
_ENDS: Final = (Link, End, Hand, Do)
LONGEST_PHRASING: Final = 200


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow may speak of. Without `channels` nothing is said about them."""

    tools: dict[str, Signature]
    flows: frozenset[str] = frozenset()
    channels: dict[str, Capabilities] = {}
    hosts: frozenset[str] = frozenset()


def check_flow(flow: Flow, around: Surroundings) -> list[Problem]:
    """Everything that keeps a flow from being published, in the order of the document."""
    return list(_Check(flow, around).problems())


class _Check:
    def __init__(self, flow: Flow, around: Surroundings) -> None:
        self.flow = flow
        self.around = around
        self.results = dict(_results(flow.steps))
        self.names = frozenset((*CONTEXT, *flow.slots, *self.results, *_set_names(flow.steps)))

    def problems(self) -> Iterator[Problem]:
        flow = self.flow
        yield from words_problems(flow.title, "title")
        for language, phrasings in flow.phrasings.items():
            if language not in LANGUAGES:
                yield Problem(path=f"phrasings.{language}", message=f"expected one of {', '.join(LANGUAGES)}")
            for index, phrasing in enumerate(phrasings):
                if not 0 < len(phrasing.strip()) <= LONGEST_PHRASING:
                    expected = f"expected words, at most {LONGEST_PHRASING} characters"
                    yield Problem(path=f"phrasings.{language}[{index}]", message=expected)
        for channel in flow.channels:
            yield from self._channel(channel, "channels")
        yield from self._expression(flow.when, "when")
        for name, slot in flow.slots.items():
            yield from self._slot(name, slot)
        if not flow.steps:
            yield Problem(path="steps", message="expected at least one step")
        yield from self._steps(flow.steps, "steps")
        for name, answer in flow.answers.items():
            path = name if "." in name else f"answers.{name}"
            yield from answer_problems(answer, path, self.names, flow.channels, self.around.channels)
        if not flow.examples and not flow.is_pattern:
            yield Problem(path="examples", message="expected at least one example: what is said, and what must follow")

    def _slot(self, name: str, slot: Slot) -> Iterator[Problem]:
        path = f"slots.{name}"
        if name in CONTEXT:
            yield Problem(path=path, message=f"“{name}” always stands for something else; expected another name")
        if slot.label:
            yield from words_problems(slot.label, f"{path}.label")
        if (slot.type == "choice") != bool(slot.choices):
            yield Problem(path=f"{path}.choices", message="expected choices for a slot of type choice, and only there")
        yield from self._answer(slot.ask, f"{path}.ask")
        if isinstance(slot.choices, tuple):
            for index, one in enumerate(slot.choices):
                yield from words_problems(one.label, f"{path}.choices[{index}].label")
        else:
            yield from self._name(tuple(slot.choices.source.split(".")), f"{path}.choices.from")
        for index, rejection in enumerate(slot.rejections):
            yield from self._expression(rejection.when, f"{path}.rejections[{index}].when")
            yield from self._answer(rejection.say, f"{path}.rejections[{index}].say")

    def _steps(self, steps: list[Any], path: str) -> Iterator[Problem]:
        for index, step in enumerate(steps):
            here = f"{path}[{index}]"
            if index and isinstance(steps[index - 1], _ENDS):
                yield Problem(path=here, message="is never reached: the step above ends the flow")
            yield from self._step(step, here)
            for name, inner in blocks_of(step):
                yield from self._steps(inner, f"{here}.{name}")

    def _step(self, step: Any, path: str) -> Iterator[Problem]:
        match step:
            case Collect():
                yield from self._collect(step, path)
            case Say():
                yield from self._answer(step.say, f"{path}.say")
            case Call():
                yield from self._call(step, path)
            case Http():
                yield from self._http(step, path)
            case Branch():
                yield from self._branch(step, path)
            case Link():
                yield from self._target(step.link, f"{path}.link")
                yield from self._values(step.with_, f"{path}.with")
            case Sub():
                yield from self._target(step.flow, f"{path}.flow")
                yield from self._values(step.with_, f"{path}.with")
            case Set():
                yield from self._values(step.set, f"{path}.set")
            case Again():
                if not any(isinstance(one, Collect) and one.collect == step.again for one in _all(self.flow.steps)):
                    yield Problem(
                        path=f"{path}.again", message=f"expected a slot that is collected, not “{step.again}”"
                    )
            case Hand():
                yield from self._answer(step.say, f"{path}.say")
                yield from names_problem(step.summary, f"{path}.summary", self.names)
            case Do() if not self.flow.is_pattern:
                yield Problem(path=f"{path}.do", message="stands in patterns only")

    def _collect(self, step: Collect, path: str) -> Iterator[Problem]:
        slot = self.flow.slots.get(step.collect)
        if slot is None:
            known = ", ".join(self.flow.slots) or "none are declared"
            yield Problem(
                path=f"{path}.collect", message=f"there is no slot “{step.collect}”; expected one of: {known}"
            )
        elif not step.ask and not slot.ask:
            yield Problem(path=path, message=f"expected how to ask for “{step.collect}”: `ask` here or at the slot")
        yield from self._answer(step.ask, f"{path}.ask")
        for index, rejection in enumerate(step.rejections):
            yield from self._expression(rejection.when, f"{path}.rejections[{index}].when")
            yield from self._answer(rejection.say, f"{path}.rejections[{index}].say")

    def _call(self, step: Call, path: str) -> Iterator[Problem]:
        tool = self.around.tools.get(step.call)
        if tool is None:
            near = ", ".join(sorted(self.around.tools))
            yield Problem(path=f"{path}.call", message=f"there is no tool “{step.call}”; there are: {near}")
            return
        for name, value in step.with_.items():
            if name not in tool.arguments:
                known = ", ".join(tool.arguments) or "nothing"
                yield Problem(path=f"{path}.with.{name}", message=f"{step.call} takes no “{name}”; it takes: {known}")
            yield from self._expression(value, f"{path}.with.{name}")
        for name, required in tool.arguments.items():
            if required and name not in step.with_:
                yield Problem(path=path, message=f"{step.call} must be given “{name}”")
        if tool.changes and not tool.sure and not step.confirm:
            expected = f"{step.call} changes something: expected `confirm`, what is asked before it is called"
            yield Problem(path=path, message=expected)
        if isinstance(step.into, dict) and tool.result is not None:
            for slot, field in step.into.items():
                yield from self._field(field.removeprefix("result."), tool, f"{path}.into.{slot}")
        yield from self._answer(step.confirm, f"{path}.confirm")

    def _field(self, field: str, tool: Signature, path: str) -> Iterator[Problem]:
        plain = ".".join("[]" if part.isdecimal() else part for part in field.split("."))
        if tool.result is not None and plain not in tool.result and plain != "result":
            known = ", ".join(name for name in tool.result if "." not in name)
            yield Problem(path=path, message=f"{tool.name} gives no “{field}”; it gives: {known}")

    def _http(self, step: Http, path: str) -> Iterator[Problem]:
        parts = urlsplit(step.http.url)
        if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
            yield Problem(path=f"{path}.http.url", message="expected an address that begins with https://")
        elif "{" in parts.netloc:
            yield Problem(path=f"{path}.http.url", message="expected a fixed host: values belong behind it")
        elif (parts.hostname or "") not in self.around.hosts:
            known = ", ".join(sorted(self.around.hosts)) or "none yet"
            yield Problem(
                path=f"{path}.http.url", message=f"expected an allowed host ({known}), not “{parts.hostname}”"
            )
        yield from names_problem(step.http.url, f"{path}.http.url", self.names)
        yield from self._values(step.http.query, f"{path}.http.query")
        yield from self._values(step.http.body, f"{path}.http.body")
        if "else" not in step.on_error:
            yield Problem(path=f"{path}.on_error", message="expected `else`: what happens when it does not answer")
        if step.http.method != "GET" and not step.confirm:
            yield Problem(path=path, message=f"{step.http.method} changes something: expected `confirm`")
        yield from self._answer(step.confirm, f"{path}.confirm")

    def _branch(self, step: Branch, path: str) -> Iterator[Problem]:
        for index, case in enumerate(step.branch):
            here = f"{path}.branch[{index}]"
            if (case.when is None) == (case.else_ is None):
                yield Problem(path=here, message="expected either `when` with `then`, or `else`")
            elif case.else_ is not None and index + 1 < len(step.branch):
                yield Problem(path=here, message="expected `else` as the last case")
            if case.when is not None:
                yield from self._expression(case.when, f"{here}.when")

    def _target(self, code: str, path: str) -> Iterator[Problem]:
        if code not in self.around.flows and code != self.flow.code:
            yield Problem(path=path, message=f"there is no published flow “{code}”")

    def _values(self, values: Mapping[str, Any], path: str) -> Iterator[Problem]:
        for name, value in values.items():
            yield from self._expression(value, f"{path}.{name}")

    def _answer(self, name: str, path: str) -> Iterator[Problem]:
        if name and name not in self.flow.answers:
            known = ", ".join(one for one in self.flow.answers if "." not in one) or "none yet"
            yield Problem(
                path=path, message=f"there is no answer “{name}”; expected one of: {known}, or its words here"
            )

    def _channel(self, channel: str, path: str) -> Iterator[Problem]:
        if self.around.channels and channel not in self.around.channels:
            known = ", ".join(sorted(self.around.channels))
            yield Problem(path=path, message=f"there is no channel “{channel}”; there are: {known}")

    def _expression(self, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            return
        try:
            found = parse(value)
        except NotAnExpression as error:
            yield Problem(path=path, message=f"cannot be read: expected {error}")
            return
        for name in sorted(names_in(found)):
            yield from self._name(name, path)

    def _name(self, name: tuple[str, ...], path: str) -> Iterator[Problem]:
        if name[0] not in self.names:
            yield Problem(
                path=path, message=f'“{name[0]}” is no slot and no result; a text stands in quotes: "{name[0]}"'
            )
        elif len(name) > 1 and (tool := self.around.tools.get(self.results.get(name[0], ""))) is not None:
            yield from self._field(".".join(name[1:]), tool, path)


def _all(steps: list[Any]) -> Iterator[Any]:
    for step in steps:
        yield step
        for _name, inner in blocks_of(step):
            yield from _all(inner)


def _results(steps: list[Any]) -> Iterable[tuple[str, str]]:
    """Where results stand, and of which tool."""
    for step in _all(steps):
        if isinstance(step, Call) and isinstance(step.into, str):
            yield step.into or step.call, step.call
        elif isinstance(step, Http):
            yield step.into, ""


def _set_names(steps: list[Any]) -> Iterable[str]:
    for step in _all(steps):
        if isinstance(step, Set):
            yield from step.set
        elif isinstance(step, Call | Sub) and isinstance(step.into, dict):
            yield from step.into
