"""What happens to sellers elsewhere and to our keys and news for machines, in sentences."""

from typing import Final

from kupec.kit.i18n import mark as _

SUPPLIER_SENTENCES: Final = {
    "supplier.added": _("Machines may buy at {host}, too"),
    "supplier.paused": _("Nothing is bought at a supplier for now"),
    "supplier.resumed": _("Machines buy at a supplier again"),
    "supplier.removed": _("Supplier removed"),
    "supplier.weighed": _("What counts when suppliers are compared was changed"),
    "supplier.overcharged": _("A supplier sold for more than it had said"),
    "foreign_order.delivered": _("What a machine bought elsewhere has come"),
    "signing_key.created": _("A signing key of the shop was published"),
    "signing_key.revoked": _("A signing key of the shop was revoked"),
    "machine_webhook.failed": _("A platform could not be told of an order: {error}"),
}
SUPPLIER_ICONS: Final = {
    "supplier": "globe",
    "supplier.overcharged": "alert",
    "foreign_order": "truck",
    "signing_key": "lock",
    "machine_webhook": "alert",
}
