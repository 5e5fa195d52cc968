"""How what happens to standing orders gets into the log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, Payload, emit
from kupec.sales.standing.events import StandingEnds
from kupec.sales.standing.planning import end_completed

CHANNEL = "standing"
STANDING_ACTOR = system("standing")


def happened(standing_id: UUID, customer_id: UUID, payload: Payload, now: datetime) -> Happened:
    return Happened(
        payload=payload,
        subject=f"standing:{standing_id}",
        occurred_at=now,
        customer_id=customer_id,
        channel=CHANNEL,
    )


async def tell(
    db: Connection, standing_id: UUID, customer_id: UUID, payload: Payload, *, actor: Actor, now: datetime
) -> None:
    await emit(db, [happened(standing_id, customer_id, payload, now)], actor=actor)


async def end_what_is_over(db: Connection, standing_ids: Sequence[UUID], *, now: datetime) -> None:
    """Those that have nothing ahead any more end. Emits standing.ended."""
    ended = await end_completed(db, standing_ids, now=now)
    await emit(
        db,
        [happened(one, customer_id, StandingEnds(reason="completed"), now) for one, customer_id in ended],
        actor=STANDING_ACTOR,
    )
