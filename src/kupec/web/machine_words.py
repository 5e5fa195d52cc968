"""Machines, mandates and purchases in words: the same in the portal and at the desk."""

from collections.abc import Mapping
from typing import Any, Final

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.machines.devices import MeterState
from kupec.machines.mandates import Purchase
from kupec.machines.replenishment import amount_in

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


def why_words(purchase: Purchase, meters: Mapping[str, MeterState], language: str) -> str:
    """Why a machine wanted it, as far as who asked said; `meters` are its own, by name. Empty for nothing said."""
    why = purchase.why
    said: list[str] = []
    meter = meters.get(str(why.get("meter") or ""))
    if meter is not None:
        said.append(_of_meter(why, meter, language))
    elif why.get("reason") == "error":
        said.append(translate(language, _("The machine reported an error.")))
    if why.get("rfq"):
        said.append(translate(language, _("Won by this quote among those asked for.")))
    offers = why.get("choice", {}).get("offers") if isinstance(why.get("choice"), dict) else None
    if isinstance(offers, list) and len(offers) > 1:
        ngettext = translations(language).ngettext
        best = ngettext("The best of %(num)s offer.", "The best of %(num)s offers.", len(offers))
        said.append(best % {"num": len(offers)})
    return " ".join(said)


def _of_meter(why: Mapping[str, Any], meter: MeterState, language: str) -> str:
    title = meter.title.get(language) or meter.title.get("en") or meter.name
    unit = f" {translate(language, meter.unit)}" if meter.unit else ""
    level, at, value = why.get("level"), why.get("reorder_at"), why.get("value")
    if why.get("reason") == "asked":
        return translate(language, _("{meter}: more was asked for at the machine.")).format(meter=title)
    if isinstance(level, int | float) and isinstance(at, int | float):
        template = translate(language, _("{meter}: {level} is left, and more is ordered at {at}."))
        return template.format(meter=title, level=amount_in(level, language) + unit, at=amount_in(at, language) + unit)
    if isinstance(value, int | float):
        reached = amount_in(value, language) + unit
        return translate(language, _("{meter} stands at {value}.")).format(meter=title, value=reached)
    return f"{title}."
