"""The agent feed pushed by ACP's feed API: what has changed since it was told last, and nothing else."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit
from uuid import UUID

import msgspec

from kupec.catalogue import Market, markets
from kupec.kit.actor import Actor
from kupec.kit.addresses import Reach, check_url
from kupec.kit.db import Connection, Database
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import Happened, emit
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.jobs import Job, JobContext, enqueue
from kupec.kit.outside import CallFailed, Outside
from kupec.kit.sealing import seal, unseal
from kupec.kit.settings import Settings
from kupec.machines.feeds.events import FeedPushAdded, FeedPushRemoved
from kupec.machines.feeds.models import Goods, Shop
from kupec.machines.feeds.reading import pages
from kupec.machines.feeds.writing import agent_product

JOB: Final = "feeds.push"
EVERY: Final = timedelta(minutes=10)
_SEALED_FOR: Final = "feeds.push"
_COLUMNS: Final = "id, market, url, feed_id, pushed_at, last_error, created_at"
_VERSION: Final = "2026-04-17"
Product = dict[str, Any]


class FeedPush(msgspec.Struct, frozen=True, kw_only=True):
    """A feed that is pushed. `last_error` is empty after a push that went through."""

    id: UUID
    market: str
    url: str
    feed_id: str
    pushed_at: datetime | None
    last_error: str
    created_at: datetime


async def add_push(
    db: Connection,
    market: str,
    url: str,
    token: str,
    *,
    feed_id: str = "",
    reach: Reach,
    secret: str,
    actor: Actor,
    now: datetime,
) -> FeedPush:
    """Push a market's goods to the feed API at `url` from now on; without a `feed_id` the feed is made there first.

    `token` is what the API gave us, sealed with the shop's `secret`. Raises Forbidden, InvalidValue (market, url,
    token). Event feed_push.added.
    """
    actor.require("integrations.write")
    if market not in {known.code for known in await markets(db)}:
        raise InvalidValue(field="market", expected=_("one of the markets"))
    address = url.strip().rstrip("/")
    check_url(address, reach)
    if not 0 < len(token.strip()) <= 500:
        raise InvalidValue(field="token", expected=_("the key that the other side gave you"))
    row = await db.fetchrow(
        f"""
        insert into feed_push (id, market, url, feed_id, token, next_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $6) returning {_COLUMNS}
        """,  # noqa: S608
        *(uuid7(), market, address, feed_id.strip()[:200], seal(secret, _SEALED_FOR, token.strip().encode()), now),
    )
    assert row is not None
    happened = FeedPushAdded(market=market, host=urlsplit(address).hostname or "")
    await emit(db, [Happened(payload=happened, subject=f"feed_push:{row['id']}", occurred_at=now)], actor=actor)
    return FeedPush(**dict(row))


async def remove_push(db: Connection, push_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Push there no more. Twice is once. Raises Forbidden, NotFound. Event feed_push.removed."""
    actor.require("integrations.write")
    known = await db.fetchval("select true from feed_push where id = $1", push_id)
    if not known:
        raise NotFound(what="feed")
    done = await db.execute(
        "update feed_push set removed_at = $2, token = '' where id = $1 and removed_at is null", push_id, now
    )
    if done != "UPDATE 0":
        happened = Happened(payload=FeedPushRemoved(), subject=f"feed_push:{push_id}", occurred_at=now)
        await emit(db, [happened], actor=actor)


async def list_pushes(db: Connection) -> list[FeedPush]:
    """All that are pushed, by market."""
    rows = await db.fetch(
        f"select {_COLUMNS} from feed_push where removed_at is null order by market, created_at limit 200"  # noqa: S608
    )
    return [FeedPush(**dict(row)) for row in rows]


async def queue_pushes(db: Connection, now: datetime, limit: int) -> int:
    """Write a job for each feed whose time has come."""
    rows = await db.fetch(
        """
        update feed_push set next_at = $1 + $3::interval
         where id = any(array(
            select id from feed_push where removed_at is null and next_at <= $1 order by next_at limit $2
            for update skip locked))
        returning id
        """,
        *(now, limit, EVERY),
    )
    await enqueue(db, [(JOB, {"id": str(row["id"])}) for row in rows])
    return len(rows)


def push_job(outside: Outside, settings: Settings) -> Job:
    """Pushes one feed; what does not get through is tried again when its time comes."""

    async def handle(context: JobContext, payload: dict[str, Any]) -> None:
        await push_feed(context.database, UUID(payload["id"]), outside, settings, now=context.clock.now())

    return Job(name=JOB, handle=handle, timeout=600.0)


async def push_feed(database: Database, push_id: UUID, outside: Outside, settings: Settings, *, now: datetime) -> int:
    """Tell what has changed since the last time; returns how many products that was. A refusal is noted, not raised."""
    async with database.reading() as db:
        row = await db.fetchrow("select * from feed_push where id = $1 and removed_at is null", push_id)
        market = next((each for each in await markets(db) if row is not None and each.code == row["market"]), None)
    if row is None or market is None:
        return 0
    token = unseal(settings.secret, _SEALED_FOR, row["token"]).decode()
    there = _There(outside, row["url"], token)
    error, told = "", 0
    try:
        feed_id = row["feed_id"] or await _made(database, push_id, there, market)
        shop = Shop(name=settings.shop_name, base_url=settings.base_url, market=market)
        told = await _tell(database, push_id, there, feed_id, shop, now)
    except CallFailed as failed:
        error = str(failed.details["reason"])[:200]
    async with database.transaction(quiet=True) as db:
        await db.execute(
            """
            update feed_push set last_error = $2, pushed_at = case when $2 = '' then $3 else pushed_at end where id = $1
            """,
            *(push_id, error, now),
        )
    return told


class _There:
    """The other side's API."""

    def __init__(self, outside: Outside, url: str, token: str) -> None:
        self._outside = outside
        self._url = url
        self._headers = {
            "Authorization": f"Bearer {token}",
            "API-Version": _VERSION,
            "Content-Type": "application/json",
        }

    async def ask(self, method: str, path: str, body: Any) -> bytes:
        """Raises CallFailed for anything but a 2xx."""
        answer = await self._outside.call(
            method, self._url + path, headers=self._headers, body=msgspec.json.encode(body)
        )
        if not answer.arrived:
            raise CallFailed(reason=f"http_{answer.status}")
        return answer.body


async def _made(database: Database, push_id: UUID, there: _There, market: Market) -> str:
    """The id of a feed made there, remembered at once."""
    answer = await there.ask("POST", "/feeds", {"target_country": market.home_country})
    try:
        feed_id = str(msgspec.json.decode(answer)["id"])
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise CallFailed(reason="malformed") from error
    async with database.transaction(quiet=True) as db:
        await db.execute("update feed_push set feed_id = $2 where id = $1", push_id, feed_id[:200])
    return feed_id


async def _tell(database: Database, push_id: UUID, there: _There, feed_id: str, shop: Shop, now: datetime) -> int:
    path = f"/feeds/{quote(feed_id, safe='')}/products"
    told, seen = 0, set()
    async for goods in pages(database, shop.market, _Standing(now)):
        seen |= {each.id for each in goods}
        told += await _tell_page(database, push_id, there, path, shop, goods)
    async with database.reading() as db:
        rows = await db.fetch("select product_id, variants from feed_pushed where push_id = $1", push_id)
    gone = [row for row in rows if row["product_id"] not in seen]
    for start in range(0, len(gone), 100):
        part = gone[start : start + 100]
        await there.ask("PATCH", path, {"products": [_taken_back(row) for row in part]})
        async with database.transaction(quiet=True) as db:
            await db.execute(
                "delete from feed_pushed where push_id = $1 and product_id = any($2::uuid[])",
                push_id,
                [row["product_id"] for row in part],
            )
    return told + len(gone)


async def _tell_page(
    database: Database, push_id: UUID, there: _There, path: str, shop: Shop, goods: Sequence[Goods]
) -> int:
    products = {each.id: agent_product(shop, each) for each in goods}
    digests = {key: hashlib.sha256(msgspec.json.encode(product)).digest() for key, product in products.items()}
    async with database.reading() as db:
        rows = await db.fetch(
            "select product_id, digest from feed_pushed where push_id = $1 and product_id = any($2::uuid[])",
            push_id,
            list(products),
        )
    known = {row["product_id"]: row["digest"] for row in rows}
    changed = [key for key in products if known.get(key) != digests[key]]
    if not changed:
        return 0
    await there.ask("PATCH", path, {"products": [products[key] for key in changed]})
    async with database.transaction(quiet=True) as db:
        await db.execute(
            """
            insert into feed_pushed (push_id, product_id, digest, variants)
            select $1, * from unnest($2::uuid[], $3::bytea[], $4::jsonb[])
            on conflict (push_id, product_id) do update set digest = excluded.digest, variants = excluded.variants
            """,
            *(push_id, changed, [digests[key] for key in changed], [_named(products[key]) for key in changed]),
        )
    return len(changed)


def _named(product: Product) -> dict[str, list[dict[str, str]]]:
    # In an object: a list of lists would reach PostgreSQL as one array of two dimensions.
    return {"variants": [{"id": variant["id"], "title": variant["title"]} for variant in product["variants"]]}


def _taken_back(row: Any) -> Product:
    """A product that is not sold any more: the API forgets nothing, so it is told that none is to be had."""
    gone = {"available": False, "status": "discontinued"}
    variants = [{**each, "availability": gone} for each in row["variants"]["variants"]]
    return {"id": str(row["product_id"]), "variants": variants}


class _Standing:
    """A push tells of one moment."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment
