"""Tools that lead to a person, in a real conversation: handed over at once, marked, and never twice."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from kupec.app.tools import toolbox
from kupec.conversations import get_conversation, mark_conversation
from kupec.kit.actor import Actor, customer
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, NotFound
from kupec.kit.settings import Settings
from kupec.kit.tools import Services, ToolContext
from tests.conversations.people import BOT, NOW, add_agent, add_party, add_talk, events_of
from tests.shop import make_shop

_TOOLS = toolbox()


def context(database: Database | None, talk: UUID, party_id: UUID) -> ToolContext:
    settings = Settings(secret="secret", base_url="https://zrnko.example")
    return ToolContext(
        db=None,  # type: ignore[arg-type]
        actor=customer(party_id),
        now=NOW,
        key=str(uuid4()),
        language="cs",
        market="cz",
        channel="web",
        currency="CZK",
        conversation_id=talk,
        customer_id=party_id,
        party_id=party_id,
        proven=True,
        services=Services(database=database, values={Settings: settings}),  # type: ignore[arg-type]
    )


async def run(asked: ToolContext, name: str, **arguments: Any) -> Any:
    tool = _TOOLS.get(name)
    return await tool.run(asked, _TOOLS.arguments(name, arguments))


async def test_a_person_holds_the_conversation_from_now_on(db: Connection) -> None:
    party_id = await add_party(db)
    talk = await add_talk(db, party_id)
    asked = await run(replace(context(None, talk, party_id), db=db), "talk_to_person", reason="Nejde mi kávovar")
    held = await get_conversation(db, talk)
    assert (asked.handed_over, asked.open, asked.place) == (True, True, 1)
    assert held.holder == "people"
    assert held.handover is not None
    assert (held.handover.reason, held.handover.summary) == ("asked", "Nejde mi kávovar")
    again = await run(replace(context(None, talk, party_id), db=db), "talk_to_person")
    assert again.handed_over
    assert (await events_of(db, talk)).count("conversation.handed_over") == 1


async def test_a_complaint_marks_its_conversation(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        await make_shop(db)
        party_id = await add_party(db)
        talk = await add_talk(db, party_id)
    asked = context(database, talk, party_id)
    for _ in range(2):
        opened = await run(asked, "open_complaint", text="Přišlo to rozbité")
    async with database.reading() as db:
        found = await get_conversation(db, talk)
        tasks = await db.fetch("select id, subject, customer_id, details from task")
        names = await events_of(db, talk)
    assert (found.skills, found.subject) == (["complaint"], "Reklamace: Přišlo to rozbité")
    assert [str(task["id"]) for task in tasks] == [opened.task_id]
    assert (tasks[0]["customer_id"], tasks[0]["details"]["conversation"]) == (party_id, str(talk))
    assert names.count("conversation.marked") == 1


async def test_who_may_mark(db: Connection) -> None:
    talk = await add_talk(db)
    nobody = Actor(kind="staff", id="x", permissions=frozenset())
    with pytest.raises(Forbidden):
        await mark_conversation(db, talk, skills=["x"], actor=nobody, now=NOW)
    with pytest.raises(NotFound):
        await mark_conversation(db, uuid4(), skills=["x"], actor=BOT, now=NOW)
    first = await mark_conversation(db, talk, skills=["coffee"], subject="Zrna", actor=await add_agent(db), now=NOW)
    second = await mark_conversation(db, talk, skills=["coffee", "tea"], subject="Čaj", actor=BOT, now=NOW)
    assert (first.skills, second.skills, second.subject) == (["coffee"], ["coffee", "tea"], "Zrna")
    assert second.holder == "bot"
