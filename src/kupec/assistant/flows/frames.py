"""What a walk stands on: its own copy of the run, the frames of flows that wait below one another, and what is said."""

from typing import Any, Final

import msgspec

from kupec.assistant.flows.expressions import holds
from kupec.assistant.flows.flow import Collect, Node, Program, Slot
from kupec.assistant.flows.flow_set import FlowSet
from kupec.assistant.flows.run import (
    AskEffect,
    DoneEffect,
    Effect,
    Frame,
    HandoverEffect,
    IdentifyEffect,
    Option,
    RunState,
    SayEffect,
    StartEffect,
    Step,
    TurnInput,
)
from kupec.assistant.flows.wording import in_words, options_of, shown_by, used_by

MOST_STEPS: Final = 200
"""Steps walked in one go: a flow that needs more runs in circles."""
MOST_FRAMES: Final = 8


class Frames:
    """The frames of one turn. `effects` gather in order; `stopped` once something is asked or awaited."""

    def __init__(self, flow_set: FlowSet, run: RunState) -> None:
        self.flows = flow_set
        self.run = msgspec.convert(msgspec.to_builtins(run), RunState)
        self.effects: list[Effect] = []
        self.stopped = False
        self.budget = MOST_STEPS
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
        self.pattern("pattern_interrupted", {"flow_title": self.whole_title(frame), "by": by})

    def whole_title(self, frame: Frame) -> str:
        """What the customer is about: the title of the flow that was begun, not of one that it runs."""
        at = self.run.frames.index(frame)
        while at > 0 and self.run.frames[at].sub:
            at -= 1
        return self.program(self.run.frames[at]).title(self.run.language)

    def other_way(self, frame: Frame) -> bool:
        """Go the way that a flow has for who does not know what is asked, if it has one."""
        node = self.node(frame)
        steps = node.step.on_unknown if node is not None and isinstance(node.step, Collect) else []
        if node is not None and steps:
            frame.at, frame.waits, frame.misheard = self.program(frame).inside(node, "on_unknown", steps), "", 0
        return bool(steps)

    # -- saying and asking

    def ask(self, frame: Frame, name: str, slot: Slot, step: Collect) -> None:
        options = options_of(slot.choices, self.values(frame), self.run.language)
        if not options and slot.type == "boolean":
            options = self.yes_or_no()
        if not options and slot.type == "product":
            options = self.shown_for(frame.flow, name)
        self.question(frame, name, step.ask or slot.ask, options)
        frame.waits = "answer"

    def shown_for(self, flow: str, slot: str) -> tuple[Option, ...]:
        """Of the cards that were shown, what their buttons would have brought to this slot."""
        start = f"flow:{flow}:{slot}="
        shown = ((value.removeprefix(start), title) for value, title in self.run.shown if value.startswith(start))
        return tuple(Option(label=title, value=value) for value, title in shown if "&" not in value)

    def yes_or_no(self) -> tuple[Option, ...]:
        yes, no = in_words(True, self.run.language), in_words(False, self.run.language)
        return Option(label=yes.capitalize(), value="yes"), Option(label=no.capitalize(), value="no")

    def question(self, frame: Frame, slot: str, answer: str, options: tuple[Option, ...]) -> None:
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
        found = self.program(frame).flow.answers.get(answer)
        offered = options_of(found.choices, values, self.run.language) if found is not None else ()
        self.run.choices = [(option.value, option.label) for option in offered]
        if found is not None and (found.cards is not None or found.list is not None):
            self.run.shown = shown_by(found, values, self.run.language)

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
