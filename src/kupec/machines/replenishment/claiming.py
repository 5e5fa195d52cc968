"""Devices whose time has come are looked at: what became of their orders is noted, what is due is taken in hand."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.machines.replenishment.deciding import pieces_for, terms_of
from kupec.machines.replenishment.models import Policy, ReplenishmentOrder
from kupec.machines.replenishment.news import note_news
from kupec.machines.replenishment.noting import again_at
from kupec.machines.replenishment.pricing import price_steps
from kupec.machines.replenishment.quantities import Quantity, Terms
from kupec.machines.replenishment.rows import ORDER_COLUMNS, POLICY_COLUMNS, read_policies
from kupec.machines.replenishment.surveying import Survey, survey

_SOONEST = timedelta(minutes=15)
_NEW = timedelta(days=2)
# Whoever changes a policy locks it: a worker passes by, and comes again.
_DUE = f"""
select {POLICY_COLUMNS} from replenishment_policy policy
 where next_review_at <= $1 order by next_review_at, id limit $2 for no key update skip locked
"""  # noqa: S608
# Two policies that want the same for one device (a part for its wear and for an error): one order is enough.
_INSERT = f"""
insert into replenishment_order as o (id, policy_id, machine_id, number, sku, quantity, content, state, why,
                                      meter_value, error_at, created_at)
values ($1, $2, $3, $4, $5, $6, $7, 'claimed', $8, $9, $10, $11)
    on conflict (machine_id, sku) where state in ('claimed', 'asked', 'ordered') do nothing
returning {ORDER_COLUMNS}
"""  # noqa: S608
_AGAIN = f"""
update replenishment_order o set state = 'claimed', attempt = attempt + 1, quantity = $2, sku = $3, content = $4,
                                 why = $5, code = '', purchase_id = null
 where id = $1 and state in ('refused', 'failed')
   and not exists (select from replenishment_order other where other.machine_id = o.machine_id and other.sku = $3
                      and other.state in ('claimed', 'asked', 'ordered'))
returning {ORDER_COLUMNS}
"""  # noqa: S608
_KEEP = """
update replenishment_policy set next_review_at = $2, reviewed_at = $3, shelf = $4, marked_on = $5, marked_filled = $6,
                                wake_at = $7, counter_base = $8, blocked = $9, blocked_fields = $10
 where id = $1
"""


class InHand(msgspec.Struct, frozen=True, kw_only=True):
    """An order that a worker is to make: which device's, and which try it is."""

    policy: Policy
    order: ReplenishmentOrder


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has looked at: `orders` are to be made, `taken` counts the policies."""

    orders: list[InHand]
    taken: int


async def claim_reviews(db: Connection, *, now: datetime, limit: int, lease: timedelta) -> Review:
    """Look at policies whose time has come; what is due is an order in hand until now + `lease`.

    What a worker had in hand when it died is taken again when its lease has run out, as the same try. Policies that
    somebody changes at this moment are passed by. Emits what `note_news` does.
    """
    policies = [Policy(**dict(row)) for row in await db.fetch(_DUE, now, limit)]
    if not policies:
        return Review(orders=[], taken=0)
    await note_news(db, policies, now=now)
    # What was just called off, or denied, rests.
    still = await read_policies(
        db,
        "where id = any($1::uuid[]) and next_review_at <= $2 order by next_review_at, id",
        *([one.id for one in policies], now),
    )
    orders = []
    for found in await survey(db, still, now=now):
        order = await _take(db, found, now)
        await _keep(db, found, order, now=now, lease=lease)
        if order is not None:
            orders.append(InHand(policy=found.policy, order=order))
    return Review(orders=orders, taken=len(policies))


async def _take(db: Connection, found: Survey, now: datetime) -> ReplenishmentOrder | None:
    """The order that is to be made now: one that a worker died over, one refused before, or a new one."""
    last = found.last
    if last is not None and last.state == "claimed":
        return last
    if not found.due or (last is not None and last.under_way):
        return None
    quantity, why = await _how_many(db, found, now)
    content = found.seen.content if found.seen else 0.0
    if last is not None and last.state in ("refused", "failed"):
        if not _worth_another_try(found, last, quantity):
            return None
        row = await db.fetchrow(_AGAIN, last.id, quantity.pieces, found.policy.sku, content, why)
    else:
        row = await db.fetchrow(
            _INSERT,
            *(uuid7(), found.policy.id, found.policy.machine_id, last.number + 1 if last else 1, found.policy.sku),
            *(quantity.pieces, content, why, found.meter.value if found.meter else None, found.error_at, now),
        )
    return ReplenishmentOrder(**dict(row)) if row else None


def _worth_another_try(found: Survey, last: ReplenishmentOrder, quantity: Quantity) -> bool:
    """What was cut down to a budget is tried only where it is fewer than what the budget refused."""
    if "left" not in found.policy.blocked_fields:
        return True
    return quantity.reason != "beyond" and quantity.pieces < last.quantity


async def _how_many(db: Connection, found: Survey, now: datetime) -> tuple[Quantity, dict[str, Any]]:
    policy = found.policy
    if found.seen is None or found.prospect is None:
        why = {"reason": found.due, "meter": policy.meter, "value": found.meter.value if found.meter else None}
        return Quantity(pieces=1, reason="cover"), why
    steps = await price_steps(db, policy.machine_id, policy.sku, now=now)
    left = policy.blocked_fields.get("left")
    terms = terms_of(
        found.rules,
        policy.sku,
        steps.currency if steps else "",
        most_pieces=policy.most_pieces,
        budget=left if isinstance(left, int) else None,
    )
    quantity = (
        pieces_for(found.seen, found.prospect, found.rules, terms, steps.price)
        if steps
        else pieces_for(found.seen, found.prospect, found.rules, _unpriced(terms), lambda _pieces: 0)
    )
    why = {
        "reason": found.due,
        "meter": policy.meter,
        "level": round(found.seen.level, 2),
        "shelf": round(found.seen.shelf, 2),
        "rate": round(found.seen.forecast.rate, 2),
        "lead_days": round(found.seen.lead.days, 1),
        "reorder_at": round(found.prospect.reorder_at, 2),
        "quantity_for": quantity.reason,
    }
    return quantity, why


def _unpriced(terms: Terms) -> Terms:
    """Where no price is known none can be weighed: the fewest that do."""
    return msgspec.structs.replace(terms, order_cost=0, budget=None)


async def _keep(
    db: Connection, found: Survey, order: ReplenishmentOrder | None, *, now: datetime, lease: timedelta
) -> None:
    """Write what was counted, and when to look again. What is not due is not in anybody's way any more."""
    policy, seen = found.policy, found.seen
    blocked = policy.blocked if found.due or order is not None else ""
    fields = dict(policy.blocked_fields) if blocked else {}
    if order is not None:
        look = now + lease
    elif blocked:
        fields.pop("left", None)
        look = again_at(blocked, fields, policy.tries, found.rules, now)
    else:
        look = _next_look(found, now)
    await db.execute(
        _KEEP,
        *(policy.id, look, now),
        *(seen.shelf if seen else policy.shelf, *(found.mark or (policy.marked_on, policy.marked_filled))),
        *(_wake_at(found), _counter_base(found)),
        *(blocked, fields),
    )


def _counter_base(found: Survey) -> float | None:
    """From where a counter is counted: known once it was read."""
    if found.policy.counter_base is not None or found.service is None or found.service.counter is None:
        return found.policy.counter_base
    return found.service.done_counter


def _next_look(found: Survey, now: datetime) -> datetime:
    """As often as the rules say; sooner where it is going to be due before that."""
    usual = now + timedelta(hours=found.rules.review_hours)
    if found.last is not None and found.last.under_way:
        return usual
    new = found.hold == "no_reading" and now - found.policy.created_at < _NEW
    if found.hold == "suspicious" or new:
        return now + _SOONEST
    if found.prospect is not None and not found.hold:
        return min(usual, now + max(_SOONEST, timedelta(days=found.prospect.order_in_days)))
    return usual


def _wake_at(found: Survey) -> float | None:
    """The value at which there is no waiting for the next look: of goods from there down, of others from there up."""
    need = found.need
    waits = found.last is not None and (found.last.under_way or found.last.state == "delivered")
    if need is None or need.meter is None or waits:
        return None
    if found.policy.kind == "part":
        return need.limit
    if found.service is not None:
        return found.service.done_counter + need.every if need.every else None
    if found.prospect is None or found.seen is None or need.meter.rises:
        return None
    level = found.prospect.reorder_at - found.seen.shelf - found.seen.on_way
    return need.meter.empty + level if level > 0 else None


async def wake_low(db: Connection, now: datetime, limit: int) -> int:
    """Devices that used more than was foreseen, or came to a mark, are looked at at once: at most `limit`.

    Returns how many policies those were.
    """
    rows = await db.fetch(
        """
        update replenishment_policy set next_review_at = $1
         where id in (
            select policy.id from replenishment_policy policy
              join device_meter meter on meter.machine_id = policy.machine_id and meter.meter = policy.meter
             where policy.next_review_at > $1 and policy.blocked = ''
               and case when policy.kind = 'goods' then meter.value <= policy.wake_at
                        else meter.value >= policy.wake_at end
               and meter.at > policy.reviewed_at
             limit $2 for no key update of policy skip locked)
        returning id
        """,
        now,
        limit,
    )
    return len(rows)


async def waiting_reviews(db: Connection, now: datetime) -> int:
    """How many policies are due to be looked at."""
    found: int = await db.fetchval("select count(*) from replenishment_policy where next_review_at <= $1", now)
    return found
