"""A raw mail in its parts: headers in words, its text or HTML, and what is attached; broken ones as far as it goes."""

import base64
import codecs
import email
import email.header
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.message import Message
from email.utils import collapse_rfc2231_value, getaddresses
from typing import Any

import msgspec

from kupec.conversations.models import NewAttachment

MOST_FILES = 20
_MOST_NESTED = 500
_LONGEST_HEAD = 500_000
DECORATION = 3_000  # bytes: smaller inline pictures are logos and lines
_LONGEST_HEADER = 2_000
_LONGEST_NAME = 120
_NOT_TEXT = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bqBQ]\?[^?\s]*\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(=\?)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)
_OF_WINDOWS = re.compile(rb"[\x80-\x9f]")
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail holds. `plain` and `html` are what is to be read, "" where there is none."""

    plain: str
    html: str
    files: tuple[NewAttachment, ...]
    unreadable: str
    """Why something of it cannot be shown: "winmail", "too large", "too many"; "" when all is there."""
    invitation: str
    """What a calendar's invitation is called."""


class Unreadable(Exception):
    """Nobody can make head or tail of it."""


def parse(raw: bytes) -> Message:
    """The mail with its headers as they came. Raises Unreadable for what is nested beyond reason."""
    if raw.count(b"boundary=") > _MOST_NESTED:
        raise Unreadable("nested beyond reason")
    try:
        return email.message_from_bytes(raw)
    except (RecursionError, ValueError, IndexError, AttributeError, TypeError) as error:
        raise Unreadable(str(error)) from error


def parse_head(raw: bytes) -> Message:
    """Only what stands above the text, which every mail has."""
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0][:_LONGEST_HEAD]
    return email.message_from_bytes(head + b"\n\n")


def header(message: Message, name: str) -> str:
    """A header in words, on one line; "" when it is not there. The first one, where there are more."""
    return next(headers(message, name), "")


def headers(message: Message, name: str) -> Iterator[str]:
    for found, value in message.raw_items():
        if found.lower() == name.lower():
            yield _in_words(str(value)[:_LONGEST_HEADER])


def addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """(name, address) of everybody a header names; the raw header is split before it is decoded."""
    # A name that decodes to "boss@shop" <…> must not become an address.
    values = [
        _unfolded(_repaired(str(value)[:_LONGEST_HEADER]))
        for found, value in message.raw_items()
        if found.lower() == name.lower()
    ]
    try:
        pairs = getaddresses(values)
    except (ValueError, IndexError, TypeError):
        return []
    return [(_in_words(title), address.strip()) for title, address in pairs if "@" in address]


def _in_words(value: str) -> str:
    text = _unfolded(_repaired(value))
    text = _ENCODED_WORD.sub(lambda word: _word(word[0]), _BETWEEN_WORDS.sub(r"\1\2", text))
    return " ".join(clean(text).split())


def _word(word: str) -> str:
    """An encoded word (RFC 2047); as it stands when it is broken."""
    try:
        ((content, charset),) = email.header.decode_header(word)
    except (HeaderParseError, ValueError, IndexError):
        return word
    return content if isinstance(content, str) else decode(content, charset or "")


def _repaired(value: str) -> str:
    """Bytes that stand in a header unencoded, as the letters they were meant to be."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return decode(value.encode(errors="surrogateescape"), "")
    return value


def _unfolded(value: str) -> str:
    return re.sub(r"[\r\n]+[ \t]*", " ", value)


def decode(content: bytes, charset: str) -> str:
    """Text by the charset it claims; where that cannot be, by what its bytes look like."""
    for guess in (charset.strip().strip("'\"").lower(), "utf-8"):
        try:
            known = codecs.lookup(guess or "utf-8").name
            if known in _NOT_TEXT or (known in ("iso8859-2", "iso8859-1", "ascii") and _OF_WINDOWS.search(content)):
                continue
            return content.decode(known)
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("cp1250" if _OF_WINDOWS.search(content) else "iso8859-2", errors="replace")


def clean(text: str) -> str:
    """Without what no database and no reader can use: nulls, control characters, marks that turn writing around."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def parts_of(message: Message, *, largest_file: int) -> Parts:
    """What it holds. Raises Unreadable."""
    reading = _Reading(largest_file)
    try:
        reading.read(message)
    except (RecursionError, ValueError, IndexError, AttributeError, TypeError, UnicodeError) as error:
        raise Unreadable(str(error)) from error
    return Parts(
        plain="\n\n".join(text for text in reading.plain if text.strip()),
        html="\n".join(reading.html),
        files=tuple(reading.files[:MOST_FILES]),
        unreadable=reading.unreadable or ("too many" if len(reading.files) > MOST_FILES else ""),
        invitation=reading.invitation,
    )


class _Reading:
    """One walk through a mail, from the outside in; what lies in an attached mail is that mail's."""

    def __init__(self, largest_file: int) -> None:
        self.plain: list[str] = []
        self.html: list[str] = []
        self.files: list[NewAttachment] = []
        self.unreadable = ""
        self.invitation = ""
        self._largest = largest_file

    def read(self, message: Message) -> None:
        waiting: list[Any] = [message]
        while waiting:
            part = waiting.pop()
            kind = part.get_content_type()
            inner = part.get_payload()
            if kind == "message/rfc822" or (kind.startswith("message/") and isinstance(inner, list)):
                self._attached_mail(part)
            elif isinstance(inner, list):
                waiting.extend(reversed(inner))
            else:
                self._leaf(part, kind)

    def _leaf(self, part: Message, kind: str) -> None:
        content = _content(part)
        is_file = part.get_content_disposition() == "attachment" or (
            bool(_file_name(part)) and kind not in ("text/plain", "text/html")
        )
        if kind == "text/calendar":
            self.invitation = self.invitation or _summary(decode(content, _charset(part)))
            self._file(part, content, "invite.ics")
        elif kind in _TNEF:
            self.unreadable = "winmail"
            self._file(part, content, "winmail.dat")
        elif is_file or not kind.startswith("text/"):
            decoration = kind.startswith("image/") and part.get("Content-ID") and len(content) < DECORATION
            if not decoration:
                self._file(part, content, "")
        elif kind == "text/html":
            self.html.append(clean(decode(content, _charset(part))))
        else:
            self.plain.append(clean(_flowed(part, decode(content, _charset(part)))))

    def _attached_mail(self, part: Message) -> None:
        inner = part.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        if isinstance(first, Message):
            title = header(first, "Subject")[:60] or "mail"
            self._keep(f"{title}.eml", "message/rfc822", first.as_bytes())

    def _file(self, part: Message, content: bytes, name: str) -> None:
        kind = part.get_content_type()
        ending = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "application/pdf": ".pdf"}
        self._keep(_file_name(part) or name or f"file{ending.get(kind, '')}", kind, content)

    def _keep(self, name: str, kind: str, content: bytes) -> None:
        if len(content) > self._largest:
            self.unreadable = self.unreadable or "too large"
        elif content:
            self.files.append(NewAttachment(name=plain_name(name), media_type=kind, content=content))


def plain_name(name: str) -> str:
    """The name of a file as it may be shown and saved: no folders, no tricks with the direction of writing."""
    last = re.split(r"[/\\]", " ".join(clean(name).split()))[-1].strip(" .")
    stem, dot, ending = last.rpartition(".")
    if len(last) > _LONGEST_NAME and dot and len(ending) < 10:
        return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}"
    return last[:_LONGEST_NAME] or "file"


def _content(part: Message) -> bytes:
    """What it holds, decoded; of base64 that was broken off, what there is."""
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        text = str(part.get_payload()).encode(errors="replace").translate(None, _NOT_BASE64)
        whole = text if len(text) % 4 != 1 else text[:-1]
        return base64.b64decode(whole + b"=" * (-len(whole) % 4))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _file_name(part: Message) -> str:
    named = Message()
    for found, value in part.raw_items():
        if found.lower() in ("content-disposition", "content-type"):
            # As letters: the parser makes question marks of what is not encoded.
            named[found] = _unfolded(_repaired(str(value)[:_LONGEST_HEADER]))
    for header_name, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        try:
            given = named.get_param(parameter, None, header_name)
            text = collapse_rfc2231_value(given) if given else ""
        except (ValueError, IndexError, TypeError, UnicodeError, LookupError):
            continue
        if text:
            return _in_words(text)
    return ""


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or ""
    except (ValueError, IndexError, TypeError, UnicodeError, LookupError):
        return ""


def _flowed(part: Message, text: str) -> str:
    """Lines that were only wrapped are one again (RFC 3676)."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    delete_space = str(part.get_param("delsp", "")).lower() == "yes"
    lines: list[str] = []
    open_quote: int | None = None
    for raw in text.replace("\r\n", "\n").split("\n"):
        quote = len(raw) - len(raw.lstrip(">"))
        line = raw[quote:].removeprefix(" ")
        if open_quote == quote and lines:
            lines[-1] += line
        else:
            lines.append(f"{'>' * quote}{' ' if quote else ''}{line}")
        flows = line.endswith(" ") and line != "-- "
        open_quote = quote if flows else None
        if flows and delete_space:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def _summary(calendar: str) -> str:
    for line in calendar.replace("\r\n ", "").replace("\n ", "").splitlines():
        name, _, value = line.partition(":")
        if name.split(";")[0].upper() == "SUMMARY":
            return value.replace("\\,", ",").replace("\\;", ";").strip()[:200]
    return ""
