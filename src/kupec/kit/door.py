"""What the handlers of every protocol need at hand; `kupec.web.site.Site` offers it."""

from typing import Protocol

from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.settings import Settings


class Door(Protocol):
    @property
    def settings(self) -> Settings: ...

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...
