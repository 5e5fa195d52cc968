"""Search that forgives missing accents, endings and typing errors. How: docs/algorithms/search.md."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec

from kupec.catalogue.spelling import likely_meant
from kupec.catalogue.stems import STOP_WORDS, stem, words
from kupec.kit.db import Connection

_LONGEST_QUERY: Final = 200
_MOST_WORDS: Final = 10
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

_BY_CODE: Final = """
select product_id from variant where status = 'active' and lower(sku) = lower($1)
union
select product_id from variant where status = 'active' and barcode = $1
"""


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A word that is sought: its stems, beginnings it may be meant as, and what it may be a misspelling of."""

    stems: frozenset[str]
    prefix: str | None = None
    meant: frozenset[str] = frozenset()

    def exactly(self, weights: str = "") -> str:
        return _either(f"'{root}'{':' if weights else ''}{weights}" for root in sorted(self.stems))

    def widely(self, weights: str = "") -> str:
        plain = [f"'{root}'{':' if weights else ''}{weights}" for root in sorted(self.stems | self.meant)]
        return _either([*plain, f"'{self.prefix}':*{weights}"] if self.prefix else plain)

    def beginnings(self) -> list[str]:
        """What a lexeme that answers this term begins with."""
        return [*self.stems, *self.meant, *([self.prefix] if self.prefix else [])]


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's query, understood. `by_code` are products that have it as SKU or barcode."""

    terms: list[Term]
    by_code: list[UUID]

    @property
    def nothing(self) -> bool:
        return not self.terms and not self.by_code

    def exactly(self, weights: str = "", *, any_word: bool = False) -> str:
        """As a tsquery: every word (or `any_word`) as it was typed but for its ending."""
        return _joined((term.exactly(weights) for term in self.terms), any_word)

    def widely(self, weights: str = "", *, any_word: bool = False) -> str:
        """The same, and whatever begins with a word or may be meant by it."""
        return _joined((term.widely(weights) for term in self.terms), any_word)

    def each_widely(self) -> list[str]:
        return [term.widely() for term in self.terms]

    def beginnings(self) -> list[str]:
        return [beginning for term in self.terms for beginning in term.beginnings()]


async def understand(db: Connection, language: str, query: str) -> Sought:
    """Turn what a buyer typed, whatever it is, into terms. Two short reads."""
    text = clean(query)
    if not text:
        return Sought(terms=[], by_code=[])
    by_code = [row["product_id"] for row in await db.fetch(_BY_CODE, text)]
    spoken = _significant(words(text), language)
    meant = await _misspelt(db, language, spoken)
    return Sought(terms=[_term(word, language, meant.get(word, set())) for word in spoken], by_code=by_code)


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
    return Term(stems=stems, prefix=prefix, meant=frozenset(meant) - stems)


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
    return (" | " if any_word else " & ").join(terms)


def _either(alternatives: Iterable[str]) -> str:
    return f"({' | '.join(alternatives)})"
