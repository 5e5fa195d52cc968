"""A customer connects an agent: it becomes a machine of theirs, with or without a mandate; and is disconnected."""

import base64
import hashlib
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from kupec.customers import members_of
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_struct, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.machines.mandates import (
    NewMachine,
    NewMandate,
    grant_mandate,
    mandates_for,
    register_machine,
    revoke_key,
    revoke_mandate,
)
from kupec.machines.mcp.clients import get_client
from kupec.machines.mcp.errors import AskExpired
from kupec.machines.mcp.events import AgentConnected, AgentDisconnected
from kupec.machines.mcp.models import CODE_LIFE, Ask, Grant

SELF: Final = system("mcp")
GRANT: Final = ", ".join(f"g.{name}" for name in Grant.__struct_fields__)


async def connect_agent(
    db: Connection,
    ask: Ask,
    *,
    party_id: UUID,
    person_id: UUID,
    mandate: NewMandate | None,
    actor: Actor,
    now: datetime,
) -> str:
    """The customer's yes: a code that the application exchanges once, within two minutes.

    With a mandate the agent may buy within it, and mandates of an earlier connection are taken back; without one it
    reads. The same application of the same account stays the same machine; what an earlier connection gave it ends.
    Raises Forbidden, AskExpired, and what `grant_mandate` raises. Emits agent.connected, and what mandates emit.
    """
    client = await get_client(db, ask.client_id)
    machine_id, before = await _machine_of(db, client.id, await members_of(db, party_id))
    for grant in before:
        await end_grant(db, grant, "replaced", now=now)
    if machine_id is None:
        new = NewMachine(name=client.name, kind="agent")
        machine_id = (await register_machine(db, party_id, new, actor=actor, now=now)).id
    if mandate is not None:
        for older in await mandates_for(db, machine_id):
            if older.revoked_at is None:
                await revoke_mandate(db, older.id, actor=actor, now=now)
        await grant_mandate(db, machine_id, mandate, actor=actor, now=now)
    grant_id, scopes = uuid7(), ["read"] if mandate is None else ["read", "buy"]
    fresh = await db.fetchval(
        """
        insert into mcp_grant (id, client_id, machine_id, party_id, granted_by, scopes, ask_id, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (ask_id) do nothing returning true
        """,
        *(grant_id, client.id, machine_id, party_id, person_id, scopes, ask.id, now),
    )
    if not fresh:
        raise AskExpired
    await _tell(db, machine_id, party_id, AgentConnected(grant_id=grant_id, scopes=scopes), actor=actor, now=now)
    code = secrets.token_urlsafe(32)
    await db.execute(
        "insert into mcp_code (digest, grant_id, redirect_uri, challenge, expires_at) values ($1, $2, $3, $4, $5)",
        *(digest(code), grant_id, ask.redirect_uri, ask.challenge, now + CODE_LIFE),
    )
    return code


async def _machine_of(db: Connection, client_id: str, members: list[UUID]) -> tuple[UUID | None, list[Grant]]:
    """The machine that this application is already, unless it was taken out of use; and the yeses that still hold."""
    rows = await db.fetch(
        f"""
        select {GRANT} from mcp_grant g join machine m on m.id = g.machine_id
         where g.client_id = $1 and g.party_id = any($2::uuid[]) and m.state <> 'revoked'
         order by g.created_at desc for no key update of g
        """,  # noqa: S608
        *(client_id, members),
    )
    grants = to_structs(Grant, rows)
    return (grants[0].machine_id if grants else None), [each for each in grants if each.ended_at is None]


async def grants_of(db: Connection, machine_id: UUID) -> list[Grant]:
    """The connections of a machine that hold, the latest first."""
    rows = await db.fetch(
        f"select {GRANT} from mcp_grant g where machine_id = $1 and ended_at is null order by created_at desc",  # noqa: S608
        machine_id,
    )
    return to_structs(Grant, rows)


async def get_grant(db: Connection, grant_id: UUID) -> Grant:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {GRANT} from mcp_grant g where id = $1", grant_id)  # noqa: S608
    if row is None:
        raise NotFound(what="connection")
    return to_struct(Grant, row)


async def end_grant(db: Connection, grant: Grant, why: str, *, now: datetime) -> None:
    """Its keys and tokens open nothing any more; twice is once. Emits agent.disconnected, machine_key.revoked."""
    ended = await db.fetchval(
        "update mcp_grant set ended_at = $2, ended_why = $3 where id = $1 and ended_at is null returning true",
        *(grant.id, now, why),
    )
    if not ended:
        return
    keys = await db.fetch(
        """
        select distinct k.id from mcp_refresh r join machine_key k on k.id = r.key_id
         where r.grant_id = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2) order by 1
        """,
        *(grant.id, now),
    )
    for row in keys:
        await revoke_key(db, row["id"], actor=SELF, now=now)
    told = AgentDisconnected(grant_id=grant.id, why=why)  # type: ignore[arg-type]
    await _tell(db, grant.machine_id, grant.party_id, told, actor=SELF, now=now)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def challenge_of(verifier: str) -> str:
    """What a verifier was announced as (PKCE, S256)."""
    return base64.urlsafe_b64encode(digest(verifier)).decode().rstrip("=")


async def _tell(
    db: Connection, machine_id: UUID, party_id: UUID, payload: Payload, *, actor: Actor, now: datetime
) -> None:
    event = Happened(
        payload=payload,
        subject=f"machine:{machine_id}",
        occurred_at=now,
        customer_id=party_id,
        channel="machine",
    )
    await emit(db, [event], actor=actor)
