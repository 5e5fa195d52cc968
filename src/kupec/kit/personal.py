"""Where personal data lies: each room says of its own tables what a customer is told, what goes, and what law keeps.

A declaration is read three ways: to tell a customer everything, to erase it, and by the test that finds a table
nobody has declared. Ids and figures stay everywhere, since the books and the log are built of them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from kupec.kit.db import Connection

Erase = Literal["delete", "blank", "keep"]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A table with rows about customers. `where` finds a customer's rows; $1 is the list of all their ids.

    `delete` removes the rows; `blank` writes `blank` (column: SQL expression) into them; `keep` leaves them, since they
    hold nothing personal. `law` names what stays in them until the years of retention since `dated` are over, and what
    is written into it then. `secret` columns are not told (hashes, tokens, other people's figures).
    """

    table: str
    where: str
    erase: Erase = "delete"
    blank: Mapping[str, str] = {}
    law: Mapping[str, str] = {}
    dated: str = ""
    secret: Sequence[str] = ()
    told: bool = True
    why: str = ""
    """Of what is kept: why it is not personal, or who asks for it."""


Tell = Callable[[Connection, Sequence[UUID]], Awaitable[dict[str, Any]]]
EraseAll = Callable[[Connection, Sequence[UUID], datetime], Awaitable[dict[str, int]]]
Obstacles = Callable[[Connection, Sequence[UUID]], Awaitable[list[str]]]


class PrivacyPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one room holds about customers. `obstacles` are codes of what must be settled before it may be erased.

    `before` is carried out before the tables are, for what a declaration cannot say (files outside, other rows'
    figures).
    """

    name: str
    tables: Sequence[Held]
    obstacles: Obstacles | None = None
    before: EraseAll | None = None

    async def tell(self, db: Connection, members: Sequence[UUID]) -> dict[str, list[dict[str, Any]]]:
        """By table, its rows about the customer, as plain values; tables without any are left out."""
        found: dict[str, Any] = {}
        for held in self.tables:
            rows = await db.fetch(f"select * from {held.table} where {held.where}", list(members)) if held.told else []  # noqa: S608
            hidden = {"folded", "sort_key", *held.secret}
            told = [
                {name: _plain(value) for name, value in row.items() if name not in hidden and value is not None}
                for row in rows
            ]
            if told:
                # A table may be declared twice, for rows that go and rows that stay.
                found[held.table] = [*found.get(held.table, []), *told]
        return found

    async def erase(self, db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
        """Remove or blank everything that no law keeps; returns by table how many rows that were."""
        counts = await self.before(db, members, now) if self.before is not None else {}
        for held in self.tables:
            count = await _erase(db, held, members)
            if count:
                counts[held.table] = counts.get(held.table, 0) + count
        return counts

    async def release(self, db: Connection, members: Sequence[UUID], now: datetime, *, years: int) -> dict[str, int]:
        """Blank what law kept, where its years are over by `now`; returns by table how many rows that were."""
        counts = {}
        for held in self.tables:
            if held.law:
                until = now - timedelta(days=round(365.25 * years))
                changed = " or ".join(f"{column} is distinct from {to}" for column, to in held.law.items())
                status = await db.execute(
                    f"update {held.table} set {_assigned(held.law)} where ({held.where}) and {held.dated} < $2 "  # noqa: S608
                    f"and ({changed})",
                    list(members),
                    until,
                )
                if count := _count(status):
                    counts[held.table] = count
        return counts


async def _erase(db: Connection, held: Held, members: Sequence[UUID]) -> int:
    if held.erase == "delete":
        return _count(await db.execute(f"delete from {held.table} where {held.where}", list(members)))  # noqa: S608
    if held.erase == "blank" and held.blank:
        return _count(
            await db.execute(
                f"update {held.table} set {_assigned(held.blank)} where {held.where}",  # noqa: S608
                list(members),
            )
        )
    return 0


def _assigned(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{column} = {to}" for column, to in columns.items())


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])


def _plain(value: Any) -> Any:
    """As JSON says it; files are told by their size, their bytes are a file of their own."""
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value
