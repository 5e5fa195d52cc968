"""Versions of flows: draft, check, publish, compare, go back. Runs keep the version they began with."""

import difflib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from kupec.assistant.flows.checking import Surroundings, check_flow
from kupec.assistant.flows.defaults import default_patterns, default_source
from kupec.assistant.flows.document import Problem, located, read_flow
from kupec.assistant.flows.errors import FlowNotReady
from kupec.assistant.flows.events import FlowDrafted, FlowPublished, FlowWithdrawn
from kupec.assistant.flows.examples import ExampleResult, run_examples
from kupec.assistant.flows.flow import Flow, Program
from kupec.assistant.flows.flow_set import FlowSet
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _

PERMISSION = "flows.write"
_COLUMNS = "code, number, state, note, author, created_at, published_at"


class FlowVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a flow, without its text. `number` counts from 1 within the flow."""

    code: str
    number: int
    state: Literal["draft", "published", "retired"]
    note: str
    author: str
    created_at: datetime
    published_at: datetime | None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a text is worth: the flow if it can be read, what is wrong, and how its examples went."""

    flow: Flow | None
    problems: tuple[Problem, ...]
    examples: tuple[ExampleResult, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether it may be published."""
        return self.flow is not None and not self.problems and all(one.passed for one in self.examples)

    @property
    def first_problem(self) -> str:
        """What keeps it from being published, in a line."""
        if self.problems:
            one = self.problems[0]
            return f"line {one.line}, {one.path or 'the text'}: {one.message}"
        failed = next((one for one in self.examples if not one.passed), None)
        return f"example “{failed.name}”, {failed.path}: {failed.problem}" if failed is not None else ""


def check_source(source: str, flow_set: FlowSet, around: Surroundings) -> Checked:
    """Read a text, check it against its surroundings, play its examples. Raises nothing for what the text is."""
    read = read_flow(source)
    if read.flow is None:
        return Checked(flow=None, problems=read.problems)
    known = frozenset((*around.flows, *(program.flow.code for program in flow_set)))
    problems = check_flow(read.flow, msgspec.structs.replace(around, flows=known))
    found = tuple(located(one, read.lines) for one in problems)
    if found:
        return Checked(flow=read.flow, problems=found)
    examples = run_examples(flow_set.with_tools(around.tools), Program(read.flow, -1))
    return Checked(flow=read.flow, problems=(), examples=tuple(examples))


async def save_flow(
    db: Connection, source: str, *, note: str = "", actor: Actor, now: datetime, based_on: int | None = None
) -> FlowVersion:
    """Write a new draft; what holds stays. A draft may still be wrong, but must say its code. Emits flow.drafted.

    `based_on` is the latest version its author had seen: Conflict if there is a later one by now. Raises Forbidden,
    InvalidValue (source, with the line).
    """
    actor.require(PERMISSION)
    read = read_flow(source)
    code = read.flow.code if read.flow is not None else _code_of(source)
    if not code:
        problem = read.problems[0]
        raise InvalidValue(field="source", expected=_("a flow with its code"), line=problem.line)
    await _one_at_a_time(db, code)
    latest = await db.fetchval("select max(number) from flow_version where code = $1", code)
    if based_on is not None and (latest or 0) != based_on:
        raise Conflict
    return await _insert(db, code, (latest or 0) + 1, source, note=note, actor=actor, now=now)


def _code_of(source: str) -> str:
    """The code of a text that is not a flow yet."""
    for line in source.splitlines():
        name, _colon, value = line.partition(":")
        if name == "code":
            found = value.strip().strip("\"'")
            return found if found.isidentifier() and found.islower() and len(found) <= 60 else ""
    return ""


async def publish_flow(
    db: Connection, code: str, number: int, *, flow_set: FlowSet, around: Surroundings, actor: Actor, now: datetime
) -> FlowVersion:
    """Let a draft hold from now on, if it is without fault and its examples pass. Emits flow.published.

    Raises Forbidden, NotFound, Conflict when it is no draft any more, FlowNotReady saying what is wrong.
    """
    actor.require(PERMISSION)
    await _one_at_a_time(db, code)
    version = await get_flow(db, code, number)
    if version.state != "draft":
        raise Conflict
    checked = check_source(await flow_source(db, code, number), flow_set, around)
    if not checked.ready:
        raise FlowNotReady(problem=checked.first_problem)
    return await _let_hold(db, version, actor=actor, now=now, back_to=None)


async def roll_back_flow(db: Connection, code: str, number: int, *, actor: Actor, now: datetime) -> FlowVersion:
    """Publish an older version anew, under a new number. Emits flow.published.

    Raises Forbidden, NotFound, and Conflict when it has never held or holds now.
    """
    actor.require(PERMISSION)
    await _one_at_a_time(db, code)
    old = await get_flow(db, code, number)
    if old.state != "retired":
        raise Conflict
    latest: int = await db.fetchval("select max(number) from flow_version where code = $1", code)
    source = await flow_source(db, code, number)
    await _write(db, code, latest + 1, source, note=old.note, actor=actor, now=now)
    return await _let_hold(db, await get_flow(db, code, latest + 1), actor=actor, now=now, back_to=number)


async def withdraw_flow(db: Connection, code: str, *, actor: Actor, now: datetime) -> None:
    """It is not begun any more; runs in the middle of it go on, and a pattern is again as it was shipped.

    Emits flow.withdrawn. Raises Forbidden, NotFound when none holds.
    """
    actor.require(PERMISSION)
    await _one_at_a_time(db, code)
    number = await db.fetchval(
        "update flow_version set state = 'retired' where code = $1 and state = 'published' returning number", code
    )
    if number is None:
        raise NotFound(what="flow")
    await _tell(db, code, FlowWithdrawn(flow=code, number=number), actor, now)


async def get_flow(db: Connection, code: str, number: int) -> FlowVersion:
    """One version. Raises NotFound."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from flow_version where code = $1 and number = $2",  # noqa: S608
        code,
        number,
    )
    if row is None:
        raise NotFound(what="flow")
    return FlowVersion(**dict(row))


async def flow_source(db: Connection, code: str, number: int) -> str:
    """The text of a version; version 0 of a pattern is the shipped one. Raises NotFound."""
    source = default_source(code) if number == 0 else None
    if source is None:
        source = await db.fetchval("select source from flow_version where code = $1 and number = $2", code, number)
    if source is None:
        raise NotFound(what="flow")
    return source


async def flow_history(db: Connection, code: str, *, limit: int = 100) -> list[FlowVersion]:
    """All versions of a flow, the latest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from flow_version where code = $1 order by number desc limit $2",  # noqa: S608
        code,
        limit,
    )
    return to_structs(FlowVersion, rows)


async def latest_versions(db: Connection) -> list[FlowVersion]:
    """Of every flow the version that holds and the latest one, by code."""
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from flow_version f
         where state = 'published' or number = (select max(number) from flow_version l where l.code = f.code)
         order by code, number
        """  # noqa: S608
    )
    return to_structs(FlowVersion, rows)


def differences(old: str, new: str) -> list[tuple[str, str]]:
    """What changed from one text to another: lines with "+", "-", or " " around them, "@" where lines are left out."""
    changed = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=3, lineterm=""))[2:]
    return [("@", "") if line.startswith("@@") else (line[:1], line[1:]) for line in changed]


async def import_flows(
    db: Connection, sources: Iterable[str], *, around: Surroundings, actor: Actor, now: datetime
) -> list[FlowVersion]:
    """Draft and publish whole flows that may speak of one another. Raises FlowNotReady, and what saving raises.

    What holds already with the same text is left as it is.
    """
    texts = list(sources)
    programs = [Program(read.flow, 1) for read in map(read_flow, texts) if read.flow is not None]
    own = {program.flow.code for program in programs}
    flow_set = FlowSet([*(one for one in default_patterns() if one.flow.code not in own), *programs])
    published = []
    for source in texts:
        checked = check_source(source, flow_set, around)
        if checked.flow is None or not checked.ready:
            code = checked.flow.code if checked.flow is not None else _code_of(source)
            raise FlowNotReady(problem=f"{code}: {checked.first_problem}")
        held = await db.fetchval(
            "select source from flow_version where code = $1 and state = 'published'", checked.flow.code
        )
        if held != source:
            draft = await save_flow(db, source, actor=actor, now=now)
            published.append(await _let_hold(db, draft, actor=actor, now=now, back_to=None))
    return published


async def _one_at_a_time(db: Connection, code: str) -> None:
    await db.execute("select pg_advisory_xact_lock(hashtextextended('flow:' || $1, 0))", code)


async def _insert(
    db: Connection, code: str, number: int, source: str, *, note: str, actor: Actor, now: datetime
) -> FlowVersion:
    await _write(db, code, number, source, note=note, actor=actor, now=now)
    await _tell(db, code, FlowDrafted(flow=code, number=number), actor, now)
    return await get_flow(db, code, number)


async def _write(
    db: Connection, code: str, number: int, source: str, *, note: str, actor: Actor, now: datetime
) -> None:
    await db.execute(
        "insert into flow_version (code, number, source, note, author, created_at) values ($1, $2, $3, $4, $5, $6)",
        code,
        number,
        source,
        note.strip()[:200],
        str(actor),
        now,
    )


async def _let_hold(
    db: Connection, version: FlowVersion, *, actor: Actor, now: datetime, back_to: int | None
) -> FlowVersion:
    await db.execute("update flow_version set state = 'retired' where code = $1 and state = 'published'", version.code)
    await db.execute(
        "update flow_version set state = 'published', published_at = $3 where code = $1 and number = $2",
        version.code,
        version.number,
        now,
    )
    payload = FlowPublished(flow=version.code, number=version.number, back_to=back_to)
    await _tell(db, version.code, payload, actor, now)
    return await get_flow(db, version.code, version.number)


async def _tell(db: Connection, code: str, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"flow:{code}", occurred_at=now)], actor=actor)
