"""Invoices and credit notes: numbers without gaps, frozen once issued, laid out once, harmless whatever is in them."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import asyncpg
import msgspec
import pytest
import typst

from kupec.billing import (
    SELLER,
    DocumentContent,
    DocumentDraft,
    DocumentLine,
    DocumentParty,
    Seller,
    Shop,
    document_pdf,
    documents_of,
    get_document,
    invoice_subscriber,
    list_documents,
    print_job,
    recapitulation,
    request_document,
)
from kupec.billing.printing import TEMPLATE, as_printed, lay_out
from kupec.kit.actor import Actor, system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.events import COLUMNS, Event
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Runner, enqueue
from kupec.kit.money import included_tax
from kupec.kit.subscribers import catch_up, run_once
from kupec.kit.versions import publish_new

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
NEW_YEAR = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # 2027 in Prague
ACTOR = system("test")
BOOKKEEPER = Actor(kind="staff", id="1", permissions=frozenset({"billing.read"}))
SHOP = Shop(timezone="Europe/Prague", name="Zrnko", country="CZ")


def line(total: int = 12100, tax_bp: int = 2100, name: str = "Káva") -> DocumentLine:
    return DocumentLine(
        name=name, quantity=1, unit_amount=total, total=total, tax_bp=tax_bp, tax=included_tax(total, tax_bp)
    )


def draft(
    *lines: DocumentLine, kind: str = "invoice", key: str = "", order_id: UUID | None = None, language: str = "cs"
) -> DocumentDraft:
    sold = list(lines or [line()])
    order = order_id or uuid7()
    content = DocumentContent(
        seller=DocumentParty(name="", city="Praha"),
        buyer=DocumentParty(name="Jana Nová"),
        order_number="Z1",
        country="CZ",
        lines=sold,
        vat=recapitulation(sold),
        to_pay=sum(each.total for each in sold),
    )
    return DocumentDraft(
        kind="invoice" if kind == "invoice" else "credit_note",
        key=key or f"{'order' if kind == 'invoice' else 'refund'}:{order}",
        order_id=order,
        customer_id=None,
        channel="web",
        language=language,
        currency="CZK",
        content=content,
    )


async def issue(db: Connection) -> None:
    subscriber = invoice_subscriber(SHOP)
    rows = await db.fetch(f"select {COLUMNS} from event where name = 'invoice.requested' order by id")
    await subscriber.handle(db, [Event(**dict(row)) for row in rows])


async def numbers(db: Connection) -> list[str]:
    rows = await db.fetch("select number from accounting_document where number is not null order by series, serial")
    return [row["number"] for row in rows]


async def test_a_document_gets_its_number_and_day_once(db: Connection) -> None:
    wanted = draft(line(12100), line(11200, 1200))
    document_id = await request_document(db, wanted, actor=ACTOR, now=NOW)
    assert await request_document(db, wanted, actor=ACTOR, now=NOW) == document_id
    await issue(db)
    await issue(db)
    document = await get_document(db, document_id)
    assert (document.number, str(document.issued_on)) == ("2026-000001", "2026-03-10")
    assert (document.content.seller.name, document.content.seller.country) == ("Zrnko", "CZ")
    assert [(row.tax_bp, row.net, row.tax) for row in document.content.vat] == [
        (2100, 10000, 2100),
        (1200, 10000, 1200),
    ]
    told = await db.fetch("select name, payload from event where name = 'invoice.issued'")
    assert [(row["payload"]["number"], row["payload"]["total"]) for row in told] == [("2026-000001", 23300)]


async def test_each_kind_and_year_counts_from_one(db: Connection) -> None:
    first = draft()
    await request_document(db, draft(kind="credit_note", order_id=first.order_id), actor=ACTOR, now=NOW)
    await request_document(db, first, actor=ACTOR, now=NOW)
    await request_document(db, draft(), actor=ACTOR, now=NEW_YEAR)
    await issue(db)
    await request_document(db, draft(), actor=ACTOR, now=NOW - timedelta(days=1))
    await issue(db)
    assert await numbers(db) == ["2026-000001", "2026-000002", "2027-000001", "D2026-000001"]
    note = (await documents_of(db, first.order_id))[-1]
    assert {each.content.corrects for each in await documents_of(db, first.order_id)} == {"", "2026-000001"}
    assert note.number is not None
    late = await db.fetchval("select issued_on from accounting_document where number = '2026-000002'")
    assert str(late) == "2026-03-10", "the days of a series never go back"


async def test_the_series_are_the_sellers(db: Connection) -> None:
    owner = Actor(kind="staff", id="1", permissions=frozenset({"settings.write"}))
    seller = Seller(name="Zrnko s.r.o.", invoice_series="FV{year}/", credit_note_series="OD{year}/", digits=4)
    await publish_new(db, SELLER, seller, actor=owner, now=NOW)
    await request_document(db, draft(), actor=ACTOR, now=NOW)
    await issue(db)
    assert await numbers(db) == ["FV2026/0001"]
    for wrong in (Seller(invoice_series="{month}"), Seller(credit_note_series="{year}-"), Seller(digits=0)):
        with pytest.raises(InvalidValue):
            await publish_new(db, SELLER, wrong, actor=owner, now=NOW)


async def test_a_recapitulation_that_does_not_come_to_the_lines_is_refused(db: Connection) -> None:
    wanted = draft()
    content = msgspec.structs.replace(wanted.content, vat=recapitulation([line(12101)]))
    with pytest.raises(ValueError, match="recapitulation"):
        await request_document(db, msgspec.structs.replace(wanted, content=content), actor=ACTOR, now=NOW)


async def test_requests_from_everywhere_are_numbered_without_a_gap(pool: Pool) -> None:
    database = Database(pool)
    subscriber = invoice_subscriber(SHOP)

    async def ask(number: int) -> None:
        for each in range(6):
            async with database.transaction() as db:
                await request_document(db, draft(), actor=ACTOR, now=NOW)
                if (number + each) % 3 == 0:
                    await db.execute("select pg_sleep(0.002)")

    async def read() -> None:
        for _ in range(12):
            await run_once(database, subscriber)

    await asyncio.gather(*(ask(number) for number in range(5)), *(read() for _ in range(3)))
    await catch_up(database, subscriber)
    async with database.reading() as db:
        given = await numbers(db)
    assert given == [f"2026-{serial:06}" for serial in range(1, 31)]


async def test_numbers_from_a_sequence_do_leave_gaps(pool: Pool) -> None:
    """The negative control: what is taken from a sequence is gone, even when the transaction comes to nothing."""
    async with pool.acquire() as db:
        await db.execute("create sequence careless")
        given = []
        for attempt in range(6):
            transaction = db.transaction()
            await transaction.start()
            number = await db.fetchval("select nextval('careless')")
            if attempt % 3 == 1:
                await transaction.rollback()
            else:
                await transaction.commit()
                given.append(number)
    assert any(later - earlier > 1 for earlier, later in pairwise(given))


async def test_one_that_cannot_be_issued_costs_no_number(pool: Pool) -> None:
    database = Database(pool)
    subscriber = invoice_subscriber(SHOP)
    async with database.transaction() as db:
        for _ in range(3):
            await request_document(db, draft(), actor=ACTOR, now=NOW)
        middle = await db.fetchval("select id from accounting_document order by id limit 1 offset 1")
        kept = await db.fetchval("select content from accounting_document where id = $1", middle)
        await db.execute("update accounting_document set content = '{}' where id = $1", middle)
    await catch_up(database, subscriber)
    async with database.transaction() as db:
        assert await numbers(db) == ["2026-000001", "2026-000002"]
        await db.execute("update accounting_document set content = $2 where id = $1", middle, kept)


async def test_a_document_is_laid_out_once_and_stays_as_it_is(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        document_id = await request_document(db, draft(), actor=ACTOR, now=NOW)
    await catch_up(database, invoice_subscriber(SHOP))
    await Runner(database, [print_job()], clock=FixedClock(NOW)).run_until_idle()
    async with database.reading() as db:
        first = await document_pdf(db, document_id)
        document = await get_document(db, document_id)
        await enqueue(db, [("print_documents", {"ids": [document_id]})])
    assert first is not None
    assert first.startswith(b"%PDF-")
    assert hashlib.sha256(first).digest() == document.pdf_sha256
    await Runner(database, [print_job()], clock=FixedClock(NOW + timedelta(days=400))).run_until_idle()
    async with database.reading() as db:
        assert await document_pdf(db, document_id) == first
        assert await db.fetchval("select count(*) from event where name = 'invoice.printed'") == 1
        with pytest.raises(asyncpg.CheckViolationError):
            await db.execute("update accounting_document set pdf = null where id = $1", document_id)


async def test_what_people_write_is_text_and_never_markup(db: Connection) -> None:
    hostile = '#panic("x") $ * _ ` ] } \\ #image("/etc/passwd") <b>"\'\u202e'
    wanted = draft(line(name=hostile))
    content = msgspec.structs.replace(wanted.content, buyer=DocumentParty(name=hostile, city=hostile))
    await request_document(db, msgspec.structs.replace(wanted, content=content), actor=ACTOR, now=NOW)
    await issue(db)
    document = (await documents_of(db, wanted.order_id))[0]
    assert lay_out(document) == lay_out(document), "the same document gives the same bytes"
    printed = as_printed(document)
    assert printed["lines"][0]["name"] == hostile
    assert printed["buyer"]["name"] == hostile


@pytest.mark.parametrize("language", ["cs", "pl", "en"])
async def test_it_speaks_the_customers_language_over_two_pages(db: Connection, language: str) -> None:
    await request_document(db, draft(*(line() for _ in range(40)), language=language), actor=ACTOR, now=NOW)
    await issue(db)
    document = await get_document(db, await db.fetchval("select id from accounting_document"))
    printed = as_printed(document)
    assert printed["title"] == ("Invoice 2026-000001" if language == "en" else "Faktura 2026-000001")
    assert printed["due"][1].replace("\xa0", " ") in ("4 840,00 Kč", "4 840,00 CZK", "4,840.00 CZK")
    data = msgspec.json.encode(printed).decode()
    pages = typst.compile(
        TEMPLATE, root=TEMPLATE.parent, ignore_system_fonts=True, format="svg", sys_inputs={"data": data}
    )
    assert len(pages) == 2


async def test_only_bookkeepers_see_the_list(db: Connection) -> None:
    await request_document(db, draft(), actor=ACTOR, now=NOW)
    await issue(db)
    assert [each.number for each in await list_documents(db, actor=BOOKKEEPER, query="2026-0")] == ["2026-000001"]
    assert await list_documents(db, actor=BOOKKEEPER, kind="credit_note") == []
    assert await list_documents(db, actor=BOOKKEEPER, until=(NOW - timedelta(days=1)).date()) == []
    with pytest.raises(Forbidden):
        await list_documents(db, actor=Actor(kind="staff", id="2"))
