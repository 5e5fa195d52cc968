"""Tools about standing orders, complaints and what makes up for them, consent, invoices, people, facts, greeting."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from asyncpg.pool import PoolConnectionProxy

from kupec.customers import ProofNeeded, finish_task
from kupec.kit.actor import Actor, customer, system
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.versions import publish_new
from kupec.sales import (
    GOODWILL,
    CartIncomplete,
    GoodwillRules,
    GoodwillSpent,
    GoodwillTooLate,
    GoodwillTooMuch,
    NothingToMakeUpFor,
    give_goodwill,
    goodwill,
    ship,
    start_picking,
)
from tests.sales.asking import AGENT, Asking, a_person, a_role, asking
from tests.sales.conftest import Shop
from tests.sales.standing_shop import a_buyer, a_card, started
from tests.shop import NOON


async def a_customer(shop: Shop) -> tuple[Asking, UUID]:
    """Jana with one order, who has proved who she is."""
    order = await shop.placed([(shop.variant, 1)])
    assert order.customer_id
    return asking(shop).as_customer(order.customer_id), order.customer_id


# --- standing orders ---------------------------------------------------------------------------------


async def test_an_order_becomes_a_standing_one_once(shop: Shop) -> None:
    ask, party_id = await a_customer(shop)
    seen = await ask("preview_standing", every=2, unit="week", first="2026-03-24")
    assert (seen.needs, seen.next_dates) == ("card", ["2026-03-24", "2026-04-07", "2026-04-21"])
    with pytest.raises(CartIncomplete):
        await ask("start_standing", every=2, unit="week", first="2026-03-24")
    async with shop.database.transaction() as db:
        await a_card(db, party_id)
    ready = await ask("preview_standing", every=2, unit="week", first="2026-03-24")
    assert (ready.needs, ready.payment_text, ready.total) == ("", "Visa •••• 4242", 39900)
    assert await shop.fetchval("select count(*) from standing_order") == 0, "a preview starts nothing"
    first = await ask("start_standing", key="s", every=2, unit="week", first="2026-03-24")
    again = await ask("start_standing", key="s", every=2, unit="week", first="2026-03-24")
    assert (again.id, again.next_dates) == (first.id, ["2026-03-24", "2026-04-07", "2026-04-21"])
    assert await shop.fetchval("select count(*) from standing_order") == 1


async def test_what_lies_in_the_cart_comes_again_and_the_cart_is_empty(shop: Shop) -> None:
    ask, party_id = await a_customer(shop)
    async with shop.database.transaction() as db:
        await a_card(db, party_id)
    cart = await ask("add_to_cart", sku="BEANS", quantity=3)
    held = ask.holding(cart.cart_id)
    made = await held("start_standing", every=1, unit="month")
    assert made.items_text == "3 × Product BEANS"
    assert (await held("show_cart")).empty


async def test_one_time_is_left_out_moved_and_all_of_it_paused(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        party_id = await a_buyer(db)
        await started(db, party_id, shop.variant)
    ask = asking(shop).as_customer(party_id)
    (one,) = (await ask("list_standing")).standings
    assert (one.state, one.next_on) == ("active", "2026-03-17")
    skipped = await ask("skip_standing", key="k")
    again = await ask("skip_standing", key="k")
    assert (skipped.next_on, again.next_on) == ("2026-03-24", "2026-03-24"), "the same step leaves out once"
    moved = await ask("move_standing", date="2026-03-26")
    assert moved.next_dates[:2] == ["2026-03-26", "2026-03-31"]
    with pytest.raises(InvalidValue):
        await ask("move_standing", date="tomorrow")
    paused = await ask("pause_standing", key="p")
    assert (paused.state, (await ask("pause_standing", key="p")).state) == ("paused", "paused")
    assert (await ask("resume_standing")).state == "active"


async def test_a_strangers_standing_order_does_not_exist(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        party_id = await a_buyer(db)
        standing = await started(db, party_id, shop.variant)
        stranger = await a_person(db, "petr@example.com")
        accountant = await a_person(db, "ucetni@example.com")
        await a_role(db, party_id, accountant, "accountant")
    guest, other, reads = asking(shop), asking(shop).as_customer(stranger), asking(shop).as_customer(accountant)
    for tool, more in (("skip_standing", {}), ("pause_standing", {}), ("move_standing", {"date": "2026-03-26"})):
        with pytest.raises(ProofNeeded):
            await guest(tool, id=str(standing.id), **more)
        for ask in (other, reads):
            with pytest.raises(NotFound):
                await ask(tool, id=str(standing.id), **more)
    assert (await other("list_standing")).count == 0
    assert (await reads("list_standing")).count == 1, "an accountant sees it and changes nothing"


# --- complaints and goodwill -------------------------------------------------------------------------


async def complain(shop: Shop, ask: Asking, *, solved: bool = True) -> UUID:
    opened = await ask.of(conversation_id=None)("open_complaint", key=str(uuid4()), text="Rozbité balení", number="")
    task_id = UUID(opened.task_id)
    if solved:
        async with shop.database.transaction() as db:
            await finish_task(db, task_id, "sent again", actor=AGENT, now=NOON)
    return task_id


async def test_a_complaint_is_one_task_about_the_order(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 1)])
    guest = asking(shop).of(conversation_id=None)
    named = {"text": "Přišlo rozbité", "number": order.number, "email": "jana@example.com"}
    first = await guest("open_complaint", key="c", **named)
    again = await guest("open_complaint", key="c", **named)
    assert first.task_id == again.task_id
    assert await shop.fetchval("select subject from task where key = 'complaint:c'") == f"order:{order.id}"
    assert await shop.fetchval("select customer_id from task where key = 'complaint:c'") == order.customer_id
    with pytest.raises(NotFound):
        await guest("open_complaint", text="x", number=order.number, email="petr@example.com")


async def test_the_bot_makes_up_for_a_solved_complaint_once(shop: Shop) -> None:
    ask, _party = await a_customer(shop)
    here = ask.of(conversation_id=None)
    with pytest.raises(NothingToMakeUpFor):
        await here("goodwill_coupon")
    await complain(shop, ask, solved=False)
    with pytest.raises(NothingToMakeUpFor):
        await here("goodwill_coupon")
    await complain(shop, ask)
    first = await here("goodwill_coupon", key="g")
    again = await here("goodwill_coupon", key="g")
    assert (first.amount, first.code) == (again.amount, again.code)
    assert first.amount == 20000
    with pytest.raises(KupecError):
        await here("goodwill_coupon", key="another")
    assert await shop.fetchval("select sum(issued)::bigint from store_credit") == 20000
    cart = await ask("add_to_cart", sku="BEANS")
    used = await ask.holding(cart.cart_id)("use_code", code=first.code)
    assert used.total == 36900
    assert await shop.fetchval("select credit_code from cart where id = $1", UUID(used.cart_id)) is not None


async def limits(shop: Shop, **values: object) -> None:
    async with shop.database.transaction() as db:
        await publish_new(db, GOODWILL, GoodwillRules(**values), actor=system("test"), now=NOON)  # type: ignore[arg-type]


async def give(shop: Shop, party_id: UUID, *, key: str, now: datetime = NOON, **values: object) -> int:
    async with shop.database.transaction() as db:
        given = await give_goodwill(
            db,
            party_id,
            currency="CZK",
            key=key,
            actor=AGENT,
            now=now,
            **values,  # type: ignore[arg-type]
        )
        return given.amount


async def test_the_merchants_limits_hold_for_people_too(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 1)])
    party_id = order.customer_id
    assert party_id
    await limits(shop, most={"CZK": 20000}, percent=10, times=2, days=30, order_days=60)
    with pytest.raises(GoodwillTooMuch):
        await give(shop, party_id, key="1", amount=20001)
    # A tenth of 399 Kč, rounded down to the haléř.
    assert await give(shop, party_id, key="2", order_id=order.id) == 3990
    with pytest.raises(GoodwillTooMuch):
        await give(shop, party_id, key="3", order_id=order.id, amount=3991)
    with pytest.raises(GoodwillTooLate):
        await give(shop, party_id, key="4", order_id=order.id, now=NOON + timedelta(days=61))
    assert await give(shop, party_id, key="5", amount=100) == 100
    with pytest.raises(GoodwillSpent):
        await give(shop, party_id, key="6", amount=100)
    assert await give(shop, party_id, key="7", amount=100, now=NOON + timedelta(days=31)) == 100
    nobody = Actor(kind="staff", id="x", permissions=frozenset({"orders.read"}))
    async with shop.database.transaction() as db:
        stranger = await a_person(db, "petr@example.com")
        for actor in (nobody, customer(stranger)):
            with pytest.raises(Forbidden):
                await give_goodwill(db, party_id, currency="CZK", key="8", actor=actor, now=NOON)
        with pytest.raises(NotFound):
            await give_goodwill(db, stranger, currency="CZK", order_id=order.id, key="9", actor=AGENT, now=NOON)


async def _at_once(shop: Shop, party_id: UUID) -> int:
    """Ten people give at the same moment; how many could."""
    done = await asyncio.gather(
        *(give(shop, party_id, key=f"race {number}", amount=100) for number in range(10)), return_exceptions=True
    )
    assert all(isinstance(one, int | GoodwillSpent) for one in done), done
    return sum(isinstance(one, int) for one in done)


async def test_ten_at_once_give_once(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 1)])
    assert order.customer_id
    assert await _at_once(shop, order.customer_id) == 1


async def test_without_the_lock_they_would_give_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same race with the customer's row left unlocked."""
    order = await shop.placed([(shop.variant, 1)])
    assert order.customer_id
    all_here = asyncio.Barrier(10)
    plain, check = PoolConnectionProxy.execute, goodwill._check_times

    async def unlocked(self: object, query: str, *values: object, **more: object) -> object:
        if "from party where id = $1 for no key update" in query:
            return None
        return await plain(self, query, *values, **more)  # type: ignore[arg-type]

    async def together(*values: object) -> None:
        await check(*values)  # type: ignore[arg-type]
        await all_here.wait()

    monkeypatch.setattr(PoolConnectionProxy, "execute", unlocked)
    monkeypatch.setattr(goodwill, "_check_times", together)
    assert await _at_once(shop, order.customer_id) == 10


# --- consent, invoices, people -----------------------------------------------------------------------


async def test_consent_is_said_with_proof_and_only_by_the_proven(shop: Shop) -> None:
    ask, party_id = await a_customer(shop)
    with pytest.raises(ProofNeeded):
        await asking(shop)("set_consent", purpose="marketing.email", given=True)
    with pytest.raises(ProofNeeded):
        await asking(shop).as_customer(party_id, proven=False)("consent_status")
    before = await ask("consent_status")
    assert (before.count, before.consents[0].purpose) == (0, "marketing.email")
    for _ in range(2):
        given = await ask("set_consent", purpose="marketing.email", given=True)
    assert given.title == "Novinky e-mailem"
    assert await shop.fetchval("select how from consent") == "chat"
    assert await shop.fetchval("select count(*) from consent") == 1
    assert (await ask("consent_status")).text == "Souhlasíte s: Novinky e-mailem."
    await ask("set_consent", purpose="marketing.email", given=False)
    assert (await ask("consent_status")).count == 0
    with pytest.raises(InvalidValue):
        await ask("set_consent", purpose="service", given=True)


async def test_invoices_are_shown_to_who_may_see_money(shop: Shop) -> None:
    ask, party_id = await a_customer(shop)
    assert (await ask("list_invoices")).count == 0
    async with shop.database.transaction() as db:
        company = await a_person(db, "office@example.com", name="Kancl", kind="organisation")
        await a_role(db, company, party_id, "buyer")
    assert (await ask("list_invoices")).text == "Zatím pro vás nemáme žádnou fakturu."
    with pytest.raises(ProofNeeded):
        await asking(shop)("list_invoices")


@pytest.mark.parametrize(
    ("when", "due", "moved"),
    [
        ("", "2026-03-10T11:30:00+00:00", False),
        ("2026-03-11T10:00", "2026-03-11T09:00:00+00:00", False),
        ("2026-03-10T22:00", "2026-03-11T07:00:00+00:00", True),  # at night: at the next opening
        ("2026-03-14T10:00", "2026-03-16T07:00:00+00:00", True),  # a Saturday
    ],
)
async def test_a_call_back_is_a_task_while_people_are_here(shop: Shop, when: str, due: str, moved: bool) -> None:
    guest = asking(shop)
    first = await guest("book_callback", key="b", phone="601 234 567", when=when, about="kávovar")
    again = await guest("book_callback", key="b", phone="601 234 567", when=when, about="kávovar")
    assert (first.due_at, first.moved, first.phone) == (due, moved, "+420601234567")
    assert first.task_id == again.task_id
    assert await shop.fetchval("select count(*) from task") == 1


async def test_a_call_needs_a_number_and_a_time_to_come(shop: Shop) -> None:
    guest = asking(shop)
    for more in ({"phone": ""}, {"phone": "12"}, {"phone": "601234567", "when": "2020-01-01T10:00"}, {"phone": "601234567", "when": "soon"}):  # fmt: skip # noqa: E501
        with pytest.raises(InvalidValue):
            await guest("book_callback", **more)


async def test_without_a_conversation_a_person_is_only_promised(shop: Shop) -> None:
    asked = await asking(shop).of(conversation_id=None)("talk_to_person")
    assert (asked.handed_over, asked.open) == (False, True)
    night = asking(shop).of(conversation_id=None).at(NOON.replace(hour=22))
    closed = await night("talk_to_person")
    assert (closed.open, closed.next_opening_text) == (False, "zítra v 08:00")
    assert "zítra v 08:00" in closed.text


# --- facts and the greeting --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "market", "hours", "free"),
    [
        ("cs", "cz", "po–pá 08:00–17:00", "1 500 Kč"),
        ("pl", "pl", "pon.–pt. 08:00–17:00", ""),
        ("en", "cz", "Mon–Fri 08:00–17:00", "1,500 CZK"),
    ],
)
async def test_the_facts_come_from_documents(shop: Shop, language: str, market: str, hours: str, free: str) -> None:
    facts = await asking(shop).speaking(language, market)("shop_facts")
    assert (facts.hours_text, facts.return_days, facts.open_now) == (hours, 14, True)
    assert facts.free_from_text.replace("\u00a0", " ").replace("1 500 CZK", "1,500 CZK") == free
    assert facts.help_url == f"https://zrnko.example/{language}/help"
    assert "14:00" in facts.cut_off_text


async def test_it_greets_with_what_matters_most(shop: Shop) -> None:
    order = await shop.placed([(shop.variant, 1)])
    assert order.customer_id
    ask = asking(shop).as_customer(order.customer_id)
    greeted = await ask("my_greeting")
    assert (greeted.kind, greeted.order_number) == ("ships_today", order.number)
    assert greeted.text == f"Vaše objednávka {order.number} dnes odchází."
    async with shop.database.transaction() as db:
        picked = await start_picking(db, order.id, actor=AGENT, now=NOON)
        await ship(db, picked.fulfilments[0].id, tracking_number="PKT1001", actor=AGENT, now=NOON)
    assert (await ask("my_greeting")).kind == "parcel"
    stranger = asking(shop).as_customer(order.customer_id, proven=False)
    assert (await stranger("my_greeting")).kind == ""
    cart = await asking(shop)("add_to_cart", sku="BEANS")
    left = await asking(shop).holding(cart.cart_id)("my_greeting")
    assert (left.kind, left.text) == ("cart", "V košíku máte 1 × Product BEANS.")
