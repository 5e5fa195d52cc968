"""A flow as a tree of lines for people: what each step does, in its place, whatever the text looks like."""

from collections.abc import Iterator
from typing import Any

import msgspec

from kupec.assistant.flows.flow import (
    Again,
    Answer,
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
    Sub,
    worded,
)
from kupec.kit.text import shorten

_LONGEST = 90


class Twig(msgspec.Struct, frozen=True, kw_only=True):
    """A step: `kind` as in the document, `text` what about, `detail` its words, `below` where it leads."""

    kind: str
    text: str
    path: str
    detail: str = ""
    below: tuple["Fork", ...] = ()


class Fork(msgspec.Struct, frozen=True, kw_only=True):
    """One way out of a step: `kind` is "when", "else", "no" or "error", `text` its condition or code."""

    kind: str
    text: str
    steps: tuple[Twig, ...]


def outline(flow: Flow, language: str) -> tuple[Twig, ...]:
    """The tree of a flow's steps, its answers in `language`."""
    return tuple(_Outline(flow, language).twigs(flow.steps, "steps"))


class _Outline:
    def __init__(self, flow: Flow, language: str) -> None:
        self.flow = flow
        self.language = language

    def twigs(self, steps: list[Any], path: str) -> Iterator[Twig]:
        for index, step in enumerate(steps):
            yield self._twig(step, f"{path}[{index}]")

    def _twig(self, step: Any, path: str) -> Twig:
        match step:
            case Collect(collect=slot):
                declared = self.flow.slots.get(slot)
                asked = step.ask or (declared.ask if declared is not None else "")
                kind = declared.type if declared is not None else "?"
                return Twig(
                    kind="collect",
                    text=f"{slot}: {kind}",
                    detail=self._words(asked),
                    path=path,
                    below=self._unknown(step, path),
                )
            case Say(say=answer):
                return Twig(kind="say", text=answer if "." not in answer else "", detail=self._words(answer), path=path)
            case Call():
                given = ", ".join(step.with_)
                text = f"{step.call}({given})"
                return Twig(
                    kind="call", text=text, detail=self._words(step.confirm), path=path, below=self._ways(step, path)
                )
            case Http():
                text = f"{step.http.method} {step.http.url}"
                return Twig(
                    kind="http", text=text, detail=self._words(step.confirm), path=path, below=self._ways(step, path)
                )
            case Branch():
                return Twig(kind="branch", text="", path=path, below=tuple(self._cases(step, path)))
            case Link(link=code):
                return Twig(kind="link", text=code, path=path)
            case Sub(flow=code):
                return Twig(kind="flow", text=code, path=path)
            case Set(set=values):
                text = ", ".join(f"{name} = {value}" for name, value in values.items())
                return Twig(kind="set", text=shorten(text, _LONGEST), path=path)
            case Again(again=slot):
                return Twig(kind="again", text=slot, path=path)
            case Hand(handover=reason):
                return Twig(kind="handover", text=reason, detail=self._words(step.say), path=path)
            case Do(do=what):
                return Twig(kind="do", text=what, path=path)
            case End():
                return Twig(kind="end", text="", path=path)
        return Twig(kind="?", text="", path=path)

    def _cases(self, step: Branch, path: str) -> Iterator[Fork]:
        for index, case in enumerate(step.branch):
            here = f"{path}.branch[{index}]"
            if case.when is not None:
                yield Fork(kind="when", text=str(case.when), steps=tuple(self.twigs(case.then, f"{here}.then")))
            elif case.else_ is not None:
                yield Fork(kind="else", text="", steps=tuple(self.twigs(case.else_, f"{here}.else")))

    def _unknown(self, step: Collect, path: str) -> tuple[Fork, ...]:
        steps = tuple(self.twigs(step.on_unknown, f"{path}.on_unknown"))
        return (Fork(kind="unknown", text="", steps=steps),) if steps else ()

    def _ways(self, step: Call | Http, path: str) -> tuple[Fork, ...]:
        found = []
        if step.on_no:
            found.append(Fork(kind="no", text="", steps=tuple(self.twigs(step.on_no, f"{path}.on_no"))))
        for code, steps in step.on_error.items():
            found.append(Fork(kind="error", text=code, steps=tuple(self.twigs(steps, f"{path}.on_error.{code}"))))
        return tuple(found)

    def _words(self, name: str) -> str:
        answer: Answer | None = self.flow.answers.get(name)
        return shorten(worded(answer.text, self.language), _LONGEST) if answer is not None else ""
