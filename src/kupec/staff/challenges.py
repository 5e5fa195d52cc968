"""What is asked of somebody once. Only a hash of the asked is stored, and whoever takes it takes it away."""

from datetime import datetime
from uuid import UUID

from kupec.kit.db import Connection
from kupec.staff.sessions import digest


async def ask(db: Connection, kind: str, key: str | bytes, staff_id: UUID | None, expires_at: datetime) -> None:
    await db.execute("insert into staff_challenge values ($1, $2, $3, $4)", digest(key), kind, staff_id, expires_at)


async def take(db: Connection, kind: str, key: str | bytes, now: datetime) -> tuple[bool, UUID | None]:
    """Whether this was asked and is still good, and of whom. It is gone afterwards."""
    row = await db.fetchrow(
        "delete from staff_challenge where key_hash = $1 and kind = $2 returning staff_id, expires_at",
        digest(key),
        kind,
    )
    return (True, row["staff_id"]) if row and row["expires_at"] > now else (False, None)


async def asked_of(db: Connection, kind: str, key: str | bytes, now: datetime) -> UUID | None:
    """Of whom this was asked, while it is good; it stays."""
    staff_id: UUID | None = await db.fetchval(
        "select staff_id from staff_challenge where key_hash = $1 and kind = $2 and expires_at > $3",
        digest(key),
        kind,
        now,
    )
    return staff_id
