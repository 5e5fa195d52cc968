"""Baskets and promotions for tests, in CZK."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from kupec.sales import Action, Basket, BasketLine, Conditions, PercentOff, Promotion, Promotions

TUESDAY_NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)  # 12:00 in Prague
TEN_PERCENT = PercentOff(percent_bp=1000)


def line(number: int, amount: int, quantity: int = 1, *, sku: str = "", categories: tuple[str, ...] = ()) -> BasketLine:
    return BasketLine(
        line_id=UUID(int=number),
        variant_id=UUID(int=1000 + number),
        product_id=UUID(int=2000 + number),
        sku=sku or f"SKU{number}",
        category_codes=list(categories),
        quantity=quantity,
        unit_amount=amount,
    )


def basket(*lines: BasketLine, **others: Any) -> Basket:
    plain = Basket(currency="CZK", market="cz", channel="web", now=TUESDAY_NOON, lines=list(lines))
    return msgspec.structs.replace(plain, **others)


def promotion(
    code: str, action: Action = TEN_PERCENT, conditions: Conditions | None = None, **others: Any
) -> Promotion:
    return Promotion(
        code=code, names={"en": code.title()}, action=action, conditions=conditions or Conditions(), **others
    )


def all_of(*promotions: Promotion) -> Promotions:
    return Promotions(promotions=list(promotions))
