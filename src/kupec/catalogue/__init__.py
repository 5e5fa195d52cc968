"""Products, variants, prices, stock, media, and how they come in: the door."""

from kupec.catalogue.errors import NotAllocated
from kupec.catalogue.models import (
    Category,
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
from kupec.catalogue.portions import portion_out
from kupec.catalogue.sellable import resolve_items, sellable, variants_by_sku
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
    "Market",
    "MediaFile",
    "NotAllocated",
    "Portion",
    "ProductCard",
    "ProductView",
    "SellableVariant",
    "Shortage",
    "StockAt",
    "StockLevel",
    "VariantView",
    "Wanted",
    "allocate",
    "expire_reservations",
    "hold",
    "lock_stock",
    "portion_out",
    "release",
    "resolve_items",
    "sellable",
    "take_out",
    "unallocate",
    "variants_by_sku",
]
