"""Saved views: a list's filters under a name, as tabs above it."""

from urllib.parse import urlencode

import msgspec

from kupec.kit.db import Connection
from kupec.staff import SavedView, saved_views
from kupec.web.desk.gate import staff_of
from kupec.web.forms import Form, query_form
from kupec.web.rendering import AnyRequest


class ListPlace(msgspec.Struct, frozen=True):
    """A list that may have saved views: where it is, who may see it, and which filters make a view of it."""

    base: str
    permission: str
    filters: tuple[str, ...]


LISTS = {
    "orders": ListPlace("/desk/orders", "orders.read", ("state", "q", "customer")),
    "customers": ListPlace("/desk/customers", "customers.read", ("q",)),
    "catalogue": ListPlace("/desk/catalogue", "catalogue.read", ("q", "status")),
}


class Views(msgspec.Struct, frozen=True, kw_only=True):
    """The saved views of a list. `here` is the view that the address shows, `query` what could be saved of it."""

    place: str
    base: str
    saved: list[SavedView]
    query: str
    here: SavedView | None


async def views_of(request: AnyRequest, db: Connection, place: str) -> Views | None:
    """For the page of a list; None for places that have no views."""
    if place not in LISTS:
        return None
    query = filters_of(place, query_form(request))
    saved = await saved_views(db, staff_of(request).id, place)
    here = next((view for view in saved if view.query == query), None)
    return Views(place=place, base=LISTS[place].base, saved=saved, query=query, here=here)


def filters_of(place: str, form: Form) -> str:
    """What of an address makes a view, always written the same way."""
    given = {name: form.text(name, most=500) for name in LISTS[place].filters}
    return urlencode({name: text for name, text in given.items() if text})
