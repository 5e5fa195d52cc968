"""Carts: made, filled, told who buys. A stored cart knows no prices: they are asked for whenever it is shown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kupec.catalogue import release
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch, KupecError, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.sales.approval_rows import withdraw_approvals
from kupec.sales.buyer import CartDetails, check_details
from kupec.sales.drafts import withdraw_draft
from kupec.sales.errors import CartClosed
from kupec.sales.events import CartCancelled, CartChanged, CartCreated
from kupec.sales.models import Address, Cart, CartLine, Company, PickupPoint

MAX_LINES = 200
MAX_QUANTITY = 9999
_NOTHING_TOLD = CartDetails()
_STRUCTS = {"address": Address, "pickup_point": PickupPoint, "company": Company}
_PARTS = ("lines", *CartDetails.__struct_fields__, "coupons")


class NewCart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart to be made, as it will be stored. With a `key`, the same request made twice makes one cart."""

    cart: Cart
    actor: Actor
    key: str | None = None
    request_hash: bytes | None = None


async def create_carts(db: Connection, carts: Sequence[NewCart], *, now: datetime) -> list[UUID | KupecError]:
    """Make carts, a batch at a time; returns the id of each, or the error of its key.

    Emits cart.created. A repeated key gives the cart it made before, or IdempotencyMismatch when
    the request differs.
    """
    made = await _insert_carts(db, carts)
    await _insert_lines(db, [new.cart for new in carts if new.cart.id in made])
    await emit(
        db,
        [
            Happened(
                payload=CartCreated(market=new.cart.market, lines=len(new.cart.lines)),
                subject=f"cart:{new.cart.id}",
                occurred_at=now,
                customer_id=new.cart.customer_id,
                channel=new.cart.channel,
                actor=new.actor,
            )
            for new in carts
            if new.cart.id in made
        ],
        actor=carts[0].actor,
    )
    repeated = [new.key for new in carts if new.cart.id not in made and new.key is not None]
    known = await _carts_by_key(db, repeated) if repeated else {}
    return [new.cart.id if new.cart.id in made else _repeated(new, known) for new in carts]


def _repeated(new: NewCart, known: Mapping[str, tuple[UUID, bytes | None]]) -> UUID | KupecError:
    cart_id, request_hash = known[new.key or ""]
    return cart_id if request_hash == new.request_hash else IdempotencyMismatch(field="Idempotency-Key")


async def _carts_by_key(db: Connection, keys: Sequence[str]) -> dict[str, tuple[UUID, bytes | None]]:
    rows = await db.fetch("select key, id, request_hash from cart where key = any($1::text[])", keys)
    return {row["key"]: (row["id"], row["request_hash"]) for row in rows}


async def _insert_carts(db: Connection, carts: Sequence[NewCart]) -> set[UUID]:
    # In the order of keys: two batches that repeat each other's requests wait for each other, never in a ring.
    ordered = sorted(carts, key=lambda new: (new.key or "", new.cart.id))
    plain = [new.cart for new in ordered]
    rows = await db.fetch(
        """
        insert into cart (id, customer_id, market, language, channel, agent, email, name, phone, address,
                          shipping_method, shown_total, created_at, updated_at, key, request_hash,
                          slot_id, pickup_point, payment_method, company, coupons)
        select id, customer_id, market, language, channel, agent, email, name, phone, address,
               shipping_method, shown_total, created_at, updated_at, key, request_hash,
               slot_id, pickup_point, payment_method, company, string_to_array(coupons, ' ')
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                      $8::text[], $9::text[], $10::jsonb[], $11::text[], $12::bigint[], $13::timestamptz[],
                      $14::timestamptz[], $15::text[], $16::bytea[], $17::uuid[], $18::jsonb[], $19::text[],
                      $20::jsonb[], $21::text[])
            as new (id, customer_id, market, language, channel, agent, email, name, phone, address,
                    shipping_method, shown_total, created_at, updated_at, key, request_hash,
                    slot_id, pickup_point, payment_method, company, coupons)
            on conflict (key) do nothing
        returning id
        """,
        [cart.id for cart in plain],
        [cart.customer_id for cart in plain],
        [cart.market for cart in plain],
        [cart.language for cart in plain],
        [cart.channel for cart in plain],
        [cart.agent for cart in plain],
        [cart.email for cart in plain],
        [cart.name for cart in plain],
        [cart.phone for cart in plain],
        [msgspec.to_builtins(cart.address) for cart in plain],
        [cart.shipping_method for cart in plain],
        [cart.shown_total for cart in plain],
        [cart.created_at for cart in plain],
        [cart.updated_at for cart in plain],
        [new.key for new in ordered],
        [new.request_hash for new in ordered],
        [cart.slot_id for cart in plain],
        [msgspec.to_builtins(cart.pickup_point) for cart in plain],
        [cart.payment_method for cart in plain],
        [msgspec.to_builtins(cart.company) for cart in plain],
        [" ".join(cart.coupons) for cart in plain],
    )
    return {row["id"] for row in rows}


async def _insert_lines(db: Connection, carts: Sequence[Cart]) -> None:
    lines = [(cart.id, position, line) for cart in carts for position, line in enumerate(cart.lines)]
    if not lines:
        return
    await db.execute(
        """
        insert into cart_line (id, cart_id, variant_id, quantity, position, options, options_key, fixed_amount)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::jsonb[], $7::text[],
                             $8::bigint[])
        """,
        [line.id for _, _, line in lines],
        [cart_id for cart_id, _, _ in lines],
        [line.variant_id for _, _, line in lines],
        [line.quantity for _, _, line in lines],
        [position for _, position, _ in lines],
        [line.options for _, _, line in lines],
        [options_key(line.options) for _, _, line in lines],
        [line.fixed_amount for _, _, line in lines],
    )


def cart_lines(goods: Iterable[tuple[UUID, int] | CartLine]) -> list[CartLine]:
    """(variant, pieces), or lines of another cart, as lines of their own ids; agreed prices do not come along."""
    return [
        msgspec.structs.replace(line, id=uuid7(), fixed_amount=None)
        if isinstance(line, CartLine)
        else CartLine(id=uuid7(), variant_id=line[0], quantity=line[1])
        for line in goods
    ]


async def create_cart(
    db: Connection,
    *,
    market: str,
    language: str,
    channel: str,
    actor: Actor,
    now: datetime,
    cart_id: UUID | None = None,
    customer_id: UUID | None = None,
    agent: str | None = None,
    lines: Sequence[tuple[UUID, int] | CartLine] = (),
    details: CartDetails = _NOTHING_TOLD,
) -> Cart:
    """Make one cart, with an id of its own or the one given. Lines get ids of their own. Emits cart.created."""
    cart = with_details(
        Cart(
            id=cart_id or uuid7(),
            customer_id=customer_id,
            market=market,
            language=language,
            channel=channel,
            agent=agent,
            created_at=now,
            updated_at=now,
            lines=cart_lines(lines),
        ),
        details,
    )
    await create_carts(db, [NewCart(cart=cart, actor=actor)], now=now)
    return cart


_CARTS = """
select cart.id, cart.customer_id, cart.market, cart.language, cart.channel, cart.agent, cart.state, cart.email,
       cart.name, cart.phone, cart.address, cart.shipping_method, cart.payment_method, cart.coupons, cart.credit_code,
       cart.slot_id, cart.pickup_point, cart.company, cart.shown_total, cart.approval_id, cart.created_at,
       cart.updated_at,
       party.price_group, coalesce(party.segments, '{}') as segments
  from cart
  -- Prices agreed with a customer are for them alone: in the shop, whoever types their address is not yet they, and who
  -- bought for an organisation is not any more when their role has ended.
  left join account_cart proved on proved.cart_id = cart.id and proved.party_id = cart.customer_id
       and (proved.person_id is null or proved.person_id = proved.party_id or exists (
            select from party_role held
             where held.until is null and held.role in ('buyer', 'approver')
               and held.organisation_id in (
                   select proved.party_id union all select member_id from party_alias where party_id = proved.party_id)
               and held.person_id in (
                   select proved.person_id
                   union all select member_id from party_alias where party_id = proved.person_id)))
  left join party_alias absorbed on absorbed.member_id = cart.customer_id
  left join party on party.id = coalesce(
       case when cart.channel <> 'web' or proved.party_id is not null then absorbed.party_id end,
       case when cart.channel = 'web' then proved.party_id else cart.customer_id end)
 where cart.id = any($1::uuid[])
"""
_LOCKED_CARTS = f"{_CARTS} order by cart.id for no key update of cart"
_LINES = """
select cart_id, id, variant_id, quantity, options, fixed_amount
  from cart_line where cart_id = any($1::uuid[]) order by cart_id, position
"""


async def get_carts(db: Connection, cart_ids: Sequence[UUID]) -> dict[UUID, Cart]:
    """The carts among `cart_ids` that exist, with their lines."""
    return await _with_lines(db, await db.fetch(_CARTS, cart_ids))


async def get_cart(db: Connection, cart_id: UUID) -> Cart:
    """Raises NotFound."""
    found = await get_carts(db, [cart_id])
    if cart_id not in found:
        raise NotFound(what="cart")
    return found[cart_id]


async def lock_carts(db: Connection, cart_ids: Sequence[UUID]) -> dict[UUID, Cart]:
    """The carts, locked in one order, as they stand once the locks are held."""
    return await _with_lines(db, await db.fetch(_LOCKED_CARTS, sorted(set(cart_ids))))


async def _with_lines(db: Connection, rows: Sequence[asyncpg.Record]) -> dict[UUID, Cart]:
    """A statement after the locks: only one that begins then sees the lines that the former owner of a lock wrote."""
    lines: dict[UUID, list[CartLine]] = {row["id"]: [] for row in rows}
    for cart_id, *values in await db.fetch(_LINES, list(lines)) if rows else ():
        line_id, variant_id, quantity, options, agreed = values
        line = CartLine(id=line_id, variant_id=variant_id, quantity=quantity, options=options, fixed_amount=agreed)
        lines[cart_id].append(line)
    return {row["id"]: _cart(row, lines[row["id"]]) for row in rows}


def _cart(row: asyncpg.Record, lines: list[CartLine]) -> Cart:
    values = dict(row)
    for part, kind in _STRUCTS.items():
        if values[part] is not None:
            values[part] = kind(**values[part])
    return Cart(**values, lines=lines)


async def open_cart(db: Connection, cart_id: UUID, *, actor: Actor, now: datetime) -> Cart:
    """The cart, locked and free to be changed. Raises NotFound, CartClosed, CartInPayment."""
    cart = (await lock_carts(db, [cart_id])).get(cart_id)
    if cart is None:
        raise NotFound(what="cart")
    if cart.state != "open":
        raise CartClosed
    await withdraw_draft(db, cart_id, actor=actor, now=now)
    await withdraw_approvals(db, [cart], actor=actor, now=now)
    return cart


def options_key(options: Mapping[str, str]) -> str:
    """What tells two lines of one variant apart: the options as canonical text, empty for none."""
    return msgspec.json.encode(options, order="sorted").decode() if options else ""


class CartChange(msgspec.Struct, frozen=True, kw_only=True):
    """An open cart as it is locked, and as it should be."""

    before: Cart
    after: Cart
    actor: Actor

    @property
    def parts(self) -> list[str]:
        """The names of what differs, as `cart.changed` tells them."""
        return [part for part in _PARTS if getattr(self.before, part) != getattr(self.after, part)]


async def save_carts(db: Connection, changes: Sequence[CartChange], *, now: datetime) -> None:
    """Write locked carts as they should be, in a few statements for all. Emits cart.changed where something differs."""
    if not changes:
        return
    await withdraw_approvals(db, [change.before for change in changes], actor=changes[0].actor, now=now)
    latest = {change.after.id: change.after for change in changes}
    await _update_carts(db, list(latest.values()), now)
    refilled = [latest[cart_id] for cart_id in {change.after.id for change in changes if "lines" in change.parts}]
    if refilled:
        await db.execute("delete from cart_line where cart_id = any($1::uuid[])", [cart.id for cart in refilled])
        await _insert_lines(db, refilled)
    changed = [change for change in changes if change.parts]
    happened = [
        msgspec.structs.replace(_happened(change.after, CartChanged(what=change.parts), now), actor=change.actor)
        for change in changed
    ]
    await emit(db, happened, actor=changes[0].actor)


async def _update_carts(db: Connection, carts: Sequence[Cart], now: datetime) -> None:
    await db.execute(
        """
        update cart
           set market = new.market, language = new.language, email = new.email, name = new.name, phone = new.phone,
               address = new.address, shipping_method = new.shipping_method, shown_total = new.shown_total,
               slot_id = new.slot_id, pickup_point = new.pickup_point, payment_method = new.payment_method,
               company = new.company, coupons = string_to_array(new.coupons, ' '), updated_at = $15
          from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[],
                      $9::bigint[], $10::uuid[], $11::jsonb[], $12::text[], $13::jsonb[], $14::text[])
            as new (id, market, language, email, name, phone, address, shipping_method, shown_total, slot_id,
                    pickup_point, payment_method, company, coupons)
         where cart.id = new.id
        """,
        [cart.id for cart in carts],
        [cart.market for cart in carts],
        [cart.language for cart in carts],
        [cart.email for cart in carts],
        [cart.name for cart in carts],
        [cart.phone for cart in carts],
        [msgspec.to_builtins(cart.address) for cart in carts],
        [cart.shipping_method for cart in carts],
        [cart.shown_total for cart in carts],
        [cart.slot_id for cart in carts],
        [msgspec.to_builtins(cart.pickup_point) for cart in carts],
        [cart.payment_method for cart in carts],
        [msgspec.to_builtins(cart.company) for cart in carts],
        [" ".join(cart.coupons) for cart in carts],
        now,
    )


async def set_details(db: Connection, cart_id: UUID, details: CartDetails, *, actor: Actor, now: datetime) -> Cart:
    """Note who buys and where the goods go. Emits cart.changed with the names of what was given.

    Raises NotFound, CartClosed, CartInPayment, and InvalidValue naming the field that cannot be right.
    """
    values = {name: msgspec.to_builtins(value) for name, value in _given(check_details(details)).items()}
    cart = await open_cart(db, cart_id, actor=actor, now=now)
    if values:
        assignments = ", ".join(f"{name} = ${index}" for index, name in enumerate(values, start=2))
        await db.execute(f"update cart set {assignments} where id = $1", cart_id, *values.values())  # noqa: S608
        await note_change(db, cart, sorted(values), actor=actor, now=now)
    return await get_cart(db, cart_id)


def with_details(cart: Cart, details: CartDetails) -> Cart:
    """The cart with what its buyer tells. Pure; the details must have been checked."""
    return msgspec.structs.replace(cart, **_given(details))


def _given(details: CartDetails) -> dict[str, Any]:
    values = {name: getattr(details, name) for name in CartDetails.__struct_fields__}
    return {name: value for name, value in values.items() if value is not msgspec.UNSET}


async def cancel_cart(db: Connection, cart_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Close a cart that will not be ordered: what it held is free again. Emits cart.cancelled; twice is once."""
    cart = (await lock_carts(db, [cart_id])).get(cart_id)
    if cart is None:
        raise NotFound(what="cart")
    if cart.state == "cancelled":
        return
    if cart.state != "open":
        raise CartClosed
    await withdraw_draft(db, cart_id, actor=actor, now=now)
    await withdraw_approvals(db, [cart], actor=actor, now=now)
    await release(db, [cart_id])
    await db.execute("update cart set state = 'cancelled', updated_at = $2 where id = $1", cart_id, now)
    await emit(db, [_happened(cart, CartCancelled(), now)], actor=actor)


async def note_change(db: Connection, cart: Cart, what: list[str], *, actor: Actor, now: datetime) -> None:
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
