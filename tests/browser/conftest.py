"""A real browser against the whole system with the demo shop Zrnko."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kupec.app.zrnko.seed import seed
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database
from tests.browser.people import FLAGS, HOMES, PATIENCE, Buyer, Desk, open_page
from tests.stack import Stack

NO_BROWSER = "no Chromium on this machine (Debian: apt-get install chromium)"


@pytest.fixture(scope="session")
def zrnko(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The demo shop as processes of its own."""
    stack = open_zrnko(tmp_path_factory.mktemp("zrnko"))
    try:
        yield stack
    finally:
        stack.close()


def open_zrnko(folder: Path) -> Stack:
    """Start the demo shop in `folder`."""

    async def fill(database: Database) -> None:
        await seed(database, SystemClock(), say=lambda _: None)

    stack = Stack(folder, settings={"KUPEC_DEMO": "true"})
    asyncio.run(stack.open(fill))
    return stack


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chromium(zrnko: Stack) -> Iterator[Browser]:
    """The system's Chromium. Where there is none, these tests are skipped; in CI that is a failure.

    Playwright keeps an event loop running in this thread: it begins after the stack, and ends with the module so that
    async tests can follow.
    """
    path = find_chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Street:
    """Lets buyers and colleagues in, each with a browser of their own, and hears what the consoles say."""

    def __init__(self, browser: Browser, shop: str) -> None:
        self._browser = browser
        self._shop = shop
        self.pages: list[Page] = []
        self.complaints: list[str] = []

    def buyer(self, language: str, size: dict[str, int], scheme: str = "light") -> Buyer:
        return Buyer(self._page(language, size, scheme), self._shop, HOMES[language])

    def desk(self, language: str, size: dict[str, int], scheme: str = "light") -> Desk:
        return Desk(self._page(language, size, scheme), self._shop, HOMES[language])

    def _page(self, language: str, size: dict[str, int], scheme: str) -> Page:
        page = open_page(self._browser, size=size, scheme=scheme, language=language, complaints=self.complaints)
        self.pages.append(page)
        return page


@pytest.fixture
def street(chromium: Browser, zrnko: Stack) -> Iterator[Street]:
    open_street = Street(chromium, zrnko.web_url)
    yield open_street
    for page in open_street.pages:
        page.context.close()
    assert open_street.complaints == []
