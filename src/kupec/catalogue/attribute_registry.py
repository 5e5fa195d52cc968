"""What is known about the attributes of products: names, kind, unit, and whether lists can be narrowed by them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from kupec.catalogue.events import AttributeChanged
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.events import Happened, Origin, emit

_LANGUAGE: Final = re.compile("[a-z]{2,3}")
_LONGEST: Final = 100


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute by its code. Of kind "number" its values are numbers in `unit`, of "flag" yes or no."""

    code: str
    names: dict[str, str] = {}
    kind: Literal["text", "number", "flag"] = "text"
    unit: str = ""
    facet: bool = False
    position: int = 0


class AttributeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a file. What is left out stays as it is."""

    code: str
    names: dict[str, str] | None = None
    kind: Literal["text", "number", "flag"] | None = None
    unit: str | None = None
    facet: bool | None = None
    position: int | None = None


_WRITE: Final = """
insert into attribute as a (code, names, kind, unit, facet, position)
select g.code, coalesce(g.names, o.names, '{}'), coalesce(g.kind, o.kind, 'text'), coalesce(g.unit, o.unit, ''),
       coalesce(g.facet, o.facet, false), coalesce(g.position, o.position, 0)
from unnest($1::text[], $2::jsonb[], $3::text[], $4::text[], $5::bool[], $6::int[])
    as g (code, names, kind, unit, facet, position)
left join attribute o using (code)
order by g.code
on conflict (code) do update set names = excluded.names, kind = excluded.kind, unit = excluded.unit,
    facet = excluded.facet, position = excluded.position
where (a.names, a.kind, a.unit, a.facet, a.position)
    is distinct from (excluded.names, excluded.kind, excluded.unit, excluded.facet, excluded.position)
returning code
"""


async def list_attributes(db: Connection) -> list[Attribute]:
    """All attributes, in the merchant's order."""
    rows = await db.fetch("select code, names, kind, unit, facet, position from attribute order by position, code")
    return to_structs(Attribute, rows)


async def put_attributes(
    db: Connection, rows: Sequence[AttributeRow], *, actor: Actor, now: datetime, origin: Origin = "live"
) -> list[KupecError | None]:
    """Describe attributes by their codes; for each None, or why it stays out. Event attribute.changed, if it did."""
    actor.require("catalogue.write")
    answers = [_fault(row) for row in rows]
    fit = {row.code: row for row, answer in zip(rows, answers, strict=True) if answer is None}
    written = await db.fetch(
        _WRITE,
        list(fit),
        [row.names for row in fit.values()],
        [row.kind for row in fit.values()],
        [row.unit for row in fit.values()],
        [row.facet for row in fit.values()],
        [row.position for row in fit.values()],
    )
    events = [
        Happened(payload=AttributeChanged(code=code), subject=f"attribute:{code}", occurred_at=now)
        for code in sorted(row["code"] for row in written)
    ]
    await emit(db, events, actor=actor, origin=origin)
    return answers


def _fault(row: AttributeRow) -> KupecError | None:
    if not 0 < len(row.code) <= _LONGEST:
        return InvalidValue(field="code", expected=f"a code of at most {_LONGEST} characters")
    for language, name in (row.names or {}).items():
        if not _LANGUAGE.fullmatch(language) or not 0 < len(name.strip()) <= _LONGEST:
            return InvalidValue(field="names", expected="names by language, such as en")
    if row.unit is not None and len(row.unit) > _LONGEST:
        return InvalidValue(field="unit", expected="a short unit, such as mm")
    return None
