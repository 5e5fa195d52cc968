"""Standing orders at the desk: what comes, what is changed for once or for good, and what waits for a decision."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kupec.customers import put_address
from kupec.kit.actor import system
from kupec.kit.ids import uuid7
from kupec.sales import StandingOrder, get_standing
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.sales.standing_shop import FIRST, a_buyer, a_card, rows, started, states
from tests.shop import add_product
from tests.web.desk_client import Desk, open_desk, words
from tests.web.form_reading import changed, form_fields

__all__ = ["gateway", "session_gateway", "shop"]

PAGE = "/desk/standing"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


@pytest.fixture
async def standing(desk: Desk) -> StandingOrder:
    async with desk.site.database.transaction() as db:
        variant = await add_product(db, "SANTOS", name="Brazílie Santos")
        return await started(db, await a_buyer(db), variant, actor=system("test"))


async def _states(desk: Desk, standing: StandingOrder) -> list[str]:
    async with desk.site.database.reading() as db:
        return await states(db, standing.id)


async def test_what_comes_is_listed_and_opens_beside_the_list(desk: Desk, standing: StandingOrder) -> None:
    person = await desk.signed_in("agent")
    listed = words(await person.page(PAGE))
    assert "2 × Brazílie Santos" in listed
    page = words(await person.page(f"{PAGE}/{standing.id}"))
    assert "every week: Tuesday, until further notice" in page
    assert page.count("9:00") >= 10


async def test_a_time_is_skipped_moved_and_given_other_quantities(desk: Desk, standing: StandingOrder) -> None:
    person = await desk.signed_in("agent")
    run = f"{PAGE}/{standing.id}/runs/1"
    assert "left out" in words(await person.done(run, {"do": "skip"}))
    assert await _states(desk, standing) == ["skipped", "planned"]
    await person.done(run, {"do": "unskip"})
    assert "moved" in words(await person.done(run, {"do": "move", "day": "2026-03-19"}))
    line = standing.lines[0].id
    page = await person.done(run, {"do": "lines", f"pieces.{line}": "5"})
    assert "own quantities" in words(page)
    async with desk.site.database.reading() as db:
        first = (await rows(db, standing.id))[0]
        assert first.due_at == FIRST + timedelta(days=2)
        assert first.lines is not None
        assert [one.quantity for one in first.lines] == [5]
        assert (await get_standing(db, standing.id)).lines[0].quantity == 2
    refused = await person.post(run, {"do": "move", "day": "2020-01-01"})
    assert refused.status_code == 422
    assert "a day to come, within a year" in words(refused.text)


async def test_it_is_changed_paused_resumed_and_ended(desk: Desk, standing: StandingOrder) -> None:
    person, here = await desk.signed_in("manager"), f"{PAGE}/{standing.id}"
    page = await person.page(here)
    fields = {**dict(form_fields(page, here)), "every": "2", "unit": "month", "first": "2026-04-30", "do": "rhythm"}
    answer = await person.post_many(here, changed([*fields.items()], {}))
    assert answer.status_code == 303, words(answer.text)
    assert "every 2 months: on day 30" in words(await person.page(here))
    to = {"name": "Anna", "street": "Nová 5", "city": "Brno", "postcode": "602 00", "country": "CZ"}
    async with desk.site.database.transaction() as db:
        kept = await put_address(db, standing.customer_id, to, actor=system("test"), now=FIRST)
    await person.done(here, {"do": "address", "address": str(kept.id)})
    async with desk.site.database.reading() as db:
        assert (await get_standing(db, standing.id)).address.street == "Nová 5"
    assert (await person.post(here, {"do": "address", "address": str(standing.id)})).status_code == 303
    assert "paused" in words(await person.done(here, {"do": "pause"}))
    assert "active" in words(await person.done(here, {"do": "resume"}))
    assert "ended" in words(await person.done(here, {"do": "end"}))
    again = await person.post(here, {"do": "lines"})
    assert again.status_code == 303
    assert "has ended" in words(await person.page(here))


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"every": "0"}, "1–999"), ({"first": "1999-01-01"}, "today or a day to come"), ({"unit": "fortnight"}, "weeks")],
)
async def test_a_wrong_rhythm_is_named(desk: Desk, standing: StandingOrder, typed: dict[str, str], field: str) -> None:
    person = await desk.signed_in("agent")
    fields = {"every": "1", "unit": "month", "first": "2026-04-30", "do": "rhythm", **typed}
    answer = await person.post(f"{PAGE}/{standing.id}", fields)
    assert answer.status_code == 422
    assert field in words(answer.text)


async def test_an_order_is_repeated_once_however_often_it_is_sent(desk: Desk, standing: StandingOrder) -> None:
    order = await desk.shop.placed([(desk.shop.variant, 3)])
    assert order.customer_id is not None
    async with desk.site.database.transaction() as db:
        card = await a_card(db, order.customer_id)
    person, path = await desk.signed_in("agent"), f"/desk/orders/{order.id}/repeat"
    page = await person.page(path)
    fields = {**dict(form_fields(page, path)), "every": "3", "unit": "week", "card": str(card)}
    answers = [await person.post_many(path, [*fields.items()]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303], words(answers[0].text)
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert "every 3 weeks" in words(await person.page(answers[0].headers["location"]))
    on_account = await person.post_many(path, [*{**fields, "card": "", "once": str(uuid7())}.items()])
    assert on_account.status_code == 422, "this customer has no account"
    assert await desk.fetchval("select count(*) from standing_order") == 2


async def test_what_was_missed_waits_for_a_decision(desk: Desk, standing: StandingOrder) -> None:
    async with desk.site.database.transaction() as db:
        await db.execute(
            "update occurrence set state = 'missed', next_try_at = null where standing_order_id = $1", standing.id
        )
    person = await desk.signed_in("agent")
    assert "missed" in words(await person.page(f"{PAGE}?view=attention"))
    async with desk.site.database.reading() as db:
        missed = (await rows(db, standing.id))[0]
    await person.done(f"{PAGE}/{standing.id}/missed/{missed.id}", {"do": "place"})
    async with desk.site.database.reading() as db:
        assert (await rows(db, standing.id))[0].next_try_at is not None
    assert "Nothing to decide" in words(await person.page(f"{PAGE}?view=attention"))


async def test_reading_a_standing_order_is_not_changing_it(desk: Desk, standing: StandingOrder) -> None:
    person = await desk.signed_in("warehouse")
    assert "Brazílie" in await person.page(f"{PAGE}/{standing.id}")
    refused = await person.post(f"{PAGE}/{standing.id}", {"do": "pause"})
    assert refused.status_code == 303, "the warehouse ships, and may see to it that nothing comes"
    assert (await desk.stranger().get(PAGE)).status_code == 303
