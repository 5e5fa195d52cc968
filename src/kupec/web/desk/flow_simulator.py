"""Trying a conversation: any flow, in any version, in any channel's skin; what tools would answer is typed in.

Nothing is stored and nothing is called: the state of the run goes through the page itself.
"""

import json
from typing import Any

import msgspec
from litestar import Response, get, post

from kupec.assistant import (
    AskEffect,
    CallEffect,
    FlowSet,
    HandoverEffect,
    HttpEffect,
    IdentifyEffect,
    Manner,
    RunState,
    SayEffect,
    SearchEffect,
    ToolFailure,
    TurnInput,
    advance,
    blocks_in_words,
    current_flows,
    example_result,
    flow_understanding,
    programs_of,
    resume,
    signatures_of,
    speak,
    start,
)
from kupec.conversations import Block
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.web.desk.flow_words import SKINS
from kupec.web.desk.page import desk_page, reader_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PERMISSION = "flows.write"
_LONGEST_STATE = 50_000
_MOST_LINES = 200
_VOICES = ("phone",)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the conversation: "customer", "bot" with its blocks, or "note" for what happened besides."""

    who: str
    text: str = ""
    blocks: list[Block] = []


class Table(msgspec.Struct, kw_only=True):
    """What the page hands itself: how it is played, what was said, and where the run stands."""

    flow: str = ""
    version: int | None = None
    language: str = "cs"
    channel: str = "web"
    signed_in: bool = False
    cart_filled: bool = True
    run: RunState = msgspec.field(default_factory=RunState)
    said: list[Said] = []


@get("/flow-simulator", opt={"permission": PERMISSION})
async def simulator(request: AnyRequest) -> Response[str]:
    query = query_form(request)
    version = query.whole("version", least=0, most=10**6) if query.text("version") else None
    table = Table(flow=query.text("flow", most=60), version=version, language=language_of(request))
    async with site_of(request).database.reading() as db:
        return await _page(request, db, table)


@post("/flow-simulator", opt={"permission": PERMISSION})
async def play(request: AnyRequest) -> Response[str]:
    """One move: begin anew, say something, press a button, or answer for a tool."""
    form = await read_form(request)
    table = _table(form)
    async with site_of(request).database.reading() as db:
        flows = await _flows(request, db, table)
        problem = _move(request, flows, table, form)
        return await _page(request, db, table, flows=flows, problem=problem)


def _table(form: Form) -> Table:
    """What the page had handed itself; what cannot be read begins anew."""
    try:
        table = msgspec.json.decode(form.prose("table", most=_LONGEST_STATE) or "{}", type=Table)
    except (msgspec.ValidationError, msgspec.DecodeError, InvalidValue):
        table = Table()
    if form.text("do") == "begin":
        language, channel = form.text("language"), form.text("channel")
        version = form.whole("version", least=0, most=10**6) if form.text("version") else None
        return Table(
            flow=form.text("flow", most=60),
            version=version,
            language=language if language in LANGUAGES else "cs",
            channel=channel if channel in SKINS else "web",
            signed_in="signed_in" in form,
            cart_filled="cart_filled" in form,
        )
    return table


def _move(request: AnyRequest, flows: FlowSet, table: Table, form: Form) -> str:
    """Let the run go on by what was done; says what could not be read."""
    doing = form.text("do", most=300)
    if doing == "begin":
        if table.flow:
            _went(flows, table, start(flows, table.flow, turn=_turn(request, flows, table, "")))
        return ""
    if doing == "answer":
        return _answered(flows, table, form)
    choice = doing.removeprefix("press:") if doing.startswith("press:") else None
    text = form.text("text", most=2000) if choice is None else _label(table, choice)
    if not text and choice is None:
        return ""
    table.said = [*table.said, Said(who="customer", text=text or str(choice))][-_MOST_LINES:]
    if choice == "person":
        turn = _turn(request, flows, table, text)
        _went(flows, table, start(flows, "pattern_handover", {"reason": "button"}, run=table.run, turn=turn))
    else:
        _went(flows, table, advance(flows, table.run, _turn(request, flows, table, text, choice)))
    return ""


def _label(table: Table, value: str) -> str:
    """What stood on the button."""
    for line in reversed(table.said):
        for block in line.blocks:
            plain = msgspec.to_builtins(block)
            for choice in [
                *plain.get("choices", ()),
                *(one for card in plain.get("cards", ()) for one in card["choices"]),
            ]:
                if choice["value"] == value:
                    return str(choice["label"])
    return value


def _turn(request: AnyRequest, flows: FlowSet, table: Table, text: str, choice: str | None = None) -> TurnInput:
    """What was said, understood by the flows' own phrasings: the nearest words count."""
    intent, sure = flow_understanding(flows, text)
    return TurnInput(
        text=text,
        intent=intent,
        confidence=sure,
        choice=choice,
        language=table.language,
        channel=table.channel,
        context={
            "signed_in": table.signed_in,
            "cart_filled": table.cart_filled,
            "voice": table.channel in _VOICES,
            "today": reader_of(request).today.isoformat(),
            "market": table.language,
            "name": "",
        },
    )


def _answered(flows: FlowSet, table: Table, form: Form) -> str:
    """What a tool, another system or knowledge says, as it was typed."""
    if form.text("error"):
        _went(
            flows,
            table,
            resume(flows, table.run, None, ToolFailure(code=form.text("error"), message=form.text("error"))),
        )
        return ""
    try:
        result = json.loads(form.prose("result", most=20_000) or "null")
    except (ValueError, RecursionError):
        return _("This is not JSON: check quotes and commas.")
    _went(flows, table, resume(flows, table.run, result))
    return ""


def _went(flows: FlowSet, table: Table, step: Any) -> None:
    manner = Manner(language=table.language, channel=table.channel, voice=table.channel in _VOICES)
    table.run = step.run
    for effect in step.effects:
        said = None
        match effect:
            case SayEffect() | AskEffect():
                said = Said(who="bot", blocks=speak(flows, effect, manner))
            case HandoverEffect(reason=reason, summary=summary):
                said = Said(who="note", text=f"→ {reason}\n{summary}".strip())
            case IdentifyEffect():
                said = Said(who="note", text="→ identify")
        if said is not None:
            table.said = [*table.said, said][-_MOST_LINES:]


async def _flows(request: AnyRequest, db: Connection, table: Table) -> FlowSet:
    """The flows that hold, the one that is tried in the version asked for."""
    tools = signatures_of(site_of(request).toolbox)
    flows = (await current_flows(db, table.run.pins)).with_tools(tools)
    if table.flow and table.version:
        for program in await programs_of(db, [(table.flow, table.version)]):
            flows = flows.holding(program)
    return flows


async def _page(
    request: AnyRequest, db: Connection, table: Table, *, flows: FlowSet | None = None, problem: str = ""
) -> Response[str]:
    whole = flows if flows is not None else await _flows(request, db, table)
    pending = table.run.pending
    awaited = msgspec.convert(pending, CallEffect | HttpEffect | SearchEffect) if pending else None
    return await desk_page(
        request,
        db,
        "desk/flows/simulator.html",
        section="flows",
        table=table,
        packed=msgspec.json.encode(table).decode(),
        skins=SKINS,
        titles=sorted((one.title(language_of(request)), one.flow.code) for one in whole if not one.flow.is_pattern),
        awaited=awaited,
        awaited_kind=(pending or {}).get("type", ""),
        example=_example(request, awaited),
        problem=problem,
        plain=blocks_in_words,
        kind_of=lambda block: msgspec.to_builtins(block)["type"],
        slots=[(one.flow, one.slots) for one in table.run.frames],
    )


def _example(request: AnyRequest, awaited: Any) -> str:
    """A result of the right shape, to be changed by hand."""
    toolbox = site_of(request).toolbox
    if isinstance(awaited, CallEffect) and awaited.tool in toolbox:
        found: Any = example_result(toolbox.get(awaited.tool).result)
    elif isinstance(awaited, HttpEffect):
        found = {
            name: {"number": 1, "boolean": True, "list": []}.get(str(one["type"]), "text")
            for name, one in awaited.outputs.items()
        }
    else:
        found = {"found": False}
    return json.dumps(found, ensure_ascii=False, indent=1)


routes = (simulator, play)
