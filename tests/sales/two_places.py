"""A shop whose beans lie in two places: two bags in Praha, five in Brno."""

from uuid import UUID

from kupec.catalogue import put_location
from tests.sales.conftest import Shop
from tests.shop import NOON, SETUP, add_product


async def two_places(shop: Shop) -> UUID:
    """Returns a service, which needs no stock."""
    async with shop.database.transaction() as db:
        await db.execute("update stock_level set on_hand = 2")
        brno = await put_location(db, "brno", name="Brno", country="CZ", position=1, actor=SETUP, now=NOON)
        await db.execute(
            "insert into stock_level (variant_id, location_id, on_hand) values ($1, $2, 5)", shop.variant, brno
        )
        return await add_product(db, "SERVICE", stock=None)
