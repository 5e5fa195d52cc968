"""Coupons on the desk: found, made one by one or by the thousand, changed, written to a file."""

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.sales import (
    MAX_GENERATED,
    PROMOTIONS,
    Coupon,
    CouponTerms,
    InvalidCoupon,
    change_coupon,
    create_coupon,
    generate_coupons,
    get_coupon,
    list_batches,
    list_coupons,
    stop_batch,
)
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.reader import ngettext
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PERMISSION = "settings.write"
PAGE = 100
_MOST_IN_FILE = 1_000_000


class CouponList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it; `after` is where the next page begins."""

    promotion: str
    batch: str
    like: str
    rows: list[Coupon]
    after: str | None

    @property
    def filters(self) -> dict[str, str]:
        return {"promotion": self.promotion, "batch": self.batch, "q": self.like}


async def coupon_list(db: Connection, form: Form) -> CouponList:
    promotion, batch, like = form.text("promotion"), form.text("batch"), form.text("q")
    rows = await list_coupons(db, promotion=promotion, batch=batch, like=like, after=form.text("after"), limit=PAGE + 1)
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    return CouponList(promotion=promotion, batch=batch, like=like, rows=rows, after=rows[-1].code if more else None)


async def _page(
    request: AnyRequest,
    db: Connection,
    *,
    opened: Coupon | None = None,
    place: str = "",
    errors: dict[str, str] | None = None,
    form: Form | None = None,
    status: int = 200,
) -> Response[str]:
    """The list with the forms above it, or with one coupon beside it. `place` names the form that was refused."""
    document = (await published(db, PROMOTIONS))[PROMOTIONS]
    language, zone = language_of(request), ZoneInfo(site_of(request).settings.shop_timezone)
    return await desk_page(
        request,
        db,
        "desk/coupons.html",
        section="marketing",
        status=status,
        listing=await coupon_list(db, query_form(request)),
        batches=await list_batches(db),
        promotions=[(one.code, one.name(language)) for one in document.promotions if one.conditions.needs_coupon],
        coupon=opened,
        place=place,
        errors={f"{place}.{field}": text for field, text in (errors or {}).items()},
        typed_in=lambda where: typed(form if where == place else None),
        day=lambda moment, last=False: _day(moment, zone, last=last),
        most=MAX_GENERATED,
    )


def _day(moment: datetime | None, zone: ZoneInfo, *, last: bool) -> str:
    """A limit as the day that is typed; the last day of validity is the one before the limit."""
    if moment is None:
        return ""
    local = moment.astimezone(zone)
    return (local - timedelta(seconds=1) if last else local).date().isoformat()


@get("/marketing/coupons", opt={"permission": PERMISSION})
async def coupons(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db)


@get("/marketing/coupons/one/{code:str}", opt={"permission": PERMISSION})
async def coupon(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, opened=await get_coupon(db, code))


def read_terms(form: Form, zone: ZoneInfo, *, promotion: str) -> CouponTerms:
    """Raises InvalidValue naming the field. Days are the shop's; the last one is included."""
    first, last = _read_day(form, "valid_from"), _read_day(form, "valid_to")
    return CouponTerms(
        promotion=promotion,
        max_uses=_read_cap(form, "max_uses"),
        per_customer=_read_cap(form, "per_customer"),
        valid_from=datetime.combine(first, time(), zone) if first else None,
        valid_to=datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
        active="active" in form,
    )


def _read_day(form: Form, field: str) -> date | None:
    text = form.text(field)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(field=field, expected=_("a date")) from None
    if not 2000 <= day.year <= 2199:
        raise InvalidValue(field=field, expected=_("a date"))
    return day


def _read_cap(form: Form, field: str) -> int | None:
    return form.whole(field, least=1, most=10**9) if form.text(field) else None


async def _refused(
    request: AnyRequest, error: KupecError, form: Form, place: str, *, opened: str | None = None
) -> Response[Any]:
    """The page again, with what is wrong beside its field."""
    language = language_of(request)
    if error.field is None:
        return go(request, "/desk/marketing/coupons", failed=explain(error, language))
    if isinstance(error, InvalidCoupon):
        expected = translate(language, _("Expected: {expected}."))
        faults = {
            field: expected.format(expected=translate(language, text))
            for field, text in error.details["faults"].items()
        }
    else:
        faults = {error.field: in_words(error, language)}
    async with site_of(request).database.reading() as db:
        shown = await get_coupon(db, opened) if opened else None
        return await _page(request, db, opened=shown, place=place, errors=faults, form=form, status=error.status)


@post("/marketing/coupons", opt={"permission": PERMISSION})
async def make(request: AnyRequest) -> Response[Any]:
    """One coupon under a code of the merchant's choice."""
    site, form = site_of(request), await read_form(request)
    try:
        terms = read_terms(form, ZoneInfo(site.settings.shop_timezone), promotion=form.text("promotion"))
        async with site.database.transaction() as db:
            made = await create_coupon(db, form.text("code"), terms, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return await _refused(request, error, form, "one")
    done = reader_of(request).text(_("Coupon {code} is ready.")).format(code=made.code)
    return go(request, f"/desk/marketing/coupons?promotion={made.promotion}", done=done)


@post("/marketing/coupons/generate", opt={"permission": PERMISSION})
async def generate(request: AnyRequest) -> Response[Any]:
    """Many coupons that nobody can guess."""
    site, form = site_of(request), await read_form(request)
    try:
        terms = read_terms(form, ZoneInfo(site.settings.shop_timezone), promotion=form.text("promotion"))
        async with site.database.transaction() as db:
            count = await generate_coupons(
                db,
                form.whole("count", least=1, most=MAX_GENERATED),
                terms,
                prefix=form.text("prefix"),
                batch=form.text("batch"),
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return await _refused(request, error, form, "many")
    done = reader_of(request).count(
        *ngettext(
            "{n} coupon is ready. Download it as a file below.",
            "{n} coupons are ready. Download them as a file below.",
        ),
        count,
    )
    return go(request, f"/desk/marketing/coupons?promotion={terms.promotion}", done=done)


@post("/marketing/coupons/one/{code:str}", opt={"permission": PERMISSION})
async def change(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            known = await get_coupon(db, code)
            terms = read_terms(form, ZoneInfo(site.settings.shop_timezone), promotion=known.promotion)
            await change_coupon(db, code, terms, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        return await _refused(request, error, form, "coupon", opened=code)
    return go(request, f"/desk/marketing/coupons/one/{code}", done=reader_of(request).text(_("Saved.")))


@post("/marketing/coupons/stop", opt={"permission": PERMISSION})
async def stop(request: AnyRequest) -> Response[Any]:
    """Let no coupon of a batch hold any more."""
    site, form = site_of(request), await read_form(request)
    async with site.database.transaction() as db:
        await stop_batch(db, form.text("promotion"), form.text("batch"), actor=actor_of(request), now=site.clock.now())
    return go(request, "/desk/marketing/coupons", done=reader_of(request).text(_("These coupons hold no more.")))


@get("/marketing/coupons.csv", opt={"permission": PERMISSION})
async def download(request: AnyRequest) -> Response[bytes]:
    """The coupons of a promotion or a batch as a file."""
    form = query_form(request)
    async with site_of(request).database.reading() as db:
        found = await list_coupons(db, promotion=form.text("promotion"), batch=form.text("batch"), limit=_MOST_IN_FILE)
    return Response(
        as_csv(found),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="coupons.csv"', "Cache-Control": "private, no-store"},
    )


def as_csv(found: list[Coupon]) -> bytes:
    """With a mark at the beginning, so that spreadsheets read it as UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ["code", "promotion", "batch", "active", "max_uses", "used", "per_customer", "valid_from", "valid_to"]
    )
    for one in found:
        writer.writerow(
            [
                one.code,
                one.promotion,
                _harmless(one.batch),
                "yes" if one.active else "no",
                one.max_uses,
                one.used,
                one.per_customer,
                one.valid_from.isoformat() if one.valid_from else "",
                one.valid_to.isoformat() if one.valid_to else "",
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    """A spreadsheet would run what begins like a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
