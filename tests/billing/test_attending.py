"""The sweep against the real gateway: what was lost on the way is brought to its end."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kupec.billing import (
    NOT_FOUND_GRACE,
    Outcome,
    Payment,
    ProviderUnreachable,
    SandboxCards,
    apply_transitions,
    attend,
    get_payment,
    lock_payments,
    next_state,
    payment_round,
    refund_round,
    refunds_of,
    request_refund,
    void_payments,
)
from kupec.kit.actor import system
from kupec.kit.db import Database, Pool
from tests.billing.gateway_fixture import RunningGateway
from tests.billing.making import NOW, PATIENCE, a_payment, events_of, opened

SHOP = "https://shop.example/cs/platba/1"


class Shop:
    """What sales does with outcomes, in short: held money is fetched."""

    def __init__(self, pool: Pool) -> None:
        self.database = Database(pool)
        self.now = NOW

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        async with self.database.transaction() as db:
            payments = await lock_payments(db, [outcome.payment_id for outcome in outcomes])
            transitions = []
            for outcome in outcomes:
                transition = next_state(payments[outcome.payment_id], outcome, now=self.now)
                if transition is not None and transition.after.state == "authorised":
                    transition = transition.then("capture", now=self.now)
                if transition is not None:
                    transitions.append(transition)
            await apply_transitions(db, transitions)

    async def round(self, cards: SandboxCards, now: datetime) -> int:
        self.now = now
        return await payment_round(self.database, cards, self.settle, now=now)

    async def pay(self, cards: SandboxCards, token: str) -> Payment:
        async with self.database.transaction() as db:
            payment = await opened(db)
        try:
            await self.settle([await cards.authorise(payment, token=token, return_url=SHOP)])
        except ProviderUnreachable:
            return payment
        return await self.look(payment)

    async def look(self, payment: Payment) -> Payment:
        async with self.database.reading() as db:
            return await get_payment(db, payment.id)


async def test_a_dropped_reply_is_found_then_fetched(pool: Pool, gateway: RunningGateway, cards: SandboxCards) -> None:
    shop = Shop(pool)
    payment = await shop.pay(cards, "tok_drop_always")
    assert (await shop.look(payment)).state == "pending"
    assert await shop.round(cards, NOW + PATIENCE) == 1
    assert (await shop.look(payment)).state == "capturing"
    assert await shop.round(cards, NOW + PATIENCE) == 1
    assert (await shop.look(payment)).state == "captured"
    assert await shop.round(cards, NOW + timedelta(days=1)) == 0
    async with pool.acquire() as db:
        assert await events_of(db, payment) == ["payment.authorised", "payment.captured"]
    (entry,) = [entry for entry in gateway.ledger()["payments"] if entry["key"] == str(payment.id)]
    assert (entry["state"], entry["amount"]) == ("captured", 12900)


async def test_a_lost_request_fails_after_its_grace_and_is_looked_at_once_more(pool: Pool, cards: SandboxCards) -> None:
    shop = Shop(pool)
    payment = await shop.pay(cards, "tok_lost")
    now = NOW + PATIENCE
    for _ in range(5):
        await shop.round(cards, now)
        payment = await shop.look(payment)
        now = payment.check_at or now
        if payment.state == "failed":
            break
    assert (payment.state, payment.error_code) == ("failed", "not_found")
    assert payment.updated_at - NOW >= NOT_FOUND_GRACE
    assert payment.check_at == payment.updated_at + timedelta(hours=1)
    await shop.round(cards, payment.check_at)
    assert (await shop.look(payment)).check_at is None


async def test_no_answer_changes_nothing(pool: Pool, gateway: RunningGateway, cards: SandboxCards) -> None:
    shop = Shop(pool)
    async with gateway.cards(patience=0.3) as hasty:
        unheard = await shop.pay(hasty, "tok_slow")
    fine = await shop.pay(cards, "tok_visa")
    assert (unheard.state, fine.state) == ("pending", "capturing")
    gateway.faults(error_rate=1)
    assert await shop.round(cards, NOW + PATIENCE) == 2
    gateway.faults()
    assert (await shop.look(unheard)).state == "pending"
    assert (await shop.look(fine)).state == "capturing"
    assert await shop.round(cards, NOW + PATIENCE + timedelta(minutes=1)) == 2
    assert (await shop.look(unheard)).state == "capturing"
    assert (await shop.look(fine)).state == "captured"
    assert await attend(cards, []) == []


async def test_a_bug_of_the_provider_is_logged_and_its_neighbours_go_on(cards: SandboxCards) -> None:
    class Odd(SandboxCards):
        async def find(self, payment: Payment) -> Outcome:
            if payment.id == broken.id:
                raise RuntimeError("cannot be understood")
            return await super().find(payment)

    broken, fine = a_payment(), a_payment()
    odd = Odd(cards._url, key="test-key", webhook_secret="")
    try:
        assert [outcome.payment_id for outcome in await attend(odd, [broken, fine])] == [fine.id]
    finally:
        await odd.close()


async def test_what_is_to_be_let_go_is_let_go(pool: Pool, cards: SandboxCards, gateway: RunningGateway) -> None:
    shop = Shop(pool)
    payment = await shop.pay(cards, "tok_3ds")
    assert payment.state == "requires_action"
    async with pool.acquire() as db:
        await void_payments(db, [payment.id], now=NOW)
    assert await shop.round(cards, NOW) == 1
    assert (await shop.look(payment)).state == "voided"
    (entry,) = [entry for entry in gateway.ledger()["payments"] if entry["key"] == str(payment.id)]
    assert entry["state"] == "voided"


async def test_refunds_are_carried_out_once_although_replies_are_dropped(
    pool: Pool, cards: SandboxCards, gateway: RunningGateway
) -> None:
    shop = Shop(pool)
    payment = await shop.pay(cards, "tok_visa")
    async with pool.acquire() as db:
        await request_refund(db, payment.id, amount=900, reason="", key="a", actor=system("test"), now=NOW)
    assert await refund_round(shop.database, cards, now=NOW) == 0, "nothing is captured yet"
    await shop.round(cards, NOW)
    gateway.faults(drop_rate=1)
    assert await refund_round(shop.database, cards, now=NOW) == 1
    gateway.faults()
    assert await refund_round(shop.database, cards, now=NOW + timedelta(minutes=1)) == 1
    async with pool.acquire() as db:
        (refund,) = await refunds_of(db, payment.order_id)
    assert refund.state == "done"
    (entry,) = [entry for entry in gateway.ledger()["payments"] if entry["key"] == str(payment.id)]
    assert entry["refunded"] == 900


async def test_a_capture_that_fails_ends_its_refund(pool: Pool, cards: SandboxCards) -> None:
    shop = Shop(pool)
    payment = await shop.pay(cards, "tok_capture_fails")
    async with pool.acquire() as db:
        await request_refund(db, payment.id, amount=900, reason="", key="a", actor=system("test"), now=NOW)
    await shop.round(cards, NOW)
    assert await refund_round(shop.database, cards, now=NOW) == 1
    async with pool.acquire() as db:
        (refund,) = await refunds_of(db, payment.order_id)
    assert (refund.state, refund.error_code) == ("failed", "nothing_captured")
    payment = await shop.look(payment)
    assert (payment.state, payment.problem, payment.refunded) == ("failed", "capture_failed", 0)
