"""Keys that machines come with: made, shown once, looked up with every call, replaced with an overlap, revoked."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.machines.mandates.errors import MachineRevoked, UnknownMachineKey
from kupec.machines.mandates.events import MachineKeyCreated, MachineKeyRevoked, MachineKeyRotated
from kupec.machines.mandates.models import SCOPES, Machine, MachineCaller, MachineKey, NewMachineKey
from kupec.machines.mandates.rows import KEY_FIELDS, MACHINE_FIELDS, lock_machine, require_owner, tell
from kupec.machines.mandates.rules import MANDATES

_BEGINNING: Final = "kupecm_"
_SHOWN: Final = len(_BEGINNING) + 6
TOKEN: Final = re.compile(_BEGINNING + "[A-Za-z0-9_-]{43}")
SEEN_EVERY: Final = timedelta(minutes=1)


async def create_key(
    db: Connection,
    machine_id: UUID,
    *,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    actor: Actor,
    now: datetime,
) -> NewMachineKey:
    """A new key of the machine; its token ("kupecm_…") is in the answer and nowhere else. Emits machine_key.created.

    Raises Forbidden, NotFound, MachineRevoked, InvalidValue (scopes, expires_at).
    """
    machine = await _in_hand(db, machine_id, actor)
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidValue(field="scopes", expected=_("at least one of read, buy, telemetry"))
    if expires_at is not None and expires_at <= now:
        raise InvalidValue(field="expires_at", expected=_("a moment in the future"))
    made = await _insert(db, machine, [scope for scope in SCOPES if scope in scopes], expires_at, actor, now)
    told = MachineKeyCreated(key_id=made.key.id, scopes=made.key.scopes, expires_at=expires_at)
    await tell(db, f"machine:{machine_id}", machine.party_id, [told], actor=actor, now=now)
    return made


async def rotate_key(db: Connection, key_id: UUID, *, actor: Actor, now: datetime) -> NewMachineKey:
    """A key in the place of this one, with the same scopes and the same life from now on; this one lives on for an hour
    (the document "mandates" says how long), so that no call falls between. Emits machine_key.rotated.

    Raises Forbidden, NotFound (also for a key that opens nothing any more), MachineRevoked.
    """
    old, machine = await _key_in_hand(db, key_id, actor)
    if not old.opens(now) or old.rotated_to is not None:
        raise NotFound(what="key")
    overlap = timedelta(minutes=(await published(db, MANDATES))[MANDATES].overlap_minutes)
    until = min(now + overlap, old.expires_at or now + overlap)
    life = old.expires_at - old.created_at if old.expires_at else None
    made = await _insert(db, machine, old.scopes, now + life if life else None, actor, now)
    await db.execute(
        "update machine_key set expires_at = $2, rotated_to = $3 where id = $1", key_id, until, made.key.id
    )
    told = MachineKeyRotated(key_id=made.key.id, replaces=key_id, old_until=until)
    await tell(db, f"machine:{machine.id}", machine.party_id, [told], actor=actor, now=now)
    return made


async def revoke_key(db: Connection, key_id: UUID, *, actor: Actor, now: datetime) -> MachineKey:
    """The key opens nothing from now on. Twice is once. Emits machine_key.revoked. Raises Forbidden, NotFound."""
    key, machine = await _key_in_hand(db, key_id, actor, of_revoked=True)
    if key.revoked_at is not None:
        return key
    await db.execute("update machine_key set revoked_at = $2 where id = $1", key_id, now)
    told = MachineKeyRevoked(key_id=key_id)
    await tell(db, f"machine:{machine.id}", machine.party_id, [told], actor=actor, now=now)
    return msgspec.structs.replace(key, revoked_at=now)


async def authenticate(db: Connection, token: str, *, now: datetime) -> MachineCaller:
    """Whose call this is, and what its key lets it do. Raises UnknownMachineKey.

    A paused machine is let in: what it may not do is buy. When the key was last used is noted to the minute, where the
    transaction may write.
    """
    if not TOKEN.fullmatch(token):
        raise UnknownMachineKey
    row = await db.fetchrow(
        f"""
        select {MACHINE_FIELDS}, k.id as key_id, k.scopes, k.last_used_at
          from machine_key k join machine m on m.id = k.machine_id
         where k.token_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
           and m.state <> 'revoked'
        """,  # noqa: S608
        *(digest(token), now),
    )
    if row is None:
        raise UnknownMachineKey
    machine = Machine(**{name: row[name] for name in Machine.__struct_fields__})
    if row["last_used_at"] is None or row["last_used_at"] < now - SEEN_EVERY:
        await _note_use(db, row["key_id"], now)
    return MachineCaller(machine=machine, scopes=row["scopes"], key_id=row["key_id"])


async def _note_use(db: Connection, key_id: UUID, now: datetime) -> None:
    if await db.fetchval("select current_setting('transaction_read_only')") == "on":
        return
    # Another call of the same key may be noting it: that one will do.
    await db.execute(
        "update machine_key set last_used_at = $2 where id = (select id from machine_key where id = $1 "
        "and (last_used_at is null or last_used_at < $2) for no key update skip locked)",
        *(key_id, now),
    )


async def keys_of(db: Connection, machine_id: UUID) -> list[MachineKey]:
    """A machine's keys, the latest first; those that open nothing any more at the end."""
    return to_structs(
        MachineKey,
        await db.fetch(
            f"select {KEY_FIELDS} from machine_key k where machine_id = $1 "  # noqa: S608
            "order by revoked_at is not null, rotated_to is not null, created_at desc, id desc",
            machine_id,
        ),
    )


async def _insert(
    db: Connection,
    machine: Machine,
    scopes: Sequence[str],
    expires_at: datetime | None,
    actor: Actor,
    now: datetime,
) -> NewMachineKey:
    token = _BEGINNING + secrets.token_urlsafe(32)
    key = MachineKey(
        id=uuid7(),
        machine_id=machine.id,
        prefix=token[:_SHOWN],
        scopes=list(scopes),
        created_by=str(actor),
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
        rotated_to=None,
    )
    await db.execute(
        "insert into machine_key (id, machine_id, prefix, token_hash, scopes, created_by, created_at, expires_at) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(key.id, machine.id, key.prefix, digest(token), key.scopes, key.created_by, now, expires_at),
    )
    return NewMachineKey(key=key, token=token)


async def _in_hand(db: Connection, machine_id: UUID, actor: Actor) -> Machine:
    machine = await lock_machine(db, machine_id)
    await require_owner(db, machine.party_id, actor)
    if machine.state == "revoked":
        raise MachineRevoked
    return machine


async def _key_in_hand(
    db: Connection, key_id: UUID, actor: Actor, *, of_revoked: bool = False
) -> tuple[MachineKey, Machine]:
    machine_id = await db.fetchval("select machine_id from machine_key where id = $1", key_id)
    if machine_id is None:
        raise NotFound(what="key")
    if of_revoked:
        machine = await lock_machine(db, machine_id)
        await require_owner(db, machine.party_id, actor)
    else:
        machine = await _in_hand(db, machine_id, actor)
    row = await db.fetchrow(f"select {KEY_FIELDS} from machine_key k where id = $1", key_id)  # noqa: S608
    assert row is not None, "keys are never deleted while their machine is locked"
    return MachineKey(**dict(row)), machine


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
