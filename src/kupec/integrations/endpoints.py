"""Addresses of other systems that are told of events: kept, changed, given another secret, removed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from yarl import URL

from kupec.integrations.changes import check_names
from kupec.integrations.deliveries import wake
from kupec.integrations.events import EndpointRemoved, EndpointSaved, SecretRotated
from kupec.integrations.models import Endpoint
from kupec.integrations.signature import new_secret
from kupec.kit.actor import Actor
from kupec.kit.addresses import Reach, check_url
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7

OLD_SECRET_FOR: Final = timedelta(days=1)
_MOST_NAMES: Final = 100
_COLUMNS: Final = """
id, url, events, description, secret, old_secret_until, active, stopped, failing_since, last_success_at, created_at,
(select count(*) from webhook_out o where o.endpoint_id = e.id and o.state = 'waiting')::int as waiting,
(select count(*) from webhook_out o where o.endpoint_id = e.id and o.state = 'failed')::int as failed
"""


async def list_endpoints(db: Connection) -> list[Endpoint]:
    """In the order in which they were added."""
    rows = await db.fetch(
        f"select {_COLUMNS} from webhook_endpoint e where removed_at is null order by created_at, id"  # noqa: S608
    )
    return [Endpoint(**dict(row)) for row in rows]


async def get_endpoint(db: Connection, endpoint_id: UUID) -> Endpoint:
    """Raises NotFound."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from webhook_endpoint e where id = $1 and removed_at is null",  # noqa: S608
        endpoint_id,
    )
    if row is None:
        raise NotFound(what="endpoint")
    return Endpoint(**dict(row))


async def add_endpoint(
    db: Connection,
    url: str,
    *,
    events: Sequence[str] = (),
    description: str = "",
    reach: Reach,
    actor: Actor,
    now: datetime,
) -> Endpoint:
    """Tell another system of events from now on. `events` are names or "order.*"; none means all.

    Raises Forbidden, InvalidValue (url, events, description). Event webhook_endpoint.saved.
    """
    actor.require("integrations.write")
    _check(url, events, description, reach)
    endpoint_id = uuid7()
    await db.execute(
        """
        insert into webhook_endpoint (id, url, events, description, secret, created_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        *(endpoint_id, url, list(events), description.strip(), new_secret(), now),
    )
    return await _saved(db, endpoint_id, actor, now)


async def change_endpoint(
    db: Connection,
    endpoint_id: UUID,
    url: str,
    *,
    events: Sequence[str],
    description: str,
    active: bool,
    reach: Reach,
    actor: Actor,
    now: datetime,
) -> Endpoint:
    """Call it otherwise, or (not) at all. What waits is sent when it is active again, also after it was stopped.

    Raises Forbidden, NotFound, InvalidValue (url, events, description). Event webhook_endpoint.saved.
    """
    actor.require("integrations.write")
    _check(url, events, description, reach)
    await _lock(db, endpoint_id)
    await db.execute(
        """
        update webhook_endpoint set url = $2, events = $3, description = $4, active = $5,
               stopped = case when $5 then null else stopped end,
               failing_since = case when $5 then failing_since end
        where id = $1
        """,
        *(endpoint_id, url, list(events), description.strip(), active),
    )
    if active:
        await wake(db, [endpoint_id])
    return await _saved(db, endpoint_id, actor, now)


async def rotate_secret(db: Connection, endpoint_id: UUID, *, actor: Actor, now: datetime) -> Endpoint:
    """A new secret; the old one signs beside it for another day. Raises Forbidden, NotFound. Event …secret_rotated."""
    actor.require("integrations.write")
    await _lock(db, endpoint_id)
    await db.execute(
        "update webhook_endpoint set old_secret = secret, old_secret_until = $3, secret = $2 where id = $1",
        *(endpoint_id, new_secret(), now + OLD_SECRET_FOR),
    )
    await _tell(db, endpoint_id, SecretRotated(), actor, now)
    return await get_endpoint(db, endpoint_id)


async def remove_endpoint(db: Connection, endpoint_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Call it no more; what waits is not sent. Raises Forbidden, NotFound. Event webhook_endpoint.removed."""
    actor.require("integrations.write")
    await _lock(db, endpoint_id)
    await db.execute(
        "update webhook_endpoint set removed_at = $2, active = false, secret = '', old_secret = null where id = $1",
        *(endpoint_id, now),
    )
    await db.execute("delete from webhook_out where endpoint_id = $1 and state = 'waiting'", endpoint_id)
    await _tell(db, endpoint_id, EndpointRemoved(), actor, now)


def _check(url: str, events: Sequence[str], description: str, reach: Reach) -> None:
    check_url(url, reach)
    if len(events) > _MOST_NAMES:
        raise InvalidValue(field="events", expected=f"0–{_MOST_NAMES}")
    check_names(events, field="events")
    if len(description) > 200:
        raise InvalidValue(field="description", expected=_("at most 200 characters"))


async def _lock(db: Connection, endpoint_id: UUID) -> None:
    found = await db.fetchval(
        "select true from webhook_endpoint where id = $1 and removed_at is null for no key update", endpoint_id
    )
    if not found:
        raise NotFound(what="endpoint")


async def _saved(db: Connection, endpoint_id: UUID, actor: Actor, now: datetime) -> Endpoint:
    endpoint = await get_endpoint(db, endpoint_id)
    host = URL(endpoint.url).host or ""
    await _tell(db, endpoint_id, EndpointSaved(host=host, events=endpoint.events, active=endpoint.active), actor, now)
    return endpoint


async def _tell(db: Connection, endpoint_id: UUID, payload: Payload, actor: Actor, now: datetime) -> None:
    event = Happened(payload=payload, subject=f"webhook_endpoint:{endpoint_id}", occurred_at=now)
    await emit(db, [event], actor=actor)
