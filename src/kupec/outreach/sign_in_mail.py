"""The mail with a sign-in code. The code is nowhere but in the mail: not in the log, not in our table of mails.

Unlike other mails it is not written first and sent afterwards: the job carries it sealed and is deleted when it is
done; the row that remains says that a code was sent, with dots in its place. In the demo, where that row is all the
reader gets, it shows the code.
"""

import math
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from kupec.customers import CODE_MAIL, CodeLetter, read_letter, roots
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.kit.jobs import GiveUp, Job, JobContext
from kupec.kit.mail import MailRefused, OutgoingMail, Transport
from kupec.kit.versions import published
from kupec.outreach.events import MailSent
from kupec.outreach.letters import Letter, Sender
from kupec.outreach.message_letter import message_letter
from kupec.outreach.message_templates import TEMPLATES, words_of

_KIND = "sign_in_code"
_HIDDEN = "••••••"
_UTC = ZoneInfo("UTC")


def sign_in_mail_job(transport: Transport, sender: Sender, *, show: bool) -> Job:
    """Sends codes; with `show` (the demo) the outbox can be read."""
    send = partial(_send, transport=transport, sender=sender, show=show)
    return Job(name=CODE_MAIL, handle=send, max_attempts=5, timeout=60)


async def _send(
    context: JobContext, payload: dict[str, Any], *, transport: Transport, sender: Sender, show: bool
) -> None:
    letter = read_letter(sender.secret, payload["sealed"])
    now = context.clock.now()
    if letter.expires_at <= now:
        return  # the mail server came back too late: whoever waited has asked for another one
    minutes = math.ceil((letter.expires_at - now).total_seconds() / 60)
    async with context.database.reading() as db:
        subject, body = words_of((await published(db, TEMPLATES))[TEMPLATES], _KIND, letter.language)
    link = f"/{letter.language}/my/sign-in/link/{letter.link}" if letter.link else ""
    mail = _worded(subject, body, letter, sender, code=letter.code, link=link, minutes=minutes)
    try:
        await transport.send(_outgoing(mail, letter, sender))
    except MailRefused as refused:
        raise GiveUp(reason=refused.message) from None
    hidden = _worded(subject, body, letter, sender, code=_HIDDEN, link="", minutes=minutes)
    async with context.database.transaction() as db:
        await _note(db, letter, mail if show else hidden, context)


def _worded(
    subject: str, body: str, letter: CodeLetter, sender: Sender, *, code: str, link: str, minutes: int
) -> Letter:
    return message_letter(
        subject,
        body,
        {"code": code, "minutes": minutes, "link:sign_in": link or None},
        sender,
        language=letter.language,
        zone=_UTC,
        footer=False,
    )


def _outgoing(mail: Letter, letter: CodeLetter, sender: Sender) -> OutgoingMail:
    return OutgoingMail(
        to=letter.email,
        sender=sender.email,
        sender_name=sender.name,
        subject=mail.title,
        html=mail.html,
        text=mail.text,
        # Sent again after a crash it has the same id, so that the reader's side can drop it.
        message_id=f"{letter.code_id}@{sender.email.rpartition('@')[2]}",
        headers={"Auto-Submitted": "auto-generated"},
    )


async def _note(db: Connection, letter: CodeLetter, mail: Letter, context: JobContext) -> None:
    now, about = context.clock.now(), f"sign_in:{letter.code_id}"
    owner: UUID | None = await db.fetchval(
        "select party_id from contact_point where kind = 'email' and value = $1", letter.email
    )
    customer_id = (await roots(db, [owner]))[owner] if owner else None
    mail_id = await db.fetchval(
        """
        insert into mail (id, kind, subject_ref, history, customer_id, language, to_address, title, html, text, state,
                          attempts, created_at, sent_at)
        values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, 'sent', 1, $10, $10)
            on conflict (kind, subject_ref) do nothing returning id
        """,
        *(uuid7(), _KIND, about, customer_id, letter.language, letter.email, mail.title, mail.html, mail.text, now),
    )
    if mail_id is not None:
        sent = Happened(
            payload=MailSent(mail_id=mail_id, kind=_KIND),
            subject=about,
            occurred_at=now,
            customer_id=customer_id,
            channel="email",
        )
        await emit(db, [sent], actor=system("outreach"))
