"""What a buyer does on the page of an order: follows the parcel, asks for a return, prints its label."""

import base64
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.kit.db import Database, Pool
from kupec.sales import (
    Order,
    Step,
    UnsignedNotice,
    act_on_notices,
    approve_return,
    get_order,
    mark_delivered,
    mark_ready,
    receive_notice,
    record_steps,
    refuse_return,
    returns_of,
    ship,
    sign_notice,
    start_picking,
    take_notice,
)
from kupec.web.storefront.orders import journey
from tests.shop import NOON
from tests.web.browsing import Served, text_of
from tests.web.test_storefront_order import WAREHOUSE, address_of, order

__all__ = ["order"]


async def arrived(pool: Pool, order: Order) -> Order:
    async with Database(pool).transaction() as db:
        parcel = (await start_picking(db, order.id, actor=WAREHOUSE, now=NOON)).fulfilments[0]
        await ship(db, parcel.id, tracking_number="RR123", actor=WAREHOUSE, now=NOON)
        await record_steps(db, parcel.id, [Step(at=NOON, state="in_transit", text="Brno <b>depot</b>")], now=NOON)
        await mark_delivered(db, parcel.id, actor=WAREHOUSE, now=NOON)
        return await get_order(db, order.id)


async def test_the_carriers_words_stand_by_the_parcel(paying: Served, order: Order, pool: Pool) -> None:
    await arrived(pool, order)
    browser = paying.browser()
    await browser.get(address_of(paying, order))
    assert "Je na cestě" in text_of(browser.page)
    assert "&lt;b&gt;depot" in browser.page


async def test_a_return_is_asked_for_without_a_script(paying: Served, order: Order, pool: Pool) -> None:
    browser = paying.browser()
    address = address_of(paying, order)
    await browser.get(address)
    assert "Vrátit zboží" not in text_of(browser.page)
    await arrived(pool, order)
    await browser.get(address)
    assert "Vrátit zboží" in text_of(browser.page)
    form = f"{address}/return"
    line = order.lines[0].id
    await browser.get(form)
    answer = await browser.submit(form)
    assert answer.status_code == 422
    assert "Vyberte prosím alespoň jeden kus." in text_of(browser.page)
    answer = await browser.submit(form, **{f"quantity.{line}": "3"})
    assert answer.status_code in (409, 422)
    assert "nejvýše 2 ks" in text_of(browser.page)
    answer = await browser.submit(form, **{f"quantity.{line}": "1", "settle_to": "exchange"})
    assert "Vyberte prosím, co poslat výměnou." in text_of(browser.page)
    fields = {f"quantity.{line}": "1", f"reason.{line}": "faulty", "settle_to": "payment", "note": "Hořká"}
    answer = await browser.submit(form, **fields)
    assert answer.status_code == 303
    async with Database(pool).reading() as db:
        [asked] = await returns_of(db, order.id)
    assert (asked.state, asked.lines[0].reason, asked.note) == ("requested", "faulty", "Hořká")
    await browser.get(address)
    assert asked.number in browser.page
    label = f"{address}/returns/{asked.number}/label.pdf"
    assert (await browser.get(label)).status_code == 404
    async with Database(pool).transaction() as db:
        await approve_return(db, asked.id, note="Děkujeme", actor=WAREHOUSE, now=NOON)
    pdf = await browser.get(label)
    assert pdf.content.startswith(b"%PDF")
    await browser.get(address)
    assert "Děkujeme" in text_of(browser.page)
    async with Database(pool).transaction() as db:
        await refuse_return(db, asked.id, reason="Otevřené", actor=WAREHOUSE, now=NOON)
    await browser.get(address)
    assert "Zpět přijmout nemůžeme" in text_of(browser.page)


async def test_somebody_elses_link_returns_nothing(paying: Served, order: Order) -> None:
    browser = paying.browser()
    assert (await browser.get("/cs/order/forged.token/return")).status_code == 404


async def test_after_the_days_nothing_is_offered(paying: Served, order: Order, pool: Pool) -> None:
    await arrived(pool, order)
    paying.clock.move(timedelta(days=20))
    browser = paying.browser()
    await browser.get(f"{address_of(paying, order)}/return")
    assert "Už není co vrátit." in text_of(browser.page)


async def test_what_waits_at_the_counter_shows_its_code(paying: Served, order: Order, pool: Pool) -> None:
    async with Database(pool).transaction() as db:
        await db.execute(
            "insert into collection (order_id, location_id, code) select $1, id, '123456' from location", order.id
        )
        parcel = (await start_picking(db, order.id, actor=WAREHOUSE, now=NOON)).fulfilments[0]
        await mark_ready(db, parcel.id, actor=WAREHOUSE, now=NOON)
        ready = await get_order(db, order.id)
    assert [(step.kind, step.reached) for step in journey(ready)][-2:] == [("ready", "now"), ("delivered", "ahead")]
    browser = paying.browser()
    await browser.get(address_of(paying, order))
    assert "123 456" in text_of(browser.page)
    assert "Čeká na vás: Praha." in text_of(browser.page)


async def test_what_is_collected_is_never_said_to_go_to_a_carrier(order: Order) -> None:
    ahead = [(step.kind, step.reached) for step in journey(order, collected=True)]
    assert ahead == [("placed", "now"), ("picking", "ahead"), ("ready", "ahead"), ("delivered", "ahead")]


SECRET = "whsec_" + base64.b64encode(b"a secret of a carrier").decode()


async def notice(
    pool: Pool, body: bytes, *, message_id: str = "m1", secret: str = SECRET, late: int = 0
) -> UUID | None:
    stamp = str(int(NOON.timestamp()) + late)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1,forged " + sign_notice(secret, message_id, stamp, body),
    }
    async with Database(pool).transaction() as db:
        return await receive_notice(db, "own", secret=SECRET, headers=headers, body=body, now=NOON)


async def test_a_carriers_message_is_believed_when_signed_and_counts_once(order: Order, pool: Pool) -> None:
    async with Database(pool).transaction() as db:
        parcel = (await start_picking(db, order.id, actor=WAREHOUSE, now=NOON)).fulfilments[0]
        await db.execute(
            "insert into parcel_label (fulfilment_id, carrier, state, number, reference, asked_at, pdf)"
            " values ($1, 'own', 'made', 'P1', 'P1', $2, '')",
            parcel.id,
            NOON,
        )
        await ship(db, parcel.id, tracking_number=None, actor=WAREHOUSE, now=NOON)
    body = b'{"number": "P1", "state": "delivered", "at": "2026-03-10T10:30:00Z"}'
    for wrong in ({"secret": "whsec_eA=="}, {"late": 301}, {"late": -301}, {"message_id": ""}):
        with pytest.raises(UnsignedNotice):
            await notice(pool, body, **wrong)  # type: ignore[arg-type]
    with pytest.raises(UnsignedNotice):
        async with Database(pool).transaction() as db:
            await receive_notice(db, "own", secret="", headers={}, body=body, now=NOON)
    assert await notice(pool, body) is not None
    assert await notice(pool, body) is None, "the same message again"
    await notice(pool, b"no json", message_id="m2")
    await notice(pool, b'{"number": "P9", "state": "delivered", "at": "2026-03-10T10:30:00Z"}', message_id="m3")
    async with Database(pool).transaction() as db:
        assert await act_on_notices(db, NOON, 100) == 3
        assert (await get_order(db, order.id)).state == "delivered"
        states = await db.fetch("select state from webhook_delivery where source = 'carrier' order by external_id")
        assert await take_notice(db, "own", body, now=NOON)
    assert [row["state"] for row in states] == ["processed", "failed", "failed"]
