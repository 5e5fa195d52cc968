"""Sending what was written: asked once more whether it may go, handed over at least once, and what became of it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.conversations import reply_address, thread_token
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.jobs import GiveUp, Job, JobContext, enqueue
from kupec.kit.mail import Attachment, MailRefused, OutgoingMail, RecipientRefused, Transport
from kupec.kit.versions import published
from kupec.outreach.allowance import Asking, Why, withheld
from kupec.outreach.attachments import attachments_by_mail
from kupec.outreach.bounces import Bounce, note_bounces
from kupec.outreach.events import MailSent, MessageWithheld
from kupec.outreach.leaving import leaving_links
from kupec.outreach.letters import Sender
from kupec.outreach.mails import SEND_MAILS, Mail
from kupec.outreach.no_longer import no_longer
from kupec.outreach.own_words import OURS
from kupec.outreach.policy import POLICY, Policy, quiet_until
from kupec.outreach.recipients import recipients_of

_OUTREACH = system("outreach")
_AT_ONCE = 8


class _Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the mails go now, which wait until when, which do not go at all."""

    going: list[Mail]
    held: dict[UUID, datetime]
    withheld: dict[UUID, Why]


def job(transport: Transport, sender: Sender) -> Job:
    """Hands the written mails over to `transport`."""
    return Job(name=SEND_MAILS, handle=partial(_send_mails, transport=transport, sender=sender), timeout=300)


async def release_held(db: Connection, now: datetime, limit: int) -> int:
    """Queue the messages whose quiet hours have ended; how many those were."""
    rows = await db.fetch(
        """
        update mail set state = 'queued'
         where id in (select id from mail where state = 'held' and send_after <= $1
                       order by send_after, id limit $2 for update skip locked)
        returning id
        """,
        now,
        limit,
    )
    if rows:
        await enqueue(db, [(SEND_MAILS, {"ids": [row["id"] for row in rows]})])
    return len(rows)


async def _send_mails(
    context: JobContext, payload: dict[str, list[str]], *, transport: Transport, sender: Sender
) -> None:
    async with context.database.reading() as db:
        rows = await db.fetch(
            "select * from mail where id = any($1::uuid[]) and state = 'queued'",
            [UUID(text) for text in payload["ids"]],
        )
    mails = [Mail(**dict(row)) for row in rows]
    outcomes: dict[UUID, BaseException | None] = {}
    for at in range(0, len(mails), _AT_ONCE):
        some = mails[at : at + _AT_ONCE]
        now = context.clock.now()
        async with context.database.reading() as db:
            verdict = await judge(db, some, now=now)
            files = await _attachments(db, verdict.going)
            answers_to = await reply_address(db)
        if verdict.held or verdict.withheld:
            await _keep_back(context, some, verdict, now)
        outcomes |= await _send(verdict.going, files, transport, sender, answers_to)
    sent = [mail for mail in mails if mail.id in outcomes]
    await _record(context, sent, outcomes)
    waiting = [error for error in outcomes.values() if error is not None and not isinstance(error, MailRefused)]
    if waiting:
        raise waiting[0]
    if any(outcomes.values()):
        raise GiveUp(reason="the mail server refuses an address")


async def judge(db: Connection, mails: Sequence[Mail], *, now: datetime) -> _Verdict:
    """What the policy, the customer and the world say of these mails at this moment."""
    policy = (await published(db, POLICY))[POLICY]
    recipients = await recipients_of(db, {mail.customer_id for mail in mails if mail.customer_id})
    asking, held = [], {}
    for mail in mails:
        recipient = recipients.get(mail.customer_id) if mail.customer_id else None
        zone = recipient.zone(policy) if recipient else ZoneInfo(policy.zone)
        until = _held_until(mail, policy, zone, now)
        if until is not None:
            held[mail.id] = until
        asking.append(
            Asking(
                id=mail.id,
                party_id=recipient.id if recipient else None,
                address=mail.to_address,
                purpose=mail.purpose,
                at=now,
                zone=zone,
            )
        )
    why = await withheld(db, asking, policy, written=True)
    for one in await no_longer(db, mails):
        why.setdefault(one, "no_longer")
    held = {mail_id: until for mail_id, until in held.items() if mail_id not in why}
    going = [mail for mail in mails if mail.id not in why and mail.id not in held]
    return _Verdict(going=going, held=held, withheld=why)


def _held_until(mail: Mail, policy: Policy, zone: ZoneInfo, now: datetime) -> datetime | None:
    ours = OURS.get(mail.kind)
    # A letter that is none of the messages is about what the customer has just done, or waits for.
    if mail.template_version is None or (ours is not None and ours.at_once):
        return None
    return quiet_until(policy, mail.purpose, zone, now)


async def _keep_back(context: JobContext, mails: Sequence[Mail], verdict: _Verdict, now: datetime) -> None:
    async with context.database.transaction() as db:
        await db.execute(
            """
            update mail set state = 'held', send_after = held.until
              from unnest($1::uuid[], $2::timestamptz[]) as held (id, until)
             where mail.id = held.id and mail.state = 'queued'
            """,
            list(verdict.held),
            list(verdict.held.values()),
        )
        rows = await db.fetch(
            """
            update mail set state = 'withheld', why = told.why
              from unnest($1::uuid[], $2::text[]) as told (id, why)
             where mail.id = told.id and mail.state = 'queued' returning mail.id
            """,
            list(verdict.withheld),
            list(verdict.withheld.values()),
        )
        kept = {row["id"] for row in rows}
        events = [
            _happened(mail, MessageWithheld(mail_id=mail.id, kind=mail.kind, why=verdict.withheld[mail.id]), now)
            for mail in mails
            if mail.id in kept
        ]
        await emit(db, events, actor=_OUTREACH)


async def _attachments(db: Connection, mails: Sequence[Mail]) -> dict[UUID, Attachment]:
    return await attachments_by_mail(db, {mail.id: mail.document_id for mail in mails if mail.document_id is not None})


async def _send(
    mails: Sequence[Mail],
    attachments: Mapping[UUID, Attachment],
    transport: Transport,
    sender: Sender,
    answers_to: str | None,
) -> dict[UUID, BaseException | None]:
    sending = [transport.send(_outgoing(mail, attachments.get(mail.id), sender, answers_to)) for mail in mails]
    errors = await asyncio.gather(*sending, return_exceptions=True)
    return {mail.id: error for mail, error in zip(mails, errors, strict=True)}


def _outgoing(mail: Mail, attachment: Attachment | None, sender: Sender, answers_to: str | None) -> OutgoingMail:
    headers = {"Auto-Submitted": "auto-generated"}
    if answers_to and answers_to != sender.email.lower():
        headers["Reply-To"] = answers_to
    if answers_to:
        # Whoever answers under this word has read a mail that was sent to just this address.
        word = thread_token(sender.secret, mail.id, mail.to_address)
        headers["References"] = f"<{word}@{sender.email.rpartition('@')[2]}>"
    if mail.purpose != "service" and mail.customer_id is not None:
        leaving = leaving_links(sender, mail.id, mail.customer_id, mail.language)
        headers["List-Unsubscribe"] = f"<{leaving.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return OutgoingMail(
        to=mail.to_address,
        sender=sender.email,
        sender_name=sender.name,
        subject=mail.title,
        html=mail.html,
        text=mail.text,
        # The same mail sent again after a crash has the same id, so that the reader's side can drop it.
        message_id=f"{mail.id}@{sender.email.rpartition('@')[2]}",
        written_at=mail.created_at,
        headers=headers,
        attachments=[attachment] if attachment else [],
    )


async def _record(context: JobContext, mails: Sequence[Mail], outcomes: dict[UUID, BaseException | None]) -> None:
    now = context.clock.now()
    sent = [mail for mail in mails if outcomes[mail.id] is None]
    failed = [mail for mail in mails if outcomes[mail.id] is not None]
    lost = [mail for mail in failed if context.last or isinstance(outcomes[mail.id], MailRefused)]
    async with context.database.transaction() as db:
        rows = await db.fetch(
            """
            update mail set state = 'sent', sent_at = $2, attempts = attempts + 1, error = null
             where id = any($1::uuid[]) and state = 'queued' returning id
            """,
            [mail.id for mail in sent],
            now,
        )
        recorded = {row["id"] for row in rows}
        events = [_happened(mail, MailSent(mail_id=mail.id, kind=mail.kind), now) for mail in sent]
        await emit(
            db, [event for event, mail in zip(events, sent, strict=True) if mail.id in recorded], actor=_OUTREACH
        )
        if failed:
            await _record_failures(db, failed, lost, outcomes, now)


async def _record_failures(
    db: Connection,
    failed: Sequence[Mail],
    lost: Sequence[Mail],
    outcomes: Mapping[UUID, BaseException | None],
    now: datetime,
) -> None:
    await db.execute(
        """
        update mail set attempts = attempts + 1, error = failed.error,
                        state = case when mail.id = any($3::uuid[]) then 'failed' else 'queued' end
          from unnest($1::uuid[], $2::text[]) as failed (id, error) where mail.id = failed.id
        """,
        [mail.id for mail in failed],
        [str(outcomes[mail.id])[:500] for mail in failed],
        [mail.id for mail in lost],
    )
    refused = {mail.id: outcomes[mail.id] for mail in lost}
    bounces = [
        Bounce(mail_id=mail_id, hard=error.hard, code=error.said, reason=str(error)[:500])
        for mail_id, error in refused.items()
        if isinstance(error, RecipientRefused)
    ]
    await note_bounces(db, bounces, now=now)


def _happened(mail: Mail, payload: MailSent | MessageWithheld, now: datetime) -> Happened:
    return Happened(
        payload=payload,
        subject=mail.history,
        occurred_at=now,
        customer_id=mail.customer_id,
        channel="email",
    )
