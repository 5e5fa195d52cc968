"""Goods come in, go back, change places and break: what lies where, and what the movements tell of it."""

import asyncio
from uuid import UUID

import pytest

from kupec.catalogue import (
    GoodsLine,
    NotEnough,
    Portion,
    ProductDraft,
    TextDraft,
    VariantDraft,
    adjust_stock,
    allocate,
    correct_stock,
    get_receipt,
    list_receipts,
    lock_stock,
    low_stock,
    movements,
    portion_out,
    put_back,
    receive_goods,
    scrap,
    take_out,
    transfer_stock,
    update_product,
    variants_by_sku,
)
from kupec.catalogue.models import Shortage, Wanted
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, IdempotencyMismatch, InvalidValue, NotFound
from kupec.kit.ids import uuid7
from tests.catalogue.goods import NOBODY, NOON, SETUP, make_ground, make_variants, put


@pytest.fixture
async def variant(db: Connection, places: dict[str, UUID]) -> UUID:
    (variant,) = await make_variants(db, 1, {places["praha"]: 5})
    return variant


async def shelf(db: Connection, variant: UUID) -> dict[str, int]:
    rows = await db.fetch(
        "select l.code, s.on_hand from stock_level s join location l on l.id = s.location_id where variant_id = $1",
        variant,
    )
    return {row["code"]: row["on_hand"] for row in rows}


async def told(db: Connection, variant: UUID) -> list[tuple[str, int, str]]:
    """The movements, the latest first, without the first count."""
    return [(each.reason, each.delta, each.reference) for each in await movements(db, variant)][:-1]


async def test_goods_come_in_as_one_document(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    (other,) = await make_variants(db, 1, {})
    lines = [GoodsLine(variant_id=variant, quantity=3), GoodsLine(variant_id=other, quantity=4)]
    receipt = await receive_goods(
        db, lines, location_id=places["brno"], reference=" DL  77 ", supplier="Velmara", actor=SETUP, now=NOON
    )
    assert await shelf(db, variant) == {"praha": 5, "brno": 3}
    assert await shelf(db, other) == {"brno": 4}
    assert await told(db, variant) == [("goods_in", 3, "DL 77")]
    assert (receipt.reference, receipt.supplier, receipt.location, receipt.author) == (
        "DL 77",
        "Velmara",
        "Brno",
        "system:setup",
    )
    assert [(line.variant_id, line.quantity) for line in receipt.lines] == [(variant, 3), (other, 4)]
    assert await get_receipt(db, receipt.id, language="en") == receipt
    assert await list_receipts(db, language="en") == ([receipt], 1)


async def test_a_document_sent_twice_comes_in_once(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    key = uuid7()

    async def send(quantity: int) -> int:
        lines = [GoodsLine(variant_id=variant, quantity=quantity)]
        made = await receive_goods(
            db, lines, location_id=places["praha"], reference="DL", key=key, actor=SETUP, now=NOON
        )
        return made.number

    assert await send(2) == await send(2)
    assert await shelf(db, variant) == {"praha": 7}
    with pytest.raises(IdempotencyMismatch):
        await send(3)


async def test_what_comes_back_may_be_sold_again_or_not(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    order = Portion(holder=uuid7(), variant_id=variant, location_id=places["praha"], quantity=2)
    await allocate(db, [order])
    await take_out(db, [order], actor=SETUP, now=NOON)
    assert await shelf(db, variant) == {"praha": 3}
    one = Portion(holder=order.holder, variant_id=variant, location_id=places["praha"], quantity=1)
    await put_back(db, [one], actor=SETUP, now=NOON)
    assert await shelf(db, variant) == {"praha": 4}
    await scrap(db, [one], actor=SETUP, now=NOON)
    assert await shelf(db, variant) == {"praha": 4}
    of = f"order:{order.holder}"
    assert await told(db, variant) == [("scrap", -1, of), ("return", 1, of), ("return", 1, of), ("sale", -2, of)]


async def test_goods_change_places_but_not_those_of_orders(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    await allocate(db, [Portion(holder=uuid7(), variant_id=variant, location_id=places["praha"], quantity=2)])

    async def carry(*quantities: int) -> None:
        lines = [GoodsLine(variant_id=variant, quantity=quantity) for quantity in quantities]
        await transfer_stock(
            db, lines, from_location=places["praha"], to_location=places["brno"], actor=SETUP, now=NOON
        )

    with pytest.raises(NotEnough) as refusal:
        await carry(2, 2)
    assert refusal.value.details["available"] == 3
    await carry(2, 1)
    assert await shelf(db, variant) == {"praha": 2, "brno": 3}
    assert sum(delta for _, delta, _ in await told(db, variant)) == 0
    with pytest.raises(InvalidValue):
        await transfer_stock(db, [], from_location=places["praha"], to_location=places["praha"], actor=SETUP, now=NOON)


async def test_what_breaks_is_told_with_a_reason_and_words(
    db: Connection, places: dict[str, UUID], variant: UUID
) -> None:
    praha = places["praha"]
    await correct_stock(db, variant, praha, delta=-2, reason="damage", note=" fell  down ", actor=SETUP, now=NOON)
    (latest, *_) = await movements(db, variant)
    assert (latest.delta, latest.reason, latest.note, latest.location) == (-2, "damage", "fell down", "Praha")
    with pytest.raises(NotEnough):
        await correct_stock(db, variant, praha, delta=-4, reason="loss", actor=SETUP, now=NOON)
    for delta, reason in ((0, "damage"), (10**12, "found"), (1, "magic")):
        with pytest.raises(InvalidValue):
            await correct_stock(db, variant, praha, delta=delta, reason=reason, actor=SETUP, now=NOON)  # type: ignore[arg-type]


async def test_services_and_bundles_have_no_stock(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    await put(
        db,
        ProductDraft(
            external_id="repair",
            kind="service",
            texts={"cs": TextDraft(name="Oprava")},
            variants=[VariantDraft(sku="REPAIR", prices={"CZK": 1})],
        ),
    )
    repair = (await variants_by_sku(db, ["REPAIR"]))["REPAIR"]
    line, somewhere = GoodsLine(variant_id=repair, quantity=1), places["praha"]
    with pytest.raises(InvalidValue):
        await receive_goods(db, [line], location_id=somewhere, reference="x", actor=SETUP, now=NOON)
    for lines in ([], [GoodsLine(variant_id=variant, quantity=0)]):
        with pytest.raises(InvalidValue):
            await receive_goods(db, lines, location_id=somewhere, reference="x", actor=SETUP, now=NOON)
    with pytest.raises(InvalidValue) as refusal:
        await receive_goods(db, [line], location_id=somewhere, reference=" ", actor=SETUP, now=NOON)
    assert refusal.value.field == "reference"


async def test_what_does_not_exist_and_who_may_not(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    line, praha = GoodsLine(variant_id=variant, quantity=1), places["praha"]
    with pytest.raises(NotFound):
        await receive_goods(db, [line], location_id=uuid7(), reference="x", actor=SETUP, now=NOON)
    stranger = Portion(holder=uuid7(), variant_id=uuid7(), location_id=praha, quantity=1)
    with pytest.raises(NotFound):
        await put_back(db, [stranger], actor=SETUP, now=NOON)
    for act in (
        receive_goods(db, [line], location_id=praha, reference="x", actor=NOBODY, now=NOON),
        transfer_stock(db, [line], from_location=praha, to_location=places["brno"], actor=NOBODY, now=NOON),
        correct_stock(db, variant, praha, delta=1, reason="found", actor=NOBODY, now=NOON),
        adjust_stock(db, variant, praha, on_hand=1, actor=NOBODY, now=NOON),
    ):
        with pytest.raises(Forbidden):
            await act


async def test_what_runs_low_is_listed_the_furthest_below_first(db: Connection, places: dict[str, UUID]) -> None:
    variants = await make_variants(db, 4, {places["praha"]: 3, places["brno"]: 2})
    for variant, point in zip(variants, (4, 5, 8, None), strict=True):
        if point is not None:
            await db.execute("update variant set reorder_point = $2 where id = $1", variant, point)
    assert [each.variant_id for each in await low_stock(db)] == [variants[2], variants[1]]
    await allocate(db, [Portion(holder=uuid7(), variant_id=variants[0], location_id=places["brno"], quantity=1)])
    lowest = await low_stock(db)
    assert [(each.variant_id, each.free, each.reorder_point) for each in lowest] == [
        (variants[2], 5, 8),
        (variants[0], 4, 4),
        (variants[1], 5, 5),
    ]


async def test_a_reorder_point_is_set_and_taken_away(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    row = await db.fetchrow("select sku, product_id from variant where id = $1", variant)
    assert row is not None
    for point, listed in ((9, 1), (None, 1), (-1, 0)):
        change = ProductDraft(external_id="", variants=[VariantDraft(sku=row["sku"], reorder_point=point)])
        await update_product(db, row["product_id"], change, actor=SETUP, now=NOON)
        assert len(await low_stock(db)) == listed


async def test_all_movements_can_be_narrowed(db: Connection, places: dict[str, UUID], variant: UUID) -> None:
    praha, brno = places["praha"], places["brno"]
    await db.execute(
        """
        insert into event (occurred_at, name, v, actor, subject, payload)
        values ($1, 'stock.adjusted', 1, 'staff:x', 'variant:' || $2::uuid, $3)
        """,
        NOON,
        variant,
        {"variant_id": str(variant), "location_id": str(praha), "before": 9, "after": 5, "reason": "Inventory"},
    )
    line = GoodsLine(variant_id=variant, quantity=1)
    await transfer_stock(db, [line], from_location=praha, to_location=brno, actor=SETUP, now=NOON)
    every = await movements(db)
    assert [(each.reason, each.delta, each.note) for each in every] == [
        ("transfer", 1, ""),
        ("transfer", -1, ""),
        ("count", -4, "Inventory"),
        ("count", 5, ""),
    ]
    assert await movements(db, reason="count") == every[2:]
    assert await movements(db, location_id=brno) == every[:1]
    assert await movements(db, before=every[0].id, limit=1) == every[1:2]


async def test_two_deliveries_and_a_checkout_at_once(pool: Pool) -> None:
    """Both deliveries count; the buyer gets the goods or not, but never the same piece as somebody else."""
    database = Database(pool)
    async with database.transaction() as db:
        places = await make_ground(db)
        variants = await make_variants(db, 2, {places["praha"]: 1})
    order = uuid7()

    async def deliver(lines: list[UUID]) -> None:
        async with database.transaction() as db:
            goods = [GoodsLine(variant_id=variant, quantity=2) for variant in lines]
            await receive_goods(db, goods, location_id=places["praha"], reference="DL", actor=SETUP, now=NOON)

    async def buy() -> None:
        async with database.transaction() as db:
            stock = await lock_stock(db, variants, now=NOON)
            wanted = [Wanted(holder=order, variant_id=variant, quantity=1) for variant in variants]
            answer = portion_out(wanted, stock)[order]
            assert not isinstance(answer, Shortage)
            await allocate(db, answer)

    async with asyncio.timeout(60):
        await asyncio.gather(deliver(variants), buy(), deliver(variants[::-1]))
    async with database.reading() as db:
        for variant in variants:
            row = await db.fetchrow("select on_hand, allocated from stock_level where variant_id = $1", variant)
            assert row is not None
            assert tuple(row) == (5, 1)
            assert sum(each.delta for each in await movements(db, variant)) == 5


async def test_without_the_lock_a_delivery_is_lost(pool: Pool) -> None:
    """The control: two who read the shelf and write it back, without locking it, forget one of them."""
    database = Database(pool)
    async with database.transaction() as db:
        places = await make_ground(db)
        (variant,) = await make_variants(db, 1, {places["praha"]: 1})
    looked = asyncio.Barrier(2)

    async def deliver() -> None:
        async with database.transaction() as db:
            on_hand = await db.fetchval("select on_hand from stock_level where variant_id = $1", variant)
            await looked.wait()
            await db.execute("update stock_level set on_hand = $2 where variant_id = $1", variant, on_hand + 2)

    await asyncio.gather(deliver(), deliver())
    assert await pool.fetchval("select on_hand from stock_level where variant_id = $1", variant) == 3
