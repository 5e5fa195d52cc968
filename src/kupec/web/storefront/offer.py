"""What a product's page says beyond the product itself: prices of more pieces, what is in a set, what can be chosen."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec
from babel.numbers import format_decimal

from kupec.catalogue import (
    TAX,
    Option,
    ProductView,
    SellableVariant,
    TaxRules,
    sellable,
    unit_price,
    validate_options,
)
from kupec.kit import versions
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate, translations
from kupec.web.storefront.shop import Shop

_CHARACTERS: Final = {"letters": _("letters"), "digits": _("figures"), "space": _("spaces"), "marks": _("marks")}
_YEAR, _MONTH = 365, 30  # days
_ALL_CHARACTERS: Final = "letters digits space marks"


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """From so many pieces, each costs this much."""

    pieces: int
    price: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a set contains; `slug` and `price` (of one piece) are None for what is not sold by itself."""

    name: str
    quantity: int
    slug: str | None
    picture: str | None
    price: int | None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A variant as it is offered here."""

    tiers: list[Tier] = []
    parts: list[Part] = []
    saving: int = 0
    """What the parts would cost more by themselves."""
    weight_g: int = 0
    lead_days: int = 0


async def offers(db: Connection, shop: Shop, product: ProductView, *, now: datetime) -> dict[UUID, Offer]:
    """The offers of a product's variants: two or three statements, whatever their number."""
    market = shop.market.code
    sold = await sellable(db, [(market, variant.id) for variant in product.variants], now=now)
    inside = {part.variant_id for variant in sold.values() for part in variant.components}
    parts = await sellable(db, [(market, each) for each in sorted(inside)], now=now) if inside else {}
    rules = (await versions.published(db, TAX))[TAX]
    group = shop.cart.price_group if shop.cart else None
    return {
        variant.id: _offer(variant, {key[1]: part for key, part in parts.items()}, rules, shop, group)
        for variant in sold.values()
    }


def _offer(
    variant: SellableVariant, parts: Mapping[UUID, SellableVariant], rules: TaxRules, shop: Shop, group: str | None
) -> Offer:
    def price(of: SellableVariant, quantity: int) -> int:
        rate = rules.rate(of.vat_class, home=shop.market.home_country, destination=None)
        return unit_price(of, quantity=quantity, group=group, rate_bp=rate or 0)

    inside = []
    alone = 0
    for each in variant.components:
        sold = parts.get(each.variant_id)
        inside.append(
            Part(
                name=each.name,
                quantity=each.quantity,
                slug=sold.slug if sold else None,
                picture=sold.picture if sold else None,
                price=price(sold, 1) if sold else None,
            )
        )
        alone += price(sold, each.quantity) * each.quantity if sold else 0
    whole = inside and all(part.price is not None for part in inside)
    tiers: list[Tier] = []
    now_at = price(variant, 1)
    for pieces in sorted({point.min_quantity for point in variant.price_points if point.min_quantity > 1}):
        if price(variant, pieces) < now_at:
            now_at = price(variant, pieces)
            tiers.append(Tier(pieces=pieces, price=now_at))
    return Offer(
        tiers=tiers,
        parts=inside,
        saving=max(0, alone - price(variant, 1)) if whole else 0,
        weight_g=variant.weight_g,
        lead_days=variant.lead_days,
    )


# --- made to order -----------------------------------------------------------------------------------


def option_rule(option: Option, language: str) -> str:
    """What may be written into an option, in a sentence; nothing for a choice."""
    spoken = translations(language)
    if option.kind == "text":
        said = spoken.ngettext("At most %(num)d character", "At most %(num)d characters", option.max_length)
        text = said % {"num": option.max_length}
        if option.characters != _ALL_CHARACTERS:
            allowed = option.characters.split()
            words = ", ".join(translate(language, _CHARACTERS[word]) for word in allowed if word in _CHARACTERS)
            signs = " ".join(sign for sign in allowed if sign not in _CHARACTERS)
            text += ": " + ", ".join(filter(None, (words, signs)))
            if signs:
                return text  # a full stop would look like one more sign
        return f"{text}."
    if option.kind == "number":
        return _range(option, language)
    return ""


def _range(option: Option, language: str) -> str:
    def shown(number: Decimal) -> str:
        figure = format_decimal(number, locale=language)
        return f"{figure} {option.unit}" if option.unit else figure

    low, high, step = option.minimum, option.maximum, option.step
    parts = []
    if low is not None and high is not None:
        parts.append(translate(language, _("From {low} to {high}")).format(low=shown(low), high=shown(high)))
    elif low is not None:
        parts.append(translate(language, _("At least {low}")).format(low=shown(low)))
    elif high is not None:
        parts.append(translate(language, _("At most {high}")).format(high=shown(high)))
    else:
        parts.append(translate(language, _("A number")))
    if step is not None and step != 1:
        parts.append(translate(language, _("in steps of {step}")).format(step=shown(step)))
    return f"{', '.join(parts)}."


def option_errors(
    options: Sequence[Option], given: Mapping[str, str], *, currency: str, language: str
) -> dict[str, str]:
    """Everything that is wrong with what was filled in, by "options.<code>", in the buyer's words."""
    by_code = {option.code: option for option in options}
    errors = {}
    for fault in validate_options(options, given, currency=currency):
        code = (fault.field or "").removeprefix("options.")
        option = by_code.get(code)
        if option is None:
            continue
        if not given.get(code, "").strip():
            text = _("Please choose one.") if option.kind == "choice" else _("Please fill this in.")
            errors[f"options.{code}"] = translate(language, text)
        else:
            rule = option_rule(option, language)
            errors[f"options.{code}"] = rule or translate(language, _("Please choose one."))
    return errors


def interval_in_words(days: int, language: str) -> str:
    """How often a machine wants servicing: "every 6 months"."""
    spoken = translations(language)
    if days % _YEAR == 0:
        return spoken.ngettext("every year", "every %(num)d years", days // _YEAR) % {"num": days // _YEAR}
    if days % _MONTH == 0:
        return spoken.ngettext("every month", "every %(num)d months", days // _MONTH) % {"num": days // _MONTH}
    return spoken.ngettext("every day", "every %(num)d days", days) % {"num": days}
