"""What does a customer's page cost, the whole of it as the desk answers it, in a long log of many customers?

    python -m bench.customers                                      # 100,000 events: a smoke run
    python -m bench.customers --events 100000 1000000 10000000     # the real one: about 9 GB of disk, some minutes

Fifty events a customer, and one faithful customer with ten thousand, spread evenly over the log: every page of theirs
is read from as many places on disk as it has entries. Times are those from the request to the last byte of the answer,
inside the process that answers: sign-in, list, head, story and the words of it. What matters is how the last column of
sizes compares with the first: a page costs what is on it, not how many customers there are.
"""

import argparse
import asyncio
import hashlib
import logging
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast
from uuid import UUID

import httpx
from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State

from kupec import staff
from kupec.billing import SandboxCards
from kupec.kit.actor import system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, create_pool
from kupec.kit.live import Hub
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres
from kupec.kit.settings import Settings
from kupec.machines.ucp import Sessions
from kupec.sales import Checkout
from kupec.staff.sessions import open_session
from kupec.web import desk, errors, security
from kupec.web.desk.gate import SESSION_COOKIE
from kupec.web.site import Site

CHUNK = 100_000
PER_CUSTOMER = 50
OWN = 10_000
START = datetime(2021, 1, 1, tzinfo=UTC)
FAITHFUL = UUID(int=1)
HOST = "https://bench.example"
_NAMES = (
    *("cart.created", "cart.changed", "order.placed", "payment.captured", "order.shipped"),
    *("order.delivered", "mail.sent", "visit.started", "interaction.logged", "order.refunded"),
)

_PARTIES = """
insert into party (id, kind, name, folded, sort_key, language, created_at)
select case when i = 0 then $1::uuid else md5('p' || i)::uuid end, 'person', 'Customer ' || i, 'customer ' || i,
       lpad(i::text, 9, '0'), 'cs', $2
from generate_series(0, $3::int - 1) as i
"""
_CONTACTS = """
insert into contact_point (id, party_id, kind, value)
select gen_random_uuid(), case when i = 0 then $1::uuid else md5('p' || i)::uuid end, 'email',
       'c' || i || '@example.com'
from generate_series(0, $2::int - 1) as i
"""
# Every own-th event is the faithful customer's; the others go round, with a step that spreads each over the log.
_EVENTS = """
insert into event (occurred_at, name, actor, customer_id, channel, subject, payload)
select $1::timestamptz + i * interval '15 seconds', ($5::text[])[1 + (i / 7) % 10], 'system:bench',
       case when i % $6 = 0 then $7::uuid else md5('p' || (1 + i % ($4 - 1)))::uuid end, 'web',
       'order:' || md5((i / 5)::text)::uuid,
       case ($5::text[])[1 + (i / 7) % 10]
         when 'interaction.logged' then jsonb_build_object(
           'interaction_id', md5('i' || i)::uuid, 'kind', 'call', 'direction', 'in', 'seconds', 60)
         when 'mail.sent' then jsonb_build_object('mail_id', md5('m' || i)::uuid, 'kind', 'order_confirmation')
         when 'visit.started' then jsonb_build_object('visit_id', md5('v' || i)::uuid)
         else jsonb_build_object('number', 'Z' || i, 'total', i % 100000, 'amount', i % 100000, 'currency', 'CZK',
                                 'carrier', 'DPD', 'tracking_number', 'T' || i, 'complete', true)
       end
from generate_series($2::bigint, $3::bigint) as i
"""
_TALKS = """
insert into interaction (id, party_id, kind, direction, channel, happened_at, duration_seconds, text, folded, outcome,
                         by, source, external_id, created_at)
select (payload ->> 'interaction_id')::uuid, customer_id, 'call', 'in', 'phone', occurred_at, 60,
       'Asks for beans ' || id, 'asks for beans ' || id, '', 'system:bench', 'bench', id::text, occurred_at
from event where name = 'interaction.logged'
"""


async def fill(db: Connection, events: int) -> int:
    """Returns the number of customers."""
    customers = max(events // PER_CUSTOMER, 100)
    await db.execute(_PARTIES, FAITHFUL, START, customers, timeout=600)
    await db.execute(_CONTACTS, FAITHFUL, customers, timeout=600)
    for first in range(0, events, CHUNK):
        last = min(first + CHUNK, events) - 1
        await db.execute(
            _EVENTS, START, first, last, customers, list(_NAMES), max(events // OWN, 1), FAITHFUL, timeout=600
        )
    await db.execute(_TALKS, timeout=1200)
    await db.execute("vacuum analyze", timeout=1200)
    return customers


class Measured(NamedTuple):
    """Milliseconds: median, 99th percentile, CPU of this process for one; and the entries on the page."""

    median: float
    worst: float
    cpu: float
    entries: int


class Desk:
    """The desk's routes without a socket, and somebody who is signed in."""

    def __init__(self, database: Database, dsn: str, now: datetime) -> None:
        clock = FixedClock(now)
        cards = SandboxCards("http://127.0.0.1:9", key="", webhook_secret="")
        self.site = Site(
            settings=Settings(secret="a secret of this bench", rate_limit=0, base_url=HOST),
            database=database,
            clock=clock,
            checkout=Checkout(database, cards, clock, hold_for=timedelta(minutes=15), order_prefix="Z"),
            sessions=Sessions(database, clock),
            payments=cards,
            live=Hub(database, dsn),
        )
        app = Litestar(
            desk.routes,
            state=State({"site": self.site}),
            exception_handlers=errors.exception_handlers,
            before_send=[security.add_security_headers],
            compression_config=CompressionConfig(backend="gzip", gzip_compress_level=5, minimum_size=2048),
            openapi_config=None,
        )
        self._app = cast(Any, app)
        self.took = 0.0
        transport = httpx.ASGITransport(self._timed)
        self.http = httpx.AsyncClient(transport=transport, base_url=HOST, headers={"Accept": "text/html"})

    async def _timed(self, scope: Any, receive: Any, send: Any) -> None:
        begin = time.perf_counter()
        await self._app(scope, receive, send)
        self.took = (time.perf_counter() - begin) * 1000

    async def sign_in(self) -> None:
        now = self.site.clock.now()
        async with self.site.database.transaction() as db:
            person = await staff.create_staff(
                db,
                email="ema@example.com",
                name="Ema",
                password="a password of this bench",
                role="manager",
                language="cs",
                actor=system("bench"),
                now=now,
            )
            opened = await open_session(db, person, now)
        self.http.cookies.set(SESSION_COOKIE, opened.token, path="/desk")

    async def measure(self, turns: int, address: Callable[[], str]) -> Measured:
        answer = await self.http.get(address())
        answer.raise_for_status()
        shown = answer.text.count('<li id="event-')
        took, worked = [], time.process_time()
        for _ in range(turns):
            answer = await self.http.get(address())
            answer.raise_for_status()
            took.append(self.took)
        worked = (time.process_time() - worked) * 1000 / turns
        return Measured(statistics.median(took), statistics.quantiles(took, n=100)[98], worked, shown)


async def run(dsn: str, events: int, turns: int) -> dict[str, Measured]:
    await migrate(dsn)
    pool = await create_pool(dsn, application="bench")
    database = Database(pool)
    begin = time.perf_counter()
    async with database.reading() as db:
        customers = await fill(db, events)
        rows = await db.fetch(
            "select occurred_at, id from event where customer_id = $1 order by occurred_at desc, id desc", FAITHFUL
        )
        deep = rows[len(rows) * 9 // 10]
        size = await db.fetchval("select pg_size_pretty(pg_database_size(current_database()))")
    took = time.perf_counter() - begin
    print(f"{events:,} events of {customers:,} customers, {size}, written in {took:.0f} s", flush=True)
    here = Desk(database, dsn, START + events * timedelta(seconds=15))
    await here.site.live.start()
    await here.sign_in()
    faithful = f"/desk/customers/{FAITHFUL}"

    def anybody() -> str:
        number = random.randrange(1, customers)
        return f"/desk/customers/{_party(number)}"

    cases: dict[str, Callable[[], str]] = {
        "any customer": anybody,
        "any customer, narrowed to talks": lambda: f"{anybody()}?kind=talks",
        "any customer, looked through": lambda: f"{anybody()}?find=beans",
        "the faithful one": lambda: faithful,
        "the faithful one, deep in the past": lambda: f"{faithful}?until={_cursor(deep)}",
        "the faithful one, narrowed to talks": lambda: f"{faithful}?kind=talks",
    }
    found = {name: await here.measure(turns, address) for name, address in cases.items()}
    for name, one in found.items():
        print(f"  {name:40}{one.median:10.2f}{one.worst:10.2f}{one.cpu:10.2f}{one.entries:8}", flush=True)
    await here.http.aclose()
    await here.site.live.stop()
    await pool.close()
    return found


def _party(number: int) -> UUID:
    """md5('p…')::uuid, as the database makes it."""
    return UUID(hashlib.md5(f"p{number}".encode(), usedforsecurity=False).hexdigest())


def _cursor(row: Any) -> str:
    return f"{row['occurred_at'].isoformat()}_{row['id']}".replace("+", "%2B")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[100_000])
    parser.add_argument("--turns", type=int, default=500, help="times each page is asked for")
    options = parser.parse_args()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    print(f"{'':42}{'p50 ms':>10}{'p99 ms':>10}{'CPU ms':>10}{'entries':>8}")
    found = []
    for events in options.events:
        with tempfile.TemporaryDirectory() as directory, EmbeddedPostgres(Path(directory)) as dsn:
            found.append(asyncio.run(run(dsn, events, options.turns)))
    if len(found) > 1:
        print(f"\np50 at {options.events[-1]:,} events beside {options.events[0]:,}:")
        for name, one in found[-1].items():
            print(f"  {name:40}{one.median / found[0][name].median:10.2f}")


if __name__ == "__main__":
    main()
