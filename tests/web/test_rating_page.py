"""The page behind a survey's link: one number, a comment if somebody likes, and nothing by merely opening it."""

from datetime import timedelta
from uuid import UUID

from kupec.conversations import SurveyPlace, ask_surveys, messages_of, resolve, surveys_of, take_over
from kupec.kit.db import Pool
from tests.conversations.people import add_agent, add_talk
from tests.shop import NOON
from tests.web.browsing import Browser, Served, text_of


async def asked(shop: Served, pool: Pool) -> tuple[UUID, str]:
    """A settled conversation and the link in its question."""
    place = SurveyPlace(base_url="", secret=shop.site.settings.secret)
    async with pool.acquire() as db, db.transaction():
        ema, talk = await add_agent(db), await add_talk(db, now=NOON)
        await take_over(db, talk, actor=ema, now=NOON)
        await resolve(db, talk, actor=ema, now=NOON)
        await ask_surveys(db, NOON + timedelta(minutes=1), 10, place=place)
        link = (await messages_of(db, talk))[-1].content[1].url  # type: ignore[union-attr]
    return talk, link


async def given(pool: Pool, talk: UUID) -> tuple[int | None, str]:
    async with pool.acquire() as db:
        [survey] = (await surveys_of(db, [talk]))[talk]
    return survey.score, survey.comment


async def test_a_number_and_then_a_comment(shop: Served, pool: Pool, browser: Browser) -> None:
    talk, link = await asked(shop, pool)
    page = await browser.get(link)
    assert "Jak jsme si vedli?" in text_of(page.text)
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert await given(pool, talk) == (None, ""), "opening a link answers nothing"
    done = await browser.follow(await browser.submit(link, f'action="{link}"', score="4"))
    assert "Dali jste nám 4 z 5." in text_of(done.text)
    done = await browser.follow(await browser.submit(link, f'action="{link}"', score="4", comment="<b>Fajn</b>"))
    assert "<b>Fajn</b>" in text_of(done.text)
    assert "<b>Fajn</b>" not in done.text, "shown as words"
    assert await given(pool, talk) == (4, "<b>Fajn</b>")


async def test_what_is_no_number_is_refused_in_words(shop: Served, pool: Pool, browser: Browser) -> None:
    talk, link = await asked(shop, pool)
    for score in ("", "6", "0", "x", "99999999999"):
        await browser.get(link)
        refused = await browser.submit(link, f'action="{link}"', score=score, comment="moje slova")
        assert refused.status_code == 422
        assert "Vyberte prosím číslo." in text_of(refused.text)
        assert "moje slova" in refused.text, "what was written is kept"
    assert await given(pool, talk) == (None, "")


async def test_a_forged_link_leads_nowhere(shop: Served, pool: Pool, browser: Browser) -> None:
    _, link = await asked(shop, pool)
    for forged in (link[:-1] + ("A" if link[-1] != "A" else "B"), "/cs/survey/x", "/cs/survey/a.b.c"):
        page = await browser.get(forged)
        assert page.status_code == 404
