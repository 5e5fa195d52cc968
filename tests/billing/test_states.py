"""The state machine as a pure function: by examples, by random news, and against a provider of which we hear late."""

from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.billing import (
    NOT_FOUND_GRACE,
    Outcome,
    OutcomeState,
    Payment,
    PaymentState,
    Transition,
    capture,
    next_state,
    void,
)
from tests.billing.making import NOW, a_payment, authorised, said

FINAL = ("captured", "voided", "failed")
LATER = NOW + NOT_FOUND_GRACE
REFERENCE = "pay_1"


def names(transition: Transition | None) -> list[str]:
    return [payload.name for payload in transition.payloads] if transition else []


def test_an_authorised_payment_is_held_and_due_in_case_nobody_decides() -> None:
    payment = a_payment()
    transition = next_state(payment, authorised(payment), now=NOW)
    assert transition is not None
    assert transition.after.state == "authorised"
    assert transition.after.provider_reference == f"pay_{payment.id}"
    assert transition.after.card_label == "Visa •••• 4242"
    assert transition.after.check_at is not None
    assert transition.after.check_at > NOW
    assert names(transition) == ["payment.authorised"]


def test_the_decision_about_held_money_is_one_write_with_both_events() -> None:
    payment = a_payment()
    transition = next_state(payment, authorised(payment), now=NOW)
    assert transition is not None
    fetched = transition.then("capture", now=NOW)
    assert (fetched.before, fetched.after.state, fetched.after.check_at) == (payment, "capturing", NOW)
    assert names(fetched) == ["payment.authorised"]
    dropped = transition.then("void", now=NOW, reason="sold_out")
    assert (dropped.before, dropped.after.state, dropped.after.check_at) == (payment, "voiding", NOW)
    assert names(dropped) == ["payment.authorised", "payment.void_requested"]


def test_captured_money_that_nobody_wants_calls_a_person() -> None:
    payment = a_payment()
    transition = next_state(payment, said(payment, "captured", reference=REFERENCE), now=NOW)
    assert transition is not None
    assert transition.then("capture", now=NOW) is transition
    unwanted = transition.then("void", now=NOW, reason="sold_out")
    assert (unwanted.after.state, unwanted.after.problem) == ("captured", "captured_unwanted")
    assert names(unwanted) == ["payment.captured", "payment.problem"]


@pytest.mark.parametrize("state", ["authorised", "capturing", "captured", "voiding", "voided"])
def test_authorised_is_old_news_later_on(state: PaymentState) -> None:
    payment = a_payment(state=state, provider_reference=REFERENCE, check_at=None)
    assert next_state(payment, authorised(payment, reference=REFERENCE), now=NOW) is None


def test_an_action_address_leaves_with_the_action() -> None:
    payment = a_payment()
    asked = next_state(payment, said(payment, "requires_action", action_url="https://bank/1"), now=NOW)
    assert asked is not None
    assert asked.after.action_url == "https://bank/1"
    confirmed = next_state(asked.after, authorised(payment), now=NOW)
    assert confirmed is not None
    assert confirmed.after.action_url is None


def test_what_the_provider_never_saw_may_still_be_on_its_way() -> None:
    payment = a_payment()
    unseen = said(payment, "not_found")
    assert next_state(payment, unseen, now=LATER - timedelta(seconds=1)) is None
    failed = next_state(payment, unseen, now=LATER)
    assert failed is not None
    assert (failed.after.state, failed.after.error_code) == ("failed", "not_found")
    assert failed.after.check_at is not None, "one last look"
    last = next_state(failed.after, unseen, now=failed.after.check_at)
    assert last is not None
    assert (last.after.state, last.after.check_at, last.payloads) == ("failed", None, ())
    assert next_state(last.after, unseen, now=LATER) is None


@pytest.mark.parametrize("state", ["authorised", "captured"])
def test_money_that_turns_up_after_we_said_failed_is_let_go(state: OutcomeState) -> None:
    payment = a_payment(state="failed", error_code="not_found", check_at=None)
    late = next_state(payment, authorised(payment, state=state), now=NOW)
    assert late is not None
    assert (late.after.state, late.after.check_at) == ("voiding", NOW)
    assert "payment.void_requested" in names(late)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"amount": 1}, "amount_mismatch"), ({"currency": "PLN"}, "currency_mismatch")],
)
@pytest.mark.parametrize("state", ["pending", "requires_action", "failed"])
def test_another_amount_than_asked_for_is_let_go(state: PaymentState, changes: dict[str, object], problem: str) -> None:
    payment = a_payment(state=state)
    transition = next_state(payment, authorised(payment, **changes), now=NOW)
    assert transition is not None
    assert (transition.after.state, transition.after.problem) == ("voiding", problem)
    assert names(transition) == ["payment.void_requested", "payment.problem"]


def test_a_mismatch_later_on_moves_nothing_and_is_told_once() -> None:
    payment = a_payment(state="capturing", provider_reference=REFERENCE)
    wrong = said(payment, "captured", reference=REFERENCE, amount=1)
    first = next_state(payment, wrong, now=NOW)
    assert first is not None
    assert (first.after.state, first.after.problem, names(first)) == (
        "capturing",
        "amount_mismatch",
        ["payment.problem"],
    )
    assert next_state(first.after, wrong, now=NOW) is None


def test_news_about_somebody_elses_payment_moves_nothing() -> None:
    payment = a_payment(state="authorised", provider_reference=REFERENCE)
    transition = next_state(payment, said(payment, "captured", reference="pay_2"), now=NOW)
    assert transition is not None
    assert (transition.after.state, transition.after.problem) == ("authorised", "reference_mismatch")


@pytest.mark.parametrize(
    ("state", "outcome", "problem"),
    [
        ("captured", "voided", "voided_after_capture"),
        ("captured", "failed", "failed_after_capture"),
        ("voided", "captured", "captured_after_void"),
        ("voiding", "captured", "captured_unwanted"),
        ("requires_action", "not_found", "vanished"),
        ("authorised", "not_found", "vanished"),
        ("capturing", "not_found", "vanished"),
        ("captured", "not_found", "vanished"),
    ],
)
def test_a_contradiction_moves_no_money_and_calls_a_person(
    state: PaymentState, outcome: OutcomeState, problem: str
) -> None:
    payment = a_payment(state=state, provider_reference=REFERENCE)
    transition = next_state(payment, said(payment, outcome), now=LATER)
    assert transition is not None
    assert (transition.after.state, transition.after.problem) == (state, problem)
    assert names(transition) == ["payment.problem"]


def test_what_never_arrived_need_not_be_let_go() -> None:
    payment = void(a_payment(), now=NOW, reason="cancelled").after
    unseen = said(payment, "not_found")
    assert next_state(payment, unseen, now=NOW) is None, "it may still arrive"
    gone = next_state(payment, unseen, now=LATER)
    assert gone is not None
    assert (gone.after.state, gone.after.error_code) == ("failed", "not_found")


def test_a_capture_that_fails_ends_the_payment_and_calls_a_person() -> None:
    payment = a_payment(state="capturing", provider_reference=REFERENCE)
    transition = next_state(payment, said(payment, "failed", error_code="authorisation_expired"), now=NOW)
    assert transition is not None
    assert (transition.after.state, transition.after.error_code) == ("failed", "authorisation_expired")
    assert names(transition) == ["payment.failed", "payment.problem"]


def test_good_news_takes_the_problem_away() -> None:
    payment = a_payment(state="capturing", provider_reference=REFERENCE, problem="no_answer")
    transition = next_state(payment, said(payment, "captured", reference=REFERENCE), now=NOW)
    assert transition is not None
    assert transition.after.problem is None


@pytest.mark.parametrize("state", ["capturing", "captured", "voiding", "voided", "failed"])
def test_a_capture_once_begun_cannot_be_voided(state: PaymentState) -> None:
    with pytest.raises(ValueError, match=state):
        void(a_payment(state=state), now=NOW, reason="cancelled")


@pytest.mark.parametrize("state", ["pending", "voiding", "voided", "failed", "captured"])
def test_only_held_money_is_fetched(state: PaymentState) -> None:
    with pytest.raises(ValueError, match=state):
        capture(a_payment(state=state), now=NOW)


news = st.builds(
    lambda state, reference, amount, currency, error: (state, reference, amount, currency, error),
    st.sampled_from(get_args(OutcomeState)),
    st.sampled_from([None, REFERENCE, REFERENCE, REFERENCE, "pay_2"]),
    st.sampled_from([None, 12900, 12900, 12900, 1]),
    st.sampled_from([None, "CZK", "CZK", "PLN"]),
    st.sampled_from([None, "declined"]),
)


@given(st.lists(st.tuples(st.sampled_from(["hear", "hear", "hear", "capture", "void"]), news), max_size=12))
def test_random_news_never_doubles_money(steps: list[tuple[str, tuple[OutcomeState, str, int, str, str]]]) -> None:
    payment = a_payment()
    visited, told, now = ["pending"], [], NOW
    for step, (state, reference, amount, currency, error) in steps:
        now += timedelta(seconds=25)
        outcome = Outcome(
            payment_id=payment.id,
            state=state,
            reference=reference,
            amount=amount,
            currency=currency,
            error_code=error,
        )
        transition = _try(step, payment, outcome, now)
        if transition is None:
            continue
        assert transition.before is payment
        payment = transition.after
        told += names(transition)
        if payment.state != visited[-1]:
            visited.append(payment.state)
        if step == "hear":
            again = next_state(payment, outcome, now=now)
            assert names(again) == [], "the same news again says nothing"
            assert again is None or again.after.state == payment.state
    assert (payment.amount, payment.currency, payment.refunded) == (12900, "CZK", 0)
    assert not {"captured", "voided"} <= set(visited)
    assert visited.count("captured") <= 1
    assert told.count("payment.authorised") <= 1
    assert told.count("payment.captured") == visited.count("captured")
    assert told.count("payment.voided") <= 1
    assert payment.state in FINAL or payment.check_at is not None, "nothing unsettled is forgotten"


def _try(step: str, payment: Payment, outcome: Outcome, now: datetime) -> Transition | None:
    if step == "capture":
        return capture(payment, now=now) if payment.state == "authorised" else None
    if step == "void":
        voidable = payment.state in ("pending", "requires_action", "authorised")
        return void(payment, now=now, reason="cancelled") if voidable else None
    return next_state(payment, outcome, now=now)


class Provider:
    """The other side's truth about one payment, and what it has said so far, to be heard in any order."""

    def __init__(self, payment: Payment) -> None:
        self.payment = payment
        self.state: OutcomeState = "not_found"
        self.messages: list[Outcome] = []

    def become(self, state: OutcomeState) -> Outcome:
        self.state = state
        self.messages.append(self.outcome())
        return self.messages[-1]

    def outcome(self) -> Outcome:
        if self.state == "not_found":
            return said(self.payment, "not_found")
        return authorised(self.payment, state=self.state)

    def attend(self, payment: Payment) -> Outcome:
        """What `attend` would ask for."""
        if payment.state == "capturing" and self.state == "authorised":
            return self.become("captured")
        if payment.state == "voiding" and self.state in ("authorised", "requires_action"):
            return self.become("voided")
        return self.outcome()


class Shop:
    def __init__(self, payment: Payment) -> None:
        self.payment = payment
        self.now = NOW
        self.order_stands = True

    def hear(self, outcome: Outcome) -> None:
        transition = next_state(self.payment, outcome, now=self.now)
        if transition is None:
            return
        if transition.after.state == "authorised":
            transition = transition.then(
                "capture" if self.order_stands else "void", now=self.now, reason="order_is_gone"
            )
        self.payment = transition.after


actions = st.one_of(
    st.tuples(st.just("arrive"), st.sampled_from(["authorised", "authorised", "requires_action", "failed"])),
    st.tuples(st.just("customer"), st.sampled_from(["authorised", "failed"])),
    st.tuples(st.just("message"), st.integers(0, 9)),
    st.tuples(st.sampled_from(["attend", "attend_unheard", "wait", "give_up"]), st.none()),
)


@given(st.lists(actions, max_size=20))
def test_whatever_is_lost_late_or_repeated_shop_and_provider_agree_in_the_end(
    steps: list[tuple[str, OutcomeState | int | None]],
) -> None:
    payment = a_payment()
    shop, provider = Shop(payment), Provider(payment)
    for step, detail in steps:
        if (step, provider.state) in (("arrive", "not_found"), ("customer", "requires_action")):
            provider.become(detail)  # type: ignore[arg-type]
        elif step == "message" and provider.messages:
            shop.hear(provider.messages[int(detail or 0) % len(provider.messages)])
        elif step == "attend":
            shop.hear(provider.attend(shop.payment))
        elif step == "attend_unheard":
            provider.attend(shop.payment)
        elif step == "wait":
            shop.now += timedelta(seconds=70)
        elif step == "give_up":
            shop.order_stands = False
            if shop.payment.state in ("pending", "requires_action"):
                shop.payment = void(shop.payment, now=shop.now, reason="abandoned").after
    _come_to_rest(shop, provider)
    assert shop.payment.state in FINAL
    assert provider.state != "authorised", "no money is held for nobody"
    assert (shop.payment.state == "captured") == (provider.state == "captured")


def _come_to_rest(shop: Shop, provider: Provider) -> None:
    """Everything still on its way arrives, and the sweep goes on until nothing is due."""
    if provider.state == "requires_action":
        provider.become("failed")
    for message in list(provider.messages):
        shop.hear(message)
    for _ in range(10):
        if shop.payment.check_at is None:
            return
        shop.now = max(shop.now + timedelta(seconds=70), shop.payment.check_at)
        shop.hear(provider.attend(shop.payment))
    raise AssertionError(f"still due: {shop.payment}")
