"""Pages that articles come from: only allowed hosts, only public addresses, and a change is told once."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from kupec.kit.addresses import Reach
from kupec.kit.db import Database, Pool
from kupec.kit.events import subject_history
from kupec.kit.versions import publish_new
from kupec.knowledge import (
    KNOWLEDGE,
    Category,
    Knowledge,
    SourceUnreachable,
    changed_sources,
    check_sources,
    settle_source,
)
from kupec.knowledge.sources import read_page
from tests.knowledge.writing_articles import EDITOR, NOW, SETUP, draft, publish

HERE = Reach(local=True)


class Page:
    """A server that says what it is told to."""

    said = "<main>Fee is 10.</main>"
    status = 200
    port = 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/away":
            raise web.HTTPFound("http://localhost/elsewhere")
        return web.Response(text=self.said, content_type="text/html", status=self.status)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/faq"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    page = Page()
    app = web.Application()
    app.router.add_get("/{anything:.*}", page.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    page.port = runner.addresses[0][1]
    yield page
    await runner.cleanup()


async def looks(database: Database) -> list[str]:
    async with database.transaction() as db:
        await db.execute("update article set source_due_at = $1 where source_url <> ''", NOW)
    return [one.problem for one in await check_sources(database, reach=HERE, now=NOW)]


async def test_a_page_that_says_something_else_is_told_once_and_settled(pool: Pool, page: Page) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        names = {"en": "General"}
        rules = Knowledge(categories=[Category(code="general", names=names)], source_hosts=["localhost"])
        await publish_new(db, KNOWLEDGE, rules, actor=SETUP, now=NOW)
        await publish(db, draft(source_url="https://localhost/faq"))
        await db.execute("update article set source_url = $1", page.url)
    assert await looks(database) == [""]
    assert await check_sources(database, reach=HERE, now=NOW) == [], "none is due before its time"
    async with database.reading() as db:
        assert await changed_sources(db) == []
    page.said = "<main><b>Fee</b> is 11.</main>"
    assert await looks(database) == [""]
    assert await looks(database) == [""]
    async with database.transaction() as db:
        (found,) = await changed_sources(db)
        assert (found.code, found.changed) == ("shipping", True)
        names = [event.name for event in await subject_history(db, "article:shipping")]
        assert names.count("article.source_changed") == 1
        await settle_source(db, "shipping", actor=EDITOR, now=NOW)
        assert await changed_sources(db) == []
    page.status = 500
    assert await looks(database) == ["the page answers 500"]


@pytest.mark.parametrize(
    ("url", "hosts", "reach"),
    [
        ("https://other.example/", ["shop.example"], HERE),
        ("http://shop.example/", ["shop.example"], HERE),
        ("https://127.0.0.1/", ["127.0.0.1"], Reach()),
        ("https://169.254.169.254/latest", ["169.254.169.254"], HERE),
        ("https://user@shop.example/", ["shop.example"], HERE),
        ("file:///etc/passwd", [""], HERE),
    ],
)
async def test_nothing_else_is_asked(url: str, hosts: list[str], reach: Reach) -> None:
    with pytest.raises(SourceUnreachable):
        await read_page(url, hosts, reach=reach)


async def test_a_page_leads_nowhere_else_and_is_no_larger_than_pages_are(page: Page) -> None:
    with pytest.raises(SourceUnreachable, match="answers 302"):
        await read_page(f"http://localhost:{page.port}/away", ["localhost"], reach=HERE)
    with pytest.raises(SourceUnreachable, match="public internet"):
        await read_page(f"https://localhost:{page.port}/", ["localhost"], reach=Reach())
    page.said = "x" * 2_100_000
    with pytest.raises(SourceUnreachable, match="larger"):
        await read_page(page.url, ["localhost"], reach=HERE)
