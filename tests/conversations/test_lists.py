"""The inbox's lists: what stands in each, page by page; and that each is read off an index, by its plan."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bench.inbox import AGENT, fill, lists
from kupec.conversations import (
    ConversationFilter,
    Cursor,
    Text,
    conversation_counts,
    conversations_of,
    find_conversations,
    get_conversation,
    note,
    say,
    take_in,
)
from kupec.kit.db import Connection
from tests.conversations.paper import letter, paper_inbox
from tests.conversations.people import add_agent, id_of
from tests.shop import NOON

MINUTE = timedelta(minutes=1)


async def talks(db: Connection, count: int) -> list[UUID]:
    """So many conversations, a minute apart."""
    inbox = await paper_inbox(db)
    found = []
    for at in range(count):
        said = letter(inbox, f"Hello {at}", address=f"who{at}", name=f"Zákazník {at}")
        (taken,) = await take_in(db, [said], now=NOON + at * MINUTE)
        found.append(taken.conversation_id)
    return found


async def listed(db: Connection, **wanted: Any) -> list[UUID]:
    return [one.conversation.id for one in await find_conversations(db, ConversationFilter(**wanted))]


async def test_every_view_has_its_own(db: Connection) -> None:
    one, two, three, four, five = await talks(db, 5)
    ema = await add_agent(db)
    people = "update conversation set holder = 'people'"
    await db.execute(f"{people}, assignee = $2 where id = $1", two, id_of(ema))
    await db.execute(f"{people} where id = $1", three)
    await db.execute("update conversation set state = 'snoozed', snoozed_until = $2 where id = $1", four, NOON)
    await db.execute("update conversation set state = 'resolved', resolved_at = $2 where id = $1", five, NOON)

    assert await listed(db) == [four, three, two, one]
    assert await listed(db, view="mine", staff_id=id_of(ema)) == [two]
    assert await listed(db, view="unassigned") == [three]
    assert await listed(db, view="snoozed") == [four]
    assert await listed(db, view="resolved") == [five]
    assert await listed(db, view="waiting") == [three, two]
    assert await listed(db, order="waiting") == [one, two, three, four]
    assert await conversation_counts(db, staff_id=id_of(ema)) == {"all": 4, "mine": 1, "unassigned": 1}


async def test_a_line_tells_who_and_what_was_said_last_but_no_notes(db: Connection) -> None:
    (talk,) = await talks(db, 1)
    ema = await add_agent(db)
    said = await say(db, talk, [Text(text="Good day")], author=str(ema), actor=ema, now=NOON + MINUTE)
    await note(db, talk, "He calls every week", actor=ema, now=NOON + MINUTE)
    (line,) = await find_conversations(db, ConversationFilter())
    assert (line.customer_name, line.text, line.kind, line.author) == ("Zákazník 0", "Good day", "outgoing", str(ema))
    assert (line.channel, said.number) == ("paper", 2)


async def test_who_waits_is_listed_with_their_own_words(db: Connection) -> None:
    (talk,) = await talks(db, 1)
    ema = await add_agent(db)
    await say(db, talk, [Text(text="We are here from 8:00")], author=str(ema), actor=ema, now=NOON + MINUTE)
    await db.execute("update conversation set waiting_since = $2 where id = $1", talk, NOON)
    (line,) = await find_conversations(db, ConversationFilter())
    assert (line.text, line.kind) == ("Hello 0", "incoming")


async def test_pages_follow_each_other_without_gap_or_double(db: Connection) -> None:
    all_of_them = await talks(db, 7)
    await db.execute("update conversation set last_message_at = $1", NOON)  # all at the same moment
    for order in ("latest", "waiting"):
        found: list[UUID] = []
        cursor: Cursor | None = None
        while page := await find_conversations(db, ConversationFilter(order=order), before=cursor, limit=3):  # type: ignore[arg-type]
            found += [one.conversation.id for one in page]
            cursor = page[-1].cursor
        assert sorted(found) == sorted(all_of_them)


async def test_it_is_found_by_number_name_and_address_in_whatever_state(db: Connection) -> None:
    one, two, _ = await talks(db, 3)
    number = (await get_conversation(db, two)).number
    await db.execute("update conversation set state = 'resolved', resolved_at = $2 where id = $1", two, NOON)
    assert await listed(db, search=f"#{number}") == [two]
    assert await listed(db, search="zakaznik 1") == [two]
    assert await listed(db, search="Zákazník 0") == [one]
    assert await listed(db, search="nobody 100%") == []
    inbox = await paper_inbox(db, "mail")
    said = letter(inbox, "Hello", address="eva@example.com", email="eva@example.com", name="E")
    (by_mail,) = await take_in(db, [said], now=NOON)
    assert await listed(db, search="eva@exam") == [by_mail.conversation_id]
    assert await listed(db, search="9" * 40) == []


async def test_a_customers_conversations_are_theirs_under_every_id(db: Connection) -> None:
    one, two, _ = await talks(db, 3)
    members = [(await get_conversation(db, talk)).customer_id for talk in (one, two)]
    await db.execute("update conversation set state = 'merged', merged_into = $2 where id = $1", one, two)
    assert [talk.id for talk in await conversations_of(db, members)] == [two]


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from steps(below)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", lists(AGENT, 600))
async def test_no_list_reads_all_conversations(db: Connection, name: str, deep: bool) -> None:
    await fill(db, 600, vacuum=False)
    wanted = lists(await db.fetchval("select id from inbox where code = 'inbox1'"), 600)[name]
    asked: list[Any] = []
    db.add_query_logger(asked.append)
    cursor = Cursor(at=NOON, id=AGENT) if deep else None
    await find_conversations(db, wanted, before=cursor)
    await asyncio.sleep(0)  # the log is told after the query
    query = next(record for record in asked if "from conversation" in record.query)
    # So few rows are read at once by any planner: it is asked what it would do if that were dear.
    for way in ("seqscan", "bitmapscan", "sort"):
        await db.execute(f"set local enable_{way} = off")
    found = await db.fetchval(f"explain (format json) {query.query}", *query.args)
    plan = (msgspec.json.decode(found) if isinstance(found, str) else found)[0]["Plan"]
    assert [step for step in steps(plan) if step["Node Type"] == "Seq Scan"] == []
    if not wanted.search:
        # What a page is chosen from comes in its order already: only the page's own lines are ever sorted.
        pages = [below for step in steps(plan) if step["Node Type"] == "Limit" for below in steps(step)]
        assert any(step["Node Type"] == "Index Scan" for step in pages)
        assert [step for step in pages if step["Node Type"] == "Sort"] == []
