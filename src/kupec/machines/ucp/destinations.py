"""What platforms call the places to which their sessions' goods go: kept, and said again as they said it."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from kupec.kit.db import Connection
from kupec.machines.ucp.requests import DestinationIn, FulfillmentIn

KEPT: Final = "address"
"""What a session calls the destination that it holds, where its platform has given it no name."""


def selected(destinations: Sequence[DestinationIn], wanted: str | None) -> DestinationIn | None:
    """The destination that is meant: the one named, else the first."""
    named = next((place for place in destinations if wanted is not None and place.id == wanted), None)
    return named or next(iter(destinations), None)


def told_destination(fulfillment: FulfillmentIn | None) -> str:
    """What the body calls the destination that it tells, or names without telling it."""
    method = fulfillment.methods[0] if fulfillment and fulfillment.methods else None
    if method is None:
        return KEPT
    place = selected(method.destinations, method.selected_destination_id)
    return (place.id if place else method.selected_destination_id) or KEPT


def names_only(fulfillment: FulfillmentIn | None) -> bool:
    """Whether the body names a destination without telling it."""
    method = fulfillment.methods[0] if fulfillment and fulfillment.methods else None
    return method is not None and not method.destinations and method.selected_destination_id is not None


async def save_destinations(db: Connection, told: Mapping[UUID, str]) -> None:
    """Let each of these sessions call its destination so, in place of what was before."""
    # What the session holds from now on, its platform has told: nothing of it is its machine's owner's any more.
    await db.execute(
        """
        with owners as (delete from ucp_of_owner where cart_id = any($1::uuid[]))
        delete from ucp_destination where cart_id = any($1::uuid[])
        """,
        list(told),
    )
    names = {cart_id: name for cart_id, name in told.items() if name != KEPT}
    if names:
        await db.execute(
            "insert into ucp_destination (cart_id, name) select * from unnest($1::uuid[], $2::text[])",
            list(names),
            list(names.values()),
        )


async def destinations_called(db: Connection, cart_ids: Sequence[UUID]) -> dict[UUID, str]:
    """By session; those that have no name of their own are missing. One by its owner's word is none to be named."""
    rows = await db.fetch(
        """
        select cart_id, case when 'address' = any(fields) then '' else name end as name
          from ucp_destination full join ucp_of_owner using (cart_id) where cart_id = any($1::uuid[])
        """,
        list(cart_ids),
    )
    return {row["cart_id"]: row["name"] for row in rows if row["name"] is not None}
