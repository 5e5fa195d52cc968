"""The mails we wrote: each once for its reason, sent at least once, and shown in the outbox."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

import msgspec

from kupec.billing import Document, PaymentInstructions, get_documents, payment_instructions
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.events import Event
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.kit.subscribers import Subscriber
from kupec.kit.versions import published
from kupec.outreach.delivery_letters import DELIVERY_EVENTS, delivery_letter
from kupec.outreach.letters import (
    Letter,
    Sender,
    Way,
    document_letter,
    order_confirmation,
    parcel_shipped,
    payment_reminder,
)
from kupec.outreach.wording import LETTERS, Letters
from kupec.sales import Order, get_orders, slots_by_ids, tariff

SEND_MAILS = "send_mails"
MailState = Literal["queued", "held", "sent", "failed", "withheld", "bounced"]


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it was written; `document_id` is what it brings.

    `subject_ref` is what it is about ("order:…", "parcel:…", "document:…"), `history` whose it is.
    """

    id: UUID
    kind: str
    subject_ref: str
    history: str
    customer_id: UUID | None
    language: str
    to_address: str
    title: str
    html: str
    text: str
    state: MailState
    attempts: int
    error: str | None
    created_at: datetime
    sent_at: datetime | None
    document_id: UUID | None = None
    reason: str = ""
    """What made us write: "event:order.placed", "rule:<code>", "staff:<id>", "sweep:<name>"."""
    purpose: str = "service"
    template_version: int | None = None
    """Of the messages' document; 0 are our own words, None a letter that is none of them."""
    consent_version: str | None = None
    why: str | None = None
    """Why it was withheld."""
    send_after: datetime | None = None


class _Draft(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    subject_ref: str
    order: Order
    letter: Letter
    event: Event
    document_id: UUID | None = None


def subscriber(sender: Sender) -> Subscriber:
    """Writes the customer when an order is placed or its money is late, when a parcel leaves, with each document."""
    return Subscriber(
        name="outreach.mails",
        events=("order.placed", "order.shipped", "invoice.printed", "payment.overdue", *DELIVERY_EVENTS),
        handle=partial(write_mails, sender=sender),
        start="now",
    )


async def write_mails(db: Connection, events: Sequence[Event], *, sender: Sender) -> None:
    """Write the mails these events ask for, and the job that sends them. Once for an order or parcel, ever."""
    orders = await get_orders(db, sorted({UUID(event.subject.partition(":")[2]) for event in events}))
    letters = (await published(db, LETTERS))[LETTERS]
    documents = await _documents(db, events)
    owed = await payment_instructions(db, {order.id: order.number for order in orders.values()})
    ways = await _ways(db, list(orders.values()))
    drafts = []
    for event in events:
        order = orders[UUID(event.subject.partition(":")[2])]
        if event.name == "payment.overdue":
            drafts += _reminder(event, order, owed.get(order.id), sender)
        elif event.name in DELIVERY_EVENTS:
            drafts += await _about_delivery(db, event, order, sender)
        elif order.email and event.name == "invoice.printed":
            drafts.append(_document_draft(event, order, documents[UUID(event.payload["document_id"])], sender))
        elif order.email:
            drafts.append(_draft(event, order, sender, letters, owed.get(order.id), ways[order.id]))
    ids = await _insert(db, drafts)
    if ids:
        await enqueue(db, [(SEND_MAILS, {"ids": ids})])


async def _about_delivery(db: Connection, event: Event, order: Order, sender: Sender) -> list[_Draft]:
    written = await delivery_letter(db, event, order, sender) if order.email else None
    if written is None:
        return []
    kind, about, letter = written
    return [_Draft(kind=kind, subject_ref=about, order=order, letter=letter, event=event)]


async def _documents(db: Connection, events: Sequence[Event]) -> dict[UUID, Document]:
    ids = [UUID(event.payload["document_id"]) for event in events if event.name == "invoice.printed"]
    return await get_documents(db, ids) if ids else {}


def _document_draft(event: Event, order: Order, document: Document, sender: Sender) -> _Draft:
    return _Draft(
        kind=document.kind,
        subject_ref=f"document:{document.id}",
        order=order,
        letter=document_letter(order, document, sender),
        event=event,
        document_id=document.id,
    )


def _reminder(event: Event, order: Order, owed: PaymentInstructions | None, sender: Sender) -> list[_Draft]:
    """Nobody is reminded of cash for the courier, or of what has come meanwhile."""
    if owed is None or owed.kind == "cod" or not order.email or order.state == "cancelled":
        return []
    reminder = _Draft(
        kind="payment_reminder",
        subject_ref=f"payment:{owed.payment_id}",
        order=order,
        letter=payment_reminder(order, owed, sender),
        event=event,
    )
    return [reminder]


async def _ways(db: Connection, orders: Sequence[Order]) -> dict[UUID, Way]:
    """Which are collected, and when each is brought where that is agreed."""
    booked = [order.slot_id for order in orders if order.slot_id]
    slots = await slots_by_ids(db, booked) if booked else {}
    methods = (await tariff(db)).document
    ways = {}
    for order in orders:
        method = methods.method(order.shipping_method)
        slot = slots.get(order.slot_id) if order.slot_id else None
        ways[order.id] = Way(collected=method is not None and method.kind == "pickup", slot=slot)
    return ways


def _draft(
    event: Event, order: Order, sender: Sender, letters: Letters, owed: PaymentInstructions | None, way: Way
) -> _Draft:
    if event.name == "order.placed":
        return _Draft(
            kind="order_confirmation",
            subject_ref=event.subject,
            order=order,
            letter=order_confirmation(order, sender, letters, owed=owed, way=way),
            event=event,
        )
    parcel_id = UUID(event.payload["fulfilment_id"])
    parcel = next(parcel for parcel in order.fulfilments if parcel.id == parcel_id)
    return _Draft(
        kind="parcel_shipped",
        subject_ref=f"parcel:{parcel_id}",
        order=order,
        letter=parcel_shipped(order, parcel, sender, letters),
        event=event,
    )


async def _insert(db: Connection, drafts: Sequence[_Draft]) -> list[UUID]:
    rows = await db.fetch(
        """
        insert into mail (id, kind, subject_ref, history, customer_id, language, to_address, title, html, text,
                          created_at, document_id, reason)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
                             $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::uuid[], $13::text[])
            on conflict (kind, subject_ref) do nothing
        returning id
        """,
        [uuid7() for _ in drafts],
        [draft.kind for draft in drafts],
        [draft.subject_ref for draft in drafts],
        [f"order:{draft.order.id}" for draft in drafts],
        [draft.order.customer_id for draft in drafts],
        [draft.order.language for draft in drafts],
        [draft.order.email for draft in drafts],
        [draft.letter.title for draft in drafts],
        [draft.letter.html for draft in drafts],
        [draft.letter.text for draft in drafts],
        [draft.event.recorded_at for draft in drafts],
        [draft.document_id for draft in drafts],
        [f"event:{draft.event.name}" for draft in drafts],
    )
    return [row["id"] for row in rows]


async def list_mails(db: Connection, *, before: tuple[datetime, UUID] | None = None, limit: int = 50) -> list[Mail]:
    """The outbox, the latest first; `before` is the (created_at, id) of the last one of the page before."""
    rows = await db.fetch(
        """
        select * from mail where $1::timestamptz is null or (created_at, id) < ($1, $2::uuid)
         order by created_at desc, id desc limit $3
        """,
        *(before or (None, None)),
        limit,
    )
    return [Mail(**dict(row)) for row in rows]


async def get_mail(db: Connection, mail_id: UUID) -> Mail:
    """Raises NotFound."""
    row = await db.fetchrow("select * from mail where id = $1", mail_id)
    if row is None:
        raise NotFound(what="mail")
    return Mail(**dict(row))


async def retry_mail(db: Connection, mail_id: UUID, *, actor: Actor) -> None:
    """Send a mail once more that failed or came back. Needs "system.write"; NotFound unless it did."""
    actor.require("system.write")
    done = await db.fetchval(
        """
        update mail set state = 'queued', attempts = 0, why = null
         where id = $1 and title <> '' and (state in ('failed', 'bounced') or state = 'withheld' and why = 'bounced')
        returning id
        """,
        mail_id,
    )
    if done is None:
        raise NotFound(what="failed mail")
    await enqueue(db, [(SEND_MAILS, {"ids": [mail_id]})])
