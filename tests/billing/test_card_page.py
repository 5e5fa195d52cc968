"""The gateway's own page for a card: what a link in a conversation leads to."""

import httpx
import pytest

from kupec.billing import Payment
from kupec.kit.ids import uuid7
from tests.billing.gateway_fixture import RunningGateway, gateway, session_gateway
from tests.billing.making import NOW

__all__ = ["gateway", "session_gateway"]
TYPED = {"decision": "confirm", "number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"}


def a_payment() -> Payment:
    return Payment(
        id=uuid7(),
        order_id=uuid7(),
        provider="sandbox",
        amount=36900,
        currency="CZK",
        state="pending",
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize(
    ("number", "state", "label"),
    [
        ("4242424242424242", "authorised", "Visa •••• 4242"),
        ("4000000000000002", "failed", "Visa •••• 0002"),
        ("4000002500003155", "authorised", "Visa •••• 3155"),
    ],
)
async def test_a_card_is_typed_there(gateway: RunningGateway, number: str, state: str, label: str) -> None:
    payment = a_payment()
    async with gateway.cards() as cards, httpx.AsyncClient() as browser:
        asked = await cards.authorise(payment, token="", return_url="https://shop.example/back")
        assert asked.state == "requires_action"
        assert asked.action_url is not None
        page = await browser.get(asked.action_url, headers={"Accept-Language": "cs"})
        assert "Číslo karty" in page.text
        done = await browser.post(asked.action_url, data=TYPED | {"number": number})
        assert (done.status_code, done.headers["location"]) == (303, "https://shop.example/back")
        found = await cards.find(payment)
        assert (found.state, found.card_label) == (state, label)
        again = await browser.post(asked.action_url, data=TYPED)
        assert again.status_code == 303
        assert (await cards.find(payment)).state == state, "what is decided stays"


@pytest.mark.parametrize(
    "wrong",
    [{"number": "4111"}, {"expiry": "never"}, {"expiry": "12/20"}, {"cvc": "1"}, {"number": "5500000000000004"}],
)
async def test_what_is_mistyped_is_said_and_charged_to_nobody(gateway: RunningGateway, wrong: dict[str, str]) -> None:
    payment = a_payment()
    async with gateway.cards() as cards, httpx.AsyncClient() as browser:
        asked = await cards.authorise(payment, token="", return_url="https://shop.example/back")
        page = await browser.post(str(asked.action_url), data=TYPED | wrong)
        assert page.status_code == 422
        assert 'role="alert"' in page.text
        assert (await cards.find(payment)).state == "requires_action"
