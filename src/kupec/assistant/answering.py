"""Answers out of knowledge: the article that fits, its variables filled by tools, and where it stands."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from kupec.conversations import Block, Source, Text
from kupec.kit.db import Connection
from kupec.knowledge import Article, Hit, Index, Variable, fill, hit_of, search, wording

Values = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""A tool's result by its name, None where it has none for who asks."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is to be worded."""

    language: str
    channel: str
    voice: bool = False
    audience: str = "formal"


async def find(
    db: Connection, text: str, asked: Asked, *, article: str = "", limit: int = 3, index: Index | None = None
) -> list[Hit]:
    """The article of that code, else what fits the text, the best first."""
    wording: dict[str, Any] = {
        "language": asked.language,
        "channel": asked.channel,
        "voice": asked.voice,
        "audience": asked.audience,
        "index": index,
    }
    if article:
        hit = await hit_of(db, article, **wording)
        return [] if hit is None else [hit]
    return await search(db, text, limit=limit, **wording)


def reworded(hit: Hit, article: Article, asked: Asked) -> Hit:
    """What was found, said as another version of its article says it; where that says nothing, as it stands."""
    answer = wording(article.content, asked.language, asked.channel, asked.voice, asked.audience)
    if answer is None:
        return hit
    return msgspec.structs.replace(
        hit, answer=answer.text, variables=article.content.variables, version=article.version.number
    )


async def filled(hit: Hit, values: Values) -> str:
    """The answer with what tools say in it; a line that nothing is known for is left out."""
    results = {tool: await values(tool) for tool in sorted({one.tool for one in hit.variables.values()})}
    told = {name: _field(results[one.tool], one) for name, one in hit.variables.items()}
    return fill(hit.answer, {name: value for name, value in told.items() if value is not None})


def _field(result: Mapping[str, Any] | None, variable: Variable) -> str | None:
    value: Any = result
    for part in variable.field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return None if value in (None, "") else str(value)


async def blocks_of(hit: Hit, values: Values, base_url: str) -> list[Block]:
    """The answer as it is said, and its source."""
    text = await filled(hit, values)
    if not text.strip():
        return []
    address = f"{base_url}/{hit.language}/help/{hit.url_slug}"
    return [Text(text=text), Source(title=hit.title, url=address)]
