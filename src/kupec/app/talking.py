"""What the worker does for conversations: asks channels, reads what came in, sends what is queued."""

from collections.abc import Mapping

from kupec.conversations import Channel, deliver_round, poll_round, read_round
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.settings import Settings
from kupec.kit.worker import Sweep


def sweeps(settings: Settings, database: Database, channels: Mapping[str, Channel], clock: Clock) -> list[Sweep]:
    """In the way of a message: asked for, read, answered."""

    async def poll() -> int:
        return await poll_round(database, channels, secret=settings.secret, now=clock.now())

    async def read() -> int:
        return await read_round(database, channels, secret=settings.secret, now=clock.now())

    async def deliver() -> int:
        return await deliver_round(database, channels, secret=settings.secret, now=clock.now())

    return [
        # A poll waits at the other side by itself; where nothing is polled, a new inbox is soon enough seen.
        Sweep(name="channels asked", run=poll, every=5.0, rest=0.5),
        Sweep(name="channels read", run=read, every=5.0, rest=0.1),
        Sweep(name="messages out", run=deliver, every=5.0, rest=0.1),
    ]
