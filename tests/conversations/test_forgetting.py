"""What is left of a conversation when its time is over, or when its customer is forgotten: that it was, and no word."""

from datetime import timedelta
from uuid import UUID

from kupec.conversations import (
    KEEPING,
    Incoming,
    Keeping,
    NewAttachment,
    apply_retention,
    get_conversation,
    in_full,
    legs_of,
    messages_of,
    note,
    privacy_part,
    resolve,
    take_in,
)
from kupec.kit.db import Connection
from kupec.kit.versions import publish_new
from tests.conversations.people import NOW, add_agent, add_inbox_row, add_party, add_talk, events_of

WORDS = "Jmenuji se Petr Novák, pište na petr.novak@example.com nebo volejte 602 123 456, karta 4111 1111 1111 1111"


async def talk_with_words(db: Connection, customer: UUID, channel: str = "email") -> UUID:
    inbox = await add_inbox_row(db, channel)
    item = Incoming(
        inbox=inbox,
        address=f"petr.novak@example.com {channel}",
        source_id=f"<1@example.com> {channel}",
        text=WORDS,
        sent_at=NOW,
        name="Petr Novák",
        customer_id=customer,
        subject="Novák: kávovar",
        attachments=(NewAttachment(name="Petr Novák.txt", media_type="text/plain", content=b"my card"),),
    )
    [taken] = await take_in(db, [item], now=NOW)
    ema = await add_agent(db)
    await note(db, taken.conversation_id, "Pan Novák spěchá", actor=ema, now=NOW)
    await resolve(db, taken.conversation_id, actor=ema, now=NOW)
    return taken.conversation_id


async def everything(db: Connection) -> str:
    """All rows of the room's tables, as text."""
    found = []
    for table in ("conversation", "leg", "message", "attachment", "message_detail", "message_part", "survey"):
        rows = await db.fetch(f"select row_to_json(t)::text as row from {table} t")
        found += [row["row"] for row in rows]
    return "\n".join(found)


async def test_the_stored_text_names_nobody_and_who_may_reads_it_in_full(db: Connection) -> None:
    talk = await talk_with_words(db, await add_party(db))
    stored = await db.fetch("select text, content::text as content from message where conversation_id = $1", talk)
    for row in stored:
        for word in ("Novák", "602", "4111", "petr.novak"):
            assert word not in row["text"] + row["content"]
    assert "4111" not in await everything(db)
    full = (await in_full(db, await messages_of(db, talk)))[0].text
    assert full == WORDS.replace("4111 1111 1111 1111", "⟦card⟧")


async def test_who_is_forgotten_leaves_no_word(db: Connection) -> None:
    customer, other = await add_party(db), await add_party(db, "Eva Malá")
    talk = await talk_with_words(db, customer)
    kept = await add_talk(db, other, said="I stay")
    counts = await privacy_part.erase(db, [customer], NOW)
    assert counts["message"] >= 2
    left = await everything(db)
    for word in ("Novák", "petr.novak", "kávovar", "spěchá", "6123", "my card"):
        assert word not in left
    emptied = await get_conversation(db, talk)
    assert (emptied.state, emptied.customer_id) == ("resolved", customer)
    assert len(await messages_of(db, talk)) >= 2, "that something was said stays"
    assert [one.text for one in await messages_of(db, kept)] == ["I stay"]


async def test_raw_deliveries_that_name_an_address_are_emptied(db: Connection) -> None:
    customer = await add_party(db)
    talk = await talk_with_words(db, customer)
    address = (await legs_of(db, talk))[0].address
    for source, body, key in (("channel:mail", address, "1"), ("channel:mail", "somebody else", "2")):
        await db.execute(
            "insert into webhook_delivery (id, source, external_id, body, headers, received_at, state, next_try_at) "
            "values (gen_random_uuid(), $1, $2, $3, '{}', $4, 'failed', $4)",
            *(source, key, body.encode(), NOW),
        )
    await privacy_part.erase(db, [customer], NOW)
    rows = await db.fetch("select external_id, body from webhook_delivery order by external_id")
    assert [(row["external_id"], row["body"]) for row in rows] == [("1", b""), ("2", b"somebody else")]


async def test_words_are_kept_as_long_as_their_inbox_says(db: Connection) -> None:
    boss, customer = await add_agent(db, "Eva", "manager"), await add_party(db)
    rules = Keeping(days=100, inboxes={"web": 10, "telegram": 0}, attachment_days=5)
    await publish_new(db, KEEPING, rules, actor=boss, now=NOW)
    web, mail, kept = [await talk_with_words(db, customer, one) for one in ("web", "email", "telegram")]
    day = timedelta(days=1)
    await apply_retention(db, NOW + 6 * day, 100)
    assert await db.fetchval("select count(*) from attachment where content is not null") == 0
    await apply_retention(db, NOW + 11 * day, 100)
    words = {one: (await messages_of(db, one))[0].text for one in (web, mail, kept)}
    assert [bool(words[one]) for one in (web, mail, kept)] == [False, True, True]
    assert (await events_of(db, web)).count("conversation.emptied") == 1
    assert await apply_retention(db, NOW + 12 * day, 100) == 0
    await apply_retention(db, NOW + 1_000 * day, 100)
    assert (await messages_of(db, mail))[0].text == ""
    assert (await messages_of(db, kept))[0].text != ""


async def test_what_is_open_is_never_emptied(db: Connection) -> None:
    talk = await add_talk(db)
    await apply_retention(db, NOW + timedelta(days=5_000), 100)
    assert (await messages_of(db, talk))[0].text == "Dobrý den"
