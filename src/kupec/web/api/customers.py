"""Customers of the admin API: read, and put by their ids in the other system."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath

from kupec.customers import PartyChange, PartyRow, change_party, put_parties, set_price_group, set_segments
from kupec.integrations import read_customer, read_customers
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.web.api.bodies import CustomerIn
from kupec.web.api.handling import Query, answer, read, take_effect
from kupec.web.api.products import bare
from kupec.web.rendering import AnyRequest, site_of

MOST = 100
_customer_in = msgspec.json.Decoder(CustomerIn)


@get("/customers", opt={"scope": "customers.read"})
async def list_all(request: AnyRequest) -> Response[bytes]:
    """Customers, or the one with an e-mail address."""
    query = Query(request)
    async with site_of(request).database.reading() as db:
        page = await read_customers(
            db, cursor=query.text("cursor"), email=query.text("email") or None, limit=query.limit(MOST)
        )
    return answer(page)


@get("/customers/{customer:path}", opt={"scope": "customers.read"})
async def get_one(request: AnyRequest, customer: FromPath[str]) -> Response[bytes]:
    """One customer, by either system's id."""
    async with site_of(request).database.reading() as db:
        return answer(await read_customer(db, bare(customer)))


@put("/customers/{customer:path}", opt={"scope": "customers.write"})
async def put_one(request: AnyRequest, customer: FromPath[str]) -> Any:
    """Make or change a customer."""
    data = await read(request, _customer_in)

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        (refused,) = await put_parties(db, [_row(bare(customer), data)], actor=actor, now=now)
        if refused is not None:
            raise refused
        found = await read_customer(db, bare(customer))
        if data.price_group is not None and (data.price_group or None) != found.price_group:
            await set_price_group(db, found.id, data.price_group or None, actor=actor, now=now)
        if data.vat_id is not None or data.custom:
            change = PartyChange(vat_id=data.vat_id, custom=data.custom)
            await change_party(db, found.id, change, actor=actor, now=now)
        if data.segments is not None and sorted(set(data.segments)) != found.segments:
            await set_segments(db, found.id, data.segments, actor=actor, now=now)
        return await read_customer(db, bare(customer))

    return await take_effect(request, work)


def _row(external_id: str, data: CustomerIn) -> PartyRow:
    return PartyRow(
        external_id=external_id,
        kind=data.kind,
        name=data.name or "",
        language=data.language or "",
        email=data.email or "",
        phone=data.phone or "",
        company_id=data.company_id or "",
        street=data.street or "",
        city=data.city or "",
        postcode=data.postcode or "",
        country=data.country or "",
    )
