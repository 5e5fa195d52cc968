"""One round of sending: claim, hand over to the channels with no transaction open, note what became of it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from kupec.conversations.channel import Channel, Closing, Outgoing, SendFailed, Sent
from kupec.conversations.inboxes import credentials_of
from kupec.conversations.sending import LEASE, UNCLEAR, Failure, claim_sending, note_failed, note_sent, settle_unclear
from kupec.kit.db import Database

AT_ONCE = 16
_PATIENCE = LEASE.total_seconds() / 2  # for one message; past it, somebody else might take it for lost

log = structlog.get_logger(__name__)


async def deliver_round(
    database: Database, channels: Mapping[str, Channel], *, secret: str, now: datetime, limit: int = 100
) -> int:
    """Send what is queued; returns how many messages it took in hand.

    Killed in the middle, what was on its way is settled by a later round (`settle_unclear`).
    """
    repeatable = {code for code, channel in channels.items() if not channel.capabilities.once}
    async with database.transaction(quiet=True) as db:
        settled = await settle_unclear(db, now, limit, repeatable=repeatable)
        going = await claim_sending(db, now, limit)
        credentials = await credentials_of(db, sorted({one.inbox.id for one in going}), secret=secret) if going else {}
    if going:
        results = await _send_all(channels, going, credentials)
        sent = [(id_, one) for id_, one in results.items() if not isinstance(one, Failure)]
        async with database.transaction() as db:
            await note_sent(db, sent, now=now)
            await note_failed(db, [one for one in results.values() if isinstance(one, Failure)], now=now)
    return len(going) + settled


async def close_channels(channels: Mapping[str, Channel]) -> None:
    """Let go of what they keep open."""
    for channel in channels.values():
        if isinstance(channel, Closing):
            await channel.close()


async def _send_all(
    channels: Mapping[str, Channel], going: Sequence[Outgoing], credentials: Mapping[UUID, Mapping[str, str]]
) -> dict[UUID, Sequence[Sent] | Failure]:
    room = asyncio.Semaphore(AT_ONCE)
    results = await asyncio.gather(
        *(_send(room, channels.get(one.leg.channel), one, credentials.get(one.inbox.id, {})) for one in going)
    )
    return {one.message.id: result for one, result in zip(going, results, strict=True)}


async def _send(
    room: asyncio.Semaphore, channel: Channel | None, outgoing: Outgoing, credentials: Mapping[str, str]
) -> Sequence[Sent] | Failure:
    message_id = outgoing.message.id
    if channel is None:
        return Failure(message_id=message_id, reason="no_channel", again=True)
    unclear = Failure(message_id=message_id, reason=UNCLEAR, again=not channel.capabilities.once)
    try:
        async with room, asyncio.timeout(_PATIENCE):
            return await channel.send(outgoing, credentials)
    except SendFailed as failed:
        if failed.unclear:
            return Failure(message_id=message_id, reason=UNCLEAR, again=unclear.again, sent=failed.sent)
        return Failure(
            message_id=message_id, reason=str(failed), again=failed.again, after=failed.after, sent=failed.sent
        )
    except TimeoutError:
        return unclear
    except Exception:
        # One that our own code cannot send must not keep its neighbours waiting; people are told of it.
        log.exception("channel.failed", channel=channel.code, message=str(message_id))
        return Failure(message_id=message_id, reason="error", again=False)
