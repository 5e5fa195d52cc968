"""The tree of categories, written."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kupec.catalogue.events import CategoryChanged
from kupec.catalogue.index import reindex
from kupec.catalogue.known import take_turn
from kupec.catalogue.product_sql import SET_CATEGORY_CODES
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import Happened, Origin, emit
from kupec.kit.ids import uuid7
from kupec.kit.transforms import slug as to_slug

_LONGEST_CODE: Final = 200

_WRITE: Final = """
insert into category as c (id, code, position)
select g.id, g.code, coalesce(g.position, old.position, 0)
from unnest($1::uuid[], $2::text[], $3::int[]) as g (id, code, position) left join category old using (code)
order by g.code
on conflict (code) do update set position = excluded.position
where c.position <> excluded.position
returning id
"""

_SET_PARENTS: Final = """
update category c set parent_id = g.parent_id
from unnest($1::uuid[], $2::uuid[]) as g (id, parent_id)
where c.id = g.id and c.parent_id is distinct from g.parent_id
returning c.id
"""

_WRITE_TEXTS: Final = """
insert into category_text as t (category_id, language, name, slug)
select category_id, language, name, slug
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as given (category_id, language, name, slug)
on conflict (category_id, language) do update set name = excluded.name, slug = excluded.slug
where (t.name, t.slug) is distinct from (excluded.name, excluded.slug)
returning category_id as id
"""


# A product is found by the names of all categories above it.
_INSIDE: Final = """
with recursive tree as (
    select unnest($1::uuid[]) as id
    union
    select c.id from category c join tree t on c.parent_id = t.id
)
select distinct pc.product_id from product_category pc join tree t on t.id = pc.category_id
"""


class CategoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A category by its code, below the one with the code `parent` ("" for none). What is left out stays as it is.

    `name` and `slug` are those of `language`.
    """

    code: str
    parent: str | None = None
    position: int | None = None
    names: dict[str, str] = {}
    slugs: dict[str, str] = {}
    language: str = "en"
    name: str | None = None
    slug: str | None = None


class _Tree:
    """The categories as they stand, and as the rows of a batch change them."""

    def __init__(self, ids: dict[str, UUID], parents: dict[str, str | None]) -> None:
        self.ids = ids
        self.parents = parents
        self.names: dict[tuple[str, str], str] = {}
        self.slugs: dict[tuple[str, str], str] = {}
        self.owners: dict[tuple[str, str], str] = {}

    def take(self, row: CategoryRow) -> KupecError | None:
        """Put a row in its place, or say why that cannot be."""
        if not 0 < len(row.code) <= _LONGEST_CODE:
            return InvalidValue(field="code", expected=f"a code of at most {_LONGEST_CODE} characters")
        names = {**row.names, row.language: row.name} if row.name else row.names
        if row.code not in self.ids and not names:
            return InvalidValue(field="names", expected="a name, since the category is new")
        if row.parent and row.parent not in self.ids:
            return NotFound(field="parent", what=f"category “{row.parent}”")
        if row.parent and self._is_below(row.parent, row.code):
            return InvalidValue(field="parent", expected="a category that is not below this one")
        self.ids.setdefault(row.code, uuid7())
        if row.parent is not None:
            self.parents[row.code] = row.parent or None
        slugs = {**row.slugs, row.language: row.slug} if row.slug else row.slugs
        for language, name in names.items():
            self._name(row.code, language, name, slugs.get(language))
        return None

    def _is_below(self, code: str, other: str) -> bool:
        place: str | None = code
        while place is not None:
            if place == other:
                return True
            place = self.parents.get(place)
        return False

    def _name(self, code: str, language: str, name: str, slug: str | None) -> None:
        self.names[code, language] = name
        wanted = to_slug(slug) if slug else self.slugs.get((code, language)) or to_slug(name) or to_slug(code)
        if self.owners.setdefault((language, wanted), code) != code:
            wanted = f"{wanted}-{to_slug(code)}"
        self.slugs[code, language] = wanted


async def import_categories(
    db: Connection, rows: Sequence[CategoryRow], *, actor: Actor, now: datetime, origin: Origin = "imported"
) -> list[KupecError | None]:
    """Make or change categories by their codes; for each row None, or why it stays out. Parents come before children.

    Errors: InvalidValue, NotFound (parent). Event category.changed for each that differs from before; its products are
    indexed anew.
    """
    actor.require("catalogue.write")
    await take_turn(db)
    tree = await _tree(db)
    answers = [tree.take(row) for row in rows]
    accepted = {row.code: row for row, answer in zip(rows, answers, strict=True) if answer is None}
    changed = await _write(db, accepted, tree)
    codes = {tree.ids[code]: code for code in accepted}
    events = [
        Happened(
            payload=CategoryChanged(category_id=category_id, code=codes[category_id]),
            subject=f"category:{category_id}",
            occurred_at=now,
        )
        for category_id in sorted(changed)
    ]
    await emit(db, events, actor=actor, origin=origin)
    inside = await db.fetch(_INSIDE, list(changed))
    if inside:
        product_ids = [row["product_id"] for row in inside]
        await db.execute(SET_CATEGORY_CODES, product_ids)
        await reindex(db, product_ids)
    return answers


async def _tree(db: Connection) -> _Tree:
    rows = await db.fetch(
        "select c.code, c.id, p.code as parent from category c left join category p on p.id = c.parent_id"
    )
    tree = _Tree({row["code"]: row["id"] for row in rows}, {row["code"]: row["parent"] for row in rows})
    texts = await db.fetch(
        "select c.code, t.language, t.slug from category_text t join category c on c.id = t.category_id"
    )
    for row in texts:
        tree.slugs[row["code"], row["language"]] = row["slug"]
        tree.owners[row["language"], row["slug"]] = row["code"]
    return tree


async def _write(db: Connection, rows: dict[str, CategoryRow], tree: _Tree) -> set[UUID]:
    """Write what was accepted; returns the categories that are not as they were."""
    ids = [tree.ids[code] for code in rows]
    parents = [tree.parents.get(code) for code in rows]
    texts = [key for key in tree.names if key[0] in rows]
    written = [
        *await db.fetch(_WRITE, ids, list(rows), [row.position for row in rows.values()]),
        *await db.fetch(_SET_PARENTS, ids, [tree.ids[parent] if parent else None for parent in parents]),
        *await db.fetch(
            _WRITE_TEXTS,
            [tree.ids[code] for code, _ in texts],
            [language for _, language in texts],
            [tree.names[key] for key in texts],
            [tree.slugs[key] for key in texts],
        ),
    ]
    return {row["id"] for row in written}
