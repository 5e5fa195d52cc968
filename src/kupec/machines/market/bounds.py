"""How much of the market one machine may take, and how long the market remembers: a versioned document."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, TooManyRequests
from kupec.kit.i18n import mark as _
from kupec.kit.versions import Kind, published

_MINUTE = timedelta(minutes=1)
# A request whose order is not settled yet is needed, however old.
_FORGET = """
with gone as (
    select r.id from rfq r left join award a on a.rfq_id = r.id
     where r.deadline < $1 and r.state in ('awarded', 'failed') and coalesce(a.state not in ('ordering', 'asked'), true)
     order by r.deadline limit $2
), awards as (delete from award where rfq_id in (select id from gone))
select id from gone
"""


class MarketRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The document."""

    requests_a_minute: int = 60
    """So many requests one machine may open in a minute."""
    quotes_a_minute: int = 600
    """So many quotes one seller may put in a minute; quotes made by its policy do not count."""
    keep_days: int = 730
    """A decided request is kept, with its quotes and its award, for so many days after its deadline."""


_BOUNDS = {"requests_a_minute": (1, 100_000), "quotes_a_minute": (1, 100_000), "keep_days": (30, 3650)}


def _check(document: MarketRules) -> None:
    for field, (least, most) in _BOUNDS.items():
        if not least <= getattr(document, field) <= most:
            raise InvalidValue(field=field, expected=_("a number within the documented bounds"))


MARKET: Kind[MarketRules] = Kind("market", MarketRules, default=MarketRules, check=_check)


async def bound_requests(db: Connection, machine_id: UUID, *, now: datetime) -> None:
    """After one more was written: raises TooManyRequests if it is one too many, so that it is not kept."""
    most = (await published(db, MARKET))[MARKET].requests_a_minute
    opened: int = await db.fetchval(
        "select count(*) from rfq where machine_id = $1 and opened_at > $2 and opened_at <= $3",
        *(machine_id, now - _MINUTE, now),
    )
    if opened > most:
        raise TooManyRequests


async def bound_quotes(db: Connection, machine_id: UUID, *, now: datetime) -> None:
    """As `bound_requests`, for the quotes of a seller."""
    most = (await published(db, MARKET))[MARKET].quotes_a_minute
    put: int = await db.fetchval(
        "select count(*) from quote where machine_id = $1 and basis is null and received_at > $2 and received_at <= $3",
        *(machine_id, now - _MINUTE, now),
    )
    if put > most:
        raise TooManyRequests


async def forget_rfqs(db: Connection, now: datetime, limit: int) -> int:
    """Remove what was decided longer ago than the document keeps it, at most `limit` requests; how many were."""
    days = (await published(db, MARKET))[MARKET].keep_days
    gone = [row["id"] for row in await db.fetch(_FORGET, now - timedelta(days=days), limit)]
    await db.execute("delete from quote where rfq_id = any($1::uuid[])", gone)
    await db.execute("delete from rfq where id = any($1::uuid[])", gone)
    return len(gone)
