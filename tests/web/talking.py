"""Conversations for the tests of the inbox."""

from datetime import datetime, timedelta
from uuid import UUID

from kupec.conversations import (
    Choice,
    Choices,
    Handover,
    Incoming,
    NewAttachment,
    Text,
    WebChannel,
    add_inbox,
    hand_over,
    legs_of,
    say,
    take_in,
)
from kupec.customers import NewParty, create_party
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7

TEST = system("test")


async def web_inbox(db: Connection, now: datetime, *, code: str = "web", name: str = "Chat") -> UUID:
    channel = WebChannel("a secret of the tests")
    inbox = await add_inbox(db, channel, code=code, name=name, secret="a secret of the tests", actor=TEST, now=now)
    return inbox.id


async def heard(
    db: Connection,
    inbox_id: UUID,
    text: str,
    now: datetime,
    *,
    who: UUID | None = None,
    address: str = "",
    language: str = "cs",
    files: tuple[NewAttachment, ...] = (),
) -> UUID:
    """What a customer (or a browser nobody knows) says; the conversation it is in."""
    speaker = who or uuid7()
    item = Incoming(
        inbox=inbox_id,
        address=address or str(speaker),
        source_id=str(uuid7()),
        text=text,
        sent_at=now,
        customer_id=speaker,
        language=language,
        attachments=files,
    )
    return (await take_in(db, [item], now=now))[0].conversation_id


async def customer(db: Connection, name: str, now: datetime, *, email: str | None = None) -> UUID:
    new = NewParty(kind="person", name=name, language="cs", email=email)
    return await create_party(db, new, actor=TEST, now=now)


async def story(db: Connection, inbox_id: UUID, now: datetime, *, name: str = "Jana Nováková") -> UUID:
    """A customer asked the bot, was answered with buttons, lost patience and was handed to people."""
    jana = await customer(db, name, now, email=f"{uuid7().hex}@example.com")
    earlier = now - timedelta(minutes=25)
    talk = await heard(db, inbox_id, "Kolik stojí doprava do Brna?", earlier, who=jana)
    offered = Choices(text="Chcete objednávku dokončit?", choices=(Choice(label="Ano", value="yes"),))
    await say(
        db,
        talk,
        [Text(text="Doprava **kurýrem** stojí 99 Kč, viz https://zrnko.example/cs/p/doprava."), offered],
        author="bot",
        fence=1,
        actor=TEST,
        now=earlier,
    )
    await heard(db, inbox_id, "Moje adresa je jana@example.com, chci mluvit s člověkem", now, who=jana)
    slots = {"reason": "asked", "city": "Brno"}
    handover = Handover(reason="asked", summary="Ptá se na dopravu do Brna.", slots=slots, flow="shipping")
    await hand_over(db, talk, handover, actor=TEST, now=now)
    return talk


async def leg_of(db: Connection, talk: UUID) -> UUID:
    return (await legs_of(db, talk))[0].id
