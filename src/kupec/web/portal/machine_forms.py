"""The form of a mandate: what is typed becomes terms, and terms become what the form shows."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from kupec.catalogue import Market
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.money import Money, parse_amount
from kupec.machines.mandates import OWN, PERIODS, Goods, Mandate, MandateTerms, NewMandate
from kupec.web.forms import Form
from kupec.web.portal.page import say

_AMOUNTS = ("budget", "approval_above", "least_price", "most_price")
_FIELDS = (*_AMOUNTS, "budget_period", "most_orders", "payment", "skus", "sellers", "until", "note")

_LAST_YEAR = 2999
_AN_AMOUNT = _("Please enter an amount, such as 500, or leave it empty.")
_WRONG = {
    **dict.fromkeys(_AMOUNTS, _AN_AMOUNT),
    "name": _("Please give it a name of at most 120 characters."),
    "most_orders": _("Please enter a whole number, or leave it empty."),
    "scopes": _("Please choose at least one."),
    "sellers": _("Please give addresses such as shop.example, one on a line."),
    "until": _("Please choose a day to come, or leave it empty."),
    "key_until": _("Please choose a day to come, or leave it empty."),
}


def wrong(error: KupecError, language: str, *, key: bool = False) -> dict[str, str]:
    """By field of the form, what its owner reads about an error."""
    field = (error.field or "form").partition(".")[2] or error.field or "form"
    if field == "expires_at":
        field = "key_until" if key else "until"
    if isinstance(error, InvalidValue) and field in _WRONG:
        return {field: translate(language, _WRONG[field])}
    return {field if field in _FIELDS else "form": say(error, language)}


def wanted_terms(form: Form, currency: str, zone: str, *, before: Mandate | None = None) -> MandateTerms:
    """What was typed. Raises InvalidValue naming the field."""
    period = form.text("budget_period") or "month"
    if period not in PERIODS:
        raise InvalidValue(field="budget_period", expected=", ".join(PERIODS))
    payment, _colon, card = form.text("payment").partition(":")
    others = [line for line in form.prose("sellers", most=5000).split() if line]
    return MandateTerms(
        sellers=[OWN, *others],
        goods=Goods(
            skus=form.prose("skus", most=20_000).replace(",", " ").split(),
            categories=[code for code in form.all("categories") if code],
        ),
        budget=_amount(form, "budget", currency),
        approval_above=_amount(form, "approval_above", currency),
        least_price=_amount(form, "least_price", currency),
        most_price=_amount(form, "most_price", currency),
        budget_period=period,
        most_orders=form.whole("most_orders", least=0, most=10_000) if form.text("most_orders") else None,
        payment="account" if payment == "account" else "card",
        card_id=_card(card),
        address=before.address if before else None,
        shipping_method=before.shipping_method if before else None,
        expires_at=until(form, "until", zone),
        note=form.text("note", most=500),
    )


def new_mandate(form: Form, market: Market, zone: str, *, language: str, granted_by: UUID | None) -> NewMandate:
    """A mandate to be granted, as typed. Raises InvalidValue naming the field."""
    terms = wanted_terms(form, market.currency, zone)
    given = {name: getattr(terms, name) for name in MandateTerms.__struct_fields__}
    return NewMandate(market=market.code, zone=zone, language=language, granted_by=granted_by, **given)


def _amount(form: Form, name: str, currency: str) -> int | None:
    text = form.text(name, most=30)
    return parse_amount(text, currency, field=name) if text else None


def _card(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidValue(field="payment", expected=_("one of the cards")) from None


def until(form: Form, name: str, zone: str) -> datetime | None:
    """The end of the day that was typed. Raises InvalidValue."""
    text = form.text(name, most=30)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(field=name, expected=_("a date")) from None
    return end_of(day, zone, field=name)


def end_of(day: date, zone: str, *, field: str) -> datetime:
    """The moment at which a day is over there. Raises InvalidValue for what no calendar of ours reaches."""
    if day.year > _LAST_YEAR:
        raise InvalidValue(field=field, expected=_("a date"))
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(zone))


def typed_mandate(form: Form) -> dict[str, Any]:
    """What the form shows again, as it was typed; an empty form for none."""
    values: dict[str, Any] = {name: form.prose(name, most=10**6)[:20_000] for name in _FIELDS}
    return values | {"categories": form.all("categories"), "budget_period": values["budget_period"] or "month"}


def shown_mandate(mandate: Mandate, zone: str) -> dict[str, Any]:
    """What the form shows of a mandate as it stands."""
    values: dict[str, Any] = {name: _written(getattr(mandate, name), mandate.currency) for name in _AMOUNTS}
    last = mandate.expires_at and (mandate.expires_at.astimezone(ZoneInfo(zone)) - timedelta(microseconds=1)).date()
    return values | {
        "budget_period": mandate.budget_period,
        "most_orders": "" if mandate.most_orders is None else str(mandate.most_orders),
        "payment": "account" if mandate.payment == "account" else f"card:{mandate.card_id or ''}".rstrip(":"),
        "skus": " ".join(mandate.goods.skus),
        "categories": mandate.goods.categories,
        "sellers": "\n".join(seller for seller in mandate.sellers if seller != OWN),
        "until": last.isoformat() if last else "",
        "note": mandate.note,
    }


def _written(amount: int | None, currency: str) -> str:
    if amount is None:
        return ""
    value = Money(amount, currency).decimal
    return str(int(value)) if value == int(value) else str(value)
