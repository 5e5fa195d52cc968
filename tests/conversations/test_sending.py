"""What is queued goes out once, in order, while it may; what failed is tried again, given up, or told to people."""

from datetime import timedelta

import pytest

from kupec.conversations import (
    Failure,
    Handover,
    Inbox,
    Message,
    NewAttachment,
    NotHeld,
    NoWayOut,
    SendFailed,
    Sent,
    Status,
    Text,
    WindowClosed,
    attachments_of,
    claim_sending,
    deliver_round,
    get_conversation,
    hand_over,
    in_full,
    legs_of,
    messages_of,
    note_failed,
    note_sent,
    note_status,
    say,
    settle_unclear,
    take_in,
    take_over,
)
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden
from tests.conversations.paper import SECRET, PaperChannel, letter, paper_inbox
from tests.conversations.people import BOT, add_agent
from tests.shop import NOON

MINUTE = timedelta(minutes=1)


async def answered(db: Connection, inbox: Inbox, text: str = "Good day", *, address: str = "jana") -> Message:
    (taken,) = await take_in(db, [letter(inbox, "Hello", address=address)], now=NOON)
    conversation = await get_conversation(db, taken.conversation_id)
    return await say(
        db, conversation.id, [Text(text=text)], author="bot", fence=conversation.fence, actor=BOT, now=NOON
    )


async def state_of(db: Connection, message: Message) -> tuple[str, str | None]:
    found = next(one for one in await messages_of(db, message.conversation_id) if one.id == message.id)
    return found.state, found.error


async def test_a_message_is_claimed_once_and_in_full(db: Connection) -> None:
    inbox = await paper_inbox(db)
    message = await answered(db, inbox, "We wrote to jana@example.com")
    assert "@" not in message.text

    (claimed,) = await claim_sending(db, NOON, 10)
    assert claimed.message.text == "We wrote to jana@example.com"
    assert claimed.leg.address == "jana"
    assert claimed.inbox == inbox
    assert await claim_sending(db, NOON, 10) == []
    await note_sent(db, [(message.id, [Sent(source_id="77")])], now=NOON)
    assert await state_of(db, message) == ("sent", None)
    names = [row["name"] for row in await db.fetch("select name from event order by id")]
    assert names[-2:] == ["message.written", "message.moved"]


async def test_the_shops_own_account_is_told_and_cards_are_not(db: Connection) -> None:
    inbox = await paper_inbox(db)
    message = await answered(db, inbox, "Pay to CZ6508000000192000145399, not from card 4111 1111 1111 1111")
    assert "CZ6508000000192000145399" in message.text
    assert "4111" not in message.text
    (taken,) = await take_in(db, [letter(inbox, "My account is CZ6508000000192000145399")], now=NOON)
    theirs = next(one for one in await messages_of(db, message.conversation_id) if one.id == taken.message_id)
    assert "0800" not in theirs.text


async def test_a_leg_gets_one_message_after_the_other(db: Connection) -> None:
    inbox = await paper_inbox(db)
    first = await answered(db, inbox)
    second = await say(
        db, first.conversation_id, [Text(text="And this")], author="bot", fence=first.fence, actor=BOT, now=NOON
    )
    other = await answered(db, inbox, address="petr")

    assert {one.message.id for one in await claim_sending(db, NOON, 10)} == {first.id, other.id}
    await note_failed(db, [Failure(message_id=first.id, reason="busy", again=True)], now=NOON)
    assert await claim_sending(db, NOON, 10) == [], "the second waits for the first"
    (claimed,) = await claim_sending(db, NOON + MINUTE, 10)
    assert claimed.message.id == first.id
    await note_sent(db, [(first.id, [Sent(source_id="1")])], now=NOON + MINUTE)
    (claimed,) = await claim_sending(db, NOON + MINUTE, 10)
    assert claimed.message.id == second.id


async def test_attempts_end_and_people_are_told(db: Connection) -> None:
    inbox = await paper_inbox(db)
    message = await answered(db, inbox)
    now = NOON
    for pause in (5, 30, 120, 600, 3600):
        (claimed,) = await claim_sending(db, now, 10)
        await note_failed(db, [Failure(message_id=claimed.message.id, reason="busy", again=True)], now=now)
        assert await claim_sending(db, now + timedelta(seconds=pause - 1), 10) == []
        now += timedelta(seconds=pause)
    (claimed,) = await claim_sending(db, now, 10)
    await note_failed(db, [Failure(message_id=claimed.message.id, reason="busy", again=True)], now=now)

    assert await state_of(db, message) == ("failed", "busy")
    conversation = await get_conversation(db, message.conversation_id)
    assert (conversation.holder, conversation.waiting_since) == ("people", now)
    assert conversation.handover is not None
    assert conversation.handover.reason == "error"


async def test_what_will_never_be_taken_calls_nobody(db: Connection) -> None:
    message = await answered(db, await paper_inbox(db))
    await claim_sending(db, NOON, 10)
    await note_failed(db, [Failure(message_id=message.id, reason="403 blocked", again=False)], now=NOON)
    assert await state_of(db, message) == ("failed", "403 blocked")
    assert (await get_conversation(db, message.conversation_id)).holder == "bot"


async def test_a_pause_that_the_other_side_wants_is_kept(db: Connection) -> None:
    message = await answered(db, await paper_inbox(db))
    await claim_sending(db, NOON, 10)
    failure = Failure(message_id=message.id, reason="429", again=True, after=timedelta(seconds=40))
    await note_failed(db, [failure], now=NOON)
    assert await claim_sending(db, NOON + timedelta(seconds=39), 10) == []
    assert len(await claim_sending(db, NOON + timedelta(seconds=40), 10)) == 1


async def test_a_sender_that_died_is_settled(db: Connection) -> None:
    """Killed between the claim and the note: not sent twice where it would be read twice; sent again where not."""
    chat = await answered(db, await paper_inbox(db))
    await claim_sending(db, NOON, 10)
    assert await settle_unclear(db, NOON + MINUTE - timedelta(seconds=1), 10, repeatable=()) == 0
    assert await settle_unclear(db, NOON + MINUTE, 10, repeatable=()) == 1
    assert await state_of(db, chat) == ("failed", "unclear")
    assert (await get_conversation(db, chat.conversation_id)).holder == "people"
    await note_sent(db, [(chat.id, [Sent(source_id="5")])], now=NOON + 2 * MINUTE)
    assert await state_of(db, chat) == ("sent", None), "its sender was only slow"

    mail = await answered(db, await paper_inbox(db, "mail"), address="petr")
    await claim_sending(db, NOON, 10)
    assert await settle_unclear(db, NOON + MINUTE, 10, repeatable={"paper"}) == 1
    assert (await state_of(db, mail))[0] == "queued"
    assert len(await claim_sending(db, NOON + 2 * MINUTE, 10)) == 1


async def test_the_bot_says_nothing_it_prepared_before_people_took_it(db: Connection) -> None:
    inbox = await paper_inbox(db)
    message = await answered(db, inbox)
    conversation = await get_conversation(db, message.conversation_id)
    await hand_over(db, conversation.id, Handover(reason="asked"), actor=BOT, now=NOON)

    with pytest.raises(NotHeld):
        await say(db, conversation.id, [Text(text="…")], author="bot", fence=conversation.fence, actor=BOT, now=NOON)
    assert (await state_of(db, message))[0] == "withdrawn"


async def test_a_claim_looks_at_the_fence_itself(db: Connection) -> None:
    message = await answered(db, await paper_inbox(db))
    await db.execute("update conversation set fence = fence + 1")
    assert await claim_sending(db, NOON, 10) == []
    assert (await state_of(db, message))[0] == "withdrawn"


async def test_a_person_may_write_whoever_holds_it(db: Connection) -> None:
    inbox = await paper_inbox(db)
    message = await answered(db, inbox)
    ema = await add_agent(db)
    await take_over(db, message.conversation_id, actor=ema, now=NOON)
    said = await say(db, message.conversation_id, [Text(text="I am Ema")], author=str(ema), actor=ema, now=NOON)
    (claimed,) = await claim_sending(db, NOON, 10)
    assert claimed.message.id == said.id

    with pytest.raises(Forbidden):
        await say(
            db,
            message.conversation_id,
            [Text(text="x")],
            author="x",
            actor=await add_agent(db, role="warehouse"),
            now=NOON,
        )


async def test_it_goes_out_on_the_leg_the_customer_spoke_on_last_or_the_one_that_is_named(db: Connection) -> None:
    chat, mail = await paper_inbox(db, "chat"), await paper_inbox(db, "mail")
    message = await answered(db, chat)
    customer_id = (await get_conversation(db, message.conversation_id)).customer_id
    await take_in(db, [letter(mail, "By mail", address="j@x.cz", customer_id=customer_id)], now=NOON + MINUTE)
    by_mail, by_chat = await legs_of(db, message.conversation_id)
    ema = await add_agent(db)
    for leg_id, wanted in ((None, by_mail.id), (by_chat.id, by_chat.id)):
        said = await say(
            db, message.conversation_id, [Text(text="x")], author=str(ema), leg_id=leg_id, actor=ema, now=NOON
        )
        assert said.leg_id == wanted
    foreign = await answered(db, chat, address="petr")
    with pytest.raises(NoWayOut):
        await say(db, message.conversation_id, [Text(text="x")], author="x", leg_id=foreign.leg_id, actor=ema, now=NOON)


async def test_a_closed_window_lets_only_templates_through(db: Connection) -> None:
    ema = await add_agent(db)
    for templates in (False, True):
        inbox = await paper_inbox(db, f"inbox-{templates}".lower(), templates=templates)
        said = letter(inbox, "Hello", window_closes_at=NOON + MINUTE)
        (taken,) = await take_in(db, [said], now=NOON)
        id_, words = taken.conversation_id, [Text(text="x")]
        await say(db, id_, words, author=str(ema), actor=ema, now=NOON + timedelta(seconds=59))
        with pytest.raises(WindowClosed):
            await say(db, id_, words, author=str(ema), actor=ema, now=NOON + MINUTE)
        if templates:
            await say(db, id_, words, author=str(ema), template="reminder", actor=ema, now=NOON + MINUTE)
        else:
            with pytest.raises(WindowClosed):
                await say(db, id_, words, author=str(ema), template="reminder", actor=ema, now=NOON + MINUTE)


async def test_parts_that_went_out_are_not_sent_again(db: Connection) -> None:
    message = await answered(db, await paper_inbox(db))
    await claim_sending(db, NOON, 10)
    part = Failure(message_id=message.id, reason="busy", again=True, sent=[Sent(source_id="1"), Sent(source_id="2")])
    await note_failed(db, [part], now=NOON)
    (claimed,) = await claim_sending(db, NOON + MINUTE, 10)
    assert claimed.parts_sent == 2
    await note_sent(db, [(message.id, [Sent(source_id="3")])], now=NOON + MINUTE)
    rows = await db.fetch("select part, source_id from message_part order by part")
    assert [tuple(row) for row in rows] == [(1, "1"), (2, "2"), (3, "3")]

    leg = (await legs_of(db, message.conversation_id))[0]
    for source_id, state in (("1", "sent"), ("2", "sent"), ("3", "delivered")):
        await note_status(db, leg.inbox_id, [Status(source_id=source_id, state="delivered")], now=NOON)
        assert (await state_of(db, message))[0] == state, "as far as its last part is"
    await note_status(db, leg.inbox_id, [Status(source_id="1", state="read")], now=NOON)
    assert (await state_of(db, message))[0] == "delivered"


async def test_status_moves_forward_only_and_only_for_its_own_inbox(db: Connection) -> None:
    inbox, other = await paper_inbox(db), await paper_inbox(db, "other")
    message = await answered(db, inbox)
    await claim_sending(db, NOON, 10)
    await note_sent(db, [(message.id, [Sent(source_id="77")])], now=NOON)

    unknown = await note_status(db, other.id, [Status(source_id="77", state="read")], now=NOON)
    assert [one.source_id for one in unknown] == ["77"]
    for state, after in (("delivered", "delivered"), ("sent", "delivered"), ("failed", "delivered"), ("read", "read")):
        assert await note_status(db, inbox.id, [Status(source_id="77", state=state)], now=NOON) == []
        assert (await state_of(db, message))[0] == after
    told = [Status(source_id="77", state="sent"), Status(source_id="no", state="read")]
    assert [one.source_id for one in await note_status(db, inbox.id, told, now=NOON)] == ["no"]


async def test_files_go_with_the_words(db: Connection) -> None:
    inbox = await paper_inbox(db)
    (taken,) = await take_in(db, [letter(inbox, "Hello")], now=NOON)
    ema = await add_agent(db)
    pdf = NewAttachment(name="invoice.pdf", media_type="application/pdf", content=b"%PDF-1.7 x")
    said = await say(
        db, taken.conversation_id, [Text(text="Here")], author=str(ema), attachments=[pdf], actor=ema, now=NOON
    )
    (claimed,) = await claim_sending(db, NOON, 10)
    assert [(one.name, one.content) for one in claimed.attachments] == [("invoice.pdf", b"%PDF-1.7 x")]
    assert len((await attachments_of(db, [said.id]))[said.id]) == 1
    assert (await in_full(db, [said]))[0].text == "Here\n\ninvoice.pdf"


async def test_a_round_survives_a_channel_that_breaks(pool: Pool) -> None:
    database, channel = Database(pool), PaperChannel()
    async with database.transaction() as db:
        inbox = await paper_inbox(db)
        messages = [await answered(db, inbox, f"for {who}", address=who) for who in ("a", "b", "c")]
    channel.failing = [ValueError("a mistake of ours"), SendFailed("busy", again=True)]
    assert await deliver_round(database, {"paper": channel}, secret=SECRET, now=NOON) == 3
    async with database.reading() as db:
        states = sorted([await state_of(db, one) for one in messages], key=str)
    assert states == [("failed", "error"), ("queued", "busy"), ("sent", None)]
    await deliver_round(database, {"paper": channel}, secret=SECRET, now=NOON + MINUTE)
    assert len(channel.sent) == 2


async def test_a_channel_that_is_gone_keeps_its_messages(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        message = await answered(db, await paper_inbox(db))
    await deliver_round(database, {}, secret=SECRET, now=NOON)
    async with database.reading() as db:
        assert await state_of(db, message) == ("queued", "no_channel")
