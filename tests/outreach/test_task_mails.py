"""Mails about tasks: each reminder once to each it concerns, by their clock; a question to the customer."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from kupec.customers import Contact, identify, open_task, remind_tasks, save_team
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.events import COLUMNS, Event
from kupec.kit.ids import uuid7
from kupec.outreach import Sender
from kupec.outreach.task_mails import write_task_mails

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TEST = system("test")
SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="http://localhost:8000", secret="s")


async def hire(db: Connection, name: str, language: str = "cs", zone: str | None = None, role: str = "agent") -> UUID:
    staff_id = uuid7()
    await db.execute(
        """insert into staff (id, email, name, password_hash, role, language, created_at, zone)
           values ($1, $2, $2, '-', $3, $4, $5, $6)""",
        *(staff_id, f"{name}@zrnko.example", role, language, NOW, zone),
    )
    return staff_id


async def tell(db: Connection) -> None:
    rows = await db.fetch(f"select {COLUMNS} from event where name in ('task.reminded', 'task.opened') order by id")
    await write_task_mails(db, [Event(**dict(row)) for row in rows], sender=SENDER, timezone="Europe/Prague")


async def test_whoever_does_it_is_reminded_once_and_by_their_own_clock(db: Connection) -> None:
    ema, tom, gone = await hire(db, "ema"), await hire(db, "tom", "en", "America/New_York", "warehouse"), uuid7()
    [jana] = await identify(db, [Contact(email="jana@example.cz", name="Jana", language="cs")], now=NOW, actor=TEST)
    team = await save_team(db, "Depot", [ema, tom, gone], actor=TEST, now=NOW)
    for given in ({"assignee_id": ema}, {"team_id": team.id}, {}):
        await open_task(
            db,
            key=None,
            title="Call about {what}",
            details={"what": "beans"},
            subject=f"customer:{jana}",
            customer_id=jana,
            due_at=NOW + timedelta(hours=2),
            actor=TEST,
            now=NOW,
            remind_before=[60],
            **given,  # type: ignore[arg-type]
        )
    await remind_tasks(db, NOW + timedelta(hours=1), 100)
    await tell(db)
    await tell(db)
    mails = await db.fetch("select to_address, title, text, customer_id from mail order by to_address, id")
    assert [mail["to_address"] for mail in mails] == ["ema@zrnko.example"] * 2 + ["tom@zrnko.example"]
    assert "2. 3. 2026 11:00" in mails[0]["title"]
    assert "2 Mar 2026 05:00" in mails[2]["title"]
    assert "Jana" in mails[0]["text"]
    assert "Jana" not in mails[2]["text"]  # the warehouse does not read customers


async def test_a_customer_is_written_what_one_asks_of_them(db: Connection) -> None:
    [jana] = await identify(db, [Contact(email="jana@example.cz", name="Jana", language="cs")], now=NOW, actor=TEST)
    for portal in (True, False):
        await open_task(
            db,
            key=None,
            title="Kolik kávy?",
            details={},
            subject=f"customer:{jana}",
            customer_id=jana,
            due_at=NOW + timedelta(days=2),
            actor=TEST,
            now=NOW,
            portal=portal,
        )
    await tell(db)
    await tell(db)
    (mail,) = await db.fetch("select to_address, title, customer_id from mail")
    assert (mail["to_address"], mail["customer_id"]) == ("jana@example.cz", jana)
    assert "Kolik kávy?" in mail["title"]
