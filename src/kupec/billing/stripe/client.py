"""Stripe behind the protocol of card providers. Why it does what it does: docs/payments.md.

A customer's card is typed on Stripe's page (a Checkout Session), so none of its scripts runs on ours; a kept card is
charged with a PaymentIntent. A payment's reference is the id of whichever was made first for it: "cs_…" or "pi_…".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kupec.billing.errors import InvalidSignature
from kupec.billing.models import HERE, KeepFor, KeptCard, Notice, Outcome, Payment, ProviderUnreachable, RefundOutcome
from kupec.billing.stripe.objects import (
    Intent,
    IntentPage,
    PaymentMethod,
    Problem,
    RefundObject,
    Session,
    SessionPage,
    SetupIntent,
    StripeEvent,
)
from kupec.billing.stripe.signature import verify
from kupec.billing.stripe.wire import PATIENCE, StripeRefusal, Wire

SESSION_LIFE = timedelta(hours=1)
"""Stripe allows no less than half an hour from when the session is made."""
_LOOK_BACK, _LOOK_AHEAD = timedelta(minutes=1), timedelta(minutes=10)
_MOST_PAGES = 20
_INTENT_EVENTS = frozenset(
    f"payment_intent.{what}"
    for what in ("amount_capturable_updated", "succeeded", "canceled", "payment_failed", "requires_action")
)


class StripeCards:
    """A CardProvider; one for each process, as it keeps its connections. `title` stands on Stripe's page.

    `authorise` with an empty token sends the customer to Stripe's page; with "cus_…:pm_…" it charges a kept card while
    its owner is away, with "here:cus_…:pm_…" one they have just chosen, with "pm_…" one for this payment only.
    """

    name = "stripe"

    def __init__(
        self,
        url: str,
        *,
        key: str,
        webhook_secret: str,
        title: str = "Order",
        connections: int = 64,
        patience: float = PATIENCE,
    ) -> None:
        self._wire = Wire(url, key=key, connections=connections, patience=patience)
        self._webhook_secret = webhook_secret
        self._title = title

    async def close(self) -> None:
        await self._wire.close()

    async def authorise(self, payment: Payment, *, token: str, return_url: str, keep: KeepFor | None = None) -> Outcome:
        try:
            if token:
                values = _intent_form(payment, token, return_url)
                return _of_intent(payment.id, await self._made(Intent, "/v1/payment_intents", values, payment))
            values = _session_form(payment, self._title, return_url, keep)
            return _of_session(payment.id, await self._made(Session, "/v1/checkout/sessions", values, payment))
        except StripeRefusal as refusal:
            if refusal.problem.type == "idempotency_error":
                # Asked before with other words (another card): what was asked first is what counts.
                return await self.find(payment)
            return _refused(payment.id, refusal.problem)

    async def _made(self, kind: type[Any], path: str, values: dict[str, Any], payment: Payment) -> Any:
        return await self._wire.post(path, kind, values, key=str(payment.id))

    async def capture(self, payment: Payment) -> Outcome:
        return await self._step(payment, "capture")

    async def void(self, payment: Payment) -> Outcome:
        session = await self._session_of(payment)
        if session is not None and session.status == "open":
            try:
                path = f"/v1/checkout/sessions/{session.id}/expire"
                session = await self._wire.post(path, Session, {}, key=f"{payment.id}:expire")
                return Outcome(payment_id=payment.id, state="voided", reference=session.id)
            except StripeRefusal:
                # The customer was quicker: the money that is held now is let go below.
                return await self._step(payment, "cancel")
        return await self._step(payment, "cancel")

    async def find(self, payment: Payment) -> Outcome:
        reference = payment.provider_reference
        try:
            if reference is None:
                return await self._looked_up(payment)
            if reference.startswith("cs_"):
                return _of_session(payment.id, await self._session(reference))
            return _of_intent(payment.id, await self._intent(reference))
        except StripeRefusal as refusal:
            if refusal.status == 404:
                return Outcome(payment_id=payment.id, state="not_found")
            raise ProviderUnreachable(str(refusal)) from refusal

    async def refund(self, payment: Payment, *, refund_id: UUID, amount: int) -> RefundOutcome:
        intent_id = await self._intent_id(payment)
        if intent_id is None:
            return RefundOutcome(done=False, error_code="nothing_captured")
        values = {"payment_intent": intent_id, "amount": amount, "metadata": {"refund_id": str(refund_id)}}
        try:
            refund = await self._wire.post("/v1/refunds", RefundObject, values, key=str(refund_id))
        except StripeRefusal as refusal:
            return RefundOutcome(done=False, error_code=refusal.problem.reason)
        if refund.status in ("failed", "canceled"):
            return RefundOutcome(done=False, reference=refund.id, error_code=refund.failure_reason or "refused")
        return RefundOutcome(done=True, reference=refund.id)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """A message about something else than a payment of ours is a Notice without outcome."""
        lower = {name.lower(): value for name, value in headers.items()}
        verify(self._webhook_secret, lower.get("stripe-signature", ""), body, now=now)
        try:
            event = msgspec.json.decode(body, type=StripeEvent)
        except msgspec.DecodeError:
            # Signed, yet no event: nothing in it can be told from what has come before.
            raise InvalidSignature from None
        try:
            return Notice(external_id=event.id, outcome=_told(event))
        except (msgspec.DecodeError, ValueError, KeyError):
            return Notice(external_id=event.id, outcome=None)

    async def keep_card(self, *, return_url: str, customer_reference: str | None, key: str) -> str:
        """The address of a page of Stripe's on which a customer lets us keep a card; the return address gets the
        session's id where it says "{CHECKOUT_SESSION_ID}". Raises ProviderUnreachable, StripeRefusal."""
        values = {
            "mode": "setup",
            "currency": None,
            "payment_method_types": ["card"],
            "customer": customer_reference,
            "customer_creation": None if customer_reference else "always",
            "success_url": return_url,
            "cancel_url": return_url,
        }
        session = await self._wire.post("/v1/checkout/sessions", Session, values, key=key)
        if session.url is None:
            raise ProviderUnreachable("a session without an address")
        return session.url

    async def kept_card(self, session_id: str) -> KeptCard | None:
        """The card that a customer let us keep on that page; None when they did not. Raises ProviderUnreachable."""
        path = f"/v1/checkout/sessions/{session_id}"
        try:
            session = await self._wire.get(path, Session, expand=["setup_intent.payment_method"])
        except StripeRefusal:
            return None
        setup = session.setup_intent
        if session.customer is None or not isinstance(setup, SetupIntent) or setup.status != "succeeded":
            return None
        method = setup.payment_method
        if not isinstance(method, PaymentMethod):
            return None
        label = method.card.label if method.card else None
        return KeptCard(customer_reference=session.customer, card_reference=method.id, label=label or "Card")

    async def _step(self, payment: Payment, step: str) -> Outcome:
        """Capture or cancel; one that cannot be done any more reports what is."""
        intent_id = await self._intent_id(payment)
        if intent_id is None:
            return await self.find(payment)
        via_session = (payment.provider_reference or "").startswith("cs_")
        try:
            values = {"expand": ["latest_charge"]}
            intent = await self._wire.post(
                f"/v1/payment_intents/{intent_id}/{step}", Intent, values, key=f"{payment.id}:{step}"
            )
        except StripeRefusal as refusal:
            if refusal.problem.payment_intent is not None and refusal.status != 402:
                return _of_intent(payment.id, refusal.problem.payment_intent, via_session=via_session)
            return _refused(payment.id, refusal.problem)
        return _of_intent(payment.id, intent, via_session=via_session)

    async def _intent_id(self, payment: Payment) -> str | None:
        reference = payment.provider_reference
        if reference is None:
            reference = (await self._looked_up(payment)).reference
        if reference is None or not reference.startswith("cs_"):
            return reference
        found = (await self._session(reference)).payment_intent
        return found.id if isinstance(found, Intent) else found

    async def _session_of(self, payment: Payment) -> Session | None:
        reference = payment.provider_reference or (await self._looked_up(payment)).reference
        return await self._session(reference) if reference and reference.startswith("cs_") else None

    async def _session(self, session_id: str) -> Session:
        path = f"/v1/checkout/sessions/{session_id}"
        return await self._wire.get(path, Session, expand=["payment_intent.latest_charge"])

    async def _intent(self, intent_id: str) -> Intent:
        return await self._wire.get(f"/v1/payment_intents/{intent_id}", Intent, expand=["latest_charge"])

    async def _looked_up(self, payment: Payment) -> Outcome:
        """A payment whose reference never reached us. Lists are read, not the search: that lags behind by a minute."""
        created = {
            "gte": int((payment.created_at - _LOOK_BACK).timestamp()),
            "lte": int((payment.created_at + _LOOK_AHEAD).timestamp()),
        }
        own, after = str(payment.id), None
        for _ in range(_MOST_PAGES):
            sessions = await self._wire.get(
                "/v1/checkout/sessions", SessionPage, created=created, limit=100, starting_after=after
            )
            for session in sessions.data:
                if session.client_reference_id == own:
                    return _of_session(payment.id, await self._session(session.id))
            if not sessions.has_more:
                break
            after = sessions.data[-1].id
        after = None
        for _ in range(_MOST_PAGES):
            intents = await self._wire.get(
                "/v1/payment_intents", IntentPage, created=created, limit=100, starting_after=after
            )
            for intent in intents.data:
                if intent.metadata.get("payment_id") == own:
                    return _of_intent(payment.id, await self._intent(intent.id))
            if not intents.has_more:
                return Outcome(payment_id=payment.id, state="not_found")
            after = intents.data[-1].id
        raise ProviderUnreachable("too many payments to look through")


def _intent_form(payment: Payment, token: str, return_url: str) -> dict[str, Any]:
    here = token.startswith(HERE)
    customer, _, method = token.removeprefix(HERE).rpartition(":")
    return {
        "amount": payment.amount,
        "currency": payment.currency.lower(),
        "capture_method": "manual",
        "confirm": True,
        "payment_method": method,
        "payment_method_types": ["card"],
        "customer": customer or None,
        # Nobody is there to confirm when a kept card is charged.
        "off_session": True if customer and not here else None,
        "return_url": return_url if here or not customer else None,
        "metadata": {"payment_id": str(payment.id), "order_id": str(payment.order_id)},
        "expand": ["latest_charge"],
    }


def _session_form(payment: Payment, title: str, return_url: str, keep: KeepFor | None) -> dict[str, Any]:
    names = {"payment_id": str(payment.id), "order_id": str(payment.order_id)}
    return {
        "mode": "payment",
        "client_reference_id": str(payment.id),
        "payment_method_types": ["card"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": payment.currency.lower(),
                    "unit_amount": payment.amount,
                    "product_data": {"name": title},
                },
            }
        ],
        "customer": keep.customer_reference or None if keep else None,
        "customer_creation": "always" if keep and not keep.customer_reference else None,
        "payment_intent_data": {
            "capture_method": "manual",
            "setup_future_usage": "off_session" if keep else None,
            "metadata": {**names, "via": "session"},
        },
        "metadata": names,
        # Reckoned from the attempt, not from now: a repetition must say the same.
        "expires_at": int((payment.created_at + SESSION_LIFE).timestamp()),
        "success_url": return_url,
        "cancel_url": return_url,
    }


def _told(event: StripeEvent) -> Outcome | None:
    if event.type == "checkout.session.expired":
        session = msgspec.json.decode(event.data.object, type=Session)
        return _of_session(UUID(session.client_reference_id or ""), session)
    if event.type not in _INTENT_EVENTS:
        return None
    intent = msgspec.json.decode(event.data.object, type=Intent)
    via_session = intent.metadata.get("via") == "session"
    if via_session and intent.status in ("requires_payment_method", "requires_action"):
        return None  # on Stripe's page the customer may try again
    try:
        return _of_intent(UUID(intent.metadata["payment_id"]), intent, via_session=via_session)
    except ProviderUnreachable:
        return None


def _refused(payment_id: UUID, problem: Problem) -> Outcome:
    reference = problem.payment_intent.id if problem.payment_intent else None
    return Outcome(payment_id=payment_id, state="failed", reference=reference, error_code=problem.reason)


def _of_session(payment_id: UUID, session: Session) -> Outcome:
    if session.status == "expired":
        return Outcome(payment_id=payment_id, state="failed", reference=session.id, error_code="expired")
    if session.status == "open":
        return Outcome(payment_id=payment_id, state="requires_action", reference=session.id, action_url=session.url)
    if not isinstance(session.payment_intent, Intent):
        raise ProviderUnreachable("a finished session without its payment")
    outcome = _of_intent(payment_id, session.payment_intent, via_session=True)
    return msgspec.structs.replace(outcome, reference=session.id)


def _kept(intent: Intent) -> KeptCard | None:
    if intent.kept is None or intent.status not in ("requires_capture", "succeeded"):
        return None
    customer, card = intent.kept
    return KeptCard(customer_reference=customer, card_reference=card, label=intent.label or "Card")


def _of_intent(payment_id: UUID, intent: Intent, *, via_session: bool = False) -> Outcome:
    known = Outcome(
        payment_id=payment_id,
        state="authorised",
        # The session's id is the reference where there is one.
        reference=None if via_session or intent.metadata.get("via") == "session" else intent.id,
        amount=intent.amount,
        currency=intent.currency.upper(),
        card_label=intent.label,
        kept=_kept(intent),
    )
    match intent.status:
        case "requires_capture":
            return known
        case "succeeded":
            return msgspec.structs.replace(known, state="captured", amount=intent.amount_received)
        case "canceled":
            return msgspec.structs.replace(known, state="voided")
        case "requires_action":
            redirect = intent.next_action.redirect_to_url if intent.next_action else None
            return msgspec.structs.replace(
                known, state="requires_action", action_url=redirect.url if redirect else None
            )
        case "requires_payment_method" if intent.last_payment_error is not None:
            return msgspec.structs.replace(known, state="failed", error_code=intent.last_payment_error.reason)
    raise ProviderUnreachable(f"it is {intent.status}")
