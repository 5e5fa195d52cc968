"""What MCP's methods answer: who we are, which tools there are for whom, and a tool's answer."""

from importlib.metadata import version
from typing import Any, Final

from kupec.kit.settings import Settings
from kupec.kit.tools import Tool
from kupec.machines.mcp.callers import AnyRequest, Caller
from kupec.machines.mcp.calling import call_tool
from kupec.machines.mcp.door import Door
from kupec.machines.mcp.offered import is_offered, lacks_scope, offered
from kupec.machines.mcp.own import OWN_TOOLS, OwnTool
from kupec.machines.mcp.shapes import definition, described
from kupec.machines.mcp.wire import HANDSHAKES, INVALID_PARAMS, META, METHOD_NOT_FOUND, MODERN, Call, WireError

_OWN: Final = {tool.name: tool for tool in OWN_TOOLS}
_LIST_LIFE: Final = 300_000
"""Milliseconds for which a client may keep the list of tools."""
_GUIDE: Final = (
    "Prices and amounts are whole numbers in minor units beside a text in your language (Accept-Language). "
    "A product's SKU is its `value`."
)
_BUYING: Final = (
    " Spending goes by `buy` alone, within the mandate that the machine's owner has given it; `my_mandates` says what "
    "is left. The same idempotency_key never buys twice."
)


class ScopeNeeded(Exception):
    """The tool is there for who has more rights."""


async def serve(door: Door, request: AnyRequest, caller: Caller, call: Call) -> dict[str, Any]:
    """The result of a call. Raises WireError, ScopeNeeded."""
    match call.method:
        case "initialize" if not call.modern:
            return _initialized(call, caller, door.settings)
        case "ping" if not call.modern:
            return {}
        case "server/discover":
            return _stamped(_discovered(caller), door.settings, call)
        case "tools/list":
            return _stamped(_listed(door, caller, call), door.settings, call)
        case "tools/call":
            return _stamped(await _called(door, request, caller, call), door.settings, call)
    raise WireError(METHOD_NOT_FOUND, "There is no such method here.", to=call.id)


def _initialized(call: Call, caller: Caller, settings: Settings) -> dict[str, Any]:
    wanted = call.params.get("protocolVersion")
    return {
        "protocolVersion": wanted if wanted in HANDSHAKES else HANDSHAKES[-1],
        "capabilities": {"tools": {}},
        "serverInfo": _server(settings),
        "instructions": _guide(caller),
    }


def _discovered(caller: Caller) -> dict[str, Any]:
    return {
        "supportedVersions": [*MODERN],
        "capabilities": {"tools": {}},
        "instructions": _guide(caller),
        "ttlMs": _LIST_LIFE,
        "cacheScope": "private",
    }


def _listed(door: Door, caller: Caller, call: Call) -> dict[str, Any]:
    """All at once: there is no second page, so a cursor is none of ours."""
    if call.params.get("cursor") is not None:
        raise WireError(INVALID_PARAMS, "There is no such page.", to=call.id)
    tools = [described(tool) for tool in offered(door.toolbox, caller)]
    own = [
        definition(each.name, each.description, each.arguments, each.result, each.hints)
        for each in OWN_TOOLS
        if each.scope in caller.scopes
    ]
    kept = {"ttlMs": _LIST_LIFE, "cacheScope": "private"} if call.modern else {}
    return {"tools": [*own, *tools], **kept}


async def _called(door: Door, request: AnyRequest, caller: Caller, call: Call) -> dict[str, Any]:
    name, arguments = call.params.get("name"), call.params.get("arguments")
    if not isinstance(name, str) or not (arguments is None or isinstance(arguments, dict)):
        raise WireError(INVALID_PARAMS, "A call names a tool, and its arguments as an object.", to=call.id)
    return await call_tool(door, request, caller, _tool(door, caller, name, call), arguments or {})


def _tool(door: Door, caller: Caller, name: str, call: Call) -> Tool | OwnTool:
    """Raises WireError for what is not there, ScopeNeeded for what is there with more rights."""
    own = _OWN.get(name)
    if own is not None and own.scope in caller.scopes:
        return own
    tool = door.toolbox.get(name) if name in door.toolbox else None
    if tool is not None and is_offered(tool, caller):
        return tool
    if caller.signed_in and (own is not None or (tool is not None and lacks_scope(tool))):
        raise ScopeNeeded
    raise WireError(INVALID_PARAMS, f"There is no tool {name[:80]!r} here.", to=call.id)


def _stamped(result: dict[str, Any], settings: Settings, call: Call) -> dict[str, Any]:
    """What the modern version wants to read in every result."""
    if not call.modern:
        return result
    meta = {**result.get("_meta", {}), f"{META}serverInfo": _server(settings)}
    return {**result, "resultType": "complete", "_meta": meta}


def _server(settings: Settings) -> dict[str, Any]:
    return {
        "name": "kupec",
        "title": settings.shop_name,
        "version": version("kupec"),
        "websiteUrl": settings.base_url,
    }


def _guide(caller: Caller) -> str:
    return _GUIDE + (_BUYING if "buy" in caller.scopes else "")
