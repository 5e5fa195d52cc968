"""The demo shop's data holds together: every reference resolves, every text is there, every picture is ours."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from kupec.app.zrnko.draw import DRAWINGS, PICTURES
from kupec.app.zrnko.drawing.pen import picture
from kupec.app.zrnko.story import PastOrder, history

LANGUAGES = {"cs", "pl", "en"}
CURRENCIES = {"CZK", "PLN", "EUR"}
UNTIL = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    text = (PICTURES.parent / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


CATEGORIES = rows("categories.jsonl")
PRODUCTS = rows("products.jsonl")
ATTRIBUTES = rows("attributes.jsonl")
CUSTOMERS = rows("customers.jsonl")
VARIANTS = [variant for product in PRODUCTS for variant in product["variants"]]


def repeated(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def assert_translated(texts: Row, where: str) -> None:
    assert set(texts) == LANGUAGES, where
    for language, text in texts.items():
        assert text, f"{where}: {language} is empty"
        assert text.strip() == text, f"{where}: {language} has space around it"


def test_there_is_enough_to_look_like_a_shop() -> None:
    assert len(PRODUCTS) >= 64
    assert 8 <= len(CATEGORIES) <= 12
    assert len(CUSTOMERS) == 40
    assert Counter(customer["kind"] for customer in CUSTOMERS) == {"person": 30, "organisation": 10}


def test_categories_form_a_tree_of_two_levels() -> None:
    parents = {category["code"]: category["parent"] for category in CATEGORIES}
    assert len(parents) == len(CATEGORIES)
    for code, parent in parents.items():
        assert parent is None or parents[parent] is None, code
    assert not repeated([f"{category['parent']} {category['position']}" for category in CATEGORIES])


def test_every_category_has_products() -> None:
    used = {code for product in PRODUCTS for code in product["categories"]}
    with_children = {category["parent"] for category in CATEGORIES}
    assert used | with_children == {category["code"] for category in CATEGORIES} | {None}


def test_references_resolve() -> None:
    categories = {category["code"] for category in CATEGORIES}
    products = {product["external_id"] for product in PRODUCTS}
    attributes = {attribute["code"] for attribute in ATTRIBUTES}
    for product in PRODUCTS:
        where = product["external_id"]
        assert product["categories"], where
        assert set(product["categories"]) <= categories, where
        for relation in ("fits", "spare_part_of", "consumed_by", "related"):
            assert set(product.get(relation, ())) <= products - {where}, where
        assert set(product["attributes"]) <= attributes, where
        assert (PICTURES / product["picture"]).is_file(), where
    assert attributes == {code for product in PRODUCTS for code in product["attributes"]}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_slugs_are_unique_in_each_language(language: str) -> None:
    for things in (PRODUCTS, CATEGORIES):
        slugs = [thing["slugs"][language] for thing in things]
        assert not repeated(slugs)
        assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in slugs)


def test_ids_and_skus_are_unique() -> None:
    assert not repeated([product["external_id"] for product in PRODUCTS])
    assert not repeated([variant["sku"] for variant in VARIANTS])
    assert not repeated([customer["external_id"] for customer in CUSTOMERS])
    assert not repeated([customer["email"] for customer in CUSTOMERS])
    assert not repeated([customer["phone"] for customer in CUSTOMERS])


def test_every_text_is_there_in_every_language() -> None:
    for thing in (*CATEGORIES, *ATTRIBUTES):
        assert_translated(thing["names"], thing["code"])
    for product in PRODUCTS:
        where = product["external_id"]
        for field in ("names", "slugs", "summaries", "descriptions"):
            assert_translated(product[field], f"{where} {field}")
        assert len(product["attributes"]) <= 5, where
        for code, value in product["attributes"].items():
            assert_translated(dict.fromkeys(LANGUAGES, value) if isinstance(value, str) else value, f"{where} {code}")
        for variant in product["variants"]:
            assert variant["names"] or len(product["variants"]) == 1, where
            if variant["names"]:
                assert_translated(variant["names"], variant["sku"])


def test_texts_keep_the_house_tone() -> None:
    for product in PRODUCTS:
        for language in LANGUAGES:
            summary, description = product["summaries"][language], product["descriptions"][language]
            where = f"{product['external_id']} {language}"
            assert "!" not in summary + description, where
            assert summary.endswith("."), where
            sentences = re.findall(r"[.?](?= |$)", description.replace("n. m.", "").replace("n.p.m.", ""))
            assert 2 <= len(sentences) <= 5, where


def test_barcodes_have_a_valid_check_digit() -> None:
    barcodes = [variant["barcode"] for variant in VARIANTS if variant["barcode"] is not None]
    assert not repeated(barcodes)
    for barcode in barcodes:
        assert re.fullmatch(r"859\d{10}", barcode)
        assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(barcode)) % 10 == 0, barcode


def test_prices_and_stock_are_sound() -> None:
    for product in PRODUCTS:
        assert product["vat_class"] in {"standard", "reduced", "zero"}
        for variant in product["variants"]:
            assert set(variant["prices"]) == CURRENCIES, variant["sku"]
            assert all(type(price) is int and price > 0 for price in variant["prices"].values()), variant["sku"]
            assert 5.0 < variant["prices"]["CZK"] / variant["prices"]["PLN"] < 6.6, variant["sku"]
            assert 20 < variant["prices"]["CZK"] / variant["prices"]["EUR"] < 28, variant["sku"]
            if "bundle" in variant:
                assert set(variant["bundle"]) <= {other["sku"] for other in VARIANTS}
                assert variant["stock"] == {}, variant["sku"]
            elif product["kind"] == "service":
                assert variant["stock"] == {}, variant["sku"]
                assert variant["weight_g"] is None, variant["sku"]
            else:
                assert set(variant["stock"]) == {"praha", "brno"}, variant["sku"]
                assert all(type(level) is int and level >= 0 for level in variant["stock"].values()), variant["sku"]
                assert variant["weight_g"] > 0, variant["sku"]


def test_some_things_are_sold_out_and_some_nearly() -> None:
    left = {
        product["external_id"]: sum(sum(variant["stock"].values()) for variant in product["variants"])
        for product in PRODUCTS
        if product["kind"] == "goods" and not any("bundle" in variant for variant in product["variants"])
    }
    assert sum(level == 0 for level in left.values()) == 2
    assert sum(1 <= level <= 3 for level in left.values()) >= 5


def test_pictures_are_as_drawn_and_harmless() -> None:
    assert set(DRAWINGS) == {product["external_id"] for product in PRODUCTS}
    assert {path.stem for path in PICTURES.iterdir()} == set(DRAWINGS)
    for name, drawing in DRAWINGS.items():
        text = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
        assert text == picture(drawing()), f"{name}: run python -m kupec.app.zrnko.draw"
        assert len(text.encode()) < 8_000, name
        assert "href" not in text, name
        assert "url(" not in text.replace("url(#s)", ""), name
        tree = ElementTree.fromstring(text)
        assert tree.get("viewBox") == "0 0 800 800", name
        tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert tags <= {"svg", "radialGradient", "stop", "rect", "circle", "ellipse", "path", "g"}, name
        assert not any(key.startswith("on") for element in tree.iter() for key in element.attrib), name
    assert not repeated([picture(drawing()) for drawing in DRAWINGS.values()])


def test_customers_can_never_be_real_people() -> None:
    for customer in CUSTOMERS:
        assert customer["email"].rpartition("@")[2] in {"example.com", "example.org", "example.net"}
        assert re.match(r"\+420 700 000 0|\+48 500 000 0|\+44 7700 9000|\+353 20 915 00", customer["phone"])
        assert customer["language"] in LANGUAGES
        assert all(customer["address"][field] for field in ("name", "street", "city", "postcode", "country"))
        assert datetime.fromisoformat(customer["created_at"]).year == 2025
        organisation = customer["kind"] == "organisation"
        assert (customer["company_id"] is not None) == organisation
        assert customer["trade"] in ({"office", "cafe"} if organisation else {None})


@pytest.fixture(scope="module")
def orders() -> list[PastOrder]:
    return list(history(PRODUCTS, CUSTOMERS, until=UNTIL))


def test_history_is_the_same_each_time(orders: list[PastOrder]) -> None:
    assert list(history(PRODUCTS, CUSTOMERS, until=UNTIL)) == orders
    assert list(history(PRODUCTS, CUSTOMERS, until=UNTIL, seed=8)) != orders


def test_history_refers_to_what_exists(orders: list[PastOrder]) -> None:
    skus = {variant["sku"] for variant in VARIANTS}
    joined = {customer["external_id"]: datetime.fromisoformat(customer["created_at"]) for customer in CUSTOMERS}
    assert not repeated([order["external_id"] for order in orders])
    for order in orders:
        assert order["lines"]
        assert not repeated([line["sku"] for line in order["lines"]])
        bought = {line["sku"]: line["quantity"] for line in order["lines"]}
        assert set(bought) <= skus
        assert all(quantity > 0 for quantity in bought.values())
        assert all(0 < line["quantity"] <= bought[line["sku"]] for line in order["returned"])
        assert joined[order["customer_external_id"]] <= order["placed_at"] < UNTIL
        assert order["placed_at"].tzinfo is UTC
        assert order["currency"] in CURRENCIES


def test_history_is_believable(orders: list[PastOrder]) -> None:
    assert 540 <= len(orders) <= 680
    assert [order["placed_at"] for order in orders] == sorted(order["placed_at"] for order in orders)
    assert orders[0]["placed_at"] < UNTIL - timedelta(days=400)
    assert {order["customer_external_id"] for order in orders} == {customer["external_id"] for customer in CUSTOMERS}
    assert 5 <= sum(bool(order["returned"]) for order in orders) <= 25
    assert 8 <= sum(order["status"] == "cancelled" for order in orders) <= 35
    shipped = [order for order in orders if order["status"] == "shipped"]
    assert 4 <= len(shipped) <= 16
    assert all(UNTIL - order["placed_at"] <= timedelta(days=4) for order in shipped)
    machines = {
        variant["sku"]
        for product in PRODUCTS
        if product["external_id"].startswith("machine-")
        for variant in product["variants"]
    }
    buyers = [order["customer_external_id"] for order in orders for line in order["lines"] if line["sku"] in machines]
    assert len(buyers) >= 10
    assert not repeated(buyers), "a machine is bought once"


@pytest.mark.parametrize("days", [0, 30, 100, 365, 800])
def test_history_always_ends_with_parcels_on_the_way(days: int) -> None:
    told = list(history(PRODUCTS, CUSTOMERS, until=UNTIL + timedelta(days=days)))
    assert 540 <= len(told) <= 680
    assert 3 <= sum(order["status"] == "shipped" for order in told) <= 18


def test_history_before_anyone_came_is_empty() -> None:
    assert list(history(PRODUCTS, CUSTOMERS, until=datetime(2025, 1, 1, tzinfo=UTC))) == []
