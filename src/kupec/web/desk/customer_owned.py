"""A customer's tab with what they have, its warranty and its service, and addresses that mails came back from."""

from typing import Any

from kupec.customers import contact_points_of
from kupec.kit.db import Connection
from kupec.outreach import bounced_addresses
from kupec.sales import free_days, owned_of
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.page import reader_of
from kupec.web.rendering import AnyRequest

_OFFERED = 20


async def owned(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    reader = reader_of(request)
    points = await contact_points_of(db, page.members)
    bounced = await bounced_addresses(db, [point.value for point in points if point.kind == "email"])
    return {
        "owned": await owned_of(db, page.members),
        "free": await free_days(db, now=reader.now, limit=_OFFERED),
        "bounced": list(bounced.values()),
    }
