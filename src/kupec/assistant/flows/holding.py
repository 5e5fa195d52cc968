"""The flows that hold, decoded once a process for each set of published versions."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from kupec.assistant.flows.defaults import default_patterns
from kupec.assistant.flows.document import read_flow
from kupec.assistant.flows.flow import Program
from kupec.assistant.flows.flow_set import FlowSet, Signature
from kupec.kit.db import Connection
from kupec.kit.tools import Tool

_MOST_KEPT = 500
# By code and number: a version's text never changes, so its program does not either.
_programs: dict[tuple[str, int], Program] = {}
# The flow set of the published versions seen last.
_sets: dict[frozenset[tuple[str, int]], FlowSet] = {}


async def load_flows(db: Connection) -> FlowSet:
    """The flows that are published, and the patterns Kupec comes with where none of them is."""
    rows = await db.fetch("select code, number from flow_version where state = 'published'")
    current = frozenset((row["code"], row["number"]) for row in rows)
    if current not in _sets:
        programs = await programs_of(db, sorted(current))
        own = {program.flow.code for program in programs}
        _sets.clear()
        _sets[current] = FlowSet([*(one for one in default_patterns() if one.flow.code not in own), *programs])
    return _sets[current]


async def current_flows(
    db: Connection, pins: Iterable[tuple[str, int]] = (), *, tools: Iterable[Tool] | None = None
) -> FlowSet:
    """The flows that hold, and the versions that runs are pinned to. `tools` say which calls change something."""
    holding = await load_flows(db)
    missing = sorted(set(holding.missing(pins)))
    whole = holding.with_pinned([*await programs_of(db, missing), *_shipped(missing)]) if missing else holding
    return whole if tools is None else whole.with_tools(signatures_of(tools))


def _shipped(pins: Sequence[tuple[str, int]]) -> list[Program]:
    return [program for program in default_patterns() if (program.flow.code, program.version) in pins]


async def programs_of(db: Connection, versions: Sequence[tuple[str, int]]) -> list[Program]:
    """These versions, ready to run; what cannot be read any more is left out."""
    found = {one: _programs[one] for one in versions if one in _programs}
    unknown = [one for one in versions if one not in found]
    if unknown:
        rows = await db.fetch(
            """
            select code, number, source from flow_version
             where (code, number) in (select * from unnest($1::text[], $2::int[]))
            """,
            [code for code, _number in unknown],
            [number for _code, number in unknown],
        )
        if len(_programs) > _MOST_KEPT:
            _programs.clear()
        for row in rows:
            flow = read_flow(row["source"]).flow
            if flow is not None:
                found[row["code"], row["number"]] = Program(flow, row["number"])
        _programs.update(found)
    return [found[one] for one in versions if one in found]


def signatures_of(tools: Iterable[Tool]) -> dict[str, Signature]:
    """Tools as flows see them."""
    return {tool.name: _signature(tool) for tool in tools}


def _signature(tool: Tool) -> Signature:
    return Signature(
        name=tool.name,
        arguments={field.encode_name: field.required for field in msgspec.structs.fields(tool.arguments)},
        result=tuple(_fields(tool.result)),
        audience=tool.audience,
        changes=tool.changes,
        sure=tool.sure,
    )


def _fields(kind: type[msgspec.Struct], prefix: str = "", depth: int = 0) -> list[str]:
    """Every field of a result by its dotted name; members of lists under "[]"."""
    found: list[str] = []
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}{field.encode_name}"
        found.append(name)
        inner, many = _inner(field.type)
        if inner is not None and depth < 4:
            found += _fields(inner, f"{name}.[]." if many else f"{name}.", depth + 1)
    return found


def _inner(kind: Any) -> tuple[type[msgspec.Struct] | None, bool]:
    """The struct a field holds, alone or many of it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind, False
    many = getattr(kind, "__origin__", None) in (list, tuple)
    for argument in getattr(kind, "__args__", ()):
        inner, inner_many = _inner(argument)
        if inner is not None:
            return inner, many or inner_many
    return None, False
