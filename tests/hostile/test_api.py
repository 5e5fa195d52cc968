"""The buying API against what nobody meant: requests made from its own document, and the stories of wild platforms."""

import itertools
import json
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kupec.kit.settings import Settings
from kupec.machines.ucp.openapi import document
from tests.hostile.conftest import World
from tests.hostile.visitor import HOSTILE
from tests.machines.platform import JANA, PRAGUE, SESSIONS, Json, Platform, paying, to

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
    """Sessions and orders of one platform, in every state."""

    def __init__(self, world: World) -> None:
        self.platform = Platform(world.visitor().http, name="fuzz.example", language="cs")
        variant = world.things["variant_id"][0]
        opened = [self.platform.open((variant, 1))["id"] for _ in range(6)]
        self.platform.cancel(opened[0])
        paid = self.platform.complete(opened[1])
        self.platform.complete(opened[2], token="tok_3ds")
        self.platform.complete(opened[3], token="tok_declined")
        self.sessions = [*opened, self.platform.create((variant, 1))["id"]]
        self.orders = [paid["order"]["id"]]
        self.items = [variant, "SKU-0-S<kupecxss>", *world.things["product_id"]]


@pytest.fixture(scope="package")
def standing(world: World) -> Standing:
    return Standing(world)


@schema.parametrize()
@bounded
def test_answers_are_as_documented(world: World, standing: Standing, case: schemathesis.Case) -> None:
    turn = next(turns)
    if turn % 3:
        lead_somewhere(case, standing, turn)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    case.call_and_validate(base_url=world.stack.web_url, checks=checks)


def lead_somewhere(case: schemathesis.Case, standing: Standing, turn: int) -> None:
    """What is made up would never meet a session or an item that is there."""
    parameters = case.path_parameters or {}
    for name, known in (("session", standing.sessions), ("order", standing.orders)):
        if name in parameters:
            parameters[name] = known[turn % len(known)]
            case.headers["UCP-Agent"] = 'profile="https://fuzz.example/.well-known/ucp"'
    body = case.body
    if isinstance(body, dict):
        for line in body["line_items"] if isinstance(body.get("line_items"), list) else ():
            if isinstance(line, dict) and isinstance(line.get("item"), dict):
                line["item"]["id"] = standing.items[turn % len(standing.items)]
        for name in ("id", "ids"):
            if name in body:
                body[name] = standing.items[turn % len(standing.items)] if name == "id" else standing.items


words = st.one_of(
    st.sampled_from(
        ["", " ", HOSTILE, "\u202e\ufeff", "a\nb", "🦊" * 100, "é" * 500, "'; drop table cart; --", "CZ", "cs", "PLN"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
)
maybe = st.one_of(st.none(), words)
quantities = st.integers(1, 9999)
buyers = st.one_of(st.just(JANA), st.fixed_dictionaries({}, optional=dict.fromkeys((*JANA, "phone_number"), maybe)))
destinations = st.one_of(
    st.just(PRAGUE),
    st.fixed_dictionaries({}, optional=dict.fromkeys((*PRAGUE, "id", "first_name", "last_name"), maybe)),
)
fulfillments = st.builds(to, destinations, option=st.one_of(st.just(""), st.just("box"), words))
contexts = st.fixed_dictionaries({}, optional=dict.fromkeys(("language", "currency", "address_country"), maybe))
parts: Any = st.fixed_dictionaries({}, optional={"buyer": buyers, "fulfillment": fulfillments, "context": contexts})
tokens = st.one_of(st.sampled_from(["tok_visa", "tok_visa", "tok_declined", "tok_3ds", "tok_mastercard"]), words)


@settings(bounded, max_examples=12)
@given(data=st.data())
def test_a_story_never_breaks_off(standing: Standing, data: st.DataObject) -> None:
    """Requests that are well-formed are always answered as published, whatever they say and in whatever order."""
    platform, items = standing.platform, st.sampled_from([*standing.items, "no such thing"])
    session = ""
    for _ in range(data.draw(st.integers(3, 8), label="steps")):
        line = (data.draw(items), data.draw(quantities))
        step = data.draw(
            st.sampled_from(["create", "update", "update", "complete", "complete", "look", "cancel", "shop"])
        )
        before = platform.look(session) if session else {}
        if step == "create" or not session:
            answer = platform.create(line, **data.draw(parts))
            session = answer.get("id", session)
            continue
        if before["status"] in ("completed", "canceled") and step in ("update", "complete", "cancel"):
            answer = too_late(platform, session, step, line)
        elif step == "update":
            answer = platform.update(session, line, **data.draw(parts))
        elif step == "complete":
            answer = platform.complete(session, token=data.draw(tokens), key=str(uuid4()))
        elif step == "cancel":
            answer = platform.cancel(session)
        elif step == "look":
            answer = platform.look(session)
            assert answer == before, "looking changes nothing"
        else:
            shopping(platform, data)
            answer = platform.look(session)
        assert answer["id"] == session
        if before["status"] in ("completed", "canceled"):
            assert answer["status"] == before["status"], "there is no way back"
            assert answer["line_items"] == before["line_items"]
        if "order" in answer:
            order = platform.order(answer["order"]["id"])
            assert order["checkout_id"] == session
            assert order["totals"][-1] == answer["totals"][-1]


def too_late(platform: Platform, session: str, step: str, line: tuple[str, int]) -> Json:
    """What would change a session at its end is refused, or is nothing; returns the session."""
    path, key = f"{SESSIONS}/{session}", str(uuid4())
    if step == "update":
        body: Json = {"line_items": [{"item": {"id": line[0]}, "quantity": line[1]}]}
        answer = platform.call("PUT", path, json=body, key=key)
    else:
        answer = platform.call("POST", f"{path}/{step}", json=paying("tok_visa"), key=key)
    assert answer.status_code == 409 or (step == "cancel" and answer.json()["status"] == "canceled"), answer.text
    return platform.look(session)


def shopping(platform: Platform, data: st.DataObject) -> None:
    context: Json = data.draw(contexts)
    platform.lookup(*data.draw(st.lists(words, min_size=1, max_size=5)), context=context)
    platform.product(data.draw(words), context=context)
    filters = {
        "price": {"min": data.draw(st.integers(0, 2**53 - 1))},
        "categories": data.draw(st.lists(words, max_size=3)),
    }
    platform.search(query=data.draw(words), context=context, filters=filters)
