"""Under which ids a customer stands in the log and in the rooms: their own, and those of whom they absorbed.

Nothing is rewritten when parties are merged: rows keep the id they were written under, and who reads a
customer's rows asks for all of their ids.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from kupec.kit.db import Connection

AliasKind = Literal["merged", "visitor"]


async def members_of(db: Connection, party_id: UUID) -> list[UUID]:
    """All ids of a customer, their own first: what stands under any of them is theirs."""
    rows = await db.fetch("select member_id from party_alias where party_id = $1 order by since, member_id", party_id)
    return [party_id, *(row["member_id"] for row in rows)]


async def roots(db: Connection, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """By id, the customer it belongs to today; one that was never absorbed belongs to itself."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await db.fetch(
        "select member_id, party_id from party_alias where member_id = any($1::uuid[])", sorted(wanted)
    )
    absorbed = {row["member_id"]: row["party_id"] for row in rows}
    return {one: absorbed.get(one, one) for one in wanted}


async def add_alias(db: Connection, member_id: UUID, party_id: UUID, kind: AliasKind, *, now: datetime) -> None:
    """From now on `member_id`, and whatever it has absorbed, is this customer. Repeating it changes nothing."""
    await db.execute(
        "insert into party_alias (member_id, party_id, kind, since) values ($1, $2, $3, $4) "
        "on conflict (member_id) do nothing",
        *(member_id, party_id, kind, now),
    )
    await db.execute("update party_alias set party_id = $2 where party_id = $1", member_id, party_id)
