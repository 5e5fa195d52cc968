"""The admin API over its wire: what other systems may do, and only that, and once."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from kupec.integrations import SCOPES, revoke_key
from kupec.integrations.keys import list_keys
from kupec.kit.clock import SystemClock
from kupec.kit.db import Connection
from kupec.web.api.operations import OPERATIONS
from tests.integrations.client import Caller
from tests.integrations.conftest import OWNER, Shop
from tests.stack import early_in_a_minute

PRODUCT = {
    "vat_class": "standard",
    "status": "active",
    "brand": "Zrnko",
    "texts": {"cs": {"name": "Pěchovátko", "description": "Z oceli."}, "en": {"name": "Tamper"}},
    "categories": ["tools"],
    "attributes": {"diameter": "58 mm", "colour": {"cs": "černá", "en": "black"}},
    "options": [{"code": "engraving", "kind": "text", "names": {"cs": "Rytí"}, "surcharge": {"CZK": 19900}}],
    "lead_days": 3,
}


def put_product(erp: Caller, code: str, **over: object) -> dict[str, object]:
    variants = [{"sku": f"{code}-58", "prices": {"CZK": 89000, "EUR": 3500}, "weight_g": 480, "barcode": None}]
    made: dict[str, object] = erp.put(f"/products/{code}", {**PRODUCT, "variants": variants, **over})
    return made


# --- keys


def test_nobody_gets_in_without_a_key(shop: Shop) -> None:
    for token in ("x", "kupec_" + "A" * 43):
        caller = Caller(shop.http, token)
        for operation in OPERATIONS:
            path = operation.path.removeprefix("/api/v1").replace("{", "").replace("}", "")
            status, code, _ = caller.problem(operation.method.upper(), path, {})
            assert (status, code) == (401, "unknown_key"), operation.id
    answer = shop.http.get("/api/v1/orders", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (401, "key_missing")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_opens_what_its_scopes_say(shop: Shop) -> None:
    assert {operation.scope for operation in OPERATIONS} == set(SCOPES)
    for scope in SCOPES:
        caller = shop.caller(scope)
        for operation in OPERATIONS:
            path = operation.path.removeprefix("/api/v1").replace("{", "").replace("}", "")
            answer = caller.ask(operation.method.upper(), path, {})
            refused = answer.status_code == 403
            assert refused == (operation.scope != scope), (scope, operation.id, answer.text)


def test_a_key_ends(shop: Shop) -> None:
    caller = shop.caller("stock.read")
    assert caller.get("/locations")["locations"][0]["code"] == "praha"

    async def revoke(db: Connection) -> None:
        (key,) = [key for key in await list_keys(db) if caller.token.startswith(key.prefix)]
        assert key.last_used_at is not None
        await revoke_key(db, key.id, actor=OWNER, now=SystemClock().now())

    shop.do(revoke)
    assert caller.problem("GET", "/locations")[:2] == (401, "unknown_key")
    short = shop.caller("stock.read", expires_in=timedelta(hours=1))
    assert short.get("/locations")
    shop.do(lambda db: db.execute("update api_key set expires_at = now() where prefix = $1", short.token[:12]))
    assert short.problem("GET", "/locations")[:2] == (401, "unknown_key")


def test_a_key_is_known_only_by_what_it_hashes_to(shop: Shop) -> None:
    caller = shop.caller("stock.read")
    rows = shop.do(lambda db: db.fetch("select to_jsonb(k)::text as text from api_key k"))
    assert all(caller.token not in row["text"] for row in rows)
    assert any(caller.token[:12] in row["text"] for row in rows)


def test_each_key_has_its_own_limit(shop: Shop) -> None:
    slow, other = shop.caller("stock.read", rate_limit=5), shop.caller("stock.read", rate_limit=5)
    early_in_a_minute(time.time)
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: slow.ask("GET", "/locations").status_code, range(12)))
    assert answers.count(200) == 5
    refused = slow.ask("GET", "/locations")
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "rate_limited", "60")
    assert other.get("/locations")


# --- products and prices


def test_a_product_is_put_and_put_again(shop: Shop, erp: Caller) -> None:
    made = put_product(erp, "T/1 ü")
    assert made == erp.get("/products/T/1 ü")
    assert made["texts"]["cs"]["name"] == "Pěchovátko"  # type: ignore[index]
    assert made["attributes"] == PRODUCT["attributes"]
    assert made["options"][0]["surcharge"] == {"CZK": 19900}  # type: ignore[index]
    (variant,) = made["variants"]  # type: ignore[misc]
    assert (variant["sku"], variant["prices"]) == ("T/1 ü-58", {"CZK": 89000, "EUR": 3500})  # type: ignore[index]
    events = "select count(*) from event where subject = 'product:' || $1::text"
    before = shop.do(lambda db: db.fetchval(events, made["id"]))
    assert put_product(erp, "T/1 ü") == made
    assert shop.do(lambda db: db.fetchval(events, made["id"])) == before, "the same again is no change"
    changed = erp.put("/products/T/1 ü", {"brand": "Other"})
    assert (changed["brand"], changed["texts"], len(changed["variants"])) == ("Other", made["texts"], 1)


def test_products_come_a_page_at_a_time(erp: Caller) -> None:
    for number in range(5):
        put_product(erp, f"PAGE-{number}")
    seen, cursor = [], ""
    while True:
        page = erp.get("/products", limit=2, cursor=cursor, status="active")
        seen += [product["external_id"] for product in page["products"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen)
    assert len(set(seen)) == len(seen)
    assert {f"PAGE-{number}" for number in range(5)} <= set(seen)


def test_what_is_wrong_is_named(erp: Caller) -> None:
    put_product(erp, "WRONG")
    cases = [
        ({"brand": 5}, (400, "malformed_request", "$.brand")),
        ({"variants": [{"sku": ""}]}, (400, "malformed_request", "$.variants[0].sku")),
        ({"categories": ["nowhere"]}, (404, "not_found", "categories")),
        ({"vat_class": "none"}, (422, "invalid_value", "vat_class")),
        ({"texts": {"de": {"summary": "x"}}}, (422, "invalid_value", "texts.de.name")),
        ({"variants": [{"sku": " x"}]}, (422, "invalid_value", "variants.sku")),
        ({"brand": "a\0b"}, (400, "malformed_request", "$")),
    ]
    for body, expected in cases:
        assert erp.problem("PUT", "/products/WRONG", body) == expected, body
    assert erp.problem("GET", "/products/unknown") == (404, "not_found", None)
    assert erp.problem("GET", "/products", query={"cursor": "x"})[1:] == ("invalid_value", "cursor")
    assert erp.problem("GET", "/products", query={"limit": 101})[1:] == ("invalid_value", "limit")
    assert erp.problem("GET", "/products", query={"updated_since": "soon"})[1:] == ("invalid_value", "updated_since")


def test_many_products_each_with_its_outcome(erp: Caller) -> None:
    lines = [
        {"external_id": "MANY-1", **PRODUCT},
        {"external_id": "MANY-2"},
        {"external_id": "MANY-3", **PRODUCT},
    ]
    told = erp.put("/products", {"products": lines})
    assert (told["accepted"], told["refused"]) == (2, 1)
    assert told["results"][1]["problem"]["field"] == "texts"
    assert erp.get("/products/MANY-3")["brand"] == "Zrnko"
    assert erp.problem("PUT", "/products", {"products": lines * 40})[1:] == ("too_many_lines", "products")


def test_prices_in_bulk(shop: Shop, erp: Caller) -> None:
    sku = shop.goods()
    lines = [
        {"sku": sku, "currency": "CZK", "amount": 111},
        {"sku": "nothing", "currency": "CZK", "amount": 1},
        {"sku": sku, "currency": "EUR", "amount": 5},
    ]
    told = erp.put("/prices", {"lines": lines})
    assert [line["status"] for line in told["results"]] == ["ok", "refused", "ok"]
    assert told["results"][1]["problem"]["field"] == "sku"
    assert erp.get(f"/products/{sku}")["variants"][0]["prices"] == {"CZK": 111, "EUR": 5, "PLN": 5000}
    many = [{"sku": sku, "currency": "CZK", "amount": 1}] * 1001
    assert erp.problem("PUT", "/prices", {"lines": many}) == (422, "too_many_lines", "lines")


def test_price_lists(shop: Shop, erp: Caller) -> None:
    sku = shop.goods(price=1000)
    body = {"name": "Wholesale", "currency": "CZK", "group": "wholesale", "includes_vat": False}
    made = erp.put("/price-lists/wholesale", body)
    assert erp.put("/price-lists/wholesale", body) == made
    lines = [{"sku": sku, "min_quantity": 10, "amount": 700}, {"sku": "nothing", "amount": 1}]
    told = erp.put("/price-lists/wholesale/prices", {"lines": lines})
    assert [line["status"] for line in told["results"]] == ["ok", "refused"]
    (variant,) = erp.get(f"/products/{sku}")["variants"]
    entry = {"price_list": "wholesale", "currency": "CZK", "min_quantity": 10, "amount": 700, "includes_vat": False}
    assert variant["list_prices"] == [entry]
    erp.put("/price-lists/wholesale/prices", {"lines": [{"sku": sku, "min_quantity": 10, "amount": None}]})
    assert erp.get(f"/products/{sku}")["variants"][0]["list_prices"] == []
    assert erp.get("/price-lists")["price_lists"][0]["code"] == "wholesale"
    assert erp.problem("PUT", "/price-lists/none/prices", {"lines": lines})[:2] == (404, "not_found")
    naive = {**body, "valid_from": "2026-01-01T00:00:00"}
    assert erp.problem("PUT", "/price-lists/wholesale", naive)[2] == "$.valid_from"


# --- stock


def level(erp: Caller, sku: str) -> int:
    (shelf,) = erp.get("/stock", sku=sku)["stock"]
    found: int = shelf["on_hand"]
    return found


def test_stock_is_said_and_said_again(shop: Shop, erp: Caller) -> None:
    sku, service = shop.goods(stock=5), shop.goods(stock=None)
    lines = [
        {"sku": sku, "location": "praha", "on_hand": 7},
        {"sku": sku, "location": "nowhere", "on_hand": 7},
        {"sku": service, "location": "praha", "on_hand": 7},
        {"sku": "nothing", "location": "praha", "on_hand": 7},
    ]
    for _ in range(2):
        told = erp.put("/stock", {"lines": lines, "note": "count 12"})
        fields = [line.get("problem", {}).get("field") for line in told["results"]]
        assert fields == [None, "location", "sku", "sku"]
    moved = shop.do(lambda db: db.fetch("select payload, actor from event where payload ->> 'note' = 'count 12'"))
    assert [row["payload"]["delta"] for row in moved] == [2], "said twice, moved once"
    assert moved[0]["actor"].startswith("machine:ERP (kupec_")
    assert level(erp, sku) == 7


def test_an_adjustment_takes_effect_once(shop: Shop, erp: Caller) -> None:
    sku = shop.goods(stock=10)
    body = {"reason": "damage", "note": "R-1", "lines": [{"sku": sku, "location": "praha", "delta": -3}]}
    assert erp.problem("POST", "/stock/adjustments", body) == (400, "idempotency_key_missing", "Idempotency-Key")
    key = str(uuid4())
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: erp.ask("POST", "/stock/adjustments", body, key=key), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert level(erp, sku) == 7
    other = {**body, "lines": [{"sku": sku, "location": "praha", "delta": -1}]}
    assert erp.problem("POST", "/stock/adjustments", other, key=key)[:2] == (409, "idempotency_mismatch")
    assert shop.caller().post("/stock/adjustments", body, key=key)["accepted"] == 1, "keys are the caller's own"
    assert level(erp, sku) == 4


def test_an_adjustment_that_fails_leaves_its_key(shop: Shop, erp: Caller) -> None:
    sku = shop.goods(stock=1)
    key = str(uuid4())
    wrong = {"reason": "whim", "lines": [{"sku": sku, "location": "praha", "delta": 1}]}
    assert erp.problem("POST", "/stock/adjustments", wrong, key=key)[:2] == (400, "malformed_request")
    assert erp.post("/stock/adjustments", {**wrong, "reason": "found"}, key=key)["accepted"] == 1


def test_no_more_leaves_than_lies_there(shop: Shop, erp: Caller) -> None:
    sku = shop.goods(stock=5)
    shop.order((sku, 3))
    lines = [{"sku": sku, "location": "praha", "delta": delta} for delta in (-1, -2, -1, 4, -4)]
    told = erp.post("/stock/adjustments", {"reason": "loss", "lines": lines})
    assert [line["status"] for line in told["results"]] == ["ok", "refused", "ok", "ok", "ok"]
    assert told["results"][1]["problem"]["code"] == "not_enough_stock"
    assert level(erp, sku) == 3
    told = erp.put("/stock", {"lines": [{"sku": sku, "location": "praha", "on_hand": 2}]})
    assert told["results"][0]["problem"]["code"] == "below_allocated"


# --- orders


def test_an_order_is_taken_on_its_way(shop: Shop, erp: Caller) -> None:
    sku = shop.goods()
    order_id = shop.order((sku, 2))
    order = erp.get(f"/orders/{order_id}")
    meanwhile = {"payments": order["payments"], "documents": order["documents"]}  # captured and invoiced as we look
    assert erp.get(f"/orders/{order['number']}") | meanwhile == order
    assert order["lines"][0]["sku"] == sku
    assert order["total"] == order["subtotal"] + order["shipping_amount"] + order["payment_fee"] + order["rounding"]
    assert sum(payment["amount"] for payment in order["payments"]) == order["total"]
    assert erp.problem("POST", f"/orders/{order_id}/ship", {}) == (422, "invalid_value", "fulfilment_id")
    key = str(uuid4())
    picking = erp.post(f"/orders/{order_id}/start-picking", key=key)
    assert erp.post(f"/orders/{order_id}/start-picking", key=key) == picking
    assert erp.problem("POST", f"/orders/{order_id}/start-picking")[:2] == (409, "wrong_order_state")
    shipped = erp.post(f"/orders/{order_id}/ship", {"tracking_number": "CZ123456"})
    (parcel,) = shipped["fulfilments"]
    assert (shipped["state"], parcel["tracking_number"]) == ("shipped", "CZ123456")
    assert erp.problem("POST", f"/orders/{order_id}/delivered", {"fulfilment_id": str(uuid4())})[2] == "fulfilment_id"
    assert erp.post(f"/orders/{order_id}/delivered", {})["state"] == "delivered"
    assert erp.problem("POST", f"/orders/{order_id}/cancel", {"reason": "late"})[:2] == (409, "wrong_order_state")


def test_an_order_is_cancelled_with_a_reason(shop: Shop, erp: Caller) -> None:
    order_id = shop.order((shop.goods(), 1))
    assert erp.problem("POST", f"/orders/{order_id}/cancel", {}) == (400, "malformed_request", "$")
    assert erp.post(f"/orders/{order_id}/cancel", {"reason": "no stock"})["state"] == "cancelled"
    reader = shop.caller("orders.read")
    assert reader.problem("POST", f"/orders/{order_id}/cancel", {"reason": "x"})[:2] == (403, "scope_missing")


def test_orders_come_a_page_at_a_time(shop: Shop, erp: Caller) -> None:
    sku = shop.goods()
    made = [shop.order((sku, 1)) for _ in range(3)]
    seen, cursor = [], ""
    while cursor is not None:
        page = erp.get("/orders", limit=1, cursor=cursor, state="placed", since="2026-01-01T00:00:00Z")
        seen += [order["id"] for order in page["orders"]]
        cursor = page["next_cursor"]
    assert [order_id for order_id in seen if order_id in made] == made
    assert [order["id"] for order in erp.get("/orders", ids=",".join(reversed(made)))["orders"]] == made[::-1]
    hundred = [*made, *(str(uuid4()) for _ in range(97))]
    assert [order["id"] for order in erp.get("/orders", ids=",".join(hundred))["orders"]] == made
    assert erp.problem("GET", f"/orders?ids={','.join([*hundred, str(uuid4())])}") == (422, "invalid_value", "ids")
    assert erp.get("/orders", since="2099-01-01")["orders"] == []


# --- customers


def test_a_customer_is_put_and_put_again(shop: Shop, erp: Caller) -> None:
    body = {
        "kind": "organisation",
        "name": "Kavárna Čáp",
        "language": "cs",
        "email": "Cap@Example.com",
        "phone": "603 111 222",
        "country": "CZ",
        "city": "Praha",
        "street": "Dlouhá 1",
        "postcode": "110 00",
        "price_group": "wholesale",
        "segments": ["cafes", "b2b"],
    }
    made = erp.put("/customers/C-1", body)
    assert (made["emails"], made["phones"], made["segments"]) == (
        ["cap@example.com"],
        ["+420603111222"],
        ["b2b", "cafes"],
    )
    assert erp.put("/customers/C-1", body) == made == erp.get(f"/customers/{made['id']}")
    assert erp.get("/customers", email="cap@example.com")["customers"] == [made]
    events = "select name, origin from event where customer_id = $1::uuid order by id"
    told = shop.do(lambda db: db.fetch(events, made["id"]))
    assert [tuple(row) for row in told] == [("customer.created", "live")] + [("customer.changed", "live")] * 2
    assert erp.put("/customers/C-1", {"price_group": ""})["price_group"] is None
    assert erp.problem("PUT", "/customers/C-1", {"email": "nobody"}) == (422, "invalid_value", "email")
    assert erp.put("/customers/C-1", {"vat_id": "CZ 26168685"})["vat_id"] == "CZ26168685"
    assert erp.problem("PUT", "/customers/C-1", {"custom": {"no_such": 1}}) == (422, "invalid_value", "custom.no_such")
    assert erp.problem("PUT", "/customers/C-1", {"segments": ["No Good"]})[2] == "segments[0]"
    assert erp.get("/customers/C-1")["price_group"] is None


# --- changes


def test_changes_are_read_on_from_a_cursor(shop: Shop, erp: Caller) -> None:
    cursor = erp.get("/changes", cursor="latest")["cursor"]
    order_id = shop.order((shop.goods(), 1))
    erp.post(f"/orders/{order_id}/cancel", {"reason": "Jana Nová moved"})
    seen = []
    while True:
        page = erp.get("/changes", cursor=cursor, kinds="order.*", limit=1)
        cursor = page["cursor"]
        seen += [change for change in page["changes"] if change["data"]["order_id"] == order_id]
        if any(change["type"] == "order.cancelled" for change in seen):
            break
    assert [change["type"] for change in seen] == ["order.placed", "order.cancelled"]
    assert "Jana" not in str(seen)
    assert erp.get("/changes", cursor=cursor, kinds="order.*")["changes"] == []
    assert erp.problem("GET", "/changes", query={"cursor": "AAAA"}) == (410, "cursor_unknown", "cursor")
    assert erp.problem("GET", "/changes", query={"kinds": "staff.signed_in"})[2] == "kinds"


@pytest.mark.parametrize("path", ["/nothing", "/orders/x/nothing"])
def test_what_is_not_there(erp: Caller, path: str) -> None:
    assert erp.ask("GET", path).status_code == 404
