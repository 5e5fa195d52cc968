"""What happens to standing orders, approvals, invoices and services is written to whom it concerns, once."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest

from kupec.billing import dun
from kupec.customers import Contact, identify
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.events import COLUMNS, Event, Happened, emit
from kupec.kit.versions import publish_new
from kupec.outreach import OURS, Asked, Mail, journal, write_event_messages
from kupec.sales import (
    SERVICING,
    NewOwned,
    Servicing,
    add_owned,
    book_service,
    cancel_service,
    decline_approval,
    notice_services,
    pause_standing,
    remind_due,
)
from kupec.sales.standing.events import OccurrenceFailed, OccurrenceShort, StandingPaused
from kupec.sales.standing.models import Missing
from tests.billing.owing import invoiced
from tests.outreach.test_messages import SENDER
from tests.sales.conftest import Shop
from tests.sales.standing_shop import FIRST, STAFF, a_buyer, rows, started
from tests.sales.test_approvals import an_office, asked
from tests.sales.test_on_account import a_cart
from tests.shop import NOON, SETUP

STAFF_OF_CUSTOMERS = Actor(kind="staff", id="2", permissions=frozenset({"customers.write", "tasks.write"}))


async def written(db: Connection, *names: str) -> list[Mail]:
    """The mails that the events of these names ask for; asked twice."""
    found = await db.fetch(f"select {COLUMNS} from event where name = any($1::text[]) order by id", list(names))
    for _ in range(2):
        await write_event_messages(db, [Event(**dict(row)) for row in found], sender=SENDER)
    order = {kind: number for number, kind in enumerate(OURS)}
    return sorted(await journal(db, Asked()), key=lambda mail: (order[mail.kind], mail.created_at))


async def owner(db: Connection, language: str = "cs") -> UUID:
    contact = Contact(email="jana@example.com", name="Jana Nová", language=language)
    (party_id,) = await identify(db, [contact], now=NOON, actor=SETUP)
    return party_id


async def test_a_service_is_written_of_with_days_to_choose_then_confirmed_and_cancelled(db: Connection) -> None:
    party_id = await owner(db)
    rules = Servicing(hours={"cs": "mezi 9 a 15 hodinou"})
    await publish_new(db, SERVICING, rules, actor=SETUP, now=NOON)
    new = NewOwned(name="Kávovar Linea", serial_number="LM-1", bought_on=date(2025, 3, 12), service_interval_days=365)
    owned = await add_owned(db, party_id, new, actor=STAFF_OF_CUSTOMERS, now=NOON)
    await notice_services(db, NOON, 10)
    [due] = await written(db, "service.due")
    assert (due.kind, due.title, due.purpose) == ("service_due", "Kávovar Linea: čas na servis", "service")
    assert "12. března 2026" in due.text
    assert "- 13. března 2026\n" in due.text
    assert "LM-1" in due.text
    assert "/cs/service/" in due.text
    day = date(2026, 3, 13)
    await book_service(db, owned.id, day, actor=STAFF_OF_CUSTOMERS, now=NOON)
    await cancel_service(db, owned.id, actor=STAFF_OF_CUSTOMERS, now=NOON)
    mails = await written(db, "service.due", "service.booked", "service.cancelled")
    assert [mail.kind for mail in mails] == ["service_due", "service_booked", "service_cancelled"]
    assert "mezi 9 a 15 hodinou" in mails[1].text
    assert mails[1].history == f"owned:{owned.id}"


async def test_who_has_booked_meanwhile_is_not_reminded(db: Connection) -> None:
    new = NewOwned(name="Stroj", bought_on=date(2025, 3, 12), service_interval_days=365)
    owned = await add_owned(db, await owner(db), new, actor=STAFF_OF_CUSTOMERS, now=NOON)
    await notice_services(db, NOON, 10)
    await book_service(db, owned.id, date(2026, 3, 13), actor=STAFF_OF_CUSTOMERS, now=NOON)
    assert await written(db, "service.due") == []


async def test_a_reminder_of_a_standing_order_skips_it_by_one_click(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        standing = await started(db, await a_buyer(db), shop.variant)
        assert await remind_due(db, FIRST - timedelta(days=2), 10) == 1
        [mail] = await written(db, "occurrence.reminded")
    assert mail.kind == "standing_reminder"
    assert mail.title == "Vaše pravidelná dodávka přijde 17. března 2026"
    assert "- 2 × " in mail.text
    assert "Celkem: " in mail.text
    assert "https://shop.example/cs/standing/skip/" in mail.text
    assert f"https://shop.example/cs/my/standing/{standing.id}" in mail.text
    assert mail.to_address == "jana@example.com"


async def test_what_is_short_failed_and_paused_is_told_and_what_was_asked_is_not(shop: Shop) -> None:
    async with shop.database.transaction() as db:
        standing = await started(db, await a_buyer(db), shop.variant)
        [first, *_] = await rows(db, standing.id)
        missing = [Missing(variant_id=shop.variant, wanted=12, got=10, reason="short")]
        failed = {"occurrence_id": first.id, "number": 1}
        await happen(
            db,
            standing.id,
            standing.customer_id,
            [
                OccurrenceShort(**failed, missing=missing),
                OccurrenceFailed(**failed, attempt=1, code="card_declined", next_try_on=date(2026, 3, 18)),
                OccurrenceFailed(**failed, attempt=2, code="card_declined", next_try_on=None),
                StandingPaused(reason="card_declined", occurrence_id=first.id),
            ],
        )
        mails = await written(db, "occurrence.short", "occurrence.failed", "standing.paused")
        assert [mail.kind for mail in mails] == ["standing_short", "standing_failed", "standing_paused"]
        assert "- 2 × " in mails[0].text
        assert "18. března 2026" in mails[1].text
        assert "Důvod: " in mails[2].text
        assert "card" not in mails[2].text
        again = await started(db, standing.customer_id, shop.variant, 1)
        await pause_standing(db, again.id, actor=STAFF, now=NOON)
        assert len(await written(db, "standing.paused")) == 3


async def happen(db: Connection, standing_id: UUID, customer_id: UUID, payloads: Sequence[object]) -> None:
    events = [
        Happened(payload=one, subject=f"standing:{standing_id}", customer_id=customer_id, occurred_at=NOON)  # type: ignore[arg-type]
        for one in payloads
    ]
    await emit(db, events, actor=system("standing"))


async def test_an_approver_is_asked_and_the_buyer_is_told(shop: Shop) -> None:
    office, approver = await an_office(shop)
    cart_id = await a_cart(shop, office)
    approval = await asked(shop, cart_id)
    async with shop.database.transaction() as db:
        await db.execute(
            "insert into contact_point (id, party_id, kind, value) values (gen_random_uuid(), $1, 'email', $2)",
            *(UUID(approver.id), "petr@example.com"),
        )
        [question] = await written(db, "approval.requested")
        assert (question.kind, question.to_address) == ("approval_requested", "petr@example.com")
        assert "/approval/" in question.text
        await decline_approval(db, approval.id, note="Příliš drahé", actor=approver, now=NOON)
        [_, answer] = await written(db, "approval.requested", "approval.declined")
        assert answer.kind == "approval_decided"
        assert "neschváleno" in answer.title
        assert "Příliš drahé" in answer.text


async def test_a_question_that_is_answered_already_is_not_asked(shop: Shop) -> None:
    office, approver = await an_office(shop)
    approval = await asked(shop, await a_cart(shop, office))
    async with shop.database.transaction() as db:
        await decline_approval(db, approval.id, note="Ne", actor=approver, now=NOON)
        assert await written(db, "approval.requested") == []


async def test_each_level_of_dunning_is_a_letter_of_its_own(shop: Shop) -> None:
    office, _approver = await an_office(shop, over=None)
    cart_id = await a_cart(shop, office)
    await shop.order(cart_id)
    async with shop.database.transaction() as db:
        due, order_id = tuple(await db.fetchrow("select due_on, order_id from payment"))
        await invoiced(db, order_id, 39900, NOON)
        start = NOON.replace(year=due.year, month=due.month, day=due.day)
        for days in (3, 14, 30):
            assert await dun(db, start + timedelta(days=days), 10) == 1
        await db.execute("delete from accounting_document")  # which is a row only, with nothing to print
        mails = await written(db, "payment.dunned")
        assert [mail.kind for mail in mails] == ["invoice_overdue_1", "invoice_overdue_2", "invoice_overdue_3"]
        assert all("399\u00a0Kč" in mail.text for mail in mails)
        assert all("/cs/order/" in mail.text for mail in mails)


@pytest.mark.parametrize("language", ["cs", "pl", "en"])
async def test_a_customer_reads_their_own_language(db: Connection, language: str) -> None:
    new = NewOwned(name="Stroj", bought_on=date(2025, 3, 12), service_interval_days=365)
    await add_owned(db, await owner(db, language), new, actor=STAFF_OF_CUSTOMERS, now=NOON)
    await notice_services(db, NOON, 10)
    [mail] = await written(db, "service.due")
    assert mail.language == language
    assert f"/{language}/service/" in mail.text
