"""Requests that are no requests: each is refused clearly, none hurts."""

import json
from typing import Any

import pytest

from tests.machines import published
from tests.machines.conftest import Shop
from tests.machines.platform import SESSIONS, Platform

SEARCH = "/ucp/v1/catalog/search"
LINE = {"item": {"id": "TOOL-1"}, "quantity": 1}
FOUR_MEGABYTES = 4 * 1024 * 1024


def test_the_profile_is_as_published_and_leads_to_the_api(shop: Shop, agent: Platform) -> None:
    answer = shop.http.get("/.well-known/ucp")
    profile = answer.json()["ucp"]
    published.check(profile, published.PROFILE)
    assert answer.headers["cache-control"] == "public, max-age=3600"
    service = profile["services"]["dev.ucp.shopping"][0]
    assert (service["transport"], service["version"]) == ("rest", "2026-04-08")
    assert service["endpoint"] == f"{shop.stack.web_url}/ucp/v1"
    handler = profile["payment_handlers"]["dev.kupec.card"][0]
    card = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2049, "cvc": "123"}
    token = shop.http.post(handler["config"]["tokens_url"], json=card).json()["token"]
    session = agent.open(("TOOL-1", 1))
    assert session["ucp"]["payment_handlers"] == profile["payment_handlers"]
    assert agent.complete(session["id"], token=token, handler=handler["id"])["status"] == "completed"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "agent.example",
        'profile=""',
        'profile="agent.example"',
        'profile="ftp://agent.example/ucp"',
        'profile="https://"',
        'profile="https:///ucp"',
        'profile="https://[::1/ucp"',
        'profile="https://agent.example/a b"',
        f'profile="https://agent.example/{"x" * 300}"',
        'profile="https://agent.example/\u00e9"'.encode("latin-1"),
    ],
)
def test_a_platform_must_say_who_it_is(shop: Shop, header: str | bytes | None) -> None:
    headers: dict[str, Any] = {} if header is None else {"UCP-Agent": header}
    calls: list[tuple[str, str, Any]] = [
        ("POST", SESSIONS, {"line_items": [LINE]}),
        ("GET", f"{SESSIONS}/x", None),
        ("PUT", f"{SESSIONS}/x", {"line_items": [LINE]}),
        ("POST", f"{SESSIONS}/x/cancel", None),
        ("GET", "/ucp/v1/orders/x", None),
        ("POST", SEARCH, {"query": "káva"}),
        ("POST", "/ucp/v1/catalog/lookup", {"ids": ["x"]}),
        ("POST", "/ucp/v1/catalog/product", {"id": "x"}),
    ]
    for method, path, body in calls:
        answer = shop.http.request(method, path, headers=headers, json=body)
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["field"]) == (400, "invalid_profile_url", "UCP-Agent"), (
            path
        )


@pytest.mark.parametrize("key", ["short", "x" * 129, "with space 123", "né" * 8, ""])
def test_a_key_that_is_none(agent: Platform, key: str) -> None:
    for method, path in (("POST", SESSIONS), ("PUT", f"{SESSIONS}/x"), ("POST", f"{SESSIONS}/x/complete")):
        headers = {"Idempotency-Key": key.encode("latin-1")}
        problem = agent.problem(method, path, 400, headers=headers, json={"line_items": [LINE]})
        assert (problem["code"], problem["field"]) == ("invalid_idempotency_key", "Idempotency-Key")


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        ({"line_items": []}, "$.line_items", "length >= 1"),
        ({}, "$", "line_items"),
        ({"line_items": [LINE] * 201}, "$.line_items", "length <= 200"),
        ({"line_items": [{**LINE, "quantity": 0}]}, "$.line_items[0].quantity", ">= 1"),
        ({"line_items": [{**LINE, "quantity": 10**6 + 1}]}, "$.line_items[0].quantity", "<= 1000000"),
        ({"line_items": [{**LINE, "quantity": 1.5}]}, "$.line_items[0].quantity", "float"),
        ({"line_items": [{**LINE, "quantity": "1"}]}, "$.line_items[0].quantity", "str"),
        ({"line_items": [LINE, {"item": {"id": None}, "quantity": 1}]}, "$.line_items[1].item.id", "null"),
        ({"line_items": [{"item": {"id": "a\0b"}, "quantity": 1}]}, "$.line_items[0].item.id", "matching"),
        ({"line_items": [{"item": {"id": "x" * 501}, "quantity": 1}]}, "$.line_items[0].item.id", "length <= 500"),
        ({"line_items": [LINE], "buyer": []}, "$.buyer", "array"),
        ({"line_items": [LINE], "buyer": {"email": 1}}, "$.buyer.email", "int"),
        (
            {"line_items": [LINE], "fulfillment": {"methods": [{"type": "drone"}]}},
            "$.fulfillment.methods[0].type",
            "drone",
        ),
        (
            {"line_items": [LINE], "fulfillment": {"methods": [{"groups": [{"selected_option_id": "\0"}]}]}},
            "$.fulfillment.methods[0].groups[0].selected_option_id",
            "matching",
        ),
        ([], "$", "array"),
        (None, "$", "null"),
    ],
)
def test_a_member_that_is_wrong_is_named(agent: Platform, body: Any, path: str, reason: str) -> None:
    problem = agent.problem("POST", SESSIONS, 400, content=json.dumps(body))
    assert (problem["code"], problem["field"]) == ("malformed_request", path)
    assert reason in problem["title"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"line_items": [}',
        b"nul",
        b"NaN",
        b'{"query": "\xff\xfe"}',
        b'{"query": "\\ud800"}',
        b'\xef\xbb\xbf{"query": "x"}',
        '{"query": "x"}'.encode("utf-16"),
        b"query=x&a=b",
        b'{"query": "' + b"\x00" * 10 + b'"}',
        b"[" * 500_000,
        b'{"deep":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"context": {"x":' + b"[" * 300_000 + b"]" * 300_000 + b"}}",
        b'{"query": ' + b"9" * 1_000_000 + b"}",
        b'{"pagination": {"limit": 1' + b"0" * 400 + b"}}",
    ],
    ids=range(16),
)
def test_a_body_that_is_no_json_or_absurd(agent: Platform, body: bytes) -> None:
    for path in (SEARCH, SESSIONS, f"{SESSIONS}/x/complete"):
        problem = agent.problem("POST", path, 400, key="a-key-of-mine", content=body)
        assert problem["code"] == "malformed_request", path


def test_of_a_member_that_stands_twice_the_last_counts(agent: Platform) -> None:
    body = '{"query": "qqqqwwww", "query": "kava", "query": "zrnkova"}'
    assert agent.call("POST", SEARCH, content=body).json()["products"]
    many = "{" + ",".join('"query": "qqqqwwww"' for _ in range(100_000)) + "}"
    assert agent.call("POST", SEARCH, content=many).json()["products"] == []


def test_members_that_nobody_knows_are_left_aside(agent: Platform) -> None:
    session = agent.create(
        ("TOOL-1", 1), signals={"dev.ucp.buyer_ip": "::1"}, payment=None, **{"x" * 1000: [{}] * 1000}
    )
    assert session["id"]


def test_a_body_may_be_large_and_not_too_large(agent: Platform) -> None:
    filler = json.dumps({"query": "kava", "x": "y" * (FOUR_MEGABYTES - 100)})
    assert agent.call("POST", SEARCH, content=filler).status_code == 200
    problem = agent.problem("POST", SEARCH, 413, content=filler + " " * 200)
    assert problem["code"] == "request_entity_too_large"


def test_other_methods_and_addresses_are_problems_too(agent: Platform) -> None:
    assert agent.problem("DELETE", SESSIONS, 405)["code"] == "method_not_allowed"
    assert agent.problem("GET", "/ucp/v1/baskets", 404)["code"] == "not_found"
    assert agent.problem("GET", f"{SESSIONS}/a/b", 404)["code"] == "not_found"
