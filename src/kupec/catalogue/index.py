"""How products are found and sorted: `product_index` and `search_word`, made anew whenever a product changes."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from kupec.catalogue.search import START, language_mark
from kupec.catalogue.stems import STOP_WORDS, compounds, stem, words
from kupec.kit.db import Connection
from kupec.kit.text import sort_key

# A for the name, B for brand and categories, C for what describes it shortly, D for the long text.
_LAST_POSITION: Final = 16383
_MOST_PER_LEXEME: Final = 255
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

# One row a product and language of a market, with the text that stands for it there and all else that is searched.
_SOURCE: Final = f"""
with recursive {_LOWEST_PRICES}, language as (select distinct language from market),
within as (
    select pc.product_id, pc.category_id
    from product_category pc
    where pc.product_id = any($1::uuid[])
    union
    select w.product_id, c.parent_id
    from within w join category c on c.id = w.category_id
    where c.parent_id is not null
),
chosen as (
    select p.id as product_id, p.brand, l.language, t.language as text_language, t.name, t.summary, t.description
    from unnest($1::uuid[]) as given (id)
    join product p on p.id = given.id
    cross join language l
    join lateral (
        select * from product_text t where t.product_id = p.id
        order by t.language = l.language desc, t.language = 'en' desc, t.language
        limit 1
    ) t on true
)
select c.*,
       array(select x.name from within w join category_text x on x.category_id = w.category_id
             where w.product_id = c.product_id and x.language = c.text_language) as categories,
       array(select a.value from product_attribute a where a.product_id = c.product_id
             order by a.position) as attributes,
       array(select v.sku from variant v where v.product_id = c.product_id and v.status = 'active') as skus,
       array(select v.names from variant v where v.product_id = c.product_id and v.status = 'active') as variant_names,
       lowest.prices
from chosen c
join lowest on lowest.product_id = c.product_id
"""  # noqa: S608

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


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    brand: str
    language: str
    text_language: str
    name: str
    summary: str
    description: str
    categories: list[str]
    attributes: list[str | dict[str, str]]
    skus: list[str]
    variant_names: list[dict[str, str]]
    prices: dict[str, int]


class _Terms:
    """A tsvector in the making: of a text in `language`, for the readers of `market_language`."""

    def __init__(self, language: str, market_language: str) -> None:
        self._language = language
        self._mark = language_mark(market_language)
        self._positions: defaultdict[str, list[str]] = defaultdict(list)
        self._positions[START].append("1A")
        self._next = 2
        self.known: dict[str, str] = {}

    def add(self, text: str, weight: str, *, learn: bool = False) -> None:
        stop = STOP_WORDS.get(self._language, frozenset())
        for word in (*words(text), *compounds(text)):
            if word in stop or self._next > _LAST_POSITION:
                continue
            root = stem(word, self._language)
            positions = self._positions[root]
            if len(positions) < _MOST_PER_LEXEME:
                positions.append(f"{self._next}{weight}")
            self._next += 1
            if learn and len(word) >= _SHORTEST_KNOWN and not word.isdigit():
                self.known[word] = root

    def __str__(self) -> str:
        lexemes = [f"'{lexeme}':{','.join(positions)}" for lexeme, positions in self._positions.items()]
        return f"'{self._mark}' {' '.join(lexemes)}"


async def reindex(db: Connection, product_ids: Sequence[UUID]) -> None:
    """Bring search and sorting up to date with these products, in every language of a market."""
    sources = [_Source(**row) for row in await db.fetch(_SOURCE, list(product_ids))]
    terms = [_terms_of(source) for source in sources]
    await db.execute(
        _WRITE_INDEX,
        [source.product_id for source in sources],
        [source.language for source in sources],
        [source.text_language for source in sources],
        [sort_key(source.name, source.language) for source in sources],
        [str(each) for each in terms],
        [source.prices for source in sources],
    )
    known = {
        (source.language, word): root
        for source, each in zip(sources, terms, strict=True)
        for word, root in each.known.items()
    }
    await db.execute(_WRITE_WORDS, [key[0] for key in known], [key[1] for key in known], list(known.values()))


async def refresh_prices(db: Connection, product_ids: Sequence[UUID]) -> None:
    """Bring the prices by which lists are sorted up to date, where nothing else of these products changed."""
    await db.execute(_REFRESH_PRICES, list(product_ids))


async def reindex_all(db: Connection, *, batch_size: int = 1000) -> None:
    """Index every product anew: after a market with a new language was opened, or a category was renamed."""
    ids = [row["id"] for row in await db.fetch("select id from product order by id")]
    for start in range(0, len(ids), batch_size):
        await reindex(db, ids[start : start + batch_size])


def _terms_of(source: _Source) -> _Terms:
    terms = _Terms(source.text_language, source.language)
    terms.add(source.name, "A", learn=True)
    for names in source.variant_names:
        terms.add(_in_language(names, source.text_language), "A", learn=True)
    for text in (source.brand, *source.categories):
        terms.add(text, "B", learn=True)
    terms.add(source.summary, "C", learn=True)
    for value in source.attributes:
        terms.add(value if isinstance(value, str) else _in_language(value, source.text_language), "C")
    for sku in source.skus:
        terms.add(sku, "C")
    terms.add(source.description, "D")
    return terms


def _in_language(texts: dict[str, str], language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
