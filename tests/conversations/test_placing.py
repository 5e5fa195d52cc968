"""Where what somebody says belongs: threads, addresses, customers, merged and resolved conversations."""

from datetime import timedelta

from kupec.conversations import (
    CONVERSATION_RULES,
    ConversationRules,
    get_conversation,
    legs_of,
    messages_of,
    take_in,
)
from kupec.customers import add_alias, party_of_identity
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from tests.conversations.paper import letter, paper_inbox
from tests.conversations.people import add_party
from tests.shop import NOON, SETUP

DAY = timedelta(days=1)


async def test_a_customer_goes_on_in_another_channel(db: Connection) -> None:
    chat, mail = await paper_inbox(db, "chat"), await paper_inbox(db, "mail")
    visitor = uuid7()
    party_id = await add_party(db, "Jana Nová", "jana@example.com")
    (first,) = await take_in(db, [letter(chat, "Hello", address=visitor.hex, customer_id=visitor)], now=NOON)
    await add_alias(db, visitor, party_id, "visitor", now=NOON)

    (second,) = await take_in(
        db, [letter(mail, "And by mail", address="jana@example.com", email="jana@example.com")], now=NOON + 20 * DAY
    )

    assert second.conversation_id == first.conversation_id
    legs = await legs_of(db, first.conversation_id)
    assert [leg.address for leg in legs] == ["jana@example.com", visitor.hex]


async def test_what_is_open_too_long_is_not_gone_on_with_elsewhere(db: Connection) -> None:
    chat, mail = await paper_inbox(db, "chat"), await paper_inbox(db, "mail")
    party_id = await add_party(db)
    (first,) = await take_in(db, [letter(chat, "Hello", customer_id=party_id)], now=NOON)
    (second,) = await take_in(db, [letter(mail, "Hello", customer_id=party_id)], now=NOON + 31 * DAY)
    (third,) = await take_in(db, [letter(chat, "Still there?", customer_id=party_id)], now=NOON + 31 * DAY)
    assert second.conversation_id != first.conversation_id
    assert third.conversation_id == first.conversation_id, "its own address is open there"


async def test_a_resolved_one_is_opened_again_for_some_days_and_then_a_new_one_begins(db: Connection) -> None:
    inbox = await paper_inbox(db)
    (first,) = await take_in(db, [letter(inbox, "Hello")], now=NOON)
    await db.execute("update conversation set state = 'resolved', resolved_at = $1", NOON)

    (within,) = await take_in(db, [letter(inbox, "One more thing")], now=NOON + 7 * DAY)
    assert within.conversation_id == first.conversation_id
    conversation = await get_conversation(db, first.conversation_id)
    assert (conversation.state, conversation.resolved_at) == ("open", None)
    assert await db.fetchval("select count(*) from event where name = 'conversation.reopened'") == 1

    await db.execute("update conversation set state = 'resolved', resolved_at = $1", NOON)
    (beyond,) = await take_in(db, [letter(inbox, "Hello again")], now=NOON + 7 * DAY + timedelta(seconds=1))
    assert beyond.conversation_id != first.conversation_id
    assert (await get_conversation(db, first.conversation_id)).state == "resolved"


async def test_the_merchant_says_for_how_long(db: Connection) -> None:
    inbox = await paper_inbox(db)
    await publish_new(db, CONVERSATION_RULES, ConversationRules(reopen_days=30), note="", actor=SETUP, now=NOON)
    (first,) = await take_in(db, [letter(inbox, "Hello")], now=NOON)
    await db.execute("update conversation set state = 'resolved', resolved_at = $1", NOON)
    (again,) = await take_in(db, [letter(inbox, "Again")], now=NOON + 29 * DAY)
    assert again.conversation_id == first.conversation_id


async def test_an_old_message_opens_nothing_again(db: Connection) -> None:
    inbox = await paper_inbox(db)
    said = letter(inbox, "Hello", source_id="1")
    (first,) = await take_in(db, [said], now=NOON)
    for days in (1, 100):
        await db.execute("update conversation set state = 'resolved', resolved_at = $1, waiting_since = null", NOON)
        (again,) = await take_in(db, [said], now=NOON + days * DAY)
        assert (again.is_new, again.message_id) == (False, first.message_id)
        assert (await get_conversation(db, first.conversation_id)).state == "resolved"
    assert await db.fetchval("select count(*) from conversation") == 1


async def test_merged_ones_are_followed_to_where_they_went(db: Connection) -> None:
    inbox = await paper_inbox(db)
    talks = []
    for who in ("a", "b", "c"):
        (taken,) = await take_in(db, [letter(inbox, "Hello", address=who)], now=NOON)
        talks.append(taken.conversation_id)
    for source, target in ((0, 1), (1, 2)):
        await db.execute(
            "update conversation set state = 'merged', merged_into = $2 where id = $1", talks[source], talks[target]
        )
    (again,) = await take_in(db, [letter(inbox, "More", address="a")], now=NOON + DAY)

    assert again.conversation_id == talks[2]
    assert {leg.address for leg in await legs_of(db, talks[2])} == {"c", "a"}
    assert len(await messages_of(db, talks[0])) == 1


async def test_an_answer_to_a_thread_comes_from_any_address(db: Connection) -> None:
    inbox = await paper_inbox(db)
    (first,) = await take_in(db, [letter(inbox, "Hello", address="home@x.cz", email="home@x.cz")], now=NOON)
    (leg,) = await legs_of(db, first.conversation_id)

    (second,) = await take_in(
        db, [letter(inbox, "From work", address="work@x.cz", email="work@x.cz", thread=str(leg.id))], now=NOON + DAY
    )

    assert second.conversation_id == first.conversation_id
    assert [one.address for one in await legs_of(db, first.conversation_id)] == ["work@x.cz", "home@x.cz"]
    (third,) = await take_in(db, [letter(inbox, "No thread", address="x@x.cz", email="x@x.cz", thread="?")], now=NOON)
    assert third.conversation_id != first.conversation_id


async def test_strangers_become_customers_by_what_the_channel_knows(db: Connection) -> None:
    inbox = await paper_inbox(db)
    items = [
        letter(inbox, "Hi", address="4711", name="Petr Malý", language="cs"),
        letter(inbox, "Hi", address="eva@example.com", email="eva@example.com", name="Eva"),
        letter(inbox, "Hi", address="+420777123456", phone="+420777123456", name="Ota"),
        letter(inbox, "Hi", address="4711"),
    ]
    taken = await take_in(db, items, now=NOON)

    names = []
    for one in taken:
        conversation = await get_conversation(db, one.conversation_id)
        names.append(await db.fetchval("select name from party where id = $1", conversation.customer_id))
    assert names == ["Petr Malý", "Eva", "Ota", "Petr Malý"]
    assert taken[3].conversation_id == taken[0].conversation_id
    assert (await get_conversation(db, taken[0].conversation_id)).language == "cs"
    first = await get_conversation(db, taken[0].conversation_id)
    assert await party_of_identity(db, "paper", "4711") == first.customer_id


async def test_what_calls_nobody_waits_for_nobody(db: Connection) -> None:
    inbox = await paper_inbox(db)
    (news,) = await take_in(db, [letter(inbox, "Our newsletter", quiet="list")], now=NOON)
    conversation = await get_conversation(db, news.conversation_id)
    assert (conversation.state, conversation.waiting_since, conversation.turn_due_at) == ("resolved", None, None)

    (more,) = await take_in(db, [letter(inbox, "I am away", quiet="auto-reply")], now=NOON + 99 * DAY)
    conversation = await get_conversation(db, news.conversation_id)
    assert (more.conversation_id, conversation.state) == (news.conversation_id, "resolved")

    (loud,) = await take_in(db, [letter(inbox, "But I have a question")], now=NOON + DAY)
    conversation = await get_conversation(db, loud.conversation_id)
    assert (conversation.state, conversation.waiting_since) == ("open", NOON + DAY)


async def test_a_snoozed_one_wakes_when_the_customer_speaks(db: Connection) -> None:
    inbox = await paper_inbox(db)
    (first,) = await take_in(db, [letter(inbox, "Hello")], now=NOON)
    await db.execute("update conversation set state = 'snoozed', snoozed_until = $1", NOON + 9 * DAY)
    await take_in(db, [letter(inbox, "Now")], now=NOON + DAY)
    conversation = await get_conversation(db, first.conversation_id)
    assert (conversation.state, conversation.snoozed_until) == ("open", None)


async def test_what_puts_an_earlier_message_right_says_which(db: Connection) -> None:
    inbox = await paper_inbox(db)
    (first,) = await take_in(db, [letter(inbox, "Two bags", source_id="7")], now=NOON)
    (second,) = await take_in(db, [letter(inbox, "Three bags", source_id="7:1", edits="7")], now=NOON)
    messages = await messages_of(db, first.conversation_id)
    assert [(one.text, one.reply_to) for one in messages] == [("Two bags", None), ("Three bags", first.message_id)]
    assert second.is_new
