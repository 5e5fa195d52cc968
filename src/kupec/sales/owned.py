"""What a customer has: pieces bought here, and pieces told of, each with its warranty and its service."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from kupec.customers import roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.sales.owned_events import OwnedAdded, OwnedChanged, OwnedRemoved
from kupec.sales.owned_models import NewOwned, Owned

EXPECTED = (_("a name of at most 200 characters"), _("a number of at most 100 characters"), _("a day that has come"))
OWNED_COLUMNS = """
    owned.id, owned.party_id, owned.variant_id, owned.name, owned.serial_number, owned.bought_on, owned.warranty_until,
    owned.service_interval_days, owned.last_service_on, owned.next_service_on, owned.source, owned.source_ref,
    owned.created_at, owned.removed_at,
    (select day from service_booking where owned_id = owned.id and state = 'booked') as booked_on
"""
_FIELDS = tuple(field for field in NewOwned.__struct_fields__ if field != "variant_id")


async def owned_of(db: Connection, members: Sequence[UUID], *, removed: bool = False) -> list[Owned]:
    """What stands under any of a customer's ids, the latest first; with `removed`, what they had, too."""
    rows = await db.fetch(
        f"""
        select {OWNED_COLUMNS} from owned_product owned
         where party_id = any($1::uuid[]) and (removed_at is null or $2) order by created_at desc, id desc
        """,  # noqa: S608
        members,
        removed,
    )
    return to_structs(Owned, rows)


async def get_owned(db: Connection, owned_id: UUID) -> Owned:
    """Raises NotFound, of what is not theirs any more, too."""
    row = await db.fetchrow(
        f"select {OWNED_COLUMNS} from owned_product owned where id = $1 and removed_at is null",  # noqa: S608
        owned_id,
    )
    if row is None:
        raise NotFound(what="owned product")
    return Owned(**dict(row))


async def add_owned(db: Connection, party_id: UUID, new: NewOwned, *, actor: Actor, now: datetime) -> Owned:
    """Note what somebody says they have. A customer does it for themself or as a buyer of their organisation; the desk
    needs "customers.write".

    With an interval its next service is counted from the last one, or from the day it was bought. Raises InvalidValue
    naming the field. Emits owned.added.
    """
    actor.require_for(party_id, "customers.write", role="buyer")
    new = _checked(new, now)
    root = (await roots(db, [party_id]))[party_id]
    owned_id = uuid7()
    await db.execute(
        """
        insert into owned_product (id, party_id, variant_id, name, serial_number, bought_on, warranty_until,
                                   service_interval_days, last_service_on, next_service_on, source, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'told', $11)
        """,
        *(owned_id, root, new.variant_id, new.name, new.serial_number, new.bought_on, new.warranty_until),
        *(new.service_interval_days, new.last_service_on, next_service(new, now.date()), now),
    )
    made = await get_owned(db, owned_id)
    payload = OwnedAdded(owned_id=owned_id, source="told", next_service_on=made.next_service_on)
    await tell(db, made, payload, actor=actor, now=now)
    return made


async def change_owned(db: Connection, owned_id: UUID, new: NewOwned, *, actor: Actor, now: datetime) -> Owned:
    """Correct what is known of it. Rights and errors as `add_owned`, and NotFound. Emits owned.changed if anything is.

    The next service is counted anew when its interval, or the day it is counted from, changes.
    """
    before = await lock_owned(db, owned_id)
    actor.require_for(before.party_id, "customers.write", role="buyer")
    new = _checked(new, now)
    changed = [field for field in _FIELDS if getattr(new, field) != getattr(before, field)]
    if not changed:
        return before
    again = {"service_interval_days", "last_service_on", "bought_on"} & set(changed)
    due = next_service(new, now.date()) if again else before.next_service_on
    await db.execute(
        """
        update owned_product set name = $2, serial_number = $3, bought_on = $4, warranty_until = $5,
               service_interval_days = $6, last_service_on = $7, next_service_on = $8
         where id = $1
        """,
        *(owned_id, new.name, new.serial_number, new.bought_on, new.warranty_until),
        *(new.service_interval_days, new.last_service_on, due),
    )
    await tell(db, before, OwnedChanged(owned_id=owned_id, fields=changed), actor=actor, now=now)
    return await get_owned(db, owned_id)


async def remove_owned(db: Connection, owned_id: UUID, *, actor: Actor, now: datetime) -> None:
    """They do not have it any more; nothing is said about its service. Rights as `add_owned`. Emits owned.removed.

    A service that was booked has to be cancelled first: InvalidValue. Raises NotFound.
    """
    owned = await lock_owned(db, owned_id)
    actor.require_for(owned.party_id, "customers.write", role="buyer")
    if owned.booked_on is not None:
        raise InvalidValue(field="owned", expected="a product without a booked service")
    await db.execute("update owned_product set removed_at = $2 where id = $1", owned_id, now)
    await tell(db, owned, OwnedRemoved(owned_id=owned_id), actor=actor, now=now)


def _checked(new: NewOwned, now: datetime) -> NewOwned:
    name, serial = " ".join(new.name.split()), " ".join((new.serial_number or "").split()) or None
    if not 0 < len(name) <= 200:
        raise InvalidValue(field="name", expected="a name of at most 200 characters")
    if serial is not None and len(serial) > 100:
        raise InvalidValue(field="serial_number", expected="a number of at most 100 characters")
    if new.service_interval_days is not None and not 1 <= new.service_interval_days <= 7300:
        raise InvalidValue(field="service_interval_days", expected="days from 1 to 7300")
    # It may be tomorrow already where they live.
    latest = (now.astimezone(UTC) + timedelta(days=1)).date()
    for field in ("bought_on", "last_service_on"):
        day = getattr(new, field)
        if day is not None and not date(1900, 1, 1) <= day <= latest:
            raise InvalidValue(field=field, expected="a day that has come")
    return msgspec.structs.replace(new, name=name, serial_number=serial)


def next_service(new: NewOwned, today: date) -> date | None:
    """When its service is due: an interval after the last one, after it was bought, or after today."""
    if new.service_interval_days is None:
        return None
    return (new.last_service_on or new.bought_on or today) + timedelta(days=new.service_interval_days)


async def lock_owned(db: Connection, owned_id: UUID) -> Owned:
    """The piece, which nobody else changes until the transaction ends. Raises NotFound."""
    await db.execute("select from owned_product where id = $1 for no key update", owned_id)
    return await get_owned(db, owned_id)


async def tell(db: Connection, owned: Owned, payload: Payload, *, actor: Actor, now: datetime) -> None:
    """Write into the log what happened to it."""
    root = (await roots(db, [owned.party_id]))[owned.party_id]
    happened = Happened(payload=payload, subject=f"owned:{owned.id}", customer_id=root, occurred_at=now)
    await emit(db, [happened], actor=actor)
