"""A machine buys of whoever serves its owner best: compared, claimed under its mandate, ordered, noted.

The seller's session is written down with the claim, and that it may have been ordered before it is. A process may die
anywhere: whoever looks next asks the seller how the session stands, and orders it under the same key.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import structlog

from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.versions import published
from kupec.machines.mandates import (
    OWN,
    ForeignPurchase,
    MachineBuyer,
    Purchase,
    PurchaseRequest,
    Wish,
    WishLine,
    claim_purchase,
    claimed_elsewhere,
    get_purchase,
)
from kupec.machines.sourcing.answers import LONGEST_ID, Session
from kupec.machines.sourcing.client import Payment, SellerClient, Undecided
from kupec.machines.sourcing.errors import NoOffer
from kupec.machines.sourcing.following import follow_orders
from kupec.machines.sourcing.foreign import (
    add_foreign,
    get_foreign,
    note_failed,
    note_placed,
    note_trying,
    renew_session,
)
from kupec.machines.sourcing.models import Choice, ForeignOrder, LeftOut, Offer, Supplier, SupplyRequest, SupplyWish
from kupec.machines.sourcing.quoting import ask_suppliers, quote
from kupec.machines.sourcing.recipients import Ground, ground_of
from kupec.machines.sourcing.rules import SOURCING
from kupec.machines.sourcing.scoring import choose, comparable
from kupec.machines.sourcing.suppliers import get_supplier, token_of
from kupec.machines.trust import Trust

_READY: Final = "ready_for_complete"
_GONE: Final = ("not_found", "canceled", "cancelled", "status_404")
log = structlog.get_logger(__name__)


class Sourcing:
    """Compares suppliers and buys of them. Made once a process, in wiring; it knows of no page."""

    def __init__(
        self, database: Database, trust: Trust, buyer: MachineBuyer, clock: Clock, *, secret: str, zone: str
    ) -> None:
        self._database = database
        self._trust = trust
        self._buyer = buyer
        self._clock = clock
        self._secret = secret
        self._zone = zone
        buyer.elsewhere = self.complete

    async def choose(self, wish: SupplyWish) -> Choice:
        """What each of the owner's suppliers wants for it, and this shop, the best first; nothing is bought.

        Raises NotFound (machine).
        """
        ground, choice = await self._compare(wish)
        await self._let_go(choice, ground, kept=None)
        return choice

    async def buy(self, asked: SupplyRequest | PurchaseRequest) -> Purchase:
        """Buy of whoever serves the owner best, under the machine's mandate. The same key again is the same purchase.

        An owner without suppliers buys here. "claimed" in the answer means that it is not known yet whether the seller
        has taken the order; it comes to an end by itself. What is bound to this shop (a cart, an agreed price, a total
        that was shown) is bought here. Raises what MachineBuyer.buy does.
        """
        request = asked if isinstance(asked, SupplyRequest) else _open(asked)
        if request is None:
            assert isinstance(asked, PurchaseRequest), "only such a one is bound"
            return await self._buyer.buy(asked)
        async with self._database.reading() as db:
            known = await _by_key(db, request)
        if known is not None and known.seller != OWN:
            return await self.complete(known)
        if known is not None:
            return await self._buy_here(request, None)
        ground, choice = await self._compare(request)
        winner = choice.winner
        if ground is None or winner is None or winner.is_own:
            await self._let_go(choice, ground, kept=None)
            return await self._buy_here(request, choice if ground is not None else None)
        purchase, mine = await self._claim(request, winner, choice)
        await self._let_go(choice, ground, kept=winner if mine else None)
        return await self.complete(purchase)

    async def complete(self, purchase: Purchase) -> Purchase:
        """One try to order at another seller what is claimed; anything else stays as it is."""
        if purchase.state != "claimed" or purchase.seller == OWN:
            return purchase
        async with self._database.reading() as db:
            foreign = await get_foreign(db, purchase.id)
            if foreign is None or foreign.state != "wanted":
                return await get_purchase(db, purchase.id)
            supplier = await get_supplier(db, foreign.supplier_id)
        client = SellerClient(self._trust, supplier.url)
        try:
            session = await self._ready(client, purchase, foreign, supplier)
            if session is None:
                return await self._fail(purchase, "price_changed")
            if session.order is None:
                session = await self._order(client, purchase, supplier, session)
        except Undecided as error:
            return await self._unknown(purchase, str(error.details["reason"]))
        except NoOffer as error:
            return await self._refused(purchase, str(error.details["reason"]))
        return await self._settle(purchase, session)

    async def finish(self, *, limit: int = 20) -> int:
        """Carry on what was claimed elsewhere and whose process has died, or that its owner has agreed to."""
        async with self._database.transaction(quiet=True) as db:
            found = await claimed_elsewhere(db, limit=limit, now=self._clock.now())
        for purchase in found:
            await self.complete(purchase)
        return len(found)

    async def follow(self, *, limit: int = 20) -> int:
        """Look how orders stand that are due to be looked at; returns how many."""
        return await follow_orders(self._database, self._trust, self._clock, limit=limit)

    # --- comparing

    async def _compare(self, wish: SupplyWish) -> tuple[Ground | None, Choice]:
        now = self._clock.now()
        async with self._database.transaction(quiet=True) as db:
            rules = (await published(db, SOURCING))[SOURCING]
            ground = await ground_of(db, wish, most=rules.most_asked, now=now)
        if ground is None:
            return None, Choice(offers=(), left_out=(), weights=rules.weights, needed_on=wish.needed_on)
        lines = _summed(wish.lines)
        asked = await ask_suppliers(self._trust, ground, lines, needed_on=wish.needed_on, zone=self._zone)
        offers = [each for each in asked if isinstance(each, Offer)] + ([ground.own] if ground.own else [])
        left = [each for each in asked if isinstance(each, LeftOut)]
        kept, other = comparable(offers, ground.currency)
        scored = choose(
            kept, ground.weights, today=now.astimezone(ZoneInfo(self._zone)).date(), needed_on=wish.needed_on
        )
        choice = Choice(
            offers=scored,
            left_out=(*ground.left_out, *left, *other),
            weights=ground.weights,
            needed_on=wish.needed_on,
        )
        return ground, choice

    async def _let_go(self, choice: Choice, ground: Ground | None, *, kept: Offer | None) -> None:
        """Sessions that are not bought are given up."""
        urls = {each.id: each.url for each in ground.suppliers} if ground is not None else {}
        for scored in choice.offers:
            offer = scored.offer
            if offer is not kept and offer.supplier_id is not None:
                await SellerClient(self._trust, urls[offer.supplier_id]).cancel(offer.session_id)

    async def _buy_here(self, request: SupplyRequest, choice: Choice | None) -> Purchase:
        why = {**request.why, "choice": choice.why} if choice is not None else request.why
        return await self._buyer.buy(
            PurchaseRequest(machine_id=request.machine_id, key=request.key, lines=request.lines, why=why)
        )

    async def _claim(self, request: SupplyRequest, offer: Offer, choice: Choice) -> tuple[Purchase, bool]:
        """The purchase, and whether it is of this very offer: another process may have been sooner."""
        lines = [
            WishLine(sku=line.sku, quantity=line.quantity, total=line.total, name=line.name) for line in offer.lines
        ]
        wish = Wish(seller=offer.seller, lines=lines, total=offer.total, currency=offer.currency)
        why = {**request.why, "choice": choice.why}
        now = self._clock.now()
        async with self._database.transaction() as db:
            wanted = ForeignPurchase(machine_id=request.machine_id, key=request.key, wish=wish, why=why)
            purchase = await claim_purchase(db, wanted, now=now)
            mine = (
                purchase.state in ("claimed", "asked")
                and purchase.seller == offer.seller
                and await add_foreign(db, purchase, offer, now=now)
            )
        return purchase, mine

    # --- ordering

    async def _ready(
        self, client: SellerClient, purchase: Purchase, foreign: ForeignOrder, supplier: Supplier
    ) -> Session | None:
        """The session as it is to be ordered, or has been; None where it costs more by now.

        Raises NoOffer, and Undecided where it may have been ordered and the seller does not say.
        """
        try:
            session = await client.session(foreign.session_id)
        except NoOffer as error:
            if foreign.completing_since is not None:
                raise Undecided(reason=error.details["reason"]) from None
            if error.details["reason"] not in _GONE:
                raise
            return await self._again(client, purchase, supplier)
        if session.order is not None or session.status == "completed":
            return session
        if session.status == "complete_in_progress":
            raise Undecided(reason=session.status)
        if session.status != _READY and foreign.completing_since is None:
            return await self._again(client, purchase, supplier)
        dearer = session.total > purchase.total or session.currency != purchase.currency
        return None if dearer else session

    async def _again(self, client: SellerClient, purchase: Purchase, supplier: Supplier) -> Session | None:
        """A new session where the first is over: its owner has taken their time to agree."""
        wish = SupplyWish(machine_id=purchase.machine_id, lines=[(line.sku, line.quantity) for line in purchase.lines])
        async with self._database.transaction(quiet=True) as db:
            ground = await ground_of(db, wish, most=1, now=self._clock.now())
        if ground is None or ground.recipient is None:
            raise NoOffer(reason="no_address")
        names = ground.items.get(supplier.id, {})
        session, _items = await quote(client, wish.lines, names, ground.recipient, ground, needed_on=None)
        async with self._database.transaction() as db:
            await renew_session(db, purchase.id, session.id)
        return None if session.total > purchase.total or session.currency != purchase.currency else session

    async def _order(self, client: SellerClient, purchase: Purchase, supplier: Supplier, session: Session) -> Session:
        async with self._database.transaction() as db:
            token = await token_of(db, supplier.id, secret=self._secret)
            await note_trying(db, purchase.id, now=self._clock.now())
        payment = Payment(handler=supplier.handler, type=supplier.credential_type, token=token)
        key = str(uuid5(purchase.id, str(purchase.attempt)))
        return await client.complete(session.id, payment, key=key)

    async def _settle(self, purchase: Purchase, session: Session) -> Purchase:
        """What the seller has said is written down."""
        if session.order is not None and 0 < len(session.order.id) <= LONGEST_ID:
            async with self._database.transaction() as db:
                return await note_placed(db, purchase, session, now=self._clock.now())
        if session.status == "requires_escalation":
            return await self._fail(purchase, "needs_action")
        if session.status in ("complete_in_progress", "completed"):
            return await self._unknown(purchase, session.status)
        return await self._refused(purchase, session.reason)

    async def _unknown(self, purchase: Purchase, reason: str) -> Purchase:
        """Asked again when the claim's lease is over; given up after some hours, with somebody called."""
        now = self._clock.now()
        async with self._database.transaction() as db:
            minutes = (await published(db, SOURCING))[SOURCING].give_up_minutes
            foreign = await get_foreign(db, purchase.id)
            since = foreign.completing_since if foreign is not None else None
            if since is None or since > now - timedelta(minutes=minutes):
                log.warning("sourcing.unknown", purchase=str(purchase.id), reason=reason)
                return await get_purchase(db, purchase.id)
            return await note_failed(db, purchase, "seller_silent", {"said": reason}, now=now)

    async def _refused(self, purchase: Purchase, reason: str) -> Purchase:
        return await self._fail(purchase, "seller_refused", {"said": reason})

    async def _fail(self, purchase: Purchase, reason: str, fields: dict[str, Any] | None = None) -> Purchase:
        async with self._database.transaction() as db:
            return await note_failed(db, purchase, reason, fields or {}, now=self._clock.now())


def _open(request: PurchaseRequest) -> SupplyRequest | None:
    """The same request to whoever serves best; None where it is bound to this shop."""
    bound = (request.cart_id, request.agreed, request.expected_total, request.mandate_id)
    if any(each is not None for each in bound):
        return None
    return SupplyRequest(machine_id=request.machine_id, key=request.key, lines=request.lines, why=request.why)


async def _by_key(db: Connection, request: SupplyRequest) -> Purchase | None:
    found: UUID | None = await db.fetchval(
        "select id from purchase where machine_id = $1 and key = $2", request.machine_id, request.key
    )
    return await get_purchase(db, found) if found is not None else None


def _summed(lines: list[tuple[str, int]]) -> list[tuple[str, int]]:
    pieces: dict[str, int] = {}
    for sku, quantity in lines:
        pieces[sku] = pieces.get(sku, 0) + quantity
    return list(pieces.items())
