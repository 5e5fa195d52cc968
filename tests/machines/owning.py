"""What tests of mandates share: an owner with a card or an account, their machine, and what it may buy."""

from typing import Any
from uuid import UUID

from kupec.customers import add_contact_point
from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection
from kupec.kit.events import subject_history
from kupec.machines.mandates import (
    Machine,
    MachineBuyer,
    Mandate,
    NewMachine,
    NewMandate,
    Purchase,
    PurchaseRequest,
    grant_mandate,
    purchases_of,
    register_machine,
)
from kupec.sales import Checkout
from tests.sales.conftest import Shop
from tests.sales.standing_shop import a_buyer, a_card
from tests.shop import EXAMPLE_ADDRESS, NOON

CLERK = Actor(
    kind="staff",
    id="anna",
    permissions=frozenset(
        {"customers.write", "customers.read", "orders.write", "orders.read", "orders.refund", "billing.write"}
    ),
)


class Owner:
    """An owner with a machine, in a shop that sells bags at 300 Kč; delivery is 69 Kč (the box)."""

    def __init__(self, shop: Shop, party_id: UUID, machine: Machine) -> None:
        self.shop = shop
        self.party_id = party_id
        self.machine = machine
        self.actor = customer(party_id)
        self.buyer = self.a_process()

    def a_process(self, checkout: Checkout | None = None) -> MachineBuyer:
        return MachineBuyer(
            self.shop.database, checkout or self.shop.checkout, self.shop.clock, return_url="http://localhost/"
        )

    async def grant(self, **terms: Any) -> Mandate:
        async with self.shop.database.transaction() as db:
            return await granted(db, self.machine, self.actor, **terms)

    async def buy(self, key: str, quantity: int = 1, *, sku: str = "BEANS", **more: Any) -> Purchase:
        request = PurchaseRequest(machine_id=self.machine.id, key=key, lines=[(sku, quantity)], **more)
        return await self.buyer.buy(request)

    async def purchases(self) -> list[Purchase]:
        async with self.shop.database.reading() as db:
            return list(reversed(await purchases_of(db, [self.party_id])))

    async def told(self, subject: str) -> list[str]:
        async with self.shop.database.reading() as db:
            return [event.name for event in reversed(await subject_history(db, subject))]


async def granted(db: Connection, machine: Machine, actor: Actor, **terms: Any) -> Mandate:
    agreed: dict[str, Any] = {
        "market": "cz",
        "zone": "Europe/Prague",
        "payment": "account",
        "address": EXAMPLE_ADDRESS,
    }
    return await grant_mandate(db, machine.id, NewMandate(**(agreed | terms)), actor=actor, now=NOON)


async def an_owner(shop: Shop, *, card: str = "") -> Owner:
    """Who may buy on account, and with `card` by that one, too."""
    async with shop.database.transaction() as db:
        party_id = await a_buyer(db)
        if card:
            await a_card(db, party_id, card)
        await add_contact_point(db, party_id, "email", "jana@example.com", actor=CLERK, now=NOON)
        machine = await register_machine(
            db, party_id, NewMachine(name="Kitchen", kind="device"), actor=customer(party_id), now=NOON
        )
    return Owner(shop, party_id, machine)
