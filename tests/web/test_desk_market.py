"""The market at the desk: how three machines choose, what a price would do, and the requests behind it."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kupec.kit.actor import machine, system
from kupec.machines.choice import fit_buyers, order_fit
from kupec.machines.mandates import NewMachine, register_machine
from kupec.machines.market import Cheapest, NewRfq, decide_due, import_rfqs, market_story, open_rfq
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.sales.standing_shop import a_buyer
from tests.web.desk_client import Desk, open_desk, words

__all__ = ["gateway", "session_gateway", "shop"]

SETUP = system("test")
HERE = "/desk/market"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running_desk:
        yield running_desk


async def test_how_machines_choose_and_which_price_would_win(desk: Desk) -> None:
    now = desk.site.clock.now()
    manager, accountant = await desk.signed_in("manager"), await desk.signed_in("warehouse")
    assert "Nothing is known of machine buyers yet" in words(await manager.page(HERE))
    assert (await accountant.get(HERE)).status_code == 403
    async with desk.site.database.transaction() as db:
        party_id = await a_buyer(db)
        machines = {
            name: (await register_machine(db, party_id, NewMachine(name=f"The {name}"), actor=SETUP, now=now)).id
            for name in ("hotel", "clinic", "office")
        }
        story = market_story(until=now, sku="BEANS", list_price=30000, market="cz", currency="CZK")
        assert await import_rfqs(db, story, machines, actor=SETUP, now=now) == len(story)
        assert await import_rfqs(db, story[:3], machines, actor=SETUP, now=now) == 0
    fit = await fit_buyers(desk.site.database, now=now)
    assert fit is not None
    assert (fit.choices, fit.buyers) == (len(story), 3)
    assert await fit_buyers(desk.site.database, now=now) is None

    listed = words(await manager.page(HERE))
    assert "The hotel The cheapest within 2 days > 99%" in listed
    assert "The clinic Weighs, the days above all" in listed
    hotel = words(await manager.page(f"{HERE}/{machines['hotel']}"))
    assert re.search(r"Proposed price: 2\d\d\.\d\d CZK Plausible from 2", hotel)
    # The rows behind it: what was taken stands apart from what was passed over.
    past = max((one for one in story if one.buyer == "hotel"), key=lambda one: one.asked_at)
    taken = past.quotes[past.winner]
    name = "This shop" if taken.seller == "own" else taken.seller
    row = f"24 × Product BEANS BEANS {name} {taken.unit_price / 100:.2f} CZK, {taken.lead_days} day"
    assert row.replace(".00 CZK", " CZK") in hotel
    # A price below all that were quoted wins; days beyond the rule's limit lose.
    cheap = words(await manager.page(f"{HERE}/{machines['hotel']}?sku=BEANS&price=150&days=2"))
    assert "Chance of winning 98%" in cheap
    slow = words(await manager.page(f"{HERE}/{machines['hotel']}?sku=BEANS&price=150&days=3"))
    assert "Chance of winning 98%" not in slow
    wrong = await manager.get(f"{HERE}/{machines['hotel']}?price=much&days=-1")
    assert wrong.status_code == 422
    assert 'id="price-error"' in wrong.text
    assert 'id="days-error"' in wrong.text

    # A request is sealed on its page until it is decided; then it proves itself.
    async with desk.site.database.transaction() as db:
        new = NewRfq(sku="BEANS", quantity=2, rule=Cheapest(), seconds=60)
        actor = machine(str(machines["hotel"]))
        rfq = await open_rfq(db, machines["hotel"], new, key="live", actor=actor, now=now)
    sealed = words(await manager.page(f"{HERE}/requests/{rfq.id}"))
    assert "The quotes are sealed until the deadline" in sealed
    assert "Price of a piece" not in sealed
    desk.shop.clock.move(timedelta(minutes=2))
    async with desk.site.database.transaction() as db:
        await decide_due(db, desk.site.clock.now(), 100)
    decided = words(await manager.page(f"{HERE}/requests/{rfq.id}"))
    assert "This shop won at 282.75 CZK a piece" in decided
    assert "Decided again from the record just now, 1 quote: it comes out the same." in decided
    assert "This shop won the request at 282.75 CZK a piece, among quotes: 1" in decided
    assert "2 × Product BEANS" in words(await manager.page(f"{HERE}/requests"))
    async with desk.site.database.transaction() as db:
        await order_fit(db, actor=SETUP)
    assert "It is being learnt" in words(await manager.page(HERE))
