"""Which goods a sale takes from the shelves: lines, the components of bundles, and gifts while they last."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from kupec.catalogue import Component, Portion, Shortage, Wanted, lock_stock, portion_out
from kupec.kit.db import Connection
from kupec.sales.errors import NotEnoughStock
from kupec.sales.line_prices import gift_id
from kupec.sales.models import PricedCart, PricedLine


class Line(Protocol):
    """What a line, priced or ordered, says about goods."""

    @property
    def variant_id(self) -> Any: ...

    @property
    def quantity(self) -> int: ...

    @property
    def stocked(self) -> bool: ...

    @property
    def components(self) -> list[Component]: ...


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A cart whose goods are there, as it is sold: without the gifts that are gone, of which promotions `ungiven`."""

    seen: PricedCart
    portions: list[Portion]
    ungiven: list[str] = []


def wanted_of(holder: UUID, lines: Iterable[Line]) -> list[Wanted]:
    """What these lines ask of the stock: of a bundle its components, of a service nothing."""
    wanted: list[Wanted] = []
    for line in lines:
        if line.components:
            wanted.extend(
                Wanted(holder=holder, variant_id=part.variant_id, quantity=part.quantity * line.quantity)
                for part in line.components
                if part.stocked
            )
        elif line.stocked:
            wanted.append(Wanted(holder=holder, variant_id=line.variant_id, quantity=line.quantity))
    return wanted


async def take_goods(
    db: Connection, carts: Sequence[PricedCart], *, now: datetime
) -> dict[UUID, Taken | NotEnoughStock]:
    """Lock the stock and share it among these carts in their order; nothing is held yet.

    A gift that is gone is left out, since it costs nothing; what a buyer pays for is there or NotEnoughStock.
    """
    wanted = {seen.cart.id: wanted_of(seen.cart.id, seen.lines) for seen in carts}
    asked = [each for share in wanted.values() for each in share]
    stock = await lock_stock(db, sorted({each.variant_id for each in asked}), now=now, holders=list(wanted))
    portions = portion_out(asked, stock)
    ungifted = {seen.cart.id: _without_gifts(seen) for seen in carts if _short_of_gifts(seen, portions)}
    if ungifted:
        sold = [ungifted.get(seen.cart.id, seen) for seen in carts]
        again = [each for seen in sold for each in wanted_of(seen.cart.id, seen.lines)]
        portions = portion_out(again, stock)
    return {
        seen.cart.id: _taken(
            ungifted.get(seen.cart.id, seen), portions, _givers(seen) if seen.cart.id in ungifted else []
        )
        for seen in carts
    }


def _short_of_gifts(seen: PricedCart, portions: "Mapping[UUID, list[Portion] | Shortage]") -> bool:
    return isinstance(portions.get(seen.cart.id), Shortage) and any(line.gift for line in seen.lines)


def _without_gifts(seen: PricedCart) -> PricedCart:
    gone = set(_givers(seen))
    return msgspec.structs.replace(
        seen,
        lines=[line for line in seen.lines if not line.gift],
        applied=[one for one in seen.applied if one.code not in gone],
    )


def _givers(seen: PricedCart) -> list[str]:
    """The promotions whose gifts lie in the cart."""
    gifts = {line.id for line in seen.lines if line.gift}
    return [one.code for one in seen.applied if gift_id(seen.cart.id, one.code) in gifts]


def _taken(
    seen: PricedCart, portions: "Mapping[UUID, list[Portion] | Shortage]", ungiven: list[str]
) -> Taken | NotEnoughStock:
    share = portions.get(seen.cart.id, [])
    if isinstance(share, Shortage):
        return shortage(seen.lines, share)
    return Taken(seen=seen, portions=share, ungiven=ungiven)


def shortage(lines: Sequence[PricedLine], share: Shortage) -> NotEnoughStock:
    """The first line that falls short, in the buyer's words: pieces of the line, not of its components."""
    for index, line in enumerate(lines):
        if line.components:
            short = [part for part in line.components if part.variant_id in share.available]
            if short:
                left = min(share.available[part.variant_id] // part.quantity for part in short)
                return NotEnoughStock(field=f"lines[{index}]", available=left, name=line.name)
        elif line.variant_id in share.available:
            return NotEnoughStock(field=f"lines[{index}]", available=share.available[line.variant_id], name=line.name)
    raise AssertionError("a shortage is of goods that a line asked for")
