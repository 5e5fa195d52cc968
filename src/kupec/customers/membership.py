"""Under which ids a customer stands in the log and in the rooms: their own, and those of whom they absorbed.

Nothing is rewritten when parties are merged: rows keep the id they were written under, and who reads a
customer's rows asks for all of their ids. Each member remembers to whom it was given (`via_id`); that is a tree, and
`party_id` is its root, so that a merge in the middle can be taken back. See docs/algorithms/merge.md.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from kupec.kit.db import Connection
from kupec.kit.errors import NotFound

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


async def root_of(db: Connection, party_id: UUID) -> UUID:
    """The customer that an id belongs to today. Raises NotFound when nobody is known by it."""
    found: UUID | None = await db.fetchval(
        "select coalesce((select party_id from party_alias where member_id = $1), "
        "(select id from party where id = $1))",
        party_id,
    )
    if found is None:
        raise NotFound(what="customer")
    return found


async def add_alias(db: Connection, member_id: UUID, party_id: UUID, kind: AliasKind, *, now: datetime) -> None:
    """From now on `member_id`, and whatever it has absorbed, is this customer. Repeating it changes nothing."""
    # Who is being absorbed meanwhile is waited for, so that no member is left with somebody who is one, too.
    await db.execute("select from party where id = $1 for share", party_id)
    root = (await roots(db, [party_id]))[party_id]
    added = await db.fetchval(
        "insert into party_alias (member_id, party_id, via_id, kind, since) values ($1, $2, $2, $3, $4) "
        "on conflict (member_id) do nothing returning true",
        *(member_id, root, kind, now),
    )
    if added:
        await db.execute("update party_alias set party_id = $2 where party_id = $1", member_id, root)


async def drop_alias(db: Connection, member_id: UUID) -> None:
    """`member_id` is a customer of its own again, and so is, with it, whatever was given to it."""
    await db.execute("delete from party_alias where member_id = $1", member_id)
    await db.execute(
        """
        with recursive below as (
            select member_id from party_alias where via_id = $1
            union
            select alias.member_id from party_alias alias join below on alias.via_id = below.member_id
        )
        update party_alias set party_id = $1 where member_id in (select member_id from below)
        """,
        member_id,
    )
