"""What the protocol's handlers need at hand; `kupec.web.site.Site` offers it."""

from typing import Protocol

from kupec.kit import door
from kupec.machines.mandates import MachineBuyer
from kupec.machines.trust import Trust
from kupec.machines.ucp.profiles import Profiles
from kupec.machines.ucp.sessions import Sessions
from kupec.sales import Checkout


class Door(door.Door, Protocol):
    @property
    def checkout(self) -> Checkout: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def trust(self) -> Trust | None: ...

    @property
    def profiles(self) -> Profiles | None: ...

    @property
    def buyer(self) -> MachineBuyer | None: ...
