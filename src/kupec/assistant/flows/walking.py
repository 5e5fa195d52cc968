"""Walking through flows: what each kind of step does, and the frames of flows that wait below one another."""

from typing import Any, Final

import msgspec

from kupec.assistant.flows.expressions import holds, look_up, value_of
from kupec.assistant.flows.flow import (
    Again,
    Branch,
    Call,
    Collect,
    Do,
    End,
    Hand,
    Http,
    Link,
    Node,
    Program,
    Say,
    Set,
    Slot,
    Sub,
    worded,
)
from kupec.assistant.flows.flow_set import FlowSet
from kupec.assistant.flows.http_values import filled_request
from kupec.assistant.flows.run import (
    AskEffect,
    CallEffect,
    DoneEffect,
    Effect,
    Frame,
    HandoverEffect,
    HttpEffect,
    IdentifyEffect,
    Option,
    RunState,
    SayEffect,
    SearchEffect,
    StartEffect,
    Step,
    TurnInput,
)
from kupec.assistant.flows.wording import fill, in_words, options_of, used_by

MOST_STEPS: Final = 200
"""Steps walked in one go: a flow that needs more runs in circles."""
MOST_FRAMES: Final = 8
Awaited = CallEffect | HttpEffect | SearchEffect


class Walk:
    """One turn's walk. `run` is its own copy; `effects` gather in order."""

    def __init__(self, flow_set: FlowSet, run: RunState) -> None:
        self.flows = flow_set
        self.run = msgspec.convert(msgspec.to_builtins(run), RunState)
        self.effects: list[Effect] = []
        self.stopped = False
        self._budget = MOST_STEPS
        frames = self.run.frames
        self.run.frames = [frame for frame in frames if flow_set.pinned(frame.flow, frame.version) is not None]

    def step(self) -> Step:
        return Step(run=self.run, effects=tuple(self.effects))

    def hear(self, turn: TurnInput) -> None:
        run = self.run
        run.language, run.channel, run.context = turn.language, turn.channel, turn.context
        self.stopped = False

    # -- what stands where

    @property
    def top(self) -> Frame | None:
        return self.run.frames[-1] if self.run.frames else None

    def program(self, frame: Frame) -> Program:
        found = self.flows.pinned(frame.flow, frame.version)
        assert found is not None, "frames without a program were left out"
        return found

    def node(self, frame: Frame) -> Node | None:
        return self.program(frame).nodes.get(frame.at)

    def slot(self, frame: Frame, name: str) -> Slot:
        return self.program(frame).flow.slots.get(name) or Slot(type="any")

    def values(self, frame: Frame | None = None) -> dict[str, Any]:
        """What names stand for: the context, above it the slots."""
        run = self.run
        around = {**run.context, "language": run.language, "channel": run.channel}
        return {**around, **frame.slots} if frame is not None else around

    def asked(self, frame: Frame) -> str:
        """The slot a frame waits for, "" for none."""
        node = self.node(frame)
        return node.step.collect if node is not None and isinstance(node.step, Collect) else ""

    # -- beginning and ending

    def begin(self, code: str, slots: dict[str, Any], *, sub: bool = False) -> Frame | None:
        """Put a flow on top of what stands. None when there is no such flow."""
        program = self.flows.get(code)
        if program is None or len(self.run.frames) >= MOST_FRAMES:
            return None
        given = {name: slot.default for name, slot in program.flow.slots.items() if slot.default is not None}
        frame = Frame(flow=code, version=program.version, at=program.first, slots={**given, **slots}, sub=sub)
        self.run.frames.append(frame)
        if not program.flow.is_pattern:
            self.effects.append(StartEffect(flow=code, version=program.version))
            if program.flow.audience == "customer" and not self.run.context.get("signed_in"):
                self._identify(frame)
        return frame

    def _identify(self, frame: Frame) -> None:
        frame.waits = "identity"
        self.say_of("pattern_identify", "identify", {"flow_title": self.program(frame).title(self.run.language)})
        self.effects.append(IdentifyEffect(flow=frame.flow))
        self.stopped = True

    def pattern(self, code: str, slots: dict[str, Any]) -> None:
        """Start a pattern; without it the conversation goes to a person rather than nowhere."""
        if self.begin(code, slots) is None:
            self.effects.append(HandoverEffect(reason="error", summary=code))
            self.stopped = True

    def may_begin(self, code: str) -> bool:
        program = self.flows.get(code)
        if program is None or program.flow.is_pattern:
            return False
        flow = program.flow
        return (not flow.channels or self.run.channel in flow.channels) and holds(flow.when, self.values())

    def done(self, frame: Frame, outcome: Any) -> None:
        """A frame is over and gone."""
        self.run.frames.remove(frame)
        if not self.program(frame).flow.is_pattern:
            self.effects.append(DoneEffect(flow=frame.flow, version=frame.version, outcome=outcome))

    def interrupted(self, *, by: str) -> None:
        """Ask whether to go on with the flow that stands open."""
        frame = self.top
        assert frame is not None, "something stands open"
        if self.program(frame).flow.is_pattern:
            frame.waits = ""
            return
        title = self.program(frame).title(self.run.language)
        self.pattern("pattern_interrupted", {"flow_title": title, "by": by})

    # -- walking

    def go(self) -> None:
        """Walk until something is asked, awaited or over."""
        while not self.stopped and self.run.frames:
            self._budget -= 1
            if self._budget < 0:
                self._give_up()
                return
            frame = self.run.frames[-1]
            node = self.node(frame)
            if node is None:
                self._over(frame)
            else:
                self._walk(frame, node)

    def _walk(self, frame: Frame, node: Node) -> None:
        frame.waits = ""
        match node.step:
            case Collect():
                self._collect(frame, node, node.step)
            case Say(say=answer):
                self.say(frame, answer)
                frame.at = node.next
            case Call() | Http():
                self._before_call(frame, node)
            case Branch():
                frame.at = self._branch(frame, node, node.step)
            case Set(set=values):
                self._set(frame, values)
                frame.at = node.next
            case Link():
                self._link(frame, node.step)
            case Sub():
                self._sub(frame, node, node.step)
            case Again(again=slot):
                frame.slots.pop(slot, None)
                frame.asked = [one for one in frame.asked if one != slot]
                frame.at = self.program(frame).collects.get(slot, node.next)
            case Hand():
                self._hand(frame, node.step)
            case End():
                frame.at = ""
            case Do(do=what):
                self._do(frame, node, what)

    def _give_up(self) -> None:
        for frame in reversed(list(self.run.frames)):
            self.done(frame, "failed")
        self.effects.append(HandoverEffect(reason="error", summary=""))
        self.stopped = True

    def _over(self, frame: Frame) -> None:
        is_pattern = self.program(frame).flow.is_pattern
        self.done(frame, "completed")
        below = self.top
        if below is None:
            if not is_pattern:
                self._completed(frame)
        elif frame.sub:
            self._back_from(frame, below)
        elif not is_pattern:
            self.interrupted(by="flow")
        else:
            self.stopped = below.waits != ""

    def _completed(self, frame: Frame) -> None:
        self.run.completed += 1
        self.run.misunderstood = 0
        given = {"changed": frame.changed, "completed": self.run.completed, "asked_more": self.run.asked_more}
        pattern = self.flows.get("pattern_completed")
        if pattern is not None and holds(pattern.flow.when, {**self.values(), **given}):
            self.run.asked_more = True
            self.begin("pattern_completed", given)

    def _back_from(self, frame: Frame, below: Frame) -> None:
        node = self.node(below)
        if node is not None and isinstance(node.step, Sub):
            for ours, theirs in node.step.into.items():
                below.slots[ours] = frame.slots.get(theirs)
            below.at = node.next
        below.changed |= frame.changed
        if frame.changed:
            below.trail = []

    # -- the kinds of steps

    def _collect(self, frame: Frame, node: Node, step: Collect) -> None:
        name, slot = step.collect, self.slot(frame, step.collect)
        first = slot.ask_first if step.ask_first is None else step.ask_first
        if first and name not in frame.asked:
            frame.slots.pop(name, None)
        if frame.slots.get(name) is None and not (slot.optional and name in frame.asked):
            self._ask(frame, name, slot, step)
            return
        for rejection in (*slot.rejections, *step.rejections):
            if holds(rejection.when, self.values(frame)):
                self.say(frame, rejection.say)
                del frame.slots[name]
                frame.refused = True
                self._ask(frame, name, slot, step)
                return
        frame.refused = False
        if node.path not in frame.trail:
            frame.trail.append(node.path)
        frame.at = node.next

    def _ask(self, frame: Frame, name: str, slot: Slot, step: Collect) -> None:
        options = options_of(slot.choices, self.values(frame), self.run.language)
        if not options and slot.type == "boolean":
            yes, no = in_words(True, self.run.language), in_words(False, self.run.language)
            options = (Option(label=yes.capitalize(), value="yes"), Option(label=no.capitalize(), value="no"))
        self._question(frame, name, step.ask or slot.ask, options)
        frame.waits = "answer"

    def _question(self, frame: Frame, slot: str, answer: str, options: tuple[Option, ...]) -> None:
        self.effects.append(
            AskEffect(
                flow=frame.flow,
                version=frame.version,
                slot=slot,
                answer=answer,
                values=self.used(frame, answer),
                choices=options,
                again=frame.misheard > 0 or frame.refused,
            )
        )
        self.run.choices = [(option.value, option.label) for option in options]
        self.stopped = True

    def say(self, frame: Frame, answer: str) -> None:
        values = self.used(frame, answer)
        self.effects.append(SayEffect(flow=frame.flow, version=frame.version, answer=answer, values=values))

    def say_of(self, code: str, answer: str, values: dict[str, Any]) -> None:
        """An answer of another flow's: the words of a pattern without its steps."""
        program = self.flows.get(code)
        if program is not None and answer in program.flow.answers:
            self.effects.append(SayEffect(flow=code, version=program.version, answer=answer, values=values))

    def used(self, frame: Frame, answer: str) -> dict[str, Any]:
        """Of what is known, what this answer's texts are filled with."""
        found = self.program(frame).flow.answers.get(answer)
        values = self.values(frame)
        return {name: values[name] for name in sorted(used_by(found)) if name in values} if found is not None else {}

    def _branch(self, frame: Frame, node: Node, step: Branch) -> str:
        values, program = self.values(frame), self.program(frame)
        for index, case in enumerate(step.branch):
            if case.when is not None and holds(case.when, values):
                return program.inside(node, f"branch[{index}].then", case.then)
            if case.else_ is not None:
                return program.inside(node, f"branch[{index}].else", case.else_)
        return node.next

    def _set(self, frame: Frame, values: dict[str, Any]) -> None:
        known = self.values(frame)
        for name, expression in values.items():
            value = value_of(expression, known)
            if value is None:
                frame.slots.pop(name, None)
            else:
                frame.slots[name] = value

    def _link(self, frame: Frame, step: Link) -> None:
        known = self.values(frame)
        given = {name: value_of(one, known) for name, one in step.with_.items()}
        below_sub = frame.sub
        self.done(frame, "linked")
        began = self.begin(step.link, given, sub=below_sub)
        if began is not None:
            began.changed = frame.changed
        elif self.top is None:
            self.pattern("pattern_cannot_handle", {"misunderstood": 1, "error_text": ""})

    def _sub(self, frame: Frame, node: Node, step: Sub) -> None:
        known = self.values(frame)
        given = {name: value_of(one, known) for name, one in step.with_.items()}
        if self.begin(step.flow, given, sub=True) is None:
            frame.at = node.next

    def _hand(self, frame: Frame, step: Hand) -> None:
        program = self.program(frame)
        reason = str(frame.slots.get("reason") or step.handover) if program.flow.is_pattern else step.handover
        summary = fill(step.summary, self.values(frame), self.run.language) or self.summary()
        slots = {name: value for one in self.run.frames for name, value in self._collected(one).items()}
        if step.say:
            self.say(frame, step.say)
        elif frame.flow != "pattern_handover":
            self.say_of("pattern_handover", "handing_over", self.values())
        flow = next((one.flow for one in reversed(self.run.frames) if not one.flow.startswith("pattern_")), "")
        self.done(frame, "handed_over")
        while self.top is not None and self.program(self.top).flow.is_pattern:
            self.done(self.top, "handed_over")
        self.effects.append(HandoverEffect(reason=reason, summary=summary, slots=slots, flow=flow))
        self.stopped = True

    def summary(self) -> str:
        """What the flows know so far, a line each."""
        lines = []
        for frame in self.run.frames:
            flow = self.program(frame).flow
            if flow.is_pattern:
                continue
            said = [
                f"{worded(flow.slots[name].label, self.run.language) or name}: {in_words(value, self.run.language)}"
                for name, value in self._collected(frame).items()
            ]
            lines.append(": ".join(filter(None, (self.program(frame).title(self.run.language), ", ".join(said)))))
        return "\n".join(lines)

    def _collected(self, frame: Frame) -> dict[str, Any]:
        slots = self.program(frame).flow.slots
        return {name: frame.slots[name] for name in slots if frame.slots.get(name) is not None}

    def _do(self, frame: Frame, node: Node, what: str) -> None:
        if not self.program(frame).flow.is_pattern:
            frame.at = node.next
            return
        chosen = frame.slots.get("chosen")
        self.done(frame, "completed")
        below = self.top
        if what == "begin":
            if isinstance(chosen, str) and self.may_begin(chosen):
                self.begin(chosen, {})
            elif below is not None:
                below.waits = ""
        elif below is not None and what == "resume":
            below.waits = ""
        elif below is not None and what == "drop":
            self.drop()
        self.stopped = self.stopped or self.top is None

    def drop(self) -> None:
        """The flow on top is given up, with those that it runs within."""
        frame = self.top
        while frame is not None:
            whole = not frame.sub
            self.done(frame, "cancelled")
            frame = None if whole else self.top
        if self.top is not None:
            self.interrupted(by="flow")

    # -- calls

    def _before_call(self, frame: Frame, node: Node) -> None:
        step: Call | Http = node.step
        if step.confirm:
            yes, no = in_words(True, self.run.language), in_words(False, self.run.language)
            options = (Option(label=yes.capitalize(), value="yes"), Option(label=no.capitalize(), value="no"))
            self._question(frame, "", step.confirm, options)
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
        else:
            self.not_understood()

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
        if (tool is not None and tool.changes) or (isinstance(step, Http) and step.http.method != "GET"):
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
        self.pattern("pattern_cannot_handle", {"misunderstood": 1, "error_text": error.message})
