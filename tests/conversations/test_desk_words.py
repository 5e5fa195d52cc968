"""What the desk has at hand: canned replies, calls to notes, who is looking."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.conversations import (
    NewCanned,
    ShortcutTaken,
    UnknownVariable,
    canned_variables,
    count_note_mentions,
    fill_canned,
    forget_presence,
    leave_conversation,
    list_canned,
    note,
    note_canned_used,
    note_mentions,
    note_mentions_of,
    note_presence,
    presence_of,
    remove_canned,
    save_canned,
    see_note_mentions,
)
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, NotFound
from tests.conversations.people import NOW, add_agent, add_talk, events_of, id_of

HELLO = NewCanned(shortcut="hello", title="Greeting", texts={"cs": "Dobrý den, {{customer.name}}", "en": "Hello"})


def test_variables_are_filled_and_an_unknown_one_is_named() -> None:
    text = "Order {{ order.number }} of {{customer.name}}: {{order.number}}"
    assert canned_variables(text) == ["order.number", "customer.name"]
    assert fill_canned(text, {"order.number": "10023", "customer.name": "Eva"}) == "Order 10023 of Eva: 10023"
    for values in ({"order.number": "10023"}, {"order.number": "10023", "customer.name": ""}):
        with pytest.raises(UnknownVariable) as caught:
            fill_canned(text, values)
        assert "customer.name" in caught.value.message


@given(st.text(), st.text())
def test_what_is_filled_in_is_not_read_again(before: str, value: str) -> None:
    before = before.replace("{", "").replace("}", "")
    text = before + "{{name}}"
    assert fill_canned(text, {"name": value or "x"}) == before + (value or "x")


async def test_replies_are_found_by_their_words_the_most_used_first(db: Connection) -> None:
    ema = await add_agent(db)
    hello = await save_canned(db, HELLO, actor=ema, now=NOW)
    bye = await save_canned(
        db, NewCanned(shortcut="bye", title="Goodbye", texts={"cs": "Hezký den"}), actor=ema, now=NOW
    )
    await note_canned_used(db, hello.id)
    assert [one.shortcut for one in await list_canned(db, actor=ema)] == ["hello", "bye"]
    assert [one.id for one in await list_canned(db, query="hezky", actor=ema)] == [bye.id]
    assert hello.text("pl").startswith("Dobrý"), "a language that is missing falls back"
    with pytest.raises(ShortcutTaken):
        await save_canned(db, HELLO, actor=ema, now=NOW)
    changed = await save_canned(
        db, NewCanned(shortcut="hi", title="Greeting", texts={"en": "Hi"}), canned_id=hello.id, actor=ema, now=NOW
    )
    assert (changed.shortcut, changed.used) == ("hi", 1)
    await remove_canned(db, hello.id, actor=ema, now=NOW)
    with pytest.raises(NotFound):
        await remove_canned(db, hello.id, actor=ema, now=NOW)


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (NewCanned(shortcut="Hello", title="x", texts={"en": "x"}), "shortcut"),
        (NewCanned(shortcut="x", title=" ", texts={"en": "x"}), "title"),
        (NewCanned(shortcut="x", title="x", texts={"en": " "}), "texts"),
        (NewCanned(shortcut="x", title="x", texts={"de": "x"}), "texts"),
        (NewCanned(shortcut="x", title="x", texts={"en": "{{Customer Name}}"}), "texts.en"),
    ],
)
async def test_what_is_wrong_with_a_reply_is_named(db: Connection, reply: NewCanned, field: str) -> None:
    ema = await add_agent(db)
    with pytest.raises(InvalidValue) as caught:
        await save_canned(db, reply, actor=ema, now=NOW)
    assert caught.value.field == field


async def test_who_is_called_to_a_note_sees_it_until_they_have(db: Connection) -> None:
    ema, jan, talk = await add_agent(db), await add_agent(db, "Jan"), await add_talk(db)
    written = await note(db, talk, "@Jan please look", actor=ema, now=NOW)
    assert await note_mentions(db, written.id, [id_of(jan), id_of(jan)], actor=ema, now=NOW) == [id_of(jan)]
    assert await note_mentions(db, written.id, [id_of(jan)], actor=ema, now=NOW) == []
    assert (await events_of(db, talk)).count("conversation.mentioned") == 1
    assert await count_note_mentions(db, id_of(jan)) == 1
    [mention] = await note_mentions_of(db, id_of(jan))
    assert (mention.conversation_id, mention.text, mention.seen_at) == (talk, "@Jan please look", None)
    assert await see_note_mentions(db, id_of(jan), conversation_id=await add_talk(db), now=NOW) == 0
    assert await see_note_mentions(db, id_of(jan), conversation_id=talk, now=NOW) == 1
    assert await count_note_mentions(db, id_of(jan)) == 0
    spoken = await db.fetchval("select id from message where conversation_id = $1 and kind = 'incoming'", talk)
    with pytest.raises(NotFound):
        await note_mentions(db, spoken, [id_of(jan)], actor=ema, now=NOW)
    with pytest.raises(Forbidden):
        await note_mentions(db, written.id, [id_of(jan)], actor=await add_agent(db, role="warehouse"), now=NOW)


async def test_who_looks_and_who_types_is_known_for_a_moment(db: Connection) -> None:
    talk, other = await add_talk(db), await add_talk(db)
    await note_presence(db, talk, "staff:1", now=NOW)
    await note_presence(db, talk, "customer", typing=True, now=NOW)
    await note_presence(db, other, "staff:1", now=NOW)
    there = await presence_of(db, [talk], now=NOW + timedelta(seconds=5))
    assert [(one.who, one.typing) for one in there[talk]] == [("customer", True), ("staff:1", False)]
    later = await presence_of(db, [talk], now=NOW + timedelta(seconds=20))
    assert [one.typing for one in later[talk]] == [False, False]
    assert await presence_of(db, [talk], now=NOW + timedelta(minutes=2)) == {}
    await leave_conversation(db, talk, "customer")
    assert [one.who for one in (await presence_of(db, [talk], now=NOW))[talk]] == ["staff:1"]
    assert await forget_presence(db, NOW + timedelta(minutes=11), 1) == 1
