"""Bundles and relations: what is sold together, and what belongs together."""

from uuid import UUID

import pytest

from kupec.catalogue import (
    Portion,
    ProductDraft,
    SellableVariant,
    TextDraft,
    VariantDraft,
    allocate,
    import_categories,
    product_by_id,
    products_by_ids,
    related_products,
    sellable,
    update_product,
    variants_by_sku,
    write_products,
)
from kupec.catalogue.category_import import CategoryRow
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.ids import uuid7
from tests.catalogue.goods import CZ, NOON, SETUP, draft, make_categories, put


@pytest.fixture
async def parts(db: Connection, places: dict[str, UUID]) -> dict[str, UUID]:
    repair = ProductDraft(
        external_id="repair",
        kind="service",
        vat_class="standard",
        texts={"cs": TextDraft(name="Oprava")},
        variants=[VariantDraft(sku="REPAIR", prices={"CZK": 1})],
    )
    reduced = draft("book", "Book", vat_class="reduced")
    await put(db, draft("machine", "Machine", stock=4), draft("beans", "Beans", stock=9), repair, reduced)
    return await variants_by_sku(db, ["MACHINE", "BEANS", "REPAIR", "BOOK"])


def a_set(bundle: dict[str, int], external_id: str = "set") -> ProductDraft:
    variant = VariantDraft(sku=external_id.upper(), prices={"CZK": 50000}, bundle=bundle)
    return draft(external_id, "Set", variants=[variant])


async def offer(db: Connection, sku: str = "SET") -> SellableVariant | None:
    ids = await variants_by_sku(db, [sku])
    return (await sellable(db, [("cz", ids[sku])], now=NOON)).get(("cz", ids[sku]))


async def sold(db: Connection, sku: str = "SET") -> SellableVariant:
    found = await offer(db, sku)
    assert found is not None
    return found


async def test_a_bundle_is_what_its_components_make(db: Connection, parts: dict[str, UUID]) -> None:
    await put(db, a_set({"MACHINE": 1, "BEANS": 2, "REPAIR": 1}))
    found = await sold(db)
    assert (found.stocked, found.available, found.unit_amount) == (True, 4, 50000)
    assert [(each.sku, each.name, each.quantity, each.stocked) for each in found.components] == [
        ("MACHINE", "Machine", 1, True),
        ("BEANS", "Beans", 2, True),
        ("REPAIR", "Oprava", 1, False),
    ]
    praha = await db.fetchval("select id from location where code = 'praha'")
    await allocate(db, [Portion(holder=uuid7(), variant_id=parts["BEANS"], location_id=praha, quantity=4)])
    view = await product_by_id(db, CZ, found.product_id, now=NOON)
    (card,) = await products_by_ids(db, CZ, [found.product_id], now=NOON)
    again = await sold(db)
    assert [view.variants[0].available, card.available, again.available] == [2, 2, 2]


async def test_a_bundle_of_services_needs_no_stock(db: Connection, parts: dict[str, UUID]) -> None:
    await put(db, a_set({"REPAIR": 2}))
    found = await sold(db)
    assert found.stocked is False
    (card,) = await products_by_ids(db, CZ, [found.product_id], now=NOON)
    assert card.available is None


async def test_a_bundle_is_not_sold_without_its_parts(db: Connection, parts: dict[str, UUID]) -> None:
    await put(db, a_set({"MACHINE": 1}))
    machine = await db.fetchval("select id from product where external_id = 'machine'")
    await update_product(db, machine, ProductDraft(external_id="", status="archived"), actor=SETUP, now=NOON)
    assert await offer(db) is None
    set_id = await db.fetchval("select id from product where external_id = 'set'")
    assert (await product_by_id(db, CZ, set_id, now=NOON)).variants[0].available == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (a_set({"MACHINE": 1, "BOOK": 1}), "bundle"),  # two VAT classes
        (a_set({"NO": 1}), "bundle"),
        (a_set({"SET": 1}), "bundle"),
        (a_set({"MACHINE": 0}), "bundle"),
        (a_set({"OLD": 1}), "bundle"),  # a bundle itself
        (a_set({"BEANS": 1}, "machine"), "stock"),  # has stock of its own
        (draft("old", "Old", stock=1), "stock"),
        (draft("machine", "Machine", vat_class="reduced"), "vat_class"),
        (draft("old", "Old", vat_class="reduced", variants=[]), "vat_class"),
    ],
)
async def test_what_a_bundle_cannot_be(db: Connection, parts: dict[str, UUID], wrong: ProductDraft, field: str) -> None:
    await put(db, a_set({"MACHINE": 1}, "old"))
    answers: list[KupecError | None] = await write_products(
        db, [wrong, draft("beside", "Beside")], actor=SETUP, now=NOON
    )
    assert [answer and answer.field for answer in answers] == [field, None]


async def test_a_component_does_not_become_a_bundle(db: Connection, parts: dict[str, UUID]) -> None:
    await put(db, draft("empty", "Empty", stock=0))
    await put(db, a_set({"EMPTY": 1}))
    answers = await write_products(db, [a_set({"BEANS": 1}, "empty")], actor=SETUP, now=NOON)
    assert [answer and answer.field for answer in answers] == ["bundle"]


async def test_bundles_and_parts_may_come_together_and_fall_together(db: Connection, parts: dict[str, UUID]) -> None:
    together = [a_set({"NEW": 1, "MACHINE": 1}), draft("new", "New")]
    assert await write_products(db, together, actor=SETUP, now=NOON) == [None, None]
    mixed = ProductDraft(
        external_id="mixed",
        texts={"cs": TextDraft(name="Mixed")},
        variants=[VariantDraft(sku="BAD", bundle={"NO": 1}), VariantDraft(sku="GOOD", prices={"CZK": 1})],
    )
    answers = await write_products(db, [a_set({"GOOD": 1}, "leaning"), mixed], actor=SETUP, now=NOON)
    assert [answer and answer.field for answer in answers] == ["bundle", "bundle"]
    assert not await db.fetchval("select exists (select from product where external_id in ('leaning', 'mixed'))")


async def test_a_bundle_is_changed_and_dissolved(db: Connection, parts: dict[str, UUID]) -> None:
    await put(db, a_set({"MACHINE": 1, "BEANS": 2}))
    before = await db.fetchval("select count(*) from event")
    await put(db, a_set({"MACHINE": 1, "BEANS": 2}))
    assert await db.fetchval("select count(*) from event") == before
    await put(db, a_set({"BEANS": 3}))
    assert (await sold(db)).available == 3
    await put(db, a_set({}))
    found = await sold(db)
    assert (found.stocked, found.available, found.components) == (True, 0, [])


async def test_what_belongs_together_is_seen_from_both_ends(db: Connection, places: dict[str, UUID]) -> None:
    await put(
        db,
        draft("filter", "Filter", relations={"fits": ["m2", "m1"], "related": ["sieve"]}),
        draft("sieve", "Sieve", relations={"spare_part_of": ["m1"]}),
        draft("m1", "Machine 1"),
        draft("m2", "Machine 2", status="archived"),
    )
    ids = {row["external_id"]: row["id"] for row in await db.fetch("select external_id, id from product")}

    async def around(external_id: str) -> dict[str, list[str]]:
        found = await related_products(db, CZ, ids[external_id], now=NOON)
        return {kind: [card.name for card in cards] for kind, cards in found.items()}

    assert await around("filter") == {"fits": ["Machine 1"], "related": ["Sieve"]}
    assert await around("sieve") == {"spare_part_of": ["Machine 1"], "related": ["Filter"]}
    assert await around("m1") == {"fitting": ["Filter"], "spare_parts": ["Sieve"]}
    await put(db, draft("m2", "Machine 2", status="active"))
    assert await around("filter") == {"fits": ["Machine 2", "Machine 1"], "related": ["Sieve"]}
    change = ProductDraft(external_id="", relations={"fits": []})
    await update_product(db, ids["filter"], change, actor=SETUP, now=NOON)
    assert await around("filter") == {"related": ["Sieve"]}


async def test_what_comes_later_is_remembered(db: Connection, places: dict[str, UUID]) -> None:
    await put(db, draft("filter", "Filter", relations={"fits": ["later", "never"]}))
    await put(db, draft("later", "Later"))
    filter_id = await db.fetchval("select id from product where external_id = 'filter'")
    found = await related_products(db, CZ, filter_id, now=NOON)
    assert [card.name for card in found["fits"]] == ["Later"]
    assert await db.fetchval("select count(*) from product_relation_wanted") == 1
    await put(db, draft("filter", "Filter", relations={"fits": ["later"]}))
    assert await db.fetchval("select count(*) from product_relation_wanted") == 0


async def test_nothing_belongs_to_itself(db: Connection, places: dict[str, UUID]) -> None:
    answers = await write_products(db, [draft("x", "X", relations={"fits": ["x"]})], actor=SETUP, now=NOON)
    assert [answer and answer.field for answer in answers] == ["fits"]


async def test_a_sale_knows_all_categories_above(db: Connection, places: dict[str, UUID]) -> None:
    await make_categories(db)
    await put(db, draft("m", "M", categories=["lever", "care"]))
    assert (await sold(db, "M")).category_codes == ["care", "lever", "machines"]
    await import_categories(db, [CategoryRow(code="lever", parent="grinders")], actor=SETUP, now=NOON)
    assert (await sold(db, "M")).category_codes == ["care", "grinders", "lever"]
    await put(db, draft("m", "M", categories=["beans"]))
    assert (await sold(db, "M")).category_codes == ["beans"]
