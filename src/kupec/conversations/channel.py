"""What a channel is: what it can show, how its deliveries are verified and read, and how it sends.

A new channel is one file with one class; how, in docs/adding-a-channel.md. What every channel must pass is in
tests/conversations/channel_contract.py.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from kupec.conversations.models import Inbox, Incoming, Leg, Message, MessageState, NewAttachment
from kupec.kit.errors import InvalidValue


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel can show, and for how long one may answer in it."""

    buttons: int = 0
    """Buttons below one message; more become a list, and none at all numbered words."""
    list_rows: int = 0
    cards: int = 0
    pictures: bool = False
    markup: Literal["none", "light", "html"] = "none"
    length: int = 4000
    """Characters in one message; a longer one is sent in parts."""
    files: bool = False
    file_size: int = 10_000_000
    """Bytes."""
    voice: bool = False
    typing: bool = False
    window: timedelta | None = None
    """How long after the customer's last word one may answer freely; None for always."""
    templates: bool = False
    """Approved texts may be sent after the window has closed."""
    live: bool = False
    """The customer is looking: answers are pushed and count as sent when they are stored."""
    burst: timedelta = timedelta(seconds=1)
    """How long the bot waits for the rest, unless the inbox says otherwise."""
    once: bool = True
    """The other side does not recognise a message that it is sent twice. Then one of which nobody knows whether it went
    out is not sent again; it is told to people. False (mail: the same Message-ID): it is sent again."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message that was sent. It only moves forward: a late "sent" does not undo "read"."""

    source_id: str
    state: MessageState
    error: str = ""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What one raw delivery said."""

    incoming: tuple[Incoming, ...] = ()
    statuses: tuple[Status, ...] = ()


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was claimed for sending, with what the channel needs to send it."""

    message: Message
    leg: Leg
    inbox: Inbox
    subject: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[NewAttachment, ...] = ()
    parts_sent: int = 0
    """So many parts went out in an earlier attempt: go on after them."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The channel has it, under this name."""

    source_id: str


class SendFailed(Exception):
    """It was not sent. `again`: trying later may help, not before `after` where the other side said so.

    `sent`: the parts that went out before. `unclear`: nobody knows whether it went out; then `again` does not count.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool,
        after: timedelta | None = None,
        sent: Sequence["Sent"] = (),
        unclear: bool = False,
    ) -> None:
        self.again = again
        self.after = after
        self.sent = tuple(sent)
        self.unclear = unclear
        super().__init__(reason)


class Channel(Protocol):
    """One way to talk with customers. Everything that knows the other side's wire format is in here."""

    code: str
    capabilities: Capabilities

    def verify(self, inbox: Inbox, credentials: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> None:
        """Raises Refused unless the delivery is from who it says (kept closed when a secret is missing)."""

    def external_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """What the other side calls this delivery. Raises InvalidValue for what is none."""

    def read(self, inbox: Inbox, body: bytes, now: datetime) -> Read:
        """What it says. Pure; never raises for content it does not know (that is `unsupported`)."""

    async def send(self, outgoing: Outgoing, credentials: Mapping[str, str]) -> Sequence[Sent]:
        """Send it, in as many parts as it needs. Raises SendFailed. Called with no transaction open."""

    def config(self, raw: Mapping[str, Any]) -> msgspec.Struct:
        """The inbox's configuration, checked. Raises InvalidValue naming the field."""


C = TypeVar("C", bound=msgspec.Struct)


def read_config(raw: Mapping[str, Any], kind: type[C]) -> C:
    """An inbox's configuration as this struct. Raises InvalidValue naming the field."""
    try:
        return msgspec.convert(dict(raw), kind)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        raise InvalidValue(field=place.rstrip("`") or "config", expected=problem) from error


@runtime_checkable
class Fetching(Protocol):
    """A channel whose deliveries only name the files that were sent."""

    async def fetch(self, inbox: Inbox, read: Read, credentials: Mapping[str, str]) -> Read:
        """The same with the files (those with a `reference`) in it, or with why one cannot be had (`failed`).

        Called with no transaction open. Raises SendFailed when trying later may help.
        """


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """A raw delivery that was asked for, as a webhook would have brought it."""

    external_id: str
    body: bytes


@runtime_checkable
class Polling(Protocol):
    """A channel that can be asked for what is new, where no webhook reaches us (a laptop, a mailbox)."""

    def polls(self, inbox: Inbox) -> bool:
        """Whether this inbox is to be asked."""

    async def poll(self, inbox: Inbox, credentials: Mapping[str, str], after: str) -> Sequence[Polled]:
        """What is new, beyond the delivery `after` ("" at first); it may wait some seconds for something.

        What was given out and has not been stored must be given out again. Raises SendFailed.
        """


@runtime_checkable
class SigningIn(Protocol):
    """A channel that checks what an inbox of it signs in with, before that is sealed."""

    def credentials(self, raw: Mapping[str, str]) -> msgspec.Struct:
        """Raises InvalidValue naming the field."""


@runtime_checkable
class Challenged(Protocol):
    """A channel whose other side asks our address for a proof before it sends anything."""

    def challenge(self, inbox: Inbox, credentials: Mapping[str, str], query: Mapping[str, str]) -> str:
        """What to answer to its GET. Raises Refused."""


@runtime_checkable
class Receipted(Protocol):
    """A channel whose other side reads what its delivery is answered with."""

    def receipt(self, inbox: Inbox, body: bytes) -> bytes:
        """JSON to answer with, once the delivery is stored; b"" for none."""


@runtime_checkable
class Connecting(Protocol):
    """A channel whose other side is told our address by us."""

    async def connect(self, inbox: Inbox, credentials: Mapping[str, str], address: str) -> str:
        """Have its deliveries sent to `address`; what we are called there. Raises SendFailed."""


@runtime_checkable
class Closing(Protocol):
    """A channel that keeps connections."""

    async def close(self) -> None:
        """Let them go."""
