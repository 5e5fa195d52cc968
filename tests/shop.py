"""A small shop for tests: two markets, one or two locations, goods with known prices, two ways of delivery."""

from datetime import UTC, datetime, time
from uuid import UUID

from kupec.catalogue import Market, put_location, put_market, set_vat_rate
from kupec.kit.actor import guest, system
from kupec.kit.db import Connection, Database
from kupec.kit.ids import uuid7
from kupec.sales import Address, CartDetails, NewShippingMethod, create_cart, save_shipping_method, set_details

NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)  # a Tuesday, 12:00 in Prague
SETUP = system("setup")
EXAMPLE_ADDRESS = Address(name="Jana Nová", street="Dlouhá 1", city="Praha", postcode="110 00", country="CZ")


async def make_shop(db: Connection) -> None:
    """Markets cz (CZK) and pl (PLN), VAT rates, the location "praha", deliveries "courier" and "box"."""
    await put_market(
        db,
        Market(code="cz", language="cs", currency="CZK", home_country="CZ", countries=["CZ", "SK"]),
        position=0,
        actor=SETUP,
        now=NOON,
    )
    await put_market(
        db,
        Market(code="pl", language="pl", currency="PLN", home_country="PL", countries=["PL"]),
        position=1,
        actor=SETUP,
        now=NOON,
    )
    for country, vat_class, rate in (
        ("CZ", "standard", 2100),
        ("CZ", "reduced", 1200),
        ("PL", "standard", 2300),
        ("PL", "reduced", 800),
    ):
        await set_vat_rate(db, country, vat_class, rate, actor=SETUP, now=NOON)
    await put_location(db, "praha", name="Praha", country="CZ", position=0, actor=SETUP, now=NOON)
    for code, fee, free_from, days in (("courier", 9900, 150000, 1), ("box", 6900, None, 2)):
        await save_shipping_method(
            db,
            NewShippingMethod(
                code=code,
                names={"cs": f"{code} cs", "pl": f"{code} pl", "en": code},
                carrier=code.title(),
                transit_days=days,
                cut_off=time(14),
                timezone="Europe/Prague",
                origin_country="CZ",
                rates=[("CZ", "CZK", fee, free_from), ("SK", "CZK", fee + 5000, None), ("PL", "PLN", 1900, None)],
                tracking_url="https://track.example/{number}",
            ),
            now=NOON,
        )


async def add_product(
    db: Connection,
    sku: str,
    *,
    price: int = 30000,
    stock: int | None = 100,
    vat_class: str = "standard",
    name: str | None = None,
) -> UUID:
    """A product with one variant, in CZK and (a sixth of that) PLN; `stock` None makes it a service."""
    product_id, variant_id = uuid7(), uuid7()
    title = name or f"Product {sku}"
    await db.execute(
        """
        insert into product (id, external_id, kind, vat_class, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
        """,
        product_id,
        sku,
        "service" if stock is None else "goods",
        vat_class,
        NOON,
    )
    for language in ("cs", "pl", "en"):
        await db.execute(
            """
            insert into product_text (product_id, language, name, slug) values ($1, $2, $3, $4)
            """,
            product_id,
            language,
            title,
            sku.lower(),
        )
    await db.execute(
        "insert into variant (id, product_id, sku, stocked) values ($1, $2, $3, $4)",
        variant_id,
        product_id,
        sku,
        stock is not None,
    )
    await db.execute(
        "insert into price (variant_id, currency, amount) values ($1, 'CZK', $2), ($1, 'PLN', $3)",
        variant_id,
        price,
        max(price // 6, 1),
    )
    if stock is not None:
        await db.execute(
            """
            insert into stock_level (variant_id, location_id, on_hand)
            select $1, id, $2 from location where code = 'praha'
            """,
            variant_id,
            stock,
        )
    return variant_id


async def filled_cart(
    database: Database, lines: list[tuple[UUID, int]], *, email: str = "jana@example.com", shipping: str = "courier"
) -> UUID:
    """A cart that lacks nothing to be ordered."""
    async with database.transaction() as db:
        cart = await create_cart(db, market="cz", language="cs", channel="web", actor=SETUP, now=NOON, lines=lines)
        await set_details(
            db,
            cart.id,
            CartDetails(email=email, name="Jana Nová", address=EXAMPLE_ADDRESS, shipping_method=shipping),
            actor=guest(cart.id),
            now=NOON,
        )
    return cart.id
