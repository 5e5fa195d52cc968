"""Two conversations become one and a part becomes another: nothing is lost, and the order stays."""

from datetime import timedelta
from uuid import UUID

import pytest

from kupec.conversations import (
    CannotMerge,
    CannotSplit,
    CannotUndo,
    Incoming,
    NotOpen,
    get_conversation,
    in_full,
    legs_of,
    merge_conversations,
    messages_of,
    note,
    split_conversation,
    take_in,
    undo_merge_conversations,
)
from kupec.customers import add_alias
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from tests.conversations.people import NOW, add_agent, add_inbox_row, add_message, add_party, add_talk, events_of

MINUTE = timedelta(minutes=1)


async def said(db: Connection, talk: UUID) -> list[str]:
    return [one.text for one in await messages_of(db, talk) if one.kind != "activity"]


async def speak(db: Connection, talk: UUID, text: str, minutes: float) -> UUID:
    leg = await db.fetchval("select id from leg where conversation_id = $1 order by id limit 1", talk)
    return await add_message(db, talk, leg, text, author="customer:x", kind="incoming", now=NOW + minutes * MINUTE)


async def two(db: Connection) -> tuple[UUID, UUID]:
    """A chat and a mail of one customer, who wrote in turns; the browser is not known to be them but by its alias."""
    customer, browser = await add_party(db), uuid7()
    await add_alias(db, browser, customer, "visitor", now=NOW)
    chat = await add_talk(db, browser, said="chat 1")
    mail = await add_talk(
        db, customer, said="mail 2", now=NOW + MINUTE, inbox_id=await add_inbox_row(db, "email", live=False)
    )
    await speak(db, chat, "chat 3", 2)
    await speak(db, mail, "mail 4", 3)
    return chat, mail


async def test_merged_messages_stand_in_the_order_in_which_they_were_said(db: Connection) -> None:
    ema = await add_agent(db)
    chat, mail = await two(db)
    await note(db, mail, "a note", actor=ema, now=NOW + 4 * MINUTE)
    await speak(db, mail, "mail 1.5, written down later", 0.5)
    merged = await merge_conversations(db, mail, chat, actor=ema, now=NOW + 5 * MINUTE)
    order = ["chat 1", "mail 1.5, written down later", "mail 2", "chat 3", "mail 4", "a note"]
    assert await said(db, chat) == order
    assert [one.number for one in await messages_of(db, chat)] == [1, 2, 3, 4, 5, 6, 7]
    assert {leg.channel for leg in await legs_of(db, chat)} == {"web", "email"}
    assert merged.waiting_since == NOW
    gone = await get_conversation(db, mail)
    assert (gone.state, gone.merged_into, gone.waiting_since) == ("merged", chat, None)
    assert "conversation.merged" in await events_of(db, mail)
    await merge_conversations(db, mail, chat, actor=ema, now=NOW + 6 * MINUTE)
    assert len(await messages_of(db, chat)) == 7


async def test_an_answer_to_what_was_merged_goes_on_in_the_other(db: Connection) -> None:
    ema = await add_agent(db)
    chat, mail = await two(db)
    [leg] = await legs_of(db, mail)
    await merge_conversations(db, mail, chat, actor=ema, now=NOW + 5 * MINUTE)
    later = NOW + 9 * MINUTE
    item = Incoming(
        inbox=leg.inbox_id, address=leg.address, source_id="later", text="again", sent_at=later, thread=str(leg.id)
    )
    [taken] = await take_in(db, [item], now=later)
    assert taken.conversation_id == chat
    assert (await said(db, chat))[-1] == "again"


async def test_marks_keep_what_they_stand_for(db: Connection) -> None:
    ema = await add_agent(db)
    chat, mail = await two(db)
    for talk, text, value in ((chat, "I am ⟦name:1⟧", "Petr"), (mail, "it is ⟦name:1⟧ or ⟦name:2⟧", "Pavel")):
        await speak(db, talk, text, 4)
        await db.execute("insert into message_detail values ($1, '⟦name:1⟧', 'name', $2)", talk, value)
    await db.execute("insert into message_detail values ($1, '⟦name:2⟧', 'name', 'Jan')", mail)
    await merge_conversations(db, mail, chat, actor=ema, now=NOW + 5 * MINUTE)
    full = [one.text for one in await in_full(db, await messages_of(db, chat))]
    assert "I am Petr" in full
    assert "it is Pavel or Jan" in full
    await undo_merge_conversations(db, mail, actor=ema, now=NOW + 6 * MINUTE)
    assert (await in_full(db, await messages_of(db, mail)))[-1].text == "it is Pavel or Jan"
    assert "I am Petr" in [one.text for one in await in_full(db, await messages_of(db, chat))]


async def test_a_merge_is_undone_and_what_was_said_since_stays(db: Connection) -> None:
    ema = await add_agent(db)
    chat, mail = await two(db)
    before = [await said(db, one) for one in (chat, mail)]
    await merge_conversations(db, mail, chat, actor=ema, now=NOW + 5 * MINUTE)
    top = (await get_conversation(db, chat)).next_number
    await speak(db, chat, "since", 6)
    back = await undo_merge_conversations(db, mail, actor=ema, now=NOW + 7 * MINUTE)
    assert (back.state, back.merged_into) == ("open", None)
    assert await said(db, mail) == before[1]
    assert await said(db, chat) == [*before[0], "since"]
    assert [leg.channel for leg in await legs_of(db, mail)] == ["email"]
    assert (await get_conversation(db, chat)).next_number > top, "numbers never fall"
    other = await add_talk(db, (await get_conversation(db, chat)).customer_id)
    await merge_conversations(db, mail, chat, actor=ema, now=NOW + 8 * MINUTE)
    await merge_conversations(db, chat, other, actor=ema, now=NOW + 8 * MINUTE)
    with pytest.raises(CannotUndo):
        await undo_merge_conversations(db, mail, actor=ema, now=NOW + 9 * MINUTE)


async def test_two_ends_at_one_address_become_one_and_part_again(db: Connection) -> None:
    ema, customer, inbox = await add_agent(db), await add_party(db), await add_inbox_row(db, "telegram")
    one, other = await add_talk(db, customer, inbox_id=inbox), await add_talk(db, customer, inbox_id=inbox)
    await db.execute("update leg set address = '4711' where inbox_id = $1", inbox)
    await merge_conversations(db, one, other, actor=ema, now=NOW + MINUTE)
    [kept] = await legs_of(db, other)
    assert {message.leg_id for message in await messages_of(db, other)} - {None} == {kept.id}
    await undo_merge_conversations(db, one, actor=ema, now=NOW + 2 * MINUTE)
    assert {message.leg_id for message in await messages_of(db, one)} == {(await legs_of(db, one))[0].id}


async def test_what_does_not_belong_together_stays_apart(db: Connection) -> None:
    ema = await add_agent(db)
    mine, others = await add_talk(db), await add_talk(db)
    for source, target in ((mine, others), (mine, mine)):
        with pytest.raises(CannotMerge):
            await merge_conversations(db, source, target, actor=ema, now=NOW)
    chat, mail = await two(db)
    await merge_conversations(db, mail, chat, actor=ema, now=NOW)
    with pytest.raises(NotOpen):
        await merge_conversations(db, chat, mail, actor=ema, now=NOW)


async def test_a_part_becomes_a_conversation_of_its_own(db: Connection) -> None:
    ema = await add_agent(db)
    talk = await add_talk(db, said="about the grinder")
    middle = await speak(db, talk, "and about the invoice", 1)
    await speak(db, talk, "is it paid", 2)
    new = await split_conversation(db, talk, middle, actor=ema, now=NOW + 3 * MINUTE)
    assert await said(db, talk) == ["about the grinder"]
    assert await said(db, new.id) == ["and about the invoice", "is it paid"]
    assert (new.last_incoming_at, new.customer_id) == (
        NOW + 2 * MINUTE,
        (await get_conversation(db, talk)).customer_id,
    )
    [leg] = await legs_of(db, talk)
    item = Incoming(inbox=leg.inbox_id, address=leg.address, source_id="next", text="hello", sent_at=NOW + 5 * MINUTE)
    [taken] = await take_in(db, [item], now=NOW + 5 * MINUTE)
    assert taken.conversation_id == new.id
    first = await db.fetchval("select id from message where conversation_id = $1 and number = 1", talk)
    with pytest.raises(CannotSplit):
        await split_conversation(db, talk, first, actor=ema, now=NOW)


async def test_a_leg_that_only_the_part_used_goes_with_it(db: Connection) -> None:
    ema = await add_agent(db)
    chat, mail = await two(db)
    await merge_conversations(db, mail, chat, actor=ema, now=NOW + 4 * MINUTE)
    last = await db.fetchval("select id from message where conversation_id = $1 and text = 'mail 4'", chat)
    await db.execute("delete from message where text = 'mail 2'")
    new = await split_conversation(db, chat, last, actor=ema, now=NOW + 5 * MINUTE)
    assert [leg.channel for leg in await legs_of(db, new.id)] == ["email"]
    assert [leg.channel for leg in await legs_of(db, chat)] == ["web"]
