"""Customers as a file: what `kupec import customers` reads back."""

from collections.abc import AsyncIterator
from typing import Any, Final

from kupec.kit.db import Connection

EXPORT_COLUMNS: Final = (
    *("external_id", "kind", "name", "language", "email", "phone", "company_id"),
    *("street", "city", "postcode", "country", "created_at"),
)

_CUSTOMERS: Final = """
select coalesce(p.external_id, p.id::text) as external_id, p.kind, p.name, p.language, nullif(p.company_id, '')
       as company_id, p.created_at, a.address,
       array(select value from contact_point c where c.party_id = p.id and c.kind = 'email' order by value) as emails,
       array(select value from contact_point c where c.party_id = p.id and c.kind = 'phone' order by value) as phones
from party p
left join lateral (select address from party_address where party_id = p.id order by position, id limit 1) a on true
order by coalesce(p.external_id, p.id::text) collate "C"
"""


async def export_customers(db: Connection) -> AsyncIterator[dict[str, Any]]:
    """The lines of an export, by external id (or, of customers of our own, id). Read in a transaction, as they come.

    Who has several e-mail addresses or phones has a line of its own for each further pair.
    """
    async for row in db.cursor(_CUSTOMERS):
        address = row["address"] or {}
        emails, phones = row["emails"], row["phones"]
        yield {
            "external_id": row["external_id"],
            "kind": row["kind"],
            "name": row["name"],
            "language": row["language"],
            "email": emails[0] if emails else None,
            "phone": phones[0] if phones else None,
            "company_id": row["company_id"],
            **{name: address.get(name) or None for name in ("street", "city", "postcode", "country")},
            "created_at": row["created_at"],
        }
        for index in range(1, max(len(emails), len(phones))):
            yield {
                "external_id": row["external_id"],
                "email": emails[index] if index < len(emails) else None,
                "phone": phones[index] if index < len(phones) else None,
            }
