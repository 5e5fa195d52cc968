"""What staff change: stock, prices, texts, status; each change with its event."""

from uuid import UUID

import msgspec
import pytest

from kupec.catalogue import (
    BelowAllocated,
    CategoryRow,
    Portion,
    ProductDraft,
    Taken,
    TextDraft,
    VariantDraft,
    adjust_stock,
    allocate,
    create_product,
    desk_product,
    import_categories,
    list_categories,
    put_location,
    put_market,
    set_price,
    set_vat_rate,
    update_product,
    variants_by_sku,
    write_products,
)
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.events import subject_history
from kupec.kit.ids import uuid7
from tests.catalogue.goods import (
    CZ,
    NOBODY,
    NOON,
    SETUP,
    draft,
    event_names,
    make_categories,
    make_variants,
    put,
)


@pytest.fixture
async def variant(db: Connection, places: dict[str, UUID]) -> UUID:
    (variant,) = await make_variants(db, 1, {places["praha"]: 5})
    return variant


async def test_an_adjustment_is_written_and_told_with_its_reason(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    await adjust_stock(db, variant, places["praha"], on_hand=7, note=" Inventory ", actor=SETUP, now=NOON)
    assert await db.fetchval("select on_hand from stock_level where variant_id = $1", variant) == 7
    latest = (await subject_history(db, f"variant:{variant}"))[0]
    assert (latest.name, latest.actor, latest.origin) == ("stock.moved", "system:setup", "live")
    assert latest.payload == {
        "variant_id": str(variant),
        "location_id": str(places["praha"]),
        "delta": 2,
        "reason": "count",
        "reference": "",
        "note": "Inventory",
    }


async def test_a_first_piece_at_a_location(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    await adjust_stock(db, variant, places["brno"], on_hand=1, reason="count", actor=SETUP, now=NOON)
    (event, _) = await subject_history(db, f"variant:{variant}")
    assert event.payload["delta"] == 1


async def test_a_count_that_changes_nothing_tells_nothing(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    before = await event_names(db)
    await adjust_stock(db, variant, places["praha"], on_hand=5, reason="count", actor=SETUP, now=NOON)
    assert await event_names(db) == before


async def test_stock_never_falls_below_what_belongs_to_orders(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    order = Portion(holder=uuid7(), variant_id=variant, location_id=places["praha"], quantity=3)
    await allocate(db, [order])
    with pytest.raises(BelowAllocated) as refusal:
        await adjust_stock(db, variant, places["praha"], on_hand=2, reason="count", actor=SETUP, now=NOON)
    assert refusal.value.field == "on_hand"
    assert refusal.value.message == "3 pieces belong to placed orders, so there cannot be fewer. Cancel an order first."
    await adjust_stock(db, variant, places["praha"], on_hand=3, reason="count", actor=SETUP, now=NOON)


async def test_a_count_of_what_moved_meanwhile_is_refused(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    async def count(expected: int) -> None:
        await adjust_stock(
            db, variant, places["praha"], on_hand=9, reason="count", actor=SETUP, now=NOON, expected=expected
        )

    with pytest.raises(Conflict):
        await count(4)
    await count(5)


@pytest.mark.parametrize(
    ("on_hand", "reason", "field"), [(-1, "count", "on_hand"), (10**10, "count", "on_hand"), (1, "why not", "reason")]
)
async def test_a_count_must_make_sense(
    db: Connection, places: dict[str, UUID], variant: UUID, on_hand: int, reason: str, field: str
) -> None:
    with pytest.raises(InvalidValue) as refusal:
        await adjust_stock(db, variant, places["praha"], on_hand=on_hand, reason=reason, actor=SETUP, now=NOON)  # type: ignore[arg-type]
    assert refusal.value.field == field


async def test_what_does_not_exist_cannot_be_changed(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    with pytest.raises(NotFound):
        await adjust_stock(db, uuid7(), places["praha"], on_hand=1, reason="count", actor=SETUP, now=NOON)
    with pytest.raises(NotFound):
        await adjust_stock(db, variant, uuid7(), on_hand=1, reason="count", actor=SETUP, now=NOON)
    with pytest.raises(NotFound):
        await set_price(db, uuid7(), "CZK", 1, actor=SETUP, now=NOON)
    with pytest.raises(NotFound):
        await update_product(db, uuid7(), draft("x", "X"), actor=SETUP, now=NOON)
    with pytest.raises(NotFound):
        await desk_product(db, uuid7(), language="cs", now=NOON)


async def test_without_the_permission_nothing_is_changed(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    attempts = [
        adjust_stock(db, variant, places["praha"], on_hand=1, reason="count", actor=NOBODY, now=NOON),
        set_price(db, variant, "CZK", 1, actor=NOBODY, now=NOON),
        create_product(db, draft("x", "X"), actor=NOBODY, now=NOON),
        import_categories(db, [CategoryRow(code="x", names={"cs": "X"})], actor=NOBODY, now=NOON),
        put_market(db, CZ, position=0, actor=NOBODY, now=NOON),
        put_location(db, "x", name="X", country="CZ", position=0, actor=NOBODY, now=NOON),
        set_vat_rate(db, "CZ", "standard", 1, actor=NOBODY, now=NOON),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden):
            await attempt


async def test_a_price_is_told_before_and_after(db: Connection, variant: UUID) -> None:
    product_id = await db.fetchval("select product_id from variant where id = $1", variant)
    await set_price(db, variant, "CZK", 250, actor=SETUP, now=NOON)
    await set_price(db, variant, "CZK", 250, actor=SETUP, now=NOON)
    await set_price(db, variant, "PLN", 40, actor=SETUP, now=NOON)
    told = [event.payload for event in await subject_history(db, f"product:{product_id}")][:-1]
    assert [(each["currency"], each["before"], each["after"]) for each in told] == [
        ("PLN", None, 40),
        ("CZK", 100, 250),
    ]


@pytest.mark.parametrize(
    ("currency", "amount", "field"), [("CZK", -1, "amount"), ("czk", 1, "currency"), ("", 1, "currency")]
)
async def test_a_price_must_make_sense(db: Connection, variant: UUID, currency: str, amount: int, field: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        await set_price(db, variant, currency, amount, actor=SETUP, now=NOON)
    assert refusal.value.field == field


async def test_a_new_product(db: Connection, places: dict[str, UUID]) -> None:
    await make_categories(db)
    new = draft(
        "santos",
        {"cs": "Brazílie Santos", "en": "Brazil Santos"},
        categories=["beans"],
        attributes={"roast": {"cs": "střední"}},
    )
    product_id = await create_product(db, new, actor=SETUP, now=NOON)
    assert await event_names(db) == ["product.created", "stock.moved"]
    page = await desk_product(db, product_id, language="cs", now=NOON)
    assert page.texts["cs"].slug == "brazilie-santos"
    assert (page.status, page.kind, page.vat_class, page.categories) == ("active", "goods", "standard", ["beans"])
    assert page.attributes == {"roast": {"cs": "střední"}}
    assert page.variants[0].prices == {"CZK": 10000, "PLN": 1666, "EUR": 400}
    assert [(each.location, each.on_hand) for each in page.stock] == [("Praha", 10)]
    with pytest.raises(Taken) as refusal:
        await create_product(db, new, actor=SETUP, now=NOON)
    assert refusal.value.field == "external_id"


async def test_a_change_leaves_the_rest_as_it_is(db: Connection, places: dict[str, UUID]) -> None:
    product_id = await create_product(
        db, draft("a", {"cs": "Staré", "pl": "Stare"}, brand="Zrnko", summaries={"cs": "Krátce"}), actor=SETUP, now=NOON
    )
    before = await desk_product(db, product_id, language="cs", now=NOON)
    change = ProductDraft(external_id="ignored", texts={"cs": TextDraft(name="Nové")})
    await update_product(db, product_id, change, actor=SETUP, now=NOON)
    after = await desk_product(db, product_id, language="cs", now=NOON)
    assert after.texts["cs"] == msgspec.structs.replace(before.texts["cs"], name="Nové")
    expected = msgspec.structs.replace(
        before,
        texts=after.texts,
        variants=[msgspec.structs.replace(before.variants[0], name="Nové")],
        stock=[msgspec.structs.replace(before.stock[0], name="Nové")],
    )
    assert after == expected
    (event, _) = await subject_history(db, f"product:{product_id}")
    assert (event.name, event.payload["changed"]) == ("product.changed", ["texts"])


async def test_every_part_of_a_change_is_told(db: Connection, places: dict[str, UUID]) -> None:
    await make_categories(db)
    product_id = await create_product(db, draft("a", "A", attributes={"x": "1"}), actor=SETUP, now=NOON)
    change = ProductDraft(
        external_id="",
        brand="Nová",
        categories=["beans"],
        attributes={},
        texts={"de": TextDraft(name="A")},
        variants=[VariantDraft(sku="A", weight_g=5, prices={"CZK": 1})],
    )
    await update_product(db, product_id, change, actor=SETUP, now=NOON)
    (price, product, _) = await subject_history(db, f"product:{product_id}")
    assert price.name == "price.changed"
    assert product.payload["changed"] == ["attributes", "categories", "product", "texts", "variants"]
    await update_product(db, product_id, change, actor=SETUP, now=NOON)
    assert len(await subject_history(db, f"product:{product_id}")) == 3


async def czech_slugs(db: Connection) -> list[str]:
    rows = await db.fetch(
        """
        select t.slug from product_text t join product p on p.id = t.product_id
        where t.language = 'cs' order by p.external_id
        """
    )
    return [row["slug"] for row in rows]


async def test_two_products_of_one_name_have_different_addresses(db: Connection, places: dict[str, UUID]) -> None:
    await put(db, draft("a", "Hrnek"), draft("b", "Hrnek"))
    await put(db, draft("c", "Hrnek"))
    slugs = await czech_slugs(db)
    assert slugs[0] == "hrnek"
    assert len(set(slugs)) == 3
    await put(db, draft("b", "Hrnek"))
    assert await czech_slugs(db) == slugs


async def test_a_renamed_product_keeps_its_address(db: Connection, places: dict[str, UUID]) -> None:
    await put(db, draft("a", "Hrnek"))
    await put(db, draft("a", "Hrníček"))
    assert await db.fetchval("select slug from product_text where language = 'cs'") == "hrnek"
    await put(db, ProductDraft(external_id="a", texts={"cs": TextDraft(slug="Můj hrníček")}))
    assert await db.fetchval("select slug from product_text where language = 'cs'") == "muj-hrnicek"


async def test_a_name_of_signs_only_has_an_address_too(db: Connection, places: dict[str, UUID]) -> None:
    await put(db, draft("a", "!!!"), draft("b", "???"))
    slugs = [row["slug"] for row in await db.fetch("select slug from product_text where language = 'cs'")]
    assert all(slugs)
    assert len(set(slugs)) == 2


FAULTS = [
    (draft("", "X"), "external_id"),
    (draft("x1" * 201, "X"), "external_id"),
    (draft("x2", "X", vat_class="luxury"), "vat_class"),
    (draft("x3", "X", categories=["nowhere"]), "categories"),
    (draft("x4", "X", picture="0" * 64), "picture"),
    (draft("x5", "X", picture="../x"), "picture"),
    (draft("x6", {"Czech": "X"}), "names"),
    (ProductDraft(external_id="y1"), "names"),
    (ProductDraft(external_id="y2", texts={"cs": TextDraft(summary="no name")}), "names.cs"),
    (draft("x7", "X", variants=[VariantDraft(sku="")]), "sku"),
    (draft("x8", "X", variants=[VariantDraft(sku=" x ")]), "sku"),
    (draft("x9", "X", variants=[VariantDraft(sku="TAKEN")]), "sku"),
    (draft("x10", "X", variants=[VariantDraft(sku="x", prices={"CZK": -1})]), "prices"),
    (draft("x11", "X", variants=[VariantDraft(sku="x", prices={"Kč": 1})]), "prices"),
    (draft("x12", "X", variants=[VariantDraft(sku="x", weight_g=-1)]), "weight_g"),
    (draft("x13", "X", variants=[VariantDraft(sku="x", stock={"praha": -1})]), "stock"),
    (draft("x14", "X", variants=[VariantDraft(sku="x", stock={"nowhere": 1})]), "stock"),
    (draft("taken", "X", variants=[VariantDraft(sku="TAKEN", stock={"praha": 1})]), "stock"),
]


async def test_what_is_wrong_stays_out_and_its_neighbours_go_in(db: Connection, places: dict[str, UUID]) -> None:
    await put(db, draft("taken", "Taken"))
    ids = await variants_by_sku(db, ["TAKEN"])
    order = Portion(holder=uuid7(), variant_id=ids["TAKEN"], location_id=places["praha"], quantity=2)
    await allocate(db, [order])
    drafts = [wrong for wrong, _ in FAULTS]
    answers = await write_products(db, [draft("first", "First"), *drafts, draft("last", "Last")], actor=SETUP, now=NOON)
    fields = [answer.field if isinstance(answer, KupecError) else None for answer in answers]
    assert fields == [None, *(field for _, field in FAULTS), None]
    found = {row["external_id"] for row in await db.fetch("select external_id from product")}
    assert found == {"taken", "first", "last"}


async def test_of_two_that_want_one_sku_the_first_has_it(db: Connection, places: dict[str, UUID]) -> None:
    twice = [draft("a", "A"), draft("b", "B", variants=[VariantDraft(sku="A")])]
    (first, second) = await write_products(db, twice, actor=SETUP, now=NOON)
    assert first is None
    assert isinstance(second, Taken)


async def test_several_drafts_of_one_product_are_one_change(db: Connection, places: dict[str, UUID]) -> None:
    parts = [
        draft("a", {"cs": "Staré"}, variants=[VariantDraft(sku="A-1", prices={"CZK": 1})]),
        draft("a", {"pl": "Nowe"}, variants=[VariantDraft(sku="A-2", prices={"CZK": 2})]),
        draft("a", {"cs": "Nové"}, variants=[VariantDraft(sku="A-1", prices={"PLN": 3})]),
    ]
    await put(db, *parts)
    product_id = await db.fetchval("select id from product")
    page = await desk_product(db, product_id, language="cs", now=NOON)
    assert {language: text.name for language, text in page.texts.items()} == {"cs": "Nové", "pl": "Nowe"}
    assert [(each.sku, each.prices) for each in page.variants] == [("A-1", {"CZK": 1, "PLN": 3}), ("A-2", {"CZK": 2})]
    assert await event_names(db) == ["product.created"]


async def test_a_full_list_of_variants_archives_the_others(db: Connection, places: dict[str, UUID]) -> None:
    await put(db, draft("a", "A", variants=[VariantDraft(sku="A-1"), VariantDraft(sku="A-2")]))
    await put(
        db, draft("a", "A", variants=[VariantDraft(sku="A-2"), VariantDraft(sku="A-3")], only_these_variants=True)
    )
    rows = await db.fetch("select sku, status from variant order by position, sku")
    assert {row["sku"]: row["status"] for row in rows} == {"A-1": "archived", "A-2": "active", "A-3": "active"}
    await put(db, draft("a", "A", variants=[VariantDraft(sku="A-1")]))
    assert await db.fetchval("select status from variant where sku = 'A-1'") == "active"


async def test_categories_form_a_tree(db: Connection, places: dict[str, UUID]) -> None:
    rows = [
        CategoryRow(code="a", names={"cs": "Káva"}),
        CategoryRow(code="b", parent="a", name="Káva", language="cs"),
        CategoryRow(code="c", parent="nowhere", names={"cs": "C"}),
        CategoryRow(code="d"),
        CategoryRow(code="a", parent="b"),
        CategoryRow(code="", names={"cs": "E"}),
    ]
    answers = await import_categories(db, rows, actor=SETUP, now=NOON)
    assert [answer and answer.field for answer in answers] == [None, None, "parent", "names", "parent", "code"]
    tree = await list_categories(db, "cs")
    assert [(each.code, each.slug) for each in tree] == [("a", "kava"), ("b", "kava-b")]
    again = await import_categories(db, rows[:2], actor=SETUP, now=NOON)
    assert again == [None, None]
    assert await db.fetchval("select count(*) from event where name = 'category.changed'") == 2
    await import_categories(db, [CategoryRow(code="b", parent="")], actor=SETUP, now=NOON)
    assert [each.parent_id for each in await list_categories(db, "cs")] == [None, None]


async def test_the_ground_is_told_once(db: Connection, places: dict[str, UUID]) -> None:
    before = await db.fetchval("select count(*) from event")
    await put_market(db, CZ, position=0, actor=SETUP, now=NOON)
    assert (
        await put_location(db, "praha", name="Praha", country="CZ", position=0, actor=SETUP, now=NOON)
        == places["praha"]
    )
    await set_vat_rate(db, "CZ", "standard", 2100, actor=SETUP, now=NOON)
    assert await db.fetchval("select count(*) from event") == before
    await set_vat_rate(db, "CZ", "standard", 2200, actor=SETUP, now=NOON)
    told = await db.fetch("select name from event order by id offset $1", before)
    assert [row["name"] for row in told] == ["document.drafted", "document.published"]
