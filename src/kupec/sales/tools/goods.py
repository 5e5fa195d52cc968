"""Tools about goods: found by a customer's words, and put beside one another. Prices are the asker's."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from kupec.catalogue import (
    Market,
    ProductView,
    VariantView,
    browse,
    list_attributes,
    product_by_id,
    variants_by_sku,
)
from kupec.customers import asker_of
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import listed, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.buyers_words import ATTRIBUTES, shortage
from kupec.sales.reviews import Rating, ratings
from kupec.sales.tools.in_hand import market_of, price_group_of
from kupec.sales.tools.shapes_cart import (
    Compared,
    ComparedRow,
    CompareProducts,
    FindProducts,
    FoundProduct,
    FoundProducts,
)

_PLENTY = 5


async def _find_products(context: ToolContext, arguments: FindProducts) -> FoundProducts:
    db = context.db
    market = await market_of(db, context)
    group = await price_group_of(db, await asker_of(db, context))
    query = arguments.query.strip()
    found = await browse(db, market, now=context.now, query=query, limit=arguments.limit, group=group)
    views = [await product_by_id(db, market, card.id, now=context.now, group=group) for card in found.products]
    stars = await ratings(db, [view.id for view in views])
    products = [_found(context, view, stars.get(view.id)) for view in views]
    return FoundProducts(
        count=found.total,
        query=query,
        products=products,
        text=_sentence(products, found.total, query, context.language),
    )


def _found(context: ToolContext, view: ProductView, rating: Rating | None) -> FoundProduct:
    language = context.language
    first = min(view.variants, key=lambda variant: variant.price)
    price = money_said(first.price, first.currency, language)
    varies = any(variant.price != first.price for variant in view.variants)
    pieces = [variant.available for variant in view.variants]
    available = any(count is None or count > 0 for count in pieces)
    stock = _stock(pieces, language)
    lines = [view.summary] if view.summary else []
    if rating is not None and rating.reviews:
        text = _("{stars} of 5, rated by {count}")
        lines.append(words(language, text, stars=f"{rating.average:.1f}", count=rating.reviews))
    lines.append(stock)
    return FoundProduct(
        title=view.name,
        lines=lines,
        picture=f"{context.base_url or context.settings.base_url}/media/{view.picture}" if view.picture else "",
        url=context.link(f"/p/{view.slug}"),
        price_text=words(language, _("from {price}"), price=price) if varies else price,
        value=first.sku,
        sku=first.sku,
        price=first.price,
        currency=first.currency,
        available=available,
        stock_text=stock,
        variants=len(view.variants),
    )


def _stock(pieces: Sequence[int | None], language: str) -> str:
    known = [count for count in pieces if count is not None]
    if len(known) < len(pieces):
        return translate(language, _("Available"))
    left = sum(known)
    return translate(language, _("In stock")) if left > _PLENTY else shortage(left, language)


def _sentence(products: list[FoundProduct], total: int, query: str, language: str) -> str:
    if not products:
        return words(language, _("I have found nothing for “{query}”. Could you say it in other words?"), query=query)
    names = listed([f"{each.title} ({each.price_text})" for each in products], language)
    if total > len(products):
        return words(
            language, _("I have found these and {more} more: {goods}."), more=total - len(products), goods=names
        )
    return words(language, _("I have found: {goods}."), goods=names)


async def _compare_products(context: ToolContext, arguments: CompareProducts) -> Compared:
    db = context.db
    market = await market_of(db, context)
    group = await price_group_of(db, await asker_of(db, context))
    known = await variants_by_sku(db, arguments.skus)
    variants = [known.get(sku) for sku in arguments.skus]
    views = [await _view(db, context, market, variant, group) for variant in variants]
    stars = await ratings(db, [view.id for view in views])
    products = [_found(context, view, stars.get(view.id)) for view in views]
    rows = [
        ComparedRow(name=translate(context.language, _("Price")), values=[product.price_text for product in products]),
        *await _attributes(db, views, context.language),
        ComparedRow(name=translate(context.language, _("Stock")), values=[product.stock_text for product in products]),
    ]
    text = "\n".join(f"{row.name}: {' / '.join(value or '–' for value in row.values)}" for row in rows)
    return Compared(products=products, rows=rows, text="\n".join([" / ".join(each.title for each in products), text]))


async def _view(
    db: Connection, context: ToolContext, market: Market, variant_id: UUID | None, group: str | None
) -> ProductView:
    product_id = await db.fetchval("select product_id from variant where id = $1", variant_id) if variant_id else None
    if product_id is None:
        raise NotFound(what="product")
    view = await product_by_id(db, market, product_id, now=context.now, group=group)
    mine: list[VariantView] = [variant for variant in view.variants if variant.id == variant_id]
    return msgspec.structs.replace(view, variants=mine) if mine else view


async def _attributes(db: Connection, views: Sequence[ProductView], language: str) -> list[ComparedRow]:
    """What differs, in the order of the first product; what all have alike says nothing."""
    known = {each.code: each for each in await list_attributes(db)}
    codes = list(dict.fromkeys(code for view in views for code in view.attributes))
    rows = []
    for code in codes:
        values = [view.attributes.get(code, "") for view in views]
        if len(set(values)) == 1:
            continue
        attribute = known.get(code)
        names = attribute.names if attribute else {}
        unit = f" {attribute.unit}" if attribute and attribute.unit else ""
        name = names.get(language) or names.get("en") or translate(language, ATTRIBUTES.get(code, code))
        rows.append(ComparedRow(name=name, values=[f"{value}{unit}" if value else "" for value in values]))
    return rows


GOODS_TOOLS = (
    Tool(
        name="find_products",
        description="Find products of the shop by what the customer says they want.",
        arguments=FindProducts,
        result=FoundProducts,
        run=_find_products,
    ),
    Tool(
        name="compare_products",
        description="Put two to four products beside one another: prices, what differs, stock.",
        arguments=CompareProducts,
        result=Compared,
        run=_compare_products,
    ),
)
