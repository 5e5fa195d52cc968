"""Prices and stock as another system keeps them: many lines at once, each with its own outcome."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.catalogue import product_sql as sql
from kupec.catalogue.drafts import CURRENCY, MOST_MONEY, MOST_PIECES
from kupec.catalogue.errors import BelowAllocated, NotEnough
from kupec.catalogue.events import REASONS, Reason
from kupec.catalogue.index import refresh_prices
from kupec.catalogue.known import take_turn
from kupec.catalogue.levels import Place, lock_levels, set_levels
from kupec.catalogue.writing import price_changed
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import emit

_LONGEST_NOTE: Final = 200


class PriceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A variant's price in a currency, in minor units with VAT."""

    sku: str
    currency: str
    amount: int


class StockLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of a variant at a location, by their codes: what lies there (`set_stock`) or how many more."""

    sku: str
    location: str
    pieces: int


async def set_prices(
    db: Connection, lines: Sequence[PriceLine], *, actor: Actor, now: datetime
) -> list[KupecError | None]:
    """Set prices; for each line None, or why it stays out (its neighbours go in). Of two for one price the last holds.

    What is as it was is not written. Needs "catalogue.write". Errors: NotFound (sku), InvalidValue (currency, amount).
    Events price.changed.
    """
    actor.require("catalogue.write")
    await take_turn(db)
    known = {
        row["sku"]: row["id"]
        for row in await db.fetch(
            "select sku, id from variant where sku = any($1::text[])", [each.sku for each in lines]
        )
    }
    answers = [_price_fault(line, known) for line in lines]
    wanted = {
        (known[line.sku], line.currency): line.amount
        for line, answer in zip(lines, answers, strict=True)
        if answer is None
    }
    if wanted:
        places = list(wanted)
        written = await db.fetch(
            sql.WRITE_PRICES, [place[0] for place in places], [place[1] for place in places], list(wanted.values())
        )
        await refresh_prices(db, list({row["product_id"] for row in written}))
        await emit(db, [price_changed(row, now) for row in written], actor=actor)
    return answers


def _price_fault(line: PriceLine, known: Mapping[str, UUID]) -> KupecError | None:
    if line.sku not in known:
        return NotFound(field="sku", what="variant")
    if not CURRENCY.fullmatch(line.currency):
        return InvalidValue(field="currency", expected="an ISO 4217 code such as CZK")
    if not 0 <= line.amount <= MOST_MONEY:
        return InvalidValue(field="amount", expected="an amount that is not negative")
    return None


async def set_stock(
    db: Connection, lines: Sequence[StockLine], *, reason: Reason, note: str = "", actor: Actor, now: datetime
) -> list[KupecError | None]:
    """Say what lies on shelves; for each line None, or why it stays out. Of two for one shelf the last holds.

    What is as it was is not written. Needs "stock.write". Errors: NotFound (sku, location), InvalidValue (sku,
    pieces), BelowAllocated where fewer would lie there than belong to placed orders. Raises InvalidValue (reason,
    note). Events stock.moved.
    """
    told = _checked(reason, note, actor)
    answers, places = await _places(db, lines, least=0)
    wanted = {place: line.pieces for line, place in zip(lines, places, strict=True) if place is not None}
    events, refused = await set_levels(db, wanted, reason=reason, note=told, now=now)
    await emit(db, events, actor=actor)
    return [_below(answer, place, refused) for answer, place in zip(answers, places, strict=True)]


async def change_stock(
    db: Connection, lines: Sequence[StockLine], *, reason: Reason, note: str = "", actor: Actor, now: datetime
) -> list[KupecError | None]:
    """So many pieces more (or fewer) lie on shelves; for each line None, or why it stays out.

    Lines take effect in their order. Repeating it moves the goods again. Needs "stock.write". Errors: NotFound (sku,
    location), InvalidValue (sku, pieces), NotEnough where fewer would lie there than belong to placed orders. Raises
    InvalidValue (reason, note). Events stock.moved, one a shelf.
    """
    told = _checked(reason, note, actor)
    answers, places = await _places(db, lines, least=-MOST_PIECES)
    levels = await lock_levels(db, sorted({place for place in places if place is not None}))
    on_hand = {place: level.on_hand for place, level in levels.items()}
    for index, (line, place) in enumerate(zip(lines, places, strict=True)):
        if place is None:
            continue
        after, allocated = on_hand[place] + line.pieces, levels[place].allocated
        if line.pieces < 0 and after < allocated:
            answers[index] = NotEnough(field="pieces", sku=line.sku, available=on_hand[place] - allocated)
        elif after > MOST_PIECES:
            answers[index] = InvalidValue(field="pieces", expected=f"no more than {MOST_PIECES} pieces on a shelf")
        else:
            on_hand[place] = after
    events, _ = await set_levels(db, on_hand, reason=reason, note=told, now=now)
    await emit(db, events, actor=actor)
    return answers


def _checked(reason: Reason, note: str, actor: Actor) -> str:
    actor.require("stock.write")
    if reason not in REASONS:
        raise InvalidValue(field="reason", expected=f"one of {', '.join(REASONS)}")
    told = " ".join(note.split())
    if len(told) > _LONGEST_NOTE:
        raise InvalidValue(field="note", expected=f"at most {_LONGEST_NOTE} characters")
    return told


async def _places(
    db: Connection, lines: Sequence[StockLine], *, least: int
) -> tuple[list[KupecError | None], list[Place | None]]:
    """Which shelf each line means, or why it means none."""
    rows = await db.fetch(
        "select sku, id, stocked and not bundle as kept from variant where sku = any($1::text[])",
        [line.sku for line in lines],
    )
    variants = {row["sku"]: (row["id"], row["kept"]) for row in rows}
    locations = {row["code"]: row["id"] for row in await db.fetch("select code, id from location")}
    answers: list[KupecError | None] = []
    places: list[Place | None] = []
    for line in lines:
        variant_id, kept = variants.get(line.sku, (None, False))
        answer: KupecError | None = None
        if variant_id is None:
            answer = NotFound(field="sku", what="variant")
        elif not kept:
            answer = InvalidValue(field="sku", expected="goods that are kept in stock")
        elif line.location not in locations:
            answer = NotFound(field="location", what="location")
        elif not least <= line.pieces <= MOST_PIECES:
            answer = InvalidValue(field="pieces", expected="a number of pieces")
        answers.append(answer)
        places.append(None if answer is not None or variant_id is None else (variant_id, locations[line.location]))
    return answers, places


def _below(
    answer: KupecError | None, place: Place | None, refused: Mapping[Place, BelowAllocated]
) -> KupecError | None:
    return answer if place is None else refused.get(place)
