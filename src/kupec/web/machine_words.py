"""Machines, mandates and purchases in words: the same in the portal and at the desk."""

from typing import Final

from kupec.kit.i18n import mark as _

KINDS: Final = {"device": _("Device"), "agent": _("Agent")}
STATES: Final = {"active": _("in use"), "paused": _("paused"), "revoked": _("out of use")}
STATE_TONES: Final = {"active": "good", "paused": "warn", "revoked": ""}
MANDATE_STATES: Final = {
    "active": _("holds"),
    "waiting": _("begins later"),
    "expired": _("ended"),
    "revoked": _("revoked"),
}
PURCHASE_STATES: Final = {
    "claimed": _("being ordered"),
    "asked": _("waits for an answer"),
    "placed": _("ordered"),
    "refused": _("refused"),
    "failed": _("not ordered"),
    "cancelled": _("cancelled"),
}
PURCHASE_TONES: Final = {"placed": "good", "asked": "warn", "claimed": "warn", "refused": "bad", "failed": "bad"}
SCOPES: Final = {
    "read": _("see goods, prices and its own orders"),
    "buy": _("buy within its mandate"),
    "telemetry": _("report levels and errors"),
}
PERIODS: Final = {
    "day": _("per day"),
    "week": _("per week"),
    "month": _("per month"),
    "year": _("per year"),
    "total": _("in all"),
}
WHY: Final = {
    "meter": _("meter:"),
    "level": _("level:"),
    "left": _("left:"),
    "left_days": _("days left:"),
    "reorder_at": _("ordered at:"),
    "error": _("error:"),
    "service": _("service:"),
    "part": _("part:"),
    "seller": _("seller:"),
    "rfq": _("request for quotes:"),
}
"""What rooms keep with a purchase about why it was wanted; what has no word is not shown."""
