"""Who a message goes to: the customer of today under all their ids, the address that works, their language and zone."""

from collections.abc import Iterable
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.customers import roots
from kupec.kit.db import Connection
from kupec.outreach.policy import Policy, zone_of

_RECIPIENTS = """
with member as (
    select id as root, id as member_id from unnest($1::uuid[]) as id
    union
    select party_id, member_id from party_alias where party_id = any($1::uuid[])
)
select party.id, party.name, party.language,
       (select point.value
          from member join contact_point point on point.party_id = member.member_id and point.kind = 'email'
         where member.root = party.id
         order by exists (select from mail_bounce bounce
                           where bounce.address = point.value and bounce.hard and bounce.lifted_at is null),
                  point.chosen desc, point.party_id <> party.id,
                  point.verified_at nulls last, point.id limit 1) as email,
       (select address.address ->> 'country'
          from member join party_address address on address.party_id = member.member_id
         where member.root = party.id order by address.position, address.id limit 1) as country
  from party where party.id = any($1::uuid[])
"""
# Soft ones count while nothing has got through since.
_BOUNCING = """
select wanted.address from unnest($1::text[]) as wanted (address)
 where exists (select from mail_bounce bounce
                where bounce.address = wanted.address and bounce.hard and bounce.lifted_at is null)
    or (select count(*) from mail_bounce bounce
         where bounce.address = wanted.address and not bounce.hard and bounce.lifted_at is null
           and bounce.at > coalesce((select max(sent_at) from mail
                                      where lower(to_address) = wanted.address and state = 'sent'), '-infinity')) >= $2
"""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as they are written to."""

    id: UUID
    name: str
    language: str
    email: str | None
    country: str | None

    def zone(self, policy: Policy) -> ZoneInfo:
        return zone_of(policy, self.country)


async def recipients_of(db: Connection, party_ids: Iterable[UUID]) -> dict[UUID, Recipient]:
    """By the id asked for, the customer it belongs to today; unknown ids are left out."""
    absorbed = await roots(db, party_ids)
    if not absorbed:
        return {}
    rows = await db.fetch(_RECIPIENTS, sorted(set(absorbed.values())))
    found = {row["id"]: Recipient(**dict(row)) for row in rows}
    return {one: found[root] for one, root in absorbed.items() if root in found}


async def bouncing(db: Connection, addresses: Iterable[str], *, soft: int) -> set[str]:
    """Which of these addresses (as they are compared) are not written: they do not exist, or failed `soft` times."""
    wanted = sorted({address.lower() for address in addresses})
    return {row["address"] for row in await db.fetch(_BOUNCING, wanted, soft)} if wanted else set()
