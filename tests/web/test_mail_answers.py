"""Mails of conversations in the outbox, and customers of the demo who answer them."""

import re
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from kupec.conversations import MailChannel as Channel
from kupec.conversations import (
    Message,
    NewAttachment,
    Text,
    add_inbox,
    claim_sending,
    get_inbox,
    legs_of,
    messages_of,
    note_sent,
    say,
    take_in,
)
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.mail import OutboxTransport
from tests.conversations.paper import letter
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.web.desk_client import Desk, open_desk, words

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")
SECRET = "a secret of the tests"
MAIL = Channel(SECRET, OutboxTransport(), shop="Zrnko", base_url="https://zrnko.example")


@pytest.fixture
async def desk(shop: Shop, dsn: str) -> AsyncIterator[Desk]:
    async with open_desk(shop, dsn, clock=shop.clock, demo=True, channels={"email": MAIL}) as running:
        yield running


async def answered(desk: Desk, *, files: tuple[NewAttachment, ...] = ()) -> tuple[UUID, Message]:
    """Jana wrote by mail, and the shop answered: the conversation, and the answer."""
    now = desk.site.clock.now()
    async with desk.site.database.transaction() as db:
        inbox = await add_inbox(
            db,
            MAIL,
            code="mail",
            name="Mail",
            config={"address": "shop@zrnko.example"},
            secret=SECRET,
            actor=TEST,
            now=now,
        )
        said = letter(inbox, "Where is it?", address="jana@example.com", email="jana@example.com", subject="My parcel")
        (taken,) = await take_in(db, [said], now=now)
        (leg,) = await legs_of(db, taken.conversation_id)
        blocks = [Text(text="It comes **tomorrow**: https://track.example/1")]
        answer = await say(db, leg.conversation_id, blocks, author="staff:x", attachments=files, actor=TEST, now=now)
        await note_sent(db, [(one.message.id, []) for one in await claim_sending(db, now, 10)], now=now)
    return taken.conversation_id, answer


async def said_in(desk: Desk, conversation_id: UUID) -> list[tuple[str, str, bool]]:
    async with desk.site.database.reading() as db:
        return [(one.kind, one.text, one.proven) for one in await messages_of(db, conversation_id)]


async def test_an_answer_stands_in_the_outbox_as_its_reader_sees_it(desk: Desk) -> None:
    talk, answer = await answered(desk)
    agent = await desk.signed_in("agent")

    page = await agent.page("/desk/outbox/answers")
    assert "jana@example.com" in words(page)
    page = await agent.page(f"/desk/outbox/answers/{answer.id}")
    assert f'href="/desk/inbox/{talk}"' in page
    shown = await agent.get(f"/desk/outbox/answers/{answer.id}/html")
    assert "<strong>tomorrow</strong>" in shown.text
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "script" not in shown.text


async def test_a_customer_of_the_demo_answers_and_it_is_the_same_conversation(desk: Desk) -> None:
    talk, answer = await answered(desk)
    agent = await desk.signed_in("agent")

    answer_to = {"message": str(answer.id), "text": "Tomorrow is fine.\nThank you!", "back": "/desk/outbox/answers"}
    reply = await agent.post("/desk/outbox/write", answer_to)

    assert reply.headers["location"] == f"/desk/inbox/{talk}"
    assert [one for one in await said_in(desk, talk) if one[0] == "incoming"] == [
        ("incoming", "Where is it?", False),
        ("incoming", "Tomorrow is fine.\nThank you!", True),
    ]
    async with desk.site.database.reading() as db:
        assert len(await legs_of(db, talk)) == 1


async def test_who_answers_a_letter_of_the_shop_is_proven(desk: Desk) -> None:
    await answered(desk)
    async with desk.site.database.transaction() as db:
        mail_id, address = await _letter(db)
    agent = await desk.signed_in("agent")
    page = await agent.page(f"/desk/outbox/{mail_id}")
    assert "Answer as the customer" in words(page)

    reply = await agent.post("/desk/outbox/write", {"letter": str(mail_id), "text": "Where is my parcel?"})

    talk = UUID(reply.headers["location"].rpartition("/")[2])
    assert await said_in(desk, talk) == [("incoming", "Where is my parcel?", True)]
    async with desk.site.database.reading() as db:
        assert [leg.address for leg in await legs_of(db, talk)] == [address]


async def test_a_first_mail_of_a_stranger(desk: Desk) -> None:
    await answered(desk)
    agent = await desk.signed_in("agent")
    fields = {"from": "petr@example.com", "subject": "Coffee machine", "text": "Do you repair it?"}
    page = await agent.done("/desk/outbox/write", fields)
    assert "Do you repair it?" in words(page)
    refused = await agent.post("/desk/outbox/write", {"from": "nobody", "text": "x"})
    assert refused.headers["location"] == "/desk/outbox/answers"


async def test_the_original_can_do_no_harm_and_other_files_are_none(desk: Desk) -> None:
    await answered(desk)
    agent = await desk.signed_in("agent")
    raw = b"From: eva@example.com\nContent-Type: text/html\nMessage-ID: <e@x>\n\n<p>Hi</p><script>alert(1)</script>"
    async with desk.site.database.transaction() as db:
        (inbox_id,) = [row["id"] for row in await db.fetch("select id from inbox where channel = 'email'")]
        from_mail = MAIL.read(await get_inbox(db, inbox_id), raw, desk.site.clock.now()).incoming
        (taken,) = await take_in(db, from_mail, now=desk.site.clock.now())
        original = await db.fetchval("select id from attachment where message_id = $1", taken.message_id)
    shown = await agent.get(f"/desk/inbox/originals/{original}")
    assert "<p>Hi</p>" in shown.text
    assert "alert" not in shown.text
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    page = await agent.page(f"/desk/inbox/{taken.conversation_id}")
    assert re.search(rf'<iframe sandbox="[^"]*"[^>]*src="/desk/inbox/originals/{original}"', page)
    assert (await agent.get(f"/desk/inbox/originals/{taken.message_id}")).status_code == 404


async def test_outside_a_demo_nobody_writes_as_a_customer(shop: Shop, dsn: str) -> None:
    async with open_desk(shop, dsn, clock=shop.clock, channels={"email": MAIL}) as desk:
        _talk, answer = await answered(desk)
        agent = await desk.signed_in("agent")
        page = await agent.page(f"/desk/outbox/answers/{answer.id}")
        assert "Answer as the customer" not in words(page)
        fields = {"from": "petr@example.com", "text": "x"}
        assert (await agent.post("/desk/outbox/write", fields)).status_code == 404


async def _letter(db: Connection) -> tuple[UUID, str]:
    row = await db.fetchrow(
        """
        insert into mail (id, kind, to_address, language, title, html, text, state, history, subject_ref, created_at)
        values (gen_random_uuid(), 'order_confirmation', 'eva@example.com', 'en', 'Your order', '<p>x</p>', 'x', 'sent',
                'mail:x', 'mail:x', now()) returning id, to_address
        """
    )
    assert row is not None
    return row["id"], row["to_address"]
