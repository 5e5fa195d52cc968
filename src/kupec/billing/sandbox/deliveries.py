"""Webhooks of the sandbox gateway: signed, sent until the shop says 2xx, in no promised order."""

import asyncio
import logging
import random
import time

import aiohttp

from kupec.billing.sandbox.signature import sign
from kupec.billing.sandbox.store import Store

log = logging.getLogger(__name__)

CONCURRENCY = 16
FIRST_PAUSE = 0.5  # seconds; doubles with each attempt
LONGEST_PAUSE = 600.0
_BATCH = 200
_IDLE = 1.0
_PATIENCE = aiohttp.ClientTimeout(total=10)


class Deliveries:
    """Sends what the store has in its queue, until it is cancelled."""

    def __init__(self, store: Store, *, url: str, secret: str) -> None:
        self._store = store
        self._url = url
        self._secret = secret

    async def run(self) -> None:
        """A crash between the shop's answer and our note of it sends a message again: the shop must know its ids."""
        connector = aiohttp.TCPConnector(limit=CONCURRENCY)
        async with aiohttp.ClientSession(
            connector=connector, timeout=_PATIENCE, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            while True:
                self._store.expire()
                await self._store.settled()
                due = self._store.rows(
                    "select id, body, attempts from message where due_at <= ? order by due_at limit ?",
                    (time.time(), _BATCH),
                )
                if due:
                    await self._send_all(session, due)
                else:
                    await self._store.news(timeout=min(_IDLE, self._until_next()))

    def _until_next(self) -> float:
        (next_at,) = self._store.rows("select min(due_at) from message")[0]
        return max(0.01, next_at - time.time()) if next_at else _IDLE

    async def _send_all(self, session: aiohttp.ClientSession, due: list[tuple[str, bytes, int]]) -> None:
        room = asyncio.Semaphore(CONCURRENCY)

        async def send(message_id: str, body: bytes, attempts: int) -> None:
            async with room:
                if await self._deliver(session, message_id, body):
                    self._store.change("delete from message where id = ?", (message_id,))
                else:
                    pause = min(FIRST_PAUSE * 2 ** min(attempts, 20), LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311
                    self._store.change(
                        "update message set attempts = attempts + 1, due_at = ? where id = ?",
                        (time.time() + pause, message_id),
                    )

        await asyncio.gather(*(send(*message) for message in due))
        await self._store.settled()

    async def _deliver(self, session: aiohttp.ClientSession, message_id: str, body: bytes) -> bool:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._secret, message_id, timestamp, body),
        }
        try:
            async with session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                if 200 <= response.status < 300:
                    return True
                log.warning("webhook %s was answered %s", message_id, response.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("webhook %s was not delivered: %s", message_id, error)
        return False
