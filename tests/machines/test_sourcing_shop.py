"""A machine buys at a second real shop: discovered, quoted, ordered, told of by signed webhooks, followed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from aiohttp import web

from kupec.kit.addresses import Reach
from kupec.kit.clock import SystemClock
from kupec.kit.db import connect
from kupec.kit.outside import Outside
from kupec.machines.sourcing import NewSupplier, SellerClient, Sourcing, SupplyRequest, add_supplier, get_foreign
from kupec.machines.trust import SignedRequest, Trust, Window, verify_request
from kupec.sales import mark_delivered, ship, start_picking
from tests.billing.gateway_fixture import gateway, session_gateway
from tests.machines.conftest import _fill
from tests.machines.owning import an_owner
from tests.machines.running import running_shop
from tests.machines.test_ucp_orders import DESK
from tests.sales.conftest import Shop, shop

__all__ = ["gateway", "session_gateway", "shop"]
SECRET = "a shop's secret"
SKU = "BEANS-250"


class Ours:
    """What the second shop sees of us: our profile, and where we are told of orders."""

    def __init__(self) -> None:
        self.base = ""
        self.trust: Trust
        self.told: list[SignedRequest] = []
        self.heard = asyncio.Event()

    async def profile(self, _: web.Request) -> web.StreamResponse:
        order = [{"version": "2026-04-08", "config": {"webhook_url": f"{self.base}/hooks"}}]
        others = ("catalog.search", "catalog.lookup", "checkout", "fulfillment")
        known = {f"dev.ucp.shopping.{name}": [{"version": "2026-04-08"}] for name in others}
        ucp = {"version": "2026-04-08", "capabilities": {**known, "dev.ucp.shopping.order": order}}
        return web.json_response({"ucp": ucp, "signing_keys": await self.trust.jwks()})

    async def hook(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.told.append(SignedRequest(method="POST", url=f"{self.base}/hooks", headers=headers, body=body))
        self.heard.set()
        return web.Response(status=200)


@pytest.fixture
async def ours(shop: Shop) -> AsyncIterator[Ours]:
    found = Ours()
    app = web.Application()
    app.router.add_get("/.well-known/ucp", found.profile)
    app.router.add_post("/hooks", found.hook)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.base = f"http://localhost:{runner.addresses[0][1]}"
    outside = Outside(Reach(local=True), timeout=60.0)
    found.trust = Trust(shop.database, outside, SystemClock(), secret=SECRET, base_url=found.base)
    yield found
    await found.trust.aclose()
    await runner.cleanup()


async def test_a_machine_buys_at_another_real_shop(shop: Shop, ours: Ours, server: str, template: str) -> None:
    settings = {"KUPEC_DEMO": "true", "KUPEC_UCP_SIGNATURES": "required"}
    opened = running_shop("seller", _fill, server=server, template=template, settings=settings)
    stack = await asyncio.to_thread(opened.__enter__)
    try:
        owner = await an_owner(shop)
        seller = SellerClient(ours.trust, stack.web_url)
        assert (await seller.search("coffee beans")).products
        buyer = owner.a_process()
        sourcing = Sourcing(shop.database, ours.trust, buyer, SystemClock(), secret=SECRET, zone="Europe/Prague")
        async with shop.database.transaction() as db:
            new = NewSupplier(name="Second", url=stack.web_url, handler="card", token="tok_visa", items={"BEANS": SKU})
            reach, now = Reach(local=True), shop.clock.now()
            supplier = await add_supplier(
                db, owner.party_id, new, secret=SECRET, reach=reach, actor=owner.actor, now=now
            )
        await owner.grant(sellers=["own", supplier.host], budget=100_000)
        request = SupplyRequest(machine_id=owner.machine.id, key="beans-1", lines=[("BEANS", 2)])
        bought = await sourcing.buy(request)
        assert (bought.state, bought.seller, bought.total) == ("placed", supplier.host, 2 * 10_000 + 6_900)
        assert await sourcing.buy(request) == bought
        await _told(ours, 1)
        await _settled(stack.dsn, bought.foreign_order or "")
        await _told(ours, 3)
        # Each is the whole order, signed by the shop that its UCP-Agent names.
        profile = await ours.trust.profile(f"{stack.web_url}/.well-known/ucp")
        window = Window(datetime.now(UTC), age=timedelta(minutes=5), skew=timedelta(minutes=1))
        for request_in in ours.told:
            assert verify_request(request_in, profile.keys, profile=profile.url, window=window)
            assert f'profile="{profile.url}"' in request_in.headers["ucp-agent"]
        last = msgspec.json.decode(ours.told[-1].body)
        assert last["id"] == bought.foreign_order
        assert [event["type"] for event in last["fulfillment"]["events"]] == ["shipped", "delivered"]
        async with shop.database.transaction() as db:
            await db.execute("update foreign_order set next_look_at = now()")
        assert await sourcing.follow() == 1
        async with shop.database.reading() as db:
            order = await get_foreign(db, bought.id)
        assert order is not None
        assert (order.state, order.overcharged) == ("delivered", 0)
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


async def _told(ours: Ours, times: int) -> None:
    async with asyncio.timeout(60):
        while len(ours.told) < times:
            ours.heard.clear()
            await ours.heard.wait()


async def _settled(dsn: str, order_id: str) -> None:
    """The other shop ships it, and it arrives."""
    db = await connect(dsn, application="staff")
    try:
        async with db.transaction():
            order = await start_picking(db, UUID(order_id), actor=DESK, now=datetime.now(UTC))
            await ship(db, order.fulfilments[0].id, tracking_number=None, actor=DESK, now=datetime.now(UTC))
        async with db.transaction():
            await mark_delivered(db, order.fulfilments[0].id, actor=DESK, now=datetime.now(UTC))
    finally:
        await db.close()
