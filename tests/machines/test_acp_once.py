"""ACP's idempotency, rule by rule, over HTTP and under a race; what becomes of codes, and what fuzzing finds."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from kupec.app.web import create_app
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.ids import uuid7
from kupec.kit.settings import Settings
from kupec.machines.acp import add_platform
from kupec.machines.acp.errors import KeyReused, StillUnderWay, UnreadableRequest
from kupec.machines.acp.once import (
    KEPT_FOR,
    LEASE,
    Answer,
    Claim,
    claim_request,
    drop_claim,
    fingerprint,
    forget_acp_requests,
    keep_answer,
)
from kupec.machines.acp.openapi import OPERATIONS
from tests.machines.acp_agent import CARTS, JANA, PRAGUE, SESSIONS, Agent, paying
from tests.machines.conftest import Shop
from tests.shop import NOON, SETUP

BODY = {"line_items": [{"id": "TOOL-1", "quantity": 2}], "currency": "czk", "capabilities": {}}
PATH, KEY = "/acp/checkout_sessions", "one"


@pytest.fixture(scope="module")
def buyer(shop: Shop) -> Agent:
    return Agent(shop)


def orders_of(shop: Shop, session: str) -> int:
    async def count(db: Connection) -> int:
        found: int = await db.fetchval(
            "select count(*) from sales_order where cart_id = $1::uuid and number is not null", session
        )
        return found

    return shop.do(count)


def carts_of(shop: Shop, agent: Agent) -> int:
    async def count(db: Connection) -> int:
        found: int = await db.fetchval("select count(*) from cart where agent = $1", agent.platform.agent)
        return found

    return shop.do(count)


def test_every_post_needs_a_key(buyer: Agent) -> None:
    session = buyer.open(("TOOL-1", 1))["id"]
    cart = buyer.call("POST", CARTS, json={"line_items": [{"id": "TOOL-1"}]}).json()["id"]
    for path, body in (
        (SESSIONS, BODY),
        (f"{SESSIONS}/{session}", {}),
        (f"{SESSIONS}/{session}/complete", paying("tok_visa")),
        (f"{SESSIONS}/{session}/cancel", {}),
        (CARTS, {"line_items": [{"id": "TOOL-1"}]}),
        (f"{CARTS}/{cart}/cancel", {}),
    ):
        missing = buyer.error("POST", path, 400, json=body, key=None)
        assert (missing["code"], missing["type"]) == ("idempotency_key_required", "invalid_request"), path
    assert buyer.error("POST", SESSIONS, 400, json=BODY, key="x" * 256)["code"] == "invalid_idempotency_key"
    assert buyer.call("POST", SESSIONS, json=BODY, key="x" * 255).status_code == 201
    assert buyer.look(session)["status"] == "ready_for_payment"


def test_a_repetition_is_answered_the_same_and_says_so(shop: Shop) -> None:
    agent, key = Agent(shop), str(uuid4())
    headers = {"Request-Id": "request-1"}
    first = agent.call("POST", SESSIONS, json=BODY, key=key, headers=headers)
    assert first.status_code == 201
    assert (first.headers["idempotency-key"], first.headers["request-id"]) == (key, "request-1")
    assert "idempotent-replayed" not in first.headers
    session = first.json()["id"]
    agent.update(session, line_items=[{"id": "TOOL-2"}])
    reordered = b'{"capabilities": {}, "currency": "czk", "line_items": [{"quantity": 2.0, "id": "TOOL-1"}]}'
    again = agent.call("POST", SESSIONS, content=reordered, key=key, headers={"Request-Id": "request-2"})
    assert (again.status_code, again.content) == (201, first.content), "as it was answered, not as it is by now"
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["request-id"] == "request-2"
    conflict = agent.error("POST", SESSIONS, 422, json={**BODY, "currency": "eur"}, key=key)
    assert conflict["code"] == "idempotency_conflict"
    assert carts_of(shop, agent) == 1
    refused = agent.call("POST", f"{SESSIONS}/{session}", json={"line_items": [{"id": "nope"}]}, key=key)
    assert refused.status_code == 400, "the same key at another address is another request"
    replayed = agent.call("POST", f"{SESSIONS}/{session}", json={"line_items": [{"id": "nope"}]}, key=key)
    assert (replayed.status_code, replayed.content) == (400, refused.content)
    assert replayed.headers["idempotent-replayed"] == "true"
    stranger = Agent(shop)
    assert stranger.call("POST", SESSIONS, json=BODY, key=key).json()["id"] != session


def test_many_at_once_make_one_session_and_one_order(shop: Shop) -> None:
    agent, key = Agent(shop), str(uuid4())
    body = {**BODY, "buyer": JANA, "fulfillment_details": {"address": PRAGUE}}
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: agent.call("POST", SESSIONS, json=body, key=key), range(6)))
        made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert len(made) == carts_of(shop, agent) == 1
        path = f"{SESSIONS}/{made.pop()}/complete"
        paid = list(threads.map(lambda _: agent.call("POST", path, json=paying("tok_visa"), key=key), range(6)))
    assert {answer.status_code for answer in paid} <= {200, 409}
    done = agent.call("POST", path, json=paying("tok_visa"), key=key)
    assert (done.json()["status"], done.headers["idempotent-replayed"]) == ("completed", "true")
    assert orders_of(shop, done.json()["id"]) == 1
    for answer in answers + paid:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_in_flight"
            assert int(answer.headers["retry-after"]) >= 1


def test_a_request_under_way_is_said_and_taken_over_when_it_died(shop: Shop) -> None:
    agent, key = Agent(shop), str(uuid4())

    def claimed(at: datetime) -> None:
        async def claim(db: Connection) -> None:
            await claim_request(db, agent.platform.id, PATH, key, msgspec_body(), now=at)

        shop.do(claim)

    claimed(datetime.now(UTC))
    waiting = agent.call("POST", SESSIONS, content=msgspec_body(), key=key)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency_in_flight")
    assert waiting.headers["retry-after"] == "1"

    async def died(db: Connection) -> None:
        await db.execute(
            "update acp_request set claimed_at = now() - interval '2 minutes' where idempotency_key = $1", key
        )

    shop.do(died)
    assert agent.call("POST", SESSIONS, content=msgspec_body(), key=key).status_code == 201


def msgspec_body() -> bytes:
    return b'{"line_items": [{"id": "TOOL-1"}], "currency": "czk", "capabilities": {}}'


async def _platform(pool: Pool) -> UUID:
    async with Database(pool).transaction() as db:
        return (await add_platform(db, "chat", "Chat", actor=SETUP, now=NOON)).platform.id


Claiming = Callable[[Connection, UUID], Awaitable[object]]


async def _go_ahead(pool: Pool, platform: UUID, claiming: Claiming) -> int:
    """How many of two that read before either commits are told to go ahead."""
    barrier = asyncio.Barrier(2)

    async def one() -> object:
        async with pool.acquire() as db, db.transaction():
            await db.fetchval("select 1")
            await barrier.wait()
            try:
                return await claiming(db, platform)
            except (StillUnderWay, AssertionError) as error:
                return error

    found = await asyncio.gather(one(), one())
    return sum(isinstance(each, Claim) for each in found)


async def _guarded(db: Connection, platform: UUID) -> object:
    return await claim_request(db, platform, PATH, KEY, b"{}", now=NOON)


async def _unguarded(db: Connection, platform: UUID) -> object:
    """Looks first, as one would without the unique row, and then goes ahead."""
    seen = await db.fetchval("select count(*) from acp_request where idempotency_key = $1", KEY)
    assert seen == 0
    return Claim(platform_id=platform, path=PATH, key=KEY, claim=uuid7())


async def test_of_two_at_once_one_goes_ahead(pool: Pool) -> None:
    platform = await _platform(pool)
    assert await _go_ahead(pool, platform, _unguarded) == 2, "the race is there"
    assert await _go_ahead(pool, platform, _guarded) == 1


async def test_what_is_kept_and_for_how_long(db: Connection) -> None:
    platform = (await add_platform(db, "chat", "Chat", actor=SETUP, now=NOON)).platform.id

    async def claim(body: bytes = b"{}", *, after: timedelta = timedelta()) -> Claim | Answer:
        return await claim_request(db, platform, PATH, KEY, body, now=NOON + after)

    first = await claim()
    assert isinstance(first, Claim)
    with pytest.raises(StillUnderWay):
        await claim(after=LEASE)
    with pytest.raises(KeyReused):
        await claim(b"[]", after=LEASE * 2)
    second = await claim(after=LEASE + timedelta(seconds=1))
    assert isinstance(second, Claim)
    await keep_answer(db, first, Answer(status=201, body=b"of the dead"))
    with pytest.raises(StillUnderWay):
        await claim(after=LEASE)
    await keep_answer(db, second, Answer(status=500, body=b"fault"))
    third = await claim()
    assert isinstance(third, Claim), "a fault of ours is not kept"
    await drop_claim(db, third)
    fourth = await claim()
    assert isinstance(fourth, Claim)
    await keep_answer(db, fourth, Answer(status=201, body=b"made"))
    await drop_claim(db, fourth)
    assert await claim(after=timedelta(hours=24)) == Answer(status=201, body=b"made")
    assert await forget_acp_requests(db, NOON + KEPT_FOR, 10) == 0
    assert isinstance(await claim(b"[]", after=KEPT_FOR + timedelta(seconds=1)), Claim), "after a day it is a new one"
    assert await forget_acp_requests(db, NOON + KEPT_FOR * 3, 10) == 1


def test_which_bodies_say_the_same() -> None:
    same = [b'{"a": 1, "b": [1, 2]}', b'{"b":[1,2.0],"a":1.0}']
    assert len({fingerprint(body) for body in same}) == 1
    others = [b'{"a": 1}', b'{"a": 1, "b": null}', b'{"a": 1, "b": [2, 1]}', b'{"a": "1", "b": [1, 2]}', b"", b"{}"]
    assert len({fingerprint(body) for body in [same[0], *others]}) == 7
    for bad in (b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(UnreadableRequest):
            fingerprint(bad)


def test_every_address_is_documented_and_every_documented_address_is_there() -> None:
    app = create_app(Settings(database_url="postgresql://nowhere", log_level="error"))
    served = {
        (method.lower(), re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path))
        for route in app.routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS" and route.path.startswith(("/acp/checkout", "/acp/carts"))
    }
    assert served == {(operation.method, operation.path) for operation in OPERATIONS}
