"""Products, variants, prices, stock, media, and how they come in: the door."""

from kupec.catalogue.cards import (
    products_by_ids,
    similar_products,
)
from kupec.catalogue.categories import (
    category_by_slug,
    list_categories,
)
from kupec.catalogue.errors import (
    NotAllocated,
)
from kupec.catalogue.events import (
    CategoryChanged,
    LocationChanged,
    MarketChanged,
    MediaStored,
    PriceChanged,
    ProductChanged,
    ProductCreated,
    StockAdjusted,
    VatRateChanged,
)
from kupec.catalogue.index import (
    reindex_all,
)
from kupec.catalogue.listing import (
    Sort,
    list_products,
    suggest,
)
from kupec.catalogue.markets import (
    locations,
    market,
    markets,
    put_location,
    put_market,
    set_vat_rate,
)
from kupec.catalogue.models import (
    Category,
    Location,
    Market,
    MediaFile,
    Portion,
    ProductCard,
    ProductView,
    SellableVariant,
    Shortage,
    StockAt,
    StockLevel,
    VariantView,
    Wanted,
)
from kupec.catalogue.portions import (
    portion_out,
)
from kupec.catalogue.product import (
    product_by_id,
    product_by_slug,
)
from kupec.catalogue.sellable import (
    resolve_items,
    sellable,
    variants_by_sku,
)
from kupec.catalogue.stock import (
    allocate,
    expire_reservations,
    hold,
    lock_stock,
    release,
    take_out,
    unallocate,
)

__all__ = [
    "Category",
    "CategoryChanged",
    "Location",
    "LocationChanged",
    "Market",
    "MarketChanged",
    "MediaFile",
    "MediaStored",
    "NotAllocated",
    "Portion",
    "PriceChanged",
    "ProductCard",
    "ProductChanged",
    "ProductCreated",
    "ProductView",
    "SellableVariant",
    "Shortage",
    "Sort",
    "StockAdjusted",
    "StockAt",
    "StockLevel",
    "VariantView",
    "VatRateChanged",
    "Wanted",
    "allocate",
    "category_by_slug",
    "expire_reservations",
    "hold",
    "list_categories",
    "list_products",
    "locations",
    "lock_stock",
    "market",
    "markets",
    "portion_out",
    "product_by_id",
    "product_by_slug",
    "products_by_ids",
    "put_location",
    "put_market",
    "reindex_all",
    "release",
    "resolve_items",
    "sellable",
    "set_vat_rate",
    "similar_products",
    "suggest",
    "take_out",
    "unallocate",
    "variants_by_sku",
]
