"""Customers who wait for a person: they are given to somebody, told the truth, and never lost."""

from datetime import timedelta
from uuid import UUID

import pytest

from kupec.conversations import (
    SERVICE_HOURS,
    Handover,
    ServiceHours,
    assign,
    availability_of,
    call_overdue,
    chat_offered,
    get_conversation,
    hand_over,
    promise,
    route_waiting,
    set_availability,
    snooze,
    take_over,
    team_load,
    waiting_position,
    wake_snoozed,
)
from kupec.customers import add_alias, get_task, list_tasks, save_team
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from tests.conversations.people import (
    BOT,
    NOW,
    add_agent,
    add_inbox_row,
    add_message,
    add_party,
    add_talk,
    events_of,
    id_of,
    lines_of,
)


async def available(db: Connection, name: str = "Ema", capacity: int = 2, **given: list[str]) -> Actor:
    agent = await add_agent(db, name)
    await set_availability(
        db,
        id_of(agent),
        "available",
        capacity=capacity,
        languages=given.get("languages"),
        skills=given.get("skills"),
        actor=agent,
        now=NOW,
    )
    return agent


async def handed(db: Connection, customer: UUID | None = None, *, minutes: int = 0, language: str = "cs") -> UUID:
    when = NOW + timedelta(minutes=minutes)
    talk = await add_talk(db, customer, now=when, language=language)
    await hand_over(db, talk, Handover(reason="asked"), actor=BOT, now=when)
    return talk


async def test_who_waits_is_given_to_whoever_has_room_and_no_more_than_that(db: Connection) -> None:
    ema, jan = await available(db, capacity=1), await available(db, "Jan", capacity=1)
    await add_agent(db, "Away")
    talks = [await handed(db, minutes=minute) for minute in range(3)]
    assert await route_waiting(db, NOW + timedelta(minutes=5), 100) == 2
    holders = [(await get_conversation(db, talk)).assignee for talk in talks]
    assert set(holders[:2]) == {id_of(ema), id_of(jan)}
    assert holders[2] is None
    assert await route_waiting(db, NOW + timedelta(minutes=5), 100) == 0
    assert (await events_of(db, talks[0]))[-1] == "conversation.assigned"
    assert (await lines_of(db, talks[0])) == ["handed_over", "routed"]
    assert [(one.name, one.load) for one in await team_load(db, now=NOW)] == [("Away", 0), ("Ema", 1), ("Jan", 1)]


async def test_whoever_talked_with_the_customer_gets_them_also_under_another_of_their_ids(db: Connection) -> None:
    ema, jan = await available(db, capacity=4), await available(db, "Jan", capacity=1)
    customer, browser = await add_party(db), uuid7()
    await add_alias(db, browser, customer, "visitor", now=NOW)
    before = await add_talk(db, browser, now=NOW - timedelta(days=20), waiting=False)
    await assign(db, before, id_of(jan), actor=ema, now=NOW - timedelta(days=20))
    await db.execute("update conversation set state = 'resolved', waiting_since = null where id = $1", before)
    talk = await handed(db, customer)
    await route_waiting(db, NOW, 100)
    assert (await get_conversation(db, talk)).assignee == id_of(jan)


async def test_whoever_has_spoken_in_it_before_gets_it_back(db: Connection) -> None:
    await available(db, capacity=4)
    jan = await available(db, "Jan", capacity=1)
    talk = await add_talk(db)
    leg = await db.fetchval("select id from leg where conversation_id = $1", talk)
    await add_message(db, talk, leg, "I am here", author=str(jan))
    await hand_over(db, talk, Handover(reason="asked"), actor=BOT, now=NOW)
    await route_waiting(db, NOW, 100)
    assert (await get_conversation(db, talk)).assignee == id_of(jan)


async def test_what_a_colleague_took_is_not_given_away(db: Connection) -> None:
    await available(db)
    talk, other = await handed(db), await add_agent(db, "Jan")
    await take_over(db, talk, actor=other, now=NOW)
    assert await route_waiting(db, NOW, 100) == 0
    assert (await get_conversation(db, talk)).assignee == id_of(other)


async def test_going_away_lets_go_of_those_who_wait(db: Connection) -> None:
    ema = await available(db)
    waits, quiet = await handed(db), await add_talk(db, waiting=False)
    await route_waiting(db, NOW, 100)
    await take_over(db, quiet, actor=ema, now=NOW)
    await set_availability(db, id_of(ema), "away", actor=ema, now=NOW)
    assert (await get_conversation(db, waits)).assignee is None
    assert (await get_conversation(db, quiet)).assignee == id_of(ema)
    kept = (await availability_of(db, [id_of(ema)]))[id_of(ema)]
    assert (kept.state, kept.capacity) == ("away", 2)


async def test_availability_is_ones_own_or_the_managers(db: Connection) -> None:
    ema, jan, boss = await add_agent(db), await add_agent(db, "Jan"), await add_agent(db, "Eva", "manager")
    with pytest.raises(Forbidden):
        await set_availability(db, id_of(ema), "away", actor=jan, now=NOW)
    await set_availability(db, id_of(ema), "busy", actor=boss, now=NOW)
    with pytest.raises(InvalidValue):
        await set_availability(db, id_of(ema), "busy", capacity=101, actor=ema, now=NOW)
    with pytest.raises(NotFound):
        await set_availability(db, uuid7(), "busy", actor=boss, now=NOW)


async def test_the_place_in_the_line_and_minutes_only_when_they_are_known(db: Connection) -> None:
    first, second = await handed(db), await handed(db, minutes=1)
    now = NOW + timedelta(minutes=2)
    position = await waiting_position(db, second, now=now)
    assert position is not None
    assert (position.place, position.minutes) == (2, None)
    ema = await available(db, capacity=1)
    position = await waiting_position(db, first, now=now)
    assert position is not None
    assert (position.place, position.minutes) == (1, 1)
    await route_waiting(db, now, 100)
    assert await waiting_position(db, first, now=now) is None
    position = await waiting_position(db, second, now=now)
    assert position is not None
    assert (position.place, position.minutes) == (1, None), "one given out within the hour tells no pace"
    for _ in range(5):
        await assign(db, await add_talk(db, waiting=False), id_of(ema), actor=ema, now=now)
    position = await waiting_position(db, second, now=now)
    assert position is not None
    assert position.minutes == 10, "six in the last hour"


async def test_the_promise_names_the_next_opening(db: Connection) -> None:
    closed = await promise(db, now=NOW + timedelta(hours=9))
    assert (closed.open, closed.available, closed.waiting_minutes) == (False, 0, None)
    assert closed.next_opening == NOW + timedelta(hours=22)
    await available(db)
    here = await promise(db, now=NOW)
    assert (here.open, here.available, here.waiting_minutes, here.next_opening) == (True, 1, 1, NOW)


async def test_chat_is_offered_to_a_share_and_as_far_as_the_team_reaches(db: Connection) -> None:
    boss = await add_agent(db, "Eva", "manager")
    visitors = [f"visitor-{number}" for number in range(300)]
    assert await chat_offered(db, visitors[0], now=NOW)
    await publish_new(db, SERVICE_HOURS, ServiceHours(offer_share=30), actor=boss, now=NOW)
    offered = [visitor for visitor in visitors if await chat_offered(db, visitor, now=NOW)]
    assert 60 <= len(offered) <= 120
    assert [visitor for visitor in visitors if await chat_offered(db, visitor, now=NOW)] == offered
    await publish_new(db, SERVICE_HOURS, ServiceHours(chats_per_agent=1), actor=boss, now=NOW)
    assert not await chat_offered(db, "new", now=NOW), "nobody is on duty"
    await available(db)
    assert await chat_offered(db, "new", now=NOW)
    talk = await add_talk(db)
    assert not await chat_offered(db, "new", now=NOW), "one for each of the staff"
    address = await db.fetchval("select address from leg where conversation_id = $1", talk)
    assert await chat_offered(db, address, now=NOW), "who talks already goes on"
    assert await chat_offered(db, "new", now=NOW + timedelta(hours=1))


async def test_who_waits_too_long_is_called_out_at_each_level_with_one_task(db: Connection) -> None:
    boss = await add_agent(db, "Eva", "manager")
    team = await save_team(db, "Leads", [id_of(boss)], actor=boss, now=NOW)
    rules = ServiceHours(targets={"web": 3}, overdue_minutes=[0, 30], overdue_team=team.id)
    await publish_new(db, SERVICE_HOURS, rules, actor=boss, now=NOW)
    talk = await handed(db)
    assert await call_overdue(db, NOW, 100) == 1
    assert (await get_conversation(db, talk)).respond_by == NOW + timedelta(minutes=3)
    await call_overdue(db, NOW + timedelta(minutes=2), 100)
    assert await list_tasks(db) == []
    await call_overdue(db, NOW + timedelta(minutes=4), 100)
    [task] = await list_tasks(db)
    assert (task.team_id, task.priority, task.subject) == (team.id, "high", f"conversation:{talk}")
    await call_overdue(db, NOW + timedelta(minutes=5), 100)
    assert (await events_of(db, talk)).count("conversation.overdue") == 1
    await call_overdue(db, NOW + timedelta(minutes=40), 100)
    assert (await events_of(db, talk)).count("conversation.overdue") == 2
    assert len(await list_tasks(db)) == 1
    await db.execute("update conversation set waiting_since = null, respond_by = null where id = $1", talk)
    await call_overdue(db, NOW + timedelta(minutes=41), 100)
    assert (await get_task(db, task.id)).outcome == "answered"


async def test_a_wait_that_begins_anew_has_a_time_of_its_own(db: Connection) -> None:
    talk = await handed(db)
    await call_overdue(db, NOW, 100)
    await call_overdue(db, NOW + timedelta(hours=1), 100)
    again = NOW + timedelta(hours=2)
    await db.execute("update conversation set waiting_since = $2 where id = $1", talk, again)
    await call_overdue(db, again, 100)
    assert (await get_conversation(db, talk)).respond_by == again + timedelta(minutes=3)
    assert await db.fetchval("select overdue_level from conversation where id = $1", talk) == 0


async def test_what_the_bot_leaves_unanswered_goes_to_people(db: Connection) -> None:
    talk = await add_talk(db)
    await call_overdue(db, NOW + timedelta(minutes=2), 100)
    assert (await get_conversation(db, talk)).holder == "bot"
    await call_overdue(db, NOW + timedelta(minutes=3), 100)
    taken = await get_conversation(db, talk)
    assert taken.holder == "people"
    assert taken.handover is not None
    assert taken.handover.reason == "error"


async def test_what_somebody_has_who_is_not_there_goes_to_somebody_who_is(db: Connection) -> None:
    gone, talk = await add_agent(db), await add_talk(db)
    await take_over(db, talk, actor=gone, now=NOW)
    await call_overdue(db, NOW, 100)
    ema = await available(db, "Jan")
    await call_overdue(db, NOW + timedelta(minutes=5), 100)
    await route_waiting(db, NOW + timedelta(minutes=5), 100)
    assert (await get_conversation(db, talk)).assignee == id_of(ema)


async def test_what_was_put_off_is_there_again_when_its_time_comes_or_the_customer_writes(db: Connection) -> None:
    ema = await add_agent(db)
    talk, other = await add_talk(db), await add_talk(db)
    until = NOW + timedelta(days=1)
    for one in (talk, other):
        await take_over(db, one, actor=ema, now=NOW)
        assert (await snooze(db, one, until, actor=ema, now=NOW)).waiting_since is None
    assert await wake_snoozed(db, until - timedelta(seconds=1), 100) == 0
    await db.execute("update conversation set waiting_since = $2 where id = $1", other, NOW)
    await call_overdue(db, NOW, 100)
    assert (await get_conversation(db, other)).state == "open"
    assert await wake_snoozed(db, until, 100) == 1
    woken = await get_conversation(db, talk)
    assert (woken.state, woken.holder, woken.assignee, woken.waiting_since) == ("open", "people", id_of(ema), until)
    assert (await lines_of(db, talk))[-2:] == ["snoozed", "woken"]
    with pytest.raises(InvalidValue):
        await snooze(db, talk, NOW, actor=ema, now=NOW)


async def test_an_inbox_of_its_own_has_a_target_of_its_own(db: Connection) -> None:
    boss, inbox = await add_agent(db, "Eva", "manager"), await add_inbox_row(db, "email", live=False)
    code = await db.fetchval("select code from inbox where id = $1", inbox)
    await publish_new(db, SERVICE_HOURS, ServiceHours(targets={code: 45, "email": 240}), actor=boss, now=NOW)
    talk = await add_talk(db, inbox_id=inbox, holder="people")
    await call_overdue(db, NOW, 100)
    assert (await get_conversation(db, talk)).respond_by == NOW + timedelta(minutes=45)
