"""Messages as the panel gets them: what it may see, in words of its language, with addresses that can be followed."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from kupec.conversations import File, Message, WebTalk, in_full
from kupec.kit.db import Connection
from kupec.kit.signing import sign, unsign
from kupec.staff import staff_names
from kupec.web.chat.gate import AnyRequest, Chat
from kupec.web.chat.words import activity_text
from kupec.web.rendering import site_of

_FILE_LIFE: Final = timedelta(days=1)
_MARK: Final = "\u27e6"


class Eyes(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks: a browser, its conversations by id, and whether it has proved whose it is."""

    chat: Chat
    talks: Mapping[UUID, WebTalk]
    proven: bool
    language: str

    def sees(self, message: Message) -> bool:
        """Its own leg; of the whole conversation, too, when it is proven."""
        talk = self.talks.get(message.conversation_id)
        return talk is not None and (message.leg_id == talk.leg_id or message.kind == "activity" or self.proven)


def asks_database(messages: Iterable[Message]) -> bool:
    """Whether showing them takes more than they hold: personal details that stand apart, people's names."""
    return any(_MARK in one.text or one.author.startswith("staff:") for one in messages)


def shown_as_they_are(request: AnyRequest, eyes: Eyes, messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Messages that hold all that is shown."""
    seen = [message for message in messages if eyes.sees(message)]
    return [one for message in seen if (one := _shown(request, eyes, message, {})) is not None]


async def shown(request: AnyRequest, db: Connection, eyes: Eyes, messages: Iterable[Message]) -> list[dict[str, Any]]:
    """These messages for this browser, in their order; what it may not see is left out."""
    seen = [message for message in messages if eyes.sees(message)]
    if any(_MARK in message.text for message in seen):
        seen = await in_full(db, seen)
    names = await _names(request, db, {message.author for message in seen})
    return [one for message in seen if (one := _shown(request, eyes, message, names)) is not None]


def _shown(request: AnyRequest, eyes: Eyes, message: Message, names: Mapping[str, str]) -> dict[str, Any] | None:
    talk = eyes.talks[message.conversation_id]
    name = names.get(message.author, "")
    told: dict[str, Any] = {
        "id": message.id.hex,
        "at": [talk.number, message.number],
        "time": message.created_at.isoformat(),
        "name": name,
    }
    if message.kind == "activity":
        text = activity_text(message, name, eyes.language)
        return {**told, "from": "activity", "blocks": [{"type": "text", "text": text}]} if text else None
    if message.kind == "incoming":
        blocks = [_heard(block) for block in map(_plain(request, eyes), message.content)]
        return {**told, "from": "me", "source": message.source_id or "", "blocks": blocks}
    blocks = [_plain(request, eyes)(block) for block in message.content]
    author = "bot" if message.author == "bot" else "person"
    return {**told, "from": author, "blocks": blocks or [{"type": "text", "text": message.text}]}


def _plain(request: AnyRequest, eyes: Eyes) -> Any:
    """A block with addresses that the browser can follow from where it is."""
    base = site_of(request).settings.base_url if eyes.chat.origin else ""

    def plain(block: Any) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(block)
        if isinstance(block, File):
            told["url"] = f"{base}{file_address(request, eyes.chat, block.attachment_id)}"
        if told.get("url"):
            told["url"] = address(told["url"], base)
        for card in told.get("cards", ()):
            card["url"], card["picture"] = address(card["url"], base), address(card["picture"], base)
        return told

    return plain


def _heard(block: dict[str, Any]) -> dict[str, Any]:
    """A button that was pressed is what they said."""
    if block["type"] == "choices":
        return {"type": "text", "text": block["choices"][0]["label"] if block["choices"] else block["text"]}
    return block


def address(url: str, base: str) -> str:
    """A web address, a mail's or a telephone's; anything else is none. Our own pages' are whole for other sites."""
    if url.startswith("/") and not url.startswith(("//", "/\\")):
        return f"{base}{url}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    known = (parts.scheme in ("http", "https") and parts.netloc) or parts.scheme in ("mailto", "tel")
    return url if known and url.isprintable() else ""


def file_address(request: AnyRequest, chat: Chat, attachment_id: UUID) -> str:
    """Where this browser gets a file for a day; the address says so itself, as links carry no token."""
    site = site_of(request)
    signed = sign(site.settings.secret, "chat-file", attachment_id.hex, expires=site.clock.now() + _FILE_LIFE)
    return f"/chat/v1/{chat.inbox.code}/files/{signed}"


def file_of(request: AnyRequest, signed: str) -> UUID | None:
    site = site_of(request)
    value = unsign(site.settings.secret, "chat-file", signed, now=site.clock.now())
    return UUID(hex=value) if value else None


async def name_of(request: AnyRequest, author: str) -> str:
    """What somebody at the desk is called."""
    async with site_of(request).database.reading() as db:
        return (await _names(request, db, {author}))[author]


async def _names(request: AnyRequest, db: Connection, authors: set[str]) -> dict[str, str]:
    """What the people at the desk are called, by author."""
    known: dict[str, str] = request.app.state.setdefault("chat_names", {})
    staff = {author: author.partition(":")[2] for author in authors if author.startswith("staff:")}
    missing = [UUID(text) for author, text in staff.items() if author not in known]
    if missing:
        found = await staff_names(db, missing)
        known.update({f"staff:{staff_id}": name for staff_id, name in found.items()})
    return {author: known.get(author, "") for author in staff}
