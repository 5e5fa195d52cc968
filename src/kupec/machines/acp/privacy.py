"""What this room holds about a customer: codes given in their sessions and, for a day, answers to be repeated."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers import traces
from kupec.kit.db import Connection
from kupec.kit.personal import Held, PrivacyPart

_THEIR_CARTS = """(
    select id from cart where customer_id = any($1::uuid[])
     union
    select cart_id from sales_order where customer_id = any($1::uuid[]))"""


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


privacy_part = PrivacyPart(
    name="acp",
    tables=(
        Held(
            table="acp_session",
            where=f"cart_id in {_THEIR_CARTS}",
            erase="blank",
            blank={"locale": "null", "timezone": "null", "codes": "'{}'", "rejected": "'[]'"},
        ),
    ),
    before=_before,
)
