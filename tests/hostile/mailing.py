"""Mail with somebody who means ill: a hostile mail comes in, and what it says goes out again in an answer."""

from datetime import UTC, datetime

from kupec.conversations import MailChannel, Text, add_inbox, say, take_in
from kupec.kit.db import Connection
from kupec.kit.mail import OutboxTransport
from tests.hostile.visitor import HOSTILE
from tests.shop import SETUP

SECRET = "stack-secret"


async def mail_badly(db: Connection) -> None:
    """A conversation by mail, with an original in HTML, answered."""
    now = datetime.now(UTC)
    channel = MailChannel(SECRET, OutboxTransport(), shop="Zrnko", base_url="http://localhost")
    inbox = await add_inbox(
        db,
        channel,
        code="mail",
        name="Mail",
        config={"address": "mail@zrnko.example"},
        secret=SECRET,
        actor=SETUP,
        now=now,
    )
    raw = (
        f"From: =?utf-8?q?<script>?= <bad@example.com>\nSubject: {HOSTILE}\nMessage-ID: <{HOSTILE[:40]}@x>\n"
        f"Content-Type: text/html; charset=utf-8\n\n<p>{HOSTILE}</p><img src=x onerror=kupecxss()>"
    ).encode()
    (taken,) = await take_in(db, channel.read(inbox, raw, now).incoming, now=now)
    await say(db, taken.conversation_id, [Text(text=HOSTILE)], author=str(SETUP), actor=SETUP, now=now)
