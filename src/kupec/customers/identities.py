"""Who a customer is in a channel: what a chat or an app calls them."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.contact_events import ContactPointAdded, ContactPointRemoved, ContactPointVerified
from kupec.customers.contact_points import PERMISSION, claim
from kupec.customers.membership import members_of, root_of
from kupec.customers.models import ChannelIdentity
from kupec.customers.party_errors import AddressInUse
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

_COLUMNS = "id, party_id, channel, identity, verified_at"
_CHANNEL = re.compile(r"[a-z][a-z0-9_-]{0,29}")


async def identities_of(db: Connection, members: Sequence[UUID]) -> list[ChannelIdentity]:
    """All identities of a customer, under any of their ids."""
    rows = await db.fetch(
        f"select {_COLUMNS} from channel_identity where party_id = any($1::uuid[]) order by channel, id",  # noqa: S608
        list(members),
    )
    return to_structs(ChannelIdentity, rows)


async def party_of_identity(db: Connection, channel: str, identity: str) -> UUID | None:
    """Whose identity this is today, None if it is nobody's yet."""
    found: UUID | None = await db.fetchval(
        """
        select coalesce(alias.party_id, mine.party_id) from channel_identity mine
        left join party_alias alias on alias.member_id = mine.party_id where channel = $1 and identity = $2
        """,
        *(channel, identity),
    )
    return found


async def put_identity(
    db: Connection, party_id: UUID, channel: str, identity: str, *, verified: bool = False, actor: Actor, now: datetime
) -> ChannelIdentity:
    """From now on this customer is called so in the channel; `verified`: the channel itself has proved it.

    Repeating it changes nothing, but proof that comes later is kept. Where it belongs to another customer that stays
    so; if it was proved, that both have shown it is remembered. Needs "customers.write", or the customer's own word.
    Raises NotFound, InvalidValue (channel, identity), AddressInUse. Emits contact_point.added (kind: the channel), and
    contact_point.verified.
    """
    party_id = await root_of(db, party_id)
    actor.require_for(party_id, PERMISSION, role="buyer")
    name = identity.strip()
    if not _CHANNEL.fullmatch(channel) or channel in ("email", "phone"):
        raise InvalidValue(field="channel", expected="a channel's code, such as whatsapp")
    if not 0 < len(name) <= 200 or not name.isprintable():
        raise InvalidValue(field="identity", expected="at most 200 characters")
    proved = now if verified else None
    row = await db.fetchrow(
        f"""
        insert into channel_identity (id, party_id, channel, identity, verified_at, created_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (channel, identity) do update set channel = excluded.channel
        returning {_COLUMNS}, (xmax = 0) as added
        """,  # noqa: S608
        *(uuid7(), party_id, channel, name, proved, now),
    )
    assert row is not None, "inserted or found"
    found = ChannelIdentity(**{key: value for key, value in row.items() if key != "added"})
    if found.party_id not in await members_of(db, party_id):
        return await _shared(db, party_id, found, verified, actor, now)
    events: list[Payload] = [ContactPointAdded(kind=channel)] if row["added"] else []
    if verified and (row["added"] or found.verified_at is None):
        await db.execute("update channel_identity set verified_at = $2 where id = $1", found.id, now)
        events.append(ContactPointVerified(kind=channel))
    await _tell(db, party_id, events, actor, now)
    return await _get(db, found.id)


async def _shared(
    db: Connection, party_id: UUID, found: ChannelIdentity, verified: bool, actor: Actor, now: datetime
) -> ChannelIdentity:
    """Somebody else's. Proof is remembered, and the identity returned as it stands; without proof it is refused."""
    if not verified:
        raise AddressInUse(field="identity")
    await claim(db, party_id, found.channel, found.identity, now=now)
    await _tell(db, party_id, [ContactPointVerified(kind=found.channel, shared=True)], actor, now)
    return found


async def remove_identity(db: Connection, identity_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The customer is not called so any more. Rights as `put_identity`.

    Raises NotFound. Emits contact_point.removed.
    """
    row = await db.fetchrow(f"select {_COLUMNS} from channel_identity where id = $1 for update", identity_id)  # noqa: S608
    if row is None:
        actor.require(PERMISSION)
        raise NotFound(what="identity")
    party_id = await root_of(db, row["party_id"])
    actor.require_for(party_id, PERMISSION, role="buyer")
    await db.execute("delete from channel_identity where id = $1", identity_id)
    await _tell(db, party_id, [ContactPointRemoved(kind=row["channel"])], actor, now)


async def _get(db: Connection, identity_id: UUID) -> ChannelIdentity:
    row = await db.fetchrow(f"select {_COLUMNS} from channel_identity where id = $1", identity_id)  # noqa: S608
    assert row is not None, "written in this transaction"
    return ChannelIdentity(**dict(row))


async def _tell(db: Connection, party_id: UUID, payloads: Sequence[Payload], actor: Actor, now: datetime) -> None:
    subject = f"customer:{party_id}"
    events = [Happened(payload=one, subject=subject, customer_id=party_id, occurred_at=now) for one in payloads]
    await emit(db, events, actor=actor)
