"""What other machines publish about themselves: fetched when needed, kept for a while, over https only."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from kupec.kit.db import Connection, Database
from kupec.kit.errors import KupecError
from kupec.kit.outside import CallFailed, Outside
from kupec.kit.versions import published
from kupec.machines.trust.errors import ProfileForbidden, ProfileMalformed, ProfileUnreachable
from kupec.machines.trust.models import PlatformProfile
from kupec.machines.trust.rules import TRUST

MOST: Final = 128_000  # bytes of a profile
LEAST_FRESH: Final = timedelta(minutes=1)
STALE: Final = timedelta(hours=2)
"""A profile that cannot be fetched again is believed until it is so old: another's short trouble is not ours."""
FAILURE_KEPT: Final = timedelta(seconds=30)
KEPT_FOR: Final = timedelta(days=30)
_MOST_KEYS: Final = 32
_max_age = re.compile(r"(?:^|[,\s])max-age=(\d{1,9})").search
_ORDER: Final = "dev.ucp.shopping.order"


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    document: bytes | None
    fetched_at: datetime | None
    fresh_until: datetime
    failure: str | None


async def fetch_profile(
    database: Database, outside: Outside, url: str, *, now: datetime, newer_than: timedelta | None = None
) -> PlatformProfile:
    """The profile at this address, kept or fetched. `newer_than` has it fetched where the kept one is older.

    No transaction is open while it is fetched. Raises ProfileForbidden, ProfileUnreachable, ProfileMalformed.
    """
    async with database.reading() as db:
        kept = await _kept(db, url)
        minutes = (await published(db, TRUST))[TRUST].profile_minutes
    too_old = newer_than is not None and (
        kept is None or kept.fetched_at is None or kept.fetched_at <= now - newer_than
    )
    if kept is not None and kept.fresh_until > now and not (too_old and kept.failure is None):
        return _believed(url, kept, now)
    try:
        answer = await outside.call("GET", url, headers={"Accept": "application/json"}, most=MOST)
        failure = None if answer.status == 200 else f"status_{answer.status}"
    except CallFailed as error:
        answer, failure = None, str(error.details["reason"])
    if answer is not None and failure is None:
        fresh = _fresh_for(answer.headers, longest=timedelta(minutes=minutes))
        found = _Kept(document=answer.body, fetched_at=now, fresh_until=now + fresh, failure=None)
    else:
        found = _Kept(
            document=kept.document if kept else None,
            fetched_at=kept.fetched_at if kept else None,
            fresh_until=now + FAILURE_KEPT,
            failure=failure,
        )
    async with database.transaction(quiet=True) as db:
        await _keep(db, url, found, now)
    return _believed(url, found, now)


async def forget_profiles(db: Connection, now: datetime, limit: int) -> int:
    """Delete profiles that nobody has asked about for a month."""
    done = await db.execute(
        "delete from platform_profile where url in "
        "(select url from platform_profile where asked_at < $1 order by asked_at limit $2)",
        now - KEPT_FOR,
        limit,
    )
    return int(done.split()[-1])


def read_profile(url: str, content: bytes) -> PlatformProfile:
    """A profile as it was published, as far as we need it. Raises ProfileMalformed."""
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ProfileMalformed(profile=url) from None
    if not isinstance(document, dict) or not isinstance(document.get("ucp"), dict):
        raise ProfileMalformed(profile=url)
    version = document["ucp"].get("version")
    return PlatformProfile(
        url=url,
        version=version if isinstance(version, str) else None,
        keys=tuple(_keys(document)),
        webhook_url=_webhook_url(document["ucp"]),
        document=document,
    )


def capabilities_of(ucp: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """By name: as the protocol publishes them now, and as it did before (a list of named ones)."""
    found: dict[str, list[dict[str, Any]]] = {}
    told = ucp.get("capabilities")
    if isinstance(told, dict):
        for name, entries in told.items():
            found[name] = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    elif isinstance(told, list):
        for entry in told:
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                found.setdefault(entry["name"], []).append(entry)
    return found


def _believed(url: str, kept: _Kept, now: datetime) -> PlatformProfile:
    """What was kept, unless it is too old to be believed after failures."""
    if kept.document is None or kept.fetched_at is None or (kept.failure and kept.fetched_at < now - STALE):
        raise _refusal(url, kept.failure or "unknown")
    return read_profile(url, kept.document)


def _refusal(url: str, failure: str) -> KupecError:
    if failure == "forbidden_address":
        return ProfileForbidden(field="UCP-Agent")
    return ProfileUnreachable(profile=url, reason=failure)


def _keys(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of `signing_keys` and of `keys`; the first of a name counts."""
    found: dict[str, dict[str, Any]] = {}
    for member in ("signing_keys", "keys"):
        told = document.get(member)
        for key in told if isinstance(told, list) else []:
            if isinstance(key, dict) and isinstance(key.get("kid"), str) and len(found) < _MOST_KEYS:
                found.setdefault(key["kid"], key)
    return list(found.values())


def _webhook_url(ucp: Mapping[str, Any]) -> str | None:
    for entry in capabilities_of(ucp).get(_ORDER, []):
        config = entry.get("config")
        url = config.get("webhook_url") if isinstance(config, dict) else None
        if isinstance(url, str) and urlsplit(url).scheme in ("https", "http"):
            return url
    return None


def _fresh_for(headers: Mapping[str, str], *, longest: timedelta) -> timedelta:
    """As long as its Cache-Control allows, within what the rules allow."""
    told = headers.get("cache-control", "").lower()
    match = _max_age(told)
    wish = timedelta(seconds=int(match.group(1))) if match else longest
    if "no-store" in told or "no-cache" in told:
        wish = timedelta(0)
    return min(max(wish, LEAST_FRESH), longest)


async def _kept(db: Connection, url: str) -> _Kept | None:
    row = await db.fetchrow(
        "select document, fetched_at, fresh_until, failure from platform_profile where url = $1", url
    )
    return _Kept(**dict(row)) if row is not None else None


async def _keep(db: Connection, url: str, kept: _Kept, now: datetime) -> None:
    await db.execute(
        """
        insert into platform_profile (url, document, fetched_at, fresh_until, failure, asked_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (url) do update set document = excluded.document, fetched_at = excluded.fetched_at,
            fresh_until = excluded.fresh_until, failure = excluded.failure, asked_at = excluded.asked_at
        """,
        url,
        kept.document,
        kept.fetched_at,
        kept.fresh_until,
        kept.failure,
        now,
    )
