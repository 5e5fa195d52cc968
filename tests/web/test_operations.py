"""What those who run the shop ask: alive, ready, measured."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

from kupec.app.web import create_app
from kupec.kit.settings import Settings

BASE = "http://shop.example"


@pytest.fixture
async def app(dsn: str) -> AsyncIterator[Litestar]:
    made = create_app(Settings(database_url=dsn, secret="s", metrics_token="long-token", log_level="error"))
    async with made.lifespan():
        yield made


def client(app: Litestar, address: str = "127.0.0.1") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url=BASE)


async def test_alive_and_ready(app: Litestar) -> None:
    async with client(app) as browser:
        assert (await browser.get("/healthz")).text == "ok\n"
        answer = await browser.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")
    assert len(answer.headers["x-request-id"]) == 32


async def test_metrics_want_the_token_and_count_requests(app: Litestar) -> None:
    async with client(app) as browser:
        await browser.get("/cs/nowhere")
        assert (await browser.get("/metrics")).status_code == 401
        wrong = await browser.get("/metrics", headers={"Authorization": "Bearer wrong"})
        assert wrong.status_code == 401
        answer = await browser.get("/metrics", headers={"Authorization": "Bearer long-token"})
    assert answer.status_code == 200
    assert "kupec_http_requests_total" in answer.text
    assert "/cs/nowhere" not in answer.text, "addresses are counted by their template"
    assert "kupec_subscriber_lag_seconds" in answer.text


async def test_without_a_token_only_this_machine_reads_metrics(dsn: str) -> None:
    made = create_app(Settings(database_url=dsn, secret="s", log_level="error"))
    async with made.lifespan():
        async with client(made) as browser:
            assert (await browser.get("/metrics")).status_code == 200
            through_proxy = await browser.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
            assert through_proxy.status_code == 401
        async with client(made, "203.0.113.9") as browser:
            assert (await browser.get("/metrics")).status_code == 401
