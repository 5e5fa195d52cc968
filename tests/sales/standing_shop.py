"""What tests of standing orders share: a customer with an account and a kept card, and agreements to start."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from kupec.billing import PAYMENT, open_account, store_card
from kupec.kit.actor import Actor, customer, system
from kupec.kit.db import Connection
from kupec.kit.events import Event, subject_history
from kupec.kit.recurrence import Recurrence
from kupec.kit.versions import publish_new
from kupec.sales import (
    NewStanding,
    Occurrence,
    StandingOrder,
    StandingTerms,
    WantedLine,
    list_occurrences,
    start_standing,
)
from tests.billing.owing import CLERK, METHODS, a_party
from tests.shop import EXAMPLE_ADDRESS, NOON

STAFF = Actor(kind="staff", id="anna", permissions=frozenset({"orders.write", "orders.read", "billing.write"}))
WEEKLY = Recurrence(every=1, unit="week", anchor=date(2026, 3, 17), at="09:00", zone="Europe/Prague")
FIRST = datetime.fromisoformat("2026-03-17T08:00:00+00:00")
"""When WEEKLY comes round first, for who looks at NOON."""
A_WEEK = timedelta(days=7)


async def a_buyer(db: Connection, *, limit: int = 10_000_000, name: str = "Jana Nová") -> UUID:
    """A customer who may buy on account, in a shop that offers it."""
    await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOON)
    party_id = await a_party(db)
    await open_account(db, party_id, currency="CZK", credit_limit=limit, terms_days=14, actor=CLERK, now=NOON)
    return party_id


async def a_card(db: Connection, party_id: UUID, token: str = "tok_visa") -> UUID:
    """A card of the sandbox that its owner let us keep."""
    kept = await store_card(
        db,
        party_id,
        provider="sandbox",
        customer_reference=f"cus_{party_id}",
        card_reference=token,
        label="Visa •••• 4242",
        actor=customer(party_id),
        now=NOON,
    )
    return kept.id


def wanted(customer_id: UUID, variant: UUID, quantity: int = 2, **terms: Any) -> NewStanding:
    """Beans every week, on account unless said otherwise."""
    agreed: dict[str, Any] = {"recurrence": WEEKLY, "payment": "account"}
    return NewStanding(
        customer_id=customer_id,
        market="cz",
        language="cs",
        email="jana@example.com",
        name="Jana Nová",
        address=EXAMPLE_ADDRESS,
        shipping_method="courier",
        terms=StandingTerms(**(agreed | terms)),
        lines=[WantedLine(variant_id=variant, quantity=quantity)],
    )


async def started(
    db: Connection, customer_id: UUID, variant: UUID, quantity: int = 2, *, actor: Actor = STAFF, **terms: Any
) -> StandingOrder:
    return await start_standing(db, wanted(customer_id, variant, quantity, **terms), actor=actor, now=NOON)


async def told(db: Connection, standing_id: UUID) -> list[Event]:
    """What the log says about a standing order, the first first."""
    return list(reversed(await subject_history(db, f"standing:{standing_id}")))


async def names(db: Connection, standing_id: UUID) -> list[str]:
    return [event.name for event in await told(db, standing_id)]


async def rows(db: Connection, standing_id: UUID) -> list[Occurrence]:
    """Its occurrences, the first first."""
    return sorted(await list_occurrences(db, standing_id=standing_id), key=lambda one: one.number)


async def states(db: Connection, standing_id: UUID) -> list[str]:
    return [one.state for one in await rows(db, standing_id)]
