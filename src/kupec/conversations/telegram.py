"""Telegram: a bot's chats by the Bot API. Webhook with a secret token, or long polling where no webhook reaches us.

Fields and errors are those of core.telegram.org/bots/api. Groups and channels are not answered: only private chats.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import aiohttp
import msgspec

from kupec.conversations.blocks import Card, Choice, File
from kupec.conversations.channel import Capabilities, Outgoing, Polled, Read, SendFailed, Sent, read_config
from kupec.conversations.errors import Refused
from kupec.conversations.markup import as_html
from kupec.conversations.models import Inbox, Incoming, NewAttachment
from kupec.conversations.plain_words import card_words
from kupec.conversations.rendering import Rendered, render
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import LANGUAGES

API = "https://api.telegram.org"
_PATIENCE, _POLL = 20.0, 5  # seconds: for a call; that a poll waits for something new, and a worker that ends for it
_LARGEST_IN = 20_000_000  # bytes that a bot may download
_LARGEST_PHOTO = 10_000_000  # bytes; a larger one goes as a document
_CAPTION = 1024  # characters
_DATA = 64  # bytes of a button's value
_LABEL = 60  # characters of a button
_FILES = {
    "photo": ("photo.jpg", "image/jpeg"),
    "document": ("file", ""),
    "voice": ("voice.ogg", "audio/ogg"),
    "audio": ("audio.mp3", "audio/mpeg"),
    "video": ("video.mp4", "video/mp4"),
    "video_note": ("video.mp4", "video/mp4"),
}
_KINDS = ["message", "edited_message", "callback_query"]
_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105


class TelegramConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mode`: "webhook" where Telegram reaches us, "polling" where it does not. `username` of the bot, for links."""

    mode: Literal["webhook", "polling"] = "webhook"
    username: str = ""


class TelegramCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """`token` from @BotFather; `webhook_secret`, which Telegram shows with every delivery: letters, digits, _ and -."""

    token: str
    webhook_secret: str = ""


class _User(msgspec.Struct, kw_only=True):
    id: int
    first_name: str = ""
    last_name: str = ""
    language_code: str = ""
    is_bot: bool = False


class _Chat(msgspec.Struct, kw_only=True):
    id: int
    type: str = "private"


class _File(msgspec.Struct, kw_only=True):
    file_id: str
    file_size: int = 0
    file_name: str = ""
    mime_type: str = ""
    emoji: str = ""


class _Message(msgspec.Struct, kw_only=True, rename={"sender": "from"}):
    message_id: int
    chat: _Chat
    date: int = 0
    edit_date: int = 0
    sender: _User | None = None
    text: str = ""
    caption: str = ""
    photo: list[_File] = []
    document: _File | None = None
    voice: _File | None = None
    audio: _File | None = None
    video: _File | None = None
    video_note: _File | None = None
    sticker: _File | None = None
    reply_markup: dict[str, list[list[dict[str, Any]]]] = {}


class _Pressed(msgspec.Struct, kw_only=True, rename={"sender": "from"}):
    id: str
    sender: _User
    data: str = ""
    message: _Message | None = None


class _Update(msgspec.Struct, kw_only=True):
    update_id: int
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Pressed | None = None


class TelegramChannel:
    """One way to talk with customers: a bot's private chats. Credentials: `token`, `webhook_secret`."""

    code = "telegram"
    credentials_type = TelegramCredentials
    capabilities = Capabilities(
        buttons=10,
        cards=10,
        pictures=True,
        markup="html",
        length=4096,
        files=True,
        file_size=50_000_000,
        burst=timedelta(seconds=1),
    )

    def __init__(self, api: str = API) -> None:
        self._api = api.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def verify(self, inbox: Inbox, credentials: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> None:
        """Raises Refused unless the secret token is the inbox's; also while the inbox has none."""
        secret = credentials.get("webhook_secret", "")
        if not secret or not hmac.compare_digest(headers.get(_SECRET_HEADER, "").encode(), secret.encode()):
            raise Refused

    def external_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """Raises InvalidValue for what is no update."""
        update = _update(body)
        if update is None:
            raise InvalidValue(field="body", expected="an update")
        return str(update.update_id)

    def read(self, inbox: Inbox, body: bytes, now: datetime) -> Read:
        update = _update(body)
        if update is None:
            return Read()
        if update.callback_query is not None:
            said = _pressed(inbox, update.callback_query, now)
        else:
            said = _said(inbox, update.message or update.edited_message, now)
        return Read(incoming=(said,) if said else ())

    async def fetch(self, inbox: Inbox, read: Read, credentials: Mapping[str, str]) -> Read:
        """Raises SendFailed when Telegram cannot be reached."""
        incoming = []
        for item in read.incoming:
            files = [await self._fetch(file, credentials) for file in item.attachments]
            incoming.append(msgspec.structs.replace(item, attachments=tuple(files)))
        return msgspec.structs.replace(read, incoming=tuple(incoming))

    async def _fetch(self, file: NewAttachment, credentials: Mapping[str, str]) -> NewAttachment:
        if file.failed or not file.reference:
            return file
        token = credentials.get("token", "")
        try:
            found = await self._call(token, "getFile", {"file_id": file.reference})
            async with self._opened().get(f"{self._api}/file/bot{token}/{found.get('file_path', '')}") as answer:
                content = await answer.content.read(_LARGEST_IN + 1) if answer.status == 200 else b""
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SendFailed(type(error).__name__, again=True) from error
        except SendFailed as failed:
            if failed.again:
                raise
            content = b""
        return msgspec.structs.replace(file, content=content, failed="" if content else "gone")

    def polls(self, inbox: Inbox) -> bool:
        return inbox.config.get("mode") == "polling"

    async def poll(self, inbox: Inbox, credentials: Mapping[str, str], after: str) -> Sequence[Polled]:
        """Raises SendFailed. What is beyond `after` is given out until it is asked for beyond itself."""
        wanted: dict[str, Any] = {"timeout": _POLL, "limit": 100, "allowed_updates": _KINDS}
        if after:
            wanted["offset"] = int(after) + 1
        updates = await self._call(credentials.get("token", ""), "getUpdates", wanted)
        return [Polled(external_id=str(one["update_id"]), body=msgspec.json.encode(one)) for one in updates]

    def receipt(self, inbox: Inbox, body: bytes) -> bytes:
        """A pressed button stops turning when it is answered, and the answer may ride on the webhook's."""
        update = _update(body)
        if update is None or update.callback_query is None:
            return b""
        return msgspec.json.encode({"method": "answerCallbackQuery", "callback_query_id": update.callback_query.id})

    async def send(self, outgoing: Outgoing, credentials: Mapping[str, str]) -> Sequence[Sent]:
        """Raises SendFailed. Words first, then the files; what went out in an earlier attempt is left out."""
        token, chat = credentials.get("token", ""), outgoing.leg.address
        blocks = [block for block in outgoing.message.content if not isinstance(block, File)]
        calls: list[_Call] = []
        for one in render(blocks, self.capabilities, outgoing.message.language or "en"):
            calls += _calls(chat, one)
        calls += [_file_call(chat, file) for file in outgoing.attachments]
        sent: list[Sent] = []
        for call in calls[outgoing.parts_sent :]:
            try:
                result = await self._made(token, call)
            except SendFailed as failed:
                failed.sent = tuple(sent)
                raise
            sent.append(Sent(source_id=str(result["message_id"])))
        return sent

    async def _made(self, token: str, call: "_Call") -> Any:
        try:
            return await self._call(token, call.method, call.values, call.file)
        except SendFailed as failed:
            # A picture that Telegram cannot fetch must not keep the words from the customer.
            if call.instead is None or not str(failed).startswith("400"):
                raise
            return await self._call(token, call.instead.method, call.instead.values)

    async def connect(self, inbox: Inbox, credentials: Mapping[str, str], address: str) -> str:
        """Tell Telegram where to deliver (or that we shall ask); the bot's name. Raises SendFailed."""
        token = credentials.get("token", "")
        me = await self._call(token, "getMe", {})
        values = {"url": address, "secret_token": credentials.get("webhook_secret", ""), "allowed_updates": _KINDS}
        await self._call(token, *(("deleteWebhook", {}) if self.polls(inbox) else ("setWebhook", values)))
        return f"@{me.get('username', '')}"

    async def _call(self, token: str, method: str, values: Mapping[str, Any], file: NewAttachment | None = None) -> Any:
        if not token:
            raise SendFailed("no token", again=True)
        try:
            async with self._opened().post(f"{self._api}/bot{token}/{method}", **_body(values, file)) as answer:
                said = msgspec.json.decode(await answer.read(), type=dict[str, Any])
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            # It may have been heard before the connection was cut, unless there never was one.
            heard = not isinstance(error, aiohttp.ClientConnectorError)
            raise SendFailed(type(error).__name__, again=True, unclear=heard) from error
        if said.get("ok"):
            return said["result"]
        raise _failure(said)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_PATIENCE), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def config(self, raw: Mapping[str, Any]) -> TelegramConfig:
        """Raises InvalidValue naming the field."""
        return read_config(raw, TelegramConfig)


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call that makes one message; `instead` if Telegram will not have it."""

    method: str
    values: dict[str, Any]
    file: NewAttachment | None = None
    instead: "_Call | None" = None


def _update(body: bytes) -> _Update | None:
    try:
        return msgspec.json.decode(body, type=_Update)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _said(inbox: Inbox, message: _Message | None, now: datetime) -> Incoming | None:
    if message is None or message.chat.type != "private" or (message.sender is not None and message.sender.is_bot):
        return None
    files, unsupported = _files(message)
    text = message.text or message.caption
    if message.sticker is not None:
        text, unsupported = message.sticker.emoji, "sticker"
    edited = bool(message.edit_date)
    return Incoming(
        **_who(inbox, message.chat.id, message.sender),
        source_id=f"{message.message_id}:{message.edit_date}" if edited else str(message.message_id),
        text=text,
        sent_at=_when(message.edit_date or message.date, now),
        attachments=tuple(files),
        unsupported=unsupported if unsupported or text or files else "message",
        edits=str(message.message_id) if edited else "",
    )


def _pressed(inbox: Inbox, pressed: _Pressed, now: datetime) -> Incoming | None:
    """A pressed button says what stands on it. A value too long for Telegram was left out: then the words count."""
    chat = pressed.message.chat if pressed.message else _Chat(id=pressed.sender.id)
    if chat.type != "private":
        return None
    rows = pressed.message.reply_markup.get("inline_keyboard", []) if pressed.message else []
    labels = {one.get("callback_data"): str(one.get("text", "")) for row in rows for one in row}
    return Incoming(
        **_who(inbox, chat.id, pressed.sender),
        source_id=f"pressed:{pressed.id}",
        text=labels.get(pressed.data, pressed.data),
        sent_at=now,
        choice=None if pressed.data.startswith("~") else pressed.data,
    )


def _who(inbox: Inbox, chat_id: int, user: _User | None) -> dict[str, Any]:
    language = user.language_code.partition("-")[0] if user else ""
    return {
        "inbox": inbox.id,
        "address": str(chat_id),
        "name": f"{user.first_name} {user.last_name}".strip() if user else "",
        "language": language if language in LANGUAGES else None,
        "proven": True,
    }


def _when(seconds: int, now: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 1 << 35 else now


def _files(message: _Message) -> tuple[list[NewAttachment], str]:
    """What came with it; and what of it no bot can read."""
    found = {kind: one for kind in _FILES if isinstance(one := getattr(message, kind), _File)}
    if message.photo:
        found["photo"] = max(message.photo, key=lambda one: one.file_size)
    files = [
        NewAttachment(
            name=one.file_name or _FILES[kind][0],
            media_type=one.mime_type or _FILES[kind][1],
            reference=one.file_id,
            failed="size" if one.file_size > _LARGEST_IN else "",
        )
        for kind, one in found.items()
    ]
    return files, next((kind for kind in found if kind not in ("photo", "document")), "")


def _calls(chat: str, one: Rendered) -> list[_Call]:
    if one.cards:
        return [_card_call(chat, card) for card in one.cards]
    return [_text_call(chat, one.text, one.buttons or one.rows)] if one.text else []


def _text_call(chat: str, text: str, buttons: Sequence[Choice]) -> _Call:
    values = {"chat_id": chat, "text": text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    return _Call(method="sendMessage", values=values | _keyboard(buttons))


def _card_call(chat: str, card: Card) -> _Call:
    words = as_html(card_words(card))
    plain = _text_call(chat, words, card.choices)
    if not card.picture.startswith("https://") or len(words) > _CAPTION:
        return plain
    values = {"chat_id": chat, "photo": card.picture, "caption": words, "parse_mode": "HTML"}
    return _Call(method="sendPhoto", values=values | _keyboard(card.choices), instead=plain)


def _keyboard(choices: Sequence[Choice]) -> dict[str, Any]:
    if not choices:
        return {}
    rows = [
        [{"text": one.label[:_LABEL], "callback_data": one.value if len(one.value.encode()) <= _DATA else f"~{at}"}]
        for at, one in enumerate(choices)
    ]
    return {"reply_markup": {"inline_keyboard": rows}}


def _file_call(chat: str, file: NewAttachment) -> _Call:
    method = "sendPhoto" if _is_photo(file) else "sendDocument"
    return _Call(method=method, values={"chat_id": chat}, file=file)


def _is_photo(file: NewAttachment) -> bool:
    return file.media_type in ("image/jpeg", "image/png") and len(file.content) <= _LARGEST_PHOTO


def _body(values: Mapping[str, Any], file: NewAttachment | None) -> dict[str, Any]:
    if file is None:
        return {"data": msgspec.json.encode(values), "headers": {"Content-Type": "application/json"}}
    form = aiohttp.FormData()
    for name, value in values.items():
        form.add_field(name, value)
    form.add_field(
        "photo" if _is_photo(file) else "document", file.content, filename=file.name, content_type=file.media_type
    )
    return {"data": form}


def _failure(said: Mapping[str, Any]) -> SendFailed:
    code = said.get("error_code", 0)
    reason = f"{code} {said.get('description', '')}"[:300]
    if code == 429:
        return SendFailed(reason, again=True, after=timedelta(seconds=said.get("parameters", {}).get("retry_after", 1)))
    # A token that was replaced (401, 404) is put right by the merchant; what Telegram will never take is 400 and 403.
    return SendFailed(reason, again=code not in (400, 403))
