"""Who speaks: the bot is silent from the moment people hold a conversation."""

from datetime import timedelta
from uuid import UUID

import pytest

from kupec.conversations import Handover, NotOpen, assign, get_conversation, hand_back, hand_over, take_over, unassign
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, NotFound
from kupec.kit.ids import uuid7
from tests.conversations.people import BOT, NOW, add_agent, add_message, add_talk, events_of, id_of, lines_of

LATER = NOW + timedelta(minutes=3)
WHY = Handover(reason="asked", summary="Wants the parcel by Friday", slots={"number": "10023"}, flow="order_status")


async def test_who_takes_over_speaks_and_what_the_bot_prepared_is_withdrawn(db: Connection) -> None:
    ema, talk = await add_agent(db), await add_talk(db)
    leg = await db.fetchval("select id from leg where conversation_id = $1", talk)
    prepared = await add_message(db, talk, leg, "hello", author="bot", state="queued")
    gone = await add_message(db, talk, leg, "sent before", author="bot", state="sending")
    taken = await take_over(db, talk, actor=ema, now=LATER)
    assert (taken.holder, taken.assignee, taken.fence, taken.turn_due_at) == ("people", id_of(ema), 2, None)
    states = dict(await db.fetch("select id, state from message where author = 'bot'"))
    assert states == {prepared: "withdrawn", gone: "sending"}
    assert await lines_of(db, talk) == ["taken_over"]
    assert await events_of(db, talk) == ["message.moved", "conversation.taken_over"]
    again = await take_over(db, talk, actor=ema, now=LATER)
    assert again.fence == 2
    assert len(await lines_of(db, talk)) == 1


async def test_a_conversation_taken_from_a_colleague_keeps_what_the_bot_left(db: Connection) -> None:
    ema, jan, talk = await add_agent(db), await add_agent(db, "Jan"), await add_talk(db)
    await hand_over(db, talk, WHY, actor=BOT, now=NOW)
    await take_over(db, talk, actor=ema, now=NOW)
    taken = await take_over(db, talk, actor=jan, now=LATER)
    assert taken.assignee == id_of(jan)
    assert taken.handover == WHY
    assert taken.handed_over_at == NOW


async def test_handing_over_keeps_the_summary_and_the_customer_waits(db: Connection) -> None:
    talk = await add_talk(db, waiting=False)
    handed = await hand_over(db, talk, WHY, actor=BOT, now=LATER)
    assert (handed.holder, handed.assignee, handed.handover, handed.waiting_since) == ("people", None, WHY, LATER)
    assert (await hand_over(db, talk, Handover(reason="anger"), actor=BOT, now=LATER)).handover == WHY
    assert await events_of(db, talk) == ["conversation.handed_over"]


async def test_handed_back_the_bot_answers_at_once_what_waits(db: Connection) -> None:
    ema, talk = await add_agent(db), await add_talk(db)
    await take_over(db, talk, actor=ema, now=NOW)
    back = await hand_back(db, talk, actor=ema, now=LATER)
    assert (back.holder, back.assignee, back.turn_due_at, back.fence) == ("bot", None, LATER, 3)
    quiet = await add_talk(db, waiting=False)
    await take_over(db, quiet, actor=ema, now=NOW)
    assert (await hand_back(db, quiet, actor=ema, now=LATER)).turn_due_at is None


async def test_assigning_takes_it_from_the_bot_and_unassigning_gives_it_to_nobody(db: Connection) -> None:
    ema, jan, talk = await add_agent(db), await add_agent(db, "Jan"), await add_talk(db)
    given = await assign(db, talk, id_of(jan), actor=ema, now=LATER)
    assert (given.holder, given.assignee) == ("people", id_of(jan))
    assert (await unassign(db, talk, actor=ema, now=LATER)).assignee is None
    assert await lines_of(db, talk) == ["handed_over", "assigned", "unassigned"]
    with pytest.raises(NotFound):
        await assign(db, talk, uuid7(), actor=ema, now=LATER)
    with pytest.raises(NotFound):
        await assign(db, talk, None, team_id=uuid7(), actor=ema, now=LATER)


async def test_only_who_writes_in_conversations_may(db: Connection) -> None:
    warehouse, talk = await add_agent(db, role="warehouse"), await add_talk(db)
    for attempt in (
        take_over(db, talk, actor=warehouse, now=NOW),
        hand_back(db, talk, actor=warehouse, now=NOW),
        assign(db, talk, None, actor=warehouse, now=NOW),
        hand_over(db, talk, WHY, actor=warehouse, now=NOW),
    ):
        with pytest.raises(Forbidden):
            await attempt
    assert (await get_conversation(db, talk)).holder == "bot"


async def test_what_was_merged_is_left_alone(db: Connection) -> None:
    ema, talk = await add_agent(db), await add_talk(db)
    await db.execute("update conversation set state = 'merged' where id = $1", talk)
    with pytest.raises(NotOpen):
        await take_over(db, talk, actor=ema, now=NOW)
    with pytest.raises(NotFound):
        await take_over(db, UUID(int=1), actor=ema, now=NOW)


async def test_staff_that_nobody_knows_cannot_take_over(db: Connection) -> None:
    nobody = Actor(kind="staff", id="ema", permissions=frozenset({"conversations.write"}))
    with pytest.raises(NotFound):
        await take_over(db, await add_talk(db), actor=nobody, now=NOW)
