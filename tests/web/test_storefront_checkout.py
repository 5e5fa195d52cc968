"""From the cart to the confirmation, with the sandbox gateway as a process of its own."""

from uuid import UUID

import httpx
import pytest

from kupec.kit.db import Pool
from tests.billing.gateway_fixture import RunningGateway
from tests.web.browsing import Browser, Served, text_of
from tests.web.test_storefront_cart import put_in

FILLED = {
    "email": "jana@example.com",
    "phone": "+420 601 234 567",
    "address__name": "Jana Nová",
    "address__street": "Dlouhá 1",
    "address__city": "Praha",
    "address__postcode": "110 00",
}


async def go_to_checkout(browser: Browser, slug: str = "beans", quantity: int = 1) -> None:
    await put_in(browser, slug, quantity)
    await browser.follow(await browser.submit("/cs/cart", "checkout=yes"))
    assert browser.path == "/cs/checkout"


def token_for(gateway: RunningGateway, number: str) -> str:
    """What the page's script gets from the gateway."""
    card = {"number": number, "exp_month": 12, "exp_year": 2060, "cvc": "123"}
    token: str = gateway.browse("POST", f"{gateway.url}/v1/tokens", json=card).json()["token"]
    return token


async def order(browser: Browser, token: str, **filled: str) -> httpx.Response:
    return await browser.submit("/cs/checkout", "order=yes", card_token=token, **(FILLED | filled))


async def test_the_page_shows_fee_date_and_total_before_anything_is_filled_in(paying: Served) -> None:
    browser = paying.browser()
    await go_to_checkout(browser, quantity=2)
    page = text_of(browser.page)
    assert "Objednat a zaplatit 669 Kč" in page
    assert "courier cs doručíme nejpozději zítra, 11. března 99 Kč" in page
    assert "box cs doručíme nejpozději ve čtvrtek 12. března 69 Kč" in page


async def test_the_card_never_touches_us(paying: Served, gateway: RunningGateway) -> None:
    browser = paying.browser()
    await put_in(browser, "beans")
    await browser.submit("/cs/cart", "checkout=yes")
    answer = await browser.get("/cs/checkout")
    for field in ("card-number", "card-expiry", "card-code"):
        tag = browser.page.partition(f'<input id="{field}"')[2].partition(">")[0]
        assert "autocomplete" in tag
        assert " name=" not in tag
    policy = answer.headers["content-security-policy"]
    assert f"connect-src 'self' {gateway.url}" in policy
    assert f"form-action 'self' {gateway.url}" in policy
    assert "script-src 'self';" in policy


async def test_a_purchase_from_the_cart_to_the_order_page(paying: Served, gateway: RunningGateway, pool: Pool) -> None:
    browser = paying.browser()
    await go_to_checkout(browser, quantity=2)
    answer = await order(browser, token_for(gateway, "4242424242424242"), shipping_method="courier")
    # The total had been shown with the cheaper delivery: without a script the page asks once more.
    assert answer.status_code == 409
    assert "teď je 699 Kč" in text_of(browser.page)
    assert await pool.fetchval("select count(*) from payment") == 0
    answer = await order(browser, token_for(gateway, "4242424242424242"))
    assert answer.headers["location"].startswith("/cs/checkout/done/")
    await browser.follow(answer)
    page = text_of(browser.page)
    number = await pool.fetchval("select number from sales_order where state = 'placed'")
    assert f"Její číslo je {number} . Potvrzení posíláme na jana@example.com." in page
    assert "Doručíme nejpozději zítra, 11. března" in page
    assert "Zrnková káva Čáslav 2 600 Kč courier cs 99 Kč Celkem s DPH 699 Kč" in page
    key = str(await pool.fetchval("select id from payment"))
    (paid,) = [payment for payment in gateway.ledger()["payments"] if payment["key"] == key]
    assert (paid["state"], paid["amount"]) == ("authorised", 69900)
    status = await browser.get(answer.headers["location"].replace("/checkout/done/", "/order/"))
    assert f"Objednávka {number}" in text_of(status.text)
    assert status.headers["cache-control"] == "no-store"
    assert "V košíku zatím nic není" in text_of((await browser.get("/cs/cart")).text)


async def test_the_next_checkout_knows_who_bought_last(paying: Served, gateway: RunningGateway, pool: Pool) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    await browser.follow(await order(browser, token_for(gateway, "4242424242424242")))
    customer = await pool.fetchval("select customer_id from sales_order")
    await go_to_checkout(browser, "cup")
    assert 'value="jana@example.com"' in browser.page
    assert 'value="Dlouhá 1"' in browser.page
    assert await pool.fetchval("select customer_id from cart where state = 'open'") == customer
    await browser.follow(await browser.submit("/cs/checkout/forget"))
    assert "jana@example.com" not in browser.page
    assert "Šálek" in browser.page
    assert [row["customer_id"] for row in await pool.fetch("select * from cart where state = 'open'")] == [None]
    assert "kupec_known" not in {cookie.name for cookie in browser.client.cookies.jar if cookie.value}


async def test_what_is_missing_or_wrong_is_said_beside_each_field(paying: Served, pool: Pool) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await order(
        browser, "tok_visa", email="jana@", phone="call me", address__name="", address__postcode="9", address__city=""
    )
    assert answer.status_code == 422
    said = {
        "email": "Zkontrolujte prosím e-mail",
        "phone": "Zkontrolujte prosím telefon",
        "address.name": "Vyplňte prosím jméno příjemce.",
        "address.postcode": "Takové PSČ ve zvolené zemi není.",
        "address.city": "Vyplňte prosím obec.",
    }
    for field, text in said.items():
        beside = browser.page.partition(f'id="{field}-error"')[2].partition("</p>")[0]
        assert text in beside
        assert f'href="#{field}"' in browser.page
    assert 'value="jana@"' in browser.page
    assert "5 věcí potřebuje opravit" in text_of(browser.page)
    assert await pool.fetchval("select count(*) from sales_order") == 0


async def test_without_a_card_nothing_is_ordered(paying: Served, pool: Pool) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await order(browser, "")
    assert answer.status_code == 422
    assert "Vyplňte prosím kartu." in text_of(browser.page)
    assert await pool.fetchval("select count(*) from sales_order") == 0


async def test_fee_and_date_follow_the_country_and_the_delivery(paying: Served) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await browser.submit(
        "/cs/checkout", "update=yes", address__country="SK", address__street="Obchodná 5", shipping_method="courier"
    )
    assert answer.status_code == 200
    page = text_of(browser.page)
    assert "Objednat a zaplatit 449 Kč" in page
    assert 'value="Obchodná 5"' in browser.page
    assert '<option value="SK" selected>' in browser.page


async def test_in_another_market_an_address_it_does_not_deliver_to_is_let_go(paying: Served) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    await browser.submit("/cs/checkout", "update=yes", **FILLED)
    await browser.get("/pl/checkout")
    page = text_of(browser.page)
    assert "box pl" in page
    assert "Zamów i zapłać 69,00 zł" in page
    assert 'value="jana@example.com"' in browser.page
    assert 'value="110 00"' not in browser.page
    assert "Dlouhá 1" not in browser.page


async def test_a_check_says_what_is_missing_but_the_card(paying: Served) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await browser.submit("/cs/checkout", "check=yes", **(FILLED | {"email": ""}))
    assert answer.status_code == 422
    assert "Vyplňte prosím e-mail." in text_of(browser.page)
    answer = await browser.submit("/cs/checkout", "check=yes", **FILLED)
    assert answer.status_code == 200
    assert "Vyplňte prosím kartu." not in text_of(browser.page)


async def test_a_price_that_rose_meanwhile_is_shown_before_it_is_charged(
    paying: Served, gateway: RunningGateway, pool: Pool, goods: dict[str, UUID]
) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    await pool.execute("update price set amount = 40000 where variant_id = $1 and currency = 'CZK'", goods["beans"])
    answer = await order(browser, token_for(gateway, "4242424242424242"))
    assert answer.status_code == 409
    page = text_of(browser.page)
    assert "Celková částka se od zobrazení změnila: teď je 469 Kč. Nic jsme neobjednali ani nestrhli." in page
    assert "Objednat a zaplatit 469 Kč" in page
    assert await pool.fetchval("select count(*) from payment") == 0
    await browser.follow(await order(browser, token_for(gateway, "4242424242424242")))
    assert await pool.fetchval("select total from sales_order where state = 'placed'") == 46900


async def test_a_refused_card_leaves_everything_as_it_was(paying: Served, gateway: RunningGateway, pool: Pool) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await order(browser, token_for(gateway, "4000000000000002"))
    assert answer.status_code == 409
    page = text_of(browser.page)
    assert "Na této kartě není dost peněz. Nic se nestrhlo." in page
    assert 'value="jana@example.com"' in browser.page
    assert await pool.fetchval("select count(*) from sales_order where state = 'placed'") == 0
    await browser.follow(await order(browser, token_for(gateway, "5555555555554444")))
    assert "Děkujeme, objednávku máme" in text_of(browser.page)


async def test_the_same_form_sent_twice_is_one_order(paying: Served, gateway: RunningGateway, pool: Pool) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    token = token_for(gateway, "4242424242424242")
    page = browser.page
    first = await order(browser, token)
    browser.page = page
    second = await order(browser, token)
    assert first.headers["location"].startswith("/cs/checkout/done/")
    assert second.status_code == 303
    assert await pool.fetchval("select count(*) from sales_order where state = 'placed'") == 1
    assert await pool.fetchval("select count(*) from payment") == 1


@pytest.mark.parametrize(
    ("decision", "words"),
    [("confirm", "Děkujeme, objednávku máme"), ("decline", "Platba nebyla v bance potvrzena. Nic se nestrhlo.")],
)
async def test_the_bank_asks_and_the_buyer_comes_back(
    paying: Served, gateway: RunningGateway, decision: str, words: str
) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await order(browser, token_for(gateway, "4000002500003155"))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{gateway.url}/3ds/")
    back = gateway.decide(answer.headers["location"], decision).headers["location"]
    assert back.startswith("http://shop.example/cs/checkout/return/")
    answer = await browser.get(back.removeprefix("http://shop.example"))
    if answer.is_redirect:
        await browser.follow(answer)
    assert words in text_of(browser.page)


async def test_a_stranger_with_the_return_address_learns_nothing(
    paying: Served, gateway: RunningGateway, pool: Pool
) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await order(browser, token_for(gateway, "4000002500003155"))
    back = gateway.decide(answer.headers["location"], "confirm").headers["location"]
    stranger = paying.browser()
    await stranger.get(back.removeprefix("http://shop.example"))
    page = text_of(stranger.page)
    assert "Platba proběhla" in page
    assert await pool.fetchval("select number from sales_order where state = 'placed'") not in page
    assert not {"jana@example.com", "Jana Nová", "Dlouhá 1"} & set(page.split(" "))
    assert not [cookie for cookie in stranger.client.cookies.jar if cookie.name == "kupec_known"]


async def test_coming_back_before_the_bank_has_decided_shows_the_way(
    paying: Served, gateway: RunningGateway, pool: Pool
) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await order(browser, token_for(gateway, "4000002500003155"))
    payment = await pool.fetchval("select id from payment")
    await browser.get(f"/cs/checkout/return/{payment}")
    assert f'href="{answer.headers["location"]}"' in browser.page
    await browser.get("/cs/checkout")
    assert "Objednat a zaplatit" in text_of(browser.page)


async def test_a_reply_that_is_lost_is_asked_for_again(paying: Served, gateway: RunningGateway, pool: Pool) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    await browser.follow(await order(browser, token_for(gateway, "4000000000000127")))
    assert "Děkujeme, objednávku máme" in text_of(browser.page)
    assert await pool.fetchval("select count(*) from payment") == 1


async def test_an_unreachable_gateway_says_that_it_waits(shop: Served, pool: Pool) -> None:
    browser = shop.browser()
    await go_to_checkout(browser)
    answer = await order(browser, "tok_visa")
    assert "/checkout/return/" in answer.headers["location"]
    answer = await browser.follow(answer)
    assert answer.headers["refresh"] == "3"
    assert "Čekáme na banku" in text_of(browser.page)
    await browser.get("/cs/cart")
    assert "Zrnková káva" in browser.page


async def test_an_unknown_payment_is_not_found(paying: Served) -> None:
    browser = paying.browser()
    assert (await browser.get("/cs/checkout/return/01a2006a-b8bc-7a3c-beec-f2670cff7954")).status_code == 404
    assert (await browser.get("/cs/checkout/return/nonsense")).status_code == 404


async def test_an_empty_cart_has_no_checkout(paying: Served) -> None:
    browser = paying.browser()
    assert (await browser.get("/cs/checkout")).headers["location"] == "/cs/cart"


async def test_a_business_without_a_name_is_told_all_that_is_wrong(paying: Served) -> None:
    browser = paying.browser()
    await go_to_checkout(browser)
    answer = await order(browser, "tok_visa", company__company_id="12", company__vat_id="XX12")
    assert answer.status_code == 422
    page = text_of(browser.page)
    for said in ("Vyplňte prosím název firmy.", "Zkontrolujte prosím IČO", "Zkontrolujte prosím DIČ"):
        assert said in page
