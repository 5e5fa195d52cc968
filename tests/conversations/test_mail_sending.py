"""Answers as they leave: over a real wire, in the shop's look, found again when they are answered."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage

import pytest

from kupec.conversations import (
    Block,
    Card,
    Cards,
    Choice,
    Choices,
    Inbox,
    InboxChange,
    Link,
    MailChannel,
    Message,
    NewAttachment,
    SendFailed,
    Source,
    Text,
    add_inbox,
    change_inbox,
    claim_sending,
    deliver_round,
    hand_in,
    legs_of,
    messages_of,
    read_round,
    say,
    take_in,
)
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import InvalidValue
from kupec.kit.mail import OutboxTransport
from tests.conversations.paper import letter
from tests.shop import NOON, SETUP
from tests.smtp_server import SmtpServer, words_of

SECRET = "a secret of at least thirty-two letters"
CHANNEL = MailChannel(SECRET, OutboxTransport(), shop="Zrnko", base_url="https://zrnko.example")
MINUTE = timedelta(minutes=1)
CHANNELS = {"email": CHANNEL}


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    server = SmtpServer()
    await server.start()
    yield server
    await server.stop()


async def mail_inbox(db: Connection, smtp: SmtpServer | None = None, **config: object) -> Inbox:
    return await add_inbox(
        db,
        CHANNEL,
        code="mail",
        name="Mail",
        config={"address": "shop@zrnko.example", **config},
        credentials={"smtp_url": smtp.url} if smtp else {},
        secret=SECRET,
        actor=SETUP,
        now=NOON,
    )


async def answer(db: Connection, inbox: Inbox, *blocks: Block, author: str = "staff:x", **more: object) -> Message:
    said = letter(
        inbox,
        "Kde je můj balík?",
        address="jana@example.com",
        email="jana@example.com",
        source_id="first@example.com#0123abcd",
        subject="Balík",
        language="cs",
    )
    (taken,) = await take_in(db, [said], now=NOON)
    return await say(db, taken.conversation_id, blocks, author=author, actor=system("x"), now=NOON, **more)  # type: ignore[arg-type]


async def composed(db: Connection) -> EmailMessage:
    (one,) = await claim_sending(db, NOON, 10)
    server = SmtpServer()
    await server.start()
    try:
        await CHANNEL.send(one, {"smtp_url": server.url})
    finally:
        await server.stop()
    return server.mails[0]


async def test_there_and_back_again(pool: Pool, smtp: SmtpServer) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        inbox = await mail_inbox(db, smtp)
        said = await answer(db, inbox, Text(text="Přijde zítra."))
    await deliver_round(database, CHANNELS, secret=SECRET, now=NOON + MINUTE)

    (mail,) = smtp.mails
    assert (mail["From"], mail["To"]) == ("Zrnko <shop@zrnko.example>", "jana@example.com")
    assert mail["Subject"] == "Re: Balík"
    assert mail["Message-ID"] == f"<kupec-{said.id.hex}@zrnko.example>"
    assert mail["In-Reply-To"] == "<first@example.com>"
    first, word = mail["References"].split()
    assert first == "<first@example.com>"
    assert re.fullmatch(r"<k[a-z2-7]{50}@zrnko\.example>", word), "the signed word is the last"
    assert mail["Auto-Submitted"] is None
    assert words_of(mail) == "Přijde zítra."

    # Gmail gave our mail another name; the references are all that is left of it.
    reply = (
        "From: Jana <jana@example.com>\nTo: shop@zrnko.example\nSubject: Re: Balík\nMessage-ID: <second@example.com>\n"
        f"In-Reply-To: <rewritten@mail.gmail.com>\nReferences: {mail['References']} <rewritten@mail.gmail.com>\n"
        "Content-Type: text/plain; charset=utf-8\n\nDěkuji moc!\n"
    ).encode()
    async with database.transaction() as db:
        assert await hand_in(db, inbox, reply, bounces=None, now=NOON + 2 * MINUTE)
    assert await read_round(database, CHANNELS, secret=SECRET, now=NOON + 2 * MINUTE) == 1
    async with database.reading() as db:
        messages = await messages_of(db, said.conversation_id)
        assert [(one.kind, one.text, one.proven) for one in messages] == [
            ("incoming", "Kde je můj balík?", False),
            ("outgoing", "Přijde zítra.", False),
            ("incoming", "Děkuji moc!", True),
        ]
        assert len(await legs_of(db, said.conversation_id)) == 1
        assert not await db.fetchval("select length(body) from webhook_delivery"), "what was read is forgotten raw"


async def test_a_bounce_says_which_answer_did_not_arrive(pool: Pool, smtp: SmtpServer) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        inbox = await mail_inbox(db, smtp)
        said = await answer(db, inbox, Text(text="Přijde zítra."))
    await deliver_round(database, CHANNELS, secret=SECRET, now=NOON)
    report = (
        'From: mx@zrnko.example\nContent-Type: multipart/report; boundary="b"\nMIME-Version: 1.0\n\n'
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 no such user\n\n"
        f"--b\nContent-Type: message/rfc822\n\nMessage-ID: {smtp.mails[0]['Message-ID']}\nSubject: x\n\nx\n--b--\n"
    ).encode()
    async with database.transaction() as db:
        await hand_in(db, inbox, report, bounces=None, now=NOON + MINUTE)
    await read_round(database, CHANNELS, secret=SECRET, now=NOON + MINUTE)
    async with database.reading() as db:
        (found,) = [one for one in await messages_of(db, said.conversation_id) if one.kind == "outgoing"]
    assert (found.state, found.error) == ("failed", "5.1.1 550 no such user")


async def test_what_the_bot_writes_says_so_and_asks_no_robot_to_answer(db: Connection) -> None:
    inbox = await mail_inbox(db)
    await answer(db, inbox, Text(text="Přijde zítra."), author="bot", fence=1)
    mail = await composed(db)
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert "napsal náš asistent" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "napsal náš asistent" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


async def test_blocks_are_shown_in_the_shops_look_and_in_plain_words(db: Connection) -> None:
    inbox = await mail_inbox(db)
    await answer(
        db,
        inbox,
        Text(text="**Dobrý** den <b>,\n\n- jedna\n- dvě\n\nViz https://a.example/x?y=1&z=2."),
        Choices(text="Kam?", choices=(Choice(label="Domů", value="a"), Choice(label="Do boxu", value="b"))),
        Cards(
            kind="product",
            cards=(
                Card(
                    title="Brazílie",
                    lines=("zrnková",),
                    price="300 Kč",
                    url="/cs/p/brazilie",
                    picture="/media/1.webp",
                    choices=(Choice(label="Do košíku", value="c"),),
                ),
            ),
        ),
        Link(label="Zaplatit", url="https://zrnko.example/pay"),
        Link(label="Past", url="javascript:alert(1)"),
        Source(title="Doprava", url="/cs/help/doprava"),
    )
    mail = await composed(db)
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<strong>Dobrý</strong> den &lt;b&gt;," in html
    assert "<li" in html
    assert 'href="https://a.example/x?y=1&amp;z=2"' in html
    assert 'href="https://zrnko.example/cs/p/brazilie"' in html
    assert 'src="https://zrnko.example/media/1.webp"' in html
    assert "javascript:" not in html
    plain = words_of(mail)
    assert "Past" not in plain
    assert "1) Domů\n2) Do boxu" in plain
    assert "3) Do košíku" in plain, "numbers run through the whole mail"
    assert "Brazílie\nzrnková\n300 Kč\nhttps://zrnko.example/cs/p/brazilie" in plain
    assert "Více o tom: Doprava https://zrnko.example/cs/help/doprava" in plain
    assert "Stačí odpovědět číslem." in plain


async def test_the_frame_speaks_as_its_words_do(db: Connection) -> None:
    inbox = await mail_inbox(db)
    await answer(db, inbox, Text(text="Gdzie jest moja paczka?"), author="bot", fence=1)
    mail = await composed(db)
    assert "asystent" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_files_go_along(db: Connection) -> None:
    inbox = await mail_inbox(db)
    file = NewAttachment(name="návod.pdf", media_type="application/pdf", content=b"%PDF-1.4 x")
    await answer(db, inbox, Text(text="V příloze."), attachments=(file,))
    mail = await composed(db)
    (part,) = list(mail.iter_attachments())
    assert (part.get_filename(), part.get_content_type(), part.get_content()) == (
        "návod.pdf",
        "application/pdf",
        b"%PDF-1.4 x",
    )


async def test_a_plus_address_carries_the_word_too(db: Connection) -> None:
    inbox = await mail_inbox(db, plus_address=True)
    await answer(db, inbox, Text(text="Přijde zítra."))
    mail = await composed(db)
    word = mail["References"].split()[-1].strip("<>").partition("@")[0]
    assert mail["Reply-To"] == f"shop+{word}@zrnko.example"


@pytest.mark.parametrize(("said", "again"), [("451 later", True), ("550 never", False)])
async def test_what_the_server_says_decides_whether_it_is_tried_again(
    db: Connection, smtp: SmtpServer, said: str, again: bool
) -> None:
    inbox = await mail_inbox(db, smtp)
    await answer(db, inbox, Text(text="Přijde zítra."))
    (one,) = await claim_sending(db, NOON, 10)
    smtp.answers.append(said)
    with pytest.raises(SendFailed) as caught:
        await CHANNEL.send(one, {"smtp_url": smtp.url})
    assert caught.value.again is again


async def test_without_a_server_of_its_own_it_leaves_by_the_shops(db: Connection) -> None:
    inbox = await mail_inbox(db)
    await answer(db, inbox, Text(text="Přijde zítra."))
    (one,) = await claim_sending(db, NOON, 10)
    (sent,) = await CHANNEL.send(one, {})
    assert sent.source_id == f"kupec-{one.message.id.hex}@zrnko.example"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "nobody"),
        ("address", ""),
        ("imap_host", "not a host"),
        ("imap_port", 0),
        ("imap_port", "x"),
        ("imap_tls", "maybe"),
        ("folder", " "),
        ("folder", "a\nb"),
        ("done_folder", "INBOX"),
        ("hourly_cap", 0),
        ("largest", 1),
        ("password", "x"),
    ],
)
def test_what_is_wrong_with_an_inbox_is_said_by_its_field(field: str, value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        CHANNEL.config({"address": "shop@zrnko.example", field: value})
    assert caught.value.field == field


def test_a_password_goes_in_the_clear_on_this_machine_only() -> None:
    with pytest.raises(InvalidValue) as caught:
        CHANNEL.config({"address": "shop@zrnko.example", "imap_host": "imap.example.com", "imap_tls": "none"})
    assert caught.value.field == "imap_tls"
    CHANNEL.config({"address": "shop@zrnko.example", "imap_host": "localhost", "imap_tls": "none"})
    with pytest.raises(InvalidValue) as caught:
        CHANNEL.config({})
    assert caught.value.field == "address"


@pytest.mark.parametrize(
    ("field", "value"), [("imap_password", "a\r\nb"), ("imap_user", "a\0"), ("smtp_url", "http://x"), ("token", "x")]
)
def test_what_is_wrong_with_what_is_sealed_too(field: str, value: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        CHANNEL.credentials({field: value})
    assert caught.value.field == field


async def test_a_wrong_address_of_the_server_is_not_sealed(db: Connection) -> None:
    inbox = await mail_inbox(db)
    change = InboxChange(credentials={"smtp_url": "mail.example.com"})
    with pytest.raises(InvalidValue) as caught:
        await change_inbox(db, inbox.id, CHANNEL, change, secret=SECRET, actor=SETUP, now=NOON)
    assert caught.value.field == "smtp_url"
