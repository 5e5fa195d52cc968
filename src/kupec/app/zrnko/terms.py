"""On which terms Zrnko sells: tax, deliveries, ways to pay, promotions, prices for cafés, who issues the invoices."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from kupec import billing, catalogue, customers, sales
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.versions import publish_new

_WEST = ("IE", "GB", "DE", "AT", "NL", "FR")
MARKETS = (
    catalogue.Market(code="cz", language="cs", currency="CZK", home_country="CZ", countries=["CZ", "SK"]),
    catalogue.Market(code="pl", language="pl", currency="PLN", home_country="PL", countries=["PL"]),
    catalogue.Market(code="eu", language="en", currency="EUR", home_country="IE", countries=list(_WEST)),
)
TAX = catalogue.TaxRules(
    rates={
        "CZ": {"standard": 2100, "reduced": 1200, "zero": 0},
        "SK": {"standard": 2300, "reduced": 1900, "zero": 500},
        "PL": {"standard": 2300, "reduced": 800, "zero": 0},
        "IE": {"standard": 2300, "reduced": 1350, "zero": 0},
        "DE": {"standard": 1900, "reduced": 700, "zero": 700},
        "AT": {"standard": 2000, "reduced": 1000, "zero": 1000},
        "NL": {"standard": 2100, "reduced": 900, "zero": 900},
        "FR": {"standard": 2000, "reduced": 550, "zero": 550},
    },
    destination=["SK", "DE", "AT", "NL", "FR"],
)
PRAGUE = "Europe/Prague"
_COURIER = {"cs": "Kurýr na adresu", "pl": "Kurier pod adres", "en": "Courier to your door"}
_BOX = {"cs": "Výdejní box", "pl": "Automat paczkowy", "en": "Parcel locker"}
_HEAVY = 30_000  # grams: what a box takes


def _zone(countries: Sequence[str], currency: str, fee: int, free_from: int, most: int | None = None) -> sales.Zone:
    rules = [sales.Rule(fee=fee, max_weight_g=most)]
    return sales.Zone(countries=list(countries), currency=currency, rules=rules, free_from=free_from)


SHIPPING = sales.Shipping(
    methods=[
        sales.Method(
            code="courier",
            names=_COURIER,
            carrier="Rychlík",
            transit_days=1,
            cut_off=time(14),
            timezone=PRAGUE,
            origin_country="CZ",
            zones=[_zone(["CZ"], "CZK", 11900, 150000), _zone(["SK"], "CZK", 19900, 300000)],
            tracking_url="https://sledovani.rychlik.example/{number}",
        ),
        sales.Method(
            code="box",
            names=_BOX,
            carrier="Schránka",
            transit_days=2,
            cut_off=time(16),
            timezone=PRAGUE,
            origin_country="CZ",
            zones=[_zone(["CZ"], "CZK", 6900, 100000, _HEAVY), _zone(["PL"], "PLN", 1290, 19900, _HEAVY)],
            tracking_url="https://schranka.example/{number}",
        ),
        sales.Method(
            code="courier-abroad",
            names=_COURIER,
            carrier="Dálava",
            transit_days=3,
            cut_off=time(12),
            timezone=PRAGUE,
            origin_country="CZ",
            zones=[_zone(["PL"], "PLN", 1990, 29900), _zone(_WEST, "EUR", 990, 9900)],
            tracking_url="https://dalava.example/{number}",
        ),
        sales.Method(
            code="collect-brno",
            kind="pickup",
            location="brno",
            names={"cs": "Osobní odběr v Brně", "pl": "Odbiór osobisty w Brnie", "en": "Collection in Brno"},
            carrier="Zrnko",
            transit_days=1,
            cut_off=time(12),
            timezone=PRAGUE,
            origin_country="CZ",
            zones=[_zone(["CZ"], "CZK", 0, 0)],
        ),
        sales.Method(
            code="evening-prague",
            kind="slot",
            names={"cs": "Večerní rozvoz po Praze", "pl": "Wieczorny dowóz po Pradze", "en": "Evening van in Prague"},
            carrier="Zrnko",
            transit_days=0,
            cut_off=time(12),
            timezone=PRAGUE,
            origin_country="CZ",
            zones=[
                sales.Zone(countries=["CZ"], currency="CZK", postcodes=["1"], rules=[sales.Rule(fee=14900)]),
            ],
            windows=[
                sales.Window(weekday=day, starts=time(hour), ends=time(hour + 2), capacity=6)
                for day in range(5)
                for hour in (17, 19)
            ],
        ),
    ]
)
PAYMENT = billing.PaymentMethods(
    methods=[
        billing.PaymentMethod(
            code="card", kind="card", names={"cs": "Platební kartou", "pl": "Kartą płatniczą", "en": "By card"}
        ),
        billing.PaymentMethod(
            code="transfer",
            kind="transfer",
            names={"cs": "Převodem (QR platba)", "pl": "Przelewem", "en": "By bank transfer"},
            due_days=7,
            cancel_days=7,
        ),
        billing.PaymentMethod(
            code="cod",
            kind="cod",
            names={"cs": "Na dobírku", "pl": "Za pobraniem", "en": "Cash on delivery"},
            currencies=["CZK"],
            countries=["CZ"],
            fee={"CZK": 3900},
            round_to={"CZK": 100},
            max_total={"CZK": 5_000_000},
            shipping_methods=["courier", "box"],
        ),
        billing.PaymentMethod(
            code="account", kind="account", names={"cs": "Na účet firmy", "pl": "Na konto firmy", "en": "On account"}
        ),
    ],
    accounts={
        "CZK": billing.BankAccount(
            iban="CZ6508000000192000145399", holder="Zrnko s.r.o.", number="19-2000145399/0800", bic="GIBACZPX"
        ),
        "PLN": billing.BankAccount(iban="PL61109010140000071219812874", holder="Zrnko s.r.o."),
        "EUR": billing.BankAccount(iban="DE89370400440532013000", holder="Zrnko s.r.o.", bic="COBADEFFXXX"),
    },
)
SELLER = billing.Seller(
    name="Zrnko s.r.o.",
    street="Pražírenská 12",
    city="Praha 7",
    postcode="170 00",
    country="CZ",
    company_id="26168685",
    vat_id="CZ26168685",
    register="Městský soud v Praze, oddíl C, vložka 76543",
)
CAFES = "cafes"
_OFF_FOR_CAFES = 85  # per cent of the public price, without VAT
_GIFT = "ZR-CO"
_CREDIT = 5_000_000


async def open_shop(db: Connection, *, actor: Actor, now: datetime) -> None:
    """Markets, places, and the documents that need no goods."""
    for position, market in enumerate(MARKETS):
        await catalogue.put_market(db, market, position=position, actor=actor, now=now)
    for position, (code, name) in enumerate((("praha", "Praha"), ("brno", "Brno"))):
        await catalogue.put_location(db, code, name=name, country="CZ", position=position, actor=actor, now=now)
    await publish_new(db, catalogue.TAX, TAX, note="2026", actor=actor, now=now)
    await publish_new(db, sales.SHIPPING, SHIPPING, note="2026", actor=actor, now=now)
    await publish_new(db, billing.PAYMENT, PAYMENT, note="2026", actor=actor, now=now)
    await publish_new(db, billing.SELLER, SELLER, note="2026", actor=actor, now=now)
    await publish_new(db, sales.FACTS, sales.Facts(phone="+420 220 555 012"), note="2026", actor=actor, now=now)


async def offer(db: Connection, *, actor: Actor, now: datetime) -> None:
    """Promotions with their coupons, once there are goods to give."""
    gift = (await catalogue.variants_by_sku(db, [_GIFT]))[_GIFT]
    await publish_new(db, sales.PROMOTIONS, promotions(gift), note="Zrnko", actor=actor, now=now)
    for code, promotion, uses in (("VITEJTE", "welcome", None), ("DOPRAVA", "free-delivery", 100)):
        terms = sales.CouponTerms(promotion=promotion, max_uses=uses, per_customer=1)
        await sales.create_coupon(db, code, terms, actor=actor, now=now)


def promotions(gift: UUID) -> sales.Promotions:
    """Three for four of beans, a gift with a large order, and two coupons."""
    return sales.Promotions(
        promotions=[
            sales.Promotion(
                code="welcome",
                names={"cs": "Na uvítanou 10 %", "pl": "Na powitanie 10%", "en": "Welcome, 10 %"},
                action=sales.PercentOff(percent_bp=1000),
                conditions=sales.Conditions(needs_coupon=True, first_order=True),
                priority=10,
            ),
            sales.Promotion(
                code="beans-4-for-3",
                names={
                    "cs": "4 balení kávy za cenu 3",
                    "pl": "4 paczki kawy w cenie 3",
                    "en": "4 bags of coffee for 3",
                },
                action=sales.BuyGet(buy=3, get=1, goods=sales.Selection(categories=["beans"])),
                priority=20,
            ),
            sales.Promotion(
                code="cloths",
                names={"cs": "Utěrky jako dárek", "pl": "Ściereczki w prezencie", "en": "Cloths as a gift"},
                action=sales.GiftOf(variant_id=gift, sku=_GIFT),
                conditions=sales.Conditions(minimum={"CZK": 300000, "PLN": 50000, "EUR": 12000}),
                priority=30,
            ),
            sales.Promotion(
                code="free-delivery",
                names={"cs": "Doprava zdarma", "pl": "Darmowa dostawa", "en": "Free delivery"},
                action=sales.FreeShipping(),
                conditions=sales.Conditions(needs_coupon=True),
                priority=40,
            ),
        ]
    )


async def agree_with_cafes(
    db: Connection,
    products: Sequence[Mapping[str, Any]],
    people: Sequence[Mapping[str, Any]],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Businesses buy beans by a price list of their own, without VAT, and on account."""
    draft = catalogue.PriceListDraft(
        code=CAFES, name="Kavárny a kanceláře", currency="CZK", group=CAFES, includes_vat=False
    )
    await catalogue.put_price_list(db, draft, actor=actor, now=now)
    await catalogue.write_list_prices(db, CAFES, _cafe_prices(products), actor=actor, now=now)
    organisations = [person["external_id"] for person in people if person["kind"] == "organisation"]
    rows = await db.fetch(
        "select id from party where external_id = any($1::text[]) order by external_id", organisations
    )
    for row in rows:
        await customers.set_price_group(db, row["id"], CAFES, actor=actor, now=now)
        await billing.open_account(
            db, row["id"], currency="CZK", credit_limit=_CREDIT, terms_days=14, actor=actor, now=now
        )


def _cafe_prices(products: Sequence[Mapping[str, Any]]) -> list[catalogue.ListPrice]:
    """Beans at 85 % of what they cost without VAT, to whole crowns."""
    return [
        catalogue.ListPrice(
            sku=variant["sku"],
            amount=variant["prices"]["CZK"]
            * _OFF_FOR_CAFES
            * 100
            // (TAX.rates["CZ"]["reduced"] + 10_000)
            // 100
            * 100,
        )
        for product in products
        if "beans" in product["categories"]
        for variant in product["variants"]
    ]
