"""One stack for all tests that kill nothing, two web servers wide; those that kill bring their own."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kupec.kit.db import Database
from kupec.kit.postgres import create_database, drop_database
from tests.conftest import SCRATCH
from tests.reliability.buying import Shopper
from tests.shop import add_product, make_shop
from tests.stack import Stack, open_folder

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]  # whose child is whose is read from /proc


@pytest.fixture(scope="package")
def stack(server: str, template: str) -> Iterator[Stack]:
    name = f"{SCRATCH}{os.getpid()}_reliability"
    dsn = asyncio.run(create_database(server, name, template=template))
    with open_folder("kupec-stack-") as folder:
        running = Stack(folder, dsn=dsn, webs=2, webhooks=False)
        try:
            asyncio.run(running.open(seed))
            yield running
        finally:
            running.close()
            asyncio.run(drop_database(server, name))


async def seed(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)
        for number in range(20):
            await add_product(db, f"SKU{number}", stock=10_000)


@pytest.fixture
async def shopper(stack: Stack) -> Shopper:
    """Somebody who buys at the first web server."""
    return Shopper(stack)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder("kupec-test-") as path:
        yield path
