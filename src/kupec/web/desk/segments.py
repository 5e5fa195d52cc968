"""Segments on the desk: saved filters over customers, how many fit, and who."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import list_categories, markets
from kupec.customers import CONSENTS, parties_by_ids
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.versions import published
from kupec.personalization import (
    FIELDS,
    Filter,
    Segment,
    check_filter,
    count_fitting,
    fitting,
    get_segment,
    list_segments,
    remove_segment,
    save_segment,
    stats_of,
)
from kupec.web.desk import segment_form
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of
from kupec.web.desk.segment_form import OPERATORS, Row, filter_of, place_of, rows_in, rows_of
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = "/desk/customers/segments"
SHOWN = 30


@get("/customers/segments", opt={"permission": "customers.read"})
async def segments(request: AnyRequest) -> Response[str]:
    reader = reader_of(request)
    async with site_of(request).database.reading() as db:
        rows = await list_segments(db)
        return await desk_page(
            request,
            db,
            "desk/segments.html",
            section="customers",
            segments=rows,
            words={row.code: segment_form.in_words(row.filter, reader) for row in rows},
        )


@get("/customers/segments/new", opt={"permission": "customers.write"})
async def new(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _editor(request, db, None, rows=[], match="all", typed={}, errors={})


@get("/customers/segments/{code:str}", opt={"permission": "customers.read"})
async def segment(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        found = await get_segment(db, code)
        rows, match = rows_of(found.filter), found.filter.match
        return await _editor(request, db, found, rows=rows, match=match, typed=_stored(found), errors={})


def _stored(found: Segment) -> dict[str, Any]:
    return {"code": found.code, "name": found.name, "applied": found.applied}


@post("/customers/segments/new", opt={"permission": "customers.write"})
async def create(request: AnyRequest) -> Response[Any]:
    return await _submit(request, None)


@post("/customers/segments/{code:str}", opt={"permission": "customers.write"})
async def change(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    async with site_of(request).database.reading() as db:
        found = await get_segment(db, code)
    return await _submit(request, found)


@post("/customers/segments/{code:str}/remove", opt={"permission": "customers.write"})
async def remove(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    async with site.database.transaction() as db:
        await remove_segment(db, code, actor=actor_of(request), now=site.clock.now())
    return go(request, PAGE, done=reader_of(request).text(_("The segment is gone. The customers stay.")))


async def _submit(request: AnyRequest, found: Segment | None) -> Response[Any]:
    """Every button of the editor: one more condition, one less, count, save."""
    site, form = site_of(request), await read_form(request)
    rows, match, typed = rows_in(form), form.text("match"), _typed(form)
    errors: dict[str, str] = {}
    try:
        if form.text("action") == "save":
            return await _save(request, found, filter_of(rows, match), typed)
    except (InvalidValue, Conflict) as error:
        errors = {f"segment.{place_of(error.field)}": _reason(error, language_of(request))}
    async with site.database.reading() as db:
        return await _editor(
            request, db, found, rows=rows, match=match, typed=typed, errors=errors, status=422 if errors else 200
        )


def _reason(error: KupecError, language: str) -> str:
    if isinstance(error, Conflict):
        return translate(language, _("Another segment has this code. Choose a different one."))
    return in_words(error, language)


def _typed(form: Form) -> dict[str, Any]:
    return {"code": form.text("code"), "name": form.text("name"), "applied": "applied" in form}


async def _save(request: AnyRequest, found: Segment | None, wanted: Filter, typed: dict[str, Any]) -> Response[Any]:
    site = site_of(request)
    async with site.database.transaction() as db:
        saved = await save_segment(
            db,
            found.code if found else typed["code"],
            name=typed["name"],
            wanted=wanted,
            applied=typed["applied"],
            actor=actor_of(request),
            now=site.clock.now(),
            new=found is None,
        )
    return go(request, f"{PAGE}/{saved.code}", done=reader_of(request).text(_("The segment is saved.")))


async def _editor(
    request: AnyRequest,
    db: Connection,
    found: Segment | None,
    *,
    rows: list[Row],
    match: str,
    typed: dict[str, Any],
    errors: dict[str, str],
    status: int = 200,
) -> Response[str]:
    reader, now = reader_of(request), site_of(request).clock.now()
    fit = None
    try:
        fit = check_filter(filter_of(rows, match))
    except InvalidValue as error:
        typed_in_full = all(row.value for row in rows)
        if typed_in_full and not errors:
            errors = {f"segment.{place_of(error.field)}": in_words(error, reader.language)}
    ids = await fitting(db, fit, now=now, limit=SHOWN) if fit else []
    return await desk_page(
        request,
        db,
        "desk/segment.html",
        section="customers",
        status=status,
        segment=found,
        rows=rows,
        match=match,
        typed=typed,
        errors=errors,
        count=await count_fitting(db, fit, now=now) if fit else None,
        people=[party for party_id, party in sorted((await parties_by_ids(db, ids)).items())],
        stats=await stats_of(db, ids),
        fields=FIELDS,
        operators=OPERATORS,
        currencies=sorted({market.currency for market in await markets(db)}),
        offered=await _offered(db, reader.language),
    )


async def _offered(db: Connection, language: str) -> dict[str, list[tuple[str, str]]]:
    """(code, name) to choose from, by field."""
    goods = await db.fetch(
        """
        select p.external_id, coalesce(t.name, p.external_id) as name
          from product p left join product_text t on t.product_id = p.id and t.language = $1
         where p.status = 'active' order by name limit 500
        """,
        language,
    )
    products = [(row["external_id"], row["name"]) for row in goods]
    purposes = (await published(db, CONSENTS))[CONSENTS].purposes
    return {
        "bought": products,
        "owns": products,
        "consents": [(purpose.code, purpose.name(language)) for purpose in purposes],
        "bought_in": [(category.code, category.name) for category in await list_categories(db, language)],
    }
