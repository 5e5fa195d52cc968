"""A small shop for the catalogue's tests: three markets, two locations, and coffee things in three languages."""

from datetime import UTC, datetime
from uuid import UUID

from kupec.catalogue import (
    TAX,
    CategoryRow,
    Market,
    ProductDraft,
    TaxRules,
    TextDraft,
    VariantDraft,
    import_categories,
    put_location,
    put_market,
    variants_by_sku,
    write_products,
)
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new

NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
SETUP = system("setup")
NOBODY = Actor(kind="staff", id="nobody")

CZ = Market(code="cz", language="cs", currency="CZK", home_country="CZ", countries=["CZ", "SK"])
PL = Market(code="pl", language="pl", currency="PLN", home_country="PL", countries=["PL"])
EU = Market(code="eu", language="en", currency="EUR", home_country="CZ", countries=["DE"])
MARKETS = {"cs": CZ, "pl": PL, "en": EU}

CATEGORIES = [
    CategoryRow(code="beans", position=1, names={"cs": "Zrnková káva", "pl": "Kawa ziarnista", "en": "Coffee beans"}),
    CategoryRow(code="machines", position=2, names={"cs": "Kávovary", "pl": "Ekspresy", "en": "Coffee machines"}),
    CategoryRow(
        code="lever",
        parent="machines",
        position=1,
        names={"cs": "Pákové kávovary", "pl": "Ekspresy kolbowe", "en": "Espresso machines"},
    ),
    CategoryRow(code="grinders", position=3, names={"cs": "Mlýnky", "pl": "Młynki", "en": "Grinders"}),
    CategoryRow(code="care", position=4, names={"cs": "Čištění", "pl": "Czyszczenie", "en": "Cleaning"}),
    CategoryRow(code="empty", position=5, names={"cs": "Prázdná", "pl": "Pusta", "en": "Empty"}),
]


async def make_ground(db: Connection) -> dict[str, UUID]:
    """Markets, VAT and the locations praha and brno; returns the locations' ids."""
    for position, market in enumerate((CZ, PL, EU)):
        await put_market(db, market, position=position, actor=SETUP, now=NOON)
    rates = {"standard": 2100, "reduced": 1200}
    await publish_new(db, TAX, TaxRules(rates={"CZ": rates, "PL": rates}), actor=SETUP, now=NOON)
    return {
        code: await put_location(db, code, name=code.title(), country="CZ", position=place, actor=SETUP, now=NOON)
        for place, code in enumerate(("praha", "brno"))
    }


def draft(
    external_id: str,
    names: dict[str, str] | str,
    *,
    categories: list[str] | None = None,
    brand: str = "",
    price: int = 10000,
    stock: int = 10,
    summaries: dict[str, str] | None = None,
    **more: object,
) -> ProductDraft:
    """A product with one variant, whose SKU is the external id in capitals."""
    names = {"cs": names, "pl": names, "en": names} if isinstance(names, str) else names
    variant = VariantDraft(
        sku=external_id.upper(),
        prices={"CZK": price, "PLN": price // 6, "EUR": price // 25},
        stock={"praha": stock},
    )
    fields: dict[str, object] = {
        "external_id": external_id,
        "texts": {
            language: TextDraft(name=name, summary=(summaries or {}).get(language)) for language, name in names.items()
        },
        "categories": categories,
        "brand": brand,
        "vat_class": "standard",
        "variants": [variant],
        **more,
    }
    return ProductDraft(**fields)  # type: ignore[arg-type]


async def put(db: Connection, *drafts: ProductDraft) -> None:
    """Write products; each must be accepted."""
    answers = await write_products(db, drafts, actor=SETUP, now=NOON)
    assert answers == [None] * len(drafts)


async def make_categories(db: Connection) -> None:
    answers = await import_categories(db, CATEGORIES, actor=SETUP, now=NOON)
    assert answers == [None] * len(CATEGORIES)


async def make_variants(db: Connection, count: int, stock: dict[UUID, int]) -> list[UUID]:
    """Bare variants with so many pieces at each location."""
    codes = {row["id"]: row["code"] for row in await db.fetch("select id, code from location")}
    mark = uuid7().hex[-8:]
    drafts = [
        ProductDraft(
            external_id=f"v-{mark}-{number}",
            texts={"cs": TextDraft(name=f"Variant {number}")},
            variants=[
                VariantDraft(
                    sku=f"V-{mark}-{number}", prices={"CZK": 100}, stock={codes[at]: n for at, n in stock.items()}
                )
            ],
        )
        for number in range(count)
    ]
    await put(db, *drafts)
    ids = await variants_by_sku(db, [each.variants[0].sku for each in drafts])
    return [ids[each.variants[0].sku] for each in drafts]


async def event_names(db: Connection) -> list[str]:
    """What happened to products, prices, stock and pictures, in order."""
    rows = await db.fetch(
        """
        select name from event
        where name not in ('market.changed', 'document.drafted', 'document.published', 'location.changed',
                           'category.changed')
        order by id
        """
    )
    return [row["name"] for row in rows]
