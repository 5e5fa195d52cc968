"""Webhooks as the real gateway sends them, and as nobody should."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from kupec.billing import (
    InvalidSignature,
    Payment,
    SandboxCards,
    apply_outcomes,
    get_payment,
    lock_payments,
    notice_of,
    receive,
)
from kupec.billing.sandbox.signature import sign
from kupec.kit.db import Connection
from kupec.kit.webhooks import take_waiting
from tests.billing.gateway_fixture import WEBHOOK_SECRET, RunningGateway, start_gateway
from tests.billing.making import a_payment, events_of, opened
from tests.stack import PATIENCE

SHOP = "https://shop.example/cs/platba/1"


@dataclass
class Receiver:
    """The shop's end: keeps what comes, and refuses the first `refuse` messages."""

    refuse: int = 0
    url: str = ""
    refused: int = 0
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if self.refused < self.refuse:
            self.refused += 1
            return web.Response(status=500)
        self.came.append((dict(request.headers), body))
        return web.Response(status=204)

    async def wait_for(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.came) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Receiver]:
    runner = web.ServerRunner(web.Server(receiver.handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/webhooks/sandbox"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def telling_gateway(directory: Path, receiver: Receiver) -> AsyncIterator[tuple[RunningGateway, SandboxCards]]:
    async with listening(receiver):
        with start_gateway(directory, webhook=receiver.url) as running:
            async with running.cards() as cards:
                yield running, cards


@pytest.fixture
async def cards() -> AsyncIterator[SandboxCards]:
    """One that is only to read webhooks: nobody is called."""
    client = SandboxCards("http://127.0.0.1:9", key="", webhook_secret=WEBHOOK_SECRET)
    yield client
    await client.close()


def signed(body: bytes, *, now: datetime, message_id: str = "msg_1", secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    stamp = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, message_id, stamp, body),
    }


def told(payment: Payment, state: str) -> bytes:
    data = f'"id":"pay_1","key":"{payment.id}","state":"{state}","amount":12900,"currency":"CZK"'
    return f'{{"type":"payment.{state}","created_at":"2026-11-21T09:00:00Z","data":{{{data}}}}}'.encode()


async def settle(db: Connection, cards: SandboxCards, headers: dict[str, str], body: bytes, now: datetime) -> bool:
    """What the edge does; True when the message was new."""
    receipt = await receive(db, cards, headers=headers, body=body, now=now)
    outcome = receipt.notice.outcome
    assert outcome is not None
    locked = await lock_payments(db, [outcome.payment_id])
    await apply_outcomes(db, [(locked[outcome.payment_id], outcome)], now=now)
    return receipt.delivery_id is not None


async def test_the_gateway_tells_of_every_change_until_it_is_heard(db: Connection, tmp_path: Path) -> None:
    """Refused at first, killed in between, replayed ten times, the last first: one effect."""
    payment = await opened(db, now=datetime.now(UTC))
    receiver = Receiver(refuse=1)
    async with telling_gateway(tmp_path, receiver) as (running, cards):
        outcome = await cards.authorise(payment, token="tok_visa", return_url=SHOP)
        running.call("POST", f"/v1/payments/{outcome.reference}/capture")
        running.kill()
        running.start()
        await receiver.wait_for(2)
        now = datetime.now(UTC)
        news = {body: headers for headers, body in receiver.came}
        ordered = sorted(news, key=lambda body: b"payment.authorised" in body)
        assert b"payment.captured" in ordered[0]
        fresh = [await settle(db, cards, news[body], body, now) for body in ordered for _ in range(10)]
    assert fresh.count(True) == 2, "each message is stored once"
    assert (await get_payment(db, payment.id)).state == "captured"
    assert await events_of(db, payment) == ["payment.captured"]
    assert running.data.exists()


async def test_only_the_types_asked_for_are_told(tmp_path: Path) -> None:
    receiver = Receiver()
    async with listening(receiver):
        with start_gateway(tmp_path, webhook=receiver.url, webhook_events="payment.captured") as running:
            async with running.cards() as cards:
                outcome = await cards.authorise(a_payment(), token="tok_visa", return_url=SHOP)
            running.call("POST", f"/v1/payments/{outcome.reference}/capture")
            await receiver.wait_for(1)
    assert [b'"type":"payment.captured"' in body for _, body in receiver.came] == [True]


async def test_nothing_waits_once_all_is_heard(tmp_path: Path) -> None:
    receiver = Receiver(refuse=2)
    async with telling_gateway(tmp_path, receiver) as (running, cards):
        asked = await cards.authorise(a_payment(), token="tok_3ds", return_url=SHOP)
        assert asked.action_url is not None
        running.decide(asked.action_url, "decline")
        await receiver.wait_for(2)
        async with asyncio.timeout(PATIENCE):
            while running.ledger()["webhooks_waiting"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        now = datetime.now(UTC)
        outcomes = [cards.read_webhook(headers, body, now=now).outcome for headers, body in receiver.came]
        assert {(outcome.state, outcome.error_code) for outcome in outcomes if outcome} == {
            ("requires_action", None),
            ("failed", "authentication_failed"),
        }


async def test_a_stored_message_can_be_read_again_long_after(db: Connection, cards: SandboxCards) -> None:
    now = datetime.now(UTC)
    payment = await opened(db, now=now)
    body = told(payment, "authorised")
    headers = signed(body, now=now) | {"Authorization": "Bearer secret", "Cookie": "a=b"}
    receipt = await receive(db, cards, headers=headers, body=body, now=now)
    (delivery,) = await take_waiting(db, now + timedelta(hours=2), 9, source=cards.name)
    assert delivery.id == receipt.delivery_id
    assert notice_of(cards, delivery) == receipt.notice
    assert set(delivery.headers) == {"webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.mark.parametrize(
    "tamper",
    [
        lambda headers, body: (headers, body.replace(b"12900", b"12901")),
        lambda headers, body: ({**headers, "webhook-id": "msg_2"}, body),
        lambda headers, body: ({**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, body),
        lambda headers, body: ({**headers, "webhook-timestamp": "soon"}, body),
        lambda headers, body: (
            {**headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")},
            body,
        ),
        lambda headers, body: ({**headers, "webhook-signature": "v1,%%%"}, body),
        lambda headers, body: ({**headers, "webhook-signature": ""}, body),
        lambda headers, body: ({}, body),
    ],
)
async def test_what_is_not_signed_right_is_stored_nowhere(
    db: Connection, cards: SandboxCards, tamper: "object"
) -> None:
    now = datetime.now(UTC)
    payment = await opened(db, now=now)
    body = told(payment, "authorised")
    good = signed(body, now=now)
    headers, changed = tamper(good, body)  # type: ignore[operator]
    with pytest.raises(InvalidSignature) as refused:
        await receive(db, cards, headers=headers, body=changed, now=now)
    assert refused.value.status == 401
    assert await db.fetchval("select count(*) from webhook_delivery") == 0
    assert await settle(db, cards, good, body, now), "the same message untouched is good"


@pytest.mark.parametrize(("age", "good"), [(299, True), (301, False), (-299, True), (-301, False)])
def test_an_old_message_is_refused(cards: SandboxCards, age: int, good: bool) -> None:
    now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    headers = signed(b"{}", now=now - timedelta(seconds=age))
    if good:
        assert cards.read_webhook(headers, b"{}", now=now).external_id == "msg_1"
    else:
        with pytest.raises(InvalidSignature):
            cards.read_webhook(headers, b"{}", now=now)


def test_without_a_secret_nothing_is_believed() -> None:
    now = datetime.now(UTC)
    with pytest.raises(InvalidSignature):
        SandboxCards("http://127.0.0.1:9", key="", webhook_secret="").read_webhook(
            signed(b"{}", now=now, secret=""), b"{}", now=now
        )


def test_while_a_secret_is_replaced_one_of_two_signatures_is_enough(cards: SandboxCards) -> None:
    now = datetime.now(UTC)
    new, old = signed(b"{}", now=now, secret="new"), signed(b"{}", now=now)
    both = {**new, "webhook-signature": f"{new['webhook-signature']} {old['webhook-signature']}"}
    assert cards.read_webhook(both, b"{}", now=now).external_id == "msg_1"


def test_signatures_are_those_of_the_standard() -> None:
    """The example that the documentation of Standard Webhooks' libraries gives."""
    secret, timestamp = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1614265330
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp, b'{"test": 2432232314}') == expected


@pytest.mark.parametrize("body", [b"not json", b"{}", b'{"type":"payout.paid","created_at":"","data":{}}'])
def test_a_signed_message_about_something_else_has_no_outcome(cards: SandboxCards, body: bytes) -> None:
    now = datetime.now(UTC)
    notice = cards.read_webhook(signed(body, now=now), body, now=now)
    assert (notice.external_id, notice.outcome) == ("msg_1", None)
