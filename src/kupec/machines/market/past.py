"""Requests that were decided before this shop kept them: imported, and a story of some months to show the market by."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.machines.market.deciding import name_winner
from kupec.machines.market.events import RfqAwarded
from kupec.machines.market.models import OWN, Ask, Bid, Named

_OPEN = timedelta(minutes=5)
_RIVALS = ("seller-a", "seller-b", "seller-c")


class PastQuote(msgspec.Struct, frozen=True, kw_only=True):
    seller: str
    unit_price: int
    lead_days: int


class PastRfq(msgspec.Struct, frozen=True, kw_only=True):
    """A request of long ago: `winner` is the index of the quote that the buyer took."""

    buyer: str
    key: str
    sku: str
    quantity: int
    market: str
    currency: str
    asked_at: datetime
    quotes: list[PastQuote]
    winner: int


async def import_rfqs(
    db: Connection, pasts: Sequence[PastRfq], machines: Mapping[str, UUID], *, actor: Actor, now: datetime
) -> int:
    """Keep decided requests; how many are new. `machines` tells which machine a `buyer` is.

    They order nothing and start nothing; they are learnt from, and can be replayed. Needs settings.write. Raises
    InvalidValue for a buyer that `machines` lacks. Emits rfq.awarded for each, as imported.
    """
    actor.require("settings.write")
    unknown = sorted({past.buyer for past in pasts} - set(machines))
    if unknown:
        raise InvalidValue(field="buyer", expected=", ".join(sorted(machines)))
    owners = await db.fetch("select id, party_id from machine where id = any($1::uuid[])", list(machines.values()))
    parties = {row["id"]: row["party_id"] for row in owners}
    return sum([await _keep(db, past, machines[past.buyer], parties, actor) for past in pasts])


async def _keep(db: Connection, past: PastRfq, machine_id: UUID, parties: Mapping[UUID, UUID], actor: Actor) -> bool:
    rfq_id, deadline = uuid7(), past.asked_at + _OPEN
    decided_at = deadline + timedelta(minutes=1)
    rule = Named(minutes=60)
    bids = [
        Bid(
            id=uuid7(),
            seller=quote.seller,
            unit_price=quote.unit_price,
            lead_days=quote.lead_days,
            quantity=past.quantity,
            received_at=past.asked_at + timedelta(seconds=10 + number),
        )
        for number, quote in enumerate(past.quotes)
    ]
    ask = Ask(rfq_id=rfq_id, quantity=past.quantity, most_price=None, within_days=None, deadline=deadline, rule=rule)
    winner = bids[past.winner]
    verdict = name_winner(ask, bids, winner.id)
    new = await db.fetchval(
        """
        insert into rfq (id, machine_id, party_id, key, request_hash, sku, variant_id, market, currency, quantity, rule,
                         opened_at, deadline, choose_until, state, decided_at, verdict, origin)
        values ($1, $2, $3, $4, '', $5, (select id from variant where sku = $5), $6, $7, $8, $9, $10, $11, $12,
                'awarded', $13, $14, 'imported')
        on conflict (machine_id, key) do nothing returning id
        """,
        rfq_id,
        machine_id,
        parties[machine_id],
        past.key,
        past.sku,
        past.market,
        past.currency,
        past.quantity,
        msgspec.to_builtins(rule),
        past.asked_at,
        deadline,
        deadline + timedelta(minutes=60),
        decided_at,
        msgspec.to_builtins(verdict),
    )
    if new is None:
        return False
    await db.executemany(
        """
        insert into quote (id, rfq_id, seller, unit_price, lead_days, quantity, received_at, state)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (
                bid.id,
                rfq_id,
                bid.seller,
                bid.unit_price,
                bid.lead_days,
                bid.quantity,
                bid.received_at,
                "won" if bid.id == winner.id else "lost",
            )
            for bid in bids
        ],
    )
    await db.execute(
        """
        insert into award (rfq_id, quote_id, seller, unit_price, quantity, currency, awarded_at, state)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        rfq_id,
        winner.id,
        winner.seller,
        winner.unit_price,
        past.quantity,
        past.currency,
        decided_at,
        "ordered" if winner.seller == OWN else "told",
    )
    told = RfqAwarded(
        quote_id=winner.id,
        seller=winner.seller,
        unit_price=winner.unit_price,
        quantity=past.quantity,
        currency=past.currency,
        quotes=len(bids),
    )
    happened = Happened(payload=told, subject=f"rfq:{rfq_id}", occurred_at=decided_at, customer_id=parties[machine_id])
    await emit(db, [happened], actor=actor, origin="imported")
    return True


def market_story(
    *, until: datetime, sku: str, list_price: int, market: str, currency: str, months: int = 5, seed: int = 7
) -> list[PastRfq]:
    """Some months of three machines that choose in three ways, against three other sellers. Pure: a seed, a story.

    "hotel" always takes the cheapest that is there within two days. "clinic" weighs, a day above all. "office" stays
    with whom it bought from last unless another is clearly cheaper, and likes this shop.
    """
    chance = random.Random(seed)  # noqa: S311 - a story, no secret
    begin = until - timedelta(days=30 * months)
    found = []
    for buyer, every, pieces in (("hotel", 3, 24), ("clinic", 4, 6), ("office", 5, 12)):
        last, at = "", begin + timedelta(hours=8 + chance.randrange(8))
        while at < until - timedelta(hours=3):
            quotes = _quotes(chance, list_price, pieces)
            winner = _chosen(chance, buyer, quotes, last)
            found.append(
                PastRfq(
                    buyer=buyer,
                    key=f"past {buyer} {at:%Y-%m-%d %H:%M}",
                    sku=sku,
                    quantity=pieces,
                    market=market,
                    currency=currency,
                    asked_at=at,
                    quotes=quotes,
                    winner=winner,
                )
            )
            last = quotes[winner].seller
            at += timedelta(days=every - 1 + chance.randrange(3), hours=chance.randrange(5) - 2)
    return sorted(found, key=lambda past: (past.asked_at, past.buyer))


def _quotes(chance: random.Random, list_price: int, pieces: int) -> list[PastQuote]:
    """Ours is near the list price and quick; of the others one is cheap and slow, one quick and dear, one between."""
    off = 0.97 if pieces >= 10 else 1.0
    sellers = (
        (OWN, 0.93, (1, 2, 2, 3)),
        *zip(_RIVALS, (0.84, 1.0, 0.92), ((2, 4, 5), (0, 1, 1), (1, 2, 3, 4)), strict=True),
    )
    return [
        PastQuote(
            seller=seller,
            unit_price=round(list_price * level * off * chance.uniform(0.94, 1.07)),
            lead_days=chance.choice(days),
        )
        for seller, level, days in sellers
        if seller == OWN or chance.random() < 0.9
    ] or [PastQuote(seller=OWN, unit_price=list_price, lead_days=2)]


def _chosen(chance: random.Random, buyer: str, quotes: Sequence[PastQuote], last: str) -> int:
    everybody = range(len(quotes))
    if buyer == "hotel":
        quick = [number for number in everybody if quotes[number].lead_days <= 2] or list(everybody)
        return min(quick, key=lambda number: (quotes[number].unit_price, quotes[number].lead_days))
    low = min(quote.unit_price for quote in quotes)

    def worth(quote: PastQuote) -> float:
        dearer = quote.unit_price / low - 1
        if buyer == "clinic":
            return -8 * dearer - 1.6 * quote.lead_days
        return -14 * dearer - 0.2 * quote.lead_days + 1.8 * (quote.seller == last) + 0.9 * (quote.seller == OWN)

    return max(everybody, key=lambda number: worth(quotes[number]) + chance.gammavariate(1, 1) * 0.6)
