"""Mails are fetched from a real wire, each kept once before it is read, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kupec.conversations import Inbox, add_inbox, take_in
from kupec.conversations.imap import MailServerTrouble
from kupec.conversations.mail_channel import MailChannel
from kupec.conversations.mailboxes import Mailboxes, hand_in, mailbox_of
from kupec.kit import webhooks
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.mail import OutboxTransport
from tests.mail_server import ImapServer, imap_server
from tests.shop import NOON

SETUP = system("setup")
SECRET = "a secret of the shop"
CHANNEL = MailChannel(SECRET, OutboxTransport(), shop="Zrnko", base_url="https://zrnko.example")
DAY = timedelta(days=1)


def mail(number: int, *, text: str = "Where is my parcel?", sender: str = "jana@example.com") -> bytes:
    return (
        f"From: Jana <{sender}>\nTo: shop@zrnko.example\nSubject: Question {number}\n"
        f"Message-ID: <m{number}@example.com>\nDate: Tue, 10 Mar 2026 11:0{number % 10}:00 +0000\n\n{text}\n"
    ).encode()


async def mail_inbox(db: Connection, imap: ImapServer | None = None, **config: object) -> Inbox:
    where = {"imap_host": "127.0.0.1", "imap_port": imap.port, "imap_tls": "none"} if imap else {}
    return await add_inbox(
        db,
        CHANNEL,
        code="mail",
        name="Mail",
        config={"address": "shop@zrnko.example", **where, **config},
        credentials={"imap_user": imap.user, "imap_password": imap.password} if imap else {},
        secret=SECRET,
        actor=SETUP,
        now=NOON,
    )


@pytest.fixture
async def imap() -> AsyncIterator[ImapServer]:
    async with imap_server() as serving:
        yield serving


class Desk:
    """A worker's fetching, and what it has kept."""

    def __init__(self, database: Database, *, attention: float = 0.0) -> None:
        self.database = database
        self.clock = FixedClock(NOON)
        self.bounced: list[bytes] = []
        self.stop = asyncio.Event()
        self.boxes = Mailboxes(
            database, self.clock, secret=SECRET, bounces=self._bounce, stop=self.stop, attention=attention
        )

    async def _bounce(self, db: Connection, raw: bytes, now: object) -> None:
        self.bounced.append(raw)

    async def kept(self) -> list[bytes]:
        async with self.database.reading() as db:
            rows = await db.fetch("select body from webhook_delivery where source = 'channel:mail' order by id")
        return [bytes(row["body"]) for row in rows]


@pytest.fixture
async def desk(pool: Pool) -> AsyncIterator[Desk]:
    made = Desk(Database(pool))
    yield made
    await made.boxes.aclose()


async def test_what_comes_after_the_first_look_is_kept_once_and_marked_as_read(
    pool: Pool, desk: Desk, imap: ImapServer
) -> None:
    async with pool.acquire() as db:
        await mail_inbox(db, imap)
    imap.deliver(mail(1))

    assert await desk.boxes.round() == 0
    assert await desk.kept() == [], "it lay there before we came"

    imap.deliver(mail(2, text="Žluťoučký kůň"))
    imap.deliver(mail(3))
    assert await desk.boxes.round() == 2
    assert await desk.boxes.round() == 0
    kept = await desk.kept()
    assert kept == [one.raw for one in imap.folders["INBOX"][1:]], "byte for byte, in order"
    assert [one.flags for one in imap.folders["INBOX"]] == [set(), {"\\Seen"}, {"\\Seen"}]
    assert imap.logins == 1, "the connection is kept"


async def test_a_mail_that_is_moved_or_renumbered_is_the_same_mail(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    async with pool.acquire() as db:
        await mail_inbox(db, imap)
    await desk.boxes.round()
    imap.deliver(mail(1), day=NOON)
    await desk.boxes.round()

    imap.deliver(mail(1), day=NOON)  # somebody moved it out and in again
    imap.deliver(mail(9), day=NOON - 9 * DAY)
    imap.renumber()
    imap.deliver(mail(2), day=NOON)
    imap.cut()
    await desk.boxes.round()
    desk.clock.move(timedelta(seconds=30))
    await desk.boxes.round()

    kept = await desk.kept()
    assert [raw.split(b"Question ")[1][:1] for raw in kept] == [b"1", b"2"]
    async with pool.acquire() as db:
        row = await db.fetchrow("select uid, uidvalidity from mailbox")
    assert tuple(row) == (4, 101)
    imap.deliver(mail(3), day=NOON)
    assert await desk.boxes.round() == 1


async def test_another_mail_under_a_known_message_id_is_not_lost(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    async with pool.acquire() as db:
        inbox = await mail_inbox(db)
        assert await hand_in(db, inbox, mail(1), bounces=None, now=NOON)
        other = mail(1).replace(b"Question 1", b"Something else")
        assert await hand_in(db, inbox, other, bounces=None, now=NOON)
        again = mail(1).replace(b"From:", b"Received: by another way\nFrom:")
        assert not await hand_in(db, inbox, again, bounces=None, now=NOON)


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "NOOP"])
async def test_a_connection_that_is_cut_is_made_again_and_nothing_is_lost(
    pool: Pool, desk: Desk, imap: ImapServer, command: str
) -> None:
    async with pool.acquire() as db:
        inbox = await mail_inbox(db, imap)
    await desk.boxes.round()
    await desk.boxes.aclose()
    imap.deliver(mail(1))
    imap.hang_up_on = command

    await desk.boxes.round()
    async with pool.acquire() as db:
        state = await mailbox_of(db, inbox.id)
    assert state is not None
    assert (state.failures, state.error) == (1, "the mail server has hung up")
    tried = len(imap.commands)
    await desk.boxes.round()
    assert len(imap.commands) == tried, "not tried again at once"

    desk.clock.move(timedelta(seconds=6))
    await desk.boxes.round()
    assert len(await desk.kept()) == 1
    async with pool.acquire() as db:
        state = await mailbox_of(db, inbox.id)
    assert state is not None
    assert (state.failures, state.error) == (0, None)


async def test_a_worker_killed_before_it_noted_a_mail_fetches_it_again(
    pool: Pool, desk: Desk, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as db:
        await mail_inbox(db, imap)
    await desk.boxes.round()
    imap.deliver(mail(1))
    with monkeypatch.context() as broken:
        broken.setattr("kupec.conversations.mailboxes._ADVANCE", "this is no sql")
        with pytest.raises(Exception, match="syntax"):
            await desk.boxes.round()
    assert await desk.kept() == []

    # Another worker, once this one's hold has run out.
    other = Desk(desk.database)
    assert await other.boxes.round() == 0, "the first one still holds it"
    other.clock.move(timedelta(seconds=91))
    assert await other.boxes.round() == 1
    await other.boxes.aclose()
    assert len(await desk.kept()) == 1


async def test_two_workers_side_by_side_keep_each_mail_once(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    async with pool.acquire() as db:
        await mail_inbox(db, imap)
    await desk.boxes.round()
    other = Desk(desk.database)
    for number in range(5):
        imap.deliver(mail(number))

    counts = await asyncio.gather(desk.boxes.round(), other.boxes.round())

    await other.boxes.aclose()
    assert sorted(counts) == [0, 5]
    assert len(await desk.kept()) == 5


async def test_it_hears_of_a_mail_the_moment_it_comes(pool: Pool, imap: ImapServer) -> None:
    desk = Desk(Database(pool), attention=20.0)
    async with pool.acquire() as db:
        await mail_inbox(db, imap)
    round_ = asyncio.create_task(desk.boxes.round())
    async with asyncio.timeout(60):
        while not imap.idling:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        imap.deliver(mail(1))
        while not await desk.kept():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        desk.stop.set()
        assert await round_ == 1
    await desk.boxes.aclose()


async def test_a_mail_is_moved_away_where_that_is_wanted(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    async with pool.acquire() as db:
        await mail_inbox(db, imap, done_folder="Done")
    await desk.boxes.round()
    imap.deliver(mail(1))

    await desk.boxes.round()

    assert (len(imap.folders["INBOX"]), len(imap.folders["Done"])) == (0, 1)


async def test_of_a_mail_that_is_too_large_only_the_header_is_fetched(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    async with pool.acquire() as db:
        inbox = await mail_inbox(db, imap, largest=100_000)
    await desk.boxes.round()
    imap.deliver(mail(1, text="x" * 200_000))

    await desk.boxes.round()

    (raw,) = await desk.kept()
    assert len(raw) < 1000
    (said,) = CHANNEL.read(inbox, raw, NOON).incoming
    assert (said.unsupported, said.address, said.text) == ("too large", "jana@example.com", "Question 1")


async def test_a_wrong_password_is_told_and_tried_less_and_less(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    imap.password = "another"
    async with pool.acquire() as db:
        inbox = await mail_inbox(db, imap)
    imap.password = "changed"
    pauses = []
    for _ in range(4):
        before = desk.clock.now()
        await desk.boxes.round()
        async with pool.acquire() as db:
            state = await mailbox_of(db, inbox.id)
        assert state is not None
        assert state.error == "the mail server does not let us in: wrong name or password"
        pauses.append((state.next_try_at - before).total_seconds())
        desk.clock.moment = state.next_try_at
    assert pauses == [5, 10, 20, 40]


async def test_no_server_no_folder_no_wait(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    async with pool.acquire() as db:
        inbox = await mail_inbox(db, imap, folder="Nowhere")
    await desk.boxes.round()
    async with pool.acquire() as db:
        state = await mailbox_of(db, inbox.id)
    assert state is not None
    assert "there is no folder “Nowhere”" in (state.error or "")


async def test_reports_about_other_mails_go_where_those_are_known(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    async with pool.acquire() as db:
        await mail_inbox(db, imap)
    await desk.boxes.round()
    imap.deliver(
        b"From: MAILER-DAEMON@zrnko.example\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        b"--b\nContent-Type: text/plain\n\nNo such user\n"
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n\n"
        b"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <01930000-0000-7000-8000-000000000001@zrnko.example>\n"
        b"--b--\n"
    )

    await desk.boxes.round()

    assert len(desk.bounced) == 1
    assert await desk.kept() == []


async def test_two_robots_do_not_answer_each_other_for_ever(db: Connection) -> None:
    inbox = await mail_inbox(db, hourly_cap=3)
    for number in range(3):
        await hand_in(db, inbox, mail(number), bounces=None, now=NOON)
    deliveries = await webhooks.take_waiting(db, NOON, 10, source="channel:mail")
    said = [one for each in deliveries for one in CHANNEL.read(inbox, each.body, NOON).incoming]
    await take_in(db, said, now=NOON)
    holders = "select array_agg(holder) from conversation"
    assert await db.fetchval(holders) == ["bot"]

    await hand_in(db, inbox, mail(8, sender="other@example.com"), bounces=None, now=NOON)
    assert await db.fetchval(holders) == ["bot"]
    await hand_in(db, inbox, mail(4), bounces=None, now=NOON + timedelta(hours=2))
    assert await db.fetchval(holders) == ["bot"], "an hour later it is another matter"
    await hand_in(db, inbox, mail(5), bounces=None, now=NOON)
    assert await db.fetchval(holders) == ["people"]


async def test_folders_have_names_in_all_languages(pool: Pool, desk: Desk, imap: ImapServer) -> None:
    imap.folders |= {"Doru&AQ0-en&AOE- po&AWE-ta": imap.folders["INBOX"], "R&-D": []}
    async with pool.acquire() as db:
        await mail_inbox(db, imap, folder="Doručená pošta", done_folder="R&D")
    await desk.boxes.round()
    imap.deliver(mail(1))

    assert await desk.boxes.round() == 1

    assert (len(imap.folders["INBOX"]), len(imap.folders["R&-D"])) == (0, 1)


async def test_a_server_that_is_not_there_is_said_so(pool: Pool) -> None:
    async with imap_server() as gone:
        port = gone.port
    desk = Desk(Database(pool))
    async with pool.acquire() as db:
        gone.port = port
        inbox = await mail_inbox(db, gone)
    await desk.boxes.round()
    async with pool.acquire() as db:
        state = await mailbox_of(db, inbox.id)
    assert state is not None
    assert "Connect" in (state.error or "")
    assert issubclass(MailServerTrouble, Exception)
