"""Looking customers up."""

import re
from uuid import UUID

from kupec.customers.addresses import addresses_of
from kupec.customers.contact_points import contact_points_of
from kupec.customers.identities import identities_of
from kupec.customers.membership import members_of, roots
from kupec.customers.models import Party, PartyPage
from kupec.customers.tasks import tasks_of
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.text import fold

_CALLING_CODES = ("+420", "+421", "+48", "+44", "+353", "+49", "+43")
_PHONE_LIKE = re.compile(r"\+?[0-9][0-9\s()./-]*")
_LIKE_SPECIAL = re.compile(r"([\\%_])")

# Of a customer who has absorbed others: how all of them are reached.
_REACHED = """
(select value from contact_point
  where party_id = any(array(select member_id from party_alias where party_alias.party_id = p.id) || p.id)
    and kind = '{kind}' order by chosen desc, party_id <> p.id, verified_at nulls last, id limit 1) as {kind}
"""

_COLUMNS = f"""
p.id, p.kind, p.name, p.language, p.company_id, p.external_id, p.created_at, p.vat_id, p.price_group, p.segments,
p.custom,
{_REACHED.format(kind="email")}, {_REACHED.format(kind="phone")}
"""

_SURVIVES = "not exists (select from party_alias where member_id = p.id)"

_AFTER = "($1::uuid is null or (p.sort_key, p.id) > (select sort_key, id from party where id = $1))"

_ALL = f"""
select {_COLUMNS} from party p where {_AFTER} and {_SURVIVES} order by p.sort_key, p.id limit $2
"""  # noqa: S608

# One or two letters: they begin a name or a word of it. The trigram index cannot help, the order by name does.
_SHORT = f"""
select {_COLUMNS} from party p
where {_AFTER} and {_SURVIVES} and (p.folded like $3 || '%' or p.folded like '% ' || $3 || '%')
order by p.sort_key, p.id limit $2
"""  # noqa: S608

# Prefixes of contact points are ranges ("~" sorts after every digit), which the unique index serves.
_SEARCH = f"""
with hit as (
    select id from party where folded like '%' || $3 || '%'
    union
    select party_id from contact_point where kind = 'email' and value >= $4 and value < $4 || U&'\\+10FFFF'
    union
    select party_id from unnest($5::text[]) as prefix
    join contact_point on kind = 'phone' and value >= prefix and value < prefix || '~'
), owner as (
    select coalesce(alias.party_id, hit.id) as id from hit left join party_alias alias on alias.member_id = hit.id
)
select {_COLUMNS} from party p join (select distinct id from owner) as owner using (id)
where {_AFTER} order by p.sort_key, p.id limit $2
"""  # noqa: S608


async def get_party(db: Connection, party_id: UUID) -> Party:
    """One customer, under any of their ids. Raises NotFound."""
    party = (await parties_by_ids(db, [party_id])).get(party_id)
    if party is None:
        raise NotFound(what="customer")
    return party


async def parties_by_ids(db: Connection, party_ids: list[UUID]) -> dict[UUID, Party]:
    """Customers by any of their ids, for pages that list what belongs to many; unknown ids are left out.

    Who was absorbed stands there as the customer they belong to today.
    """
    root = await roots(db, party_ids)
    rows = await db.fetch(f"select {_COLUMNS} from party p where p.id = any($1::uuid[])", sorted(set(root.values())))  # noqa: S608
    found = {row["id"]: Party(**dict(row)) for row in rows}
    return {one: found[root[one]] for one in root if root[one] in found}


async def list_parties(db: Connection, query: str = "", *, limit: int = 50, after: UUID | None = None) -> list[Party]:
    """Customers by name, those after the customer `after` (the last one of the page before).

    `query` finds any part of a name, whatever its accents, and the beginning of an e-mail address or
    a phone number, with or without the country's code.
    """
    query = query.replace("\0", "").strip()
    folded = _LIKE_SPECIAL.sub(r"\\\1", fold(query))
    if not folded:
        rows = await db.fetch(_ALL, after, limit)
    elif len(folded) < 3:
        rows = await db.fetch(_SHORT, after, limit, folded)
    else:
        rows = await db.fetch(_SEARCH, after, limit, folded, query.lower(), _phone_prefixes(query))
    return [Party(**dict(row)) for row in rows]


def _phone_prefixes(query: str) -> list[str]:
    if not _PHONE_LIKE.fullmatch(query):
        return []
    digits = "".join(char for char in query if char.isdigit())
    if query.startswith("+"):
        return [f"+{digits}"]
    if digits.startswith("00"):
        return [f"+{digits[2:]}"]
    return [f"{code}{digits.removeprefix('0')}" for code in _CALLING_CODES]


async def party_page(db: Connection, party_id: UUID) -> PartyPage:
    """A customer with all that belongs to any of their ids: how they are reached, and what is to be done.

    Raises NotFound.
    """
    party = await get_party(db, party_id)
    members = await members_of(db, party.id)
    return PartyPage(
        party=party,
        contact_points=await contact_points_of(db, members),
        addresses=await addresses_of(db, members),
        identities=await identities_of(db, members),
        open_tasks=await tasks_of(db, members),
    )
