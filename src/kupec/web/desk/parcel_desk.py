"""What the order page shows of its parcels and returns, and what this person may do with them."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.sales import (
    Collection,
    Fulfilment,
    Order,
    ParcelLabel,
    ParcelStep,
    Return,
    Slot,
    collection_of,
    labels_of,
    parcel_steps,
    returns_of,
    slots_by_ids,
)


class ParcelDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What the order page shows of its parcels, and what this person may do with them."""

    labels: dict[UUID, ParcelLabel]
    steps: dict[UUID, list[ParcelStep]]
    collection: Collection | None
    slot: Slot | None
    returns: list[Return]
    ship: frozenset[UUID]
    label: frozenset[UUID]
    split: frozenset[UUID]
    transfer: frozenset[UUID]
    ready: frozenset[UUID]
    deliver: frozenset[UUID]
    collect: bool
    cancel_rest: bool


_GONE = ("transfer", "ready", "shipped", "delivered", "returned")


async def parcel_desk(db: Connection, order: Order, actor: Actor) -> ParcelDesk:
    """Mirrors what the verbs will allow, so that the page offers nothing that would be refused."""
    write = actor.may("orders.write")
    parcels = order.fulfilments if write and order.state in ("picking", "shipped") else []
    collection = await collection_of(db, order.id)
    slots = await slots_by_ids(db, [order.slot_id]) if order.slot_id else {}
    labels = await labels_of(db, [parcel.id for parcel in order.fulfilments])
    packing = [parcel for parcel in parcels if parcel.state == "picking" and order.state == "picking"]
    steps: dict[UUID, list[ParcelStep]] = {}
    for step in await parcel_steps(db, order.id):
        steps.setdefault(step.fulfilment_id, []).append(step)
    here = collection.location_id if collection else None
    return ParcelDesk(
        labels=labels,
        steps=steps,
        collection=collection,
        slot=slots.get(order.slot_id) if order.slot_id else None,
        returns=await returns_of(db, order.id),
        ship=_ids(packing if collection is None else []),
        label=_ids(parcel for parcel in packing if collection is None and _may_label(labels.get(parcel.id))),
        split=_ids(parcel for parcel in packing if _pieces(parcel) > 1 and _may_label(labels.get(parcel.id))),
        transfer=_ids(parcel for parcel in packing if collection and parcel.location_id not in (None, here)),
        ready=_ids(
            parcel
            for parcel in parcels
            if collection
            and (parcel.state == "transfer" or (parcel.state == "picking" and parcel.location_id in (None, here)))
        ),
        deliver=_ids(parcel for parcel in parcels if parcel.state == "shipped"),
        collect=write and any(parcel.state == "ready" for parcel in order.fulfilments),
        cancel_rest=actor.may("orders.refund")
        and order.state == "picking"
        and any(parcel.state == "picking" for parcel in order.fulfilments)
        and any(parcel.state in _GONE for parcel in order.fulfilments),
    )


def _ids(parcels: Iterable[Fulfilment]) -> frozenset[UUID]:
    return frozenset(parcel.id for parcel in parcels)


def _may_label(label: ParcelLabel | None) -> bool:
    return label is None or label.state in ("failed", "unknown", "cancelled")


def _pieces(parcel: Fulfilment) -> int:
    return sum(picked.quantity for picked in parcel.contents)
