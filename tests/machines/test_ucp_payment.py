"""From a session to an order: cards, the bank's question, repetitions. The gateway is a process of its own."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kupec.kit.db import Connection
from kupec.kit.i18n import translate
from tests.machines.conftest import Shop
from tests.machines.platform import JANA, PRAGUE, SESSIONS, Platform, amounts, paying, to, told


def confirm(shop: Shop, url: str) -> httpx.Response:
    """The buyer says yes on the bank's page and comes back to the shop."""
    decided = httpx.post(url, data={"decision": "confirm"}, trust_env=False)
    assert decided.status_code in (302, 303), decided.text
    return shop.http.get(decided.headers["location"], headers={"Accept": "text/html"}, follow_redirects=True)


def payments(shop: Shop, session: dict[str, Any]) -> list[str]:
    async def states(db: Connection) -> list[str]:
        found: list[str] = await db.fetchval(
            """
            select array_agg(payment.state order by payment.created_at)
              from payment join sales_order on sales_order.id = order_id where cart_id = $1::uuid
            """,
            session["id"],
        )
        return found

    return shop.do(states)


def test_a_paid_session_is_an_order(shop: Shop, agent: Platform) -> None:
    session = agent.open(("BEANS-250", 2), ("SERVICE", 1))
    paid = agent.complete(session["id"])
    assert (paid["status"], paid.get("messages"), paid.get("continue_url")) == ("completed", None, None)
    assert paid["totals"] == session["totals"]
    assert paid["line_items"] == session["line_items"]
    order = paid["order"]
    assert order["label"].startswith("Z")
    page = shop.http.get(order["permalink_url"], headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert order["label"] in page.text
    assert agent.look(session["id"]) == paid
    assert agent.order(order["id"])["checkout_id"] == session["id"]


def test_what_is_paid_cannot_be_changed(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    paid = agent.complete(session["id"])
    problem = agent.problem("POST", f"{SESSIONS}/{session['id']}/cancel", 409)
    assert problem["code"] == "session_completed"
    path, body = f"{SESSIONS}/{session['id']}", {"line_items": [{"item": {"id": "TOOL-2"}, "quantity": 5}]}
    assert agent.problem("PUT", path, 409, json=body)["code"] == "session_completed"
    again = agent.problem("POST", f"{path}/complete", 409, key=str(uuid4()), json=paying("tok_visa"))
    assert again["code"] == "session_completed"
    assert agent.look(session["id"]) == paid


def test_a_repeated_completion_makes_no_second_order(shop: Shop, agent: Platform) -> None:
    session, key = agent.open(("TOOL-1", 1)), str(uuid4())
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: agent.complete(session["id"], key=key), range(4)))
    answers.append(agent.complete(session["id"], key=key))
    assert all(answer == answers[0] for answer in answers)
    assert len(payments(shop, session)) == 1


def test_a_key_does_not_pay_for_something_else(agent: Platform) -> None:
    session, key = agent.open(("TOOL-1", 1)), str(uuid4())
    paid = agent.complete(session["id"], key=key)
    path = f"{SESSIONS}/{session['id']}/complete"
    problem = agent.problem("POST", path, 409, key=key, json=paying("tok_mastercard"))
    assert (problem["code"], problem["field"]) == ("idempotency_mismatch", "Idempotency-Key")
    assert agent.look(session["id"]) == paid


def test_a_completion_needs_a_key(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    problem = agent.problem("POST", f"{SESSIONS}/{session['id']}/complete", 400, json=paying("tok_visa"))
    assert (problem["code"], problem["field"]) == ("idempotency_key_missing", "Idempotency-Key")
    assert agent.look(session["id"])["status"] == "ready_for_complete"


def test_a_refused_card_leaves_the_session_ready_for_another(shop: Shop, agent: Platform) -> None:
    session, key = agent.open(("TOOL-1", 1)), str(uuid4())
    refused = agent.complete(session["id"], token="tok_declined", key=key)
    message = told(refused)["payment_failed"]
    assert (refused["status"], message["severity"], message["path"]) == (
        "ready_for_complete",
        "recoverable",
        "$.payment",
    )
    assert message["content"] == "Platba neprošla. Nic se nestrhlo."
    assert agent.complete(session["id"], token="tok_declined", key=key) == refused
    assert agent.complete(session["id"])["status"] == "completed"
    assert payments(shop, session)[0] == "failed"


def test_a_token_that_nobody_knows_is_a_refused_card(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    for token in ("tok_unknown", "", "š" * 4000, "<b>"):
        answer = agent.complete(session["id"], token=token)
        assert (answer["status"], list(told(answer))) == ("ready_for_complete", ["payment_failed"]), token


def test_another_way_of_paying_is_not_offered(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    answer = agent.complete(session["id"], handler="gold")
    message = told(answer)["payment_failed"]
    assert answer["status"] == "ready_for_complete"
    assert message["path"] == "$.payment.instruments[0].handler_id"
    assert "card" in message["content"]


def test_the_selected_instrument_pays(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    first, second = paying("tok_declined")["payment"]["instruments"] + paying("tok_visa")["payment"]["instruments"]
    body = {"payment": {"instruments": [{**first, "selected": False}, {**second, "selected": True}]}}
    answer = agent.call("POST", f"{SESSIONS}/{session['id']}/complete", key=str(uuid4()), json=body).json()
    assert answer["status"] == "completed"


def test_where_the_bank_asks_the_buyer_is_sent_there(shop: Shop, agent: Platform) -> None:
    session, key = agent.open(("TOOL-1", 1)), str(uuid4())
    waiting = agent.complete(session["id"], token="tok_3ds", key=key)
    assert waiting["status"] == "requires_escalation"
    assert told(waiting)["payment_confirmation_required"]["severity"] == "requires_buyer_review"
    assert agent.complete(session["id"], token="tok_3ds", key=key) == waiting
    assert agent.look(session["id"]) == waiting
    page = confirm(shop, waiting["continue_url"])
    paid = agent.look(session["id"])
    assert paid["status"] == "completed"
    assert page.status_code == 200
    assert translate("cs", "The payment went through") in page.text
    assert paid["order"]["label"] not in page.text, "whoever has only the bank's link learns nothing of the order"
    assert "continue_url" not in paid


def test_a_buyer_at_the_bank_may_still_change_their_mind(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    agent.complete(session["id"], token="tok_3ds")
    changed = agent.update(session["id"], ("TOOL-1", 2))
    assert changed["status"] == "ready_for_complete"
    assert agent.complete(session["id"])["status"] == "completed"


def test_the_total_that_was_shown_is_the_total_that_is_paid(shop: Shop, agent: Platform) -> None:
    sku = shop.goods(price=30000)
    session = agent.open((sku, 1))

    async def dearer(db: Connection) -> None:
        await db.execute("update price set amount = 31000 from variant where variant.id = variant_id and sku = $1", sku)

    shop.do(dearer)
    answer = agent.complete(session["id"])
    assert told(answer)["total_changed"]["path"] == "$.totals"
    assert (answer["status"], amounts(answer)["total"]) == ("ready_for_complete", 37900)
    paid = agent.complete(session["id"])
    assert amounts(paid)["total"] == 37900, "it was shown now"


def test_an_incomplete_session_is_not_paid(shop: Shop, agent: Platform) -> None:
    session = agent.create(("TOOL-1", 1), fulfillment=to({**PRAGUE, "first_name": "Jan", "last_name": "Nový"}))
    answer = agent.complete(session["id"])
    assert answer["status"] == "incomplete"
    assert [message["path"] for message in answer["messages"]] == ["$.buyer.email"]
    assert payments(shop, session) is None


def test_goods_that_are_gone_meanwhile_are_not_sold(shop: Shop, agent: Platform) -> None:
    sku = shop.goods(stock=3)
    first, second = agent.open((sku, 2)), agent.open((sku, 2))
    assert agent.complete(first["id"])["status"] == "completed"
    answer = agent.complete(second["id"])
    messages = [message for message in answer["messages"] if message["code"] == "out_of_stock"]
    assert answer["status"] == "incomplete"
    assert len(messages) == 1
    assert messages[0]["path"] == "$.line_items[0]"
    assert "1" in messages[0]["content"]
    assert agent.update(second["id"], (sku, 1))["status"] == "ready_for_complete"


def test_a_reply_that_gets_lost_is_asked_for(agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    assert agent.complete(session["id"], token="tok_drop_once")["status"] == "completed"


def test_while_nobody_knows_whether_it_is_paid_nothing_is_changed(shop: Shop, agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    agent.complete(session["id"], token="tok_3ds")

    async def unanswered(db: Connection) -> None:
        await db.execute(
            """
            update payment set state = 'pending', check_at = 'infinity'
              from sales_order where sales_order.id = order_id and cart_id = $1::uuid
            """,
            session["id"],
        )

    shop.do(unanswered)
    assert agent.look(session["id"])["status"] == "complete_in_progress"
    for answer in (agent.update(session["id"], ("TOOL-1", 2)), agent.cancel(session["id"])):
        assert answer["status"] == "complete_in_progress"
        assert told(answer)["cart_in_payment"]["content"] == translate("cs", _in_payment())
        assert answer["line_items"] == session["line_items"]


def _in_payment() -> str:
    return "A payment for this cart is under way. It can be changed again as soon as the payment is decided."


@pytest.mark.parametrize(("language", "country"), [("cs", "CZ"), ("pl", "PL"), ("en", "DE")])
def test_an_order_in_each_language_and_currency(shop: Shop, language: str, country: str) -> None:
    place = {
        **PRAGUE,
        "address_country": country,
        "postal_code": {"CZ": "110 00", "PL": "00-238", "DE": "10115"}[country],
    }
    order = shop.platform().buy(("BEANS-250", 1), buyer=JANA, context={"language": language}, fulfillment=to(place))
    assert order["currency"] == {"CZ": "CZK", "PL": "PLN", "DE": "EUR"}[country]
    assert f"/{language}/order/" in order["permalink_url"]
    total = next(total for total in order["totals"] if total["type"] == "total")
    assert total["lines"][0]["display_text"] == translate(language, "Without VAT")
