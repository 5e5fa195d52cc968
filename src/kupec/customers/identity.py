"""Who is this? A party is found by its e-mail address, or made.

Nothing is proved by typing an address, so a contact point made here is unverified, and what a
stranger types never changes a party that is already known: name, phone and address are taken over
only for a party made now. (The order keeps its own copy.)
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers.contacts import name_keys, normalise_email, normalise_phone
from kupec.customers.events import CustomerCreated
from kupec.customers.models import Contact
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7

_FIND = """
select value, coalesce(alias.party_id, point.party_id) as party_id
from contact_point point left join party_alias alias on alias.member_id = point.party_id
where point.kind = 'email' and value = any($1::text[])
"""

# The contact point goes first: whoever wins its unique value makes the party, the others make nothing.
# The foreign key is checked at the end of the statement, when the party is there. Every batch claims in
# the order of values, mails before phones, so that two batches can wait for each other but never in a ring.
_CREATE = """
with wanted as (
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::jsonb[], $9::uuid[], $10::uuid[], $11::uuid[])
        as wanted (party_id, email, name, folded, sort_key, language, phone, address, email_id, phone_id, address_id)
), claimed as (
    insert into contact_point (id, party_id, kind, value)
    select email_id, party_id, 'email', email from wanted order by email
    on conflict (kind, value) do nothing
    returning party_id, value
), made as (
    insert into party (id, kind, name, folded, sort_key, language, created_at)
    select party_id, 'person', name, folded, sort_key, language, $12
    from wanted join claimed using (party_id)
), phones as (
    insert into contact_point (id, party_id, kind, value)
    select phone_id, party_id, 'phone', phone
    from wanted join claimed using (party_id) where phone is not null order by phone
    on conflict (kind, value) do nothing
    returning party_id
), said as (
    insert into contact_claim (party_id, kind, value)
    select party_id, 'phone', phone from wanted join claimed using (party_id)
    where phone is not null and party_id not in (select party_id from phones)
), addresses as (
    insert into party_address (id, party_id, address)
    select address_id, party_id, address
    from wanted join claimed using (party_id) where address is not null
)
select value, party_id from claimed
"""


async def identify(db: Connection, contacts: Sequence[Contact], *, now: datetime, actor: Actor) -> list[UUID]:
    """The party of each contact, in their order: found by its e-mail address, or made.

    An address of somebody who was absorbed is the customer they belong to today.

    Equal addresses are one party, within a batch (the first one's name counts) and between concurrent
    transactions. Known addresses cost one statement, new ones at most four, whatever the batch's size.
    Raises InvalidValue for an address that is none. Emits customer.created for each party made.
    """
    emails = [normalise_email(contact.email) for contact in contacts]
    found = await _find(db, emails)
    fresh: dict[str, Contact] = {}
    for email, contact in zip(emails, contacts, strict=True):
        if email not in found:
            fresh.setdefault(email, contact)
    if fresh:
        made = await _create(db, fresh, now)
        found.update(made)
        await emit(db, [_created(fresh[email], party, now) for email, party in sorted(made.items())], actor=actor)
        lost = [email for email in fresh if email not in made]
        found.update(await _find(db, lost) if lost else {})
        if any(email not in found for email in lost):
            raise Conflict
    return [found[email] for email in emails]


async def _find(db: Connection, emails: Sequence[str]) -> dict[str, UUID]:
    return {row["value"]: row["party_id"] for row in await db.fetch(_FIND, emails)}


async def _create(db: Connection, fresh: Mapping[str, Contact], now: datetime) -> dict[str, UUID]:
    names = [contact.name.strip() or email for email, contact in fresh.items()]
    contacts = list(fresh.values())
    keys = [name_keys(name, contact.language) for name, contact in zip(names, contacts, strict=True)]
    rows = await db.fetch(
        _CREATE,
        [uuid7() for _ in contacts],
        list(fresh),
        names,
        [folded for folded, _ in keys],
        [sort_key for _, sort_key in keys],
        [contact.language for contact in contacts],
        [_phone(contact) for contact in contacts],
        [contact.address for contact in contacts],
        [uuid7() for _ in contacts],
        [uuid7() for _ in contacts],
        [uuid7() for _ in contacts],
        now,
    )
    return {row["value"]: row["party_id"] for row in rows}


def _phone(contact: Contact) -> str | None:
    """A number that makes no sense stays on the order, as it was written; it is nobody's contact point."""
    if not contact.phone:
        return None
    try:
        return normalise_phone(contact.phone, (contact.address or {}).get("country", ""))
    except InvalidValue:
        return None


def _created(contact: Contact, party_id: UUID, now: datetime) -> Happened:
    return Happened(
        payload=CustomerCreated(kind="person", language=contact.language),
        subject=f"customer:{party_id}",
        customer_id=party_id,
        occurred_at=now,
    )
