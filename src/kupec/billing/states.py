"""The states of a payment, as pure rules: what a piece of news changes, and what it does not.

News comes by four ways (the provider's reply, the browser's return, a webhook, our own question),
any number of times and in any order. So a state only ever moves forward, what is behind it is old
news, and what contradicts it never moves money but calls a person. Drawn in docs/algorithms/payments.md.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from kupec.billing.events import (
    PaymentAuthorised,
    PaymentAwaiting,
    PaymentCaptured,
    PaymentFailed,
    PaymentPayload,
    PaymentProblem,
    PaymentReopened,
    PaymentRequiresAction,
    PaymentVoided,
    PaymentVoidRequested,
)
from kupec.billing.models import DEFERRED, FREE, OFFLINE, Outcome, OutcomeState, Payment, PaymentState

CHECK_PAUSE = timedelta(seconds=10)
"""Before an unsettled payment is first asked about again; then it doubles."""
LONGEST_PAUSE = timedelta(minutes=15)
NOT_FOUND_GRACE = timedelta(seconds=25)
"""How long our own request may still be on its way when the provider says it has never seen it."""
LAST_LOOK = timedelta(hours=1)
"""When a payment that never arrived is asked about for the last time."""
STUCK_AFTER = 6
"""Checks without an answer, after which a person is called."""

_MOVES: dict[tuple[PaymentState, OutcomeState], PaymentState] = {
    ("pending", "requires_action"): "requires_action",
    ("pending", "authorised"): "authorised",
    ("pending", "captured"): "captured",
    ("pending", "voided"): "voided",
    ("pending", "failed"): "failed",
    ("pending", "not_found"): "failed",
    ("requires_action", "authorised"): "authorised",
    ("requires_action", "captured"): "captured",
    ("requires_action", "voided"): "voided",
    ("requires_action", "failed"): "failed",
    ("authorised", "captured"): "captured",
    ("authorised", "voided"): "voided",
    ("authorised", "failed"): "failed",
    ("capturing", "captured"): "captured",
    ("capturing", "voided"): "voided",
    ("capturing", "failed"): "failed",
    ("voiding", "voided"): "voided",
    ("voiding", "failed"): "failed",
    ("voiding", "not_found"): "failed",
    # We have told the customer that it failed, and they may have paid in another way since.
    ("failed", "authorised"): "voiding",
    ("failed", "captured"): "voiding",
}

_PROBLEMS: dict[tuple[PaymentState, OutcomeState], str] = {
    ("requires_action", "not_found"): "vanished",
    ("authorised", "not_found"): "vanished",
    ("capturing", "not_found"): "vanished",
    ("captured", "not_found"): "vanished",
    ("captured", "voided"): "voided_after_capture",
    ("captured", "failed"): "failed_after_capture",
    ("voided", "captured"): "captured_after_void",
    ("voiding", "captured"): "captured_unwanted",
    # These two also move: the order stands, the money does not.
    ("capturing", "voided"): "capture_failed",
    ("capturing", "failed"): "capture_failed",
    ("failed", "captured"): "captured_unwanted",
}

VOIDABLE = frozenset({"pending", "requires_action", "authorised", "awaiting"})
_FINAL = frozenset({"captured", "voided", "failed"})
_HELD = frozenset({"authorised", "captured"})


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """What changes about a payment, and what the log will say. Nothing is written yet."""

    before: Payment
    after: Payment
    payloads: tuple[PaymentPayload, ...]

    def then(self, step: Literal["capture", "void"], *, now: datetime, reason: str = "") -> "Transition":
        """The decision about money that has just come in, in the same breath: fetch it, or let it go.

        `reason` is a code, for the log. Money that was captured already stays, and a person is called (problem
        "captured_unwanted"). Raises ValueError when no money has come in.
        """
        if self.after.state == "captured":
            return self if step == "capture" else self._followed_by(_unwanted(self.after, now=now))
        decided = capture(self.after, now=now) if step == "capture" else void(self.after, now=now, reason=reason)
        return self._followed_by(decided)

    def _followed_by(self, later: "Transition") -> "Transition":
        return Transition(before=self.before, after=later.after, payloads=self.payloads + later.payloads)


def next_state(
    payment: Payment, outcome: Outcome, *, now: datetime, pause: timedelta = CHECK_PAUSE
) -> Transition | None:
    """What `outcome` changes about `payment`; None when it is old news. Pure.

    Whatever is repeated, late or contradictory has no second effect. News that does not fit (another
    amount, another reference, an impossible order) becomes `problem`, once, and never money.
    """
    mismatch = _mismatch(payment, outcome)
    if mismatch:
        if mismatch == "reference_mismatch" or payment.state not in ("pending", "requires_action", "failed"):
            return _complain(payment, mismatch, now=now)
        return _move(payment, outcome, "voiding", problem=mismatch, now=now, pause=pause)
    pair = payment.state, outcome.state
    problem = _PROBLEMS.get(pair)
    state = _MOVES.get(pair)
    if state is not None and outcome.state == "not_found":
        if payment.provider_reference is not None:
            return _complain(payment, "vanished", now=now)
        if now - payment.created_at < NOT_FOUND_GRACE:
            return None
    if state is not None:
        return _move(payment, outcome, state, problem=problem, now=now, pause=pause)
    if problem is not None:
        return _complain(payment, problem, now=now)
    return _settled(payment, now=now)


def capture(payment: Payment, *, now: datetime) -> Transition:
    """Held money is to be fetched. Pure; raises ValueError unless it is held and undecided.

    A way to pay that is settled later makes it "awaiting" instead, which no sweep looks at, and nothing to pay
    makes it "captured" at once.
    """
    if payment.state != "authorised":
        raise ValueError(f"a payment that is {payment.state} cannot be captured")
    if payment.provider == FREE:
        return _now(payment, "captured", PaymentCaptured, now=now)
    if payment.provider in DEFERRED:
        return _now(payment, "awaiting", PaymentAwaiting, now=now)
    after = msgspec.structs.replace(payment, state="capturing", check_at=now, checks=0, updated_at=now)
    return Transition(before=payment, after=after, payloads=())


def void(payment: Payment, *, now: datetime, reason: str) -> Transition:
    """Whatever is held, or may come to be, is to be let go; `reason` is a code. Pure.

    Raises ValueError once the capture has begun: from then on money comes back by a refund only, so
    that a capture and a void can never be on their way at the same time. Where no network is between us
    and the money, and while it is only owed, it is "voided" at once.
    """
    if payment.state not in VOIDABLE:
        raise ValueError(f"a payment that is {payment.state} cannot be voided")
    if payment.state == "awaiting" or payment.provider in OFFLINE:
        return _now(payment, "voided", PaymentVoided, now=now, owed=True)
    after = msgspec.structs.replace(payment, state="voiding", check_at=now, checks=0, updated_at=now)
    payload = PaymentVoidRequested(
        payment_id=payment.id, amount=payment.amount, currency=payment.currency, reason=reason
    )
    return Transition(before=payment, after=after, payloads=(payload,))


def settle_owed(payment: Payment, *, now: datetime) -> Transition:
    """All that was owed has come in: a statement or a person says so. Pure; ValueError unless it is "awaiting"."""
    if payment.state != "awaiting":
        raise ValueError(f"a payment that is {payment.state} is not owed")
    return _now(payment, "captured", PaymentCaptured, now=now)


def reopen(payment: Payment, *, now: datetime) -> Transition:
    """It had not come in after all, and is owed again. Pure.

    Raises ValueError for what a provider captured, and for what has been given back in the meantime.
    """
    if payment.state != "captured" or payment.provider not in DEFERRED:
        raise ValueError(f"a payment that is {payment.state} at {payment.provider} cannot be owed again")
    return _now(payment, "awaiting", PaymentReopened, now=now)


def _now(
    payment: Payment, state: PaymentState, payload: type[PaymentPayload], *, now: datetime, **more: bool
) -> Transition:
    """Done as soon as it is decided: nobody is asked. What is told is what was still owed."""
    after = msgspec.structs.replace(payment, state=state, check_at=None, checks=0, updated_at=now)
    told = payload(payment_id=payment.id, amount=payment.amount - payment.refunded, currency=payment.currency, **more)
    return Transition(before=payment, after=after, payloads=(told,))


def _mismatch(payment: Payment, outcome: Outcome) -> str | None:
    if None not in (payment.provider_reference, outcome.reference) and payment.provider_reference != outcome.reference:
        return "reference_mismatch"
    if outcome.state in _HELD:
        if outcome.amount is not None and outcome.amount != payment.amount:
            return "amount_mismatch"
        if outcome.currency is not None and outcome.currency != payment.currency:
            return "currency_mismatch"
    return None


def _complain(payment: Payment, code: str, *, now: datetime) -> Transition | None:
    if payment.problem == code:
        return _settled(payment, now=now)
    check_at = None if payment.state in _FINAL else payment.check_at
    after = msgspec.structs.replace(payment, problem=code, check_at=check_at, updated_at=now)
    return Transition(before=payment, after=after, payloads=(_problem_payload(payment, code),))


def _unwanted(payment: Payment, *, now: datetime) -> Transition:
    after = msgspec.structs.replace(payment, problem="captured_unwanted", updated_at=now)
    return Transition(before=payment, after=after, payloads=(_problem_payload(payment, "captured_unwanted"),))


def _settled(payment: Payment, *, now: datetime) -> Transition | None:
    """Nothing new; a final state that was looked at once more needs no further look."""
    if payment.state not in _FINAL or payment.check_at is None:
        return None
    after = msgspec.structs.replace(payment, check_at=None, updated_at=now)
    return Transition(before=payment, after=after, payloads=())


def _move(
    payment: Payment, outcome: Outcome, state: PaymentState, *, problem: str | None, now: datetime, pause: timedelta
) -> Transition:
    error_code = outcome.error_code
    if state == "failed" and error_code is None:
        error_code = "not_found" if outcome.state == "not_found" else "declined"
    after = msgspec.structs.replace(
        payment,
        state=state,
        provider_reference=outcome.reference or payment.provider_reference,
        action_url=outcome.action_url if state == "requires_action" else None,
        error_code=error_code if state in ("failed", "voiding") else payment.error_code,
        card_label=outcome.card_label or payment.card_label,
        problem=problem,
        check_at=_next_check(outcome, state, now, pause),
        checks=0,
        updated_at=now,
    )
    # A promise to pay later is no money held.
    silent = state == "authorised" and payment.provider in OFFLINE
    payloads = [] if silent else [_payload(after, outcome)]
    if problem is not None:
        payloads.append(_problem_payload(payment, problem))
    return Transition(before=payment, after=after, payloads=tuple(payloads))


def _next_check(outcome: Outcome, state: PaymentState, now: datetime, pause: timedelta) -> datetime | None:
    if state == "failed" and outcome.state == "not_found":
        return now + LAST_LOOK
    if state in _FINAL:
        return None
    return now if state == "voiding" else now + pause


def _payload(after: Payment, outcome: Outcome) -> PaymentPayload:
    payment_id, amount, currency = after.id, after.amount, after.currency
    match after.state:
        case "requires_action":
            return PaymentRequiresAction(payment_id=payment_id, amount=amount, currency=currency)
        case "authorised":
            return PaymentAuthorised(payment_id=payment_id, amount=amount, currency=currency)
        case "captured":
            return PaymentCaptured(payment_id=payment_id, amount=amount, currency=currency)
        case "voided":
            return PaymentVoided(payment_id=payment_id, amount=amount, currency=currency)
        case "voiding":
            reason = f"unexpected_{outcome.state}"
            return PaymentVoidRequested(payment_id=payment_id, amount=amount, currency=currency, reason=reason)
        case _:
            return PaymentFailed(payment_id=payment_id, amount=amount, currency=currency, error_code=after.error_code)


def _problem_payload(payment: Payment, code: str) -> PaymentProblem:
    return PaymentProblem(payment_id=payment.id, amount=payment.amount, currency=payment.currency, code=code)
