"""Writing articles: drafts, review, publishing, rolling back, retiring."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.kit.versions import published
from kupec.knowledge.checks import Signatures, check_draft, check_publishable
from kupec.knowledge.errors import AddressTaken, NothingToPublish
from kupec.knowledge.events import ArticleDrafted, ArticlePublished, ArticleRetired, ArticleReviewed
from kupec.knowledge.models import ArticleDraft, PublishedArticle, State, Version
from kupec.knowledge.policy import KNOWLEDGE
from kupec.knowledge.reading import VERSION_COLUMNS

PERMISSION = "knowledge.write"
_PENDING = ("draft", "review")


async def save_article(
    db: Connection, draft: ArticleDraft, *, note: str = "", seen: str | None = None, actor: Actor, now: datetime
) -> Version:
    """Write the draft of an article, a new one if there is none by its code; what is published stays.

    An article has one draft; saving again replaces it. `seen` is `Version.seen` of what its author was shown: Conflict
    if that is not what stands there now. Raises InvalidValue naming the path. Emits article.drafted.
    """
    actor.require(PERMISSION)
    check_draft(draft, (await published(db, KNOWLEDGE))[KNOWLEDGE])
    article_id = await _lock(db, draft.code, now)
    last = await _last(db, article_id)
    if seen is not None and (last is None or last.seen != seen):
        raise Conflict
    content = msgspec.to_builtins(draft)
    if last is not None and last.state in _PENDING:
        await db.execute(
            "update article_version set content = $2, note = $3, author = $4, state = 'draft', reviewer = '', "
            "revision = revision + 1, updated_at = $5 where id = $1",
            last.id,
            content,
            note.strip(),
            str(actor),
            now,
        )
    else:
        await _insert(db, article_id, content, state="draft", note=note, actor=actor, now=now)
    version = await _pending(db, article_id)
    assert version is not None, "written above"
    await _settle(db, article_id, now, content if version.number == 1 else None)
    await _tell(db, draft.code, ArticleDrafted(code=draft.code, number=version.number), actor, now)
    return version


async def submit_article(db: Connection, code: str, *, actor: Actor, now: datetime) -> Version:
    """Hand the draft in for review. Raises NotFound, NothingToPublish. Emits article.reviewed."""
    return await _move(db, code, "draft", "review", actor=actor, now=now)


async def send_back_article(db: Connection, code: str, *, actor: Actor, now: datetime) -> Version:
    """Give what was handed in back to its author. Raises NotFound, NothingToPublish. Emits article.reviewed."""
    return await _move(db, code, "review", "draft", actor=actor, now=now)


async def _move(db: Connection, code: str, before: State, after: State, *, actor: Actor, now: datetime) -> Version:
    actor.require(PERMISSION)
    article_id = await _lock_known(db, code)
    version = await _pending(db, article_id)
    if version is None or version.state != before:
        raise NothingToPublish
    await db.execute(
        "update article_version set state = $2, reviewer = $3, updated_at = $4, revision = revision + 1 where id = $1",
        version.id,
        after,
        str(actor) if after == "draft" else "",
        now,
    )
    await _settle(db, article_id, now, None)
    await _tell(db, code, ArticleReviewed(code=code, number=version.number, state=after), actor, now)
    moved = await _pending(db, article_id)
    assert moved is not None, "still there"
    return moved


async def publish_article(
    db: Connection, code: str, *, signatures: Signatures | None = None, actor: Actor, now: datetime
) -> PublishedArticle:
    """Let what is being written hold from now on; what held before retires. Returns it with what is doubtful in it.

    `signatures` are the fields of what each tool returns; a variable that names another is refused. Raises NotFound,
    NothingToPublish, ArticleUnfit, AddressTaken. Emits article.published.
    """
    actor.require(PERMISSION)
    article_id = await _lock_known(db, code)
    version = await _pending(db, article_id)
    if version is None:
        raise NothingToPublish
    draft = await _content(db, version.id)
    warnings = check_publishable(draft, (await published(db, KNOWLEDGE))[KNOWLEDGE], signatures)
    await _let_hold(db, article_id, version, draft, actor=actor, now=now)
    return PublishedArticle(version=await _by_id(db, version.id), warnings=warnings)


async def roll_back_article(db: Connection, code: str, number: int, *, actor: Actor, now: datetime) -> PublishedArticle:
    """Publish an older version anew, under a new number; a draft stays. Emits article.published.

    Raises NotFound, and Conflict when that version was never published or holds now.
    """
    actor.require(PERMISSION)
    article_id = await _lock_known(db, code)
    row = await db.fetchrow(
        "select id, state, content, note from article_version where article_id = $1 and number = $2", article_id, number
    )
    if row is None:
        raise NotFound(what="version")
    if row["state"] != "retired":
        raise Conflict
    draft = msgspec.convert(row["content"], ArticleDraft)
    warnings = check_publishable(draft, (await published(db, KNOWLEDGE))[KNOWLEDGE], None)
    made = await _insert(
        db, article_id, row["content"], state="retired", note=row["note"], actor=actor, now=now, back_to=number
    )
    await _let_hold(db, article_id, made, draft, actor=actor, now=now)
    return PublishedArticle(version=await _by_id(db, made.id), warnings=warnings)


async def retire_article(db: Connection, code: str, *, actor: Actor, now: datetime) -> None:
    """Take an article out of use; its versions stay. Raises NotFound. Emits article.retired."""
    actor.require(PERMISSION)
    article_id = await _lock_known(db, code)
    number = await db.fetchval(
        "update article_version set state = 'retired', retired_at = $2 where article_id = $1 and state = 'published' "
        "returning number",
        article_id,
        now,
    )
    if number is None:
        raise NotFound(what="article")
    await _settle(db, article_id, now, None)
    await _tell(db, code, ArticleRetired(code=code, number=number), actor, now)


async def drop_draft(db: Connection, code: str, *, actor: Actor, now: datetime) -> None:
    """Throw away what is being written; an article that was never published goes with it. Raises NotFound."""
    actor.require(PERMISSION)
    article_id = await _lock_known(db, code)
    await db.execute(
        "delete from article_version where article_id = $1 and state = any($2::text[])", article_id, list(_PENDING)
    )
    if await _last(db, article_id) is None:
        await db.execute("delete from article where id = $1", article_id)
        return
    await _settle(db, article_id, now, None)


async def touch(db: Connection, article_ids: Sequence[UUID]) -> None:
    """Let every process know that its index is old. Writers take turns, so the marks come in the order of commits."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended('knowledge', 0))")
    await db.execute(
        "update article set change_no = nextval('knowledge_change'), change_id = new.id "
        "from unnest($1::uuid[], $2::uuid[]) as new (article_id, id) where article.id = new.article_id",
        list(article_ids),
        [uuid7() for _ in article_ids],
    )


# --- within one article ----------------------------------------------------------------------------


async def _lock(db: Connection, code: str, now: datetime) -> UUID:
    await db.execute(
        "insert into article (id, code, category, state, change_id, created_at, updated_at) "
        "values ($1, $2, '', 'draft', $3, $4, $4) on conflict (code) do nothing",
        uuid7(),
        code,
        uuid7(),
        now,
    )
    return await _lock_known(db, code)


async def _lock_known(db: Connection, code: str) -> UUID:
    found: UUID | None = await db.fetchval("select id from article where code = $1 for no key update", code)
    if found is None:
        raise NotFound(what="article")
    return found


async def _insert(
    db: Connection,
    article_id: UUID,
    content: Any,
    *,
    state: State,
    note: str,
    actor: Actor,
    now: datetime,
    back_to: int | None = None,
) -> Version:
    version_id = uuid7()
    await db.execute(
        """
        insert into article_version
            (id, article_id, number, state, content, note, author, back_to, created_at, updated_at)
        select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8, $8
        from article_version where article_id = $2
        """,
        version_id,
        article_id,
        state,
        content,
        note.strip(),
        str(actor),
        back_to,
        now,
    )
    return await _by_id(db, version_id)


async def _by_id(db: Connection, version_id: UUID) -> Version:
    row = await db.fetchrow(f"select {VERSION_COLUMNS} from article_version v where v.id = $1", version_id)  # noqa: S608
    assert row is not None, "written in this transaction"
    return Version(**dict(row))


async def _pending(db: Connection, article_id: UUID) -> Version | None:
    row = await db.fetchrow(
        f"select {VERSION_COLUMNS} from article_version v where v.article_id = $1 and v.state in ('draft', 'review')",  # noqa: S608
        article_id,
    )
    return Version(**dict(row)) if row else None


async def _last(db: Connection, article_id: UUID) -> Version | None:
    """What an editor is shown: the one that is being written, else the published one, else the latest."""
    row = await db.fetchrow(
        f"select {VERSION_COLUMNS} from article_version v where v.article_id = $1 "  # noqa: S608
        "order by v.state in ('draft', 'review') desc, v.state = 'published' desc, v.number desc limit 1",
        article_id,
    )
    return Version(**dict(row)) if row else None


async def _content(db: Connection, version_id: UUID) -> ArticleDraft:
    raw = await db.fetchval("select content from article_version where id = $1", version_id)
    return msgspec.convert(raw, ArticleDraft)


async def _let_hold(
    db: Connection, article_id: UUID, version: Version, draft: ArticleDraft, *, actor: Actor, now: datetime
) -> None:
    await db.execute(
        "update article_version set state = 'retired', retired_at = $2 where article_id = $1 and state = 'published'",
        article_id,
        now,
    )
    await db.execute(
        "update article_version set state = 'published', published_at = $2, publisher = $3, updated_at = $2 "
        "where id = $1",
        version.id,
        now,
        str(actor),
    )
    await _move_in(db, article_id, draft)
    await _settle(db, article_id, now, msgspec.to_builtins(draft))
    await _tell(
        db, draft.code, ArticlePublished(code=draft.code, number=version.number, back_to=version.back_to), actor, now
    )


async def _move_in(db: Connection, article_id: UUID, draft: ArticleDraft) -> None:
    """Its addresses; those it had before go on leading to it. Raises AddressTaken."""
    await db.execute("update article_address set current = false where article_id = $1", article_id)
    for language, text in sorted(draft.texts.items()):
        # An address that another article has left is free again.
        taken = await db.fetchval(
            """
            insert into article_address (language, slug, article_id) values ($1, $2, $3)
            on conflict (language, slug) do update set article_id = $3, current = true
            where article_address.article_id = $3 or not article_address.current
            returning true
            """,
            language,
            text.slug,
            article_id,
        )
        if taken is None:
            raise AddressTaken(field=f"texts.{language}.slug", slug=text.slug)


async def _settle(db: Connection, article_id: UUID, now: datetime, content: Any) -> None:
    """What the row says of its versions; `content` is what is to be seen of it, where that is new."""
    await db.execute(
        """
        update article set updated_at = $2, state = coalesce(
            (select state from article_version where article_id = $1 and state = 'published'),
            (select state from article_version where article_id = $1 and state in ('draft', 'review')), 'retired')
        where id = $1
        """,
        article_id,
        now,
    )
    if content is not None:
        await db.execute(
            """
            update article set category = $2, position = $3, source_url = $4,
                source_print = case when source_url <> $4 then ''
                                    else coalesce(nullif(source_now, ''), source_print) end,
                source_now = case when source_url = $4 then source_now else '' end,
                source_problem = case when source_url = $4 then source_problem else '' end,
                source_due_at = case when $4 = '' then null when source_url = $4 then source_due_at else $5 end
            where id = $1
            """,
            article_id,
            content["category"],
            content.get("position", 0),
            content.get("source_url", ""),
            now + timedelta(minutes=1),
        )
    await touch(db, [article_id])


async def _tell(db: Connection, code: str, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=f"article:{code}", occurred_at=now)], actor=actor)
