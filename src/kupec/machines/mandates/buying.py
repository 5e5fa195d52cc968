"""Machines buy in this shop: claim, order, note. The edge, made once a process.

Three steps, the first and the last a short transaction each, the checkout between them outside any. A process may die
anywhere: whoever looks next makes the same try under the same key, and one order comes of both, or none and the budget
is free again. Worked through in docs/algorithms/mandates.md.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from kupec.billing import stored_cards
from kupec.kit.actor import Actor
from kupec.kit.batch import Busy
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import IdempotencyMismatch, KupecError
from kupec.kit.versions import published
from kupec.machines.mandates.approving import accept
from kupec.machines.mandates.claiming import LEASE, actor_of
from kupec.machines.mandates.models import OWN, Purchase, PurchaseRequest
from kupec.machines.mandates.noting import Outcome, note_own
from kupec.machines.mandates.rows import get_mandate, get_purchase
from kupec.machines.mandates.rules import MANDATES
from kupec.machines.mandates.wanting import refused_by, want
from kupec.sales import Checkout, CompleteRequest, Completion

# Whether it was ordered is not known: the lease runs out, and whoever comes next looks.
_UNKNOWN: Final = (Busy, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, IdempotencyMismatch)
_AT_ONCE: Final = 64

log = structlog.get_logger(__name__)


class MachineBuyer:
    """Buys for owners what their machines want, within their mandates. Made in wiring, as Checkout is.

    `return_url` is where a provider would send a customer to; nobody is there to be sent. `elsewhere`, set by the room
    that buys of other sellers, is told of what an owner has agreed to there.
    """

    def __init__(self, database: Database, checkout: Checkout, clock: Clock, *, return_url: str) -> None:
        self._database = database
        self._checkout = checkout
        self._clock = clock
        self._return_url = return_url
        self.elsewhere: Callable[[Purchase], Awaitable[Purchase]] | None = None

    async def buy(self, request: PurchaseRequest) -> Purchase:
        """Buy, ask, refuse or fail: each is a purchase with its state and reason. The same key again is the same one.

        "claimed" in the answer means that the payment is not decided yet: ask again with the same key; it comes to
        an end by itself, too. Raises NotFound (machine), InvalidValue (key, lines), TooManyRefusals; for a given cart
        also NotFound, CartClosed, CartInPayment and Forbidden.
        """
        async with self._database.transaction() as db:
            purchase = await want(db, request, now=self._clock.now())
        return await self._complete(purchase)

    async def approve(self, purchase_id: UUID, *, expected_total: int | None = None, actor: Actor) -> Purchase:
        """The owner says yes to what is asked, seen for `expected_total`, and it is ordered: once, however often said.

        Raises NotFound, Forbidden, PurchaseDecided, MandateRefuses, TotalChanged; then it waits as before.
        """
        async with self._database.transaction() as db:
            purchase = await accept(db, purchase_id, expected_total=expected_total, actor=actor, now=self._clock.now())
        if purchase.seller != OWN and purchase.state == "claimed" and self.elsewhere is not None:
            return await self.elsewhere(purchase)
        return await self._complete(purchase)

    async def finish_purchases(self, *, limit: int = _AT_ONCE) -> int:
        """Carry on what was claimed and whose process has died, or whose payment was undecided; returns how many."""
        now = self._clock.now()
        async with self._database.transaction(quiet=True) as db:
            rows = await db.fetch(
                """
                update purchase set next_try_at = $2 where id in (
                    select id from purchase where next_try_at <= $1 and state = 'claimed' and seller = 'own'
                     order by next_try_at, id limit $3 for no key update skip locked)
                returning id
                """,
                *(now, now + LEASE, limit),
            )
        for row in rows:
            await self._carry_on(row["id"])
        return len(rows)

    async def _carry_on(self, purchase_id: UUID) -> None:
        async with self._database.reading() as db:
            purchase = await get_purchase(db, purchase_id)
            began = await _began(db, purchase)
            minutes = (await published(db, MANDATES))[MANDATES].give_up_minutes
        late = self._clock.now() - timedelta(minutes=minutes)
        if began is not None and began.decided:
            await self._note(purchase, began)
        elif began is None and purchase.claimed_at is not None and purchase.claimed_at < late:
            await self._note(purchase, Outcome(reason="given_up"))
        else:
            await self._complete(purchase)

    async def _complete(self, purchase: Purchase) -> Purchase:
        """One try at checkout for what is claimed; anything else stays as it is."""
        if purchase.state != "claimed" or purchase.seller != OWN or purchase.cart_id is None:
            return purchase
        outcome = await self._order(purchase)
        return purchase if outcome is None else await self._note(purchase, outcome)

    async def _order(self, purchase: Purchase) -> Outcome | None:
        """What came of the checkout; None while nobody knows."""
        assert purchase.cart_id is not None, "claimed with one"
        assert purchase.mandate_id is not None, "claimed under one"
        async with self._database.reading() as db:
            mandate = await get_mandate(db, purchase.mandate_id)
            card = (await stored_cards(db, [purchase.card_id] if purchase.card_id else [])).get(purchase.card_id)  # type: ignore[arg-type]
        if mandate.payment == "card" and card is None:
            return await self._without_card(purchase)
        request = CompleteRequest(
            cart_id=purchase.cart_id,
            key=checkout_key(purchase),
            card_token=card.token if card and mandate.payment == "card" else "",
            expected_total=purchase.total,
            return_url=self._return_url,
            actor=actor_of(purchase.machine_id),
            approved_up_to=purchase.total if mandate.agreed or purchase.approved_by else None,
        )
        try:
            return _outcome(await self._checkout.complete(request))
        except _UNKNOWN as error:
            log.warning("purchase.unknown", purchase=str(purchase.id), error=type(error).__name__)
            return None
        except KupecError as error:
            return Outcome(reason=error.code, fields=refused_by(error))

    async def _without_card(self, purchase: Purchase) -> Outcome | None:
        """Its card was taken back: what had begun with it still comes to its end."""
        async with self._database.reading() as db:
            began = await _began(db, purchase)
        if began is None:
            return Outcome(reason="card_gone")
        return began if began.decided else None

    async def _note(self, purchase: Purchase, outcome: Outcome) -> Purchase:
        async with self._database.transaction() as db:
            return await note_own(db, purchase, outcome, now=self._clock.now())


def checkout_key(purchase: Purchase) -> str:
    """Under which it is ordered: whoever tries again makes the same try."""
    return f"purchase:{purchase.id}:{purchase.attempt}"


def _outcome(completion: Completion) -> Outcome | None:
    if completion.state == "in_progress":
        return None
    if completion.state == "placed":
        return Outcome(order_id=completion.order_id)
    if completion.state == "requires_action":
        return Outcome(reason="needs_action", unpaid=True)
    return Outcome(reason=completion.error_code or "declined", unpaid=True)


async def _began(db: Connection, purchase: Purchase) -> Outcome | None:
    """What was begun at checkout for this purchase, if anything; decided or not."""
    row = await db.fetchrow(
        """
        select o.id, o.state, p.error_code
          from sales_order o
          left join lateral (select error_code from payment where order_id = o.id
                              order by created_at desc, id desc limit 1) p on true
         where o.cart_id = $1 and o.key = $2
         order by o.state <> 'abandoned' desc, o.created_at desc limit 1
        """,
        *(purchase.cart_id, checkout_key(purchase)),
    )
    if row is None:
        return None
    if row["state"] == "draft":
        return Outcome(undecided=True)
    if row["state"] == "abandoned":
        return Outcome(reason=row["error_code"] or "declined", unpaid=True)
    return Outcome(order_id=row["id"])
