"""The help pages: found, read, voted on; facts come from tools; nothing in them runs."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from selectolax.lexbor import LexborHTMLParser

from kupec.assistant import missed_questions
from kupec.catalogue import Market
from kupec.kit.db import Connection, Pool
from kupec.knowledge import Answer, ArticleText, Variable, list_articles
from kupec.web.article_text import as_html, as_plain, first_words
from tests.knowledge.writing_articles import draft, publish, publish_few
from tests.web.browsing import Browser, serving
from tests.web.conftest import goods

__all__ = ["goods"]


class Told:
    """Facts that never change."""

    def __init__(self) -> None:
        self.fields = {"shipping_options": frozenset({"cheapest_text"})}

    async def tell(
        self,
        db: Connection,
        wanted: Iterable[tuple[str, str]],
        *,
        language: str,
        market: Market,
        cart_id: UUID | None,
        now: datetime,
    ) -> dict[tuple[str, str], object]:
        return {("shipping_options", "cheapest_text"): f"69 {market.currency}"}


FEE = {"fee": Variable(tool="shipping_options", field="cheapest_text"), "gone": Variable(tool="none", field="none")}


@pytest.fixture
async def browser(pool: Pool, dsn: str, goods: dict[str, UUID]) -> AsyncIterator[Browser]:
    async with pool.acquire() as db, db.transaction():
        await publish_few(db)
        await publish(db, draft("shipping", "It costs {fee}.\n\nAnd {gone} is not known.", variables=FEE))
    async with serving(pool, dsn) as served:
        object.__setattr__(served.site, "facts", Told())
        yield served.browser()


async def test_every_question_stands_on_the_help_page(browser: Browser) -> None:
    page = (await browser.get("/cs/help")).text
    assert 'href="/cs/help/shipping-cs"' in page
    assert "Kolik stojí doprava?" in page
    assert "Časté dotazy" in page
    assert 'href="/cs/help"' in (await browser.get("/cs")).text, "every page leads to it"


async def test_a_question_in_own_words_finds_its_answer(browser: Browser) -> None:
    page = (await browser.get("/cs/help?q=cena+dopravy")).text
    assert page.index("Kolik stojí doprava?") < page.index("Časté dotazy")
    assert 'content="noindex' in page
    unsure = (await browser.get("/cs/help?q=hokej")).text
    assert "data-open-chat" in unsure, "who finds nothing gets a person"


async def test_an_article_is_told_with_the_facts_of_now(browser: Browser) -> None:
    page = (await browser.get("/cs/help/shipping-cs")).text
    assert "It costs 69 CZK." in page
    assert "not known" not in page, "a line that nobody can fill is left out"
    assert '"@type":"FAQPage"' in page.replace('": "', '":"')
    assert 'hreflang="pl" href="http://shop.example/pl/help"' in page, "it does not speak Polish"
    assert (await browser.get("/cs/help/nothing")).status_code == 404


async def test_an_old_address_leads_on(browser: Browser, pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        texts = {"cs": ArticleText(title="Vrácení", slug="vraceni")}
        await publish(db, draft("returns", texts=texts, answers=[Answer(language="cs", text="Takto.")]))
    answer = await browser.get("/cs/help/returns-cs")
    assert (answer.status_code, answer.headers["location"]) == (301, "/cs/help/vraceni")


async def test_whether_it_helped_is_counted(browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/help/shipping-cs?sought=kolik+d%C3%A1m+eva%40example.com")
    answer = await browser.submit("/cs/help/shipping-cs/helped", "helped=no")
    assert answer.headers["location"] == "/cs/help/shipping-cs?helped=no#helped"
    await browser.follow(answer)
    assert "data-open-chat" in browser.page
    async with pool.acquire() as db:
        line = next(one for one in await list_articles(db, language="cs") if one.code == "shipping")
        [missed] = await missed_questions(db, now=datetime(2026, 3, 10, tzinfo=UTC))
    assert (line.yes, line.nay) == (0, 1)
    assert (missed.reason, missed.article, missed.text) == ("unhelpful", "shipping", "kolik dám ⟦email:1⟧")


async def test_articles_stand_in_the_sitemap(browser: Browser) -> None:
    assert "http://shop.example/cs/help/shipping-cs</loc>" in (await browser.get("/sitemaps/cs-shelves.xml")).text


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](https://evil.example/p.png)",
        "<img src=x onerror=alert(1)>",
        "[x](data:text/html,<script>alert(1)</script>)",
        '<https://ok.example/" onmouseover="alert(1)>',
    ],
)
def test_nothing_in_an_answer_runs(hostile: str) -> None:
    for node in LexborHTMLParser(str(as_html(hostile))).css("body *"):
        assert node.tag in ("p", "a"), node.html
        assert set(node.attributes) <= {"href", "rel"}, node.html
        assert (node.attributes.get("href") or "https:").startswith(("https:", "mailto:")), node.html


def test_bare_addresses_become_links() -> None:
    made = str(as_html("Here: https://shop.example/cs/my, or jana@shop.example."))
    assert 'href="https://shop.example/cs/my"' in made
    assert 'href="mailto:jana@shop.example"' in made
    assert as_plain("**Bold** and [a link](https://a.example).") == "Bold and a link (https://a.example)."
    assert first_words("{fee} is it.\n\nSecond line.\n\n- **one**\n- two") == "Second line. one two"


class TestInterface:
    """/api/knowledge/v1, for other sites."""

    async def test_search_is_open_to_every_site_and_kept(self, browser: Browser) -> None:
        answer = await browser.client.get("/api/knowledge/v1/search?q=cena+dopravy&language=cs")
        found = answer.json()["results"][0]
        assert (found["code"], found["text"], found["known"]) == ("shipping", "It costs 69 CZK.", True)
        assert found["url"] == "http://shop.example/cs/help/shipping-cs"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "set-cookie" not in answer.headers
        again = await browser.client.get(
            "/api/knowledge/v1/search?q=cena+dopravy&language=cs", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")

    async def test_articles_are_listed_and_read(self, browser: Browser) -> None:
        listed = (await browser.client.get("/api/knowledge/v1/articles?language=cs")).json()
        assert {one["code"] for one in listed["articles"]} == {"shipping", "descaling", "returns"}
        one = (await browser.client.get("/api/knowledge/v1/articles/shipping?language=cs&channel=web")).json()
        assert one["html"] == "<p>It costs 69 CZK.</p>\n"
        assert (await browser.client.get("/api/knowledge/v1/articles/nothing")).status_code == 404

    async def test_what_is_wrong_is_a_problem(self, browser: Browser) -> None:
        for query in ("language=xx", "channel=pigeon", "limit=0", "q=" + "x" * 400):
            answer = await browser.client.get(f"/api/knowledge/v1/search?{query}")
            assert answer.status_code == 422, query
            assert answer.headers["content-type"].startswith("application/problem+json")

    async def test_one_address_reads_so_much_a_minute(self, pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
        async with serving(pool, dsn, rate_limit=30) as served:
            client = served.browser().client
            statuses = [(await client.get("/api/knowledge/v1/articles")).status_code for _ in range(245)]
        assert statuses[239] == 200
        assert statuses[-1] == 429

    async def test_the_script_asks_for_nothing_inline(self, browser: Browser) -> None:
        answer = await browser.client.get("/knowledge.js")
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        for sign in ("innerHTML", "eval(", "insertAdjacentHTML", "document.write", "style="):
            assert sign not in answer.text
