"""The agent feed, pushed over the wire: once what is there, then what has changed, then what is gone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from kupec.kit.actor import Actor
from kupec.kit.addresses import Reach
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.outside import Outside
from kupec.kit.settings import Settings
from kupec.machines.feeds import add_push, list_pushes, push_feed, queue_pushes, remove_push
from tests.machines.acp_agent import check
from tests.shop import NOON, SETUP, add_product, make_shop
from tests.stack import free_port

SETTINGS = Settings(database_url="postgresql://nowhere", secret="the shop's own")
LATER = NOON + timedelta(minutes=10)


class Platform:
    """An agent platform's feed API; `broken` makes it refuse."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []
        self.broken = False
        self.url = f"http://localhost:{free_port()}"

    async def answer(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer their-key"
        if self.broken:
            return web.json_response({"type": "x", "code": "x", "message": "x"}, status=500)
        self.told.append((request.method, request.path, await request.json()))
        return web.json_response({"id": "feed/1"}, status=201 if request.method == "POST" else 200)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    there, app = Platform(), web.Application()
    app.router.add_route("*", "/{rest:.*}", there.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "localhost", int(there.url.rpartition(":")[2])).start()
    yield there
    await runner.cleanup()


async def test_what_has_changed_is_told_and_nothing_else(pool: Pool, platform: Platform) -> None:
    database, outside = Database(pool), Outside(Reach(local=True))
    async with database.transaction() as db:
        await make_shop(db)
        for sku in ("A", "B", "C"):
            await add_product(db, sku)
        await _index(db)
        push = await add_push(
            db,
            "cz",
            f"{platform.url}/",
            "their-key",
            reach=Reach(local=True),
            secret=SETTINGS.secret,
            actor=SETUP,
            now=NOON,
        )
        assert b"their-key" not in await db.fetchval("select token from feed_push")
        assert await queue_pushes(db, NOON, 10) == 1
        assert await queue_pushes(db, NOON, 10) == 0
        assert await queue_pushes(db, LATER, 10) == 1

    async def tell() -> list[tuple[str, str, Any]]:
        platform.told.clear()
        await push_feed(database, push.id, outside, SETTINGS, now=LATER)
        return list(platform.told)

    try:
        made, first = await tell()
        assert made == ("POST", "/feeds", {"target_country": "CZ"})
        assert first[:2] == ("PATCH", "/feeds/feed/1/products")
        check(first[2], "schema.feed.json#/$defs/UpsertProductsRequest")
        assert len(first[2]["products"]) == 3
        assert await tell() == []
        await pool.execute("update price set amount = 77700 from variant v where v.id = variant_id and v.sku = 'B'")
        platform.broken = True
        assert await tell() == []
        assert [each.last_error for each in await _pushes(database)] == ["http_500"]
        platform.broken = False
        ((_, _, changed),) = await tell()
        assert [product["variants"][0]["price"]["amount"] for product in changed["products"]] == [77700]
        await pool.execute("update product set status = 'archived' where external_id = 'C'")
        await pool.execute(
            "delete from product_index where product_id = (select id from product where external_id = 'C')"
        )
        ((_, _, gone),) = await tell()
        check(gone, "schema.feed.json#/$defs/UpsertProductsRequest")
        assert gone["products"][0]["variants"][0]["availability"] == {"available": False, "status": "discontinued"}
        assert await tell() == []
        (seen,) = await _pushes(database)
        assert (seen.feed_id, seen.last_error, seen.pushed_at) == ("feed/1", "", LATER)
        async with database.transaction() as db:
            await remove_push(db, push.id, actor=SETUP, now=NOON)
            await remove_push(db, push.id, actor=SETUP, now=NOON)
            assert await queue_pushes(db, LATER + timedelta(days=1), 10) == 0
        assert await _pushes(database) == []
        assert await tell() == []
    finally:
        await outside.close()


async def test_who_may_push_what_where(db: Connection) -> None:
    await make_shop(db)
    nobody = Actor(kind="staff", id="eva", permissions=frozenset())
    with pytest.raises(Forbidden):
        await add_push(db, "cz", "https://a.example", "key", reach=Reach(), secret="s", actor=nobody, now=NOON)
    for market, url, token in (
        ("xx", "https://a.example", "k"),
        ("cz", "https://10.0.0.1", "k"),
        ("cz", "https://a.example", " "),
    ):
        with pytest.raises(InvalidValue):
            await add_push(db, market, url, token, reach=Reach(), secret="s", actor=SETUP, now=NOON)


async def _pushes(database: Database) -> list[Any]:
    async with database.reading() as db:
        return list(await list_pushes(db))


async def _index(db: Connection) -> None:
    await db.execute("delete from product_index")
    await db.execute(
        """
        insert into product_index (product_id, language, text_language, sort_key, terms, prices)
        select distinct on (p.id) p.id, 'cs', t.language, p.external_id, ''::tsvector, jsonb_build_object('CZK', 1)
          from product p join product_text t on t.product_id = p.id
        """
    )
