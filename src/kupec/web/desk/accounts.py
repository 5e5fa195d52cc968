"""The ledger's accounts in words."""

from kupec.kit.i18n import mark as _
from kupec.web.desk.reader import Reader

_NAMES = {
    "customer": _("Customers"),
    "revenue": _("Revenue"),
    "rounding": _("Rounding of cash"),
    "store_credit": _("Store credit outstanding"),
    "goodwill": _("Goodwill"),
    "bank": _("Bank"),
}
_CLEARING = {
    "sandbox": _("Cards (test gateway), on the way to the bank"),
    "stripe": _("Cards (Stripe), on the way to the bank"),
    "cod": _("Cash on delivery, with the carriers"),
}


def account_name(account: str, reader: Reader) -> str:
    """An account as people say it; one without words is shown as it stands in the ledger."""
    kind, _colon, rest = account.partition(":")
    if kind == "vat" and ":" in rest:
        country, rate = rest.split(":", 1)
        return reader.text(_("VAT {rate} % {country}")).format(rate=rate, country=country)
    if kind == "clearing" and rest in _CLEARING:
        return reader.text(_CLEARING[rest])
    return reader.text(_NAMES[account]) if account in _NAMES else account
