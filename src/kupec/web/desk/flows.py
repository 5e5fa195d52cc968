"""Flows at the desk: the list, and the editor of one as text with the tree that is drawn from it."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.assistant import (
    PATTERNS,
    Checked,
    FlowHost,
    FlowSet,
    FlowVersion,
    Surroundings,
    check_source,
    current_flows,
    differences,
    flow_counts,
    flow_history,
    flow_hosts,
    flow_schema,
    flow_source,
    latest_versions,
    outline,
    publish_flow,
    read_flow,
    roll_back_flow,
    save_flow,
    signatures_of,
    withdraw_flow,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.web.desk.flow_problem_words import problem_said
from kupec.web.desk.flow_words import (
    BLANK,
    FORK_WORDS,
    STEP_ICONS,
    STEP_WORDS,
    VERSION_TONES,
    VERSION_WORDS,
)
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.forms import query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, render, site_of

PERMISSION = "flows.write"
HERE = "/desk/flows"
LONGEST = 60_000
"""Characters of a flow that is sent from the editor."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A flow in the list. `number` is the version that holds (0 for a pattern as shipped, None for none)."""

    code: str
    title: str
    number: int | None
    draft: int | None
    is_pattern: bool
    started: int
    completed: int
    handed_over: int


@get("/flows", opt={"permission": PERMISSION})
async def flows(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None)


@get("/flows/schema.json", opt={"permission": PERMISSION})
async def schema(request: AnyRequest) -> Response[bytes]:
    return Response(msgspec.json.format(msgspec.json.encode(flow_schema())), media_type="application/schema+json")


@get("/flows/new", opt={"permission": PERMISSION})
async def new_flow(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await editor_page(request, db, "", BLANK)


@get("/flows/{code:str}", opt={"permission": PERMISSION})
async def flow(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        number = await _asked_version(request, db, code)
        return await editor_page(request, db, code, await flow_source(db, code, number), number=number)


@get("/flows/{code:str}/compare", opt={"permission": PERMISSION})
async def compare(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    """Two versions side by side, line by line: the one asked for, and the one that holds."""
    async with site_of(request).database.reading() as db:
        history = await flow_history(db, code)
        query = query_form(request)
        new = query.whole("new", least=0, most=10**6, default=history[0].number if history else 0)
        held = next((one.number for one in history if one.state == "published"), 0)
        old = query.whole("old", least=0, most=10**6, default=held)
        lines = differences(await flow_source(db, code, old), await flow_source(db, code, new))
        return await _page(
            request, db, code, template="desk/flows/compare.html", lines=lines, old=old, new=new, history=history
        )


@post("/flows/check", opt={"permission": PERMISSION})
async def check(request: AnyRequest) -> Response[str]:
    """What a text is worth, as the part of the page beside it: for the editor while one types."""
    form = await read_form(request)
    async with site_of(request).database.reading() as db:
        flow_set, around = await surroundings(request, db)
    checked = check_source(form.verbatim("source", most=LONGEST), flow_set, around)
    return render(request, "desk/flows/beside.html", read=reader_of(request), **_beside(request, checked))


@post("/flows/new", opt={"permission": PERMISSION})
async def make_flow(request: AnyRequest) -> Response[Any]:
    return await _keep(request, "")


@post("/flows/{code:str}", opt={"permission": PERMISSION})
async def change_flow(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    return await _keep(request, code)


@post("/flows/{code:str}/versions/{number:int}/publish", opt={"permission": PERMISSION})
async def publish(request: AnyRequest, code: FromPath[str], number: FromPath[int]) -> Response[Any]:
    """Let a draft hold."""
    site, language = site_of(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            flow_set, around = await surroundings(request, db)
            now, actor = site.clock.now(), actor_of(request)
            done = await publish_flow(db, code, number, flow_set=flow_set, around=around, actor=actor, now=now)
    except KupecError as error:
        return go(request, f"{_address(code)}?version={number}", failed=explain(error, language))
    return go(request, _address(code), done=translate(language, _("Version {n} holds now.")).format(n=done.number))


@post("/flows/{code:str}/versions/{number:int}/roll-back", opt={"permission": PERMISSION})
async def roll_back(request: AnyRequest, code: FromPath[str], number: FromPath[int]) -> Response[Any]:
    """Let an older version hold again."""
    site, language = site_of(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            done = await roll_back_flow(db, code, number, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, f"{_address(code)}?version={number}", failed=explain(error, language))
    return go(request, _address(code), done=translate(language, _("Version {n} holds now.")).format(n=done.number))


@post("/flows/{code:str}/withdraw", opt={"permission": PERMISSION})
async def withdraw(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    site, language = site_of(request), language_of(request)
    try:
        async with site.database.transaction() as db:
            await withdraw_flow(db, code, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return go(request, _address(code), failed=explain(error, language))
    return go(request, HERE, done=translate(language, _("The flow is not started any more.")))


async def _keep(request: AnyRequest, code: str) -> Response[Any]:
    """Keep the text as a draft; publish it at once if that was asked for and it may be."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    source = form.verbatim("source", most=LONGEST) + "\n"
    seen = form.whole("seen", least=0, most=10**6, default=0) if "seen" in form else None
    try:
        async with site.database.transaction() as db:
            now, actor = site.clock.now(), actor_of(request)
            read = read_flow(source)
            if code and read.flow is not None and read.flow.code != code:
                raise InvalidValue(field="source", expected=translate(language, _("the code it was opened with")))
            draft = await save_flow(db, source, note=form.text("note"), actor=actor, now=now, based_on=seen)
            if form.text("do") == "publish":
                flow_set, around = await surroundings(request, db)
                if check_source(source, flow_set, around).ready:
                    await publish_flow(
                        db, draft.code, draft.number, flow_set=flow_set, around=around, actor=actor, now=now
                    )
                    done = translate(language, _("Version {n} holds now.")).format(n=draft.number)
                    return go(request, _address(draft.code), done=done)
                failed = translate(language, _("Kept as a draft: what keeps it from being published stands beside it."))
                return go(request, f"{_address(draft.code)}?version={draft.number}", failed=failed)
    except KupecError as error:
        async with site.database.reading() as db:
            return await editor_page(request, db, code, source, failed=explain(error, language), status=error.status)
    done = translate(language, _("Saved as a draft. Nothing has changed in the shop yet."))
    return go(request, f"{_address(draft.code)}?version={draft.number}", done=done)


async def editor_page(
    request: AnyRequest,
    db: Connection,
    code: str,
    source: str,
    *,
    number: int | None = None,
    failed: str = "",
    status: int = 200,
) -> Response[str]:
    """The editor with a text, what is wrong with it, its tree, and the flow's versions."""
    flow_set, around = await surroundings(request, db)
    checked = check_source(source, flow_set, around)
    history = await flow_history(db, code) if code else []
    return await _page(
        request,
        db,
        code,
        status=status,
        source=source,
        number=number,
        opened_version=next((one for one in history if one.number == number), None),
        latest=history[0].number if history else 0,
        history=history,
        failed=failed,
        tools=sorted(around.tools.values(), key=lambda one: one.name),
        **_beside(request, checked),
    )


def _beside(request: AnyRequest, checked: Checked) -> dict[str, Any]:
    language = language_of(request)
    return {
        "checked": checked,
        "tree": outline(checked.flow, language) if checked.flow is not None else (),
        "step_words": STEP_WORDS,
        "step_icons": STEP_ICONS,
        "problem_said": problem_said,
        "fork_words": FORK_WORDS,
    }


async def surroundings(request: AnyRequest, db: Connection) -> tuple[FlowSet, Surroundings]:
    """The flows that hold, and what a flow may speak of in this shop."""
    site = site_of(request)
    tools = signatures_of(site.toolbox)
    around = Surroundings(
        tools=tools,
        channels={code: channel.capabilities for code, channel in site.channels.items()},
        hosts=frozenset(one.host for one in await flow_hosts(db)),
    )
    return (await current_flows(db)).with_tools(tools), around


async def _asked_version(request: AnyRequest, db: Connection, code: str) -> int:
    """The version in the address, else what holds, else the latest, else the shipped one. Raises NotFound."""
    asked = query_form(request).text("version")
    if asked:
        return query_form(request).whole("version", least=0, most=10**6)
    history = await flow_history(db, code)
    held = next((one.number for one in history if one.state == "published"), None)
    if held is not None or code in PATTERNS:
        return held or 0
    if not history:
        raise NotFound(what="flow")
    return history[0].number


async def _page(
    request: AnyRequest,
    db: Connection,
    code: str | None,
    *,
    template: str = "desk/flows/flows.html",
    status: int = 200,
    **context: Any,
) -> Response[str]:
    """The flows, and beside them what was opened."""
    return await desk_page(
        request,
        db,
        template,
        section="flows",
        status=status,
        flows=await _lines(request, db),
        code=code,
        hosts=await _hosts(request, db),
        version_words=VERSION_WORDS,
        version_tones=VERSION_TONES,
        **context,
    )


async def _hosts(request: AnyRequest, db: Connection) -> list[FlowHost]:
    return await flow_hosts(db) if actor_of(request).may("settings.write") else []


async def _lines(request: AnyRequest, db: Connection) -> list[Line]:
    language, flow_set = language_of(request), await current_flows(db)
    counts = await flow_counts(db, now=site_of(request).clock.now())
    versions: dict[str, list[FlowVersion]] = {}
    for one in await latest_versions(db):
        versions.setdefault(one.code, []).append(one)
    codes = sorted({*versions, *(program.flow.code for program in flow_set)})
    found = []
    for code in codes:
        program = flow_set.get(code)
        drafts = [one.number for one in versions.get(code, []) if one.state == "draft"]
        count = counts.get(code)
        found.append(
            Line(
                code=code,
                title=program.title(language) if program is not None else code,
                number=program.version if program is not None else None,
                draft=drafts[-1] if drafts else None,
                is_pattern=code in PATTERNS,
                started=count.started if count else 0,
                completed=count.completed if count else 0,
                handed_over=count.handed_over if count else 0,
            )
        )
    return found


def _address(code: str) -> str:
    return f"{HERE}/{quote(code, safe='')}"


routes = (flows, schema, new_flow, flow, compare, check, make_flow, change_flow, publish, roll_back, withdraw)
