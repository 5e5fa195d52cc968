"""An owner's list of suppliers, and what they weigh."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from yarl import URL

from kupec.customers import roots
from kupec.kit.actor import Actor, system
from kupec.kit.addresses import Reach, check_url
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.sealing import seal, unseal
from kupec.kit.versions import published
from kupec.machines.sourcing.errors import SupplierExists
from kupec.machines.sourcing.events import (
    SupplierAdded,
    SupplierPaused,
    SupplierRemoved,
    SupplierResumed,
    SupplierWeighed,
)
from kupec.machines.sourcing.models import NewSupplier, Record, Supplier, Weights
from kupec.machines.sourcing.rules import SOURCING, check_weights

PURPOSE: Final = "supplier credential"
ACTOR: Final = system("sourcing")
_FIELDS: Final = ", ".join(Supplier.__struct_fields__)
_LONGEST: Final = 200
_LONGEST_TOKEN: Final = 2_000
_LONGEST_TERM: Final = 365
_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}").fullmatch
_WHILE_PROMISED: Final = """
select supplier_id, count(*) as orders,
       count(*) filter (where state = 'delivered' and coalesce(placed_total, 0) <= agreed_total
                        and (promised_at is null or delivered_at::date <= promised_at::date)) as kept
from foreign_order
where supplier_id = any($1::uuid[])
  and (state in ('delivered', 'cancelled') or (state = 'placed' and (placed_total > agreed_total or promised_at < $2)))
group by supplier_id
"""


async def add_supplier(
    db: Connection, party_id: UUID, new: NewSupplier, *, secret: str, reach: Reach, actor: Actor, now: datetime
) -> Supplier:
    """Let an owner's machines buy of another seller. What pays there is kept sealed.

    Raises Forbidden, InvalidValue (url, name, handler, token, payment_days, items), SupplierExists. Emits
    supplier.added.
    """
    owner = await _owner(db, party_id, actor)
    url = _base(new.url, reach)
    _check(new)
    supplier_id = uuid7()
    try:
        async with db.transaction():
            await db.execute(
                "insert into supplier (id, party_id, name, url, host, handler, credential_type, sealed, payment_days, "
                "created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
                *(supplier_id, owner, new.name.strip(), url, host_of(url), new.handler, new.credential_type),
                *(seal(secret, f"{PURPOSE} {supplier_id}", new.token.encode()), new.payment_days, now),
            )
    except asyncpg.UniqueViolationError:
        raise SupplierExists from None
    await db.executemany(
        "insert into supplier_item (supplier_id, sku, item_id) values ($1, $2, $3)",
        [(supplier_id, sku, item) for sku, item in new.items.items()],
    )
    await _tell(db, supplier_id, owner, SupplierAdded(host=host_of(url)), actor, now)
    return await get_supplier(db, supplier_id)


async def get_supplier(db: Connection, supplier_id: UUID) -> Supplier:
    """Raises NotFound. Checks no permission."""
    rows = await db.fetch(f"select {_FIELDS} from supplier where id = $1", supplier_id)  # noqa: S608 - columns of ours
    if not rows:
        raise NotFound(what="supplier")
    return to_structs(Supplier, rows)[0]


async def suppliers_of(db: Connection, members: Sequence[UUID]) -> list[Supplier]:
    """An owner's suppliers that are not removed, the oldest first."""
    rows = await db.fetch(
        f"select {_FIELDS} from supplier where party_id = any($1::uuid[]) and state <> 'removed' "  # noqa: S608
        "order by created_at, id",
        list(members),
    )
    return to_structs(Supplier, rows)


async def pause_supplier(
    db: Connection, supplier_id: UUID, *, reason: str | None = None, actor: Actor, now: datetime
) -> Supplier:
    """Nothing is bought there until it is resumed. Raises NotFound, Forbidden. Emits supplier.paused."""
    return await _set(db, supplier_id, "active", "paused", SupplierPaused(reason=reason), actor, now, reason=reason)


async def resume_supplier(db: Connection, supplier_id: UUID, *, actor: Actor, now: datetime) -> Supplier:
    """Raises NotFound, Forbidden. Emits supplier.resumed."""
    return await _set(db, supplier_id, "paused", "active", SupplierResumed(), actor, now)


async def remove_supplier(db: Connection, supplier_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Off the list; what pays there is forgotten. Raises NotFound, Forbidden. Emits supplier.removed."""
    supplier = await get_supplier(db, supplier_id)
    await _set(db, supplier_id, supplier.state, "removed", SupplierRemoved(), actor, now)
    await db.execute("update supplier set sealed = null where id = $1", supplier_id)


async def set_weights(db: Connection, party_id: UUID, weights: Weights, *, actor: Actor, now: datetime) -> None:
    """What an owner weighs when suppliers are compared. Raises Forbidden, InvalidValue. Emits supplier.weighed."""
    owner = await _owner(db, party_id, actor)
    check_weights(weights)
    values = (weights.price, weights.delivery, weights.reliability, weights.terms)
    await db.execute(
        """
        insert into supplier_weights (party_id, price, delivery, reliability, terms, updated_at)
        values ($1, $2, $3, $4, $5, $6) on conflict (party_id) do update set price = $2, delivery = $3,
            reliability = $4, terms = $5, updated_at = $6
        """,
        *(owner, *values, now),
    )
    payload = SupplierWeighed(
        price=weights.price, delivery=weights.delivery, reliability=weights.reliability, terms=weights.terms
    )
    happened = Happened(payload=payload, subject=f"party:{owner}", occurred_at=now, customer_id=owner)
    await emit(db, [happened], actor=actor)


async def weights_of(db: Connection, members: Sequence[UUID]) -> Weights:
    """An owner's weights, else the shop's."""
    row = await db.fetchrow(
        "select price, delivery, reliability, terms from supplier_weights where party_id = any($1::uuid[]) "
        "order by updated_at desc limit 1",
        list(members),
    )
    return Weights(**dict(row)) if row is not None else (await published(db, SOURCING))[SOURCING].weights


async def records_of(db: Connection, supplier_ids: Sequence[UUID], *, now: datetime) -> Mapping[UUID, Record]:
    """How each has kept its word so far; late is decided as soon as the promised day is over."""
    rows = await db.fetch(_WHILE_PROMISED, list(supplier_ids), now)
    return {row["supplier_id"]: Record(orders=row["orders"], kept=row["kept"]) for row in rows}


async def items_of(db: Connection, supplier_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
    """By supplier, what it calls our SKUs."""
    found: dict[UUID, dict[str, str]] = {}
    for row in await db.fetch("select * from supplier_item where supplier_id = any($1::uuid[])", list(supplier_ids)):
        found.setdefault(row["supplier_id"], {})[row["sku"]] = row["item_id"]
    return found


async def token_of(db: Connection, supplier_id: UUID, *, secret: str) -> str:
    """What pays there. Raises SealBroken, NotFound where it was forgotten."""
    sealed = await db.fetchval("select sealed from supplier where id = $1", supplier_id)
    if sealed is None:
        raise NotFound(what="supplier")
    return unseal(secret, f"{PURPOSE} {supplier_id}", sealed).decode()


def host_of(url: str) -> str:
    """As mandates call a seller: its host, with its port where it has one of its own."""
    parts = URL(url)
    host = (parts.raw_host or "").lower()
    return host if parts.is_default_port() else f"{host}:{parts.port}"


def _base(text: str, reach: Reach) -> str:
    url = check_url(text.strip().rstrip("/").removesuffix("/.well-known/ucp"), reach)
    parts = URL(url)
    if parts.path not in ("", "/") or parts.query_string:
        raise InvalidValue(field="url", expected=_("the address of a shop, such as https://shop.example"))
    return f"{parts.scheme}://{host_of(url)}"


def _check(new: NewSupplier) -> None:
    if not 1 <= len(new.name.strip()) <= _LONGEST or not new.name.isprintable():
        raise InvalidValue(field="name", expected=_("a name of at most 200 characters"))
    for field in ("handler", "credential_type"):
        if not _name(getattr(new, field)):
            raise InvalidValue(field=field, expected=_("the name of one of the seller's ways of paying"))
    if not 1 <= len(new.token) <= _LONGEST_TOKEN:
        raise InvalidValue(field="token", expected=_("what the seller has given you to pay with"))
    if not 0 <= new.payment_days <= _LONGEST_TERM:
        raise InvalidValue(field="payment_days", expected=_("from 0 to 365 days"))
    for sku, item in new.items.items():
        if not 1 <= len(sku) <= _LONGEST or not 1 <= len(item) <= _LONGEST:
            raise InvalidValue(field="items", expected=_("codes of at most 200 characters"))


async def _owner(db: Connection, party_id: UUID, actor: Actor) -> UUID:
    """The root, if the actor acts for it. Raises Forbidden."""
    owner = (await roots(db, [party_id]))[party_id]
    if not actor.acts_for(party_id, "buyer"):
        actor.require_for(owner, "customers.write", role="buyer")
    return owner


async def _set(
    db: Connection,
    supplier_id: UUID,
    old: str,
    state: str,
    payload: Payload,
    actor: Actor,
    now: datetime,
    *,
    reason: str | None = None,
) -> Supplier:
    supplier = await get_supplier(db, supplier_id)
    owner = await _owner(db, supplier.party_id, actor)
    done = await db.fetchval(
        "update supplier set state = $2, paused_for = $3, updated_at = $4 where id = $1 and state = $5 returning true",
        *(supplier_id, state, reason, now, old),
    )
    if done:
        await _tell(db, supplier_id, owner, payload, actor, now)
    return await get_supplier(db, supplier_id)


async def _tell(db: Connection, supplier_id: UUID, owner: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    happened = Happened(payload=payload, subject=f"supplier:{supplier_id}", occurred_at=now, customer_id=owner)
    await emit(db, [happened], actor=actor)
