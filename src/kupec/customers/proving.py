"""An address is somebody's for certain once they have shown that they read it."""

from datetime import datetime
from uuid import UUID

from kupec.customers.contact_events import ContactPointAdded, ContactPointVerified
from kupec.customers.membership import roots
from kupec.customers.sign_in_errors import AddressTaken
from kupec.customers.sign_in_events import about
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7


async def verify_email(db: Connection, email: str, party_id: UUID, *, actor: Actor, now: datetime) -> None:
    """This customer has shown that they read this address, which becomes theirs if it is nobody's.

    Raises AddressTaken. Emits contact_point.added and contact_point.verified, where they are news.
    """
    news: list[Happened] = []
    added = await db.fetchval(
        """insert into contact_point (id, party_id, kind, value) values ($1, $2, 'email', $3)
           on conflict (kind, value) do nothing returning true""",
        *(uuid7(), party_id, email),
    )
    if added:
        news.append(about(party_id, ContactPointAdded(kind="email"), now))
    row = await db.fetchrow(
        "select party_id, verified_at from contact_point where kind = 'email' and value = $1 for no key update", email
    )
    if row is None or (await roots(db, [row["party_id"]]))[row["party_id"]] != party_id:
        raise AddressTaken(field="email")
    if row["verified_at"] is None:
        await db.execute("update contact_point set verified_at = $2 where kind = 'email' and value = $1", email, now)
        news.append(about(party_id, ContactPointVerified(kind="email"), now))
    await emit(db, news, actor=actor)
