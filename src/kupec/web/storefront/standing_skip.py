"""The page behind the link of a reminder: leave this one order out, or have it after all."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from kupec.kit.actor import customer
from kupec.kit.db import Connection
from kupec.kit.recurrence_words import in_words
from kupec.sales import (
    Occurrence,
    OccurrenceTooLate,
    StandingOrder,
    WantedLine,
    get_standing,
    next_occurrences,
    occurrence_from_token,
    price_standing,
    skip_occurrence,
    unskip_occurrence,
)
from kupec.web.forms import read_form
from kupec.web.rendering import site_of
from kupec.web.storefront.shop import open_shop, page

_SECRET = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

AnyRequest = Request[Any, Any, Any]


@get("/{language:str}/standing/skip/{token:str}", include_in_schema=False)
async def show(request: AnyRequest, token: FromPath[str]) -> Response[str]:
    """Reading a mail must skip nothing: a button does. A forged link is NotFound, one that is over says so."""
    site = site_of(request)
    now = site.clock.now()
    async with site.database.reading() as db:
        shop = await open_shop(request, db)
        found = await _found(request, db, token)
        if found is None:
            return page(request, shop, "standing_skip.html", status=409, headers=_SECRET, occurrence=None)
        occurrence, standing = found
        coming = await next_occurrences(db, standing, now=now, limit=4)
        seen = (await price_standing(db, [standing], now=now))[standing.id]
    names = {line.variant_id: line.name for line in seen.lines}
    wanted: list[WantedLine] = occurrence.lines or [
        WantedLine(variant_id=line.variant_id, quantity=line.quantity, options=line.options) for line in standing.lines
    ]
    return page(
        request,
        shop,
        "standing_skip.html",
        headers=_SECRET,
        token=token,
        occurrence=occurrence,
        day=_day(occurrence.due_at, standing),
        goods=[(line.quantity, names.get(line.variant_id, "")) for line in wanted],
        total=None if occurrence.lines or seen.problems else seen.total,
        currency=seen.currency,
        rhythm=in_words(standing.recurrence, shop.language),
        next_day=next(
            (
                _day(run.due_at, standing)
                for run in coming
                if run.number != occurrence.number and run.state == "planned"
            ),
            None,
        ),
    )


def _day(moment: datetime, standing: StandingOrder) -> date:
    """The day it is where the standing order's clock stands."""
    return moment.astimezone(ZoneInfo(standing.recurrence.zone)).date()


@post("/{language:str}/standing/skip/{token:str}", include_in_schema=False, status_code=303)
async def decide(request: AnyRequest, token: FromPath[str]) -> Redirect:
    """Leave it out, or take that back; whoever has the link may."""
    site, form = site_of(request), await read_form(request)
    now = site.clock.now()
    async with site.database.transaction() as db:
        shop = await open_shop(request, db)
        found = await _found(request, db, token)
        if found is not None:
            occurrence, standing = found
            verb = unskip_occurrence if form.text("do") == "unskip" else skip_occurrence
            await verb(db, standing.id, occurrence.number, actor=customer(standing.customer_id), now=now)
    return Redirect(shop.address(f"/standing/skip/{token}"), status_code=303, headers=_SECRET)


async def _found(request: AnyRequest, db: Connection, token: str) -> tuple[Occurrence, StandingOrder] | None:
    """What the link is about; None when it is too late. Raises NotFound."""
    site = site_of(request)
    try:
        occurrence = await occurrence_from_token(db, token, secret=site.settings.secret, now=site.clock.now())
    except OccurrenceTooLate:
        return None
    return occurrence, await get_standing(db, occurrence.standing_order_id)
