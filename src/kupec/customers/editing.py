"""A customer's record, made and changed by a person or by another system."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers.company_ids import normalise_company_id, normalise_vat_id
from kupec.customers.contact_points import PERMISSION, ROLE, add_contact_point
from kupec.customers.contacts import name_keys
from kupec.customers.custom_fields import CUSTOM_FIELDS, read_values
from kupec.customers.events import CustomerChanged, CustomerCreated, PartyKind
from kupec.customers.membership import root_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import LANGUAGES
from kupec.kit.ids import uuid7
from kupec.kit.versions import published

LONGEST_NAME = 200


class NewParty(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as somebody types them. Empty text is unknown."""

    kind: PartyKind
    name: str
    language: str
    email: str = ""
    phone: str = ""
    country: str = ""
    """Of which a number without a country's code is read."""
    company_id: str = ""
    vat_id: str = ""
    custom: Mapping[str, Any] = {}


class PartyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change of a customer; None stays. Of `custom` only the fields that are named change."""

    name: str | None = None
    language: str | None = None
    company_id: str | None = None
    vat_id: str | None = None
    custom: Mapping[str, Any] | None = None


async def create_party(db: Connection, new: NewParty, *, actor: Actor, now: datetime) -> UUID:
    """A new customer. Needs "customers.write".

    Raises InvalidValue, and AddressInUse where an address or number belongs to somebody: they are known already.
    Emits customer.created, contact_point.added.
    """
    actor.require(PERMISSION)
    name, language = _name(new.name), _language(new.language)
    custom = await _custom(db, new.kind, new.custom)
    party_id = uuid7()
    folded, key = name_keys(name, language)
    await db.execute(
        """
        insert into party (id, kind, name, folded, sort_key, language, company_id, vat_id, custom, created_at)
        values ($1, $2, $3, $4, $5, $6, nullif($7, ''), nullif($8, ''), $9, $10)
        """,
        *(party_id, new.kind, name, folded, key, language),
        normalise_company_id(new.company_id),
        normalise_vat_id(new.vat_id),
        {code: value for code, value in custom.items() if value is not None},
        now,
    )
    await _tell(db, party_id, CustomerCreated(kind=new.kind, language=language), actor, now)
    if new.email:
        await add_contact_point(db, party_id, "email", new.email, actor=actor, now=now)
    if new.phone:
        await add_contact_point(db, party_id, "phone", new.phone, country=new.country, actor=actor, now=now)
    return party_id


async def change_party(
    db: Connection, party_id: UUID, change: PartyChange, *, actor: Actor, now: datetime
) -> list[str]:
    """Change a customer's own fields; returns which did ("custom.code" of the merchant's own).

    Needs "customers.write", or the customer's own word (an organisation's: a buyer's), who may not touch the
    merchant's own fields. Raises NotFound, InvalidValue. Emits customer.changed if anything did.
    """
    party_id = await root_of(db, party_id)
    actor.require_for(party_id, PERMISSION, role=ROLE)
    if change.custom:
        actor.require(PERMISSION)
    row = await db.fetchrow(
        "select kind, name, language, company_id, vat_id, custom from party where id = $1 for no key update", party_id
    )
    assert row is not None, "a root is a party"
    before: dict[str, Any] = dict(row)
    after = {**before, **await _wanted(db, before, change)}
    changed = sorted(name for name in ("name", "language", "company_id", "vat_id") if before[name] != after[name])
    codes = {*before["custom"], *after["custom"]}
    changed += sorted(f"custom.{code}" for code in codes if before["custom"].get(code) != after["custom"].get(code))
    if not changed:
        return []
    await db.execute(
        """
        update party set name = $2, folded = $3, sort_key = $4, language = $5, company_id = $6, vat_id = $7, custom = $8
        where id = $1
        """,
        *(party_id, after["name"], *name_keys(after["name"], after["language"]), after["language"]),
        *(after["company_id"], after["vat_id"], after["custom"]),
    )
    await _tell(db, party_id, CustomerChanged(fields=changed), actor, now)
    return changed


async def _wanted(db: Connection, before: Mapping[str, Any], change: PartyChange) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if change.name is not None:
        wanted["name"] = _name(change.name)
    if change.language is not None:
        wanted["language"] = _language(change.language)
    if change.company_id is not None:
        wanted["company_id"] = normalise_company_id(change.company_id) or None
    if change.vat_id is not None:
        wanted["vat_id"] = normalise_vat_id(change.vat_id) or None
    if change.custom is not None:
        given = await _custom(db, before["kind"], change.custom)
        both = {**before["custom"], **given}
        wanted["custom"] = {code: value for code, value in both.items() if value is not None}
    return wanted


async def _custom(db: Connection, kind: PartyKind, given: Mapping[str, Any]) -> dict[str, Any]:
    if not given:
        return {}
    return read_values((await published(db, CUSTOM_FIELDS))[CUSTOM_FIELDS], kind, given)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidValue(field="name", expected="a name of at most 200 characters")
    return name


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise InvalidValue(field="language", expected=", ".join(LANGUAGES))
    return text


async def _tell(db: Connection, party_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    happened = Happened(payload=payload, subject=f"customer:{party_id}", customer_id=party_id, occurred_at=now)
    await emit(db, [happened], actor=actor)
