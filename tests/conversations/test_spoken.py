"""Calls and visits: typed at the desk, held by people, on the timeline, and one interaction each."""

from datetime import timedelta

import pytest

from kupec.conversations import (
    COUNTER,
    PHONE,
    Inbox,
    SpokenChannel,
    SpokenOver,
    add_inbox,
    end_spoken,
    get_conversation,
    legs_of,
    messages_of,
    said_by_agent,
    said_by_customer,
    spoken_now,
    spoken_of,
    start_spoken,
    take_in,
    take_turns_due,
)
from kupec.customers import get_interaction, list_interactions, party_of_contact
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue
from tests.conversations.paper import letter, paper_inbox
from tests.conversations.people import NOW, add_agent, add_party, id_of
from tests.shop import SETUP

SECRET = "a secret of at least thirty-two letters"
MINUTE = timedelta(minutes=1)


async def spoken_inbox(db: Connection, code: str = PHONE) -> Inbox:
    return await add_inbox(db, SpokenChannel(code), code=code, name=code, secret=SECRET, actor=SETUP, now=NOW)


async def test_a_call_of_a_stranger_from_the_first_word_to_the_timeline(db: Connection) -> None:
    inbox, agent = await spoken_inbox(db), await add_agent(db)

    call = await start_spoken(db, inbox, "601 234 567", name="Petr", country="CZ", actor=agent, now=NOW)
    heard = await said_by_customer(db, call, "Where is my parcel?", actor=agent, now=NOW + MINUTE)
    said = await said_by_agent(db, call, "It comes tomorrow.", actor=agent, now=NOW + 2 * MINUTE)
    ended = await end_spoken(db, call, outcome="told", actor=agent, now=NOW + 3 * MINUTE)

    conversation = await get_conversation(db, call.conversation_id)
    assert (conversation.holder, conversation.assignee) == ("people", id_of(agent))
    assert conversation.customer_id == await party_of_contact(db, "+420601234567")
    assert (heard.kind, heard.text, heard.author) == (
        "incoming",
        "Where is my parcel?",
        f"customer:{conversation.customer_id}",
    )
    assert (said.kind, said.state, said.author) == ("outgoing", "sent", str(agent))
    assert conversation.waiting_since is None, "whoever is on the line waits for nothing in writing"
    assert conversation.turn_due_at is None
    assert await take_turns_due(db, NOW + 5 * MINUTE, 10, MINUTE) == []
    assert [(leg.channel, leg.address) for leg in await legs_of(db, conversation.id)] == [("phone", "+420601234567")]
    assert ended.interaction_id is not None
    logged = await get_interaction(db, ended.interaction_id)
    assert (logged.kind, logged.direction, logged.channel) == ("call", "in", "phone")
    assert (logged.duration_seconds, logged.outcome, logged.by) == (180, "told", f"staff:{agent.id}")
    assert logged.party_id == conversation.customer_id


async def test_a_visit_goes_on_with_what_was_begun_in_chat(db: Connection) -> None:
    agent, jana = await add_agent(db), await add_party(db, "Jana")
    chat, counter = await paper_inbox(db), await spoken_inbox(db, COUNTER)
    (taken,) = await take_in(db, [letter(chat, "Can I collect it today?", customer_id=jana)], now=NOW)

    visit = await start_spoken(db, counter, jana, actor=agent, now=NOW + MINUTE)
    await said_by_customer(db, visit, "I am here for it.", actor=agent, now=NOW + MINUTE)

    assert visit.conversation_id == taken.conversation_id
    assert visit.kind == "visit"
    texts = [one.text for one in await messages_of(db, visit.conversation_id) if one.kind == "incoming"]
    assert texts == ["Can I collect it today?", "I am here for it."]
    assert await take_turns_due(db, NOW + 5 * MINUTE, 10, MINUTE) == [], "the bot steps back at once"


async def test_one_call_at_a_time_and_each_ends_once(db: Connection) -> None:
    inbox, agent, jana = await spoken_inbox(db), await add_agent(db), await add_party(db)
    call = await start_spoken(db, inbox, jana, direction="out", actor=agent, now=NOW)
    again = await start_spoken(db, inbox, jana, actor=agent, now=NOW + MINUTE)
    assert again == call

    first = await end_spoken(db, call, actor=agent, now=NOW + 2 * MINUTE)
    second = await end_spoken(db, call, outcome="other", actor=agent, now=NOW + 9 * MINUTE)

    assert first == second
    assert first.ended_at == NOW + 2 * MINUTE
    assert await spoken_now(db, call.conversation_id) is None
    assert len(await list_interactions(db, customer_id=jana)) == 1
    for late in (said_by_customer, said_by_agent):
        with pytest.raises(SpokenOver):
            await late(db, call, "Hello?", actor=agent, now=NOW + 3 * MINUTE)
    later = await start_spoken(db, inbox, jana, actor=agent, now=NOW + 4 * MINUTE)
    assert [one.id for one in await spoken_of(db, call.conversation_id)] == [call.id, later.id]


async def test_what_is_typed_is_masked_as_all_that_is_written(db: Connection) -> None:
    inbox, agent = await spoken_inbox(db), await add_agent(db)
    call = await start_spoken(db, inbox, "+420601234567", actor=agent, now=NOW)
    heard = await said_by_customer(db, call, "My card is 4111 1111 1111 1111", actor=agent, now=NOW)
    assert "4111" not in heard.text


@pytest.mark.parametrize("phone", ["", "12", "not a number"])
async def test_a_number_that_is_none(db: Connection, phone: str) -> None:
    inbox, agent = await spoken_inbox(db), await add_agent(db)
    with pytest.raises(InvalidValue) as caught:
        await start_spoken(db, inbox, phone, country="CZ", actor=agent, now=NOW)
    assert caught.value.field == "phone"


async def test_only_who_may_write_takes_calls(db: Connection) -> None:
    inbox, agent = await spoken_inbox(db), await add_agent(db)
    nobody = Actor(kind="staff", id=agent.id, permissions=frozenset())
    with pytest.raises(Forbidden):
        await start_spoken(db, inbox, "+420601234567", actor=nobody, now=NOW)
    call = await start_spoken(db, inbox, "+420601234567", actor=agent, now=NOW)
    for verb in (said_by_customer, said_by_agent):
        with pytest.raises(Forbidden):
            await verb(db, call, "x", actor=nobody, now=NOW)
        with pytest.raises(InvalidValue):
            await verb(db, call, " \0 ", actor=agent, now=NOW)
    with pytest.raises(Forbidden):
        await end_spoken(db, call, actor=nobody, now=NOW)


async def test_a_call_needs_the_phone(db: Connection) -> None:
    agent = await add_agent(db)
    with pytest.raises(InvalidValue) as caught:
        await start_spoken(db, await paper_inbox(db), "+420601234567", actor=agent, now=NOW)
    assert caught.value.field == "inbox"
