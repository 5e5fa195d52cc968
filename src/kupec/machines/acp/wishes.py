"""What bodies of sessions and carts have in common."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from kupec.machines.acp.gate import AnyRequest, language_of
from kupec.machines.acp.requests import DiscountsIn


def codes_of(
    discounts: DiscountsIn | UnsetType | None, coupons: Sequence[str] | UnsetType | None
) -> list[str] | UnsetType:
    """The codes to hold from now on: `discounts` wins over the older `coupons`; null clears, nothing leaves them."""
    if isinstance(discounts, DiscountsIn):
        return list(dict.fromkeys(discounts.codes))
    if coupons is not None and not isinstance(coupons, UnsetType):
        return list(dict.fromkeys(coupons))
    return UNSET if discounts is UNSET and coupons is UNSET else []


def locale_language(request: AnyRequest, locale: str | None) -> str:
    return language_of(request, locale)
