"""Search that forgives missing accents, endings and typing errors. How: docs/algorithms/search.md."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from kupec.catalogue.spelling import likely_meant
from kupec.catalogue.stems import STOP_WORDS, stem, words
from kupec.kit.db import Connection

START: Final = "^"
"""Stands in every index entry before the first word of the name."""

_NEVER: Final = "'-'"
_LONGEST_QUERY: Final = 200
_MOST_WORDS: Final = 8
_SHORTEST_PREFIX: Final = 3
_OTHER_LANGUAGE: Final = "en"
# The words nearest to those that no product knows, not even as a beginning.
_NEAREST_WORDS: Final = """
select t.word, near.word as known, near.stem
from unnest($2::text[], $3::text[]) as t (word, stem)
cross join lateral (
    select s.word, s.stem from search_word s where s.language = $1 order by s.word <-> t.word limit 12
) near
where not exists (
    select from search_word s
    where s.language = $1 and s.stem >= t.stem collate "C" and s.stem < (t.stem || chr(1114111)) collate "C"
)
"""

_AND_BELOW: Final = """
with recursive tree as (
    select unnest($1::uuid[]) as id
    union
    select c.id from category c join tree t on c.parent_id = t.id
)
select id from tree
"""

_BY_CODE: Final = """
select product_id from variant where status = 'active' and lower(sku) = lower($1)
union
select product_id from variant where status = 'active' and barcode = $1
"""


def language_mark(language: str) -> str:
    """Stands in every index entry for readers of that language, and so keeps those for others out."""
    return f"/{language}"


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A word that is sought: its stems, or what it may be a misspelling of, and the beginning it may be meant as."""

    stems: frozenset[str]
    prefix: str | None = None

    def exactly(self, weights: str = "") -> str:
        """As a tsquery, in lexemes of these weights."""
        return _either(f"'{root}':{weights}" if weights else f"'{root}'" for root in sorted(self.stems))

    def widely(self, weights: str = "") -> str:
        """The same, also as the beginning of a word."""
        if self.prefix is None:
            return self.exactly(weights)
        return f"({self.exactly(weights)} | '{self.prefix}':*{weights})"


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's query, understood."""

    terms: list[Term] = []
    by_code: list[UUID] = []
    """Products that have it as SKU or barcode."""
    kinds: list[UUID] = []
    """Categories that are called like it, and those below them."""

    @property
    def nothing(self) -> bool:
        return not self.terms and not self.by_code

    def exactly(self, weights: str = "", *, any_word: bool = False) -> str:
        """As a tsquery: every word (or `any_word`), whatever its ending."""
        return _joined((term.exactly(weights) for term in self.terms), any_word)

    def widely(self, weights: str = "", *, any_word: bool = False) -> str:
        """The same, and whatever begins with a word."""
        return _joined((term.widely(weights) for term in self.terms), any_word)

    def each_widely(self) -> list[str]:
        return [term.widely() for term in self.terms]

    def at_the_start(self) -> str:
        """As a tsquery: the name begins with one of the words."""
        return f"'{START}' <-> ({self.widely(any_word=True)})"


async def understand(db: Connection, language: str, query: str) -> Sought:
    """Turn what a buyer typed, whatever it is, into what to look for. Three short reads."""
    text = clean(query)
    if not text:
        return Sought()
    by_code = [row["product_id"] for row in await db.fetch(_BY_CODE, text)]
    spoken = _significant(words(text), language)
    meant = await _misspelt(db, language, spoken)
    terms = [_term(word, language, meant.get(word, set())) for word in spoken]
    return Sought(terms=terms, by_code=by_code, kinds=await _kinds(db, language, terms))


def clean(query: str) -> str:
    """A query as PostgreSQL can hold it, and no longer than anybody means."""
    return query[:_LONGEST_QUERY].encode("utf-8", "ignore").decode().replace("\0", " ").strip()


def _significant(spoken: Iterable[str], language: str) -> list[str]:
    """Each word once, without the stop words unless there are no others."""
    distinct = list(dict.fromkeys(spoken))
    stop = STOP_WORDS.get(language, frozenset())
    return ([word for word in distinct if word not in stop] or distinct)[:_MOST_WORDS]


def _term(word: str, language: str, meant: set[str]) -> Term:
    stems = frozenset({stem(word, language), stem(word, _OTHER_LANGUAGE)})
    shortest = min(stems, key=len)
    prefix = shortest if len(shortest) >= _SHORTEST_PREFIX and not word.isdigit() else None
    return Term(stems=stems | meant, prefix=prefix)


async def _kinds(db: Connection, language: str, terms: Sequence[Term]) -> list[UUID]:
    if not terms:
        return []
    rows = await db.fetch("select category_id, name from category_text where language = $1", language)
    called = [row["category_id"] for row in rows if _is_called(row["name"], language, terms)]
    if not called:
        return []
    return [row["id"] for row in await db.fetch(_AND_BELOW, called)]


def _is_called(name: str, language: str, terms: Sequence[Term]) -> bool:
    """Whether a name says what the terms say, no less and no more."""
    roots = [stem(word, language) for word in _significant(words(name), language)]
    return len(roots) == len(terms) and all(any(root in term.stems for root in roots) for term in terms)


async def _misspelt(db: Connection, language: str, spoken: Iterable[str]) -> dict[str, set[str]]:
    doubtful = [word for word in spoken if len(word) > _SHORTEST_PREFIX and not word.isdigit()]
    if not doubtful:
        return {}
    rows = await db.fetch(_NEAREST_WORDS, language, doubtful, [stem(word, language) for word in doubtful])
    near: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        near.setdefault(row["word"], []).append((row["known"], row["stem"]))
    return {word: likely_meant(word, stem(word, language), known) for word, known in near.items()}


def _joined(terms: Iterable[str], any_word: bool) -> str:
    return (" | " if any_word else " & ").join(terms) or _NEVER


def _either(alternatives: Iterable[str]) -> str:
    return f"({' | '.join(alternatives)})"
