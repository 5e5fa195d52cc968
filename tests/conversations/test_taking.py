"""What customers say is kept once, in order, in the conversation it belongs to."""

from datetime import timedelta

from kupec.conversations import (
    ConversationFilter,
    Text,
    find_conversations,
    finish_turn,
    get_conversation,
    in_full,
    legs_of,
    messages_of,
    say,
    take_in,
    take_turns_due,
)
from kupec.kit.actor import system
from kupec.kit.db import Connection
from tests.conversations.paper import letter, paper_inbox
from tests.shop import NOON

BOT = system("assistant")
MINUTE = timedelta(minutes=1)


async def test_first_words_begin_a_conversation_and_the_next_go_on_with_it(db: Connection) -> None:
    inbox = await paper_inbox(db)

    first, second = await take_in(db, [letter(inbox, "Hello"), letter(inbox, "Are you open?")], now=NOON)
    (third,) = await take_in(db, [letter(inbox, "Today?")], now=NOON + MINUTE)

    assert first.conversation_id == second.conversation_id == third.conversation_id
    messages = await messages_of(db, first.conversation_id)
    assert [(one.number, one.text) for one in messages] == [(1, "Hello"), (2, "Are you open?"), (3, "Today?")]
    conversation = await get_conversation(db, first.conversation_id)
    assert conversation.waiting_since == NOON
    assert conversation.turn_due_at == NOON
    assert conversation.next_number == 4
    assert len(await legs_of(db, first.conversation_id)) == 1


async def test_the_same_message_again_is_the_same_message(db: Connection) -> None:
    inbox = await paper_inbox(db)
    said = letter(inbox, "Hello", source_id="17")

    first, again = await take_in(db, [said, said], now=NOON)
    (later,) = await take_in(db, [said], now=NOON + MINUTE)

    assert first.message_id == again.message_id == later.message_id
    assert [first.is_new, again.is_new, later.is_new] == [True, False, False]
    assert len(await messages_of(db, first.conversation_id)) == 1
    assert (await get_conversation(db, first.conversation_id)).last_message_at == NOON


async def test_an_answer_goes_where_the_customer_spoke_and_ends_the_waiting(db: Connection) -> None:
    inbox = await paper_inbox(db)
    (taken,) = await take_in(db, [letter(inbox, "Hello")], now=NOON)
    (turn,) = await take_turns_due(db, NOON, 10, MINUTE)

    said = await say(db, turn.id, [Text(text="Good day")], author="bot", fence=turn.fence, actor=BOT, now=NOON + MINUTE)
    more = await finish_turn(db, turn, answered=[taken.message_id], answer=said.id, now=NOON + MINUTE)

    assert not more
    assert said.state == "queued"
    assert said.leg_id == (await legs_of(db, turn.id))[0].id
    conversation = await get_conversation(db, turn.id)
    assert conversation.waiting_since is None
    assert conversation.turn_due_at is None
    assert (await messages_of(db, turn.id))[0].answered_by == said.id
    (line,) = await find_conversations(db, ConversationFilter())
    assert (line.text, line.conversation.id) == ("Good day", turn.id)


async def test_personal_details_stand_apart_from_the_text(db: Connection) -> None:
    inbox = await paper_inbox(db)

    (taken,) = await take_in(db, [letter(inbox, "Write to jana@example.com, card 4111 1111 1111 1111")], now=NOON)

    (message,) = await messages_of(db, taken.conversation_id)
    assert "jana@" not in message.text
    assert "4111" not in message.text
    assert "jana@" not in str(message.content)
    (full,) = await in_full(db, [message])
    assert "jana@example.com" in full.text
    assert "4111" not in full.text


async def test_what_no_database_keeps_holds_up_nobody(db: Connection) -> None:
    inbox = await paper_inbox(db)
    bad = letter(inbox, "he\x00llo\ud800", name="J\x00", subject="\x00", choice="a\x00b", address="eva")

    taken = await take_in(db, [bad, letter(inbox, "Hello")], now=NOON)

    messages = [(await messages_of(db, one.conversation_id))[0].text for one in taken]
    assert messages == ["hello", "Hello"]
