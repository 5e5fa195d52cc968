"""Parcels: several from an order, split, not sent after all, or collected at a counter."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from kupec.catalogue import Component, Portion
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.ids import uuid7
from kupec.sales import (
    BundleSplit,
    Order,
    OrderLine,
    WrongOrderState,
    cancel_rest,
    collect,
    collection_of,
    find_collection,
    get_order,
    mark_delivered,
    mark_ready,
    picking_rounds,
    save_shipping_method,
    ship,
    split_parcel,
    start_picking,
    tariff,
    transfer,
    unsent,
)
from kupec.sales.picking import picking_lists
from tests.sales.conftest import Shop
from tests.sales.test_fulfilment import DESK, PICKER, levels
from tests.sales.two_places import two_places
from tests.shop import NOON, add_product, filled_cart


async def picking(shop: Shop, lines: list[tuple[UUID, int]]) -> Order:
    order = await shop.placed(lines)
    async with shop.database.transaction() as db:
        return await start_picking(db, order.id, actor=DESK, now=NOON)


def whole(order: Order, index: int = 0) -> dict[tuple[UUID, UUID], int]:
    return {(picked.order_line_id, picked.variant_id): picked.quantity for picked in order.fulfilments[index].contents}


async def test_a_parcel_is_split_and_each_half_leaves_by_itself(shop: Shop) -> None:
    order = await picking(shop, [(shop.variant, 5)])
    [(place, _)] = whole(order).items()
    parcel = order.fulfilments[0]
    async with shop.database.transaction() as db:
        split = await split_parcel(db, parcel.id, {place: 2}, actor=PICKER, now=NOON)
        assert sorted(sum(each.quantities.values()) for each in split.fulfilments) == [2, 3]
        assert await db.fetchval("select payload ->> 'pieces' from event where name = 'order.split'") == "2"
        first, second = split.fulfilments
        await ship(db, first.id, tracking_number=None, actor=PICKER, now=NOON)
        done = await ship(db, second.id, tracking_number=None, actor=PICKER, now=NOON)
    assert done.state == "shipped"
    assert await levels(shop) == [(5, 0)]


@pytest.mark.parametrize("pieces", [0, -1, 5, 6])
async def test_something_stays_and_something_goes(shop: Shop, pieces: int) -> None:
    order = await picking(shop, [(shop.variant, 5)])
    [(place, _)] = whole(order).items()
    with pytest.raises(InvalidValue, match="pieces"):
        async with shop.database.transaction() as db:
            await split_parcel(db, order.fulfilments[0].id, {place: pieces}, actor=PICKER, now=NOON)


async def test_what_has_not_left_is_cancelled_and_given_back(shop: Shop) -> None:
    service = await two_places(shop)
    order = await picking(shop, [(shop.variant, 6), (service, 1)])
    first, second = order.fulfilments
    async with shop.database.transaction() as db:
        with pytest.raises(WrongOrderState):
            await cancel_rest(db, order.id, reason="nothing has left yet", actor=DESK, now=NOON)
        await ship(db, first.id, tracking_number=None, actor=DESK, now=NOON)
    with pytest.raises(Forbidden):
        async with shop.database.transaction() as db:
            await cancel_rest(db, order.id, reason="broken", actor=PICKER, now=NOON)
    async with shop.database.transaction() as db:
        rest = await cancel_rest(db, order.id, reason="broken in store", actor=DESK, now=NOON)
        refund = await db.fetchval("select sum(amount) from order_refund where order_id = $1", order.id)
    assert rest.state == "shipped"
    beans = next(line for line in order.lines if line.variant_id == shop.variant)
    assert refund == 4 * beans.unit_amount
    assert await levels(shop) == [(0, 0), (5, 0)]
    async with shop.database.transaction() as db:
        assert (await mark_delivered(db, first.id, actor=DESK, now=NOON)).state == "delivered"
    await shop.sweep()
    assert await shop.fetchval("select sum(amount) from refund where state = 'done'") == refund
    assert second.id not in {parcel.id for parcel in rest.fulfilments if parcel.state != "cancelled"}


def line(quantity: int, components: list[Component]) -> OrderLine:
    return OrderLine(
        id=uuid7(),
        position=0,
        variant_id=uuid7(),
        sku="SET",
        name="Set",
        quantity=quantity,
        unit_amount=1,
        total=quantity,
        tax_bp=0,
        tax=0,
        components=components,
    )


def part(quantity: int, *, stocked: bool = True) -> Component:
    return Component(variant_id=uuid7(), sku="P", name="Part", quantity=quantity, stocked=stocked)


def test_of_a_bundle_each_component_is_picked_where_it_lies() -> None:
    cup, spoon, card = part(2), part(1), part(1, stocked=False)
    bundle = line(3, [cup, spoon, card])
    here, there, order_id = uuid7(), uuid7(), uuid7()

    def portion(component: Component, place: UUID, quantity: int) -> Portion:
        return Portion(holder=order_id, variant_id=component.variant_id, location_id=place, quantity=quantity)

    lists = picking_lists([bundle], [portion(cup, here, 4), portion(cup, there, 2), portion(spoon, there, 3)])
    found = {place: {each.variant_id: each.quantity for each in picked} for place, picked in lists.items()}
    assert found == {
        here: {cup.variant_id: 4, card.variant_id: 3},
        there: {cup.variant_id: 2, spoon.variant_id: 3},
    }


async def test_a_torn_bundle_is_not_cancelled_in_part(shop: Shop) -> None:
    order = await picking(shop, [(shop.variant, 4)])
    cup, spoon = part(2), part(1)
    bundle = replace(order.lines[0], quantity=2, components=[cup, spoon])

    def with_contents(pieces: dict[UUID, int]) -> Order:
        contents = [
            replace(order.fulfilments[0].contents[0], order_line_id=bundle.id, variant_id=variant, quantity=count)
            for variant, count in pieces.items()
        ]
        return replace(order, lines=[bundle], fulfilments=[replace(order.fulfilments[0], contents=contents)])

    assert unsent(with_contents({cup.variant_id: 4, spoon.variant_id: 2})) == {bundle.id: 2}
    assert unsent(with_contents({cup.variant_id: 2, spoon.variant_id: 1})) == {bundle.id: 1}
    assert unsent(with_contents({})) == {}
    for torn in ({cup.variant_id: 4, spoon.variant_id: 1}, {cup.variant_id: 1}, {spoon.variant_id: 2}):
        with pytest.raises(BundleSplit):
            unsent(with_contents(torn))


async def to_collect(shop: Shop, lines: list[tuple[UUID, int]]) -> Order:
    async with shop.database.transaction() as db:
        courier = (await tariff(db)).document.method("courier")
        assert courier is not None
        counter = replace(courier, code="counter", kind="pickup", location="praha", transit_days=2)
        await save_shipping_method(db, counter, now=NOON)
    done = await shop.order(await filled_cart(shop.database, lines, shipping="counter"))
    async with shop.database.transaction() as db:
        return await start_picking(db, done.order_id, actor=PICKER, now=NOON)


async def test_goods_of_two_places_are_brought_together_and_collected(shop: Shop) -> None:
    await two_places(shop)
    order = await to_collect(shop, [(shop.variant, 6)])
    here, there = order.fulfilments
    async with shop.database.transaction() as db:
        waiting = await collection_of(db, order.id)
        assert waiting is not None
        with pytest.raises(WrongOrderState):
            await ship(db, here.id, tracking_number=None, actor=PICKER, now=NOON)
        with pytest.raises(WrongOrderState):
            await collect(db, order.id, actor=PICKER, now=NOON)
        await mark_ready(db, here.id, actor=PICKER, now=NOON)
        with pytest.raises(NotFound):
            await find_collection(db, waiting.code)
        await transfer(db, there.id, actor=PICKER, now=NOON)
        together = await mark_ready(db, there.id, actor=PICKER, now=NOON)
        assert together.state == "shipped"
        assert [parcel.state for parcel in together.fulfilments] == ["ready", "ready"]
        assert await find_collection(db, f" {waiting.code[:3]} {waiting.code[3:]}") == order.id
        assert await find_collection(db, (order.number or "").lower()) == order.id
    assert await levels(shop) == [(0, 0), (1, 0)]
    async with shop.database.transaction() as db:
        collected = await collect(db, order.id, actor=PICKER, now=NOON)
        assert collected.state == "delivered"
        with pytest.raises(WrongOrderState):
            await collect(db, order.id, actor=PICKER, now=NOON)
        with pytest.raises(NotFound):
            await find_collection(db, waiting.code)
        complete = await db.fetch(
            "select payload -> 'complete' as last from event where name = 'order.ready' order by id"
        )
        delivered = await db.fetch(
            "select payload -> 'complete' as last from event where name = 'order.delivered' order by id"
        )
    assert [row["last"] for row in complete] == [False, True]
    assert sorted(row["last"] for row in delivered) == [False, True]


async def test_what_is_sent_is_not_collected(shop: Shop) -> None:
    order = await picking(shop, [(shop.variant, 1)])
    for step in (mark_ready, transfer):
        with pytest.raises(WrongOrderState):
            async with shop.database.transaction() as db:
                await step(db, order.fulfilments[0].id, actor=PICKER, now=NOON)


async def test_a_round_gathers_what_many_orders_need_from_one_place(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        cups = await add_product(db, "ACUPS", stock=9)
    first = await picking(shop, [(shop.variant, 2), (cups, 1)])
    second = await picking(shop, [(shop.variant, 3)])
    async with shop.database.reading() as db:
        [everything] = await picking_rounds(db)
        [one] = await picking_rounds(db, order_ids=[second.id])
        assert await get_order(db, first.id)
    assert [(each.sku, each.quantity, each.parcels) for each in everything.lines] == [
        ("ACUPS", 1, [(first.number, 1)]),
        ("BEANS", 5, [(first.number, 2), (second.number, 3)]),
    ]
    assert (everything.location, everything.pieces, len(everything.fulfilment_ids)) == ("Praha", 6, 2)
    assert [(each.sku, each.quantity) for each in one.lines] == [("BEANS", 3)]
