"""What this room has told others about a customer: the bodies it keeps to send again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.customers import traces
from kupec.kit.db import Connection
from kupec.kit.personal import PrivacyPart


async def _before(db: Connection, members: Sequence[UUID], now: datetime) -> dict[str, int]:
    words = await traces(db, members)
    sent = await db.fetch(
        """
        update webhook_out set body = '', last_excerpt = null, last_error = null,
               state = case when state = 'waiting' then 'failed' else state end
         where body <> ''
           and exists (select from unnest($1::text[]) word
                        where strpos(body, word) > 0 or strpos(coalesce(last_excerpt, ''), word) > 0)
        returning id
        """,
        words,
    )
    answers = await db.fetch(
        """
        delete from api_request
         where exists (select from unnest($1::text[]) word where position(convert_to(word, 'UTF8') in body) > 0)
        returning key_id
        """,
        words,
    )
    found = {"webhook_out": len(sent), "api_request": len(answers)}
    return {table: count for table, count in found.items() if count}


privacy_part = PrivacyPart(name="integrations", tables=(), before=_before)
