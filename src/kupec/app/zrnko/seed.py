"""Zrnko comes to life: markets, deliveries, goods, people, and what they bought in the months before."""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from kupec import catalogue, customers, sales, staff
from kupec.app.importing import import_file
from kupec.app.zrnko import asked, connected, life, talk, terms
from kupec.app.zrnko.story import PastOrder, history
from kupec.assistant import label_texts, train_bot
from kupec.kit.actor import system
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database

HERE = Path(__file__).parent
_ACTOR = system("demo")


async def seed(
    database: Database,
    clock: Clock,
    *,
    say: Callable[[str], None],
    keep: Callable[[Mapping[str, str]], None] = lambda _keys: None,
) -> bool:
    """Fill an empty database with the demo shop; False when it is filled already. Broken off, it goes on.

    `keep` is given the keys of the machines, which are shown once.
    """
    async with database.transaction() as db:
        if await db.fetchval("select exists (select from inbox)"):
            return False
        is_new = not await db.fetchval("select exists (select from staff)")
    if is_new:
        await _sell(database, clock, say)
    say("machines that order by themselves")
    async with database.transaction() as db:
        if not await db.fetchval("select exists (select from machine)"):
            keep(await connected.connect_machines(db, actor=_ACTOR, now=clock.now()))
    say("answers, and what the bot can do")
    async with database.transaction() as db:
        await talk.begin_to_talk(db, actor=_ACTOR, now=clock.now())
        await label_texts(db, _labelled(), judging=True, actor=_ACTOR, now=clock.now())
    await train_bot(database, now=clock.now())
    say("what people asked last week")
    await asked.asked_before(database, now=clock.now())
    return True


async def _sell(database: Database, clock: Clock, say: Callable[[str], None]) -> None:
    async with database.transaction() as db:
        await _settings(db, clock.now())
    say("goods")
    await import_file(database, "catalogue", HERE / "products.jsonl", clock=clock, pictures=HERE / "pictures")
    say("customers and what they bought")
    people = _read("customers.jsonl")
    products = _read("products.jsonl")
    async with database.transaction() as db:
        await customers.import_parties(db, [_party(person) for person in people], actor=_ACTOR, now=clock.now())
        await terms.offer(db, actor=_ACTOR, now=clock.now())
        await terms.agree_with_cafes(db, products, people, actor=_ACTOR, now=clock.now())
        rows = list(_order_lines(products, people, clock.now()))
        await sales.import_orders(db, rows, actor=_ACTOR, now=clock.now())
        await staff.create_demo_staff(db, now=clock.now())
        await life.come_alive(db, actor=_ACTOR, now=clock.now())


async def _settings(db: Connection, now: datetime) -> None:
    await terms.open_shop(db, actor=_ACTOR, now=now)
    rows = [msgspec.convert(row, catalogue.CategoryRow) for row in _read("categories.jsonl")]
    await catalogue.import_categories(db, rows, actor=_ACTOR, now=now)
    attributes = [msgspec.convert(row, catalogue.AttributeRow) for row in _read("attributes.jsonl")]
    await catalogue.put_attributes(db, attributes, actor=_ACTOR, now=now)


def _labelled() -> list[tuple[str, str, str]]:
    """What people said and what it means: only to judge models by, none of it is learnt."""
    with (HERE / "labelled.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["language"], row["intent"]) for row in csv.DictReader(file)]


def _read(name: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in (HERE / name).read_bytes().splitlines()]


def _party(person: Mapping[str, Any]) -> customers.PartyRow:
    address = person["address"]
    return customers.PartyRow(
        external_id=person["external_id"],
        kind=person["kind"],
        name=person["name"],
        language=person["language"],
        email=person["email"],
        phone=person["phone"],
        company_id=person["company_id"] or "",
        street=address["street"],
        city=address["city"],
        postcode=address["postcode"],
        country=address["country"],
        created_at=datetime.fromisoformat(person["created_at"]),
    )


def _order_lines(
    products: list[dict[str, Any]], people: list[dict[str, Any]], now: datetime
) -> Iterator[sales.OrderLineRow]:
    variants = {variant["sku"]: (product, variant) for product in products for variant in product["variants"]}
    by_id = {person["external_id"]: person for person in people}
    for order in history(products, people, until=now - timedelta(hours=3)):
        person = by_id[order["customer_external_id"]]
        for number, line in enumerate(order["lines"], start=1):
            yield _row(order, person, number, line["quantity"], *variants[line["sku"]])
        for number, line in enumerate(order["returned"], start=len(order["lines"]) + 1):
            yield _row(order, person, number, -line["quantity"], *variants[line["sku"]])


def _row(
    order: PastOrder,
    person: Mapping[str, Any],
    number: int,
    quantity: int,
    product: Mapping[str, Any],
    variant: Mapping[str, Any],
) -> sales.OrderLineRow:
    language, address = person["language"], person["address"]
    label = variant["names"].get(language, "")
    market = next(market for market in terms.MARKETS if market.currency == order["currency"])
    returned_at = order["placed_at"] + timedelta(days=9)
    return sales.OrderLineRow(
        order_external_id=order["external_id"],
        line=number,
        placed_at=order["placed_at"] if quantity > 0 else returned_at,
        currency=order["currency"],
        sku=variant["sku"],
        name=f"{product['names'][language]}, {label}" if label else product["names"][language],
        quantity=quantity,
        unit_amount=variant["prices"][order["currency"]],
        customer_external_id=order["customer_external_id"],
        market=market.code,
        tax_bp=terms.TAX.rates[market.home_country][product["vat_class"]],
        status="cancelled" if order["status"] == "cancelled" else "delivered",
        channel="web",
        email=person["email"],
        recipient=person["name"],
        street=address["street"],
        city=address["city"],
        postcode=address["postcode"],
        country=address["country"],
    )
