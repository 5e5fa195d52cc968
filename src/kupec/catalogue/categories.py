"""The tree of categories."""

from typing import Final

from kupec.catalogue.models import Category
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound

# Depth first, each level in the merchant's order; a product in two categories of a branch counts once for the branch.
_CATEGORIES: Final = """
with recursive named as (
    select c.id, c.code, c.parent_id, c.position, t.name, t.slug,
           (select jsonb_object_agg(x.language, x.slug) from category_text x where x.category_id = c.id) as slugs
    from category c
    join lateral (
        select x.name, x.slug from category_text x where x.category_id = c.id
        order by x.language = $1 desc, x.language = 'en' desc, x.language
        limit 1
    ) t on true
), tree as (
    select n.*, array[n.id] as path, array[lpad(n.position::text, 10, '0') || n.code] as place
    from named n where n.parent_id is null
    union all
    select n.*, t.path || n.id, t.place || (lpad(n.position::text, 10, '0') || n.code)
    from named n join tree t on n.parent_id = t.id
), counted as (
    select branch.id, count(distinct pc.product_id) as products
    from tree t
    cross join unnest(t.path) as branch (id)
    join product_category pc on pc.category_id = t.id
    join product p on p.id = pc.product_id and p.status = 'active'
    group by 1
)
select t.id, t.code, t.parent_id, t.name, t.slug, t.slugs, coalesce(c.products, 0) as products
from tree t left join counted c on c.id = t.id
order by t.place
"""


async def list_categories(db: Connection, language: str) -> list[Category]:
    """All categories, each followed by those below it, with the number of active products in it and below."""
    return [Category(**row) for row in await db.fetch(_CATEGORIES, language)]


async def category_by_slug(db: Connection, language: str, slug: str) -> Category:
    """The category with this slug in `language`, or else in any language (its own `slug` tells). Raises NotFound."""
    categories = await list_categories(db, language)
    for category in categories:
        if category.slug == slug:
            return category
    for category in categories:
        if slug in category.slugs.values():
            return category
    raise NotFound(what="category")
