"""Price lists: for whom, from when, and the prices in them, as a table or pasted from a spreadsheet."""

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import (
    ListPrice,
    PriceList,
    PriceListDraft,
    get_price_list,
    list_items,
    list_price_lists,
    markets,
    put_price_list,
    write_list_prices,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError, NotFound
from kupec.kit.i18n import explain
from kupec.kit.i18n import mark as _
from kupec.kit.money import parse_amount
from kupec.web.desk.catalogue import goods_language, page_of, shown_amount
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.forms import Form, clean, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.uploads import read_text, read_upload

PAGE = 100
FRESH = 5  # empty lines below the table
LARGEST_TABLE = 3_000_000  # bytes
_MOST_FIELDS = 3000
_QUANTITY = re.compile("[0-9]{1,7}")
_BASE = "/desk/catalogue/price-lists"


@get("/catalogue/price-lists", opt={"permission": "catalogue.read"})
async def price_lists(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, None)


async def _page(
    request: AnyRequest,
    db: Connection,
    code: str | None,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    opened = None if code is None else await get_price_list(db, code)
    page, language = page_of(query_form(request)), await goods_language(request, db)
    items = (
        await list_items(db, opened.id, language=language, limit=PAGE + 1, offset=(page - 1) * PAGE) if opened else []
    )
    return await desk_page(
        request,
        db,
        "desk/price_lists.html",
        section="catalogue",
        status=status,
        lists=await list_price_lists(db),
        price_list=opened,
        items=items[:PAGE],
        page=page,
        more=len(items) > PAGE,
        fresh=FRESH,
        currencies=list(dict.fromkeys(market.currency for market in await markets(db))),
        shown=shown_amount,
        day=lambda moment: _day(request, moment),
        holds=lambda each: _holds(each, site_of(request).clock.now()),
        errors=errors or {},
        typed=typed(values),
    )


def _zone(request: AnyRequest) -> ZoneInfo:
    return ZoneInfo(site_of(request).settings.shop_timezone)


def _day(request: AnyRequest, moment: datetime | None) -> str:
    return moment.astimezone(_zone(request)).date().isoformat() if moment else ""


def _holds(each: PriceList, now: datetime) -> bool:
    begun = each.valid_from is None or each.valid_from <= now
    return each.active and begun and (each.valid_until is None or each.valid_until > now)


@post("/catalogue/price-lists", opt={"permission": "catalogue.write"})
async def make_list(request: AnyRequest) -> Response[Any]:
    site, form = site_of(request), await read_form(request)
    code = form.text("code", most=60)
    try:
        async with site.database.transaction() as db:
            if any(each.code == code for each in await list_price_lists(db)):
                raise InvalidValue(field="code", expected=_("a code of its own"))
            draft = _read_list(request, form, code)
            await put_price_list(db, draft, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        errors = {f"list.{error.field}": in_words(error, language_of(request))}
        async with site.database.reading() as db:
            return await _page(request, db, None, status=error.status, errors=errors, values=form)
    return go(request, f"{_BASE}/{code}", done=reader_of(request).text(_("Saved.")))


@get("/catalogue/price-lists/{code:str}", opt={"permission": "catalogue.read"})
async def price_list(request: AnyRequest, code: FromPath[str]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _page(request, db, code)


@post("/catalogue/price-lists/{code:str}", opt={"permission": "catalogue.write"})
async def change_list(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """For whom and from when it holds."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            await get_price_list(db, code)
            await put_price_list(db, _read_list(request, form, code), actor=actor_of(request), now=site.clock.now())
    except NotFound:
        raise
    except KupecError as error:
        errors = {f"list.{error.field}": in_words(error, language_of(request))}
        async with site.database.reading() as db:
            return await _page(request, db, code, status=error.status, errors=errors, values=form)
    return go(request, f"{_BASE}/{code}", done=reader_of(request).text(_("Saved.")))


def _read_list(request: AnyRequest, form: Form, code: str) -> PriceListDraft:
    zone = _zone(request)
    return PriceListDraft(
        code=code,
        name=form.text("name"),
        currency=form.text("currency", most=3),
        group=form.text("group", most=60) or None,
        includes_vat=form.text("includes_vat") != "no",
        valid_from=_moment(form, "valid_from", zone),
        valid_until=_moment(form, "valid_until", zone),
        active="active" in form,
    )


def _moment(form: Form, field: str, zone: ZoneInfo) -> datetime | None:
    text = form.text(field, most=20)
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone)
    except ValueError:
        raise InvalidValue(field=field, expected=_("a date")) from None


@post("/catalogue/price-lists/{code:str}/prices", opt={"permission": "catalogue.write"})
async def change_prices(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """The table as it was typed over: an empty amount takes a price away, a filled line below adds one."""
    form = await read_form(request, most=_MOST_FIELDS)
    return await _write(request, code, form, lambda currency: _read_table(form, currency), replace=False)


def _read_table(form: Form, currency: str) -> list[tuple[str, ListPrice]]:
    prices = []
    for index in range(form.whole("count", least=0, most=PAGE + FRESH)):
        sku, field = form.text(f"sku.{index}"), f"amount.{index}"
        amount = form.text(field)
        old = f"old.{index}" in form
        if not sku or (not old and not amount):
            continue
        quantity = form.whole(f"from.{index}", least=1, most=1_000_000, default=1)
        price = ListPrice(
            sku=sku, min_quantity=quantity, amount=parse_amount(amount, currency, field=field) if amount else None
        )
        prices.append((str(index), price))
    return prices


@post(
    "/catalogue/price-lists/{code:str}/paste",
    opt={"permission": "catalogue.write"},
    request_max_body_size=LARGEST_TABLE,
)
async def paste_prices(request: AnyRequest, code: FromPath[str]) -> Response[Any]:
    """Lines of code, amount and perhaps quantity, pasted or in a file; instead of all there is, if that is wished."""
    form, content, _type = await read_upload(request, "file")
    replace = form.text("replace") == "yes"

    def lines(currency: str) -> list[tuple[str, ListPrice]]:
        text = read_text(content, field="table") if content else form.prose("table", most=LARGEST_TABLE)
        return _read_lines(text, currency)

    return await _write(request, code, form, lines, replace=replace)


def _read_lines(text: str, currency: str) -> list[tuple[str, ListPrice]]:
    """Raises InvalidValue."""
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in "\t;," if mark in first), ";")
    prices = []
    try:
        rows = [[clean(cell) for cell in row] for row in csv.reader(text.splitlines(), delimiter=delimiter)]
    except csv.Error:
        raise InvalidValue(field="table", expected=_("lines of code; price; from how many pieces")) from None
    for number, cells in enumerate(rows, start=1):
        if not any(cells) or (number == 1 and not any(char.isdigit() for cell in cells[1:] for char in cell)):
            continue  # an empty line, or the heads of the columns
        quantity = cells[2] if len(cells) == 3 and cells[2] else "1"
        if not 2 <= len(cells) <= 3 or not _QUANTITY.fullmatch(quantity):
            raise InvalidValue(field="table", expected=_("lines of code; price; from how many pieces"))
        amount = parse_amount(cells[1], currency, field="table")
        prices.append((str(number), ListPrice(sku=cells[0], min_quantity=int(quantity), amount=amount)))
    if not prices:
        raise InvalidValue(field="table", expected=_("lines of code; price; from how many pieces"))
    return prices


async def _write(request: AnyRequest, code: str, form: Form, reading: Any, *, replace: bool) -> Response[Any]:
    """All or nothing: when one price stays out, the form comes back with why."""
    site, language = site_of(request), language_of(request)
    errors: dict[str, str] = {}
    status = 422
    try:
        async with site.database.transaction() as db:
            found = await get_price_list(db, code)
            prices: Sequence[tuple[str, ListPrice]] = reading(found.currency)
            answers = await write_list_prices(
                db, code, [price for _, price in prices], replace=replace, actor=actor_of(request), now=site.clock.now()
            )
            errors = {
                f"prices.{key}": f"{price.sku}: {explain(answer, language)}"
                for (key, price), answer in zip(prices, answers, strict=True)
                if answer is not None
            }
            if errors:
                raise InvalidValue(field="table", expected="")
    except NotFound:
        raise
    except KupecError as error:
        errors = errors or {f"prices.{error.field}": in_words(error, language)}
        status = error.status
    if errors:
        async with site.database.reading() as db:
            return await _page(request, db, code, status=status, errors=errors, values=form)
    return go(request, f"{_BASE}/{code}", done=reader_of(request).text(_("Saved.")))
