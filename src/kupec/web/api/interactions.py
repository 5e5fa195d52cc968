"""Interactions of the admin API: a phone exchange or a till writes down what happened with whom."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.customers import (
    LONGEST_INTERACTION,
    LONGEST_OUTCOME,
    Direction,
    InteractionKind,
    InteractionRow,
    record_interactions,
)
from kupec.integrations import read_customer, read_interaction, read_interactions, told
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.staff import list_staff
from kupec.web.api.handling import Query, answer, read, take_effect
from kupec.web.api.products import bare
from kupec.web.rendering import AnyRequest, site_of

MOST = 100

_Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Code = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_.:-]{0,39}$")]


class InteractionIn(msgspec.Struct, frozen=True, kw_only=True):
    """What happened. The customer is the one named by `customer` (either system's id), else whom `phone` or `email`
    belongs to, else somebody who may become known later. `staff` is the e-mail somebody of the staff signs in with.
    """

    source: _Code
    external_id: _Reference
    kind: InteractionKind
    happened_at: Annotated[datetime, msgspec.Meta(tz=True)]
    direction: Direction | None = None
    channel: _Code | None = None
    duration_seconds: Annotated[int, msgspec.Meta(ge=0, le=604_800)] | None = None
    text: Annotated[str, msgspec.Meta(max_length=LONGEST_INTERACTION)] = ""
    outcome: Annotated[str, msgspec.Meta(max_length=LONGEST_OUTCOME)] = ""
    customer: _Reference | None = None
    phone: Annotated[str, msgspec.Meta(max_length=40)] = ""
    email: Annotated[str, msgspec.Meta(max_length=254)] = ""
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] | None = None
    staff: Annotated[str, msgspec.Meta(max_length=254)] = ""


_interaction_in = msgspec.json.Decoder(InteractionIn)


@get("/interactions", opt={"scope": "customers.read"})
async def list_all(request: AnyRequest) -> Response[bytes]:
    """Interactions, of everybody or of one customer."""
    query = Query(request)
    async with site_of(request).database.reading() as db:
        page = await read_interactions(
            db, cursor=query.text("cursor"), customer=query.text("customer"), limit=query.limit(MOST)
        )
    return answer(page)


@get("/interactions/{interaction:path}", opt={"scope": "customers.read"})
async def get_one(request: AnyRequest, interaction: FromPath[str]) -> Response[bytes]:
    """One interaction, by its id or by "source:external id"."""
    async with site_of(request).database.reading() as db:
        return answer(await read_interaction(db, bare(interaction)))


@post("/interactions", opt={"scope": "customers.write"}, status_code=200)
async def log_one(request: AnyRequest) -> Any:
    """Write down what happened; one external id of a source is one interaction, however often it is sent."""
    data = await read(request, _interaction_in)

    async def work(db: Connection, actor: Actor, now: datetime) -> msgspec.Struct:
        customer_id = str((await read_customer(db, data.customer)).id) if data.customer else ""
        row = _row(data, customer_id, site_of(request).settings.shop_country)
        (found,) = await record_interactions(db, [row], staff=await sign_ins(db), actor=actor, now=now)
        if isinstance(found, KupecError):
            raise found
        return told(found)

    return await take_effect(request, work)


async def sign_ins(db: Connection) -> Mapping[str, UUID]:
    """Who of the staff signs in by which e-mail."""
    return {one.email: one.id for one in await list_staff(db)}


def _row(data: InteractionIn, customer_id: str, country: str) -> InteractionRow:
    return InteractionRow(
        source=data.source,
        external_id=data.external_id,
        kind=data.kind,
        happened_at=data.happened_at,
        direction=data.direction,
        channel=data.channel or "",
        duration_seconds=data.duration_seconds,
        text=data.text,
        outcome=data.outcome,
        customer_id=customer_id,
        phone=data.phone,
        email=data.email,
        country=data.country or country,
        staff=data.staff,
    )
