"""What is ordered for devices by itself, in sentences, and what the settings of it are called."""

from typing import Final

from kupec.kit.i18n import mark as _

REPLENISHMENT_SENTENCES: Final = {
    "replenishment.started": _("{sku} is ordered for a device by itself from now on"),
    "replenishment.paused": _("Nothing more of {sku} is ordered for a device by itself"),
    "replenishment.resumed": _("{sku} is ordered for a device by itself again"),
    "replenishment.changed": _("How {sku} is ordered for a device was changed"),
    "replenishment.ordered": _("Ordered for a device by itself: {quantity} × {sku}"),
    "replenishment.blocked": _("{sku} could not be ordered for a device; it is tried again"),
    "replenishment.arrived": _("Arrived for a device: {quantity} × {sku}"),
    "replenishment.cancelled": _("{sku} for a device was called off"),
}
REPLENISHMENT_ICONS: Final = {
    "replenishment": "refresh",
    "replenishment.paused": "clock",
    "replenishment.blocked": "ban",
    "replenishment.arrived": "check",
    "replenishment.cancelled": "ban",
}
REPLENISHMENT_SECTION: Final = (
    _("Replenishment"),
    _("How surely and how far ahead devices are replenished, by how much, and when a refusal is tried again."),
)
REPLENISHMENT_FIELDS: Final = {
    "replenishment.service_level": _("What is left lasts until the delivery, in a share of cases"),
    "replenishment.review_hours": _("Looked at every so many hours"),
    "replenishment.lead_days": _("A delivery takes (days), before there is experience"),
    "replenishment.lead_spread_days": _("and varies by (days)"),
    "replenishment.cover_days": _("An order lasts at least (days)"),
    "replenishment.most_pieces": _("Pieces in an order at most"),
    "replenishment.shelf_life_days": _("To be used up within (days)"),
    "replenishment.first_days": _("A full device lasts (days), before anything is known"),
    "replenishment.prior_days": _("This guess weighs as much as (days) of measuring"),
    "replenishment.half_life_days": _("A day weighs half after (days)"),
    "replenishment.order_costs": _("What an order costs beside its goods"),
    "replenishment.holding_share": _("Keeping goods for a year costs, as a share of their price"),
    "replenishment.retry_days": _("After each refusal, days until the next try"),
    "replenishment.late_days": _("Late after (days)"),
    "replenishment.goods": _("Single articles, by SKU"),
    "replenishment.pack": _("In whole packs of"),
    "replenishment.least": _("Pieces at least"),
    "replenishment.most": _("Pieces at most"),
}
