"""Passkeys with Chromium's own authenticator: registered, used in place of the password, and as the second step."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import CDPSession, Page, expect, sync_playwright

from kupec.kit.clock import SystemClock
from kupec.kit.db import Database
from kupec.staff import create_demo_staff
from tests.browser.conftest import NO_BROWSER, find_chromium
from tests.browser.people import DESKTOP, FLAGS, HOMES, PATIENCE, Desk, open_page
from tests.machines.running import running_shop
from tests.shop import make_shop


@pytest.fixture(scope="module")
def desk_url(server: str, template: str) -> Iterator[str]:
    """A shop that is reached as "localhost": a passkey belongs to a name, never to a number."""

    async def fill(database: Database) -> None:
        async with database.transaction() as db:
            await make_shop(db)
            await create_demo_staff(db, now=SystemClock().now())

    with running_shop("passkeys", fill, server=server, template=template, host="localhost") as stack:
        yield f"http://localhost:{urlsplit(stack.web_url).port}"


@pytest.fixture
def owner(desk_url: str) -> Iterator[Desk]:
    path = find_chromium()
    if path is None:
        pytest.skip(NO_BROWSER)
    complaints: list[str] = []
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield Desk(open_page(browser, size=DESKTOP, complaints=complaints), desk_url, HOMES["cs"])
        browser.close()
    assert complaints == []


def authenticator(page: Page) -> tuple[CDPSession, str]:
    """A device with a finger that always fits."""
    chrome = page.context.new_cdp_session(page)
    chrome.send("WebAuthn.enable")
    made = chrome.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return chrome, made["authenticatorId"]


def sign_out(desk: Desk) -> None:
    desk.page.locator(".rail-foot form[action='/desk/sign-out'] button").click()
    desk.page.wait_for_url("**/desk/sign-in")


def test_a_passkey_opens_the_desk(owner: Desk) -> None:
    page = owner.page
    chrome, device = authenticator(page)
    owner.sign_in()
    owner.visit("/desk/account")
    page.get_by_label("Nový přístupový klíč").fill("Notebook v kanceláři")
    page.locator("form[data-passkey='create'] button").click()
    expect(page.locator(".codes li")).to_have_count(10)
    recovery = page.locator(".codes code").first.inner_text()
    owner.visit("/desk/account")
    expect(page.locator(".factors").first).to_contain_text("Notebook v kanceláři")

    # The same device is not registered twice.
    page.locator("form[data-passkey='create'] button").click()
    expect(page.locator("form[data-passkey='create'] [data-said]")).not_to_be_empty()

    # In place of the password.
    sign_out(owner)
    page.locator("form[data-passkey='get'] button").click()
    page.wait_for_url("**/desk/inbox")
    sign_out(owner)

    # As the second step, after the password.
    page.locator("#email").fill(owner.home.desk_email)
    page.locator("#password").fill(owner.home.desk_password)
    page.locator("#password").press("Enter")
    page.wait_for_url("**/desk/sign-in/second**")
    page.locator("form[data-passkey='get'] button").click()
    page.wait_for_url("**/desk/inbox")
    sign_out(owner)

    # Without the device: it is told, and a recovery code goes on.
    chrome.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
    page.locator("#email").fill(owner.home.desk_email)
    page.locator("#password").fill(owner.home.desk_password)
    page.locator("#password").press("Enter")
    page.wait_for_url("**/desk/sign-in/second**")
    page.locator("#code").fill(recovery)
    page.locator("#code").press("Enter")
    page.wait_for_url("**/desk/inbox")
    owner.visit("/desk/account")
    page.locator("form[action$='/remove'] button").first.click()
    expect(page.locator("#flash")).to_be_visible()
    expect(page.locator(".factors").first).not_to_contain_text("Notebook v kanceláři")


def test_a_copied_passkey_is_found_out(owner: Desk) -> None:
    """A counter that goes back means two devices with one key."""
    page = owner.page
    chrome, device = authenticator(page)
    owner.sign_in()
    owner.visit("/desk/account")
    page.locator("form[data-passkey='create'] button").click()
    expect(page.locator(".codes li")).to_have_count(10)
    found = chrome.send("WebAuthn.getCredentials", {"authenticatorId": device})
    copy = found["credentials"][0]
    owner.visit("/desk/account")
    sign_out(owner)
    for _ in range(2):
        page.locator("form[data-passkey='get'] button").click()
        page.wait_for_url("**/desk/inbox")
        sign_out(owner)
    chrome.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    chrome.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": copy})
    page.locator("form[data-passkey='get'] button").click()
    expect(page.locator("#door-error")).to_be_visible()
