"""A real browser against the whole system with the demo shop Zrnko."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kupec.app.zrnko.seed import seed
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database, create_pool
from kupec.kit.postgres import create_database, drop_database
from tests.browser.people import FLAGS, HOMES, PATIENCE, Buyer, Desk, open_page
from tests.conftest import SCRATCH
from tests.stack import Stack

NO_BROWSER = "no Chromium on this machine (Debian: apt-get install chromium)"


Opener = Callable[..., AbstractContextManager[Stack]]


@pytest.fixture(scope="package")
def copies(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    """Opens demo shops: all are copies of one that was filled once. `host` is the name by which one is reached."""
    filled = f"{SCRATCH}{os.getpid()}_zrnko"
    asyncio.run(_fill(asyncio.run(create_database(server, filled, template=template))))

    @contextmanager
    def open_one(name: str, *, host: str = "127.0.0.1") -> Iterator[Stack]:
        database = f"{filled}_{name}"
        dsn = asyncio.run(create_database(server, database, template=filled))
        stack = Stack(tmp_path_factory.mktemp(name), dsn=dsn, settings={"KUPEC_DEMO": "true"})
        stack.known_as(host)
        try:
            asyncio.run(stack.open(_nothing_more))
            yield stack
        finally:
            stack.close()
            asyncio.run(drop_database(server, database))

    yield open_one
    asyncio.run(drop_database(server, filled))


async def _fill(dsn: str) -> None:
    pool = await create_pool(dsn, max_size=2, application="seed")
    await seed(Database(pool), SystemClock(), say=lambda _: None)
    await pool.execute("analyze")  # nothing else tells the planner: the tests' server does no housekeeping
    await pool.close()


async def _nothing_more(_: Database) -> None:
    pass


@pytest.fixture(scope="package")
def zrnko(copies: Opener) -> Iterator[Stack]:
    """The demo shop as processes of its own."""
    with copies("shop") as stack:
        yield stack


def open_zrnko(folder: Path) -> Stack:
    """Start the demo shop in `folder`, on a database of its own: for whoever is no test."""

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
