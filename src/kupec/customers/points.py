"""The ledger of points: rows are only added, the balance is their sum, and no exchange takes it below nothing.

Who takes points locks the customer first, so that two exchanges at once stand in line. Points that expire are spent
by whoever comes first to them: the exchanges take the ones that expire soonest.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kupec.customers.consent_models import Purpose
from kupec.customers.membership import members_of, roots
from kupec.customers.points_models import (
    POINTS,
    NotEnoughPoints,
    PointsEntry,
    PointsGranted,
    PointsKind,
    PointsSpent,
)
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Event, Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published

_COLUMNS = "id, party_id, amount, kind, reason, source, purpose, revision, at, expires_at, actor"
_OURS = system("points")


def left_of_grants(entries: Sequence[PointsEntry]) -> dict[UUID, int]:
    """What is left of each grant: what went was taken from those that expire soonest, never-expiring ones last.

    An expiry names its grant and takes from that one only.
    """
    grants = sorted((one for one in entries if one.amount > 0), key=_soonest)
    left = {one.id: one.amount for one in grants}
    by_source = {f"expired:{one.id}": one.id for one in grants}
    for entry in sorted((one for one in entries if one.amount < 0), key=lambda one: (one.at, one.id)):
        named = by_source.get(entry.source)
        gone = -entry.amount
        before = [one.id for one in grants if one.at <= entry.at]
        for grant_id in [named] if named is not None else [*before, *(one for one in left if one not in before)]:
            taken = min(left[grant_id], gone)
            left[grant_id] -= taken
            gone -= taken
    return left


def _soonest(entry: PointsEntry) -> tuple[bool, datetime, UUID]:
    return entry.expires_at is None, entry.expires_at or entry.at, entry.id


async def points_balance(db: Connection, party_id: UUID, *, now: datetime) -> int:
    """How many points a customer has to spend, under all their ids; what has expired by `now` does not count."""
    entries = await _entries(db, await members_of(db, party_id))
    return sum(one.amount for one in entries) - sum(_expired(entries, now).values())


async def points_history(db: Connection, party_id: UUID, *, limit: int = 100) -> list[PointsEntry]:
    """A customer's movements, the latest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from points_entry where party_id = any($1::uuid[]) order by at desc, id desc limit $2",  # noqa: S608
        await members_of(db, party_id),
        limit,
    )
    return to_structs(PointsEntry, rows)


async def grant_points(
    db: Connection,
    party_id: UUID,
    amount: int,
    *,
    kind: PointsKind,
    source: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
    purpose: Purpose | None = None,
) -> bool:
    """Add points; one `source` grants once for ever. Whether it did. Emits points.granted.

    Needs "customers.write" (the rules of the shop act as the system). Raises InvalidValue (amount, reason).
    """
    actor.require("customers.write")
    if not 0 < amount <= 1_000_000:
        raise InvalidValue(field="amount", expected="a whole number from 1 to 1000000")
    if len(reason) > 500 or (kind == "desk" and not reason.strip()):
        raise InvalidValue(field="reason", expected="a reason of at most 500 characters")
    days = (await published(db, POINTS))[POINTS].expire_days
    expires_at = now + timedelta(days=days) if days else None
    root = (await roots(db, [party_id]))[party_id]
    entry = await _write(
        db, root, amount, kind, source, actor, now, reason=reason.strip(), purpose=purpose, expires_at=expires_at
    )
    return entry is not None


async def spend_points(
    db: Connection, party_id: UUID, amount: int, *, source: str, actor: Actor, now: datetime, reason: str = ""
) -> bool:
    """Take points for something, written in the same transaction; one `source` takes once. Emits points.spent.

    False when this source has taken them before. The customer does it for themself, the desk needs
    "customers.write". Raises NotEnoughPoints, InvalidValue (amount).
    """
    actor.require_for(party_id, "customers.write", role="buyer")
    if not 0 < amount <= 10**9:
        raise InvalidValue(field="amount", expected="a whole number from 1")
    root = await _lock(db, party_id)
    if await db.fetchval("select true from points_entry where source = $1", source):
        return False
    balance = await points_balance(db, root, now=now)
    if balance < amount:
        raise NotEnoughPoints(balance=balance, wanted=amount, field="amount")
    await _write_expired(db, root, now)
    return await _write(db, root, -amount, "spent", source, actor, now, reason=reason) is not None


async def grant_for_consent(db: Connection, party_id: UUID, purpose: Purpose, *, now: datetime) -> None:
    """What the document promises for a purpose: once for each revision of its text, whatever was withdrawn between."""
    if purpose.benefit.kind != "points" or not await _is_party(db, party_id):
        return
    party_id = await _lock(db, party_id)
    known = await db.fetchval(
        "select true from points_entry where party_id = any($1::uuid[]) and kind = 'consent' and purpose = $2 "
        "and revision = $3 limit 1",
        *(await members_of(db, party_id), purpose.code, purpose.revision),
    )
    if known is None:
        source = f"consent:{party_id}:{purpose.code}:{purpose.revision}"
        await grant_points(
            db,
            party_id,
            purpose.benefit.points,
            kind="consent",
            source=source,
            actor=_OURS,
            now=now,
            purpose=purpose,
        )


async def take_back_for_consent(
    db: Connection, party_id: UUID, purpose: Purpose, *, actor: Actor, now: datetime
) -> None:
    """Where the document says so, what is left of the points of a withdrawn purpose goes; what was spent stays."""
    document = (await published(db, POINTS))[POINTS]
    if not document.taken_back or not await _is_party(db, party_id):
        return
    party_id = await _lock(db, party_id)
    await _write_expired(db, party_id, now)
    entries = await _entries(db, await members_of(db, party_id))
    left = left_of_grants(entries)
    for grant in entries:
        if grant.kind == "consent" and grant.purpose == purpose.code and left.get(grant.id):
            await _write(
                db, party_id, -left[grant.id], "taken_back", f"taken_back:{grant.id}", actor, now, purpose=purpose
            )


async def expire_points(db: Connection, now: datetime, limit: int = 100) -> int:
    """Write off what has expired, of at most so many customers; returns how many. Emits points.spent ("expired")."""
    rows = await db.fetch(
        """
        select distinct coalesce(alias.party_id, entry.party_id) as root
          from points_entry entry left join party_alias alias on alias.member_id = entry.party_id
         where entry.expires_at <= $1 and not entry.closed limit $2
        """,
        now,
        limit,
    )
    for party_id in sorted(row["root"] for row in rows):
        await _write_expired(db, await _lock(db, party_id), now)
    return len(rows)


def points_subscriber() -> Subscriber:
    """Thanks whoever recommended a friend."""
    return Subscriber(name="customers.points", events=("relation.added",), handle=_reward, start="now")


async def _reward(db: Connection, events: Sequence[Event]) -> None:
    amount = (await published(db, POINTS))[POINTS].referral
    for event in events:
        friend = event.payload.get("other_id")
        if (
            not amount
            or event.origin != "live"
            or event.payload.get("kind") != "refers"
            or event.customer_id is None
            or friend is None
        ):
            continue
        if not await _is_party(db, event.customer_id):
            continue
        source = f"referral:{friend}"
        await grant_points(
            db, event.customer_id, amount, kind="referral", source=source, actor=_OURS, now=event.occurred_at
        )


async def _lock(db: Connection, party_id: UUID) -> UUID:
    """Whom the customer is today, locked; they may have been merged while we waited."""
    root = (await roots(db, [party_id]))[party_id]
    while True:
        await db.execute("select from party where id = $1 for no key update", root)
        today = (await roots(db, [root]))[root]
        if today == root:
            return root
        root = today


async def _is_party(db: Connection, party_id: UUID) -> bool:
    return bool(await db.fetchval("select true from party where id = $1", party_id))


async def _entries(db: Connection, members: Sequence[UUID]) -> list[PointsEntry]:
    rows = await db.fetch(f"select {_COLUMNS} from points_entry where party_id = any($1::uuid[])", members)  # noqa: S608
    return to_structs(PointsEntry, rows)


def _expired(entries: Sequence[PointsEntry], now: datetime) -> dict[UUID, int]:
    """By grant, what is left of it although its time is over."""
    left = left_of_grants(entries)
    return {
        one.id: left[one.id]
        for one in entries
        if one.amount > 0 and one.expires_at is not None and one.expires_at <= now and left[one.id]
    }


async def _write_expired(db: Connection, root: UUID, now: datetime) -> None:
    members = await members_of(db, root)
    for grant_id, amount in _expired(await _entries(db, members), now).items():
        await _write(db, root, -amount, "expired", f"expired:{grant_id}", _OURS, now)
    await db.execute(
        "update points_entry set closed = true where party_id = any($1::uuid[]) and expires_at <= $2 and not closed",
        members,
        now,
    )


async def _write(
    db: Connection,
    party_id: UUID,
    amount: int,
    kind: PointsKind,
    source: str,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    purpose: Purpose | None = None,
    expires_at: datetime | None = None,
) -> UUID | None:
    """The entry and its event; None when its source has written one before."""
    entry_id: UUID | None = await db.fetchval(
        """
        insert into points_entry (id, party_id, amount, kind, reason, source, purpose, revision, at, expires_at, actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (source) do nothing returning id
        """,
        *(uuid7(), party_id, amount, kind, reason, source, purpose.code if purpose else None),
        *(purpose.revision if purpose else None, now, expires_at, str(actor)),
    )
    if entry_id is not None:
        told = PointsGranted if amount > 0 else PointsSpent
        payload = told(entry_id=entry_id, amount=abs(amount), kind=kind)
        happened = Happened(payload=payload, subject=f"customer:{party_id}", customer_id=party_id, occurred_at=now)
        await emit(db, [happened], actor=actor)
    return entry_id
