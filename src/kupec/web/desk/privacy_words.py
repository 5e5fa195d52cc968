"""Requests about personal data in words."""

from kupec.kit.i18n import mark as _

REQUEST_KINDS = {"export": _("Export of data"), "erasure": _("Erasure of data")}
REQUEST_STATES = {
    "asked": _("waits"),
    "postponed": _("postponed"),
    "running": _("is being worked off"),
    "done": _("done"),
    "failed": _("failed"),
    "refused": _("refused"),
}
REQUEST_TONES = {"asked": "", "postponed": "warn", "running": "", "done": "good", "failed": "bad", "refused": "bad"}
OBSTACLES = {
    "order": _("an order is on its way"),
    "return": _("a return is open"),
    "payment": _("a payment is open"),
    "refund": _("money is being given back"),
    "store_credit": _("there is store credit left"),
    "account": _("money is owed on account"),
}
