"""Fetching mails: every one is kept as it came before anybody reads it, once, however often it is seen.

How far a folder was fetched stands in `mailbox`, moved in the transaction that keeps the mail. What is fetched again
(after a crash, from a folder that was made anew, from another one it was moved to) is known by its name.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from kupec.conversations.holding import hand_over
from kupec.conversations.imap import ImapSession, MailServerTrouble
from kupec.conversations.inboxes import credentials_of, list_inboxes
from kupec.conversations.mail_config import MailConfig, MailCredentials, read_config, read_credentials
from kupec.conversations.mail_parts import parse_head
from kupec.conversations.mail_reading import OVERSIZE, report_of, source_of, writer_of
from kupec.conversations.models import Handover, Inbox
from kupec.kit.actor import system
from kupec.kit.clock import Clock
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.ids import uuid7
from kupec.kit.webhooks import store

MAIL = "email"
LEASE = timedelta(seconds=90)
ATTENTION = 20.0  # seconds a round listens to the mail servers before it looks which inboxes there are
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_LOOK_BACK = timedelta(days=2)  # in a folder that was made anew: servers keep days of their own zone
_CONVERSATIONS = system("conversations")
log = structlog.get_logger(__name__)

Bounces = Callable[[Connection, bytes, datetime], Awaitable[None]]
"""What becomes of a report about a mail that is not a conversation's."""


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """How the fetching of an inbox stands; `error` is what the mail server said when it last failed."""

    inbox_id: UUID
    folder: str
    uidvalidity: int | None
    uid: int
    fetched_at: datetime | None
    failures: int
    error: str | None
    next_try_at: datetime


async def mailbox_of(db: Connection, inbox_id: UUID) -> Mailbox | None:
    """How the fetching of this inbox stands; None before it was ever tried."""
    row = await db.fetchrow(f"select {_COLUMNS} from mailbox where inbox_id = $1", inbox_id)  # noqa: S608
    return Mailbox(**dict(row)) if row else None


async def reply_address(db: Connection) -> str | None:
    """Where an answer to any of our mails becomes part of a conversation; None without a mail inbox."""
    found: str | None = await db.fetchval(
        "select config->>'address' from inbox where channel = $1 and active order by created_at, id limit 1", MAIL
    )
    return found


async def hand_in(db: Connection, inbox: Inbox, raw: bytes, *, bounces: Bounces | None, now: datetime) -> UUID | None:
    """Keep a mail as it came, to be read next (`read_deliveries`, `read_round`); None when it is known already.

    A report about a mail that no conversation wrote goes to `bounces`. Somebody who writes more than the inbox's
    `hourly_cap` is left to people, so that two robots do not answer each other for ever.
    """
    report = report_of(raw)
    if report is not None and report.is_dsn and not report.ours and bounces is not None:
        try:
            await bounces(db, raw, now)
        except InvalidValue as error:
            log.warning("mail.report_not_taken", inbox=inbox.code, error=error.message)
        return None
    kept = await store(
        db,
        source=f"channel:{inbox.code}",
        external_id=name_of(raw),
        headers={"content-type": "message/rfc822"},
        body=raw,
        now=now,
    )
    if kept is not None:
        await _leave_to_people(db, inbox, raw, now)
    return kept


def name_of(raw: bytes) -> str:
    """What a mail is called here."""
    return source_of(parse_head(raw), raw)


async def _leave_to_people(db: Connection, inbox: Inbox, raw: bytes, now: datetime) -> None:
    address = writer_of(raw)
    if address is None:
        return
    held = await db.fetch(
        """
        select distinct leg.conversation_id from leg join conversation on conversation.id = leg.conversation_id
         where leg.inbox_id = $1 and leg.address = $2 and conversation.holder = 'bot'
           and conversation.state in ('open', 'snoozed')
           and (select count(*) from message join leg as spoken on spoken.id = message.leg_id
                 where spoken.inbox_id = $1 and spoken.address = $2 and message.kind = 'incoming'
                   and message.created_at > $3) >= $4
         order by leg.conversation_id
        """,
        *(inbox.id, address, now - _HOUR, read_config(inbox.config).hourly_cap),
    )
    for row in held:
        await hand_over(db, row["conversation_id"], Handover(reason="policy"), actor=_CONVERSATIONS, now=now)


class Mailboxes:
    """Looks after the folders of all mail inboxes. One worker holds an inbox at a time; if it dies, another does."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        secret: str,
        bounces: Bounces | None,
        stop: asyncio.Event | None = None,
        attention: float = ATTENTION,
    ) -> None:
        self._database = database
        self._clock = clock
        self._secret = secret
        self._bounces = bounces
        self._stop = stop or asyncio.Event()
        self._attention = attention
        self._id = uuid7()
        self._sessions: dict[UUID, tuple[_Access, ImapSession]] = {}

    async def round(self) -> int:
        """Fetch what has come, listening for `attention` seconds; how many mails were new."""
        async with self._database.reading() as db:
            inboxes = await list_inboxes(db, channel=MAIL, active=True)
            sealed = await credentials_of(db, [inbox.id for inbox in inboxes], secret=self._secret)
        wanted = []
        for inbox in inboxes:
            access = _access(inbox, sealed.get(inbox.id, {}))
            if access is not None:
                wanted.append((inbox, access))
        for inbox_id in self._sessions.keys() - {inbox.id for inbox, _ in wanted}:
            await self._hang_up(inbox_id)
        return sum(await asyncio.gather(*(self._look_after(inbox, access) for inbox, access in wanted)))

    async def aclose(self) -> None:
        """Hang up everywhere."""
        for inbox_id in list(self._sessions):
            await self._hang_up(inbox_id)

    async def _look_after(self, inbox: Inbox, access: "_Access") -> int:
        async with self._database.transaction(quiet=True) as db:
            row = await db.fetchrow(
                _TAKE, inbox.id, access.config.folder, self._id, self._clock.now(), self._clock.now() + LEASE
            )
        if row is None:
            await self._hang_up(inbox.id)
            return 0
        try:
            taken = await self._fetch_for_a_while(inbox, access)
        except MailServerTrouble as trouble:
            log.warning("mail.not_fetched", inbox=inbox.code, error=str(trouble))
            await self._hang_up(inbox.id)
            pause = min(FIRST_PAUSE * 2 ** min(row["failures"], 10), LONGEST_PAUSE)
            async with self._database.transaction(quiet=True) as db:
                await db.execute(_FAILED, inbox.id, str(trouble)[:500], self._clock.now() + pause)
            return 0
        async with self._database.transaction(quiet=True) as db:
            await db.execute(_REACHED, inbox.id, self._clock.now())
        return taken

    async def _fetch_for_a_while(self, inbox: Inbox, access: "_Access") -> int:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._attention
        taken = 0
        session = await self._session(inbox, access)
        while True:
            taken += await self._fetch(inbox, access, session)
            left = until - loop.time()
            if left <= 0 or self._stop.is_set():
                return taken
            await session.wait(left, self._stop)

    async def _session(self, inbox: Inbox, access: "_Access") -> ImapSession:
        known = self._sessions.get(inbox.id)
        if known is not None and known[0] == access:
            return known[1]
        await self._hang_up(inbox.id)
        config, credentials = access.config, access.credentials
        session = await ImapSession.open(
            config.imap_host,
            config.imap_port,
            tls=config.imap_tls == "tls",
            user=credentials.imap_user,
            password=credentials.imap_password,
            folder=config.folder,
        )
        self._sessions[inbox.id] = (access, session)
        return session

    async def _hang_up(self, inbox_id: UUID) -> None:
        known = self._sessions.pop(inbox_id, None)
        if known is not None:
            await known[1].close()

    async def _fetch(self, inbox: Inbox, access: "_Access", session: ImapSession) -> int:
        config = access.config
        taken = 0
        for uid, size in await self._waiting(inbox, config, session):
            raw = await session.fetch(uid, header_only=size > config.largest)
            if raw is not None and size > config.largest:
                raw = OVERSIZE.encode() + b": " + str(size).encode() + b"\r\n" + raw
            async with self._database.transaction() as db:
                now = self._clock.now()
                if raw is not None and raw.strip():
                    taken += await hand_in(db, inbox, raw, bounces=self._bounces, now=now) is not None
                await db.execute(_ADVANCE, inbox.id, session.folder.uidvalidity, uid, now, now + LEASE)
            await session.put_away(uid, config.done_folder)
        return taken

    async def _waiting(self, inbox: Inbox, config: MailConfig, session: ImapSession) -> list[tuple[int, int]]:
        """What is new in the folder: behind where we stand; in a folder that was made anew, what came since."""
        async with self._database.reading() as db:
            known = await mailbox_of(db, inbox.id)
        assert known is not None, "taken"
        if known.uidvalidity == session.folder.uidvalidity and known.folder == config.folder:
            return await session.after(known.uid)
        if known.uidvalidity and known.fetched_at:
            since = known.fetched_at - _LOOK_BACK
            found = await session.since(f"{since.day:02}-{_MONTHS[since.month - 1]}-{since.year}")
        else:
            # The first time, what lay there before we came stays untouched.
            found = await session.after(session.folder.uidnext - 1)
        start = found[0][0] - 1 if found else session.folder.uidnext - 1
        async with self._database.transaction(quiet=True) as db:
            await db.execute(_OPENED, inbox.id, config.folder, session.folder.uidvalidity, start, self._clock.now())
        return found


class _Access(msgspec.Struct, frozen=True, kw_only=True):
    config: MailConfig
    credentials: MailCredentials


def _access(inbox: Inbox, sealed: dict[str, str]) -> _Access | None:
    """How to get at the folder; None where none is set up."""
    try:
        config, credentials = read_config(inbox.config), read_credentials(sealed)
    except KupecError as error:
        log.warning("mail.inbox_not_usable", inbox=inbox.code, error=error.message)
        return None
    return _Access(config=config, credentials=credentials) if config.imap_host and credentials.imap_user else None


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # whatever the locale
_COLUMNS = "inbox_id, folder, uidvalidity, uid, fetched_at, failures, error, next_try_at"
_TAKE = """
insert into mailbox (inbox_id, folder, next_try_at, taken_by, taken_until) values ($1, $2, $4, $3, $5)
on conflict (inbox_id) do update set taken_by = $3, taken_until = $5
 where mailbox.next_try_at <= $4 and (mailbox.taken_by = $3 or coalesce(mailbox.taken_until, $4) <= $4)
returning failures
"""
_OPENED = """
update mailbox set folder = $2, uidvalidity = $3, uid = $4, fetched_at = coalesce(fetched_at, $5)
 where inbox_id = $1 and (uidvalidity is distinct from $3 or folder <> $2)
"""
_ADVANCE = """
update mailbox set uid = greatest(uid, $3), fetched_at = $4, taken_until = $5
 where inbox_id = $1 and uidvalidity = $2
"""
_FAILED = "update mailbox set failures = failures + 1, error = $2, next_try_at = $3 where inbox_id = $1"
_REACHED = "update mailbox set failures = 0, error = null, fetched_at = $2 where inbox_id = $1"
