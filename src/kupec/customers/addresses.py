"""Where a customer lives, or has their goods sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.contact_points import PERMISSION, ROLE
from kupec.customers.contacts import valid_postcode
from kupec.customers.events import CustomerChanged
from kupec.customers.membership import members_of, root_of
from kupec.customers.models import PartyAddress
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7

ADDRESS_FIELDS = ("name", "street", "city", "postcode", "country")
MOST_ADDRESSES = 50
_LONGEST = 200


async def addresses_of(db: Connection, members: Sequence[UUID]) -> list[PartyAddress]:
    """All addresses of a customer, under any of their ids, the first one first."""
    rows = await db.fetch(
        "select id, party_id, address from party_address where party_id = any($1::uuid[]) "
        "order by array_position($1::uuid[], party_id), position, id",
        list(members),
    )
    return to_structs(PartyAddress, rows)


async def put_address(
    db: Connection,
    party_id: UUID,
    address: Mapping[str, str],
    *,
    address_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> PartyAddress:
    """Another address of a customer, or, with its id, the same one written anew.

    Needs "customers.write", or the customer's own word (an organisation's: a buyer's). Raises NotFound, InvalidValue
    naming the field. Emits customer.changed.
    """
    party_id = await root_of(db, party_id)
    actor.require_for(party_id, PERMISSION, role=ROLE)
    checked = _checked(address)
    members = await members_of(db, party_id)
    if address_id is None:
        row = await db.fetchrow(
            """
            insert into party_address (id, party_id, address, position)
            select $1, $2, $3, coalesce(max(position), -1) + 1 from party_address where party_id = any($4::uuid[])
            having count(*) < $5
            returning id, party_id, address
            """,
            *(uuid7(), party_id, checked, members, MOST_ADDRESSES),
        )
        if row is None:
            raise InvalidValue(field="street", expected="at most 50 addresses")
    else:
        row = await db.fetchrow(
            "update party_address set address = $3 where id = $1 and party_id = any($2::uuid[]) "
            "returning id, party_id, address",
            *(address_id, members, checked),
        )
        if row is None:
            raise NotFound(what="address")
    await _tell(db, party_id, actor, now)
    return PartyAddress(**dict(row))


async def remove_address(db: Connection, party_id: UUID, address_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The address is not used any more; orders keep their own copy. Rights, errors and event as `put_address`."""
    party_id = await root_of(db, party_id)
    actor.require_for(party_id, PERMISSION, role=ROLE)
    gone = await db.fetchval(
        "delete from party_address where id = $1 and party_id = any($2::uuid[]) returning id",
        *(address_id, await members_of(db, party_id)),
    )
    if gone is None:
        raise NotFound(what="address")
    await _tell(db, party_id, actor, now)


def _checked(address: Mapping[str, str]) -> dict[str, str]:
    kept = {name: " ".join(address.get(name, "").split()) for name in ADDRESS_FIELDS}
    for name, text in kept.items():
        if len(text) > _LONGEST or not text.isprintable():
            raise InvalidValue(field=name, expected="at most 200 characters")
    for name in ("street", "city"):
        if not kept[name]:
            raise InvalidValue(field=name, expected="a value")
    kept["country"] = kept["country"].upper()
    if not (len(kept["country"]) == 2 and kept["country"].isascii() and kept["country"].isalpha()):
        raise InvalidValue(field="country", expected="a two-letter country code, such as CZ")
    if not valid_postcode(kept["country"], kept["postcode"]):
        raise InvalidValue(field="postcode", expected="a postcode of that country")
    return kept


async def _tell(db: Connection, party_id: UUID, actor: Actor, now: datetime) -> None:
    changed = CustomerChanged(fields=["address"])
    happened = Happened(payload=changed, subject=f"customer:{party_id}", customer_id=party_id, occurred_at=now)
    await emit(db, [happened], actor=actor)
