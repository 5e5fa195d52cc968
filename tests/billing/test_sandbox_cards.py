"""Our client against the real gateway process: answers, lost answers, and a gateway that is not there."""

import time

import msgspec
import pytest

from kupec.billing import Outcome, Payment, ProviderUnreachable, SandboxCards
from kupec.billing.sandbox.cards import SLOWNESS
from kupec.kit.ids import uuid7
from tests.billing.gateway_fixture import KEY, WEBHOOK_SECRET, RunningGateway
from tests.billing.making import a_payment

SHOP = "https://shop.example/cs/platba/1"


async def pay(cards: SandboxCards, payment: Payment, token: str = "tok_visa") -> Outcome:
    return await cards.authorise(payment, token=token, return_url=SHOP)


def known(payment: Payment, outcome: Outcome) -> Payment:
    return msgspec.structs.replace(payment, provider_reference=outcome.reference)


def entries(gateway: RunningGateway, payment: Payment) -> list[tuple[str, int]]:
    shown = gateway.ledger()["payments"]
    return [(entry["state"], entry["refunded"]) for entry in shown if entry["key"] == str(payment.id)]


async def test_money_is_held_then_fetched_then_given_back(gateway: RunningGateway, cards: SandboxCards) -> None:
    payment = a_payment()
    held = await pay(cards, payment)
    assert (held.state, held.amount, held.currency) == ("authorised", 12900, "CZK")
    assert (held.payment_id, held.card_label) == (payment.id, "Visa •••• 4242")
    payment = known(payment, held)
    for _ in range(2):
        assert (await cards.capture(payment)).state == "captured"
    refund_id = uuid7()
    first = await cards.refund(payment, refund_id=refund_id, amount=5000)
    assert first.done
    assert first == await cards.refund(payment, refund_id=refund_id, amount=5000)
    assert entries(gateway, payment) == [("captured", 5000)]
    too_much = await cards.refund(payment, refund_id=uuid7(), amount=9000)
    assert (too_much.done, too_much.error_code) == (False, "amount_too_large")


async def test_a_refusal_is_an_outcome(cards: SandboxCards) -> None:
    declined = await pay(cards, a_payment(), "tok_declined")
    assert (declined.state, declined.error_code) == ("failed", "insufficient_funds")
    unknown = await pay(cards, a_payment(), "tok_nonsense")
    assert (unknown.state, unknown.error_code, unknown.reference) == ("failed", "invalid_token", None)
    payment = a_payment()
    payment = known(payment, await pay(cards, payment, "tok_capture_fails"))
    failed = await cards.capture(payment)
    assert (failed.state, failed.error_code) == ("failed", "authorisation_expired")
    payment = a_payment()
    payment = known(payment, await pay(cards, payment, "tok_refund_fails"))
    await cards.capture(payment)
    refused = await cards.refund(payment, refund_id=uuid7(), amount=1)
    assert (refused.done, refused.error_code) == (False, "refund_refused")


async def test_a_dropped_reply_leaves_money_that_find_finds(gateway: RunningGateway, cards: SandboxCards) -> None:
    payment = a_payment()
    with pytest.raises(ProviderUnreachable):
        await pay(cards, payment, "tok_drop_always")
    found = await cards.find(payment)
    assert (found.state, found.amount) == ("authorised", 12900)
    assert entries(gateway, payment) == [("authorised", 0)], "repeated, and charged once"
    assert (await cards.void(payment)).state == "voided", "looked up, as its reference was never learnt"


async def test_one_dropped_reply_is_not_noticed(gateway: RunningGateway, cards: SandboxCards) -> None:
    payment = a_payment()
    assert (await pay(cards, payment, "tok_drop_once")).state == "authorised"
    assert entries(gateway, payment) == [("authorised", 0)]


async def test_a_request_that_never_arrived_is_not_found(cards: SandboxCards) -> None:
    payment = a_payment()
    with pytest.raises(ProviderUnreachable):
        await pay(cards, payment, "tok_lost")
    assert (await cards.find(payment)).state == "not_found"
    assert (await cards.void(payment)).state == "not_found"


async def test_of_two_cards_for_one_payment_the_first_counts(gateway: RunningGateway, cards: SandboxCards) -> None:
    payment = a_payment()
    assert (await pay(cards, payment, "tok_declined")).state == "failed"
    assert (await pay(cards, payment, "tok_visa")).state == "failed"
    assert entries(gateway, payment) == [("declined", 0)]


async def test_an_impossible_step_reports_what_is(cards: SandboxCards) -> None:
    payment = a_payment()
    payment = known(payment, await pay(cards, payment))
    await cards.capture(payment)
    assert (await cards.void(payment)).state == "captured"


@pytest.mark.parametrize(("decision", "state"), [("confirm", "authorised"), ("decline", "failed")])
async def test_the_customer_is_sent_to_their_bank(
    gateway: RunningGateway, cards: SandboxCards, decision: str, state: str
) -> None:
    payment = a_payment()
    asked = await pay(cards, payment, "tok_3ds")
    assert asked.state == "requires_action"
    assert asked.action_url is not None
    gateway.decide(asked.action_url, decision)
    found = await cards.find(payment)
    assert found.state == state
    assert found.error_code == (None if decision == "confirm" else "authentication_failed")
    # The reply to the first request is still the first reply: old news, which next_state knows to ignore.
    assert (await pay(cards, payment, "tok_3ds")).state == "requires_action"


async def test_an_abandoned_confirmation_can_be_voided(cards: SandboxCards) -> None:
    payment = a_payment()
    payment = known(payment, await pay(cards, payment, "tok_3ds"))
    assert (await cards.void(payment)).state == "voided"


async def test_a_gateway_that_was_restarted_is_spoken_with_again(gateway: RunningGateway) -> None:
    async with gateway.cards() as cards:
        await pay(cards, a_payment())
        gateway.kill()
        with pytest.raises(ProviderUnreachable):
            await pay(cards, a_payment())
        gateway.start()
        assert (await pay(cards, a_payment())).state == "authorised"


async def test_a_kept_connection_that_was_closed_is_not_an_unknown_payment(gateway: RunningGateway) -> None:
    async with gateway.cards(connections=1) as cards:
        await pay(cards, a_payment())
        gateway.kill()
        gateway.start()
        assert (await pay(cards, a_payment())).state == "authorised"


async def test_patience_ends(gateway: RunningGateway) -> None:
    async with gateway.cards(patience=0.3) as cards:
        begun = time.monotonic()
        with pytest.raises(ProviderUnreachable):
            await pay(cards, a_payment(), "tok_slow")
        assert time.monotonic() - begun < SLOWNESS, "given up before the answer came"


async def test_a_wrong_key_decides_nothing(gateway: RunningGateway) -> None:
    """It may be a repeat of what was done while the key was right, so it must not be called failed."""
    cards = SandboxCards(gateway.url, key="wrong", webhook_secret=WEBHOOK_SECRET)
    try:
        with pytest.raises(ProviderUnreachable):
            await pay(cards, a_payment())
    finally:
        await cards.close()
    assert KEY not in repr(cards)


async def test_a_kept_card_is_charged_while_its_owner_is_away(cards: SandboxCards) -> None:
    assert (await pay(cards, a_payment(), "cus_1:tok_visa")).state == "authorised"
    # Nobody is there to confirm.
    refused = await pay(cards, a_payment(), "cus_1:tok_3ds")
    assert (refused.state, refused.error_code, refused.action_url) == ("failed", "authentication_required", None)
    absent = await pay(cards, a_payment(), "cus_1:tok_absent_refused")
    assert (absent.state, absent.error_code) == ("failed", "refused_off_session")
    assert (await pay(cards, a_payment(), "tok_absent_refused")).state == "authorised"
