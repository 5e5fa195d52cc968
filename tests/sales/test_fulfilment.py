"""From a placed order to goods at the door, and the ways back."""

import pytest

from kupec.catalogue import put_location
from kupec.kit.actor import Actor, guest, system
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.sales import (
    WrongOrderState,
    cancel_order,
    find_order,
    list_orders,
    mark_delivered,
    order_counts,
    order_from_token,
    ship,
    start_picking,
    status_token,
)
from tests.sales.conftest import Shop
from tests.shop import NOON, SETUP, add_product

DESK = Actor(kind="staff", id="1", permissions=frozenset({"orders.read", "orders.write", "orders.refund"}))
PICKER = Actor(kind="staff", id="2", permissions=frozenset({"orders.read", "orders.write"}))


async def levels(shop: Shop) -> list[tuple[int, int]]:
    async with shop.database.reading() as db:
        rows = await db.fetch(
            "select on_hand, allocated from stock_level join location on id = location_id order by position"
        )
    return [(row["on_hand"], row["allocated"]) for row in rows]


async def test_a_parcel_takes_its_goods_off_the_shelf(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 3)])
    assert await levels(shop) == [(10, 3)]
    async with shop.database.transaction() as db:
        picking = await start_picking(db, order.id, actor=DESK, now=NOON)
        assert picking.state == "picking"
        parcel = picking.fulfilments[0]
        shipped = await ship(db, parcel.id, tracking_number=" ab 1234 cz ", actor=DESK, now=NOON)
    assert shipped.state == "shipped"
    assert shipped.fulfilments[0].tracking_number == "AB1234CZ"
    assert shipped.fulfilments[0].tracking_url == "https://track.example/AB1234CZ"
    assert shipped.fulfilments[0].carrier == "Courier"
    assert await levels(shop) == [(7, 0)]
    async with shop.database.transaction() as db:
        delivered = await mark_delivered(db, parcel.id, actor=DESK, now=NOON)
    assert delivered.state == "delivered"


async def test_goods_from_two_places_leave_in_two_parcels(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        await db.execute("update stock_level set on_hand = 2")
        service = await add_product(db, "SERVICE", stock=None)
        brno = await put_location(db, "brno", name="Brno", country="CZ", position=1, actor=SETUP, now=NOON)
        await db.execute(
            "insert into stock_level (variant_id, location_id, on_hand) values ($1, $2, 5)", shop.variant, brno
        )
    order = await shop.placed([(shop.variant, 6), (service, 1)])
    assert await levels(shop) == [(2, 2), (5, 4)]
    async with shop.database.transaction() as db:
        picking = await start_picking(db, order.id, actor=DESK, now=NOON)
        first, second = picking.fulfilments
        assert [sum(parcel.quantities.values()) for parcel in (first, second)] == [3, 4]
        partly = await ship(db, first.id, tracking_number=None, actor=DESK, now=NOON)
        assert partly.state == "picking"
        await mark_delivered(db, first.id, actor=DESK, now=NOON)
        whole = await ship(db, second.id, tracking_number="XY123456", actor=DESK, now=NOON)
        assert whole.state == "shipped"
        assert (await mark_delivered(db, second.id, actor=DESK, now=NOON)).state == "delivered"
    assert await levels(shop) == [(0, 0), (1, 0)]


async def test_cancelling_gives_goods_and_money_back(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 3)])
    async with shop.database.transaction() as db:
        cancelled = await cancel_order(db, order.id, reason="customer asked", actor=DESK, now=NOON)
    assert cancelled.state == "cancelled"
    assert await levels(shop) == [(10, 0)]
    await shop.sweep()
    async with shop.database.reading() as db:
        refund = await db.fetchrow("select state, amount from refund")
        payload = await db.fetchval("select payload from event where name = 'order.cancelled'")
    assert (refund["state"], refund["amount"]) == ("done", order.total)
    assert payload["refund"] == order.total
    with pytest.raises(WrongOrderState):
        async with shop.database.transaction() as db:
            await cancel_order(db, order.id, reason="again", actor=DESK, now=NOON)


async def test_who_may_not_refund_cannot_cancel(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 1)])
    for actor in (PICKER, guest(order.id)):
        with pytest.raises(Forbidden):
            async with shop.database.transaction() as db:
                await cancel_order(db, order.id, reason="no", actor=actor, now=NOON)
    with pytest.raises(Forbidden):
        async with shop.database.transaction() as db:
            await start_picking(db, order.id, actor=guest(order.id), now=NOON)


async def test_steps_out_of_order_are_refused(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 1)])
    async with shop.database.transaction() as db:
        parcel = (await start_picking(db, order.id, actor=DESK, now=NOON)).fulfilments[0]
    for step in (
        lambda db: start_picking(db, order.id, actor=DESK, now=NOON),
        lambda db: mark_delivered(db, parcel.id, actor=DESK, now=NOON),
    ):
        with pytest.raises(WrongOrderState):
            async with shop.database.transaction() as db:
                await step(db)
    async with shop.database.transaction() as db:
        with pytest.raises(InvalidValue, match="tracking_number"):
            await ship(db, parcel.id, tracking_number="<script>", actor=DESK, now=NOON)
        await ship(db, parcel.id, tracking_number="AB1234", actor=DESK, now=NOON)
    with pytest.raises(WrongOrderState):
        async with shop.database.transaction() as db:
            await cancel_order(db, order.id, reason="too late", actor=DESK, now=NOON)


async def test_the_desk_finds_orders(shop: Shop) -> None:
    first, second = await shop.placed([(shop.variant, 1)]), await shop.placed([(shop.variant, 2)])
    async with shop.database.reading() as db:
        assert [row.id for row in await list_orders(db)] == [second.id, first.id]
        assert [row.pieces for row in await list_orders(db, query=second.number)] == [2]
        assert [row.id for row in await list_orders(db, query="jana@")] == [second.id, first.id]
        assert len(await list_orders(db, query="nova")) == 2
        assert await list_orders(db, query="100%_") == []
        older = await list_orders(db, before=(NOON, second.id), limit=1)
        assert [row.id for row in older] == [first.id]
        assert await order_counts(db) == {"placed": 2}
        assert (await list_orders(db))[0].payment_state == "captured"
        assert (await find_order(db, (first.number or "").lower())).id == first.id


async def test_a_guest_link_opens_its_order_and_no_other(shop: Shop) -> None:
    order, other = await shop.placed([(shop.variant, 1)]), await shop.placed([(shop.variant, 1)])
    token = status_token("secret", order.id)
    async with shop.database.reading() as db:
        assert (await order_from_token(db, "secret", token, now=NOON)).id == order.id
        for forged in (token.replace(order.id.hex, other.id.hex), "", "a.b.c", status_token("else", order.id)):
            with pytest.raises(NotFound):
                await order_from_token(db, "secret", forged, now=NOON)


async def test_every_write_names_its_actor(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await start_picking(db, order.id, actor=DESK, now=NOON)
    async with shop.database.reading() as db:
        actors = {row["name"]: row["actor"] for row in await db.fetch("select name, actor from event")}
    assert actors["order.picking"] == "staff:1"
    assert actors["order.placed"] == f"customer:{order.customer_id}"
    assert actors["payment.captured"] == str(system("payments"))
