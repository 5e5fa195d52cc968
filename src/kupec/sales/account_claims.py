"""What carts on account may do: the account of whom they are bought for, and whether somebody must approve first.

A proof lasts only as long as the role that it stood on: who buys for an organisation must be its buyer or approver
today, whatever cart they still hold.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from kupec.billing import HouseAccount, ProvedBuyer, accounts_of, proved_buyers
from kupec.customers import roles_of, roots
from kupec.kit.db import Connection
from kupec.sales.models import Cart

_THEMSELF = "themself"
_BUYS = {_THEMSELF, "buyer", "approver"}
_AGREED = {"standing"}
"""What was agreed with the organisation goes on when the person who arranged it leaves."""


async def account_claims(db: Connection, carts: Sequence[Cart]) -> dict[tuple[UUID, str], HouseAccount]:
    """By (cart, currency), the account that may be bought on; of an approver's cart, nobody is asked.

    Only what has been proved counts. Carts without a customer cost no statement.
    """
    proved = await proved_buyers(db, [cart.id for cart in carts if cart.customer_id])
    buyers = {cart.id: proved[cart.id] for cart in carts if cart.id in proved}
    buyers = {cart.id: buyers[cart.id] for cart in carts if cart.id in buyers and _is_theirs(cart, buyers[cart.id])}
    roles = await _roles(db, [buyers[cart.id] for cart in carts if cart.id in buyers])
    buyers = {
        cart.id: buyers[cart.id]
        for cart in carts
        if cart.id in buyers and (cart.channel in _AGREED or _may_buy(buyers[cart.id], roles))
    }
    accounts = await accounts_of(db, sorted({buyer.party_id for buyer in buyers.values()}))
    return {
        (cart_id, currency): msgspec.structs.replace(account, approval_over=None)
        if buyer.person_id and "approver" in roles.get((buyer.party_id, buyer.person_id), ())
        else account
        for cart_id, buyer in buyers.items()
        for (party_id, currency), account in accounts.items()
        if party_id == buyer.party_id
    }


def _is_theirs(cart: Cart, buyer: ProvedBuyer) -> bool:
    return buyer.party_id == cart.customer_id


def _may_buy(buyer: ProvedBuyer, roles: dict[tuple[UUID, UUID], set[str]]) -> bool:
    return buyer.person_id is None or bool(roles[buyer.party_id, buyer.person_id] & _BUYS)


async def _roles(db: Connection, buyers: Sequence[ProvedBuyer]) -> dict[tuple[UUID, UUID], set[str]]:
    """By (customer, person), what the person is there today; who buys for themself is themself."""
    pairs = {(buyer.party_id, buyer.person_id) for buyer in buyers if buyer.person_id}
    found: dict[tuple[UUID, UUID], set[str]] = {pair: {_THEMSELF} for pair in pairs if pair[0] == pair[1]}
    others = pairs - found.keys()
    known = await roots(db, {one for pair in others for one in pair})
    for party_id, person_id in sorted(others):
        held = await roles_of(db, known[person_id])
        mine = {role for role, organisation_id in held if organisation_id == known[party_id]}
        found[party_id, person_id] = mine | ({_THEMSELF} if known[party_id] == known[person_id] else set())
    return found
