"""Marketing: promotions with what they did, one promotion's form."""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import Market, markets
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, InvalidValue, KupecError, NotFound
from kupec.kit.events import subject_history
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import (
    get_document,
    one_at_a_time,
    publish,
    published,
    read_document,
    save_draft,
    standing,
)
from kupec.sales import (
    PROMOTIONS,
    Promotion,
    Promotions,
    RefusedPromotion,
    UseCount,
    explain_order,
    list_batches,
    promotion_uses,
)
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, reader_of
from kupec.web.desk.promotion_form import KINDS, WEEKDAYS, WHO, PromotionReader, in_the_form, shown
from kupec.web.desk.settings_editing import faults_of
from kupec.web.desk.timeline import days
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PERMISSION = "settings.write"
_FAULT = re.compile(r"promotions\[(\d+)\]\.?(.*)")
_NEW: dict[str, Any] = {"action": {"kind": "percent", "percent_bp": 1000}}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion in the list. `turn` counts from 1 in the order in which promotions are looked at."""

    promotion: Promotion
    turn: int
    uses: list[UseCount]


def lines_of(document: Promotions, counts: list[UseCount]) -> list[Line]:
    ordered = sorted(document.promotions, key=lambda one: (one.priority, one.code))
    return [
        Line(promotion=one, turn=turn, uses=[count for count in counts if count.promotion == one.code])
        for turn, one in enumerate(ordered, start=1)
    ]


async def _document(db: Connection) -> Promotions:
    return (await published(db, PROMOTIONS))[PROMOTIONS]


async def list_page(request: AnyRequest, db: Connection, *, status: int = 200, **context: Any) -> Response[str]:
    """The promotions that hold, and beside them what was opened."""
    language = language_of(request)
    whole: dict[str, Any] = {"values": None, "stored_code": None, "batches": [], "past": [], "errors": {}, **context}
    return await desk_page(
        request,
        db,
        "desk/marketing.html",
        section="marketing",
        status=status,
        lines=lines_of(await _document(db), await promotion_uses(db)),
        kinds=KINDS,
        weekdays=WEEKDAYS,
        who=WHO,
        kind_of=lambda promotion: KINDS[type(promotion.action).__struct_config__.tag],
        name_of=lambda promotion: promotion.name(language),
        **whole,
    )


@get("/marketing", opt={"permission": PERMISSION})
async def promotions(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await list_page(request, db)


@get("/marketing/why", opt={"permission": PERMISSION})
async def why(request: AnyRequest) -> Response[str]:
    """What the promotions that hold say of an order, reason by reason."""
    number, language = query_form(request).text("order", most=40), language_of(request)
    async with site_of(request).database.reading() as db:
        try:
            explained = await explain_order(db, number, language=language)
        except NotFound as error:
            return go(request, "/desk/marketing", failed=explain(error, language))
        return await desk_page(
            request,
            db,
            "desk/marketing_why.html",
            section="marketing",
            explained=explained,
            reason=lambda refused: _reason(refused, language),
        )


def _reason(refused: RefusedPromotion, language: str) -> str:
    return translate(language, refused.reason).format_map(refused.details)


async def form_page(
    request: AnyRequest,
    db: Connection,
    code: str | None,
    *,
    form: Form | None = None,
    faults: dict[str, str] | None = None,
) -> Response[str]:
    """One promotion's form: as it is stored, or as it was typed with what is wrong."""
    known, language = await markets(db), language_of(request)
    currencies = _currencies(known)
    stored = _stored(await _document(db), code)
    values = shown(stored, currencies)
    if form is not None:
        values = _typed(values, form)
    subject = f"promotion:{code}"
    return await list_page(
        request,
        db,
        status=422 if faults else 200,
        values=values,
        stored_code=code,
        seen=form.text("seen") if form is not None else await standing(db, PROMOTIONS),
        markets=known,
        currencies=currencies,
        batches=await list_batches(db, promotion=code) if code else [],
        past=await days(db, await subject_history(db, subject), reader_of(request), here=subject) if code else [],
        errors={f"promotion.{field}": _expected(language, text) for field, text in (faults or {}).items()},
    )


def _stored(document: Promotions, code: str | None) -> dict[str, Any]:
    if code is None:
        return _NEW
    found = next((one for one in document.promotions if one.code == code), None)
    if found is None:
        raise NotFound(what="promotion")
    raw: dict[str, Any] = msgspec.to_builtins(found)
    return raw


def _typed(values: dict[str, Any], form: Form) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for field, stored in values.items():
        if isinstance(stored, bool):
            typed[field] = field in form
        elif isinstance(stored, list):
            typed[field] = form.all(field)
        else:
            typed[field] = form.prose(field, most=100_000)
    return typed


def _currencies(known: list[Market]) -> list[str]:
    return list(dict.fromkeys(market.currency for market in known))


def _expected(language: str, expected: str) -> str:
    return translate(language, _("Expected: {expected}.")).format(expected=translate(language, expected))


@get("/marketing/promotions/new", opt={"permission": PERMISSION})
async def new_promotion(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await form_page(request, db, None)


@get("/marketing/promotions/{code:str}", opt={"permission": PERMISSION})
async def promotion(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await form_page(request, db, code)


@post("/marketing/promotions/new", opt={"permission": PERMISSION})
async def make_promotion(request: AnyRequest) -> Response[Any]:
    return await _change(request, None)


@post("/marketing/promotions/{code:str}", opt={"permission": PERMISSION})
async def change_promotion(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    return await _change(request, code)


async def _change(request: AnyRequest, code: str | None) -> Response[Any]:
    """Write a draft with this promotion as it was typed, or without it; publish it at once if that was asked for."""
    site, form, language = site_of(request), await read_form(request), language_of(request)
    doing = form.text("do")
    try:
        async with site.database.transaction() as db:
            now, actor = site.clock.now(), actor_of(request)
            await one_at_a_time(db, PROMOTIONS)
            await _still_as_seen(db, form, code)
            raw, index = await _read(db, form, code, remove=doing == "remove")
            document = read_document(PROMOTIONS, raw)
            named = form.text("code") or code or ""
            draft = await save_draft(db, PROMOTIONS, document, note=_note(language, doing, named), actor=actor, now=now)
            if doing in ("publish", "remove"):
                await publish(db, PROMOTIONS, draft.id, actor=actor, now=now)
    except InvalidValue as error:
        async with site.database.reading() as db:
            faults = _faults(error, form, _currencies(await markets(db)))
            return await form_page(request, db, code, form=form, faults=faults)
    except KupecError as error:
        return go(request, "/desk/marketing", failed=explain(error, language))
    if doing == "draft":
        done = translate(language, _("Saved as a draft. Nothing has changed in the shop yet."))
        return go(request, f"/desk/settings/rules/promotions/{draft.id}", done=done)
    kept = f"/promotions/{document.promotions[index].code}" if doing != "remove" else ""
    done = translate(language, _("Version {n} holds now.")).format(n=draft.number)
    return go(request, f"/desk/marketing{kept}", done=done)


async def _still_as_seen(db: Connection, form: Form, code: str | None) -> None:
    """Raises Conflict when somebody has changed this promotion since the form was shown."""
    seen = form.uuid("seen") if form.text("seen") else None
    if code is None or seen is None:
        return
    before, now = await get_document(db, PROMOTIONS, seen), await _document(db)
    if _stored(before, code) != _stored(now, code):
        raise Conflict


def _note(language: str, doing: str, code: str) -> str:
    return translate(language, _("{code} removed")).format(code=code) if doing == "remove" else code[:100]


async def _read(db: Connection, form: Form, code: str | None, *, remove: bool) -> tuple[dict[str, Any], int]:
    """The document with the promotion of the form in the place of the one of `code`, as plain values."""
    document = await _document(db)
    stored = _stored(document, code)
    raw: dict[str, Any] = msgspec.to_builtins(document)
    index = next((at for at, one in enumerate(document.promotions) if one.code == code), len(document.promotions))
    if remove:
        del raw["promotions"][index]
        return raw, index
    variant = await db.fetchval("select id from variant where sku = $1", form.text("gift.sku"))
    variants: dict[str, UUID] = {form.text("gift.sku"): variant} if variant else {}
    reader = PromotionReader(form, _currencies(await markets(db)), variants)
    raw["promotions"][index : index + 1] = [reader.read(stored)]
    if reader.faults:
        _refuse(raw, reader.faults)
    return raw, index


def _refuse(raw: dict[str, Any], faults: dict[str, str]) -> None:
    """Raises InvalidValue with what could not be read, and with what the document's own check says besides."""
    try:
        read_document(PROMOTIONS, raw)
    except InvalidValue as error:
        faults = {**faults_of(error), **faults}
    field, expected = next(iter(faults.items()))
    raise InvalidValue(field=field, expected=expected, faults=faults)


def _faults(error: InvalidValue, form: Form, currencies: list[str]) -> dict[str, str]:
    """The faults by the form's fields."""
    found: dict[str, str] = {}
    for path, expected in faults_of(error).items():
        match = _FAULT.fullmatch(path)
        field = in_the_form(match[2], {"action": {"kind": form.text("kind")}}, currencies) if match else path
        found.setdefault(field, expected)
    return found
