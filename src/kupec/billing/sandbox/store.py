"""What the sandbox gateway remembers, in one SQLite file. Commits are shared, and nobody is answered before theirs."""

import asyncio
import contextlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from kupec.billing.sandbox.wire import GatewayPayment, GatewayState, Message

GATHER = 0.002  # seconds in which changes share one commit
ACTION_PATIENCE = 1800.0  # seconds the customer has to confirm
TOKEN_LIFE = 3600.0

_SCHEMA = """
create table if not exists payment (
    id text primary key, key text not null unique, request_hash blob not null, amount integer not null,
    currency text not null, state text not null, refunded integer not null default 0, card text,
    behaviour text not null, error text, secret text unique, return_url text not null, metadata text not null,
    created_at real not null, reply blob not null
) without rowid;
create index if not exists payment_waiting on payment (created_at) where state = 'requires_action';
create table if not exists refund (
    key text primary key, request_hash blob not null, payment_id text not null references payment (id),
    amount integer not null, reply blob not null
) without rowid;
create table if not exists token (
    token text primary key, number text not null, used_by text, made_at real not null
) without rowid;
create table if not exists kept (
    card text primary key, customer text not null, number text not null
) without rowid;
create table if not exists message (
    id text primary key, body blob not null, made_at real not null, attempts integer not null default 0,
    due_at real not null
) without rowid;
create index if not exists message_due on message (due_at);
"""
_FIELDS = "id, key, state, amount, currency, refunded, card, secret, error, metadata, behaviour, return_url"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A payment with what the gateway keeps to itself."""

    shown: GatewayPayment
    behaviour: str
    secret: str | None
    return_url: str


class Store:
    """One connection, used by one event loop. Changes are seen at once, and lasting after `settled`."""

    def __init__(self, path: Path, *, public_url: str, messages: Callable[[str], bool]) -> None:
        """`messages` says of which types the shop wants to be told."""
        self._public_url = public_url
        self._messages = messages
        self._db = sqlite3.connect(path, isolation_level=None)
        # NORMAL with WAL outlives a killed process, which is what the sandbox has to stand; not a power cut.
        for pragma in ("journal_mode = wal", "synchronous = normal", "busy_timeout = 5000"):
            self._db.execute(f"pragma {pragma}")
        self._db.executescript(_SCHEMA)
        self._settled: asyncio.Future[None] | None = None
        self._news = asyncio.Event()

    def change(self, sql: str, parameters: Iterable[Any] = ()) -> None:
        """Write, as a part of the commit that is being gathered."""
        if self._settled is None:
            self._db.execute("begin immediate")
            loop = asyncio.get_running_loop()
            self._settled = loop.create_future()
            loop.call_later(GATHER, self._commit)
        self._db.execute(sql, tuple(parameters))

    async def settled(self) -> None:
        """Wait until all that has been read or written so far will outlive this process."""
        if self._settled is not None:
            await asyncio.shield(self._settled)

    def _commit(self) -> None:
        settled, self._settled = self._settled, None
        assert settled is not None
        try:
            self._db.execute("commit")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("rollback")
            settled.set_exception(error)
            # Somebody waits for each change; this only keeps a lone failure from being called unretrieved.
            settled.exception()
        else:
            settled.set_result(None)

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[Any]:
        return self._db.execute(sql, tuple(parameters)).fetchall()

    def payment(self, column: str, value: str) -> Stored | None:
        """By "id", "key" or "secret"."""
        rows = self.rows(f"select {_FIELDS} from payment where {column} = ?", (value,))  # noqa: S608
        return self._stored(rows[0]) if rows else None

    def all_payments(self) -> list[GatewayPayment]:
        return [
            self._stored(row).shown
            for row in self.rows(f"select {_FIELDS} from payment order by created_at")  # noqa: S608
        ]

    def add(self, stored: Stored, request_hash: bytes, reply: bytes) -> None:
        shown = stored.shown
        self.change(
            "insert into payment (id, key, request_hash, amount, currency, state, card, behaviour, error, secret, "
            "return_url, metadata, created_at, reply) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(shown.id, shown.key, request_hash, shown.amount, shown.currency, shown.state, shown.card),
                *(stored.behaviour, shown.error, stored.secret, stored.return_url),
                *(msgspec.json.encode(shown.metadata).decode(), time.time(), reply),
            ),
        )
        self.tell(shown)

    def give_back(self, payment: GatewayPayment, key: str, request_hash: bytes, amount: int, reply: bytes) -> None:
        """A refund of a part or all of a captured payment."""
        self.change("insert into refund values (?, ?, ?, ?, ?)", (key, request_hash, payment.id, amount, reply))
        self.change("update payment set refunded = refunded + ? where id = ?", (amount, payment.id))
        refunded = msgspec.structs.replace(payment, refunded=payment.refunded + amount)
        self.tell(refunded, "refund.succeeded")

    def action_url(self, secret: str | None) -> str | None:
        """Where the customer confirms the payment with this secret."""
        return f"{self._public_url}/3ds/{secret}" if secret else None

    def move(self, payment: GatewayPayment, state: GatewayState, *, error: str | None = None) -> GatewayPayment:
        """Change the state, and tell the shop."""
        self.change("update payment set state = ?, error = ? where id = ?", (state, error, payment.id))
        moved = msgspec.structs.replace(payment, state=state, error=error, action_url=None)
        self.tell(moved)
        return moved

    def tell(self, payment: GatewayPayment, about: str | None = None) -> None:
        """Put a webhook about `payment` into the queue."""
        kind = about or f"payment.{payment.state}"
        if not self._messages(kind):
            return
        now = time.time()
        created_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        message = Message(type=kind, created_at=created_at, data=payment)
        self.change(
            "insert into message (id, body, made_at, due_at) values (?, ?, ?, ?)",
            (f"msg_{secrets.token_hex(12)}", msgspec.json.encode(message), now, now),
        )

        self._news.set()

    async def news(self, *, timeout: float) -> None:
        """Wait until there is a new webhook to send, for so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), timeout)
        self._news.clear()

    def expire(self) -> None:
        """Give up the payments that nobody has confirmed in time."""
        rows = self.rows(
            f"select {_FIELDS} from payment where state = 'requires_action' and created_at < ?",  # noqa: S608
            (time.time() - ACTION_PATIENCE,),
        )
        for row in rows:
            self.move(self._stored(row).shown, "expired", error="action_expired")

    def sums(self) -> dict[str, dict[str, int]]:
        """By currency, the minor units in each state; "captured" is gross of "refunded"."""
        found: dict[str, dict[str, int]] = {}
        for currency, state, amount, refunded in self.rows(
            "select currency, state, sum(amount), sum(refunded) from payment group by currency, state"
        ):
            sums = found.setdefault(currency, {"refunded": 0})
            sums[state] = amount
            sums["refunded"] += refunded
        return found

    async def close(self) -> None:
        await self.settled()
        self._db.close()

    def _stored(self, row: tuple[Any, ...]) -> Stored:
        payment_id, key, state, amount, currency, refunded, card, secret, error, metadata, behaviour, return_url = row
        shown = GatewayPayment(
            id=payment_id,
            key=key,
            state=state,
            amount=amount,
            currency=currency,
            refunded=refunded,
            card=card,
            action_url=self.action_url(secret) if state == "requires_action" else None,
            error=error,
            metadata=msgspec.json.decode(metadata),
        )
        return Stored(shown=shown, behaviour=behaviour, secret=secret, return_url=return_url)
