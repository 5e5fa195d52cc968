"""Feeds in the formats of those who read them: a head, a piece for each product, a foot.

Networks that show pictures take goods with a picture, no services; agents take everything. The limits are those that
each documents; docs/feeds.md says where.
"""

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec

from kupec.kit.money import Money
from kupec.machines.feeds.models import Goods, Shop, Variant

_CONTROLS: Final = {number: None for number in range(32) if number not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}
_META: Final = (
    *("id", "title", "description", "availability", "condition", "price", "sale_price", "link", "image_link", "brand"),
    *("gtin", "item_group_id", "product_type"),
)
_PINTEREST: Final = (
    *("id", "title", "description", "link", "image_link", "price", "sale_price", "availability", "condition", "brand"),
    *("gtin", "item_group_id", "product_type"),
)


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How one reader wants it."""

    file: str
    media_type: str
    head: Callable[[Shop], str]
    piece: Callable[[Shop, Goods], str]
    foot: str = ""


def _sold_by_picture(goods: Goods) -> bool:
    return goods.picture is not None and goods.kind == "goods"


def _text(text: str, longest: int) -> str:
    """Plain text in one line, cut at a word."""
    line = " ".join(text.translate(_CONTROLS).split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[longest // 2 :] else cut).rstrip(" ,;:-") + "…"


def _price(amount: int, shop: Shop) -> str:
    return f"{Money(amount, shop.market.currency).decimal:f} {shop.market.currency}"


def _brand(shop: Shop, goods: Goods, longest: int) -> str:
    return _text(goods.brand or shop.name, longest)


# --- Google --------------------------------------------------------------------------------------


def _google_head(shop: Shop) -> str:
    title, link = escape(shop.name), escape(f"{shop.base_url}/{shop.market.language}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>\n'
        f"<title>{title}</title><link>{link}</link><description>{title}</description>\n"
    )


def _google(shop: Shop, goods: Goods) -> str:
    if not _sold_by_picture(goods):
        return ""
    return "".join(_google_item(shop, goods, variant) for variant in goods.variants if len(variant.sku) <= 50)


def _google_item(shop: Shop, goods: Goods, variant: Variant) -> str:
    fields = {
        "id": variant.sku,
        "title": _text(variant.title, 150),
        "description": _text(goods.description, 5000),
        "link": shop.page(goods, variant),
        "image_link": shop.picture(goods),
        "availability": "in_stock" if variant.available else "out_of_stock",
        "price": _price(variant.regular or variant.price, shop),
        "sale_price": _price(variant.price, shop) if variant.regular else "",
        "condition": "new",
        "brand": _brand(shop, goods, 70),
        "gtin": variant.gtin or "",
        "identifier_exists": "" if variant.gtin else "no",
        "item_group_id": str(goods.id) if len(goods.variants) > 1 else "",
        "product_type": _text(" > ".join(goods.category), 750),
        "shipping_weight": f"{variant.weight_g} g" if variant.weight_g else "",
    }
    told = "".join(f"<g:{name}>{escape(value)}</g:{name}>" for name, value in fields.items() if value)
    return f"<item>{told}</item>\n"


# --- Meta and Pinterest --------------------------------------------------------------------------


def _meta(shop: Shop, goods: Goods) -> str:
    return _rows(
        _META,
        (
            {
                **_common(shop, goods, variant),
                "title": _text(variant.title, 200),
                "description": _text(goods.description, 9999),
                "brand": _brand(shop, goods, 100),
            }
            for variant in goods.variants
            if _sold_by_picture(goods) and len(variant.sku) <= 100
        ),
        ",",
    )


def _pinterest(shop: Shop, goods: Goods) -> str:
    return _rows(
        _PINTEREST,
        (
            {
                **_common(shop, goods, variant),
                "title": _text(variant.title, 500),
                "description": _text(goods.description, 10_000),
                "brand": _brand(shop, goods, 100),
            }
            for variant in goods.variants
            if _sold_by_picture(goods) and len(variant.sku) <= 127 and len(shop.page(goods, variant)) <= 511
        ),
        "\t",
    )


def _common(shop: Shop, goods: Goods, variant: Variant) -> dict[str, str]:
    return {
        "id": variant.sku,
        "availability": "in stock" if variant.available else "out of stock",
        "condition": "new",
        "price": _price(variant.regular or variant.price, shop),
        "sale_price": _price(variant.price, shop) if variant.regular else "",
        "link": shop.page(goods, variant),
        "image_link": shop.picture(goods),
        "gtin": variant.gtin or "",
        "item_group_id": str(goods.id) if len(goods.variants) > 1 else "",
        "product_type": _text(" > ".join(goods.category), 750),
    }


def _rows(columns: tuple[str, ...], rows: Iterable[dict[str, str]], delimiter: str) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, delimiter=delimiter, lineterminator="\n")
    writer.writerows(rows)
    return buffer.getvalue()


# --- agents --------------------------------------------------------------------------------------


def agent_product(shop: Shop, goods: Goods) -> dict[str, Any]:
    """A Product of ACP's feed schema."""
    product: dict[str, Any] = {
        "id": str(goods.id),
        "title": goods.title,
        "description": {"plain": goods.description},
        "url": shop.page(goods),
        "variants": [_agent_variant(shop, goods, variant) for variant in goods.variants],
    }
    if goods.picture is not None:
        product["media"] = [{"type": "image", "url": shop.picture(goods), "alt_text": goods.title}]
    return product


def _agent_variant(shop: Shop, goods: Goods, variant: Variant) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": str(variant.id),
        "title": variant.title,
        "url": shop.page(goods, variant),
        "price": {"amount": variant.price, "currency": shop.market.currency},
        "availability": {
            "available": variant.available,
            "status": "in_stock" if variant.available else "out_of_stock",
        },
        "condition": ["new"],
        "seller": {"name": shop.name},
    }
    if variant.regular:
        told["list_price"] = {"amount": variant.regular, "currency": shop.market.currency}
    if variant.gtin:
        told["barcodes"] = [{"type": "gtin", "value": variant.gtin}]
    if goods.category:
        told["categories"] = [{"value": " > ".join(goods.category), "taxonomy": "merchant"}]
    if variant.named:
        told["variant_options"] = [{"name": "variant", "value": variant.named}]
    return told


def _agent(shop: Shop, goods: Goods) -> str:
    return msgspec.json.encode(agent_product(shop, goods)).decode() + "\n"


FORMATS: Final = {
    each.file: each
    for each in (
        Format(
            file="google.xml",
            media_type="application/xml",
            head=_google_head,
            piece=_google,
            foot="</channel></rss>\n",
        ),
        Format(file="meta.csv", media_type="text/csv", head=lambda _shop: ",".join(_META) + "\n", piece=_meta),
        Format(
            file="pinterest.tsv",
            media_type="text/tab-separated-values",
            head=lambda _shop: "\t".join(_PINTEREST) + "\n",
            piece=_pinterest,
        ),
        Format(file="products.jsonl", media_type="application/jsonl", head=lambda _shop: "", piece=_agent),
    )
}
