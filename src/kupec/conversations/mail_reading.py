"""One raw mail, read: who says what in answer to which mail of ours, whether a robot wrote it, who they are proven."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

import msgspec

from kupec.conversations.channel import Read, Status
from kupec.conversations.file_types import ORIGINAL
from kupec.conversations.mail_config import MailConfig
from kupec.conversations.mail_html import safe_html, words_of_html
from kupec.conversations.mail_parts import Parts, Unreadable, addresses, header, headers, parse, parse_head, parts_of
from kupec.conversations.mail_text import is_forward, language_of_words, newest_words
from kupec.conversations.mail_threading import Thread, find_thread
from kupec.conversations.models import Inbox, Incoming, NewAttachment
from kupec.conversations.sensitive import mask_sensitive
from kupec.customers import normalise_email
from kupec.kit.errors import InvalidValue

OURS = re.compile(r"<?(kupec-[0-9a-f]{32}@[^<>\s]{1,250})>?", re.IGNORECASE)
"""The Message-ID of a message of a conversation."""
OVERSIZE = "X-Kupec-Oversize"
"""Stands in front of a mail of which only the header was fetched."""
_LONGEST_SUBJECT = 200
_LONGEST_ORIGINAL = 300_000
_LONGEST_REFERENCES = 10_000
_POOR = 20  # characters of plain text that are not worth preferring to the HTML
_REPLY = re.compile(r"^\s*(?:(?:re|aw|odp|sv|vs|fwd?|fw|pd|wg)\s?(?:\[\d+\])?:\s*)+", re.IGNORECASE)
_AWAY = re.compile(
    r"^\s*(?:automatick[áa] odpov[ěe][dď]|nep[rř][ií]tomnost|mimo kancel[aá][rř]|autoodpowied[zź]"
    r"|automatyczna odpowied[zź]|odpowied[zź] automatyczna|poza biurem"
    r"|automatic reply|auto(?:matic)?[- ]?response|auto[- ]?reply|out of (?:the )?office"
    r"|abwesenheits|automatische antwort)",
    re.IGNORECASE,
)
_ROBOTS = re.compile(
    r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|neodpovidat|bounces?|notifications?)(?:[+_.-][^@]*)?@",
    re.IGNORECASE,
)
_LANGUAGE_OF_DOMAIN = {"cz": "cs", "pl": "pl"}
_NOTHING = Parts(plain="", html="", files=(), unreadable="broken", invitation="")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_METHOD = re.compile(r"\b(dmarc|dkim)=(\w+)", re.IGNORECASE)


def source_of(message: Message, raw: bytes) -> str:
    """What this mail is called: the same wherever it lies, and another for another mail under the same Message-ID."""
    name = header(message, "Message-ID").strip("<> ")[:180]
    if not name:
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
    told = "\n".join(header(message, field) for field in ("From", "Date", "Subject"))
    return f"{name}#{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def message_id_of(source: str) -> str:
    """The Message-ID in such a name; "" where the mail has none."""
    return "" if source.startswith("sha256:") else source.rpartition("#")[0]


def read_mail(inbox: Inbox, config: MailConfig, secret: str, raw: bytes, now: datetime) -> Read:
    """What a mail says. Never raises for its content; nothing for our own, and for those that nobody wrote."""
    try:
        message = parse(raw)
    except Unreadable:
        # Somebody wrote something: people are told that much.
        message = parse_head(raw)
    if message.get_content_type() == "multipart/report":
        return Read(statuses=tuple(_reported(message)))
    writer = _writer(message)
    if writer is None or _is_our_own(message, writer[1], config):
        return Read()
    return Read(incoming=(_heard(inbox, config, secret, message, writer, raw, now),))


def writer_of(raw: bytes) -> str | None:
    """The address of who wrote a mail; None where it names nobody."""
    found = _writer(parse_head(raw))
    return found[1] if found else None


def _writer(message: Message) -> tuple[str, str] | None:
    """Name and address of who wrote it."""
    for field in ("From", "Sender", "Return-Path"):
        for name, address in addresses(message, field):
            try:
                return name, normalise_email(address)
            except InvalidValue:
                continue
    return None


def _is_our_own(message: Message, address: str, config: MailConfig) -> bool:
    return address == config.address or bool(OURS.search(header(message, "Message-ID")))


def _heard(
    inbox: Inbox,
    config: MailConfig,
    secret: str,
    message: Message,
    writer: tuple[str, str],
    raw: bytes,
    now: datetime,
) -> Incoming:
    name, address = writer
    subject = header(message, "Subject")[:_LONGEST_SUBJECT]
    thread = find_thread(secret, _where_tokens_are(message), address)
    parts = _parts(message, config)
    text, is_cut = _words(parts, subject, begins=thread is None and not header(message, "In-Reply-To"))
    files = parts.files + ((_original(parts),) if parts.html or is_cut else ())
    return Incoming(
        inbox=inbox.id,
        address=address,
        source_id=source_of(message, raw),
        text=text,
        sent_at=_sent_at(message, now),
        name=name[:200] if name and "@" not in name else "",
        language=language_of_words(text) or _LANGUAGE_OF_DOMAIN.get(address.rpartition(".")[2]),
        subject=_REPLY.sub("", subject).strip(),
        thread=str(thread.leg_id) if thread else None,
        email=address,
        attachments=files,
        unsupported="too large" if header(message, OVERSIZE) else parts.unreadable,
        quiet=why_quiet(message, address, subject),
        proven=is_proven(message, address, thread, config),
    )


def _where_tokens_are(message: Message) -> Iterator[str]:
    """From the surest to the least: the last reference first."""
    yield from reversed(_message_ids(message, "References"))
    yield from _message_ids(message, "In-Reply-To")
    for field in ("Delivered-To", "X-Original-To", "To", "Cc"):
        for _, address in addresses(message, field):
            yield address


def _message_ids(message: Message, name: str) -> list[str]:
    """The last of them: a long thread's header is long."""
    raw = " ".join(str(value) for found, value in message.raw_items() if found.lower() == name.lower())
    return raw[-_LONGEST_REFERENCES:].replace("><", "> <").split()


def _parts(message: Message, config: MailConfig) -> Parts:
    try:
        found = parts_of(message, largest_file=min(config.largest, 10_000_000))
    except Unreadable:
        found = _NOTHING
    is_hollow = message.get_content_maintype() == "multipart" and not message.is_multipart()
    return msgspec.structs.replace(found, unreadable="broken") if is_hollow and not found.unreadable else found


def _words(parts: Parts, subject: str, *, begins: bool) -> tuple[str, bool]:
    """What was written this time, and whether something was cut from it."""
    plain = parts.plain.strip()
    whole = words_of_html(parts.html, whole=True) if parts.html else ""
    forwarded = is_forward(subject)
    if plain and (len(plain) >= _POOR or len(whole) <= 2 * len(plain) + _POOR):
        text = plain if forwarded else newest_words(plain)
        is_cut = len(text) < len(plain)
    elif whole:
        text = whole if forwarded else newest_words(words_of_html(parts.html) or whole)
        is_cut = len(text) < len(whole)
    else:
        text, is_cut = parts.invitation, False
    title = _REPLY.sub("", subject).strip()
    # Many write what they want in the subject and no more than a greeting below it.
    if title and (not text or (begins and title.lower() not in text.lower())):
        text = f"{title}\n\n{text}".strip()
    return text, is_cut


def _original(parts: Parts) -> NewAttachment:
    """The mail as it came, made safe, for who wants to see it so."""
    html = safe_html(parts.html) if parts.html else ""
    if not html:
        escaped = parts.plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        html = f"<pre>{escaped}</pre>"
    content = mask_sensitive(html[:_LONGEST_ORIGINAL])
    return NewAttachment(name="original.html", media_type=ORIGINAL, content=content.encode(errors="replace"))


def _sent_at(message: Message, now: datetime) -> datetime:
    """When it says that it was written; never later than it came."""
    try:
        said = parsedate_to_datetime(header(message, "Date"))
        said = said if said.tzinfo else said.replace(tzinfo=UTC)
        return min(said.astimezone(UTC), now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return now


# --- robots ------------------------------------------------------------------------------------------


def why_quiet(message: Message, address: str, subject: str) -> str:
    """Why nobody answers this: "auto-reply", "automatic", "list"; "" for what a person wrote (RFC 3834)."""
    submitted = re.split(r"[;(\s]", header(message, "Auto-Submitted").strip().lower())[0]
    precedence = header(message, "Precedence").strip().lower()
    suppress = header(message, "X-Auto-Response-Suppress").lower()
    replies = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Mail-Autoreply")
    if submitted == "auto-replied" or precedence == "auto_reply" or any(header(message, one) for one in replies):
        return "auto-reply"
    if _AWAY.match(subject) or _has_empty_return_path(message):
        return "auto-reply"
    if header(message, "List-Id") or header(message, "List-Unsubscribe") or precedence in ("bulk", "list", "junk"):
        return "list"
    if submitted not in ("", "no") or _ROBOTS.match(address):
        return "automatic"
    if any(word in suppress for word in ("all", "autoreply")):
        return "automatic"
    return ""


def _has_empty_return_path(message: Message) -> bool:
    return any(value.strip() == "<>" for value in headers(message, "Return-Path"))


# --- who it is ---------------------------------------------------------------------------------------


def is_proven(message: Message, address: str, thread: Thread | None, config: MailConfig) -> bool:
    """Whether the address is the writer's own, as far as a mail can show that (docs/mail.md).

    Our own server vouches for it (DMARC, or DKIM of the same domain), or the mail answers one that was sent to just
    this address. What our server has found to be forged is not believed whatever it carries.
    """
    found = _verdict(message, address.rpartition("@")[2], config.trusted_server)
    if found is not None:
        return found
    return thread is not None and thread.read_by_writer and len(addresses(message, "From")) == 1


def _verdict(message: Message, domain: str, server: str) -> bool | None:
    """What our server says of the writer's domain: it is theirs, it is not, or nothing (None)."""
    if not server or len(addresses(message, "From")) != 1:
        return None
    told = next((value for value in headers(message, "Authentication-Results") if _signed_by(value, server)), None)
    if told is None:
        return None
    verdicts: dict[str, list[tuple[str, str]]] = {"dmarc": [], "dkim": []}
    for part in re.sub(r"\([^()]*\)", " ", told).split(";")[1:]:
        method = _METHOD.search(part)
        if method:
            verdicts[method[1].lower()].append((method[2].lower(), part))
    for result, part in verdicts["dmarc"]:
        if result == "fail":
            return False
        if result == "pass" and _names(part, "header.from", domain):
            return True
    if any(result == "pass" and _names(part, "header.d", domain) for result, part in verdicts["dkim"]):
        return True
    return None


def _signed_by(value: str, server: str) -> bool:
    words = value.partition(";")[0].split()
    return bool(words) and words[0].lower() == server.lower()


def _names(part: str, key: str, domain: str) -> bool:
    """Whether the domain it speaks of is the writer's, or the one above it."""
    found = re.search(rf"{re.escape(key)}=@?\"?([A-Za-z0-9.-]+)", part)
    named = found[1].lower().strip(".") if found else ""
    return "." in named and (domain == named or domain.endswith(f".{named}"))


# --- reports -----------------------------------------------------------------------------------------


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail server says of one of ours: `ours` is its Message-ID, if it is a conversation's."""

    ours: str
    is_dsn: bool


def report_of(raw: bytes) -> Report | None:
    """Whether this is a report of a mail server, and about what; None for every other mail."""
    # Asked in a transaction: a mail with a film in it is not taken apart for this.
    if parse_head(raw).get_content_type() != "multipart/report":
        return None
    try:
        message = parse(raw)
    except Unreadable:
        return None
    kinds = {part.get_content_type() for part in message.walk()}
    return Report(ours=_reported_mail(message), is_dsn="message/delivery-status" in kinds)


def _reported(message: Message) -> Iterator[Status]:
    """Of a conversation's message: it failed (RFC 3464), or it was read (RFC 8098)."""
    source_id = _reported_mail(message)
    if not source_id:
        return
    for part in message.walk():
        inner = part.get_payload()
        blocks = [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []
        if part.get_content_type() == "message/delivery-status":
            for fields in blocks:
                if header(fields, "Action").lower() == "failed":
                    status = _STATUS.search(header(fields, "Status"))
                    said = header(fields, "Diagnostic-Code").partition(";")[2].strip()
                    reason = f"{status[0] if status else '5.0.0'} {said}".strip()
                    yield Status(source_id=source_id, state="failed", error=reason[:500])
        elif part.get_content_type() == "message/disposition-notification":
            text = str(part.get_payload(0) if isinstance(inner, list) else inner).lower()
            if "displayed" in text:
                yield Status(source_id=source_id, state="read")


def _reported_mail(message: Message) -> str:
    for part in message.walk():
        inner = part.get_payload()
        texts = [header(part, "Message-ID"), header(part, "Original-Message-ID")] if part is not message else []
        if part.get_content_type() in ("text/rfc822-headers", "message/disposition-notification"):
            content = part.get_payload(decode=True)
            texts.append(content.decode(errors="replace") if isinstance(content, bytes) else str(inner))
        for text in texts:
            if found := OURS.search(text):
                return found[1]
    for name in ("In-Reply-To", "References"):
        if found := OURS.search(header(message, name)):
            return found[1]
    return ""
