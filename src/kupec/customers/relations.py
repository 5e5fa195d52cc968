"""The social graph: who refers, works with, follows, likes and shares whom or what, and where that is known from."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from kupec.customers.contact_points import PERMISSION, ROLE
from kupec.customers.membership import members_of, root_of
from kupec.customers.party_events import RelationAdded, RelationRemoved
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7

RelationKind = Literal["refers", "works_with", "follows", "likes", "shares", "family", "supplier_of"]
RELATION_KINDS: tuple[RelationKind, ...] = get_args(RelationKind)
_SUBJECT = re.compile(r"[a-z][a-z_]{0,29}:[\w.-]{1,100}", re.ASCII)


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """`party_id` refers, likes … `other_id` (a customer called `name`) or `subject` (a thing, "product:0193…").

    `outgoing` is false where the customer who was asked about is at the other end.
    """

    id: UUID
    party_id: UUID
    kind: RelationKind
    other_id: UUID | None
    subject: str | None
    name: str
    source: str
    since: datetime
    outgoing: bool


# Both ends are who they are today; what two merged records said of each other is nothing any more.
_OF = """
with found as (
    select relation.*, true as outgoing from relation where party_id = any($1::uuid[])
    union all
    select relation.*, false from relation where other_id = any($1::uuid[]) and not party_id = any($1::uuid[])
), today as (
    select found.id, found.kind, found.subject, found.source, found.since, found.outgoing,
           coalesce(from_alias.party_id, found.party_id) as party_id,
           coalesce(to_alias.party_id, found.other_id) as other_id
    from found
    left join party_alias from_alias on from_alias.member_id = found.party_id
    left join party_alias to_alias on to_alias.member_id = found.other_id
), latest as (
    select distinct on (kind, party_id, other_id, subject) * from today
    where other_id is distinct from party_id order by kind, party_id, other_id, subject, since, id
)
select latest.*, coalesce(party.name, '') as name from latest
left join party on party.id = case when outgoing then other_id else latest.party_id end
where $2::text[] is null or latest.kind = any($2)
order by since desc, latest.id desc limit $3
"""


async def relations_of(
    db: Connection, party_id: UUID, *, kinds: Sequence[RelationKind] | None = None, limit: int = 200
) -> list[Relation]:
    """What ties a customer, under any of their ids, to others and to things, both ways, the latest first."""
    rows = await db.fetch(_OF, await members_of(db, party_id), kinds, limit)
    return [Relation(**dict(row)) for row in rows]


async def count_referred(db: Connection, members: Sequence[UUID]) -> int:
    """How many friends have ordered because this customer sent them."""
    count: int = await db.fetchval(
        "select count(*) from relation where party_id = any($1::uuid[]) and kind = 'refers' "
        "and not other_id = any($1::uuid[])",
        list(members),
    )
    return count


async def add_relation(
    db: Connection,
    party_id: UUID,
    kind: RelationKind,
    *,
    other_id: UUID | None = None,
    subject: str | None = None,
    source: str,
    actor: Actor,
    now: datetime,
) -> UUID | None:
    """From now on this customer refers, likes … another customer or a thing; one of the two is named.

    `source` is where it is known from ("desk", "shop", "order:0193…"). Returns its id; None where it was known already,
    or somebody else has brought that friend. Needs "customers.write", or the customer's own word. Raises NotFound,
    InvalidValue (kind, other, subject). Emits relation.added.
    """
    party_id = await root_of(db, party_id)
    actor.require_for(party_id, PERMISSION, role=ROLE)
    if kind not in RELATION_KINDS:
        raise InvalidValue(field="kind", expected=", ".join(RELATION_KINDS))
    other_id = await root_of(db, other_id) if other_id is not None else None
    if other_id == party_id or (other_id is None) == (subject is None):
        raise InvalidValue(field="other", expected="another customer, or a thing")
    if subject is not None and not _SUBJECT.fullmatch(subject):
        raise InvalidValue(field="subject", expected="a thing, such as product:0193")
    if await _known(db, party_id, kind, other_id, subject):
        return None
    relation_id = uuid7()
    added = await db.fetchval(
        "insert into relation (id, party_id, kind, other_id, subject, source, since) "
        "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning true",
        *(relation_id, party_id, kind, other_id, subject, source, now),
    )
    if not added:
        return None
    told = RelationAdded(relation_id=relation_id, kind=kind, other_id=other_id, about=subject, source=source)
    await _tell(db, party_id, told, actor, now)
    return relation_id


async def _known(
    db: Connection, party_id: UUID, kind: RelationKind, other_id: UUID | None, subject: str | None
) -> bool:
    """Under whichever ids: the same relation, or, of a friend who was brought, that somebody brought them."""
    mine = await members_of(db, party_id)
    theirs = await members_of(db, other_id) if other_id is not None else []
    found: bool | None = await db.fetchval(
        """
        select true from relation
        where kind = $2 and (party_id = any($1::uuid[]) or $2 = 'refers')
          and (other_id = any($3::uuid[]) or subject = $4) limit 1
        """,
        *(mine, kind, theirs, subject),
    )
    return bool(found)


async def remove_relation(
    db: Connection,
    party_id: UUID,
    *,
    relation_id: UUID | None = None,
    kind: RelationKind | None = None,
    subject: str | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """It is so no more: by its id, or by what it says of a thing. Returns how many were taken away.

    Rights as `add_relation`; the relation is one of this customer's, at either end. Emits relation.removed for each.
    """
    party_id = await root_of(db, party_id)
    actor.require_for(party_id, PERMISSION, role=ROLE)
    rows = await db.fetch(
        """
        delete from relation
        where (party_id = any($1::uuid[]) or other_id = any($1::uuid[])) and ($2::uuid is null or id = $2)
          and ($3::text is null or kind = $3) and ($4::text is null or subject = $4)
          and coalesce($2::text, $4) is not null
        returning id, kind, other_id, subject
        """,
        *(await members_of(db, party_id), relation_id, kind, subject),
    )
    if not rows and relation_id is not None:
        raise NotFound(what="relation")
    for row in rows:
        told = RelationRemoved(relation_id=row["id"], kind=row["kind"], other_id=row["other_id"], about=row["subject"])
        await _tell(db, party_id, told, actor, now)
    return len(rows)


async def _tell(db: Connection, party_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    happened = Happened(payload=payload, subject=f"customer:{party_id}", customer_id=party_id, occurred_at=now)
    await emit(db, [happened], actor=actor)
