"""The choices that were seen: of the market's awards, and of what was observed elsewhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7
from kupec.machines.choice.events import ChoiceObserved
from kupec.machines.choice.models import ChoiceSeen, OfferSeen
from kupec.machines.market import OWN

_LAST = 5_000  # choices are learnt from, the latest: what machines did long ago they may not do now


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a machine could have taken. `seller` "own" is this shop."""

    seller: str
    unit_price: int
    lead_days: int = 0


class NewObservation(msgspec.Struct, frozen=True, kw_only=True):
    """A choice seen elsewhere: of goods, of a supplier. `key` is its name at its `source`."""

    source: str
    key: str
    sku: str
    currency: str
    seen_at: datetime
    alternatives: list[Alternative]
    chosen: int


async def observe_choice(
    db: Connection, machine_id: UUID, seen: NewObservation, *, actor: Actor, now: datetime
) -> bool:
    """Keep a choice to learn from; False where this one is known. Needs settings.write.

    Raises NotFound, InvalidValue. Emits choice.observed.
    """
    actor.require("settings.write")
    if not 0 <= seen.chosen < len(seen.alternatives) or len(seen.alternatives) < 2:
        raise InvalidValue(field="chosen", expected="one of at least two alternatives")
    if any(one.unit_price < 1 or one.lead_days < 0 for one in seen.alternatives):
        raise InvalidValue(field="alternatives", expected="prices above zero and days of at least zero")
    party_id = await db.fetchval("select party_id from machine where id = $1", machine_id)
    if party_id is None:
        raise NotFound(what="machine")
    new = await db.fetchval(
        """
        insert into observed_choice (id, machine_id, source, key, sku, currency, seen_at, alternatives, chosen)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (source, key) do nothing returning id
        """,
        uuid7(),
        machine_id,
        seen.source,
        seen.key,
        seen.sku,
        seen.currency,
        seen.seen_at,
        msgspec.to_builtins(seen.alternatives),
        seen.chosen,
    )
    if new is None:
        return False
    told = ChoiceObserved(source=seen.source, alternatives=len(seen.alternatives))
    happened = Happened(payload=told, subject=f"machine:{machine_id}", occurred_at=now, customer_id=party_id)
    await emit(db, [happened], actor=actor)
    return True


async def choices_seen(db: Connection, *, machine_id: UUID | None = None, limit: int = _LAST) -> list[ChoiceSeen]:
    """The latest choices, the oldest of them first; each offer says whether its seller had won the one before."""
    rows = await db.fetch(
        """
        select * from (
            select r.machine_id, r.decided_at as at, r.sku, r.currency, r.quantity, r.id as rfq_id,
                   jsonb_agg(jsonb_build_object('seller', q.seller, 'unit_price', q.unit_price,
                                                'lead_days', q.lead_days, 'won', q.state = 'won')
                             order by q.unit_price, q.lead_days, q.id) as offers
            from rfq r
            join quote q on q.rfq_id = r.id and q.state in ('won', 'sealed', 'lost')
            join lateral jsonb_array_elements(r.verdict -> 'judged') j
              on j ->> 'quote_id' = q.id::text and j ->> 'fate' in ('won', 'lost')
            where r.state = 'awarded' and ($1::uuid is null or r.machine_id = $1)
            group by r.id
            union all
            select o.machine_id, o.seen_at, o.sku, o.currency, 1, null,
                   (select jsonb_agg(a.value || jsonb_build_object('won', a.number = o.chosen + 1) order by a.number)
                    from jsonb_array_elements(o.alternatives) with ordinality as a (value, number))
            from observed_choice o
            where $1::uuid is null or o.machine_id = $1
        ) as seen
        order by at desc, rfq_id desc nulls last limit $2
        """,
        machine_id,
        limit,
    )
    return _followed(rows[::-1])


def _followed(rows: Sequence[Any]) -> list[ChoiceSeen]:
    last: dict[UUID, str] = {}
    found = []
    for row in rows:
        before = last.get(row["machine_id"])
        offers = [
            OfferSeen(
                seller=one["seller"],
                unit_price=one["unit_price"],
                lead_days=one["lead_days"],
                known=one["seller"] == before,
                ours=one["seller"] == OWN,
            )
            for one in row["offers"]
        ]
        chosen = next(number for number, one in enumerate(row["offers"]) if one["won"])
        last[row["machine_id"]] = offers[chosen].seller
        found.append(
            ChoiceSeen(
                machine_id=row["machine_id"],
                at=row["at"],
                sku=row["sku"],
                currency=row["currency"],
                quantity=row["quantity"],
                offers=offers,
                chosen=chosen,
                rfq_id=row["rfq_id"],
            )
        )
    return found
