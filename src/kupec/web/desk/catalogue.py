"""The catalogue: every article, also what is not on sale; names, state and prices of a product."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from kupec.catalogue import (
    TAX,
    DeskProduct,
    DeskVariant,
    ProductDraft,
    ProductText,
    TextDraft,
    VariantDraft,
    desk_product,
    markets,
    search_variants,
    update_product,
)
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.events import subject_history
from kupec.kit.i18n import LANGUAGES, explain
from kupec.kit.i18n import mark as _
from kupec.kit.money import Money, parse_amount
from kupec.kit.versions import published
from kupec.web.desk.gate import actor_of
from kupec.web.desk.page import desk_page, go, in_words, reader_of, typed
from kupec.web.desk.product_fields import (
    RELATIONS,
    bundle_text,
    codes,
    read_bundle,
    read_days,
    read_relations,
    read_reorder_point,
)
from kupec.web.desk.timeline import days
from kupec.web.desk.words import PRODUCT_STATES
from kupec.web.forms import Form, query_form, read_form
from kupec.web.rendering import AnyRequest, language_of, site_of

PAGE = 50
MOST_PAGES = 2000
_LONGEST_NAME = 300


class ArticleList(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it."""

    query: str
    status: str | None
    page: int
    rows: list[DeskVariant]
    total: int

    @property
    def filters(self) -> dict[str, str | int | None]:
        return {"q": self.query, "status": self.status, "page": self.page if self.page > 1 else None}

    @property
    def more(self) -> bool:
        return self.page * PAGE < self.total


async def goods_language(request: AnyRequest, db: Connection) -> str:
    """The language goods are named and searched in: the reader's, if we sell in it, else the first market's."""
    wanted, sold = language_of(request), [market.language for market in await markets(db)]
    return wanted if wanted in sold or not sold else sold[0]


async def article_list(request: AnyRequest, db: Connection) -> ArticleList:
    form, now = query_form(request), site_of(request).clock.now()
    language = await goods_language(request, db)
    query, status, page = form.text("q"), form.text("status"), page_of(form)
    known = status if status in PRODUCT_STATES else None
    rows, total = await search_variants(
        db, query, language=language, now=now, status=known, limit=PAGE, offset=(page - 1) * PAGE
    )
    return ArticleList(query=query, status=known, page=page, rows=rows, total=total)


def page_of(form: Form) -> int:
    """Which page the address asks for; anything else is the first."""
    text = form.text("page", most=20)
    return min(max(int(text), 1), MOST_PAGES) if text.isascii() and text.isdigit() else 1


@get("/catalogue", opt={"permission": "catalogue.read"})
async def articles(request: AnyRequest) -> Response[str]:
    async with site_of(request).database.reading() as db:
        listing = await article_list(request, db)
        return await desk_page(
            request,
            db,
            "desk/catalogue.html",
            section="catalogue",
            listing=listing,
            product=None,
            states=PRODUCT_STATES,
        )


async def product_page(
    request: AnyRequest,
    db: Connection,
    product_id: UUID,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    values: Form | None = None,
) -> Response[str]:
    """The product beside its list; a refused form comes back with what was typed and the error beside its field."""
    reader, now = reader_of(request), site_of(request).clock.now()
    product = await desk_product(db, product_id, language=await goods_language(request, db), now=now)
    subject = f"product:{product_id}"
    return await desk_page(
        request,
        db,
        "desk/catalogue.html",
        section="catalogue",
        status=status,
        listing=await article_list(request, db),
        product=product,
        name=_name(product.texts, reader.language),
        states=PRODUCT_STATES,
        currencies=await _currencies(db, product),
        typed=typed(values),
        shown=shown_amount,
        classes=sorted((await published(db, TAX))[TAX].classes | {product.vat_class}),
        relations=RELATIONS,
        bundle_text=bundle_text,
        history=await days(db, await subject_history(db, subject), reader, here=subject),
        errors=errors or {},
    )


@get("/catalogue/{product_id:uuid}", opt={"permission": "catalogue.read"})
async def product(request: AnyRequest, product_id: FromPath[UUID]) -> Response[str]:
    async with site_of(request).database.reading() as db:
        return await product_page(request, db, product_id)


@post("/catalogue/{product_id:uuid}", opt={"permission": "catalogue.write"})
async def change_product(request: AnyRequest, product_id: FromPath[UUID]) -> Response[Any]:
    site, form, language = site_of(request), await read_form(request), language_of(request)
    query = f"?{request.url.query}" if request.url.query else ""
    try:
        async with site.database.transaction() as db:
            now = site.clock.now()
            stored = await desk_product(db, product_id, language=await goods_language(request, db), now=now)
            change = read_change(form, stored, await _currencies(db, stored))
            await update_product(db, product_id, change, actor=actor_of(request), now=now)
    except KupecError as error:
        if error.field is None:
            return go(request, f"/desk/catalogue/{product_id}{query}", failed=explain(error, language))
        errors = {f"product.{_field(error, form)}": in_words(error, language)}
        async with site.database.reading() as db:
            return await product_page(request, db, product_id, status=error.status, errors=errors, values=form)
    return go(request, f"/desk/catalogue/{product_id}{query}", done=reader_of(request).text(_("Saved.")))


def _field(error: KupecError, form: Form) -> str | None:
    """The field of the form that a verb's error is about: a verb names a relation or a bundle, not whose it is."""
    if error.field in RELATIONS:
        return f"relation.{error.field}"
    if error.field in ("bundle", "stock", "reorder_point"):
        prefix = "reorder." if error.field == "reorder_point" else "bundle."
        return next((name for name in form.names if name.startswith(prefix) and form.prose(name, most=5000)), None)
    return error.field


def read_change(form: Form, stored: DeskProduct, currencies: list[str]) -> ProductDraft:
    """What the form changes about a product. Raises InvalidValue naming the field."""
    status = form.text("status")
    if status not in PRODUCT_STATES:
        raise InvalidValue(field="status", expected=", ".join(PRODUCT_STATES))
    texts = {language: text for language in LANGUAGES if (text := _read_text(form, language, stored.texts))}
    variants = [
        VariantDraft(
            sku=variant.sku,
            prices=_read_prices(form, variant, currencies),
            reorder_point=read_reorder_point(form, variant),
            bundle=read_bundle(form, variant),
        )
        for variant in stored.variants
        if variant.status == "active"
    ]
    return ProductDraft(
        external_id=stored.external_id,
        status=status,  # type: ignore[arg-type]
        brand=form.text("brand") if "brand" in form else None,
        vat_class=form.text("vat_class", most=40) if "vat_class" in form else None,
        categories=codes(form.text("categories", most=5000)) if "categories" in form else None,
        lead_days=read_days(form, "lead_days"),
        service_interval_days=read_days(form, "service_interval_days"),
        relations=read_relations(form),
        texts=texts,
        variants=variants,
    )


def _read_text(form: Form, language: str, stored: Mapping[str, ProductText]) -> TextDraft | None:
    field = f"name.{language}"
    name = form.text(field, most=_LONGEST_NAME)
    summary, description = (
        form.text(f"summary.{language}", most=1000),
        form.prose(f"description.{language}", most=20_000),
    )
    if not name:
        if language in stored or summary or description:
            raise InvalidValue(field=field, expected=_("a name"))
        return None
    return TextDraft(name=name, summary=summary, description=description)


def _read_prices(form: Form, variant: DeskVariant, currencies: list[str]) -> dict[str, int]:
    prices = {}
    for currency in currencies:
        field = f"price.{variant.id}.{currency}"
        text = form.text(field)
        if not text and currency not in variant.prices:
            continue
        amount = parse_amount(text, currency, field=field)
        if amount < 0:
            raise InvalidValue(field=field, expected=_("an amount that is not negative"))
        prices[currency] = amount
    return prices


async def _currencies(db: Connection, product: DeskProduct) -> list[str]:
    """Those we sell in, and any other that the product has a price in."""
    sold = [market.currency for market in await markets(db)]
    priced = [currency for variant in product.variants for currency in variant.prices]
    return list(dict.fromkeys([*sold, *sorted(priced)]))


def _name(texts: Mapping[str, ProductText], language: str) -> str:
    best = texts.get(language) or texts.get("en") or next(iter(texts.values()), None)
    return best.name if best else "—"


def shown_amount(amount: int | None, currency: str, language: str) -> str:
    """An amount as one types it into a field: no currency, no spaces, the language's comma."""
    if amount is None:
        return ""
    text = f"{Money(amount, currency).decimal:f}"
    text = text.removesuffix(".00")
    return text if language == "en" else text.replace(".", ",")
