"""A customer wants to have their data, or to be forgotten: the wish is a row, and a job works it off.

An erasure waits while goods are on their way or money is owed either way; it is looked at again every day, and
carried out as soon as everything is settled. What is kept then and why: docs/privacy.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kupec.customers.membership import members_of, root_of
from kupec.customers.parties import get_party
from kupec.customers.privacy_models import (
    AlreadyErased,
    ExportFile,
    PrivacyRefused,
    PrivacyRequest,
    PrivacyRequested,
    RequestKind,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection, to_structs
from kupec.kit.errors import Conflict, InvalidValue, NotFound
from kupec.kit.events import Happened, Payload, emit
from kupec.kit.ids import uuid7
from kupec.kit.jobs import enqueue
from kupec.kit.sealing import unseal

PRIVACY = "privacy"
PERMISSION = "privacy.write"
SEALED_FOR = "privacy export"
_COLUMNS = "id, kind, party_id, state, language, asked_by, reason, obstacles, counts, at, done_at"
_AGAIN = timedelta(days=1)


async def request_export(
    db: Connection, party_id: UUID, *, language: str, actor: Actor, now: datetime, reason: str = ""
) -> PrivacyRequest:
    """Tell a customer everything that is known about them: JSON and PDF, written by a job. Emits privacy.requested.

    The customer asks for themself (for an organisation a buyer), the desk with "privacy.write". One that is open is
    returned as it is. Raises NotFound, AlreadyErased, InvalidValue (reason).
    """
    return await _request(db, "export", party_id, language=language, actor=actor, now=now, reason=reason)


async def request_erasure(
    db: Connection, party_id: UUID, *, language: str, actor: Actor, now: datetime, reason: str = ""
) -> PrivacyRequest:
    """Forget a customer, but for what law keeps. As `request_export`; what is not settled postpones it."""
    return await _request(db, "erasure", party_id, language=language, actor=actor, now=now, reason=reason)


async def _request(
    db: Connection, kind: RequestKind, party_id: UUID, *, language: str, actor: Actor, now: datetime, reason: str
) -> PrivacyRequest:
    root = await root_of(db, party_id)
    actor.require_for(root, PERMISSION, role="buyer")
    await get_party(db, root)
    if len(reason) > 500:
        raise InvalidValue(field="reason", expected="at most 500 characters")
    if await was_erased(db, root):
        raise AlreadyErased
    row = await db.fetchrow(
        f"""
        insert into privacy_request (id, kind, party_id, state, language, asked_by, reason, at)
        values ($1, $2, $3, 'asked', $4, $5, $6, $7)
        on conflict (party_id, kind) where state in ('asked', 'postponed', 'running') do nothing returning {_COLUMNS}
        """,  # noqa: S608
        *(uuid7(), kind, root, language, str(actor), reason.strip(), now),
    )
    if row is None:
        open_one = await db.fetchrow(
            f"select {_COLUMNS} from privacy_request where party_id = $1 and kind = $2 "  # noqa: S608
            "and state in ('asked', 'postponed', 'running')",
            *(root, kind),
        )
        if open_one is None:
            raise Conflict
        return PrivacyRequest(**dict(open_one))
    request = PrivacyRequest(**dict(row))
    await _tell(db, request, PrivacyRequested(request_id=request.id, kind=kind), actor, now)
    await enqueue(db, [(PRIVACY, {"id": request.id})])
    return request


async def refuse_request(db: Connection, request_id: UUID, reason: str, *, actor: Actor, now: datetime) -> None:
    """Not to be carried out, for a reason that is written down: the wrong person asked, or law forbids it.

    Needs "privacy.write". Raises NotFound, InvalidValue (reason), Conflict when it is running or over. Emits
    privacy.refused.
    """
    actor.require(PERMISSION)
    if not reason.strip() or len(reason) > 500:
        raise InvalidValue(field="reason", expected="a reason of at most 500 characters")
    row = await db.fetchrow(
        f"update privacy_request set state = 'refused', reason = $2, done_at = $3 "  # noqa: S608
        f"where id = $1 and state in ('asked', 'postponed', 'failed') returning {_COLUMNS}",
        *(request_id, reason.strip(), now),
    )
    if row is None:
        await get_request(db, request_id)
        raise Conflict
    request = PrivacyRequest(**dict(row))
    await _tell(db, request, PrivacyRefused(request_id=request.id, kind=request.kind), actor, now)


async def try_request_again(db: Connection, request_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Work off a request that waits or has failed, now. Needs "privacy.write". Raises NotFound, Conflict."""
    actor.require(PERMISSION)
    again = await db.fetchval(
        "update privacy_request set state = 'asked' where id = $1 and state in ('postponed', 'failed') returning true",
        request_id,
    )
    if not again:
        await get_request(db, request_id)
        raise Conflict
    await enqueue(db, [(PRIVACY, {"id": request_id})])


async def resume_postponed(db: Connection, now: datetime, limit: int = 100) -> int:
    """Look again, once a day, whether what stood in the way is settled; returns how many are looked at."""
    rows = await db.fetch(
        """
        update privacy_request set state = 'asked', done_at = null
         where id in (select id from privacy_request where state = 'postponed' and done_at <= $1
                      order by at limit $2 for update skip locked)
        returning id
        """,
        now - _AGAIN,
        limit,
    )
    await enqueue(db, [(PRIVACY, {"id": row["id"]}) for row in rows])
    return len(rows)


async def get_request(db: Connection, request_id: UUID) -> PrivacyRequest:
    """Raises NotFound."""
    row = await db.fetchrow(f"select {_COLUMNS} from privacy_request where id = $1", request_id)  # noqa: S608
    if row is None:
        raise NotFound(what="request")
    return PrivacyRequest(**dict(row))


async def list_requests(
    db: Connection, *, party_id: UUID | None = None, open_only: bool = False, limit: int = 100
) -> list[PrivacyRequest]:
    """Wishes, the latest first; of one customer under all their ids."""
    members = await members_of(db, party_id) if party_id else None
    rows = await db.fetch(
        f"select {_COLUMNS} from privacy_request where ($1::uuid[] is null or party_id = any($1)) "  # noqa: S608
        "and (not $2 or state in ('asked', 'postponed', 'running', 'failed')) order by at desc, id desc limit $3",
        *(members, open_only, limit),
    )
    return to_structs(PrivacyRequest, rows)


async def was_erased(db: Connection, party_id: UUID) -> bool:
    """Whether this customer has been forgotten."""
    return bool(
        await db.fetchval(
            "select true from privacy_request where party_id = any($1::uuid[]) and kind = 'erasure' "
            "and state = 'done' limit 1",
            await members_of(db, party_id),
        )
    )


async def export_files(db: Connection, request_id: UUID) -> list[ExportFile]:
    """What an export has brought; nothing once its days are over."""
    rows = await db.fetch(
        "select f.id, f.name, f.media_type, r.language, f.until from privacy_file f "
        "join privacy_request r on r.id = f.request_id where f.request_id = $1 order by f.id",
        request_id,
    )
    return to_structs(ExportFile, rows)


async def read_export(db: Connection, secret: str, request_id: UUID, name: str, *, now: datetime) -> tuple[str, bytes]:
    """The media type and the bytes of a file. Raises NotFound, also when its days are over, and SealBroken."""
    row = await db.fetchrow(
        "select media_type, content from privacy_file where request_id = $1 and name = $2 and until > $3",
        *(request_id, name, now),
    )
    if row is None:
        raise NotFound(what="file")
    return row["media_type"], unseal(secret, SEALED_FOR, row["content"])


async def forget_exports(db: Connection, now: datetime, limit: int = 100) -> int:
    """Files whose days are over are removed; returns how many."""
    rows = await db.fetch(
        "delete from privacy_file where id in (select id from privacy_file where until <= $1 limit $2 "
        "for update skip locked) returning id",
        *(now, limit),
    )
    return len(rows)


async def _tell(db: Connection, request: PrivacyRequest, payload: Payload, actor: Actor, now: datetime) -> None:
    await emit_privacy(db, [(request, payload)], actor=actor, now=now)


async def emit_privacy(
    db: Connection, news: Sequence[tuple[PrivacyRequest, Payload]], *, actor: Actor, now: datetime
) -> None:
    happened = [
        Happened(payload=payload, subject=f"customer:{one.party_id}", customer_id=one.party_id, occurred_at=now)
        for one, payload in news
    ]
    await emit(db, happened, actor=actor)
