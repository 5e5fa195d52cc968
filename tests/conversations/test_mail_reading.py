"""What is read out of mails: a corpus of them, threads by a signed word, and who is proven."""

import time
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kupec.conversations import Inbox
from kupec.conversations.mail_channel import MailChannel
from kupec.conversations.mail_html import safe_html, words_of_html
from kupec.conversations.mail_text import newest_words
from kupec.conversations.mail_threading import plus_address, read_token, thread_token
from kupec.kit.errors import InvalidValue
from kupec.kit.mail import OutboxTransport
from tests.conversations.mail_corpus import CASES, Case, _plain
from tests.pace import LONG, cpu_seconds
from tests.shop import NOON

SECRET = "a secret of the shop"
CHANNEL = MailChannel(SECRET, OutboxTransport(), shop="Zrnko", base_url="https://zrnko.example")
INBOX = Inbox(
    id=uuid4(),
    code="mail",
    channel="email",
    name="Mail",
    config={"address": "shop@zrnko.example", "trusted_server": "mx.zrnko.example"},
    active=True,
    created_at=NOON,
)
LEG = uuid4()
TOKEN = thread_token(SECRET, LEG, "jana@seznam.cz")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_mail_of_the_corpus_is_read_as_it_should(case: Case) -> None:
    began = time.thread_time()
    read = CHANNEL.read(INBOX, case.raw, NOON)
    took = time.thread_time() - began

    assert took < LONG, "nobody holds up the others"
    assert tuple((status.source_id, status.state) for status in read.statuses) == case.statuses
    if case.nothing:
        assert read.incoming == ()
        return
    (said,) = read.incoming
    if case.text is not None:
        assert said.text == case.text
    for words in case.has:
        assert words in said.text
    for words in case.lacks:
        assert words not in said.text
    for name, value in case.fields.items():
        assert getattr(said, name) == value, name
    if case.files or "unsupported" in case.fields:
        assert tuple(file.name for file in said.attachments) == case.files
    assert "\0" not in said.text


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_mail_has_one_name_wherever_it_lies() -> None:
    raw = _plain("Hello")
    name = CHANNEL.external_id({}, raw)
    assert name == CHANNEL.external_id({}, b"Received: from elsewhere\nX-Spam: no\n" + raw)
    assert name != CHANNEL.external_id({}, _plain("Hello", Date="Tue, 10 Mar 2026 10:00:01 +0000"))
    assert CHANNEL.external_id({}, _plain("Hello", Message_ID="")).startswith("sha256:")
    with pytest.raises(InvalidValue):
        CHANNEL.external_id({}, b"  ")


# --- threads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        {"References": f"<a@b.cz> <{TOKEN}@zrnko.example>"},
        {"References": f"<a@b.cz> <{TOKEN}@zrnko.example> <kupec-1@zrnko.example>"},
        {"References": f"<{TOKEN.upper()}@ZRNKO.example>"},
        {"References": f"<a@b.cz><{TOKEN}@zrnko.example>"},
        {"References": f"<a@b.cz>\n\t<{TOKEN}@zrnko.example>"},
        {"In_Reply_To": f"<{TOKEN}@zrnko.example>"},
        {"To": f"Zrnko <shop+{TOKEN}@zrnko.example>"},
        {"Delivered_To": f"shop+{TOKEN}@zrnko.example"},
        {"References": "<old@x.cz> " * 3000 + f"<{TOKEN}@zrnko.example>"},
    ],
    ids=["last", "before ours", "upper case", "grown together", "folded", "in reply to", "plus", "delivered", "long"],
)
def test_an_answer_finds_its_conversation_by_the_signed_word(head: dict[str, str]) -> None:
    (said,) = CHANNEL.read(INBOX, _plain("Hello", **head), NOON).incoming
    assert said.thread == str(LEG)
    assert said.proven, "it was sent to this address and to nobody else"


@pytest.mark.parametrize(
    "word",
    [
        thread_token("another secret", LEG, "jana@seznam.cz"),
        TOKEN[:-20] + ("a" if TOKEN[-20] != "a" else "b") + TOKEN[-19:],
        TOKEN[:1] + ("a" if TOKEN[1] != "a" else "b") + TOKEN[2:],
        str(LEG),
        LEG.hex,
        "10023",
        TOKEN[:-1],
    ],
    ids=["other secret", "signature", "other leg", "leg's id", "hex", "number", "cut"],
)
def test_a_forged_word_begins_a_new_conversation(word: str) -> None:
    raw = _plain("Hello", References=f"<{word}@zrnko.example>", Subject=f"Re: {word}")
    (said,) = CHANNEL.read(INBOX, raw, NOON).incoming
    assert said.thread is None
    assert not said.proven


def test_the_last_word_counts() -> None:
    earlier = thread_token(SECRET, uuid4(), "jana@seznam.cz")
    raw = _plain("Hello", References=f"<{earlier}@zrnko.example> <a@b.cz> <{TOKEN}@zrnko.example> <c@d.cz>")
    assert CHANNEL.read(INBOX, raw, NOON).incoming[0].thread == str(LEG)


def test_who_was_forwarded_a_mail_is_in_the_conversation_and_not_proven() -> None:
    raw = _plain("I am his wife", From="eva@seznam.cz", References=f"<{TOKEN}@zrnko.example>")
    (said,) = CHANNEL.read(INBOX, raw, NOON).incoming
    assert (said.thread, said.proven) == (str(LEG), False)


@given(st.uuids(), st.emails(), st.emails())
@settings(max_examples=50)
def test_a_word_says_its_leg_and_address_and_no_other(leg, address, other) -> None:  # type: ignore[no-untyped-def]
    word = thread_token(SECRET, leg, address)
    found = read_token(SECRET, f"<{word}@x.cz>", address)
    assert found is not None
    assert (found.leg_id, found.read_by_writer) == (leg, True)
    if other.lower() != address.lower():
        elsewhere = read_token(SECRET, word, other)
        assert elsewhere is not None
        assert not elsewhere.read_by_writer


def test_a_plus_address_is_as_long_as_mail_allows() -> None:
    assert len(plus_address("obchod@zrnko.example", TOKEN).partition("@")[0]) <= 64
    with pytest.raises(InvalidValue):
        plus_address("zakaznicka-podpora@zrnko.example", TOKEN)


# --- who is proven -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "proven"),
    [
        ("mx.zrnko.example; dmarc=pass header.from=seznam.cz", True),
        ("mx.zrnko.example; spf=pass smtp.mailfrom=seznam.cz; dkim=pass (2048-bit) header.d=seznam.cz", True),
        ("mx.zrnko.example 1; dkim=pass header.d=evil.cz; dmarc=pass (p=none; x=y) header.from=seznam.cz", True),
        ("mx.zrnko.example; dkim=pass header.d=evil.cz; spf=pass smtp.mailfrom=evil.cz", False),
        ("mx.zrnko.example; dkim=pass header.d=cz", False),
        ("mx.zrnko.example; dkim=pass header.d=eznam.cz", False),
        ("mx.zrnko.example; dmarc=fail header.from=seznam.cz; dkim=pass header.d=seznam.cz", False),
        ("mx.zrnko.example; none", False),
        ("mx.evil.example; dmarc=pass header.from=seznam.cz", False),
        ("mx.zrnko.example.evil.cz; dmarc=pass header.from=seznam.cz", False),
    ],
)
def test_from_alone_proves_nothing_and_our_server_does(told: str, proven: bool) -> None:
    (said,) = CHANNEL.read(INBOX, _plain("Hello", Authentication_Results=told), NOON).incoming
    assert said.proven is proven


def test_only_the_topmost_verdict_of_our_server_counts() -> None:
    forged = b"Authentication-Results: mx.zrnko.example; dmarc=fail header.from=seznam.cz\n" + _plain(
        "Hello", Authentication_Results="mx.zrnko.example; dmarc=pass header.from=seznam.cz"
    )
    assert not CHANNEL.read(INBOX, forged, NOON).incoming[0].proven


def test_what_our_server_found_forged_is_not_believed_with_the_word_either() -> None:
    raw = _plain(
        "Hello",
        References=f"<{TOKEN}@zrnko.example>",
        Authentication_Results="mx.zrnko.example; dmarc=fail header.from=seznam.cz",
    )
    (said,) = CHANNEL.read(INBOX, raw, NOON).incoming
    assert (said.thread, said.proven) == (str(LEG), False)


def test_two_writers_prove_nothing() -> None:
    raw = _plain(
        "Hello",
        From="jana@seznam.cz, eva@seznam.cz",
        Authentication_Results="mx.zrnko.example; dmarc=pass header.from=seznam.cz",
    )
    assert not CHANNEL.read(INBOX, raw, NOON).incoming[0].proven


# --- made safe ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img src=https://spy.example/1.gif>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<svg onload=alert(1)><animate onbegin=alert(1)>",
        "<iframe src=https://evil.example></iframe>",
        "<form action=https://evil.example><input name=password></form>",
        "<style>body{background:url(https://spy.example)}</style>",
        "<div style='background:url(https://spy.example)'>x</div>",
        "<link rel=stylesheet href=https://spy.example>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<base href=https://evil.example>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<table background=https://spy.example><tr><td>x",
        "<video src=https://spy.example><source src=https://spy.example>",
        "<p><!--[if mso]><script>1</script><![endif]-->x",
    ],
)
def test_the_mail_as_it_came_can_do_no_harm(evil: str) -> None:
    safe = safe_html(f"<p>Before</p>{evil}<p>After</p>").lower()
    for bad in (
        "script",
        "onerror",
        "onload",
        "src=",
        "spy.example",
        "evil.example",
        "style",
        "<form",
        "<meta",
        "<svg",
    ):
        assert bad not in safe, safe
    assert "before" in safe


def test_links_stay_and_tell_nothing() -> None:
    safe = safe_html("<a href='https://zrnko.example/a?b=1' onclick=x>here</a><img alt='logo' src=https://x.cz/1.png>")
    assert 'href="https://zrnko.example/a?b=1"' in safe
    assert "noreferrer" in safe
    assert '<img alt="logo">' in safe


def test_the_original_keeps_no_card_number() -> None:
    raw = _plain("Karta 4111 1111 1111 1111 prosím").replace(b"text/plain", b"text/html")
    (said,) = CHANNEL.read(INBOX, raw, NOON).incoming
    (original,) = said.attachments
    assert b"4111" not in original.content
    assert "Karta" in original.content.decode()


@given(st.binary(max_size=3000))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    CHANNEL.read(INBOX, raw, NOON)
    CHANNEL.read(INBOX, b"From: a@b.cz\nContent-Type: multipart/mixed; boundary=a\n\n--a\n" + raw, NOON)


@given(st.text(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_no_words_are_cut_to_nothing(text: str) -> None:
    assert bool(newest_words(text)) == bool(text.strip())
    words_of_html(text)
    safe_html(text)


@pytest.mark.parametrize(
    "evil",
    [
        "On " + "a" * 60_000,
        "\n".join(["On aaaa bbbb cccc"] * 3_000),
        "From: a\n" * 5_000,
        "> " * 30_000,
        ("On " + "x " * 190 + "\n") * 150,
        "\n" * 60_000,
        "Dne 1 " * 10_000 + "napsal",
        "- " * 30_000,
    ],
    ids=["on", "ons", "from", "quote", "wide", "lines", "dne", "dashes"],
)
def test_nobody_makes_it_think_for_long(evil: str) -> None:
    assert cpu_seconds(lambda: newest_words(evil)) < LONG
