"""Goods on the move: what came in, what moved and why, and what runs low."""

import csv
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import (
    REASONS,
    GoodsLine,
    Location,
    get_receipt,
    list_receipts,
    locations,
    low_stock,
    movements,
    receive_goods,
    variants_by_sku,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.web.desk.catalogue import goods_language, page_of
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.sentences import code_in_words
from kupec.web.desk.timeline import authors
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = 50
MOVES = 100
LINES = 8  # empty lines of a new document
_MOST_LINES = 500
_MOST_PIECES = 1_000_000
_PIECES = re.compile("[0-9]{1,7}")
_BASE = "/desk/catalogue/goods-in"


@get("/catalogue/goods-in", opt={"permission": "catalogue.read"})
async def goods_in(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None)


@get("/catalogue/goods-in/{receipt_id:uuid}", opt={"permission": "catalogue.read"})
async def receipt(request: AnyRequest, receipt_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, receipt_id)


async def _page(
    request: AnyRequest,
    db: Connection,
    receipt_id: UUID | None,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    language, page = await goods_language(request, db), page_of(query_form(request))
    rows, total = await list_receipts(db, language=language, limit=PAGE, offset=(page - 1) * PAGE)
    return await desk_page(
        request,
        db,
        "desk/goods_in.html",
        section="catalogue",
        status=status,
        receipts=rows,
        total=total,
        page=page,
        more=page * PAGE < total,
        receipt=None if receipt_id is None else await get_receipt(db, receipt_id, language=language),
        sites=await locations(db),
        lines=LINES,
        key=values.text("key", most=60) if values else str(uuid7()),
        authors=await authors(db, [each.author for each in rows], reader_of(request)),
        errors=errors or {},
        typed=typed(values),
    )


@post("/catalogue/goods-in", opt={"permission": "stock.write"})
async def take_in(request: AnyRequest) -> Response[Any]:
    """A delivery note's goods come in; sent twice, they come in once."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            lines = await _read_lines(db, form)
            done = await receive_goods(
                db,
                lines,
                location_id=_place(form, await locations(db)),
                reference=form.text("reference"),
                supplier=form.text("supplier"),
                key=form.uuid("key"),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        errors = {f"goods.{error.field or 'lines'}": in_words(error, language_of(request))}
        async with site.database.reading() as db:
            return await _page(request, db, None, status=error.status, errors=errors, values=form)
    return go(request, f"{_BASE}/{done.id}", done=reader_of(request).text(_("The goods are in stock.")))


def _place(form: Form, places: list[Location]) -> UUID:
    found = next((place.id for place in places if str(place.id) == form.text("location")), None)
    if found is None:
        raise InvalidValue(field="location", expected=_("a location"))
    return found


async def _read_lines(db: Connection, form: Form) -> list[GoodsLine]:
    """The lines that were typed, and those that were pasted ("code; pieces"). Raises InvalidValue."""
    wanted: list[tuple[str, str, int]] = []
    for index in range(LINES):
        sku = form.text(f"sku.{index}")
        if sku:
            wanted.append((f"sku.{index}", sku, form.whole(f"pieces.{index}", least=1, most=_MOST_PIECES)))
    wanted.extend(("pasted", sku, pieces) for sku, pieces in _pasted(form.prose("pasted", most=50_000)))
    known = await variants_by_sku(db, [sku for _field, sku, _pieces in wanted])
    for field, sku, _pieces in wanted:
        if sku not in known:
            raise InvalidValue(field=field, expected=f"an article number, which {sku} is not")
    return [GoodsLine(variant_id=known[sku], quantity=pieces) for _field, sku, pieces in wanted]


def _pasted(text: str) -> list[tuple[str, int]]:
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in "\t;," if mark in first), ";")
    found: list[tuple[str, int]] = []
    for row in csv.reader(text.splitlines(), delimiter=delimiter):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        fits = len(cells) == 2 and _PIECES.fullmatch(cells[1]) and 0 < int(cells[1]) <= _MOST_PIECES
        if not fits or len(found) >= _MOST_LINES:
            raise InvalidValue(field="pasted", expected=_("lines of code; pieces"))
        found.append((cells[0], int(cells[1])))
    return found


@get("/catalogue/movements", opt={"permission": "catalogue.read"})
async def stock_movements(request: AnyRequest) -> Response[str]:
    """All movements, the latest first; of one reason, at one location, from a certain one on."""
    form, reader = query_form(request), reader_of(request)
    reason = form.text("reason")
    before = form.text("before", most=20)
    async with site_of(request).database.reading() as db:
        places = await locations(db)
        location = next((place.id for place in places if str(place.id) == form.text("location")), None)
        rows = await movements(
            db,
            language=await goods_language(request, db),
            location_id=location,
            reason=reason if reason in REASONS else None,
            before=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None,
            limit=MOVES + 1,
        )
        return await desk_page(
            request,
            db,
            "desk/movements.html",
            section="catalogue",
            rows=rows[:MOVES],
            older=rows[MOVES - 1].id if len(rows) > MOVES else None,
            reasons=[(each, code_in_words(each, reader)) for each in REASONS],
            words=lambda each: code_in_words(each, reader),
            reason=reason if reason in REASONS else "",
            sites=places,
            location=location,
            authors=await authors(db, [each.actor for each in rows], reader),
        )


@get("/catalogue/low", opt={"permission": "catalogue.read"})
async def running_low(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        rows = await low_stock(db, language=await goods_language(request, db))
        return await desk_page(request, db, "desk/low_stock.html", section="catalogue", rows=rows)
