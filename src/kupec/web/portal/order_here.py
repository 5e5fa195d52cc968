"""The order of an address: by the signed link that a mail brings, or by its id for whose it is."""

from uuid import UUID

from kupec.customers import Part
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound, NotSignedIn
from kupec.sales import Order, get_order, order_from_token
from kupec.web.portal.gate import owner_may, signed_in
from kupec.web.rendering import AnyRequest, site_of


async def order_here(request: AnyRequest, db: Connection, token: str, *, part: Part = "orders") -> Order:
    """Raises NotFound for what is forged, missing or somebody else's, NotSignedIn for an id without a session."""
    order_id = _as_id(token)
    if order_id is None:
        site = site_of(request)
        return await order_from_token(db, site.settings.secret, token, now=site.clock.now())
    me = await signed_in(request, db)
    if me is None:
        raise NotSignedIn
    order = await get_order(db, order_id)
    if order.placed_at is None or not await owner_may(db, me, order.customer_id, part):
        raise NotFound(what="order")
    return order


def _as_id(token: str) -> UUID | None:
    try:
        return UUID(token) if len(token) == 36 else None
    except ValueError:
        return None
