"""The warehouse at the desk: rounds, labels, returns, late parcels, and what is done with one parcel."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from kupec.kit.actor import guest, system
from kupec.kit.jobs import Runner
from kupec.sales import (
    Order,
    OwnLabels,
    Wish,
    get_order,
    label_job,
    mark_delivered,
    request_return,
    save_shipping_method,
    settle_job,
    ship,
    start_picking,
    tariff,
)
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.sales.two_places import two_places
from tests.shop import NOON, filled_cart
from tests.web.desk_client import Desk, open_desk, words

DESK = system("warehouse")

__all__ = ["gateway", "session_gateway", "shop"]


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def picking(shop: Shop, lines: list[tuple[UUID, int]]) -> Order:
    order = await shop.placed(lines)
    async with shop.database.transaction() as db:
        return await start_picking(db, order.id, actor=DESK, now=NOON)


async def work(shop: Shop) -> None:
    jobs = [label_job({"own": OwnLabels()}, sender="Zrnko"), settle_job(order_prefix="Z")]
    await Runner(shop.database, jobs, clock=shop.clock).run_until_idle()


@pytest.mark.parametrize("language", ["cs", "pl"])
async def test_empty_pages_say_what_will_come(desk: Desk, language: str) -> None:
    person = await desk.signed_in("warehouse", language)
    for path in ("", "/labels", "/returns", "/late"):
        page = await person.page(f"/desk/delivery{path}")
        assert 'class="empty' in page
    assert (await person.get("/desk/delivery/round.pdf")).status_code == 404


async def test_a_round_and_its_sheet(desk: Desk, shop: Shop) -> None:
    first, second = await picking(shop, [(shop.variant, 2)]), await picking(shop, [(shop.variant, 3)])
    person = await desk.signed_in("warehouse", "en")
    page = words(await person.page("/desk/delivery"))
    assert "BEANS" in page
    assert f"{first.number} × 2, {second.number} × 3" in page
    sheet = await person.get("/desk/delivery/round.pdf")
    assert sheet.headers["content-type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF")
    assert (await person.get("/desk/delivery/round.pdf?place=elsewhere")).status_code == 404


async def test_labels_by_the_dozen(desk: Desk, shop: Shop) -> None:
    orders = [await picking(shop, [(shop.variant, 1)]) for _ in range(2)]
    parcels = [str(order.fulfilments[0].id) for order in orders]
    person = await desk.signed_in("warehouse", "en")
    none = await person.get(f"/desk/delivery/labels.pdf?parcel={parcels[0]}", follow_redirects=True)
    assert "None of them has a label yet." in none.text
    for parcel in parcels:
        await person.post("/desk/delivery/labels", {"parcel": parcel})
    await work(shop)
    assert f"{orders[0].number}-1" in await person.page("/desk/delivery/labels")
    sheet = await person.get("/desk/delivery/labels.pdf?" + "&".join(f"parcel={parcel}" for parcel in parcels))
    assert sheet.content.startswith(b"%PDF")
    assert (await person.get(f"/desk/parcels/{parcels[0]}/label.pdf")).content.startswith(b"%PDF")
    assert (await person.get("/desk/delivery/labels.pdf?parcel=x")).status_code == 422
    again = await person.post("/desk/delivery/labels", {"parcel": parcels[0]}, follow_redirects=True)
    assert "None of them needs a label." in again.text


async def test_a_parcel_is_split_at_the_desk_and_errors_stand_beside(desk: Desk, shop: Shop) -> None:
    order = await picking(shop, [(shop.variant, 4)])
    parcel = order.fulfilments[0]
    picked = parcel.contents[0]
    field = f"pieces.{picked.order_line_id}.{picked.variant_id}"
    person = await desk.signed_in("warehouse", "en")
    path = f"/desk/orders/{order.id}/parcels/{parcel.id}/split"
    refused = await person.post(path, {field: "4"})
    assert refused.status_code == 422
    assert "at least one piece, and not all of them" in words(refused.text)
    assert (await person.post(path, {field: "1"})).status_code in (302, 303)
    async with shop.database.reading() as db:
        assert len((await get_order(db, order.id)).fulfilments) == 2


async def test_the_rest_of_an_order_is_cancelled_by_who_may(desk: Desk, shop: Shop) -> None:
    await two_places(shop)
    order = await picking(shop, [(shop.variant, 6)])
    person, clerk = await desk.signed_in("agent", "en"), await desk.signed_in("warehouse", "en")
    assert "Cancel what has not left" not in await person.page(f"/desk/orders/{order.id}")
    async with shop.database.transaction() as db:
        await ship(db, order.fulfilments[0].id, tracking_number=None, actor=DESK, now=NOON)
    assert "Cancel what has not left" in await person.page(f"/desk/orders/{order.id}")
    assert "Cancel what has not left" not in await clerk.page(f"/desk/orders/{order.id}")
    path = f"/desk/orders/{order.id}/cancel-rest"
    assert (await clerk.post(path, {"reason": "no"})).status_code == 403
    assert (await person.post(path, {"reason": " "})).status_code == 422
    await person.post(path, {"reason": "broken"})
    async with shop.database.reading() as db:
        assert (await get_order(db, order.id)).state == "shipped"


async def test_goods_are_found_at_the_counter_by_their_code(desk: Desk, shop: Shop) -> None:
    async with shop.database.transaction() as db:
        courier = (await tariff(db)).document.method("courier")
        assert courier is not None
        counter = replace(courier, code="counter", kind="pickup", location="praha")
        await save_shipping_method(db, counter, now=NOON)
    done = await shop.order(await filled_cart(shop.database, [(shop.variant, 1)], shipping="counter"))
    async with shop.database.transaction() as db:
        parcel = (await start_picking(db, done.order_id, actor=DESK, now=NOON)).fulfilments[0]
        code = await db.fetchval("select code from collection")
    person = await desk.signed_in("warehouse", "en")
    page = await person.page(f"/desk/orders/{done.order_id}")
    assert "Waits at the counter" in page
    assert "/ship" not in page
    lost = await person.post("/desk/delivery/counter", {"said": code}, follow_redirects=True)
    assert "Nothing waits under this number or code." in lost.text
    await person.post(f"/desk/orders/{done.order_id}/parcels/{parcel.id}/ready")
    found = await person.post("/desk/delivery/counter", {"said": code})
    assert found.headers["location"] == f"/desk/orders/{done.order_id}"
    await person.post(f"/desk/orders/{done.order_id}/collected")
    async with shop.database.reading() as db:
        assert (await get_order(db, done.order_id)).state == "delivered"


async def test_a_return_is_decided_received_and_settled(desk: Desk, shop: Shop) -> None:
    order = await picking(shop, [(shop.variant, 3)])
    async with shop.database.transaction() as db:
        await ship(db, order.fulfilments[0].id, tracking_number=None, actor=DESK, now=NOON)
        await mark_delivered(db, order.fulfilments[0].id, actor=DESK, now=NOON)
        wish = Wish(order_line_id=order.lines[0].id, quantity=2, reason="faulty")
        asked = await request_return(
            db, order.id, [wish], settle_to="payment", note="<b>bitter</b>", key="k", actor=guest(order.id), now=NOON
        )
        place = await db.fetchval("select id from location")
    agent, clerk = await desk.signed_in("agent", "en"), await desk.signed_in("warehouse", "en")
    path = f"/desk/delivery/returns/{asked.id}"
    page = await agent.page(path)
    assert "&lt;b&gt;bitter" in page
    assert "/approve" not in await clerk.page(path)
    assert (await clerk.post(f"{path}/approve")).status_code == 403
    assert (await agent.post(f"{path}/refuse", {"reason": ""})).status_code == 422
    await agent.post(f"{path}/approve", {"note": "Send it, please."})
    line = asked.lines[0].id
    fields = {f"restocked.{line}": "2", f"scrapped.{line}": "1", "location": str(place)}
    assert (await clerk.post(f"{path}/receive", fields)).status_code == 422
    await clerk.post(f"{path}/receive", fields | {f"restocked.{line}": "1"})
    await work(shop)
    page = words(await clerk.page(path))
    assert "to the shelf 1, scrapped 1" in page
    assert "Settled" in page
    assert asked.number in await clerk.page("/desk/delivery/returns?all=yes")
    assert asked.number not in await clerk.page("/desk/delivery/returns")
    assert asked.number in await agent.page(f"/desk/orders/{order.id}")


async def test_late_parcels_stand_in_a_list(desk: Desk, shop: Shop) -> None:
    order = await picking(shop, [(shop.variant, 1)])
    person = await desk.signed_in("warehouse", "en")
    assert order.number not in await person.page("/desk/delivery/late")
    shop.clock.move(timedelta(days=4))
    late = await desk.signed_in("agent", "en")
    assert order.number in await late.page("/desk/delivery/late")
