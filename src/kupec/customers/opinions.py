"""What the shop's visitors like and share becomes part of the graph: read from the log, by the names of its events."""

from collections.abc import Sequence
from uuid import UUID

from kupec.customers.membership import roots
from kupec.customers.relations import RelationKind, add_relation, remove_relation
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.subscribers import Subscriber

_EVENTS = ("product.liked", "product.unliked", "product.shared")
_SHOP = system("graph")


def relation_subscriber() -> Subscriber:
    """Writes who likes and shares which product."""
    return Subscriber(name="customers.relations", events=_EVENTS, handle=take_opinions, start="beginning", rest=0.5)


async def take_opinions(db: Connection, events: Sequence[Event]) -> None:
    """A like adds a relation, taking it back removes it, passing a product on adds one. Emits relation.added, .removed.

    What a browser does that is nobody's customer stays in the log alone.
    """
    told = [event for event in events if event.customer_id is not None]
    owner = await roots(db, [event.customer_id for event in told if event.customer_id])
    known = await _parties(db, list(owner.values()))
    for event in told:
        party_id = owner[event.customer_id] if event.customer_id else None
        if party_id is None or party_id not in known:
            continue
        now = event.occurred_at
        if event.name == "product.unliked":
            await remove_relation(db, party_id, kind="likes", subject=event.subject, actor=_SHOP, now=now)
        else:
            kind: RelationKind = "likes" if event.name == "product.liked" else "shares"
            await add_relation(db, party_id, kind, subject=event.subject, source="shop", actor=_SHOP, now=now)


async def _parties(db: Connection, ids: Sequence[UUID]) -> set[UUID]:
    rows = await db.fetch("select id from party where id = any($1::uuid[])", sorted(set(ids)))
    return {row["id"] for row in rows}
