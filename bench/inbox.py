"""How fast is the desk's inbox among a million conversations? Every view, every filter, the first page and a deep one.

    python -m bench.inbox                              # 50,000 conversations: a smoke run
    python -m bench.inbox --conversations 1000000      # the real one: about 2 GB of disk, some minutes

Most are resolved, as in any shop that has been open for years; 20,000 are open or asleep, half of them held by people.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from kupec.conversations import ConversationFilter, conversation_counts, find_conversations
from kupec.kit.db import Connection, connect
from kupec.kit.migrate import migrate
from kupec.kit.postgres import EmbeddedPostgres

CHUNK = 100_000
OPEN = 20_000
AGENT = UUID(int=7)
START = datetime(2022, 1, 1, tzinfo=UTC)
LIMIT = 25.0  # milliseconds, at the 99th percentile

_PEOPLE = """
insert into party (id, kind, name, folded, sort_key, language, created_at)
select md5('p' || i)::uuid, 'person', 'Zákazník ' || i, 'zakaznik ' || i, 'zakaznik ' || i, 'cs', $1
  from generate_series(1, $2::int) as i
"""
_TALKS = """
insert into conversation (id, inbox_id, customer_id, state, holder, assignee, next_number, created_at, last_message_at,
                          last_incoming_at, waiting_since, resolved_at)
select md5('c' || i)::uuid, md5('i' || i % 4)::uuid, md5('p' || 1 + i % $5)::uuid,
       case when i % $4 <> 0 then 'resolved' when i / $4 % 10 = 9 then 'snoozed' else 'open' end,
       case when i / $4 % 2 = 0 then 'bot' else 'people' end,
       case when i % $4 = 0 and i / $4 % 4 = 1 then $6::uuid end, 4,
       $1::timestamptz + i * interval '2 minutes', $1::timestamptz + i * interval '2 minutes',
       $1::timestamptz + i * interval '2 minutes',
       case when i % $4 = 0 and i / $4 % 3 = 0 then $1::timestamptz + i * interval '2 minutes' end,
       case when i % $4 <> 0 then $1::timestamptz + i * interval '2 minutes' end
  from generate_series($2::int, $3::int) as i
"""
_MESSAGES = """
insert into message (id, conversation_id, number, kind, author, text, state, created_at)
select md5('m' || i || '-' || n)::uuid, md5('c' || i)::uuid, n, case when n % 2 = 1 then 'incoming' else 'outgoing' end,
       case when n % 2 = 1 then 'customer:x' else 'bot' end, 'Kde je moje objednávka Z' || i || '?',
       case when n % 2 = 1 then 'received' else 'sent' end, $1::timestamptz + i * interval '2 minutes'
  from generate_series($2::int, $3::int) as i cross join generate_series(1, 3) as n
"""


async def fill(db: Connection, conversations: int, *, vacuum: bool = True) -> None:
    """Four inboxes, an agent, customers, conversations with three messages each."""
    customers = max(conversations // 3, 1)
    await db.execute(
        "insert into staff (id, email, name, password_hash, role, language, created_at) "
        "values ($1, 'ema@example.com', 'Ema', '', 'agent', 'cs', $2)",
        *(AGENT, START),
    )
    await db.execute(
        "insert into inbox (id, code, channel, name, created_at) "
        "select md5('i' || i)::uuid, 'inbox' || i, 'web', 'Inbox ' || i, $1 from generate_series(0, 3) as i",
        START,
    )
    await db.execute(_PEOPLE, START, customers, timeout=600)
    every = max(conversations // min(OPEN, conversations // 5), 2)
    for first in range(1, conversations + 1, CHUNK):
        last = min(first + CHUNK - 1, conversations)
        await db.execute(_TALKS, START, first, last, every, customers, AGENT, timeout=600)
        await db.execute(_MESSAGES, START, first, last, timeout=600)
    for table in ("conversation", "message", "party"):
        await db.execute(f"{'vacuum ' if vacuum else ''}analyze {table}", timeout=600)


def lists(inbox_id: UUID, conversations: int) -> dict[str, ConversationFilter]:
    """What the desk asks for."""
    return {
        "all": ConversationFilter(),
        "mine": ConversationFilter(view="mine", staff_id=AGENT),
        "unassigned": ConversationFilter(view="unassigned"),
        "snoozed": ConversationFilter(view="snoozed"),
        "resolved": ConversationFilter(view="resolved"),
        "waiting": ConversationFilter(view="waiting"),
        "waiting longest": ConversationFilter(order="waiting"),
        "unassigned, waiting longest": ConversationFilter(view="unassigned", order="waiting"),
        "of one inbox": ConversationFilter(inbox_id=inbox_id),
        "resolved, of one inbox": ConversationFilter(view="resolved", inbox_id=inbox_id),
        "by name": ConversationFilter(view="resolved", search=f"zakaznik {conversations // 3 - 5}"),
        "by number": ConversationFilter(view="resolved", search=f"#{conversations - 5}"),
    }


async def measure(turns: int, page: Callable[[], Awaitable[int]]) -> tuple[float, float, int]:
    """Milliseconds: median and 99th percentile; and the lines on the page."""
    shown = await page()
    took = []
    for _ in range(turns):
        begin = time.perf_counter()
        await page()
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=100)[98], shown


async def run(dsn: str, conversations: int, turns: int) -> int:
    await migrate(dsn)
    db = await connect(dsn, application="bench")
    begin = time.perf_counter()
    await fill(db, conversations)
    print(f"{conversations:,} conversations written in {time.perf_counter() - begin:.0f} s\n")
    print(f"{'list':<30}{'page':>8}{'lines':>7}{'p50 ms':>9}{'p99 ms':>9}")
    inbox_id = await db.fetchval("select id from inbox where code = 'inbox1'")
    slow = 0
    for name, wanted in lists(inbox_id, conversations).items():
        deep = None
        for place in ("first", "deep"):

            async def page(wanted: ConversationFilter = wanted, cursor: object = deep) -> int:
                return len(await find_conversations(db, wanted, before=cursor))  # type: ignore[arg-type]

            p50, p99, shown = await measure(turns, page)
            slow += p99 >= LIMIT
            print(f"{name:<30}{place:>8}{shown:>7}{p50:>9.2f}{p99:>9.2f}")
            for _ in range(20):
                found = await find_conversations(db, wanted, before=deep)
                deep = found[-1].cursor if found else deep
            if shown < 50:
                break

    async def counts() -> int:
        return sum((await conversation_counts(db, staff_id=AGENT)).values())

    p50, p99, shown = await measure(turns, counts)
    slow += p99 >= LIMIT
    print(f"{'counts':<30}{'':>8}{shown:>7}{p50:>9.2f}{p99:>9.2f}")
    await db.close()
    print(f"\n{'every list' if not slow else f'{slow} lists NOT'} under {LIMIT:.0f} ms at the 99th percentile")
    return slow


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=50_000)
    parser.add_argument("--turns", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, EmbeddedPostgres(Path(place) / "data") as dsn:
        return asyncio.run(run(dsn, options.conversations, options.turns))


if __name__ == "__main__":
    raise SystemExit(main())
