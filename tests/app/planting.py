"""A row in every table that can be reached from one customer, each of its texts carrying a mark.

Made from the schema, not from a list: a table that is new is planted and looked for by itself.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.ids import uuid7

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
POINTERS = frozenset(
    {"party_id", "customer_id", "person_id", "organisation_id", "member_id", "visitor_id", "survivor_id", "absorbed_id"}
    | {"asked_by", "ordered_by", "one_id", "other_id", "via_id"}
)
"""Columns that name a customer, whether or not a foreign key says so."""

CODES = frozenset(
    {"state", "kind", "language", "currency", "channel", "market", "how", "purpose", "priority", "ended", "source"}
    | {"method", "provider", "carrier", "promotion", "settle_to", "cause", "payment", "price_policy", "series", "sku"}
    | {"tax_country", "shipping_method", "payment_method", "way", "proof", "role", "direction", "medium", "plan"}
    | {"media_type", "template", "origin", "tracking_state", "reply_to"}
)
"""Columns that hold codes of ours, never what somebody typed."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: str
    required: bool
    refers: str | None
    after: str | None
    """What a key of several columns points to."""
    choices: list[str]

    @property
    def points(self) -> bool:
        return self.refers == "party" or (self.name in POINTERS and self.type == "uuid")


async def schema(db: Connection) -> dict[str, list[Column]]:
    """Every table with its columns; what it may say where a check lists it, and which table it points to."""
    keys = {
        (row["t"], row["c"], row["single"]): row["f"]
        for row in await db.fetch(
            """
            select conrelid::regclass::text t, confrelid::regclass::text f, array_length(conkey, 1) = 1 as single,
                   (select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1])::text c
              from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace
            """
        )
    }
    checks: dict[str, list[str]] = {}
    for row in await db.fetch(
        "select conrelid::regclass::text t, pg_get_constraintdef(oid) d from pg_constraint "
        "where contype = 'c' and connamespace = 'public'::regnamespace"
    ):
        checks.setdefault(row["t"], []).append(row["d"])
    found: dict[str, list[Column]] = {}
    rows = await db.fetch(
        """
        select c.* from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
         where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER' and is_identity = 'NO'
         order by table_name, ordinal_position
        """
    )
    for row in rows:
        name = row["column_name"]
        found.setdefault(row["table_name"], []).append(
            Column(
                name=name,
                type=row["udt_name"],
                required=row["is_nullable"] == "NO" and row["column_default"] is None,
                refers=keys.get((row["table_name"], name, True)),
                after=keys.get((row["table_name"], name, False)),
                choices=_choices(name, checks.get(row["table_name"], [])),
            )
        )
    return found


def _choices(column: str, checks: list[str]) -> list[str]:
    for check in checks:
        listed = re.match(rf"CHECK \(\(+{column} = ANY \(ARRAY\[(.*?)\]\)\)+$", check)
        if listed:
            return re.findall(r"'([^']*)'::text", listed[1])
    return []


def reachable(tables: Mapping[str, list[Column]]) -> list[str]:
    """Tables with rows about a customer, or below such rows; what others point to comes first."""
    about = {
        table
        for table, columns in tables.items()
        if table not in ("party", "event") and any(one.points for one in columns)
    }
    while True:
        below = {
            table
            for table, columns in tables.items()
            if table not in about and table != "event" and any(one.refers in about for one in columns)
        }
        if not below:
            break
        about |= below
    ordered: list[str] = []
    waiting = sorted(about)
    while waiting:
        ready = [
            table
            for table in waiting
            if all(
                target in (None, table) or target not in waiting
                for one in tables[table]
                if one.required
                for target in (one.refers, one.after)
            )
        ]
        assert ready, f"a circle of required keys: {waiting}"
        ordered += ready
        waiting = [table for table in waiting if table not in ready]
    return ordered


class Planter:
    """Puts rows in; `given` are values that the schema alone does not tell, by table and column."""

    def __init__(
        self,
        db: Connection,
        tables: Mapping[str, list[Column]],
        *,
        party: UUID,
        other: UUID,
        mark: str,
        given: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.db, self.tables, self.party, self.other, self.mark, self.given = db, tables, party, other, mark, given
        self.made: dict[str, Any] = {"party": party}
        self.count = 0

    async def plant(self, table: str) -> None:
        values = {}
        parties = iter([self.party, self.other, self.other])
        given = self.given.get(table, {})
        for column in self.tables[table]:
            if column.name in given:
                values[column.name] = given[column.name]
            elif column.refers == "party" or (column.refers is None and column.points):
                values[column.name] = next(parties)
            elif column.name == "order_id" and column.refers is None:
                values[column.name] = self.made["sales_order"]
            elif column.refers is not None:
                values[column.name] = await self._pointed(table, column)
            else:
                values[column.name] = self._value(column)
        names = [name for name, value in values.items() if value is not ...]
        returned = self.tables[table][0].name
        row = await self.db.fetchrow(
            f"insert into {table} ({', '.join(names)}) values "
            f"({', '.join(f'${number}' for number in range(1, len(names) + 1))}) returning {returned}",
            *(values[name] for name in names),
        )
        assert row is not None
        self.made[table] = row[0]

    async def _pointed(self, table: str, column: Column) -> Any:
        target = column.refers
        assert target is not None
        if target in self.made:
            return self.made[target]
        if target == table:
            return None
        known = await self.db.fetchval(f"select {self.tables[target][0].name} from {target} limit 1")
        if known is not None or not column.required:
            return known
        await self.plant(target)
        return self.made[target]

    def _value(self, column: Column) -> Any:
        self.count += 1
        if column.choices:
            return column.choices[0]
        if column.name == "currency":
            return "CZK"
        match column.type:
            case "text":
                return "x" if column.name in CODES else f"{self.mark} {self.count}"
            case "jsonb":
                return {"note": f"{self.mark} {self.count}"}
            case "bytea":
                return f"{self.mark} {self.count}".encode()
            case "_text":
                return [f"{self.mark} {self.count}"]
            case "uuid":
                return uuid7()
            case "timestamptz":
                return NOW
            case "date":
                return date(2026, 11, 21)
            case "time":
                return NOW.time()
            case "interval":
                return timedelta(days=1)
            case "bool":
                return False
            case "int2" | "int4" | "int8":
                return 1
            case "_int4" | "_int8" | "_uuid":
                return []
            case "float8":
                return 1.0
        return ...


async def where_it_survives(db: Connection, mark: str) -> set[str]:
    """ "table.column" wherever the mark still stands, in the whole database."""
    columns: dict[str, list[str]] = {}
    sought: dict[str, str] = {}
    for row in await db.fetch(
        "select table_name, column_name, udt_name from information_schema.columns join information_schema.tables "
        "using (table_schema, table_name) where table_schema = 'public' and table_type = 'BASE TABLE' "
        "and udt_name in ('text', 'bytea', 'jsonb', '_text')"
    ):
        name = row["column_name"]
        is_bytes = row["udt_name"] == "bytea"
        text = f"encode({name}, 'hex')" if is_bytes else f"{name}::text"
        columns.setdefault(row["table_name"], []).append(name)
        sought[f"{row['table_name']}.{name}"] = f"bool_or(strpos({text}, ${2 if is_bytes else 1}) > 0)"
    found = set()
    for table, names in columns.items():
        asked = ", ".join(sought[f"{table}.{name}"] for name in names)
        query = f"select {asked} from {table} where $1::text is not null and $2::text is not null"
        row = await db.fetchrow(query, mark, mark.encode().hex())
        found |= {f"{table}.{name}" for name, survives in zip(names, row or (), strict=True) if survives}
    return found
