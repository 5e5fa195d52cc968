"""Who is there to talk with: the bot, people and when, how many wait before one."""

from typing import Any

from kupec.conversations import WebTalk
from kupec.kit.db import Connection
from kupec.web.chat.gate import AnyRequest, Chat


async def offer_of(request: AnyRequest, db: Connection, chat: Chat, key: str) -> dict[str, Any]:
    return {"offered": True, "bot": chat.config.bot, "files": chat.config.files}


async def standing_of(
    request: AnyRequest, db: Connection, chat: Chat, talk: WebTalk | None, language: str
) -> dict[str, Any]:
    """How things stand in the conversation; before the first one, who is there."""
    return {
        "bot": chat.config.bot,
        "files": chat.config.files,
        "holder": talk.holder if talk else ("bot" if chat.config.bot else "people"),
        "state": talk.state if talk else "open",
        "agent": "",
        "place": 0,
        "text": "",
    }
