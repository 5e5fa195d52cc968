"""What carts on account may do: the account of whom they are bought for, and whether somebody must approve first."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from kupec.billing import HouseAccount, ProvedBuyer, accounts_of, proved_buyers
from kupec.customers import roles_of
from kupec.kit.db import Connection
from kupec.sales.models import Cart


async def account_claims(db: Connection, carts: Sequence[Cart]) -> dict[tuple[UUID, str], HouseAccount]:
    """By (cart, currency), the account that may be bought on; of an approver's cart, nobody is asked.

    Only what has been proved counts. Carts without a customer cost no statement.
    """
    proved = await proved_buyers(db, [cart.id for cart in carts if cart.customer_id])
    buyers = {cart.id: proved[cart.id] for cart in carts if cart.id in proved}
    buyers = {cart.id: buyers[cart.id] for cart in carts if cart.id in buyers and _is_theirs(cart, buyers[cart.id])}
    accounts = await accounts_of(db, sorted({buyer.party_id for buyer in buyers.values()}))
    free = await _approvers(db, [buyer for buyer in buyers.values() if _is_asked(buyer, accounts)])
    return {
        (cart_id, currency): msgspec.structs.replace(account, approval_over=None)
        if buyer.person_id and (buyer.party_id, buyer.person_id) in free
        else account
        for cart_id, buyer in buyers.items()
        for (party_id, currency), account in accounts.items()
        if party_id == buyer.party_id
    }


def _is_theirs(cart: Cart, buyer: ProvedBuyer) -> bool:
    return buyer.party_id == cart.customer_id


def _is_asked(buyer: ProvedBuyer, accounts: dict[tuple[UUID, str], HouseAccount]) -> bool:
    return any(
        party_id == buyer.party_id and account.approval_over is not None
        for (party_id, _currency), account in accounts.items()
    )


async def _approvers(db: Connection, buyers: Sequence[ProvedBuyer]) -> set[tuple[UUID, UUID]]:
    """Those who may say yes themselves: (organisation, person)."""
    return {
        (organisation_id, person_id)
        for person_id in sorted({buyer.person_id for buyer in buyers if buyer.person_id})
        for role, organisation_id in await roles_of(db, person_id)
        if role == "approver"
    }
