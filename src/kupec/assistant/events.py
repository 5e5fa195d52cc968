"""What the bot does in a conversation; the subject is "conversation:<id>"."""

from typing import ClassVar

from kupec.kit.events import Payload


class FlowStarted(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "flow.started"
    flow: str
    version: int


class FlowEnded(Payload, frozen=True, kw_only=True):
    """`outcome`: completed, cancelled, linked, handed_over, failed."""

    name: ClassVar[str] = "flow.ended"
    flow: str
    version: int
    outcome: str
