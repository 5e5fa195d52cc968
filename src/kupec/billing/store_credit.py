"""Store credit: money we owe to whoever has the code. An order holds it from its preparation; one that comes to
nothing lets it go.

A balance changes only with its row locked, and each change is a movement of its own; the check constraint
behind it keeps a balance between nothing and what was issued.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from kupec.billing.books_events import (
    StoreCreditHeld,
    StoreCreditIssued,
    StoreCreditPayload,
    StoreCreditReleased,
)
from kupec.billing.errors import RefundTooLarge
from kupec.billing.models import Owners
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import IdempotencyMismatch, InvalidValue
from kupec.kit.events import Happened, emit
from kupec.kit.ids import uuid7

ACTOR = system("store-credit")
# Without the signs that people take for one another (I, L, O, U): 32 of them, 16 in a code, 80 bits.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_LENGTH = 16
_GROUP = 4
_COLUMNS = "id, code, party_id, currency, issued, balance, cause, reason, order_id, created_at"

_HELD_BY = """
select c.id, c.currency, m.order_id, -sum(m.amount)::bigint as held
  from store_credit_movement m join store_credit c on c.id = m.credit_id
 where m.order_id = any($1::uuid[]) and m.kind <> 'issued'
 group by c.id, c.currency, m.order_id having sum(m.amount) < 0
"""
_CHANGE = """
update store_credit c set balance = c.balance + t.amount
  from (select id, sum(amount)::bigint as amount from unnest($1::uuid[], $2::bigint[]) as t (id, amount) group by id) t
 where c.id = t.id
"""
_MOVE = """
insert into store_credit_movement (id, credit_id, order_id, kind, amount, at)
select id, credit_id, order_id, $5, amount, $6
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[]) as t (id, credit_id, order_id, amount)
"""


class StoreCredit(msgspec.Struct, frozen=True, kw_only=True):
    """A code and what is left of it, in minor units of its currency."""

    id: UUID
    code: str
    party_id: UUID | None
    currency: str
    issued: int
    balance: int
    cause: Literal["refund", "goodwill"]
    reason: str
    order_id: UUID | None
    created_at: datetime

    @property
    def label(self) -> str:
        """The code as people write it: "7K3M-…" in groups of four."""
        return "-".join(self.code[at : at + _GROUP] for at in range(0, len(self.code), _GROUP))


class _Move(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    credit_id: UUID
    order_id: UUID
    amount: int
    currency: str


def credit_code(text: str) -> str:
    """A code as it is stored, however it was typed: case, hyphens and look-alikes do not matter."""
    return "".join(char for char in text.upper().translate(_ALIKE) if char.isalnum())


async def issue_store_credit(
    db: Connection,
    *,
    amount: int,
    currency: str,
    reason: str,
    key: str,
    actor: Actor,
    now: datetime,
    party_id: UUID | None = None,
    order_id: UUID | None = None,
    channel: str | None = None,
    cause: Literal["refund", "goodwill"] = "goodwill",
) -> StoreCredit:
    """Give `amount` minor units as a new code; the same `key` gives it once. Emits store_credit.issued.

    Goodwill needs "billing.write", a refund "orders.refund". Raises InvalidValue (amount, reason), IdempotencyMismatch.
    """
    actor.require("orders.refund" if cause == "refund" else "billing.write")
    if not 0 < amount <= 10**12:
        raise InvalidValue(field="amount", expected="an amount above zero")
    if not reason.strip() or len(reason) > 500:
        raise InvalidValue(field="reason", expected="a reason of at most 500 characters")
    row = await db.fetchrow(
        f"""
        insert into store_credit (id, code, party_id, currency, issued, balance, cause, reason, key, order_id,
                                  created_at)
        values ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10) on conflict (key) do nothing returning {_COLUMNS}
        """,  # noqa: S608
        uuid7(),
        "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)),
        *(party_id, currency, amount, cause, reason.strip(), key, order_id, now),
    )
    if row is None:
        return await _known(db, key, amount, currency)
    credit = StoreCredit(**dict(row))
    movement_id = uuid7()
    await db.execute(_MOVE, [movement_id], [credit.id], [order_id], [amount], "issued", now)
    payload = StoreCreditIssued(
        credit_id=credit.id, movement_id=movement_id, amount=amount, currency=currency, cause=cause
    )
    subject = f"order:{order_id}" if order_id else f"store_credit:{credit.id}"
    event = Happened(payload=payload, subject=subject, occurred_at=now, customer_id=party_id, channel=channel)
    await emit(db, [event], actor=actor)
    return credit


async def _known(db: Connection, key: str, amount: int, currency: str) -> StoreCredit:
    row = await db.fetchrow(f"select {_COLUMNS} from store_credit where key = $1", key)  # noqa: S608
    if row is None or (row["issued"], row["currency"]) != (amount, currency):
        raise IdempotencyMismatch(field="key")
    return StoreCredit(**dict(row))


async def credit_standing(db: Connection, codes: Sequence[str]) -> dict[str, StoreCredit]:
    """By code as it was given; codes that nobody issued are left out."""
    by_code = {code: credit_code(code) for code in codes}
    if not by_code:
        return {}
    rows = await db.fetch(
        f"select {_COLUMNS} from store_credit where code = any($1::text[])",  # noqa: S608
        sorted(set(by_code.values())),
    )
    found = {row["code"]: StoreCredit(**dict(row)) for row in rows}
    return {code: found[stored] for code, stored in by_code.items() if stored in found}


async def hold_store_credit(
    db: Connection,
    wanted: Sequence[tuple[str, UUID, int]],
    *,
    now: datetime,
    actor: Actor = ACTOR,
    owners: Owners | None = None,
) -> dict[UUID, int]:
    """Take `wanted` (code, order id, minor units) off the codes; returns by order what was taken: all of it, or 0.

    It is 0 where the balance does not reach, since somebody else has been faster; nothing is taken in part. Locks
    the credits in the order of their codes. Emits store_credit.held.
    """
    asked = [(credit_code(code), order_id, amount) for code, order_id, amount in wanted]
    held = {order_id: 0 for _, order_id, _ in asked}
    asked = [each for each in asked if each[2] > 0]
    if not asked:
        return held
    rows = await db.fetch(
        "select id, code, currency, balance from store_credit where code = any($1::text[]) "
        "order by code for no key update",
        sorted({code for code, _, _ in asked}),
    )
    known = {row["code"]: row for row in rows}
    left = {row["code"]: row["balance"] for row in rows}
    moves = []
    for code, order_id, amount in asked:
        if left.get(code, 0) < amount:
            continue
        left[code] -= amount
        held[order_id] = amount
        credit = known[code]
        moves.append(
            _Move(id=uuid7(), credit_id=credit["id"], order_id=order_id, amount=-amount, currency=credit["currency"])
        )
    await _write(db, moves, "held", owners or {}, actor, now)
    return held


async def release_store_credit(
    db: Connection,
    order_ids: Sequence[UUID],
    *,
    now: datetime,
    actor: Actor = ACTOR,
    owners: Owners | None = None,
) -> dict[UUID, int]:
    """Put back what these orders hold; returns the minor units by order. Repeating it changes nothing.

    The orders must be locked. Emits store_credit.released.
    """
    if not order_ids:
        return {}
    moves = await _held_by(db, order_ids)
    await _lock(db, moves)
    await _write(db, moves, "released", owners or {}, actor, now)
    sums: dict[UUID, int] = {}
    for move in moves:
        sums[move.order_id] = sums.get(move.order_id, 0) + move.amount
    return sums


async def return_store_credit(
    db: Connection, order_id: UUID, amount: int, *, now: datetime, actor: Actor, owners: Owners | None = None
) -> None:
    """Put back a part of what a locked order holds: it is being refunded. Emits store_credit.released.

    Raises RefundTooLarge.
    """
    moves: list[_Move] = []
    left = amount
    for move in await _held_by(db, [order_id]):
        part = min(left, move.amount)
        if part:
            moves.append(msgspec.structs.replace(move, amount=part))
        left -= part
    if left:
        raise RefundTooLarge(field="amount", available=amount - left)
    await _lock(db, moves)
    await _write(db, moves, "released", owners or {}, actor, now)


async def credit_held(db: Connection, order_ids: Sequence[UUID]) -> dict[UUID, int]:
    """By order, the minor units of store credit that it holds; orders that hold none are left out."""
    sums: dict[UUID, int] = {}
    for row in await db.fetch(_HELD_BY, list(order_ids)):
        sums[row["order_id"]] = sums.get(row["order_id"], 0) + row["held"]
    return sums


async def _held_by(db: Connection, order_ids: Sequence[UUID]) -> list[_Move]:
    return [
        _Move(id=uuid7(), credit_id=row["id"], order_id=row["order_id"], amount=row["held"], currency=row["currency"])
        for row in await db.fetch(_HELD_BY, list(order_ids))
    ]


async def _lock(db: Connection, moves: Sequence[_Move]) -> None:
    if moves:
        await db.execute(
            "select from store_credit where id = any($1::uuid[]) order by code for no key update",
            [move.credit_id for move in moves],
        )


async def _write(
    db: Connection,
    moves: Sequence[_Move],
    kind: Literal["held", "released"],
    owners: Mapping[UUID, tuple[UUID | None, str | None]],
    actor: Actor,
    now: datetime,
) -> None:
    if not moves:
        return
    credit_ids, amounts = [move.credit_id for move in moves], [move.amount for move in moves]
    await db.execute(_CHANGE, credit_ids, amounts)
    await db.execute(
        _MOVE, [move.id for move in moves], credit_ids, [move.order_id for move in moves], amounts, kind, now
    )
    await emit(db, [_happened(move, kind, owners, now) for move in moves], actor=actor)


def _happened(
    move: _Move,
    kind: Literal["held", "released"],
    owners: Mapping[UUID, tuple[UUID | None, str | None]],
    now: datetime,
) -> Happened:
    event: type[StoreCreditPayload] = StoreCreditHeld if kind == "held" else StoreCreditReleased
    customer_id, channel = owners.get(move.order_id, (None, None))
    return Happened(
        payload=event(credit_id=move.credit_id, movement_id=move.id, amount=abs(move.amount), currency=move.currency),
        subject=f"order:{move.order_id}",
        occurred_at=now,
        customer_id=customer_id,
        channel=channel,
    )


async def list_store_credits(
    db: Connection,
    *,
    actor: Actor,
    query: str = "",
    open_only: bool = False,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[StoreCredit]:
    """Codes, the latest first; `query` is the beginning of one. Needs "billing.read"."""
    actor.require("billing.read")
    rows = await db.fetch(
        f"""
        select {_COLUMNS} from store_credit
         where starts_with(code, $1) and (not $2 or balance > 0)
           and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
         order by created_at desc, id desc limit $5
        """,  # noqa: S608
        credit_code(query),
        open_only,
        *(before or (None, None)),
        limit,
    )
    return to_structs(StoreCredit, rows)


async def store_credits_of(db: Connection, order_id: UUID) -> list[StoreCredit]:
    """Codes that were issued for an order, the first first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from store_credit where order_id = $1 order by created_at, id",  # noqa: S608
        order_id,
    )
    return to_structs(StoreCredit, rows)


async def credits_of(db: Connection, party_ids: Sequence[UUID]) -> list[StoreCredit]:
    """The codes that stand under any of a customer's ids, the latest first; also those of which nothing is left."""
    rows = await db.fetch(
        f"select {_COLUMNS} from store_credit where party_id = any($1::uuid[]) order by created_at desc, id desc",  # noqa: S608
        list(party_ids),
    )
    return to_structs(StoreCredit, rows)
