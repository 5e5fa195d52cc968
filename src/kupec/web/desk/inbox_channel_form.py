"""The form of a channel's inbox: drawn from the fields of its configuration, read back into plain values."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from kupec.conversations import Channel, Inbox
from kupec.kit.i18n import mark as _
from kupec.web.desk.reader import Reader
from kupec.web.forms import Form

_LONGEST = 2000
LABELS = {
    "address": _("Address customers write to"),
    "name": _("Name beside the address"),
    "imap_host": _("Mail server that is read (IMAP)"),
    "imap_port": _("Its port"),
    "imap_tls": _("Encryption"),
    "folder": _("Folder that is read"),
    "done_folder": _("Folder for mails that have been read"),
    "trusted_server": _("Name of our own mail server in Authentication-Results"),
    "plus_address": _("Answers may come to name+word@…"),
    "hourly_cap": _("Mails of one address in an hour before people take over"),
    "largest": _("Largest mail, in bytes"),
    "imap_user": _("User name on the mail server"),
    "imap_password": _("Password on the mail server"),
    "smtp_url": _("Server that sends (smtp://user:password@host:port)"),
    "origins": _("Other sites that may show the chat, one a line (https://www.example.com)"),
    "storefront": _("Shown in our own shop"),
    "bot": _("The assistant answers"),
    "files": _("Customers may send files"),
    "token": _("Token of the bot"),
    "bot_token": _("Token of the bot"),
    "secret_token": _("Secret of the webhook"),
    "username": _("Name of the bot"),
    "api_url": _("Address of the service"),
    "polling": _("Ask for news instead of being told (no public address is needed)"),
    "mode": _("How news comes"),
    "country": _("Country of numbers without a country code"),
}
CHANNELS_OFFERED = {
    "web": _("Chat on the web"),
    "email": _("E-mail"),
    "telegram": _("Telegram"),
    "phone": _("Phone"),
    "counter": _("Counter"),
}
CREDENTIALS = {"email": ("imap_user", "imap_password", "smtp_url"), "telegram": ("token", "secret_token")}
"""What is sealed of a channel's inbox; it is written, never shown again."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field; `kind` is text, number, switch, lines or choice."""

    name: str
    label: str
    kind: str
    value: Any
    options: list[str] = []
    required: bool = False


def config_type(channel: Channel) -> type[msgspec.Struct] | None:
    """What a channel's configuration is made of, None where there is nothing to say."""
    kind = getattr(channel, "config_type", None) or getattr(type(channel).config, "__annotations__", {}).get("return")
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not msgspec.Struct else None


def fields_of(channel: Channel, inbox: Inbox | None, reader: Reader, typed: Form | None = None) -> list[Field]:
    kind = config_type(channel)
    if kind is None:
        return []
    stored = inbox.config if inbox else {}
    found = []
    for one in msgspec.structs.fields(kind):
        shape, options = _shape(one.type)
        default = one.default if one.default is not msgspec.NODEFAULT else ""
        value = stored.get(one.name, default)
        if typed is not None:
            value = _read_one(typed, one.name, shape)
        if shape == "lines" and not isinstance(value, str):
            value = "\n".join(value or ())
        label = reader.text(LABELS[one.name]) if one.name in LABELS else one.name
        found.append(
            Field(name=one.name, label=label, kind=shape, value=value, options=options, required=bool(one.required))
        )
    return found


def _shape(kind: Any) -> tuple[str, list[str]]:
    if get_origin(kind) is Annotated:
        return _shape(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return _shape(next(part for part in get_args(kind) if part is not type(None)))
    if get_origin(kind) is Literal:
        return "choice", [str(one) for one in get_args(kind)]
    if kind is bool:
        return "switch", []
    if kind in (int, float):
        return "number", []
    if kind in (list, tuple) or get_origin(kind) in (list, tuple):
        return "lines", []
    return "text", []


def read_config(channel: Channel, form: Form) -> dict[str, Any]:
    """The configuration as it was typed; what is left empty is the channel's own default. The channel checks it."""
    kind = config_type(channel)
    read: dict[str, Any] = {}
    for one in msgspec.structs.fields(kind) if kind else ():
        shape, _options = _shape(one.type)
        value = _read_one(form, one.name, shape)
        if shape == "lines":
            value = [line.strip() for line in value.split("\n") if line.strip()]
        if value != "" or one.required:
            read[one.name] = value
    return read


def _read_one(form: Form, name: str, shape: str) -> Any:
    if shape == "switch":
        return f"config.{name}" in form
    return form.prose(f"config.{name}", most=_LONGEST)


def read_credentials(channel: str, form: Form) -> dict[str, str]:
    """What was typed of the secrets; an empty field leaves what is stored, a ticked box removes it."""
    read = {name: form.text(f"secret.{name}", most=_LONGEST) for name in CREDENTIALS.get(channel, ())}
    removed = {name: "" for name in read if f"remove.{name}" in form}
    return {name: value for name, value in read.items() if value} | removed
