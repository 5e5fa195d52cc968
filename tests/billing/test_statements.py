"""Bank statements: read as banks write them, stored once, and what they settle is settled once."""

import asyncio
from datetime import date, timedelta

import msgspec
import pytest

from kupec.billing import (
    CannotUnmatch,
    CreditExceeded,
    Debt,
    NothingOwed,
    Payment,
    accounts_of,
    awaited,
    confirm_refund,
    get_line,
    get_payment,
    hold_credit,
    ignore_line,
    import_statement,
    line_counts,
    list_lines,
    list_statements,
    mark_paid,
    match_line,
    matches_of,
    open_account,
    remind_overdue,
    reopen_line,
    request_refund,
    set_terms,
    suggestions,
    unmatch_line,
)
from kupec.billing.methods import PAYMENT
from kupec.billing.statement_files import FIO, read_statement
from kupec.billing.statements import Imported
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.tabular import InvalidFile
from kupec.kit.versions import publish_new
from tests.billing.making import NOW, events_of
from tests.billing.owing import CLERK, METHODS, a_party, line, owed, statement

FIO_FILE = (
    "\ufeffaccountId;2345678901\r\nbankId;2010\r\ncurrency;CZK\r\niban;CZ6220100000002345678901\r\n"
    "bic;FIOBCZPPXXX\r\nopeningBalance;4789,51\r\nclosingBalance;6079,51\r\ndateStart;20.11.2026\r\n"
    "dateEnd;22.11.2026\r\nidFrom;23771345451\r\nidTo;23794028126\r\n\r\n"
    "ID pohybu;Datum;Objem;Měna;Protiúčet;Název protiúčtu;Kód banky;Název banky;KS;VS;SS;Uživatelská identifikace;"
    "Zpráva pro příjemce;Typ;Provedl;Upřesnění;Komentář;BIC;ID pokynu;\r\n"
    '23771345451;21.11.2026;1290,00;CZK;2000145399;"Nováková; Jana";0800;Česká spořitelna, a.s.;0308;0000001001;;'
    "Jana;Objednávka Z1001;Bezhotovostní příjem;;;;GIBACZPX;2121709706;\r\n"
    "23771345452;21.11.2026;-49,00;CZK;;;;;;;;;;Poplatek;;;;;2121709707;\r\n"
    "23794028126;xx.11.2026;1,00;CZK;;;;;;;;;;Připsaný úrok;;;;;2121709708;\r\n"
)


async def bring(db: Connection, content: bytes, *, actor: Actor = CLERK, format_name: str = "generic") -> Imported:
    return await import_statement(
        db, content, filename="vypis.csv", format_name=format_name, account="CZ65", currency="CZK", actor=actor, now=NOW
    )


async def state_of(db: Connection, payment: Payment) -> str:
    return (await get_payment(db, payment.id)).state


def test_fio_says_its_account_above_the_table() -> None:
    lines, wrong = read_statement(FIO_FILE.encode(), FIO, account="", currency="")
    first, fee = lines
    assert (first.account, first.bank_id) == ("CZ6220100000002345678901", "23771345451")
    assert (first.amount, first.currency, first.variable_symbol) == (129000, "CZK", "1001")
    assert (first.payer, first.payer_account) == ("Nováková; Jana", "2000145399/0800")
    assert (first.booked_on, first.message) == (date(2026, 11, 21), "Objednávka Z1001")
    assert (fee.amount, fee.variable_symbol, fee.payer_account) == (-4900, None, "")
    assert [each.number for each in wrong] == [16]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"one,two\n1,2\n"])
async def test_what_is_no_statement_is_refused(db: Connection, content: bytes) -> None:
    with pytest.raises(InvalidFile):
        await bring(db, content)


async def test_an_unknown_format_and_a_clerk_without_leave_are_refused(db: Connection) -> None:
    with pytest.raises(InvalidValue):
        await bring(db, statement(line()), format_name="mystery")
    with pytest.raises(Forbidden):
        await bring(db, statement(line()), actor=Actor(kind="staff", id="picker"))


async def test_a_format_of_ones_own_is_part_of_the_document(db: Connection) -> None:
    document = {
        "methods": [{"code": "card", "kind": "card", "names": {"en": "Card"}}],
        "statement_formats": {
            "my bank": {
                "delimiter": ";",
                "fields": {"date": {"column": "Kdy"}, "amount": {"column": "Kolik"}, "message": {"column": "Co"}},
            }
        },
    }
    await publish_new(db, PAYMENT, msgspec.convert(document, PAYMENT.type), actor=system("test"), now=NOW)
    payment = await owed(db)
    done = await bring(db, b"Kdy;Kolik;Co\n21.11.2026;1 290,00;platba VS:1001 diky\n", format_name="my bank")
    assert (done.fresh, done.settled) == (1, 1)
    assert await state_of(db, payment) == "captured"


async def test_money_with_the_right_symbol_settles_the_payment(db: Connection) -> None:
    await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOW)
    party_id = await a_party(db)
    payment = await owed(db, party_id=party_id)
    assert (payment.state, payment.variable_symbol, payment.due_on) == ("awaiting", "1001", date(2026, 11, 28))
    assert payment.check_at is None, "no sweep looks at it"
    done = await bring(db, FIO_FILE.encode(), format_name="fio")
    assert (done.lines, done.fresh, done.settled, len(done.wrong)) == (2, 2, 1, 1)
    assert await state_of(db, payment) == "captured"
    assert await events_of(db, payment) == ["payment.awaiting", "payment.matched", "payment.captured"]
    told = await db.fetchrow("select customer_id, payload from event where name = 'payment.captured'")
    assert told is not None
    assert (told["customer_id"], told["payload"]["amount"]) == (party_id, 129000)
    again = await bring(db, FIO_FILE.encode(), format_name="fio")
    assert (again.fresh, again.settled) == (0, 0)
    assert await line_counts(db) == {"matched": 1, "ignored": 1}
    assert [each.open for each in await list_statements(db, actor=CLERK)] == [0, 0]


@pytest.mark.parametrize(
    "other",
    [line("1289.99"), line("1290.01"), line(symbol="1002"), line(symbol=""), line().replace("CZK", "EUR")],
    ids=["less", "more", "other symbol", "no symbol", "other currency"],
)
async def test_whatever_is_not_certain_waits_for_a_person(db: Connection, other: str) -> None:
    payment = await owed(db)
    assert (await bring(db, statement(other))).settled == 0
    assert await state_of(db, payment) == "awaiting"
    assert await line_counts(db) == {"open": 1}


async def test_paid_twice_settles_once_and_the_second_stays_open(db: Connection) -> None:
    payment = await owed(db)
    done = await bring(db, statement(line(bank_id="1"), line(bank_id="2")))
    assert (done.fresh, done.settled) == (2, 1)
    assert await line_counts(db) == {"matched": 1, "open": 1}
    assert (await events_of(db, payment)).count("payment.captured") == 1


async def test_equal_lines_without_an_id_are_as_many_as_the_file_says(db: Connection) -> None:
    twins = statement(line(bank_id=""), line(bank_id=""))
    assert (await bring(db, twins)).fresh == 2
    assert (await bring(db, twins)).fresh == 0
    assert (await bring(db, statement(line(bank_id=""), line(bank_id=""), line(bank_id="")))).fresh == 1


async def test_two_people_bring_the_same_statement_at_once(pool: Pool) -> None:
    async with pool.acquire() as db:
        payments = [await owed(db, number=f"Z{number}") for number in range(1001, 1021)]
    content = statement(*(line(symbol=str(number), bank_id=str(number)) for number in range(1001, 1021)))

    async def one() -> Imported:
        async with pool.acquire() as db, db.transaction():
            return await bring(db, content)

    done = await asyncio.gather(*(one() for _ in range(5)))
    assert sum(each.fresh for each in done) == 20
    assert sum(each.settled for each in done) == 20
    async with pool.acquire() as db:
        for payment in payments:
            assert (await events_of(db, payment)).count("payment.captured") == 1
        assert await line_counts(db) == {"matched": 20}


async def test_two_clerks_match_one_line_at_once(pool: Pool) -> None:
    async with pool.acquire() as db:
        first, second = await owed(db, number="Z1"), await owed(db, number="Z2")
        await bring(db, statement(line(symbol="")))
        (found,) = await list_lines(db, actor=CLERK)

    async def one(payment: Payment) -> int | NothingOwed:
        async with pool.acquire() as db:
            try:
                async with db.transaction():
                    return await match_line(db, found.id, [payment.id], actor=CLERK, now=NOW)
            except NothingOwed as error:
                return error

    results = await asyncio.gather(one(first), one(second))
    assert sorted(isinstance(each, int) for each in results) == [False, True]
    async with pool.acquire() as db:
        assert {await state_of(db, first), await state_of(db, second)} == {"captured", "awaiting"}


async def test_parts_add_up_and_the_last_one_settles(db: Connection) -> None:
    payment = await owed(db)
    await bring(db, statement(line("1000.00", bank_id="1"), line("290.00", "", bank_id="2")))
    small, large = sorted(await list_lines(db, actor=CLERK), key=lambda each: each.amount)
    assert await match_line(db, large.id, [payment.id], actor=CLERK, now=NOW) == 0
    assert [each.rest for each in await awaited(db)] == [29000]
    assert await match_line(db, small.id, [payment.id], actor=CLERK, now=NOW) == 1
    assert await state_of(db, payment) == "captured"
    assert sum(part.amount for part in await matches_of(db, order_ids=[payment.order_id])) == 129000


async def test_a_carriers_sum_pays_many_parcels(db: Connection) -> None:
    parcels = [await owed(db, number=f"Z{number}", amount=50000, provider="cod") for number in (1, 2, 3)]
    await bring(db, statement(line("1600.00", "", payer="Carrier")))
    (found,) = await list_lines(db, actor=CLERK)
    assert await match_line(db, found.id, [each.id for each in parcels], actor=CLERK, now=NOW) == 3
    rest = await get_line(db, found.id, actor=CLERK)
    assert (rest.state, rest.rest) == ("open", 10000)
    await ignore_line(db, found.id, note="bonus", actor=CLERK, now=NOW)
    assert (await get_line(db, found.id, actor=CLERK)).state == "ignored"
    await reopen_line(db, found.id, actor=CLERK, now=NOW)
    assert (await get_line(db, found.id, actor=CLERK)).state == "open"
    with pytest.raises(NothingOwed):
        await match_line(db, found.id, [parcels[0].id], actor=CLERK, now=NOW)


async def test_unmatched_money_is_owed_again(db: Connection) -> None:
    payment = await owed(db)
    await bring(db, statement(line()))
    (found,) = await list_lines(db, actor=CLERK)
    await unmatch_line(db, found.id, actor=CLERK, now=NOW)
    assert await state_of(db, payment) == "awaiting"
    assert (await get_line(db, found.id, actor=CLERK)).matched == 0
    assert await match_line(db, found.id, [payment.id], actor=CLERK, now=NOW) == 1
    told = await events_of(db, payment)
    assert told[3:] == ["payment.reopened", "payment.unmatched", "payment.matched", "payment.captured"]


async def test_what_was_given_back_cannot_be_unmatched(db: Connection) -> None:
    payment = await owed(db)
    await bring(db, statement(line()))
    (found,) = await list_lines(db, actor=CLERK)
    refund = await request_refund(db, payment.id, amount=1000, reason="late", key="r1", actor=CLERK, now=NOW)
    assert (refund.state, refund.check_at) == ("pending", None)
    with pytest.raises(CannotUnmatch):
        await unmatch_line(db, found.id, actor=CLERK, now=NOW)
    assert (await confirm_refund(db, refund.id, reference="", actor=CLERK, now=NOW)).state == "done"
    with pytest.raises(CannotUnmatch):
        await unmatch_line(db, found.id, actor=CLERK, now=NOW)
    assert [name for name in await events_of(db, payment) if name.startswith("refund.")] == [
        "refund.requested",
        "refund.by_hand",
        "refund.done",
    ]


async def test_what_came_back_before_it_was_paid_is_owed_no_more(db: Connection) -> None:
    payment = await owed(db)
    refund = await request_refund(db, payment.id, amount=29000, reason="returned", key="r1", actor=CLERK, now=NOW)
    assert refund.state == "done"
    assert (await get_payment(db, payment.id)).owed == 100000
    assert (await bring(db, statement(line("1000.00")))).settled == 1
    captured = await db.fetchval("select payload from event where name = 'payment.captured'")
    assert captured["amount"] == 100000
    (found,) = await list_lines(db, actor=CLERK)
    await unmatch_line(db, found.id, actor=CLERK, now=NOW)
    assert (await get_payment(db, payment.id)).owed == 100000


async def test_all_let_off_is_over(db: Connection) -> None:
    payment = await owed(db)
    await request_refund(db, payment.id, amount=129000, reason="returned", key="r1", actor=CLERK, now=NOW)
    assert await state_of(db, payment) == "voided"
    assert await events_of(db, payment) == ["payment.awaiting", "payment.reduced", "payment.voided"]


async def test_cash_in_hand(db: Connection) -> None:
    payment = await owed(db, provider="cod")
    for _ in range(2):
        assert (await mark_paid(db, payment.id, actor=CLERK, now=NOW)).state == "captured"
    assert (await events_of(db, payment)).count("payment.captured") == 1
    with pytest.raises(NotFound):
        await mark_paid(db, payment.order_id, actor=CLERK, now=NOW)


async def test_paying_frees_credit_and_unmatching_takes_it_again(db: Connection) -> None:
    party_id = await a_party(db)
    await open_account(db, party_id, currency="CZK", credit_limit=150000, terms_days=14, actor=CLERK, now=NOW)
    await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOW)
    payment = await owed(db, provider="account", party_id=party_id)
    assert payment.due_on == date(2026, 12, 5)
    assert await hold_credit(db, [(party_id, payment.order_id, "CZK", 129000)]) == {}

    async def used() -> int:
        return (await accounts_of(db, [party_id]))[party_id, "CZK"].used

    assert await used() == 129000
    await bring(db, statement(line()))
    assert await used() == 0
    (found,) = await list_lines(db, actor=CLERK)
    await unmatch_line(db, found.id, actor=CLERK, now=NOW)
    assert await used() == 129000
    await request_refund(db, payment.id, amount=9000, reason="returned", key="r1", actor=CLERK, now=NOW)
    assert await used() == 120000
    await mark_paid(db, payment.id, actor=CLERK, now=NOW)
    other = await owed(db, number="Z2", provider="account", party_id=party_id)
    assert await hold_credit(db, [(party_id, other.order_id, "CZK", 129000)]) == {}
    with pytest.raises(NothingOwed):
        await match_line(db, found.id, [payment.id], actor=CLERK, now=NOW)
    await match_line(db, found.id, [other.id], actor=CLERK, now=NOW)
    third = await owed(db, number="Z3", provider="account", party_id=party_id)
    assert await hold_credit(db, [(party_id, third.order_id, "CZK", 129000)]) == {}
    with pytest.raises(CreditExceeded):
        await unmatch_line(db, found.id, actor=CLERK, now=NOW)


async def test_a_symbol_is_given_to_one_open_payment_only(db: Connection) -> None:
    first, second = await owed(db, number="Z1001"), await owed(db, number="A-1001")
    assert (first.variable_symbol, second.variable_symbol) == ("1001", None)
    await set_terms(db, [Debt(payment_id=second.id, order_number="no digits", method=None)], now=NOW)


async def test_suggestions_say_why(db: Connection) -> None:
    party_id = await a_party(db, "Jana Nováková")
    by_symbol = await owed(db, number="Z1001")
    by_name = await owed(db, number="Z2002", amount=5000, party_id=party_id)
    await bring(
        db, statement(line("999.00", "1001", bank_id="1"), line("50.00", "", bank_id="2", payer="NOVAKOVA JANA"))
    )
    lines = await list_lines(db, actor=CLERK)
    found = await suggestions(db, lines)
    named = {each.variable_symbol: [(s.owed.id, s.why, s.exact) for s in found[each.id]] for each in lines}
    assert named["1001"] == [(by_symbol.id, ["symbol"], False)]
    assert named[None] == [(by_name.id, ["amount", "name"], True)]


async def test_overdue_is_told_once(db: Connection) -> None:
    await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOW)
    payment = await owed(db)
    assert await remind_overdue(db, NOW + timedelta(days=7), 10) == 0, "the last day is not late"
    assert await remind_overdue(db, NOW + timedelta(days=8), 10) == 1
    assert await remind_overdue(db, NOW + timedelta(days=9), 10) == 0
    assert (await events_of(db, payment))[-1] == "payment.overdue"
