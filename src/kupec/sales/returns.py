"""Returns: the customer asks, the merchant decides, the goods come in, the money goes back.

requested → approved → received → closed, or → refused. Approving is the decision about the money; what was received
is settled by a job (`settling_returns`). Never more comes back than was delivered. docs/algorithms/delivery.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from kupec.catalogue import Portion, put_back, scrap
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.sales.cancelling import checked_reason
from kupec.sales.delivery_events import ReturnApproved, ReturnReceived, ReturnRefused, ReturnRequested
from kupec.sales.errors import NotReturnable, ReturnTooLate, WrongReturnState
from kupec.sales.models import Order, OrderLine
from kupec.sales.order_lock import locked_order, tell
from kupec.sales.picking import demands
from kupec.sales.return_rows import Return, ReturnLine, get_return, returns_of
from kupec.sales.shipping import tariff

SETTLE_RETURN = "settle_return"
SettleTo = Literal["payment", "store_credit", "exchange"]
RETURN_REASONS = ("changed_mind", "wrong_size", "faulty", "wrong_item", "other")
_LONGEST_NOTE = 1000
_RETURNABLE = ("picking", "shipped", "delivered")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of an order's line to be returned. `exchange_for` is the variant wanted instead."""

    order_line_id: UUID
    quantity: int
    reason: str
    exchange_for: UUID | None = None


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the pieces of a return's line: fit to be sold again, or not."""

    restocked: int = 0
    scrapped: int = 0


class ReturnableLine(msgspec.Struct, frozen=True, kw_only=True):
    line: OrderLine
    pieces: int


async def returnable(db: Connection, order: Order, *, now: datetime) -> list[ReturnableLine]:
    """What may still be returned of an order now; nothing once its days have passed."""
    if order.state not in _RETURNABLE or await _is_late(db, order, now):
        return []
    left = returnable_pieces(order, await returns_of(db, order.id))
    return [ReturnableLine(line=line, pieces=left[line.id]) for line in order.lines if left[line.id] > 0]


def returnable_pieces(order: Order, known: Sequence[Return]) -> dict[UUID, int]:
    """By line: what was delivered less what is coming back already."""
    coming: dict[UUID, int] = defaultdict(int)
    for each in known:
        for line in each.lines if each.state != "refused" else ():
            if line.order_line_id is not None:
                coming[line.order_line_id] += line.quantity
    arrived = delivered_pieces(order)
    return {line.id: arrived[line.id] - coming[line.id] for line in order.lines}


def delivered_pieces(order: Order) -> dict[UUID, int]:
    """By line: pieces that have arrived; of a bundle only whole ones count."""
    if not order.fulfilments and order.origin == "imported" and order.state == "delivered":
        return {line.id: line.quantity for line in order.lines}
    arrived: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for parcel in order.fulfilments:
        for picked in parcel.contents if parcel.state == "delivered" else ():
            arrived[picked.order_line_id, picked.variant_id] += picked.quantity
    return {
        line.id: min(arrived[line.id, variant_id] * line.quantity // total for variant_id, total in demands(line))
        for line in order.lines
    }


async def _is_late(db: Connection, order: Order, now: datetime) -> bool:
    days = (await tariff(db)).document.return_days
    since = max(
        (parcel.delivered_at for parcel in order.fulfilments if parcel.delivered_at),
        default=order.placed_at or order.created_at,
    )
    return now > since + timedelta(days=days)


async def request_return(
    db: Connection,
    order_id: UUID,
    wishes: Sequence[Wish],
    *,
    settle_to: SettleTo,
    note: str = "",
    key: str,
    actor: Actor,
    now: datetime,
) -> Return:
    """Ask to return goods. The same `key` asks once. Emits return.requested.

    Whoever holds the order's link may; staff need "orders.write" and are not held to the days. Raises NotFound,
    WrongOrderState, ReturnTooLate, NotReturnable (field "lines.<line id>"), InvalidValue (the same, "exchange.<line
    id>", "reason.<line id>", "note").
    """
    staff = actor.kind == "staff"
    if staff:
        actor.require("orders.write")
    order = await locked_order(db, order_id, *_RETURNABLE)
    known = await db.fetchval("select id from sales_return where key = $1 and order_id = $2", key, order_id)
    if known is not None:
        return await get_return(db, known)
    if not staff and await _is_late(db, order, now):
        raise ReturnTooLate(days=(await tariff(db)).document.return_days)
    wanted = [wish for wish in wishes if wish.quantity]
    _check(order, await returns_of(db, order_id), wanted, settle_to, note)
    return_id = await _insert(db, order, wanted, settle_to=settle_to, note=note.strip(), key=key, now=now)
    made = await get_return(db, return_id)
    pieces = sum(wish.quantity for wish in wanted)
    payload = ReturnRequested(number=made.number, return_id=return_id, pieces=pieces, settle_to=settle_to)
    await tell(db, order, payload, actor, now)
    return made


def _check(order: Order, known: Sequence[Return], wishes: Sequence[Wish], settle_to: SettleTo, note: str) -> None:
    lines = {line.id: line for line in order.lines}
    left = returnable_pieces(order, known)
    if not wishes:
        raise InvalidValue(field="lines", expected="at least one piece to return")
    if len({wish.order_line_id for wish in wishes}) != len(wishes):
        raise InvalidValue(field="lines", expected="each line once")
    if len(note) > _LONGEST_NOTE:
        raise InvalidValue(field="note", expected="at most 1000 characters")
    for wish in wishes:
        line = lines.get(wish.order_line_id)
        if line is None:
            raise NotFound(what="line")
        if wish.quantity < 0 or wish.quantity > left[line.id]:
            raise NotReturnable(field=f"lines.{line.id}", pieces=max(0, left[line.id]), name=line.name)
        if wish.reason not in RETURN_REASONS:
            raise InvalidValue(field=f"reason.{line.id}", expected="one of the reasons")
        if (settle_to == "exchange") != (wish.exchange_for is not None):
            raise InvalidValue(field=f"exchange.{line.id}", expected="what to send instead")


async def _insert(
    db: Connection, order: Order, wishes: Sequence[Wish], *, settle_to: SettleTo, note: str, key: str, now: datetime
) -> UUID:
    lines = {line.id: line for line in order.lines}
    total = sum(
        lines[wish.order_line_id].total * wish.quantity // lines[wish.order_line_id].quantity for wish in wishes
    )
    return_id = uuid7()
    await db.execute(
        """
        insert into sales_return (id, order_id, customer_id, currency, total, number, state, settle_to, note, key,
                                  requested_at)
        values ($1, $2, $3, $4, $5, 'R' || nextval('return_number')::text, 'requested', $6, $7, $8, $9)
        """,
        *(return_id, order.id, order.customer_id, order.currency, total, settle_to, note, key, now),
    )
    await db.executemany(
        """
        insert into return_line (id, return_id, variant_id, sku, name, quantity, unit_amount, order_line_id, position,
                                 reason, exchange_for)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        [
            (
                uuid7(),
                return_id,
                line.variant_id,
                line.sku,
                line.name,
                wish.quantity,
                line.total // line.quantity,
                line.id,
                position,
                wish.reason,
                wish.exchange_for,
            )
            for position, wish in enumerate(wishes)
            for line in [lines[wish.order_line_id]]
        ],
    )
    return return_id


async def _locked(db: Connection, return_id: UUID, *states: str) -> tuple[Return, Order]:
    """A return in one of `states`, with its order locked. Raises NotFound, WrongReturnState."""
    order_id = await db.fetchval("select order_id from sales_return where id = $1 and number is not null", return_id)
    if order_id is None:
        raise NotFound(what="return")
    order = await locked_order(db, order_id, *_RETURNABLE)
    found = await get_return(db, return_id)
    if found.state not in states:
        raise WrongReturnState(number=found.number)
    return found, order


async def approve_return(db: Connection, return_id: UUID, *, note: str = "", actor: Actor, now: datetime) -> Return:
    """The goods may come, and what comes will be given back or exchanged. Emits return.approved.

    Needs "orders.refund"; raises NotFound, WrongReturnState.
    """
    actor.require("orders.refund")
    found, order = await _locked(db, return_id, "requested")
    await db.execute(
        "update sales_return set state = 'approved', decided_at = $2, decision = $3 where id = $1",
        *(return_id, now, note.strip()[:_LONGEST_NOTE]),
    )
    await tell(db, order, ReturnApproved(number=found.number, return_id=return_id), actor, now)
    return await get_return(db, return_id)


async def refuse_return(db: Connection, return_id: UUID, *, reason: str, actor: Actor, now: datetime) -> Return:
    """The goods may not come; the customer is told why. Emits return.refused.

    Needs "orders.refund"; raises NotFound, WrongReturnState, InvalidValue (field "reason").
    """
    actor.require("orders.refund")
    reason = checked_reason(reason)
    found, order = await _locked(db, return_id, "requested", "approved")
    await db.execute(
        "update sales_return set state = 'refused', decided_at = $2, decision = $3 where id = $1",
        *(return_id, now, reason),
    )
    await tell(db, order, ReturnRefused(number=found.number, return_id=return_id, reason=reason), actor, now)
    return await get_return(db, return_id)


async def receive_return(
    db: Connection,
    return_id: UUID,
    arrived: Mapping[UUID, Arrived],
    *,
    location_id: UUID,
    actor: Actor,
    now: datetime,
) -> Return:
    """The goods are here: each piece goes back on the shelf or is scrapped. Emits return.received, stock.moved.

    `arrived` is by the return's line; pieces that did not come are left out and not given back. The money follows
    by a job. Needs "orders.write"; raises NotFound, WrongReturnState, InvalidValue (field "lines.<line id>").
    """
    actor.require("orders.write")
    found, order = await _locked(db, return_id, "approved")
    lines = {line.id: line for line in found.lines}
    for line_id, what in arrived.items():
        fits = line_id in lines and min(what.restocked, what.scrapped) >= 0
        if not fits or what.restocked + what.scrapped > lines[line_id].quantity:
            raise InvalidValue(field=f"lines.{line_id}", expected="no more pieces than were to come")
    restocked = sum(what.restocked for what in arrived.values())
    scrapped = sum(what.scrapped for what in arrived.values())
    if not restocked + scrapped:
        raise InvalidValue(field="lines", expected="at least one piece")
    await _shelve(db, order, lines, arrived, location_id, actor, now)
    await db.execute(
        """
        update return_line set restocked = a.restocked, scrapped = a.scrapped
          from unnest($1::uuid[], $2::int[], $3::int[]) as a (id, restocked, scrapped) where return_line.id = a.id
        """,
        list(arrived),
        [what.restocked for what in arrived.values()],
        [what.scrapped for what in arrived.values()],
    )
    await db.execute("update sales_return set state = 'received', returned_at = $2 where id = $1", return_id, now)
    payload = ReturnReceived(number=found.number, return_id=return_id, restocked=restocked, scrapped=scrapped)
    await tell(db, order, payload, actor, now)
    await enqueue(db, [(SETTLE_RETURN, {"return_id": str(return_id)})])
    return await get_return(db, return_id)


async def _shelve(
    db: Connection,
    order: Order,
    lines: Mapping[UUID, ReturnLine],
    arrived: Mapping[UUID, Arrived],
    location_id: UUID,
    actor: Actor,
    now: datetime,
) -> None:
    """What has a stock of its own goes to the shelf or away; of a bundle each component."""
    back: list[Portion] = []
    away: list[Portion] = []
    sold = {line.id: line for line in order.lines}
    stocked = await _stocked(db, order)
    for line_id, what in arrived.items():
        line = sold[lines[line_id].order_line_id or line_id]
        for variant_id, total in demands(line):
            for pieces, portions in ((what.restocked, back), (what.scrapped, away)):
                count = pieces * total // line.quantity
                if count and variant_id in stocked:
                    portions.append(
                        Portion(holder=order.id, variant_id=variant_id, location_id=location_id, quantity=count)
                    )
    if back:
        await put_back(db, back, actor=actor, now=now)
    if away:
        await scrap(db, away, actor=actor, now=now)


async def _stocked(db: Connection, order: Order) -> set[UUID]:
    variants = [variant_id for line in order.lines for variant_id, _ in demands(line)]
    rows = await db.fetch("select id from variant where id = any($1::uuid[]) and stocked and not bundle", variants)
    return {row["id"] for row in rows}
