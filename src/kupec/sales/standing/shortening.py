"""When not everything is there: the cart is cut down to what is, and what is missing is kept to be told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import SellableVariant
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.sales.cart_prices import read_prices
from kupec.sales.carts import CartChange, lock_carts, save_carts
from kupec.sales.errors import CartIncomplete, NotEnoughStock
from kupec.sales.models import Cart, CartLine, PricedCart
from kupec.sales.standing.claiming import Claimed
from kupec.sales.standing.models import Missing
from kupec.sales.standing.telling import STANDING_ACTOR

_GONE = {"not_sold": "not_sold", "options_changed": "options_changed"}


class Short(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout refused this one for its goods."""

    member: Claimed
    error: KupecError


def line_of(error: KupecError) -> int | None:
    """Which line of the cart is at fault, if one is."""
    if not isinstance(error, (NotEnoughStock, CartIncomplete)):
        return None
    field = error.field or ""
    return int(field[6:-1]) if field.startswith("lines[") and field.endswith("]") else None


async def cut_down(db: Connection, short: Sequence[Short], *, now: datetime) -> set[UUID]:
    """Take out of the carts what is not there; returns the occurrences of which nothing is left.

    What is missing is noted on the occurrence, in the same transaction.
    """
    carts = await lock_carts(db, [one.member.cart_id for one in short])
    prices = await read_prices(db, list(carts.values()), now=now)
    changes: list[CartChange] = []
    missing: dict[UUID, list[Missing]] = {}
    empty: set[UUID] = set()
    for one in short:
        cart = carts[one.member.cart_id]
        goods = {variant_id: variant for (market, variant_id), variant in prices.goods.items() if market == cart.market}
        lines, gone = left_over(cart, prices.of(cart, now=now), goods, one.error)
        occurrence_id = one.member.occurrence.id
        missing[occurrence_id] = _missing(one.member, lines, gone)
        if lines:
            changes.append(
                CartChange(before=cart, after=msgspec.structs.replace(cart, lines=lines), actor=STANDING_ACTOR)
            )
        else:
            empty.add(occurrence_id)
    await save_carts(db, changes, now=now)
    await db.execute(
        "update occurrence o set missing = t.missing::jsonb from unnest($1::uuid[], $2::text[]) as t (id, missing) "
        "where o.id = t.id",
        list(missing),
        # As text: an array of lists would be taken for an array of two dimensions.
        [msgspec.json.encode(lacking).decode() for lacking in missing.values()],
    )
    return empty


def left_over(
    cart: Cart, seen: PricedCart, goods: Mapping[UUID, SellableVariant], error: KupecError
) -> tuple[list[CartLine], dict[UUID, str]]:
    """The lines that can be had, the first first, and why others are gone. Pure; always fewer pieces than before."""
    gone = {
        cart.lines[int(problem.field[6:-1])].id: _GONE[problem.code]
        for problem in seen.problems
        if problem.code in _GONE
    }
    free = {variant.id: variant.available for variant in goods.values() if variant.stocked}
    fault = line_of(error)
    if isinstance(error, NotEnoughStock) and fault is not None and fault < len(cart.lines):
        # What the locked shelf said counts more than what was read beside it.
        variant_id = cart.lines[fault].variant_id
        free[variant_id] = min(free.get(variant_id, error.details["available"]), error.details["available"])
    lines = []
    for line in cart.lines:
        if line.id in gone:
            continue
        pieces = min(line.quantity, max(0, free.get(line.variant_id, line.quantity)))
        if line.variant_id in free:
            free[line.variant_id] -= pieces
        if pieces:
            lines.append(msgspec.structs.replace(line, quantity=pieces))
    if lines == cart.lines and fault is not None and fault < len(lines):
        # Bundles that share a part: each could be had alone.
        fewer = msgspec.structs.replace(lines[fault], quantity=lines[fault].quantity // 2)
        lines[fault : fault + 1] = [fewer] if fewer.quantity else []
    return lines, {line.variant_id: gone[line.id] for line in cart.lines if line.id in gone}


def _missing(member: Claimed, lines: Sequence[CartLine], gone: Mapping[UUID, str]) -> list[Missing]:
    known = {each.variant_id: each.reason for each in member.occurrence.missing or []}
    found = []
    for wanted in member.wanted:
        got = sum(
            line.quantity for line in lines if line.variant_id == wanted.variant_id and line.options == wanted.options
        )
        if got < wanted.quantity:
            reason = gone.get(wanted.variant_id) or known.get(wanted.variant_id) or "short"
            found.append(
                msgspec.convert(
                    {"variant_id": wanted.variant_id, "wanted": wanted.quantity, "got": got, "reason": reason}, Missing
                )
            )
    return found
