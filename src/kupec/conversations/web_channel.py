"""Web chat as a channel: what the panel can show, how what it says is read, and how an inbox of it is set up.

A browser names itself by a token that we signed: it holds the browser's own chat id and proves nothing else. Answers
are pushed to who is looking (web/chat); there is nothing to send.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from kupec.conversations.channel import Capabilities, Outgoing, Read, Sent
from kupec.conversations.errors import Refused
from kupec.conversations.models import Inbox, Incoming, NewAttachment
from kupec.kit.errors import InvalidValue
from kupec.kit.signing import sign, unsign

LONGEST: Final = 4000
_PURPOSE: Final = "chat"
_ID: Final = re.compile(r"[0-9A-Za-z_-]{8,64}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class WebConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An inbox of web chat."""

    origins: tuple[str, ...] = ()
    """Other sites that may embed it: "https://www.example.com". Our own shop always may."""
    storefront: bool = True
    """Shown on our own shop's pages."""
    bot: bool = True
    """The bot answers here; without it chat is offered only as far as people are there."""
    files: bool = True
    """Whether customers may send files."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a panel sends: `id` is its own name for the message, the same again is the same message."""

    id: str
    text: str = ""
    choice: str | None = None
    language: str | None = None
    token: str = ""


class WebChannel:
    """One way to talk with customers: the panel on a page."""

    code = "web"
    capabilities = Capabilities(
        buttons=12,
        list_rows=12,
        cards=10,
        pictures=True,
        markup="light",
        length=LONGEST,
        files=True,
        typing=True,
        live=True,
        burst=timedelta(0),
    )

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def verify(self, inbox: Inbox, credentials: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> None:
        """Nothing is delivered here: browsers speak the chat's own interface. Raises Refused."""
        raise Refused

    def external_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Raises InvalidValue (id)."""
        said = _said(body)
        return f"{said.token.partition('.')[0]}:{said.id}"

    def read(self, inbox: Inbox, body: bytes, now: datetime) -> Read:
        try:
            said = _said(body)
            visitor_id = UUID(hex=said.token.partition(".")[0])
        except (InvalidValue, ValueError):
            return Read()
        return Read(incoming=(heard(inbox, visitor_id, said, now),))

    async def send(self, outgoing: Outgoing, credentials: Mapping[str, str]) -> Sequence[Sent]:
        """Who is looking reads it from the database; it has no other name than its own."""
        return [Sent(source_id=str(outgoing.message.id))]

    def config(self, raw: Mapping[str, Any]) -> WebConfig:
        """Raises InvalidValue naming the field."""
        try:
            config = msgspec.convert(dict(raw), WebConfig, strict=False)
        except msgspec.ValidationError as error:
            raise InvalidValue(field="config", expected=str(error)) from error
        for origin in config.origins:
            if not is_origin(origin):
                raise InvalidValue(field="origins", expected="https://www.example.com")
        return config

    def token(self, inbox: Inbox, visitor_id: UUID) -> str:
        """What a browser shows to be the one it was; it does not expire, and says nothing about anybody."""
        return sign(self._secret, f"{_PURPOSE}:{inbox.code}", visitor_id.hex)

    def visitor_of(self, inbox: Inbox, token: str) -> UUID | None:
        """Whose token this is; None when it is not ours."""
        value = unsign(self._secret, f"{_PURPOSE}:{inbox.code}", token, now=inbox.created_at)
        return UUID(hex=value) if value else None


def heard(
    inbox: Inbox,
    visitor_id: UUID,
    said: Said,
    now: datetime,
    *,
    customer_id: UUID | None = None,
    proven: bool = False,
    files: tuple[NewAttachment, ...] = (),
) -> Incoming:
    """What a browser said, as the room takes it in; a browser that nobody knows is its own customer."""
    return Incoming(
        inbox=inbox.id,
        address=visitor_id.hex,
        source_id=said.id,
        text=plain(said.text)[:LONGEST],
        sent_at=now,
        choice=said.choice[:500] if said.choice else None,
        language=said.language,
        customer_id=customer_id or visitor_id,
        proven=proven,
        attachments=files,
    )


def check_said(said: Said) -> None:
    """Raises InvalidValue (id, text)."""
    if not _ID.fullmatch(said.id):
        raise InvalidValue(field="id", expected="8 to 64 letters, digits, - and _")
    if not plain(said.text) or len(said.text) > LONGEST:
        raise InvalidValue(field="text", expected=f"1 to {LONGEST} characters")


def plain(text: str) -> str:
    """Without control characters, which nobody types and no database keeps."""
    return _CONTROL.sub("", text).strip()


def is_origin(text: str) -> bool:
    """Whether this is a site's origin: scheme and host, with a port or without, and nothing else."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = f"{parts.hostname}:{port}" if port else parts.hostname
    return parts.scheme in ("http", "https") and text == f"{parts.scheme}://{host}"


def _said(body: bytes) -> Said:
    try:
        said = msgspec.json.decode(body, type=Said)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidValue(field="body", expected=str(error)) from error
    check_said(said)
    return said
