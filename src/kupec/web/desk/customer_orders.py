"""A customer's tab with their orders."""

from typing import Any

from kupec.kit.db import Connection
from kupec.sales import list_orders
from kupec.web.desk.customer_view import CustomerView
from kupec.web.rendering import AnyRequest

ORDERS = 50


async def orders(_request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    found = await list_orders(db, customer_ids=page.members, limit=ORDERS + 1)
    return {"orders": found[:ORDERS], "more_orders": len(found) > ORDERS}
