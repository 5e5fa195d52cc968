"""What a message would look like: its words with a real customer and a real order in them, and a test to oneself."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kupec.customers import members_of
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.kit.money import Money
from kupec.outreach.leaving import leaving_links
from kupec.outreach.letters import Letter, Sender
from kupec.outreach.mails import SEND_MAILS
from kupec.outreach.message_letter import Value, message_letter
from kupec.outreach.message_templates import Templates, is_known, purpose_of, words_of
from kupec.outreach.own_words import OURS, variables_of
from kupec.sales import free_days

_NOWHERE = "/"
_ORDER = """
select id, number, total, currency, placed_at, customer_id, name from sales_order
 where placed_at is not null and ($1::uuid[] is null or customer_id = any($1::uuid[]))
 order by placed_at desc, id desc limit 1
"""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Whose data stands in a message that is only looked at. `order_number` is None where nothing was ordered yet."""

    party_id: UUID | None
    name: str
    order_number: str | None
    values: dict[str, Any]


async def sample_of(db: Connection, code: str, party_id: UUID | None, *, now: datetime) -> Sample:
    """Values for every variable of a message: from this customer's latest order, else from the latest of all."""
    members = await members_of(db, party_id) if party_id else None
    order = await db.fetchrow(_ORDER, members)
    lines = []
    if order is not None:
        rows = await db.fetch(
            "select quantity, name from order_line where order_id = $1 order by position", order["id"]
        )
        lines = [f"{row['quantity']} × {row['name']}" for row in rows]
    whose = party_id or (order["customer_id"] if order else None)
    name = await db.fetchval("select name from party where id = $1", whose) or "…"
    soon, total = (now + timedelta(days=10)).date(), Money(order["total"], order["currency"]) if order else None
    known: Mapping[str, Value] = {
        "name": name,
        "number": order["number"] if order else "1",
        "lines": lines or ["1 × …"],
        "total": total or Money(99000, "CZK"),
        "amount": total or Money(99000, "CZK"),
        "day": soon,
        "due": soon,
        "due_on": soon,
        "until": soon,
        "last_day": order["placed_at"].date() if order else soon,
        "days": await free_days(db, now=now, limit=3),
        "who": name,
        "customer": name,
        "product": lines[0].partition(" × ")[2] if lines else "…",
        "serial": "SN-000123",
        "code": "123456",
        "minutes": 10,
    }
    values = {one: known.get(one, "…") for one in variables_of(code) if not one.startswith("link:")}
    links = {one: _NOWHERE for one in variables_of(code) if one.startswith("link:") and one != "link:shop"}
    return Sample(
        party_id=whose, name=name, order_number=order["number"] if order else None, values={**values, **links}
    )


def sample_letter(document: Templates, code: str, sample: Sample, sender: Sender, *, language: str) -> Letter:
    """The message as it would arrive. Its links lead home. Raises NotFound for a message nobody has."""
    if not is_known(document, code):
        raise NotFound(what="template")
    subject, body = words_of(document, code, language)
    nobody = UUID(int=0)
    leaving = leaving_links(sender, nobody, nobody, language) if purpose_of(document, code) != "service" else None
    ours = OURS.get(code)
    return message_letter(
        subject,
        body,
        sample.values,
        sender,
        language=language,
        zone=ZoneInfo("UTC"),
        footer=ours.footer if ours else True,
        leaving=leaving,
    )


async def send_test(
    db: Connection, code: str, letter: Letter, *, language: str, to: str, actor: Actor, now: datetime
) -> UUID:
    """Send a message that is only tried to one of our own people, whatever the policy says. Needs "settings.write"."""
    actor.require("settings.write")
    mail_id = uuid7()
    await db.execute(
        """
        insert into mail (id, kind, subject_ref, history, language, to_address, title, html, text, reason, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        *(mail_id, code, f"test:{mail_id}", "document:templates", language, to, letter.title, letter.html, letter.text),
        *(str(actor), now),
    )
    await enqueue(db, [(SEND_MAILS, {"ids": [mail_id]})])
    return mail_id
