"""One customer: a head with what one wants to know at once, and the rest in tabs."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.customers import count_referred, get_party, members_of, pinned_notes, roots
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import explain
from kupec.web.desk.customer_tabs import TABS
from kupec.web.desk.customer_view import CustomerView, Tab
from kupec.web.desk.customers import BESIDE, customer_list
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest, language_of, site_of


@get("/customers/{customer_id:uuid}", opt={"permission": "customers.read"})
async def customer(request: AnyRequest, customer_id: FromPath[UUID]) -> Response[Any]:
    """One customer; who opens an id that has been absorbed is led to the customer it belongs to now."""
    async with site_of(request).database.reading() as db:
        root = (await roots(db, [customer_id]))[customer_id]
        if root != customer_id:
            query = f"?{request.url.query}" if request.url.query else ""
            return Redirect(f"/desk/customers/{root}{query}", status_code=303, headers={"Cache-Control": "no-store"})
        return await customer_page(request, db, customer_id)


async def customer_page(
    request: AnyRequest,
    db: Connection,
    customer_id: UUID,
    *,
    show: str = "",
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    refused: str = "",
    values: Form | None = None,
) -> Response[str]:
    """The customer beside the list, the tab `show` open, or the one in the address.

    `errors` stand beside the fields of the form `refused`, which holds `values`.
    """
    query = query_form(request)
    party = await get_party(db, customer_id)
    members = await members_of(db, party.id)
    view = CustomerView(
        party=party,
        members=members,
        pinned=await pinned_notes(db, members),
        friends=await count_referred(db, members),
        query=query,
        values=values,
    )
    tabs = [tab for tab in TABS if actor_of(request).may(tab.permission)]
    tab = _tab(tabs, show or query.text("show"))
    listing = await customer_list(db, query, limit=BESIDE)
    return await desk_page(
        request,
        db,
        "desk/customers.html",
        section="customers",
        status=status,
        listing=listing,
        page=view,
        party=party,
        tabs=tabs,
        tab=tab,
        tab_at=lambda key: f"/desk/customers/{party.id}?{urlencode({'show': key, **listing.kept})}",
        errors=errors or {},
        refused=refused,
        typed=typed(values),
        **await tab.load(request, db, view),
    )


def _tab(tabs: list[Tab], wanted: str) -> Tab:
    return next((tab for tab in tabs if tab.key == wanted), tabs[0])


def done(request: AnyRequest, customer_id: UUID, show: str, message: str) -> Redirect:
    """Back to the tab, with a line about what was done (a msgid)."""
    return go(request, address(request, customer_id, show), done=reader_of(request).text(message))


def not_done(request: AnyRequest, customer_id: UUID, show: str, error: KupecError) -> Redirect:
    return go(request, address(request, customer_id, show), failed=explain(error, language_of(request)))


async def beside(
    request: AnyRequest, customer_id: UUID, show: str, error: KupecError, form: Form, *, place: str
) -> Response[Any]:
    """The tab again, with the error beside its field; what belongs to no field becomes a line on top."""
    if error.field is None:
        return not_done(request, customer_id, show, error)
    errors = {f"{place}.{error.field}": in_words(error, language_of(request))}
    async with site_of(request).database.reading() as db:
        return await customer_page(
            request, db, customer_id, show=show, status=error.status, errors=errors, refused=place, values=form
        )


def address(request: AnyRequest, customer_id: UUID, show: str) -> str:
    """A tab of a customer's page; the list beside it stays as it was."""
    pairs = [pair for pair in request.url.query.split("&") if pair and not pair.startswith("show=")]
    return f"/desk/customers/{customer_id}?{'&'.join([f'show={show}', *pairs])}"
