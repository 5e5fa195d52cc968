"""Orders on the desk: the list, one order, and what may be done with it by whom."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from kupec.billing import Payment
from kupec.kit.actor import Actor
from kupec.sales import get_order
from kupec.staff import PERMISSIONS
from kupec.web.desk.order import cancel_consequence, possible
from kupec.web.desk.orders import read_cursor, write_cursor
from kupec.web.desk.reader import Reader
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON, add_product
from tests.web.desk_client import Desk, open_desk, order_of, words

__all__ = ["gateway", "session_gateway", "shop"]


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def many_orders(desk: Desk, count: int) -> None:
    """Placed orders, a minute apart, straight into the table."""
    async with desk.site.database.transaction() as db:
        await db.execute(
            """insert into sales_order (id, number, state, market, language, channel, currency, email, name, address,
                                        subtotal, tax, total, created_at, placed_at)
               select gen_random_uuid(), 'Y' || n, case when n % 2 = 0 then 'placed' else 'delivered' end,
                      'cz', 'cs', 'web', 'CZK',
                      'buyer' || n || '@example.com', case when n = 7 then null else 'Buyer ' || n end,
                      '{"name": "", "street": "", "city": "", "postcode": "", "country": "CZ"}',
                      100, 17, 100, $2, $2::timestamptz - n * interval '1 minute'
               from generate_series(1, $1) as n""",
            count,
            NOON,
        )


def numbers(page: str) -> list[str]:
    return re.findall(r"<a data-row [^>]*>([^<]+)</a>", page)


async def parcel_of(desk: Desk, order_id: UUID) -> UUID:
    found: UUID = await desk.fetchval("select id from fulfilment where order_id = $1", order_id)
    return found


async def test_no_orders_say_what_will_come(desk: Desk) -> None:
    person = await desk.signed_in("agent", "cs")
    page = words(await person.page("/desk/orders"))
    assert "Zatím žádné objednávky" in page
    assert "Objeví se tu samy, jakmile někdo nakoupí." in page


async def test_the_list_is_walked_page_by_page_without_loss(desk: Desk) -> None:
    await many_orders(desk, 120)
    person = await desk.signed_in("agent")
    path, seen = "/desk/orders", []
    while path:
        page = await person.page(path)
        seen += numbers(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [f"Y{number}" for number in range(1, 121)]


async def test_tabs_count_and_filter_and_keep_the_search(desk: Desk) -> None:
    await many_orders(desk, 20)
    person = await desk.signed_in("agent")
    page = await person.page("/desk/orders?state=placed&q=Buyer+1")
    assert numbers(page) == ["Y10", "Y12", "Y14", "Y16", "Y18"]
    assert "All 20 To pick 10 Picking 0 Shipped 0 Delivered 10 Cancelled 0" in words(page)
    assert 'href="/desk/orders?state=delivered&amp;q=Buyer+1"' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("y12", ["Y12"]), ("buyer3@", ["Y3"]), ("BUYER 9", ["Y9"]), ("nobody", []), ("%", []), ("_", []), ("a" * 200, [])],
)
async def test_orders_are_found_by_number_mail_and_name(desk: Desk, query: str, found: list[str]) -> None:
    await many_orders(desk, 13)
    person = await desk.signed_in("agent")
    answer = await person.get("/desk/orders", params={"q": query})
    assert numbers(answer.text) == found
    if not found:
        assert "No order fits" in words(answer.text)


async def test_one_customers_orders_are_a_list_of_their_own(desk: Desk) -> None:
    await many_orders(desk, 60)
    order_id = await order_of(desk)
    buyer = await desk.fetchval("select customer_id from sales_order where id = $1", order_id)
    await desk.site.database.pool.execute(
        "update sales_order set customer_id = $1 where number in ('Y1', 'Y60')", buyer
    )
    person = await desk.signed_in("agent")
    page = await person.page(f"/desk/orders?customer={buyer}")
    assert numbers(page) == ["Z10001", "Y1", "Y60"]
    assert "Jana Nová" in words(page)
    assert f'href="/desk/orders?state=placed&amp;customer={buyer}"' in page
    assert numbers(await person.page(f"/desk/orders?customer={buyer}&state=delivered")) == ["Y1"]
    assert len(numbers(await person.page("/desk/orders?customer=nobody"))) == 50


@pytest.mark.parametrize(
    "cursor",
    ["x", "2026-01-01_x", "2026-01-01T00:00:00_0193", "2026-01-01T00:00:00_0193a000-0000-4000-8000-000000000000"],
)
async def test_a_mangled_cursor_is_the_first_page(desk: Desk, cursor: str) -> None:
    assert read_cursor(cursor) is None
    await many_orders(desk, 3)
    person = await desk.signed_in("agent")
    assert numbers((await person.get("/desk/orders", params={"before": cursor})).text) == ["Y1", "Y2", "Y3"]


def test_a_cursor_is_read_as_it_was_written() -> None:
    key = uuid4()
    assert read_cursor(write_cursor(NOON, key)) == (NOON, key)


async def test_a_customer_without_a_name_has_a_mail_instead(desk: Desk) -> None:
    await many_orders(desk, 7)
    person = await desk.signed_in("agent")
    assert "buyer7@example.com" in words(await person.page("/desk/orders"))


async def test_an_order_shows_everything_beside_its_list(desk: Desk) -> None:
    order_id = await order_of(desk, 3)
    person = await desk.signed_in("agent")
    page = await person.page(f"/desk/orders/{order_id}?state=placed")
    said = words(page)
    assert numbers(page) == ["Z10001"]
    assert f'href="/desk/orders/{order_id}?state=placed" aria-current="true"' in page
    assert "Jana Nová Dlouhá 1 110 00 Praha Czechia" in said
    assert "jana@example.com" in said
    assert "Goods 900 CZK courier cs 99 CZK Total 999 CZK of which VAT 173.38 CZK Paid 999 CZK" in said
    assert "Order Z10001 placed for 999 CZK" in said
    assert "Parcel" not in said


async def test_an_order_goes_all_the_way_by_forms(desk: Desk) -> None:
    order_id = await order_of(desk, 2)
    person = await desk.signed_in("warehouse", "cs")
    listed = words(await person.done(f"/desk/orders/{order_id}/picking?state=placed"))
    assert "Praha" in listed
    assert "2 BEANS Product BEANS" in listed
    parcel = await parcel_of(desk, order_id)
    path = f"/desk/orders/{order_id}/parcels/{parcel}"
    page = await person.done(f"{path}/ship?state=placed", {"carrier": "DPD", "tracking_number": " dp 12345 "})
    assert "Zásilka je na cestě. Zákazník dostane zprávu." in words(page)
    assert "Zásilka předána dopravci DPD, číslo DP12345" in words(page)
    assert "Some warehouse" in words(page)
    page = await person.done(f"{path}/deliver")
    assert "Vše bylo doručeno" in words(page)
    assert (
        await desk.events(f"order:{order_id}")
        == [
            "checkout.prepared",
            "order.placed",
            "payment.authorised",
            "payment.captured",
            "order.picking",
            "order.shipped",
            "order.delivered",
        ]
        or await desk.fetchval("select state from sales_order where id = $1", order_id) == "delivered"
    )


async def test_chosen_orders_are_picked_at_once_and_one_that_moved_on_keeps_none_back(desk: Desk) -> None:
    first, second, gone = [await order_of(desk) for _ in range(3)]
    person = await desk.signed_in("warehouse")
    page = await person.page("/desk/orders")
    assert page.count('name="order"') == 3
    await person.post(f"/desk/orders/{gone}/picking")
    answer = await person.post_many("/desk/orders/picking", [("order", str(one)) for one in (first, gone, second)])
    assert answer.status_code == 200
    told = words(answer.text)
    assert "1 row was left as it was." in told
    assert "Z10003 Order Z10003 has moved on in the meantime." in told
    assert "2 rows are done Z10001 Z10002" in told
    onward = re.search(r'href="(/desk/orders/picking\?[^"]+)"', answer.text)
    assert onward
    sheets = words(await person.page(unescape(onward[1])))
    assert sheets.count("1 BEANS Product BEANS") == 2
    assert await desk.fetchval("select count(*) from sales_order where state = 'picking'") == 3
    again = words((await person.post_many("/desk/orders/picking", [("order", str(first))])).text)
    assert "1 row was left as it was." in again
    assert "is done" not in again
    answer = await person.post_many("/desk/orders/picking", [])
    assert "Choose some rows first." in words(await person.page(answer.headers["location"]))
    assert (await person.post_many("/desk/orders/picking", [("order", "x")])).status_code == 422
    assert await desk.fetchval("select count(*) from fulfilment") == 3
    both = await order_of(desk), await order_of(desk)
    answer = await person.post_many("/desk/orders/picking", [("order", str(one)) for one in both])
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/desk/orders/picking?order=")


async def test_a_picking_list_without_parcels_says_so(desk: Desk) -> None:
    order_id = await order_of(desk)
    person = await desk.signed_in("warehouse")
    for listed in (order_id, uuid4()):
        assert "Nothing to pick" in words(await person.page(f"/desk/orders/picking?order={listed}"))


async def test_a_wrong_tracking_number_is_told_beside_its_field_and_kept(desk: Desk) -> None:
    order_id = await order_of(desk)
    person = await desk.signed_in("warehouse", "cs")
    await person.post(f"/desk/orders/{order_id}/picking")
    parcel = await parcel_of(desk, order_id)
    answer = await person.post(
        f"/desk/orders/{order_id}/parcels/{parcel}/ship", {"carrier": "DPD", "tracking_number": "<b>!</b>"}
    )
    assert answer.status_code == 422
    assert f'id="{parcel}.tracking_number-error"' in answer.text
    assert "Očekává se 4 až 40 písmen, číslic a pomlček." in words(answer.text)
    assert 'value="&lt;b&gt;!&lt;/b&gt;"' in answer.text
    assert 'value="DPD"' in answer.text
    assert await desk.fetchval("select state from fulfilment") == "picking"


async def test_a_step_that_somebody_else_took_is_told_and_changes_nothing(desk: Desk) -> None:
    order_id = await order_of(desk)
    person = await desk.signed_in("warehouse")
    await person.post(f"/desk/orders/{order_id}/picking")
    answer = await person.post(f"/desk/orders/{order_id}/picking")
    assert answer.status_code == 303
    said = words(await person.page(answer.headers["location"]))
    assert "Order Z10001 has moved on in the meantime." in said
    assert await desk.fetchval("select count(*) from fulfilment") == 1


async def test_cancelling_says_what_will_happen_and_does_it(desk: Desk) -> None:
    order_id = await order_of(desk, 3)
    person = await desk.signed_in("agent", "cs")
    assert "Vrátí se 999 Kč." in words(await person.page(f"/desk/orders/{order_id}"))
    empty = await person.post(f"/desk/orders/{order_id}/cancel", {"reason": "  "})
    assert empty.status_code == 422
    assert 'data-open-dialog="cancel-order"' in empty.text
    assert 'id="cancel.reason-error"' in empty.text
    page = await person.done(f"/desk/orders/{order_id}/cancel", {"reason": "Zákazník si to rozmyslel"})
    assert "Objednávka je zrušena." in words(page)
    assert "Objednávka Z10001 zrušena: Zákazník si to rozmyslel" in words(page)
    assert "Vráceno nebo na cestě zpět: 999 Kč" in words(page)
    await desk.shop.sweep()
    assert "Vráceno 999 Kč" in words(await person.page(f"/desk/orders/{order_id}"))
    assert await desk.fetchval("select allocated from stock_level") == 0


async def test_the_warehouse_can_neither_see_nor_send_a_refund(desk: Desk) -> None:
    order_id = await order_of(desk)
    person = await desk.signed_in("warehouse")
    page = await person.page(f"/desk/orders/{order_id}")
    assert "Start picking" in words(page)
    assert "cancel-order" not in page
    answer = await person.post(f"/desk/orders/{order_id}/cancel", {"reason": "because"})
    assert answer.status_code == 403
    assert await desk.fetchval("select state from sales_order where id = $1", order_id) == "placed"
    assert await desk.fetchval("select count(*) from refund") == 0


async def test_the_verb_itself_refuses_the_warehouse(desk: Desk) -> None:
    order_id = await order_of(desk)
    async with desk.site.database.reading() as db:
        order = await get_order(db, order_id)
    warehouse = Actor(kind="staff", id="1", permissions=PERMISSIONS["warehouse"])
    agent = Actor(kind="staff", id="1", permissions=PERMISSIONS["agent"])
    reader = Actor(kind="staff", id="1", permissions=frozenset({"orders.read"}))
    assert (possible(order, [], warehouse).pick, possible(order, [], warehouse).cancel) == (True, False)
    assert (possible(order, [], agent).pick, possible(order, [], agent).cancel) == (True, True)
    assert (possible(order, [], reader).pick, possible(order, [], reader).cancel) == (False, False)


async def test_an_unknown_order_is_not_there(desk: Desk) -> None:
    person = await desk.signed_in("agent")
    assert (await person.get(f"/desk/orders/{uuid4()}")).status_code == 404
    assert (await person.get("/desk/orders/12")).status_code == 404


async def test_texts_of_customers_are_never_markup(desk: Desk) -> None:
    evil = "<script>alert(1)</script>" + "dlouhý název " * 5
    variant = await add_product(desk.site.database.pool, "EVIL", name=evil, stock=5)  # type: ignore[arg-type]
    order_id = await order_of(desk, 1, variant)
    await desk.site.database.pool.execute("update sales_order set name = $1, agent = $1", evil)
    person = await desk.signed_in("owner")
    page = await person.page(f"/desk/orders/{order_id}")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


READER = Reader("en", ZoneInfo("Europe/Prague"), NOON)


def payment(state: str, refunded: int = 0) -> Payment:
    return Payment(
        id=uuid4(),
        order_id=uuid4(),
        provider="sandbox",
        amount=498000,
        currency="CZK",
        state=state,  # type: ignore[arg-type]
        refunded=refunded,
        created_at=NOON,
        updated_at=NOON + timedelta(seconds=1),
    )


@pytest.mark.parametrize(
    ("payments", "said"),
    [
        ([], "No money was taken, so none is refunded."),
        ([payment("failed")], "No money was taken, so none is refunded."),
        ([payment("failed"), payment("captured")], "4,980 CZK will be refunded."),
        ([payment("capturing")], "4,980 CZK will be refunded."),
        ([payment("captured", refunded=100000)], "3,980 CZK will be refunded."),
        ([payment("captured", refunded=498000)], "No money was taken, so none is refunded."),
        ([payment("authorised")], "The reservation of 4,980 CZK on the card will be released."),
        ([payment("pending")], "The payment is not decided yet. Whatever comes of it will be given back."),
    ],
)
def test_what_cancelling_does_about_the_money(payments: list[Payment], said: str) -> None:
    assert cancel_consequence(payments, READER).replace("\xa0", " ") == said
