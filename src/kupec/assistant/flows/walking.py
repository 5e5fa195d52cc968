"""Walking through flows: what each kind of step does."""

from typing import Any

from kupec.assistant.flows.calling import Calls
from kupec.assistant.flows.expressions import holds, value_of
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
    Say,
    Set,
    Sub,
    worded,
)
from kupec.assistant.flows.run import Frame, HandoverEffect
from kupec.assistant.flows.wording import fill, in_words


class Walk(Calls):
    """One turn's walk."""

    # -- walking

    def go(self) -> None:
        """Walk until something is asked, awaited or over."""
        while not self.stopped and self.run.frames:
            self.budget -= 1
            if self.budget < 0:
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
                self.before_call(frame, node)
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
            self.ask(frame, name, slot, step)
            return
        for rejection in (*slot.rejections, *step.rejections):
            if holds(rejection.when, self.values(frame)):
                self.say(frame, rejection.say)
                del frame.slots[name]
                frame.refused = True
                self.ask(frame, name, slot, step)
                return
        frame.refused = False
        if node.path not in frame.trail:
            frame.trail.append(node.path)
        frame.at = node.next

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
