"""Products, variants, prices, stock, media, and how they come in: the door."""

from kupec.catalogue.attribute_registry import (
    Attribute,
    AttributeRow,
    list_attributes,
    put_attributes,
)
from kupec.catalogue.bulk import (
    PriceLine,
    StockLine,
    change_stock,
    set_prices,
    set_stock,
)
from kupec.catalogue.cards import (
    products_by_ids,
    similar_products,
)
from kupec.catalogue.categories import (
    category_by_slug,
    list_categories,
)
from kupec.catalogue.category_import import (
    CategoryRow,
    import_categories,
)
from kupec.catalogue.desk import (
    desk_product,
    list_stock,
    search_variants,
)
from kupec.catalogue.drafts import (
    ProductDraft,
    TextDraft,
    VariantDraft,
)
from kupec.catalogue.edit import (
    adjust_stock,
    create_product,
    set_price,
    update_product,
)
from kupec.catalogue.errors import (
    BelowAllocated,
    NotAllocated,
    NotEnough,
    Taken,
    UnfitPicture,
)
from kupec.catalogue.events import (
    REASONS,
    AttributeChanged,
    CategoryChanged,
    ListPriceChanged,
    LocationChanged,
    MarketChanged,
    MediaStored,
    PriceChanged,
    PriceListChanged,
    ProductChanged,
    ProductCreated,
    Reason,
    StockMoved,
)
from kupec.catalogue.exporting import (
    export_columns,
    export_pictures,
    export_rows,
)
from kupec.catalogue.facets import (
    Facet,
    FacetValue,
    Narrowing,
)
from kupec.catalogue.filters import (
    RESERVED_FILTERS,
    Filters,
)
from kupec.catalogue.importing import (
    ProductRow,
    VariantRow,
    import_products,
)
from kupec.catalogue.index import (
    reindex_all,
)
from kupec.catalogue.list_import import (
    PriceRow,
    StockRow,
    import_price_lists,
    import_prices,
    import_stock,
)
from kupec.catalogue.listing import (
    Found,
    Sort,
    browse,
    list_products,
    suggest,
)
from kupec.catalogue.media import (
    get_media,
    store_media,
)
from kupec.catalogue.models import (
    Category,
    Component,
    DeskProduct,
    DeskVariant,
    GoodsLine,
    GoodsReceipt,
    Location,
    LowStock,
    Market,
    MediaFile,
    Movement,
    Portion,
    PricePoint,
    ProductCard,
    ProductText,
    ProductView,
    ReceivedLine,
    SellableVariant,
    Shortage,
    StockAt,
    StockLevel,
    VariantView,
    Wanted,
)
from kupec.catalogue.movement_log import (
    low_stock,
    movements,
)
from kupec.catalogue.moving import (
    correct_stock,
    get_receipt,
    list_receipts,
    put_back,
    receive_goods,
    scrap,
    transfer_stock,
)
from kupec.catalogue.options import (
    Choice,
    Chosen,
    Option,
    choose,
    option_faults,
    validate_options,
)
from kupec.catalogue.portions import (
    portion_out,
)
from kupec.catalogue.price_list_models import (
    ListedPrice,
    ListPrice,
    PriceList,
    PriceListDraft,
    PriceListRow,
)
from kupec.catalogue.price_lists import (
    get_price_list,
    list_items,
    list_price_lists,
    put_price_list,
    write_list_prices,
)
from kupec.catalogue.prices import (
    unit_price,
    with_tax,
)
from kupec.catalogue.product import (
    product_by_id,
    product_by_slug,
)
from kupec.catalogue.related import (
    related_products,
)
from kupec.catalogue.relation_kinds import (
    OTHER_END,
    RelationKind,
)
from kupec.catalogue.selling import (
    resolve_items,
    sellable,
    variants_by_sku,
)
from kupec.catalogue.sitemap import (
    ProductAddress,
    address_chunks,
    product_addresses,
)
from kupec.catalogue.stems import STOP_WORDS, stem, words
from kupec.catalogue.stock import (
    allocate,
    expire_reservations,
    hold,
    lock_stock,
    release,
    take_out,
    unallocate,
)
from kupec.catalogue.tax import (
    TAX,
    TaxRules,
    set_vat_rate,
)
from kupec.catalogue.territory import (
    locations,
    market,
    markets,
    put_location,
    put_market,
)
from kupec.catalogue.writing import (
    write_products,
)

__all__ = [
    "OTHER_END",
    "REASONS",
    "RESERVED_FILTERS",
    "STOP_WORDS",
    "TAX",
    "Attribute",
    "AttributeChanged",
    "AttributeRow",
    "BelowAllocated",
    "Category",
    "CategoryChanged",
    "CategoryRow",
    "Choice",
    "Chosen",
    "Component",
    "DeskProduct",
    "DeskVariant",
    "Facet",
    "FacetValue",
    "Filters",
    "Found",
    "GoodsLine",
    "GoodsReceipt",
    "ListPrice",
    "ListPriceChanged",
    "ListedPrice",
    "Location",
    "LocationChanged",
    "LowStock",
    "Market",
    "MarketChanged",
    "MediaFile",
    "MediaStored",
    "Movement",
    "Narrowing",
    "NotAllocated",
    "NotEnough",
    "Option",
    "Portion",
    "PriceChanged",
    "PriceLine",
    "PriceList",
    "PriceListChanged",
    "PriceListDraft",
    "PriceListRow",
    "PricePoint",
    "PriceRow",
    "ProductAddress",
    "ProductCard",
    "ProductChanged",
    "ProductCreated",
    "ProductDraft",
    "ProductRow",
    "ProductText",
    "ProductView",
    "Reason",
    "ReceivedLine",
    "RelationKind",
    "SellableVariant",
    "Shortage",
    "Sort",
    "StockAt",
    "StockLevel",
    "StockLine",
    "StockMoved",
    "StockRow",
    "Taken",
    "TaxRules",
    "TextDraft",
    "UnfitPicture",
    "VariantDraft",
    "VariantRow",
    "VariantView",
    "Wanted",
    "address_chunks",
    "adjust_stock",
    "allocate",
    "browse",
    "category_by_slug",
    "change_stock",
    "choose",
    "correct_stock",
    "create_product",
    "desk_product",
    "expire_reservations",
    "export_columns",
    "export_pictures",
    "export_rows",
    "get_media",
    "get_price_list",
    "get_receipt",
    "hold",
    "import_categories",
    "import_price_lists",
    "import_prices",
    "import_products",
    "import_stock",
    "list_attributes",
    "list_categories",
    "list_items",
    "list_price_lists",
    "list_products",
    "list_receipts",
    "list_stock",
    "locations",
    "lock_stock",
    "low_stock",
    "market",
    "markets",
    "movements",
    "option_faults",
    "portion_out",
    "product_addresses",
    "product_by_id",
    "product_by_slug",
    "products_by_ids",
    "put_attributes",
    "put_back",
    "put_location",
    "put_market",
    "put_price_list",
    "receive_goods",
    "reindex_all",
    "related_products",
    "release",
    "resolve_items",
    "scrap",
    "search_variants",
    "sellable",
    "set_price",
    "set_prices",
    "set_stock",
    "set_vat_rate",
    "similar_products",
    "stem",
    "store_media",
    "suggest",
    "take_out",
    "transfer_stock",
    "unallocate",
    "unit_price",
    "update_product",
    "validate_options",
    "variants_by_sku",
    "with_tax",
    "words",
    "write_list_prices",
    "write_products",
]
