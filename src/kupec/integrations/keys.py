"""Keys that other systems call the shop with: made, shown once, looked up with every call, revoked."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.integrations.errors import RateLimited, UnknownKey
from kupec.integrations.events import ApiKeyCreated, ApiKeyRevoked
from kupec.integrations.models import RATE_LIMIT, SCOPES, ApiKey, NewKey
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7

MOST_REQUESTS: Final = 100_000
_BEGINNING: Final = "kupec_"
_SHOWN: Final = len(_BEGINNING) + 6
_TOKEN: Final = re.compile(_BEGINNING + "[A-Za-z0-9_-]{43}")
_COLUMNS: Final = "id, name, prefix, scopes, rate_limit, created_by, created_at, expires_at, revoked_at, last_used_at"

# One statement a request: who it is, one more in this minute unless that is too many, and when it was last used (to
# the minute). A window weighs less as it grows old, so that nobody gets twice the limit around the full minute.
_ADMIT: Final = f"""
with known as (
    select {_COLUMNS} from api_key
    where token_hash = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
), used as (
    insert into api_key_use as u (key_id, minute, before, count)
    select id, $3::bigint, 0, 1 from known
    on conflict (key_id) do update set
        minute = $3::bigint,
        before = case u.minute when $3::bigint then u.before when $3::bigint - 1 then u.count else 0 end,
        count = case u.minute when $3::bigint then u.count + 1 else 1 end
    where case u.minute when $3::bigint then u.before * (1 - $4::float8) + u.count
                        when $3::bigint - 1 then u.count * (1 - $4::float8) else 0 end
          < (select rate_limit from known)
    returning key_id
), noted as (
    update api_key set last_used_at = $2
    where id = (select key_id from used)
      and (last_used_at is null or last_used_at < $2 - interval '1 minute')
)
select known.*, (select key_id from used) is not null as admitted from known
"""  # noqa: S608


async def create_key(
    db: Connection,
    name: str,
    *,
    scopes: Sequence[str],
    actor: Actor,
    now: datetime,
    expires_at: datetime | None = None,
    rate_limit: int = RATE_LIMIT,
) -> NewKey:
    """A new key with these scopes; its token is in the answer and nowhere else.

    `rate_limit` is in requests a minute. Raises Forbidden, InvalidValue (name, scopes, expires_at, rate_limit). Event
    api_key.created.
    """
    actor.require("integrations.write")
    title = name.strip()
    if not 0 < len(title) <= 100:
        raise InvalidValue(field="name", expected=_("a name of at most 100 characters"))
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidValue(field="scopes", expected=_("at least one scope"))
    if expires_at is not None and expires_at <= now:
        raise InvalidValue(field="expires_at", expected=_("a day in the future"))
    if not 1 <= rate_limit <= MOST_REQUESTS:
        raise InvalidValue(field="rate_limit", expected=f"1–{MOST_REQUESTS}")
    token = _BEGINNING + secrets.token_urlsafe(32)
    row = await db.fetchrow(
        f"""
        insert into api_key (id, name, prefix, token_hash, scopes, rate_limit, created_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning {_COLUMNS}
        """,  # noqa: S608
        *(uuid7(), title, token[:_SHOWN], _digest(token), [scope for scope in SCOPES if scope in scopes]),
        *(rate_limit, str(actor), now, expires_at),
    )
    key = ApiKey(**dict(row or {}))
    await _tell(db, key, ApiKeyCreated(prefix=key.prefix, scopes=key.scopes), actor, now)
    return NewKey(key=key, token=token)


async def revoke_key(db: Connection, key_id: UUID, *, actor: Actor, now: datetime) -> ApiKey:
    """The key opens nothing from now on. Revoking twice is once. Raises Forbidden, NotFound. Event api_key.revoked."""
    actor.require("integrations.write")
    row = await db.fetchrow(f"select {_COLUMNS} from api_key where id = $1 for no key update", key_id)  # noqa: S608
    if row is None:
        raise NotFound(what="key")
    if row["revoked_at"] is None:
        row = await db.fetchrow(
            f"update api_key set revoked_at = $2 where id = $1 returning {_COLUMNS}",  # noqa: S608
            key_id,
            now,
        )
        key = ApiKey(**dict(row or {}))
        await _tell(db, key, ApiKeyRevoked(prefix=key.prefix), actor, now)
        return key
    return ApiKey(**dict(row))


async def list_keys(db: Connection, *, limit: int = 200) -> list[ApiKey]:
    """The latest first; those that no longer open anything at the end."""
    rows = await db.fetch(
        f"select {_COLUMNS} from api_key order by revoked_at is not null, created_at desc, id desc limit $1",  # noqa: S608
        limit,
    )
    return [ApiKey(**dict(row)) for row in rows]


async def admit(db: Connection, token: str, *, now: datetime) -> ApiKey:
    """Whose call this is, counted against the key's limit. Raises UnknownKey, RateLimited."""
    if not _TOKEN.fullmatch(token):
        raise UnknownKey
    minute, second = divmod(now.timestamp(), 60)
    row = await db.fetchrow(_ADMIT, _digest(token), now, int(minute), second / 60)
    if row is None:
        raise UnknownKey
    values = dict(row)
    if not values.pop("admitted"):
        raise RateLimited(limit=values["rate_limit"])
    return ApiKey(**values)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _tell(db: Connection, key: ApiKey, payload: Payload, actor: Actor, now: datetime) -> None:
    event = Happened(payload=payload, subject=f"api_key:{key.id}", occurred_at=now)
    await emit(db, [event], actor=actor)
