"""Time is passed in, never asked for inside a verb."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The current moment, aware, in UTC."""


class SystemClock:
    """The machine's clock, optionally moved by a fixed offset (the demo's time travel)."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


def outside_now(clock: Clock) -> datetime:
    """The time the rest of the world has: what others sign carries it, wherever a demo's clock stands."""
    return clock.now() - clock.offset if isinstance(clock, SystemClock) else clock.now()


class FixedClock:
    """A clock that stands still until it is moved: for tests."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def move(self, by: timedelta) -> None:
        self.moment += by
