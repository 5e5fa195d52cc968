"""The customer's account in Chromium: in by a mailed code and by a passkey, and what they had ordered again."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import NO_BROWSER, Opener, find_chromium
from tests.browser.people import DESKTOP, FLAGS, PATIENCE, open_page
from tests.browser.test_passkeys import authenticator
from tests.stack import Stack, eventually


@pytest.fixture(scope="module")
def zrnko_here(copies: Opener) -> Iterator[tuple[Stack, str]]:
    """The demo shop, reached as "localhost": a passkey belongs to a name, never to a number."""
    with copies("portal", host="localhost") as stack:
        yield stack, f"http://localhost:{urlsplit(stack.web_url).port}"


@pytest.fixture
def page(zrnko_here: tuple[Stack, str]) -> Iterator[Page]:
    path = find_chromium()
    if path is None:
        pytest.skip(NO_BROWSER)
    complaints: list[str] = []
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield open_page(browser, size=DESKTOP, complaints=complaints)
        browser.close()
    assert complaints == []


class Waiting:
    """What the test asks of the shop's database while a browser is open: in a thread, for Playwright has the loop."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def value(self, query: str, *values: object) -> object:
        found: list[object] = []

        async def come() -> bool:
            found[:] = [await self._stack.fetchval(query, *values)]
            return found[0] is not None

        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(asyncio.run, eventually(come, or_else=lambda: query)).result()
        return found[0]


def test_in_by_a_code_then_by_a_passkey_and_once_more(page: Page, zrnko_here: tuple[Stack, str]) -> None:
    stack, url = zrnko_here
    shop = Waiting(stack)
    email = shop.value(
        """select value from contact_point cp join party p on p.id = party_id
            where cp.kind = 'email' and p.kind = 'person' and exists
                  (select from sales_order where customer_id = p.id and placed_at is not null)
            order by value limit 1"""
    )
    authenticator(page)

    # By the code that the mail brings.
    page.goto(f"{url}/cs/my")
    page.locator("#email").fill(str(email))
    page.get_by_role("button", name="Poslat kód").click()
    page.wait_for_url("**/my/sign-in/code")
    text = shop.value("select text from mail where kind = 'sign_in_code' and to_address = $1 limit 1", email)
    code = re.search(r"\b(\d{6})\b", str(text))
    assert code
    page.locator("#code").fill(code[1])
    page.locator("#code").press("Enter")
    page.wait_for_url("**/cs/my")
    expect(page.locator(".account-word")).not_to_have_text("Můj účet")

    # A passkey is registered, and opens the account.
    page.goto(f"{url}/cs/my/security")
    page.locator("#name").fill("Telefon")
    page.locator("form[data-passkey='create'] button").click()
    expect(page.locator("#said")).to_be_visible()
    expect(page.locator(".my-list").first).to_contain_text("Telefon")
    page.locator(".my-out").click()
    page.wait_for_url("**/cs")
    page.goto(f"{url}/cs/my/sign-in")
    page.locator("form[data-passkey='get'] button").click()
    page.wait_for_url("**/cs/my")

    # What they had, once more: in the cart, or said that it is not to be had.
    page.goto(f"{url}/cs/my/orders")
    page.get_by_role("button", name="Objednat znovu").first.click()
    expect(page.locator("#cart, .my-main .notice").first).to_be_visible()
    assert UUID(str(shop.value("select id from cart where state = 'open' and customer_id is not null limit 1")))
