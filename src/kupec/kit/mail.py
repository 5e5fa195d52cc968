"""Sending mail: a message, and the ways it may leave. What to send, and when, is not decided here."""

import re
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, formatdate, make_msgid
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from kupec.kit.errors import InvalidValue, KupecError

TIMEOUT = 30.0  # seconds for each step of the conversation with the server
_ENHANCED = re.compile(r"5\.\d{1,3}\.\d{1,3}(?!\d)")
_DEAD_ADDRESS = re.compile(r"5\.1\.\d+|5\.2\.1|5\.4\.[14]")
_RESERVED = frozenset({"from", "to", "subject", "date", "message-id", "content-type", "mime-version", "bcc", "cc"})


class _Verbatim(UnstructuredHeader):
    """A header that is an address of ours: folded or encoded, as long words are, no program would understand it."""

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"List-Unsubscribe: {self}{policy.linesep}"


class _MessageIds(UnstructuredHeader):
    """Names of other mails: one a line, each as it is."""

    name: str

    def fold(self, *, policy: EmailPolicy) -> str:
        names = f"{policy.linesep} ".join(str(self).split())
        return f"{self.name}: {names}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Verbatim)  # type: ignore[arg-type]
for _name in ("references", "in-reply-to", "reply-to"):
    _HEADERS.map_to_type(_name, _MessageIds)  # type: ignore[arg-type]
_POLICY = SMTP.clone(header_factory=_HEADERS)


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that comes with a mail; `name` as it is saved, `media_type` like "application/pdf"."""

    name: str
    media_type: str
    content: bytes


class OutgoingMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it should arrive.

    `message_id` is without angle brackets; None lets one be made for the sender's domain. `written_at` becomes the
    mail's date; None means the moment it is sent.
    """

    to: str
    sender: str
    subject: str
    html: str
    text: str
    sender_name: str = ""
    message_id: str | None = None
    written_at: datetime | None = None
    headers: Mapping[str, str] = {}
    attachments: Sequence[Attachment] = ()


class MailRefused(KupecError):
    """The mail server does not accept this mail: {reason}."""

    status = 502
    code = "mail_refused"


class RecipientRefused(MailRefused):
    """The mail server does not take mail for this address: {reason}."""

    # `hard`: there is no such address; else the server has another reason, such as a full mailbox. `said` is its
    # enhanced status ("5.1.1"), or its three digits where it gives none.
    def __init__(self, *, reason: str, hard: bool, said: str) -> None:
        super().__init__(reason=reason)
        self.hard = hard
        self.said = said


class MailNotSent(KupecError):
    """The mail server could not be reached or had a passing problem: {reason}."""

    status = 503
    code = "mail_not_sent"


def address_is_dead(status: str) -> bool:
    """Whether an enhanced status (RFC 3463) says that there is no such address: all else may be better another time."""
    return _DEAD_ADDRESS.fullmatch(status) is not None


class Transport(Protocol):
    async def send(self, mail: OutgoingMail) -> None:
        """Hand over `mail`. Raises MailRefused (do not repeat) or MailNotSent (try again later)."""


class OutboxTransport:
    """Sends nothing: the row in the `mail` table is the outbox that people read. What would be refused, is."""

    async def send(self, mail: OutgoingMail) -> None:
        _header(mail)


def compose(mail: OutgoingMail) -> EmailMessage:
    """The message for the wire: text with an HTML alternative.

    Raises InvalidValue for addresses and headers that would break out of their line.
    """
    message = EmailMessage(policy=_POLICY)
    for name, value in _header(mail).items():
        message[name] = value
    # Not every server on the way takes 8 bit.
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for file in mail.attachments:
        kind, _, subtype = file.media_type.partition("/")
        name = _line("attachments", file.name)
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=name)
    return message


def _header(mail: OutgoingMail) -> dict[str, str | Address]:
    """Every line of the header by its name. Raises InvalidValue, as `compose` does."""
    domain = mail.sender.rpartition("@")[2]
    lines: dict[str, str | Address] = {
        "From": _address("sender", mail.sender, mail.sender_name),
        "To": _address("to", mail.to),
        "Subject": _line("subject", mail.subject),
        "Date": format_datetime(mail.written_at) if mail.written_at else formatdate(usegmt=True),
        "Message-ID": f"<{_line('message_id', mail.message_id)}>" if mail.message_id else make_msgid(domain=domain),
    }
    for name, value in mail.headers.items():
        if name.lower() in _RESERVED or not name.replace("-", "").isalnum() or not name.isascii():
            raise InvalidValue(field="headers", expected="names of headers that are not set by the mail itself")
        lines[name] = _line("headers", value)
    return lines


def _line(field: str, text: str) -> str:
    if any(ord(character) < 32 or character in "\x7f\x85\u2028\u2029" for character in text):
        raise InvalidValue(field=field, expected="one line of text")
    return text


def _address(field: str, text: str, name: str = "") -> Address:
    local, at, domain = _line(field, text).rpartition("@")
    if not (at and local and domain) or any(character in ' <>,;:"()[]\\' for character in text):
        raise InvalidValue(field=field, expected="one e-mail address")
    try:
        return Address(display_name=_line("sender_name", name), username=local, domain=_ascii_domain(domain))
    except ValueError:
        raise InvalidValue(field=field, expected="one e-mail address") from None


def _ascii_domain(domain: str) -> str:
    try:
        return domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        raise ValueError(domain) from None


class SmtpTransport:
    """A mail server by address: smtp://user:password@host:port, smtps:// for TLS from the start.

    smtp:// goes over to TLS when the server offers it (starttls://: must, or nothing is sent). A password is never sent
    in the clear except to this very machine.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT, tls_context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps", "starttls") or not parts.hostname:
            raise InvalidValue(field="smtp_url", expected="smtp://, smtps:// or starttls:// and a host")
        self._scheme = parts.scheme
        self._host = parts.hostname
        self._port = parts.port or {"smtp": 587, "starttls": 587, "smtps": 465}[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self._timeout = timeout
        self._tls_context = tls_context

    async def send(self, mail: OutgoingMail) -> None:
        message = compose(mail)
        try:
            async with self._connect() as smtp:
                if self._user is not None:
                    self._require_privacy(smtp)
                    await smtp.login(self._user, self._password)
                await smtp.send_message(message)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _as_our_error(error) from error

    def _connect(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._scheme == "smtps",
            start_tls={"smtp": None, "starttls": True, "smtps": False}[self._scheme],
            timeout=self._timeout,
            tls_context=self._tls_context,
        )

    def _require_privacy(self, smtp: aiosmtplib.SMTP) -> None:
        encrypted = smtp.get_transport_info("sslcontext") is not None
        if not encrypted and self._host not in ("localhost", "127.0.0.1", "::1"):
            raise MailNotSent(reason="the server offers no TLS, and the password is not sent in the clear")


def _as_our_error(error: Exception) -> KupecError:
    """5xx for this mail is final; everything else, a wrong password included, may be better the next time."""
    codes = [0]
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        codes = [refused.code for refused in error.recipients]
        if all(500 <= code < 600 for code in codes):
            return _recipient_refused(error.recipients[0])
    elif isinstance(error, aiosmtplib.SMTPResponseException):
        codes = [error.code]
    final = all(500 <= code < 600 for code in codes) and not isinstance(error, aiosmtplib.SMTPAuthenticationError)
    kind = MailRefused if final or isinstance(error, aiosmtplib.SMTPNotSupported) else MailNotSent
    return kind(reason=str(error) or type(error).__name__)


def _recipient_refused(refused: aiosmtplib.SMTPRecipientRefused) -> RecipientRefused:
    """Without an enhanced status (RFC 3463), 550, 551 and 553 say that the address does not exist."""
    status = _ENHANCED.match(refused.message.strip())
    said = status[0] if status else str(refused.code)
    hard = address_is_dead(said) if status else refused.code in (550, 551, 553)
    return RecipientRefused(reason=f"{refused.code} {refused.message}", hard=hard, said=said)
