"""A tool that makes a cart tells so, and the conversation goes on with it."""

from typing import Any, cast
from uuid import UUID

import msgspec
import pytest

from kupec.assistant.acting import call_outside
from kupec.kit.tools import Tool, Toolbox, ToolContext

CART = "01a202c9-06d3-70e4-9e31-8c2930f60217"


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    cart_id: str


@pytest.mark.parametrize(("told", "kept"), [(CART, UUID(CART)), ("", None), ("none", None)])
async def test_the_cart_that_a_tool_tells_as_text_is_the_conversations(told: str, kept: UUID | None) -> None:
    async def fill(_context: Any, _given: Nothing) -> Filled:
        return Filled(cart_id=told)

    toolbox = Toolbox([Tool(name="fill", description="", arguments=Nothing, result=Filled, run=fill, outside=True)])
    called = await call_outside(toolbox, "fill", {}, cast(ToolContext, None))
    assert called.cart_id == kept
    assert called.result == {"cart_id": told}
