"""Invoices that are not paid in time: each level once, on its day, until the money is here."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from kupec.billing import (
    DUNNING,
    PAYMENT,
    Dunning,
    DunningLevel,
    NotDunned,
    accounts_of,
    dun,
    get_payment,
    hold_credit,
    import_statement,
    list_lines,
    mark_paid,
    match_line,
    open_account,
    overdue_invoices,
    pause_dunning,
    resume_dunning,
)
from kupec.customers import add_alias
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from tests.billing.making import NOW
from tests.billing.owing import CLERK, METHODS, a_party, invoiced, line, owed, statement

DUE = (NOW + timedelta(days=14)).date()


def days_late(days: int) -> datetime:
    return datetime.combine(DUE + timedelta(days=days), datetime.min.time(), UTC)


async def an_invoice(
    db: Connection, party_id: UUID, *, number: str = "Z1001", amount: int = 129000, issued: datetime | None = NOW
) -> UUID:
    """An order on account that holds credit, due in 14 days, and its invoice unless nothing has left yet."""
    payment = await owed(db, number=number, amount=amount, provider="account", party_id=party_id)
    assert payment.due_on == DUE
    assert await hold_credit(db, [(party_id, payment.order_id, "CZK", amount)]) == {}
    if issued is not None:
        await invoiced(db, payment.order_id, amount, issued)
    return payment.id


async def a_debtor(db: Connection) -> UUID:
    await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOW)
    party_id = await a_party(db)
    await open_account(db, party_id, currency="CZK", credit_limit=10**7, terms_days=14, actor=CLERK, now=NOW)
    return party_id


async def levels(db: Connection) -> list[tuple[int, int, bool]]:
    rows = await db.fetch("select payload from event where name = 'payment.dunned' order by id")
    return [(row["payload"]["level"], row["payload"]["amount"], row["payload"]["task"]) for row in rows]


async def usable(db: Connection, party_id: UUID) -> bool:
    return (await accounts_of(db, [party_id]))[party_id, "CZK"].usable


async def test_each_level_comes_once_and_the_second_stops_the_account(db: Connection) -> None:
    debtor = await a_debtor(db)
    payment_id = await an_invoice(db, debtor)
    story = ((0, 0), (2, 0), (3, 1), (3, 0), (13, 0), (14, 1), (15, 0), (29, 0), (30, 1), (31, 0), (400, 0))
    for day, expected in story:
        assert await dun(db, days_late(day), 10) == expected, day
        assert await usable(db, debtor) == (day < 14), day
    assert await levels(db) == [(1, 129000, False), (2, 129000, False), (3, 129000, True)]
    refused = await hold_credit(db, [(debtor, uuid7(), "CZK", 100)])
    assert [each.code for each in refused.values()] == ["account_stopped"]
    await mark_paid(db, payment_id, actor=CLERK, now=days_late(31))
    assert await usable(db, debtor), "open again as soon as it is paid"
    assert await hold_credit(db, [(debtor, uuid7(), "CZK", 100)]) == {}
    assert await overdue_invoices(db, today=days_late(31).date()) == []


async def test_nobody_is_dunned_for_what_has_not_left(db: Connection) -> None:
    party_id = await a_debtor(db)
    payment_id = await an_invoice(db, party_id, issued=None)
    assert await dun(db, days_late(40), 10) == 0
    assert await usable(db, party_id)
    order_id = (await get_payment(db, payment_id)).order_id
    await invoiced(db, order_id, 129000, days_late(40))
    assert await dun(db, days_late(40), 10) == 0, "the days are counted from the invoice"
    assert await dun(db, days_late(44), 10) == 1


async def test_who_slept_sends_one_letter_and_not_three(db: Connection) -> None:
    await an_invoice(db, await a_debtor(db))
    sent = [day for day in range(40, 100) if await dun(db, days_late(day), 10)]
    assert sent == [40, 51, 67], "the days between the levels are kept"


async def test_only_what_is_open_is_asked_for(db: Connection) -> None:
    debtor = await a_debtor(db)
    payment_id = await an_invoice(db, debtor)
    content = statement(line("290.00", "1001"))
    await import_statement(db, content, filename="a", format_name="generic", actor=CLERK, now=NOW)
    (came,) = await list_lines(db, actor=CLERK)
    await match_line(db, came.id, [payment_id], actor=CLERK, now=NOW)
    assert await dun(db, days_late(3), 10) == 1
    assert await levels(db) == [(1, 100000, False)]
    (late,) = await overdue_invoices(db, today=days_late(3).date(), party_ids=[debtor])
    assert (late.rest, late.level, late.stops, late.dunned_at) == (100000, 1, False, days_late(3))
    assert await overdue_invoices(db, today=days_late(3).date(), party_ids=[uuid7()]) == []


async def test_a_dispute_holds_it_back_until_a_day_or_a_word(db: Connection) -> None:
    debtor = await a_debtor(db)
    payment_id = await an_invoice(db, debtor)
    assert await dun(db, days_late(3), 10) == 1
    assert await dun(db, days_late(14), 10) == 1
    assert not await usable(db, debtor)
    await pause_dunning(
        db, payment_id, reason=" wrong goods ", until=days_late(40).date(), actor=CLERK, now=days_late(15)
    )
    assert await usable(db, debtor), "what is disputed stops nothing"
    (late,) = await overdue_invoices(db, today=days_late(16).date())
    assert (late.paused, late.paused_until, late.stops) == ("wrong goods", days_late(40).date(), False)
    assert await dun(db, days_late(40), 10) == 0
    assert await dun(db, days_late(41), 10) == 1
    assert not await usable(db, debtor)
    await pause_dunning(db, payment_id, reason="again", until=None, actor=CLERK, now=days_late(41))
    assert await dun(db, days_late(300), 10) == 0
    await resume_dunning(db, payment_id, actor=CLERK, now=days_late(300))
    await resume_dunning(db, payment_id, actor=CLERK, now=days_late(300))
    told = await db.fetch("select name, payload from event where name like 'payment.dunning%' order by id")
    assert [row["name"].rpartition("_")[2] for row in told] == ["paused", "resumed", "paused", "resumed"]
    assert not any("wrong" in str(row["payload"]) for row in told)


async def test_who_may_hold_back_and_what(db: Connection) -> None:
    transfer = await owed(db)
    invoice = await an_invoice(db, await a_debtor(db), number="Z2002")
    reader = Actor(kind="staff", id="x", permissions=frozenset({"billing.read"}))

    async def hold(payment_id: UUID, reason: str = "why", until: date | None = None, actor: Actor = CLERK) -> None:
        await pause_dunning(db, payment_id, reason=reason, until=until, actor=actor, now=NOW)

    with pytest.raises(Forbidden):
        await hold(invoice, actor=reader)
    with pytest.raises(Forbidden):
        await resume_dunning(db, invoice, actor=reader, now=NOW)
    with pytest.raises(NotFound):
        await hold(uuid7())
    with pytest.raises(NotDunned):
        await hold(transfer.id)
    for wrong in ("", "x" * 501):
        with pytest.raises(InvalidValue):
            await hold(invoice, reason=wrong)
    with pytest.raises(InvalidValue):
        await hold(invoice, until=NOW.date() - timedelta(days=1))
    assert await dun(db, days_late(400), 10) == 1, "the transfer has its own reminder"


async def test_the_document_says_the_days(db: Connection) -> None:
    document = Dunning(levels=[DunningLevel(days=1, template="a"), DunningLevel(days=2, template="b", task=True)])
    await publish_new(db, DUNNING, document, actor=system("test"), now=NOW)
    debtor = await a_debtor(db)
    await an_invoice(db, debtor)
    assert [await dun(db, days_late(day), 10) for day in range(5)] == [0, 1, 1, 0, 0]
    assert await levels(db) == [(1, 129000, False), (2, 129000, True)]
    assert await usable(db, debtor)
    await publish_new(db, DUNNING, Dunning(levels=[]), actor=system("test"), now=NOW)
    await an_invoice(db, debtor, number="Z3003")
    assert await dun(db, days_late(300), 10) == 0


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("levels[0].days", [DunningLevel(days=0, template="a")]),
        ("levels[0].days", [DunningLevel(days=366, template="a")]),
        ("levels[1].days", [DunningLevel(days=5, template="a"), DunningLevel(days=5, template="a")]),
        ("levels[0].template", [DunningLevel(days=5, template=" ")]),
        ("levels", [DunningLevel(days=day, template="a") for day in range(1, 11)]),
    ],
)
async def test_a_document_that_cannot_be_is_refused(db: Connection, path: str, wrong: list[DunningLevel]) -> None:
    with pytest.raises(InvalidValue) as error:
        await publish_new(db, DUNNING, Dunning(levels=wrong), actor=system("test"), now=NOW)
    assert error.value.field == path


async def test_two_workers_write_each_level_once(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        debtor = await a_debtor(db)
        for number in range(30):
            await an_invoice(db, debtor, number=f"Z{5000 + number}", amount=1000)

    async def worker() -> int:
        taken = 0
        while True:
            async with database.transaction() as db:
                handled = await dun(db, days_late(3), 4)
            taken += handled
            if not handled:
                return taken

    assert sum(await asyncio.gather(*(worker() for _ in range(4)))) == 30
    async with database.reading() as db:
        assert len(await levels(db)) == 30
        assert await db.fetchval("select count(distinct payment_id) from dunning_step") == 30


async def test_an_account_is_found_under_all_ids_of_a_merged_customer(db: Connection) -> None:
    absorbed, survivor = await a_debtor(db), await a_party(db, "Survivor")
    await add_alias(db, absorbed, survivor, "merged", now=NOW)
    assert (await accounts_of(db, [survivor]))[survivor, "CZK"].party_id == absorbed
    payment_id = await an_invoice(db, survivor)
    assert await db.fetchval("select used from house_account where party_id = $1", absorbed) == 129000
    assert (await get_payment(db, payment_id)).state == "awaiting"
