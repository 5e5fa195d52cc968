"""Raw deliveries of channels: verified, stored as they came, and only then read. What was read is forgotten raw."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from kupec.conversations.channel import Channel, Fetching, Polled, Read, SendFailed, Status
from kupec.conversations.errors import InboxClosed, UnknownChannel
from kupec.conversations.inboxes import credentials_of, inbox_by_code, list_inboxes
from kupec.conversations.models import Inbox, Taken
from kupec.conversations.statuses import note_status
from kupec.conversations.taking import take_in
from kupec.kit import webhooks
from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError

SOURCE = "channel:"
_SOON = timedelta(seconds=15)  # after which the worker reads what the process that stored it has not read
_PATIENT = 3  # attempts after which a status of a message that nobody knows is let go

log = structlog.get_logger(__name__)


async def receive_delivery(
    db: Connection,
    channels: Mapping[str, Channel],
    inbox_code: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    secret: str,
    now: datetime,
) -> UUID | None:
    """Keep what a channel's other side sent us, if it proves who it is; None when it is known already.

    Header names in lower case. Raises NotFound, InboxClosed, Refused (nothing is stored), InvalidValue. Once this has
    committed, tell the other side so and call `read_deliveries`; if nobody does, `read_round` will.
    """
    inbox = await inbox_by_code(db, inbox_code)
    if not inbox.active:
        raise InboxClosed
    channel = _channel(channels, inbox)
    credentials = (await credentials_of(db, [inbox.id], secret=secret))[inbox.id]
    channel.verify(inbox, credentials, headers, body)
    return await webhooks.store(
        db,
        source=SOURCE + inbox.code,
        external_id=channel.external_id(headers, body)[:200],
        headers=headers,
        body=body,
        now=now,
        due_in=_SOON,
    )


async def store_polled(db: Connection, inbox: Inbox, polled: Sequence[Polled], *, now: datetime) -> int:
    """Keep what was asked for, as if a webhook had brought it; how many were new. `read_round` reads them."""
    stored = 0
    for at, one in enumerate(polled):
        kept = await webhooks.store(
            db,
            source=SOURCE + inbox.code,
            external_id=one.external_id[:200],
            headers={},
            body=one.body,
            now=now + timedelta(microseconds=at),  # they are read in this order, and at once
            due_in=-timedelta(microseconds=at),
        )
        stored += kept is not None
    return stored


async def read_deliveries(
    db: Connection, channels: Mapping[str, Channel], delivery_ids: Sequence[UUID], *, now: datetime
) -> list[list[Taken]]:
    """Read stored deliveries, each in its turn; by delivery, what became of the messages in it.

    Those that somebody else reads at this moment, or has read, give nothing; neither do those that need files from the
    other side: `read_round` fetches them. Emits as `take_in` and `note_status` do.
    """
    inboxes = {SOURCE + inbox.code: inbox for inbox in await list_inboxes(db)}
    reads: dict[UUID, tuple[Inbox, Read]] = {}
    later = []
    for delivery in await webhooks.lock_waiting(db, delivery_ids):
        inbox = inboxes[delivery.source]
        read = _understood(_channel(channels, inbox), inbox, delivery.body, now)
        if _lacks_files(read):
            later.append(delivery.id)
        else:
            reads[delivery.id] = inbox, read
    await webhooks.make_due(db, later, now)
    taken, unknown = await _apply(db, list(reads.values()), now)
    known = [one for one, (_, read) in reads.items() if not any(status in unknown for status in read.statuses)]
    await webhooks.mark_processed(db, known, forget=True)
    by_delivery = dict(zip(reads, taken, strict=True))
    return [by_delivery.get(delivery_id, []) for delivery_id in delivery_ids]


async def read_round(
    database: Database, channels: Mapping[str, Channel], *, secret: str, now: datetime, limit: int = 100
) -> int:
    """Read what is stored and was not read yet; returns how many deliveries it took.

    Each in a transaction of its own, in the order they came. One that cannot be read is noted as failed and tried again
    later; the others are not held up.
    """
    async with database.transaction(quiet=True) as db:
        deliveries = await webhooks.take_waiting(db, now, limit, prefix=SOURCE)
        inboxes = {SOURCE + inbox.code: inbox for inbox in await list_inboxes(db)} if deliveries else {}
        credentials = await credentials_of(db, [one.id for one in inboxes.values()], secret=secret) if inboxes else {}
    for delivery in deliveries:
        inbox = inboxes[delivery.source]
        try:
            await _read_one(database, channels, inbox, credentials[inbox.id], delivery, now)
        except (KupecError, SendFailed) as error:
            async with database.transaction() as db:
                await webhooks.mark_failed(db, delivery, str(error), now)
    return len(deliveries)


async def _read_one(
    database: Database,
    channels: Mapping[str, Channel],
    inbox: Inbox,
    credentials: Mapping[str, str],
    delivery: webhooks.Delivery,
    now: datetime,
) -> None:
    channel = _channel(channels, inbox)
    read = _understood(channel, inbox, delivery.body, now)
    if isinstance(channel, Fetching) and _lacks_files(read):
        read = await channel.fetch(inbox, read, credentials)
    async with database.transaction() as db:
        unknown = (await _apply(db, [(inbox, read)], now))[1]
        if unknown and delivery.attempts < _PATIENT:
            await webhooks.mark_failed(db, delivery, "a status of a message that is not known yet", now)
        else:
            await webhooks.mark_processed(db, [delivery.id], forget=True)


async def _apply(
    db: Connection, reads: Sequence[tuple[Inbox, Read]], now: datetime
) -> tuple[list[list[Taken]], list[Status]]:
    """Take in what they said, in one go; and the statuses that are of no message that is known."""
    items = [item for _, read in reads for item in read.incoming]
    taken = iter(await take_in(db, items, now=now) if items else [])
    unknown: list[Status] = []
    for inbox, read in reads:
        if read.statuses:
            unknown += await note_status(db, inbox.id, read.statuses, now=now)
    return [[next(taken) for _ in read.incoming] for _, read in reads], unknown


def _channel(channels: Mapping[str, Channel], inbox: Inbox) -> Channel:
    found = channels.get(inbox.channel)
    if found is None:
        raise UnknownChannel(channel=inbox.channel, known=", ".join(sorted(channels)))
    return found


def _understood(channel: Channel, inbox: Inbox, body: bytes, now: datetime) -> Read:
    """What it says, with the window that begins with each word of the customer's."""
    read = channel.read(inbox, body, now)
    window = channel.capabilities.window
    if window is None:
        return read
    incoming = [
        msgspec.structs.replace(item, window_closes_at=min(item.sent_at, now) + window) for item in read.incoming
    ]
    return msgspec.structs.replace(read, incoming=tuple(incoming))


def _lacks_files(read: Read) -> bool:
    return any(file.reference and not file.failed for item in read.incoming for file in item.attachments)
