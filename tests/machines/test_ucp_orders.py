"""What becomes of an order, as its platform sees it."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.sales import Order, cancel_order, mark_delivered, ship, start_picking
from tests.machines.conftest import Shop
from tests.machines.platform import Platform, told
from tests.stack import eventually

DESK = Actor(kind="staff", id="1", permissions=frozenset({"orders.read", "orders.write", "orders.refund"}))


def now() -> datetime:
    return datetime.now(UTC)


def picking(shop: Shop, order: dict[str, Any]) -> UUID:
    """The parcel that is being put together."""

    async def pick(db: Connection) -> Order:
        return await start_picking(db, UUID(order["id"]), actor=DESK, now=now())

    return shop.do(pick).fulfilments[0].id


def shipping(shop: Shop, parcel: UUID, tracking: str | None) -> None:
    shop.do(lambda db: ship(db, parcel, tracking_number=tracking, actor=DESK, now=now()))


def cancelling(shop: Shop, order: dict[str, Any], reason: str = "Sold twice") -> None:
    shop.do(lambda db: cancel_order(db, UUID(order["id"]), reason=reason, actor=DESK, now=now()))


def test_a_new_order_tells_what_will_come_and_where(agent: Platform) -> None:
    order = agent.buy(("BEANS-250", 2), ("TOOL-1", 1))
    assert [line["status"] for line in order["line_items"]] == ["processing", "processing"]
    assert order["line_items"][0]["quantity"] == {"original": 2, "total": 2, "fulfilled": 0}
    expected = order["fulfillment"]["expectations"][0]
    assert [line["quantity"] for line in expected["line_items"]] == [2, 1]
    assert expected["destination"]["address_locality"] == "Praha"
    assert expected["description"].startswith("box cs, 2")
    assert "events" not in order["fulfillment"]
    assert "adjustments" not in order
    fulfillment = next(total for total in order["totals"] if total["type"] == "fulfillment")
    assert fulfillment["display_text"] == "box cs"


def test_a_shipped_order_has_its_tracking(shop: Shop, agent: Platform) -> None:
    order = agent.buy(("BEANS-250", 2))
    parcel = picking(shop, order)
    assert agent.order(order["id"])["line_items"][0]["status"] == "processing"
    shipping(shop, parcel, "AB 1234 CZ")
    shipped = agent.order(order["id"])
    assert shipped["line_items"][0]["status"] == "fulfilled"
    assert shipped["line_items"][0]["quantity"] == {"original": 2, "total": 2, "fulfilled": 2}
    event = shipped["fulfillment"]["events"][0]
    assert (event["type"], event["carrier"], event["tracking_number"]) == ("shipped", "Box", "AB1234CZ")
    assert event["tracking_url"] == "https://track.example/AB1234CZ"
    assert event["line_items"] == [{"id": order["line_items"][0]["id"], "quantity": 2}]
    shop.do(lambda db: mark_delivered(db, parcel, actor=DESK, now=now()))
    delivered = agent.order(order["id"])
    assert [event["type"] for event in delivered["fulfillment"]["events"]] == ["shipped", "delivered"]
    assert delivered["fulfillment"]["events"][0] == event, "events are only added"


def test_a_parcel_without_tracking(shop: Shop, agent: Platform) -> None:
    order = agent.buy(("TOOL-1", 1))
    shipping(shop, picking(shop, order), None)
    event = agent.order(order["id"])["fulfillment"]["events"][0]
    assert "tracking_number" not in event
    assert "tracking_url" not in event


def test_a_cancelled_order_shows_what_goes_back(shop: Shop, agent: Platform) -> None:
    order = agent.buy(("BEANS-250", 2))

    async def captured() -> bool:
        return (
            await shop.stack.fetchval("select state from payment where order_id = $1::uuid", order["id"]) == "captured"
        )

    asyncio.run(eventually(captured))
    cancelling(shop, order)

    def refunded() -> dict[str, Any] | None:
        found = agent.order(order["id"])
        return found if found["adjustments"][-1]["status"] == "completed" else None

    cancelled = asyncio.run(eventually(refunded))
    cancellation, refund = cancelled["adjustments"]
    assert cancellation["type"] == "cancellation"
    assert cancellation["line_items"] == [{"id": order["line_items"][0]["id"], "quantity": -2}]
    assert "Sold twice" not in str(cancelled), "what staff tell each other"
    assert (refund["type"], refund["totals"]) == ("refund", [{"type": "total", "amount": -26900}])
    assert cancelled["line_items"][0]["status"] == "removed"
    assert cancelled["line_items"][0]["quantity"] == {"original": 2, "total": 0, "fulfilled": 0}
    assert cancelled["fulfillment"]["expectations"] == []
    assert cancelled["totals"] == order["totals"], "what was agreed stays on record"


@pytest.mark.parametrize("language", ["cs", "pl", "en"])
def test_an_order_belongs_to_its_platform(shop: Shop, agent: Platform, language: str) -> None:
    order = agent.buy(("TOOL-1", 1))
    other = shop.platform("other.example", language=language)
    nothing = other.order("00000000-0000-7000-8000-000000000000")
    assert told(nothing)["not_found"]["severity"] == "unrecoverable"
    for guess in (order["id"], order["label"], order["checkout_id"], "x", order["id"].upper()):
        assert other.order(guess) == nothing, "whether it exists must not be told"
    assert agent.order(order["id"].upper()) == order


def test_an_order_that_is_not_paid_is_none_yet(shop: Shop, agent: Platform) -> None:
    session = agent.open(("TOOL-1", 1))
    agent.complete(session["id"], token="tok_3ds")
    draft = asyncio.run(shop.stack.fetchval("select id from sales_order where cart_id = $1::uuid", session["id"]))
    assert told(agent.order(str(draft)))["not_found"]
    assert told(agent.order(session["id"]))["not_found"]
