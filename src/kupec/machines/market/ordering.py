"""What this shop has won becomes an order, at the price that was quoted, under the buyer's mandate."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from kupec.kit.actor import system
from kupec.kit.db import Connection, to_struct
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.jobs import Job, JobContext
from kupec.machines.mandates import Purchase, PurchaseRequest
from kupec.machines.market.awarding import ORDER
from kupec.machines.market.events import RfqOrdered
from kupec.machines.market.models import Award, AwardState
from kupec.machines.market.rows import AWARD, get_rfq

_MARKET = system("market")
_STATES: dict[str, AwardState] = {"placed": "ordered", "asked": "asked"}


class StillPaying(KupecError):
    """The payment of this award’s order is not decided yet. It is tried again by itself."""

    status = 409
    code = "award_still_paying"


class Buyer(Protocol):
    """Whoever buys in this shop for machines: mandates' MachineBuyer."""

    async def buy(self, request: PurchaseRequest) -> Purchase: ...


def order_job(buyer: Buyer) -> Job:
    """Orders what an award gave to this shop. Repeated, it is the same order: its key is the request's."""

    async def handle(context: JobContext, payload: dict[str, Any]) -> None:
        rfq_id = UUID(payload["rfq_id"])
        async with context.database.reading() as db:
            rfq = await get_rfq(db, rfq_id)
            row = await db.fetchrow(f"select {AWARD} from award where rfq_id = $1", rfq_id)  # noqa: S608
        if row is None or row["state"] != "ordering":
            return
        award = to_struct(Award, row)
        request = PurchaseRequest(
            machine_id=rfq.machine_id,
            key=f"rfq {rfq_id}",
            lines=[(rfq.sku, award.quantity)],
            agreed={rfq.sku: award.unit_price},
            agreed_in=award.currency,
            why={"rfq": str(rfq_id), "quote": str(award.quote_id), "unit_price": award.unit_price},
        )
        try:
            purchase = await buyer.buy(request)
        except (NotFound, InvalidValue) as error:
            async with context.database.transaction() as db:
                await note_order(db, rfq_id, None, reason=error.code, now=context.clock.now())
            return
        if purchase.state == "claimed":
            raise StillPaying
        async with context.database.transaction() as db:
            await note_order(db, rfq_id, purchase, reason=purchase.reason, now=context.clock.now())

    return Job(name=ORDER, handle=handle, max_attempts=20)


async def note_order(
    db: Connection, rfq_id: UUID, purchase: Purchase | None, *, reason: str | None, now: datetime
) -> None:
    """What became of an award's order; noted once. Emits rfq.ordered."""
    state = _STATES.get(purchase.state, "refused") if purchase is not None else "refused"
    party_id = await db.fetchval(
        """
        update award a set state = $2, purchase_id = $3, reason = $4
        from rfq r where r.id = a.rfq_id and a.rfq_id = $1 and a.state = 'ordering' returning r.party_id
        """,
        rfq_id,
        state,
        purchase.id if purchase is not None else None,
        reason,
    )
    if party_id is None:
        return
    told = RfqOrdered(state=state, purchase_id=purchase.id if purchase is not None else None, reason=reason)
    happened = Happened(payload=told, subject=f"rfq:{rfq_id}", occurred_at=now, customer_id=party_id)
    await emit(db, [happened], actor=_MARKET)
