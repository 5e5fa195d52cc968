"""A customer's story on the desk: what is written down, what stands behind it, narrowing, looking through, paging."""

import importlib
import pkgutil
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import async_playwright, expect

import kupec
from kupec.customers import (
    Contact,
    InteractionKind,
    NewInteraction,
    PageView,
    Proof,
    add_alias,
    give_consent,
    identify,
    know_visitor,
    log_interaction,
    record_views,
)
from kupec.customers.events import CustomerChanged
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.events import Happened, Payload, emit
from kupec.web.desk.gate import SESSION_COOKIE
from kupec.web.desk.sentences import ICONS, SENTENCES
from kupec.web.desk.story_groups import GROUPS, HOUSE, group_of, names_in
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, Person, open_desk, order_of, words
from tests.web.test_desk_live import CHROMIUM, FLAGS, WIDE, needs_browser

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")
PRAGUE = ZoneInfo("Europe/Prague")


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def jana(desk: Desk, email: str = "jana@example.com", phone: str | None = "+420601234567") -> UUID:
    contact = Contact(email=email, name="Jana Nová", phone=phone, language="cs")
    async with desk.site.database.transaction() as db:
        (found,) = await identify(db, [contact], now=NOON - timedelta(days=9), actor=TEST)
    return found


def entries(page: str) -> list[str]:
    """What the story says, an entry each."""
    story = page[page.index('id="history"') :]
    return [
        words(entry) for entry in re.findall(r'<li id="event-\d+">(.*?)</li>\s*(?=<li id="event|</ol>)', story, re.S)
    ]


async def write_down(person: Person, customer: UUID, **fields: str) -> str:
    return await person.done(f"/desk/customers/{customer}/interactions", {"kind": "call:in", **fields})


# --- writing down ------------------------------------------------------------------------------------


async def test_a_call_is_written_down_with_its_author_and_channel(desk: Desk) -> None:
    customer = await jana(desk)
    agent = await desk.signed_in("agent")
    page = await write_down(agent, customer, text="Chce víc kávy.\nA mlýnek.", minutes="3", outcome="objedná")
    newest = entries(page)[0]
    assert newest.startswith("Called us Chce víc kávy. A mlýnek.")
    assert "Some agent · phone" in newest
    assert "Outcome objedná" in newest
    assert "3 minutes" in newest
    assert "It is written down." in words(page)
    assert await desk.fetchval("select count(*) from task") == 0


async def test_it_may_have_happened_earlier_but_not_later(desk: Desk) -> None:
    customer = await jana(desk)
    agent = await desk.signed_in("agent")
    earlier = (NOON - timedelta(days=1)).astimezone(PRAGUE)
    await write_down(agent, customer, when=earlier.strftime("%Y-%m-%dT%H:%M"), kind="visit")
    assert await desk.fetchval("select happened_at from interaction") == earlier
    assert await desk.fetchval("select channel from interaction") == "counter"
    path = f"/desk/customers/{customer}/interactions"
    for fields, said in (
        ({"when": "2099-01-01T10:00"}, "a moment that has been"),
        ({"when": "yesterday"}, "a moment that has been"),
        ({"remind": "2001-01-01"}, "a day from today on"),
        ({"outcome": "x" * 301}, "at most 300 characters"),
    ):
        answer = await agent.post(path, {"kind": "call:in", "text": "kept words", **fields})
        assert answer.status_code == 422, fields
        assert said in words(answer.text)
        assert "kept words" in answer.text
    assert await desk.fetchval("select count(*) from interaction") == 1


async def test_a_reminder_is_a_task_of_whoever_wrote(desk: Desk) -> None:
    customer = await jana(desk)
    agent = await desk.signed_in("agent")
    day = (NOON + timedelta(days=3)).astimezone(PRAGUE)
    page = await write_down(agent, customer, remind=day.date().isoformat())
    assert "Follow up with Jana Nová" in words(page)
    assert agent.staff is not None
    async with desk.site.database.reading() as db:
        task = await db.fetchrow("select assignee_id, due_at, customer_id from task")
    assert task is not None
    assert (task["assignee_id"], task["customer_id"]) == (agent.staff.id, customer)
    assert task["due_at"].astimezone(PRAGUE) == day.replace(hour=9, minute=0, second=0, microsecond=0)


async def test_who_may_only_read_writes_nothing_down(desk: Desk) -> None:
    customer = await jana(desk)
    reader = await desk.signed_in("warehouse")
    page = await reader.get(f"/desk/customers/{customer}")
    assert 'id="log"' not in page.text
    answer = await reader.post(f"/desk/customers/{customer}/interactions", {"kind": "call:in"})
    assert answer.status_code == 403
    assert await desk.fetchval("select count(*) from interaction") == 0


async def test_a_record_is_corrected_and_removed_in_the_open(desk: Desk) -> None:
    customer, other = await jana(desk), await jana(desk, "petr@example.com", None)
    agent = await desk.signed_in("agent")
    await write_down(agent, customer, text="Dva kilogramy")
    interaction = await desk.fetchval("select id from interaction")
    path = f"/desk/customers/{customer}/interactions/{interaction}"
    assert (await agent.get(f"/desk/customers/{other}/interactions/{interaction}")).status_code == 404
    desk.shop.clock.move(timedelta(minutes=1))
    page = await agent.done(path, {"text": "Tři kilogramy", "outcome": "", "minutes": ""})
    assert "A record of a talk was corrected" in entries(page)[0]
    assert "Tři kilogramy" in entries(page)[1]
    assert "Dva kilogramy" in words(await agent.page(path))
    page = await agent.done(f"{path}/remove")
    assert "A record of a talk was removed" in entries(page)[0]
    assert "kilogramy" not in page
    assert "The record was removed." in words(page)
    assert (await agent.get(path)).status_code == 404


# --- who calls ---------------------------------------------------------------------------------------


async def test_a_number_leads_to_its_customer(desk: Desk) -> None:
    customer = await jana(desk)
    agent = await desk.signed_in("agent")
    for number in ("%2B420601234567", "601%20234%20567", "00420601234567", "jana@example.com"):
        answer = await agent.get(f"/desk/call?number={number}")
        assert answer.headers["location"] == f"/desk/customers/{customer}?log=call%3Ain#log"


async def test_of_a_stranger_a_customer_is_made_who_brings_their_calls(desk: Desk) -> None:
    agent = await desk.signed_in("agent")
    async with desk.site.database.transaction() as db:
        call = NewInteraction(
            kind="call", direction="in", happened_at=NOON - timedelta(hours=2), phone="+420777000111", text="Ozve se"
        )
        await log_interaction(db, call, actor=TEST, now=NOON)
    page = words(await agent.page("/desk/call?number=777000111"))
    assert "Nobody has +420777000111 yet." in page
    assert "Ozve se" in page
    assert "neither a phone number" in words(await agent.page("/desk/call?number=12"))
    made = await agent.done("/desk/call", {"number": "777 000 111", "name": "Karel Nový", "language": "cs"})
    assert "Karel Nový" in made
    assert [entry.split(" Ozve se")[0] for entry in entries(made)].count("Called us") == 1
    assert await desk.fetchval("select value from contact_point") == "+420777000111"
    again = await agent.post("/desk/call", {"number": "777000111", "name": "Someone else"})
    assert again.status_code in (409, 422)
    assert await desk.fetchval("select count(*) from party where name = 'Someone else'") == 0


# --- what stands behind, narrowing, looking through --------------------------------------------------


async def visited(db: Connection, customer: UUID) -> None:
    visitor = uuid4()
    guest = Actor(kind="guest", id=str(visitor))
    await give_consent(db, visitor, "analytics", proof=Proof(how="visit"), actor=guest, now=NOON - timedelta(days=2))
    seen = [
        PageView(
            visitor_id=visitor, at=NOON - timedelta(days=1), kind="page", path="/cs", campaign="jaro", source="mail"
        ),
        PageView(
            visitor_id=visitor,
            at=NOON - timedelta(days=1) + timedelta(minutes=5),
            kind="search",
            path="/cs/search",
            text="Mlýnek na kávu",
        ),
    ]
    await record_views(db, seen)
    await know_visitor(db, visitor, customer, now=NOON)


async def test_a_visit_tells_what_was_seen_and_where_from(desk: Desk) -> None:
    customer = await jana(desk)
    async with desk.site.database.transaction() as db:
        await visited(db, customer)
    agent = await desk.signed_in("agent")
    page = await agent.page(f"/desk/customers/{customer}?kind=visits")
    visit = next(entry for entry in entries(page) if entry.startswith("Visited"))
    assert "2 pages · 5 minutes · mail · jaro" in visit
    assert "search „Mlýnek na kávu“" in visit
    assert "customer · web shop" in visit


async def test_a_story_is_narrowed_by_kinds_in_the_address(desk: Desk) -> None:
    order = await order_of(desk)
    customer = await desk.fetchval("select customer_id from sales_order where id = $1", order)
    agent = await desk.signed_in("agent")
    await write_down(agent, customer, text="volá")
    await write_down(agent, customer, text="stojí tu", kind="visit")
    path = f"/desk/customers/{customer}"
    everything = entries(await agent.page(path))
    talks = entries(await agent.page(f"{path}?kind=talks"))
    counter = entries(await agent.page(f"{path}?kind=counter"))
    both = entries(await agent.page(f"{path}?kind=talks&kind=counter"))
    orders = entries(await agent.page(f"{path}?kind=orders"))
    assert [entry.split(" ")[0] for entry in talks if "mail" not in entry.lower()] == ["Called"]
    assert [entry.split(" ")[0] for entry in counter] == ["Came"]
    assert len(both) == len(talks) + 1
    assert orders
    assert all("rder" in entry for entry in orders)
    assert "Lines of the order" in orders[0]
    assert set(talks) | set(counter) | set(orders) < set(everything)
    assert entries(await agent.page(f"{path}?kind=nonsense")) == everything
    page = await agent.page(f"{path}?kind=devices")
    assert "Nothing of the kind has happened." in words(page)


async def test_a_story_is_looked_through_and_only_this_one(desk: Desk) -> None:
    order = await order_of(desk)
    async with desk.site.database.reading() as db:
        row = await db.fetchrow("select customer_id, number, total from sales_order where id = $1", order)
    assert row is not None
    customer, stranger = row["customer_id"], await jana(desk, "petr@example.com", None)
    agent = await desk.signed_in("agent")
    await write_down(agent, customer, text="Ptala se na Mlýnek")
    await write_down(agent, stranger, text="Mlýnek je rozbitý")
    async with desk.site.database.transaction() as db:
        await visited(db, customer)
    path = f"/desk/customers/{customer}?find="
    found = entries(await agent.page(f"{path}mlynek"))
    assert sorted(entry.split(" ")[0] for entry in found) == ["Called", "Visited"]
    assert any(row["number"] in entry for entry in entries(await agent.page(f"{path}{row['number']}")))
    by_amount = entries(await agent.page(f"{path}{row['total'] / 100:.2f}"))
    assert any("placed for" in entry for entry in by_amount)
    assert all(
        "called us" in entry.lower() or "interaction" in entry for entry in entries(await agent.page(f"{path}ptala"))
    )
    narrowed = entries(await agent.page(f"{path}mlynek&kind=visits"))
    assert [entry.split(" ")[0] for entry in narrowed] == ["Visited"]
    for odd in ("%25", "%5C%5C", "zzzz", "x" * 300):
        assert entries(await agent.page(f"{path}{odd}")) == [], odd
    reminder = words(await agent.page(f"{path}parcel"))
    assert "Nothing of the kind" in reminder


async def test_pages_of_a_narrowed_story_lose_and_double_nothing(desk: Desk) -> None:
    customer, absorbed = await jana(desk), await jana(desk, "old@example.com", None)
    async with desk.site.database.transaction() as db:
        await add_alias(db, absorbed, customer, "merged", now=NOON)
        happened = [
            Happened(
                payload=CustomerChanged(fields=["name"]),
                subject=f"customer:{owner}",
                customer_id=owner,
                occurred_at=NOON - timedelta(minutes=number // 3),
            )
            for number in range(70)
            for owner in (customer, absorbed)
        ]
        await emit(db, happened, actor=TEST)
    agent = await desk.signed_in("agent")
    await write_down(agent, customer)
    path: str | None = f"/desk/customers/{customer}?kind=person"
    shown: list[str] = []
    pages = 0
    while path:
        page = await agent.page(path)
        pages += 1
        shown += re.findall(r'<li id="event-(\d+)">', page)
        older = re.search(r'rel="next" href="(/desk/customers/[^"#]+until[^"#]+)', page)
        path = older[1].replace("&amp;", "&") if older else None
        if path and pages == 1:
            await write_down(agent, customer)  # what comes meanwhile moves nothing
    expected = await desk.fetchval(
        "select count(*) from event where name in ('customer.changed', 'customer.created') and customer_id = any($1)",
        [customer, absorbed],
    )
    assert len(shown) == len(set(shown)) == expected == 142
    assert pages == 5


async def test_the_story_listens_for_all_ids_of_its_customer_while_it_is_the_newest(desk: Desk) -> None:
    customer, absorbed = await jana(desk), await jana(desk, "old@example.com", None)
    async with desk.site.database.transaction() as db:
        await add_alias(db, absorbed, customer, "merged", now=NOON)
    agent = await desk.signed_in("agent")
    page = await agent.page(f"/desk/customers/{customer}")
    assert f'data-live="of:{customer} of:{absorbed}"' in page
    older = await agent.page(f"/desk/customers/{customer}?until=2099-01-01T00:00:00%2B00:00_1")
    assert "of:" not in older


@needs_browser
async def test_new_entries_appear_by_themselves_and_only_what_was_asked_for(desk: Desk) -> None:
    customer, other = await jana(desk), await jana(desk, "petr@example.com", None)
    agent = await desk.signed_in("agent")

    async def call(who: UUID, text: str, kind: InteractionKind = "call") -> None:
        async with desk.site.database.transaction() as db:
            new = NewInteraction(kind=kind, happened_at=NOON, party_id=who, text=text)
            await log_interaction(db, new, actor=TEST, now=NOON)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM or None, args=FLAGS)
        context = await browser.new_context(viewport=WIDE)
        session = agent.http.cookies.get(SESSION_COOKIE) or ""
        await context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": f"{desk.url}/desk"}])
        page = await context.new_page()
        await page.goto(f"{desk.url}/desk/customers/{customer}?kind=talks")
        story = page.locator("#history")
        await expect(story).to_contain_text("Nothing of the kind has happened.")
        await page.locator("#talk\\.text").fill("half a sentence")
        await call(other, "of somebody else")
        await call(customer, "at the counter", "visit")
        await call(customer, "the first")
        await expect(story).to_contain_text("the first")
        await call(customer, "the second")
        await expect(story.locator("li").first).to_contain_text("the second")
        said = await story.inner_text()
        assert "of somebody else" not in said
        assert "at the counter" not in said
        await expect(page.locator("#talk\\.text")).to_have_value("half a sentence")
        # Three clicks: what it was, what was said, save.
        await page.get_by_text("We called", exact=True).click()
        await page.locator("#talk\\.text").fill("a whole one")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("#history li").first).to_contain_text("We called")
        await browser.close()


# --- every event -------------------------------------------------------------------------------------


def every_payload(root: type[Payload] = Payload) -> Iterator[type[Payload]]:
    for child in root.__subclasses__():
        yield child
        yield from every_payload(child)


def every_name() -> set[str]:
    for module in pkgutil.walk_packages(kupec.__path__, "kupec."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {
        child.name
        for child in every_payload()
        if child.__module__.startswith("kupec.") and "." in getattr(child, "name", "")
    }


def test_every_event_has_a_sentence_an_icon_and_a_place_in_the_filters() -> None:
    names = every_name()
    assert len(names) > 150
    assert sorted(name for name in names if name not in SENTENCES) == []
    assert sorted(name for name in names if name not in ICONS and name.partition(".")[0] not in ICONS) == []
    assert sorted(name for name in names if group_of(name) is None and name.partition(".")[0] not in HOUSE) == []
    assert not HOUSE & {kind for group in GROUPS for kind in group.kinds}


def test_every_name_is_in_one_group_and_the_groups_cover_what_is_a_customers() -> None:
    found = [name for group in GROUPS for name in names_in([group.key]) or []]
    assert len(found) == len(set(found))
    assert {"order.placed", "parcel.late", "order.shipped", "interaction.logged@counter", "visit.started"} <= set(found)
    assert group_of("order.shipped") == "shipments"
    assert group_of("order.refunded") == "payments"
    assert group_of("order.placed") == "orders"
    assert group_of("stock.moved") is None
    assert names_in([]) is None
    assert names_in(["nonsense"]) is None
