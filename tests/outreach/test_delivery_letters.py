"""Mails about goods at the counter and goods that come back: once each, in the customer's language."""

import pytest

from kupec.kit.actor import guest, system
from kupec.kit.db import Connection
from kupec.kit.events import COLUMNS, Event
from kupec.outreach import Sender, write_mails
from kupec.sales import (
    Wish,
    approve_return,
    get_order,
    mark_delivered,
    mark_ready,
    request_return,
    ship,
    start_picking,
)
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON

__all__ = ["gateway", "session_gateway", "shop"]

STAFF = system("warehouse")
SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="http://shop.example", secret="a secret")


async def written(db: Connection, name: str) -> list[tuple[str, str, str]]:
    """(kind, title, text) of the mails that events of this name ask for; asked twice."""
    rows = await db.fetch(f"select {COLUMNS} from event where name like $1 order by id", name)
    events = [Event(**dict(row)) for row in rows]
    for _ in range(2):
        await write_mails(db, events, sender=SENDER)
    mails = await db.fetch("select kind, title, text from mail order by created_at, id")
    return [(mail["kind"], mail["title"], mail["text"]) for mail in mails]


async def test_who_collects_is_told_the_code_when_all_is_there(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await db.execute(
            "insert into collection (order_id, location_id, code) select $1, id, '123456' from location", order.id
        )
        parcel = (await start_picking(db, order.id, actor=STAFF, now=NOON)).fulfilments[0]
        await mark_ready(db, parcel.id, actor=STAFF, now=NOON)
        [(kind, title, text)] = await written(db, "order.ready")
    assert kind == "ready_for_collection"
    assert title == f"Vaše objednávka {order.number} je připravená k vyzvednutí"
    assert "123 456" in text
    assert "Praha" in text


@pytest.mark.parametrize("language", ["cs", "pl", "en"])
async def test_each_step_of_a_return_is_a_mail(shop: Shop, language: str) -> None:
    order = await shop.placed([(shop.variant, 2)])
    async with shop.database.transaction() as db:
        await db.execute("update sales_order set language = $2 where id = $1", order.id, language)
        parcel = (await start_picking(db, order.id, actor=STAFF, now=NOON)).fulfilments[0]
        await ship(db, parcel.id, tracking_number=None, actor=STAFF, now=NOON)
        await mark_delivered(db, parcel.id, actor=STAFF, now=NOON)
        wish = Wish(order_line_id=(await get_order(db, order.id)).lines[0].id, quantity=1, reason="faulty")
        asked = await request_return(
            db, order.id, [wish], settle_to="payment", key="k", actor=guest(order.id), now=NOON
        )
        await approve_return(db, asked.id, note="Send it, please", actor=STAFF, now=NOON)
        mails = await written(db, "return.%")
    assert [kind for kind, _, _ in mails] == ["return_requested", "return_approved"]
    assert all(asked.number in title for _, title, _ in mails)
    assert "Send it, please" in mails[1][2]
