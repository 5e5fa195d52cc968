"""Feeds hold what those who read them ask for, stay true, and cost little memory.

What is asked for, and its limits, is written down below as it was read at:
Google     https://support.google.com/merchants/answer/7052112 (product data specification)
Meta       https://developers.facebook.com/docs/commerce-platform/catalog/fields (catalog fields) and
           https://developers.facebook.com/docs/marketing-api/catalog/reference (formats)
Pinterest  https://help.pinterest.com/en/business/article/before-you-get-started-with-catalogs (data source)
Agents     tests/data/acp-2026-04-17.json, schema.feed.json
"""

import csv
import gzip
import io
import json
import re
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from kupec.catalogue import markets
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.settings import Settings
from kupec.machines.feeds.models import Shop as FeedShop
from kupec.machines.feeds.models import is_gtin
from kupec.machines.feeds.reading import version_of
from kupec.machines.feeds.routes import _pieces
from kupec.machines.feeds.writing import FORMATS, _text
from tests.machines.acp_agent import PRODUCT, check
from tests.machines.conftest import Shop
from tests.shop import NOON, make_shop

_G = "{http://base.google.com/ns/1.0}"
_URL = re.compile(r"https?://[^\s,]+")
_PRICE = re.compile(r"\d+\.\d{2} [A-Z]{3}")
Field = Callable[[str], bool]


def _upto(longest: int) -> Field:
    return lambda text: 0 < len(text) <= longest and "<" not in text


def _one_of(*values: str) -> Field:
    return lambda text: text in values


def _like(pattern: re.Pattern[str], longest: int = 2000) -> Field:
    return lambda text: len(text) <= longest and pattern.fullmatch(text) is not None


REQUIRED: dict[str, dict[str, Field]] = {
    "google.xml": {
        "id": _upto(50),
        "title": _upto(150),
        "description": _upto(5000),
        "link": _like(_URL),
        "image_link": _like(_URL),
        "availability": _one_of("in_stock", "out_of_stock", "preorder", "backorder"),
        "price": _like(_PRICE),
        "condition": _one_of("new", "refurbished", "used"),
        "brand": _upto(70),
    },
    "meta.csv": {
        "id": _upto(100),
        "title": _upto(200),
        "description": _upto(9999),
        "availability": _one_of("in stock", "out of stock", "available for order", "preorder", "discontinued"),
        "condition": _one_of("new", "refurbished", "used"),
        "price": _like(_PRICE),
        "link": _like(_URL),
        "image_link": _like(_URL),
        "brand": _upto(100),
    },
    "pinterest.tsv": {
        "id": _upto(127),
        "title": _upto(500),
        "description": _upto(10_000),
        "link": _like(_URL, 511),
        "image_link": _like(_URL),
        "price": _like(_PRICE),
        "availability": _one_of("in stock", "out of stock", "preorder"),
    },
}
"""By feed: each required field with what it must be like."""


def faults(rows: list[dict[str, str]], file: str) -> list[str]:
    return [
        f"{row.get('id')}: {name} is {row.get(name)!r}"
        for row in rows
        for name, fits in REQUIRED[file].items()
        if not fits(row.get(name) or "")
    ]


def rows_of(file: str, text: str) -> list[dict[str, str]]:
    if file == "google.xml":
        items = ElementTree.fromstring(text).iter("item")
        return [{child.tag.removeprefix(_G): child.text or "" for child in item} for item in items]
    return list(csv.DictReader(io.StringIO(text), delimiter="\t" if file.endswith("tsv") else ","))


def feed(shop: Shop, file: str, market: str = "cz/cs", **headers: str) -> httpx.Response:
    answer = shop.http.get(f"/feeds/{market}/{file}", headers=headers)
    assert answer.status_code in (200, 304), answer.text
    return answer


@pytest.fixture(scope="module")
def pictured(shop: Shop) -> Shop:
    """Everything has a drawing, and one tool a real GTIN."""

    async def draw(db: Connection) -> None:
        await db.execute(
            """
            with drawing as (
                insert into media (id, sha256, content_type, bytes, created_at)
                values (gen_random_uuid(), sha256($1), 'image/svg+xml', $1, now()) returning id)
            update product set picture_id = (select id from drawing)
             where kind = 'goods' and external_id <> 'TOOL-25'
            """,
            b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="red"/></svg>',
        )
        await db.execute("update variant set barcode = '4006381333931' where sku = 'TOOL-1'")
        await db.execute("update variant set barcode = '4006381333932' where sku = 'TOOL-2'")

    shop.do(draw)
    return shop


@pytest.mark.parametrize("file", REQUIRED)
def test_every_row_has_what_is_required(pictured: Shop, file: str) -> None:
    for market, currency in (("cz/cs", "CZK"), ("pl/pl", "PLN"), ("eu/en", "EUR")):
        rows = rows_of(file, feed(pictured, file, market).text)
        assert faults(rows, file) == []
        by_id = {row["id"]: row for row in rows}
        assert len(by_id) == len(rows)
        assert (
            by_id["BEANS-250"]["price"] == {"CZK": "100.00", "PLN": "17.50", "EUR": "5.00"}[currency] + f" {currency}"
        )
        assert by_id["BEANS-250"]["item_group_id"] == by_id["BEANS-1000"]["item_group_id"]
        assert "?variant=" in by_id["BEANS-250"]["link"]
        assert by_id["BEANS-250"]["product_type"].count(" > ") == 1
        assert "SERVICE" not in by_id, "networks take no services"
        assert "TOOL-25" not in by_id, "nor what has no picture"
        if currency != "EUR":
            assert (by_id["TOOL-1"]["gtin"], by_id["TOOL-2"].get("gtin", "")) == ("4006381333931", "")
    picture = pictured.http.get(httpx.URL(by_id["BEANS-250"]["image_link"]).path)
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")


def test_the_yardstick_of_feeds_measures() -> None:
    good = dict.fromkeys(REQUIRED["google.xml"], "1")
    found = {fault.split(" ")[1] for fault in faults([good], "google.xml")}
    assert found == {"link", "image_link", "availability", "price", "condition"}
    assert faults([{**good, "title": "x" * 151}], "google.xml")[0].startswith("1: title")
    assert is_gtin("4006381333931")
    assert not any(map(is_gtin, ("4006381333932", "400638133393", "abc", "", None, "٤٠٠٦٣٨١٣٣٣٩٣١")))


def test_agents_get_everything_as_the_protocol_publishes_it(pictured: Shop) -> None:
    lines = [json.loads(line) for line in feed(pictured, "products.jsonl").text.splitlines()]
    for line in lines:
        check(line, PRODUCT)
    titles = {variant["title"]: variant for line in lines for variant in line["variants"]}
    assert titles["Descaling"]["availability"] == {"available": True, "status": "in_stock"}
    assert titles["Zrnková káva Čáslav, 250 g"]["price"] == {"amount": 10000, "currency": "CZK"}
    known = pictured.http.get("/feeds/cz/cs/metadata.json").json()
    check(known, PRODUCT.replace("Product", "FeedMetadata"))
    assert known["target_country"] == "CZ"
    addresses = pictured.http.get("/feeds").json()["feeds"]
    assert len(addresses) == 3 * 5
    for wrong in ("/feeds/cz/pl/meta.csv", "/feeds/cz/cs/other.csv", "/feeds/xx/cs/meta.csv", "/feeds/pictures/no.png"):
        assert pictured.http.get(wrong).status_code == 404, wrong


def test_a_feed_is_true_at_the_moment_and_says_when_it_changed(pictured: Shop) -> None:
    sku = pictured.goods(price=50000, stock=1)

    async def picture(db: Connection) -> None:
        await db.execute("update product set picture_id = (select id from media limit 1) where external_id = $1", sku)

    pictured.do(picture)

    def row() -> Mapping[str, str]:
        return next(row for row in rows_of("meta.csv", feed(pictured, "meta.csv").text) if row["id"] == sku)

    assert (row()["availability"], row()["price"], row()["sale_price"]) == ("in stock", "500.00 CZK", "")
    first = feed(pictured, "meta.csv")
    tag, since = first.headers["etag"], first.headers["last-modified"]
    same = feed(pictured, "meta.csv", **{"If-None-Match": f'"other", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert feed(pictured, "meta.csv", **{"If-Modified-Since": since}).status_code == 304
    assert feed(pictured, "google.xml", **{"If-None-Match": tag}).status_code == 200, "another feed is another thing"

    async def sold_out(db: Connection) -> None:
        await db.execute(
            "update stock_level set on_hand = 0 from variant where variant.id = variant_id and sku = $1", sku
        )

    pictured.do(sold_out)
    assert feed(pictured, "meta.csv", **{"If-None-Match": tag}).status_code == 200
    assert row()["availability"] == "out of stock"
    plain = feed(pictured, "meta.csv", **{"Accept-Encoding": "identity"})
    with pictured.http.stream("GET", "/feeds/cz/cs/meta.csv", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        zipped = b"".join(answer.iter_raw())
    assert gzip.decompress(zipped) == plain.content
    assert len(zipped) < len(plain.content) / 2


async def test_ten_thousand_variants_cost_the_memory_of_a_page(pool: Pool) -> None:
    database, clock = Database(pool), FixedClock(NOON)
    async with database.transaction() as db:
        await make_shop(db)
        await db.execute(_MANY)
        await db.execute("analyze")
        market = next(market for market in await markets(db) if market.code == "cz")
    settings = Settings(database_url="postgresql://nowhere")
    shop = FeedShop(name="Zrnko", base_url="http://localhost", market=market)

    class Door:
        pass

    door: Any = Door()
    door.settings, door.database, door.clock = settings, database, clock
    tracemalloc.start()
    count, size = await _drain(door, shop)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 10_000
    assert size > 5_000_000
    assert peak < size / 3, f"{peak} bytes of memory for {size} bytes of feed"
    async with database.transaction() as db:
        before = await version_of(db, market, now=NOON)
        assert await version_of(db, market, now=NOON + timedelta(hours=1)) == before
        await _reserve(db)
        held = await version_of(db, market, now=NOON + timedelta(hours=1))
        assert held.digest != before.digest
        assert held.changed_at == NOON + timedelta(hours=1)
        freed = await version_of(db, market, now=NOON + timedelta(hours=3))
        assert (freed.digest, freed.changed_at) == (before.digest, NOON + timedelta(hours=3))


async def _drain(door: Any, shop: FeedShop) -> tuple[int, int]:
    count = size = 0
    async for piece in _pieces(door, shop, FORMATS["products.jsonl"]):
        count += piece.count(b'"list_price"') + piece.count(b'"price":{')
        size += len(piece)
    return count, size


async def _reserve(db: Connection) -> None:
    await db.execute(
        """
        insert into reservation (holder, variant_id, location_id, quantity, expires_at)
        select gen_random_uuid(), variant_id, location_id, 1, $1 from stock_level limit 1
        """,
        NOON + timedelta(hours=2),
    )


_MANY = """
with made as (
    insert into product (id, external_id, created_at, updated_at)
    select gen_random_uuid(), 'p' || n, now(), now() from generate_series(1, 2500) n returning id, external_id
), texts as (
    insert into product_text (product_id, language, name, slug, summary, description)
    select id, 'cs', 'Product ' || external_id, external_id, 'Short', repeat('Long words about it. ', 80) from made
), variants as (
    insert into variant (id, product_id, sku, position, names)
    select gen_random_uuid(), id, external_id || '-' || k, k, jsonb_build_object('cs', k || ' g')
      from made, generate_series(1, 4) k returning id
), prices as (
    insert into price (variant_id, currency, amount) select id, 'CZK', 10000 from variants
), stock as (
    insert into stock_level (variant_id, location_id, on_hand)
    select variants.id, location.id, 5 from variants, location
)
insert into product_index (product_id, language, text_language, sort_key, terms, prices)
select id, 'cs', 'cs', external_id, '', '{"CZK": 10000}' from made
"""


def test_long_texts_are_cut_at_a_word_and_controls_are_dropped() -> None:
    assert _text("one\x00 two\n\tthree", 50) == "one two three"
    assert _text("word " * 100, 22) == "word word word word…"
    assert len(_text("x" * 500, 150)) == 150
