"""Which price applies: the pure rule, what a sale and a page are told, and how lists are written."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.catalogue import (
    ListPrice,
    PriceListDraft,
    PriceListRow,
    PricePoint,
    SellableVariant,
    get_price_list,
    import_price_lists,
    list_items,
    list_price_lists,
    product_by_id,
    products_by_ids,
    put_price_list,
    sellable,
    unit_price,
    variants_by_sku,
    with_tax,
    write_list_prices,
)
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.events import subject_history
from tests.catalogue.goods import CZ, NOBODY, NOON, SETUP, draft, put

LIST = PriceListDraft(code="summer", name="Summer", currency="CZK")


def point(amount: int, *, group: str | None = None, at: int = 1, net: bool = False) -> PricePoint:
    return PricePoint(list_code="l", group=group, min_quantity=at, amount=amount, includes_vat=not net)


def variant(*points: PricePoint, base: int = 1000) -> SellableVariant:
    return msgspec.convert(
        {
            "id": "0" * 32,
            "product_id": "0" * 32,
            "sku": "X",
            "name": "X",
            "picture": None,
            "slug": "x",
            "kind": "goods",
            "unit_amount": base,
            "vat_class": "standard",
            "stocked": True,
            "available": 1,
            "price_points": msgspec.to_builtins(points),
        },
        SellableVariant,
    )


@pytest.mark.parametrize(
    ("points", "quantity", "group", "expected"),
    [
        ([], 1, None, 1000),
        ([point(900)], 1, None, 900),
        ([point(1100)], 1, None, 1000),  # a list never makes anything dearer
        ([point(900, at=10)], 9, None, 1000),
        ([point(900, at=10)], 10, None, 900),
        ([point(800, group="wholesale")], 1, None, 1000),
        ([point(800, group="wholesale")], 1, "friends", 1000),
        ([point(800, group="wholesale"), point(850)], 1, "wholesale", 800),
        ([point(700, net=True)], 1, None, 847),
        ([point(827, net=True)], 1, None, 1000),  # 1000.67
        ([point(826, net=True)], 1, None, 999),  # 999.46
    ],
)
def test_the_lowest_that_applies(points: list[PricePoint], quantity: int, group: str | None, expected: int) -> None:
    assert unit_price(variant(*points), quantity=quantity, group=group, rate_bp=2100) == expected


def test_tax_is_added_half_up() -> None:
    assert [with_tax(amount, 2100) for amount in (50, 150, 1, 0)] == [61, 182, 1, 0]  # 60.5, 181.5, 1.21
    assert with_tax(10**12, 5000) == 15 * 10**11


POINTS = st.lists(
    st.builds(
        point,
        st.integers(0, 2000),
        group=st.sampled_from([None, "a", "b"]),
        at=st.integers(1, 12),
        net=st.booleans(),
    ),
    max_size=6,
)


@given(POINTS, st.integers(1, 20), st.sampled_from([None, "a", "b"]))
def test_more_pieces_and_a_group_never_cost_more(points: list[PricePoint], quantity: int, group: str | None) -> None:
    goods = variant(*points)
    price = unit_price(goods, quantity=quantity, group=group, rate_bp=2100)
    assert 0 <= price <= 1000
    assert unit_price(goods, quantity=quantity + 1, group=group, rate_bp=2100) <= price
    assert price <= unit_price(goods, quantity=quantity, group=None, rate_bp=2100)


@pytest.fixture
async def goods(db: Connection, places: dict[str, UUID]) -> dict[str, UUID]:
    await put(db, draft("a", "A", price=1000), draft("b", "B", price=2000))
    return await variants_by_sku(db, ["A", "B"])


async def write(db: Connection, *prices: ListPrice, code: str = "summer", replace: bool = False) -> list[object]:
    answers = await write_list_prices(db, code, prices, replace=replace, actor=SETUP, now=NOON)
    return [answer and type(answer) for answer in answers]


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"active": False}, False),
        ({"currency": "EUR"}, False),
        ({"valid_from": NOON}, True),
        ({"valid_from": NOON + timedelta(seconds=1)}, False),
        ({"valid_until": NOON + timedelta(seconds=1)}, True),
        ({"valid_until": NOON}, False),
    ],
)
async def test_a_sale_and_a_page_see_what_holds_now(
    db: Connection, goods: dict[str, UUID], change: dict[str, object], holds: bool
) -> None:
    await put_price_list(db, msgspec.structs.replace(LIST, **change), actor=SETUP, now=NOON)
    await write(db, ListPrice(sku="A", amount=900), ListPrice(sku="A", min_quantity=10, amount=800))
    (found,) = (await sellable(db, [("cz", goods["A"])], now=NOON)).values()
    assert [each.amount for each in found.price_points] == ([900, 800] if holds else [])
    view = await product_by_id(db, CZ, found.product_id, now=NOON)
    assert (view.variants[0].price, view.variants[0].base_price) == (900 if holds else 1000, 1000)
    (card,) = await products_by_ids(db, CZ, [found.product_id], now=NOON)
    assert card.price == (900 if holds else 1000)


async def test_a_group_sees_its_net_prices_with_tax(db: Connection, goods: dict[str, UUID]) -> None:
    wholesale = msgspec.structs.replace(LIST, group="wholesale", includes_vat=False)
    await put_price_list(db, wholesale, actor=SETUP, now=NOON)
    await write(db, ListPrice(sku="A", amount=150))
    (found,) = (await sellable(db, [("cz", goods["A"])], now=NOON)).values()
    assert found.price_points == [
        PricePoint(list_code="summer", group="wholesale", min_quantity=1, amount=150, includes_vat=False)
    ]
    for group, price in ((None, 1000), ("wholesale", 182), ("friends", 1000)):
        (card,) = await products_by_ids(db, CZ, [found.product_id], now=NOON, group=group)
        assert card.price == price
        assert unit_price(found, quantity=1, group=group, rate_bp=2100) == price


async def test_lists_are_made_changed_and_told(db: Connection, goods: dict[str, UUID]) -> None:
    list_id = await put_price_list(db, LIST, actor=SETUP, now=NOON)
    assert await put_price_list(db, LIST, actor=SETUP, now=NOON) == list_id
    assert len(await subject_history(db, f"price_list:{list_id}")) == 1
    assert await write(db, ListPrice(sku="A", amount=900), ListPrice(sku="B", min_quantity=5, amount=1)) == [None] * 2
    product_id = await db.fetchval("select product_id from variant where sku = 'A'")
    (told, *_) = await subject_history(db, f"product:{product_id}")
    assert (told.name, told.payload["before"], told.payload["after"]) == ("list_price.changed", None, 900)
    assert await write(db, ListPrice(sku="A", amount=None)) == [None]
    (told, *_) = await subject_history(db, f"product:{product_id}")
    assert (told.payload["before"], told.payload["after"]) == (900, None)
    assert [
        (each.sku, each.min_quantity, each.base_price) for each in await list_items(db, list_id, language="cs")
    ] == [("B", 5, 2000)]
    assert [each.items for each in await list_price_lists(db)] == [1]
    with pytest.raises(InvalidValue) as refusal:
        await put_price_list(db, msgspec.structs.replace(LIST, currency="EUR"), actor=SETUP, now=NOON)
    assert refusal.value.field == "currency"


async def test_replacing_takes_the_others_away_unless_something_is_wrong(
    db: Connection, goods: dict[str, UUID]
) -> None:
    list_id = await put_price_list(db, LIST, actor=SETUP, now=NOON)
    await write(db, ListPrice(sku="A", amount=900), ListPrice(sku="B", amount=900))
    bad = await write(db, ListPrice(sku="B", amount=800), ListPrice(sku="NO", amount=1), replace=True)
    assert bad == [None, NotFound]
    assert len(await list_items(db, list_id, language="cs")) == 2
    assert await write(db, ListPrice(sku="B", amount=700), replace=True) == [None]
    assert [(each.sku, each.amount) for each in await list_items(db, list_id, language="cs")] == [("B", 700)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "Summer!"}, "code"),
        ({"name": " "}, "name"),
        ({"currency": "crowns"}, "currency"),
        ({"group": "Our friends"}, "group"),
        ({"valid_from": NOON, "valid_until": NOON}, "valid_until"),
    ],
)
async def test_a_list_makes_sense(
    db: Connection, places: dict[str, UUID], change: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidValue) as refusal:
        await put_price_list(db, msgspec.structs.replace(LIST, **change), actor=SETUP, now=NOON)
    assert refusal.value.field == field


async def test_prices_make_sense(db: Connection, goods: dict[str, UUID]) -> None:
    await put_price_list(db, LIST, actor=SETUP, now=NOON)
    assert await write(
        db, ListPrice(sku="A", amount=-1), ListPrice(sku="A", min_quantity=0, amount=1), ListPrice(sku="B", amount=1)
    ) == [InvalidValue, InvalidValue, None]


async def test_only_who_may(db: Connection, goods: dict[str, UUID]) -> None:
    with pytest.raises(Forbidden):
        await put_price_list(db, LIST, actor=NOBODY, now=NOON)
    with pytest.raises(Forbidden):
        await write_list_prices(db, "summer", [], actor=NOBODY, now=NOON)
    with pytest.raises(NotFound):
        await write_list_prices(db, "summer", [], actor=SETUP, now=NOON)


async def test_lists_come_in_from_files(db: Connection, goods: dict[str, UUID]) -> None:
    rows = [
        PriceListRow(price_list="vip", list_name="VIP", currency="CZK", group="vip", sku="A", price="9,90"),
        PriceListRow(price_list="vip", sku="B", min_quantity=3, amount=1900),
        PriceListRow(price_list="vip", sku="NO", amount=1),
        PriceListRow(price_list="vip", sku="B"),
        PriceListRow(price_list="new", sku="B", amount=1),
    ]
    answers: list[KupecError | None] = await import_price_lists(db, rows, actor=SETUP, now=NOON)
    assert [answer and answer.field for answer in answers] == [None, None, "sku", "amount", "currency"]
    found = await get_price_list(db, "vip")
    assert (found.name, found.group, found.items) == ("VIP", "vip", 2)
    before = await db.fetchval("select count(*) from event")
    await import_price_lists(db, rows[:2], actor=SETUP, now=NOON)
    assert await db.fetchval("select count(*) from event") == before
