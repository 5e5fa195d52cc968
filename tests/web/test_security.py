"""Headers, forged forms, signed cookies, limits, and errors for people and for machines."""

from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar, get
from litestar.datastructures import State

from kupec.catalogue import store_media
from kupec.kit.db import Database, Pool
from kupec.kit.rates import RateLimit
from kupec.web import errors, security
from kupec.web.static import asset, static_files
from tests.shop import NOON, SETUP
from tests.web.browsing import Browser, Served, serving

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="3"/></svg>'


@pytest.mark.parametrize("path", ["/cs", "/cs/p/beans", "/cs/nothing", "/nothing", "/cs/checkout", "/media/x"])
async def test_every_answer_carries_the_headers(browser: Browser, path: str) -> None:
    headers = (await browser.get(path)).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


async def test_pages_hold_nothing_inline_and_nothing_foreign(shop: Served) -> None:
    browser = shop.browser()
    for path in ("/cs", "/cs/p/beans", "/cs/cart", "/cs/search?q=a", "/pl/info/terms", "/cs/nothing"):
        await browser.get(path)
        page = browser.page
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<script>" not in page
        for address in [part.partition('"')[0] for part in page.split(' src="')[1:]]:
            assert address.startswith(("/static/", "/media/")), address


async def test_a_form_needs_the_token_of_its_browser(shop: Served, goods: dict[str, UUID], pool: Pool) -> None:
    browser, other = shop.browser(), shop.browser()
    await browser.get("/cs/p/beans")
    await other.get("/cs/p/beans")
    token = browser.page.partition('name="form_token" value="')[2].partition('"')[0]
    values = {"variant": str(goods["beans"]), "quantity": "1"}
    assert (await browser.post("/cs/cart/add", values)).status_code == 403
    assert (await browser.post("/cs/cart/add", values | {"form_token": "x"})).status_code == 403
    assert (await other.post("/cs/cart/add", values | {"form_token": token})).status_code == 403
    assert await pool.fetchval("select count(*) from cart") == 0
    assert (await browser.post("/cs/cart/add", values | {"form_token": token})).status_code == 303


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "same-site", 403),
        ("Sec-Fetch-Site", "same-origin", 303),
        ("Origin", "https://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "http://shop.example", 303),
    ],
)
async def test_a_form_must_come_from_our_page(
    browser: Browser, goods: dict[str, UUID], header: str, value: str, status: int
) -> None:
    await browser.get("/cs/p/beans")
    token = browser.page.partition('name="form_token" value="')[2].partition('"')[0]
    values = {"variant": str(goods["beans"]), "quantity": "1", "form_token": token}
    assert (await browser.post("/cs/cart/add", values, **{header: value})).status_code == status


async def test_changing_requests_of_one_address_are_limited(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    async with serving(pool, dsn, rate_limit=3) as served:
        browser = served.browser()
        await browser.get("/cs/p/beans")
        answers = [await browser.submit("/cs/cart/add") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
        assert answers[-1].headers["retry-after"] == "60"
        assert (await browser.get("/cs")).status_code == 200


def test_the_limit_looks_back_one_minute() -> None:
    limit = RateLimit()
    assert [limit.allows("a", 2, at=moment) for moment in (50.0, 59.0, 59.5)] == [True, True, False]
    assert limit.allows("b", 2, at=59.5)
    # At the beginning of the next window the last one still weighs nearly all: one more, not two.
    assert [limit.allows("a", 2, at=moment) for moment in (60.1, 60.2, 61.0)] == [True, False, False]
    assert limit.allows("a", 2, at=95.0)
    assert limit.allows("a", 2, at=300.0)


async def test_cookies_are_for_https_only_where_that_is_set(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    async with serving(pool, dsn, secure_cookies=True) as served:
        answer = await served.browser().get("/cs")
        assert "Secure" in answer.headers["set-cookie"]
        assert "HttpOnly" in answer.headers["set-cookie"]


async def test_machines_get_problem_json(shop: Served) -> None:
    client = shop.browser().client
    answer = await client.get("/cs/nothing", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json() == {
        "type": "urn:kupec:error:not_found",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
    }
    answer = await client.post("/cs/cart", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forged_request")


async def test_a_fault_of_ours_tells_nobody_its_details(shop: Served, caplog: pytest.LogCaptureFixture) -> None:
    @get("/boom")
    async def boom() -> None:
        raise RuntimeError("the password is hunter2")

    app = Litestar(
        [boom],
        exception_handlers=errors.exception_handlers,
        before_send=[security.add_security_headers],
        state=State({"site": shop.site}),
        openapi_config=None,
    )
    browser = Served(app, shop.site, shop.clock).browser()
    for accept in ("text/html", "application/json"):
        answer = await browser.get("/boom", Accept=accept, **{"Accept-Language": "pl"})
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
    await browser.get("/boom", **{"Accept-Language": "pl"})
    assert "Coś się zepsuło po naszej stronie" in browser.page


async def test_pictures_are_kept_for_good_and_an_svg_cannot_act(shop: Served, pool: Pool) -> None:
    async with Database(pool).transaction() as db:
        sha = await store_media(db, SVG, "image/svg+xml", actor=SETUP, now=NOON)
    client = shop.browser().client
    answer = await client.get(f"/media/{sha}")
    assert (answer.content, answer.headers["content-type"]) == (SVG, "image/svg+xml")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    again = await client.get(f"/media/{sha}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get(f"/media/{'0' * 64}")).status_code == 404


async def test_static_files_are_kept_for_good_under_their_version(shop: Served) -> None:
    client = shop.browser().client
    for name in static_files():
        answer = await client.get(asset(name))
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["cache-control"]
        assert answer.content == static_files()[name].plain
    old = asset("js/page.js").replace("/static/", "/static/0")
    assert (await client.get(old)).headers["cache-control"] == "no-cache"
    assert (await client.get("/static/x/nothing.css")).status_code == 404


def test_a_typo_in_an_asset_is_found_at_once() -> None:
    with pytest.raises(KeyError):
        asset("js/pgae.js")


def test_layers_come_first_in_every_sheet() -> None:
    sheets: dict[str, Any] = {name: file for name, file in static_files().items() if name == "css/shared.css"}
    assert sheets["css/shared.css"].plain.decode().partition("@layer ")[2].startswith("reset, tokens, base")
