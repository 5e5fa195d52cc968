"""A customer's machines, what they ask, their sellers and a standing order from the cart, by the customer API."""

from uuid import UUID, uuid4

from kupec.kit.db import Database, Pool
from kupec.machines.mandates import PurchaseRequest, authenticate
from tests.shop import NOON
from tests.web.browsing import Browser, Served
from tests.web.test_my_api import App
from tests.web.test_portal_standing import jana

__all__ = ["jana"]
MONTHLY = {"every": 1, "unit": "month", "anchor": "2026-04-01", "zone": "Europe/Prague"}


async def test_a_machine_buys_within_what_an_app_granted_and_asks_beyond(
    shop: Served, browser: Browser, jana: UUID, pool: Pool, goods: dict[str, UUID]
) -> None:
    app = App(shop.browser().client)
    await app.sign_in(shop, pool)
    sku = await pool.fetchval("select sku from variant where id = $1", goods["beans"])
    machine = (await app.call("POST", "/machines", {"name": "Kuchyňka"})).json()["id"]
    here = f"/machines/{machine}"
    terms = {"budget": 200_000, "approval_above": 40_000, "payment": "account", "until": "2026-03-31"}
    for wrong, field in (({"zone": "Nowhere/Else"}, "zone"), ({"until": "9999-12-31"}, "until"), ({"budget": -1}, "")):
        refused = await app.call("POST", f"{here}/mandates", terms | wrong)
        assert refused.status_code == 422, (wrong, refused.text)
        assert field in refused.json()["field"]
    granted = (await app.call("POST", f"{here}/mandates", terms)).json()
    assert (granted["market"], granted["language"], granted["agreed"]) == ("cz", "cs", True)
    assert granted["expires_at"] == "2026-04-01T00:00:00+02:00", "the whole of the last day, in the shop's zone"
    # A key is told once, and no answer with one is kept.
    made = await app.call("POST", f"{here}/keys", {"scopes": ["buy"]}, Idempotency_Key="k" * 20)
    assert await pool.fetchval("select count(*) from portal_request") == 0
    async with Database(pool).transaction() as db:
        assert (await authenticate(db, made.json()["token"], now=NOON)).scopes == ["buy"]
    assert made.json()["token"] not in (await app.call("GET", here)).text
    # Beyond the limit it asks; yes is said to a price that was seen, and orders once.
    assert shop.site.buyer is not None
    await shop.site.buyer.buy(PurchaseRequest(machine_id=UUID(machine), key="beans", lines=[(sku, 2)]))
    [waiting] = (await app.call("GET", "/purchases/asked")).json()["asked"]
    yes = f"/purchases/{waiting['purchase']['id']}/approve"
    unseen = await app.call("POST", yes, {"expected_total": waiting["total_now"] - 1})
    assert unseen.status_code == 409, unseen.text
    for _ in range(2):
        done = await app.call("POST", yes, {"expected_total": waiting["total_now"]})
        assert done.json()["state"] == "placed", done.text
    assert await pool.fetchval("select count(*) from sales_order") == 1
    shown = (await app.call("GET", here)).json()
    assert [one["spent"]["total"] for one in shown["mandates"]] == [waiting["total_now"]]
    # A mandate, a key or a machine of another machine's address does not exist; what is taken back is at its end.
    other = (await app.call("POST", "/machines", {"name": "Sklad"})).json()["id"]
    assert (await app.call("POST", f"/machines/{other}/mandates/{granted['id']}/revoke")).status_code == 404
    assert (await app.call("POST", f"/machines/{other}/keys/{made.json()['key']['id']}/revoke")).status_code == 404
    assert (await app.call("POST", f"{here}/mandates/{granted['id']}/revoke")).json()["revoked_at"]
    assert (await app.call("POST", f"{here}/remove")).status_code == 200
    assert await pool.fetchval("select count(*) from machine_key where revoked_at is null") == 0


async def test_sellers_are_added_weighed_paused_and_removed(
    shop: Served, browser: Browser, jana: UUID, pool: Pool
) -> None:
    app = App(shop.browser().client)
    await app.sign_in(shop, pool)
    new = {"name": "Pražírna", "url": "https://prazirna.example", "handler": "card", "token": "tajné"}
    assert (await app.call("POST", "/suppliers", new | {"url": "https://10.0.0.1"})).json()["field"] == "url"
    made = await app.call("POST", "/suppliers", new)
    assert "tajné" not in made.text
    weighed = await app.call("PUT", "/suppliers/weights", {"price": 10, "delivery": 90, "reliability": 0, "terms": 0})
    assert weighed.json()["delivery"] == 90
    here = f"/suppliers/{made.json()['id']}"
    assert (await app.call("POST", f"{here}/pause")).json()["state"] == "paused"
    assert (await app.call("POST", f"{here}/resume")).json()["state"] == "active"
    assert (await app.call("POST", f"{here}/remove")).status_code == 200
    assert (await app.call("POST", f"{here}/resume")).status_code == 404
    assert (await app.call("GET", "/suppliers")).json()["suppliers"] == []


async def test_what_an_app_put_into_the_cart_comes_regularly_once(
    shop: Served, browser: Browser, jana: UUID, pool: Pool, goods: dict[str, UUID]
) -> None:
    app = App(shop.browser().client)
    await app.sign_in(shop, pool)
    sku = await pool.fetchval("select sku from variant where id = $1", goods["beans"])
    assert (await app.call("PUT", "/cart", {"lines": [{"sku": "no such", "quantity": 1}]})).status_code == 404
    cart = (await app.call("PUT", "/cart", {"lines": [{"sku": sku, "quantity": 3}]})).json()
    assert [(line["sku"], line["quantity"]) for line in cart["lines"]] == [(sku, 3)]
    assert "courier" in {one["code"] for one in cart["shipping_options"]}
    assert (await app.call("PUT", "/cart", {})).json()["lines"] == cart["lines"], "it waits for the next call"
    begin, key = {"recurrence": MONTHLY, "shipping_method": "courier"}, uuid4().hex
    first = await app.call("POST", "/standing", begin, Idempotency_Key=key)
    assert first.status_code == 200, first.text
    assert (await app.call("POST", "/standing", begin, Idempotency_Key=key)).content == first.content
    assert await pool.fetchval("select count(*) from standing_order") == 1
    assert (await app.call("PUT", "/cart", {})).json()["lines"] == []
