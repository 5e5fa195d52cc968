"""Letters about goods that wait at the counter, and about goods that come back."""

from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.events import Event
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.outreach.letters import Letter, Sender, write_letter
from kupec.sales import Collection, Order, Return, collection_of, get_return

DELIVERY_EVENTS = ("order.ready", "return.requested", "return.approved", "return.refused", "return.closed")
_TITLES = {
    "return.requested": _("We have your request to return goods (%(number)s)"),
    "return.approved": _("Your return %(number)s is approved"),
    "return.refused": _("Your return %(number)s"),
    "return.closed": _("Your return %(number)s is settled"),
}


async def delivery_letter(db: Connection, event: Event, order: Order, sender: Sender) -> tuple[str, str, Letter] | None:
    """(kind, what it is about, letter) that one of DELIVERY_EVENTS asks for; None when it asks for none."""
    if event.name == "order.ready":
        collection = await collection_of(db, order.id)
        if collection is None or not event.payload["complete"]:
            return None
        return "ready_for_collection", event.subject, ready_for_collection(order, collection, sender)
    found = await get_return(db, UUID(event.payload["return_id"]))
    kind = event.name.replace(".", "_")
    return kind, f"return:{found.id}", return_letter(event.name, order, found, sender)


def ready_for_collection(order: Order, collection: Collection, sender: Sender) -> Letter:
    """Where it waits, and the code to say."""
    title = translate(order.language, _("Your order %(number)s is ready for collection")) % {"number": order.number}
    return write_letter("ready_for_collection", title, order, sender, collection=collection)


def return_letter(event: str, order: Order, found: Return, sender: Sender) -> Letter:
    """What became of a return: asked for, approved, refused with the reason, settled."""
    title = translate(order.language, _TITLES[event]) % {"number": found.number}
    return write_letter("return", title, order, sender, found=found, step=event.partition(".")[2])
