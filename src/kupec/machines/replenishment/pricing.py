"""What a piece costs here, by how many are bought: for choosing how many. The checkout has the last word."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import TAX, market, sellable, unit_price, variants_by_sku
from kupec.kit.db import Connection
from kupec.kit.versions import published


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """Prices with VAT in minor units; `price` of one of so many pieces."""

    currency: str
    price: Callable[[int], int]


async def price_steps(db: Connection, machine_id: UUID, sku: str, *, now: datetime) -> Steps | None:
    """By the market of the machine's mandate; None without a mandate, or where the article is not sold."""
    code = await db.fetchval(
        "select market from mandate where machine_id = $1 and revoked_at is null order by created_at limit 1",
        machine_id,
    )
    variant_id = (await variants_by_sku(db, [sku])).get(sku)
    if code is None or variant_id is None:
        return None
    place = await market(db, code)
    variant = (await sellable(db, [(code, variant_id)], now=now)).get((code, variant_id))
    if variant is None:
        return None
    rules = (await published(db, TAX))[TAX]
    rate = rules.rate(variant.vat_class, home=place.home_country, destination=None) or 0
    return Steps(
        currency=place.currency,
        price=lambda pieces: unit_price(variant, quantity=pieces, group=None, rate_bp=rate),
    )
