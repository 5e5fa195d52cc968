"""Mails that come back: refused at the door of a real server, or reported later; what is dead is not written again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller

from kupec.kit.actor import Actor
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.jobs import Runner
from kupec.kit.mail import OutgoingMail, SmtpTransport, compose
from kupec.outreach import bounced_addresses, get_mail, job, lift_bounce, read_bounces, retry_mail, take_bounce
from kupec.outreach.bounces import read_dsn
from tests.outreach.test_messages import NOON, SENDER, person, write
from tests.stack import free_port

STAFF = Actor(kind="staff", id="1", permissions=frozenset({"customers.write", "system.write"}))
DSN = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: obchod@zrnko.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Mon, 9 Mar 2026 12:00:00 +0000

Final-Recipient: rfc822; jana@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <jana@example.com>: nobody
 of that name lives here

--b
Content-Type: {returned}

{original}
--b--
"""


class Door:
    """What the server says of each recipient."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.taken: list[str] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(envelope.content.decode())
        return "250 OK"


@asynccontextmanager
async def mail_server(door: Door) -> AsyncIterator[SmtpTransport]:
    controller = Controller(door, hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    controller.start()
    try:
        yield SmtpTransport(f"smtp://127.0.0.1:{controller.port}")
    finally:
        controller.stop()


async def sent(pool: Pool, door: Door) -> UUID:
    """A message to Jana, handed to the server."""
    database = Database(pool)
    async with database.transaction() as db:
        written = await write(db, await person(db), "service_due", "owned:1")
    async with mail_server(door) as transport:
        await Runner(database, [job(transport, SENDER)], clock=FixedClock(NOON)).run_until_idle()
    return written.mail_id


async def test_a_marketing_mail_leaves_with_the_one_click_headers(pool: Pool) -> None:
    door, database = Door(), Database(pool)
    async with database.transaction() as db:
        await write(db, await person(db), "dormant")
    async with mail_server(door) as transport:
        await Runner(database, [job(transport, SENDER)], clock=FixedClock(NOON)).run_until_idle()
    [raw] = door.taken
    header = raw.replace("\r\n ", " ").replace("\r\n\t", " ")
    assert "List-Unsubscribe: <https://shop.example/cs/unsubscribe/" in header
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in header


@pytest.mark.parametrize(
    ("answer", "code", "hard"),
    [
        ("550 5.1.1 User unknown", "5.1.1", True),
        ("550 no such user here", "550", True),
        ("552 5.2.2 Mailbox full", "5.2.2", False),
        ("550 5.7.1 Looks like spam", "5.7.1", False),
        ("554 go away", "554", False),
    ],
)
async def test_what_the_server_says_of_an_address_is_noted(pool: Pool, answer: str, code: str, hard: bool) -> None:
    door = Door()
    door.answers["jana@example.com"] = answer
    mail_id = await sent(pool, door)
    async with pool.acquire() as db:
        mail = await get_mail(db, mail_id)
        assert mail.state == "bounced"
        found = (await bounced_addresses(db, ["Jana@example.com"]))["jana@example.com"]
        assert (found.code, found.hard, found.times) == (code, hard, 1)
        event = await db.fetchrow("select payload, customer_id from event where name = 'mail.bounced'")
        assert event["payload"] == {"mail_id": str(mail_id), "kind": "service_due", "hard": hard, "code": code}
        assert event["customer_id"] == mail.customer_id
        again = await write(db, mail.customer_id or UUID(int=0), "service_due", "owned:2")
        assert again.why == ("bounced" if hard else None)


async def test_a_passing_failure_is_tried_again_and_is_no_bounce(pool: Pool) -> None:
    door = Door()
    door.answers["jana@example.com"] = "451 4.2.1 come later"
    mail_id = await sent(pool, door)
    async with pool.acquire() as db:
        assert (await get_mail(db, mail_id)).state in ("queued", "failed")
        assert await bounced_addresses(db, ["jana@example.com"]) == {}


async def test_five_passing_refusals_in_a_row_are_enough_and_one_success_forgets_them(db: Connection) -> None:
    party_id = await person(db)
    for number in range(5):
        assert (await write(db, party_id, "service_due", f"owned:{number}")).state == "queued"
        await db.execute(
            "insert into mail_bounce (id, address, hard, code, reason, at) "
            "values (gen_random_uuid(), 'jana@example.com', false, '5.2.2', '', $1)",
            NOON,
        )
    assert (await write(db, party_id, "service_due", "owned:a")).why == "bounced"
    await db.execute(
        "update mail set state = 'sent', sent_at = $1 where subject_ref = 'owned:1'", NOON + timedelta(hours=1)
    )
    assert (await write(db, party_id, "service_due", "owned:b")).state == "queued"


def dsn(mail_id: UUID, *, action: str = "failed", status: str = "5.1.1", headers_only: bool = False) -> bytes:
    original = compose(
        OutgoingMail(
            to="jana@example.com",
            sender="obchod@zrnko.example",
            subject="Servis",
            html="<p>x</p>",
            text="x",
            message_id=f"{mail_id}@zrnko.example",
        )
    )
    text = "".join(f"{name}: {value}\n" for name, value in original.items()) if headers_only else original.as_string()
    returned = "text/rfc822-headers" if headers_only else "message/rfc822"
    return DSN.format(action=action, status=status, returned=returned, original=text).encode()


@pytest.mark.parametrize("headers_only", [False, True])
async def test_a_notification_is_kept_read_and_noted_once(pool: Pool, headers_only: bool) -> None:
    mail_id, database = await sent(pool, Door()), Database(pool)
    raw = dsn(mail_id, headers_only=headers_only)
    async with database.transaction() as db:
        assert await take_bounce(db, raw, now=NOON)
        assert not await take_bounce(db, raw, now=NOON)
        assert await bounced_addresses(db, ["jana@example.com"]) == {}, "kept before it is looked at"
    async with database.transaction() as db:
        assert await read_bounces(db, NOON, 100) == 1
        assert await read_bounces(db, NOON, 100) == 0
    async with database.reading() as db:
        found = (await bounced_addresses(db, ["jana@example.com"]))["jana@example.com"]
        assert found.hard
        assert found.reason == "550 5.1.1 <jana@example.com>: nobody of that name lives here"
        assert (await get_mail(db, mail_id)).state == "bounced"
        assert await db.fetchval("select count(*) from event where name = 'mail.bounced'") == 1


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_is_only_late_or_arrived_is_no_bounce(action: str) -> None:
    assert read_dsn(dsn(UUID(int=1), action=action, status="4.4.1")) == []


@pytest.mark.parametrize(
    "raw", [b"Subject: hello\n\nI am on holiday", b"\xff\xfe\x00", b"Content-Type: multipart/report\n\n--"]
)
async def test_what_is_no_notification_waits_for_a_person(db: Connection, raw: bytes) -> None:
    assert await take_bounce(db, raw, now=NOON)
    assert await read_bounces(db, NOON, 100) == 1
    row = await db.fetchrow("select state, error from webhook_delivery")
    assert row["state"] == "failed"
    assert "no delivery status notification" in row["error"]


async def test_nothing_and_too_much_are_refused(db: Connection) -> None:
    for raw in (b" \n", b"x" * 1_000_001):
        with pytest.raises(InvalidValue):
            await take_bounce(db, raw, now=NOON)


async def test_an_address_that_works_again_is_written_again(pool: Pool) -> None:
    door = Door()
    door.answers["jana@example.com"] = "550 5.1.1 User unknown"
    mail_id = await sent(pool, door)
    async with Database(pool).transaction() as db:
        with pytest.raises(Forbidden):
            await lift_bounce(db, "jana@example.com", actor=Actor(kind="staff", id="2"), now=NOON)
        await lift_bounce(db, "Jana@example.com", actor=STAFF, now=NOON)
        with pytest.raises(NotFound):
            await lift_bounce(db, "jana@example.com", actor=STAFF, now=NOON)
        await retry_mail(db, mail_id, actor=STAFF)
        assert (await get_mail(db, mail_id)).state == "queued"
