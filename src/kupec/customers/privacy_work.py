"""Working off what customers wish of their data: everything told, or everything forgotten, over all rooms.

The rooms' parts come from the composition, the highest room first: what leans on a customer's addresses goes before
the addresses do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from kupec.customers.consent_models import CONSENTS
from kupec.customers.membership import members_of, root_of
from kupec.customers.parties import get_party
from kupec.customers.privacy_models import (
    RETENTION,
    PrivacyErased,
    PrivacyExported,
    PrivacyRequest,
)
from kupec.customers.privacy_report import in_words, report_pdf
from kupec.customers.privacy_requests import PRIVACY, SEALED_FOR, emit_privacy, get_request
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.due import Due
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Job, JobContext
from kupec.kit.personal import PrivacyPart
from kupec.kit.sealing import seal
from kupec.kit.versions import published

ACTOR = system("privacy")
Told = dict[str, dict[str, list[dict[str, Any]]]]


def privacy_job(parts: Sequence[PrivacyPart], *, secret: str, shop: str) -> Job:
    """Works off one wish. Repeating it after a crash does no harm: what is done is done in one transaction."""
    return Job(name=PRIVACY, handle=partial(_work, parts=parts, secret=secret, shop=shop), timeout=600)


def retention_due(parts: Sequence[PrivacyPart]) -> Due:
    """Blanks what law kept of those who were forgotten, when its years are over."""

    async def release(db: Connection, now: datetime, limit: int) -> int:
        await release_retained(db, parts, now)
        return 0

    return Due(name="retention", verb=release, every=86_400)


async def _work(
    context: JobContext, payload: dict[str, str], *, parts: Sequence[PrivacyPart], secret: str, shop: str
) -> None:
    now = context.clock.now()
    async with context.database.transaction() as db:
        request = await _take(db, UUID(payload["id"]), now)
    if request is None:
        return
    try:
        if request.kind == "export":
            await _export(context, request, parts, secret=secret, shop=shop)
        else:
            async with context.database.transaction() as db:
                await erase(db, request.id, parts, now=now)
    except Exception:
        if context.last:
            async with context.database.transaction() as db:
                await db.execute("update privacy_request set state = 'failed' where id = $1", request.id)
        raise


async def _take(db: Connection, request_id: UUID, now: datetime) -> PrivacyRequest | None:
    taken = await db.fetchval(
        "update privacy_request set state = 'running' where id = $1 and state in ('asked', 'running', 'failed') "
        "returning true",
        request_id,
    )
    return await get_request(db, request_id) if taken else None


async def tell(db: Connection, party_id: UUID, parts: Sequence[PrivacyPart]) -> Told:
    """Everything the rooms hold about a customer under all their ids: by room, by table."""
    members = await members_of(db, await root_of(db, party_id))
    told = {part.name: await part.tell(db, members) for part in parts}
    history = await db.fetch(
        "select occurred_at, name, subject, actor, channel, payload from event where customer_id = any($1::uuid[]) "
        "order by occurred_at, id",
        members,
    )
    told["log"] = {"event": [{**dict(row), "occurred_at": row["occurred_at"].isoformat()} for row in history]}
    return {name: tables for name, tables in told.items() if any(tables.values())}


async def _export(
    context: JobContext, request: PrivacyRequest, parts: Sequence[PrivacyPart], *, secret: str, shop: str
) -> None:
    """Read in one snapshot, laid out outside any transaction, kept in a second one."""
    async with (
        context.database.reading() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        party = await get_party(connection, await root_of(connection, request.party_id))
        told = await tell(connection, party.id, parts)
        purposes = (await published(connection, CONSENTS))[CONSENTS].purposes
        attached = await _attached(connection, await members_of(connection, party.id))
    now, language = context.clock.now(), request.language
    names = {one.code: one.name(language) for one in purposes}
    report = in_words(told, name=party.name, purposes=names, shop=shop, language=language, now=now)
    told_at = {"shop": shop, "customer": party.name, "made_at": now.isoformat(), "data": told}
    files = [
        ("data.json", "application/json", msgspec.json.format(msgspec.json.encode(told_at), indent=2)),
        ("data.pdf", "application/pdf", await report_pdf(report)),
        *attached,
    ]
    async with context.database.transaction() as db:
        still = await db.fetchval("select state from privacy_request where id = $1 for no key update", request.id)
        if still == "running":
            await _keep(db, request, files, _count(told), secret=secret, now=now)


async def _attached(db: Connection, members: Sequence[UUID]) -> list[tuple[str, str, bytes]]:
    """The files that were put to the customer's record."""
    rows = await db.fetch(
        "select name, media_type, content from party_file where party_id = any($1::uuid[]) order by added_at, id",
        members,
    )
    return [(f"{number:02}-{row['name']}", row["media_type"], row["content"]) for number, row in enumerate(rows, 1)]


async def _keep(
    db: Connection,
    request: PrivacyRequest,
    files: Sequence[tuple[str, str, bytes]],
    counts: dict[str, int],
    *,
    secret: str,
    now: datetime,
) -> None:
    until = now + timedelta(days=(await published(db, RETENTION))[RETENTION].export_days)
    await db.executemany(
        "insert into privacy_file (id, request_id, name, media_type, content, until) values ($1, $2, $3, $4, $5, $6)",
        [(uuid7(), request.id, name, kind, seal(secret, SEALED_FOR, content), until) for name, kind, content in files],
    )
    await db.execute(
        "update privacy_request set state = 'done', counts = $2, done_at = $3 where id = $1", request.id, counts, now
    )
    payload = PrivacyExported(request_id=request.id, counts=counts)
    await emit_privacy(db, [(request, payload)], actor=ACTOR, now=now)


def _count(told: Told) -> dict[str, int]:
    return {f"{part}.{table}": len(rows) for part, tables in told.items() for table, rows in tables.items()}


async def erase(db: Connection, request_id: UUID, parts: Sequence[PrivacyPart], *, now: datetime) -> PrivacyRequest:
    """Forget the customer of a request, or postpone it while something is not settled. Emits privacy.erased."""
    request = await get_request(db, request_id)
    root = await root_of(db, request.party_id)
    await db.execute("select from party where id = $1 for update", root)
    members = await members_of(db, root)
    obstacles = [code for part in parts if part.obstacles is not None for code in await part.obstacles(db, members)]
    if obstacles:
        await db.execute(
            "update privacy_request set state = 'postponed', obstacles = $2, done_at = $3 where id = $1",
            *(request_id, obstacles, now),
        )
        return await get_request(db, request_id)
    counts = {
        f"{part.name}.{table}": count for part in parts for table, count in (await part.erase(db, members, now)).items()
    }
    await db.execute(
        "update privacy_request set state = 'done', obstacles = '{}', counts = $2, done_at = $3 where id = $1",
        *(request_id, counts, now),
    )
    payload = PrivacyErased(request_id=request_id, counts=counts)
    await emit_privacy(db, [(request, payload)], actor=ACTOR, now=now)
    return await get_request(db, request_id)


async def release_retained(db: Connection, parts: Sequence[PrivacyPart], now: datetime) -> dict[str, int]:
    """What law kept of those who were forgotten goes when its years are over; returns rows by table."""
    years = (await published(db, RETENTION))[RETENTION].years
    rows = await db.fetch("select party_id from privacy_request where kind = 'erasure' and state = 'done'")
    members = [member for row in rows for member in await members_of(db, row["party_id"])]
    found: dict[str, int] = {}
    for part in parts if members else ():
        for table, count in (await part.release(db, members, now, years=years)).items():
            found[f"{part.name}.{table}"] = count
    return found
