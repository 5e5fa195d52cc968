"""Somebody writes to the shop, and all they say is markup."""

from datetime import datetime
from uuid import UUID

from kupec.conversations import (
    Handover,
    Incoming,
    NewAttachment,
    NewCanned,
    NewPlaybook,
    PlayStep,
    Point,
    WebChannel,
    add_inbox,
    hand_over,
    save_canned,
    save_playbook,
    take_in,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.staff import PERMISSIONS
from tests.hostile.visitor import HOSTILE
from tests.shop import NOON, SETUP

SECRET = "stack-secret"
EVA = Actor(kind="staff", id=str(UUID(int=1)), permissions=PERMISSIONS["manager"])


async def talk_badly(db: Connection) -> None:
    """A conversation with hostile words, name, file and summary, held by people; a ready-made reply."""
    now: datetime = NOON
    inbox = await add_inbox(
        db, WebChannel(SECRET), code="hostile", name=HOSTILE[:90], secret=SECRET, actor=SETUP, now=now
    )
    item = Incoming(
        inbox=inbox.id,
        address=str(UUID(int=7)),
        source_id="1",
        text=HOSTILE,
        name=HOSTILE[:90],
        subject=HOSTILE[:90],
        sent_at=now,
        customer_id=UUID(int=7),
        attachments=(NewAttachment(name=f"{HOSTILE[:60]}.pdf", media_type="application/pdf", content=b"%PDF-1.4\n%"),),
    )
    taken = (await take_in(db, [item], now=now))[0]
    handover = Handover(reason="asked", summary=HOSTILE, slots={HOSTILE[:40]: HOSTILE}, flow=HOSTILE[:40])
    await hand_over(db, taken.conversation_id, handover, actor=SETUP, now=now)
    reply = NewCanned(
        shortcut="hostile", title=HOSTILE[:100], texts={"cs": HOSTILE.replace("{{", "{").replace("}}", "}")}
    )
    await save_canned(db, reply, actor=EVA, now=now)
    step = PlayStep(says=HOSTILE, points=[Point(hint=HOSTILE[:90], words=[HOSTILE[:90]])], model=HOSTILE)
    scenario = NewPlaybook(
        code="hostile", title=HOSTILE[:100], language="cs", steps=[step], summary=HOSTILE, persona=HOSTILE
    )
    await save_playbook(db, scenario, actor=EVA, now=now)
