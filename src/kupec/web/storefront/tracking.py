"""What the page of an order says of its parcels beyond its own steps: carriers' words, the counter, returns."""

from datetime import datetime
from typing import Any

from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.sales import TRACKING_WORDS, Order, collection_of, parcel_steps, returnable, returns_of, slots_by_ids, tariff

RETURN_WORDS = {
    "requested": _("We are looking at it"),
    "approved": _("Approved: please send it to us"),
    "refused": _("We cannot take it back"),
    "received": _("It has arrived; we are settling it"),
    "closed": _("Settled"),
}


async def order_tracking(db: Connection, order: Order, language: str, *, now: datetime) -> dict[str, Any]:
    """For the page's template: carriers' steps by parcel, where to collect, the booked window, returns."""
    steps: dict[Any, list[Any]] = {}
    for step in await parcel_steps(db, order.id):
        steps.setdefault(step.fulfilment_id, []).append(step)
    slot = (await slots_by_ids(db, [order.slot_id])).get(order.slot_id) if order.slot_id else None
    method = (await tariff(db)).document.method(order.shipping_method)
    return {
        "collected": method is not None and method.kind == "pickup",
        "carrier_steps": steps,
        "tracking_words": {state: translate(language, text) for state, text in TRACKING_WORDS.items()},
        "collection": await collection_of(db, order.id) if order.state != "cancelled" else None,
        "slot": slot,
        "returns": await returns_of(db, order.id),
        "return_words": {state: translate(language, text) for state, text in RETURN_WORDS.items()},
        "returnable": bool(await returnable(db, order, now=now)),
    }
