"""Asking channels for what is new, where no webhook reaches us: one worker at a time asks an inbox."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from kupec.conversations.channel import Channel, Polled, Polling, SendFailed
from kupec.conversations.inboxes import credentials_of, list_inboxes
from kupec.conversations.models import Inbox
from kupec.conversations.receiving import store_polled
from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError

_LEASE = timedelta(seconds=40)  # longer than a poll may take
_REST = timedelta(seconds=30)  # after one that failed

log = structlog.get_logger(__name__)


async def poll_round(database: Database, channels: Mapping[str, Channel], *, secret: str, now: datetime) -> int:
    """Ask every inbox that is to be asked and that nobody else is asking; returns how many deliveries were new.

    They are stored as webhooks are, before anything is confirmed; `read_round` reads them.
    """
    async with database.reading() as db:
        inboxes = [inbox for inbox in await list_inboxes(db, active=True) if _is_polled(channels, inbox)]
    if not inboxes:
        return 0
    async with database.transaction(quiet=True) as db:
        taken = await _take(db, [inbox.id for inbox in inboxes], now)
        credentials = await credentials_of(db, list(taken), secret=secret)
    mine = [inbox for inbox in inboxes if inbox.id in taken]
    polled = await asyncio.gather(*(_poll(channels, one, credentials[one.id], taken[one.id]) for one in mine))
    stored = 0
    for inbox, found in zip(mine, polled, strict=True):
        async with database.transaction(quiet=not found) as db:
            stored += await store_polled(db, inbox, found or (), now=now)
            await _note(db, inbox.id, found, now)
    return stored


def _is_polled(channels: Mapping[str, Channel], inbox: Inbox) -> bool:
    channel: object = channels.get(inbox.channel)
    return isinstance(channel, Polling) and channel.polls(inbox)


async def _take(db: Connection, inbox_ids: Sequence[UUID], now: datetime) -> dict[UUID, str]:
    """Those that are mine until the lease ends, and how far each was read."""
    rows = await db.fetch(
        """
        update inbox set polled_until = $2
          from (select id from inbox where id = any($1::uuid[]) and (polled_until is null or polled_until <= $3)
                 order by id for update skip locked) as free
         where inbox.id = free.id returning inbox.id, inbox.polled_after
        """,
        *(list(inbox_ids), now + _LEASE, now),
    )
    return {row["id"]: row["polled_after"] for row in rows}


async def _poll(
    channels: Mapping[str, Channel], inbox: Inbox, credentials: Mapping[str, str], after: str
) -> Sequence[Polled] | None:
    channel = channels[inbox.channel]
    assert isinstance(channel, Polling), "chosen by it"
    try:
        return await channel.poll(inbox, credentials, after)
    except (SendFailed, KupecError) as error:
        log.warning("channel.not_polled", inbox=inbox.code, reason=str(error))
        return None


async def _note(db: Connection, inbox_id: UUID, found: Sequence[Polled] | None, now: datetime) -> None:
    """Free for the next who asks; after a failure not at once."""
    await db.execute(
        "update inbox set polled_until = $2, polled_after = coalesce($3, polled_after) where id = $1",
        *(inbox_id, now + _REST if found is None else None, found[-1].external_id if found else None),
    )
