"""What the catalogue speaks of, and rules that need no database."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue.options import Option


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """Where and in what money we sell. The storefront picks it by language."""

    code: str
    language: str
    currency: str
    home_country: str
    countries: list[str]


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A place goods leave from."""

    id: UUID
    code: str
    name: str
    country: str
    position: int


class Category(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    code: str
    parent_id: UUID | None
    name: str
    slug: str
    slugs: dict[str, str] = {}
    """The slug in every language that has one."""
    products: int = 0
    """Products on sale here and in the categories below."""


class ProductCard(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a list: `price` is its cheapest variant's, in minor units with VAT."""

    id: UUID
    name: str
    slug: str
    summary: str
    brand: str
    kind: str
    picture: str | None
    price: int
    price_varies: bool
    currency: str
    available: int | None
    """Pieces that can be bought now over all variants; None for what needs no stock."""


class VariantView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    sku: str
    name: str
    barcode: str | None
    weight_g: int
    price: int
    currency: str
    available: int | None
    base_price: int = 0
    """The variant's own price, above `price` where a price list lowers it."""


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """A product's page."""

    id: UUID
    external_id: str
    name: str
    slug: str
    slugs: dict[str, str]
    summary: str
    description: str
    brand: str
    kind: str
    picture: str | None
    categories: list[Category]
    attributes: dict[str, str]
    variants: list[VariantView]
    options: list[Option] = []
    """Made to order: what is on offer in the market's currency."""
    lead_days: int = 0
    service_interval_days: int | None = None


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """What one piece of a bundle contains: `quantity` pieces of a variant."""

    variant_id: UUID
    sku: str
    name: str
    quantity: int
    stocked: bool


class PricePoint(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a price list: `amount` for one piece, when at least `min_quantity` are bought.

    `group` is the price group that the list is for, None for everybody.
    """

    list_code: str
    group: str | None
    min_quantity: int
    amount: int
    includes_vat: bool


class SellableVariant(msgspec.Struct, frozen=True, kw_only=True):
    """What a sale needs to know about a variant in one market. Money in minor units with VAT."""

    id: UUID
    product_id: UUID
    sku: str
    name: str
    picture: str | None
    slug: str
    kind: str
    unit_amount: int
    vat_class: str
    stocked: bool
    """Of a bundle: whether any of its components is."""
    available: int
    """Pieces neither allocated nor held by anybody else; 0 when stocked is false (and meaningless).

    Of a bundle: as many as its components make.
    """
    weight_g: int = 0
    lead_days: int = 0
    """Working days it takes to make or get ready."""
    category_codes: list[str] = []
    """The product's categories and all above them."""
    price_points: list[PricePoint] = []
    """What the price lists valid now say in the market's currency; see `unit_price`."""
    options: list[Option] = []
    components: list[Component] = []


class StockAt(msgspec.Struct, frozen=True, kw_only=True):
    """One location's stock of a variant, as it may be promised now."""

    variant_id: UUID
    location_id: UUID
    free: int
    held: dict[UUID, int] = {}
    """The part of `free` that is reserved, by those holders on whose behalf the stock was locked."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a demand for goods. `quantity` is at least 1."""

    holder: UUID
    variant_id: UUID
    quantity: int


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """Not everything that a holder wants is there."""

    holder: UUID
    available: dict[UUID, int]
    """The variants that fall short, with the pieces this holder could have."""


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity of a variant taken from one location for a holder (a cart or an order)."""

    holder: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int


class GoodsLine(msgspec.Struct, frozen=True, kw_only=True):
    """Goods on their way in or to another location."""

    variant_id: UUID
    quantity: int


class ReceivedLine(msgspec.Struct, frozen=True, kw_only=True):
    variant_id: UUID
    sku: str
    name: str
    quantity: int


class GoodsReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What came in together: a goods-in document. `author` is "kind:id"."""

    id: UUID
    number: int
    location_id: UUID
    location: str
    reference: str
    supplier: str
    received_at: datetime
    author: str
    lines: list[ReceivedLine]


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history of stock. `actor` is "kind:id"."""

    id: int
    at: datetime
    variant_id: UUID
    sku: str
    name: str
    location_id: UUID
    location: str
    delta: int
    reason: str
    reference: str
    note: str
    actor: str


class LowStock(msgspec.Struct, frozen=True, kw_only=True):
    """A variant of which no more than its reorder point is free, over all locations."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    on_hand: int
    allocated: int
    free: int
    reorder_point: int


class StockLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the desk's stock page."""

    variant_id: UUID
    product_id: UUID
    location_id: UUID
    location: str
    sku: str
    name: str
    on_hand: int
    allocated: int
    reserved: int


class DeskVariant(msgspec.Struct, frozen=True, kw_only=True):
    """A variant in the desk's list of articles. Stock in pieces over all locations, prices by currency."""

    id: UUID
    product_id: UUID
    sku: str
    barcode: str | None
    name: str
    picture: str | None
    product_status: str
    status: str
    stocked: bool
    prices: dict[str, int]
    on_hand: int
    allocated: int
    reserved: int
    reorder_point: int | None = None
    bundle: dict[str, int] = {}
    """What one piece contains: quantities by SKU."""


class ProductText(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    slug: str
    summary: str
    description: str


class DeskProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product with everything that staff may change, in all languages."""

    id: UUID
    external_id: str
    kind: str
    brand: str
    vat_class: str
    status: str
    picture: str | None
    texts: dict[str, ProductText]
    categories: list[str]
    attributes: dict[str, str | dict[str, str]]
    variants: list[DeskVariant]
    stock: list[StockLevel]
    lead_days: int = 0
    service_interval_days: int | None = None
    options: list[Option] = []
    relations: dict[str, list[str]] = {}
    """External ids by kind, also of products that have not come in yet."""
    created_at: datetime
    updated_at: datetime


class MediaFile(msgspec.Struct, frozen=True, kw_only=True):
    content_type: str
    bytes: bytes
    created_at: datetime
