"""Bringing in articles from files: each one by itself, and what is known already is left as it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError, NotFound
from kupec.knowledge.checks import Signatures
from kupec.knowledge.drafts import Read
from kupec.knowledge.reading import get_article
from kupec.knowledge.writing import publish_article, save_article


class ImportedArticle(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one article of a file. `place` is its line or row; `problem` why it was refused."""

    place: int
    code: str
    outcome: Literal["new", "changed", "same", "refused"]
    problem: str = ""


async def import_articles(
    db: Connection,
    reads: Sequence[Read],
    *,
    publish: bool = False,
    note: str = "",
    signatures: Signatures | None = None,
    actor: Actor,
    now: datetime,
) -> list[ImportedArticle]:
    """Write drafts of what `read_markdown`, `read_html` or `read_csv` read; `publish` lets them hold at once.

    An article that is as it was is left alone, so the same file may be brought in again. One that is refused leaves the
    others be. Raises Forbidden. Emits article.drafted and article.published.
    """
    actor.require("knowledge.write")
    done = []
    for read in reads:
        if read.draft is None:
            done.append(ImportedArticle(place=read.place, code=read.code, outcome="refused", problem=read.problem))
            continue
        try:
            async with db.transaction():
                outcome = await _import_one(
                    db, read, publish=publish, note=note, signatures=signatures, actor=actor, now=now
                )
            done.append(ImportedArticle(place=read.place, code=read.code, outcome=outcome))
        except KupecError as error:
            done.append(ImportedArticle(place=read.place, code=read.code, outcome="refused", problem=error.message))
    return done


async def _import_one(
    db: Connection,
    read: Read,
    *,
    publish: bool,
    note: str,
    signatures: Signatures | None,
    actor: Actor,
    now: datetime,
) -> Literal["new", "changed", "same"]:
    assert read.draft is not None, "refused above"
    try:
        known = await get_article(db, read.code, latest=True)
    except NotFound:
        known = None
    same = known is not None and known.content == read.draft
    stands = known is not None and known.version.state == "published"
    if same and (stands or not publish):
        return "same"
    if not same:
        await save_article(db, read.draft, note=note, actor=actor, now=now)
    if publish:
        await publish_article(db, read.code, signatures=signatures, actor=actor, now=now)
    return "changed" if known is not None else "new"
