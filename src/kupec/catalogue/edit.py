"""What staff change at the desk: stock, prices, texts, status, new products."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import product_sql as sql
from kupec.catalogue.drafts import CURRENCY, MOST_MONEY, MOST_PIECES, ProductDraft
from kupec.catalogue.errors import Taken
from kupec.catalogue.events import REASONS, Reason
from kupec.catalogue.index import refresh_prices
from kupec.catalogue.known import take_turn
from kupec.catalogue.levels import lock_levels, set_levels
from kupec.catalogue.writing import price_changed, write_products
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import emit


async def adjust_stock(
    db: Connection,
    variant_id: UUID,
    location_id: UUID,
    *,
    on_hand: int,
    reason: Reason = "count",
    note: str = "",
    actor: Actor,
    now: datetime,
    expected: int | None = None,
) -> None:
    """Set what lies on a shelf to what was counted. `note` is in the words of who did it.

    `expected` is the number that the person counting was shown: if goods have come or gone since, Conflict is raised.
    Raises BelowAllocated when there would be less than belongs to placed orders; reservations give way. Raises
    InvalidValue (on_hand, reason), NotFound, Forbidden. Event stock.moved with the difference.
    """
    actor.require("stock.write")
    if not 0 <= on_hand <= MOST_PIECES:
        raise InvalidValue(field="on_hand", expected="a number of pieces that is not negative")
    if reason not in REASONS:
        raise InvalidValue(field="reason", expected=f"one of {', '.join(REASONS)}")
    known = await db.fetchval(
        "select true from variant v, location l where v.id = $1 and l.id = $2", variant_id, location_id
    )
    if not known:
        raise NotFound(what="variant or location")
    place = (variant_id, location_id)
    if expected is not None:
        level = (await lock_levels(db, [place]))[place]
        if level.on_hand != expected:
            raise Conflict(field="on_hand")
    events, refused = await set_levels(db, {place: on_hand}, reason=reason, note=note.strip(), now=now)
    if refused:
        raise refused[place]
    await emit(db, events, actor=actor)


async def set_price(
    db: Connection, variant_id: UUID, currency: str, amount: int, *, actor: Actor, now: datetime
) -> None:
    """Set a variant's price in a currency, in minor units with VAT. Carts see it at once, placed orders never.

    Raises InvalidValue (amount), NotFound, Forbidden. Event price.changed, if it did.
    """
    actor.require("catalogue.write")
    if not 0 <= amount <= MOST_MONEY:
        raise InvalidValue(field="amount", expected="an amount that is not negative")
    if not CURRENCY.fullmatch(currency):
        raise InvalidValue(field="currency", expected="an ISO 4217 code such as CZK")
    await take_turn(db)
    if not await db.fetchval("select true from variant where id = $1", variant_id):
        raise NotFound(what="variant")
    written = await db.fetch(sql.WRITE_PRICES, [variant_id], [currency], [amount])
    await refresh_prices(db, [row["product_id"] for row in written])
    await emit(db, [price_changed(row, now) for row in written], actor=actor)


async def create_product(db: Connection, draft: ProductDraft, *, actor: Actor, now: datetime) -> UUID:
    """Make a product; returns its id. Raises Taken when the external id or a SKU is in use, InvalidValue, NotFound.

    Events product.created, stock.moved.
    """
    await take_turn(db)
    if await db.fetchval("select true from product where external_id = $1", draft.external_id):
        raise Taken(field="external_id", value=draft.external_id)
    (problem,) = await write_products(db, [draft], actor=actor, now=now)
    if problem is not None:
        raise problem
    product_id: UUID = await db.fetchval("select id from product where external_id = $1", draft.external_id)
    return product_id


async def update_product(
    db: Connection, product_id: UUID, change: ProductDraft, *, actor: Actor, now: datetime
) -> None:
    """Change a product: what `change` leaves out (None) stays as it is; its `external_id` is not looked at.

    Raises NotFound, InvalidValue, Taken, BelowAllocated. Events product.changed, price.changed, stock.moved, each if
    it did.
    """
    external_id = await db.fetchval("select external_id from product where id = $1", product_id)
    if external_id is None:
        raise NotFound(what="product")
    draft = msgspec.structs.replace(change, external_id=external_id)
    (problem,) = await write_products(db, [draft], actor=actor, now=now)
    if problem is not None:
        raise problem
