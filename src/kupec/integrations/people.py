"""Customers as other systems read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from kupec.customers import roots
from kupec.integrations.paging import MOST, pack, unpack
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may do for an organisation: buyer, approver or accountant."""

    role: str
    organisation_id: UUID


class CustomerOut(msgspec.Struct, frozen=True, kw_only=True):
    """A person or an organisation. `external_id` is the other system's; None until it has said one."""

    id: UUID
    external_id: str | None
    kind: str
    name: str
    language: str
    company_id: str | None
    vat_id: str | None
    price_group: str | None
    segments: list[str]
    emails: list[str]
    phones: list[str]
    addresses: list[dict[str, str]]
    custom: dict[str, Any]
    """The merchant's own fields, by their codes."""
    roles: list[Role]
    """Of a person: what they may do, and for which organisations."""
    absorbed: list[UUID]
    """Ids of records that were put together with this one; rows of before name them."""
    created_at: datetime


class CustomerPage(msgspec.Struct, frozen=True, kw_only=True):
    customers: list[CustomerOut]
    next_cursor: str | None


_FIND: Final = """
select p.id from party p
where ($1::uuid is null or p.id > $1) and not exists (select from party_alias where member_id = p.id)
  and ($2::text is null or p.id = (
      select coalesce(alias.party_id, point.party_id) from contact_point point
      left join party_alias alias on alias.member_id = point.party_id
      where point.kind = 'email' and value = $2))
order by p.id limit $3
"""
_CUSTOMERS: Final = """
select p.id, p.external_id, p.kind, p.name, p.language, p.company_id, p.vat_id, p.price_group, p.segments, p.custom,
       p.created_at,
       array(select value from contact_point where party_id = any(members) and kind = 'email'
             order by chosen desc, party_id <> p.id, verified_at nulls last, id) as emails,
       array(select value from contact_point where party_id = any(members) and kind = 'phone'
             order by chosen desc, party_id <> p.id, verified_at nulls last, id) as phones,
       array(select address from party_address where party_id = any(members)
             order by party_id <> p.id, position, id) as addresses,
       coalesce((select jsonb_agg(distinct jsonb_build_object('role', role, 'organisation_id',
                                                              coalesce(alias.party_id, organisation_id)))
                   from party_role left join party_alias alias on alias.member_id = organisation_id
                  where person_id = any(members) and until is null), '[]') as roles,
       array(select member_id from party_alias where party_id = p.id and party_alias.kind = 'merged'
             order by member_id) as absorbed
from party p
cross join lateral (
    select array(select member_id from party_alias where party_alias.party_id = p.id) || p.id as members) as own
where p.id = any($1::uuid[])
order by p.id
"""


async def read_customers(
    db: Connection, *, cursor: str = "", email: str | None = None, limit: int = MOST
) -> CustomerPage:
    """Customers by their ids, which is the order they became known in. Raises InvalidValue (cursor)."""
    after = unpack(cursor, tuple[UUID])
    rows = await db.fetch(_FIND, after[0] if after else None, email.strip().lower() if email else None, limit + 1)
    page = [row["id"] for row in rows[:limit]]
    more = pack(page[-1]) if len(rows) > limit else None
    return CustomerPage(customers=await _customers(db, page), next_cursor=more)


async def read_customer(db: Connection, reference: str) -> CustomerOut:
    """By the shop's id, or by the other system's; who was absorbed is who they are today. Raises NotFound."""
    customer_id = await db.fetchval("select id from party where external_id = $1", reference)
    if customer_id is None:
        try:
            customer_id = UUID(reference)
        except ValueError:
            raise NotFound(what="customer") from None
    found = await _customers(db, list((await roots(db, [customer_id])).values()))
    if not found:
        raise NotFound(what="customer")
    return found[0]


async def _customers(db: Connection, ids: Sequence[UUID]) -> list[CustomerOut]:
    rows = await db.fetch(_CUSTOMERS, ids)
    return [CustomerOut(**{**row, "roles": msgspec.convert(row["roles"], list[Role])}) for row in rows]
