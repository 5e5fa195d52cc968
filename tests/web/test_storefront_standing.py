"""The page behind the link of a reminder: one order is left out by a button, and had after all."""

import pytest

from kupec.kit.actor import system
from kupec.kit.db import Database, Pool
from kupec.sales import StandingOrder, skip_token
from tests.sales.standing_shop import a_buyer, rows, started, states
from tests.shop import add_product
from tests.web.browsing import Browser, Served, text_of


@pytest.fixture
async def standing(paying: Served, pool: Pool) -> StandingOrder:
    async with Database(pool).transaction() as db:
        variant = await add_product(db, "SANTOS", name="Brazílie Santos")
        return await started(db, await a_buyer(db), variant, actor=system("test"))


async def _link(paying: Served, pool: Pool, standing: StandingOrder) -> str:
    async with Database(pool).reading() as db:
        first = (await rows(db, standing.id))[0]
    return f"/cs/standing/skip/{skip_token(paying.site.settings.secret, first.id)}"


async def _states(pool: Pool, standing: StandingOrder) -> list[str]:
    async with Database(pool).reading() as db:
        return await states(db, standing.id)


async def _press(browser: Browser, address: str, do: str) -> str:
    await browser.submit(address, f"do={do}")
    await browser.get(address)
    return text_of(browser.page)


async def test_reading_skips_nothing_and_a_button_does(paying: Served, standing: StandingOrder, pool: Pool) -> None:
    browser, address = paying.browser(), await _link(paying, pool, standing)
    await browser.get(address)
    assert "2 × Brazílie Santos" in text_of(browser.page)
    assert "17. března" in text_of(browser.page)
    assert "Příští objednávka bude 24. března" in text_of(browser.page)
    assert await _states(pool, standing) == ["planned"]
    assert "Tentokrát vynecháváme" in await _press(browser, address, "skip")
    assert await _states(pool, standing) == ["skipped", "planned"]
    assert "Zadá se sama" in await _press(browser, address, "unskip")


async def test_what_is_placed_cannot_be_skipped(paying: Served, standing: StandingOrder, pool: Pool) -> None:
    browser, address = paying.browser(), await _link(paying, pool, standing)
    async with Database(pool).transaction() as db:
        await db.execute("update occurrence set state = 'placed', next_try_at = null")
    answer = await browser.get(address)
    assert answer.status_code == 409
    assert "už nejde vynechat" in text_of(browser.page)
    assert await _states(pool, standing) == ["placed"]


async def test_a_forged_link_opens_nothing(paying: Served, standing: StandingOrder, pool: Pool) -> None:
    browser, address = paying.browser(), await _link(paying, pool, standing)
    answer = await browser.get(address[:-2] + "xx")
    assert answer.status_code == 404
