"""Customers, tasks, outbox and system on the desk."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from kupec.customers import Contact, identify, open_task
from kupec.kit.actor import system
from kupec.kit.events import COLUMNS, Event
from kupec.kit.ids import uuid7
from kupec.outreach import Sender, write_mails
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, open_desk, order_of, words

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")
SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="http://localhost:8000", secret="s")


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


# --- customers -----------------------------------------------------------------------------------


async def customer(desk: Desk, name: str, email: str) -> UUID:
    contact = Contact(email=email, name=name, phone="+420 601 234 567", language="cs")
    async with desk.site.database.transaction() as db:
        return (await identify(db, [contact], now=NOON, actor=TEST))[0]


async def test_customers_are_found_without_accents_and_opened(desk: Desk) -> None:
    jana = await customer(desk, "Jana Nováková", "jana.n@example.com")
    await customer(desk, "Petr Dvořák", "petr@example.com")
    person = await desk.signed_in("agent")
    page = await person.page("/desk/customers?q=novakova")
    assert re.findall(r"<a data-row [^>]*>([^<]+)</a>", page) == ["Jana Nováková"]
    said = words(await person.page(f"/desk/customers/{jana}?q=novakova"))
    assert "jana.n@example.com" in said
    assert "+420601234567" in said
    assert "Became a customer" in said
    assert "Nobody fits" in words(await person.page("/desk/customers?q=nobody"))


async def test_a_customers_orders_and_story_stand_on_their_page(desk: Desk) -> None:
    order_id = await order_of(desk)
    buyer = await desk.fetchval("select customer_id from sales_order where id = $1", order_id)
    person = await desk.signed_in("agent")
    page = await person.page(f"/desk/customers/{buyer}")
    assert f'href="/desk/orders/{order_id}"' in page
    assert "Order Z10001 placed for" in words(page)
    assert "customer · web shop" in words(page)


async def test_a_long_story_is_walked_to_its_beginning(desk: Desk) -> None:
    jana = await customer(desk, "Jana", "jana@example.com")
    async with desk.site.database.transaction() as db:
        await db.execute(
            """insert into event (occurred_at, name, actor, origin, customer_id, subject, payload)
               select $1::timestamptz - (n / 3) * interval '1 hour', 'odd.event' || n, 'system:x', 'imported', $2,
                      'x:1', '{}'
               from generate_series(1, 130) as n""",
            NOON,
            jana,
        )
    person = await desk.signed_in("agent")
    path, seen, imported = f"/desk/customers/{jana}", list[str](), 0
    while path:
        page = await person.page(path)
        seen += re.findall(r"<p>(odd\.event\d+)</p>", page)
        imported += page.count('<span class="badge">imported</span>')
        older = re.search(r'rel="next" href="([^"#]+until=[^"#]+)', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == imported == 130


async def test_a_customer_without_a_name_can_still_be_opened(desk: Desk) -> None:
    nobody = await customer(desk, "", "x@example.com")
    await desk.site.database.pool.execute("update party set name = ''")
    person = await desk.signed_in("agent", "pl")
    assert "Bez nazwy" in words(await person.page("/desk/customers"))
    assert "Bez nazwy" in words(await person.page(f"/desk/customers/{nobody}"))


# --- tasks ---------------------------------------------------------------------------------------


async def test_a_task_is_finished_with_an_outcome(desk: Desk) -> None:
    order_id = await order_of(desk)
    async with desk.site.database.transaction() as db:
        task = await open_task(
            db,
            key=None,
            title="Look at {amount}",
            details={"amount": 498000, "currency": "CZK", "code": "vanished"},
            subject=f"order:{order_id}",
            customer_id=None,
            due_at=NOON - timedelta(hours=2),
            actor=TEST,
            now=NOON,
        )
    person = await desk.signed_in("warehouse")
    said = words(await person.page("/desk/tasks"))
    assert "Look at 4,980 CZK" in said
    assert "due 2 hours ago 4,980 CZK the card gateway no longer knows this payment" in said
    refused = await person.post(f"/desk/tasks/{task.id}/finish", {"outcome": " "})
    assert refused.status_code == 422
    assert f'id="{task.id}.outcome-error"' in refused.text
    said = words(await person.done(f"/desk/tasks/{task.id}/finish", {"outcome": "called them"}))
    assert "Nothing to do" in said
    assert "called them" in words(await person.page("/desk/tasks?done=1"))
    assert "Task done: called them" in words(await person.page(f"/desk/orders/{order_id}"))


async def test_a_title_is_never_markup_nor_a_format_trap(desk: Desk) -> None:
    async with desk.site.database.transaction() as db:
        for title in ("<b>{0}</b>", "{missing} %(x)s", "{a.__class__}"):
            await open_task(
                db,
                key=None,
                title=title,
                details={"a": "<i>"},
                subject="x:1",
                customer_id=None,
                due_at=NOON,
                actor=TEST,
                now=NOON,
            )
    person = await desk.signed_in("agent")
    page = await person.page("/desk/tasks")
    assert "&lt;b&gt;{0}&lt;/b&gt;" in page
    assert "{missing} %(x)s" in page
    assert "<b>" not in page


# --- outbox --------------------------------------------------------------------------------------


async def written_mail(desk: Desk) -> UUID:
    await order_of(desk)
    async with desk.site.database.transaction() as db:
        rows = await db.fetch(f"select {COLUMNS} from event where name = 'order.placed'")
        await write_mails(db, [Event(**dict(row)) for row in rows], sender=SENDER)
        found: UUID = await db.fetchval("select id from mail")
    return found


async def test_a_mail_is_shown_as_its_reader_sees_it(desk: Desk) -> None:
    mail_id = await written_mail(desk)
    person = await desk.signed_in("agent")
    said = words(await person.page("/desk/outbox"))
    assert "Vaše objednávka Z10001" in said
    assert "No mail server is set" in said
    page = await person.get(f"/desk/outbox/{mail_id}")
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "Celkem s DPH" in words(page.text)
    frame = await person.get(f"/desk/outbox/{mail_id}/html")
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "script" not in policy
    assert "default-src 'none'" in policy
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"
    assert "Z10001" in frame.text


async def test_only_a_failed_mail_is_sent_again_and_only_by_an_owner(desk: Desk) -> None:
    mail_id = await written_mail(desk)
    owner, manager = await desk.signed_in("owner"), await desk.signed_in("manager")
    said = words(await owner.done(f"/desk/outbox/{mail_id}/retry"))
    assert "There is no such failed mail." in said
    await desk.site.database.pool.execute("update mail set state = 'failed', error = 'no such user'")
    assert "Send again" not in words(await manager.page(f"/desk/outbox/{mail_id}"))
    assert (await manager.post(f"/desk/outbox/{mail_id}/retry")).status_code == 403
    said = words(await owner.done(f"/desk/outbox/{mail_id}/retry"))
    assert "The mail will be sent again in a moment." in said
    assert await desk.fetchval("select state from mail") == "queued"


# --- system --------------------------------------------------------------------------------------


async def trouble(desk: Desk) -> UUID:
    """An event set aside, a job given up, a failed webhook, a payment to look at."""
    await order_of(desk)
    job_id = uuid7()
    async with desk.site.database.transaction() as db:
        await db.execute("insert into subscriber (name, xid, id) values ('outreach.mails', '0', 0)")
        await db.execute(
            """insert into event_set_aside (subscriber, event_id, subject, error, attempts, next_try_at)
               select 'outreach.mails', id, subject, 'KeyError: <b>', 3, $1 from event where name = 'order.placed'""",
            NOON + timedelta(hours=1),
        )
        await db.execute(
            """insert into job (id, name, payload, state, attempts, error, due_at)
               values ($1, 'send_mails', '{}', 'failed', 10, 'MailNotSent', $2)""",
            job_id,
            NOON,
        )
        await db.execute(
            """insert into webhook_delivery
                      (id, source, external_id, received_at, headers, body, state, error, next_try_at)
               values ($1, 'sandbox', 'evt_1', $2, '{}', '', 'failed', 'ValueError', 'infinity')""",
            job_id,
            NOON,
        )
        await db.execute("update payment set problem = 'captured_unwanted'")
    return job_id


async def test_the_system_is_well_when_nothing_waits(desk: Desk) -> None:
    person = await desk.signed_in("manager", "cs")
    said = words(await person.page("/desk/system"))
    assert "Vše je v pořádku" in said
    assert "Kupec 0.1.0 · PostgreSQL" in said
    assert "Some manager manager-cs@zrnko.example Vedoucí Čeština" in said


async def test_what_stands_aside_is_shown_and_tried_again(desk: Desk) -> None:
    job_id = await trouble(desk)
    person = await desk.signed_in("owner")
    page = await person.page("/desk/system")
    said = words(page)
    for expected in (
        "Something needs a look.",
        "send_mails",
        "evt_1",
        "money was taken for an order that is not placed",
    ):
        assert expected in said
    assert "KeyError: &lt;b&gt;" in page
    subject = await desk.fetchval("select subject from event_set_aside")
    wishes = (
        {"what": "event", "subscriber": "outreach.mails", "subject": subject},
        {"what": "job", "id": str(job_id)},
        {"what": "webhook", "id": str(job_id)},
    )
    for wish in wishes:
        assert "It will be tried again in a moment." in words(await person.done("/desk/system/retry", wish))
    assert await desk.fetchval("select next_try_at < $1 from event_set_aside", NOON)
    assert await desk.fetchval("select state from job where id = $1", job_id) == "waiting"
    assert await desk.fetchval("select state from webhook_delivery") == "received"
    assert await desk.fetchval("select count(*) from event where name = 'system.retry_requested'") == 3
    gone = await person.done("/desk/system/retry", {"what": "job", "id": str(uuid4())})
    assert "This is not waiting any more." in words(gone)
    assert (await person.post("/desk/system/retry", {"what": "all"})).status_code == 422


async def test_a_manager_sees_the_system_but_repeats_nothing(desk: Desk) -> None:
    job_id = await trouble(desk)
    person = await desk.signed_in("manager")
    assert "Try again" not in words(await person.page("/desk/system"))
    answer = await person.post("/desk/system/retry", {"what": "job", "id": str(job_id)})
    assert answer.status_code == 403
    assert await desk.fetchval("select state from job where id = $1", job_id) == "failed"
