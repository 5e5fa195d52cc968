"""Standing orders and their occurrences as rows: read, locked, and who may touch them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kupec.customers import roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.recurrence import Recurrence
from kupec.sales.models import Address, Company, PickupPoint
from kupec.sales.standing.models import Missing, Occurrence, StandingLine, StandingOrder, WantedLine

STANDING_FIELDS = tuple(name for name in StandingOrder.__struct_fields__ if name != "lines")
_STRUCTS: dict[str, Any] = {
    "address": Address,
    "company": Company,
    "pickup_point": PickupPoint,
    "recurrence": Recurrence,
}
_STANDING = f"select {', '.join(STANDING_FIELDS)} from standing_order s"  # noqa: S608
_LINES = """
select standing_order_id, id, variant_id, quantity, options, fixed_amount, last_amount
  from standing_line where standing_order_id = any($1::uuid[]) order by standing_order_id, position
"""
OCCURRENCE_FIELDS = tuple(Occurrence.__struct_fields__)
_FROM_BOTH = ", ".join("s.customer_id" if name == "customer_id" else f"o.{name}" for name in OCCURRENCE_FIELDS)
_OCCURRENCE = f"select {_FROM_BOTH} from occurrence o join standing_order s on s.id = o.standing_order_id"  # noqa: S608


async def read_standings(db: Connection, condition: str, *values: object) -> list[StandingOrder]:
    """The standing orders (`s`) that a condition of ours picks, with their lines."""
    rows = await db.fetch(f"{_STANDING} {condition}", *values)
    return await with_lines(db, [as_standing(row) for row in rows])


async def with_lines(db: Connection, standings: Sequence[StandingOrder]) -> list[StandingOrder]:
    if not standings:
        return []
    lines: dict[UUID, list[StandingLine]] = {standing.id: [] for standing in standings}
    for row in await db.fetch(_LINES, list(lines)):
        values = dict(row)
        lines[values.pop("standing_order_id")].append(StandingLine(**values))
    return [msgspec.structs.replace(standing, lines=lines[standing.id]) for standing in standings]


def as_standing(row: asyncpg.Record, prefix: str = "") -> StandingOrder:
    values = {name: row[prefix + name] for name in STANDING_FIELDS}
    for part, kind in _STRUCTS.items():
        if values[part] is not None:
            values[part] = msgspec.convert(values[part], kind)
    return StandingOrder(**values)


async def read_occurrences(db: Connection, condition: str, *values: object) -> list[Occurrence]:
    """The occurrences (`o`, of `s`) that a condition of ours picks."""
    return [as_occurrence(row) for row in await db.fetch(f"{_OCCURRENCE} {condition}", *values)]


def as_occurrence(row: asyncpg.Record) -> Occurrence:
    values = {name: row[name] for name in OCCURRENCE_FIELDS}
    if values["lines"] is not None:
        values["lines"] = msgspec.convert(values["lines"], list[WantedLine])
    if values["missing"] is not None:
        values["missing"] = msgspec.convert(values["missing"], list[Missing])
    return Occurrence(**values)


async def standings_by_ids(db: Connection, standing_ids: Iterable[UUID]) -> dict[UUID, StandingOrder]:
    """Standing orders with their lines, those that exist. Checks no permission."""
    found = await read_standings(db, "where s.id = any($1::uuid[])", sorted(set(standing_ids)))
    return {standing.id: standing for standing in found}


async def get_standing(db: Connection, standing_id: UUID) -> StandingOrder:
    """A standing order with its lines. Raises NotFound. Checks no permission."""
    found = await read_standings(db, "where s.id = $1", standing_id)
    if not found:
        raise NotFound(what="standing order")
    return found[0]


async def get_occurrence(db: Connection, occurrence_id: UUID) -> Occurrence:
    """One time of a standing order. Raises NotFound. Checks no permission."""
    found = await read_occurrences(db, "where o.id = $1", occurrence_id)
    if not found:
        raise NotFound(what="occurrence")
    return found[0]


async def lock_standing(db: Connection, standing_id: UUID, *, actor: Actor) -> StandingOrder:
    """The standing order, locked, for somebody who may change it. Raises NotFound, Forbidden.

    It is locked before its occurrences, everywhere; a worker takes both at once, and skips what is locked.
    """
    found = await read_standings(db, "where s.id = $1 for no key update", standing_id)
    if not found:
        raise NotFound(what="standing order")
    await require(db, found[0].customer_id, actor)
    return found[0]


async def require(db: Connection, customer_id: UUID, actor: Actor) -> None:
    """Raises Forbidden unless the actor is the customer, buys for them, or holds "orders.write"."""
    if not actor.acts_for(customer_id, "buyer"):
        actor.require_for((await roots(db, [customer_id]))[customer_id], "orders.write", role="buyer")


async def lock_occurrence(db: Connection, standing_id: UUID, number: int) -> Occurrence | None:
    """The row of this number, locked; its standing order must be."""
    found = await read_occurrences(
        db, "where o.standing_order_id = $1 and o.number = $2 for no key update of o", standing_id, number
    )
    return found[0] if found else None
