"""Returns and exchanges: never more comes back than was delivered, and the money adds up."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kupec.kit.actor import Actor, guest
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Runner
from kupec.sales import (
    Arrived,
    Fulfilment,
    NotPaidYet,
    NotReturnable,
    Order,
    OrderLine,
    Picked,
    Return,
    ReturnTooLate,
    Wish,
    WrongOrderState,
    WrongReturnState,
    approve_return,
    get_order,
    get_return,
    list_returns,
    mark_delivered,
    receive_return,
    refuse_return,
    request_return,
    return_counts,
    returnable,
    returns_of,
    settle_job,
    settle_return,
    ship,
    start_picking,
)
from kupec.sales.return_rows import ReturnLine
from kupec.sales.returns import delivered_pieces, returnable_pieces
from tests.sales.conftest import Shop
from tests.sales.test_fulfilment import DESK, PICKER, levels
from tests.shop import EXAMPLE_ADDRESS, NOON, add_product


async def delivered(shop: Shop, lines: list[tuple[UUID, int]]) -> Order:
    order = await shop.placed(lines)
    async with shop.database.transaction() as db:
        for parcel in (await start_picking(db, order.id, actor=DESK, now=NOON)).fulfilments:
            await ship(db, parcel.id, tracking_number=None, actor=DESK, now=NOON)
            await mark_delivered(db, parcel.id, actor=DESK, now=NOON)
        return await get_order(db, order.id)


async def asked(
    shop: Shop,
    order: Order,
    pieces: int,
    *,
    settle_to: str = "payment",
    exchange_for: UUID | None = None,
    key: str = "key-1",
    actor: Actor | None = None,
    late: timedelta = timedelta(),
) -> Return:
    wish = Wish(order_line_id=order.lines[0].id, quantity=pieces, reason="changed_mind", exchange_for=exchange_for)
    async with shop.database.transaction() as db:
        return await request_return(
            db,
            order.id,
            [wish],
            settle_to=settle_to,  # type: ignore[arg-type]
            note="  too strong ",
            key=key,
            actor=actor or guest(order.id),
            now=NOON + late,
        )


async def received(shop: Shop, asked_for: Return, restocked: int, scrapped: int = 0) -> Return:
    """Approved, received, and settled as the worker does it."""
    async with shop.database.transaction() as db:
        await approve_return(db, asked_for.id, actor=DESK, now=NOON)
        place = await db.fetchval("select id from location where code = 'praha'")
        arrived = {asked_for.lines[0].id: Arrived(restocked=restocked, scrapped=scrapped)}
        await receive_return(db, asked_for.id, arrived, location_id=place, actor=PICKER, now=NOON)
    await Runner(shop.database, [settle_job(order_prefix="Z")], clock=shop.clock).run_until_idle()
    await shop.sweep()
    async with shop.database.reading() as db:
        return await get_return(db, asked_for.id)


async def test_goods_come_back_and_so_does_the_money(shop: Shop) -> None:
    order = await delivered(shop, [(shop.variant, 5)])
    assert await levels(shop) == [(5, 0)]
    request = await asked(shop, order, 3)
    assert (request.state, request.total, request.note) == ("requested", 90000, "too strong")
    assert request.number.startswith("R")
    closed = await received(shop, request, 1, 1)
    assert (closed.state, closed.refunded) == ("closed", 60000), "one of the three never came"
    assert await levels(shop) == [(6, 0)], "one to the shelf, one scrapped"
    assert await shop.fetchval("select sum(amount) from refund where state = 'done'") == 60000
    async with shop.database.reading() as db:
        names = [row["name"] for row in await db.fetch("select name from event where name like 'return.%' order by id")]
        assert [each.number for each in await list_returns(db)] == [closed.number]
        assert await return_counts(db) == {"closed": 1}
        assert [line.pieces for line in await returnable(db, order, now=NOON)] == [2]
    assert names == ["return.requested", "return.approved", "return.received", "return.closed"]


async def test_the_same_request_is_one_return(shop: Shop) -> None:
    order = await delivered(shop, [(shop.variant, 2)])
    assert (await asked(shop, order, 2)).id == (await asked(shop, order, 2)).id
    with pytest.raises(NotReturnable) as refused:
        await asked(shop, order, 1, key="key-2")
    assert refused.value.field == f"lines.{order.lines[0].id}"


async def test_a_refused_return_says_why_and_frees_its_pieces(shop: Shop) -> None:
    order = await delivered(shop, [(shop.variant, 2)])
    request = await asked(shop, order, 2)
    for actor in (PICKER, guest(order.id)):
        with pytest.raises(Forbidden):
            async with shop.database.transaction() as db:
                await refuse_return(db, request.id, reason="no", actor=actor, now=NOON)
    async with shop.database.transaction() as db:
        with pytest.raises(InvalidValue, match="reason"):
            await refuse_return(db, request.id, reason=" ", actor=DESK, now=NOON)
        refused = await refuse_return(db, request.id, reason="used", actor=DESK, now=NOON)
        assert (refused.state, refused.decision) == ("refused", "used")
        with pytest.raises(WrongReturnState):
            await approve_return(db, request.id, actor=DESK, now=NOON)
    assert (await asked(shop, order, 2, key="key-2")).state == "requested"


async def test_only_what_was_delivered_in_time_can_be_returned(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 2)])
    with pytest.raises(WrongOrderState):
        await asked(shop, order, 1)
    async with shop.database.transaction() as db:
        parcel = (await start_picking(db, order.id, actor=DESK, now=NOON)).fulfilments[0]
        await ship(db, parcel.id, tracking_number=None, actor=DESK, now=NOON)
    with pytest.raises(NotReturnable):
        await asked(shop, order, 1)
    async with shop.database.transaction() as db:
        await mark_delivered(db, parcel.id, actor=DESK, now=NOON)
        order = await get_order(db, order.id)
        assert [line.pieces for line in await returnable(db, order, now=NOON + timedelta(days=14))] == [2]
        assert await returnable(db, order, now=NOON + timedelta(days=15)) == []
    with pytest.raises(ReturnTooLate):
        await asked(shop, order, 1, late=timedelta(days=15))
    assert (await asked(shop, order, 1, late=timedelta(days=15), actor=PICKER)).state == "requested", "staff may"


async def test_wrong_wishes_name_their_field(shop: Shop) -> None:
    order = await delivered(shop, [(shop.variant, 2)])
    line = order.lines[0].id
    good = Wish(order_line_id=line, quantity=1, reason="faulty")
    for wishes, settle_to, error in (
        ([], "payment", "lines"),
        ([good, good], "payment", "lines"),
        ([replace(good, reason="because")], "payment", f"reason.{line}"),
        ([good], "exchange", f"exchange.{line}"),
        ([replace(good, exchange_for=shop.variant)], "payment", f"exchange.{line}"),
        ([replace(good, quantity=-1)], "payment", f"lines.{line}"),
    ):
        with pytest.raises(KupecError) as refused:
            async with shop.database.transaction() as db:
                await request_return(
                    db,
                    order.id,
                    wishes,
                    settle_to=settle_to,
                    key="k",
                    actor=guest(order.id),
                    now=NOON,  # type: ignore[arg-type]
                )
        assert refused.value.field == error
    stranger = replace(good, order_line_id=uuid7())
    with pytest.raises(NotFound):
        async with shop.database.transaction() as db:
            await request_return(db, order.id, [stranger], settle_to="payment", key="k", actor=DESK, now=NOON)


async def test_not_more_is_received_than_was_to_come(shop: Shop) -> None:
    order = await delivered(shop, [(shop.variant, 3)])
    request = await asked(shop, order, 2)
    line = request.lines[0].id
    async with shop.database.transaction() as db:
        place = await db.fetchval("select id from location")
        with pytest.raises(WrongReturnState):
            await receive_return(db, request.id, {}, location_id=place, actor=PICKER, now=NOON)
        await approve_return(db, request.id, actor=DESK, now=NOON)
        for arrived in (
            {},
            {line: Arrived(restocked=2, scrapped=1)},
            {line: Arrived(restocked=-1)},
            {uuid7(): Arrived(restocked=1)},
        ):
            with pytest.raises(InvalidValue):
                await receive_return(db, request.id, arrived, location_id=place, actor=PICKER, now=NOON)
        with pytest.raises(Forbidden):
            await receive_return(db, request.id, {}, location_id=place, actor=guest(order.id), now=NOON)


async def test_store_credit_instead_of_money(shop: Shop) -> None:
    order = await delivered(shop, [(shop.variant, 2)])
    closed = await received(shop, await asked(shop, order, 1, settle_to="store_credit"), 1)
    assert closed.refunded == 30000
    assert await shop.fetchval("select balance from store_credit") == 30000
    assert await shop.fetchval("select count(*) from refund where provider_reference is not null") == 0


@pytest.mark.parametrize(("price", "refunded", "owed"), [(30000, 0, 0), (20000, 10000, 0), (45000, -15000, 15000)])
async def test_an_exchange_settles_the_difference(shop: Shop, price: int, refunded: int, owed: int) -> None:
    async with shop.database.transaction() as db:
        other = await add_product(db, "OTHER", price=price, stock=4)
    order = await delivered(shop, [(shop.variant, 2)])
    closed = await received(shop, await asked(shop, order, 1, settle_to="exchange", exchange_for=other), 1)
    assert (closed.state, closed.refunded) == ("closed", refunded)
    assert closed.replacement_id is not None
    async with shop.database.reading() as db:
        new = await get_order(db, closed.replacement_id)
        money = await db.fetchval(
            "select coalesce(sum(amount), 0) from refund where state = 'done' and provider_reference is not null"
        )
        counted = await db.fetchval("select refunded from payment where order_id = $1", order.id)
        due = await db.fetchval("select coalesce(sum(amount), 0) from payment where state = 'awaiting'")
        left = await db.fetchval("select balance from store_credit")
        held = await db.fetchval("select on_hand - allocated from stock_level where variant_id = $1", other)
    assert (new.state, new.replaces_order_id, new.total, new.shipping_amount) == ("placed", order.id, price, 0)
    assert new.credit == min(price, 30000)
    assert (money, due, left, held) == (max(refunded, 0), owed, 0, 3)
    assert new.credit + due == new.total
    assert counted == 30000, "what became credit or went back cannot go back again"
    if owed:
        with pytest.raises(NotPaidYet):
            async with shop.database.transaction() as db:
                await start_picking(db, new.id, actor=DESK, now=NOON)
    else:
        async with shop.database.transaction() as db:
            assert len((await start_picking(db, new.id, actor=DESK, now=NOON)).fulfilments) == 1


async def test_what_cannot_be_settled_waits_for_a_person_and_is_settled_once(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        other = await add_product(db, "OTHER", stock=0)
    order = await delivered(shop, [(shop.variant, 2)])
    request = await asked(shop, order, 1, settle_to="exchange", exchange_for=other)
    waiting = await received(shop, request, 1)
    assert waiting.state == "received"
    assert await shop.fetchval("select count(*) from task where key like 'return.settle:%'") == 1
    assert await shop.fetchval("select count(*) from order_refund") == 0, "nothing half done"
    async with shop.database.transaction() as db:
        await db.execute("update stock_level set on_hand = 5 where variant_id = $1", other)
        assert (await settle_return(db, request.id, order_prefix="Z", now=NOON)).state == "closed"
        with pytest.raises(WrongReturnState):
            await settle_return(db, request.id, order_prefix="Z", now=NOON)


async def test_two_who_ask_at_once_return_no_more_than_there_is(shop: Shop) -> None:
    order = await delivered(shop, [(shop.variant, 3)])
    outcomes = await asyncio.gather(
        *(asked(shop, order, 2, key=f"key-{index}") for index in range(6)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Return) for outcome in outcomes) == 1
    assert all(isinstance(outcome, Return | NotReturnable) for outcome in outcomes)
    async with shop.database.reading() as db:
        assert len(await returns_of(db, order.id)) == 1


@given(
    sold=st.integers(1, 9),
    parcels=st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=5),
    wishes=st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=8),
)
def test_never_more_than_delivered(sold: int, parcels: list[tuple[int, bool]], wishes: list[tuple[int, bool]]) -> None:
    order = _order(sold, parcels)
    line = order.lines[0].id
    known: list[Return] = []
    for pieces, refused in wishes:
        if pieces <= returnable_pieces(order, known)[line]:
            known.append(_return(order, pieces, refused=refused))
    kept = sum(each.lines[0].quantity for each in known if each.state != "refused")
    assert kept <= delivered_pieces(order)[line]
    assert returnable_pieces(order, known)[line] == delivered_pieces(order)[line] - kept


def _order(sold: int, parcels: list[tuple[int, bool]]) -> Order:
    line = OrderLine(
        id=uuid7(),
        position=0,
        variant_id=uuid7(),
        sku="X",
        name="X",
        quantity=sold,
        unit_amount=1,
        total=sold,
        tax_bp=0,
        tax=0,
    )
    fulfilments, left = [], sold
    for pieces, arrived in parcels:
        count = min(pieces, left)
        left -= count
        if count:
            fulfilments.append(_parcel(line, count, arrived=arrived))
    return Order(
        id=uuid7(),
        number="Z1",
        cart_id=None,
        customer_id=None,
        state="shipped",
        market="cz",
        language="cs",
        channel="web",
        agent=None,
        currency="CZK",
        email=None,
        name=None,
        phone=None,
        address=EXAMPLE_ADDRESS,
        shipping_method=None,
        shipping_name="",
        shipping_amount=0,
        shipping_tax_bp=0,
        shipping_tax=0,
        subtotal=sold,
        tax=0,
        total=sold,
        promised_on=None,
        origin="live",
        created_at=NOON,
        expires_at=None,
        placed_at=NOON,
        cancelled_at=None,
        lines=[line],
        fulfilments=fulfilments,
    )


def _parcel(line: OrderLine, pieces: int, *, arrived: bool) -> Fulfilment:
    assert line.variant_id is not None
    return Fulfilment(
        id=uuid7(),
        location="",
        state="delivered" if arrived else "shipped",
        carrier=None,
        tracking_number=None,
        tracking_url=None,
        picked_at=NOON,
        shipped_at=NOON,
        delivered_at=NOON if arrived else None,
        contents=[Picked(order_line_id=line.id, variant_id=line.variant_id, quantity=pieces)],
    )


def _return(order: Order, pieces: int, *, refused: bool) -> Return:
    line = order.lines[0]
    return Return(
        id=uuid7(),
        number="R1",
        order_id=order.id,
        order_number="Z1",
        customer_id=None,
        name=None,
        state="refused" if refused else "approved",
        settle_to="payment",
        currency="CZK",
        total=0,
        note="",
        decision="",
        refunded=0,
        replacement_id=None,
        requested_at=NOON,
        decided_at=None,
        returned_at=None,
        closed_at=None,
        lines=[
            ReturnLine(
                id=uuid7(),
                order_line_id=line.id,
                variant_id=line.variant_id,
                sku="X",
                name="X",
                quantity=pieces,
                unit_amount=1,
                reason="other",
                exchange_for=None,
                restocked=0,
                scrapped=0,
            )
        ],
    )
