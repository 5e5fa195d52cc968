"""The account's pages: each opens to whose it is, to a colleague with the role, and to nobody else."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kupec.catalogue import adjust_stock, put_location
from kupec.customers import NewParty, create_party, give_role, open_task
from kupec.kit.actor import system
from kupec.kit.db import Pool
from tests.shop import NOON
from tests.web.browsing import Browser, Served, text_of
from tests.web.test_portal_sign_in import JANA, come_in

DESK = system("test")
PAGES = ("", "/orders", "/standing", "/money", "/things", "/addresses", "/details", "/security", "/privacy", "/complaint")


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("language", ["cs", "pl"])
async def test_every_page_opens(language: str, shop: Served, browser: Browser, pool: Pool) -> None:
    await come_in(browser, pool, shop)
    for path in PAGES:
        answer = await browser.get(f"/{language}/my{path}")
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "private, no-store"
        assert 'aria-current="page"' in answer.text
