"""What the desk sees: also what is not on sale."""

from datetime import timedelta
from uuid import UUID

import pytest

from kupec.catalogue import (
    Portion,
    VariantDraft,
    allocate,
    hold,
    list_stock,
    search_variants,
    variants_by_sku,
)
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from tests.catalogue.goods import NOON, draft, put


@pytest.fixture
async def goods(db: Connection, places: dict[str, UUID]) -> dict[str, UUID]:
    await put(
        db,
        draft(
            "mug",
            {"cs": "Hrnek", "en": "Mug"},
            variants=[
                VariantDraft(sku="MUG-1", names={"cs": "malý"}, barcode="859", prices={"CZK": 100}, stock={"praha": 5}),
                VariantDraft(sku="MUG-2", names={"cs": "velký"}, stock={"praha": 1, "brno": 2}),
            ],
        ),
        draft("old", {"cs": "Archiv"}, status="archived", stock=0),
        draft("course", {"cs": "Kurz"}, kind="service", variants=[VariantDraft(sku="COURSE")]),
    )
    ids = await variants_by_sku(db, ["MUG-1", "MUG-2", "OLD", "COURSE"])
    praha = places["praha"]
    await allocate(db, [Portion(holder=uuid7(), variant_id=ids["MUG-1"], location_id=praha, quantity=2)])
    await hold(
        db,
        [Portion(holder=uuid7(), variant_id=ids["MUG-1"], location_id=praha, quantity=1)],
        until=NOON + timedelta(minutes=1),
    )
    return ids


async def test_all_articles_with_what_they_cost_and_what_there_is(db: Connection, goods: dict[str, UUID]) -> None:
    articles, total = await search_variants(db, language="cs", now=NOON)
    assert [(each.sku, each.name) for each in articles] == [
        ("OLD", "Archiv"),
        ("MUG-1", "Hrnek, malý"),
        ("MUG-2", "Hrnek, velký"),
        ("COURSE", "Kurz"),
    ]
    assert total == 4
    small = articles[1]
    assert (small.prices, small.on_hand, small.allocated, small.reserved) == ({"CZK": 100}, 5, 2, 1)
    assert (articles[2].prices, articles[2].on_hand) == ({}, 3)
    assert [each.stocked for each in articles] == [True, True, True, False]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("mug-2", ["MUG-2", "MUG-1"]),
        ("MUG-", ["MUG-1", "MUG-2"]),
        ("859", ["MUG-1"]),
        ("hrnky", ["MUG-1", "MUG-2"]),
        ("archyv", ["OLD"]),
        ("%", []),
        ("\0'", []),
        ("x" * 10_000, []),
    ],
)
async def test_articles_by_code_or_name(
    db: Connection, goods: dict[str, UUID], query: str, expected: list[str]
) -> None:
    articles, total = await search_variants(db, query, language="cs", now=NOON)
    assert [each.sku for each in articles] == expected
    assert total == len(expected)


async def test_articles_by_status_and_page(db: Connection, goods: dict[str, UUID]) -> None:
    archived, _ = await search_variants(db, language="cs", now=NOON, status="archived")
    assert [each.sku for each in archived] == ["OLD"]
    page, total = await search_variants(db, language="cs", now=NOON, limit=1, offset=1)
    assert ([each.sku for each in page], total) == (["MUG-1"], 4)


async def test_what_lies_where(db: Connection, places: dict[str, UUID], goods: dict[str, UUID]) -> None:
    lines, total = await list_stock(db, language="cs", now=NOON)
    assert [(each.sku, each.location, each.on_hand, each.allocated, each.reserved) for each in lines] == [
        ("OLD", "Praha", 0, 0, 0),
        ("MUG-1", "Praha", 5, 2, 1),
        ("MUG-2", "Praha", 1, 0, 0),
        ("MUG-2", "Brno", 2, 0, 0),
    ]
    assert total == 4
    low, _ = await list_stock(db, language="cs", now=NOON, at_most=1)
    assert [(each.sku, each.location) for each in low] == [("OLD", "Praha"), ("MUG-2", "Praha")]
    brno, _ = await list_stock(db, "hrnek", language="cs", now=NOON, location_id=places["brno"])
    assert [each.sku for each in brno] == ["MUG-2"]
    (after, *_), _ = await list_stock(db, "MUG-1", language="cs", now=NOON + timedelta(minutes=1))
    assert after.reserved == 0
