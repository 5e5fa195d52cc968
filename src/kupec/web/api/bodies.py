"""What other systems send. What is left out, or null, stays as it is; a member of the wrong type is refused."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from kupec.catalogue import Option, Reason, RelationKind
from kupec.web.api.handling import MOST_LINES

MOST_PRODUCTS: Final = 100

_Code = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Short = Annotated[str, msgspec.Meta(max_length=300)]
_Long = Annotated[str, msgspec.Meta(max_length=50_000)]
_Language = Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")]
_Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
_Amount = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
_Pieces = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
_Change = Annotated[int, msgspec.Meta(ge=-(10**9), le=10**9)]
_Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Note = Annotated[str, msgspec.Meta(max_length=200)]


def _many(most: int) -> Any:
    return msgspec.Meta(min_length=1, extra_json_schema={"maxItems": most})


class TextIn(msgspec.Struct, frozen=True, kw_only=True):
    """A product in one language. A new one needs a name; the slug is made from it and then stays."""

    name: _Short | None = None
    slug: _Short | None = None
    summary: _Long | None = None
    description: _Long | None = None


class VariantIn(msgspec.Struct, frozen=True, kw_only=True):
    """A variant by its SKU. `prices` by currency in minor units with VAT; `names` by language.

    `bundle` makes it one of so many pieces of other SKUs (an empty one: none any more). A `reorder_point` below zero:
    not watched.
    """

    sku: _Code
    names: dict[_Language, _Short] = {}
    barcode: _Code | None = None
    weight_g: _Pieces | None = None
    prices: dict[_Currency, _Amount] = {}
    reorder_point: Annotated[int, msgspec.Meta(ge=-1, le=10**9)] | None = None
    bundle: dict[_Code, _Pieces] | None = None


class ProductIn(msgspec.Struct, frozen=True, kw_only=True):
    """A product as the other system has it. `categories` are codes, all of them.

    `only_these_variants` archives the product's others.
    """

    kind: Literal["goods", "service"] | None = None
    brand: _Short | None = None
    vat_class: _Code | None = None
    status: Literal["draft", "active", "archived"] | None = None
    texts: dict[_Language, TextIn] = {}
    categories: list[_Code] | None = None
    attributes: dict[_Code, _Short | dict[_Language, _Short]] | None = None
    options: list[Option] | None = None
    lead_days: _Days | None = None
    service_interval_days: _Days | None = None
    relations: dict[RelationKind, list[_Code]] = {}
    variants: Annotated[list[VariantIn], msgspec.Meta(max_length=500)] = []
    only_these_variants: bool = False


class ProductLine(ProductIn, frozen=True, kw_only=True):
    """One product of many."""

    external_id: _Code


class ProductsIn(msgspec.Struct, frozen=True, kw_only=True):
    products: Annotated[list[ProductLine], _many(MOST_PRODUCTS)]


class PriceIn(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units with VAT: 12900 is 129 CZK."""

    sku: _Code
    currency: _Currency
    amount: _Amount


class PricesIn(msgspec.Struct, frozen=True, kw_only=True):
    lines: Annotated[list[PriceIn], _many(MOST_LINES)]


class PriceListIn(msgspec.Struct, frozen=True, kw_only=True):
    """A price list, whole. `group` null: for everybody. It holds from `valid_from` until before `valid_until`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    currency: _Currency
    group: _Code | None = None
    includes_vat: bool = True
    valid_from: _Moment | None = None
    valid_until: _Moment | None = None
    active: bool = True


class ListPriceIn(msgspec.Struct, frozen=True, kw_only=True):
    """For one piece from `min_quantity` on, in minor units of the list's currency; null takes it away."""

    sku: _Code
    min_quantity: Annotated[int, msgspec.Meta(ge=1, le=10**6)] = 1
    amount: _Amount | None


class ListPricesIn(msgspec.Struct, frozen=True, kw_only=True):
    """`replace` takes away every other price of the list, unless a line is refused."""

    lines: Annotated[list[ListPriceIn], _many(MOST_LINES)]
    replace: bool = False


class ShelfIn(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces that lie at a location."""

    sku: _Code
    location: _Code
    on_hand: _Pieces


class StockIn(msgspec.Struct, frozen=True, kw_only=True):
    """`note` is kept with each movement: the number of a document, say."""

    lines: Annotated[list[ShelfIn], _many(MOST_LINES)]
    reason: Reason = "count"
    note: _Note = ""


class ChangeIn(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces more, or fewer when below zero."""

    sku: _Code
    location: _Code
    delta: _Change


class ChangesIn(msgspec.Struct, frozen=True, kw_only=True):
    lines: Annotated[list[ChangeIn], _many(MOST_LINES)]
    reason: Reason
    note: _Note = ""


class ShipIn(msgspec.Struct, frozen=True, kw_only=True):
    """`fulfilment_id` may be left out where only one parcel is being packed."""

    fulfilment_id: _Code | None = None
    tracking_number: _Code | None = None
    carrier: _Short | None = None


class DeliveredIn(msgspec.Struct, frozen=True, kw_only=True):
    """`fulfilment_id` may be left out where only one parcel is on its way."""

    fulfilment_id: _Code | None = None


class CancelIn(msgspec.Struct, frozen=True, kw_only=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class CustomerIn(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as the other system has it. E-mail addresses and phones are added, never taken away.

    `price_group` "" is none; `segments` are all of them; of `custom`, by the codes of the merchant's own fields, those
    that are named, and null empties one.
    """

    kind: Literal["person", "organisation"] | None = None
    name: _Short | None = None
    language: Literal["cs", "pl", "en"] | None = None
    email: _Short | None = None
    phone: _Short | None = None
    company_id: _Short | None = None
    vat_id: _Short | None = None
    street: _Short | None = None
    city: _Short | None = None
    postcode: _Short | None = None
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] | None = None
    price_group: _Short | None = None
    segments: Annotated[list[_Code], msgspec.Meta(max_length=100)] | None = None
    custom: dict[_Code, str | float | bool | None] | None = None
