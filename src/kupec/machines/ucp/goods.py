"""Products as the protocol shows them, for one market."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from kupec.catalogue import Market, ProductCard, SellableVariant, sellable
from kupec.kit.db import Connection
from kupec.kit.settings import Settings

Inputs: TypeAlias = dict[UUID, list[dict[str, str]]]
"""By variant: which identifiers of the request it answers, and how."""


class Goods:
    """Reads and renders goods as one market sees them at one moment."""

    def __init__(self, db: Connection, market: Market, settings: Settings, *, now: datetime) -> None:
        self.db = db
        self.market = market
        self.now = now
        self._settings = settings

    async def products(self, cards: Sequence[ProductCard], *, inputs: Inputs | None = None) -> list[dict[str, Any]]:
        """These products with their variants on sale; with `inputs`, only the variants it names."""
        rows = await self.db.fetch(
            """
            select product_id, id from variant
             where product_id = any($1::uuid[]) and status = 'active' order by product_id, position
            """,
            [card.id for card in cards],
        )
        sold = await sellable(self.db, [(self.market.code, row["id"]) for row in rows], now=self.now)
        by_product: dict[UUID, list[SellableVariant]] = {card.id: [] for card in cards}
        for row in rows:
            variant = sold.get((self.market.code, row["id"]))
            if variant is not None and (inputs is None or variant.id in inputs):
                by_product[row["product_id"]].append(variant)
        return [self._product(card, by_product[card.id], inputs) for card in cards if by_product[card.id]]

    def _product(self, card: ProductCard, variants: Sequence[SellableVariant], inputs: Inputs | None) -> dict[str, Any]:
        prices = [variant.unit_amount for variant in variants]
        shown: dict[str, Any] = {
            "id": str(card.id),
            "handle": card.slug,
            "title": card.name,
            "description": {"plain": card.summary or card.name},
            "url": f"{self._settings.base_url}/{self.market.language}/p/{card.slug}",
            "price_range": {"min": self._price(min(prices)), "max": self._price(max(prices))},
            "variants": [self._variant(variant, inputs) for variant in variants],
        }
        if card.picture is not None:
            url = f"{self._settings.base_url}/media/{card.picture}"
            shown["media"] = [{"type": "image", "url": url, "alt_text": card.name}]
        return shown

    def _variant(self, variant: SellableVariant, inputs: Inputs | None) -> dict[str, Any]:
        available = not variant.stocked or variant.available > 0
        shown: dict[str, Any] = {
            "id": str(variant.id),
            "sku": variant.sku,
            "title": variant.name,
            "description": {"plain": variant.name},
            "price": self._price(variant.unit_amount),
            "availability": {"available": available, "status": "in_stock" if available else "out_of_stock"},
        }
        if inputs is not None:
            shown["inputs"] = inputs[variant.id]
        return shown

    def _price(self, amount: int) -> dict[str, Any]:
        return {"amount": amount, "currency": self.market.currency}
