"""How a mail inbox is set up: its address, the folder it is read from, the server it is sent by. Checked by field."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from kupec.customers import normalise_email
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.mail import SmtpTransport

_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:]+\]?")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_Kind = TypeVar("_Kind", bound=msgspec.Struct)


class MailConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is no secret of a mail inbox."""

    address: str
    """Customers write here, and our answers come from here."""
    name: str = ""
    """Who writes, beside the address; empty: the shop's name."""
    imap_host: str = ""
    """Empty: nothing is fetched (mails are handed in by `kupec mail`)."""
    imap_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 993
    imap_tls: Literal["tls", "none"] = "tls"
    """"none" only on this very machine: a password is never sent in the clear."""
    folder: str = "INBOX"
    done_folder: str = ""
    """Where a mail is moved once it is stored; empty leaves it, marked as read."""
    trusted_server: str = ""
    """The name our own mail server signs Authentication-Results with (RFC 8601); empty: none is believed."""
    plus_address: bool = False
    """Answer addresses carry the signed word too (name+word@…), for servers that deliver those."""
    hourly_cap: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    """Mails of one address in an hour after which the bot leaves its mails to people."""
    largest: Annotated[int, msgspec.Meta(ge=100_000, le=100_000_000)] = 25_000_000
    """Bytes; of a larger mail only the header is fetched, and who wrote it is told."""


class MailCredentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sealed of a mail inbox."""

    imap_user: str = ""
    imap_password: str = ""
    smtp_url: str = ""
    """smtp://user:password@host:port, smtps:// or starttls://; empty: the shop's own (KUPEC_SMTP_URL)."""


def read_config(raw: Mapping[str, Any]) -> MailConfig:
    """The inbox's configuration, checked. Raises InvalidValue naming the field."""
    config = _converted(raw, MailConfig)
    address = normalise_email(config.address, field="address")
    for field in ("name", "folder", "done_folder", "trusted_server"):
        text = getattr(config, field)
        if _CONTROL.search(text) or len(text) > 200:
            raise InvalidValue(field=field, expected=_("one line of at most 200 characters"))
    if config.imap_host and not _HOST.fullmatch(config.imap_host):
        raise InvalidValue(field="imap_host", expected=_("the name of a mail server, such as imap.example.com"))
    if not config.folder.strip():
        raise InvalidValue(field="folder", expected=_("the name of a folder, such as INBOX"))
    if config.done_folder and config.done_folder == config.folder:
        raise InvalidValue(field="done_folder", expected=_("another folder than the one that is read"))
    if config.imap_tls == "none" and config.imap_host and config.imap_host not in _LOCAL:
        raise InvalidValue(field="imap_tls", expected=_("“tls”: only a server on this machine may be reached without"))
    return msgspec.structs.replace(config, address=address)


def read_credentials(raw: Mapping[str, str]) -> MailCredentials:
    """What is sealed, checked. Raises InvalidValue naming the field."""
    found = _converted(raw, MailCredentials)
    for field in ("imap_user", "imap_password"):
        if _CONTROL.search(getattr(found, field)):
            raise InvalidValue(field=field, expected=_("one line"))
    if found.smtp_url:
        SmtpTransport(found.smtp_url)
    return found


def _converted(raw: Mapping[str, Any], kind: type[_Kind]) -> _Kind:
    for field in raw:
        if field not in kind.__struct_fields__:
            raise InvalidValue(field=field, expected=_("a field of a mail inbox"))
    for one in msgspec.structs.fields(kind):
        if one.required and one.name not in raw:
            raise InvalidValue(field=one.name, expected=_("a value"))
        if one.name in raw:
            try:
                msgspec.convert(raw[one.name], one.type, strict=False)
            except msgspec.ValidationError as error:
                raise InvalidValue(field=one.name, expected=str(error)) from None
    return msgspec.convert(dict(raw), kind, strict=False)
