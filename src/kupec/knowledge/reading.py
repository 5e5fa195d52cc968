"""Articles as they are read: one, several, lists, versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import NotFound
from kupec.kit.text import fold
from kupec.knowledge.models import Article, ArticleDraft, State, Version

VERSION_COLUMNS: Final = (
    "v.id, v.article_id, v.number, v.revision, v.state, v.note, v.author, v.reviewer, v.publisher, v.back_to, "
    "v.created_at, v.updated_at, v.published_at, v.retired_at"
)
_VERSION_FIELDS = Version.__struct_fields__
_SELECT: Final = f"""
select {VERSION_COLUMNS}, v.content, a.code, a.state as article_state
from article a join article_version v on v.article_id = a.id
"""  # noqa: S608
# The one that is being written, else the published one, else the latest.
_LATEST: Final = """
v.id = (select l.id from article_version l where l.article_id = a.id
        order by l.state in ('draft', 'review') desc, l.state = 'published' desc, l.number desc limit 1)
"""


class ArticleLine(msgspec.Struct, frozen=True, kw_only=True):
    """An article in the desk's list. `pending` is the state of what is being written, if anything is."""

    code: str
    title: str
    category: str
    state: State
    pending: State | None
    languages: list[str]
    phrasings: int
    learnt: int
    yes: int
    nay: int
    source_changed: bool
    updated_at: datetime


class ChangedSource(msgspec.Struct, frozen=True, kw_only=True):
    """An article whose source page says something else than when it was taken over, or cannot be read."""

    code: str
    source_url: str
    problem: str
    checked_at: datetime | None
    changed: bool


def _article(row: Any) -> Article:
    version = Version(**{name: row[name] for name in _VERSION_FIELDS})
    return Article(
        id=version.article_id,
        code=row["code"],
        state=row["article_state"],
        version=version,
        content=msgspec.convert(row["content"], ArticleDraft),
    )


async def get_article(db: Connection, code: str, *, version: int | None = None, latest: bool = False) -> Article:
    """The published article; with `latest` as it is being written, or one version of it. Raises NotFound."""
    if version is not None:
        row = await db.fetchrow(f"{_SELECT} where a.code = $1 and v.number = $2", code, version)
    elif latest:
        row = await db.fetchrow(f"{_SELECT} where a.code = $1 and {_LATEST}", code)
    else:
        row = await db.fetchrow(f"{_SELECT} where a.code = $1 and v.state = 'published'", code)
    if row is None:
        raise NotFound(what="article")
    return _article(row)


async def articles_by_codes(db: Connection, codes: Sequence[str]) -> dict[str, Article]:
    """The published ones of these."""
    rows = await db.fetch(f"{_SELECT} where a.code = any($1::text[]) and v.state = 'published'", list(codes))
    return {row["code"]: _article(row) for row in rows}


async def published_articles(db: Connection, *, category: str | None = None) -> list[Article]:
    """All that is published, as the help pages order it."""
    rows = await db.fetch(
        f"{_SELECT} where v.state = 'published' and ($1::text is null or v.content ->> 'category' = $1) "
        "order by a.category, a.position, a.code",
        category,
    )
    return [_article(row) for row in rows]


async def article_at(db: Connection, language: str, slug: str) -> tuple[Article, bool]:
    """The published article at an address of the help pages, and whether that is its address today. Raises NotFound."""
    row = await db.fetchrow(
        "select article_id, current from article_address where language = $1 and slug = $2", language, slug
    )
    found = (
        await db.fetchrow(f"{_SELECT} where a.id = $1 and v.state = 'published'", row["article_id"]) if row else None
    )
    if row is None or found is None:
        raise NotFound(what="article")
    article = _article(found)
    return article, row["current"] and language in article.content.texts


async def list_versions(db: Connection, code: str) -> list[Version]:
    """The latest first."""
    rows = await db.fetch(
        f"select {VERSION_COLUMNS} from article_version v join article a on a.id = v.article_id "  # noqa: S608
        "where a.code = $1 order by v.number desc",
        code,
    )
    return to_structs(Version, rows)


async def list_articles(
    db: Connection,
    *,
    language: str,
    text: str = "",
    category: str = "",
    state: str = "",
    limit: int = 200,
    offset: int = 0,
) -> list[ArticleLine]:
    """For the desk: by category. `state` is a state, "pending" (is being written) or "changed" (its source is)."""
    rows = await db.fetch(
        f"""
        select a.code, a.category, a.state, a.updated_at, v.content,
               (select p.state from article_version p
                where p.article_id = a.id and p.state in ('draft', 'review')) as pending,
               (select count(*) from article_phrasing f where f.article_id = a.id) as learnt,
               (select coalesce(sum(h.yes), 0) from article_help h where h.article_id = a.id) as yes,
               (select coalesce(sum(h.nay), 0) from article_help h where h.article_id = a.id) as nay,
               a.source_now <> '' and a.source_now <> a.source_print as source_changed
        from article a join article_version v on v.article_id = a.id and {_LATEST}
        where ($1 = '' or a.category = $1)
          and case $2 when '' then true
                      when 'changed' then a.source_now <> '' and a.source_now <> a.source_print
                      when 'pending' then exists (select from article_version p where p.article_id = a.id
                                                  and p.state in ('draft', 'review'))
                      else a.state = $2 end
        order by a.category, a.position, a.code
        """,  # noqa: S608
        category,
        state,
    )
    wanted = fold(text).split()
    lines = [_line(row, language) for row in rows if _has(row, wanted)]
    return lines[offset : offset + limit]


def _has(row: Any, wanted: list[str]) -> bool:
    if not wanted:
        return True
    content = row["content"]
    said = [
        row["code"],
        *(f"{text['title']} {' '.join(text.get('phrasings', []))}" for text in content["texts"].values()),
    ]
    folded = fold(" ".join([*said, *(answer["text"] for answer in content["answers"])]))
    return all(word in folded for word in wanted)


def _line(row: Any, language: str) -> ArticleLine:
    texts = row["content"]["texts"]
    text = texts.get(language) or next(iter(texts.values()))
    return ArticleLine(
        code=row["code"],
        title=text["title"],
        category=row["category"],
        state=row["state"],
        pending=row["pending"],
        languages=list(texts),
        phrasings=sum(len(one.get("phrasings", [])) for one in texts.values()),
        learnt=row["learnt"],
        yes=row["yes"],
        nay=row["nay"],
        source_changed=row["source_changed"],
        updated_at=row["updated_at"],
    )


async def article_counts(db: Connection) -> dict[str, int]:
    """How many articles there are in each state, "pending" and "changed" among them."""
    row = await db.fetchrow(
        """
        select count(*) as "all", count(*) filter (where state = 'published') as published,
               count(*) filter (where state = 'draft') as draft, count(*) filter (where state = 'review') as review,
               count(*) filter (where state = 'retired') as retired,
               count(*) filter (where source_now <> '' and source_now <> source_print) as changed,
               (select count(*) from article_version where state in ('draft', 'review')) as pending
        from article
        """
    )
    assert row is not None
    return dict(row)


async def changed_sources(db: Connection) -> list[ChangedSource]:
    """Articles whose source page has changed or cannot be read, the longest known first."""
    rows = await db.fetch(
        """
        select code, source_url, source_problem as problem, source_checked_at as checked_at,
               source_now <> '' and source_now <> source_print as changed
        from article
        where source_problem <> '' or (source_now <> '' and source_now <> source_print)
        order by source_checked_at, code
        """
    )
    return to_structs(ChangedSource, rows)
