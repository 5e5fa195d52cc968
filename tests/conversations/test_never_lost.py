"""Whatever customers, the bot and people do, in whatever order: who waits is answered, or called out for all to see."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kupec.conversations import (
    SERVICE_HOURS,
    Handover,
    Incoming,
    ServiceHours,
    Text,
    assign,
    call_overdue,
    get_conversation,
    hand_back,
    hand_over,
    reopen,
    resolve,
    route_waiting,
    say,
    set_availability,
    snooze,
    take_in,
    take_over,
    wake_snoozed,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.versions import publish_new
from tests.conversations.people import BOT, NOW, add_agent, add_inbox_row, add_party, id_of

HOURS = ServiceHours(country="", target_minutes=5, targets={}, overdue_minutes=[0, 20], capacity=2)


class Life:
    """A small shop on a busy day, played by chance."""

    def __init__(self, db: Connection, seed: int) -> None:
        self.db, self.chance, self.now = db, random.Random(seed), NOW
        self.agents: list[Actor] = []
        self.customers: list[UUID] = []
        self.talks: list[UUID] = []
        self.count = 0

    async def begin(self) -> None:
        boss = await add_agent(self.db, "Eva", "manager")
        await publish_new(self.db, SERVICE_HOURS, HOURS, actor=boss, now=NOW)
        self.agents = [boss, await add_agent(self.db), await add_agent(self.db, "Jan")]
        self.customers = [await add_party(self.db, f"Person {number}") for number in range(3)]
        self.inboxes = [await add_inbox_row(self.db, "web"), await add_inbox_row(self.db, "telegram", live=False)]

    async def customer_writes(self) -> None:
        self.count += 1
        customer = self.chance.choice(self.customers)
        item = Incoming(
            inbox=self.chance.choice(self.inboxes),
            address=f"address of {customer}",
            source_id=str(self.count),
            text="Dobrý den",
            sent_at=self.now,
            customer_id=customer,
        )
        [taken] = await take_in(self.db, [item], now=self.now)
        if taken.conversation_id not in self.talks:
            self.talks.append(taken.conversation_id)

    async def bot_answers(self, talk: UUID) -> None:
        one = await get_conversation(self.db, talk)
        if one.holder == "bot" and one.waiting_since:
            await say(self.db, talk, [Text(text="Hello")], author="bot", fence=one.fence, actor=BOT, now=self.now)

    async def person_answers(self, talk: UUID) -> None:
        one = await get_conversation(self.db, talk)
        if one.holder == "people" and one.state == "open":
            agent = self.chance.choice(self.agents)
            await say(self.db, talk, [Text(text="Hello")], author=str(agent), actor=agent, now=self.now)

    async def something(self) -> None:
        agent = self.chance.choice(self.agents)
        kind = self.chance.choices(range(11), weights=(6, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1))[0]
        if kind == 0 or not self.talks:
            return await self.customer_writes()
        talk = self.chance.choice(self.talks)
        if kind == 1:
            await self.bot_answers(talk)
        elif kind == 2:
            await self.person_answers(talk)
        elif kind == 3:
            await take_over(self.db, talk, actor=agent, now=self.now)
        elif kind == 4:
            await hand_over(self.db, talk, Handover(reason="asked"), actor=BOT, now=self.now)
        elif kind == 5:
            await hand_back(self.db, talk, actor=agent, now=self.now)
        elif kind == 6:
            await snooze(self.db, talk, self.now + timedelta(minutes=15), actor=agent, now=self.now)
        elif kind == 7:
            await resolve(self.db, talk, actor=agent, now=self.now)
        elif kind == 8:
            await reopen(self.db, talk, actor=agent, now=self.now)
        elif kind == 9:
            await assign(self.db, talk, id_of(self.chance.choice(self.agents)), actor=agent, now=self.now)
        else:
            state = self.chance.choice(["available", "busy", "away"])
            await set_availability(self.db, id_of(agent), state, actor=agent, now=self.now)  # type: ignore[arg-type]
        return None

    async def look(self) -> None:
        """What the worker does every few seconds."""
        for verb in (wake_snoozed, call_overdue, route_waiting, call_overdue):
            await verb(self.db, self.now, 100)


async def lost(db: Connection, now: datetime) -> list[str]:
    """Conversations in which somebody waits and nobody knows."""
    rows = await db.fetch(
        """
        select conversation.*, (select kind from message where conversation_id = conversation.id
                                   and kind in ('incoming', 'outgoing') order by number desc limit 1) as last_word,
               exists (select from task where done_at is null
                          and subject = 'conversation:' || conversation.id) as called
          from conversation
        """
    )
    faults = []
    for row in rows:
        if row["waiting_since"] is None:
            if row["last_word"] == "incoming" and row["state"] == "open":
                faults.append("an answer is owed and nobody waits")
        elif row["state"] != "open":
            faults.append(f"somebody waits where it is {row['state']}")
        elif row["holder"] == "bot":
            if now - row["waiting_since"] >= timedelta(minutes=HOURS.bot_minutes):
                faults.append("the bot is silent")
        elif row["respond_by"] is None:
            faults.append("nobody knows by when")
        elif row["respond_by"] <= now and not (row["overdue_level"] and row["called"]):
            faults.append("late, and nobody is called")
    return faults


@pytest.mark.parametrize("seed", range(5))
async def test_nobody_who_waits_is_lost(db: Connection, seed: int) -> None:
    life = Life(db, seed)
    await life.begin()
    for step in range(45):
        await life.something()
        life.now += timedelta(seconds=life.chance.choice([1, 30, 120, 600]))
        await life.look()
        assert not await lost(db, life.now), f"step {step}"
    life.now += timedelta(hours=1)
    await life.look()
    assert not await lost(db, life.now)


async def test_without_the_look_somebody_is_lost(db: Connection) -> None:
    """The control: it is the worker's look that finds them."""
    life = Life(db, 1)
    await life.begin()
    for _ in range(10):
        await life.customer_writes()
    assert await lost(db, life.now + timedelta(hours=1))
