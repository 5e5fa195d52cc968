"""Customers: who they are, how they are reached, what they bought, and everything that happened."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from kupec.customers import Party, list_parties, party_page, timeline
from kupec.kit.db import Connection
from kupec.sales import list_orders
from kupec.web.desk.orders import write_cursor
from kupec.web.desk.page import desk_page, reader_of
from kupec.web.desk.tasks import task_titles
from kupec.web.desk.timeline import days
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, site_of

PAGE = 50
HISTORY = 50
ORDERS = 10


class CustomerList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it. `next` is the customer after whom the next page begins."""

    query: str
    after: UUID | None
    rows: list[Party]
    next: UUID | None

    @property
    def filters(self) -> dict[str, str | None]:
        return {"q": self.query, "after": str(self.after) if self.after else None}


async def customer_list(db: Connection, form: Form) -> CustomerList:
    query, after = form.text("q"), _uuid(form.text("after"))
    rows = await list_parties(db, query, after=after, limit=PAGE + 1)
    return CustomerList(
        query=query, after=after, rows=rows[:PAGE], next=rows[PAGE - 1].id if len(rows) > PAGE else None
    )


@get("/customers", opt={"permission": "customers.read"})
async def customers(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        listing = await customer_list(db, query_form(request))
        return await desk_page(request, db, "desk/customers.html", section="customers", listing=listing, page=None)


@get("/customers/{customer_id:uuid}", opt={"permission": "customers.read"})
async def customer(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[str]:
    form, reader = query_form(request), reader_of(request)
    before = _event_cursor(form.text("until"))
    async with site_of(request).database.reading() as db:
        page = await party_page(db, customer_id)
        events = await timeline(db, customer_id, before=before, limit=HISTORY + 1)
        more = len(events) > HISTORY
        events = events[:HISTORY]
        orders = await list_orders(db, customer_id=customer_id, limit=ORDERS + 1)
        return await desk_page(
            request,
            db,
            "desk/customers.html",
            section="customers",
            listing=await customer_list(db, form),
            page=page,
            titles=task_titles(page.open_tasks, reader),
            orders=orders[:ORDERS],
            more_orders=len(orders) > ORDERS,
            history=await days(db, events, reader, here=f"customer:{customer_id}"),
            before=before,
            older=write_cursor(events[-1].occurred_at, events[-1].id) if more else None,
            country=reader.country,
        )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _event_cursor(text: str) -> tuple[datetime, int] | None:
    moment, _separator, key = text.partition("_")
    try:
        read = datetime.fromisoformat(moment), int(key)
    except ValueError:
        return None
    return read if read[0].tzinfo and 0 <= read[1] < 2**63 else None
