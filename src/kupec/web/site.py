"""What every page handler has at hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kupec.billing import CardProvider
from kupec.catalogue import Market
from kupec.conversations import Channel
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.live import Hub
from kupec.kit.settings import Settings
from kupec.kit.tools import Services, Toolbox
from kupec.machines.devices import Telemetry
from kupec.machines.mandates import MachineBuyer
from kupec.machines.sourcing import Sourcing
from kupec.machines.trust import Trust
from kupec.machines.ucp import Profiles, Sessions
from kupec.sales import Checkout


class AnsweringBot(Protocol):
    """Whoever answers in conversations."""

    async def answer(self, conversation_ids: Sequence[UUID]) -> None:
        """Take the turn of each of these that is due; returns when what it said is stored."""


class Facts(Protocol):
    """Whoever tells what the variables of articles stand for: tools that anybody may ask and that change nothing."""

    fields: Mapping[str, frozenset[str]]
    """By tool, what it tells."""

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
        """By tool and field; what cannot be told is missing."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Made once a process by `kupec.app`; handlers take it from `request.app.state.site`."""

    settings: Settings
    database: Database
    clock: Clock
    checkout: Checkout
    sessions: Sessions
    payments: CardProvider
    live: Hub
    buyer: MachineBuyer | None = None
    """Buys for owners what their machines want; only a process without machines' routes has none."""
    sourcing: Sourcing | None = None
    """Buys for owners of whoever serves them best; only a process without machines' routes has none."""
    trust: Trust | None = None
    """Signs what we say to machines and judges what they say; only a process without machines' routes has none."""
    telemetry: Telemetry | None = None
    """Takes in what devices measure; only a process without machines' routes has none."""
    profiles: Profiles | None = None
    """What platforms publish about themselves; without it they are taken at their word."""
    bot: AnsweringBot | None = None
    """Answers at once what this process has taken in; without one the worker does."""
    facts: Facts | None = None
    """Fills what articles leave to tools; without it their lines are left out."""
    toolbox: Toolbox = field(default_factory=lambda: Toolbox([]))
    """What flows may call, as the desk shows and tries it."""
    tool_services: Services | None = None
    """What those tools need that act outside a transaction."""
    channels: Mapping[str, Channel] = field(default_factory=dict)
    """Every way to talk with customers that can be set up, by its code."""
