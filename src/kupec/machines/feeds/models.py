"""What feeds are made of: goods as they stand at this moment, one item a variant."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.catalogue import Market


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """What one can buy. `price` is of one piece, with VAT, in minor units; `regular` is what it costs else, if more."""

    id: UUID
    sku: str
    title: str
    price: int
    regular: int | None
    available: bool
    gtin: str | None
    weight_g: int
    named: str
    """What sets it apart from its sisters ("500 g"), empty where it is the only one."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture by its hash; `drawn` ones are SVG, which none of the networks takes: they get it as PNG."""

    sha: str
    drawn: bool


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """A product on sale in a market, with its variants that are."""

    id: UUID
    slug: str
    title: str
    description: str
    brand: str
    kind: str
    picture: Picture | None
    category: list[str]
    """The names on the way to its deepest category, the widest first."""
    variants: list[Variant]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What a market's feeds tell, as a digest, and since when it has been so."""

    digest: str
    changed_at: datetime


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """Whose feed it is."""

    name: str
    base_url: str
    market: Market

    def page(self, goods: Goods, variant: Variant | None = None) -> str:
        """The address of the product's page, on which the variant's price stands."""
        address = f"{self.base_url}/{self.market.language}/p/{goods.slug}"
        return f"{address}?variant={variant.id}" if variant is not None and len(goods.variants) > 1 else address

    def picture(self, goods: Goods) -> str:
        assert goods.picture is not None
        if goods.picture.drawn:
            return f"{self.base_url}/feeds/pictures/{goods.picture.sha}.png"
        return f"{self.base_url}/media/{goods.picture.sha}"


def is_gtin(text: str | None) -> bool:
    """Whether it has a GTIN's length and check digit."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) not in (8, 12, 13, 14):
        return False
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(text[:-1])))
    return (10 - weighed % 10) % 10 == int(text[-1])
