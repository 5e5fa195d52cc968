"""What this protocol's handlers need at hand; `kupec.web.site.Site` offers it."""

from typing import Protocol

from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.settings import Settings
from kupec.kit.tools import Services, Toolbox
from kupec.machines.mandates import MachineBuyer


class Door(Protocol):
    @property
    def settings(self) -> Settings: ...

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def toolbox(self) -> Toolbox: ...

    @property
    def tool_services(self) -> Services | None: ...

    @property
    def buyer(self) -> MachineBuyer | None: ...
