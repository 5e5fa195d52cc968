"""What a machine's owner is known by, in a session that their machine's key pays for: its platform has not told it.

It is kept to ourselves until the mandate has let the machine buy: whoever merely has a key does not learn from us where
its owner lives.
"""

from collections.abc import Collection
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.sales import Cart, CartDetails


async def note_owners_word(db: Connection, cart_id: UUID, fields: Collection[str]) -> None:
    """These details are the owner's, besides those that already are."""
    await db.execute(
        """
        insert into ucp_of_owner (cart_id, fields) values ($1, $2)
            on conflict (cart_id) do update
           set fields = (select array_agg(distinct name) from unnest(ucp_of_owner.fields || excluded.fields) as name)
        """,
        cart_id,
        sorted(fields),
    )


async def forget_owners_word(db: Connection, cart_id: UUID) -> CartDetails | None:
    """The owner's details as they are to be taken out of a session again; None where it holds none."""
    fields = await db.fetchval("delete from ucp_of_owner where cart_id = $1 returning fields", cart_id)
    return CartDetails(**dict.fromkeys(fields)) if fields else None  # type: ignore[arg-type]


def without_owners_word(cart: Cart, fields: Collection[str]) -> Cart:
    """The cart as its platform may see it."""
    return msgspec.structs.replace(cart, **dict.fromkeys(fields)) if fields else cart
