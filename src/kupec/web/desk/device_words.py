"""What happens to devices, in sentences, and what the settings of device models are called."""

from typing import Final

from kupec.kit.i18n import mark as _

DEVICE_SENTENCES: Final = {
    "device.registered": _("Device registered: {model}"),
    "device.changed": _("What is known of a device was corrected"),
    "device.error_raised": _("Device reports {code}"),
    "device.error_cleared": _("Device does not report {code} any more"),
    "device.silent": _("Nothing is heard of a device"),
    "device.back": _("Device reports again"),
    "device.refill_asked": _("Device asks for more: {meter}"),
}
DEVICE_ICONS: Final = {
    "device": "robot",
    "device.error_raised": "alert",
    "device.error_cleared": "check",
    "device.silent": "clock",
    "device.refill_asked": "cart",
}
DEVICE_SECTION: Final = (
    _("Connected devices"),
    _("Models, what they measure and use up, which parts wear, and when they need service."),
)
DEVICE_FIELDS: Final = {
    "device_models.models": _("Models"),
    "device_models.code": _("Code"),
    "device_models.skus": _("Sold as (SKU)"),
    "device_models.meters": _("What it measures"),
    "device_models.name": _("Name in messages"),
    "device_models.kind": _("Sort: level, counter, hours or wear"),
    "device_models.unit": _("Unit"),
    "device_models.full": _("Full"),
    "device_models.empty": _("Empty"),
    "device_models.rises": _("Fills up as it is used"),
    "device_models.most_per_hour": _("Used in an hour at most"),
    "device_models.noise": _("A smaller step up is no refill"),
    "device_models.low": _("Low at a share of"),
    "device_models.consumables": _("What it uses up"),
    "device_models.meter": _("Meter"),
    "device_models.sku": _("SKU"),
    "device_models.holds": _("One piece holds"),
    "device_models.parts": _("Parts that wear"),
    "device_models.threshold": _("Replaced from"),
    "device_models.errors": _("Upon the errors"),
    "device_models.services": _("Service"),
    "device_models.every_days": _("Every so many days"),
    "device_models.every": _("Every so much of the meter"),
    "device_models.silent_after_minutes": _("Silent after (minutes)"),
    "device_models.ahead_minutes": _("A clock may be ahead by (minutes)"),
    "device_models.keep_readings_days": _("Readings are kept for (days)"),
    "device_models.keep_hours_days": _("Sums of hours are kept for (days)"),
    "device_models.keep_days_days": _("Sums of days are kept for (days)"),
    "device_models.most_per_day": _("Readings of a device in a day at most"),
}
