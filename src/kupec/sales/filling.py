"""What lies in a cart: put in, changed, taken out. A line is a variant as it is to be made."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from kupec.catalogue import SellableVariant, choose, market, sellable
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.ids import uuid7
from kupec.sales.carts import MAX_LINES, MAX_QUANTITY, get_cart, note_change, open_cart, options_key
from kupec.sales.errors import NotEnoughStock, NotSold
from kupec.sales.models import Cart

_AS_IT_IS: Mapping[str, str] = {}


async def set_quantity(
    db: Connection,
    cart_id: UUID,
    variant_id: UUID,
    quantity: int,
    *,
    actor: Actor,
    now: datetime,
    options: Mapping[str, str] = _AS_IT_IS,
) -> Cart:
    """Have `quantity` pieces of a variant, made as `options` say, in the cart; 0 removes them. Emits cart.changed.

    Raises NotFound, CartClosed, CartInPayment, NotSold, NotEnoughStock and InvalidValue (field "quantity" or
    "options.<code>").
    """
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    return await _have(db, cart, variant_id, options, quantity, actor=actor, now=now)


async def add_to_cart(
    db: Connection,
    cart_id: UUID,
    variant_id: UUID,
    quantity: int,
    *,
    actor: Actor,
    now: datetime,
    options: Mapping[str, str] = _AS_IT_IS,
) -> Cart:
    """Add pieces to what the cart holds already of the same make. Errors and events as `set_quantity`."""
    if quantity < 1:
        raise InvalidValue(field="quantity", expected=f"a whole number from 1 to {MAX_QUANTITY}")
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    _, made = await _made(db, cart, variant_id, options, now=now)
    held = next((line.quantity for line in cart.lines if line.variant_id == variant_id and line.options == made), 0)
    return await _have(db, cart, variant_id, made, held + quantity, actor=actor, now=now)


async def change_line(
    db: Connection, cart_id: UUID, line_id: UUID, quantity: int, *, actor: Actor, now: datetime
) -> Cart:
    """Have `quantity` pieces of what a line holds; 0 removes it. Errors and events as `set_quantity`."""
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    line = next((line for line in cart.lines if line.id == line_id), None)
    if line is None:
        raise NotFound(what="line")
    return await _have(db, cart, line.variant_id, line.options, quantity, actor=actor, now=now)


async def _made(
    db: Connection, cart: Cart, variant_id: UUID, options: Mapping[str, str], *, now: datetime
) -> tuple[SellableVariant, dict[str, str]]:
    """What is sold, and the options in their canonical form. Raises NotSold, InvalidValue."""
    variant = (await sellable(db, [(cart.market, variant_id)], now=now)).get((cart.market, variant_id))
    if variant is None:
        raise NotSold(field="variant", name=str(variant_id))
    if not options and not variant.options:
        return variant, {}
    place = await market(db, cart.market)
    return variant, choose(variant.options, options, currency=place.currency, language=cart.language).values


async def _have(
    db: Connection,
    cart: Cart,
    variant_id: UUID,
    options: Mapping[str, str],
    quantity: int,
    *,
    actor: Actor,
    now: datetime,
) -> Cart:
    if not 0 <= quantity <= MAX_QUANTITY:
        raise InvalidValue(field="quantity", expected=f"a whole number from 0 to {MAX_QUANTITY}")
    if quantity == 0:
        await db.execute(
            "delete from cart_line where cart_id = $1 and variant_id = $2 and options_key = $3",
            cart.id,
            variant_id,
            options_key(options),
        )
    else:
        variant, made = await _made(db, cart, variant_id, options, now=now)
        _check_line(cart, variant, made, quantity)
        await _upsert_line(db, cart.id, variant_id, made, quantity)
    await note_change(db, cart, ["lines"], actor=actor, now=now)
    return await get_cart(db, cart.id)


def _check_line(cart: Cart, variant: SellableVariant, made: Mapping[str, str], quantity: int) -> None:
    others = sum(line.quantity for line in cart.lines if line.variant_id == variant.id and line.options != made)
    if variant.stocked and variant.available < quantity + others:
        raise NotEnoughStock(field="quantity", available=max(0, variant.available - others), name=variant.name)
    known = any(line.variant_id == variant.id and line.options == made for line in cart.lines)
    if not known and len(cart.lines) >= MAX_LINES:
        raise InvalidValue(field="lines", expected=f"at most {MAX_LINES} different goods")


async def _upsert_line(db: Connection, cart_id: UUID, variant_id: UUID, made: Mapping[str, str], quantity: int) -> None:
    await db.execute(
        """
        insert into cart_line (id, cart_id, variant_id, quantity, options, options_key, position)
        values ($1, $2, $3, $4, $5, $6, (select coalesce(max(position), -1) + 1 from cart_line where cart_id = $2))
            on conflict (cart_id, variant_id, options_key) do update set quantity = excluded.quantity
        """,
        uuid7(),
        cart_id,
        variant_id,
        quantity,
        dict(made),
        options_key(made),
    )
