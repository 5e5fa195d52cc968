"""A shop with three markets, running as real processes; one for all these tests."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from datetime import time
from typing import TypeVar

import asyncpg
import httpx
import pytest

from kupec.catalogue import (
    CategoryRow,
    Market,
    ProductDraft,
    TextDraft,
    VariantDraft,
    import_categories,
    put_location,
    put_market,
    set_vat_rate,
    write_products,
)
from kupec.kit.db import Connection, Database, connect
from kupec.sales import NewShippingMethod, save_shipping_method
from tests.machines.platform import Platform
from tests.machines.running import running_shop
from tests.shop import NOON, SETUP
from tests.stack import NONE_KEPT, Stack

T = TypeVar("T")
MARKETS = (
    Market(code="cz", language="cs", currency="CZK", home_country="CZ", countries=["CZ", "SK"]),
    Market(code="pl", language="pl", currency="PLN", home_country="PL", countries=["PL"]),
    Market(code="eu", language="en", currency="EUR", home_country="DE", countries=["DE", "AT"]),
)
_CATEGORIES = (
    CategoryRow(code="coffee", names={"cs": "Káva", "pl": "Kawa", "en": "Coffee"}),
    CategoryRow(code="espresso", parent="coffee", names={"cs": "Espresso", "pl": "Espresso", "en": "Espresso"}),
    CategoryRow(code="tools", names={"cs": "Náčiní", "pl": "Akcesoria", "en": "Tools"}),
)


class Shop:
    """The running shop, and what its people do in it."""

    def __init__(self, stack: Stack, http: httpx.Client) -> None:
        self.stack = stack
        self.http = http
        self._names = itertools.count()

    def platform(self, name: str = "agent.example", *, language: str = "") -> Platform:
        return Platform(self.http, name=name, language=language)

    def do(self, verb: Callable[[Connection], Awaitable[T]]) -> T:
        """Something that staff do, committed."""

        async def doing() -> T:
            connection = await connect(self.stack.dsn, application="staff")
            try:
                async with connection.transaction():
                    return await verb(connection)
            finally:
                await connection.close()

        return asyncio.run(doing())

    def goods(self, *, price: int = 30000, stock: int | None = 100, **draft: object) -> str:
        """The SKU of a new product of its own."""
        sku = f"OWN-{next(self._names)}"
        variant = VariantDraft(sku=sku, prices={"CZK": price}, stock={} if stock is None else {"praha": stock})
        kind = "service" if stock is None else "goods"
        self.do(lambda db: _write(db, _product(sku, {"en": f"Product {sku}"}, variant, kind=kind, **draft)))
        return sku


@pytest.fixture(scope="session")
def shop(server: str, template: str) -> Iterator[Shop]:
    with (
        running_shop("machines", _fill, server=server, template=template) as stack,
        httpx.Client(base_url=stack.web_url, timeout=60, trust_env=False, limits=NONE_KEPT) as http,
    ):
        yield Shop(stack, http)


@pytest.fixture
def agent(shop: Shop) -> Platform:
    return shop.platform(language="cs")


async def _fill(database: Database) -> None:
    async with database.transaction() as db:
        for position, market in enumerate(MARKETS):
            await put_market(db, market, position=position, actor=SETUP, now=NOON)
        for country, rates in {"CZ": (2100, 1200), "PL": (2300, 800), "DE": (1900, 700)}.items():
            for vat_class, rate in zip(("standard", "reduced"), rates, strict=True):
                await set_vat_rate(db, country, vat_class, rate, actor=SETUP, now=NOON)
        await put_location(db, "praha", name="Praha", country="CZ", position=0, actor=SETUP, now=NOON)
        courier = _delivery("courier", 1, {"CZ": 9900, "SK": 14900, "PL": 2500, "DE": 990})
        for method in (courier, _delivery("box", 2, {"CZ": 6900, "PL": 1500})):
            await save_shipping_method(db, method, now=NOON)
        await import_categories(db, list(_CATEGORIES), actor=SETUP, now=NOON)
        await _write(db, *_goods())


def _delivery(code: str, days: int, fees: dict[str, int]) -> NewShippingMethod:
    currencies = {"CZ": "CZK", "SK": "CZK", "PL": "PLN", "DE": "EUR"}
    return NewShippingMethod(
        code=code,
        names={"cs": f"{code} cs", "pl": f"{code} pl", "en": code},
        carrier=code.title(),
        transit_days=days,
        cut_off=time(14),
        timezone="Europe/Prague",
        origin_country="CZ",
        rates=[(country, currencies[country], fee, None) for country, fee in fees.items()],
        tracking_url="https://track.example/{number}",
    )


def _goods() -> list[ProductDraft]:
    beans = [
        VariantDraft(
            sku=f"BEANS-{grams}",
            names={"cs": f"{grams} g", "en": f"{grams} g"},
            prices={"CZK": grams * 40, "PLN": grams * 7, "EUR": grams * 2},
            stock={"praha": 1_000_000},
        )
        for grams in (250, 1000)
    ]
    names = {"cs": "Zrnková káva Čáslav", "pl": "Kawa ziarnista Czasław", "en": "Coffee beans Caslav"}
    return [
        _product("BEANS", names, *beans, categories=["espresso"], description="Roasted on Tuesdays.\nIn Čáslav."),
        _product(
            "ZR-BS",
            {"cs": "Brazil Santos", "en": "Brazil Santos"},
            VariantDraft(sku="ZR-BS-500", prices={"CZK": 32900}, stock={"praha": 50}),
        ),
        _product("SERVICE", {"en": "Descaling"}, VariantDraft(sku="SERVICE", prices={"CZK": 129000}), kind="service"),
        *(
            _product(
                f"TOOL-{number}",
                {"cs": f"Pěchovátko {number}", "pl": f"Ubijak {number}", "en": f"Tamper {number}"},
                VariantDraft(
                    sku=f"TOOL-{number}", prices={"CZK": 1000 * number, "PLN": 200 * number}, stock={"praha": 50}
                ),
                categories=["tools"],
            )
            for number in range(1, 26)
        ),
    ]


def _product(code: str, names: dict[str, str], *variants: VariantDraft, **draft: object) -> ProductDraft:
    description = str(draft.pop("description", ""))
    texts = {
        language: TextDraft(name=name, summary=f"{name}, briefly", description=description)
        for language, name in names.items()
    }
    values = {"kind": "goods", "vat_class": "standard", "status": "active", **draft}
    return ProductDraft(external_id=code, texts=texts, variants=list(variants), **values)  # type: ignore[arg-type]


async def _write(db: "asyncpg.Connection[asyncpg.Record]", *drafts: ProductDraft) -> None:
    faults = [fault for fault in await write_products(db, drafts, actor=SETUP, now=NOON) if fault is not None]
    assert not faults, faults
