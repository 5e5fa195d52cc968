"""Outside machines trade over HTTP, by their keys."""

from datetime import timedelta

import httpx
from litestar import Litestar

from kupec.kit.actor import system
from kupec.machines.mandates import NewMachine, create_key, register_machine
from kupec.machines.market import routes
from kupec.web.errors import exception_handlers
from tests.billing.gateway_fixture import gateway, session_gateway
from tests.sales.conftest import Shop, shop
from tests.sales.standing_shop import a_buyer

__all__ = ["gateway", "session_gateway", "shop"]

SETUP = system("test")


async def test_outside_machines_trade_over_http(shop: Shop) -> None:
    now = shop.clock.now()
    async with shop.database.transaction() as db:
        keys = []
        for name in ("buyer", "seller"):
            made = await register_machine(db, await a_buyer(db), NewMachine(name=name), actor=SETUP, now=now)
            key = await create_key(db, made.id, scopes=["read", "buy"], actor=SETUP, now=now)
            keys.append({"Authorization": f"Bearer {key.token}"})
    buyer, seller = keys
    ask = {"sku": "TEA", "quantity": 5, "seconds": 60, "most_price": 900, "rule": {"by": "cheapest"}}
    app = Litestar(route_handlers=list(routes), exception_handlers=exception_handlers, openapi_config=None)
    app.state.site = shop
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(base_url="http://shop/market/v1", transport=transport) as http:
        assert (await http.get("/rfqs")).status_code == 401
        assert (await http.post("/rfqs", json=ask, headers=buyer)).json()["field"] == "Idempotency-Key"
        named = {**buyer, "Idempotency-Key": "one"}
        wrong = await http.post("/rfqs", json={**ask, "rule": {"by": "luck"}}, headers=named)
        assert (wrong.status_code, wrong.json()["field"]) == (422, "rule.by")
        asked = await http.post("/rfqs", json=ask, headers=named)
        assert asked.status_code == 201
        assert (await http.post("/rfqs", json=ask, headers=named)).json()["id"] == asked.json()["id"]
        (seen,) = (await http.get("/rfqs", headers=seller)).json()["rfqs"]
        # A seller learns neither the limit nor who asks.
        assert not {"most_price", "machine_id", "party_id", "quotes"} & set(seen)
        here = f"/rfqs/{seen['id']}"
        put = await http.post(f"{here}/quotes", json={"unit_price": 800, "lead_days": 3, "quantity": 5}, headers=seller)
        assert (put.status_code, put.json()["state"]) == (201, "sealed")
        assert "quotes" not in (await http.get(here, headers=buyer)).json()
        assert (await http.get(f"{here}/replay", headers=buyer)).json()["code"] == "quotes_sealed"
        shop.clock.move(timedelta(seconds=61))
        late = await http.post(f"{here}/quotes", json={"unit_price": 1, "lead_days": 0, "quantity": 5}, headers=seller)
        assert (late.status_code, late.json()["code"]) == (409, "quote_late")
        done = (await http.get(here, headers=buyer)).json()
        assert (done["state"], done["award"]["unit_price"], done["award"]["state"]) == ("awarded", 800, "told")
        assert sorted(one["state"] for one in done["quotes"]) == ["late", "won"]
        assert (await http.get(here, headers=seller)).json()["quote"]["state"] == "won"
        assert (await http.get(f"{here}/replay", headers=buyer)).json()["same"] is True
        assert (await http.get(f"{here}/replay", headers=seller)).status_code == 403
