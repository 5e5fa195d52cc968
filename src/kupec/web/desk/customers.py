"""The list of customers; beside it the one who was opened (`customer.py`)."""

from uuid import UUID

import msgspec
from litestar import Response, get

from kupec.customers import Party, list_parties
from kupec.kit.db import Connection
from kupec.web.desk.page import desk_page
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, site_of

PAGE = 50
BESIDE = 25
"""Rows beside a customer who was opened: as many as one sees, for they cost as much as the customer."""


class CustomerList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it. `next` is the customer after whom the next page begins."""

    query: str
    after: UUID | None
    rows: list[Party]
    next: UUID | None

    @property
    def filters(self) -> dict[str, str | None]:
        return {"q": self.query, "after": str(self.after) if self.after else None}

    @property
    def kept(self) -> dict[str, str]:
        """The filters that are set."""
        return {name: text for name, text in self.filters.items() if text}


async def customer_list(db: Connection, form: Form, *, limit: int = PAGE) -> CustomerList:
    """The page of the list that the address asks for."""
    query, after = form.text("q"), _uuid(form.text("after"))
    rows = await list_parties(db, query, after=after, limit=limit + 1)
    return CustomerList(
        query=query, after=after, rows=rows[:limit], next=rows[limit - 1].id if len(rows) > limit else None
    )


@get("/customers", opt={"permission": "customers.read"})
async def customers(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        listing = await customer_list(db, query_form(request))
        return await desk_page(request, db, "desk/customers.html", section="customers", listing=listing, page=None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
