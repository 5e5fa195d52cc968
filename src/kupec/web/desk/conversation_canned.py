"""Ready-made replies, filled for the conversation at hand."""

import msgspec

from kupec.conversations import Conversation
from kupec.kit.db import Connection
from kupec.staff import Staff
from kupec.web.desk.reader import Reader


class Canned(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    title: str
    text: str


async def canned_for(db: Connection, one: Conversation, me: Staff, reader: Reader) -> list[Canned]:
    return []


async def canned_text(db: Connection, one: Conversation, code: str, me: Staff, reader: Reader) -> str:
    return next((each.text for each in await canned_for(db, one, me, reader) if each.code == code), "")
