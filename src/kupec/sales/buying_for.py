"""Carts of somebody who has proved for whom they buy: an organisation's key person, or whoever holds its link."""

from datetime import datetime
from uuid import UUID

from kupec.billing import allow_account
from kupec.customers import get_party, roots
from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden
from kupec.kit.ids import uuid7
from kupec.sales.carts import cancel_cart, create_cart, get_cart
from kupec.sales.models import Cart


async def buy_for(
    db: Connection,
    party_id: UUID,
    *,
    market: str,
    language: str,
    channel: str = "web",
    instead_of: UUID | None = None,
    person_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Cart:
    """A new cart for this customer, who has been proved: it has their prices and may be paid on their account.

    It takes over the goods of the cart `instead_of`, which is cancelled. `person_id` is who holds it: for an
    organisation, its buyer or approver. Emits cart.created, cart.cancelled. Raises NotFound, Forbidden, CartClosed,
    CartInPayment. Without a person it checks no right: for the edge that has just read a proof.
    """
    party_id = (await roots(db, [party_id]))[party_id]
    await get_party(db, party_id)
    if person_id not in (None, party_id) and not _may(actor, party_id):
        raise Forbidden(permission="buyer")
    lines = (await get_cart(db, instead_of)).lines if instead_of else []
    if instead_of:
        await cancel_cart(db, instead_of, actor=actor, now=now)
    cart_id = uuid7()
    await allow_account(db, cart_id, party_id, now=now, person_id=person_id)
    return await create_cart(
        db,
        cart_id=cart_id,
        market=market,
        language=language,
        channel=channel,
        actor=customer(party_id) if person_id is None else actor,
        now=now,
        customer_id=party_id,
        lines=lines,
    )


def _may(actor: Actor, organisation_id: UUID) -> bool:
    return (
        actor.acts_for(organisation_id, "buyer")
        or actor.acts_for(organisation_id, "approver")
        or actor.may("orders.write")
    )
