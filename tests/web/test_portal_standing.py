"""Standing orders begin in the account: from an order, and from what lies in the cart."""

from uuid import UUID, uuid4

import pytest

from kupec.billing import PAYMENT, open_account
from kupec.customers import NewParty, create_party, put_address
from kupec.kit.db import Pool
from kupec.kit.versions import publish_new
from kupec.sales import end_standing, skip_occurrence
from tests.billing.owing import METHODS
from tests.shop import NOON
from tests.web.browsing import Browser, Served, text_of
from tests.web.test_portal_pages import DESK, HOME, put_in
from tests.web.test_portal_sign_in import JANA, come_in

PATH = "/cs/my/cart/repeat"
RHYTHM = {"every": "2", "unit": "month", "first": "2026-04-30"}


@pytest.fixture
async def jana(shop: Served, browser: Browser, pool: Pool) -> UUID:
    """Signed in, with an address and an account."""
    await come_in(browser, pool, shop)
    async with pool.acquire() as db, db.transaction():
        person: UUID = await db.fetchval("select party_id from contact_point where value = $1", JANA)
        await publish_new(db, PAYMENT, METHODS, actor=DESK, now=NOON)
        await put_address(db, person, HOME, actor=DESK, now=NOON)
        await open_account(db, person, currency="CZK", credit_limit=10**6, terms_days=14, actor=DESK, now=NOON)
    return person


async def test_what_lies_in_the_cart_comes_regularly_and_is_not_ordered_besides(
    browser: Browser, jana: UUID, pool: Pool, goods: dict[str, UUID]
) -> None:
    await put_in(browser, goods["beans"], 3)
    assert "/cs/my/cart/repeat" in (await browser.get("/cs/cart")).text
    await browser.get(PATH)
    answer = await browser.submit(PATH, **RHYTHM, payment="account")
    assert answer.status_code == 303, text_of(answer.text)
    await browser.follow(answer)
    assert "jednou za 2 měsíce" in text_of(browser.page).lower()
    row = await pool.fetchrow("select customer_id, payment, state from standing_order")
    assert row is not None
    assert (row["customer_id"], row["payment"], row["state"]) == (jana, "account", "active")
    assert await pool.fetchval("select quantity from standing_line") == 3
    assert await pool.fetchval("select count(*) from cart where state = 'open'") == 0
    again = await browser.get(PATH)
    assert again.status_code == 303, "an empty cart has nothing to repeat"


@pytest.mark.parametrize(
    ("typed", "said"), [({"every": "0"}, "1–999"), ({"first": "1999-01-01"}, "dnešek nebo budoucí den")]
)
async def test_what_is_wrong_is_said_beside_its_field_and_the_cart_stays(
    browser: Browser, jana: UUID, pool: Pool, goods: dict[str, UUID], typed: dict[str, str], said: str
) -> None:
    await put_in(browser, goods["beans"], 3)
    await browser.get(PATH)
    answer = await browser.submit(PATH, **{**RHYTHM, **typed}, payment="account")
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert f'id="r.{next(iter(typed))}-error"' in answer.text
    assert await pool.fetchval("select count(*) from standing_order") == 0
    assert await pool.fetchval("select quantity from cart_line join cart on cart.id = cart_id and state = 'open'") == 3


async def test_who_is_not_signed_in_is_asked_to(browser: Browser, goods: dict[str, UUID]) -> None:
    await put_in(browser, goods["beans"])
    answer = await browser.get(PATH)
    assert answer.status_code == 303
    assert "/my/sign-in" in answer.headers["location"]


async def test_what_has_ended_stays_in_the_list_and_on_the_overview(
    browser: Browser, jana: UUID, pool: Pool, goods: dict[str, UUID]
) -> None:
    await put_in(browser, goods["beans"])
    await browser.get(PATH)
    await browser.follow(await browser.submit(PATH, **RHYTHM, payment="account"))
    standing = await pool.fetchval("select id from standing_order")
    async with pool.acquire() as db, db.transaction():
        await end_standing(db, standing, actor=DESK, now=NOON)
    for path in ("/cs/my/standing", "/cs/my"):
        answer = await browser.get(path)
        assert answer.status_code == 200, path
    assert "ukončená" in text_of((await browser.get("/cs/my/standing")).text)


async def test_what_is_said_to_come_next_is_not_what_was_left_out(
    browser: Browser, jana: UUID, pool: Pool, goods: dict[str, UUID]
) -> None:
    await put_in(browser, goods["beans"])
    await browser.get(PATH)
    await browser.follow(await browser.submit(PATH, **RHYTHM, payment="account"))
    async with pool.acquire() as db, db.transaction():
        standing = await db.fetchval("select id from standing_order")
        await skip_occurrence(db, standing, 1, actor=DESK, now=NOON)
    for path in ("/cs/my/standing", "/cs/my"):
        page = text_of((await browser.get(path)).text)
        assert "příště 30. června" in page, path
        assert "příště 30. dubna" not in page, path


async def test_who_reads_polish_sees_their_account_in_crowns(browser: Browser, jana: UUID, pool: Pool) -> None:
    page = text_of((await browser.get("/pl/my/money")).text)
    assert "Limit" in page
    assert "CZK" in page


async def test_another_address_and_another_payment_hold_from_now_on(
    browser: Browser, jana: UUID, pool: Pool, goods: dict[str, UUID]
) -> None:
    await put_in(browser, goods["beans"], 3)
    await browser.get(PATH)
    await browser.follow(await browser.submit(PATH, **RHYTHM, payment="account"))
    standing_id = await pool.fetchval("select id from standing_order")
    here = f"/cs/my/standing/{standing_id}"
    async with pool.acquire() as db, db.transaction():
        cottage = await put_address(db, jana, HOME | {"street": "Chata 7"}, actor=DESK, now=NOON)
        theirs = await put_address(
            db,
            (await create_party(db, NewParty(kind="person", name="Eva", language="cs"), actor=DESK, now=NOON)),
            HOME,
            actor=DESK,
            now=NOON,
        )
    assert "Chata 7" in (await browser.get(here)).text
    answer = await browser.submit(f"{here}/terms", address=str(cottage.id))
    assert answer.status_code == 303
    assert "Chata 7" in text_of((await browser.follow(answer)).text)
    row = await pool.fetchrow("select address->>'street' as street, payment from standing_order")
    assert row is not None
    assert tuple(row) == ("Chata 7", "account"), "what was left as it is stays"
    assert (await browser.submit(f"{here}/terms", address=str(theirs.id))).status_code == 404
    await browser.get(here)
    refused = await browser.submit(f"{here}/terms", payment=str(uuid4()))
    assert refused.status_code == 303
    assert "kart" in text_of((await browser.follow(refused)).text)
    assert await pool.fetchval("select payment from standing_order") == "account", "a card of nobody's changes nothing"
