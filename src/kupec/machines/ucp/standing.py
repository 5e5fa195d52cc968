"""A checkout session as it stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.billing import Payment, latest_payments
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.machines.ucp.agent import Platform
from kupec.machines.ucp.destinations import KEPT
from kupec.machines.ucp.errors import SessionNotFound
from kupec.machines.ucp.owners_word import without_owners_word
from kupec.sales import Cart, PricedCart, note_shown, price_cart


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """As much of an order as its session tells of it."""

    id: UUID
    number: str | None
    language: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """`payment` is the one that is being made; `placed` is the order that the session became."""

    seen: PricedCart
    payment: Payment | None = None
    placed: Placed | None = None
    consent: Mapping[str, bool] = {}
    destination: str = KEPT
    of_owner: Sequence[str] = ()
    """What of the cart is its machine's owner's, and is not told before it is bought."""

    @property
    def told(self) -> Cart:
        """The cart as the platform may see it."""
        return self.seen.cart if self.placed else without_owners_word(self.seen.cart, self.of_owner)


def session_id(text: str) -> UUID:
    """Raises SessionNotFound for what cannot be one."""
    try:
        return UUID(text)
    except ValueError:
        raise SessionNotFound from None


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What was said about a session beside its cart."""

    consent: Mapping[str, bool]
    destination: str
    of_owner: Sequence[str]


async def words_of(db: Connection, cart_id: UUID) -> Words:
    """What its buyer agrees to, what its destination is called, and what of it is its machine's owner's word."""
    row = await db.fetchrow(
        """
        select (select jsonb_object_agg(purpose, granted) from ucp_consent where cart_id = $1) as consent,
               (select name from ucp_destination where cart_id = $1) as destination,
               (select fields from ucp_of_owner where cart_id = $1) as of_owner
        """,
        cart_id,
    )
    assert row is not None, "there always is one"
    return Words(consent=row["consent"] or {}, destination=row["destination"] or KEPT, of_owner=row["of_owner"] or ())


async def find_session(db: Connection, cart_id: UUID, platform: Platform, *, now: datetime) -> Session:
    """What the platform is shown; its total is remembered as shown. Another's session is SessionNotFound, too."""
    try:
        seen = await price_cart(db, cart_id, now=now)
    except NotFound:
        raise SessionNotFound from None
    if seen.cart.agent != platform.profile:
        raise SessionNotFound
    if seen.cart.state == "open":
        await note_shown(db, {cart_id: seen.total})
    words = msgspec.structs.asdict(await words_of(db, cart_id))
    order = await db.fetchrow(
        "select id, number, language, state from sales_order where cart_id = $1 and state <> 'abandoned'", cart_id
    )
    if order is None:
        return Session(seen=seen, **words)
    if order["state"] == "draft":
        payment = (await latest_payments(db, [order["id"]])).get(order["id"])
        return Session(seen=seen, payment=payment, **words)
    placed = Placed(id=order["id"], number=order["number"], language=order["language"])
    return Session(seen=seen, placed=placed, **words)
