"""The sandbox gateway over real HTTP: what a real one would promise, it keeps."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from kupec.kit.ids import uuid7
from tests.billing.gateway_fixture import RunningGateway, start_gateway

SHOP = "https://shop.example/cs/platba/1"


def charge(gateway: RunningGateway, token: str = "tok_visa", *, key: str = "", amount: int = 12900) -> httpx.Response:
    body = {"amount": amount, "currency": "CZK", "token": token, "return_url": SHOP}
    return gateway.call("POST", "/v1/payments", json=body, headers={"Idempotency-Key": key or str(uuid7())})


def sums(gateway: RunningGateway) -> dict[str, int]:
    found: dict[str, int] = gateway.ledger()["sums"].get("CZK", {})
    return found


def card(number: str = "4242 4242 4242 4242", **changes: Any) -> dict[str, Any]:
    return {"number": number, "exp_month": 12, "exp_year": 2050, "cvc": "123"} | changes


def test_a_repeated_key_gets_the_same_reply_and_no_second_payment(gateway: RunningGateway) -> None:
    key = str(uuid7())
    first = charge(gateway, key=key)
    gateway.call("POST", f"/v1/payments/{first.json()['id']}/capture")
    before = sums(gateway)
    again = charge(gateway, key=key)
    assert (again.status_code, again.content) == (200, first.content)
    assert sums(gateway) == before
    other = charge(gateway, key=key, amount=12901)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")


def test_only_the_key_holder_may_charge(gateway: RunningGateway) -> None:
    for path in ("/v1/payments?key=1", "/v1/ledger"):
        assert gateway.call("GET", path, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert gateway.browse("POST", f"{gateway.url}/v1/payments", json={}).status_code == 401
    assert gateway.browse("POST", f"{gateway.url}/v1/faults", json={}).status_code == 401


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 0}, "invalid_amount"),
        ({"amount": "12"}, "invalid_body"),
        ({"currency": "czk"}, "invalid_currency"),
        ({"token": "tok_unknown"}, "invalid_token"),
        ({"return_url": "javascript:alert(1)"}, "invalid_return_url"),
        ({"return_url": "https://shop.example; script-src *"}, "invalid_return_url"),
    ],
)
def test_nonsense_is_refused_by_field(gateway: RunningGateway, change: dict[str, Any], code: str) -> None:
    body = {"amount": 100, "currency": "CZK", "token": "tok_visa", "return_url": SHOP} | change
    answer = gateway.call("POST", "/v1/payments", json=body, headers={"Idempotency-Key": str(uuid7())})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_a_payment_is_captured_or_voided_never_both(gateway: RunningGateway) -> None:
    first, second = charge(gateway).json()["id"], charge(gateway).json()["id"]
    assert gateway.call("POST", f"/v1/payments/{first}/capture").json()["state"] == "captured"
    assert gateway.call("POST", f"/v1/payments/{first}/capture").status_code == 200
    refused = gateway.call("POST", f"/v1/payments/{first}/void")
    assert (refused.status_code, refused.json()["state"]) == (409, "captured")
    assert gateway.call("POST", f"/v1/payments/{second}/void").json()["state"] == "voided"
    assert gateway.call("POST", f"/v1/payments/{second}/capture").status_code == 409


def test_refunds_never_exceed_what_was_captured(gateway: RunningGateway) -> None:
    payment = charge(gateway, amount=100).json()["id"]

    def refund(amount: int, key: str) -> httpx.Response:
        headers = {"Idempotency-Key": f"{payment}{key}"}
        return gateway.call("POST", f"/v1/payments/{payment}/refunds", json={"amount": amount}, headers=headers)

    assert refund(60, "a").json()["error"]["code"] == "not_captured"
    gateway.call("POST", f"/v1/payments/{payment}/capture")
    first = refund(60, "a")
    assert (first.status_code, refund(60, "a").content) == (200, first.content)
    assert refund(61, "a").status_code == 409
    assert refund(60, "b").json()["error"]["code"] == "amount_too_large"
    assert refund(40, "c").status_code == 200
    (found,) = [shown for shown in gateway.ledger()["payments"] if shown["id"] == payment]
    assert (found["state"], found["refunded"]) == ("captured", 100)


def test_a_card_becomes_a_token_for_one_payment(gateway: RunningGateway) -> None:
    made = gateway.browse("POST", f"{gateway.url}/v1/tokens", json=card(), headers={"Origin": "https://shop.example"})
    assert made.headers["Access-Control-Allow-Origin"] == "*"
    assert made.json()["card"] == "Visa •••• 4242"
    token, key = made.json()["token"], str(uuid7())
    assert charge(gateway, token, key=key).json()["state"] == "authorised"
    assert charge(gateway, token, key=key).status_code == 200, "a repeat is no second use"
    assert charge(gateway, token).json()["error"]["code"] == "token_used"


def test_a_browser_may_ask_first(gateway: RunningGateway) -> None:
    answer = gateway.browse("OPTIONS", f"{gateway.url}/v1/tokens", headers={"Access-Control-Request-Method": "POST"})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"


@pytest.mark.parametrize(
    ("typed", "code", "field"),
    [
        (card("4242 4242 4242 4241"), "invalid_number", "number"),
        (card("4111 1111 1111 1111"), "test_cards_only", "number"),
        (card(exp_month=13), "invalid_expiry", "exp_month"),
        (card(exp_year=2020), "expired_card", "exp_month"),
        (card(cvc="12"), "invalid_cvc", "cvc"),
    ],
)
def test_a_mistyped_card_is_refused_by_field(
    gateway: RunningGateway, typed: dict[str, Any], code: str, field: str
) -> None:
    answer = gateway.browse("POST", f"{gateway.url}/v1/tokens", json=typed)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert answer.json()["error"]["field"] == field
    assert answer.headers["Access-Control-Allow-Origin"] == "*", "the page must be able to read why"


def test_a_refused_card_number_is_kept_nowhere(tmp_path: Path) -> None:
    with start_gateway(tmp_path) as running:
        running.browse("POST", f"{running.url}/v1/tokens", json=card("4111 1111 1111 1111"))
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"4111" not in kept


@pytest.mark.parametrize(
    ("language", "words"),
    [("cs", "Potvrdit platbu"), ("pl-PL,pl;q=0.9", "Potwierdzenie płatności"), ("en", "Confirm the payment")],
)
def test_the_banks_page_speaks_the_customers_language(gateway: RunningGateway, language: str, words: str) -> None:
    action_url = charge(gateway, "tok_3ds").json()["action_url"]
    page = gateway.browse("GET", action_url, headers={"Accept-Language": language})
    assert f"<h1>{words}</h1>" in page.text
    assert f'lang="{language[:2]}"' in page.text
    assert "129" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "form-action 'self' https://shop.example;" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(("decision", "state"), [("confirm", "authorised"), ("decline", "declined")])
def test_the_customer_decides_once_and_returns_to_the_shop(gateway: RunningGateway, decision: str, state: str) -> None:
    shown = charge(gateway, "tok_3ds").json()
    assert shown["state"] == "requires_action"
    assert gateway.decide(shown["action_url"], "perhaps").status_code == 422
    for choice in (decision, "confirm", "decline"):
        back = gateway.decide(shown["action_url"], choice)
        assert (back.status_code, back.headers["Location"]) == (303, SHOP)
    found = gateway.call("GET", f"/v1/payments?key={shown['key']}").json()
    assert (found["state"], found["action_url"]) == (state, None)
    assert gateway.browse("GET", shown["action_url"]).status_code == 303, "a decided page only leads back"


def test_the_banks_page_cannot_be_guessed(gateway: RunningGateway) -> None:
    shown = charge(gateway, "tok_3ds").json()
    assert shown["id"] not in shown["action_url"]
    assert re.fullmatch(r".*/3ds/[\w-]{32}", shown["action_url"])
    assert gateway.browse("GET", f"{gateway.url}/3ds/{shown['id']}").status_code == 404


def test_what_was_answered_outlives_a_kill(tmp_path: Path) -> None:
    with start_gateway(tmp_path) as running:
        answers = [charge(running).json() for _ in range(20)]
        running.kill()
        running.start()
        known = {shown["id"]: shown["state"] for shown in running.ledger()["payments"]}
        assert known == {shown["id"]: "authorised" for shown in answers}
        assert charge(running, key=answers[0]["key"]).json() == answers[0]


def test_ordered_faults_happen_and_end(gateway: RunningGateway) -> None:
    gateway.faults(error_rate=1)
    assert charge(gateway).status_code == 503
    gateway.faults(lose_rate=1)
    key = str(uuid7())
    with pytest.raises(httpx.RemoteProtocolError):
        charge(gateway, key=key)
    gateway.faults(drop_rate=1)
    other = str(uuid7())
    with pytest.raises(httpx.RemoteProtocolError):
        charge(gateway, key=other)
    gateway.faults()
    assert gateway.call("GET", f"/v1/payments?key={key}").status_code == 404
    assert gateway.call("GET", f"/v1/payments?key={other}").json()["state"] == "authorised"


def test_a_body_too_large_is_not_read(gateway: RunningGateway) -> None:
    answer = gateway.call("POST", "/v1/payments", content=b" " * 20_000, headers={"Idempotency-Key": str(uuid7())})
    assert answer.status_code == 413
