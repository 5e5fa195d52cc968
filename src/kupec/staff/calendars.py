"""By whose clock somebody works, and the secret address at which a calendar reads what they have to do."""

import secrets
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.staff.events import CalendarEnded, CalendarOpened, ZoneChanged, subject
from kupec.staff.models import Staff
from kupec.staff.sessions import COLUMNS, digest


async def set_zone(db: Connection, staff_id: UUID, zone: str | None, *, actor: Actor, now: datetime) -> None:
    """The time zone somebody works in, None for the shop's: one's own, or anybody's with the permission staff.write.

    Raises InvalidValue (zone), Forbidden. Emits staff.zone_changed when it was another one before.
    """
    _own_or_anybodys(actor, staff_id)
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError):
            raise InvalidValue(field="zone", expected=_("a time zone such as Europe/Prague")) from None
    changed = await db.fetchval(
        "update staff set zone = $2 where id = $1 and zone is distinct from $2 returning id", staff_id, zone
    )
    if changed:
        await _tell(db, staff_id, ZoneChanged(zone=zone), actor, now)


async def open_calendar(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> str:
    """The secret of a calendar's address; the address before is void. One's own, or with staff.write.

    Raises NotFound, Forbidden. Emits staff.calendar_opened.
    """
    _own_or_anybodys(actor, staff_id)
    token = secrets.token_urlsafe(32)
    done = await db.fetchval(
        """insert into staff_calendar (staff_id, token_hash, created_at)
           select id, $2, $3 from staff where id = $1 and active
           on conflict (staff_id) do update set token_hash = excluded.token_hash, created_at = excluded.created_at
           returning staff_id""",
        *(staff_id, digest(token), now),
    )
    if done is None:
        raise NotFound(what="staff member")
    await _tell(db, staff_id, CalendarOpened(), actor, now)
    return token


async def end_calendar(db: Connection, staff_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The calendar's address answers no more. One's own, or with staff.write. Emits staff.calendar_ended, if it was."""
    _own_or_anybodys(actor, staff_id)
    if await db.fetchval("delete from staff_calendar where staff_id = $1 returning staff_id", staff_id):
        await _tell(db, staff_id, CalendarEnded(), actor, now)


async def calendar_since(db: Connection, staff_id: UUID) -> datetime | None:
    """When somebody's calendar address was made; None when there is none."""
    since: datetime | None = await db.fetchval("select created_at from staff_calendar where staff_id = $1", staff_id)
    return since


async def staff_by_calendar(db: Connection, token: str) -> Staff:
    """Whose calendar this is. Raises NotFound, also of people who have left."""
    row = await db.fetchrow(
        f"""select {COLUMNS} from staff where active
             and id = (select staff_id from staff_calendar where token_hash = $1)""",  # noqa: S608
        digest(token),
    )
    if row is None:
        raise NotFound(what="calendar")
    return Staff(**dict(row))


def _own_or_anybodys(actor: Actor, staff_id: UUID) -> None:
    if actor.id != str(staff_id):
        actor.require("staff.write")


async def _tell(db: Connection, staff_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit(db, [Happened(payload=payload, subject=subject(staff_id), occurred_at=now)], actor=actor)
