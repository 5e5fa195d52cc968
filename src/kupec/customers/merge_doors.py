"""When two who were one are two again, nobody keeps a way into what is the other's."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kupec.kit.db import Connection

# Nobody can say any more which of the two made it: sessions and tokens, passkeys, the password, files of an export.
_OPENED_SINCE = (
    "delete from customer_session where party_id = any($1::uuid[]) and created_at >= $2",
    "delete from customer_passkey where party_id = any($1::uuid[]) and created_at >= $2",
    "delete from customer_password where party_id = any($1::uuid[]) and changed_at >= $2",
    "delete from privacy_file where request_id in "
    "(select id from privacy_request where party_id = any($1::uuid[]) and at >= $2)",
)


async def shut_what_was_opened(db: Connection, members: Sequence[UUID], since: datetime) -> None:
    """End what came about under these ids since they were put together; a code by mail lets each of them in again."""
    for statement in _OPENED_SINCE:
        await db.execute(statement, list(members), since)
