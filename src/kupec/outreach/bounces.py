"""Mails that come back: refused at the door, or reported later by a delivery status notification (RFC 3464)."""

import email
import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.message import Message
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.mail import address_is_dead
from kupec.kit.webhooks import MAX_BODY, mark_failed, mark_processed, store, take_waiting
from kupec.outreach.events import MailBounced

SOURCE = "mail-bounces"
_OUTREACH = system("outreach")
_OURS = re.compile(r"<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@[^>\s]+>?", re.IGNORECASE)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """One mail that came back. `code` as the server said it, `hard` when the address itself is at fault."""

    mail_id: UUID
    hard: bool
    code: str
    reason: str


class BouncedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an address that mails came back from. `hard`: it is not written any more."""

    address: str
    hard: bool
    times: int
    code: str
    reason: str
    at: datetime


async def take_bounce(db: Connection, raw: bytes, *, now: datetime) -> bool:
    """Keep a delivery status notification as it came; False when it is known. What it says is read afterwards.

    Raises InvalidValue for what is no mail or too long.
    """
    if not raw.strip() or len(raw) > MAX_BODY:
        raise InvalidValue(field="message", expected=f"a mail of at most {MAX_BODY} bytes")
    external_id = hashlib.sha256(raw).hexdigest()
    kept = await store(
        db, source=SOURCE, external_id=external_id, headers={"content-type": "message/rfc822"}, body=raw, now=now
    )
    return kept is not None


async def read_bounces(db: Connection, now: datetime, limit: int) -> int:
    """Act on the notifications that wait; how many those were. What cannot be read stays for a person to see."""
    taken = await take_waiting(db, now, limit, source=SOURCE)
    for delivery in taken:
        found = read_dsn(delivery.body)
        if found is None:
            await mark_failed(db, delivery, "it is no delivery status notification about a mail of ours", now)
            continue
        await note_bounces(db, found, now=now)
        await mark_processed(db, [delivery.id])
    return len(taken)


def read_dsn(raw: bytes) -> list[Bounce] | None:
    """What a notification says of our mail; empty when it was only late or arrived, None when it is about none."""
    # Headers as they came: a parser that looks into them can be made to fail.
    message = email.message_from_bytes(raw)
    mail_id = _mail_id(message)
    report = next((part for part in message.walk() if part.get_content_type() == "message/delivery-status"), None)
    if mail_id is None or report is None:
        return None
    found = []
    for fields in report.get_payload():
        if not isinstance(fields, Message) or str(fields.get("Action", "")).strip().lower() != "failed":
            continue
        status = _STATUS.search(str(fields.get("Status", "")))
        reason = str(fields.get("Diagnostic-Code", "")).partition(";")[2].strip()
        code = status[0] if status else "5.0.0"
        found.append(
            Bounce(mail_id=mail_id, hard=address_is_dead(code), code=code, reason=" ".join(reason.split())[:500])
        )
    return found[:1]


def _mail_id(message: Message) -> UUID | None:
    """Our mail by its Message-ID, from what was sent back of it, else from what the notification answers."""
    for part in message.walk():
        headers = _returned(part)
        found = _OURS.search(str(headers.get("Message-ID", ""))) if headers is not None else None
        if found:
            return UUID(found[1])
    for name in ("In-Reply-To", "References"):
        found = _OURS.search(str(message.get(name, "")))
        if found:
            return UUID(found[1])
    return None


def _returned(part: Message) -> Message | None:
    """The header of the mail that came back, when this part holds it."""
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        return first if isinstance(first, Message) else None
    if part.get_content_type() == "text/rfc822-headers":
        text = part.get_payload(decode=True)
        return email.message_from_bytes(text) if isinstance(text, bytes) else None
    return None


async def note_bounces(db: Connection, bounces: Sequence[Bounce], *, now: datetime) -> int:
    """Note them at the address, once each; how many were new. Emits mail.bounced.

    A hard one keeps every later mail from that address until somebody lifts it.
    """
    if not bounces:
        return 0
    rows = await db.fetch(
        """
        with told as (
            select told.*, lower(mail.to_address) as address, mail.kind, mail.history, mail.customer_id
              from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::text[], $5::text[])
                as told (id, mail_id, hard, code, reason) join mail on mail.id = told.mail_id
        ), noted as (
            insert into mail_bounce (id, address, mail_id, hard, code, reason, at)
            select id, address, mail_id, hard, code, reason, $6 from told
            on conflict (mail_id, code) do update set lifted_at = null, at = excluded.at
             where mail_bounce.lifted_at is not null
            returning id, mail_id
        ), came_back as (
            update mail set state = 'bounced' from noted where mail.id = noted.mail_id
        )
        select told.mail_id, told.kind, told.history, told.customer_id, told.hard, told.code
          from told join noted using (mail_id)
        """,
        [uuid7() for _ in bounces],
        [bounce.mail_id for bounce in bounces],
        [bounce.hard for bounce in bounces],
        [bounce.code for bounce in bounces],
        [bounce.reason for bounce in bounces],
        now,
    )
    happened = [
        Happened(
            payload=MailBounced(mail_id=row["mail_id"], kind=row["kind"], hard=row["hard"], code=row["code"]),
            subject=row["history"],
            customer_id=row["customer_id"],
            occurred_at=now,
            channel="email",
        )
        for row in rows
    ]
    await emit(db, happened, actor=_OUTREACH)
    return len(rows)


async def bounced_addresses(db: Connection, addresses: Sequence[str]) -> dict[str, BouncedAddress]:
    """By address (as it is compared), those that mails came back from and nobody has lifted."""
    rows = await db.fetch(
        """
        select distinct on (address) address, bool_or(hard) over mine as hard, count(*) over mine as times, code,
               reason, at
          from mail_bounce where address = any($1::text[]) and lifted_at is null
        window mine as (partition by address) order by address, at desc, id desc
        """,
        sorted({address.lower() for address in addresses}),
    )
    return {row["address"]: BouncedAddress(**dict(row)) for row in rows}


async def lift_bounce(db: Connection, address: str, *, actor: Actor, now: datetime) -> None:
    """The address works again, as far as is known: it is written from now on. Needs "customers.write".

    Raises NotFound when nothing stands against it.
    """
    actor.require("customers.write")
    done = await db.execute(
        "update mail_bounce set lifted_at = $2 where address = $1 and lifted_at is null", address.lower(), now
    )
    if done == "UPDATE 0":
        raise NotFound(what="bounced address")
