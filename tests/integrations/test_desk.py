"""Settings, Integrations on the desk: keys shown once, endpoints with their deliveries, sent again by a button."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.integrations import Courier, Reach, admit, sending_job
from kupec.kit.jobs import Runner
from tests.integrations.receiver import Receiver, receiving
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, open_desk, words

__all__ = ["gateway", "session_gateway", "shop"]

HERE = "/desk/settings/integrations"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def test_a_key_is_shown_once_and_revoked(desk: Desk) -> None:
    owner = await desk.signed_in("owner")
    fields = [("name", "Our ERP"), ("scopes", "stock.write"), ("scopes", "orders.read"), ("rate_limit", "50")]
    answer = await owner.post_many(f"{HERE}/keys", [*fields, ("expires_at", "2099-12-31")])
    assert answer.status_code == 200
    (token,) = re.findall(r'value="(kupec_[\w-]{43})"', answer.text)
    async with desk.site.database.reading() as db:
        key = await admit(db, token, now=desk.site.clock.now())
    assert (key.name, key.scopes, key.rate_limit) == ("Our ERP", ["stock.write", "orders.read"], 50)
    assert key.expires_at is not None
    assert key.expires_at.isoformat() == "2099-12-31T23:00:00+00:00", "through its last day, where the shop is"
    page = await owner.page(HERE)
    assert token not in page
    assert token[:12] in page
    assert "revoked" in words(await owner.done(f"{HERE}/keys/{key.id}/revoke"))


async def test_what_is_wrong_stands_beside_its_field(desk: Desk) -> None:
    owner = await desk.signed_in("owner")
    for fields, field in (
        ({"name": "", "scopes": "stock.read"}, "key.name"),
        ({"name": "ERP"}, "key.scopes"),
        ({"name": "ERP", "scopes": "stock.read", "expires_at": "soon"}, "key.expires_at"),
        ({"name": "ERP", "scopes": "stock.read", "expires_at": "9999-12-31"}, "key.expires_at"),
        ({"name": "ERP", "scopes": "stock.read", "rate_limit": "0"}, "key.rate_limit"),
    ):
        answer = await owner.post(f"{HERE}/keys", fields)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text, fields
    for url, name, field in (
        ("http://erp.example/", "", "endpoint.url"),
        ("https://127.0.0.1/", "", "endpoint.url"),
        ("https://erp.example/", "staff.signed_in", "endpoint.events"),
    ):
        answer = await owner.post(f"{HERE}/endpoints", {"url": url, "names": name})
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text, url


@pytest.mark.parametrize("role", ["manager", "agent", "warehouse"])
async def test_only_an_owner_may(desk: Desk, role: str) -> None:
    person = await desk.signed_in(role)  # type: ignore[arg-type]
    assert (await person.get(HERE)).status_code == 403
    assert (await person.post(f"{HERE}/keys", {"name": "x", "scopes": "stock.read"})).status_code == 403


async def test_an_endpoint_is_added_tested_and_sent_to_again(desk: Desk, receiver: Receiver) -> None:
    owner = await desk.signed_in("owner")
    await owner.done(
        f"{HERE}/endpoints", {"url": "https://erp.example/hooks", "description": "ERP <b>", "kinds": "order"}
    )
    endpoint_id = await desk.fetchval("select id from webhook_endpoint")
    assert "ERP &lt;b&gt;" in await owner.page(HERE)
    here = f"{HERE}/endpoints/{endpoint_id}"
    # Over the desk plain HTTP is for the demo alone, so the test's receiver is put in behind it.
    async with desk.site.database.transaction() as db:
        await db.execute("update webhook_endpoint set url = $1", receiver.url)
    runner = Runner(desk.site.database, [sending_job(Courier(Reach(local=True), timeout=30.0))], clock=desk.site.clock)
    receiver.answers = [410]
    await owner.done(f"{here}/test")
    await runner.run_until_idle()
    said = await owner.page(here)
    assert "answer 410" in said
    assert "the address answered that it is gone" in words(said).lower()
    (delivery,) = re.findall(r"/deliveries/([\w-]+)/replay", said)
    async with desk.site.database.transaction() as db:
        await db.execute("update webhook_endpoint set active = true, stopped = null")
    await owner.done(f"{HERE}/deliveries/{delivery}/replay")
    await runner.run_until_idle()
    assert receiver.ids == [delivery] * 2
    assert "given up" in words(await owner.page(f"{here}?state=failed"))
    assert delivery not in await owner.page(f"{here}?state=failed")
    assert delivery in await owner.page(f"{here}?state=delivered")
    assert "nothing was given up" in words(await owner.done(f"{here}/replay", {"since": "2026-01-01"})).lower()
    assert (await owner.post(f"{here}/replay", {"since": "x"})).status_code == 422


async def test_a_secret_is_rotated_and_an_endpoint_changed_and_removed(desk: Desk) -> None:
    owner = await desk.signed_in("owner")
    await owner.done(f"{HERE}/endpoints", {"url": "https://erp.example/hooks", "names": "order.placed stock.*"})
    endpoint_id: UUID = await desk.fetchval("select id from webhook_endpoint")
    here = f"{HERE}/endpoints/{endpoint_id}"
    secret = await desk.fetchval("select secret from webhook_endpoint")
    assert secret in await owner.page(here)
    page = await owner.done(f"{here}/secret")
    assert secret not in page
    assert await desk.fetchval("select secret from webhook_endpoint") in page
    await owner.done(here, {"url": "https://erp.example/other", "description": "", "kinds": "price"})
    row = await desk.fetchval("select row(url, events, active)::text from webhook_endpoint")
    assert row == "(https://erp.example/other,{price.*},f)"
    assert "Nobody is told" in words(await owner.done(f"{here}/remove"))
    assert (await owner.get(here)).status_code == 404
