"""Writing a customer: the one way for rules, reminders, dunning and tasks. Once for its reason, under the policy."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import LANGUAGES
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.kit.versions import published, standing
from kupec.outreach.allowance import Asking, Why, withheld
from kupec.outreach.events import MessageWithheld
from kupec.outreach.leaving import leaving_links
from kupec.outreach.letters import Letter, Sender
from kupec.outreach.mails import SEND_MAILS
from kupec.outreach.message_letter import Value, message_letter
from kupec.outreach.message_templates import TEMPLATES, Templates, is_active, is_known, purpose_of, words_of
from kupec.outreach.own_words import OURS
from kupec.outreach.policy import POLICY, Policy, quiet_until
from kupec.outreach.recipients import Recipient, recipients_of

_OUTREACH = system("outreach")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said to whom, and why. `about` is what it is about; of one template it is said once, ever.

    `reason` is what made us write: "rule:<code>", "event:<name>", "staff:<id>", "sweep:<name>". `to` and `language`
    where they are not the customer's own; a message to our own people has no `party_id`. `history` is the thing in
    whose history it is noted, where that is not `about`.
    """

    template: str
    party_id: UUID | None
    about: str
    reason: str
    values: Mapping[str, Value] = {}
    purpose: str | None = None
    to: str | None = None
    language: str | None = None
    history: str | None = None


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message: queued to be sent, held until quiet hours end, or withheld, and why."""

    mail_id: UUID
    state: Literal["queued", "held", "withheld"]
    why: Why | None = None


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    message: Message
    recipient: Recipient | None
    purpose: str
    language: str
    zone: ZoneInfo
    address: str
    held_until: datetime | None

    def asking(self, now: datetime) -> Asking:
        return Asking(
            id=self.id,
            party_id=self.recipient.id if self.recipient else None,
            address=self.address,
            purpose=self.purpose,
            at=self.held_until or now,
            zone=self.zone,
        )


async def send_message(
    db: Connection,
    *,
    template: str,
    party_id: UUID | None,
    about: str,
    reason: str,
    values: Mapping[str, Value],
    now: datetime,
    sender: Sender,
    purpose: str | None = None,
    to: str | None = None,
    language: str | None = None,
    history: str | None = None,
) -> Written | None:
    """Write one message: as `send_messages`, for a single one."""
    message = Message(
        template=template,
        party_id=party_id,
        about=about,
        reason=reason,
        values=values,
        purpose=purpose,
        to=to,
        language=language,
        history=history,
    )
    return (await send_messages(db, [message], now=now, sender=sender))[0]


async def send_messages(
    db: Connection, messages: Sequence[Message], *, now: datetime, sender: Sender
) -> list[Written | None]:
    """Write each message, in the template's words of this moment, and the job that sends it.

    One that may not go (no consent, a dead address, too many, switched off) is kept as withheld, with the reason; one
    in quiet hours is held until they end. None for what has been written before, or whose customer is not known.
    A batch costs as many statements as a single one. Emits message.withheld. Raises NotFound for an unknown template.
    """
    documents = await published(db, TEMPLATES, POLICY)
    templates, policy = documents[TEMPLATES], documents[POLICY]
    for message in messages:
        if not is_known(templates, message.template):
            raise NotFound(what="template")
    recipients = await recipients_of(db, {one.party_id for one in messages if one.party_id})
    planned = [_plan(message, recipients, templates, policy, now) for message in messages]
    plans = await _unwritten(db, [plan for plan in planned if plan is not None])
    why = await withheld(
        db, [plan.asking(now) for plan in plans if is_active(templates, plan.message.template)], policy, written=False
    )
    why |= {plan.id: "off" for plan in plans if not is_active(templates, plan.message.template)}
    letters = {plan.id: _letter(plan, templates, sender) for plan in plans if plan.id not in why}
    kept = await _insert(db, plans, why, letters, await _version(db), now)
    queued = [plan.id for plan in plans if plan.id in kept and plan.id not in why and plan.held_until is None]
    if queued:
        await enqueue(db, [(SEND_MAILS, {"ids": queued})])
    await emit(
        db, [_withheld(plan, why[plan.id], now) for plan in plans if plan.id in kept & why.keys()], actor=_OUTREACH
    )
    return [_written(plan, why) if plan is not None and plan.id in kept else None for plan in planned]


def _plan(
    message: Message, recipients: Mapping[UUID, Recipient], templates: Templates, policy: Policy, now: datetime
) -> _Plan | None:
    recipient = recipients.get(message.party_id) if message.party_id else None
    if message.party_id is not None and recipient is None:
        return None
    purpose = message.purpose or purpose_of(templates, message.template)
    zone = recipient.zone(policy) if recipient else ZoneInfo(policy.zone)
    language = message.language or (recipient.language if recipient else LANGUAGES[0])
    ours = OURS.get(message.template)
    at_once = ours is not None and ours.at_once
    return _Plan(
        id=uuid7(),
        message=message,
        recipient=recipient,
        purpose=purpose,
        language=language if language in LANGUAGES else "en",
        zone=zone,
        address=message.to or (recipient.email if recipient else None) or "",
        held_until=None if at_once else quiet_until(policy, purpose, zone, now),
    )


async def _unwritten(db: Connection, plans: Sequence[_Plan]) -> list[_Plan]:
    """Without those that were written before, and those that are asked for twice at once."""
    first = {(plan.message.template, plan.message.about): plan for plan in reversed(plans)}
    rows = await db.fetch(
        "select kind, subject_ref from mail join unnest($1::text[], $2::text[]) as asked (kind, subject_ref) "
        "using (kind, subject_ref)",
        [kind for kind, _ in first],
        [about for _, about in first],
    )
    known = {(row["kind"], row["subject_ref"]) for row in rows}
    return [
        plan
        for plan in plans
        if (key := (plan.message.template, plan.message.about)) not in known and first[key] is plan
    ]


def _letter(plan: _Plan, templates: Templates, sender: Sender) -> Letter:
    ours = OURS.get(plan.message.template)
    subject, body = words_of(templates, plan.message.template, plan.language)
    values = {"name": plan.recipient.name if plan.recipient else "", **plan.message.values}
    leaving = None
    if plan.purpose != "service" and plan.recipient is not None:
        leaving = leaving_links(sender, plan.id, plan.recipient.id, plan.language)
    return message_letter(
        subject,
        body,
        values,
        sender,
        language=plan.language,
        zone=plan.zone,
        footer=ours.footer if ours else True,
        leaving=leaving,
    )


async def _version(db: Connection) -> int:
    """The number of the templates that hold; 0 for how they come."""
    holds = await standing(db, TEMPLATES)
    number: int | None = await db.fetchval("select number from document_version where id = $1", holds)
    return number or 0


async def _insert(
    db: Connection,
    plans: Sequence[_Plan],
    why: Mapping[UUID, Why],
    letters: Mapping[UUID, Letter],
    version: int,
    now: datetime,
) -> set[UUID]:
    """The ids that were written; another's message of the same template about the same thing goes first."""
    empty = Letter(title="", html="", text="")
    told = [letters.get(plan.id, empty) for plan in plans]
    states = ["withheld" if plan.id in why else "held" if plan.held_until else "queued" for plan in plans]
    parties = [plan.recipient.id if plan.recipient else None for plan in plans]
    rows = await db.fetch(
        """
        insert into mail (id, kind, subject_ref, history, customer_id, language, to_address, title, html, text, state,
                          reason, purpose, why, send_after, template_version, created_at, consent_version)
        select t.*, $16, $17,
               (select format('%s/%s', consent.version, consent.revision) from consent
                 where consent.member_id = t.customer_id and consent.purpose = t.purpose and consent.given
                 order by consent.at desc limit 1)
          from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                      $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::timestamptz[])
            as t (id, kind, subject_ref, history, customer_id, language, to_address, title, html, text, state, reason,
                  purpose, why, send_after)
            on conflict (kind, subject_ref) do nothing
        returning id
        """,
        [plan.id for plan in plans],
        [plan.message.template for plan in plans],
        [plan.message.about for plan in plans],
        [plan.message.history or plan.message.about for plan in plans],
        parties,
        [plan.language for plan in plans],
        [plan.address for plan in plans],
        [letter.title for letter in told],
        [letter.html for letter in told],
        [letter.text for letter in told],
        states,
        [plan.message.reason for plan in plans],
        [plan.purpose for plan in plans],
        [why.get(plan.id) for plan in plans],
        [plan.held_until if plan.id not in why else None for plan in plans],
        version,
        now,
    )
    return {row["id"] for row in rows}


def _withheld(plan: _Plan, why: Why, now: datetime) -> Happened:
    return Happened(
        payload=MessageWithheld(mail_id=plan.id, kind=plan.message.template, why=why),
        subject=plan.message.history or plan.message.about,
        customer_id=plan.recipient.id if plan.recipient else None,
        occurred_at=now,
        channel="email",
    )


def _written(plan: _Plan, why: Mapping[UUID, Why]) -> Written:
    if plan.id in why:
        return Written(mail_id=plan.id, state="withheld", why=why[plan.id])
    return Written(mail_id=plan.id, state="held" if plan.held_until else "queued")
