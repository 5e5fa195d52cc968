"""Doors of machines: webhooks believe nobody, measurements are not for everybody, changing requests are limited."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from kupec.billing.sandbox.signature import sign
from tests.hostile.conftest import SECRET, World
from tests.hostile.visitor import Visitor
from tests.stack import KUPEC, WEBHOOK_SECRET, Process, early_in_a_minute, eventually, free_port

BODY = json.dumps({"type": "payment.captured", "created_at": "2026-01-01T00:00:00Z", "data": {"id": "x", "key": "y"}})


def signature(body: str, *, stamp: int, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, "msg_1", stamp, body.encode()),
    }


def test_a_webhook_that_is_not_signed_right_is_stored_nowhere(world: World) -> None:
    visitor, now = world.visitor(), int(time.time())
    right = signature(BODY, stamp=now)
    before = world.column("select count(*) from webhook_delivery")
    wrong: list[tuple[str, dict[str, str], str]] = [
        ("sandbox", {}, BODY),
        ("sandbox", {**right, "webhook-signature": ""}, BODY),
        ("sandbox", {**right, "webhook-signature": "v1,"}, BODY),
        ("sandbox", {**right, "webhook-signature": "v1,é".encode().decode("latin-1")}, BODY),
        ("sandbox", {**right, "webhook-signature": "v0" + right["webhook-signature"][2:]}, BODY),
        ("sandbox", {**right, "webhook-id": "msg_2"}, BODY),
        ("sandbox", {**right, "webhook-timestamp": str(now + 1)}, BODY),
        ("sandbox", {**right, "webhook-timestamp": "nan"}, BODY),
        ("sandbox", {**right, "webhook-timestamp": "9" * 40}, BODY),
        ("sandbox", {**right, "webhook-timestamp": "1e3"}, BODY),
        ("sandbox", right, BODY + " "),
        ("sandbox", right, ""),
        ("sandbox", signature(BODY, stamp=now, secret="another"), BODY),
        ("sandbox", signature(BODY, stamp=now, secret=""), BODY),
        ("sandbox", signature(BODY, stamp=now - 3600), BODY),
        ("sandbox", signature(BODY, stamp=now + 3600), BODY),
        ("sandbox", right, "x" * 100_000),
        ("stripe", right, BODY),
        ("..", right, BODY),
        ("%00", right, BODY),
    ]
    for source, headers, body in wrong:
        sent = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
        answer = visitor.ask("POST", f"/webhooks/{source}", headers={**sent, "Accept": "*/*"}, content=body)
        assert 400 <= answer.status_code < 500, (source, headers)
    assert world.column("select count(*) from webhook_delivery") == before
    good = visitor.ask("POST", "/webhooks/sandbox", headers=right, content=BODY)
    assert good.status_code == 204
    again = visitor.ask("POST", "/webhooks/sandbox", headers=right, content=BODY)
    assert again.status_code == 204
    assert int(world.column("select count(*) from webhook_delivery")[0]) == int(before[0]) + 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/.well-known/ucp", 200),
        ("GET", "/api-docs/openapi.json", 200),
        ("POST", "/ucp/v1/checkout-sessions", 400),
        ("GET", "/ucp/v1/orders/x", 400),
        ("DELETE", "/ucp/v1/orders/x", 405),
        ("GET", "/ucp/v1/nothing", 404),
        ("POST", "/webhooks/sandbox", 401),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/nothing", 404),
        ("GET", "/api-docs", 404),
    ],
)
def test_answers_to_machines_carry_the_headers_too(world: World, method: str, path: str, status: int) -> None:
    assert world.visitor().ask(method, path, headers={"Accept": "*/*"}).status_code == status


def test_measurements_are_for_this_machine(world: World) -> None:
    visitor = world.visitor()
    assert visitor.ask("GET", "/metrics", headers={"Accept": "*/*"}).status_code == 200
    for headers in ({"X-Forwarded-For": "1.2.3.4"}, {"Forwarded": "for=1.2.3.4"}, {"X-Forwarded-For": ""}):
        answer = visitor.ask("GET", "/metrics", headers={"Accept": "*/*", **headers})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.fixture
def limited(world: World) -> Iterator[str]:
    """The address of another web server of the same shop, with a limit of five changing requests a minute."""
    port, stack = free_port(), world.stack
    environment = {
        "DATABASE_URL": stack.dsn,
        "KUPEC_DATA_DIR": str(stack.folder),
        "KUPEC_SECRET": SECRET,
        "KUPEC_PORT": str(port),
        "KUPEC_RATE_LIMIT": "5",
    }
    web = Process("limited", [*KUPEC, "web"], environment, stack.folder / "limited.log")
    web.launch()
    url = f"http://127.0.0.1:{port}"
    asyncio.run(eventually(lambda: _answers(url), or_else=web.said))
    yield url
    web.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def raw(world: World, request: bytes) -> bytes:
    """What the server says to bytes that may be no HTTP at all; nothing when it hangs up."""
    parts = urlsplit(world.stack.web_url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        said = b""
        with suppress(OSError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                said += part
        return said


HOST = b"Host: shop\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /cs\r\n\r\n",
        b"GET /cs HTTP/9.9\r\n" + HOST + b"\r\n",
        b"GET /cs HTTP/1.1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /%ff%fe/%00/%ED%A0%80 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /cs?\xff=%ff&%=%&=&&; HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET //cs//..//..//etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http://evil.example/cs HTTP/1.1\r\n" + HOST + b"\r\n",
        b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"KUPEC /cs HTTP/1.1\r\n" + HOST + b"\r\n",
        b"HEAD /cs HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /" + b"x" * 60_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /cs HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 60_000 + b"\r\n\r\n",
        b"GET /cs HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: y\r\n" % number for number in range(500)) + b"\r\n",
        b"GET /cs HTTP/1.1\r\n" + HOST + b"Cookie: a=b\r\nCookie: kupec_cart=\xff\r\n\r\n",
        b"GET /cs HTTP/1.1\r\n" + HOST + b"Host: evil\r\n\r\n",
        b"POST /cs/cart HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nabc",
        b"POST /cs/cart HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\nabc",
        b"POST /cs/cart HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\nabc",
        b"POST /cs/cart HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /cs/cart HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"POST /ucp/v1/catalog/search HTTP/1.1\r\n" + HOST + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a"',
        b"POST /webhooks/sandbox HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        b"GET /desk/live HTTP/1.1\r\n" + HOST + b"Last-Event-ID: \xff\xff\r\n\r\n",
        b"GET /cs HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
        b"GET /cs HTTP/1.1\r\n" + HOST + b"Range: bytes=0-1,-1,9-\r\nIf-Modified-Since: yesterday\r\n\r\n",
    ],
    ids=range(31),
)
def test_bytes_that_are_hardly_http(world: World, request_bytes: bytes) -> None:
    answer = raw(world, request_bytes)
    assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
    assert b"Traceback" not in answer
    assert world.visitor().get("/healthz", Accept="*/*").text == "ok\n"


def test_clients_that_go_away_leave_nothing_behind(world: World) -> None:
    parts = urlsplit(world.stack.web_url)
    for _ in range(30):
        connection = socket.create_connection((parts.hostname or "", parts.port or 0))
        connection.sendall(b"POST /ucp/v1/catalog/search HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{")
        connection.close()
    assert world.visitor().get("/readyz", Accept="*/*").text == "ready\n"


def test_the_request_after_the_limit_waits(world: World, limited: str) -> None:
    visitor = Visitor(limited)
    visitor.get("/cs/cart")
    early_in_a_minute()
    answers = [visitor.post("/cs/cart", {"x": "y"}).status_code for _ in range(8)]
    assert answers[5:] == [429] * 3
    assert 429 not in answers[:5]
    refused = visitor.ask("POST", "/cs/cart", headers={"Accept": "*/*"})
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
        429,
        "too_many_requests",
        "60",
    )
    assert visitor.ask("POST", "/desk/sign-in", headers={"Accept": "*/*"}).status_code == 429
    assert visitor.get("/cs").status_code == 200, "looking is free"
    visitor.http.close()
