"""Devices and the market against what nobody meant: requests made from their own documents, by keys that open them."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.settings import Settings
from kupec.machines.devices import NewDevice, register_device
from kupec.machines.devices.openapi import document as devices_document
from kupec.machines.mandates import NewMachine, create_key, register_machine
from kupec.machines.market.openapi import document as market_document
from tests.hostile.conftest import World
from tests.stack import NONE_KEPT

DEEP = b"[" * 5000
SKU = "SKU-0-S<kupecxss>"
bounded = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
devices = schemathesis.openapi.from_dict(json.loads(devices_document(Settings())))
market = schemathesis.openapi.from_dict(json.loads(market_document(Settings())))
for each in (devices, market):
    each.config.generation.update(modes=list(schemathesis.GenerationMode))
devices.config.phases.coverage.enabled = False  # a hundred more requests of each, a tenth of a second apiece
turns = itertools.count()
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Standing:
    """A device, a buyer and a seller with their keys, and requests in every state."""

    def __init__(self, world: World) -> None:
        self.http = httpx.Client(base_url=world.stack.web_url, trust_env=False, limits=NONE_KEPT)
        self.device, self.tokens = world.do(_keys)
        self.rfqs = [self._asked(rule) for rule in ({"by": "cheapest"}, {"by": "named"})] + world.things["rfq_id"]
        self.rfqs.append(str(uuid4()))

    def _asked(self, rule: dict[str, Any]) -> str:
        body = {"sku": SKU, "quantity": 1, "seconds": 1, "rule": rule, "most_price": 1}
        answer = self.say("POST", "/market/v1/rfqs", body, **{"Idempotency-Key": uuid4().hex})
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    def say(self, method: str, path: str, body: Any = None, *, who: str = "buyer", **headers: str) -> httpx.Response:
        headers |= {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.request(method, path, content=content, headers=headers)


async def _keys(db: Connection) -> tuple[UUID, dict[str, str]]:
    setup, now = system("setup"), datetime.now(UTC)
    people: list[UUID] = [row["id"] for row in await db.fetch("select id from party order by id limit 2")]
    new = NewDevice(name="Kitchen", model="kaveta-office-12")
    device, key = await register_device(db, people[0], new, actor=setup, now=now)
    tokens = {"device": key.token}
    for name, party_id in zip(("buyer", "seller"), people, strict=True):
        machine = await register_machine(db, party_id, NewMachine(name=name), actor=setup, now=now)
        tokens[name] = (await create_key(db, machine.id, scopes=["read", "buy"], actor=setup, now=now)).token
    return device.machine_id, tokens


@pytest.fixture(scope="package")
def standing(world: World) -> Iterator[Standing]:
    made = Standing(world)
    yield made
    made.http.close()


@devices.parametrize()
@bounded
def test_devices_are_answered_as_documented(world: World, standing: Standing, case: schemathesis.Case) -> None:
    turn = next(turns)
    if turn % 2:  # a key is let in after a tenth of a second
        case.headers["Authorization"] = f"Bearer {standing.tokens['device']}"
        parameters = case.path_parameters or {}
        if "device" in parameters:
            parameters["device"] = str(standing.device)
        if "slot" in parameters and turn % 5:
            parameters["slot"] = ("beans", "cups", "seals")[turn % 3]
        if isinstance(case.body, dict) and isinstance(case.body.get("meters"), dict) and turn % 3:
            case.body["meters"] = dict(zip(("beans", "cups", "hours"), case.body["meters"].values(), strict=False))
            case.body.pop("device", None)
    case.call_and_validate(base_url=world.stack.web_url, checks=CHECKS)


@market.parametrize()
@bounded
def test_the_market_answers_as_documented(world: World, standing: Standing, case: schemathesis.Case) -> None:
    turn = next(turns)
    if turn % 4:
        case.headers["Authorization"] = f"Bearer {standing.tokens['seller' if turn % 3 == 1 else 'buyer']}"
        parameters = case.path_parameters or {}
        if "rfq" in parameters:
            parameters["rfq"] = standing.rfqs[turn % len(standing.rfqs)]
        if isinstance(case.body, dict) and "sku" in case.body and turn % 3:
            case.body |= {"sku": SKU, "market": None, "quantity": 1 + turn % 50, "seconds": 1 + turn}
    case.call_and_validate(base_url=world.stack.web_url, checks=CHECKS)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "$"),
        (b"\xff", "$"),
        (DEEP, "$"),
        ([], "$"),
        ({}, "$.meters"),
        ({"readings": [{"meter": "cups", "value": 10001}]}, "$.meters"),
        ({"reports": [{"at": 0}]}, "$.reports[0]"),
        ({"meters": None}, "$.meters"),
        ({"meters": {"cups": "many"}}, "$.meters[...]"),
        ({"meters": {"cups": 1}, "at": "yesterday"}, "$.at"),
        ({"meters": {"cups": 1}, "device": "mine"}, "$.device"),
    ],
)
def test_a_report_that_says_nothing_is_told_where(standing: Standing, body: Any, field: str) -> None:
    answer = standing.say("POST", "/devices/v1/readings", body, who="device")
    assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text


def test_a_report_may_be_absurd(standing: Standing) -> None:
    """Moments without a calendar, figures without a meter: nothing is taken, and what comes beside it is."""
    for at in (-1e300, 1e300, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        said = {"reports": [{"meters": {"beans": 500, "\0": 1}, "at": at}, {"meters": {"beans": 1e308}}]}
        answer = standing.say("POST", "/devices/v1/readings", said, who="device")
        assert (answer.status_code, answer.json()["taken"]) == (200, 0), answer.text
    slot = f"/devices/v1/{standing.device}/slots/beans/status"
    for status in ({}, {"value": 5, "remaining": 0.5}, {"remaining": 1.5}):
        answer = standing.say("PUT", slot, status, who="device")
        assert (answer.status_code, answer.json()["field"]) == (422, "remaining"), answer.text


@pytest.mark.parametrize(
    ("goods", "field"),
    [
        ({SKU: {"cost": 10**30}}, f"goods.{SKU}.cost"),
        ({SKU: {"cost": 5, "steps": [{"quantity": 10**40, "off_bp": 1}]}}, f"goods.{SKU}.steps[0].quantity"),
        ({"a\0b": {"cost": 5}}, "goods.a\0b"),
        ({"x" * 101: {"cost": 5}}, f"goods.{'x' * 100}"),
    ],
    ids=["dear", "many", "null", "long"],
)
def test_a_policy_hurts_no_other_machine(standing: Standing, goods: dict[str, Any], field: str) -> None:
    """What a seller says of goods is reckoned with when somebody else asks for them."""
    answer = standing.say("PUT", "/market/v1/policy", {"policy": {"goods": goods}}, who="seller")
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    body = {"sku": SKU, "quantity": 1, "rule": {"by": "cheapest"}, "most_price": 1}
    asked = standing.say("POST", "/market/v1/rfqs", body, **{"Idempotency-Key": uuid4().hex})
    assert asked.status_code == 201, asked.text
    for wrong, named in (
        ({**body, "market": ""}, 404),
        ({**body, "rule": {"by": "cheapest", "price": 1}}, 422),
        ({**body, "sku": "\0"}, 422),
        ({**body, "quantity": 10**30}, 422),
        (DEEP, 422),
    ):
        answer = standing.say("POST", "/market/v1/rfqs", wrong, **{"Idempotency-Key": uuid4().hex})
        assert answer.status_code == named, answer.text
