"""Whose cart a turn has in hand: the speaker's own, and never that of somebody in whose name a mail is forged."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.conversations import TOOLS as CONVERSATION_TOOLS
from kupec.conversations import (
    Said,
    WebChannel,
    add_inbox,
    get_conversation,
    heard,
    inbox_by_code,
    open_visitor,
    reopen,
    resolve,
    take_in,
)
from kupec.kit.db import Pool
from kupec.kit.ids import uuid7
from kupec.kit.tools import Toolbox
from tests.assistant.talking import Talk, open_talk, publish_flow_text
from tests.conversations.paper import SECRET
from tests.conversations.people import add_agent
from tests.shop import NOON, SETUP

BY_TOOL = """
code: call_person
title: {cs: člověk, pl: człowiek, en: person}
phrasings: {cs: [zavolej člověka], pl: [wołaj], en: [fetch one]}
steps:
  - call: talk_to_person
    into: told
  - say: {cs: "{told.text}", pl: "{told.text}", en: "{told.text}"}
"""
VISITOR, CART = uuid7(), uuid7()


@pytest.fixture
async def talk(pool: Pool) -> AsyncIterator[Talk]:
    one = await open_talk(pool)
    yield one
    await one.bot.close()


async def chat(talk: Talk, text: str) -> None:
    async with talk.database.transaction() as db:
        inbox = await add_inbox(db, WebChannel(SECRET), code="web", name="Web", secret=SECRET, actor=SETUP, now=NOON)
        await open_visitor(db, VISITOR, inbox.id, language="cs", cart_id=CART, now=NOON)
        said = Said(id="message-1", text=text, language="cs")
        (taken,) = await take_in(db, [heard(inbox, VISITOR, said, NOON)], now=NOON)
    talk.conversation_id = taken.conversation_id
    await talk.bot.answer([taken.conversation_id])


def in_hand(talk: Talk) -> UUID | None:
    name, context = talk.tools.calls[-1]
    assert name == "pay"
    return context.cart_id


async def test_a_browser_has_its_cart_and_a_mail_in_its_customers_name_has_not(talk: Talk) -> None:
    await chat(talk, "objednej to")
    assert in_hand(talk) == CART
    chatted = talk.conversation_id
    assert await talk.say("objednej to", address="jana@example.com", customer_id=VISITOR, language="cs")
    assert talk.conversation_id == chatted, "it goes on with what she has begun"
    assert in_hand(talk) is None
    await talk.say("objednej to", address="jana@example.com", customer_id=VISITOR, proven=True)
    assert in_hand(talk) == CART


async def test_what_is_said_by_two_at_once_is_nobodys_cart(talk: Talk) -> None:
    await chat(talk, "dobrý den")
    async with talk.database.transaction() as db:
        inbox = await inbox_by_code(db, "web")
    await talk.write("objednej to", address="jana@example.com", customer_id=VISITOR, language="cs")
    async with talk.database.transaction() as db:
        said = Said(id="message-2", text="prosím", language="cs")
        await take_in(db, [heard(inbox, VISITOR, said, NOON)], now=NOON)
    await talk.bot.answer([talk.conversation_id])
    assert [context.cart_id for name, context in talk.tools.calls if name == "pay"] in ([], [None])


async def test_a_step_outside_that_breaks_goes_to_a_person_and_tells_nothing_of_its_inside(talk: Talk) -> None:
    talk.tools.breaks = RuntimeError("password=hunter2 at 10.0.0.7")
    said = await talk.say("objednej to", language="cs")
    assert said
    assert "hunter2" not in said
    async with talk.database.reading() as db:
        conversation = await get_conversation(db, talk.conversation_id)
    assert conversation.holder == "people"
    assert conversation.handover is not None
    assert conversation.handover.reason == "error"


async def test_a_conversation_that_is_opened_again_or_handed_back_gets_no_answer_to_nothing(talk: Talk) -> None:
    await talk.say("jak odvápnit kávovar", language="cs")
    async with talk.database.transaction() as db:
        agent = await add_agent(db)
        await resolve(db, talk.conversation_id, actor=agent, now=talk.clock.now())
        await reopen(db, talk.conversation_id, actor=agent, now=talk.clock.now())
    before = len(await talk.answers())
    await talk.bot.answer([talk.conversation_id])
    assert len(await talk.answers()) == before
    async with talk.database.reading() as db:
        assert (await get_conversation(db, talk.conversation_id)).turn_due_at is None


async def test_a_flow_that_calls_a_person_by_the_tool_passes_it_on_and_says_so(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk.tools, "toolbox", lambda: Toolbox(CONVERSATION_TOOLS))
    talk.bot = talk.another_bot()
    async with talk.database.transaction() as db:
        await publish_flow_text(db, "call_person", BY_TOOL)
    said = await talk.say("prosím", choice="flow:call_person", language="cs")
    async with talk.database.reading() as db:
        assert (await get_conversation(db, talk.conversation_id)).holder == "people"
    assert said, "the customer is told so"
