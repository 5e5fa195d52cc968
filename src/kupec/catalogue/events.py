"""What happens in the catalogue. Amounts in minor units, stock in pieces."""

from typing import ClassVar, Literal, get_args
from uuid import UUID

from kupec.kit.events import Payload

Reason = Literal["goods_in", "count", "import", "sale", "return", "transfer", "damage", "loss", "found", "use", "scrap"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why stock moves."""


class MarketChanged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "market.changed"
    market: str
    language: str
    currency: str
    countries: list[str]


class LocationChanged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "location.changed"
    location_id: UUID
    code: str
    country: str


class CategoryChanged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "category.changed"
    category_id: UUID
    code: str


class ProductCreated(Payload, frozen=True, kw_only=True):
    """`prices` by SKU and currency; a new product has no price.changed of its own."""

    name: ClassVar[str] = "product.created"
    product_id: UUID
    external_id: str
    prices: dict[str, dict[str, int]]


class ProductChanged(Payload, frozen=True, kw_only=True):
    """`changed` names the parts: "product", "texts", "variants", "bundles", "relations", "categories", "attributes"."""

    name: ClassVar[str] = "product.changed"
    product_id: UUID
    changed: list[str]


class PriceChanged(Payload, frozen=True, kw_only=True):
    """`before` is None for a price where there was none."""

    name: ClassVar[str] = "price.changed"
    product_id: UUID
    variant_id: UUID
    currency: str
    before: int | None
    after: int


class PriceListChanged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "price_list.changed"
    price_list: str
    active: bool


class ListPriceChanged(Payload, frozen=True, kw_only=True):
    """`before` is None for a price where there was none, `after` for one that was taken away."""

    name: ClassVar[str] = "list_price.changed"
    price_list: str
    product_id: UUID
    variant_id: UUID
    min_quantity: int
    currency: str
    before: int | None
    after: int | None


class AttributeChanged(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "attribute.changed"
    code: str


class StockMoved(Payload, frozen=True, kw_only=True):
    """So many pieces more or fewer lie on a shelf: the sum of all of a shelf's `delta` is what lies there.

    `reference` is what it belongs to ("order:<id>", the number of a delivery note), `note` the words of who did it.
    """

    name: ClassVar[str] = "stock.moved"
    variant_id: UUID
    location_id: UUID
    delta: int
    reason: Reason
    reference: str = ""
    note: str = ""


class MediaStored(Payload, frozen=True, kw_only=True):
    name: ClassVar[str] = "media.stored"
    sha256: str
    content_type: str
    size: int
