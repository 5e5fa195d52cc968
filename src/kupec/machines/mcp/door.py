"""What this protocol's handlers need at hand; `kupec.web.site.Site` offers it."""

from typing import Protocol

from kupec.kit import door
from kupec.kit.tools import Services, Toolbox
from kupec.machines.mandates import MachineBuyer


class Door(door.Door, Protocol):
    @property
    def toolbox(self) -> Toolbox: ...

    @property
    def tool_services(self) -> Services | None: ...

    @property
    def buyer(self) -> MachineBuyer | None: ...
