"""What search engines read: schema.org as JSON-LD, in a data block that browsers never run."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from kupec.catalogue import Category, ProductView
from kupec.kit.money import Money
from kupec.sales import Rating, Review
from kupec.web.storefront.shop import Shop

_CONTEXT = "https://schema.org"
_IN_STOCK = "https://schema.org/InStock"
_SOLD_OUT = "https://schema.org/OutOfStock"
_MOST_REVIEWS = 5
# Within a script element only these can end it or begin a comment; as escapes they mean the same in JSON.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def data_block(thing: Mapping[str, Any]) -> Markup:
    """A thing as the content of a script element of type application/ld+json."""
    return Markup(msgspec.json.encode(thing).decode().translate(_ESCAPES))  # noqa: S704 - escaped above


def breadcrumbs(shop: Shop, base_url: str, path: Sequence[Category], last: tuple[str, str] | None = None) -> Markup:
    """BreadcrumbList of the categories that lead somewhere; `last` is (name, address) of what stands below them."""
    steps = [(step.name, shop.address(f"/c/{step.slug}")) for step in path]
    if last:
        steps.append(last)
    items = [
        {"@type": "ListItem", "position": position, "name": name, "item": f"{base_url}{address}"}
        for position, (name, address) in enumerate(steps, start=1)
    ]
    return data_block({"@context": _CONTEXT, "@type": "BreadcrumbList", "itemListElement": items})


def shop_itself(shop: Shop, base_url: str, name: str) -> Markup:
    """WebSite with its search, for the home page."""
    search = f"{base_url}{shop.address('/search')}?q={{words}}"
    return data_block(
        {
            "@context": _CONTEXT,
            "@type": "WebSite",
            "name": name,
            "url": f"{base_url}{shop.address()}",
            "inLanguage": shop.language,
            "potentialAction": {
                "@type": "SearchAction",
                "target": {"@type": "EntryPoint", "urlTemplate": search},
                "query-input": "required name=words",
            },
        }
    )


def product_data(
    shop: Shop, base_url: str, product: ProductView, rating: Rating | None, reviews: Sequence[Review], seller: str
) -> Markup:
    """Product with its offers and what buyers say. A price here is the one on the page: with VAT, for one piece."""
    address = f"{base_url}{shop.address(f'/p/{product.slug}')}"
    thing: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "Product" if product.kind == "goods" else ["Product", "Service"],
        "@id": f"{address}#product",
        "name": product.name,
        "url": address,
        "sku": product.variants[0].sku,
        "inLanguage": shop.language,
        "offers": _offers(product, address, seller),
    }
    if product.summary or product.description:
        thing["description"] = product.summary or product.description
    if product.picture:
        thing["image"] = [f"{base_url}/media/{product.picture}"]
    if product.brand:
        thing["brand"] = {"@type": "Brand", "name": product.brand}
    barcode = product.variants[0].barcode
    if barcode and len(product.variants) == 1 and barcode.isdigit() and len(barcode) in (8, 12, 13, 14):
        thing["gtin"] = barcode
    if rating:
        thing["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": rating.average,
            "reviewCount": rating.reviews,
            "bestRating": 5,
            "worstRating": 1,
        }
        thing["review"] = [_review(each) for each in reviews[:_MOST_REVIEWS]]
    return data_block(thing)


def _offers(product: ProductView, address: str, seller: str) -> dict[str, Any]:
    offers = [
        {
            "@type": "Offer",
            "url": address if len(product.variants) == 1 else f"{address}?variant={variant.id}",
            "sku": variant.sku,
            "price": _price(variant.price, variant.currency),
            "priceCurrency": variant.currency,
            "availability": _SOLD_OUT if variant.available == 0 else _IN_STOCK,
            "itemCondition": "https://schema.org/NewCondition",
            "seller": {"@type": "Organization", "name": seller},
        }
        for variant in product.variants
    ]
    if len(offers) == 1:
        return offers[0]
    prices = [variant.price for variant in product.variants]
    currency = product.variants[0].currency
    return {
        "@type": "AggregateOffer",
        "lowPrice": _price(min(prices), currency),
        "highPrice": _price(max(prices), currency),
        "priceCurrency": currency,
        "offerCount": len(offers),
        "availability": _IN_STOCK if any(each["availability"] == _IN_STOCK for each in offers) else _SOLD_OUT,
        "offers": offers,
    }


def _review(review: Review) -> dict[str, Any]:
    thing: dict[str, Any] = {
        "@type": "Review",
        "author": {"@type": "Person", "name": review.author or "–"},
        "datePublished": review.written_at.date().isoformat(),
        "inLanguage": review.language,
        "reviewRating": {"@type": "Rating", "ratingValue": review.stars, "bestRating": 5, "worstRating": 1},
    }
    if review.title:
        thing["name"] = review.title
    if review.body:
        thing["reviewBody"] = review.body
    return thing


def _price(amount: int, currency: str) -> str:
    return f"{Money(amount, currency).decimal:f}"
