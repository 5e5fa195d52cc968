"""What this room holds about a customer: ways to ask that were learnt from what they wrote."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.personal import Held, PrivacyPart
from kupec.knowledge.writing import touch

_THEIRS = "customer_id = any($1::uuid[])"


async def _before(db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
    """What is searched forgets them with the rows."""
    rows = await db.fetch(f"select distinct article_id from article_phrasing where {_THEIRS}", list(members))  # noqa: S608
    if rows:
        await touch(db, [row["article_id"] for row in rows])
    return {}


privacy_part = PrivacyPart(
    name="knowledge",
    tables=(Held(table="article_phrasing", where=_THEIRS, secret=["folded"]),),
    before=_before,
)
