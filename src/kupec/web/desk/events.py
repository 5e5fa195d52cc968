"""What the desk itself writes into the log."""

from typing import ClassVar

from kupec.kit.events import Payload


class RetryRequested(Payload, frozen=True, kw_only=True):
    """Somebody had work repeated that the machinery had given up. `what`: "event", "job" or "webhook"."""

    name: ClassVar[str] = "system.retry_requested"

    what: str
    reference: str
