"""Consent of somebody who has proved nothing yet: it counts once the link in the mail to their address is followed.

Nothing here tells whether an address is known: whoever types one gets the same answer, and the owner one mail.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.customers.consent import consents_of, give_consent
from kupec.customers.consent_errors import LinkExpired
from kupec.customers.consent_events import ConsentAsked
from kupec.customers.consent_models import CONSENTS, How, Proof
from kupec.customers.contact_points import verify_contact_point
from kupec.customers.contacts import normalise_email
from kupec.customers.identity import identify
from kupec.customers.membership import members_of, roots
from kupec.customers.models import Contact
from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Event, Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import get_version, published, standing

_AGAIN = timedelta(hours=1)
"""Nobody's letterbox is filled by somebody who goes on pressing a button."""
_COLUMNS = """
ask.id, ask.party_id, ask.purposes, ask.language, ask.how, ask.order_id, ask.version, ask.at, ask.confirmed_at,
point.value as address, point.verified_at
"""
_FROM = "from consent_ask ask join contact_point point on point.id = ask.contact_point_id"


class ConsentAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a link to be followed. `address` is where the link was sent."""

    id: UUID
    party_id: UUID
    purposes: list[str]
    language: str
    how: How
    order_id: UUID | None
    version: int
    at: datetime
    confirmed_at: datetime | None
    address: str
    verified_at: datetime | None


async def ask_consent(
    db: Connection,
    email: str,
    purposes: Sequence[str],
    *,
    how: How,
    language: str,
    actor: Actor,
    now: datetime,
    name: str = "",
    order_id: UUID | None = None,
) -> None:
    """Somebody typed `email` and ticked these purposes: a mail asks its owner to confirm. Emits consent.asked.

    Nobody's consent changes. What the owner agrees to already is not asked, and not twice within an hour. Makes a
    customer of an address nobody has (customer.created). Raises InvalidValue (email, purpose).
    """
    document = (await published(db, CONSENTS))[CONSENTS]
    for purpose in purposes:
        known = document.purpose(purpose)
        if known is None or known.basis == "contract":
            raise InvalidValue(field="purpose", expected="a purpose that is asked for")
    address = normalise_email(email)
    [party] = await identify(db, [Contact(email=address, name=name, language=language)], now=now, actor=actor)
    root = (await roots(db, [party]))[party]
    open_ones = {one.purpose.code for one in await consents_of(db, root) if not one.allowed}
    wanted = [code for code in dict.fromkeys(purposes) if code in open_ones]
    # One after another: of two at once the second sees what the first has asked.
    point = await db.fetchval(
        "select id from contact_point where kind = 'email' and value = $1 for no key update", address
    )
    lately = await db.fetchval(
        "select true from consent_ask where contact_point_id = $1 and at > $2 and purposes @> $3 "
        "and confirmed_at is null limit 1",
        *(point, now - _AGAIN, wanted),
    )
    if not wanted or lately:
        return
    holds = await standing(db, CONSENTS)
    version = (await get_version(db, CONSENTS, holds)).number if holds else 0
    ask_id: UUID = await db.fetchval(
        """
        insert into consent_ask (id, party_id, contact_point_id, purposes, language, how, order_id, version, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id
        """,
        *(uuid7(), root, point, wanted, language, how, order_id, version, now),
    )
    payload = ConsentAsked(ask_id=ask_id, purposes=wanted)
    happened = Happened(payload=payload, subject=f"customer:{root}", customer_id=root, occurred_at=now)
    await emit(db, [happened], actor=actor)


async def get_ask(db: Connection, ask_id: UUID) -> ConsentAsk:
    """What the link in a mail is about. Raises NotFound, also when its address is nobody's any more."""
    row = await db.fetchrow(f"select {_COLUMNS} {_FROM} where ask.id = $1", ask_id)
    if row is None:
        raise NotFound(what="request")
    return ConsentAsk(**dict(row))


async def confirm_consent(db: Connection, ask_id: UUID, *, now: datetime) -> ConsentAsk:
    """The owner of the address followed the link: what was ticked is agreed to, and the address is theirs for certain.

    Following it again changes nothing; what was withdrawn since it was ticked stays withdrawn. Emits consent.given
    and contact_point.verified. Raises NotFound, and LinkExpired after the days that the document says.
    """
    await db.execute("select from consent_ask where id = $1 for no key update", ask_id)
    ask = await get_ask(db, ask_id)
    if ask.confirmed_at is not None:
        return ask
    days = (await published(db, CONSENTS))[CONSENTS].confirm_days
    if ask.at + timedelta(days=days) < now:
        raise LinkExpired
    root = (await roots(db, [ask.party_id]))[ask.party_id]
    await _agree(db, ask, root, Proof(how="mail", order_id=ask.order_id, address=ask.address), now)
    await verify_contact_point(db, root, "email", ask.address, actor=customer(root), now=now)
    return ask


async def _agree(db: Connection, ask: ConsentAsk, root: UUID, proof: Proof, now: datetime) -> None:
    document = (await published(db, CONSENTS))[CONSENTS]
    refused = await db.fetch(
        "select distinct purpose from consent where member_id = any($1::uuid[]) and not given and at >= $2",
        *(await members_of(db, root), ask.at),
    )
    gone = {row["purpose"] for row in refused}
    for purpose in ask.purposes:
        known = document.purpose(purpose)
        if known is not None and known.basis == "consent" and purpose not in gone:
            await give_consent(db, root, purpose, proof=proof, actor=customer(root), now=now)
    await db.execute("update consent_ask set confirmed_at = $2 where id = $1", ask.id, now)


def consent_subscriber() -> Subscriber:
    """Who proves an address in another way has answered the mail, too."""
    return Subscriber(name="customers.consent", events=("contact_point.verified",), handle=_verified, start="now")


async def _verified(db: Connection, events: Sequence[Event]) -> None:
    parties = sorted({event.customer_id for event in events if event.customer_id is not None})
    days = (await published(db, CONSENTS))[CONSENTS].confirm_days
    for party_id in parties:
        rows = await db.fetch(
            f"select {_COLUMNS} {_FROM} where ask.party_id = any($1::uuid[]) and ask.confirmed_at is null "
            "and point.verified_at >= ask.at and point.verified_at <= ask.at + $2::interval "
            "order by ask.at for no key update of ask",
            *(await members_of(db, party_id), timedelta(days=days)),
        )
        for ask in [ConsentAsk(**dict(row)) for row in rows]:
            assert ask.verified_at is not None, "asked for above"
            proof = Proof(how="verified", order_id=ask.order_id, address=ask.address)
            root = (await roots(db, [party_id]))[party_id]
            await _agree(db, ask, root, proof, ask.verified_at)


async def forget_asks(db: Connection, now: datetime, limit: int = 100) -> int:
    """What nobody confirmed while the link held is forgotten; returns how many."""
    days = (await published(db, CONSENTS))[CONSENTS].confirm_days
    rows = await db.fetch(
        "delete from consent_ask where id in (select id from consent_ask where confirmed_at is null and at < $1 "
        "limit $2 for update skip locked) returning id",
        now - timedelta(days=days + 1),
        limit,
    )
    return len(rows)


async def has_address(db: Connection, party_id: UUID, email: str) -> bool:
    """Whether an e-mail address is this customer's, under any of their ids. Raises InvalidValue (email)."""
    found = await db.fetchval(
        "select true from contact_point where kind = 'email' and value = $1 and party_id = any($2::uuid[])",
        *(normalise_email(email), await members_of(db, party_id)),
    )
    return bool(found)
