"""What other systems may know of the event log, and how they read on in it without ever missing anything.

A change carries ids, figures and codes, never a person's words or data. Whoever wants more asks the API by the ids.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from kupec.integrations.errors import CursorUnknown
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.events import COLUMNS, Event

KINDS: Final = (
    "order",
    "payment",
    "refund",
    "return",
    "parcel",
    "invoice",
    "credit_note",
    "product",
    "price",
    "price_list",
    "list_price",
    "stock",
    "category",
    "customer",
    "interaction",
)
"""The first part of the names of public events ("order.placed")."""

LATEST: Final = "latest"
MOST_CHANGES: Final = 500
_STRETCH: Final = 10_000  # log entries looked through for one page at most
_NAME: Final = re.compile(r"[a-z_]+\.([a-z_]+|\*)")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,99}")
_WORDS_OF_PEOPLE: Final = frozenset({"reason", "note", "name", "title", "outcome", "text", "message", "comment"})
_EPOCH: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. `data` has the ids: of what it happened to, and of what was involved."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the log, and the cursor to go on from. With `more` there is something to read there already."""

    changes: list[Change]
    cursor: str
    more: bool


_POSITION: Final = "select xid::text::bigint as at_xid, id, recorded_at from event where id = $1"
_NEWEST: Final = """
select xid::text::bigint as at_xid, id, recorded_at from event
where event.xid < pg_snapshot_xmin(pg_current_snapshot()) order by event.xid desc, event.id desc limit 1
"""
_FAR: Final = """
select xid::text::bigint as at_xid, id, recorded_at from event
where (xid, id) > ($1::bigint::text::xid8, $2::bigint) and event.xid < pg_snapshot_xmin(pg_current_snapshot())
order by event.xid, event.id offset $3 limit 1
"""
_READ: Final = f"""
select {COLUMNS} from event
where (xid, id) > ($1::bigint::text::xid8, $2::bigint) and (xid, id) <= ($3::bigint::text::xid8, $4::bigint)
  and split_part(name, '.', 1) = any($5::text[]) and (cardinality($6::text[]) = 0 or name = any($6::text[])
                                                      or split_part(name, '.', 1) || '.*' = any($6::text[]))
order by event.xid, event.id limit $7
"""  # noqa: S608


async def read_changes(db: Connection, *, cursor: str = "", kinds: Sequence[str] = (), limit: int = 100) -> Changes:
    """What has happened after `cursor`, in the log's order; no cursor is its beginning, "latest" its present end.

    `kinds` are event names or "order.*". Events appear once everything that may come before them has been
    committed, so a reader that goes on from the returned cursor misses none and gets none twice. Raises InvalidValue
    (kinds, limit), CursorUnknown when the log no longer has the place (the shop was restored from a backup).
    """
    check_names(kinds, field="kinds")
    if not 1 <= limit <= MOST_CHANGES:
        raise InvalidValue(field="limit", expected=f"1–{MOST_CHANGES}")
    if cursor == LATEST:
        newest = await db.fetchrow(_NEWEST)
        return Changes(changes=[], cursor=_packed(newest) if newest else "", more=False)
    start = await _position(db, cursor)
    # The end is asked for before the page is read: below it nothing can appear any more.
    far = await db.fetchrow(_FAR, *start, _STRETCH)
    end = far or await db.fetchrow(_NEWEST)
    if end is None or (end["at_xid"], end["id"]) <= start:
        return Changes(changes=[], cursor=cursor, more=False)
    rows = await db.fetch(_READ, *start, end["at_xid"], end["id"], list(KINDS), list(kinds), limit + 1)
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return Changes(
        changes=[change_of(Event(**dict(row))) for row in page],
        cursor=_packed(end if last is None else last),
        more=last is not None or far is not None,
    )


def change_of(event: Event) -> Change:
    """An event as the outside may know it."""
    kind, _, key = event.subject.partition(":")
    data: dict[str, Any] = {f"{kind}_id": key}
    if event.customer_id is not None:
        data["customer_id"] = str(event.customer_id)
    return Change(
        id=str(event.id), type=event.name, timestamp=event.occurred_at, data={**data, **_public(event.payload)}
    )


def is_public(name: str) -> bool:
    return name.partition(".")[0] in KINDS


def check_names(names: Iterable[str], *, field: str) -> None:
    """Raises InvalidValue unless each is a public event's name or "order.*"."""
    for name in names:
        if not _NAME.fullmatch(name) or not is_public(name):
            raise InvalidValue(field=field, expected=", ".join(f"{kind}.*" for kind in KINDS))


def matches(name: str, wanted: Sequence[str]) -> bool:
    """Whether an event of this name is asked for; nothing asks for all."""
    return not wanted or name in wanted or f"{name.partition('.')[0]}.*" in wanted


def _public(value: Any) -> Any:
    """Ids, figures, codes and lists of them; what a person may have typed is left out."""
    if isinstance(value, dict):
        kept = {name: each for name, each in value.items() if name not in _WORDS_OF_PEOPLE and _fit(each)}
        return {name: _public(each) for name, each in kept.items()}
    if isinstance(value, list):
        return [_public(each) for each in value if _fit(each)]
    return value


def _fit(value: Any) -> bool:
    return not isinstance(value, str) or _CODE.fullmatch(value) is not None


async def _position(db: Connection, cursor: str) -> tuple[int, int]:
    """Where the cursor's event stands now. After a restore it may stand elsewhere, or another in its place."""
    if not cursor:
        return 0, 0
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        event_id, stamp = (int(part) for part in raw.decode("ascii").split("."))
    except (binascii.Error, ValueError, UnicodeError):
        raise CursorUnknown(field="cursor") from None
    row = await db.fetchrow(_POSITION, event_id) if 0 < event_id < 2**63 else None
    if row is None or _stamp(row["recorded_at"]) != stamp:
        raise CursorUnknown(field="cursor")
    return row["at_xid"], row["id"]


def _packed(row: Any) -> str:
    return base64.urlsafe_b64encode(f"{row['id']}.{_stamp(row['recorded_at'])}".encode()).decode().rstrip("=")


def _stamp(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
