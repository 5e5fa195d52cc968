"""ACP: sessions from the first item to the paid order. `Agent` holds every answer against the published schemas."""

from typing import Any

import httpx
import pytest

from kupec.kit.db import Connection
from kupec.kit.i18n import translate
from kupec.kit.versions import publish_new
from kupec.sales import (
    PROMOTIONS,
    Conditions,
    CouponTerms,
    PercentOff,
    Promotion,
    Promotions,
    create_coupon,
)
from tests.machines.acp_agent import (
    CART,
    CARTS,
    CHECKOUT,
    DISCOVERY,
    ERROR,
    JANA,
    ORDERED,
    PRAGUE,
    SESSIONS,
    Agent,
    amounts,
    check,
    paying,
    told,
)
from tests.machines.conftest import Shop
from tests.shop import NOON, SETUP

UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def buyer(shop: Shop) -> Agent:
    return Agent(shop)


def test_the_shop_says_what_it_offers(shop: Shop, buyer: Agent) -> None:
    answer = shop.http.get("/.well-known/acp.json")
    found = answer.json()
    check(found, DISCOVERY)
    assert found["protocol"] == {"name": "acp", "version": "2026-04-17", "supported_versions": ["2026-04-17"]}
    assert found["api_base_url"] == f"{shop.stack.web_url}/acp"
    assert found["capabilities"]["supported_currencies"] == ["czk", "eur", "pln"]
    assert set(found["capabilities"]["services"]) == {"checkout", "orders", "carts"}
    assert answer.headers["cache-control"] == "public, max-age=3600"
    handler = buyer.create(("TOOL-1", 1))["capabilities"]["payment"]["handlers"][0]
    for url in (handler["spec"], handler["config_schema"], *handler["instrument_schemas"]):
        assert shop.http.get(url).status_code == 200


def test_who_may_ask(shop: Shop, buyer: Agent) -> None:
    body = {"line_items": [{"id": "TOOL-1"}], "currency": "czk", "capabilities": {}}
    for headers in (
        {"Authorization": ""},
        {"Authorization": "Bearer kupeca_" + "x" * 43},
        {"Authorization": "Basic a"},
    ):
        error = buyer.error("POST", SESSIONS, 401, json=body, headers=headers)
        assert error["code"] == "unauthorized"
    missing = buyer.error("POST", SESSIONS, 400, json=body, headers={"API-Version": ""})
    other = buyer.error("POST", SESSIONS, 400, json=body, headers={"API-Version": "2025-09-29"})
    assert (missing["code"], other["code"]) == ("missing_api_version", "unsupported_api_version")
    assert missing["supported_versions"] == other["supported_versions"] == ["2026-04-17"]
    session = buyer.create(("TOOL-1", 1))
    stranger = Agent(shop)
    for method, path, sent in (
        ("GET", session["id"], None),
        ("POST", session["id"], {"line_items": [{"id": "TOOL-2"}]}),
        ("POST", f"{session['id']}/complete", paying("tok_visa")),
        ("POST", f"{session['id']}/cancel", {}),
        ("GET", UNKNOWN, None),
        ("GET", "no-session", None),
    ):
        assert stranger.error(method, f"{SESSIONS}/{path}", 404, json=sent)["code"] == "not_found"
    assert buyer.look(session["id"]) == session


def test_from_an_item_to_a_paid_order(shop: Shop, buyer: Agent) -> None:
    session = buyer.create(("BEANS-250", 2), locale="cs-CZ", timezone="Europe/Prague")
    assert (session["status"], session["currency"], session["locale"]) == ("not_ready_for_payment", "czk", "cs-CZ")
    lacking = {message["param"] for message in session["messages"]}
    assert {"$.buyer.email", "$.fulfillment_details.address.line_one", "$.selected_fulfillment_options"} <= lacking
    known = buyer.update(session["id"], buyer=JANA, fulfillment_details={"name": "Jana Nová", "address": PRAGUE})
    assert (known["status"], known["messages"]) == ("ready_for_payment", [])
    assert amounts(known) == {"items_base_amount": 20000, "subtotal": 20000, "fulfillment": 6900, "total": 26900}
    total = known["totals"][-1]
    assert total["breakdown"] == [{"jurisdiction": "CZ", "rate": 0.21, "amount": 3471 + 1198}]
    assert known["selected_fulfillment_options"] == [
        {"type": "shipping", "option_id": "box", "item_ids": ["BEANS-250"]}
    ]
    faster = buyer.update(
        session["id"],
        selected_fulfillment_options=[{"type": "shipping", "option_id": "courier", "item_ids": ["BEANS-250"]}],
    )
    assert amounts(faster)["fulfillment"] == 9900
    assert faster["buyer"]["email"] == "jana@example.com", "what is left out stays"
    more = buyer.update(
        session["id"],
        line_items=[{"id": "BEANS-250", "quantity": 1}, {"id": "BEANS-250"}, {"item": {"id": "TOOL-3"}, "quantity": 2}],
    )
    assert [(line["sku"], line["quantity"]) for line in more["line_items"]] == [("BEANS-250", 2), ("TOOL-3", 2)]
    paid = buyer.complete(session["id"], shape=ORDERED)
    order = paid["order"]
    assert (paid["status"], order["status"], order["checkout_session_id"]) == ("completed", "confirmed", session["id"])
    assert amounts(order)["total"] == amounts(more)["total"] == 20000 + 6000 + 9900
    page = shop.http.get(order["permalink_url"], headers={"Accept": "text/html"})
    assert order["order_number"] in page.text
    assert buyer.look(session["id"]) == paid
    late = buyer.update(session["id"], line_items=[{"id": "TOOL-1"}])
    assert told(late)["conflict"]
    assert late["line_items"] == paid["line_items"]
    assert buyer.error("POST", f"{SESSIONS}/{session['id']}/cancel", 405, json={})["code"] == "not_cancelable"


def test_null_clears_what_absence_leaves(buyer: Agent) -> None:
    session = buyer.open(("TOOL-1", 1))
    assert buyer.update(session["id"])["buyer"]["full_name"] == "Jana Nová"
    cleared = buyer.update(session["id"], buyer=None)
    assert "buyer" not in cleared
    assert cleared["fulfillment_details"]["address"]["line_one"] == "Dlouhá 1"
    nowhere = buyer.update(session["id"], fulfillment_details=None)
    assert "fulfillment_details" not in nowhere


def test_what_the_answer_is_when_it_is_no(shop: Shop, buyer: Agent) -> None:
    body: dict[str, Any] = {"line_items": [{"id": "TOOL-1"}], "currency": "czk", "capabilities": {}}
    for change, status, code, param in (
        ({"line_items": [{"id": "TOOL-1"}, {"id": "nope"}]}, 400, "invalid_item", "$.line_items[1]"),
        ({"line_items": []}, 400, "invalid", "$.line_items"),
        ({"line_items": [{"id": "TOOL-1", "quantity": 0}]}, 400, "invalid", "$.line_items[0].quantity"),
        ({"currency": "usd"}, 422, "unsupported_currency", "$.currency"),
        ({"buyer": {"email": "no address"}}, 400, "invalid", "$.buyer.email"),
        ({"capabilities": None}, 400, "invalid", "$.capabilities"),
        ({"cart_id": UNKNOWN}, 404, "not_found", None),
    ):
        error = buyer.error("POST", SESSIONS, status, json={**body, **change})
        assert (error["code"], error.get("param"), error["type"]) == (code, param, "invalid_request"), change
    assert buyer.error("POST", SESSIONS, 400, content=b"{")["param"] == "$"
    scarce = shop.goods(stock=3)
    short = buyer.create((scarce, 5), buyer=JANA, fulfillment_details={"address": PRAGUE})
    assert told(short)["out_of_stock"]["param"] == "$.line_items[0]"
    assert short["line_items"][0]["availability_status"] == "out_of_stock"
    abroad = buyer.create(
        ("TOOL-1", 1), fulfillment_details={"address": {**PRAGUE, "country": "FR", "postal_code": "75001"}}
    )
    assert told(abroad)["region_restricted"]["param"] == "$.fulfillment_details.address.country"
    session = buyer.open(("TOOL-1", 1))
    path = f"{SESSIONS}/{session['id']}/complete"
    assert buyer.error("POST", path, 400, json=paying("tok_visa", "gold"))["code"] == "unsupported"
    refused = buyer.complete(session["id"], token="tok_declined")
    assert refused["status"] == "ready_for_payment"
    assert told(refused)["payment_declined"]["content"] == "Platba neprošla. Nic se nestrhlo."
    assert buyer.complete(session["id"])["status"] == "completed"
    given_up = buyer.open(("TOOL-1", 1))["id"]
    assert buyer.ask("POST", f"{SESSIONS}/{given_up}/cancel", CHECKOUT, {})["status"] == "canceled"
    assert buyer.error("POST", f"{SESSIONS}/{given_up}/cancel", 405)["code"] == "not_cancelable"


def test_the_bank_asks_the_buyer_on_its_own_page(shop: Shop, buyer: Agent) -> None:
    session = buyer.open(("TOOL-1", 1))
    waiting = buyer.complete(session["id"], token="tok_3ds")
    assert waiting["status"] == "requires_escalation"
    assert told(waiting)["requires_3ds"]["resolution"] == "requires_buyer_review"
    decided = httpx.post(waiting["continue_url"], data={"decision": "confirm"}, trust_env=False)
    shop.http.get(decided.headers["location"], headers={"Accept": "text/html"}, follow_redirects=True)
    assert buyer.look(session["id"])["status"] == "completed"


def test_a_price_that_changed_is_shown_before_it_is_paid(shop: Shop, buyer: Agent) -> None:
    sku = shop.goods(price=30000)
    session = buyer.open((sku, 1))

    async def dearer(db: Connection) -> None:
        await db.execute("update price set amount = 31000 from variant where variant.id = variant_id and sku = $1", sku)

    shop.do(dearer)
    answer = buyer.complete(session["id"])
    assert told(answer)["price_change"]["type"] == "warning"
    assert (answer["status"], amounts(answer)["total"]) == ("ready_for_payment", 37900)
    assert amounts(buyer.complete(session["id"]))["total"] == 37900


def test_a_cart_becomes_one_checkout(buyer: Agent) -> None:
    cart = buyer.ask("POST", CARTS, CART, {"line_items": [{"id": "TOOL-2", "quantity": 2}], "buyer": JANA}, status=201)
    path = f"{CARTS}/{cart['id']}"
    assert amounts(cart) == {"items_base_amount": 4000, "subtotal": 4000, "total": 4000}
    for method in ("PUT", "POST"):
        changed = buyer.ask(method, path, CART, {"line_items": [{"id": "TOOL-4"}], "buyer": JANA})
        assert [line["sku"] for line in changed["line_items"]] == ["TOOL-4"]
    assert buyer.ask("GET", path, CART) == changed
    begun = buyer.create(("TOOL-9", 9), cart_id=cart["id"], fulfillment_details={"address": PRAGUE})
    assert [(line["sku"], line["quantity"]) for line in begun["line_items"]] == [("TOOL-4", 1)]
    assert (begun["buyer"]["email"], begun["status"]) == ("jana@example.com", "ready_for_payment")
    assert buyer.create(cart_id=cart["id"])["id"] == begun["id"], "a cart has one checkout that is not over"
    assert buyer.error("GET", f"{SESSIONS}/{cart['id']}", 404), "a cart is no session"
    assert buyer.ask("POST", f"{path}/cancel", CART) == changed
    assert buyer.error("GET", path, 404)["code"] == "not_found"
    assert buyer.error("POST", f"{path}/cancel", 404)


@pytest.mark.parametrize(("locale", "language"), [("pl-PL", "pl"), ("en-GB", "en"), ("cs", "cs")])
def test_a_session_speaks_its_buyers_language(buyer: Agent, locale: str, language: str) -> None:
    session = buyer.create(("TOOL-1", 1), locale=locale)
    assert any(message["content"] == translate(language, "Please give your e-mail.") for message in session["messages"])
    assert session["links"][0]["url"].endswith(f"/{language}/info/terms")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("currency",), None),
        (("status",), "shipped"),
        (("totals", 0, "type"), "vat"),
        (("totals", 0, "display_text"), None),
        (("line_items", 0, "quantity"), 0),
        (("surprise",), 1),
        (("messages", 0, "code"), "because"),
    ],
)
def test_the_yardstick_measures(buyer: Agent, path: tuple[str | int, ...], value: object) -> None:
    broken: Any = buyer.create(("TOOL-1", 1))
    whole = broken
    check(whole, CHECKOUT)
    *way, last = path
    for step in way:
        broken = broken[step]
    if value is None:
        del broken[last]
    else:
        broken[last] = value
    with pytest.raises(AssertionError):
        check(whole, CHECKOUT)
    with pytest.raises(AssertionError):
        check({"type": "bad"}, ERROR)


def test_codes_make_it_cheaper_or_say_why_not(shop: Shop, buyer: Agent) -> None:
    tenth = Promotion(
        code="acp-tenth",
        names={"en": "A tenth off", "cs": "Desetina dolů"},
        conditions=Conditions(needs_coupon=True, minimum={"CZK": 5000}),
        action=PercentOff(percent_bp=1000),
    )

    async def promise(db: Connection) -> None:
        await publish_new(db, PROMOTIONS, Promotions(promotions=[tenth]), actor=SETUP, now=NOON)
        await create_coupon(db, "ACP10", CouponTerms(promotion="acp-tenth"), actor=SETUP, now=NOON)

    shop.do(promise)
    session = buyer.open(("TOOL-10", 1), discounts={"codes": ["acp 10", "NOPE"]})
    assert amounts(session) == {
        "items_base_amount": 10000,
        "items_discount": 1000,
        "subtotal": 9000,
        "fulfillment": 6900,
        "total": 15900,
    }
    discounts = session["discounts"]
    assert discounts["codes"] == ["acp 10", "NOPE"]
    assert [(each["code"], each["amount"], each["coupon"]["name"]) for each in discounts["applied"]] == [
        ("ACP10", 1000, "Desetina dolů")
    ]
    assert [(each["code"], each["reason"]) for each in discounts["rejected"]] == [("NOPE", "discount_code_invalid")]
    warning = told(session)["discount_code_invalid"]
    assert (warning["type"], warning["param"]) == ("warning", "$.discounts.codes[1]")
    assert session["status"] == "ready_for_payment", "what does not hold stops nothing"
    small = buyer.update(session["id"], line_items=[{"id": "TOOL-1"}])
    assert "applied" not in small["discounts"] or small["discounts"]["applied"] == []
    assert [each["reason"] for each in small["discounts"]["rejected"]] == [
        "discount_code_invalid",
        "discount_code_minimum_not_met",
    ]
    kept = buyer.update(session["id"], line_items=[{"id": "TOOL-10"}])
    assert amounts(kept)["items_discount"] == 1000, "codes stay where nothing is said of them"
    without = buyer.update(session["id"], coupons=[])
    assert (without["discounts"]["codes"], amounts(without)["total"]) == ([], 16900)
    again = buyer.update(session["id"], coupons=["acp10"])
    assert amounts(buyer.complete(again["id"], shape=ORDERED)["order"])["items_discount"] == 1000
