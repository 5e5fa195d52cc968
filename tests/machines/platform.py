"""A platform that buys over real HTTP. It takes no answer that is not as the protocol publishes it."""

from typing import Any
from uuid import uuid4

import httpx

from tests.machines import published
from tests.machines.published import Shape

SESSIONS = "/ucp/v1/checkout-sessions"
CARTS = "/ucp/v1/carts"
PRAGUE = {
    "street_address": "Dlouhá 1",
    "address_locality": "Praha",
    "postal_code": "110 00",
    "address_country": "CZ",
}
JANA = {"first_name": "Jana", "last_name": "Nová", "email": "jana@example.com"}
Json = dict[str, Any]


class Platform:
    """`language` is what it sends as Accept-Language."""

    def __init__(self, http: httpx.Client, *, name: str = "agent.example", language: str = "") -> None:
        self.http = http
        self._headers = {"UCP-Agent": f'profile="https://{name}/.well-known/ucp"', "Accept-Language": language}

    # --- catalogue

    def search(self, **body: Any) -> Json:
        return self._ask("POST", "/ucp/v1/catalog/search", published.SEARCH, body)

    def lookup(self, *ids: str, **body: Any) -> Json:
        return self._ask("POST", "/ucp/v1/catalog/lookup", published.LOOKUP, {"ids": ids, **body})

    def product(self, item: str, **body: Any) -> Json:
        return self._ask("POST", "/ucp/v1/catalog/product", published.PRODUCT, {"id": item, **body})

    # --- checkout

    def create(self, *lines: tuple[str, int], key: str = "", status: int = 201, **body: Any) -> Json:
        return self._ask("POST", SESSIONS, published.CHECKOUT, _session(lines, body), key=key, status=status)

    def open(self, *lines: tuple[str, int], **body: Any) -> Json:
        """A session that lacks nothing."""
        session = self.create(*lines, **{"buyer": JANA, "fulfillment": to(PRAGUE), **body})
        assert session["status"] == "ready_for_complete", session.get("messages")
        return session

    def look(self, session: str) -> Json:
        return self._ask("GET", f"{SESSIONS}/{session}", published.CHECKOUT)

    def update(self, session: str, *lines: tuple[str, int], key: str = "", **body: Any) -> Json:
        """Puts everything, as it must: who buys and where to, unless the body says otherwise."""
        body = {"buyer": JANA, "fulfillment": to(PRAGUE), **body}
        return self._ask("PUT", f"{SESSIONS}/{session}", published.CHECKOUT, _session(lines, body), key=key)

    # --- carts

    def cart(self, *lines: tuple[str, int], key: str = "", **body: Any) -> Json:
        return self._ask("POST", CARTS, published.CART, _session(lines, body), key=key, status=201)

    def put_cart(self, cart: str, *lines: tuple[str, int], key: str = "", **body: Any) -> Json:
        return self._ask("PUT", f"{CARTS}/{cart}", published.CART, _session(lines, body), key=key)

    def look_at_cart(self, cart: str) -> Json:
        return self._ask("GET", f"{CARTS}/{cart}", published.CART)

    def cancel_cart(self, cart: str) -> Json:
        return self._ask("POST", f"{CARTS}/{cart}/cancel", published.CART)

    def complete(self, session: str, *, token: str = "tok_visa", key: str = "", handler: str = "card") -> Json:
        path = f"{SESSIONS}/{session}/complete"
        return self._ask("POST", path, published.CHECKOUT, paying(token, handler), key=key or str(uuid4()))

    def cancel(self, session: str) -> Json:
        return self._ask("POST", f"{SESSIONS}/{session}/cancel", published.CHECKOUT)

    # --- orders

    def order(self, order: str) -> Json:
        return self._ask("GET", f"/ucp/v1/orders/{order}", published.ORDER)

    def buy(self, *lines: tuple[str, int], **body: Any) -> Json:
        """A paid order."""
        confirmed = self.complete(self.open(*lines, **body)["id"])["order"]
        return self.order(confirmed["id"])

    # --- anything

    def call(self, method: str, path: str, *, key: str = "", **options: Any) -> httpx.Response:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {}), **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def problem(self, method: str, path: str, status: int, **options: Any) -> Json:
        """A request that is refused as such (RFC 9457)."""
        answer = self.call(method, path, **options)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        body: Json = answer.json()
        assert {"type", "title", "status", "code"} <= body.keys()
        assert body["status"] == status
        return body

    def _ask(
        self, method: str, path: str, shape: Shape, body: Json | None = None, *, key: str = "", status: int = 200
    ) -> Json:
        answer = self.call(method, path, json=body, key=key)
        found: Json = answer.json()
        if found.get("ucp", {}).get("status") == "error":
            assert answer.status_code == 200, answer.text
            published.check(found, published.ERROR)
        else:
            assert answer.status_code == status, answer.text
            published.check(found, shape)
            adds_up(found)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        return found


def to(*destinations: Json, option: str = "", **method: Any) -> Json:
    """A `fulfillment` that ships there."""
    groups = [{"selected_option_id": option}] if option else []
    return {"methods": [{"type": "shipping", "destinations": destinations, "groups": groups, **method}]}


def paying(token: str, handler: str = "card") -> Json:
    credential = {"type": "token", "token": token}
    return {
        "payment": {"instruments": [{"id": "one", "handler_id": handler, "type": "card", "credential": credential}]}
    }


def told(answer: Json) -> dict[str, Json]:
    """The messages by code; the last of each."""
    return {message["code"]: message for message in answer.get("messages", ())}


def amounts(of: Json) -> dict[str, int]:
    """Totals by type."""
    return {total["type"]: total["amount"] for total in of["totals"]}


def adds_up(answer: Json) -> None:
    """Lines make the subtotal and what is off them, the rows of the totals the total, its parts itself."""
    if "totals" not in answer:
        return
    off = 0
    for line in answer["line_items"]:
        pieces = line["quantity"] if isinstance(line["quantity"], int) else line["quantity"]["original"]
        row = amounts(line)
        assert row["subtotal"] == line["item"]["price"] * pieces
        assert row["total"] == row["subtotal"] + row.get("items_discount", 0)
        off += row.get("items_discount", 0)
    sums = amounts(answer)
    assert sums["subtotal"] == sum(amounts(line)["subtotal"] for line in answer["line_items"])
    assert sums.get("items_discount", 0) == off
    assert sums["total"] == sum(amount for kind, amount in sums.items() if kind != "total")
    for total in answer["totals"]:
        if "lines" in total:
            assert total["amount"] == sum(part["amount"] for part in total["lines"])


def _session(lines: tuple[tuple[str, int], ...], body: Json) -> Json:
    return {"line_items": [{"item": {"id": item}, "quantity": pieces} for item, pieces in lines], **body}
