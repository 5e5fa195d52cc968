"""A florist's that sells in dollars to America, as the public conformance suites suppose a shop to be."""

from collections.abc import Sequence
from datetime import time
from uuid import UUID

import msgspec

from kupec.catalogue import (
    Market,
    ProductDraft,
    TextDraft,
    VariantDraft,
    put_location,
    put_market,
    set_vat_rate,
    write_products,
)
from kupec.kit.db import Connection, Database
from kupec.kit.versions import publish_new
from kupec.sales import (
    PROMOTIONS,
    Action,
    AmountOff,
    Conditions,
    CouponTerms,
    NewShippingMethod,
    PercentOff,
    Promotion,
    Promotions,
    Selection,
    create_coupon,
    save_shipping_method,
)
from tests.shop import NOON, SETUP


class Flower(msgspec.Struct, frozen=True):
    """Something on sale. `price` is in cents."""

    sku: str
    title: str
    price: int
    stock: int


class Delivery(msgspec.Struct, frozen=True):
    """`fee` is in cents."""

    code: str
    title: str
    fee: int


class Florist(msgspec.Struct, frozen=True, kw_only=True):
    """What is sold, how it is delivered, what is promised; `coupons` name their promotions."""

    flowers: Sequence[Flower]
    deliveries: Sequence[Delivery]
    promotions: Sequence[Promotion]
    coupons: dict[str, str]

    async def fill(self, database: Database) -> None:
        async with database.transaction() as db:
            await _market(db)
            for delivery in self.deliveries:
                await save_shipping_method(db, _method(delivery), now=NOON)
            faults = await write_products(db, [_product(flower) for flower in self.flowers], actor=SETUP, now=NOON)
            assert not any(faults), faults
            document = Promotions(promotions=list(self.promotions))
            await publish_new(db, PROMOTIONS, document, actor=SETUP, now=NOON)
            for code, promotion in self.coupons.items():
                terms = CouponTerms(promotion=promotion, max_uses=None)
                await create_coupon(db, code, terms, actor=SETUP, now=NOON)


def coupon_only(code: str, name: str, action: Action) -> Promotion:
    return Promotion(code=code, names={"en": name}, conditions=Conditions(needs_coupon=True), action=action)


OWN = Florist(
    flowers=[
        Flower("DAISY", "Daisies", 1200, 100_000),
        Flower("FERN", "Fern", 2500, 100_000),
        Flower("MOSS", "Moss", 800, 100_000),
        Flower("LILY", "Lilies, sold out", 1900, 0),
        *(Flower(f"BOUQUET-{number}", f"Bouquet number {number}", 2000, 100) for number in range(1, 14)),
    ],
    deliveries=[Delivery("std", "Standard", 500), Delivery("exp", "Express", 1500)],
    promotions=[
        coupon_only("tenth", "A tenth off", PercentOff(percent_bp=1000)),
        coupon_only("dollar", "A dollar off", AmountOff(amounts={"USD": 100})),
        coupon_only("fern", "A fifth off ferns", PercentOff(percent_bp=2000, goods=Selection(skus=["FERN"]))),
        Promotion(
            code="moss",
            names={"en": "Moss by the dozen"},
            conditions=Conditions(goods=Selection(skus=["MOSS"]), quantity=12),
            action=PercentOff(percent_bp=500, goods=Selection(skus=["MOSS"])),
        ),
    ],
    coupons={"TENTH": "tenth", "DOLLAR": "dollar", "FERNFIFTH": "fern"},
)


async def _market(db: Connection) -> None:
    market = Market(code="us", language="en", currency="USD", home_country="US", countries=["US", "CA"])
    await put_market(db, market, position=0, actor=SETUP, now=NOON)
    for country in ("US", "CA"):
        await set_vat_rate(db, country, "standard", 0, actor=SETUP, now=NOON)
    await put_location(db, "greenhouse", name="Greenhouse", country="US", position=0, actor=SETUP, now=NOON)


def _method(delivery: Delivery) -> NewShippingMethod:
    return NewShippingMethod(
        code=delivery.code,
        names={"en": delivery.title},
        carrier="Courier",
        transit_days=2,
        cut_off=time(14),
        timezone="America/New_York",
        origin_country="US",
        rates=[(country, "USD", delivery.fee, None) for country in ("US", "CA")],
        tracking_url="https://track.example/{number}",
    )


def _product(flower: Flower) -> ProductDraft:
    variant = VariantDraft(sku=flower.sku, prices={"USD": flower.price}, stock={"greenhouse": flower.stock})
    return ProductDraft(
        external_id=flower.sku,
        kind="goods",
        vat_class="standard",
        status="active",
        texts={"en": TextDraft(name=flower.title, summary=flower.title, description="")},
        variants=[variant],
    )


async def variant_of(db: Connection, sku: str) -> UUID:
    found: UUID = await db.fetchval("select id from variant where sku = $1", sku)
    return found
