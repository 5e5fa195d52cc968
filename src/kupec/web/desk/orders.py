"""The order list: tabs by state, search, pages into the past; beside it the order that was opened."""

from datetime import datetime
from typing import cast, get_args
from uuid import UUID

import msgspec
from litestar import Response, get

from kupec.customers import Party, members_of, parties_by_ids
from kupec.kit.db import Connection
from kupec.sales import OrderState, OrderSummary, list_orders, order_counts
from kupec.web.desk.page import desk_page
from kupec.web.desk.words import ORDER_TABS
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, site_of

PAGE = 50


class OrderList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it. `older` is the cursor of the next page, None on the last."""

    state: OrderState | None
    query: str
    customer: Party | None
    before: str | None
    rows: list[OrderSummary]
    older: str | None
    counts: dict[str, int]
    total: int

    @property
    def filters(self) -> dict[str, str | None]:
        """What of the address a link to an order keeps, so that the list beside it stays the same."""
        return {"before": self.before, **self.lasting}

    @property
    def lasting(self) -> dict[str, str | None]:
        """What of the address stays when the state or the page changes."""
        return {"state": self.state, "q": self.query, "customer": str(self.customer.id) if self.customer else None}


async def order_list(db: Connection, form: Form) -> OrderList:
    """The page of the list that the address' query describes; what cannot be read there is left out."""
    wanted = form.text("state", most=50)
    state = cast(OrderState, wanted) if wanted in get_args(OrderState) else None
    query = form.text("q", most=200)
    before = read_cursor(form.text("before"))
    customer = await _customer(db, form.text("customer"))
    rows = await list_orders(
        db,
        state=state,
        query=query or None,
        customer_ids=await members_of(db, customer.id) if customer else None,
        before=before,
        limit=PAGE + 1,
    )
    counts = await order_counts(db)
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    return OrderList(
        state=state,
        query=query,
        customer=customer,
        before=form.text("before") if before else None,
        rows=rows,
        older=write_cursor(rows[-1].placed_at, rows[-1].id) if more else None,
        counts={tab: counts.get(tab, 0) for tab in ORDER_TABS},
        total=sum(counts.values()),
    )


async def _customer(db: Connection, text: str) -> Party | None:
    try:
        return (await parties_by_ids(db, [UUID(text)])).get(UUID(text))
    except ValueError:
        return None


def write_cursor(moment: datetime, key: UUID | int) -> str:
    """A place in a list that is sorted by time: where the next page begins."""
    return f"{moment.isoformat()}_{key}"


def read_cursor(text: str) -> tuple[datetime, UUID] | None:
    moment, _separator, key = text.partition("_")
    try:
        read = datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        return None
    return read if read[0].tzinfo else None


@get("/orders", opt={"permission": "orders.read"})
async def orders(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        listing = await order_list(db, query_form(request))
        return await desk_page(request, db, "desk/orders.html", section="orders", listing=listing, order=None)
