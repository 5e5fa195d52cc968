"""Calling tools and other systems, asking knowledge, and putting what comes of it where it belongs."""

from typing import Any

import msgspec

from kupec.assistant.flows.expressions import look_up, value_of
from kupec.assistant.flows.flow import Call, Http, Node
from kupec.assistant.flows.frames import Frames
from kupec.assistant.flows.http_values import filled_request
from kupec.assistant.flows.run import CallEffect, Frame, HttpEffect, SearchEffect

Awaited = CallEffect | HttpEffect | SearchEffect


class Calls(Frames):
    """A walk that can call."""

    def before_call(self, frame: Frame, node: Node) -> None:
        step: Call | Http = node.step
        if step.confirm:
            self.question(frame, "", step.confirm, self.yes_or_no())
            frame.waits = "confirm"
        else:
            self.call(frame, node)

    def call(self, frame: Frame, node: Node) -> None:
        """Call what the step calls, and wait for it."""
        step: Call | Http = node.step
        self.run.calls += 1
        key = f"{frame.flow}.{frame.version}.{self.run.calls}"
        known = self.values(frame)
        if isinstance(step, Call):
            given = {name: value_of(one, known) for name, one in step.with_.items()}
            arguments = {name: value for name, value in given.items() if value is not None}
            effect: Awaited = CallEffect(tool=step.call, arguments=arguments, key=key)
        else:
            effect = filled_request(step.http, known, key)
        frame.waits = "result"
        self._await(effect)

    def search(self, text: str, article: str = "") -> None:
        self.run.search = text
        self._await(SearchEffect(text=text, article=article))

    def _await(self, effect: Awaited) -> None:
        self.run.pending = msgspec.to_builtins(effect)
        self.effects.append(effect)
        self.stopped = True

    def await_again(self) -> None:
        """What was awaited is asked for again, under the same key."""
        self.effects.append(msgspec.convert(self.run.pending, Awaited))
        self.stopped = True

    def settle(self, result: Any, error: Any) -> None:
        """Put a result, or an error, where it belongs. Without anything awaited it is nobody's."""
        pending, self.run.pending = self.run.pending, None
        frame = self.top
        if pending is None:
            self.stopped = True
        elif pending["type"] == "search":
            self._searched(bool(result and result.get("found")) if isinstance(result, dict) else False)
        elif frame is not None and (node := self.node(frame)) is not None and frame.waits == "result":
            if error is None:
                self._store(frame, node, result)
            else:
                self._failed(frame, node, error)

    def _searched(self, found: bool) -> None:
        self.run.search = ""
        frame = self.top
        if found:
            self.run.misunderstood = 0
            if frame is None:
                self.stopped = True
            else:
                self.interrupted(by="knowledge")
        elif frame is None or self.slot(frame, self.asked(frame)).type != "order" or not self.other_way(frame):
            self.not_understood()  # who tells a story where a number was asked for does not have it

    def not_understood(self) -> None:
        """Neither a flow nor an article: ask again, and after a few times a person."""
        frame = self.top
        self.run.misunderstood += 1
        if frame is None:
            self.pattern("pattern_cannot_handle", {"misunderstood": self.run.misunderstood, "error_text": ""})
        else:
            frame.misheard += 1
            self.pattern("pattern_misunderstood", {"misheard": frame.misheard})

    def _store(self, frame: Frame, node: Node, result: Any) -> None:
        step: Call | Http = node.step
        if isinstance(step.into, dict):
            for slot, path in step.into.items():
                frame.slots[slot] = look_up(tuple(path.split(".")), {"result": result})
        else:
            frame.slots[step.into or getattr(step, "call", "result")] = result
        tool = self.flows.tools.get(step.call) if isinstance(step, Call) else None
        # What needed no question can be done again as well: a correction may go back past it.
        changes = tool is not None and tool.changes and not tool.sure
        if changes or (isinstance(step, Http) and step.http.method != "GET"):
            frame.changed, frame.trail = True, []
        frame.at, frame.waits = node.next, ""

    def _failed(self, frame: Frame, node: Node, error: Any) -> None:
        step: Call | Http = node.step
        frame.slots["error"] = {"code": error.code, "message": error.message}
        for code in (error.code, "else"):
            if code in step.on_error:
                frame.at = self.program(frame).inside(node, f"on_error.{code}", step.on_error[code])
                frame.waits = ""
                return
        self.done(frame, "failed")
        while frame.sub and self.top is not None:
            frame = self.top
            self.done(frame, "failed")
        if error.message:
            self.pattern("pattern_cannot_handle", {"misunderstood": 1, "error_text": error.message})
        else:  # it broke, and nobody knows how far it came
            self.pattern("pattern_handover", {"reason": "error"})
