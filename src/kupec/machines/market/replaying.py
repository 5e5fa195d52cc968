"""The proof: from what is stored, the quotes by policy are made again and the award is decided again."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.machines.market.deciding import decide, in_time, name_winner
from kupec.machines.market.errors import Sealed
from kupec.machines.market.models import Quote, Rfq, Verdict
from kupec.machines.market.quoting import GoodsPolicy, Offer, quote_of
from kupec.machines.market.rows import READ, get_rfq, is_machine, sealed_quotes


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """`same` where everything came out as it is stored; `differences` says what did not, in figures and ids.

    `decided`: how many quotes were judged again; `remade`: how many of those a policy made again.
    """

    rfq_id: UUID
    same: bool
    decided: int
    remade: int
    differences: list[str]


async def replay(db: Connection, rfq_id: UUID, *, actor: Actor, now: datetime) -> Replayed:
    """Decide a decided request again from its stored record alone. Changes nothing.

    For its machine, its owner and the desk (customers.read). Raises NotFound, Forbidden, Sealed.
    """
    rfq = await get_rfq(db, rfq_id)
    if not is_machine(actor, rfq.machine_id):
        actor.require_for(rfq.party_id, READ, role="buyer")
    if rfq.state in ("open", "choosing"):
        raise Sealed(deadline=(rfq.choose_until or rfq.deadline).isoformat())
    return compare(rfq, await sealed_quotes(db, [rfq_id]))


def compare(rfq: Rfq, quotes: list[Quote]) -> Replayed:
    """What a replay finds. Pure."""
    counted = [quote for quote in quotes if quote.state not in ("replaced", "late")]
    bids = [quote.bid() for quote in counted]
    stored = rfq.verdict
    again: Verdict | None = decide(rfq.ask(), bids)
    if stored is not None and stored.reason == "named" and stored.winner is not None:
        again = name_winner(rfq.ask(), bids, stored.winner)
    differences = []
    if again != stored:
        differences.append(f"verdict: {stored and stored.winner} is {again and again.winner} now")
    differences += _fates(rfq, quotes)
    made = [quote for quote in counted if quote.basis is not None]
    differences += [f"quote {quote.id}: its policy quotes otherwise" for quote in made if not _made_again(rfq, quote)]
    return Replayed(
        rfq_id=rfq.id, same=not differences, decided=len(counted), remade=len(made), differences=differences
    )


def _fates(rfq: Rfq, quotes: list[Quote]) -> list[str]:
    """Rows that tell another story than the verdict."""
    winner = rfq.verdict.winner if rfq.verdict is not None else None
    found = [
        f"quote {quote.id}: {quote.state}"
        for quote in quotes
        if quote.state in ("won", "lost", "sealed") and quote.state != ("won" if quote.id == winner else "lost")
    ]
    late = [quote for quote in quotes if quote.state == "late"]
    return found + [f"quote {quote.id}: in time, yet late" for quote in late if _was_in_time(rfq, quote.received_at)]


def _was_in_time(rfq: Rfq, received_at: datetime) -> bool:
    """What came in by a slow clock once the seals were broken is late all the same."""
    opened = rfq.decided_at or rfq.deadline
    return in_time(received_at, rfq.deadline) and received_at < opened <= rfq.deadline


def _made_again(rfq: Rfq, quote: Quote) -> bool:
    basis = quote.basis or {}
    made = quote_of(
        msgspec.convert(basis["policy"], GoodsPolicy),
        quantity=rfq.quantity,
        within_days=rfq.within_days,
        promised=basis["promised"],
    )
    return made == Offer(unit_price=quote.unit_price, lead_days=quote.lead_days, quantity=quote.quantity)
