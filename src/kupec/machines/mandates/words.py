"""Why something was not bought, or waits, in a sentence: the same in the portal, at the desk, in a tool."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date

from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.money import Money, display
from kupec.machines.mandates.models import Purchase

_CONFIRM: Final = _("The bank wants the owner to confirm the payment, and nobody was there. Nothing was bought.")
REASONS: Final = {
    "no_mandate": _("Nobody has allowed this machine to buy anything yet."),
    "machine_paused": _("The machine is paused. It buys again once it is resumed."),
    "machine_revoked": _("The machine was taken out of use for good."),
    "mandate_revoked": _("The mandate was revoked."),
    "mandate_expired": _("The mandate ended on {at}."),
    "mandate_not_yet": _("The mandate begins on {at}."),
    "seller_not_allowed": _("The mandate does not allow the seller {seller}."),
    "nothing_wanted": _("Nothing was wanted that can be bought."),
    "goods_not_allowed": _("The mandate does not allow these goods: {sku}."),
    "other_currency": _("It is sold for {currency}, and the mandate is in {wanted}."),
    "price_too_high": _("A piece of {sku} costs {price}; the mandate allows at most {limit}."),
    "price_too_low": _("A piece of {sku} costs {price}; the mandate wants at least {limit}."),
    "too_many_orders": _("The mandate allows no more orders in this period ({limit})."),
    "over_budget": _("It costs {total}, and {left} of the budget of {budget} is left."),
    "above_limit": _("It costs more than {limit}, so its owner decides."),
    "above_limit:any": _("The mandate asks its owner about every purchase."),
    "account_approval": _("The account wants an approver's word for this."),
    "other_address": _("It would go to an address that its owner has not named, so they decide."),
    "denied": _("Its owner said no."),
    "approval_expired": _("Nobody answered in time."),
    "unknown_goods": _("There are no such goods: {sku}."),
    "total_changed": _("The price had changed meanwhile to {total}. Nothing was bought."),
    "not_enough_stock": _("There is not enough in stock. Nothing was bought."),
    "card_gone": _("No card is kept to pay with. Add one, or let the mandate pay on account."),
    "needs_action": _CONFIRM,
    "authentication_required": _CONFIRM,
    "insufficient_funds": _("There is not enough money on the card. Nothing was bought."),
    "expired_card": _("The card has expired. Nothing was bought."),
    "declined": _("The bank declined the card. Nothing was bought."),
    "refused_off_session": _("The bank refuses to charge the card while its owner is away. Nothing was bought."),
    "credit_exceeded": _("The limit on account is not enough. Nothing was bought."),
    "account_stopped": _("Buying on account is stopped until what is overdue is paid."),
    "given_up": _("It could not be ordered in time. Nothing was bought."),
    "price_changed": _("The seller asks another price by now. Nothing was bought."),
    "seller_refused": _("The seller refused the order. Nothing was bought."),
    "seller_silent": _(
        "The seller does not say whether it has taken the order. Please ask there before it is ordered again."
    ),
    "seller_cancelled": _("The seller called the order off."),
    "seller_failed": _("The seller could not take the order. Nothing was bought."),
}
_OTHERWISE: Final = _("It could not be ordered. Nothing was bought.")
_AGAIN: Final = _("It may be bought from {again_at} on.")
_MONEY: Final = frozenset({"total", "left", "budget", "price", "limit", "expected"})
_MOMENTS: Final = frozenset({"at", "again_at"})


def reason_words(purchase: Purchase, language: str, *, zone: str = "Europe/Prague") -> str:
    """Why it was refused, failed, or waits; empty for what was bought. `zone` is where its days are counted."""
    if purchase.reason is None:
        return ""
    return said(purchase.reason, purchase.reason_fields, language, currency=purchase.currency, zone=zone)


def said(code: str, fields: Mapping[str, Any], language: str, *, currency: str, zone: str = "Europe/Prague") -> str:
    """A reason in words. What the shop itself has said is said in the shop's words."""
    if code == "above_limit" and not fields.get("limit"):
        code = "above_limit:any"
    plain = _plain(code, fields, language, currency, zone)
    template = REASONS.get(code)
    if template is None:
        template = str(fields.get("message") or _OTHERWISE)
    words = _filled(language, template, plain)
    if "again_at" in plain:
        words = f"{words} {_filled(language, _AGAIN, plain)}"
    return words


def _filled(language: str, template: str, values: Mapping[str, Any]) -> str:
    try:
        return translate(language, template).format_map(values)
    except (KeyError, ValueError, IndexError):
        return translate(language, _OTHERWISE)


def _plain(code: str, fields: Mapping[str, Any], language: str, currency: str, zone: str) -> dict[str, Any]:
    money = str(fields.get("currency") or currency)
    plain: dict[str, Any] = {}
    for name, value in fields.items():
        if name in _MONEY and isinstance(value, int) and not (code == "too_many_orders" and name == "limit"):
            plain[name] = display(Money(value, money), language)
        elif name in _MOMENTS and isinstance(value, str):
            day = datetime.fromisoformat(value).astimezone(ZoneInfo(zone)).date()
            plain[name] = format_date(day, "long", locale=language)
        else:
            plain[name] = value
    return plain
