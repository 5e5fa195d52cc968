"""Ways to ask that were learnt from customers."""

from datetime import datetime
from uuid import UUID

from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.text import fold
from kupec.knowledge.checks import LONGEST_PHRASING
from kupec.knowledge.events import ArticleLearnt
from kupec.knowledge.models import Phrasing
from kupec.knowledge.reading import published_articles
from kupec.knowledge.writing import PERMISSION, touch


async def add_phrasing(
    db: Connection,
    code: str,
    language: str,
    text: str,
    *,
    source: str,
    customer_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Learn another way to ask for an article, at once; False if it is known (accents and case aside).

    `text` is masked already. `customer_id` is whose words they are: they go when that customer is forgotten. Raises
    NotFound, InvalidValue. Emits article.learnt.
    """
    actor.require(PERMISSION)
    said = " ".join(text.split())
    if language not in LANGUAGES:
        raise InvalidValue(field="language", expected=", ".join(LANGUAGES))
    if not 0 < len(said) <= LONGEST_PHRASING or not said.isprintable():
        raise InvalidValue(field="text", expected=_("a question of at most 200 characters"))
    article_id = await db.fetchval("select id from article where code = $1", code)
    if article_id is None:
        raise NotFound(what="article")
    added = await db.fetchval(
        """
        insert into article_phrasing (id, article_id, language, text, folded, source, customer_id, author, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (article_id, language, folded) do nothing returning true
        """,
        uuid7(),
        article_id,
        language,
        said,
        fold(said),
        source,
        customer_id,
        str(actor),
        now,
    )
    if not added:
        return False
    await _learnt(db, article_id, code, language, forgotten=False, actor=actor, now=now)
    return True


async def remove_phrasing(db: Connection, code: str, phrasing_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Forget a learnt way to ask. Raises NotFound. Emits article.learnt."""
    actor.require(PERMISSION)
    row = await db.fetchrow(
        "delete from article_phrasing f using article a where f.id = $1 and a.id = f.article_id and a.code = $2 "
        "returning f.article_id, f.language",
        phrasing_id,
        code,
    )
    if row is None:
        raise NotFound(what="phrasing")
    await _learnt(db, row["article_id"], code, row["language"], forgotten=True, actor=actor, now=now)


async def _learnt(
    db: Connection, article_id: UUID, code: str, language: str, *, forgotten: bool, actor: Actor, now: datetime
) -> None:
    await touch(db, [article_id])
    payload = ArticleLearnt(code=code, language=language, forgotten=forgotten)
    await emit(db, [Happened(payload=payload, subject=f"article:{code}", occurred_at=now)], actor=actor)


async def learnt_phrasings(db: Connection, code: str) -> list[Phrasing]:
    """The latest first."""
    rows = await db.fetch(
        "select f.id, f.language, f.text, f.source, f.author, f.created_at from article_phrasing f "
        "join article a on a.id = f.article_id where a.code = $1 order by f.created_at desc, f.id desc",
        code,
    )
    return to_structs(Phrasing, rows)


async def training_phrases(db: Connection) -> list[tuple[str, str, str]]:
    """(text, language, article's code): every title, phrasing and learnt phrasing of what is published."""
    found = [
        (said, language, article.code)
        for article in await published_articles(db)
        for language, text in article.content.texts.items()
        for said in (text.title, *text.phrasings)
    ]
    rows = await db.fetch(
        "select f.text, f.language, a.code from article_phrasing f join article a on a.id = f.article_id "
        "where a.state = 'published' order by f.id"
    )
    return [*found, *((row["text"], row["language"], row["code"]) for row in rows)]
