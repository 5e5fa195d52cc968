"""Files about a customer: a contract, a photograph of a fault. Kept in the database, as pictures of goods are."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers.contact_points import PERMISSION
from kupec.customers.membership import members_of, root_of
from kupec.customers.party_errors import UnfitFile
from kupec.customers.party_events import FileAdded, FileRemoved
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7

LARGEST_FILE = 10_000_000
MOST_FILES = 200
LONGEST_FILE_NAME = 120
_UNFIT_IN_NAMES = re.compile(r"[\\/:*?\"<>|\x00-\x1f\x7f]+")

# By the ending of the name: the media type, and what the bytes begin with where that can be told.
_TYPES: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "webp": ("image/webp", (b"RIFF",)),
    "heic": ("image/heic", ()),
    "txt": ("text/plain", ()),
    "csv": ("text/csv", ()),
    "eml": ("message/rfc822", ()),
    "doc": ("application/msword", (b"\xd0\xcf\x11\xe0",)),
    "xls": ("application/vnd.ms-excel", (b"\xd0\xcf\x11\xe0",)),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK\x03\x04",)),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK\x03\x04",)),
    "odt": ("application/vnd.oasis.opendocument.text", (b"PK\x03\x04",)),
    "ods": ("application/vnd.oasis.opendocument.spreadsheet", (b"PK\x03\x04",)),
    "zip": ("application/zip", (b"PK\x03\x04",)),
}
FILE_ENDINGS = tuple(_TYPES)


class PartyFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file about a customer, without what is in it. `size` is in bytes, `author` an actor ("staff:0193…")."""

    id: UUID
    party_id: UUID
    name: str
    media_type: str
    size: int
    author: str
    added_at: datetime


_COLUMNS = "id, party_id, name, media_type, size, author, added_at"


async def files_of(db: Connection, members: Sequence[UUID]) -> list[PartyFile]:
    """The files about a customer, under any of their ids, the latest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from party_file where party_id = any($1::uuid[]) order by added_at desc, id desc",  # noqa: S608
        list(members),
    )
    return to_structs(PartyFile, rows)


async def add_file(
    db: Connection, party_id: UUID, name: str, content: bytes, *, actor: Actor, now: datetime
) -> PartyFile:
    """Keep a file with a customer. Its type is read from the name's ending, which has to fit how the file begins.

    Needs "customers.write". Raises NotFound, UnfitFile with the reason. Emits file.added.
    """
    actor.require(PERMISSION)
    party_id = await root_of(db, party_id)
    kept_name, media_type = _checked(name, content)
    count = await db.fetchval(
        "select count(*) from party_file where party_id = any($1::uuid[])", await members_of(db, party_id)
    )
    if count >= MOST_FILES:
        raise UnfitFile(field="file", reason=_("there are 200 already"))
    row = await db.fetchrow(
        f"""
        insert into party_file (id, party_id, name, media_type, size, sha256, content, author, added_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning {_COLUMNS}
        """,  # noqa: S608
        *(uuid7(), party_id, kept_name, media_type, len(content), hashlib.sha256(content).digest(), content),
        *(str(actor), now),
    )
    file = PartyFile(**dict(row or {}))
    added = FileAdded(file_id=file.id, media_type=media_type, size=file.size)
    await _tell(db, party_id, added, actor, now)
    return file


async def read_file(db: Connection, members: Sequence[UUID], file_id: UUID) -> tuple[PartyFile, bytes]:
    """A file of this customer with what is in it. Raises NotFound."""
    row = await db.fetchrow(
        f"select {_COLUMNS}, content from party_file where id = $1 and party_id = any($2::uuid[])",  # noqa: S608
        *(file_id, list(members)),
    )
    if row is None:
        raise NotFound(what="file")
    return PartyFile(**{name: value for name, value in row.items() if name != "content"}), row["content"]


async def remove_file(db: Connection, party_id: UUID, file_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The file is gone for good. Needs "customers.write". Raises NotFound. Emits file.removed."""
    actor.require(PERMISSION)
    party_id = await root_of(db, party_id)
    gone = await db.fetchval(
        "delete from party_file where id = $1 and party_id = any($2::uuid[]) returning id",
        *(file_id, await members_of(db, party_id)),
    )
    if gone is None:
        raise NotFound(what="file")
    await _tell(db, party_id, FileRemoved(file_id=file_id), actor, now)


def _checked(name: str, content: bytes) -> tuple[str, str]:
    plain = " ".join(_UNFIT_IN_NAMES.sub(" ", name).split()).strip(". ")
    stem, _dot, ending = plain.rpartition(".")
    if not stem or ending.lower() not in _TYPES:
        raise UnfitFile(field="file", reason=_("only PDF, pictures, text, mails, tables, documents and ZIP are kept"))
    if not content:
        raise UnfitFile(field="file", reason=_("it is empty"))
    if len(content) > LARGEST_FILE:
        raise UnfitFile(field="file", reason=_("it is larger than 10 MB"))
    media_type, beginnings = _TYPES[ending.lower()]
    if beginnings and not content.startswith(beginnings):
        raise UnfitFile(field="file", reason=_("what is in it is not what its name says"))
    room = LONGEST_FILE_NAME - len(ending) - 1
    kept = "".join(char for char in stem[:room] if char.isprintable()).strip() or "file"
    return f"{kept}.{ending.lower()}", media_type


async def _tell(db: Connection, party_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    happened = Happened(payload=payload, subject=f"customer:{party_id}", customer_id=party_id, occurred_at=now)
    await emit(db, [happened], actor=actor)
