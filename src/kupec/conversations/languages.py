"""In which language a conversation goes on."""

from collections.abc import Mapping
from uuid import UUID

from kupec.kit.db import Connection


async def speak_language(db: Connection, languages: Mapping[UUID, str]) -> None:
    """From now on these conversations go on in these languages, since the customers do. The rows must be locked."""
    await db.execute(
        "update conversation set language = new.language from unnest($1::uuid[], $2::text[]) as new (id, language) "
        "where conversation.id = new.id",
        *(list(languages), list(languages.values())),
    )
