"""The customer API: tokens, the table and the document agree, everything is one's own, keys take effect once."""

from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
import schemathesis
from litestar.routes import HTTPRoute

from kupec.customers import NewParty, create_party, give_role
from kupec.kit.actor import system
from kupec.kit.db import Pool
from kupec.web.my_api.calls import ROOT
from kupec.web.my_api.operations import OPERATIONS
from tests.shop import NOON
from tests.web.browsing import Served
from tests.web.test_portal_sign_in import JANA, letters


class App:
    """A phone with a token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.headers: dict[str, str] = {}

    async def sign_in(self, served: Served, pool: Pool, email: str = JANA) -> None:
        asked = await self.client.post(f"{ROOT}/sign-in/code", json={"email": email, "language": "cs"})
        assert asked.status_code == 200, asked.text
        code = (await letters(pool, served))[-1].code
        body = {"token": asked.json()["token"], "code": code, "device": "Pixel"}
        opened = await self.client.post(f"{ROOT}/sign-in/code/enter", json=body)
        assert opened.status_code == 200, opened.text
        self.headers["Authorization"] = f"Bearer {opened.json()['token']}"

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, f"{ROOT}{path}", json=body, headers=self.headers | named)


@pytest.fixture
async def app(shop: Served, pool: Pool) -> App:
    made = App(shop.browser().client)
    await made.sign_in(shop, pool)
    return made


async def test_the_document_is_one_and_names_every_route(shop: Served) -> None:
    answer = await shop.browser().client.get(f"{ROOT}/openapi.json")
    document = answer.json()
    schemathesis.openapi.from_dict(document)
    assert document["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    served = {
        (method, route.path.replace(":str", ""))
        for route in shop.app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith(ROOT) and not route.path.endswith("openapi.json")
        for method in route.methods - {"OPTIONS"}
    }
    assert described == served


async def test_without_a_token_nothing_is_told(shop: Served) -> None:
    client = shop.browser().client
    for operation in OPERATIONS[:12]:
        path = operation.path.replace("{", "").replace("}", "")
        answer = await client.request(operation.method, f"{ROOT}{path}", json={})
        assert answer.status_code == 401, operation.id
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_browser_session_is_no_token_and_a_token_no_session(shop: Served, app: App) -> None:
    token = app.headers["Authorization"].removeprefix("Bearer ")
    browser = shop.browser()
    browser.client.cookies.set("kupec_my", token, domain="shop.example")
    assert (await browser.get("/cs/my")).status_code == 303


async def test_what_can_be_read_is_read(app: App) -> None:
    for operation in OPERATIONS:
        if operation.method == "get" and "{" not in operation.path and operation.part not in ("people", "approve"):
            answer = await app.call("GET", operation.path)
            assert answer.status_code == 200, (operation.id, answer.text)
            msgspec.json.decode(answer.content, type=operation.answer)


async def test_what_is_somebody_elses_does_not_exist(app: App) -> None:
    bodies: dict[str, Any] = {
        "ask_return": {"lines": [{"order_line_id": str(uuid4()), "quantity": 1}]},
        "repeat_order": {"recurrence": {"every": 1, "unit": "month", "anchor": "2027-01-01", "zone": "Europe/Prague"}},
        "move": {"number": 1, "day": "2027-01-01"},
        "change_lines": {"lines": [{"line_id": str(uuid4()), "quantity": 1}]},
        "change_rhythm": {"recurrence": {"every": 1, "unit": "month", "anchor": "2027-01-01", "zone": "Europe/Prague"}},
        "book_service": {"day": "2027-01-04"},
        "change_address": {"street": "Dlouhá 1", "city": "Praha", "postcode": "110 00", "country": "CZ"},
        "answer_task": {"answer": "yes"},
        "answer_invitation": {"yes": True},
        "approve": {"expected_total": 1},
        "decline": {"note": "no"},
        "remove_role": {"role": "buyer"},
        "change_device": {"name": "Kitchen"},
        "new_machine_key": {"scopes": ["buy"]},
        "approve_purchase": {"expected_total": 1},
    }
    for operation in OPERATIONS:
        if not operation.parameters or operation.part in ("people",) or operation.id == "consent":
            continue
        path = operation.path
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", str(uuid4()))
        body = bodies.get(operation.id, {"number": 1} if operation.body else None)
        answer = await app.call(operation.method.upper(), path, body, Idempotency_Key=uuid4().hex)
        assert answer.status_code == 404, (operation.id, answer.status_code, answer.text)


async def test_a_key_takes_effect_once(app: App, pool: Pool) -> None:
    body = {"street": "Dlouhá 1", "city": "Praha", "postcode": "110 00", "country": "CZ"}
    key = uuid4().hex
    first = await app.call("POST", "/addresses", body, Idempotency_Key=key)
    again = await app.call("POST", "/addresses", body, Idempotency_Key=key)
    assert first.status_code == 200
    assert first.content == again.content
    assert await pool.fetchval("select count(*) from party_address") == 1
    other = await app.call("POST", "/addresses", body | {"city": "Brno"}, Idempotency_Key=key)
    assert other.status_code == 409
    missing = await app.call("POST", "/complaints", {"text": "It broke."})
    assert missing.json()["code"] == "idempotency_key_missing"


async def test_acting_for_an_organisation_needs_its_role(app: App, pool: Pool) -> None:
    desk = system("test")
    async with pool.acquire() as db, db.transaction():
        office = await create_party(
            db, NewParty(kind="organisation", name="Kancelář", language="cs"), actor=desk, now=NOON
        )
        person = await db.fetchval("select party_id from contact_point where value = $1", JANA)
        await give_role(db, office, person, "accountant", actor=desk, now=NOON)
    stranger = await app.call("GET", "/me", Kupec_Account=str(uuid4()))
    assert stranger.status_code == 404
    mine = await app.call("GET", "/me", Kupec_Account=str(office))
    assert mine.json()["account"] == str(office)
    assert mine.json()["parts"] == ["money", "orders"]
    assert (await app.call("GET", "/statement", Kupec_Account=str(office))).status_code == 200
    for path in ("/addresses", "/tasks"):
        assert (await app.call("GET", path, Kupec_Account=str(office))).status_code == 403
    assert (await app.call("GET", "/people", Kupec_Account=str(office))).status_code == 403
    assert (await app.call("GET", "/approvals", Kupec_Account=str(office))).status_code == 403


async def test_a_token_ends_when_it_is_signed_out(app: App) -> None:
    assert (await app.call("POST", "/sign-out")).status_code == 200
    assert (await app.call("GET", "/me")).status_code == 401
