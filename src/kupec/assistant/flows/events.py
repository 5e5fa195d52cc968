"""What happens to flows (subject "flow:<code>") and in their runs (subject "conversation:<id>")."""

from typing import ClassVar

from kupec.kit.events import Payload


class FlowDrafted(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "flow.drafted"
    flow: str
    number: int


class FlowPublished(Payload, frozen=True, kw_only=True):
    """`back_to` is the number of the older version that this one repeats, if it is a roll-back."""

    name: ClassVar[str] = "flow.published"
    flow: str
    number: int
    back_to: int | None = None


class FlowWithdrawn(Payload, frozen=True, kw_only=True):
    """It is not started any more; runs in the middle of it go on."""

    name: ClassVar[str] = "flow.withdrawn"
    flow: str
    number: int


class FlowHostsChanged(Payload, frozen=True, kw_only=True):
    """`allowed` is whether flows may ask this host from now on."""

    name: ClassVar[str] = "flow.hosts_changed"
    host: str
    allowed: bool
