"""What this room holds about a customer: their machines, keys, mandates, and what was bought and refused."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.personal import Held, PrivacyPart
from kupec.machines.mandates.registering import revoke_machine
from kupec.machines.mandates.rows import read_machines

_THEIRS = "party_id = any($1::uuid[])"
_ACTOR = system("privacy")

_TABLES = (
    Held(
        table="machine_key",
        where="machine_id in (select id from machine where party_id = any($1::uuid[]))",
        secret=["token_hash"],
    ),
    Held(
        table="purchase",
        where=_THEIRS,
        erase="blank",
        blank={"key": "id::text", "why": "'{}'", "foreign_order": "null", "approved_by": "null"},
        why="what was bought and refused, as goods and figures",
    ),
    Held(
        table="mandate",
        where=f"{_THEIRS} or granted_by = any($1::uuid[])",
        erase="blank",
        blank={"note": "''", "address": "null"},
        why="limits as figures, which purchases were made under",
    ),
    Held(table="machine", where=_THEIRS, erase="blank", blank={"name": "''", "profile": "null"}),
)


async def _before(db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
    """Nothing buys for somebody who is gone."""
    living = await read_machines(
        db, "where m.party_id = any($1::uuid[]) and m.state <> 'revoked' order by m.id", list(members)
    )
    for machine in living:
        await revoke_machine(db, machine.id, actor=_ACTOR, now=now)
    return {"machine": len(living)} if living else {}


privacy_part = PrivacyPart(name="mandates", tables=_TABLES, before=_before)
