"""One click, of a person or of a mail program, and no more mails of that purpose are written."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.customers import Proof, allowed, withdraw_consent
from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.signing import unsign


class Unsubscribing(msgspec.Struct, frozen=True, kw_only=True):
    """Whose mails of which purpose the link in a mail stops; `stands` while they are still written."""

    mail_id: UUID
    party_id: UUID
    purpose: str
    language: str
    stands: bool


async def unsubscribing(db: Connection, token: str, *, secret: str, now: datetime) -> Unsubscribing:
    """What a link says. Raises NotFound for one that is not ours, or whose mail is gone with its customer."""
    value = unsign(secret, "unsubscribe", token, now=now)
    row = await db.fetchrow(
        "select id, customer_id, purpose, language from mail where id = $1 and customer_id is not null",
        UUID(value) if value else None,
    )
    if row is None:
        raise NotFound(what="link")
    party_id = row["customer_id"]
    return Unsubscribing(
        mail_id=row["id"],
        party_id=party_id,
        purpose=row["purpose"],
        language=row["language"],
        stands=party_id in await allowed(db, [party_id], row["purpose"]),
    )


async def unsubscribe(db: Connection, token: str, *, secret: str, now: datetime) -> Unsubscribing:
    """Withdraw the consent that this mail was written under; once more changes nothing. Emits consent.withdrawn.

    What is written already and not sent yet is not sent. Raises NotFound as `unsubscribing` does, and for a mail that
    needed no consent.
    """
    found = await unsubscribing(db, token, secret=secret, now=now)
    if found.purpose == "service":
        raise NotFound(what="link")
    proof = Proof(how="unsubscribe")
    await withdraw_consent(db, found.party_id, found.purpose, proof=proof, actor=customer(found.party_id), now=now)
    return msgspec.structs.replace(found, stands=False)
