"""Customers as another system keeps them, changed while the shop is open."""

from collections.abc import Sequence
from datetime import datetime

from kupec.customers.importing import PartyRow, import_parties
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError


async def put_parties(
    db: Connection, rows: Sequence[PartyRow], *, actor: Actor, now: datetime
) -> list[KupecError | None]:
    """As `import_parties`, but it happens now: what follows from a new or changed customer follows.

    Needs "customers.write". Errors as there. Events customer.created, customer.changed.
    """
    actor.require("customers.write")
    return await import_parties(db, rows, actor=actor, now=now, origin="live")
