"""What happens to segments, as the log tells it. Subject "segment:<id>"."""

from typing import ClassVar

from kupec.kit.events import Payload


class SegmentSaved(Payload, frozen=True, kw_only=True):
    """`customers` is how many fitted at that moment."""

    name: ClassVar[str] = "segment.saved"
    code: str
    customers: int
    applied: bool


class SegmentRemoved(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "segment.removed"
    code: str
