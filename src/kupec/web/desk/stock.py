"""Stock: what lies where, what belongs to whom, and the count that puts it right."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import (
    GoodsLine,
    Location,
    StockLevel,
    adjust_stock,
    correct_stock,
    desk_product,
    list_stock,
    locations,
    transfer_stock,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.events import subject_history
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.web.desk.catalogue import goods_language, page_of
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.sentences import code_in_words
from kupec.web.desk.timeline import days
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = 50
BY_HAND = ("damage", "loss", "found", "use", "scrap")
"""Why somebody at the desk changes the stock by so many pieces."""
_MORE = frozenset({"found"})
LOW = 5  # pieces not allocated; the filter's other choice is none


class StockList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it. `at_most` keeps what has no more pieces unallocated than that."""

    query: str
    location: UUID | None
    at_most: int | None
    page: int
    rows: list[StockLevel]
    total: int
    places: list[Location]

    @property
    def filters(self) -> dict[str, Any]:
        page = self.page if self.page > 1 else None
        return {"q": self.query, "location": self.location, "at_most": self.at_most, "page": page}

    @property
    def more(self) -> bool:
        return self.page * PAGE < self.total


async def stock_list(request: AnyRequest, db: Connection) -> StockList:
    form, now = query_form(request), site_of(request).clock.now()
    query, page, wanted = form.text("q"), page_of(form), form.text("at_most", most=20)
    at_most = int(wanted) if wanted in ("0", str(LOW)) else None
    places = await locations(db)
    location = next((place.id for place in places if str(place.id) == form.text("location")), None)
    rows, total = await list_stock(
        db,
        query,
        language=await goods_language(request, db),
        now=now,
        location_id=location,
        at_most=at_most,
        limit=PAGE,
        offset=(page - 1) * PAGE,
    )
    return StockList(query=query, location=location, at_most=at_most, page=page, rows=rows, total=total, places=places)


@get("/catalogue/stock", opt={"permission": "catalogue.read"})
async def stock(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        listing = await stock_list(request, db)
        return await desk_page(
            request, db, "desk/stock.html", section="catalogue", listing=listing, level=None, low=LOW
        )


async def shelf_page(
    request: AnyRequest,
    db: Connection,
    variant_id: UUID,
    location_id: UUID,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    """One variant at one location, with its history, beside the list."""
    reader = reader_of(request)
    subject = f"variant:{variant_id}"
    told = await subject_history(db, subject)
    here = [event for event in told if event.payload.get("location_id", str(location_id)) == str(location_id)]
    return await desk_page(
        request,
        db,
        "desk/stock.html",
        section="catalogue",
        status=status,
        listing=await stock_list(request, db),
        level=await _level(request, db, variant_id, location_id),
        reasons=[(each, code_in_words(each, reader)) for each in BY_HAND],
        low=LOW,
        history=await days(db, here, reader, here=subject),
        errors=errors or {},
        typed=typed(values),
    )


async def _level(request: AnyRequest, db: Connection, variant_id: UUID, location_id: UUID) -> StockLevel:
    product_id = await db.fetchval("select product_id from variant where id = $1", variant_id)
    if product_id is None:
        raise NotFound(what="variant")
    language = await goods_language(request, db)
    product = await desk_product(db, product_id, language=language, now=site_of(request).clock.now())
    for level in product.stock:
        if (level.variant_id, level.location_id) == (variant_id, location_id):
            return level
    raise NotFound(what="shelf")


@get("/catalogue/stock/{variant_id:uuid}/{location_id:uuid}", opt={"permission": "catalogue.read"})
async def shelf(request: AnyRequest, variant_id: FromPath[UUID], location_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await shelf_page(request, db, variant_id, location_id)


@post("/catalogue/stock/{variant_id:uuid}/{location_id:uuid}", opt={"permission": "stock.write"})
async def count(request: AnyRequest, variant_id: FromPath[UUID], location_id: FromPath[UUID]) -> Response[Any]:
    """What was counted; refused when goods have come or gone since the page was shown."""
    site, form = site_of(request), await read_form(request)
    target = _target(request, variant_id, location_id)
    try:
        async with site.database.transaction() as db:
            await adjust_stock(
                db,
                variant_id,
                location_id,
                on_hand=form.whole("on_hand", least=0, most=1_000_000_000),
                note=form.text("note"),
                expected=form.whole("expected", least=0, most=1_000_000_000),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return await _refused(request, variant_id, location_id, "shelf", error, form)
    return go(request, target, done=reader_of(request).text(_("The stock is corrected.")))


@post("/catalogue/stock/{variant_id:uuid}/{location_id:uuid}/correct", opt={"permission": "stock.write"})
async def correct(request: AnyRequest, variant_id: FromPath[UUID], location_id: FromPath[UUID]) -> Response[Any]:
    """So many pieces more or fewer, and why."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            reason = form.text("reason")
            if reason not in BY_HAND:
                raise InvalidValue(field="reason", expected=_("a reason"))
            pieces = form.whole("pieces", least=1, most=1_000_000_000)
            await correct_stock(
                db,
                variant_id,
                location_id,
                delta=pieces if reason in _MORE else -pieces,
                reason=reason,  # type: ignore[arg-type]
                note=form.text("note"),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return await _refused(request, variant_id, location_id, "correct", error, form)
    return go(
        request, _target(request, variant_id, location_id), done=reader_of(request).text(_("The stock is corrected."))
    )


@post("/catalogue/stock/{variant_id:uuid}/{location_id:uuid}/carry", opt={"permission": "stock.write"})
async def carry(request: AnyRequest, variant_id: FromPath[UUID], location_id: FromPath[UUID]) -> Response[Any]:
    """Pieces go to another location."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await transfer_stock(
                db,
                [GoodsLine(variant_id=variant_id, quantity=form.whole("pieces", least=1, most=1_000_000_000))],
                from_location=location_id,
                to_location=form.uuid("to_location"),
                reference=form.text("reference"),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return await _refused(request, variant_id, location_id, "carry", error, form)
    return go(
        request, _target(request, variant_id, location_id), done=reader_of(request).text(_("The goods are moved."))
    )


def _target(request: AnyRequest, variant_id: UUID, location_id: UUID) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/desk/catalogue/stock/{variant_id}/{location_id}{query}"


async def _refused(
    request: AnyRequest, variant_id: UUID, location_id: UUID, place: str, error: KupecError, form: Form
) -> Response[Any]:
    """The shelf's page with what was typed and the error beside its field."""
    language = language_of(request)
    if error.field is None:
        return go(request, _target(request, variant_id, location_id), failed=explain(error, language))
    field = {"quantity": "pieces", "delta": "pieces", "lines": "pieces"}.get(error.field, error.field)
    errors = {f"{place}.{field}": in_words(error, language)}
    async with site_of(request).database.reading() as db:
        return await shelf_page(request, db, variant_id, location_id, status=error.status, errors=errors, values=form)
