"""Checkout from end to end: prepare, pay outside any transaction, settle. It stands at the edge."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Literal
from uuid import UUID

import msgspec

from kupec.billing import OFFLINE, CardProvider, Deferred, KeepFor, Outcome, Payment, ProviderUnreachable, get_payment
from kupec.kit.actor import Actor
from kupec.kit.batch import Batcher
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError
from kupec.sales.approvals import approve
from kupec.sales.models import PricedCart
from kupec.sales.prepare import PrepareRequest, Standing, prepare
from kupec.sales.settlement import settle

_WATCH_PAUSE = 0.25  # seconds between looks at a payment that another request is making
_WATCH_PATIENCE = 5.0


class CompleteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The buyer presses the button. `return_url` may hold "{payment}", which becomes the payment's id.

    `expected_total` is what the buyer saw, "shown" for what the cart remembers that it was shown. `agent`, if
    given, is the platform whose cart it must be; another's is not found. `approved_up_to` is for what was agreed to
    beforehand by somebody who may (a standing order); no page of the shop's says it.
    """

    cart_id: UUID
    key: str
    card_token: str
    expected_total: int | Literal["shown"] | None
    return_url: str
    actor: Actor
    agent: str | None = None
    approved_up_to: int | None = None
    keep: KeepFor | None = None
    """The buyer, who is signed in, lets us keep the card."""
    card_only: bool = False
    """Raise CardNotMeant where the cart is to be paid otherwise than by card."""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """Where the sale stands.

    `requires_action`: send the buyer to `action_url`. `in_progress`: the provider has not answered; the
    order appears, or the money is let go, by itself. `failed`: nothing was charged, try another card.
    `sold` is the cart as it was sold, where this very request placed the order.
    """

    order_id: UUID
    cart_id: UUID
    state: Literal["placed", "requires_action", "in_progress", "failed"]
    number: str | None = None
    payment_id: UUID | None = None
    action_url: str | None = None
    error_code: str | None = None
    sold: PricedCart | None = None


class Checkout:
    """The sale's edge: made once a process; concurrent buyers share its batches."""

    def __init__(
        self,
        database: Database,
        payments: CardProvider,
        clock: Clock,
        *,
        hold_for: timedelta,
        order_prefix: str,
        at_once: int = 64,
    ) -> None:
        """`at_once` is how many sales share a transaction at most: more of them cost less, and hold locks longer."""
        self._database = database
        self._cards = payments
        self._providers: dict[str, CardProvider] = {name: Deferred(name) for name in OFFLINE} | {
            payments.name: payments
        }
        self._clock = clock
        self._hold_for = hold_for
        # Both want the same shelves: taking turns they gather more, instead of waiting for each other's locks.
        turn = asyncio.Lock()
        self._prepare: Batcher[PrepareRequest, Standing] = Batcher(
            database, partial(_prepare_now, clock=clock, hold_for=hold_for), max_size=at_once, turn=turn
        )
        self._settle: Batcher[Outcome, Standing] = Batcher(
            database, partial(_settle_now, clock=clock, order_prefix=order_prefix), max_size=at_once, turn=turn
        )

    async def complete(self, request: CompleteRequest) -> Completion:
        """Order and pay. The same request made again, at once or later, makes no second order.

        Raises what `prepare` gives as error values (NotFound, CartClosed, CartIncomplete, NotEnoughStock,
        TotalChanged, IdempotencyMismatch). A card that is refused is a Completion, not an error.
        """
        standing = await self._prepare(self._prepare_request(request))
        if standing.payment is not None and standing.fresh:
            paid = await self._pay(standing.payment, request)
            return _completion(msgspec.structs.replace(paid, seen=standing.seen))
        if standing.state == "draft" and standing.payment is not None and standing.payment.state == "pending":
            joined = await self._join(standing.payment, request, repeated=standing.key == request.key)
            if joined.state == "abandoned" and joined.key != request.key:
                return await self.complete(request)
            return _completion(joined)
        return _completion(standing)

    async def _join(self, payment: Payment, request: CompleteRequest, *, repeated: bool) -> Standing:
        """Another request is making this payment, or has died over it.

        The same click, repeated, carries it on: the provider knows it by its id and takes the money once. Anybody
        else may only ask what became of it.
        """
        decided = await self._watch(payment)
        if decided is not None:
            return decided
        return await (self._pay(payment, request) if repeated else self._ask(payment))

    async def _pay(self, payment: Payment, request: CompleteRequest) -> Standing:
        return_url = request.return_url.replace("{payment}", str(payment.id))
        try:
            outcome = await self._providers[payment.provider].authorise(
                payment, token=request.card_token, return_url=return_url, keep=request.keep
            )
        except ProviderUnreachable:
            return await self._ask(payment)
        return await self._settle(outcome)

    async def approve(self, approval_id: UUID, *, expected_total: int, actor: Actor) -> Completion:
        """An approver says yes to a cart seen for `expected_total`, and it is ordered: once, however often said.

        Should this process die in between, the sweep of promises places the order. Raises what `approve` does.
        """
        async with self._database.transaction() as db:
            standing = await approve(
                db,
                approval_id,
                expected_total=expected_total,
                hold_for=self._hold_for,
                actor=actor,
                now=self._clock.now(),
            )
        if standing.payment is None or standing.payment.state != "pending":
            return _completion(standing)
        return _completion(await self._ask(standing.payment))

    async def settle_payment(self, payment_id: UUID) -> Completion:
        """Ask the provider what became of a payment and act on it: the browser's return and the webhook.

        Raises NotFound.
        """
        async with self._database.reading() as db:
            payment = await get_payment(db, payment_id)
        return _completion(await self._ask(payment))

    async def settle_outcomes(self, outcomes: Sequence[Outcome]) -> list[Standing]:
        """Act on what the sweep learnt, sharing the batches of everybody else."""
        return list(await asyncio.gather(*(self._settle(outcome) for outcome in outcomes)))

    async def _ask(self, payment: Payment) -> Standing:
        try:
            outcome = await self._providers[payment.provider].find(payment)
        except ProviderUnreachable:
            outcome = Outcome(payment_id=payment.id, state="not_found")
            return await self._unchanged(outcome)
        return await self._settle(outcome)

    async def _unchanged(self, outcome: Outcome) -> Standing:
        """No news: the payment stays due, and the sweep goes on asking."""
        async with self._database.reading() as db:
            payment = await get_payment(db, outcome.payment_id)
            return await _standing(db, payment)

    async def _watch(self, payment: Payment) -> Standing | None:
        """What the payment comes to; None when whoever makes it takes too long."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + _WATCH_PATIENCE
        while loop.time() < patience:
            async with self._database.reading() as db:
                current = await get_payment(db, payment.id)
                if current.state != "pending":
                    return await _standing(db, current)
            await asyncio.sleep(_WATCH_PAUSE)
        return None

    def _prepare_request(self, request: CompleteRequest) -> PrepareRequest:
        told = msgspec.json.encode([request.cart_id, request.card_token, request.expected_total])
        return PrepareRequest(
            cart_id=request.cart_id,
            key=request.key,
            request_hash=hashlib.sha256(told).digest(),
            expected_total=request.expected_total,
            provider=self._cards.name,
            actor=request.actor,
            agent=request.agent,
            approved_up_to=request.approved_up_to,
            keep=request.keep,
            card_only=request.card_only,
        )


async def _prepare_now(
    db: Connection, requests: Sequence[PrepareRequest], *, clock: Clock, hold_for: timedelta
) -> list[Standing | KupecError]:
    return await prepare(db, requests, now=clock.now(), hold_for=hold_for)


async def _settle_now(
    db: Connection, outcomes: Sequence[Outcome], *, clock: Clock, order_prefix: str
) -> list[Standing | KupecError]:
    return await settle(db, outcomes, now=clock.now(), order_prefix=order_prefix)


async def _standing(db: Connection, payment: Payment) -> Standing:
    row = await db.fetchrow("select cart_id, state, number, key from sales_order where id = $1", payment.order_id)
    assert row is not None, "a payment's order is never deleted"
    state: Literal["draft", "placed", "abandoned"] = (
        row["state"] if row["state"] in ("draft", "abandoned") else "placed"
    )
    return Standing(
        cart_id=row["cart_id"],
        order_id=payment.order_id,
        state=state,
        number=row["number"],
        payment=payment,
        key=row["key"],
    )


def _completion(standing: Standing) -> Completion:
    payment = standing.payment
    waiting = payment is not None and payment.state == "requires_action"
    state: Literal["placed", "requires_action", "in_progress", "failed"] = "in_progress"
    if standing.state == "placed":
        state = "placed"
    elif standing.state == "abandoned":
        state = "failed"
    elif waiting:
        state = "requires_action"
    return Completion(
        order_id=standing.order_id,
        cart_id=standing.cart_id,
        state=state,
        number=standing.number,
        payment_id=payment.id if payment else None,
        action_url=payment.action_url if payment and waiting else None,
        error_code=payment.error_code if payment and state == "failed" else None,
        sold=_sold(standing.seen) if standing.seen and state == "placed" else None,
    )


def _sold(seen: PricedCart) -> PricedCart:
    return msgspec.structs.replace(seen, cart=msgspec.structs.replace(seen.cart, state="ordered"), problems=[])
