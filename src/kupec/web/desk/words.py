"""States, roles and codes in words. The keys are what the database says, the values are msgids."""

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translations
from kupec.web.desk.story_words import TALKED


def pgettext(context: str, message: str) -> str:
    """Marks a state: alone in a badge it reads otherwise than in a sentence or as a heading elsewhere."""
    return message


ORDER_STATES = {
    "draft": pgettext("state", "Being paid"),
    "placed": pgettext("state", "To pick"),
    "picking": pgettext("state", "Picking"),
    "shipped": pgettext("state", "Shipped"),
    "delivered": pgettext("state", "Delivered"),
    "cancelled": pgettext("state", "Cancelled"),
    "abandoned": pgettext("state", "Not completed"),
}
ORDER_TABS = ("placed", "picking", "shipped", "delivered", "cancelled")

PARCEL_STATES = {
    "picking": pgettext("state", "Being picked"),
    "transfer": pgettext("state", "On its way to the counter"),
    "ready": pgettext("state", "Waits at the counter"),
    "shipped": pgettext("state", "On its way"),
    "returned": pgettext("state", "Came back"),
    "delivered": pgettext("state", "Delivered"),
    "cancelled": pgettext("state", "Cancelled"),
}

TRACKING_STATES = {
    "announced": pgettext("state", "Announced to the carrier"),
    "accepted": pgettext("state", "Taken over by the carrier"),
    "in_transit": pgettext("state", "In transit"),
    "out_for_delivery": pgettext("state", "Out for delivery"),
    "attempted": pgettext("state", "Delivery was tried"),
    "at_point": pgettext("state", "Waits at the point"),
    "returning": pgettext("state", "On its way back"),
    "delivered": pgettext("state", "Delivered"),
    "returned": pgettext("state", "Came back"),
}
LABEL_STATES = {
    "waiting": pgettext("state", "Being made"),
    "ordering": pgettext("state", "Being made"),
    "ordered": pgettext("state", "Being made"),
    "made": pgettext("state", "Ready to print"),
    "unknown": pgettext("state", "Not known whether it was ordered: look at the carrier's"),
    "failed": pgettext("state", "Refused by the carrier"),
    "cancelled": pgettext("state", "Cancelled"),
}
RETURN_STATES = {
    "requested": pgettext("state", "To decide"),
    "approved": pgettext("state", "On its way to us"),
    "refused": pgettext("state", "Refused"),
    "received": pgettext("state", "Being settled"),
    "closed": pgettext("state", "Settled"),
}
SETTLE_WORDS = {
    "payment": _("money back"),
    "store_credit": _("store credit"),
    "exchange": _("exchange"),
}
RETURN_REASONS = {
    "changed_mind": _("changed their mind"),
    "wrong_size": _("does not fit"),
    "faulty": _("faulty"),
    "wrong_item": _("not what was ordered"),
    "other": _("another reason"),
}

PAYMENT_STATES = {
    "pending": pgettext("state", "Not known yet"),
    "requires_action": pgettext("state", "Waiting for the customer"),
    "authorised": pgettext("state", "Reserved"),
    "capturing": pgettext("state", "Being taken"),
    "awaiting": pgettext("state", "Awaited"),
    "captured": pgettext("state", "Paid"),
    "voiding": pgettext("state", "Being released"),
    "voided": pgettext("state", "Released"),
    "captured:owed": pgettext("state", "Paid"),
    "voided:owed": pgettext("state", "Called off"),
    "failed": pgettext("state", "Failed"),
}
PAYMENT_MEANINGS = {
    "pending": _("The card gateway has not said yet whether the money is reserved. Kupec keeps asking."),
    "requires_action": _("The customer has to confirm the payment with their bank."),
    "authorised": _("The money is reserved on the card and will be taken in a moment."),
    "capturing": _("The reserved money is being taken."),
    "awaiting": _("The order stands. Its money is still to come."),
    "captured": _("The money has been taken."),
    "voiding": _("The reservation on the card is being released. Nothing was charged."),
    "voided": _("The reservation on the card was released. Nothing was charged."),
    "captured:owed": _("The money is here."),
    "voided:owed": _("It is not to be paid any more."),
    "failed": _("Nothing was charged."),
}
REFUND_STATES = {
    "pending": pgettext("state", "The refund is on its way"),
    "done": pgettext("state", "Refunded"),
    "failed": pgettext("state", "The refund failed"),
}

BANK_STATES = {
    "open": pgettext("state", "To match"),
    "matched": pgettext("state", "Matched"),
    "ignored": pgettext("state", "Put aside"),
}

MAIL_STATES = {
    "queued": pgettext("state", "Waiting"),
    "sent": pgettext("state", "Sent"),
    "failed": pgettext("state", "Failed"),
    "held": pgettext("state", "Waits for the morning"),
    "withheld": pgettext("state", "Not sent"),
    "bounced": pgettext("state", "Came back"),
}

PRODUCT_STATES = {
    "draft": pgettext("state", "Draft"),
    "active": pgettext("state", "On sale"),
    "archived": pgettext("state", "Archived"),
}

ROLES = {
    "owner": _("Owner"),
    "manager": _("Manager"),
    "agent": _("Customer care"),
    "warehouse": _("Warehouse"),
}

CHANNELS = {
    "web": _("web shop"),
    "desk": _("desk"),
    "ucp": _("buying agent"),
    "machine": _("a machine"),
    "email": _("e-mail"),
    "standing": _("standing order"),
    "import": _("import"),
    "phone": _("phone"),
    "counter": _("counter"),
    "meeting": _("in person"),
    "message": _("message"),
    "chat": _("chat"),
}

TALKS = {
    "call": _("Phone call"),
    "call:in": _("They called"),
    "call:out": _("We called"),
    "visit": _("At the counter"),
    "meeting": _("Meeting"),
    "mail": _("E-mail"),
    "mail:in": _("E-mail"),
    "mail:out": _("E-mail"),
    "message": _("A message"),
    "message:in": _("A message"),
    "message:out": _("A message"),
    "chat": _("Chat"),
}

SEEN = {
    "page": _("page"),
    "category": _("category"),
    "product": _("product"),
    "search": _("search"),
    "cart": _("cart"),
    "checkout": _("checkout"),
}

TONES = {
    "placed": "ink",
    "requested": "warn",
    "approved": "ink",
    "received": "warn",
    "closed": "good",
    "refused": "bad",
    "ready": "good",
    "returned": "bad",
    "picking": "warn",
    "delivered": "good",
    "captured": "good",
    "captured:owed": "good",
    "awaiting": "warn",
    "matched": "good",
    "open": "warn",
    "done": "good",
    "sent": "good",
    "held": "warn",
    "bounced": "bad",
    "active": "good",
    "pending": "warn",
    "requires_action": "warn",
    "queued": "warn",
    "capturing": "warn",
    "voiding": "warn",
    "failed": "bad",
}
"""The colour of a state's badge; what is missing is grey."""

_TABLES = {
    "order": ORDER_STATES,
    "parcel": PARCEL_STATES,
    "tracking": TRACKING_STATES,
    "label": LABEL_STATES,
    "return": RETURN_STATES,
    "settle": SETTLE_WORDS,
    "return_reason": RETURN_REASONS,
    "payment": PAYMENT_STATES,
    "meaning": PAYMENT_MEANINGS,
    "refund": REFUND_STATES,
    "bank": BANK_STATES,
    "mail": MAIL_STATES,
    "product": PRODUCT_STATES,
    "role": ROLES,
    "channel": CHANNELS,
    "seen": SEEN,
    "talk": TALKS,
    "talked": TALKED,
}


def word(language: str, table: str, key: str | None) -> str:
    """A key of one of the tables in words of `language`; one that no table knows is shown as it is."""
    if key is None:
        return "—"
    known = _TABLES[table].get(key)
    if known is None:
        return key
    spoken = translations(language)
    state = spoken.pgettext("state", known)
    return state if state != known else spoken.gettext(known)
