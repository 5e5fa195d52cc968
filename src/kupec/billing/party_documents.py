"""The invoices and credit notes of a customer, for the customer."""

from collections.abc import Sequence
from uuid import UUID

from kupec.billing.documents import Document, get_documents
from kupec.kit.actor import Actor
from kupec.kit.db import Connection


async def documents_for(
    db: Connection, party_ids: Sequence[UUID], *, actor: Actor, before: UUID | None = None, limit: int = 50
) -> list[Document]:
    """Issued documents of a customer (all their ids, their own first), the latest first; `before`: the last one seen.

    For the customer, an organisation's "accountant", or the desk's "billing.read". Raises Forbidden.
    """
    actor.require_for(party_ids[0], "billing.read", role="accountant")
    rows = await db.fetch(
        """
        select id from accounting_document
         where party_id = any($1::uuid[]) and issued_at is not null
           and ($2::uuid is null or (issued_at, id) < (select issued_at, id from accounting_document where id = $2))
         order by issued_at desc, id desc limit $3
        """,
        *(list(party_ids), before, limit),
    )
    found = await get_documents(db, [row["id"] for row in rows])
    return [found[row["id"]] for row in rows]
