"""The tab of a customer's page that shows what they have ordered to come again and again."""

from typing import Any

from kupec.kit.db import Connection
from kupec.kit.recurrence_words import in_words
from kupec.sales import list_standing, next_occurrences, price_standing
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.page import reader_of
from kupec.web.rendering import AnyRequest


async def standing(request: AnyRequest, db: Connection, view: CustomerView) -> dict[str, Any]:
    reader = reader_of(request)
    rows = await list_standing(db, party_ids=view.members, limit=50)
    coming = {row.id: await next_occurrences(db, row, now=reader.now, limit=1) for row in rows}
    return {
        "standing_orders": rows,
        "coming": coming,
        "seen": await price_standing(db, rows, now=reader.now),
        "words": {row.id: in_words(row.recurrence, reader.language) for row in rows},
    }
