"""Price lists of the admin API: for a group of customers, for more pieces, for a while."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath

from kupec.catalogue import (
    ListPrice,
    PriceList,
    PriceListDraft,
    get_price_list,
    list_price_lists,
    put_price_list,
    write_list_prices,
)
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.web.api.bodies import ListPricesIn, PriceListIn
from kupec.web.api.handling import answer, check_lines, read, results_of, take_effect
from kupec.web.rendering import AnyRequest, site_of

_list_in = msgspec.json.Decoder(PriceListIn)
_prices_in = msgspec.json.Decoder(ListPricesIn)


class PriceLists(msgspec.Struct, frozen=True, kw_only=True):
    """All price lists; what stands in them, products say (`list_prices`)."""

    price_lists: list[PriceList]


@get("/price-lists", opt={"scope": "products.read"})
async def list_all(request: AnyRequest) -> Response[bytes]:
    """All price lists."""
    async with site_of(request).database.reading() as db:
        return answer(PriceLists(price_lists=await list_price_lists(db)))


@put("/price-lists/{code:str}", opt={"scope": "prices.write"})
async def put_one(request: AnyRequest, code: FromPath[str]) -> Any:
    """Make or change a price list."""
    data = await read(request, _list_in)
    draft = PriceListDraft(
        code=code,
        name=data.name,
        currency=data.currency,
        group=data.group,
        includes_vat=data.includes_vat,
        valid_from=data.valid_from,
        valid_until=data.valid_until,
        active=data.active,
    )

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        await put_price_list(db, draft, actor=actor, now=now)
        return await get_price_list(db, code)

    return await take_effect(request, work)


@put("/price-lists/{code:str}/prices", opt={"scope": "prices.write"})
async def put_prices(request: AnyRequest, code: FromPath[str]) -> Any:
    """Write prices into a list."""
    data = await read(request, _prices_in)
    check_lines(data.lines)
    lines = [ListPrice(sku=each.sku, min_quantity=each.min_quantity, amount=each.amount) for each in data.lines]

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        return results_of(await write_list_prices(db, code, lines, replace=data.replace, actor=actor, now=now))

    return await take_effect(request, work)
