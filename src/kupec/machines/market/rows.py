"""Requests, quotes and awards as they are read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_struct, to_structs
from kupec.kit.errors import Forbidden, NotFound
from kupec.machines.market.errors import Sealed
from kupec.machines.market.models import Award, Quote, Rfq, Rule, Verdict

READ = "customers.read"
"""Who at the desk may look at the market."""

RFQ = (
    "id, machine_id, party_id, key, sku, market, currency, quantity, most_price, within_days, rule, opened_at, "
    "deadline, choose_until, state, reason, decided_at, verdict, origin, last_seller"
)
QUOTE = "id, rfq_id, seller, machine_id, unit_price, lead_days, quantity, received_at, state, basis"
# Of a decided request only the winner's row is written: with a thousand quotes the others cost more than deciding.
_SEEN = (
    "q.id, q.rfq_id, q.seller, q.machine_id, q.unit_price, q.lead_days, q.quantity, q.received_at, q.basis, "
    "case when q.state = 'sealed' and r.state in ('awarded', 'failed') then 'lost' else q.state end as state "
    "from quote q join rfq r on r.id = q.rfq_id"
)
AWARD = "rfq_id, quote_id, seller, unit_price, quantity, currency, awarded_at, state, purchase_id, reason"


def rfq_of(row: Any) -> Rfq:
    values = dict(row)
    values["rule"] = msgspec.convert(values["rule"], Rule)
    if values["verdict"] is not None:
        values["verdict"] = msgspec.convert(values["verdict"], Verdict)
    return Rfq(**values)


async def get_rfq(db: Connection, rfq_id: UUID, *, lock: str = "") -> Rfq:
    """One request. Raises NotFound."""
    row = await db.fetchrow(f"select {RFQ} from rfq where id = $1 {lock}", rfq_id)  # noqa: S608
    if row is None:
        raise NotFound(what="request")
    return rfq_of(row)


async def open_rfqs(db: Connection, *, now: datetime, limit: int = 200) -> list[Rfq]:
    """What may be quoted on, the soonest deadline first."""
    rows = await db.fetch(
        f"select {RFQ} from rfq where state = 'open' and deadline >= $1 order by deadline, id limit $2",  # noqa: S608
        now,
        limit,
    )
    return [rfq_of(row) for row in rows]


async def list_rfqs(
    db: Connection, *, actor: Actor, machine_id: UUID | None = None, skip: int = 0, limit: int = 50
) -> list[Rfq]:
    """Requests at the desk, the latest first; `machine_id` of one machine. Needs customers.read."""
    actor.require(READ)
    rows = await db.fetch(
        f"select {RFQ} from rfq where $1::uuid is null or machine_id = $1 "  # noqa: S608
        "order by opened_at desc, id desc offset $2 limit $3",
        machine_id,
        skip,
        limit,
    )
    return [rfq_of(row) for row in rows]


async def quotes_of(db: Connection, rfq_id: UUID, *, actor: Actor, now: datetime) -> list[Quote]:
    """All quotes on a request, the lowest price first: after its deadline, whoever asks.

    For its machine and for the desk (customers.read). Raises NotFound, Forbidden, Sealed.
    """
    rfq = await get_rfq(db, rfq_id)
    if not is_machine(actor, rfq.machine_id):
        actor.require_for(rfq.party_id, READ, role="buyer")
    if now <= rfq.deadline or rfq.state == "open":
        raise Sealed(deadline=rfq.deadline.isoformat())
    return await sealed_quotes(db, [rfq_id])


async def sealed_quotes(db: Connection, rfq_ids: Sequence[UUID]) -> list[Quote]:
    """Every quote, whatever the hour: for deciding and replaying only."""
    rows = await db.fetch(
        f"select {_SEEN} where q.rfq_id = any($1::uuid[]) order by q.unit_price, q.lead_days, q.id",
        list(rfq_ids),
    )
    return to_structs(Quote, rows)


async def own_quote(db: Connection, rfq_id: UUID, seller: str) -> Quote | None:
    """What a seller has quoted itself: its quote that counts, else its latest."""
    row = await db.fetchrow(
        f"select {_SEEN} where q.rfq_id = $1 and q.seller = $2 "
        "order by (q.state in ('sealed', 'won')) desc, q.received_at desc, q.id desc limit 1",
        rfq_id,
        seller,
    )
    return to_struct(Quote, row) if row is not None else None


async def award_of(db: Connection, rfq_id: UUID) -> Award | None:
    """Who got it, if anybody has."""
    row = await db.fetchrow(f"select {AWARD} from award where rfq_id = $1", rfq_id)  # noqa: S608
    return to_struct(Award, row) if row is not None else None


def is_machine(actor: Actor, machine_id: UUID) -> bool:
    """Whether this is the machine itself, known by its key."""
    return actor.kind == "machine" and actor.id == str(machine_id)


def require_machine(actor: Actor, machine_id: UUID) -> None:
    """Raises Forbidden for anybody but the machine itself and the system."""
    if not is_machine(actor, machine_id) and actor.kind != "system":
        raise Forbidden(permission="machine")
