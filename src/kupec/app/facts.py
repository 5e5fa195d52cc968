"""What articles leave to tools, told to everybody who reads: asked of the same tools that the bot uses."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from kupec.catalogue import Market
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.tools import Services, Tool, Toolbox, ToolContext

log = structlog.get_logger(__name__)
_READER = Actor(kind="guest", id="reader")


class ToolFacts:
    """Only tools that anybody may ask, that change nothing, need no outside, and are told nothing."""

    def __init__(self, toolbox: Toolbox, services: Services | None, *, base_url: str) -> None:
        self._tools = {tool.name: tool for tool in toolbox if _tells(tool)}
        self._services = services
        self._base_url = base_url
        self.fields: Mapping[str, frozenset[str]] = {
            name: frozenset(tool.result.__struct_fields__) for name, tool in self._tools.items()
        }

    async def tell(
        self,
        db: Connection,
        wanted: Iterable[tuple[str, str]],
        *,
        language: str,
        market: Market,
        cart_id: UUID | None,
        now: datetime,
    ) -> dict[tuple[str, str], object]:
        """By tool and field; what a tool cannot tell is missing."""
        asked = list(wanted)
        told: dict[tuple[str, str], object] = {}
        for name in dict.fromkeys(tool for tool, _field in asked):
            if name not in self._tools:
                continue
            context = ToolContext(
                db=db,
                actor=_READER,
                now=now,
                key=f"facts:{name}",
                language=language,
                market=market.code,
                channel="web",
                currency=market.currency,
                cart_id=cart_id,
                base_url=self._base_url,
                services=self._services,
            )
            result = await self._ask(self._tools[name], context)
            told |= {(name, field): getattr(result, field, None) for tool, field in asked if tool == name and result}
        return told

    async def _ask(self, tool: Tool, context: ToolContext) -> msgspec.Struct | None:
        try:
            return await tool.run(context, tool.arguments())
        except KupecError as error:
            log.warning("fact_not_told", tool=tool.name, error=error.code)
            return None


def _tells(tool: Tool) -> bool:
    needed = any(field.required for field in msgspec.structs.fields(tool.arguments))
    return tool.audience == "guest" and not tool.changes and not tool.outside and not needed
