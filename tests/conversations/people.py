"""Agents, a customer, an inbox and conversations for the tests of who holds what."""

from datetime import UTC, datetime
from uuid import UUID

from kupec.customers import NewParty, create_party
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection
from kupec.kit.ids import uuid7
from kupec.staff import PERMISSIONS

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday, ten o'clock in Prague
BOT = system("assistant")


async def add_agent(db: Connection, name: str = "Ema", role: str = "agent") -> Actor:
    """Somebody of the staff, as the actor of what they do."""
    staff_id = uuid7()
    await db.execute(
        "insert into staff (id, email, name, password_hash, role, language, created_at) "
        "values ($1, $2, $3, '', $4, 'cs', $5)",
        *(staff_id, f"{staff_id}@example.com", name, role, NOW),
    )
    return Actor(kind="staff", id=str(staff_id), permissions=PERMISSIONS[role], name=name)  # type: ignore[index]


def id_of(actor: Actor) -> UUID:
    return UUID(actor.id)


async def add_party(db: Connection, name: str = "Petr Novák", email: str | None = None) -> UUID:
    new = NewParty(kind="person", name=name, language="cs", email=email)
    return await create_party(db, new, actor=system("test"), now=NOW)


async def add_inbox_row(db: Connection, channel: str = "web", *, live: bool = True) -> UUID:
    inbox_id = uuid7()
    await db.execute(
        "insert into inbox (id, code, channel, name, live, created_at) values ($1, $2, $3, $3, $4, $5)",
        *(inbox_id, f"{channel}-{inbox_id.hex[-6:]}", channel, live, NOW),
    )
    return inbox_id


async def add_talk(
    db: Connection,
    customer_id: UUID | None = None,
    *,
    inbox_id: UUID | None = None,
    now: datetime = NOW,
    holder: str = "bot",
    waiting: bool = True,
    language: str = "cs",
    said: str = "Dobrý den",
) -> UUID:
    """A conversation with one leg, in which the customer has said one thing."""
    customer_id = customer_id or await add_party(db)
    inbox_id = inbox_id or await add_inbox_row(db)
    one, leg = uuid7(), uuid7()
    await db.execute(
        """
        insert into conversation (id, inbox_id, customer_id, holder, language, created_at, last_message_at,
                                  last_incoming_at, waiting_since, handed_over_at)
        values ($1, $2, $3, $4::text, $5, $6::timestamptz, $6, $6, case when $7 then $6 end,
                case when $4 = 'people' then $6 end)
        """,
        *(one, inbox_id, customer_id, holder, language, now, waiting),
    )
    await db.execute(
        "insert into leg (id, conversation_id, inbox_id, channel, address, created_at, last_incoming_at) "
        "select $1, $2, id, channel, $3, $4, $4 from inbox where id = $5",
        *(leg, one, leg.hex, now, inbox_id),
    )
    await add_message(db, one, leg, said, author=f"customer:{customer_id}", kind="incoming", now=now)
    return one


async def add_message(
    db: Connection,
    conversation_id: UUID,
    leg_id: UUID | None,
    text: str,
    *,
    author: str,
    kind: str = "outgoing",
    state: str | None = None,
    now: datetime = NOW,
) -> UUID:
    message_id = uuid7()
    await db.execute(
        """
        with numbered as (
            update conversation set next_number = next_number + 1 where id = $2
            returning next_number - 1 as number, fence
        )
        insert into message (id, conversation_id, number, leg_id, kind, author, text, content, state, fence, created_at)
        select $1, $2, number, $3, $4, $5::text, $6::text,
               jsonb_build_array(jsonb_build_object('type', 'text', 'text', $6::text)),
               $7, case when $5::text = 'bot' then fence end, $8 from numbered
        """,
        *(message_id, conversation_id, leg_id, kind, author, text),
        state or ("received" if kind == "incoming" else "sent"),
        now,
    )
    return message_id


async def lines_of(db: Connection, conversation_id: UUID) -> list[str]:
    """The codes of the lines in a conversation."""
    rows = await db.fetch(
        "select text::jsonb ->> 'code' as code from message where conversation_id = $1 and kind = 'activity' "
        "order by number",
        conversation_id,
    )
    return [row["code"] for row in rows]


async def events_of(db: Connection, conversation_id: UUID) -> list[str]:
    rows = await db.fetch("select name from event where subject = $1 order by id", f"conversation:{conversation_id}")
    return [row["name"] for row in rows]
