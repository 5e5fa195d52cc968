"""What every page handler has at hand."""

from dataclasses import dataclass

from kupec.billing import CardProvider
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.live import Hub
from kupec.kit.settings import Settings
from kupec.machines.ucp import Sessions
from kupec.sales import Checkout


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
