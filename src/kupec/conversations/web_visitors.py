"""Browsers that chat: known by an id of their own, and for a while as a customer when they have proved to be one."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from kupec.customers import Session, know_visitor
from kupec.kit.db import Connection

KEPT: Final = timedelta(days=395)
_SEEN_EVERY: Final = timedelta(minutes=5)


class WebVisitor(msgspec.Struct, frozen=True, kw_only=True):
    """`party_id`: who it has proved to be, while that stands; None for anybody else. `cart_id`: the cart it holds.

    `left`: whoever proved to be somebody has signed out since, so the next person there begins anew.
    """

    id: UUID
    inbox_id: UUID
    language: str
    origin: str
    cart_id: UUID | None
    party_id: UUID | None
    session_id: UUID | None
    left: bool


async def open_visitor(
    db: Connection,
    visitor_id: UUID,
    inbox_id: UUID,
    *,
    language: str,
    origin: str = "",
    cart_id: UUID | None = None,
    now: datetime,
) -> WebVisitor:
    """A browser begins to chat, or comes again, with its language and cart of now (no cart: the one it had)."""
    await db.execute(
        """insert into web_visitor (id, inbox_id, language, origin, cart_id, created_at, seen_at)
           values ($1, $2, $3, $4, $5, $6, $6)
           on conflict (id) do update set language = $3, origin = $4, cart_id = coalesce($5, web_visitor.cart_id),
                                          seen_at = $6
           where (web_visitor.language, web_visitor.origin) is distinct from ($3, $4)
              or web_visitor.cart_id is distinct from coalesce($5, web_visitor.cart_id)
              or web_visitor.seen_at < $7""",
        *(visitor_id, inbox_id, language, origin, cart_id, now, now - _SEEN_EVERY),
    )
    return (await visitors_by_ids(db, [visitor_id], now=now))[visitor_id]


async def visitors_by_ids(db: Connection, visitor_ids: Collection[UUID], *, now: datetime) -> dict[UUID, WebVisitor]:
    """By id; unknown ones are left out. A proof whose session has ended proves nothing any more."""
    rows = await db.fetch(
        """select v.id, v.inbox_id, v.language, v.origin, v.cart_id, s.id as session_id,
                  v.party_id is not null and v.session_id is null as left,
                  case when s.id is not null then coalesce(alias.party_id, v.party_id) end as party_id
             from web_visitor v
             left join customer_session s on s.id = v.session_id and s.expires_at > $2 and v.proven_until > $2
             left join party_alias alias on alias.member_id = v.party_id
            where v.id = any($1::uuid[])""",
        *(list(visitor_ids), now),
    )
    return {row["id"]: WebVisitor(**dict(row)) for row in rows}


async def prove_visitor(db: Connection, visitor_id: UUID, session: Session, *, until: datetime, now: datetime) -> bool:
    """Somebody in this browser has proved who they are: what was said here before is theirs.

    False when the browser is already known as somebody else's: then a new id must begin for it. Emits visitor.known.
    """
    if not await know_visitor(db, visitor_id, session.party_id, now=now):
        return False
    await db.execute(
        """update web_visitor set party_id = $2, session_id = $3, proven_until = least($4::timestamptz, $5)
            where id = $1""",
        *(visitor_id, session.party_id, session.id, until, session.expires_at),
    )
    return True


async def hold_cart(db: Connection, visitor_id: UUID, cart_id: UUID | None) -> None:
    """From now on this browser holds this cart."""
    await db.execute(
        "update web_visitor set cart_id = $2 where id = $1 and cart_id is distinct from $2", visitor_id, cart_id
    )


async def forget_old_visitors(db: Connection, now: datetime, limit: int = 1000) -> int:
    """Delete at most `limit` browsers that have not come for over a year; what was said stays by the inbox's rules."""
    done = await db.execute(
        "delete from web_visitor where id = any(array(select id from web_visitor where seen_at < $1 limit $2))",
        *(now - KEPT, limit),
    )
    return int(done.split()[-1])
