"""One promotion as a merchant writes it: fields of a form into a document, and back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES
from kupec.kit.i18n import mark as _
from kupec.kit.money import Money, parse_amount
from kupec.web.forms import Form

KINDS = {
    "percent": _("Percent off"),
    "amount": _("Amount off"),
    "buy_get": _("Buy some, get some"),
    "free_shipping": _("Free delivery"),
    "gift": _("A gift"),
}
WEEKDAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
WHO = {
    "": _("Everybody"),
    "first": _("Who orders for the first time"),
    "returning": _("Who has ordered before"),
}

# Where a fault of the document stands in the form.
_PLACES = {
    "names": "name.cs",
    "conditions.valid_from": "valid_from",
    "conditions.valid_to": "valid_to",
    "conditions.weekdays": "weekdays",
    "conditions.hours": "hours.until",
    "conditions.hours.until": "hours.until",
    "conditions.quantity": "quantity",
    "conditions.returning": "who",
    "action.buy": "buy",
    "action.get": "get",
    "action.quantity": "gift.quantity",
    "action.amounts": "amount.CZK",
}


def shown(raw: Mapping[str, Any], currencies: list[str]) -> dict[str, Any]:
    """What stands in the fields for a promotion as plain values; lists for checkboxes."""
    wanted, action, kind = (
        raw.get("conditions", {}),
        raw.get("action", {}),
        raw.get("action", {}).get("kind", "percent"),
    )
    values: dict[str, Any] = {
        "code": raw.get("code", ""),
        "active": raw.get("active", True),
        "kind": kind,
        "markets": wanted.get("markets", []),
        "weekdays": [str(day) for day in wanted.get("weekdays", [])],
        "valid_from": (wanted.get("valid_from") or "")[:16],
        "valid_to": (wanted.get("valid_to") or "")[:16],
        "hours.since": ((wanted.get("hours") or {}).get("since") or "")[:5],
        "hours.until": ((wanted.get("hours") or {}).get("until") or "")[:5],
        "quantity": wanted.get("quantity", 1),
        "who": "first" if wanted.get("first_order") else "returning" if wanted.get("returning") else "",
        "needs_coupon": wanted.get("needs_coupon", False),
        "buy": action.get("buy", 2),
        "get": action.get("get", 1),
        "methods": ", ".join(action.get("methods", [])),
        "gift.sku": action.get("sku", ""),
        "gift.quantity": action.get("quantity", 1),
        "max_uses": raw.get("max_uses") or "",
        "per_customer": raw.get("per_customer") or "",
        "priority": raw.get("priority", 100),
        "group": raw.get("group", ""),
        "exclusive": raw.get("exclusive", False),
    }
    for field in ("channels", "price_groups", "segments"):
        values[field] = ", ".join(wanted.get(field, []))
    for prefix, goods in (("goods", wanted.get("goods", {})), ("on", action.get("goods", {}))):
        values[f"{prefix}.categories"] = ", ".join(goods.get("categories", []))
        values[f"{prefix}.skus"] = ", ".join(goods.get("skus", []))
    for language in LANGUAGES:
        values[f"name.{language}"] = raw.get("names", {}).get(language, "")
    percent = action.get("percent_bp", 10_000 if kind == "buy_get" else 1000)
    values["percent"] = f"{Decimal(percent).scaleb(-2).normalize():f}"
    values["get_percent"] = values["percent"] if kind == "buy_get" else "100"
    for currency in currencies:
        for field, amounts in (
            ("minimum", wanted.get("minimum", {})),
            ("amount", action.get("amounts", {})),
            ("up_to", action.get("up_to", {})),
            ("worth", action.get("worth", {})),
        ):
            values[f"{field}.{currency}"] = _amount(amounts.get(currency), currency)
    return values


def _amount(value: int | None, currency: str) -> str:
    return "" if value is None else f"{Money(value, currency).decimal:f}".removesuffix(".00")


def _with_seconds(text: str) -> str | None:
    """A time as a browser sends it is a time as a document has it, but for the seconds."""
    return f"{text}:00" if text.count(":") == 1 else text or None


class PromotionReader:
    """Reads the form; what cannot be read is noted in `faults` by the form's field."""

    def __init__(self, form: Form, currencies: list[str], variants: Mapping[str, UUID]) -> None:
        self.faults: dict[str, str] = {}
        self._form = form
        self._currencies = currencies
        self._variants = variants

    def read(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The promotion as plain values; what the form does not show (single products) stays as it is stored."""
        form = self._form
        names = {language: name for language in LANGUAGES if (name := form.text(f"name.{language}"))}
        raw: dict[str, Any] = {
            "code": form.text("code"),
            "names": names,
            "active": "active" in form,
            "conditions": self._conditions(stored.get("conditions", {})),
            "action": self._action(stored.get("action", {})),
            "max_uses": self._whole("max_uses"),
            "per_customer": self._whole("per_customer"),
            "priority": self._whole("priority", default=100),
            "group": form.text("group"),
            "exclusive": "exclusive" in form,
        }
        return raw

    def _conditions(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        form, who = self._form, self._form.text("who")
        since, until = form.text("hours.since"), form.text("hours.until")
        days = [int(day) for day in form.all("weekdays") if day in {"1", "2", "3", "4", "5", "6", "7"}]
        wanted: dict[str, Any] = {
            "markets": form.all("markets"),
            "currencies": stored.get("currencies", []),
            "channels": self._list("channels"),
            "valid_from": _with_seconds(form.text("valid_from")),
            "valid_to": _with_seconds(form.text("valid_to")),
            "weekdays": days if len(days) < 7 else [],
            "hours": {"since": _with_seconds(since or "00:00"), "until": _with_seconds(until or "00:00")}
            if since or until
            else None,
            "minimum": self._amounts("minimum"),
            "goods": self._goods("goods", stored.get("goods", {})),
            "quantity": self._whole("quantity", default=1),
            "price_groups": self._list("price_groups"),
            "segments": self._list("segments"),
            "first_order": who == "first",
            "returning": who == "returning",
            "needs_coupon": "needs_coupon" in form,
        }
        return wanted

    def _action(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        kind = self._form.text("kind")
        goods = self._goods("on", stored.get("goods", {}))
        match kind:
            case "amount":
                return {"kind": kind, "amounts": self._amounts("amount"), "goods": goods}
            case "buy_get":
                pieces = {"buy": self._whole("buy", default=0), "get": self._whole("get", default=0)}
                return {"kind": kind, **pieces, "percent_bp": self._percent("get_percent"), "goods": goods}
            case "free_shipping":
                return {"kind": kind, "methods": self._list("methods"), "up_to": self._amounts("up_to")}
            case "gift":
                return self._gift()
        return {"kind": "percent", "percent_bp": self._percent("percent"), "goods": goods}

    def _gift(self) -> dict[str, Any]:
        sku = self._form.text("gift.sku")
        variant = self._variants.get(sku)
        if variant is None:
            self.faults["gift.sku"] = _("the code of an article")
        return {
            "kind": "gift",
            "variant_id": str(variant or UUID(int=0)),
            "sku": sku,
            "quantity": self._whole("gift.quantity", default=1),
            "worth": self._amounts("worth"),
        }

    def _goods(self, prefix: str, stored: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "products": stored.get("products", []),
            "categories": self._list(f"{prefix}.categories"),
            "skus": self._list(f"{prefix}.skus"),
        }

    def _list(self, field: str) -> list[str]:
        return [part.strip() for part in self._form.text(field, most=2000).split(",") if part.strip()]

    def _amounts(self, field: str) -> dict[str, int]:
        found = {}
        for currency in self._currencies:
            name = f"{field}.{currency}"
            text = self._form.text(name)
            if not text:
                continue
            try:
                found[currency] = parse_amount(text, currency, field=name)
            except InvalidValue as error:
                self.faults[name] = str(error.details["expected"])
        return found

    def _whole(self, field: str, *, default: int | None = None) -> int | None:
        text = self._form.text(field)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            self.faults[field] = _("a whole number")
            return default
        return int(text)

    def _percent(self, field: str) -> int:
        text = self._form.text(field).replace(",", ".").replace("%", "").strip()
        try:
            value = Decimal(text) * 100
            whole = int(value)
        except (ArithmeticError, ValueError):
            value, whole = Decimal(0), -1
        if value != whole or not 1 <= whole <= 10_000:
            self.faults[field] = _("from 0.01 % to 100 %")
            return 1
        return whole


def in_the_form(path: str, raw: Mapping[str, Any], currencies: list[str]) -> str:
    """The form's field for a path within a promotion ("action.percent_bp")."""
    if path == "action.percent_bp":
        return "get_percent" if raw["action"].get("kind") == "buy_get" else "percent"
    if path == "action.amounts":
        return f"amount.{currencies[0]}" if currencies else "kind"
    for prefix, field in (
        ("conditions.minimum.", "minimum."),
        ("action.amounts.", "amount."),
        ("action.up_to.", "up_to."),
        ("action.worth.", "worth."),
        ("names.", "name."),
    ):
        if path.startswith(prefix):
            return field + path.removeprefix(prefix)
    return _PLACES.get(path, path.removeprefix("conditions.").removeprefix("action."))
