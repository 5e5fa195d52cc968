"""Pages that articles were taken from: looked at now and then, to see whether they say something else."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from kupec.kit.actor import Actor, system
from kupec.kit.addresses import CheckedResolver, ForbiddenAddress, Reach, check_url
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.versions import published
from kupec.knowledge.errors import SourceUnreachable
from kupec.knowledge.events import ArticleSourceChanged
from kupec.knowledge.html_form import fingerprint
from kupec.knowledge.policy import KNOWLEDGE, Knowledge
from kupec.knowledge.writing import PERMISSION

_SECONDS: Final = 10
_LARGEST: Final = 2_000_000  # bytes
_AT_ONCE: Final = 20
_LEASE: Final = timedelta(minutes=10)
_LOOKER: Final = system("sources")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A page to look at."""

    code: str
    url: str


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at a page brought: its fingerprint, or the problem."""

    source: Source
    seen: str = ""
    problem: str = ""


async def check_sources(database: Database, *, reach: Reach, now: datetime, limit: int = _AT_ONCE) -> list[Looked]:
    """Look at the pages that are due, and note which have changed. No transaction is open while a page is read.

    Only hosts that the knowledge document names are asked, over https, at public addresses. Emits
    article.source_changed.
    """
    async with database.transaction(quiet=True) as db:
        document = (await published(db, KNOWLEDGE))[KNOWLEDGE]
        due = await _take_due(db, now, limit)
    looked = [await look_at(source, document, reach=reach) for source in due]
    async with database.transaction() as db:
        for one in looked:
            await _note(db, one, now + timedelta(days=document.source_days), now)
    return looked


async def _take_due(db: Connection, now: datetime, limit: int) -> list[Source]:
    rows = await db.fetch(
        """
        update article set source_due_at = $3
        where id in (select id from article where source_due_at <= $1 order by source_due_at limit $2
                     for update skip locked)
        returning code, source_url
        """,
        now,
        limit,
        now + _LEASE,
    )
    return [Source(code=row["code"], url=row["source_url"]) for row in rows]


async def look_at(source: Source, document: Knowledge, *, reach: Reach) -> Looked:
    """Read one page. Never raises."""
    try:
        page = await read_page(source.url, document.source_hosts, reach=reach)
    except SourceUnreachable as error:
        return Looked(source=source, problem=str(error.details["reason"])[:300])
    return Looked(source=source, seen=fingerprint(page))


async def read_page(url: str, hosts: list[str], *, reach: Reach) -> str:
    """A page of an allowed host: no redirects, ten seconds, two megabytes. Raises SourceUnreachable."""
    host = (urlsplit(url).hostname or "").lower()
    if host not in hosts:
        raise SourceUnreachable(reason=f"{host} is not among the hosts in the settings of knowledge")
    try:
        check_url(url, reach)
        connector = aiohttp.TCPConnector(resolver=CheckedResolver(reach), use_dns_cache=False)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session,
            session.get(url, allow_redirects=False, headers={"User-Agent": "Kupec", "Accept": "text/html"}) as answer,
        ):
            if answer.status != 200:
                raise SourceUnreachable(reason=f"the page answers {answer.status}")
            body = await answer.content.read(_LARGEST + 1)
            while len(body) <= _LARGEST and not answer.content.at_eof():
                body += await answer.content.read(_LARGEST + 1 - len(body))
    except InvalidValue as error:
        raise SourceUnreachable(reason=str(error.details["expected"])) from error
    except ForbiddenAddress as error:
        raise SourceUnreachable(reason="the address is not on the public internet") from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise SourceUnreachable(reason=f"{type(error).__name__}: it could not be read") from error
    if len(body) > _LARGEST:
        raise SourceUnreachable(reason="the page is larger than two megabytes")
    return body.decode("utf-8", "replace")


async def _note(db: Connection, looked: Looked, again: datetime, now: datetime) -> None:
    """The first look is what later ones are compared with."""
    changed = await db.fetchval(
        """
        update article a set source_checked_at = $4, source_due_at = $5, source_problem = $3,
            source_print = case when a.source_print = '' then $2 else a.source_print end,
            source_now = case when $2 = '' then a.source_now else $2 end
        from (select id, source_now, source_print from article where code = $1 for update) before
        where a.id = before.id and a.source_url = $6
        returning $2 <> '' and before.source_print <> '' and $2 <> before.source_print
                  and $2 <> coalesce(before.source_now, '')
        """,
        looked.source.code,
        looked.seen,
        looked.problem,
        now,
        again,
        looked.source.url,
    )
    if changed:
        payload = ArticleSourceChanged(code=looked.source.code)
        happened = Happened(payload=payload, subject=f"article:{looked.source.code}", occurred_at=now)
        await emit(db, [happened], actor=_LOOKER)


async def settle_source(db: Connection, code: str, *, actor: Actor, now: datetime) -> None:
    """What the page says now is what the article was taken from. Raises NotFound."""
    actor.require(PERMISSION)
    settled = await db.fetchval(
        "update article set source_print = case when source_now <> '' then source_now else source_print end, "
        "source_problem = '', updated_at = $2 where code = $1 returning true",
        code,
        now,
    )
    if not settled:
        raise NotFound(what="article")
