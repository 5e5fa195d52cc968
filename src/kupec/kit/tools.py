"""Typed actions that bots, agents and protocols may take: a room's `tools.py` wraps its verbs in these.

A tool gets everything about who is asking from its context and nothing from the model or flow that called it: it is
authorised for that person. What it returns is facts; how they are said is the caller's matter.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.settings import Settings


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One of several things in a result, as a card or a line of a list shows it.

    `value` is what the next tool is told when this one is chosen (a SKU, an order's number, an id).
    """

    title: str
    lines: list[str] = []
    picture: str = ""
    url: str = ""
    price_text: str = ""
    value: str = ""


class UnknownTool(KupecError):
    """There is no tool “{tool}”."""

    status = 404
    code = "unknown_tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """Who asks, where, when, and with what in hand.

    `actor` is the customer or the guest. `party_id` is who it is, None for somebody unknown; `proven` that they have
    shown it (signed in, wrote from a proven address), without which nothing personal is told. `key` is unique to this
    step of this turn: what costs money is done once under it. `services` are the composition root's, by type.
    """

    db: Connection
    actor: Actor
    now: datetime
    key: str
    language: str
    market: str
    channel: str
    currency: str
    conversation_id: UUID | None = None
    customer_id: UUID | None = None
    party_id: UUID | None = None
    proven: bool = False
    cart_id: UUID | None = None
    base_url: str = ""
    services: "Services | None" = None

    @property
    def outside(self) -> "Services":
        """What acts outside this transaction. Whoever calls tools brings it."""
        assert self.services is not None, "a context for tools comes with the services"
        return self.services

    @property
    def settings(self) -> Settings:
        settings: Settings = self.outside[Settings]
        return settings

    @property
    def zone(self) -> ZoneInfo:
        """Where the shop's clocks are."""
        return ZoneInfo(self.settings.shop_timezone)

    @property
    def today(self) -> date:
        """The shop's day."""
        return self.now.astimezone(self.zone).date()

    def link(self, path: str = "") -> str:
        """The address of a page in the language of who asks."""
        return f"{self.base_url or self.settings.base_url}/{self.language}{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What tools that act outside the database need."""

    database: Database
    values: dict[type, Any]

    def __getitem__(self, kind: type) -> Any:
        return self.values[kind]


Run = Callable[[ToolContext, Any], Awaitable[msgspec.Struct]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`run(context, arguments)` returns a `result`. Errors are KupecErrors, told to who asked in their words.

    `outside`: it opens its own transactions (payment providers, other systems) and is called with none open; its
    context's `db` must not be used. `changes`: it does something; a flow asks before it calls it, unless `sure`.
    `audience`: "guest" for everybody, "customer" for who has proved who they are, "staff" for the desk's suggestions.
    """

    name: str
    description: str
    arguments: type[msgspec.Struct]
    result: type[msgspec.Struct]
    run: Run
    audience: str = "guest"
    changes: bool = False
    sure: bool = False
    outside: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments, whole in itself."""
        return msgspec.json.schema(self.arguments)


class Toolbox:
    """Tools by name."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def get(self, name: str) -> Tool:
        """Raises UnknownTool."""
        if name not in self._tools:
            raise UnknownTool(tool=name)
        return self._tools[name]

    def arguments(self, name: str, values: dict[str, Any]) -> msgspec.Struct:
        """`values` as the tool's arguments. Raises UnknownTool, InvalidValue naming the argument."""
        tool = self.get(name)
        try:
            return msgspec.convert(values, tool.arguments, strict=False)
        except msgspec.ValidationError as error:
            raise InvalidValue(field=name, expected=str(error)) from error
