"""Keys of many callers at once: thousands of devices that report every minute share their statements."""

from collections.abc import Collection
from datetime import datetime

from kupec.kit.db import Connection
from kupec.machines.mandates.keys import SEEN_EVERY, TOKEN, digest
from kupec.machines.mandates.models import Machine, MachineCaller
from kupec.machines.mandates.rows import MACHINE_FIELDS


async def authenticate_many(db: Connection, tokens: Collection[str], *, now: datetime) -> dict[str, MachineCaller]:
    """Whose calls these are, by token; those that open nothing are left out. Otherwise as `authenticate`."""
    hashes = {digest(token): token for token in tokens if TOKEN.fullmatch(token)}
    rows = await db.fetch(
        f"""
        select {MACHINE_FIELDS}, k.id as key_id, k.scopes, k.last_used_at, k.token_hash
          from machine_key k join machine m on m.id = k.machine_id
         where k.token_hash = any($1::bytea[]) and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
           and m.state <> 'revoked'
        """,  # noqa: S608
        *(list(hashes), now),
    )
    unseen = [row["key_id"] for row in rows if row["last_used_at"] is None or row["last_used_at"] < now - SEEN_EVERY]
    if unseen:
        await db.execute(
            "update machine_key set last_used_at = $2 where id in (select id from machine_key "
            "where id = any($1::uuid[]) and (last_used_at is null or last_used_at < $2) order by id "
            "for no key update skip locked)",
            *(unseen, now),
        )
    return {
        hashes[row["token_hash"]]: MachineCaller(
            machine=Machine(**{name: row[name] for name in Machine.__struct_fields__}),
            scopes=row["scopes"],
            key_id=row["key_id"],
        )
        for row in rows
    }
