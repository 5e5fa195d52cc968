"""A new product, its picture, and what buyers may have made to order."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import inspect

from kupec.catalogue import (
    TAX,
    Option,
    ProductDraft,
    TextDraft,
    VariantDraft,
    create_product,
    desk_product,
    markets,
    store_media,
    update_product,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import LANGUAGES, explain, translate
from kupec.kit.i18n import mark as _
from kupec.kit.money import parse_amount
from kupec.kit.versions import published
from kupec.web.desk.catalogue import goods_language
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.settings_pages import place_of
from kupec.web.desk.settings_shape import describe, read
from kupec.web.forms import Form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of
from kupec.web.uploads import read_upload

LARGEST_PICTURE = 5_500_000  # bytes, with the form around it
_LARGEST_OPTIONS = 500_000
_MOST_FIELDS = 10_000

_LABELS = {
    "options": _("Made to order"),
    "code": _("Code"),
    "kind": _("What buyers give"),
    "names": _("What it is called"),
    "required": _("Must be given"),
    "choices": _("Choices"),
    "max_length": _("Characters at most"),
    "characters": _("Which characters"),
    "minimum": _("At least"),
    "maximum": _("At most"),
    "step": _("In steps of"),
    "unit": _("Unit"),
    "surcharge": _("Surcharge"),
    "lead_days": _("Working days it takes"),
}
_HINTS = {
    "characters": _("letters digits space marks, or single characters"),
    "surcharge": _(
        "A piece, with VAT. Without an amount in a currency it is not offered in it; with none at all it is free."
    ),
}
_ADDING = {"options": _("Add an option"), "choices": _("Add a choice")}


class _Making(msgspec.Struct):
    options: list[Option] = []


@get("/catalogue/new", opt={"permission": "catalogue.write"})
async def new_product(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await _new_page(request, db)


async def _new_page(
    request: AnyRequest,
    db: Connection,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    sold = await markets(db)
    return await desk_page(
        request,
        db,
        "desk/product_new.html",
        section="catalogue",
        status=status,
        currencies=list(dict.fromkeys(market.currency for market in sold)),
        classes=sorted((await published(db, TAX))[TAX].classes),
        errors=errors or {},
        typed=typed(values),
    )


@post("/catalogue/new", opt={"permission": "catalogue.write"})
async def make_product(request: AnyRequest) -> Response[Any]:
    """A draft of one variant; everything else is added on its page."""
    site, form = site_of(request), await read_form(request)
    try:
        async with site.database.transaction() as db:
            draft = await _read_new(db, form)
            product_id = await create_product(db, draft, actor=actor_of(request), now=site.clock.now())
    except KupecError as error:
        errors = {f"new.{error.field or 'name'}": in_words(error, language_of(request))}
        async with site.database.reading() as db:
            return await _new_page(request, db, status=error.status, errors=errors, values=form)
    done = reader_of(request).text(_("The product is there, as a draft. It is sold once its state says so."))
    return go(request, f"/desk/catalogue/{product_id}", done=done)


async def _read_new(db: Connection, form: Form) -> ProductDraft:
    names = {language: form.text(f"name.{language}", most=300) for language in LANGUAGES}
    if not any(names.values()):
        raise InvalidValue(field=f"name.{LANGUAGES[0]}", expected=_("a name"))
    sku = form.text("sku", most=200)
    if not sku:
        raise InvalidValue(field="sku", expected=_("a code"))
    prices = {}
    for currency in dict.fromkeys(market.currency for market in await markets(db)):
        text = form.text(f"price.{currency}")
        if text:
            prices[currency] = parse_amount(text, currency, field=f"price.{currency}")
    kind = "service" if form.text("kind") == "service" else "goods"
    return ProductDraft(
        external_id=sku,
        kind="service" if kind == "service" else "goods",
        brand=form.text("brand", most=200),
        vat_class=form.text("vat_class", most=40),
        status="draft",
        texts={language: TextDraft(name=name) for language, name in names.items() if name},
        variants=[VariantDraft(sku=sku, prices=prices)],
    )


@post(
    "/catalogue/{product_id:uuid}/picture",
    opt={"permission": "catalogue.write"},
    request_max_body_size=LARGEST_PICTURE,
)
async def give_picture(request: AnyRequest, product_id: FromPath[UUID]) -> Response[Any]:
    """A new picture, or none any more."""
    site, target = site_of(request), f"/desk/catalogue/{product_id}"
    form, content, content_type = await read_upload(request, "picture")
    removing = form.text("remove") == "yes"
    try:
        async with site.database.transaction() as db:
            now, actor = site.clock.now(), actor_of(request)
            if not content and not removing:
                raise InvalidValue(field="picture", expected=_("a picture"))
            picture = "" if removing else await store_media(db, content, content_type, actor=actor, now=now)
            await update_product(db, product_id, ProductDraft(external_id="", picture=picture), actor=actor, now=now)
    except KupecError as error:
        failed = in_words(error, language_of(request)) if error.field else explain(error, language_of(request))
        return go(request, target, failed=failed)
    return go(request, target, done=reader_of(request).text(_("Saved.")))


@get("/catalogue/{product_id:uuid}/options", opt={"permission": "catalogue.write"})
async def options(request: AnyRequest, product_id: FromPath[UUID]) -> Response[str]:
    site = site_of(request)
    async with site.database.reading() as db:
        product = await desk_product(db, product_id, language=await goods_language(request, db), now=site.clock.now())
        return await _options_page(request, db, product_id, {"options": msgspec.to_builtins(product.options)})


async def _options_page(
    request: AnyRequest, db: Connection, product_id: UUID, raw: Any, *, faults: dict[str, str] | None = None
) -> Response[str]:
    language, found, site = language_of(request), faults or {}, site_of(request)
    product = await desk_product(db, product_id, language=await goods_language(request, db), now=site.clock.now())
    wanted = translate(language, _("Expected: {expected}."))
    return await desk_page(
        request,
        db,
        "desk/product_options.html",
        section="catalogue",
        status=422 if found else 200,
        product=product,
        name=product.variants[0].name if product.variants else product.external_id,
        shape=describe(inspect.type_info(_Making), raw, await place_of(db)),
        errors={path: wanted.format(expected=translate(language, text)) for path, text in found.items()},
        label=lambda field: translate(language, _LABELS[field]) if field in _LABELS else field,
        hint=lambda field: translate(language, _HINTS[field]) if field in _HINTS else "",
        kind_of=lambda part: type(part).__name__,
        wrong_in=lambda path: any(fault.startswith(path) for fault in found),
        adding=lambda field: translate(language, _ADDING[field]),
    )


@post(
    "/catalogue/{product_id:uuid}/options",
    opt={"permission": "catalogue.write"},
    request_max_body_size=_LARGEST_OPTIONS,
)
async def change_options(request: AnyRequest, product_id: FromPath[UUID]) -> Response[Any]:
    """Keep what was written, or show the form again: with an item more or less, or what is wrong."""
    site, form = site_of(request), await read_form(request, most=_MOST_FIELDS)
    faults: dict[str, str] = {}
    async with site.database.reading() as db:
        raw = read(inspect.type_info(_Making), form, await place_of(db), faults)
        if any(step in form for step in ("add", "up", "drop")):
            return await _options_page(request, db, product_id, raw)
    if not faults:
        try:
            made = msgspec.convert(raw, _Making)
            async with site.database.transaction() as db:
                change = ProductDraft(external_id="", options=made.options)
                await update_product(db, product_id, change, actor=actor_of(request), now=site.clock.now())
        except msgspec.ValidationError as error:
            problem, _sep, place = str(error).partition(" - at `$")
            faults[place.rstrip("`").lstrip(".") or "options"] = problem
        except InvalidValue as error:
            faults[error.field or "options"] = str(error.details["expected"])
        else:
            return go(request, f"/desk/catalogue/{product_id}", done=reader_of(request).text(_("Saved.")))
    async with site.database.reading() as db:
        return await _options_page(request, db, product_id, raw, faults=faults)
