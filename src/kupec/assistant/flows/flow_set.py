"""The flows that hold, and the older versions that runs still stand in: all the engine knows of the world."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from kupec.assistant.flows.flow import Program


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as flows see it. `arguments`: whether each must be given. `result`: its fields, dotted."""

    name: str
    arguments: dict[str, bool] = {}
    result: tuple[str, ...] | None = None
    errors: tuple[str, ...] = ()
    audience: str = "guest"
    changes: bool = False
    sure: bool = False


class FlowSet:
    """Flows by code as they hold, and by code and version for runs that began with them."""

    def __init__(
        self,
        holding: Iterable[Program],
        *,
        pinned: Iterable[Program] = (),
        tools: Mapping[str, Signature] | None = None,
    ) -> None:
        self._holding = {program.flow.code: program for program in holding}
        self._pinned = {(program.flow.code, program.version): program for program in pinned}
        self.tools = dict(tools or {})

    def __iter__(self) -> Iterator[Program]:
        return iter(self._holding.values())

    def __contains__(self, code: str) -> bool:
        return code in self._holding

    def get(self, code: str) -> Program | None:
        """The version that holds."""
        return self._holding.get(code)

    def pinned(self, code: str, version: int) -> Program | None:
        """The version a run began with, None when it cannot be had any more."""
        holding = self._holding.get(code)
        if holding is not None and holding.version == version:
            return holding
        return self._pinned.get((code, version))

    def missing(self, pins: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
        """Which of these versions are not in the set."""
        return [pin for pin in pins if self.pinned(*pin) is None]

    def with_pinned(self, programs: Iterable[Program]) -> "FlowSet":
        return FlowSet(self._holding.values(), pinned=[*self._pinned.values(), *programs], tools=self.tools)

    def with_tools(self, tools: Mapping[str, Signature]) -> "FlowSet":
        return FlowSet(self._holding.values(), pinned=self._pinned.values(), tools=tools)

    def holding(self, program: Program) -> "FlowSet":
        """The same with one flow in another version: to try a draft."""
        others = [one for one in self if one.flow.code != program.flow.code]
        return FlowSet([*others, program], pinned=self._pinned.values(), tools=self.tools)


def phrases(flow_set: FlowSet) -> list[tuple[str, str, str]]:
    """What flows are asked for with, to learn from: text, language, code of the flow."""
    return [
        (phrase, language, program.flow.code)
        for program in flow_set
        for language, phrases in program.flow.phrasings.items()
        for phrase in phrases
    ]
