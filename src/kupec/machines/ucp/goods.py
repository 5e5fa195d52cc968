"""Products as the protocol shows them, for one market."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import Market, ProductCard, SellableVariant, sellable
from kupec.kit.db import Connection
from kupec.kit.settings import Settings
from kupec.machines.ucp.requests import PriceFilterIn
from kupec.machines.ucp.shapes import (
    Availability,
    Category,
    Description,
    Input,
    Media,
    Price,
    PriceRange,
    Product,
    Variant,
)


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """The identifiers of a request by what they name."""

    exact: dict[UUID, list[str]]
    """By variant."""
    featured: dict[UUID, list[str]]
    """By product, which its first variant stands for."""


class Goods:
    """Reads and renders goods as one market sees them at one moment."""

    def __init__(self, db: Connection, market: Market, settings: Settings, *, now: datetime) -> None:
        self.db = db
        self.market = market
        self.now = now
        self._settings = settings

    async def products(
        self, cards: Sequence[ProductCard], *, price: PriceFilterIn | None = None, sought: Sought | None = None
    ) -> list[Product]:
        """These products with their variants on sale in the price range; with `sought`, only the variants it names."""
        ids = [card.id for card in cards]
        rows = await self.db.fetch(
            """
            select product_id, id from variant
             where product_id = any($1::uuid[]) and status = 'active' order by product_id, position, sku
            """,
            ids,
        )
        sold = await sellable(self.db, [(self.market.code, row["id"]) for row in rows], now=self.now)
        categories = await self._categories(ids)
        by_product: dict[UUID, list[SellableVariant]] = {}
        for row in rows:
            variant = sold.get((self.market.code, row["id"]))
            if variant is not None and in_range(price, variant.unit_amount):
                by_product.setdefault(row["product_id"], []).append(variant)
        shown = []
        for card in cards:
            variants = self._variants(by_product.get(card.id, []), card.id, sought)
            if variants:
                shown.append(self._product(card, variants, categories.get(card.id, [])))
        return shown

    async def _categories(self, product_ids: Sequence[UUID]) -> Mapping[UUID, list[Category]]:
        rows = await self.db.fetch(
            """
            select placed.product_id, named.name
              from product_category placed
              join lateral (
                   select name from category_text where category_id = placed.category_id
                    order by language = $2 desc, language = 'en' desc, language limit 1) named on true
             where placed.product_id = any($1::uuid[])
             order by placed.product_id, named.name
            """,
            product_ids,
            self.market.language,
        )
        found: dict[UUID, list[Category]] = {}
        for row in rows:
            found.setdefault(row["product_id"], []).append(Category(value=row["name"], taxonomy="merchant"))
        return found

    def _variants(self, sold: Sequence[SellableVariant], product_id: UUID, sought: Sought | None) -> list[Variant]:
        if sought is None:
            return [self._variant(variant) for variant in sold]
        shown = []
        for place, variant in enumerate(sold):
            inputs = [Input(id=text, match="exact") for text in sought.exact.get(variant.id, ())]
            if place == 0:
                inputs += [Input(id=text, match="featured") for text in sought.featured.get(product_id, ())]
            if inputs:
                shown.append(self._variant(variant, inputs))
        return shown

    def _product(self, card: ProductCard, variants: list[Variant], categories: list[Category]) -> Product:
        prices = [variant.price.amount for variant in variants]
        media = None
        if card.picture is not None:
            url = f"{self._settings.base_url}/media/{card.picture}"
            media = [Media(type="image", url=url, alt_text=card.name)]
        return Product(
            id=str(card.id),
            handle=card.slug,
            title=card.name,
            description=Description(plain=card.summary or card.name),
            url=f"{self._settings.base_url}/{self.market.language}/p/{card.slug}",
            price_range=PriceRange(min=self._price(min(prices)), max=self._price(max(prices))),
            variants=variants,
            categories=categories or None,
            media=media,
        )

    def _variant(self, variant: SellableVariant, inputs: list[Input] | None = None) -> Variant:
        available = not variant.stocked or variant.available > 0
        return Variant(
            id=str(variant.id),
            sku=variant.sku,
            title=variant.name,
            description=Description(plain=variant.name),
            price=self._price(variant.unit_amount),
            availability=Availability(available=available, status="in_stock" if available else "out_of_stock"),
            inputs=inputs,
        )

    def _price(self, amount: int) -> Price:
        return Price(amount=amount, currency=self.market.currency)


def in_range(price: PriceFilterIn | None, amount: int) -> bool:
    if price is None:
        return True
    return (price.min is None or amount >= price.min) and (price.max is None or amount <= price.max)
