"""Machines, keys, mandates and purchases as rows: read, locked, told of in the log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kupec.customers import roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.machines.mandates.models import BoughtLine, Goods, Machine, MachineKey, Mandate, Purchase
from kupec.sales import Address

CHANNEL = "machine"
MACHINE_FIELDS = ", ".join(f"m.{name}" for name in Machine.__struct_fields__)
KEY_FIELDS = ", ".join(f"k.{name}" for name in MachineKey.__struct_fields__)
MANDATE_FIELDS = tuple(Mandate.__struct_fields__)
_MANDATE = f"select {', '.join(MANDATE_FIELDS)} from mandate"  # noqa: S608
_KEPT = tuple(name for name in Purchase.__struct_fields__ if name not in ("state", "given_back", "order_number"))
# What became of an order in this shop stands with the order, and nowhere else.
_PURCHASE = f"""
select {", ".join(f"p.{name}" for name in _KEPT)}, o.number as order_number,
       case when p.state = 'placed' and o.state in ('cancelled', 'abandoned') then 'cancelled' else p.state end
           as state,
       (p.given_back + coalesce((select sum(amount) from order_refund where order_id = p.order_id), 0))::bigint
           as given_back
  from purchase p left join sales_order o on o.id = p.order_id
"""  # noqa: S608


async def require_owner(db: Connection, party_id: UUID, actor: Actor, permission: str = "customers.write") -> None:
    """Raises Forbidden unless the actor is the owner, buys for them, or holds `permission`."""
    if not actor.acts_for(party_id, "buyer"):
        actor.require_for((await roots(db, [party_id]))[party_id], permission, role="buyer")


async def read_machines(db: Connection, condition: str, *values: object) -> list[Machine]:
    """The machines (`m`) that a condition of ours picks."""
    return to_structs(Machine, await db.fetch(f"select {MACHINE_FIELDS} from machine m {condition}", *values))  # noqa: S608


async def get_machine(db: Connection, machine_id: UUID) -> Machine:
    """A machine. Raises NotFound. Checks no permission."""
    found = await read_machines(db, "where m.id = $1", machine_id)
    if not found:
        raise NotFound(what="machine")
    return found[0]


async def lock_machine(db: Connection, machine_id: UUID) -> Machine:
    """The machine, with everything that it may buy and buys in line behind this transaction. Raises NotFound.

    It stands before carts in the order of locks.
    """
    found = await read_machines(db, "where m.id = $1 for no key update", machine_id)
    if not found:
        raise NotFound(what="machine")
    return found[0]


async def read_mandates(db: Connection, condition: str, *values: object) -> list[Mandate]:
    return [_as_mandate(row) for row in await db.fetch(f"{_MANDATE} {condition}", *values)]


def _as_mandate(row: asyncpg.Record) -> Mandate:
    values = dict(row)
    values["goods"] = msgspec.convert(values["goods"], Goods)
    if values["address"] is not None:
        values["address"] = msgspec.convert(values["address"], Address)
    return Mandate(**values)


async def get_mandate(db: Connection, mandate_id: UUID) -> Mandate:
    """A mandate. Raises NotFound. Checks no permission."""
    found = await read_mandates(db, "where id = $1", mandate_id)
    if not found:
        raise NotFound(what="mandate")
    return found[0]


async def read_purchases(db: Connection, condition: str, *values: object) -> list[Purchase]:
    """The purchases (`p`, with their order `o`) that a condition of ours picks."""
    return [_as_purchase(row) for row in await db.fetch(f"{_PURCHASE} {condition}", *values)]


def _as_purchase(row: asyncpg.Record) -> Purchase:
    values = dict(row)
    values["lines"] = msgspec.convert(values["lines"], list[BoughtLine])
    return Purchase(**values)


async def get_purchase(db: Connection, purchase_id: UUID) -> Purchase:
    """A purchase. Raises NotFound. Checks no permission."""
    found = await read_purchases(db, "where p.id = $1", purchase_id)
    if not found:
        raise NotFound(what="purchase")
    return found[0]


async def lock_purchase(db: Connection, purchase_id: UUID) -> Purchase:
    """A purchase in hand, behind its machine's lock. Raises NotFound."""
    machine_id = await db.fetchval("select machine_id from purchase where id = $1", purchase_id)
    if machine_id is None:
        raise NotFound(what="purchase")
    await lock_machine(db, machine_id)
    return await get_purchase(db, purchase_id)


async def tell(
    db: Connection, subject: str, owner: UUID, payloads: Sequence[Payload], *, actor: Actor, now: datetime
) -> None:
    """Write events about one thing of an owner's; they are on the owner's timeline."""
    events = [
        Happened(payload=payload, subject=subject, occurred_at=now, customer_id=owner, channel=CHANNEL)
        for payload in payloads
    ]
    await emit(db, events, actor=actor)
