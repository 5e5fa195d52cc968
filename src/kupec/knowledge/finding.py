"""Finding articles: every process keeps an index in memory, and makes a new one when something was published."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
import structlog

from kupec.kit.db import Connection
from kupec.kit.encoder import Encoder, encoder_at_hand
from kupec.kit.errors import KupecError
from kupec.kit.i18n import LANGUAGES
from kupec.knowledge.answers import wording
from kupec.knowledge.meaning import Encoded
from kupec.knowledge.models import Article, Hit
from kupec.knowledge.reading import published_articles
from kupec.knowledge.retrieval import LanguageIndex, Match, Source, Vocabularies

FOREIGN: Final = 0.85
"""What a score is worth that was found by words of another language."""
_SURE: Final = 0.5
_LONGEST: Final = 1000


log = structlog.get_logger(__name__)


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """All that is published, as it was at `mark`."""

    mark: UUID | None
    articles: Mapping[str, Article]
    languages: Mapping[str, LanguageIndex]


class _Shelf:
    """The index of this process. Whoever sees first that it is old makes the next one; others go on with the old."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._making: UUID | None = None
        self.index: Index | None = None
        self.vocabularies = {language: Vocabularies() for language in LANGUAGES}
        self.encoder: Encoder | None = None
        self.encoded: Mapping[str, Encoded] = {}

    def begin(self, mark: UUID | None) -> bool:
        """Whether the caller is to make the index for this mark."""
        with self._lock:
            if self._making == mark and mark is not None and self.index is not None:
                return False
            self._making = mark
            return True

    def put(self, index: Index | None) -> None:
        with self._lock:
            self._making = None
            if index is not None:
                self.index = index


_shelf = _Shelf()
_building = threading.Lock()


async def search(
    db: Connection,
    text: str,
    *,
    language: str,
    channel: str = "web",
    voice: bool = False,
    audience: str = "formal",
    limit: int = 5,
    index: Index | None = None,
) -> list[Hit]:
    """The published articles that answer `text` likeliest, best first, each worded for whom and where it is said.

    Other languages than `language` are looked at where it says nothing sure. An empty list for an empty question.
    `index` is `current_index`, where the caller has asked for it already.
    """
    asked = text[:_LONGEST].strip()
    if not asked:
        return []
    index = index or await current_index(db)
    if all(there.meanings is None for there in index.languages.values()):
        matches = _matches(index, asked, language, limit)
    else:
        # An encoder takes some milliseconds, which the loop has not.
        matches = await asyncio.to_thread(_matches, index, asked, language, limit)
    hits = (_hit(index, match, language, channel, voice, audience) for match in matches)
    return [hit for hit in hits if hit is not None]


def _matches(index: Index, text: str, language: str, limit: int) -> list[Match]:
    own = index.languages[language].find(text, limit) if language in index.languages else []
    if own and own[0].score >= _SURE:
        return own
    best = {match.code: match for match in own}
    for other, there in index.languages.items():
        for match in there.find(text, limit) if other != language else ():
            worth = match.score * FOREIGN
            if match.code not in best or best[match.code].score < worth:
                best[match.code] = Match(match.code, worth, match.likeness, match.question)
    return sorted(best.values(), key=lambda match: (-match.score, match.code))[:limit]


def _hit(index: Index, match: Match, language: str, channel: str, voice: bool, audience: str) -> Hit | None:
    article = index.articles[match.code]
    content = article.content
    answer = wording(content, language, channel, voice, audience)
    if answer is None:
        return None
    text = content.texts[answer.language]
    return Hit(
        article_code=match.code,
        title=text.title,
        score=round(match.score, 4),
        answer=answer.text,
        variables=content.variables,
        url_slug=text.slug,
        version=article.version.number,
        language=answer.language,
        category=content.category,
        matched=match.question,
    )


async def hit_of(
    db: Connection,
    code: str,
    *,
    language: str,
    channel: str = "web",
    voice: bool = False,
    audience: str = "formal",
    index: Index | None = None,
) -> Hit | None:
    """The published article of this code, worded like a hit; None where there is none. Its score is 1."""
    index = index or await current_index(db)
    if code not in index.articles:
        return None
    return _hit(index, Match(code, 1.0, 1.0, ""), language, channel, voice, audience)


async def current_index(db: Connection) -> Index:
    """What is published, as this process knows it: one short read when nothing has changed."""
    mark: UUID | None = await db.fetchval("select change_id from article order by change_no desc limit 1")
    index = _shelf.index
    if index is not None and index.mark == mark:
        return index
    if not _shelf.begin(mark) and index is not None:
        return index
    made: Index | None = None
    try:
        articles = await published_articles(db)
        learnt = await _learnt(db)
        # Counting words takes a while: not on the loop that answers everybody else.
        made = await asyncio.to_thread(_build, mark, articles, learnt)
    finally:
        _shelf.put(made)
    return made


async def _learnt(db: Connection) -> dict[tuple[UUID, str], list[str]]:
    found: dict[tuple[UUID, str], list[str]] = {}
    for row in await db.fetch("select article_id, language, text from article_phrasing order by id"):
        found.setdefault((row["article_id"], row["language"]), []).append(row["text"])
    return found


def _build(mark: UUID | None, articles: list[Article], learnt: Mapping[tuple[UUID, str], list[str]]) -> Index:
    spoken = {
        language: [_source(article, language, learnt) for article in articles if language in article.content.texts]
        for language in LANGUAGES
    }
    with _building:
        encoded = _encoded()
        return Index(
            mark=mark,
            articles={article.code: article for article in articles},
            languages={
                language: LanguageIndex(
                    sources, language, vocabularies=_shelf.vocabularies[language], encoded=encoded.get(language)
                )
                for language, sources in spoken.items()
                if sources
            },
        )


def _encoded() -> Mapping[str, Encoded]:
    """What the encoder of this process has made of the articles; nothing where there is none, or none that opens."""
    try:
        encoder = encoder_at_hand()
    except KupecError as error:
        log.warning("articles are found by their words alone", reason=error.message)
        encoder = None
    if encoder is None:
        _shelf.encoded = {}
    elif not _shelf.encoded or _shelf.encoder is not encoder:
        _shelf.encoded = {language: Encoded(encoder) for language in LANGUAGES}
    _shelf.encoder = encoder
    return _shelf.encoded


def _source(article: Article, language: str, learnt: Mapping[tuple[UUID, str], list[str]]) -> Source:
    text = article.content.texts[language]
    said = [answer.text for answer in article.content.answers if answer.language == language and not answer.voice]
    questions = dict.fromkeys((text.title, *text.phrasings, *learnt.get((article.id, language), ())))
    return Source(code=article.code, questions=tuple(questions), answer="\n".join(said))
