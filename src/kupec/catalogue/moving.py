"""Goods come in, go back on the shelf, change places, are written off. Every movement is an event, see `movements`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kupec.catalogue.drafts import MOST_PIECES
from kupec.catalogue.errors import NotEnough
from kupec.catalogue.events import REASONS, Reason, StockMoved
from kupec.catalogue.levels import Place, lock_levels
from kupec.catalogue.models import GoodsLine, GoodsReceipt, Portion, ReceivedLine
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import IdempotencyMismatch, InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7

_MOST_LINES: Final = 1000
_LONGEST_NOTE: Final = 200

_ADD: Final = """
update stock_level s set on_hand = s.on_hand + given.delta
from unnest($1::uuid[], $2::uuid[], $3::int[]) as given (variant_id, location_id, delta)
where s.variant_id = given.variant_id and s.location_id = given.location_id and given.delta <> 0
"""

_RECEIPT: Final = """
select r.id, r.number, r.location_id, o.name as location, r.reference, r.supplier, r.received_at, r.author
from goods_receipt r join location o on o.id = r.location_id
"""

_RECEIVED: Final = """
select l.receipt_id, l.variant_id, v.sku, l.quantity,
       concat_ws(', ', t.name, nullif(coalesce(v.names ->> $2, v.names ->> 'en',
                                               (select min(value) from jsonb_each_text(v.names))), '')) as name
from goods_receipt_line l
join variant v on v.id = l.variant_id
join lateral (
    select t.name from product_text t where t.product_id = v.product_id
    order by t.language = $2 desc, t.language = 'en' desc, t.language limit 1
) t on true
where l.receipt_id = any($1::uuid[])
order by l.receipt_id, l.position
"""


async def put_back(
    db: Connection, portions: Sequence[Portion], *, reason: Reason = "return", actor: Actor, now: datetime
) -> None:
    """Goods that had left come back and may be sold again. `holder` is the order they come from.

    The caller's own permission allows it. Raises NotFound, InvalidValue for what has no stock (services, bundles: put
    back their components). Events stock.moved.
    """
    moves = [
        _moved(each.variant_id, each.location_id, each.quantity, reason, now, reference=f"order:{each.holder}")
        for each in portions
    ]
    await _carry_out(db, moves, actor)


async def scrap(
    db: Connection, portions: Sequence[Portion], *, reason: Reason = "scrap", actor: Actor, now: datetime
) -> None:
    """Goods that had left come back, not fit to be sold: told as coming back and being thrown away at once.

    What lies on the shelf stays as it is; what is broken there is `correct_stock`. Permission, errors and events as of
    `put_back`.
    """
    moves = []
    for each in portions:
        place, reference = (each.variant_id, each.location_id), f"order:{each.holder}"
        moves.append(_moved(*place, each.quantity, "return", now, reference=reference))
        moves.append(_moved(*place, -each.quantity, reason, now, reference=reference))
    await _carry_out(db, moves, actor)


async def correct_stock(
    db: Connection,
    variant_id: UUID,
    location_id: UUID,
    *,
    delta: int,
    reason: Reason,
    note: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """More or fewer lie on a shelf than we thought, or something was broken, used, found: `delta` pieces.

    Needs "stock.write". Raises NotEnough when fewer would lie there than belong to placed orders, InvalidValue (delta,
    reason, note), NotFound. Event stock.moved.
    """
    actor.require("stock.write")
    if not delta or abs(delta) > MOST_PIECES:
        raise InvalidValue(field="delta", expected="a number of pieces other than zero")
    move = _moved(variant_id, location_id, delta, _known(reason), now, note=_short(note, "note"))
    await _carry_out(db, [move], actor)


async def transfer_stock(
    db: Connection,
    lines: Sequence[GoodsLine],
    *,
    from_location: UUID,
    to_location: UUID,
    reference: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Goods change places. What belongs to placed orders stays where it is.

    Needs "stock.write". Raises NotEnough, InvalidValue (lines, to_location), NotFound. Events stock.moved, two a line.
    """
    actor.require("stock.write")
    _check_lines(lines)
    if from_location == to_location:
        raise InvalidValue(field="to_location", expected="another location")
    told = _short(reference, "reference")
    moves = []
    for line in lines:
        moves.append(_moved(line.variant_id, from_location, -line.quantity, "transfer", now, reference=told))
        moves.append(_moved(line.variant_id, to_location, line.quantity, "transfer", now, reference=told))
    await _carry_out(db, moves, actor)


async def receive_goods(
    db: Connection,
    lines: Sequence[GoodsLine],
    *,
    location_id: UUID,
    reference: str,
    supplier: str = "",
    key: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> GoodsReceipt:
    """Goods of one delivery note come in, as one document.

    The same `key` again changes nothing and answers with the document there is; for another delivery it raises
    IdempotencyMismatch. Needs "stock.write". Raises InvalidValue (reference, lines), NotFound. Events stock.moved.
    """
    actor.require("stock.write")
    told, receipt_id = _short(reference, "reference"), key or uuid7()
    if not told:
        raise InvalidValue(field="reference", expected="the number of the delivery note")
    _check_lines(lines)
    if not await db.fetchval("select true from location where id = $1", location_id):
        raise NotFound(what="location", field="location")
    new = await db.fetchval(
        """
        insert into goods_receipt (id, location_id, reference, supplier, received_at, author)
        values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing returning true
        """,
        receipt_id,
        location_id,
        told,
        _short(supplier, "supplier"),
        now,
        str(actor),
    )
    if new:
        await _stockable(db, {line.variant_id for line in lines})
        await db.execute(
            """
            insert into goods_receipt_line (receipt_id, position, variant_id, quantity)
            select $1, row_number() over () - 1, g.* from unnest($2::uuid[], $3::int[]) as g (variant_id, quantity)
            """,
            receipt_id,
            [line.variant_id for line in lines],
            [line.quantity for line in lines],
        )
        moves = [_moved(line.variant_id, location_id, line.quantity, "goods_in", now, reference=told) for line in lines]
        await _carry_out(db, moves, actor)
    receipt = await get_receipt(db, receipt_id, language="en")
    same = [(line.variant_id, line.quantity) for line in receipt.lines]
    if receipt.reference != told or same != [(line.variant_id, line.quantity) for line in lines]:
        raise IdempotencyMismatch
    return receipt


async def get_receipt(db: Connection, receipt_id: UUID, *, language: str) -> GoodsReceipt:
    """A goods-in document, its lines named in `language`. Raises NotFound."""
    row = await db.fetchrow(f"{_RECEIPT} where r.id = $1", receipt_id)
    if row is None:
        raise NotFound(what="goods-in document")
    (receipt,) = await _with_lines(db, [row], language)
    return receipt


async def list_receipts(
    db: Connection, *, language: str, limit: int = 50, offset: int = 0
) -> tuple[list[GoodsReceipt], int]:
    """Goods-in documents, the latest first, and how many there are in all."""
    rows = await db.fetch(f"{_RECEIPT} order by r.received_at desc, r.id desc limit $1 offset $2", limit, offset)
    total = await db.fetchval("select count(*) from goods_receipt")
    return await _with_lines(db, rows, language), total


async def _with_lines(db: Connection, rows: Sequence[Any], language: str) -> list[GoodsReceipt]:
    lines: defaultdict[UUID, list[ReceivedLine]] = defaultdict(list)
    for receipt_id, variant_id, sku, quantity, name in await db.fetch(_RECEIVED, [row["id"] for row in rows], language):
        lines[receipt_id].append(ReceivedLine(variant_id=variant_id, sku=sku, name=name, quantity=quantity))
    return [GoodsReceipt(**row, lines=lines[row["id"]]) for row in rows]


def _moved(
    variant_id: UUID,
    location_id: UUID,
    delta: int,
    reason: Reason,
    now: datetime,
    *,
    reference: str = "",
    note: str = "",
) -> Happened:
    payload = StockMoved(
        variant_id=variant_id, location_id=location_id, delta=delta, reason=reason, reference=reference, note=note
    )
    return Happened(payload=payload, subject=f"variant:{variant_id}", occurred_at=now)


async def _carry_out(db: Connection, events: Sequence[Happened], actor: Actor) -> None:
    """Change the shelves as these events tell, all or nothing, and tell it."""
    if not events:
        return
    changes: dict[Place, int] = {}
    for move in _payloads(events):
        place = (move.variant_id, move.location_id)
        changes[place] = changes.get(place, 0) + move.delta
    skus = await _stockable(db, {variant_id for variant_id, _ in changes})
    await _check_locations(db, {location_id for _, location_id in changes})
    levels = await lock_levels(db, list(changes))
    for place, delta in changes.items():
        level = levels[place]
        if delta < 0 and level.on_hand + delta < level.allocated:
            raise NotEnough(field="quantity", sku=skus[place[0]], available=level.on_hand - level.allocated)
        if level.on_hand + delta > MOST_PIECES:
            raise InvalidValue(field="quantity", expected=f"no more than {MOST_PIECES} pieces on a shelf")
    places = list(changes)
    await db.execute(_ADD, [place[0] for place in places], [place[1] for place in places], list(changes.values()))
    await emit(db, events, actor=actor)


def _payloads(events: Iterable[Happened]) -> Iterable[StockMoved]:
    return (event.payload for event in events if isinstance(event.payload, StockMoved))


async def _stockable(db: Connection, variant_ids: set[UUID]) -> dict[UUID, str]:
    """The SKUs of these variants. Raises NotFound, and InvalidValue for what has no stock of its own."""
    rows = await db.fetch("select id, sku, stocked, bundle from variant where id = any($1::uuid[])", list(variant_ids))
    if len(rows) < len(variant_ids):
        raise NotFound(what="variant", field="lines")
    for row in rows:
        if row["bundle"] or not row["stocked"]:
            raise InvalidValue(field="lines", expected=f"goods that are kept in stock, which {row['sku']} is not")
    return {row["id"]: row["sku"] for row in rows}


async def _check_locations(db: Connection, location_ids: set[UUID]) -> None:
    known = await db.fetchval("select count(*) from location where id = any($1::uuid[])", list(location_ids))
    if known < len(location_ids):
        raise NotFound(what="location", field="location")


def _check_lines(lines: Sequence[GoodsLine]) -> None:
    if not 0 < len(lines) <= _MOST_LINES:
        raise InvalidValue(field="lines", expected=f"1 to {_MOST_LINES} lines")
    for index, line in enumerate(lines):
        if not 0 < line.quantity <= MOST_PIECES:
            raise InvalidValue(field=f"lines[{index}].quantity", expected="a number of pieces")


def _known(reason: Reason) -> Reason:
    if reason not in REASONS:
        raise InvalidValue(field="reason", expected=f"one of {', '.join(REASONS)}")
    return reason


def _short(text: str, field: str) -> str:
    cleaned = " ".join(text.replace("\0", "").split())
    if len(cleaned) > _LONGEST_NOTE:
        raise InvalidValue(field=field, expected=f"at most {_LONGEST_NOTE} characters")
    return cleaned
