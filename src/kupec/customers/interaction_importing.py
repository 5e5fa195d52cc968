"""Interactions of another system: brought in by their ids there, as often as one likes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers.interaction_models import Direction, Interaction, InteractionKind, NewInteraction
from kupec.customers.interactions import log_interactions
from kupec.customers.membership import roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import Origin


class InteractionRow(msgspec.Struct, kw_only=True, gc=False):
    """One interaction. Empty text means unknown; the customer is found by the first of the four that says something."""

    external_id: str
    happened_at: datetime
    """Aware."""
    kind: InteractionKind = "call"
    direction: Direction | None = None
    channel: str = ""
    text: str = ""
    outcome: str = ""
    duration_seconds: int | None = None
    customer_id: str = ""
    """The shop's id of the customer."""
    customer_external_id: str = ""
    phone: str = ""
    email: str = ""
    country: str = ""
    staff: str = ""
    """The e-mail by which somebody of the staff signs in; one who is not known is left out."""
    source: str = "import"


async def import_interactions(
    db: Connection,
    rows: Sequence[InteractionRow],
    *,
    staff: Mapping[str, UUID],
    actor: Actor,
    now: datetime,
    origin: Origin = "imported",
) -> list[KupecError | None]:
    """Write down an interaction for each row, by its source and external id; for each None, or why it stayed out.

    `staff` tells who signs in by which e-mail. Bringing the same again changes nothing. Errors: InvalidValue with the
    field, NotFound for a customer whom a row names by an id. Emits interaction.logged with that origin.
    """
    found = await record_interactions(db, rows, staff=staff, actor=actor, now=now, origin=origin)
    return [one if isinstance(one, KupecError) else None for one in found]


async def record_interactions(
    db: Connection,
    rows: Sequence[InteractionRow],
    *,
    staff: Mapping[str, UUID],
    actor: Actor,
    now: datetime,
    origin: Origin = "live",
) -> list[Interaction | KupecError]:
    """As `import_interactions`, but it answers each row with the interaction as it stands."""
    customers = await _customers(db, rows)
    decided = [_new(row, customers, staff) for row in rows]
    fit = [one for one in decided if isinstance(one, NewInteraction)]
    logged = iter(await log_interactions(db, fit, actor=actor, now=now, origin=origin))
    return [one if isinstance(one, KupecError) else next(logged) for one in decided]


async def _customers(db: Connection, rows: Sequence[InteractionRow]) -> dict[str, UUID]:
    """Customers by their external ids, as who they are today."""
    wanted = sorted({row.customer_external_id for row in rows if row.customer_external_id})
    found = await db.fetch("select external_id, id from party where external_id = any($1::text[])", wanted)
    today = await roots(db, [row["id"] for row in found])
    return {row["external_id"]: today[row["id"]] for row in found}


def _new(row: InteractionRow, customers: Mapping[str, UUID], staff: Mapping[str, UUID]) -> NewInteraction | KupecError:
    party_id: UUID | None = None
    if row.customer_id:
        try:
            party_id = UUID(row.customer_id)
        except ValueError:
            return InvalidValue(field="customer_id", expected="the shop's id of the customer")
    elif row.customer_external_id:
        party_id = customers.get(row.customer_external_id)
        if party_id is None:
            return NotFound(what="customer", field="customer_external_id")
    if not row.external_id:
        return InvalidValue(field="external_id", expected="the interaction's id in the other system")
    return NewInteraction(
        kind=row.kind,
        happened_at=row.happened_at,
        direction=row.direction,
        channel=row.channel,
        duration_seconds=row.duration_seconds,
        text=row.text,
        outcome=row.outcome,
        party_id=party_id,
        phone=row.phone,
        email=row.email,
        country=row.country,
        staff_id=staff.get(row.staff.strip().lower()) if row.staff else None,
        source=row.source,
        external_id=row.external_id,
    )
