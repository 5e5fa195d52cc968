"""Customers, tasks, catalogue, stock, outbox and system on the desk."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from kupec.catalogue import ProductDraft, TextDraft, VariantDraft, create_product, reindex_all
from kupec.customers import Contact, identify, open_task
from kupec.kit.actor import system
from kupec.kit.events import COLUMNS, Event
from kupec.kit.ids import uuid7
from kupec.outreach import Sender, write_mails
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON
from tests.web.desk_client import Desk, Person, open_desk, order_of, words

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")
SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="http://localhost:8000", secret="s")
LONG_NAME = "Mlýnek s nastavitelnými keramickými kameny a názvem, který se nevejde na jediný řádek seznamu"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with shop.database.transaction() as db:
        await reindex_all(db)
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
            details={"amount": 498000, "currency": "CZK"},
            subject=f"order:{order_id}",
            customer_id=None,
            due_at=NOON - timedelta(hours=2),
            actor=TEST,
            now=NOON,
        )
    person = await desk.signed_in("warehouse")
    said = words(await person.page("/desk/tasks"))
    assert "Look at 4,980 CZK" in said
    assert "due 2 hours ago" in said
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


# --- catalogue and stock -------------------------------------------------------------------------


async def grinder(desk: Desk, name: str = LONG_NAME) -> UUID:
    draft = ProductDraft(
        external_id="GRIND",
        status="active",
        texts={"cs": TextDraft(name=name), "en": TextDraft(name="Grinder")},
        variants=[VariantDraft(sku="GRIND-1", prices={"CZK": 489000}, stock={"praha": 4})],
    )
    async with desk.site.database.transaction() as db:
        return await create_product(db, draft, actor=TEST, now=NOON)


async def form_of(person: Person, path: str) -> dict[str, str]:
    """The fields of the product's form as they stand on the page."""
    page = (await person.page(path)).split('id="product-form"')[1].split("</form>")[0]
    fields = {}
    for tag in re.findall(r"<input [^>]*>", page, re.DOTALL):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "form_token":
            fields[name[1]] = value[1] if value else ""
    fields |= dict(re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', page))
    chosen = re.search(r'<option value="(\w+)" selected', page)
    assert chosen
    return {**fields, "status": chosen[1]}


async def test_a_product_is_saved_as_it_was_typed(desk: Desk) -> None:
    product_id = await grinder(desk)
    person = await desk.signed_in("manager", "cs")
    path = f"/desk/catalogue/{product_id}"
    fields = await form_of(person, path)
    price = next(name for name in fields if name.startswith("price.") and name.endswith("CZK"))
    polish = price.replace("CZK", "PLN")
    assert (fields["name.cs"], fields["name.pl"], fields["status"]) == (LONG_NAME, "", "active")
    assert (fields[price], fields[polish]) == ("4890", "")
    unchanged = await person.done(path, fields)
    assert "Uloženo." in words(unchanged)
    assert await desk.events(f"product:{product_id}") == ["product.created"]
    fields |= {"name.cs": "Mlýnek", "name.pl": "Młynek", "status": "draft", price: "4 990,50", polish: "899"}
    said = words(await person.done(path, fields))
    assert "Cena změněna z 4 890 Kč na 4 990,50 Kč" in said.replace("\xa0", " ")
    assert "Some manager" in said
    assert await desk.fetchval("select status from product where id = $1", product_id) == "draft"
    polish_name = "select name from product_text where language = 'pl' and product_id = $1"
    assert await desk.fetchval(polish_name, product_id) == "Młynek"
    assert (
        await desk.fetchval("select sum(amount) from price")
        - await desk.fetchval("select sum(amount) from price join variant on id = variant_id where sku = 'BEANS'")
        == 499050 + 89900
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name.cs": ""}, "name.cs"),
        ({"name.pl": "", "summary.pl": "text"}, "name.pl"),
        ({"price": "12,345"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "abc"}, "price"),
        ({"price": ""}, "price"),
        ({"price": "9" * 250}, "price"),
        ({"status": "sold"}, "status"),
        ({"name.en": "x" * 301}, "name.en"),
    ],
)
async def test_what_is_wrong_with_a_product_is_told_beside_its_field(
    desk: Desk, change: dict[str, str], field: str
) -> None:
    product_id = await grinder(desk)
    person = await desk.signed_in("manager")
    fields = await form_of(person, f"/desk/catalogue/{product_id}")
    price = next(name for name in fields if name.startswith("price.") and name.endswith("CZK"))
    fields |= {price if name == "price" else name: value for name, value in change.items()}
    answer = await person.post(f"/desk/catalogue/{product_id}", {**fields, "name.en": fields["name.en"]})
    assert answer.status_code == 422
    if field != "status":
        assert f'id="product.{price if field == "price" else field}-error"' in answer.text
    assert await desk.events(f"product:{product_id}") == ["product.created"]


async def test_products_are_found_by_name_and_code_and_state(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("agent", "cs")
    for query in ("mlynek", "GRIND-1", "grind"):
        page = await person.page(f"/desk/catalogue?q={query}")
        assert "GRIND-1" in page, query
        assert "BEANS" not in page
    assert "Nic neodpovídá" in words(await person.page("/desk/catalogue?status=archived"))
    assert "Uložit" not in words(await person.page(f"/desk/catalogue/{await desk.fetchval(PRODUCT)}"))


PRODUCT = "select id from product where external_id = 'GRIND'"
SHELF = "select variant_id || '/' || location_id from stock_level join variant on id = variant_id where sku = 'GRIND-1'"


async def test_an_agent_cannot_change_the_catalogue(desk: Desk) -> None:
    product_id = await grinder(desk)
    person = await desk.signed_in("agent")
    fields = await form_of(person, f"/desk/catalogue/{product_id}")
    assert (await person.post(f"/desk/catalogue/{product_id}", fields)).status_code == 403
    shelf = await desk.fetchval(SHELF)
    counted = {"on_hand": "1", "reason": "x", "expected": "4"}
    assert (await person.post(f"/desk/catalogue/stock/{shelf}", counted)).status_code == 403


async def test_stock_is_corrected_with_a_reason(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("warehouse", "cs")
    shelf = await desk.fetchval(SHELF)
    counted = {"on_hand": "3", "reason": "Inventura", "expected": "4"}
    said = words(await person.done(f"/desk/catalogue/stock/{shelf}", counted))
    assert "Stav skladu je opraven." in said
    assert "Stav změněn z 4 na 3: Inventura" in said
    stale = await person.post(f"/desk/catalogue/stock/{shelf}", counted)
    assert stale.status_code == 409
    assert 'id="shelf.on_hand-error"' in stale.text
    for wrong, field in (({"on_hand": "-1"}, "on_hand"), ({"on_hand": "x"}, "on_hand"), ({"reason": ""}, "reason")):
        refused = await person.post(f"/desk/catalogue/stock/{shelf}", {**counted, "expected": "3", **wrong})
        assert refused.status_code == 422
        assert f'id="shelf.{field}-error"' in refused.text
    assert (
        await desk.fetchval("select on_hand from stock_level join variant on id = variant_id where sku = 'GRIND-1'")
        == 3
    )


async def test_stock_below_what_is_ordered_is_refused_in_words(desk: Desk) -> None:
    await order_of(desk, 4)
    person = await desk.signed_in("warehouse")
    shelf = await desk.fetchval("select variant_id || '/' || location_id from stock_level")
    answer = await person.post(f"/desk/catalogue/stock/{shelf}", {"on_hand": "3", "reason": "count", "expected": "10"})
    assert answer.status_code == 409
    assert "4 pieces belong to placed orders" in words(answer.text)


async def test_what_runs_low_is_listed(desk: Desk) -> None:
    await grinder(desk)
    person = await desk.signed_in("warehouse", "cs")
    assert "BEANS" in await person.page("/desk/catalogue/stock")
    low = await person.page("/desk/catalogue/stock?at_most=5")
    assert "GRIND-1" in low
    assert "BEANS" not in low
    assert "GRIND-1" not in await person.page("/desk/catalogue/stock?at_most=0")
    assert "GRIND-1" in await person.page("/desk/catalogue/stock?at_most=17")


async def test_ten_thousand_articles_are_walked_by_pages(desk: Desk) -> None:
    async with desk.site.database.transaction() as db:
        await db.execute(
            """insert into product (id, external_id, created_at, updated_at)
               select gen_random_uuid(), 'P' || n, $1, $1 from generate_series(1, 10000) as n""",
            NOON,
        )
    person = await desk.signed_in("manager")
    for path in (
        "/desk/catalogue?page=0",
        "/desk/catalogue?page=99999999999999999999",
        "/desk/catalogue/stock?page=-1",
    ):
        assert (await person.get(path)).status_code == 200


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
