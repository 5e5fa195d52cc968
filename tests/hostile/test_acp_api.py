"""ACP against what nobody meant: requests made from its own document, led to sessions and carts in every state."""

import itertools
import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kupec.kit.db import connect
from kupec.kit.settings import Settings
from kupec.machines.acp import add_platform
from kupec.machines.acp.openapi import document
from tests.hostile.conftest import World
from tests.machines.acp_agent import CARTS, JANA, PRAGUE, SESSIONS, paying
from tests.shop import NOON, SETUP

bounded = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
schema = schemathesis.openapi.from_dict(json.loads(document(Settings())))
schema.config.generation.update(modes=list(schemathesis.GenerationMode))
turns = itertools.count()


class Standing:
    """A platform's key, and its sessions and carts in every state."""

    def __init__(self, world: World, token: str) -> None:
        self.headers = {"Authorization": f"Bearer {token}", "API-Version": "2026-04-17"}
        self.http, self.keys = world.visitor().http, itertools.count()
        self.variant = world.things["variant_id"][0]
        opened = [self._post(SESSIONS, self._wish())["id"] for _ in range(5)]
        self._post(f"{SESSIONS}/{opened[0]}/cancel", {})
        for session, card in ((opened[1], "tok_visa"), (opened[2], "tok_3ds"), (opened[3], "tok_declined")):
            self._post(f"{SESSIONS}/{session}/complete", paying(card))
        self.sessions = [*opened, "no-session"]
        self.baskets = [self._post(CARTS, {"line_items": [{"id": self.variant}]})["id"] for _ in range(2)]

    def _wish(self) -> dict[str, Any]:
        return {
            "line_items": [{"id": self.variant}],
            "currency": "czk",
            "capabilities": {},
            "buyer": JANA,
            "fulfillment_details": {"address": PRAGUE},
        }

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {**self.headers, "Idempotency-Key": f"standing-{next(self.keys)}"}
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="package")
async def standing(world: World) -> Standing:
    connection = await connect(world.stack.dsn)
    try:
        made = await add_platform(connection, "fuzz", "Fuzz", actor=SETUP, now=NOON)
    finally:
        await connection.close()
    return Standing(world, made.token)


@schema.parametrize()
@bounded
def test_answers_are_as_documented(world: World, standing: Standing, case: schemathesis.Case) -> None:
    turn = next(turns)
    if turn % 4:
        lead_somewhere(case, standing, turn)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    case.call_and_validate(base_url=world.stack.web_url, checks=checks)


def lead_somewhere(case: schemathesis.Case, standing: Standing, turn: int) -> None:
    """What is made up would never get past the gate, nor meet a session or an item that is there."""
    case.headers.update(standing.headers)
    parameters = case.path_parameters or {}
    for name, known in (("session", standing.sessions), ("basket", standing.baskets)):
        if name in parameters:
            parameters[name] = known[turn % len(known)]
    lines = case.body.get("line_items") if isinstance(case.body, dict) else None
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict) and turn % 5:
            line["id"] = standing.variant
            line.pop("item", None)
