"""Whether articles help: counted by day, never by whom."""

from datetime import datetime

from kupec.kit.db import Connection
from kupec.kit.errors import NotFound


async def vote_helpful(db: Connection, code: str, language: str, *, helped: bool, now: datetime) -> None:
    """Count one answer to "was this helpful?". Raises NotFound for an article that is not published."""
    counted = await db.fetchval(
        """
        insert into article_help (article_id, language, day, yes, nay)
        select id, $2, $3, $4::int, 1 - $4::int from article where code = $1 and state = 'published'
        on conflict (article_id, language, day) do update
            set yes = article_help.yes + excluded.yes, nay = article_help.nay + excluded.nay
        returning true
        """,
        code,
        language,
        now.date(),
        int(helped),
    )
    if counted is None:
        raise NotFound(what="article")
