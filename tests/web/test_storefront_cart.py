"""The cart, by plain forms."""

from uuid import UUID

import pytest

from kupec.kit.db import Pool
from kupec.kit.signing import sign
from kupec.kit.versions import publish_new
from kupec.sales import PROMOTIONS, Conditions, CouponTerms, PercentOff, Promotion, Promotions, create_coupon
from kupec.web.security import GUESSES
from tests.shop import NOON, SETUP, add_product
from tests.web.browsing import Browser, Served, serving, text_of


async def put_in(browser: Browser, slug: str, quantity: int = 1, language: str = "cs") -> None:
    await browser.get(f"/{language}/p/{slug}")
    answer = await browser.submit(f"/{language}/cart/add", quantity=str(quantity))
    await browser.follow(answer)


async def line_of(pool: Pool, variant_id: UUID) -> UUID:
    """The line of the only cart that holds this variant."""
    found: UUID = await pool.fetchval("select id from cart_line where variant_id = $1", variant_id)
    return found


async def test_a_cart_begins_with_the_first_thing_put_in(browser: Browser, pool: Pool) -> None:
    assert "V košíku zatím nic není" in text_of((await browser.get("/cs/cart")).text)
    assert await pool.fetchval("select count(*) from cart") == 0
    await put_in(browser, "beans", 2)
    page = text_of(browser.page)
    assert browser.path == "/cs/cart"
    # The cheaper of two deliveries is chosen, so that fee and total are known at once.
    assert "Zboží 600 Kč box cs 69 Kč Celkem s DPH 669 Kč" in page
    assert "2 kusy, celkem 669 Kč" in page
    assert await pool.fetchval("select count(*) from cart") == 1
    cookie = next(cookie for cookie in browser.client.cookies.jar if cookie.name == "kupec_cart")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"


async def test_the_same_thing_twice_is_one_line(browser: Browser, pool: Pool) -> None:
    await put_in(browser, "beans", 2)
    await put_in(browser, "beans", 3)
    assert await pool.fetchval("select quantity from cart_line") == 5


async def test_more_less_and_remove_are_buttons(browser: Browser, goods: dict[str, UUID], pool: Pool) -> None:
    await put_in(browser, "beans")
    line = await line_of(pool, goods["beans"])
    await browser.follow(await browser.submit("/cs/cart", f"more={line}"))
    assert "2 kusy, celkem" in text_of(browser.page)
    await browser.follow(await browser.submit("/cs/cart", f"less={line}"))
    assert "1 kus, celkem" in text_of(browser.page)
    await browser.follow(await browser.submit("/cs/cart", f"remove={line}"))
    assert "V košíku zatím nic není" in text_of(browser.page)
    assert await pool.fetchval("select count(*) from cart_line") == 0


async def test_too_many_are_said_beside_the_line_and_the_others_are_changed(
    browser: Browser, goods: dict[str, UUID], pool: Pool
) -> None:
    await put_in(browser, "beans")
    await put_in(browser, "cup")
    cup, beans = await line_of(pool, goods["cup"]), await line_of(pool, goods["beans"])
    wanted = {f"quantity__{cup}": "7", f"quantity__{beans}": "4"}
    answer = await browser.submit("/cs/cart", **wanted)
    assert answer.status_code == 409
    line = f'<p class="field-error" id="lines.{cup}-error">'
    assert "Zbývají jen 3 kusy." in browser.page.partition(line)[2].partition("</p>")[0]
    assert f'name="quantity.{cup}" inputmode="numeric" pattern="[0-9]*"' in browser.page
    assert 'value="7"' in browser.page
    quantities = {row["variant_id"]: row["quantity"] for row in await pool.fetch("select * from cart_line")}
    assert quantities == {goods["beans"]: 4, goods["cup"]: 1}


@pytest.mark.parametrize(
    ("left", "words"), [(1, "Zbývá jen 1 kus."), (2, "Zbývají jen 2 kusy."), (5, "Zbývá jen 5 kusů.")]
)
async def test_counts_are_said_as_czech_has_them(
    browser: Browser, pool: Pool, goods: dict[str, UUID], left: int, words: str
) -> None:
    await pool.execute("update stock_level set on_hand = $2 where variant_id = $1", goods["cup"], left)
    await browser.get("/cs/p/cup")
    answer = await browser.submit("/cs/cart/add", quantity="90")
    assert answer.status_code == 409
    assert words in text_of(browser.page)
    assert 'value="90"' in browser.page


async def test_scripts_are_told_in_json(browser: Browser, goods: dict[str, UUID]) -> None:
    await browser.get("/pl/p/cup")
    values = {"variant": str(goods["cup"]), "quantity": "2", "form_token": _token(browser)}
    answer = await browser.post("/pl/cart/add", values, Accept="application/json")
    assert (answer.status_code, answer.json()) == (200, {"pieces": 2})
    answer = await browser.post("/pl/cart/add", values, Accept="application/json")
    assert answer.status_code == 409
    assert answer.json() == {"error": "Zostały tylko 3 sztuki."}


async def test_goods_that_sold_out_meanwhile_hold_the_checkout(browser: Browser, pool: Pool) -> None:
    await put_in(browser, "cup", 3)
    await pool.execute("update stock_level set on_hand = 1")
    await browser.get("/cs/cart")
    assert "Zbývá jen 1 kus." in text_of(browser.page)
    answer = await browser.submit("/cs/cart", "checkout=yes")
    assert answer.status_code == 409
    assert (await browser.get("/cs/checkout")).headers["location"] == "/cs/cart"


async def test_what_is_no_longer_sold_can_be_taken_out(browser: Browser, pool: Pool, goods: dict[str, UUID]) -> None:
    await put_in(browser, "beans")
    await put_in(browser, "cup")
    await pool.execute("update variant set status = 'archived' where id = $1", goods["cup"])
    await browser.get("/cs/cart")
    assert "Tento výrobek už neprodáváme." in text_of(browser.page)
    await browser.follow(await browser.submit("/cs/cart", f"remove={await line_of(pool, goods['cup'])}"))
    assert "Tento výrobek už neprodáváme." not in text_of(browser.page)


async def test_going_to_checkout_holds_the_goods(browser: Browser, pool: Pool) -> None:
    await put_in(browser, "cup", 2)
    answer = await browser.submit("/cs/cart", "checkout=yes")
    assert answer.headers["location"] == "/cs/checkout"
    assert await pool.fetchval("select sum(quantity) from reservation") == 2


async def test_a_cart_costs_what_the_language_it_is_looked_at_costs(browser: Browser) -> None:
    await put_in(browser, "beans")
    page = text_of((await browser.get("/pl/cart")).text)
    assert "Towar 50,00 zł box pl 19,00 zł Razem z VAT 69,00 zł" in page


async def test_nothing_costs_nothing(browser: Browser, goods: dict[str, UUID], pool: Pool) -> None:
    await put_in(browser, "beans")
    await browser.follow(await browser.submit("/cs/cart", f"remove={await line_of(pool, goods['beans'])}"))
    assert "Kč" not in text_of(browser.page.partition('<div id="cart">')[2])


async def test_the_fee_falls_away_when_there_is_enough_in_the_cart(browser: Browser) -> None:
    await put_in(browser, "beans", 4)
    await browser.follow(await browser.submit("/cs/cart", shipping_method="courier"))
    assert "Do dopravy zdarma zbývá 300 Kč." in text_of(browser.page)
    await put_in(browser, "beans", 1)
    assert "courier cs zdarma Celkem s DPH 1 500 Kč" in text_of(browser.page)


@pytest.mark.parametrize(
    "cookie",
    ["", "nonsense", "0" * 32, "0" * 32 + "..AAAAAAAAAAAAAAAAAAAAAA", "a" * 5000, "\xe4.\xe4.\xe4"],
)
async def test_a_forged_cart_cookie_is_no_cart(shop: Served, cookie: str) -> None:
    browser = shop.browser()
    answer = await browser.get("/cs/cart", Cookie=f"kupec_cart={cookie}".encode("latin-1"))
    assert answer.status_code == 200
    assert "V košíku zatím nic není" in text_of(browser.page)


async def test_a_cookie_signed_for_something_else_is_no_cart(shop: Served) -> None:
    browser = shop.browser()
    await put_in(browser, "beans")
    cart = next(cookie.value for cookie in browser.client.cookies.jar if cookie.name == "kupec_cart") or ""
    forged = sign(shop.site.settings.secret, "cookie:kupec_known", cart.partition(".")[0])
    other = shop.browser()
    await other.get("/cs/cart", Cookie=f"kupec_cart={forged}")
    assert "V košíku zatím nic není" in text_of(other.page)


async def test_two_hundred_lines_are_enough(browser: Browser, pool: Pool, goods: dict[str, UUID]) -> None:
    await put_in(browser, "beans")
    async with pool.acquire() as db, db.transaction():
        extra = [await add_product(db, f"X{number}") for number in range(199)]
        await db.executemany(
            "insert into cart_line (id, cart_id, variant_id, quantity, position) "
            "select gen_random_uuid(), id, $1, 1, $2 from cart",
            [(variant, number + 1) for number, variant in enumerate(extra)],
        )
    await browser.get("/cs/p/cup")
    assert (await browser.submit("/cs/cart/add")).status_code == 409
    assert (await browser.get("/cs/cart")).status_code == 200


def _token(browser: Browser) -> str:
    return browser.page.partition('name="form_token" value="')[2].partition('"')[0]


async def test_a_code_is_taken_explained_and_let_go(browser: Browser, shop: Served) -> None:
    spring = Promotion(
        code="SPRING",
        names={"cs": "Jarní sleva", "en": "Spring"},
        action=PercentOff(percent_bp=1000),
        conditions=Conditions(needs_coupon=True, minimum={"CZK": 100000}),
    )
    async with shop.site.database.transaction() as db:
        await publish_new(db, PROMOTIONS, Promotions(promotions=[spring]), actor=SETUP, now=NOON)
        await create_coupon(db, "JARO", CouponTerms(promotion="SPRING"), actor=SETUP, now=NOON)
    await put_in(browser, "beans", 2)
    answer = await browser.submit("/cs/cart", coupon="NIC")
    assert answer.status_code == 409
    assert "NIC" in browser.page.partition('id="coupon-error"')[2].partition("</p>")[0]
    await browser.follow(await browser.submit("/cs/cart", coupon=" jaro "))
    assert "Jarní sleva: Přidejte zboží ještě za 400 Kč." in text_of(browser.page)
    await put_in(browser, "beans", 2)
    assert "Zboží 1 200 Kč Jarní sleva JARO -120 Kč" in text_of(browser.page).replace("−", "-")
    await browser.follow(await browser.submit("/cs/cart", "drop_coupon=JARO"))
    assert "Jarní sleva" not in text_of(browser.page)


async def test_codes_cannot_be_found_by_guessing(pool: Pool, dsn: str, goods: dict[str, UUID]) -> None:
    async with serving(pool, dsn, rate_limit=1000) as shop:
        browser = shop.browser()
        await put_in(browser, "beans")
        await browser.get("/cs/cart")
        body = {"form_token": _token(browser), "coupon": "GUESS"}
        answers = [(await browser.post("/cs/cart", body)).status_code for _ in range(GUESSES + 1)]
        assert answers == [409] * GUESSES + [429]
