"""What this room holds about a customer: for a day, the answers it may have to repeat."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers import traces
from kupec.kit.db import Connection
from kupec.kit.personal import PrivacyPart


async def _before(db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
    rows = await db.fetch(
        """
        delete from acp_request
         where exists (select from unnest($1::text[]) word where position(convert_to(word, 'UTF8') in body) > 0)
        returning idempotency_key
        """,
        await traces(db, members),
    )
    return {"acp_request": len(rows)} if rows else {}


privacy_part = PrivacyPart(name="acp", tables=(), before=_before)
