"""Tools as MCP describes them: schemas of what goes in and what comes out, whole in themselves."""

from typing import Any

import msgspec

from kupec.kit.tools import Tool
from kupec.machines.mcp.offered import annotations


def described(tool: Tool) -> dict[str, Any]:
    """A tool of the shop as `tools/list` tells it."""
    return definition(tool.name, tool.description, tool.arguments, tool.result, annotations(tool))


def definition(
    name: str,
    description: str,
    arguments: type[msgspec.Struct],
    result: type[msgspec.Struct],
    hints: dict[str, bool],
) -> dict[str, Any]:
    title = name.replace("_", " ").capitalize()
    return {
        "name": name,
        "title": title,
        "description": description,
        "inputSchema": schema_of(arguments),
        "outputSchema": schema_of(result),
        "annotations": {"title": title, **hints},
    }


def schema_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema 2020-12 with the object itself on top, as MCP wants it, and what it refers to below."""
    schema = msgspec.json.schema(kind, ref_template="#/$defs/{name}")
    definitions: dict[str, Any] = schema.get("$defs", {})
    root = schema.get("$ref", "").rpartition("/")[2]
    top = dict(definitions[root]) if root else {name: value for name, value in schema.items() if name != "$defs"}
    rest = {name: each for name, each in definitions.items() if name != root or _refers(definitions, root)}
    top.pop("title", None)
    return top | ({"$defs": rest} if rest else {})


def _refers(definitions: dict[str, Any], name: str) -> bool:
    """Whether anything refers to the struct on top, itself included."""
    return f'"#/$defs/{name}"'.encode() in msgspec.json.encode(definitions)
