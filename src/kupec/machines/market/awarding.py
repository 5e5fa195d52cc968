"""After the deadline: the seals are broken, the rule is applied, the winner is told, the order is set going."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.jobs import enqueue
from kupec.machines.market.deciding import decide, in_time, name_winner
from kupec.machines.market.errors import NotChoosing
from kupec.machines.market.events import RfqAwarded, RfqFailed, RfqOpenedUp
from kupec.machines.market.models import OWN, Named, Quote, Rfq, Verdict
from kupec.machines.market.rows import RFQ, get_rfq, require_machine, rfq_of

ORDER = "market.order"
_MARKET = system("market")
_AT_ONCE = 10  # requests in a transaction: with a thousand quotes each it stays well under a second


async def decide_due(db: Connection, now: datetime, limit: int) -> int:
    """Decide what has passed its deadline, and give up what its buyer has not named a winner of in time.

    Emits rfq.awarded, rfq.failed or rfq.opened_up for each.
    """
    rows = await db.fetch(
        f"select {RFQ} from rfq where (state = 'open' and deadline < $1) "  # noqa: S608
        "or (state = 'choosing' and choose_until < $1) order by deadline, id limit $2 for update skip locked",
        now,
        min(limit, _AT_ONCE),
    )
    await _decide(db, [rfq_of(row) for row in rows], now)
    # The one who calls goes on while as many as the limit were handled.
    return limit if len(rows) == _AT_ONCE < limit else len(rows)


async def waiting_to_be_decided(db: Connection, now: datetime) -> int:
    """Requests past their deadline."""
    found: int = await db.fetchval("select count(*) from rfq where state = 'open' and deadline < $1", now)
    return found


async def decide_rfq(db: Connection, rfq_id: UUID, *, now: datetime) -> Rfq:
    """Decide one request if it is due, whoever looks first; as it stands then. Raises NotFound."""
    rfq = await get_rfq(db, rfq_id)
    if rfq.state != "open" or in_time(now, rfq.deadline):
        return rfq
    rfq = await get_rfq(db, rfq_id, lock="for update")
    if rfq.state == "open":
        await _decide(db, [rfq], now)
    return await get_rfq(db, rfq_id)


async def choose_quote(db: Connection, rfq_id: UUID, quote_id: UUID, *, actor: Actor, now: datetime) -> Rfq:
    """The buyer names the winner where its rule says so. Naming the same again changes nothing.

    Raises Forbidden, NotFound, NotChoosing. Emits rfq.awarded.
    """
    rfq = await get_rfq(db, rfq_id, lock="for update")
    require_machine(actor, rfq.machine_id)
    if rfq.state == "awarded" and rfq.verdict is not None and rfq.verdict.winner == quote_id:
        return rfq
    if rfq.state != "choosing" or rfq.choose_until is None or now > rfq.choose_until:
        raise NotChoosing
    quotes = await _counting(db, [rfq])
    verdict = name_winner(rfq.ask(), [quote.bid() for quote in quotes[rfq.id]], quote_id)
    if verdict is None:
        raise NotChoosing
    await _write(db, [(rfq, verdict, quotes[rfq.id])], actor=actor, now=now)
    return await get_rfq(db, rfq_id)


async def _decide(db: Connection, rfqs: Sequence[Rfq], now: datetime) -> None:
    if not rfqs:
        return
    quotes = await _counting(db, rfqs)
    decided = []
    for rfq in rfqs:
        verdict = decide(rfq.ask(), [quote.bid() for quote in quotes[rfq.id]])
        decided.append((rfq, verdict, quotes[rfq.id]))
    opened = [one for one in decided if one[1].open_to and one[0].state == "open"]
    if opened:
        await _open_up(db, opened, now)
    if rest := [one for one in decided if one not in opened]:
        await _write(db, rest, actor=_MARKET, now=now)


async def _counting(db: Connection, rfqs: Sequence[Rfq]) -> dict[UUID, list[Quote]]:
    """The quotes that are looked at: neither replaced ones nor late ones."""
    found: dict[UUID, list[Quote]] = defaultdict(list)
    rows = await db.fetch(
        "select id, rfq_id, seller, machine_id, unit_price, lead_days, quantity, received_at, state, null as basis "
        "from quote where rfq_id = any($1::uuid[]) and state = 'sealed'",
        [rfq.id for rfq in rfqs],
    )
    for quote in to_structs(Quote, rows):
        found[quote.rfq_id].append(quote)
    return found


_Decided = tuple[Rfq, Verdict, list[Quote]]


async def _open_up(db: Connection, decided: Sequence[_Decided], now: datetime) -> None:
    """The buyers may look, and name."""
    until = [now + timedelta(minutes=rfq.rule.minutes if isinstance(rfq.rule, Named) else 0) for rfq, _, _ in decided]
    await db.execute(
        """
        update rfq r set state = 'choosing', choose_until = c.until
        from unnest($1::uuid[], $2::timestamptz[]) as c (id, until) where r.id = c.id
        """,
        [rfq.id for rfq, _, _ in decided],
        until,
    )
    told = [
        _happened(rfq, RfqOpenedUp(quotes=len(quotes), valid=len(verdict.open_to)), now)
        for rfq, verdict, quotes in decided
    ]
    await emit(db, told, actor=_MARKET)


async def _write(db: Connection, decided: Sequence[_Decided], *, actor: Actor, now: datetime) -> None:
    await db.execute(
        """
        update rfq r
        set state = case when d.winner is null then 'failed' else 'awarded' end, decided_at = $2, verdict = d.verdict,
            reason = case when d.winner is null then d.verdict ->> 'reason' end
        from unnest($1::uuid[], $3::uuid[], $4::jsonb[]) as d (id, winner, verdict) where r.id = d.id
        """,
        [rfq.id for rfq, _, _ in decided],
        now,
        [verdict.winner for _, verdict, _ in decided],
        [msgspec.to_builtins(verdict) for _, verdict, _ in decided],
    )
    await db.execute(
        "update quote set state = 'won' where id = any($1::uuid[])",
        [verdict.winner for _, verdict, _ in decided if verdict.winner is not None],
    )
    won = [
        (rfq, next(quote for quote in quotes if quote.id == verdict.winner))
        for rfq, verdict, quotes in decided
        if verdict.winner is not None
    ]
    await _award(db, won, now)
    await emit(db, [_told(rfq, verdict, quotes, now) for rfq, verdict, quotes in decided], actor=actor)


async def _award(db: Connection, won: Sequence[tuple[Rfq, Quote]], now: datetime) -> None:
    """Of what this shop has won, the order is placed by a job."""
    await db.execute(
        """
        insert into award (rfq_id, quote_id, seller, unit_price, quantity, currency, awarded_at, state)
        select rfq_id, quote_id, seller, price, pieces, currency, $1,
               case seller when $8 then 'ordering' else 'told' end
        from unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::int[], $7::text[])
             as a (rfq_id, quote_id, seller, price, pieces, currency)
        """,
        now,
        [rfq.id for rfq, _ in won],
        [quote.id for _, quote in won],
        [quote.seller for _, quote in won],
        [quote.unit_price for _, quote in won],
        [rfq.quantity for rfq, _ in won],
        [rfq.currency for rfq, _ in won],
        OWN,
    )
    await enqueue(db, [(ORDER, {"rfq_id": str(rfq.id)}) for rfq, quote in won if quote.seller == OWN])


def _told(rfq: Rfq, verdict: Verdict, quotes: Sequence[Quote], now: datetime) -> Happened:
    winner = next((quote for quote in quotes if quote.id == verdict.winner), None)
    if winner is None:
        return _happened(rfq, RfqFailed(reason=verdict.reason, quotes=len(quotes)), now)
    awarded = RfqAwarded(
        quote_id=winner.id,
        seller=winner.seller,
        unit_price=winner.unit_price,
        quantity=rfq.quantity,
        currency=rfq.currency,
        quotes=len(quotes),
        tie=verdict.tie,
    )
    return _happened(rfq, awarded, now)


def _happened(rfq: Rfq, payload: Payload, now: datetime) -> Happened:
    return Happened(payload=payload, subject=f"rfq:{rfq.id}", occurred_at=now, customer_id=rfq.party_id)
