"""The bot's turns: it answers once, from flows, tools and articles, goes on after a crash, and calls people in time."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from kupec.assistant import BOT, Autonomy, BotSettings
from kupec.conversations import get_conversation, hand_back, messages_of, take_over
from kupec.kit.db import Pool
from kupec.kit.versions import publish_new
from tests.assistant.model_server import model_server
from tests.assistant.talking import REFUSED, Talk, open_leashed, open_talk
from tests.conversations.people import add_agent
from tests.shop import NOON, SETUP


@pytest.fixture
async def talk(pool: Pool) -> AsyncIterator[Talk]:
    one = await open_talk(pool)
    yield one
    await one.bot.close()


async def test_a_flow_asks_for_one_thing_at_a_time_and_says_what_the_tool_told(talk: Talk) -> None:
    assert await talk.say("kolik je doprava v mém košíku?", language="cs") == "Kolik kusů?"
    assert await talk.say("tři kusy") == "Doprava 30 Kč"
    assert [name for name, _ in talk.tools.calls] == ["fee"]
    async with talk.database.reading() as db:
        conversation = await get_conversation(db, talk.conversation_id)
    assert (conversation.language, conversation.turn_due_at, conversation.waiting_since) == ("cs", None, None)


async def test_an_article_answers_with_its_source(talk: Talk) -> None:
    said = await talk.say("jak odvápním kávovar", language="cs")
    assert "Jak odvápnit kávovar? Like this." in said
    (message,) = await talk.answers()
    assert any(getattr(block, "url", "") == "https://shop.example/cs/help/descaling-cs" for block in message.content)


async def test_what_it_does_not_know_it_admits(talk: Talk) -> None:
    said = await talk.say("umíš zahrát na housle", language="cs")
    assert "nevím" in said
    assert not talk.tools.calls


async def test_what_was_said_in_a_burst_is_answered_once(talk: Talk) -> None:
    first = await talk.write("kolik je doprava", language="cs")
    second = await talk.write("v mém košíku")
    await asyncio.gather(*(talk.bot.answer([talk.conversation_id]) for _ in range(5)))
    (answer,) = await talk.answers()
    assert answer.text == "Kolik kusů?"
    async with talk.database.reading() as db:
        said = {one.id: one.answered_by for one in await messages_of(db, talk.conversation_id)}
    assert said[first] == said[second] == answer.id


async def test_two_processes_answer_once(talk: Talk) -> None:
    other = talk.another_bot()
    for _ in range(5):
        before = len(await talk.answers())
        await talk.write("jak odvápnit kávovar", language="cs")
        await asyncio.gather(talk.bot.answer([talk.conversation_id]), other.answer([talk.conversation_id]))
        assert len(await talk.answers()) == before + 1


async def test_a_step_outside_is_taken_with_no_transaction_open_and_the_turn_goes_on(talk: Talk) -> None:
    assert (await talk.say("objednej to", language="cs")).startswith("Objednáno Z10000")
    assert "Objednáno Z10001" in await talk.say("objednej to"), "another order is another key"


async def test_a_step_outside_whose_process_died_is_done_again_under_the_same_key(talk: Talk) -> None:
    talk.tools.hold = asyncio.Event()
    await talk.write("objednej to", language="cs")
    dying = asyncio.create_task(talk.bot.answer([talk.conversation_id]))
    async with asyncio.timeout(60):
        await talk.tools.began.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    talk.tools.hold.set()

    other = talk.another_bot()
    assert await other.sweep() == 0, "it may still be at work"
    talk.later(62)
    assert await other.sweep() == 1
    keys = {context.key for name, context in talk.tools.calls if name == "pay"}
    assert len(talk.tools.calls) == 2
    assert len(keys) == 1
    assert [one.text.split("\n")[0] for one in await talk.answers()] == ["Objednáno Z10000"]


async def test_a_tool_that_refuses_is_told_in_words_and_harms_no_other(talk: Talk) -> None:
    talk.tools.breaks = REFUSED
    assert "nepodařilo" in await talk.say("objednej to", language="cs")


@pytest.mark.parametrize("bug", [ZeroDivisionError("bug"), asyncpg.UndefinedTableError("bug")])
async def test_a_turn_that_breaks_goes_to_a_person(talk: Talk, bug: Exception) -> None:
    talk.tools.breaks = bug
    await talk.say("kolik je doprava v mém košíku?", language="cs")
    await talk.say("tři kusy")
    async with talk.database.reading() as db:
        conversation = await get_conversation(db, talk.conversation_id)
    assert conversation.holder == "people"
    assert conversation.handover is not None
    assert conversation.handover.reason == "error"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("chci mluvit s člověkem", "asked"),
        ("quiero hablar con una persona", "asked"),
        ("To je nehorázné, jste neschopní!!!", "anger"),
        ("popálil jsem se o váš kávovar", "sensitive"),
    ],
)
async def test_a_person_is_called_at_once(talk: Talk, text: str, reason: str) -> None:
    await talk.say("kolik je doprava v mém košíku?", language="cs")
    said = await talk.say(text)
    assert said, "the customer is told so"
    async with talk.database.reading() as db:
        conversation = await get_conversation(db, talk.conversation_id)
    assert conversation.holder == "people"
    assert conversation.handover is not None
    assert (conversation.handover.reason, conversation.handover.flow) == (reason, "shipping_fee")
    assert text in conversation.handover.summary
    assert await talk.say("haló?") == "", "the bot is silent while people hold it"


async def test_nothing_is_said_once_a_person_has_taken_over(talk: Talk) -> None:
    await talk.write("jak odvápnit kávovar", language="cs")
    async with talk.database.transaction() as db:
        ema = await add_agent(db)
        await take_over(db, talk.conversation_id, actor=ema, now=NOON)
    await talk.bot.answer([talk.conversation_id])
    assert await talk.answers() == []


async def test_a_step_outside_that_ends_after_a_take_over_says_nothing(talk: Talk) -> None:
    talk.tools.hold = asyncio.Event()
    await talk.write("objednej to", language="cs")
    buying = asyncio.create_task(talk.bot.answer([talk.conversation_id]))
    async with asyncio.timeout(60):
        await talk.tools.began.wait()
    async with talk.database.transaction() as db:
        ema = await add_agent(db)
        await take_over(db, talk.conversation_id, actor=ema, now=NOON)
    talk.tools.hold.set()
    await buying
    assert await talk.answers() == []

    async with talk.database.transaction() as db:
        await hand_back(db, talk.conversation_id, actor=ema, now=NOON)
    talk.later(62)
    await talk.bot.sweep()
    assert len(talk.tools.paid) == 1, "what was paid is not paid again"


async def test_the_merchant_says_who_answers_what(talk: Talk) -> None:
    async with talk.database.transaction() as db:
        rules = BotSettings(autonomy=(Autonomy(intent="article:descaling", mode="person"),))
        await publish_new(db, BOT, rules, actor=SETUP, now=NOON)
    await talk.say("jak odvápnit kávovar", language="cs")
    async with talk.database.reading() as db:
        conversation = await get_conversation(db, talk.conversation_id)
    assert conversation.handover is not None
    assert conversation.handover.reason == "policy"


async def test_what_is_only_to_be_suggested_is_said_to_the_person_who_answers(talk: Talk) -> None:
    for mode, reply in (("suggest", "Like this."), ("person", "")):
        async with talk.database.transaction() as db:
            rules = BotSettings(autonomy=(Autonomy(intent="article:descaling", mode=mode),))  # type: ignore[arg-type]
            await publish_new(db, BOT, rules, actor=SETUP, now=NOON)
        await talk.write("jak odvápnit kávovar", language="cs")
        suggestion = await talk.bot.suggest(talk.conversation_id)
        assert reply in suggestion.reply
        assert bool(suggestion.reply) is bool(reply)
    said = await talk.say("jak odvápnit kávovar", language="cs")
    assert "Like this." not in said, "the customer is not told by the bot"


async def test_a_suggestion_changes_nothing(talk: Talk) -> None:
    await talk.write("jak odvápnit kávovar", language="cs")
    suggestion = await talk.bot.suggest(talk.conversation_id)
    assert suggestion.articles[0].code == "descaling"
    assert "Like this." in suggestion.reply
    again = await talk.bot.suggest(talk.conversation_id, text="objednej to")
    assert again.calls == ("pay",)
    assert not talk.tools.paid
    assert await talk.answers() == []


async def test_the_greeting_says_what_is_worth_knowing(talk: Talk) -> None:
    text, choices = await talk.bot.greeting(
        language="cs", visitor_id=talk.inbox.id, party_id=talk.inbox.id, cart_id=None
    )
    assert "robot" in text.text  # type: ignore[union-attr]
    assert "Jana" in text.text  # type: ignore[union-attr]
    assert "dnes odchází" in text.text  # type: ignore[union-attr]
    assert choices.choices[-1].value == "person"  # type: ignore[union-attr]


async def test_a_language_model_phrases_what_stands_in_an_article_and_nothing_else(talk: Talk) -> None:
    async with talk.database.transaction() as db:
        await publish_new(db, BOT, BotSettings(uses_model=True), actor=SETUP, now=NOON)
    async with model_server() as server:
        talk.bot = talk.another_bot(model=open_leashed(server.url, talk.database, talk.clock))
        server.answer = "Odvápnění zvládnete sami, stačí to udělat takto [1]."
        said = await talk.say("jak odvápnit kávovar", language="cs")
        assert "Odvápnění zvládnete sami" in said
        (message,) = await talk.answers()
        assert any(getattr(block, "url", "").endswith("/cs/help/descaling-cs") for block in message.content)
        server.answer = "Stojí to 990 Kč [1]."
        assert "Like this." in await talk.say("jak odvápnit kávovar"), "no figure that stands nowhere"
        server.status = 500
        assert "Like this." in await talk.say("jak odvápnit kávovar"), "the article's own words stand in"
        await talk.bot.close()
