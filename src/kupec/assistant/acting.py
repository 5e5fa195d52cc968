"""Calling tools for who asks: authorised for that person, changes in a savepoint, errors in the asker's words."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
import structlog

from kupec.assistant.flows import ToolFailure
from kupec.kit.errors import Forbidden, KupecError
from kupec.kit.tools import Tool, Toolbox, ToolContext
from kupec.sales import in_words

log = structlog.get_logger(__name__)
_NOT_SIGNED_IN = "not_signed_in"


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call: plain values, or a failure; `cart_id` if the conversation has a cart from now on."""

    result: Any = None
    error: ToolFailure | None = None
    cart_id: UUID | None = None


async def call(toolbox: Toolbox, name: str, arguments: Mapping[str, Any], context: ToolContext) -> Called:
    """Call a tool that works in the database, inside the caller's transaction. Never raises for what a tool refuses.

    What changes something and then refuses has changed nothing.
    """
    try:
        tool, given = _ready(toolbox, name, arguments, context)
        if not tool.changes:
            return _called(await tool.run(context, given))
        async with context.db.transaction():
            return _called(await tool.run(context, given))
    except KupecError as error:
        return _refused(error, context.language)


async def call_outside(toolbox: Toolbox, name: str, arguments: Mapping[str, Any], context: ToolContext) -> Called:
    """Call a tool that opens its own transactions; none may be open. What breaks is told as a failure, and logged."""
    try:
        tool, given = _ready(toolbox, name, arguments, context)
        return _called(await tool.run(context, given))
    except KupecError as error:
        return _refused(error, context.language)


def is_outside(toolbox: Toolbox, name: str) -> bool:
    return name in toolbox and toolbox.get(name).outside


def _ready(
    toolbox: Toolbox, name: str, arguments: Mapping[str, Any], context: ToolContext
) -> tuple[Tool, msgspec.Struct]:
    tool = toolbox.get(name)
    if tool.audience == "customer" and not context.proven:
        raise Forbidden(permission=_NOT_SIGNED_IN)
    if tool.audience == "staff" and context.actor.kind != "staff":
        raise Forbidden(permission="staff")
    given = {key: value for key, value in arguments.items() if value is not None}
    return tool, toolbox.arguments(name, given)


def _called(result: msgspec.Struct) -> Called:
    plain = msgspec.to_builtins(result)
    return Called(result=plain, cart_id=_cart_id(getattr(result, "cart_id", None)))


def _cart_id(told: Any) -> UUID | None:
    """Tools tell it as text, empty for none."""
    if isinstance(told, UUID):
        return told
    try:
        return UUID(told) if isinstance(told, str) and told else None
    except ValueError:
        return None


def _refused(error: KupecError, language: str) -> Called:
    if error.status >= 500:
        log.error("bot.tool_failed", exc_info=error)
    code = _NOT_SIGNED_IN if error.details.get("permission") == _NOT_SIGNED_IN else error.code
    return Called(error=ToolFailure(code=code, message=in_words(error, language)))
