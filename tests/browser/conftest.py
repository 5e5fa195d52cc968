"""A real browser against the whole system with the demo shop Zrnko."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from kupec.app.zrnko.seed import seed
from kupec.kit.clock import SystemClock
from kupec.kit.db import Database
from tests.browser.people import FLAGS
from tests.stack import Stack


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

    stack = Stack(folder)
    asyncio.run(stack.open(fill))
    return stack


@pytest.fixture(scope="module")
def chromium(zrnko: Stack) -> Iterator[Browser]:
    """The system's Chromium. Where there is none, these tests are skipped; in CI that is a failure.

    Playwright keeps an event loop running in this thread: it begins after the stack, and ends with the module so that
    async tests can follow.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "no Chromium on this machine (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
