"""States, roles and codes in words. The keys are what the database says, the values are msgids."""

from kupec.kit.i18n import translate


def _(message: str) -> str:
    """Marks a message for the catalogues; it is translated when it is shown."""
    return message


ORDER_STATES = {
    "draft": _("Being paid"),
    "placed": _("To pick"),
    "picking": _("Picking"),
    "shipped": _("Shipped"),
    "delivered": _("Delivered"),
    "cancelled": _("Cancelled"),
    "abandoned": _("Not completed"),
}
ORDER_TABS = ("placed", "picking", "shipped", "delivered", "cancelled")

PARCEL_STATES = {
    "picking": _("Being picked"),
    "shipped": _("On its way"),
    "delivered": _("Delivered"),
    "cancelled": _("Cancelled"),
}

PAYMENT_STATES = {
    "pending": _("Not known yet"),
    "requires_action": _("Waiting for the customer"),
    "authorised": _("Reserved"),
    "capturing": _("Being taken"),
    "captured": _("Paid"),
    "voiding": _("Being released"),
    "voided": _("Released"),
    "failed": _("Failed"),
}
PAYMENT_MEANINGS = {
    "pending": _("The card gateway has not said yet whether the money is reserved. Kupec keeps asking."),
    "requires_action": _("The customer has to confirm the payment with their bank."),
    "authorised": _("The money is reserved on the card and will be taken in a moment."),
    "capturing": _("The reserved money is being taken."),
    "captured": _("The money has been taken."),
    "voiding": _("The reservation on the card is being released. Nothing was charged."),
    "voided": _("The reservation on the card was released. Nothing was charged."),
    "failed": _("Nothing was charged."),
}
REFUND_STATES = {
    "pending": _("The refund is on its way"),
    "done": _("Refunded"),
    "failed": _("The refund failed"),
}

MAIL_STATES = {"queued": _("Waiting"), "sent": _("Sent"), "failed": _("Failed")}

PRODUCT_STATES = {"draft": _("Draft"), "active": _("On sale"), "archived": _("Archived")}

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
    "import": _("import"),
}

TONES = {
    "placed": "accent",
    "picking": "warn",
    "delivered": "good",
    "captured": "good",
    "done": "good",
    "sent": "good",
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
    "payment": PAYMENT_STATES,
    "meaning": PAYMENT_MEANINGS,
    "refund": REFUND_STATES,
    "mail": MAIL_STATES,
    "product": PRODUCT_STATES,
    "role": ROLES,
    "channel": CHANNELS,
}


def word(language: str, table: str, key: str | None) -> str:
    """A key of one of the tables in words of `language`; one that no table knows is shown as it is."""
    if key is None:
        return "—"
    known = _TABLES[table].get(key)
    return translate(language, known) if known else key
