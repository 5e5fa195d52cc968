"""Pictures, kept once each by what is in them."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kupec.catalogue.errors import UnfitPicture
from kupec.catalogue.events import MediaStored
from kupec.catalogue.models import MediaFile
from kupec.catalogue.pictures import check_picture
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.kit.events import Happened, Origin, emit
from kupec.kit.ids import uuid7

_SHA256_DIGITS: Final = 64

_STORE: Final = """
insert into media (id, sha256, content_type, bytes, created_at)
select id, sha256, content_type, bytes, $5
from unnest($1::uuid[], $2::bytea[], $3::text[], $4::bytea[]) as given (id, sha256, content_type, bytes)
order by sha256
on conflict (sha256) do nothing
returning encode(sha256, 'hex') as name, content_type, length(bytes) as size
"""


async def store_media(db: Connection, data: bytes, content_type: str, *, actor: Actor, now: datetime) -> str:
    """Keep a picture; returns the SHA-256 of its bytes in hex, its name from now on. The same picture is kept once.

    PNG, JPEG and WebP up to 5 MB, SVG up to 500 kB and only if it draws and does nothing else. Raises UnfitPicture
    with the reason. Event media.stored when it is new.
    """
    (answer,) = await store_pictures(db, [(data, content_type)], actor=actor, now=now)
    if isinstance(answer, KupecError):
        raise answer
    return answer


async def store_pictures(
    db: Connection, pictures: Sequence[tuple[bytes, str]], *, actor: Actor, now: datetime, origin: Origin = "live"
) -> list[str | KupecError]:
    """`store_media` for many (bytes, content type); an UnfitPicture stands in place of a name."""
    actor.require("catalogue.write")
    answers = [_checked(data, content_type) for data, content_type in pictures]
    fit = {
        answer: (data, content_type.partition(";")[0].strip().lower())
        for answer, (data, content_type) in zip(answers, pictures, strict=True)
        if isinstance(answer, str)
    }
    new = await db.fetch(
        _STORE,
        [uuid7() for _ in fit],
        [bytes.fromhex(name) for name in fit],
        [content_type for _, content_type in fit.values()],
        [data for data, _ in fit.values()],
        now,
    )
    events = [
        Happened(
            payload=MediaStored(sha256=row["name"], content_type=row["content_type"], size=row["size"]),
            subject=f"media:{row['name']}",
            occurred_at=now,
        )
        for row in new
    ]
    await emit(db, events, actor=actor, origin=origin)
    return answers


def _checked(data: bytes, content_type: str) -> str | KupecError:
    try:
        check_picture(data, content_type)
    except UnfitPicture as error:
        return error
    return hashlib.sha256(data).hexdigest()


async def get_media(db: Connection, sha256: str) -> MediaFile:
    """The picture of this name. It never changes, so it may be cached for ever. Raises NotFound."""
    try:
        digest = bytes.fromhex(sha256) if len(sha256) == _SHA256_DIGITS else b""
    except ValueError:
        digest = b""
    row = await db.fetchrow("select content_type, bytes, created_at from media where sha256 = $1", digest)
    if row is None:
        raise NotFound(what="picture")
    return MediaFile(**row)
