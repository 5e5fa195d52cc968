"""docs/tools.md tells of every tool as it is. `python -m tests.app.test_tools_doc` writes its table anew."""

import sys
from pathlib import Path

import msgspec

from kupec.app.tools import toolbox
from kupec.kit.tools import Entry, Tool

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"
MARK = "<!-- every tool, as it is: python -m tests.app.test_tools_doc -->\n"
_WHO = {"guest": "everybody", "customer": "proven customers", "staff": "the desk"}


def told(tool: Tool) -> str:
    """A tool's part of the page."""
    takes = [
        f"`{field.name}`" + ("" if field.required else f" = {field.default!r}" if field.default != {} else " = {}")
        for field in msgspec.structs.fields(tool.arguments)
    ]
    gives = [f"`{field.name}`" for field in msgspec.structs.fields(tool.result)]
    kinds = [_WHO[tool.audience], "changes something" if tool.changes else "only looks"]
    if tool.sure:
        kinds.append("is not asked about first")
    if tool.outside:
        kinds.append("outside a transaction")
    return "\n".join(
        [
            f"### {tool.name}",
            "",
            f"{tool.description} ({', '.join(kinds)}.)",
            "",
            f"- takes: {', '.join(takes) or 'nothing'}",
            f"- answers: {', '.join(gives)}",
            "",
        ]
    )


def table() -> str:
    return "\n".join(told(tool) for tool in sorted(toolbox(), key=lambda tool: tool.name))


def test_the_page_tells_of_every_tool() -> None:
    page = PAGE.read_text(encoding="utf-8").partition(MARK)[2]
    for tool in toolbox():
        assert told(tool) in page, f"docs/tools.md is not true about {tool.name}"
    assert page.count("\n### ") + page.startswith("### ") == len(list(toolbox()))


def test_every_tool_can_be_offered() -> None:
    """Arguments have a whole JSON Schema without the asker in it; results are plain and have words to say."""
    for tool in toolbox():
        schema = tool.schema
        assert schema["$ref"].removeprefix("#/$defs/") in schema["$defs"], tool.name
        names = {field.name for field in msgspec.structs.fields(tool.arguments)}
        assert not names & {"party_id", "customer_id", "customer", "conversation_id", "actor", "cart_id"}, tool.name
        fields = {field.name for field in msgspec.structs.fields(tool.result)}
        assert "text" in fields or tool.name == "shop_facts", tool.name
        assert not issubclass(tool.result, Entry)
        msgspec.json.schema(tool.result)


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(before + MARK + "\n" + table(), encoding="utf-8")
    sys.exit(0)
