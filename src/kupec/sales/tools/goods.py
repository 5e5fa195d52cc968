"""Tools about goods: found by a customer's words, and put beside one another. Prices are the asker's."""

from collections.abc import Sequence

from kupec.catalogue import Market, ProductCard, ProductView, browse, list_attributes, product_by_id, products_by_ids
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
_CHEAPEST = """
select v.product_id, (array_agg(v.sku order by c.amount, v.position, v.sku))[1] as sku, count(*)::int as variants
  from variant v join price c on c.variant_id = v.id and c.currency = $2
 where v.product_id = any($1::uuid[]) and v.status = 'active'
 group by v.product_id
"""


async def _find_products(context: ToolContext, arguments: FindProducts) -> FoundProducts:
    db = context.db
    market = await market_of(db, context)
    group = await price_group_of(db, await asker_of(db, context))
    query = arguments.query.strip()
    found = await browse(db, market, now=context.now, query=query, limit=arguments.limit, group=group)
    products = await _cards(db, context, market, found.products)
    return FoundProducts(
        count=found.total,
        query=query,
        products=products,
        text=_sentence(products, found.total, query, context.language),
    )


async def _cards(
    db: Connection, context: ToolContext, market: Market, cards: Sequence[ProductCard]
) -> list[FoundProduct]:
    """Products of a list, each with the SKU of its cheapest variant."""
    ids = [card.id for card in cards]
    rows = {row["product_id"]: row for row in await db.fetch(_CHEAPEST, ids, market.currency)}
    stars = await ratings(db, ids)
    return [
        _found(
            context,
            card,
            sku=rows[card.id]["sku"],
            variants=rows[card.id]["variants"],
            rating=stars.get(card.id),
        )
        for card in cards
        if card.id in rows
    ]


def _found(context: ToolContext, card: ProductCard, *, sku: str, variants: int, rating: Rating | None) -> FoundProduct:
    language = context.language
    price = money_said(card.price, card.currency, language)
    stock = _stock(card.available, language)
    lines = [card.summary] if card.summary else []
    if rating is not None and rating.reviews:
        text = _("{stars} of 5, rated by {count}")
        lines.append(words(language, text, stars=f"{rating.average:.1f}", count=rating.reviews))
    lines.append(stock)
    return FoundProduct(
        title=card.name,
        lines=lines,
        picture=f"{context.base_url or context.settings.base_url}/media/{card.picture}" if card.picture else "",
        url=context.link(f"/p/{card.slug}"),
        price_text=words(language, _("from {price}"), price=price) if card.price_varies else price,
        value=sku,
        sku=sku,
        price=card.price,
        currency=card.currency,
        available=card.available is None or card.available > 0,
        stock_text=stock,
        variants=variants,
    )


def _stock(pieces: int | None, language: str) -> str:
    if pieces is None:
        return translate(language, _("Available"))
    return translate(language, _("In stock")) if pieces > _PLENTY else shortage(pieces, language)


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
    db, language = context.db, context.language
    market = await market_of(db, context)
    group = await price_group_of(db, await asker_of(db, context))
    rows = await db.fetch("select sku, product_id from variant where sku = any($1::text[])", arguments.skus)
    ids = {row["sku"]: row["product_id"] for row in rows}
    wanted = list(dict.fromkeys(ids[sku] for sku in arguments.skus if sku in ids))
    if len(wanted) < len(set(arguments.skus)):
        raise NotFound(what="product")
    cards = await products_by_ids(db, market, wanted, now=context.now, group=group)
    products = await _cards(db, context, market, cards)
    views = [await product_by_id(db, market, card.id, now=context.now, group=group) for card in cards]
    compared = [
        ComparedRow(name=translate(language, _("Price")), values=[product.price_text for product in products]),
        *await _attributes(db, views, language),
        ComparedRow(name=translate(language, _("Stock")), values=[product.stock_text for product in products]),
    ]
    said = [" / ".join(product.title for product in products)]
    said += [f"{row.name}: {' / '.join(value or '–' for value in row.values)}" for row in compared]
    return Compared(products=products, rows=compared, text="\n".join(said))


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
