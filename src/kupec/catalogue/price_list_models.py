"""Price lists as they are read and written."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class PriceListDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A price list by its code. `group` None: for everybody; it holds from `valid_from` until before `valid_until`."""

    code: str
    name: str
    currency: str
    group: str | None = None
    includes_vat: bool = True
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    active: bool = True


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """A price list; `items` is how many prices stand in it."""

    id: UUID
    code: str
    name: str
    currency: str
    group: str | None
    includes_vat: bool
    valid_from: datetime | None
    valid_until: datetime | None
    active: bool
    created_at: datetime
    items: int


class ListPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price to be written: minor units for one piece from `min_quantity` on; `amount` None takes it away."""

    sku: str
    min_quantity: int = 1
    amount: int | None


class ListedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price in a list, beside the variant's own (with VAT), for people."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    min_quantity: int
    amount: int
    base_price: int | None


class PriceListRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a file: a price list, and one of its prices. What describes the list may stand on its first line only.

    `amount` in minor units, or `price` in major ones ("129.90"). `group` "": for everybody.
    """

    price_list: str
    list_name: str | None = None
    currency: str | None = None
    group: str | None = None
    includes_vat: bool | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    active: bool | None = None
    sku: str | None = None
    min_quantity: int = 1
    amount: int | None = None
    price: Any = None
