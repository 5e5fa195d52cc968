"""What every page handler has at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from kupec.billing import CardProvider
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.live import Hub
from kupec.kit.settings import Settings
from kupec.machines.ucp import Sessions
from kupec.sales import Checkout


class AnsweringBot(Protocol):
    """Whoever answers in conversations."""

    async def answer(self, conversation_ids: Sequence[UUID]) -> None:
        """Take the turn of each of these that is due; returns when what it said is stored."""


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
    bot: AnsweringBot | None = None
    """Answers at once what this process has taken in; without one the worker does."""
