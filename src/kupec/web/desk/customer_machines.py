"""The tab of a customer's page that shows their machines: devices and agents, and what they may spend."""

from typing import Any

from kupec.kit.db import Connection
from kupec.machines.mandates import machines_of, mandates_of, purchases_of, reason_words, spent_under
from kupec.web import machine_words as words
from kupec.web.desk.customer_view import CustomerView
from kupec.web.desk.page import reader_of
from kupec.web.rendering import AnyRequest


async def machines(request: AnyRequest, db: Connection, view: CustomerView) -> dict[str, Any]:
    reader = reader_of(request)
    living = [one for one in await mandates_of(db, view.members) if one.state(reader.now) == "active"]
    rows = await machines_of(db, view.members)
    return {
        "machines": rows,
        "machine_words": words,
        "machine_mandates": {one.id: [each for each in living if each.machine_id == one.id] for one in rows},
        "machine_spent": {one.id: await spent_under(db, one, now=reader.now) for one in living},
        "machine_bought": await purchases_of(db, view.members, limit=10),
        "machine_names": {one.id: one.name for one in rows},
        "reason_of": lambda one: reason_words(one, reader.language, zone=str(reader.zone)),
    }
