"""A platform that buys by ACP over real HTTP. It takes no answer that is not as the protocol publishes it."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from kupec.machines.acp import AgentPlatform, add_platform
from tests.machines.conftest import Shop
from tests.shop import NOON, SETUP

_SCHEMAS = Path(__file__).parent.parent / "data" / "acp-2026-04-17.json"
SESSIONS, CARTS = "/acp/checkout_sessions", "/acp/carts"
CHECKOUT = "schema.agentic_checkout.json#/$defs/CheckoutSession"
ORDERED = "schema.agentic_checkout.json#/$defs/CheckoutSessionWithOrder"
CART = "schema.cart.json#/$defs/Cart"
ERROR = "schema.agentic_checkout.json#/$defs/Error"
DISCOVERY = "schema.agentic_checkout.json#/$defs/DiscoveryResponse"
ORDER = "schema.agentic_checkout.json#/$defs/Order"
PRODUCT = "schema.feed.json#/$defs/Product"
PRAGUE = {
    "name": "Jana Nová",
    "line_one": "Dlouhá 1",
    "city": "Praha",
    "state": "",
    "country": "CZ",
    "postal_code": "110 00",
}
JANA = {"first_name": "Jana", "last_name": "Nová", "email": "jana@example.com"}
Json = dict[str, Any]


def check(answer: object, shape: str) -> None:
    """An AssertionError names what is not as published."""
    faults = [f"{fault.json_path}: {fault.message}" for fault in _validator(shape).iter_errors(answer)]
    assert not faults, f"not as {shape} publishes it: {faults}"


@cache
def _validator(shape: str) -> Draft202012Validator:
    published = json.loads(_SCHEMAS.read_text())
    resources = [
        (base + name, Resource.from_contents(schema))
        for name, schema in published.items()
        for base in ("", "https://example.com/schemas/cart/")
    ]
    return Draft202012Validator({"$ref": shape}, registry=Registry().with_resources(resources))


class Agent:
    """One platform with its key."""

    def __init__(self, shop: Shop, code: str = "") -> None:
        name = code or f"agent-{uuid4().hex[:8]}"
        made = shop.do(lambda db: add_platform(db, name, name.title(), actor=SETUP, now=NOON))
        self.platform: AgentPlatform = made.platform
        self.http = shop.http
        self.headers = {
            "Authorization": f"Bearer {made.token}",
            "API-Version": "2026-04-17",
            "Accept-Language": "cs",
        }

    def call(self, method: str, path: str, *, key: str | None = "", **options: Any) -> httpx.Response:
        """`key` None sends none, an empty one is new."""
        headers = {**self.headers, **options.pop("headers", {})}
        if key is not None and method != "GET":
            headers["Idempotency-Key"] = key or str(uuid4())
        return self.http.request(method, path, headers=headers, **options)

    def create(self, *lines: tuple[str, int], key: str = "", **body: Any) -> Json:
        told = {"line_items": _lines(lines), "currency": "czk", "capabilities": {}, **body}
        return self.ask("POST", SESSIONS, CHECKOUT, told, key=key, status=201)

    def open(self, *lines: tuple[str, int], **body: Any) -> Json:
        """A session that lacks nothing."""
        session = self.create(*lines, **{"buyer": JANA, "fulfillment_details": {"address": PRAGUE}, **body})
        assert session["status"] == "ready_for_payment", session["messages"]
        return session

    def look(self, session: str) -> Json:
        return self.ask("GET", f"{SESSIONS}/{session}", CHECKOUT)

    def update(self, session: str, *, key: str = "", **body: Any) -> Json:
        return self.ask("POST", f"{SESSIONS}/{session}", CHECKOUT, body, key=key)

    def complete(self, session: str, *, token: str = "tok_visa", key: str = "", shape: str = CHECKOUT) -> Json:
        return self.ask("POST", f"{SESSIONS}/{session}/complete", shape, paying(token), key=key)

    def buy(self, *lines: tuple[str, int], **body: Any) -> Json:
        return self.complete(self.open(*lines, **body)["id"], shape=ORDERED)

    def ask(
        self, method: str, path: str, shape: str, body: Json | None = None, *, key: str = "", status: int = 200
    ) -> Json:
        answer = self.call(method, path, json=body, key=key)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        found: Json = answer.json()
        check(found, shape)
        adds_up(found)
        return found

    def error(self, method: str, path: str, status: int, **options: Any) -> Json:
        """A request that is refused as such."""
        answer = self.call(method, path, **options)
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        check(found, ERROR)
        return found


def paying(token: str, handler: str = "card") -> Json:
    instrument = {"type": "card", "credential": {"type": "token", "token": token}}
    return {"payment_data": {"handler_id": handler, "instrument": instrument}}


def told(answer: Json) -> dict[str, Json]:
    """The messages by code; the last of each."""
    return {message["code"]: message for message in answer["messages"]}


def amounts(of: Json) -> dict[str, int]:
    return {total["type"]: total["amount"] for total in of["totals"]}


def adds_up(answer: Json) -> None:
    """Goods make the subtotal; subtotal, delivery and fees less discounts the total."""
    if "totals" not in answer:
        return
    for line in answer["line_items"]:
        sums = amounts(line)
        assert sums["items_base_amount"] == line["unit_amount"] * line["quantity"]
        assert sums["total"] == sums["subtotal"] == sums["items_base_amount"] - sums.get("items_discount", 0)
    sums = amounts(answer)
    assert sums["subtotal"] == sum(amounts(line)["total"] for line in answer["line_items"])
    delivery = sums.get("fulfillment", 0) - sums.get("discount", 0)
    assert sums["total"] == sums["subtotal"] + delivery + sums.get("fee", 0)


def _lines(lines: tuple[tuple[str, int], ...]) -> list[Json]:
    return [{"id": item, "quantity": pieces} for item, pieces in lines]
