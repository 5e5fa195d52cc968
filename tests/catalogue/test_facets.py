"""Narrowing a list: what is left, and how much each value would leave."""

from uuid import UUID

import pytest

from kupec.catalogue import Facet, Filters, Found, browse, category_by_slug, hold, lock_stock, portion_out
from kupec.catalogue.models import Wanted
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from tests.catalogue.goods import CZ, NOON, PL, draft, make_categories, make_ground, put

MEDIUM = {"cs": "střední", "pl": "średnie", "en": "Medium"}
DARK = {"cs": "tmavé", "pl": "ciemne", "en": "Dark"}
REGISTRY = """
insert into attribute (code, names, kind, unit, facet, position) values
    ('roast', '{"cs": "Pražení", "en": "Roast"}', 'text', '', true, 0),
    ('pressure', '{"cs": "Tlak", "en": "Pressure"}', 'number', 'bar', true, 1),
    ('taste', '{"cs": "Chuť"}', 'text', '', false, 2),
    ('sort', '{"cs": "Řazení"}', 'text', '', true, 3)
"""


@pytest.fixture
async def shelves(db: Connection) -> Connection:
    await make_ground(db)
    await make_categories(db)
    await put(
        db,
        draft("a", "Káva A", categories=["beans"], brand="Zrnko", price=10000, attributes={"roast": MEDIUM}),
        draft("b", "Káva B", categories=["beans"], brand="Zrnko", price=20000, attributes={"roast": DARK}, stock=0),
        draft("c", "Káva C", categories=["beans"], brand="Jiná", price=30000, attributes={"roast": DARK, "sort": "x"}),
        draft("d", "Káva D", categories=["beans"], brand="jiná", price=40000, attributes={"taste": "kakao"}),
        draft("e", "Páka E", categories=["lever"], brand="Páka", price=900000, attributes={"pressure": "9"}),
        draft("f", "Páka F", categories=["lever"], brand="Páka", price=950000, attributes={"pressure": "15"}),
    )
    await db.execute("delete from attribute")
    await db.execute(REGISTRY)
    return db


async def look(db: Connection, shelf: str = "zrnkova-kava", **filters: object) -> Found:
    category = (await category_by_slug(db, "cs", shelf)).id if shelf else None
    return await browse(db, CZ, now=NOON, category=category, filters=Filters(**filters))  # type: ignore[arg-type]


def names(found: Found) -> list[str]:
    assert found.total == len(found.products)
    return [card.name[-1] for card in found.products]


def facet(found: Found, code: str) -> Facet:
    assert found.narrowing is not None
    return next(each for each in found.narrowing.facets if each.code == code)


def counts(found: Found, code: str) -> dict[str, int]:
    return {each.label: each.products for each in facet(found, code).values}


async def test_a_list_says_what_it_may_be_narrowed_by(shelves: Connection) -> None:
    found = await look(shelves)
    assert names(found) == ["A", "B", "C", "D"]
    assert counts(found, "roast") == {"střední": 1, "tmavé": 2}
    assert facet(found, "roast").name == "Pražení"
    assert counts(found, "brand") == {"Jiná": 2, "Zrnko": 2}
    narrowing = found.narrowing
    assert narrowing is not None
    assert [each.code for each in narrowing.facets] == ["brand", "roast"]
    assert (narrowing.lowest, narrowing.highest, narrowing.in_stock) == (10000, 40000, 3)


async def test_values_of_one_facet_add_up_and_facets_narrow_each_other(shelves: Connection) -> None:
    assert names(await look(shelves, values={"roast": ["dark"]})) == ["B", "C"]
    assert names(await look(shelves, values={"roast": ["dark", "medium"]})) == ["A", "B", "C"]
    assert names(await look(shelves, values={"roast": ["dark"], "brand": ["zrnko"]})) == ["B"]
    assert names(await look(shelves, values={"brand": ["jiná"]})) == ["C", "D"]


async def test_a_facets_counts_leave_out_its_own_filter_only(shelves: Connection) -> None:
    found = await look(shelves, values={"roast": ["dark"]})
    assert counts(found, "roast") == {"střední": 1, "tmavé": 2}
    assert counts(found, "brand") == {"Jiná": 1, "Zrnko": 1}
    both = await look(shelves, values={"roast": ["dark"], "brand": ["zrnko"]})
    assert counts(both, "roast") == {"střední": 1, "tmavé": 1}
    assert counts(both, "brand") == {"Jiná": 1, "Zrnko": 1}
    assert both.narrowing is not None
    assert (both.narrowing.lowest, both.narrowing.highest, both.narrowing.in_stock) == (20000, 20000, 0)


async def test_every_count_is_what_choosing_the_value_would_leave(shelves: Connection) -> None:
    chosen = {"brand": ["jiná"]}
    found = await look(shelves, values=chosen, price_from=15000, in_stock=True)
    for each in found.narrowing.facets if found.narrowing else []:
        for value in each.values:
            values = chosen | {each.code: [value.value]}
            left = await look(shelves, values=values, price_from=15000, in_stock=True)
            assert (value.label, left.total) == (value.label, value.products)


async def test_prices_and_stock_narrow(shelves: Connection) -> None:
    assert names(await look(shelves, price_from=20000, price_to=30000)) == ["B", "C"]
    assert names(await look(shelves, price_from=20001)) == ["C", "D"]
    assert names(await look(shelves, in_stock=True)) == ["A", "C", "D"]
    found = await look(shelves, price_to=20000)
    assert found.narrowing is not None
    assert (found.narrowing.lowest, found.narrowing.highest) == (10000, 40000)  # its own filter left out


async def test_what_is_held_for_others_is_not_there(shelves: Connection) -> None:
    variant: UUID = await shelves.fetchval("select id from variant where sku = 'A'")
    line = Wanted(holder=uuid7(), variant_id=variant, quantity=10)
    portions = portion_out([line], await lock_stock(shelves, [variant], now=NOON))[line.holder]
    assert isinstance(portions, list)
    await hold(shelves, portions, until=NOON.replace(hour=12))
    found = await look(shelves, in_stock=True)
    assert names(found) == ["C", "D"]
    assert found.narrowing is not None
    assert found.narrowing.in_stock == 2


async def test_a_bundle_is_there_when_all_its_parts_are(shelves: Connection) -> None:
    ids = {row["sku"]: row["id"] for row in await shelves.fetch("select sku, id from variant")}
    insert = "insert into bundle_item (bundle_id, component_id, quantity) values ($1, $2, $3)"
    await shelves.execute(insert, ids["D"], ids["A"], 11)
    await shelves.execute("update variant set bundle = true where sku = 'D'")
    assert names(await look(shelves, in_stock=True)) == ["A", "C"]
    await shelves.execute("update bundle_item set quantity = 10")
    assert names(await look(shelves, in_stock=True)) == ["A", "C", "D"]


async def test_figures_are_sorted_as_figures_and_carry_their_unit(shelves: Connection) -> None:
    found = await look(shelves, "pakove-kavovary")
    assert [each.label for each in facet(found, "pressure").values] == ["9 bar", "15 bar"]
    narrowing = found.narrowing
    assert narrowing is not None
    assert [each.code for each in narrowing.facets] == ["pressure"]  # one brand narrows nothing


async def test_a_chosen_value_stays_to_be_taken_back(shelves: Connection) -> None:
    found = await look(shelves, "pakove-kavovary", values={"roast": ["dark", "never-heard"], "brand": ["zrnko"]})
    assert names(found) == []
    chosen = [(each.label, each.products) for each in facet(found, "roast").values]
    assert chosen == [("never-heard", 0), ("tmavé", 0)]
    assert [each.label for each in facet(found, "brand").chosen] == ["Zrnko"]


@pytest.mark.parametrize("code", ["taste", "sort", "nothing", "price", "' or true --"])
async def test_what_is_no_facet_narrows_nothing(shelves: Connection, code: str) -> None:
    found = await look(shelves, values={code: ["kakao"]})
    assert names(found) == ["A", "B", "C", "D"]
    assert not found.filters


@pytest.mark.parametrize("value", ["' or true --", "\0", "x" * 10_000, "%", "DARK"])
async def test_any_value_may_be_asked_for(shelves: Connection, value: str) -> None:
    found = await look(shelves, values={"roast": [value]})
    assert names(found) == {"DARK": ["B", "C"], "\0": ["A", "B", "C", "D"]}.get(value, [])


async def test_a_search_is_narrowed_too(shelves: Connection) -> None:
    found = await browse(shelves, CZ, now=NOON, query="káva", filters=Filters(values={"roast": ["dark"]}))
    assert (found.total, counts(found, "roast")) == (2, {"střední": 1, "tmavé": 2})
    # Nothing answers both words: some is shown, and narrowed. What answers both stays, even when filters leave nothing.
    some = await browse(shelves, CZ, now=NOON, query="střední tmavé", filters=Filters(values={"roast": ["dark"]}))
    assert some.total == 2
    assert counts(some, "roast") == {"střední": 1, "tmavé": 2}
    strict = await browse(shelves, CZ, now=NOON, query="káva tmavé", filters=Filters(values={"roast": ["medium"]}))
    assert strict.total == 0


async def test_labels_are_in_the_language_and_addresses_are_not(shelves: Connection) -> None:
    found = await browse(shelves, PL, now=NOON, filters=Filters(values={"roast": ["dark"]}))
    assert counts(found, "roast") == {"ciemne": 2, "średnie": 1}
    assert facet(found, "roast").name == "Roast"
    assert [each.value for each in facet(found, "roast").values] == ["dark", "medium"]


async def test_a_list_that_needs_no_counts_makes_none(shelves: Connection) -> None:
    found = await browse(shelves, CZ, now=NOON, count=False)
    assert (found.total, found.narrowing) == (6, None)
