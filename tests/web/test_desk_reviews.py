"""Reviews on the desk: read, published, rejected, answered."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.catalogue import reindex_all
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, open_desk, words
from tests.web.reviewing import reviewed

__all__ = ["gateway", "session_gateway", "shop"]

HERE = "/desk/catalogue/reviews"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with shop.database.transaction() as db:
        await reindex_all(db)
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def write(desk: Desk, who: str, body: str = "") -> UUID:
    return await reviewed(desk.site.database.pool, "BEANS", who, body=body, publish=False)


async def test_what_was_written_waits_to_be_read(desk: Desk) -> None:
    await write(desk, "Jana", "Voní & chutná")
    person = await desk.signed_in("manager")
    page = words(await person.page(HERE))
    assert "To read 1 Published 0 Rejected 0" in page
    assert "5 stars Product BEANS Dobrá Voní & chutná Jana" in page
    assert "Reviews 1" in page  # beside the tab, on every page of the catalogue


async def test_the_chosen_are_published_at_once(desk: Desk) -> None:
    ids = [await write(desk, who) for who in ("Jana", "Petr", "Eva")]
    person = await desk.signed_in("manager")
    fields = [("decision", "publish"), ("review", str(ids[0])), ("review", str(ids[1])), ("review", "nonsense")]
    answer = await person.post_many(HERE, fields)
    page = words(await person.page(answer.headers["location"]))
    assert "2 reviews are published." in page
    assert "To read 1 Published 2 Rejected 0" in page
    answer = await person.post_many(HERE, [("decision", "publish")])
    assert "No review is chosen." in words(await person.page(answer.headers["location"]))


async def test_a_rejection_needs_a_reason_and_keeps_what_was_chosen(desk: Desk) -> None:
    review = await write(desk, "Jana")
    person = await desk.signed_in("manager")
    answer = await person.post(HERE, {"decision": "reject", "reason": " ", "review": str(review)})
    assert answer.status_code == 422
    assert 'id="bulk.reason-error"' in answer.text
    assert f'value="{review}" checked' in answer.text
    page = words(await person.done(HERE, {"decision": "reject", "reason": "Advertising", "review": str(review)}))
    assert "1 review is rejected." in page
    assert "Advertising" in words(await person.page(f"{HERE}?state=rejected"))


async def test_a_published_review_is_answered(desk: Desk) -> None:
    review = await write(desk, "Jana")
    person = await desk.signed_in("manager")
    await person.done(HERE, {"decision": "publish", "review": str(review)})
    page = await person.done(f"{HERE}/{review}/reply", {"reply": "Thank you."})
    assert "Thank you.</textarea>" in page
    page = words(await person.done(f"{HERE}/{review}/reply", {"reply": "<b>x</b>"}))
    assert "Expected: plain text, without HTML." in page


async def test_who_may_only_read_decides_nothing(desk: Desk) -> None:
    review = await write(desk, "Jana")
    person = await desk.signed_in("warehouse")
    page = await person.get(HERE)
    assert page.status_code == 200
    assert 'name="decision"' not in page.text
    assert (await person.post(HERE, {"decision": "publish", "review": str(review)})).status_code == 403
    assert (await person.post(f"{HERE}/{review}/reply", {"reply": "x"})).status_code == 403
    assert await desk.fetchval("select state from review") == "pending"
