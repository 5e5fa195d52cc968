"""The tasks board, teams, calendars and rules at the desk, over real HTTP; and a reminder that appears by itself."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar
from playwright.async_api import expect

from kupec.customers import Contact, identify, open_task, remind_tasks
from kupec.kit.actor import system
from kupec.kit.ids import uuid7
from kupec.staff import Staff
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, Person, open_desk, words
from tests.web.test_desk_live import Browse, browse, needs_browser

__all__ = ["browse", "gateway", "session_gateway", "shop"]

TEST = system("test")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def customer(desk: Desk, name: str = "Jana Nováková", email: str = "jana@example.com") -> UUID:
    contact = Contact(email=email, name=name, language="cs")
    async with desk.site.database.transaction() as db:
        return (await identify(db, [contact], now=NOON, actor=TEST))[0]


async def a_task(desk: Desk, title: str = "Call", due: timedelta = HOUR, **more: Any) -> UUID:
    values = {"key": None, "details": {}, "subject": "desk:tasks", "customer_id": None, **more}
    async with desk.site.database.transaction() as db:
        task = await open_task(db, title=title, due_at=NOON + due, actor=TEST, now=NOON - DAY, **values)
    return task.id


def me(person: Person) -> Staff:
    assert person.staff is not None
    return person.staff


def fields(**more: str) -> dict[str, str]:
    typed = {"title": "Call about beans", "due_day": "2026-11-30", "due_time": "09:30", "priority": "high"}
    return {**typed, "assignee": "", "unit": "", "every": "1", **more}


# --- the board -----------------------------------------------------------------------------------


async def test_tasks_stand_under_their_day_and_views_narrow_them(desk: Desk) -> None:
    person, other = await desk.signed_in("agent"), await desk.hire("manager")
    await a_task(desk, "Late", -2 * HOUR)
    await a_task(desk, "Soon", 2 * HOUR, assignee_id=me(person).id)
    await a_task(desk, "Next day", DAY, priority="urgent")
    await a_task(desk, "Far", 40 * DAY)
    await a_task(desk, "Another's", HOUR, assignee_id=other.id)
    page = await person.page("/desk/tasks")
    assert re.findall(r'<h2 class="task-day" id="day-(\w+)"', page) == ["overdue", "today", "tomorrow", "later"]
    assert "Another's" not in words(page)
    assert "Another&#39;s" in await person.page("/desk/tasks?view=all")
    assert re.findall(r"<a data-row [^>]*>([^<]+)</a>", await person.page("/desk/tasks?view=overdue")) == ["Late"]
    urgent = await person.page("/desk/tasks?view=all&priority=urgent")
    assert re.findall(r"<a data-row [^>]*>([^<]+)</a>", urgent) == ["Next day"]
    theirs = await person.page(f"/desk/tasks?view=all&who=staff:{other.id}")
    assert re.findall(r"<a data-row [^>]*>([^<]+)</a>", theirs) == ["Another&#39;s"]


async def test_a_task_is_planned_for_a_customer_that_was_searched_for(desk: Desk) -> None:
    jana = await customer(desk)
    await customer(desk, "Jana Dvořáková", "jd@example.com")
    person = await desk.signed_in("agent")
    found = await person.post("/desk/tasks/new", fields(who="jana", do="find"))
    assert found.status_code == 200
    assert "Which one?" in words(found.text)
    assert await desk.fetchval("select count(*) from task") == 0
    said = words(await person.done("/desk/tasks/new", fields(who="novak", note="Two kilos", remind="60")))
    assert "The task is planned." in said
    assert "Two kilos" in said
    row = await desk.site.database.pool.fetchrow("select * from task")
    assert row is not None
    assert (row["customer_id"], row["subject"], row["priority"]) == (jana, f"customer:{jana}", "high")
    assert row["due_at"] == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)  # by Prague's clock
    assert row["remind_before"] == [60]
    assert "Call about beans" in words(await person.page(f"/desk/customers/{jana}"))


async def test_a_recurring_task_says_its_next_days_before_it_is_kept(desk: Desk) -> None:
    person = await desk.signed_in("agent")
    weekly = fields(unit="week", every="2", due_day="2026-11-30", do="preview")
    shown = await person.post("/desk/tasks/new", weekly)
    assert "Comes on 30 Nov 09:30 , 14 Dec 09:30 , 28 Dec 09:30" in words(shown.text)
    said = words(await person.done("/desk/tasks/new", {**weekly, "do": ""}))
    assert "every 2 weeks: Monday, until further notice, 09:30" in said
    task_id = await desk.fetchval("select id from task")
    await person.done(f"/desk/tasks/{task_id}/pass")
    assert await desk.fetchval("select count(*) from task where ended is null and number = 2") == 1
    assert await desk.events("desk:tasks") == ["task.opened", "task.opened", "task.cancelled"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "task.title"),
        ({"due_day": "31.11."}, "task.due_day"),
        ({"due_time": "25:00"}, "task.due_time"),
        ({"priority": "huge"}, "task.priority"),
        ({"assignee": f"staff:{uuid7()}"}, "task.assignee"),
        ({"who": "nobody of that name"}, "task.who"),
        ({"portal": "on"}, "task.customer"),
        ({"remind": "99999"}, "task.remind_before"),
        ({"unit": "week", "every": "0"}, "task.every"),
        ({"unit": "fortnight"}, "task.unit"),
        ({"unit": "day", "until": "2026-01-01"}, "task.until"),
    ],
)
async def test_wrong_input_is_named_beside_its_field(desk: Desk, wrong: dict[str, str], field: str) -> None:
    person = await desk.signed_in("agent")
    answer = await person.post("/desk/tasks/new", fields(**wrong))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert await desk.fetchval("select count(*) from task") == 0


async def test_a_task_is_changed_postponed_taken_and_cancelled(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    task_id = await a_task(desk, due=-2 * DAY)
    await person.done(f"/desk/tasks/{task_id}/postpone", {"to": "tomorrow"})
    assert await desk.fetchval("select due_at from task") == NOON + DAY
    await person.done(f"/desk/tasks/{task_id}/postpone", {"to": "week"})
    assert (await desk.fetchval("select due_at from task")).weekday() == 0
    await person.done(f"/desk/tasks/{task_id}/take")
    assert await desk.fetchval("select assignee_id from task") == me(person).id
    said = words(await person.done(f"/desk/tasks/{task_id}", fields(assignee=f"staff:{me(person).id}", title="Visit")))
    assert "Visit" in said
    assert "Task changed: what is to be done, due time, priority" in said
    refused = await person.post(f"/desk/tasks/{task_id}", fields(title=""))
    assert (refused.status_code, 'id="task.title-error"' in refused.text) == (422, True)
    await person.done(f"/desk/tasks/{task_id}/cancel")
    assert "cancelled" in words(await person.page("/desk/tasks?view=done"))


async def test_the_warehouse_sees_what_is_theirs(desk: Desk) -> None:
    jana, person = await customer(desk), await desk.signed_in("warehouse")
    other = await desk.hire("agent")
    mine = await a_task(desk, "Mine", assignee_id=me(person).id)
    hidden = await a_task(desk, "Theirs", assignee_id=other.id)
    private = await a_task(desk, "Private", subject=f"customer:{jana}", customer_id=jana)
    page = words(await person.page("/desk/tasks?view=all"))
    assert "Mine" in page
    assert "Theirs" not in page
    assert "Private" not in page
    for task_id in (hidden, private):
        assert (await person.get(f"/desk/tasks/{task_id}")).status_code == 404
        await person.done(f"/desk/tasks/{task_id}/finish", {"outcome": "x"})
    assert await desk.fetchval("select count(*) from task where done_at is not null") == 0
    await person.done(f"/desk/tasks/{mine}/finish", {"outcome": "x"})


# --- reminders, calendars, teams -----------------------------------------------------------------


async def test_a_reminder_stands_on_every_page_until_it_is_put_away(desk: Desk) -> None:
    person = await desk.signed_in("agent")
    task_id = await a_task(desk, "Call Jana", HOUR, assignee_id=me(person).id, remind_before=[60])
    assert 'id="reminder-' not in await person.page("/desk/orders")
    async with desk.site.database.transaction() as db:
        assert await remind_tasks(db, NOON, 100) == 1
    assert f'id="reminder-{task_id}"' in await person.page("/desk/orders")
    other = await desk.signed_in("manager")
    assert 'id="reminder-' not in await other.page("/desk/orders")
    sent = await person.post("/desk/tasks/seen", {"task": str(task_id), "back": "/desk/orders"})
    assert sent.headers["location"] == "/desk/orders"
    assert 'id="reminder-' not in await person.page("/desk/orders")
    away = await person.post("/desk/tasks/seen", {"task": "x", "back": "https://evil.example/"})
    assert away.headers["location"] == "/desk"


async def test_a_calendar_follows_the_tasks_until_its_address_is_taken_back(desk: Desk) -> None:
    person = await desk.signed_in("agent", "cs")
    title = "Zavolat; káva, \\ „dvě“\nřádky — " + "ř" * 90
    jana = await customer(desk)
    await a_task(
        desk,
        title,
        DAY,
        assignee_id=me(person).id,
        remind_before=[60, 1440],
        customer_id=jana,
        priority="urgent",
        subject=f"customer:{jana}",
        details={"note": "Note, with; signs"},
    )
    await a_task(desk, "Nobody's", DAY)
    made = await person.post("/desk/tasks/calendar", {"do": "open"})
    address = re.search(r'value="(http[^"]+\.ics)"', made.text)
    assert address
    feed = await desk.stranger().get(address[1])
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in feed.content.split(b"\r\n"))
    (event,) = Calendar.from_ical(feed.content).walk("VEVENT")
    assert str(event["summary"]) == f"{title} (Jana Nováková)"
    assert event["dtstart"].dt == NOON + DAY
    assert event["dtstart"].to_ical().endswith(b"Z")
    assert int(event["priority"]) == 1
    assert [alarm["trigger"].dt for alarm in event.walk("VALARM")] == [-DAY, -HOUR]
    assert "Note, with; signs" in str(event["description"])
    again = await person.post("/desk/tasks/calendar", {"do": "open"})
    assert (await desk.stranger().get(address[1])).status_code == 404
    second = re.search(r'value="(http[^"]+\.ics)"', again.text)
    assert second
    assert (await desk.stranger().get(second[1])).status_code == 200
    await person.done("/desk/tasks/calendar", {"do": "end"})
    assert (await desk.stranger().get(second[1])).status_code == 404


async def test_due_times_go_by_the_clock_of_whoever_does_it(desk: Desk) -> None:
    person = await desk.signed_in("owner")
    refused = await person.post("/desk/tasks/calendar", {"do": "zone", "zone": "Mars/Olympus"})
    assert (refused.status_code, 'id="zone-error"' in refused.text) == (422, True)
    await person.done("/desk/tasks/calendar", {"do": "zone", "zone": "America/New_York"})
    await person.done("/desk/tasks/new", fields(assignee=f"staff:{me(person).id}"))
    assert await desk.fetchval("select due_at from task") == datetime(2026, 11, 30, 14, 30, tzinfo=UTC)


async def test_a_team_shares_its_tasks(desk: Desk) -> None:
    owner, member, stranger = await desk.signed_in("owner"), await desk.signed_in("warehouse"), await desk.hire("agent")
    await owner.done("/desk/tasks/teams", {"name": "Service", "member": str(me(member).id)})
    team_id = await desk.fetchval("select id from team")
    refused = await owner.post("/desk/tasks/teams", {"name": "Service"})
    assert (refused.status_code, 'id="new.name-error"' in refused.text) == (409, True)
    await owner.done("/desk/tasks/new", fields(assignee=f"team:{team_id}"))
    assert "Call about beans" in words(await member.page("/desk/tasks"))
    await owner.done(f"/desk/tasks/teams/{team_id}", {"name": "Service", "member": str(stranger.id)})
    assert "Call about beans" not in words(await member.page("/desk/tasks"))
    await owner.done(f"/desk/tasks/teams/{team_id}/remove")
    assert await desk.fetchval("select team_id from task") is None


# --- rules ---------------------------------------------------------------------------------------

RULE = {
    "name": "Call after delivery", "code": "after", "active": "on", "kind": "event",
    "event": "order.placed",
    "delay_days": "0", "do_what": "task", "title": "Call", "due_days": "1", "at": "10:00",
    "per": "customer", "seen": "",
}  # fmt: skip


async def test_a_rule_is_tried_kept_and_published(desk: Desk) -> None:
    jana, person = await customer(desk), await desk.signed_in("manager")
    assert "Has not ordered for twice the usual rhythm" in words(await person.page("/desk/rules"))
    await desk.site.database.pool.execute(
        """insert into event (occurred_at, recorded_at, name, actor, customer_id, subject, payload)
           select $1::timestamptz - n * interval '1 day', $1::timestamptz - n * interval '1 day', 'order.placed',
                  'system:x', $2, 'order:' || n, '{}' from generate_series(1, 3) as n""",
        *(NOON, jana),
    )
    tried = await person.post("/desk/rules/new", {**RULE, "per": "thing", "do": "try", "days": "30"})
    assert "In the last 30 days it would have acted 3 times, on 1 customer" in words(tried.text)
    assert "Jana Nováková" in words(tried.text)
    assert await desk.fetchval("select count(*) from document_version where kind = 'rules'") == 0
    drafted = words(await person.done("/desk/rules/new", {**RULE, "do": "draft"}))
    assert "Saved as a draft" in drafted
    assert "Version 1" in drafted
    said = words(await person.done("/desk/rules/new", {**RULE, "do": "publish"}))
    assert "Version 2 holds now." in said
    holds = str(await desk.fetchval("select id from document_version where kind = 'rules' and state = 'published'"))
    late = await person.post("/desk/rules/after", {**RULE, "do": "publish", "seen": ""})
    assert "changed by someone else" in words(await person.page(late.headers["location"]))
    await person.done("/desk/rules/after", {**RULE, "do": "remove", "seen": holds})
    assert (await person.get("/desk/rules/after")).status_code == 404
    assert "Version 3" in words(await person.page("/desk/settings/rules/rules"))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": "No way"}, "rule.code"),
        ({"code": "overdue-14"}, "rule.code"),
        ({"name": ""}, "rule.name"),
        ({"event": "no.such"}, "rule.event"),
        ({"delay_days": "9000"}, "rule.delay_days"),
        ({"delay_days": "x"}, "rule.delay_days"),
        ({"kind": "silence", "since": "order.placed", "without": "x", "silence_days": "3"}, "rule.without"),
        (
            {"kind": "silence", "since": "order.placed", "without": "task.done", "silence_days": "0"},
            "rule.silence_days",
        ),
        ({"kind": "rhythm", "times": "often"}, "rule.times"),
        ({"kind": "overdue", "overdue_days": "1000"}, "rule.overdue_days"),
        ({"title": ""}, "rule.title"),
        ({"at": "late"}, "rule.at"),
        ({"do_what": "message", "template": ""}, "rule.template"),
        ({"where.0.field": "total", "where.0.op": "above", "where.0.value": "lots"}, "rule.where.0.value"),
    ],
)
async def test_what_is_wrong_in_a_rule_stands_beside_its_field(desk: Desk, wrong: dict[str, str], field: str) -> None:
    person = await desk.signed_in("manager")
    answer = await person.post("/desk/rules/new", {**RULE, **wrong, "do": "publish"})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert await desk.fetchval("select count(*) from document_version where kind = 'rules'") == 0


@needs_browser
async def test_a_reminder_appears_by_itself_and_the_keyboard_walks_the_board(desk: Desk, browse: Browse) -> None:
    page = await browse.page("agent")
    mine = await desk.fetchval("select id from staff where role = 'agent'")
    task_id = await a_task(desk, "Call Jana", HOUR, assignee_id=mine, remind_before=[60])
    await a_task(desk, "Call Petr", DAY)
    await page.goto("/desk/orders")
    await expect(page.locator("#reminders li")).to_have_count(0)
    async with desk.site.database.transaction() as db:
        await remind_tasks(db, NOON, 100)
    await expect(page.locator("#reminders")).to_contain_text("Call Jana")
    await expect(page.locator("#spoken")).to_have_text("Reminder: Call Jana")
    await page.get_by_role("button", name="Put away").click()
    await expect(page.locator("#reminders li")).to_have_count(0)
    await page.goto("/desk/tasks")
    await page.keyboard.press("j")
    await page.keyboard.press("o")
    await expect(page.locator("#record h1")).to_have_text("Call Jana")
    await page.keyboard.press("j")
    await expect(page.locator("#record h1")).to_have_text("Call Petr")
    await page.keyboard.press("Escape")
    await page.locator(f"#task-{task_id}").get_by_label("How it ended").fill("called")
    await page.locator(f"#task-{task_id}").get_by_role("button", name="Done").click()
    await expect(page.get_by_text("The task is done.")).to_be_visible()
    assert await desk.fetchval("select outcome from task where id = $1", task_id) == "called"
    assert browse.complaints == []
