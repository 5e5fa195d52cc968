"""How products are found and sorted: `product_index` and `search_word`, made anew whenever a product changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from kupec.catalogue.search import START, language_mark
from kupec.catalogue.stems import STOP_WORDS, compounds, stem, words
from kupec.kit.db import Connection
from kupec.kit.text import sort_key

T = TypeVar("T")

# A for the name, B for brand and categories, C for what describes it shortly, D for the long text.
_LAST_POSITION: Final = 16_000  # of 16,383 that PostgreSQL counts
_SHORTEST_KNOWN: Final = 3

_LOWEST_PRICES: Final = """
lowest as (
    select p.id as product_id,
           coalesce((select jsonb_object_agg(o.currency, o.amount)
                     from (select c.currency, min(c.amount) as amount
                           from variant v join price c on c.variant_id = v.id
                           where v.product_id = p.id and v.status = 'active' and p.status = 'active'
                           group by 1) o), '{}') as prices
    from product p
    where p.id = any($1::uuid[])
)
"""

_PRODUCTS: Final = f"""
with {_LOWEST_PRICES}
select p.id, p.brand, l.prices,
       array(select a.value from product_attribute a where a.product_id = p.id order by a.position) as attributes,
       array(select v.sku from variant v where v.product_id = p.id and v.status = 'active') as skus,
       array(select v.names from variant v where v.product_id = p.id and v.status = 'active') as variant_names
from lowest l join product p on p.id = l.product_id
"""  # noqa: S608

# What a product's categories, and those above them, are called.
_CATEGORIES: Final = """
with recursive within as (
    select pc.product_id, pc.category_id from product_category pc where pc.product_id = any($1::uuid[])
    union
    select w.product_id, c.parent_id
    from within w join category c on c.id = w.category_id
    where c.parent_id is not null
)
select w.product_id, x.language, x.name from within w join category_text x on x.category_id = w.category_id
"""

_WRITE_INDEX: Final = """
insert into product_index as i (product_id, language, text_language, sort_key, terms, prices)
select product_id, language, text_language, sort_key, terms::tsvector, prices
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
    as given (product_id, language, text_language, sort_key, terms, prices)
order by product_id, language
on conflict (language, product_id) do update
set text_language = excluded.text_language, sort_key = excluded.sort_key, terms = excluded.terms,
    prices = excluded.prices
where (i.text_language, i.sort_key, i.terms, i.prices)
    is distinct from (excluded.text_language, excluded.sort_key, excluded.terms, excluded.prices)
"""

_REFRESH_PRICES: Final = f"""
with {_LOWEST_PRICES}
update product_index i set prices = lowest.prices
from lowest
where i.product_id = lowest.product_id and i.prices <> lowest.prices
"""  # noqa: S608

_WRITE_WORDS: Final = """
insert into search_word (language, word, stem)
select distinct on (language, word) language, word, stem
from unnest($1::text[], $2::text[], $3::text[]) as given (language, word, stem)
order by language, word
on conflict do nothing
"""


class _Product(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    brand: str
    prices: dict[str, int]
    attributes: list[str | dict[str, str]]
    skus: list[str]
    variant_names: list[dict[str, str]]


class _Text(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    language: str
    name: str
    summary: str
    description: str


class _Entry(msgspec.Struct, frozen=True):
    """A product as it is found in a language: with its text in that language or the one that stands in."""

    product: _Product
    language: str
    text: _Text
    categories: list[str]


class _Terms:
    """A tsvector in the making: of a text in `language`, for the readers of `market_language`."""

    def __init__(self, language: str, market_language: str) -> None:
        self._language = language
        self._mark = language_mark(market_language)
        self._positions: dict[str, list[str]] = {START: ["1A"]}
        self._last = 1
        self.known: dict[str, str] = {}

    def add(self, text: str, weight: str, *, learn: bool = False) -> None:
        language, positions, last = self._language, self._positions, self._last
        for chunk in text.split():
            if last > _LAST_POSITION:
                break
            for word, root in _lexemes(chunk, language):
                last += 1
                if root in positions:
                    positions[root].append(f"{last}{weight}")
                else:
                    positions[root] = [f"{last}{weight}"]
                if learn and len(word) >= _SHORTEST_KNOWN and not word.isdigit():
                    self.known[word] = root
        self._last = last

    def __str__(self) -> str:
        lexemes = [f"'{lexeme}':{','.join(positions)}" for lexeme, positions in self._positions.items()]
        return f"'{self._mark}' {' '.join(lexemes)}"


@lru_cache(maxsize=50_000)
def _lexemes(chunk: str, language: str) -> tuple[tuple[str, str], ...]:
    """The words of what stands between two spaces, each with its stem. The same come again and again."""
    stop = STOP_WORDS.get(language, frozenset())
    return tuple((word, stem(word, language)) for word in (*words(chunk), *compounds(chunk)) if word not in stop)


async def reindex(db: Connection, product_ids: Sequence[UUID]) -> None:
    """Bring search and sorting up to date with these products, in every language of a market."""
    entries = await _entries(db, list(product_ids))
    terms = [_terms_of(entry) for entry in entries]
    await db.execute(
        _WRITE_INDEX,
        [entry.product.id for entry in entries],
        [entry.language for entry in entries],
        [entry.text.language for entry in entries],
        [sort_key(entry.text.name, entry.language) for entry in entries],
        [str(each) for each in terms],
        [entry.product.prices for entry in entries],
    )
    known = {
        (entry.language, word): root
        for entry, each in zip(entries, terms, strict=True)
        for word, root in each.known.items()
    }
    await db.execute(_WRITE_WORDS, [key[0] for key in known], [key[1] for key in known], list(known.values()))


async def _entries(db: Connection, product_ids: list[UUID]) -> list[_Entry]:
    languages = [row["language"] for row in await db.fetch("select distinct language from market")]
    products = [_Product(**row) for row in await db.fetch(_PRODUCTS, product_ids)]
    rows = await db.fetch(
        """
        select product_id, language, name, summary, description
        from product_text where product_id = any($1::uuid[]) order by language
        """,
        product_ids,
    )
    texts: defaultdict[UUID, dict[str, _Text]] = defaultdict(dict)
    for row in rows:
        texts[row["product_id"]][row["language"]] = _Text(**row)
    categories: defaultdict[tuple[UUID, str], list[str]] = defaultdict(list)
    for row in await db.fetch(_CATEGORIES, product_ids):
        categories[row["product_id"], row["language"]].append(row["name"])
    return [
        _Entry(product, language, text, categories[product.id, text.language])
        for product in products
        for language in languages
        if (text := _in_language(texts[product.id], language)) is not None
    ]


async def refresh_prices(db: Connection, product_ids: Sequence[UUID]) -> None:
    """Bring the prices by which lists are sorted up to date, where nothing else of these products changed."""
    await db.execute(_REFRESH_PRICES, list(product_ids))


async def reindex_all(db: Connection, *, batch_size: int = 1000) -> None:
    """Index every product anew: after a market with a new language was opened, or a category was renamed."""
    ids = [row["id"] for row in await db.fetch("select id from product order by id")]
    for start in range(0, len(ids), batch_size):
        await reindex(db, ids[start : start + batch_size])


def _terms_of(entry: _Entry) -> _Terms:
    product, text = entry.product, entry.text
    terms = _Terms(text.language, entry.language)
    terms.add(text.name, "A", learn=True)
    for names in product.variant_names:
        terms.add(_in_language(names, text.language) or "", "A", learn=True)
    for name in (product.brand, *entry.categories):
        terms.add(name, "B", learn=True)
    terms.add(text.summary, "C", learn=True)
    for value in product.attributes:
        terms.add(value if isinstance(value, str) else _in_language(value, text.language) or "", "C")
    for sku in product.skus:
        terms.add(sku, "C")
    terms.add(text.description, "D")
    return terms


def _in_language(texts: Mapping[str, T], language: str) -> T | None:
    """The one in that language, else in English, else any."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), None)
