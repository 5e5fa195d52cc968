"""Whether a message may go: asked when it is written, and again just before it is sent."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.customers import allowed
from kupec.kit.db import Connection
from kupec.outreach.policy import Policy
from kupec.outreach.recipients import bouncing

Why = Literal["off", "no_address", "bounced", "consent", "cap", "no_longer"]
"""Why a message is withheld."""

# Whoever writes a customer for a purpose that is counted waits here for the other one who does.
_ONE_AT_A_TIME = """
select pg_advisory_xact_lock(hashtextextended('outreach:' || id, 0))
  from (select id from unnest($1::uuid[]) as id order by id offset 0) as sorted
"""
_COUNTED = """
with member as (
    select id as root, id as member_id from unnest($1::uuid[]) as id
    union
    select party_id, member_id from party_alias where party_id = any($1::uuid[])
)
select member.root, coalesce(mail.sent_at, mail.send_after, mail.created_at) as at
  from member join mail on mail.customer_id = member.member_id
 where mail.purpose <> 'service' and mail.state = any($2::text[]) and mail.id <> all($3::uuid[])
   and coalesce(mail.sent_at, mail.send_after, mail.created_at) > $4
"""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A message that would go to `address` at `at`. `party_id` is whom it is written to, None for our own people."""

    id: UUID
    party_id: UUID | None
    address: str
    purpose: str
    at: datetime
    zone: ZoneInfo


async def withheld(db: Connection, asking: Sequence[Asking], policy: Policy, *, written: bool) -> dict[UUID, Why]:
    """By id, those that may not go, and why. `written`: they stand in the table already, and are about to be sent.

    Before they are written, who writes the same customer meanwhile waits for this transaction to end.
    """
    found: dict[UUID, Why] = {}
    bad = await bouncing(db, [one.address for one in asking], soft=policy.soft_bounces)
    for one in asking:
        if not one.address:
            found[one.id] = "no_address"
        elif one.address.lower() in bad:
            found[one.id] = "bounced"
    needing = [one for one in asking if one.purpose != "service" and one.id not in found]
    if not needing:
        return found
    agreed = await _agreed(db, needing)
    found |= {one.id: "consent" for one in needing if one.id not in agreed}
    counted = [one for one in needing if one.id in agreed]
    return found | await _too_many(db, counted, policy, written=written)


async def _agreed(db: Connection, asking: Sequence[Asking]) -> set[UUID]:
    found: set[UUID] = set()
    for purpose in sorted({one.purpose for one in asking}):
        some = [one for one in asking if one.purpose == purpose and one.party_id is not None]
        agreeing = await allowed(db, sorted({one.party_id for one in some if one.party_id}), purpose)
        found |= {one.id for one in some if one.party_id in agreeing}
    return found


async def _too_many(db: Connection, asking: Sequence[Asking], policy: Policy, *, written: bool) -> dict[UUID, Why]:
    parties = sorted({one.party_id for one in asking if one.party_id})
    if not parties:
        return {}
    if not written:
        await db.execute(_ONE_AT_A_TIME, parties)
    states = ["sent"] if written else ["queued", "held", "sent", "bounced"]
    since = min(one.at for one in asking) - timedelta(days=8)
    rows = await db.fetch(_COUNTED, parties, states, [one.id for one in asking], since)
    zones = {one.party_id: one.zone for one in asking}
    taken = Counter(period for row in rows for period in _periods(row["root"], row["at"], zones[row["root"]]))
    found: dict[UUID, Why] = {}
    for one in sorted(asking, key=lambda one: one.at):
        day, week = _periods(one.party_id, one.at, one.zone)
        if taken[day] >= policy.per_day or taken[week] >= policy.per_week:
            found[one.id] = "cap"
        else:
            taken.update((day, week))
    return found


def _periods(party_id: UUID | None, at: datetime, zone: ZoneInfo) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The customer's day and week, from Monday on, in which a message falls."""
    day = at.astimezone(zone).date()
    year, week, _weekday = day.isocalendar()
    return (party_id, day), (party_id, year, week)
