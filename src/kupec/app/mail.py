"""The mail inboxes composed with what is above them: a report about a letter of outreach goes where that is known."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from kupec.app.process import open_database, settings_here
from kupec.app.serving import database_for
from kupec.conversations import Inbox, Mailboxes, MailChannel, hand_in, inbox_by_code, list_inboxes
from kupec.kit.clock import Clock, SystemClock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.settings import Settings
from kupec.outreach import take_bounce


async def pass_on(db: Connection, raw: bytes, now: datetime) -> None:
    """A report about a mail that no conversation wrote: then it is one of our letters, or nobody's."""
    await take_bounce(db, raw, now=now)


def mailboxes(settings: Settings, database: Database, clock: Clock, *, stop: asyncio.Event) -> Mailboxes:
    """What fetches mails, until `stop` is set."""
    return Mailboxes(database, clock, secret=settings.secret, bounces=pass_on, stop=stop)


def take_mail(file: Path, *, inbox: str) -> None:
    """Hand in a mail from a file ("-": the standard input), as if it had been fetched; the worker reads it.

    Raises NotFound for an inbox, InvalidValue for what is no mail.
    """
    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    if not raw.strip():
        raise InvalidValue(field="file", expected="a mail")

    async def work(settings: Settings) -> bool:
        async with open_database(settings, application="mail") as (database, _), database.transaction() as db:
            found = await _inbox(db, inbox)
            return await hand_in(db, found, raw, bounces=pass_on, now=SystemClock().now()) is not None

    with database_for(settings_here()) as settings:
        new = asyncio.run(work(settings))
    print("Kept." if new else "There is nothing new in it.")


async def _inbox(db: Connection, code: str) -> Inbox:
    if code:
        found = await inbox_by_code(db, code)
        if found.channel == MailChannel.code:
            return found
        raise NotFound(what="mail inbox")
    inboxes = await list_inboxes(db, channel=MailChannel.code, active=True)
    if not inboxes:
        raise NotFound(what="mail inbox")
    return inboxes[0]
