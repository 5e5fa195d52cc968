"""Our client against a Stripe on the wire: the same promises as the sandbox, and what is Stripe's own."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from kupec.billing import (
    InvalidSignature,
    NewPayment,
    Outcome,
    Payment,
    ProviderUnreachable,
    StripeCards,
    apply_transitions,
    lock_payments,
    next_state,
    open_payments,
    payment_round,
    receive,
    refund_round,
    request_refund,
)
from kupec.billing.stripe.signature import sign
from kupec.kit.db import Database, Pool
from kupec.kit.ids import uuid7
from tests.billing.fake_stripe import KEY, WEBHOOK_SECRET, FakeStripe
from tests.billing.making import a_payment
from tests.billing.owing import CLERK

SHOP = "https://shop.example/cs/platba/1"


def now() -> datetime:
    return datetime.now(UTC)


def payment_now(**changes: Any) -> Payment:
    return a_payment(created_at=now(), **changes)


@pytest.fixture
async def stripe() -> AsyncIterator[FakeStripe]:
    fake = FakeStripe()
    await fake.start()
    yield fake
    await fake.stop()


def client(stripe: FakeStripe, **changes: Any) -> StripeCards:
    return StripeCards(stripe.url, **{"key": KEY, "webhook_secret": WEBHOOK_SECRET} | changes)


@pytest.fixture
async def cards(stripe: FakeStripe) -> AsyncIterator[StripeCards]:
    made = client(stripe)
    yield made
    await made.close()


async def pay(cards: StripeCards, payment: Payment, token: str = "pm_card_visa") -> Outcome:
    return await cards.authorise(payment, token=token, return_url=SHOP)


def known(payment: Payment, outcome: Outcome) -> Payment:
    return msgspec.structs.replace(payment, provider_reference=outcome.reference)


async def test_money_is_held_then_fetched_then_given_back(stripe: FakeStripe, cards: StripeCards) -> None:
    payment = payment_now()
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
    assert [each["amount"] for each in stripe.refunds.values()] == [5000]
    too_much = await cards.refund(payment, refund_id=uuid7(), amount=9000)
    assert (too_much.done, too_much.error_code) == (False, "invalid_amount")


async def test_a_refusal_is_an_outcome(cards: StripeCards) -> None:
    declined = await pay(cards, payment_now(), "pm_card_declined")
    assert (declined.state, declined.error_code) == ("failed", "insufficient_funds")
    unknown = await pay(cards, payment_now(), "pm_nonsense")
    assert (unknown.state, unknown.error_code, unknown.reference) == ("failed", "resource_missing", None)
    payment = payment_now()
    payment = known(payment, await pay(cards, payment, "pm_card_capture_fails"))
    assert (await cards.capture(payment)).state == "voided", "next_state calls that capture_failed"
    payment = payment_now()
    payment = known(payment, await pay(cards, payment, "pm_card_refund_fails"))
    await cards.capture(payment)
    refused = await cards.refund(payment, refund_id=uuid7(), amount=1)
    assert (refused.done, refused.error_code) == (False, "expired_or_canceled_card")


async def test_a_dropped_reply_leaves_money_that_find_finds(stripe: FakeStripe, cards: StripeCards) -> None:
    payment = payment_now()
    with pytest.raises(ProviderUnreachable):
        await pay(cards, payment, "pm_card_drop_always")
    found = await cards.find(payment)
    assert (found.state, found.amount) == ("authorised", 12900)
    assert len(stripe.of(payment.id)) == 1, "repeated, and charged once"
    assert (await cards.void(payment)).state == "voided", "looked up, as its reference was never learnt"


async def test_one_dropped_reply_is_not_noticed(stripe: FakeStripe, cards: StripeCards) -> None:
    payment = payment_now()
    assert (await pay(cards, payment, "pm_card_drop_once")).state == "authorised"
    assert len(stripe.of(payment.id)) == 1


async def test_a_request_that_never_arrived_is_not_found(cards: StripeCards) -> None:
    payment = payment_now()
    with pytest.raises(ProviderUnreachable):
        await pay(cards, payment, "pm_card_lost")
    assert (await cards.find(payment)).state == "not_found"
    assert (await cards.void(payment)).state == "not_found"


async def test_of_two_cards_for_one_payment_the_first_counts(stripe: FakeStripe, cards: StripeCards) -> None:
    payment = payment_now()
    assert (await pay(cards, payment, "pm_card_declined")).state == "failed"
    assert (await pay(cards, payment, "pm_card_visa")).state == "failed"
    assert len(stripe.of(payment.id)) == 1
    payment = payment_now()
    assert (await pay(cards, payment, "pm_card_visa")).state == "authorised"
    assert (await pay(cards, payment, "pm_card_declined")).state == "authorised"


async def test_an_impossible_step_reports_what_is(cards: StripeCards) -> None:
    payment = payment_now()
    payment = known(payment, await pay(cards, payment))
    await cards.capture(payment)
    assert (await cards.void(payment)).state == "captured"


@pytest.mark.parametrize(("decision", "state"), [("confirm", "authorised"), ("decline", "failed")])
async def test_the_customer_is_sent_to_their_bank(
    stripe: FakeStripe, cards: StripeCards, decision: str, state: str
) -> None:
    payment = payment_now()
    asked = await pay(cards, payment, "pm_card_3ds")
    assert asked.state == "requires_action"
    assert asked.action_url is not None
    stripe.decide(asked.action_url, decision)
    found = await cards.find(payment)
    assert found.state == state
    assert found.error_code == (None if decision == "confirm" else "payment_intent_authentication_failure")
    assert (await pay(cards, payment, "pm_card_3ds")).state == "requires_action", "the first reply again: old news"


async def test_an_abandoned_confirmation_can_be_voided(cards: StripeCards) -> None:
    payment = payment_now()
    payment = known(payment, await pay(cards, payment, "pm_card_3ds"))
    assert (await cards.void(payment)).state == "voided"


async def test_a_server_that_was_restarted_is_spoken_with_again(stripe: FakeStripe, cards: StripeCards) -> None:
    await pay(cards, payment_now())
    await stripe.stop()
    with pytest.raises(ProviderUnreachable):
        await pay(cards, payment_now())
    await stripe.start()
    assert (await pay(cards, payment_now())).state == "authorised"


async def test_patience_ends(stripe: FakeStripe) -> None:
    cards = client(stripe, patience=0.3)
    with pytest.raises(ProviderUnreachable):
        await pay(cards, payment_now(), "pm_card_slow")
    await cards.close()


async def test_a_wrong_key_decides_nothing(stripe: FakeStripe) -> None:
    cards = client(stripe, key="wrong")
    for call in (pay(cards, payment_now()), cards.find(payment_now())):
        with pytest.raises(ProviderUnreachable):
            await call
    await cards.close()


async def test_the_card_is_typed_on_stripes_page(stripe: FakeStripe, cards: StripeCards) -> None:
    payment = payment_now()
    asked = await pay(cards, payment, "")
    assert (asked.state, asked.reference) == ("requires_action", "cs_test_1")
    assert asked.action_url is not None
    payment = known(payment, asked)
    assert await pay(cards, payment, "") == asked, "the same click again"
    stripe.type_card(asked.action_url, "pm_card_declined")
    assert (await cards.find(payment)).state == "requires_action", "there the customer may try another card"
    stripe.type_card(asked.action_url)
    held = await cards.find(payment)
    assert (held.state, held.reference, held.card_label) == ("authorised", "cs_test_1", "Visa •••• 4242")
    assert (await cards.capture(payment)).state == "captured"
    assert (await cards.refund(payment, refund_id=uuid7(), amount=100)).done


async def test_a_page_whose_address_was_lost_is_found_and_closed(stripe: FakeStripe, cards: StripeCards) -> None:
    for _ in range(130):
        await cards.authorise(payment_now(), token="", return_url=SHOP)
    payment = payment_now()
    stripe.drop_rate = 1.0
    with pytest.raises(ProviderUnreachable):
        await pay(cards, payment, "")
    stripe.drop_rate = 0.0
    for _ in range(130):
        await cards.authorise(payment_now(), token="", return_url=SHOP)
    found = await cards.find(payment)
    assert (found.state, found.reference) == ("requires_action", "cs_test_261")
    assert (await cards.void(payment)).state == "voided"
    assert (await cards.find(payment)).error_code == "expired"


async def test_a_customer_quicker_than_our_void_gets_the_money_back(stripe: FakeStripe, cards: StripeCards) -> None:
    payment = payment_now()
    asked = await pay(cards, payment, "")
    assert asked.action_url is not None
    stripe.type_card(asked.action_url)
    assert (await cards.void(known(payment, asked))).state == "voided"


async def test_a_kept_card_is_charged_without_its_owner(stripe: FakeStripe, cards: StripeCards) -> None:
    url = await cards.keep_card(return_url=SHOP, customer_reference=None, key="k1")
    session_id = url.rpartition("/")[2]
    assert await cards.kept_card(session_id) is None
    assert await cards.kept_card("cs_nonsense") is None
    stripe.type_card(url)
    card = await cards.kept_card(session_id)
    assert card is not None
    assert (card.customer_reference, card.card_reference, card.label) == ("cus_1", "pm_card_visa", "Visa •••• 4242")
    held = await pay(cards, payment_now(), f"{card.customer_reference}:{card.card_reference}")
    assert held.state == "authorised"
    asked = await pay(cards, payment_now(), "cus_1:pm_card_3ds")
    assert (asked.state, asked.error_code) == ("failed", "authentication_required"), "nobody is there to confirm"


async def test_webhooks_say_what_happened(stripe: FakeStripe, cards: StripeCards) -> None:
    payment = payment_now()
    held = await pay(cards, payment)
    await cards.capture(known(payment, held))
    outcomes = [cards.read_webhook(*stripe.webhook(event), now=now()).outcome for event in stripe.events]
    assert [outcome and (outcome.state, outcome.reference) for outcome in outcomes] == [
        ("authorised", held.reference),
        ("captured", held.reference),
    ]


async def test_webhooks_of_a_page_name_no_other_reference(stripe: FakeStripe, cards: StripeCards) -> None:
    """The payment is known as "cs_…"; its intent's id is news, and must not look like another payment's."""
    asked = await pay(cards, payment_now(), "")
    assert asked.action_url is not None
    stripe.type_card(asked.action_url, "pm_card_declined")
    stripe.type_card(asked.action_url)
    outcomes = [cards.read_webhook(*stripe.webhook(event), now=now()).outcome for event in stripe.events]
    assert [outcome and (outcome.state, outcome.reference) for outcome in outcomes] == [
        None,
        ("authorised", None),
        None,
    ]
    waiting = await pay(cards, payment_now(), "")
    stripe.expire_all()
    expired = cards.read_webhook(*stripe.webhook(stripe.events[-1]), now=now()).outcome
    assert expired is not None
    assert (expired.payment_id, expired.state) == (waiting.payment_id, "failed")
    assert expired.reference == waiting.reference


@pytest.mark.parametrize(
    "body",
    [
        {"id": "evt_1", "type": "customer.created", "data": {"object": {"id": "cus_1"}}},
        {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_1"}}},
        {
            "id": "evt_1",
            "type": "payment_intent.succeeded",
            "data": {"object": {"id": "pi_1", "status": "succeeded", "amount": 1, "currency": "czk"}},
        },
        {"id": "evt_1", "type": "checkout.session.expired", "data": {"object": {"id": "cs_1", "status": "expired"}}},
    ],
    ids=["another kind", "half a payment", "not of ours", "not our page"],
)
def test_what_is_not_ours_is_no_news(body: dict[str, Any]) -> None:
    cards = StripeCards("", key=KEY, webhook_secret=WEBHOOK_SECRET)
    raw = json.dumps(body).encode()
    signature = sign(WEBHOOK_SECRET, int(now().timestamp()), raw)
    assert cards.read_webhook({"stripe-signature": signature}, raw, now=now()).outcome is None


def test_only_the_holder_of_the_secret_is_believed() -> None:
    body, stamp = b'{"id":"evt_1","type":"x","data":{"object":{}}}', int(now().timestamp())
    good = sign(WEBHOOK_SECRET, stamp, body)
    other = sign("whsec_other", stamp, body)
    cards = StripeCards("", key=KEY, webhook_secret=WEBHOOK_SECRET)
    assert cards.read_webhook({"Stripe-Signature": good}, body, now=now()).external_id == "evt_1"
    both = f"{other},v1={good.partition('v1=')[2]}"
    assert cards.read_webhook({"stripe-signature": both}, body, now=now()).external_id == "evt_1", "a rolled secret"
    refused: list[tuple[str, bytes, datetime, str]] = [
        ("", body, now(), WEBHOOK_SECRET),
        (other, body, now(), WEBHOOK_SECRET),
        (good, body + b" ", now(), WEBHOOK_SECRET),
        (good, body, now() + timedelta(minutes=6), WEBHOOK_SECRET),
        (good, body, now() - timedelta(minutes=6), WEBHOOK_SECRET),
        (good.replace("v1=", "v0="), body, now(), WEBHOOK_SECRET),
        (f"{good},t={stamp}", body, now(), WEBHOOK_SECRET),
        (f"t=x,v1={'0' * 64}", body, now(), WEBHOOK_SECRET),
        (f"t={stamp},v1=\u00e9", body, now(), WEBHOOK_SECRET),
        (sign("", stamp, body), body, now(), ""),
        (sign(WEBHOOK_SECRET, stamp, b"no json"), b"no json", now(), WEBHOOK_SECRET),
    ]
    for header, said, at, secret in refused:
        with pytest.raises(InvalidSignature):
            StripeCards("", key=KEY, webhook_secret=secret).read_webhook({"stripe-signature": header}, said, now=at)


async def test_chaos_ends_with_shop_and_stripe_agreeing(stripe: FakeStripe, pool: Pool) -> None:
    """Replies dropped and requests lost, webhooks doubled, reordered and half of them never sent."""
    database, cards, luck = Database(pool), client(stripe, patience=30.0), random.Random(11)
    fates = ["pm_card_visa"] * 6 + ["pm_card_declined", "pm_card_capture_fails", "pm_card_lost", "pm_card_drop_always"]
    unwanted = set()

    async def settle(outcomes: Any) -> None:
        for outcome in outcomes:
            async with database.transaction() as db:
                payment = (await lock_payments(db, [outcome.payment_id]))[outcome.payment_id]
                news = next_state(payment, outcome, now=clock)
                if news is not None and news.after.state == "authorised":
                    news = news.then("void" if payment.id in unwanted else "capture", now=clock, reason="gone")
                await apply_transitions(db, [news] if news else [])

    async def buy(payment: Payment) -> None:
        try:
            await settle([await pay(cards, payment, luck.choice(fates))])
        except ProviderUnreachable:
            return

    clock = now()
    async with pool.acquire() as db:
        new = [
            NewPayment(id=uuid7(), order_id=uuid7(), provider="stripe", amount=1000 + index, currency="CZK")
            for index in range(40)
        ]
        payments = await open_payments(db, new, now=clock, check_at=clock)
    unwanted |= {payment.id for payment in payments[::7]}
    stripe.drop_rate, stripe.lose_rate = 0.25, 0.1
    await asyncio.gather(*(buy(payment) for payment in payments))
    for _ in range(12):
        told = [event for event in stripe.events if luck.random() < 0.5]
        luck.shuffle(told)
        for event in told[:20]:
            headers, body = stripe.webhook(event)
            async with database.transaction() as connection:
                receipt = await receive(connection, cards, headers=headers, body=body, now=now())
            if receipt.delivery_id is not None and receipt.notice.outcome is not None:
                await settle([receipt.notice.outcome])
        clock += timedelta(minutes=16)
        await payment_round(database, cards, settle, now=clock)
    stripe.drop_rate = stripe.lose_rate = 0.0
    for _ in range(4):
        clock += timedelta(hours=2)
        await payment_round(database, cards, settle, now=clock)
    async with pool.acquire() as db:
        rows = await db.fetch("select id, state, check_at, amount from payment")
        for row in rows:
            there = [(each["status"], each["amount"]) for each in stripe.of(row["id"])]
            assert len(there) <= 1, "charged once"
            assert row["check_at"] is None
            expected = {"captured": ["succeeded"], "voided": ["canceled"]}.get(row["state"])
            if expected is None:
                assert row["state"] == "failed"
                assert not there or there[0][0] in ("requires_payment_method", "canceled")
            else:
                assert there[0] == (expected[0], row["amount"])
        assert sum(row["state"] == "captured" for row in rows) >= 10
        paid = next(row for row in rows if row["state"] == "captured")
        async with db.transaction():
            await request_refund(db, paid["id"], amount=500, reason="x", key="x", actor=CLERK, now=clock)
    stripe.drop_rate = 0.7
    for _ in range(8):
        await refund_round(database, cards, now=clock)
        clock += timedelta(hours=1)
    stripe.drop_rate = 0.0
    await refund_round(database, cards, now=clock)
    assert [each["amount"] for each in stripe.refunds.values()] == [500]
    async with pool.acquire() as db:
        assert await db.fetchval("select state from refund") == "done"
    await cards.close()
