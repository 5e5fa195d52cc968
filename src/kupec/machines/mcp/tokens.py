"""Codes become tokens, refresh tokens become new ones; what is used a second time ends the connection."""

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.customers import roles_of, roots
from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection, to_struct
from kupec.kit.errors import Forbidden, NotFound
from kupec.machines.mandates import (
    MachineRevoked,
    NewMachineKey,
    UnknownMachineKey,
    authenticate,
    create_key,
    revoke_key,
    rotate_key,
)
from kupec.machines.mcp.clients import get_client
from kupec.machines.mcp.errors import InvalidGrant, InvalidScope, OAuthError
from kupec.machines.mcp.granting import GRANT, SELF, challenge_of, digest, end_grant, get_grant
from kupec.machines.mcp.models import ACCESS_LIFE, REFRESH_LIFE, Grant, Tokens

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


async def redeem_code(
    db: Connection, code: str, *, client_id: str, redirect_uri: str | None, verifier: str, now: datetime
) -> Tokens | OAuthError:
    """The tokens for a code, once. A code that comes a second time ends what the first was given.

    A refusal is a value, since what it ended must stay. Raises InvalidClient.
    """
    client = await get_client(db, client_id)
    row = await db.fetchrow(
        "select grant_id, redirect_uri, challenge, expires_at, used_at from mcp_code where digest = $1 "
        "for no key update",
        digest(code),
    )
    if row is None:
        return InvalidGrant()
    grant = await get_grant(db, row["grant_id"])
    if grant.client_id != client.id:
        return InvalidGrant()
    if row["used_at"] is not None:
        await end_grant(db, grant, "replayed", now=now)
        return InvalidGrant()
    proved = _VERIFIER.fullmatch(verifier) and hmac.compare_digest(challenge_of(verifier), row["challenge"])
    same_place = redirect_uri is None or redirect_uri == row["redirect_uri"]
    if not proved or not same_place or row["expires_at"] < now or grant.ended_at is not None:
        return InvalidGrant()
    await db.execute("update mcp_code set used_at = $2 where digest = $1", digest(code), now)
    return await _give(db, grant, grant.scopes, now)


async def refresh_tokens(
    db: Connection, token: str, *, client_id: str, scopes: Sequence[str] | None, now: datetime
) -> Tokens | OAuthError:
    """New tokens for a refresh token, which is over with that. One that comes a second time ends the connection:
    whoever has it, one of the two is not the application.

    A refusal is a value, since what it ended must stay. Raises InvalidClient.
    """
    client = await get_client(db, client_id)
    row = await db.fetchrow(
        f"""
        select {GRANT}, r.key_id, r.expires_at, r.used_at, k.revoked_at is not null as key_revoked
          from mcp_refresh r join mcp_grant g on g.id = r.grant_id join machine_key k on k.id = r.key_id
         where r.digest = $1 for no key update of r
        """,  # noqa: S608
        digest(token),
    )
    if row is None or row["client_id"] != client.id:
        return InvalidGrant()
    grant = Grant(**{name: row[name] for name in Grant.__struct_fields__})
    if row["used_at"] is not None:
        await end_grant(db, grant, "replayed", now=now)
        return InvalidGrant()
    # Whoever has revoked the key by hand meant the agent, not these four hours.
    if row["expires_at"] < now or grant.ended_at is not None or row["key_revoked"]:
        return InvalidGrant()
    if scopes is not None and not set(scopes) <= set(grant.scopes):
        return InvalidScope()
    await db.execute("update mcp_refresh set used_at = $2 where digest = $1", digest(token), now)
    return await _give(db, grant, scopes or grant.scopes, now, before=row["key_id"])


async def revoke_token(db: Connection, token: str, *, client_id: str, now: datetime) -> None:
    """A refresh token ends the connection, an access token itself (RFC 7009). What is unknown is over already.

    Raises InvalidClient.
    """
    client = await get_client(db, client_id)
    row = await db.fetchrow(
        f"select {GRANT} from mcp_refresh r join mcp_grant g on g.id = r.grant_id "  # noqa: S608
        "where r.digest = $1 and g.client_id = $2 for no key update of r",
        *(digest(token), client.id),
    )
    if row is not None:
        await end_grant(db, to_struct(Grant, row), "revoked", now=now)
        return
    try:
        key_id = (await authenticate(db, token, now=now)).key_id
    except UnknownMachineKey:
        return
    theirs = await db.fetchval(
        "select true from mcp_refresh r join mcp_grant g on g.id = r.grant_id "
        "where r.key_id = $1 and g.client_id = $2 limit 1",
        *(key_id, client.id),
    )
    if theirs:
        await revoke_key(db, key_id, actor=SELF, now=now)


async def _give(
    db: Connection, grant: Grant, scopes: Sequence[str], now: datetime, *, before: UUID | None = None
) -> Tokens | OAuthError:
    """By the right of whoever said yes: who buys for an organisation no more connects no more."""
    try:
        async with db.transaction():
            key = await _key(db, grant, scopes, now, before)
    except (Forbidden, MachineRevoked, NotFound):
        return InvalidGrant()
    refresh = secrets.token_urlsafe(32)
    await db.execute(
        "insert into mcp_refresh (digest, grant_id, key_id, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        *(digest(refresh), grant.id, key.key.id, now, now + REFRESH_LIFE),
    )
    return Tokens(
        access_token=key.token,
        refresh_token=refresh,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        scope=" ".join(scopes),
    )


async def _key(
    db: Connection, grant: Grant, scopes: Sequence[str], now: datetime, before: UUID | None
) -> NewMachineKey:
    actor = await _whoever_said_yes(db, grant)
    if before is not None and list(scopes) == grant.scopes:
        try:
            async with db.transaction():
                return await rotate_key(db, before, actor=actor, now=now)
        except NotFound:
            pass  # its life is over, as it mostly is by now
    return await create_key(db, grant.machine_id, scopes=scopes, expires_at=now + ACCESS_LIFE, actor=actor, now=now)


async def _whoever_said_yes(db: Connection, grant: Grant) -> Actor:
    person = (await roots(db, [grant.granted_by]))[grant.granted_by]
    return customer(person, await roles_of(db, person))
