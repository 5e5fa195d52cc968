"""What a channel's author gives to the contract suite: true deliveries, forged ones, and the other side to send to.

One subclass a channel, in a file of its own (harness_telegram.py is the model), named in harnesses.py.
"""

from typing import ClassVar, Literal

import msgspec

from kupec.conversations import Channel, Inbox, Incoming
from kupec.kit.db import Connection

SECRET = "a secret of at least thirty-two letters"
Trouble = Literal["later", "never", "cut"]
"""What the other side does with the next thing it is given: says that it may be tried later, that it will never take
it, or takes it and cuts the connection before it says so."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A raw delivery as it comes. Header names in lower case."""

    body: bytes
    headers: dict[str, str] = {}


class Harness:
    """Everything that the suite must know of one channel. `channel` may be used after `start`."""

    channel: Channel
    webhooks: ClassVar[bool] = True
    """Deliveries are POSTed to us. False (a mailbox that is asked): `verify` refuses whatever comes."""
    sends: ClassVar[bool] = True
    """False for a live channel: nothing goes out."""

    def typed(self, inbox: Inbox, delivery: Delivery) -> Incoming | None:
        """Where nothing is delivered because it is typed at the desk: `delivery` as it is taken in then."""
        return None

    async def start(self) -> None:
        """Make `self.channel`; begin the other side where there is one."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End the other side."""

    async def add_inbox(self, db: Connection, *, secrets: bool = True) -> Inbox:
        """An inbox of this channel (`add_inbox` with secret=SECRET, actor=SETUP, now=NOON); without its credentials
        where `secrets` is False."""
        raise NotImplementedError

    def said(self, inbox: Inbox, text: str, *, source_id: str = "1") -> Delivery:
        """A true delivery in which one customer, always the same, says `text`; the same `source_id` is the same
        message."""
        raise NotImplementedError

    def unsupported(self, inbox: Inbox) -> Delivery | None:
        """A true delivery of something that cannot be read here (a sticker, a call); None where there is none such."""
        return None

    def forged(self, inbox: Inbox) -> list[Delivery]:
        """Deliveries that prove nothing: no signature, a wrong one, somebody else's, an old one."""
        return []

    def status(self, inbox: Inbox, source_id: str, state: str) -> Delivery | None:
        """The other side's word that what it calls `source_id` is "sent", "delivered", "read" or "failed"; None where
        it tells no such thing."""
        return None

    @property
    def received(self) -> list[str]:
        """The words of what the other side was given, in order, one entry a part. Labels of buttons are words too."""
        raise NotImplementedError

    def trouble(self, what: Trouble) -> None:
        """Let the other side do this with the next thing it is given."""
        raise NotImplementedError
