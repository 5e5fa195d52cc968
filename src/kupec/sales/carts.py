"""Carts: made, filled, told who buys. A stored cart knows no prices: they are asked for whenever it is shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kupec.catalogue import sellable
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch, InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.sales.buyer import CartDetails, check_details
from kupec.sales.drafts import withdraw_draft
from kupec.sales.errors import CartClosed, NotEnoughStock, NotSold
from kupec.sales.events import CartCancelled, CartChanged, CartCreated
from kupec.sales.models import Address, Cart, CartLine

MAX_LINES = 200
MAX_QUANTITY = 9999


class NewCart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart to be made. With a `key`, the same request made twice makes one cart."""

    id: UUID
    market: str
    language: str
    channel: str
    actor: Actor
    customer_id: UUID | None = None
    agent: str | None = None
    lines: Sequence[tuple[UUID, int]] = ()
    details: CartDetails = CartDetails()
    key: str | None = None
    request_hash: bytes | None = None


async def create_carts(db: Connection, carts: Sequence[NewCart], *, now: datetime) -> list[UUID | KupecError]:
    """Make carts, a batch at a time; returns the id of each, or the error of its key.

    Emits cart.created. A repeated key gives the cart it made before, or IdempotencyMismatch when
    the request differs.
    """
    made = await _insert_carts(db, carts, now)
    await _insert_lines(db, [cart for cart in carts if cart.id in made])
    await emit(
        db,
        [
            Happened(
                payload=CartCreated(market=cart.market, lines=len(cart.lines)),
                subject=f"cart:{cart.id}",
                occurred_at=now,
                customer_id=cart.customer_id,
                channel=cart.channel,
                actor=cart.actor,
            )
            for cart in carts
            if cart.id in made
        ],
        actor=carts[0].actor,
    )
    repeated = [cart.key for cart in carts if cart.id not in made and cart.key is not None]
    known = await _carts_by_key(db, repeated) if repeated else {}
    return [cart.id if cart.id in made else _repeated(cart, known) for cart in carts]


def _repeated(cart: NewCart, known: Mapping[str, tuple[UUID, bytes | None]]) -> UUID | KupecError:
    cart_id, request_hash = known[cart.key or ""]
    return cart_id if request_hash == cart.request_hash else IdempotencyMismatch(field="Idempotency-Key")


async def _carts_by_key(db: Connection, keys: Sequence[str]) -> dict[str, tuple[UUID, bytes | None]]:
    rows = await db.fetch("select key, id, request_hash from cart where key = any($1::text[])", keys)
    return {row["key"]: (row["id"], row["request_hash"]) for row in rows}


async def _insert_carts(db: Connection, carts: Sequence[NewCart], now: datetime) -> set[UUID]:
    ordered = sorted(carts, key=lambda cart: (cart.key or "", cart.id))
    given = [_given(cart.details) for cart in ordered]
    rows = await db.fetch(
        """
        insert into cart (id, customer_id, market, language, channel, agent, email, name, phone, address,
                          shipping_method, key, request_hash, created_at, updated_at)
        select *, $14::timestamptz, $14::timestamptz
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                      $9::text[], $10::jsonb[], $11::text[], $12::text[], $13::bytea[])
            on conflict (key) do nothing
        returning id
        """,
        [cart.id for cart in ordered],
        [cart.customer_id for cart in ordered],
        [cart.market for cart in ordered],
        [cart.language for cart in ordered],
        [cart.channel for cart in ordered],
        [cart.agent for cart in ordered],
        [values.get("email") for values in given],
        [values.get("name") for values in given],
        [values.get("phone") for values in given],
        [values.get("address") for values in given],
        [values.get("shipping_method") for values in given],
        [cart.key for cart in ordered],
        [cart.request_hash for cart in ordered],
        now,
    )
    return {row["id"] for row in rows}


async def _insert_lines(db: Connection, carts: Sequence[NewCart]) -> None:
    lines = [(cart.id, position, line) for cart in carts for position, line in enumerate(cart.lines)]
    if not lines:
        return
    await db.execute(
        """
        insert into cart_line (id, cart_id, variant_id, quantity, position)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::int[])
        """,
        [uuid7() for _ in lines],
        [cart_id for cart_id, _, _ in lines],
        [line[0] for _, _, line in lines],
        [line[1] for _, _, line in lines],
        [position for _, position, _ in lines],
    )


async def create_cart(
    db: Connection,
    *,
    market: str,
    language: str,
    channel: str,
    actor: Actor,
    now: datetime,
    customer_id: UUID | None = None,
    agent: str | None = None,
    lines: Sequence[tuple[UUID, int]] = (),
) -> Cart:
    """Make one cart. Emits cart.created."""
    new = NewCart(
        id=uuid7(),
        market=market,
        language=language,
        channel=channel,
        actor=actor,
        customer_id=customer_id,
        agent=agent,
        lines=lines,
    )
    await create_carts(db, [new], now=now)
    return await get_cart(db, new.id)


_SELECT = """
select cart.id, cart.customer_id, cart.market, cart.language, cart.channel, cart.agent, cart.state, cart.email,
       cart.name, cart.phone, cart.address, cart.shipping_method, cart.created_at, cart.updated_at,
       line.ids, line.variant_ids, line.quantities
  from cart
  left join lateral (
       select array_agg(id order by position) as ids,
              array_agg(variant_id order by position) as variant_ids,
              array_agg(quantity order by position) as quantities
         from cart_line where cart_id = cart.id) line on true
 where cart.id = any($1::uuid[])
"""


async def get_carts(db: Connection, cart_ids: Sequence[UUID]) -> dict[UUID, Cart]:
    """The carts among `cart_ids` that exist, with their lines."""
    return {row["id"]: _cart(row) for row in await db.fetch(_SELECT, cart_ids)}


async def get_cart(db: Connection, cart_id: UUID) -> Cart:
    """Raises NotFound."""
    found = await get_carts(db, [cart_id])
    if cart_id not in found:
        raise NotFound(what="cart")
    return found[cart_id]


def _cart(row: asyncpg.Record) -> Cart:
    lines = zip(row["ids"] or (), row["variant_ids"] or (), row["quantities"] or (), strict=True)
    address = row["address"]
    return Cart(
        id=row["id"],
        customer_id=row["customer_id"],
        market=row["market"],
        language=row["language"],
        channel=row["channel"],
        agent=row["agent"],
        state=row["state"],
        email=row["email"],
        name=row["name"],
        phone=row["phone"],
        address=Address(**address) if address else None,
        shipping_method=row["shipping_method"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        lines=[CartLine(id=line_id, variant_id=variant, quantity=quantity) for line_id, variant, quantity in lines],
    )


async def lock_carts(db: Connection, cart_ids: Sequence[UUID]) -> dict[UUID, Cart]:
    """The carts, locked in one order, as they stand once the locks are held."""
    await db.execute("select from cart where id = any($1::uuid[]) order by id for no key update", sorted(set(cart_ids)))
    return await get_carts(db, cart_ids)


async def _open_cart(db: Connection, cart_id: UUID, *, actor: Actor, now: datetime) -> Cart:
    """The cart, locked and free to be changed. Raises NotFound, CartClosed, CartInPayment."""
    cart = (await lock_carts(db, [cart_id])).get(cart_id)
    if cart is None:
        raise NotFound(what="cart")
    if cart.state != "open":
        raise CartClosed
    await withdraw_draft(db, cart_id, actor=actor, now=now)
    return cart


async def set_quantity(
    db: Connection, cart_id: UUID, variant_id: UUID, quantity: int, *, actor: Actor, now: datetime
) -> Cart:
    """Have `quantity` pieces of a variant in the cart; 0 removes it. Emits cart.changed.

    Raises NotFound, CartClosed, CartInPayment, NotSold, NotEnoughStock and InvalidValue (field "quantity").
    """
    cart = await _open_cart(db, cart_id, actor=actor, now=now)
    return await _have(db, cart, variant_id, quantity, actor=actor, now=now)


async def add_to_cart(
    db: Connection, cart_id: UUID, variant_id: UUID, quantity: int, *, actor: Actor, now: datetime
) -> Cart:
    """Add pieces to what the cart holds already. Errors and events as `set_quantity`."""
    if quantity < 1:
        raise InvalidValue(field="quantity", expected=f"a whole number from 1 to {MAX_QUANTITY}")
    cart = await _open_cart(db, cart_id, actor=actor, now=now)
    held = next((line.quantity for line in cart.lines if line.variant_id == variant_id), 0)
    return await _have(db, cart, variant_id, held + quantity, actor=actor, now=now)


async def _have(db: Connection, cart: Cart, variant_id: UUID, quantity: int, *, actor: Actor, now: datetime) -> Cart:
    if not 0 <= quantity <= MAX_QUANTITY:
        raise InvalidValue(field="quantity", expected=f"a whole number from 0 to {MAX_QUANTITY}")
    if quantity == 0:
        await db.execute("delete from cart_line where cart_id = $1 and variant_id = $2", cart.id, variant_id)
    else:
        await _check_line(db, cart, variant_id, quantity, now=now)
        await _upsert_line(db, cart.id, variant_id, quantity)
    await _changed(db, cart, ["lines"], actor=actor, now=now)
    return await get_cart(db, cart.id)


async def _check_line(db: Connection, cart: Cart, variant_id: UUID, quantity: int, *, now: datetime) -> None:
    variant = (await sellable(db, [(cart.market, variant_id)], now=now)).get((cart.market, variant_id))
    if variant is None:
        raise NotSold(field="variant", name=str(variant_id))
    if variant.stocked and variant.available < quantity:
        raise NotEnoughStock(field="quantity", available=variant.available, name=variant.name)
    known = any(line.variant_id == variant_id for line in cart.lines)
    if not known and len(cart.lines) >= MAX_LINES:
        raise InvalidValue(field="lines", expected=f"at most {MAX_LINES} different goods")


async def _upsert_line(db: Connection, cart_id: UUID, variant_id: UUID, quantity: int) -> None:
    await db.execute(
        """
        insert into cart_line (id, cart_id, variant_id, quantity, position)
        values ($1, $2, $3, $4, (select coalesce(max(position), -1) + 1 from cart_line where cart_id = $2))
            on conflict (cart_id, variant_id) do update set quantity = excluded.quantity
        """,
        uuid7(),
        cart_id,
        variant_id,
        quantity,
    )


async def replace_lines(
    db: Connection, cart_id: UUID, lines: Sequence[tuple[UUID, int]], *, actor: Actor, now: datetime
) -> None:
    """Let the cart hold exactly `lines`, (variant, pieces) in this order. Emits cart.changed."""
    cart = await _open_cart(db, cart_id, actor=actor, now=now)
    await db.execute("delete from cart_line where cart_id = $1", cart_id)
    new = NewCart(
        id=cart.id, market=cart.market, language=cart.language, channel=cart.channel, actor=actor, lines=lines
    )
    await _insert_lines(db, [new])
    await _changed(db, cart, ["lines"], actor=actor, now=now)


async def set_details(db: Connection, cart_id: UUID, details: CartDetails, *, actor: Actor, now: datetime) -> Cart:
    """Note who buys and where the goods go. Emits cart.changed with the names of what was given.

    Raises NotFound, CartClosed, CartInPayment, and InvalidValue naming the field that cannot be right.
    """
    values = _given(check_details(details))
    cart = await _open_cart(db, cart_id, actor=actor, now=now)
    if values:
        assignments = ", ".join(f"{name} = ${index}" for index, name in enumerate(values, start=2))
        await db.execute(f"update cart set {assignments} where id = $1", cart_id, *values.values())  # noqa: S608
        await _changed(db, cart, sorted(values), actor=actor, now=now)
    return await get_cart(db, cart_id)


def _given(details: CartDetails) -> dict[str, Any]:
    values = {name: getattr(details, name) for name in CartDetails.__struct_fields__}
    given = {name: value for name, value in values.items() if value is not msgspec.UNSET}
    if isinstance(given.get("address"), Address):
        given["address"] = msgspec.to_builtins(given["address"])
    return given


async def cancel_cart(db: Connection, cart_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Close a cart that will not be ordered. Emits cart.cancelled; cancelling twice is once."""
    cart = (await lock_carts(db, [cart_id])).get(cart_id)
    if cart is None:
        raise NotFound(what="cart")
    if cart.state == "cancelled":
        return
    if cart.state != "open":
        raise CartClosed
    await withdraw_draft(db, cart_id, actor=actor, now=now)
    await db.execute("update cart set state = 'cancelled', updated_at = $2 where id = $1", cart_id, now)
    await emit(db, [_happened(cart, CartCancelled(), now)], actor=actor)


async def _changed(db: Connection, cart: Cart, what: list[str], *, actor: Actor, now: datetime) -> None:
    await db.execute("update cart set updated_at = $2 where id = $1", cart.id, now)
    await emit(db, [_happened(cart, CartChanged(what=what), now)], actor=actor)


def _happened(cart: Cart, payload: CartChanged | CartCancelled, now: datetime) -> Happened:
    return Happened(
        payload=payload,
        subject=f"cart:{cart.id}",
        occurred_at=now,
        customer_id=cart.customer_id,
        channel=cart.channel,
    )
