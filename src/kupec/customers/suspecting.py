"""Who may be in the books twice: suggested for a person to decide, never merged by guess."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.customers.contact_points import PERMISSION
from kupec.customers.membership import root_of
from kupec.customers.models import Party
from kupec.customers.parties import parties_by_ids
from kupec.customers.party_events import PartiesDistinct
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, emit

Reason = Literal["shared", "phone", "company", "email", "name_postcode"]


class Suspects(msgspec.Struct, frozen=True, kw_only=True):
    """Two customers who may be one, and why one may think so, the strongest reason first."""

    one: Party
    other: Party
    reasons: list[Reason]


# Each reason finds pairs of customers as they are today; those that a person has told apart are left out. A value that
# many have in common (an office's number, "Jan Novák" in a city's centre) says nothing, so groups above ten are passed
# over. An address or number belongs to one; that another said it, too, stands in `contact_claim`.
_PAIRS = """
with living as (
    select party.id, party.kind, party.folded, party.company_id from party
    where not exists (select from party_alias where member_id = party.id)
), reached as (
    select said.kind, said.value, coalesce(alias.party_id, said.party_id) as party_id
    from (select kind, value, party_id from contact_point
          union all select kind, value, party_id from contact_claim) said
    left join party_alias alias on alias.member_id = said.party_id
), sign as (
    select 'company' as reason, living.id, living.kind || ':' || company_id as value from living
    where company_id is not null and company_id <> ''
    union
    select 'email', living.id,
           living.kind || ':' || replace(split_part(split_part(value, '@', 1), '+', 1), '.', '')
           || '@' || split_part(value, '@', 2)
    from reached join living on living.id = reached.party_id where reached.kind = 'email'
    union
    select 'name_postcode', living.id,
           living.kind || ':' || living.folded || ':' || replace(replace(address ->> 'postcode', ' ', ''), '-', '')
    from party_address left join party_alias alias on alias.member_id = party_address.party_id
    join living on living.id = coalesce(alias.party_id, party_address.party_id)
    where coalesce(address ->> 'postcode', '') <> '' and living.folded like '% %'
    union
    select 'phone', living.id, living.kind || ':' || reached.value
    from reached join living on living.id = reached.party_id
    where reached.kind = 'phone'
), few as (
    select reason, array_agg(id order by id) as ids from sign group by reason, value having count(*) between 2 and 10
), pair as (
    select reason, one, other from few, unnest(ids) as one, unnest(ids) as other where one < other
    union
    select 'shared', least(mine.id, theirs.id), greatest(mine.id, theirs.id)
    from contact_claim claim
    join contact_point point using (kind, value)
    left join party_alias a on a.member_id = claim.party_id
    left join party_alias b on b.member_id = point.party_id
    join living mine on mine.id = coalesce(a.party_id, claim.party_id)
    join living theirs on theirs.id = coalesce(b.party_id, point.party_id) and theirs.kind = mine.kind
    where mine.id <> theirs.id and claim.proved_at is not null
)
select one, other, array_agg(reason order by array_position($1::text[], reason)) as reasons from pair
where not exists (select from party_distinct where one_id = one and other_id = other)
group by one, other
order by min(array_position($1::text[], reason)), count(*) desc, one, other
limit $2
"""
_STRENGTH: Sequence[Reason] = ("shared", "company", "phone", "email", "name_postcode")


async def duplicates(db: Connection, *, limit: int = 100) -> list[Suspects]:
    """Pairs that may be one customer, those with the strongest reason first.

    Reasons: both have proved the same address or number ("shared"); the same company id; the same phone number; mail
    addresses that differ by full stops or what follows a plus; the same name at the same postcode.
    """
    rows = await db.fetch(_PAIRS, list(_STRENGTH), limit)
    known = await parties_by_ids(db, [row[side] for row in rows for side in ("one", "other")])
    return [Suspects(one=known[row["one"]], other=known[row["other"]], reasons=row["reasons"]) for row in rows]


async def tell_apart(db: Connection, one_id: UUID, other_id: UUID, *, actor: Actor, now: datetime) -> None:
    """These two are not the same, and are not suggested again. Needs "customers.write".

    Raises NotFound, InvalidValue. Emits party.distinct, once.
    """
    actor.require(PERMISSION)
    one_id, other_id = sorted([await root_of(db, one_id), await root_of(db, other_id)])
    if one_id == other_id:
        raise InvalidValue(field="other", expected="another customer")
    new = await db.fetchval(
        "insert into party_distinct (one_id, other_id, said_by, said_at) values ($1, $2, $3, $4) "
        "on conflict do nothing returning true",
        *(one_id, other_id, str(actor), now),
    )
    if new:
        told = PartiesDistinct(other_id=other_id)
        happened = Happened(payload=told, subject=f"customer:{one_id}", customer_id=one_id, occurred_at=now)
        await emit(db, [happened], actor=actor)
