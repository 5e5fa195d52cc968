"""What the handlers of devices need at hand; `kupec.web.site.Site` offers it."""

from typing import Protocol

from kupec.kit import door
from kupec.machines.devices.telemetry import Telemetry


class Door(door.Door, Protocol):
    @property
    def telemetry(self) -> Telemetry | None: ...
