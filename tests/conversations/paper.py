"""A channel of plain words for tests: what it sends it keeps in a list, and it fails as it is told."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.conversations import Capabilities, Inbox, Incoming, Outgoing, Read, Sent, add_inbox
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from tests.shop import NOON, SETUP

SECRET = "a secret of at least thirty-two letters"


class NoConfig(msgspec.Struct, frozen=True, kw_only=True):
    pass


class PaperChannel:
    """Sends into `sent`; raises what stands in `failing`, in order, first."""

    def __init__(self, code: str = "paper", **capabilities: Any) -> None:
        self.code = code
        self.capabilities = Capabilities(**{"burst": timedelta(0), **capabilities})
        self.sent: list[Outgoing] = []
        self.failing: list[Exception] = []

    def verify(self, inbox: Inbox, credentials: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> None:
        pass

    def external_id(self, headers: Mapping[str, str], body: bytes) -> str:
        return body.decode()

    def read(self, inbox: Inbox, body: bytes, now: datetime) -> Read:
        return Read(incoming=(letter(inbox, body.decode(), at=now),))

    async def send(self, outgoing: Outgoing, credentials: Mapping[str, str]) -> Sequence[Sent]:
        if self.failing:
            raise self.failing.pop(0)
        self.sent.append(outgoing)
        return [Sent(source_id=f"out-{len(self.sent)}")]

    def config(self, raw: Mapping[str, Any]) -> msgspec.Struct:
        return msgspec.convert(raw, NoConfig)


async def paper_inbox(db: Connection, code: str = "paper", **capabilities: Any) -> Inbox:
    return await add_inbox(
        db, PaperChannel(**capabilities), code=code, name=code.title(), secret=SECRET, actor=SETUP, now=NOON
    )


def letter(
    inbox: Inbox | UUID,
    text: str,
    *,
    address: str = "jana",
    source_id: str = "",
    at: datetime = NOON,
    **other: Any,
) -> Incoming:
    return Incoming(
        inbox=inbox if isinstance(inbox, UUID) else inbox.id,
        address=address,
        source_id=source_id or str(uuid7()),
        text=text,
        sent_at=at,
        **other,
    )
