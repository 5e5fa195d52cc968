"""What the protocol's handlers need at hand; `kupec.web.site.Site` offers it."""

from typing import Protocol

from kupec.kit import door
from kupec.sales import Checkout


class Door(door.Door, Protocol):
    @property
    def checkout(self) -> Checkout: ...
