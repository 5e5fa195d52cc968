"""Reviews, likes and shares in the shop."""

from uuid import UUID

import pytest

from kupec.kit.db import Pool
from tests.web.browsing import Browser, Served, forms, text_of
from tests.web.reviewing import delivered, link, product_of, reviewed


async def test_a_buyer_writes_from_their_order(browser: Browser, pool: Pool, goods: dict[str, UUID]) -> None:
    order = await delivered(pool, "Jana Nová", "BEANS", "CUP")
    await browser.get(f"/cs{link(order)}")
    here = f"/cs{link(order)}/review"
    assert f'href="{here}"' in browser.page
    page = text_of((await browser.get(here)).text)
    assert page.index("Zrnková káva Čáslav") < page.index("Šálek <b>velký</b>")
    form = next(form for form in forms(browser.page) if form.action == here)
    assert form.values["author"] == "Jana N."
    values = form.values | {"stars": "4", "title": "Voní", "body": "Po čokoládě.\nDoporučuji."}
    answer = await browser.post(here, values)
    page = text_of((await browser.follow(answer)).text)
    assert "Děkujeme, hodnocení máme." in page
    async with pool.acquire() as db:
        row = await db.fetchrow("select stars, title, body, author, state, language from review")
    assert row is not None
    assert tuple(row) == (4, "Voní", "Po čokoládě.\nDoporučuji.", "Jana N.", "pending", "cs")
    assert "Voní" not in text_of((await browser.get("/cs/p/beans")).text)


async def test_everything_that_is_wrong_is_said_beside_its_field(
    browser: Browser, pool: Pool, goods: dict[str, UUID]
) -> None:
    here = f"/cs{link(await delivered(pool, 'Jana', 'BEANS'))}/review"
    await browser.get(here)
    form = next(form for form in forms(browser.page) if form.action == here)
    values = form.values | {"title": "<b>x", "body": "y" * 4001}
    answer = await browser.post(here, values)
    assert answer.status_code == 422
    page = text_of(answer.text)
    assert "Vyberte prosím jednu až pět hvězdiček." in page
    assert page.count("bez HTML") == 2
    assert "&lt;b&gt;x" in answer.text
    assert "y" * 4001 in answer.text


async def test_what_is_not_delivered_cannot_be_reviewed(browser: Browser, pool: Pool, goods: dict[str, UUID]) -> None:
    order = await delivered(pool, "Jana", "BEANS", status="cancelled")
    assert (await browser.get(f"/cs{link(order)}/review")).status_code == 404
    await browser.get(f"/cs{link(order)}")
    assert "/review" not in browser.page
    assert (await browser.get("/cs/order/forged.token/review")).status_code == 404


async def test_nobody_reviews_what_they_have_not_bought(browser: Browser, pool: Pool, goods: dict[str, UUID]) -> None:
    here = f"/cs{link(await delivered(pool, 'Jana', 'BEANS'))}/review"
    await browser.get(here)
    values = forms(browser.page)[1].values | {"stars": "1", "product": str(await product_of(pool, "CUP"))}
    assert (await browser.post(here, values)).status_code == 404


async def test_what_is_published_stands_on_the_product_and_in_lists(browser: Browser, pool: Pool, shop: Served) -> None:
    await reviewed(pool, "BEANS", "Jana", stars=5, body="Výborná & silná")
    await reviewed(pool, "BEANS", "Petr", stars=4)
    await reviewed(pool, "BEANS", "Eva", stars=1, publish=False)
    page = text_of((await browser.get("/cs/p/beans")).text)
    assert "4,5 4,5 z 5 hvězdiček 2 hodnocení" in page
    assert "Výborná & silná" in page
    assert "Eva" not in page
    page = text_of((await browser.get("/cs/search?q=caslav")).text)
    assert "4,5 z 5 hvězdiček (2 hodnocení)" in page


async def test_only_the_first_reviews_are_shown_until_all_are_asked_for(browser: Browser, pool: Pool) -> None:
    for number in range(7):
        await reviewed(pool, "BEANS", f"Buyer{number}")
    page = text_of((await browser.get("/cs/p/beans")).text)
    assert page.count("koupeno u nás") == 5
    assert "Zobrazit všech 7 hodnocení" in page
    page = text_of((await browser.get("/cs/p/beans?reviews=all")).text)
    assert page.count("koupeno u nás") == 7


async def test_a_like_is_a_form_that_works_without_a_script(browser: Browser, shop: Served, pool: Pool) -> None:
    await browser.get("/cs/p/beans")
    assert "kupec_visitor" not in browser.client.cookies
    answer = await browser.submit("/cs/p/beans/like")
    assert answer.headers["location"] == "/cs/p/beans#opinion"
    assert "kupec_visitor" in browser.client.cookies
    await browser.follow(answer)
    assert 'aria-pressed="true"' in browser.page
    other = shop.browser()
    await other.get("/cs/p/beans")
    assert 'aria-pressed="false"' in other.page
    assert '<span class="faint" data-likes>1</span>' in other.page
    await browser.follow(await browser.submit("/cs/p/beans/like"))
    assert 'aria-pressed="false"' in browser.page
    async with pool.acquire() as db:
        names = [
            row["name"] for row in await db.fetch("select name from event where name like 'product.%liked' order by id")
        ]
    assert names == ["product.liked", "product.unliked"]


async def test_a_script_gets_the_new_count(browser: Browser) -> None:
    await browser.get("/cs/p/beans")
    values = next(form for form in forms(browser.page) if form.action == "/cs/p/beans/like").values
    answer = await browser.post("/cs/p/beans/like", values, Accept="application/json")
    assert answer.json() == {"liked": True, "likes": 1}


async def test_passing_on_is_recorded_and_shows_the_link(browser: Browser, pool: Pool) -> None:
    await browser.get("/cs/p/beans")
    await browser.follow(await browser.submit("/cs/p/beans/share"))
    assert 'value="http://shop.example/cs/p/beans"' in browser.page
    async with pool.acquire() as db:
        assert await db.fetchval("select way from product_share") == "link"
    answer = await browser.submit("/cs/p/beans/share", way="pigeon")
    assert answer.status_code == 422


@pytest.mark.parametrize("what", ["like", "share"])
async def test_only_our_own_page_can_do_so(browser: Browser, what: str) -> None:
    assert (await browser.post(f"/cs/p/beans/{what}", {})).status_code == 403
    await browser.get("/cs/p/beans")
    values = next(form for form in forms(browser.page) if form.action == f"/cs/p/beans/{what}").values
    assert (await browser.post(f"/cs/p/nothing/{what}", values)).status_code == 404
