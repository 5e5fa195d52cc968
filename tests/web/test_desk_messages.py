"""Messages, the journal and a customer's products on the desk."""

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import pytest

from kupec.kit.versions import published
from kupec.outreach import TEMPLATES, send_message
from kupec.sales import NewOwned, add_owned, owned_of
from tests.outreach.test_messages import SENDER
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import NOON, SETUP
from tests.web.desk_client import Desk, Person, open_desk, order_of, words
from tests.web.form_reading import form_fields

__all__ = ["gateway", "session_gateway", "shop"]

PAGE = "/desk/marketing/templates"


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock) as running:
        yield running


async def buyer(desk: Desk) -> UUID:
    """Somebody who has ordered."""
    order_id = await order_of(desk)
    async with desk.site.database.reading() as db:
        found: UUID = await db.fetchval("select customer_id from sales_order where id = $1", order_id)
    return found


async def save(person: Person, code: str, values: dict[str, str]) -> str:
    """Where saving the form of a message leads."""
    page = await person.page(f"{PAGE}/{code}")
    fields = dict(form_fields(page, f"{PAGE}/{code}"))
    answer = await person.post(f"{PAGE}/{code}", {**fields, "on": "yes", **values})
    assert answer.status_code == 303, words(answer.text)
    location: str = answer.headers["location"]
    return location


async def test_a_message_is_worded_looked_at_tried_and_published(desk: Desk) -> None:
    await order_of(desk)
    person = await desk.signed_in("manager")
    assert "Service due" in words(await person.page(PAGE))
    draft = await save(person, "service_due", {"email.subject.en": "Time for {product}", "do": "draft"})
    assert "?version=" in draft
    query = draft.partition("?")[2]
    look = await person.page(f"{PAGE}/service_due/look/en?{query}")
    assert "Time for " in look
    assert "Book a day" in look, "what is not said is in our words"
    assert "Time for " not in await person.page(f"{PAGE}/service_due/look/en"), "nothing holds yet"
    assert "čas na servis" in await person.page(f"{PAGE}/service_due/look/cs?{query}")
    sent = await person.post(f"{PAGE}/service_due/test?{query}", {"language": "en"})
    assert sent.status_code == 303
    async with desk.site.database.reading() as db:
        mail = await db.fetchrow("select * from mail where kind = 'service_due'")
        assert mail["title"].startswith("Time for ")
        assert person.staff is not None
        assert mail["to_address"] == person.staff.email
    await save(person, "service_due", {"email.subject.en": "Service of {product}", "do": "publish"})
    async with desk.site.database.reading() as db:
        document = (await published(db, TEMPLATES))[TEMPLATES]
        assert document.templates["service_due"].email.subject == {"en": "Service of {product}"}
    versions = words(await person.page("/desk/settings/rules/templates"))
    assert "Version 2" in versions


async def test_a_wrong_bracket_is_said_beside_its_field(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    answer = await person.post(f"{PAGE}/dormant", {"email.body.cs": "{nonsense}", "on": "yes", "do": "publish"})
    assert answer.status_code == 422
    assert "in curly brackets only" in words(answer.text)
    assert "{nonsense}" in answer.text, "what was typed stays"
    assert 'id="email.body.cs-error"' in answer.text


async def test_a_message_of_ones_own_is_added_and_twice_is_refused(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    fields = {"code": "spring", "subject": "Spring", "body": "It is here, {name}."}
    answer = await person.post(PAGE, fields)
    assert answer.headers["location"] == f"{PAGE}/spring"
    assert "It is here" in await person.page(f"{PAGE}/spring/look/pl")
    again = await person.post(PAGE, fields)
    assert again.headers["location"] == PAGE
    assert "no other message" in words(await person.page(PAGE))


async def test_two_who_change_the_same_message_do_not_undo_each_other(desk: Desk) -> None:
    person = await desk.signed_in("manager")
    await save(person, "dormant", {"email.subject.en": "One", "do": "publish"})
    page = await person.page(f"{PAGE}/dormant")
    seen = dict(form_fields(page, f"{PAGE}/dormant"))
    await save(person, "dormant", {"email.subject.en": "Two", "do": "publish"})
    await person.post(f"{PAGE}/dormant", {**seen, "on": "yes", "email.subject.en": "Three", "do": "publish"})
    async with desk.site.database.reading() as db:
        document = (await published(db, TEMPLATES))[TEMPLATES]
    assert document.templates["dormant"].email.subject["en"] == "Two"


@pytest.mark.parametrize("path", [f"{PAGE}/nothing", f"{PAGE}/dormant/look/de", f"{PAGE}/dormant?version=x"])
async def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    person = await desk.signed_in("manager")
    assert (await person.get(path)).status_code == 404


async def test_the_journal_says_what_was_withheld_and_why(desk: Desk) -> None:
    customer_id = await buyer(desk)
    async with desk.site.database.transaction() as db:
        for template in ("dormant", "service_due"):
            await send_message(
                db,
                template=template,
                party_id=customer_id,
                about="a:1",
                reason="rule:silence",
                values={"product": "X"},
                now=NOON,
                sender=SENDER,
            )
    person = await desk.signed_in("agent")
    page = words(await person.page("/desk/marketing/journal"))
    assert "there is no consent" in page
    assert "a rule: silence" in page
    only = words(await person.page("/desk/marketing/journal?state=withheld"))
    assert only.count("a rule: silence") == 1
    assert "Nothing was said yet" in words(await person.page("/desk/marketing/journal?reason=staff:"))
    assert "a rule: silence" in words(await person.page(f"/desk/marketing/journal?customer={customer_id}"))


async def test_a_customers_products_and_their_service(desk: Desk) -> None:
    customer_id = await buyer(desk)
    person = await desk.signed_in("agent")
    here = f"/desk/customers/{customer_id}"
    await person.page(f"{here}?show=owned")
    new = {"name": "Linea", "serial_number": "L1", "bought_on": "2025-03-12", "service_interval_days": "365"}
    assert (await person.post(f"{here}/owned", new)).status_code == 303
    page = words(await person.page(f"{here}?show=owned"))
    assert "Linea" in page
    assert "service by " in page
    async with desk.site.database.reading() as db:
        [owned] = await owned_of(db, [customer_id])
    act = f"{here}/owned/{owned.id}"
    await person.post(act, {"wanted": "book", "day": "2026-03-13"})
    assert "service on " in words(await person.page(f"{here}?show=owned"))
    refused = await person.post(act, {"wanted": "remove"})
    assert refused.status_code == 422
    await person.post(act, {"wanted": "cancel"})
    await person.post(act, {"wanted": "done", "day": "2026-03-10"})
    assert "last service on " in words(await person.page(f"{here}?show=owned"))
    wrong = await person.post(f"{here}/owned", {**new, "name": "", "bought_on": "x"})
    assert wrong.status_code == 422
    await person.post(act, {"wanted": "remove"})
    async with desk.site.database.reading() as db:
        assert await owned_of(db, [customer_id]) == []


async def test_another_customers_product_is_not_reached_through_this_one(desk: Desk) -> None:
    customer_id = await buyer(desk)
    async with desk.site.database.transaction() as db:
        other = await db.fetchval(
            "insert into party (id, kind, name, folded, sort_key, language, created_at) "
            "values (gen_random_uuid(), 'person', 'E', 'e', 'e', 'cs', $1) returning id",
            NOON,
        )
        owned = await add_owned(db, other, NewOwned(name="Linea", bought_on=date(2025, 1, 1)), actor=SETUP, now=NOON)
    person = await desk.signed_in("agent")
    await person.post(f"/desk/customers/{customer_id}/owned/{owned.id}", {"wanted": "remove"})
    async with desk.site.database.reading() as db:
        assert len(await owned_of(db, [other])) == 1
