"""An order as its buyer follows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from kupec.kit.actor import system
from kupec.kit.db import Database, Pool
from kupec.kit.signing import sign
from kupec.sales import (
    CompleteRequest,
    Order,
    cancel_order,
    get_order,
    mark_delivered,
    ship,
    start_picking,
    status_token,
)
from kupec.web.storefront.orders import journey
from tests.billing.gateway_fixture import RunningGateway
from tests.shop import NOON, SETUP, filled_cart
from tests.web.browsing import Served, text_of

WAREHOUSE = system("warehouse")


@pytest.fixture
async def order(paying: Served, gateway: RunningGateway, goods: dict[str, UUID]) -> Order:
    """An order of two bags, paid."""
    cart_id = await filled_cart(paying.site.database, [(goods["beans"], 2)])
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2060, "cvc": "123"}
    completion = await paying.site.checkout.complete(
        CompleteRequest(
            cart_id=cart_id,
            key="once",
            card_token=gateway.browse("POST", f"{gateway.url}/v1/tokens", json=card).json()["token"],
            expected_total=None,
            return_url="http://shop.example/back/{payment}",
            actor=SETUP,
        )
    )
    async with paying.site.database.reading() as db:
        return await get_order(db, completion.order_id)


def address_of(served: Served, order: Order, language: str = "cs") -> str:
    return f"/{language}/order/{status_token(served.site.settings.secret, order.id)}"


async def test_the_way_of_an_order_in_words(paying: Served, order: Order, pool: Pool) -> None:
    browser = paying.browser()
    address = address_of(paying, order)

    async def page() -> str:
        await browser.get(address)
        return text_of(browser.page)

    assert "Máme ji a brzy ji začneme balit. Doručení jsme slíbili nejpozději zítra, 11. března." in await page()
    database = Database(pool)
    async with database.transaction() as db:
        await start_picking(db, order.id, actor=WAREHOUSE, now=NOON)
        (parcel,) = (await get_order(db, order.id)).fulfilments
    assert "Právě ji balíme." in await page()
    async with database.transaction() as db:
        await ship(db, parcel.id, tracking_number="RR123", actor=WAREHOUSE, now=NOON)
    shipped = await page()
    assert "Je na cestě k vám." in shipped
    assert "sledovat zásilku RR123" in shipped
    assert 'href="https://track.example/RR123"' in browser.page
    async with database.transaction() as db:
        await mark_delivered(db, parcel.id, actor=WAREHOUSE, now=NOON)
    assert "Je doručená." in await page()
    await browser.get(address_of(paying, order, "pl"))
    assert "Zostało dostarczone." in text_of(browser.page)


async def test_a_cancelled_order_says_where_the_money_goes(paying: Served, order: Order, pool: Pool) -> None:
    async with Database(pool).transaction() as db:
        await cancel_order(db, order.id, reason="asked", actor=WAREHOUSE, now=NOON)
        cancelled = await get_order(db, order.id)
    assert [step.kind for step in journey(cancelled)] == ["placed", "cancelled"]
    browser = paying.browser()
    await browser.get(address_of(paying, order))
    assert "Zaplacená částka se vrátí na kartu" in text_of(browser.page)


async def test_a_link_opens_its_order_and_nothing_else(paying: Served, order: Order) -> None:
    browser = paying.browser()
    secret = paying.site.settings.secret
    for token in (
        order.id.hex,
        f"{order.id.hex}..AAAAAAAAAAAAAAAAAAAAAA",
        sign("another secret", "order-status", order.id.hex),
        sign(secret, "cookie:kupec_known", order.id.hex),
        "x" * 3000,
    ):
        for path in (f"/cs/order/{token}", f"/cs/checkout/done/{token}", f"/cs/order/{token}/live"):
            answer = await browser.get(path)
            assert answer.status_code == 404
            assert "Jana" not in answer.text


def test_what_lies_ahead_ends_with_the_promised_day(order: Order) -> None:
    steps = journey(order)
    assert [(step.kind, step.reached) for step in steps] == [
        ("placed", "now"),
        ("picking", "ahead"),
        ("shipped", "ahead"),
        ("delivered", "ahead"),
    ]
    assert steps[-1].expected == order.promised_on


async def test_the_page_hears_of_its_order_and_of_no_other(
    paying: Served, order: Order, pool: Pool, goods: dict[str, UUID]
) -> None:
    async with listening(paying, f"{address_of(paying, order)}/live") as stream:
        assert stream.headers[b"content-type"].startswith(b"text/event-stream")
        assert stream.headers[b"cache-control"] == b"no-store"
        await filled_cart(paying.site.database, [(goods["cup"], 1)])
        async with Database(pool).transaction() as db:
            await start_picking(db, order.id, actor=WAREHOUSE, now=NOON)
        said = await stream.until(b"order.picking")
    assert b'data: {"type":"order.picking"}' in said
    assert b"cart." not in said
    assert b"id: " in said


class Listening:
    """What an open stream has sent."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.said = b""
        self.opened = asyncio.Event()
        self._more = asyncio.Event()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.headers = {name.lower(): value for name, value in message["headers"]}
        else:
            self.said += message.get("body", b"")
            self.opened.set()
            self._more.set()

    async def until(self, what: bytes) -> bytes:
        async with asyncio.timeout(60):
            while what not in self.said or not self.said.endswith(b"\r\n\r\n"):
                self._more.clear()
                await self._more.wait()
        return self.said


@asynccontextmanager
async def listening(served: Served, path: str) -> AsyncIterator[Listening]:
    """An open stream, spoken to in plain ASGI; ended as a browser ends it."""
    stream, gone, asked = Listening(), asyncio.Event(), False

    async def receive() -> Any:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"shop.example"), (b"accept", b"text/event-stream")],
        "client": ("127.0.0.1", 1),
        "server": ("shop.example", 80),
    }
    answering = asyncio.create_task(served.app(scope, receive, stream.send))
    async with asyncio.timeout(60):
        await stream.opened.wait()
    try:
        yield stream
    finally:
        gone.set()
        async with asyncio.timeout(60):
            await answering
