"""Calls, visits, meetings and letters: who they belong to, once and for ever, and what is kept of a correction."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from kupec.customers import (
    Contact,
    Interaction,
    InteractionRow,
    NewInteraction,
    add_alias,
    change_interaction,
    claim_interactions,
    get_interaction,
    identify,
    import_interactions,
    interactions_by_ids,
    list_interactions,
    log_interaction,
    log_interactions,
    party_of_contact,
    remove_interaction,
    timeline,
)
from kupec.kit.actor import Actor, system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.import_run import run_import, typed, write_errors

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EMA_ID = uuid4()
EMA = Actor(kind="staff", id=str(EMA_ID), permissions=frozenset({"customers.write"}))
EXCHANGE = Actor(kind="machine", id="exchange", permissions=frozenset({"customers.write"}))


async def jana(db: Connection, email: str = "jana@example.com", phone: str | None = "+420601234567") -> UUID:
    contact = Contact(email=email, name="Jana Nová", phone=phone, language="cs")
    (found,) = await identify(db, [contact], now=NOW, actor=system("test"))
    return found


def call(**given: Any) -> NewInteraction:
    said: dict[str, Any] = {"kind": "call", "happened_at": NOW - timedelta(hours=1), "direction": "in", **given}
    return NewInteraction(**said)


async def logged(db: Connection, new: NewInteraction) -> Interaction:
    return await log_interaction(db, new, actor=EMA, now=NOW)


async def test_what_was_said_stands_on_the_timeline_without_its_words(db: Connection) -> None:
    customer = await jana(db)
    made = await logged(db, call(party_id=customer, text=" Chce víc kávy. ", outcome="objedná", duration_seconds=90))
    assert (made.party_id, made.channel, made.text, made.by) == (customer, "phone", "Chce víc kávy.", str(EMA))
    event = (await timeline(db, customer))[1]  # it happened before she became known
    assert (event.name, event.subject, event.channel) == ("interaction.logged", f"interaction:{made.id}", "phone")
    assert (event.actor, event.occurred_at) == (str(EMA), NOW - timedelta(hours=1))
    assert event.payload == {"interaction_id": str(made.id), "kind": "call", "direction": "in", "seconds": 90}


async def test_the_customer_is_found_by_the_number_or_the_address(db: Connection) -> None:
    customer = await jana(db)
    by_phone = await logged(db, call(phone="601 234 567", country="CZ"))
    by_mail = await logged(db, call(kind="mail", email="JANA@example.com"))
    stranger = await logged(db, call(phone="+420 777 000 111"))
    assert [one.party_id for one in (by_phone, by_mail, stranger)] == [customer, customer, None]
    assert [one.contact for one in (by_phone, stranger)] == ["+420601234567", "+420777000111"]
    assert await party_of_contact(db, "+420601234567") == await party_of_contact(db, "jana@example.com") == customer
    assert await party_of_contact(db, "+420777000111") is None


async def test_who_was_absorbed_is_who_absorbed_them(db: Connection) -> None:
    kept, absorbed = await jana(db), await jana(db, "old@example.com", None)
    await add_alias(db, absorbed, kept, "merged", now=NOW)
    assert (await logged(db, call(party_id=absorbed))).party_id == kept
    assert (await logged(db, call(email="old@example.com"))).party_id == kept
    assert [one.party_id for one in await list_interactions(db, customer_id=kept)] == [kept, kept]


async def test_one_external_id_of_a_source_is_one_interaction(db: Connection) -> None:
    customer = await jana(db)
    new = call(party_id=customer, source="exchange", external_id="c-1", text="first")
    first = await log_interaction(db, new, actor=EXCHANGE, now=NOW)
    again = call(party_id=customer, source="exchange", external_id="c-1", text="second")
    assert await log_interaction(db, again, actor=EXCHANGE, now=NOW) == first
    other = await log_interaction(db, call(source="till", external_id="c-1"), actor=EXCHANGE, now=NOW)
    assert other.id != first.id
    assert (await logged(db, call())).id != (await logged(db, call())).id
    twins = await log_interactions(db, [call(external_id="t"), call(external_id="t")], actor=EMA, now=NOW)
    assert twins[0] == twins[1]
    assert await db.fetchval("select count(*) from event where name = 'interaction.logged'") == 5


async def test_who_spoke_is_who_is_named(db: Connection) -> None:
    customer = await jana(db)
    new = call(party_id=customer, staff_id=EMA_ID, source="exchange", external_id="c-2")
    made = await log_interaction(db, new, actor=EXCHANGE, now=NOW)
    assert made.by == str(EMA)
    assert (await timeline(db, customer))[1].actor == str(EMA)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"happened_at": NOW + timedelta(minutes=6)}, "happened_at"),
        ({"happened_at": datetime(2026, 11, 1)}, "happened_at"),  # noqa: DTZ001
        ({"duration_seconds": -1}, "duration_seconds"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"outcome": "x" * 301}, "outcome"),
        ({"channel": "Phone!"}, "channel"),
        ({"source": ""}, "source"),
        ({"external_id": ""}, "external_id"),
        ({"phone": "12"}, "phone"),
        ({"email": "nobody"}, "email"),
    ],
)
async def test_what_makes_no_sense_is_refused(db: Connection, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        await logged(db, call(**wrong))
    assert refused.value.field == field


async def test_one_that_is_refused_does_not_keep_the_others_out(db: Connection) -> None:
    customer = await jana(db)
    news = [call(party_id=uuid4()), call(party_id=customer), call(phone="1")]
    results = await log_interactions(db, news, actor=EMA, now=NOW)
    assert [type(one) for one in results] == [NotFound, Interaction, InvalidValue]


async def test_nobody_without_the_right_writes(db: Connection) -> None:
    bare = Actor(kind="staff", id="x", permissions=frozenset({"customers.read"}))
    made = await logged(db, call())
    with pytest.raises(Forbidden):
        await log_interaction(db, call(), actor=bare, now=NOW)
    with pytest.raises(Forbidden):
        await change_interaction(db, made.id, text="", outcome="", duration_seconds=None, actor=bare, now=NOW)
    with pytest.raises(Forbidden):
        await remove_interaction(db, made.id, actor=bare, now=NOW)
    with pytest.raises(Forbidden):
        await claim_interactions(db, uuid4(), "+420777000111", actor=bare, now=NOW)


async def test_a_correction_keeps_how_it_read(db: Connection) -> None:
    customer = await jana(db)
    made = await logged(db, call(party_id=customer, text="Dva kilogramy"))
    later = NOW + timedelta(minutes=1)
    changed = await change_interaction(
        db, made.id, text="Tři kilogramy", outcome="", duration_seconds=60, actor=EMA, now=later
    )
    assert (changed.text, changed.duration_seconds, changed.changed_at) == ("Tři kilogramy", 60, later)
    same = await change_interaction(
        db, made.id, text="Tři kilogramy", outcome="", duration_seconds=60, actor=EMA, now=later
    )
    assert same == changed
    edits = await db.fetch("select * from interaction_edit")
    assert [(row["text"], row["duration_seconds"], row["actor"]) for row in edits] == [
        ("Dva kilogramy", None, str(EMA))
    ]
    newest = (await timeline(db, customer))[0]
    assert newest.payload == {"interaction_id": str(made.id), "fields": ["text", "duration_seconds"]}
    assert await db.fetchval("select folded from interaction") == "tri kilogramy"


async def test_what_is_removed_is_gone_and_that_it_was_stays(db: Connection) -> None:
    customer = await jana(db)
    made = await logged(db, call(party_id=customer, text="secret", external_id="c-3"))
    await change_interaction(db, made.id, text="other", outcome="", duration_seconds=None, actor=EMA, now=NOW)
    await remove_interaction(db, made.id, actor=EMA, now=NOW)
    gone = await get_interaction(db, made.id)
    assert (gone.text, gone.removed_at) == ("", NOW)
    assert await db.fetchval("select count(*) from interaction_edit") == 0
    assert await db.fetchval("select folded from interaction") == ""
    assert {event.name for event in await timeline(db, customer)} >= {"interaction.logged", "interaction.removed"}
    # Brought again it stays removed, and nothing more can be done with it.
    assert (await logged(db, call(external_id="c-3"))).removed_at == NOW
    with pytest.raises(NotFound):
        await remove_interaction(db, made.id, actor=EMA, now=NOW)
    with pytest.raises(NotFound):
        await change_interaction(db, made.id, text="x", outcome="", duration_seconds=None, actor=EMA, now=NOW)


async def test_a_stranger_who_becomes_known_brings_their_calls(db: Connection) -> None:
    early = await logged(db, call(phone="+420777000111", happened_at=NOW - timedelta(days=2)))
    await logged(db, call(phone="+420777000222"))
    customer = await jana(db)
    assert await claim_interactions(db, customer, "+420777000111", actor=EMA, now=NOW) == 1
    assert await claim_interactions(db, customer, "+420777000111", actor=EMA, now=NOW) == 0
    oldest = (await timeline(db, customer))[-1]
    assert (oldest.name, oldest.occurred_at) == ("interaction.assigned", NOW - timedelta(days=2))
    assert (await interactions_by_ids(db, [early.id]))[early.id].party_id == customer


def row(number: int, **given: Any) -> InteractionRow:
    said: dict[str, Any] = {"external_id": f"x-{number}", "happened_at": NOW - timedelta(days=number + 1), **given}
    return InteractionRow(**said)


async def test_an_import_may_be_repeated_and_fires_nothing(db: Connection) -> None:
    customer = await jana(db)
    await db.execute("update party set external_id = 'J-1' where id = $1", customer)
    rows = [
        row(1, customer_external_id="J-1", staff="Ema@example.com", text="volala"),
        row(2, email="jana@example.com", kind="mail"),
        row(3, customer_id=str(customer)),
        row(4, customer_external_id="unheard of"),
        row(5, customer_id="7"),
        row(6, phone="nonsense"),
        row(7, external_id=""),
    ]
    for _ in range(2):
        results = await import_interactions(db, rows, staff={"ema@example.com": EMA_ID}, actor=EMA, now=NOW)
        fields = [one.field if isinstance(one, KupecError) else None for one in results]
        assert fields == [None, None, None, "customer_external_id", "customer_id", "phone", "external_id"]
    events = await db.fetch("select origin, actor from event where name = 'interaction.logged'")
    assert {event["origin"] for event in events} == {"imported"}
    assert len(events) == 3
    assert {one.party_id for one in await list_interactions(db)} == {customer}


async def test_a_file_comes_in_and_what_was_refused_is_told(pool: Pool, tmp_path: Path) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        await jana(db)
    lines = [
        "external_id,happened_at,kind,phone,text,duration_seconds",
        "1,2026-11-01T10:00:00+01:00,call,+420601234567,Ptala se na mlýnek,65",
        "2,2026-11-02T10:00:00+01:00,dance,+420601234567,,",
        "3,yesterday,call,+420601234567,,",
    ]
    path = tmp_path / "calls.csv"
    path.write_text("\n".join(lines), encoding="utf-8")

    async def verb(db: Connection, rows: list[InteractionRow]) -> list[KupecError | None]:
        return await import_interactions(db, rows, staff={}, actor=EMA, now=NOW)

    done = await run_import(
        database, "interactions", path, None, typed(InteractionRow, verb), actor=EMA, clock=FixedClock(NOW)
    )
    assert (done.written, done.failed) == (1, 2)
    refused = tmp_path / "refused.csv"
    async with database.reading() as db:
        assert await write_errors(db, done.id, refused)
        (made,) = await list_interactions(db)
    assert (made.duration_seconds, made.source, made.external_id) == (65, "import", "1")
    assert "happened_at" in refused.read_text()


async def test_pages_of_the_list_have_no_gaps(db: Connection) -> None:
    for number in range(5):
        await log_interaction(db, call(), actor=EMA, now=NOW + timedelta(seconds=number // 2))
    shown: list[Interaction] = []
    while page := await list_interactions(db, after=(shown[-1].created_at, shown[-1].id) if shown else None, limit=2):
        shown += page
    assert len({one.id for one in shown}) == len(shown) == 5
