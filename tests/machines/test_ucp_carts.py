"""Carts before a checkout, codes that make them cheaper, and what buyers agree to."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from kupec.kit.db import Connection
from kupec.kit.versions import publish_new
from kupec.sales import (
    PROMOTIONS,
    AmountOff,
    Conditions,
    CouponTerms,
    FreeShipping,
    PercentOff,
    Promotion,
    Promotions,
    Selection,
    create_coupon,
)
from tests.machines import published
from tests.machines.conftest import Shop
from tests.machines.flowers import coupon_only
from tests.machines.platform import CARTS, JANA, PRAGUE, SESSIONS, Platform, amounts, to, told
from tests.shop import NOON, SETUP
from tests.stack import eventually

LINE = {"item": {"id": "TOOL-1"}, "quantity": 1}


@pytest.fixture(scope="module")
def promised(shop: Shop) -> Shop:
    """TENTH is a tenth off everything, TOOLS 10 Kč off one tool, FREE free delivery; six of TOOL-3 are a tenth off."""

    async def promise(db: Connection) -> None:
        promotions = [
            coupon_only("tenth", "A tenth", PercentOff(percent_bp=1000)),
            coupon_only("tools", "Tools", AmountOff(amounts={"CZK": 1000}, goods=Selection(skus=["TOOL-2"]))),
            coupon_only("free", "Delivery for free", FreeShipping()),
            Promotion(
                code="six",
                names={"en": "Six tampers"},
                conditions=Conditions(goods=Selection(skus=["TOOL-3"]), quantity=6),
                action=PercentOff(percent_bp=1000, goods=Selection(skus=["TOOL-3"])),
            ),
        ]
        await publish_new(db, PROMOTIONS, Promotions(promotions=promotions), actor=SETUP, now=NOON)
        for code in ("TENTH", "TOOLS", "FREE"):
            await create_coupon(db, code, CouponTerms(promotion=code.lower(), max_uses=None), actor=SETUP, now=NOON)

    shop.do(promise)
    return shop


def test_a_cart_becomes_one_session(promised: Shop, agent: Platform) -> None:
    cart = agent.cart(("BEANS-250", 2), buyer=JANA, discounts={"codes": ["tenth"]})
    assert (cart["currency"], amounts(cart)["subtotal"], amounts(cart)["discount"]) == ("CZK", 20000, -2000)
    assert cart["discounts"]["codes"] == ["TENTH"]
    assert agent.look_at_cart(cart["id"]) == cart
    replaced = agent.put_cart(cart["id"], ("TOOL-1", 3), buyer=JANA, discounts={"codes": ["TENTH"]})
    assert [(line["quantity"], line["item"]["price"]) for line in replaced["line_items"]] == [(3, 1000)]
    # What a cart is is no session, and belongs to its platform.
    assert told(agent.look(cart["id"]))["not_found"]
    assert told(agent.complete(cart["id"]))["not_found"]
    other = promised.platform("other.example")
    for answer in (other.look_at_cart(cart["id"]), other.put_cart(cart["id"], ("TOOL-1", 1)), agent.look_at_cart("x")):
        assert told(answer)["not_found"]
    # The cart's goods and codes count, not what the request says of them; at once and again it is one session.
    body = {"cart_id": cart["id"], "line_items": [{"item": {"id": "TOOL-9"}, "quantity": 9}], "fulfillment": to(PRAGUE)}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: agent.call("POST", SESSIONS, json=body).json(), range(4)))
    assert len({answer["id"] for answer in answers}) == 1
    session = answers[0]
    published.check(session, published.CHECKOUT)
    assert (session["status"], session["buyer"], session["discounts"]["codes"]) == (
        "ready_for_complete",
        JANA,
        ["TENTH"],
    )
    assert amounts(session) == {"subtotal": 3000, "discount": -300, "fulfillment": 6900, "total": 9600}
    paid = agent.complete(session["id"])
    assert (paid["status"], amounts(paid)) == ("completed", amounts(session))
    assert amounts(agent.order(paid["order"]["id"]))["total"] == 9600
    # A completed session is over: another one may be made of the cart.
    assert agent.call("POST", SESSIONS, json=body).json()["id"] != session["id"]
    gone = agent.cancel_cart(cart["id"])
    assert gone["line_items"] == replaced["line_items"]
    assert told(agent.look_at_cart(cart["id"]))["not_found"]
    assert told(agent.create(cart_id=cart["id"]))["not_found"]


def test_what_makes_it_cheaper_is_told_where_it_does(promised: Shop, agent: Platform) -> None:
    codes = ["tenth", "TOOLS", "free", "nope", "x" * 60]
    session = agent.open(("TOOL-2", 2), ("TOOL-3", 6), discounts={"codes": codes})
    published.check(session, published.DISCOUNTED)
    assert session["discounts"]["codes"] == ["TENTH", "TOOLS", "FREE", "NOPE"]
    applied = {each.get("code", "-"): each for each in session["discounts"]["applied"]}
    assert applied["-"]["automatic"] is True
    assert applied["-"]["allocations"] == [{"path": "$.line_items[1]", "amount": 1800}]
    assert applied["TOOLS"]["allocations"] == [{"path": "$.line_items[0]", "amount": 1000}]
    assert "allocations" not in applied["TENTH"], "off the whole"
    assert applied["FREE"]["amount"] == 6900
    sums = amounts(session)
    assert sums["items_discount"] == -2800
    assert sums["discount"] == -(applied["TENTH"]["amount"] + 6900)
    assert sums["fulfillment"] == 6900
    options = session["fulfillment"]["methods"][0]["groups"][0]["options"]
    assert len(options) > 1
    assert all(amounts(option)["total"] == 0 and "zdarma, " in option["title"] for option in options)
    warning = told(session)["discount_code_invalid"]
    assert (warning["type"], warning["path"]) == ("warning", "$.discounts.codes[3]")
    assert "NOPE" in warning["content"]
    cleared = agent.update(session["id"], ("TOOL-2", 2), ("TOOL-3", 6), discounts={"codes": []})
    assert [each.get("code") for each in cleared["discounts"]["applied"]] == [None], "what comes by itself stays"
    paid_for = cleared["fulfillment"]["methods"][0]["groups"][0]["options"]
    assert all(amounts(option)["total"] > 0 and "zdarma" not in option["title"] for option in paid_for)


def test_what_a_buyer_agrees_to_is_asked_of_them_once_they_bought(shop: Shop, agent: Platform) -> None:
    email = f"{uuid4().hex}@example.com"
    told_words = {
        "marketing": True,
        "analytics": False,
        "dev.ucp.consent.preferences": {"granted": True, "source": "platform"},
    }
    session = agent.open(("TOOL-1", 1), buyer={**JANA, "email": email, "consent": told_words})
    published.check(session, published.CONSENTED)
    assert session["buyer"]["consent"] == {"marketing": True, "analytics": False, "preferences": True}
    assert agent.look(session["id"]) == session
    silent = agent.update(session["id"], ("TOOL-1", 1), buyer={**JANA, "email": email})
    assert "consent" not in silent["buyer"]
    agent.update(session["id"], ("TOOL-1", 1), buyer={**JANA, "email": email, "consent": told_words})
    agent.complete(session["id"])

    async def asked() -> Any:
        return await shop.stack.fetchval(
            """
            select purposes from consent_ask join contact_point point on point.id = contact_point_id
             where point.value = $1
            """,
            email,
        )

    assert sorted(asyncio.run(eventually(asked))) == ["marketing.email", "personalisation"]
    given = "select count(*) from consent join contact_point point on point.party_id = member_id where point.value = $1"
    assert asyncio.run(shop.stack.fetchval(given, email)) == 0, "a platform's word is not the buyer's"


def test_a_key_is_for_one_request(agent: Platform) -> None:
    session, cart = agent.open(("TOOL-1", 1)), agent.cart(("TOOL-1", 1))
    for path in (f"{SESSIONS}/{session['id']}", f"{CARTS}/{cart['id']}"):
        key = str(uuid4())
        first = agent.call("PUT", path, key=key, json={"line_items": [{**LINE, "quantity": 2}]})
        assert first.json()["line_items"][0]["quantity"] == 2
        agent.call("PUT", path, json={"line_items": [{**LINE, "quantity": 3}]})
        again = agent.call("PUT", path, key=key, json={"line_items": [{**LINE, "quantity": 2}]})
        assert again.json()["line_items"][0]["quantity"] == 3, "a late repetition undoes nothing"
        problem = agent.problem("PUT", path, 409, key=key, json={"line_items": [{**LINE, "quantity": 4}]})
        assert (problem["code"], bool(problem["content"])) == ("idempotency_mismatch", True)
        # What came to nothing may be tried again with its key.
        key = str(uuid4())
        agent.call("PUT", path, key=key, json={"line_items": [{"item": {"id": "nope"}, "quantity": 1}]})
        mended = agent.call("PUT", path, key=key, json={"line_items": [{**LINE, "quantity": 5}]})
        assert mended.json()["line_items"][0]["quantity"] == 5
    key = str(uuid4())
    made = [agent.cart(("TOOL-1", 1), key=key)["id"] for _ in range(2)]
    assert made[0] == made[1]
    agent.problem("POST", CARTS, 409, key=key, json={"line_items": [{**LINE, "quantity": 2}]})


def test_another_version_is_not_spoken(agent: Platform) -> None:
    spoken = 'profile="https://agent.example/ucp"; version="{}"'
    for version, status in (("2026-04-08", 201), ("2026-01-11", 422), ("2099-01-01", 422), ("draft", 422)):
        headers = {"UCP-Agent": spoken.format(version)}
        answer = agent.call("POST", CARTS, headers=headers, json={"line_items": [LINE]})
        assert answer.status_code == status
        assert status == 201 or answer.json()["code"] == "version_unsupported"
    plain = {"UCP-Agent": 'profile="http://agent.example/ucp"'}
    assert (
        agent.problem("POST", CARTS, 400, headers=plain, json={"line_items": [LINE]})["code"] == "invalid_profile_url"
    )


def test_sold_out_goods_are_left_out_and_claims_are_not_believed(shop: Shop, agent: Platform) -> None:
    sold_out = shop.goods(stock=0)
    session = agent.create((sold_out, 1), ("TOOL-1", 1), context={"eligibility": ["com.example.member"]})
    assert [line["item"]["price"] for line in session["line_items"]] == [1000]
    assert sold_out in told(session)["out_of_stock"]["content"]
    assert told(session)["eligibility_not_accepted"]["type"] == "warning"
    assert told(agent.create((sold_out, 1)))["out_of_stock"]["severity"] == "unrecoverable"


def test_nothing_of_a_rehearsal_is_there_in_a_shop(shop: Shop, agent: Platform) -> None:
    order = agent.buy(("TOOL-1", 1))
    for path in (f"/testing/simulate-shipping/{order['id']}", f"/ucp/v1/testing/orders/{order['id']}/adjust"):
        answer = agent.call("POST", path, headers={"Simulation-Secret": ""}, json={})
        assert answer.status_code == 404
    session = agent.create(("TOOL-1", 1))
    assert agent.complete(session["id"], token="success_token")["status"] == "incomplete"
    assert shop.http.get("/.well-known/ucp").json()["keys"][0]["crv"] == "P-256"
