"""A customer's tab with who they are and how they are reached."""

from typing import Any

from kupec.customers import party_page
from kupec.kit.db import Connection
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.page import reader_of
from kupec.web.rendering import AnyRequest


async def details(request: AnyRequest, db: Connection, page: CustomerView) -> dict[str, Any]:
    return {"known": await party_page(db, page.party.id), "country": reader_of(request).country}
