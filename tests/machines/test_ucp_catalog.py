"""The catalogue as agents see it. `Platform` holds every answer against the published schemas."""

from typing import Any

import pytest

from tests.machines.conftest import Shop
from tests.machines.platform import Platform, told

UNKNOWN = "00000000-0000-7000-8000-000000000000"


def skus(found: dict[str, Any]) -> list[str]:
    return [variant["sku"] for product in found["products"] for variant in product["variants"]]


def prices(found: dict[str, Any]) -> set[tuple[int, str]]:
    return {
        (variant["price"]["amount"], variant["price"]["currency"])
        for product in found["products"]
        for variant in product["variants"]
    }


# --- search


def test_words_find_goods_with_their_variants_prices_and_places(agent: Platform) -> None:
    found = agent.search(query="zrnkova kava caslav")
    product = found["products"][0]
    assert product["title"] == "Zrnková káva Čáslav"
    assert product["price_range"]["min"] == {"amount": 10000, "currency": "CZK"}
    assert product["price_range"]["max"] == {"amount": 40000, "currency": "CZK"}
    assert [variant["sku"] for variant in product["variants"]] == ["BEANS-250", "BEANS-1000"]
    assert product["variants"][0]["availability"] == {"available": True, "status": "in_stock"}
    assert product["categories"] == [{"value": "Espresso", "taxonomy": "merchant"}]
    assert agent.http.get(product["url"], headers={"Accept": "text/html"}).status_code == 200


@pytest.mark.parametrize(
    ("context", "title", "price"),
    [
        ({"language": "cs"}, "Zrnková káva Čáslav", (10000, "CZK")),
        ({"language": "pl-PL"}, "Kawa ziarnista Czasław", (1750, "PLN")),
        ({"language": "en"}, "Coffee beans Caslav", (500, "EUR")),
        ({"currency": "PLN"}, "Kawa ziarnista Czasław", (1750, "PLN")),
        ({"address_country": "AT"}, "Coffee beans Caslav", (500, "EUR")),
        ({"address_country": "PL", "language": "cs", "currency": "CZK"}, "Kawa ziarnista Czasław", (1750, "PLN")),
    ],
)
def test_the_context_chooses_market_language_and_currency(
    agent: Platform, context: dict[str, str], title: str, price: tuple[int, str]
) -> None:
    found = agent.lookup("BEANS-250", context=context)
    assert found["products"][0]["title"] == title
    assert prices(found) == {price}


def test_pages_follow_their_cursors_to_the_end(agent: Platform) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(9):
        found = agent.search(filters={"categories": ["tools"]}, pagination={"limit": 7, **cursor})
        seen += skus(found)
        assert found["pagination"]["total_count"] == 25
        if not found["pagination"]["has_next_page"]:
            break
        cursor = {"cursor": found["pagination"]["cursor"]}
    assert sorted(seen) == sorted(f"TOOL-{number}" for number in range(1, 26))


def test_a_page_has_ten_products_unless_asked_and_never_more_than_fifty(agent: Platform) -> None:
    assert len(agent.search(filters={"categories": ["tools"]})["products"]) == 10
    assert len(agent.search(filters={"categories": ["tools"]}, pagination={"limit": 2**53 - 1})["products"]) == 25


def test_a_price_filter_takes_variants_whose_price_is_in_it(agent: Platform) -> None:
    within = agent.search(filters={"price": {"min": 24000, "max": 40000}, "categories": ["tools", "Káva"]})
    assert sorted(skus(within)) == ["BEANS-1000", "TOOL-24", "TOOL-25"]
    assert within["pagination"] == {"has_next_page": False, "total_count": 3}


def test_pages_of_a_filtered_search_follow_their_cursors(agent: Platform) -> None:
    filters = {"categories": ["tools"], "price": {"min": 11000}}
    first = agent.search(filters=filters, pagination={"limit": 8})
    second = agent.search(filters=filters, pagination={"limit": 8, "cursor": first["pagination"]["cursor"]})
    assert sorted(skus(first) + skus(second)) == sorted(f"TOOL-{number}" for number in range(11, 26))
    assert not second["pagination"]["has_next_page"]


def test_a_price_filter_in_another_currency_is_left_aside_and_said_so(agent: Platform) -> None:
    filters = {"price": {"max": 1}, "categories": ["tools"]}
    found = agent.search(filters=filters, context={"address_country": "CZ", "currency": "PLN", "language": "cs"})
    assert found["products"]
    assert "CZK" in told(found)["price_filter_ignored"]["content"]
    assert agent.search(filters=filters, context={"currency": "PLN"})["products"] == []


def test_a_category_takes_in_those_below_it_by_code_or_name(agent: Platform) -> None:
    for name in ("coffee", "Káva", "espresso", "ESPRESSO"):
        assert skus(agent.search(filters={"categories": [name]})) == ["BEANS-250", "BEANS-1000"], name
    assert agent.search(filters={"categories": ["no such thing"]})["products"] == []


def test_a_search_for_nothing_is_refused_and_one_that_finds_nothing_is_empty(agent: Platform) -> None:
    for nothing in ({}, {"query": "  "}, {"filters": {}}):
        problem = agent.problem("POST", "/ucp/v1/catalog/search", 400, json=nothing)
        assert problem["code"] == "empty_search"
    assert agent.search(query="qqqqwwww")["products"] == []


@pytest.mark.parametrize("cursor", ["x", "o", "o-1", "o9999999", "o1 ", "10", "o１"])
def test_a_cursor_that_is_not_ours_is_refused(agent: Platform, cursor: str) -> None:
    body = {"query": "kava", "pagination": {"cursor": cursor}}
    assert agent.problem("POST", "/ucp/v1/catalog/search", 400, json=body)["field"] == "$.pagination.cursor"


# --- look-up


def test_each_variant_says_which_identifiers_it_answers(agent: Platform) -> None:
    product = agent.product("BEANS-1000")["product"]
    variant = product["variants"][0]
    found = agent.lookup(product["id"], variant["id"], "BEANS-1000", "BEANS-1000", "TOOL-3", UNKNOWN, "nope")
    answered = {each["sku"]: each["inputs"] for item in found["products"] for each in item["variants"]}
    assert answered == {
        "BEANS-250": [{"id": product["id"], "match": "featured"}],
        "BEANS-1000": [{"id": variant["id"], "match": "exact"}, {"id": "BEANS-1000", "match": "exact"}],
        "TOOL-3": [{"id": "TOOL-3", "match": "exact"}],
    }
    assert [message["path"] for message in found["messages"]] == ["$.ids[5]", "$.ids[6]"]
    assert "nope" in found["messages"][1]["content"]


def test_what_is_not_sold_in_a_market_is_not_found_there(agent: Platform) -> None:
    assert skus(agent.lookup("TOOL-1", context={"language": "cs"})) == ["TOOL-1"]
    abroad = agent.lookup("TOOL-1", context={"language": "en"})
    assert abroad["products"] == []
    assert told(abroad)["not_found"]["type"] == "info"


def test_filters_narrow_a_look_up(agent: Platform) -> None:
    ids = ("BEANS-250", "BEANS-1000", "TOOL-20")
    assert skus(agent.lookup(*ids, filters={"price": {"min": 20000}})) in (
        ["BEANS-1000", "TOOL-20"],
        ["TOOL-20", "BEANS-1000"],
    )
    assert skus(agent.lookup(*ids, filters={"categories": ["tools"]})) == ["TOOL-20"]
    assert skus(agent.lookup(*ids, filters={"categories": ["tools"], "price": {"max": 1}})) == []


def test_more_identifiers_than_a_look_up_takes(agent: Platform) -> None:
    assert agent.lookup(*(f"TOOL-{number}" for number in range(1, 101)))["products"]
    problem = agent.problem("POST", "/ucp/v1/catalog/lookup", 400, json={"ids": ["x"] * 101})
    assert problem["code"] == "request_too_large"


# --- one product


def test_a_product_comes_whole_with_the_named_variant_first(agent: Platform) -> None:
    by_sku = agent.product("BEANS-1000", context={"language": "cs"})["product"]
    assert [variant["sku"] for variant in by_sku["variants"]] == ["BEANS-1000", "BEANS-250"]
    assert by_sku["description"] == {"plain": "Roasted on Tuesdays.\nIn Čáslav."}
    by_id = agent.product(by_sku["id"])["product"]
    assert [variant["sku"] for variant in by_id["variants"]] == ["BEANS-250", "BEANS-1000"]
    by_variant = agent.product(by_sku["variants"][0]["id"])["product"]
    assert by_variant["variants"][0]["sku"] == "BEANS-1000"


def test_a_variant_outside_the_price_filter_is_left_out(agent: Platform) -> None:
    product = agent.product("BEANS-250", filters={"price": {"max": 20000}})["product"]
    assert [variant["sku"] for variant in product["variants"]] == ["BEANS-250"]


@pytest.mark.parametrize(
    ("language", "content"),
    [
        ("cs", "Pod označením „nope“ tu nic neprodáváme."),
        ("pl", "Pod oznaczeniem „nope” nic tu nie sprzedajemy."),
        ("en", "Nothing is sold here as “nope”."),
    ],
)
def test_a_product_that_is_not_there_is_an_error_response(agent: Platform, language: str, content: str) -> None:
    answer = agent.product("nope", context={"language": language})
    message = told(answer)["not_found"]
    assert (message["severity"], message["path"], message["content"]) == ("unrecoverable", "$.id", content)


def test_what_is_sold_out_says_so(shop: Shop, agent: Platform) -> None:
    sku = shop.goods(stock=0)
    found = agent.lookup(sku)["products"][0]["variants"][0]
    assert found["availability"] == {"available": False, "status": "out_of_stock"}
    assert agent.lookup("SERVICE")["products"][0]["variants"][0]["availability"]["available"]
