"""The storefront over a small shop."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from playwright.async_api import expect

from kupec.catalogue import reindex_all
from kupec.kit.db import Pool
from tests.billing.gateway_fixture import RunningGateway, gateway, session_gateway
from tests.shop import add_product, make_shop
from tests.web.browsing import Browser, Served, serving

__all__ = ["gateway", "session_gateway"]
expect.set_options(timeout=60_000)  # of milliseconds: a machine with other things to do needs more than five seconds


@pytest.fixture
async def goods(pool: Pool) -> dict[str, UUID]:
    """Variants by SKU: beans (300 Kč, 100 pcs), cup (45 Kč, 3 pcs), gone (none left), service (no stock needed)."""
    async with pool.acquire() as db, db.transaction():
        await make_shop(db)
        found = {
            "beans": await add_product(db, "BEANS", price=30000, name="Zrnková káva Čáslav", vat_class="reduced"),
            "cup": await add_product(db, "CUP", price=4500, stock=3, name="Šálek <b>velký</b>"),
            "gone": await add_product(db, "GONE", price=99900, stock=0, name="Páka"),
            "service": await add_product(db, "SERVICE", price=129000, stock=None, name="Servis"),
        }
        await reindex_all(db)
    return found


@pytest.fixture
async def shop(pool: Pool, dsn: str, goods: dict[str, UUID]) -> AsyncIterator[Served]:
    """The storefront where nobody can pay."""
    async with serving(pool, dsn) as served:
        yield served


@pytest.fixture
async def paying(pool: Pool, dsn: str, goods: dict[str, UUID], gateway: RunningGateway) -> AsyncIterator[Served]:
    """The storefront with the sandbox gateway."""
    async with gateway.cards() as cards, serving(pool, dsn, cards=cards, card_gateway_url=gateway.url) as served:
        yield served


@pytest.fixture
def browser(shop: Served) -> Browser:
    return shop.browser()
