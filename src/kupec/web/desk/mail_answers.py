"""Mails of conversations: what went out as its reader sees it, and what came in as it came.

In a demo no mail leaves and none is fetched: here one can answer as the customer, and the mail comes in as if a mail
server had brought it.
"""

from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.conversations import (
    Inbox,
    MailChannel,
    SentLetter,
    attachments_of,
    hand_in,
    list_inboxes,
    messages_by_ids,
    read_attachment,
    read_deliveries,
    sent_letter,
    sent_letters,
    thread_token,
)
from kupec.customers import normalise_email
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.mail import OutgoingMail
from kupec.outreach import get_mail
from kupec.web.desk.conversation_words import DELIVERY_WORDS
from kupec.web.desk.gate import actor_of
from kupec.web.desk.orders import read_cursor, write_cursor
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, html, language_of, site_of
from kupec.web.security import content_policy

ORIGINAL = "text/x-original-html"
PAGE = 50
_READ = {"permission": "conversations.read"}
_WRITE = {"permission": "conversations.write"}
# A mail is somebody else's page: no scripts, no forms, nothing fetched but its own styles and our pictures.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data: 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PAGE_POLICY = f"{content_policy()}; frame-src 'self'"
_FRAME = {
    "Content-Security-Policy": _MAIL_POLICY,
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "private, no-store",
}


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """Which mail a customer of the demo answers: its names on the wire, and what stands in the form."""

    references: str
    to: str
    subject: str
    quoted: str


async def can_be_answered(request: AnyRequest, db: Connection) -> bool:
    """Whether one may write as the customer here: in a demo that has a mail inbox."""
    return site_of(request).settings.demo and bool(await list_inboxes(db, channel="email", active=True))


@get("/outbox/answers", opt=_READ)
async def answers(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None, None)


@get("/outbox/answers/{message_id:uuid}", opt=_READ)
async def answer_sent(request: AnyRequest, message_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        line, mail = await sent_letter(db, _channel(request), message_id, actor=actor_of(request))
        return await _page(request, db, line, mail)


@get("/outbox/answers/{message_id:uuid}/html", opt=_READ)
async def answer_html(request: AnyRequest, message_id: FromPath[UUID]) -> Response[str]:
    """The mail's own HTML, for the frame that shows it."""
    async with site_of(request).database.reading() as db:
        _line, mail = await sent_letter(db, _channel(request), message_id, actor=actor_of(request))
    return html(mail.html, headers=_FRAME)


@get("/inbox/originals/{attachment_id:uuid}", opt=_READ)
async def original(request: AnyRequest, attachment_id: FromPath[UUID]) -> Response[str]:
    """A mail as it came, made safe when it was taken in; shown where nothing can run and nothing is fetched."""
    async with site_of(request).database.reading() as db:
        found = await read_attachment(db, attachment_id, actor=actor_of(request))
    if found.media_type != ORIGINAL:
        raise NotFound(what="file")
    title = escape(reader_of(request).text(_("The mail as it came")))
    body = found.content.decode(errors="replace")
    style = "body{font:15px/1.5 system-ui,sans-serif;margin:1rem;overflow-wrap:anywhere}pre{white-space:pre-wrap}"
    page = (
        f'<!doctype html><html lang="{language_of(request)}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{style}</style></head><body>{body}</body></html>"
    )
    return html(page, headers=_FRAME)


@post("/outbox/write", opt=_WRITE)
async def write(request: AnyRequest) -> Response[Any]:
    """In a demo: a mail from a customer comes in. Raises NotFound elsewhere."""
    site = site_of(request)
    form = await read_form(request)
    back = form.text("back")
    back = back if back.startswith("/desk/outbox") else "/desk/outbox/answers"
    try:
        async with site.database.transaction() as db:
            if not await can_be_answered(request, db):
                raise NotFound(what="page")
            inbox = (await list_inboxes(db, channel="email", active=True))[0]
            raw = await _written(request, db, inbox, form)
            delivery_id = await hand_in(db, inbox, raw, bounces=None, now=site.clock.now())
            # In the same transaction: nobody else reads it first.
            ids = [delivery_id] if delivery_id else []
            taken = await read_deliveries(db, site.channels, ids, now=site.clock.now())
    except KupecError as error:
        if isinstance(error, NotFound):
            raise
        return go(request, back, failed=in_words(error, language_of(request)))
    conversations = [one.conversation_id for some in taken for one in some]
    target = f"/desk/inbox/{conversations[0]}" if conversations else back
    return go(request, target, done=reader_of(request).text(_("The mail has come in.")))


async def _written(request: AnyRequest, db: Connection, inbox: Inbox, form: Form) -> bytes:
    """The mail as a mail program would send it. Raises InvalidValue (from, text), NotFound (what it answers)."""
    now = site_of(request).clock.now()
    text = form.prose("text")
    if not text:
        raise InvalidValue(field="text", expected=_("a few words"))
    answering = await _answered(request, db, form, inbox)
    sender = normalise_email(form.text("from") or (answering.to if answering else ""), field="from")
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = inbox.config["address"]
    title = form.text("subject") or (answering.subject if answering else "")
    mail["Subject"] = f"Re: {answering.subject.removeprefix('Re: ')}" if answering else title
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{uuid7().hex}@{sender.rpartition('@')[2]}>"
    body = f"{text}\n"
    raw_references = ""
    if answering is not None:
        raw_references = answering.references
        quoted = "\n".join(f"> {line}" for line in answering.quoted.split("\n")[:40])
        body += f"\n{now:%Y-%m-%d %H:%M}, {inbox.config['address']} wrote:\n{quoted}\n"
    mail.set_content(body)
    # Put in front by hand: the library would encode such long words.
    head = f"References: {raw_references}\r\nIn-Reply-To: {raw_references.split()[-1]}\r\n" if raw_references else ""
    return head.encode() + mail.as_bytes()


async def _answered(request: AnyRequest, db: Connection, form: Form, inbox: Inbox) -> Answering | None:
    """What the mail answers: an answer of ours, a letter of the shop's, or nothing."""
    if form.text("message"):
        channel = _channel(request)
        _line, mail = await sent_letter(db, channel, form.uuid("message"), actor=actor_of(request))
        references = f"{mail.headers['References']} <{mail.message_id}>"
        return Answering(references=references, to=mail.to, subject=mail.subject, quoted=mail.text)
    if form.text("letter"):
        letter = await get_mail(db, form.uuid("letter"))
        domain = inbox.config["address"].rpartition("@")[2]
        word = thread_token(site_of(request).settings.secret, letter.id, letter.to_address)
        references = f"<{word}@{domain}> <{letter.id}@{domain}>"
        return Answering(references=references, to=letter.to_address, subject=letter.title, quoted=letter.text)
    return None


async def _page(
    request: AnyRequest, db: Connection, line: SentLetter | None, mail: OutgoingMail | None
) -> Response[str]:
    before = read_cursor(query_form(request).text("before"))
    rows = await sent_letters(db, before=before, limit=PAGE + 1, actor=actor_of(request))
    more, rows = len(rows) > PAGE, rows[:PAGE]
    reader = reader_of(request)
    return await desk_page(
        request,
        db,
        "desk/mail_answers.html",
        section="outbox",
        headers={"Content-Security-Policy": _PAGE_POLICY},
        rows=rows,
        before=query_form(request).text("before") if before else None,
        older=write_cursor(rows[-1].created_at, rows[-1].id) if more else None,
        state_of=lambda state: reader.text(DELIVERY_WORDS[state]),
        line=line,
        mail=mail,
        can_answer=await can_be_answered(request, db),
        files=(await attachments_of(db, [line.id])).get(line.id, []) if line else [],
        spoken=(await messages_by_ids(db, [line.id]))[0] if line else None,
    )


def _channel(request: AnyRequest) -> MailChannel:
    """Raises NotFound where there is no e-mail."""
    channel = site_of(request).channels.get("email")
    if not isinstance(channel, MailChannel):
        raise NotFound(what="letter")
    return channel


routes = (answers, answer_sent, answer_html, original, write)
