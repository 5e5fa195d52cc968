"""Calling a tool of the shop for a machine: authorised for its owner, once, with what went wrong in words."""

import re
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
import msgspec
import structlog

from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.ids import uuid7
from kupec.kit.tools import Tool
from kupec.machines.mcp.callers import AnyRequest, Caller, context_of
from kupec.machines.mcp.door import Door
from kupec.machines.mcp.own import OwnTool
from kupec.sales import in_words

_key = re.compile(r"[!-~]{8,128}").fullmatch
_FAULT: Final = _("Something went wrong on our side. Nothing was changed. Try again in a moment.")
_PAUSED: Final = _("The machine is paused. It changes nothing until its owner resumes it.")
_encode: Final = msgspec.json.Encoder().encode

log = structlog.get_logger(__name__)


async def call_tool(
    door: Door, request: AnyRequest, caller: Caller, tool: Tool | OwnTool, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """The tool's answer, or its refusal, as `tools/call` tells it. Never raises for what a tool refuses."""
    try:
        given = _given(tool, arguments)
        if isinstance(tool, OwnTool):
            return told(await tool.run(door, caller, given))
        if tool.changes and caller.is_paused:
            return failed("machine_paused", translate(caller.language, _PAUSED))
        return told(await _run(door, request, caller, tool, given))
    except InvalidValue as error:
        # A machine can put right what is wrong, if it is told what is.
        detail = f"{in_words(error, caller.language)} ({error.field}: {error.details.get('expected', '')})"
        return failed(error.code, detail)
    except KupecError as error:
        if error.status >= 500:
            log.error("mcp.tool_failed", tool=tool.name, exc_info=error)
        return failed(error.code, in_words(error, caller.language))
    except asyncpg.CharacterNotInRepertoireError:
        return failed("invalid_value", in_words(InvalidValue(field="", expected=""), caller.language))
    except Exception as error:
        log.error("mcp.tool_failed", tool=tool.name, exc_info=error)
        return failed("internal", translate(caller.language, _FAULT))


def _given(tool: Tool | OwnTool, arguments: Mapping[str, Any]) -> msgspec.Struct:
    """Raises InvalidValue. Clients send null for what is left out."""
    values = {name: value for name, value in arguments.items() if value is not None}
    unknown = sorted(set(values) - {field.encode_name for field in msgspec.structs.fields(tool.arguments)})
    if unknown:
        raise InvalidValue(field=unknown[0][:80], expected="no such argument")
    try:
        found: msgspec.Struct = msgspec.convert(values, tool.arguments, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidValue(field=tool.name, expected=str(error)) from error
    return found


async def _run(door: Door, request: AnyRequest, caller: Caller, tool: Tool, given: msgspec.Struct) -> msgspec.Struct:
    key, now = _key_of(request, caller), door.clock.now()
    if tool.outside:
        async with door.database.reading() as db:
            context = await context_of(db, door, caller, key, now)
        return await tool.run(context, given)
    async with door.database.transaction() as db:
        return await _within(db, door, caller, tool, given, key)


async def _within(
    db: Connection, door: Door, caller: Caller, tool: Tool, given: msgspec.Struct, key: str
) -> msgspec.Struct:
    return await tool.run(await context_of(db, door, caller, key, door.clock.now()), given)


def _key_of(request: AnyRequest, caller: Caller) -> str:
    """What this call is done once under: the caller's own word, if they have one, else every call is its own."""
    named = request.headers.get("idempotency-key", "")
    who = caller.machine.machine.id if caller.machine else "guest"
    return f"mcp:{who}:{named if caller.machine and _key(named) else uuid7()}"


def told(result: msgspec.Struct) -> dict[str, Any]:
    """A result in both forms: for programs, and in the words that a person may read."""
    plain = msgspec.to_builtins(result)
    text = plain.get("text") or _encode(plain).decode()
    return {"content": [{"type": "text", "text": text}], "structuredContent": plain, "isError": False}


def failed(code: str, message: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": message}], "isError": True, "_meta": {"kupec/code": code}}
