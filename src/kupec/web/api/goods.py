"""Prices and stock of the admin API: many lines at once, each with its own outcome."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, post, put

from kupec.catalogue import Location, PriceLine, StockLine, change_stock, locations, set_prices, set_stock
from kupec.integrations import read_stock
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.web.api.bodies import ChangesIn, PricesIn, StockIn
from kupec.web.api.handling import Query, Results, answer, check_lines, read, results_of, take_effect
from kupec.web.rendering import AnyRequest, site_of

MOST = 500
MOST_SKUS = 100
_prices_in = msgspec.json.Decoder(PricesIn)
_stock_in = msgspec.json.Decoder(StockIn)
_changes_in = msgspec.json.Decoder(ChangesIn)


class Locations(msgspec.Struct, frozen=True, kw_only=True):
    """The places goods leave from, the preferred first."""

    locations: list[Location]


@put("/prices", opt={"scope": "prices.write"})
async def put_prices(request: AnyRequest) -> Any:
    """Set prices."""
    data = await read(request, _prices_in)
    check_lines(data.lines)
    lines = [PriceLine(sku=each.sku, currency=each.currency, amount=each.amount) for each in data.lines]

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        return results_of(await set_prices(db, lines, actor=actor, now=now))

    return await take_effect(request, work)


@get("/locations", opt={"scope": "stock.read"})
async def list_locations(request: AnyRequest) -> Response[bytes]:
    """Where goods leave from."""
    async with site_of(request).database.reading() as db:
        return answer(Locations(locations=await locations(db)))


@get("/stock", opt={"scope": "stock.read"})
async def list_levels(request: AnyRequest) -> Response[bytes]:
    """What lies where."""
    site, query = site_of(request), Query(request)
    async with site.database.reading() as db:
        page = await read_stock(
            db,
            now=site.clock.now(),
            cursor=query.text("cursor"),
            skus=query.words("sku", most=MOST_SKUS),
            location=query.text("location") or None,
            limit=query.limit(MOST),
        )
    return answer(page)


@put("/stock", opt={"scope": "stock.write"})
async def put_levels(request: AnyRequest) -> Any:
    """Say what lies on shelves."""
    data = await read(request, _stock_in)
    check_lines(data.lines)
    lines = [StockLine(sku=each.sku, location=each.location, pieces=each.on_hand) for each in data.lines]

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        return _named(
            results_of(await set_stock(db, lines, reason=data.reason, note=data.note, actor=actor, now=now)), "on_hand"
        )

    return await take_effect(request, work)


@post("/stock/adjustments", opt={"scope": "stock.write"}, status_code=200)
async def adjust_levels(request: AnyRequest) -> Any:
    """So many pieces more or fewer."""
    data = await read(request, _changes_in)
    check_lines(data.lines)
    lines = [StockLine(sku=each.sku, location=each.location, pieces=each.delta) for each in data.lines]

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        return _named(
            results_of(await change_stock(db, lines, reason=data.reason, note=data.note, actor=actor, now=now)), "delta"
        )

    return await take_effect(request, work, key="required")


def _named(results: Results, pieces: str) -> Results:
    """Problems name the member as it is called in this request."""
    for line in results.results:
        if line.problem is not None and line.problem.field == "pieces":
            line.problem.field = pieces
    return results
