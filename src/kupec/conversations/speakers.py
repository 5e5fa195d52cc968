"""Who speaks: the customer behind an address, found or made."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.conversations.models import Incoming
from kupec.customers import Contact, NewParty, create_party, identify, party_of_contact, party_of_identity, put_identity
from kupec.customers import roots as roots_of
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.i18n import LANGUAGES

_CONVERSATIONS = system("conversations")
_FALLBACK = "en"


async def speakers(db: Connection, items: Sequence[tuple[str, Incoming]], *, now: datetime) -> list[UUID]:
    """The customer (under today's id) of each (channel, incoming): as the channel says, or whose the address is.

    A mail address or a number is a contact point; any other address is what the channel calls them. Nothing said
    changes a customer who is known. Emits customer.created for each who is made.
    """
    found: list[UUID | None] = [item.customer_id for _, item in items]
    mails = [at for at, (_, item) in enumerate(items) if found[at] is None and item.email]
    if mails:
        contacts = [_contact(items[at][1]) for at in mails]
        parties = await identify(db, contacts, now=now, actor=_CONVERSATIONS)
        for at, party_id in zip(mails, parties, strict=True):
            found[at] = party_id
    for at, (channel, item) in enumerate(items):
        if found[at] is None:
            found[at] = await _by_number(db, item, now) if item.phone else await _by_name(db, channel, item, now)
    known = [one for one in found if one is not None]
    today = await roots_of(db, known)
    return [today[one] for one in known]


def _contact(item: Incoming) -> Contact:
    assert item.email, "chosen by it"
    return Contact(email=item.email, name=item.name, phone=item.phone, language=_language(item))


async def _by_number(db: Connection, item: Incoming, now: datetime) -> UUID:
    assert item.phone, "chosen by it"
    found = await party_of_contact(db, item.phone)
    if found is not None:
        return found
    new = NewParty(kind="person", name=item.name or item.phone, language=_language(item), phone=item.phone)
    return await create_party(db, new, actor=_CONVERSATIONS, now=now)


async def _by_name(db: Connection, channel: str, item: Incoming, now: datetime) -> UUID:
    found = await party_of_identity(db, channel, item.address)
    if found is not None:
        return found
    new = NewParty(kind="person", name=(item.name or item.address)[:200], language=_language(item))
    made = await create_party(db, new, actor=_CONVERSATIONS, now=now)
    await put_identity(db, made, channel, item.address, verified=True, actor=_CONVERSATIONS, now=now)
    return made


def _language(item: Incoming) -> str:
    return item.language if item.language in LANGUAGES else _FALLBACK
