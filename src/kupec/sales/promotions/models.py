"""Promotions: what a merchant may promise, and what became of each promise in a sale."""

from datetime import datetime, time
from typing import Literal
from uuid import UUID

import msgspec


class AppliedPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion that made a sale cheaper by `amount`, in minor units with VAT."""

    code: str
    name: str
    coupon: str | None
    amount: int
    lines: dict[UUID, int] = {}
    """The part of `amount` that each line became cheaper by; the rest is off delivery."""
    chosen: bool = False
    """It is about some of the goods, not about all there are."""


class RefusedPromotion(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion or coupon that did not apply, and why: `reason` is a translatable template for `details`."""

    code: str
    name: str
    coupon: str | None
    reason: str
    details: dict[str, str | int] = {}


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some of the goods: what is in any of these. An empty one means all goods."""

    products: list[UUID] = []
    categories: list[str] = []
    skus: list[str] = []

    @property
    def everything(self) -> bool:
        return not (self.products or self.categories or self.skus)


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the day, by the shop's clock; `until` is not included, and may lie after midnight."""

    since: time
    until: time


class Conditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold for a promotion; what is left empty asks for nothing."""

    markets: list[str] = []
    currencies: list[str] = []
    channels: list[str] = []
    valid_from: datetime | None = None
    """By the shop's clock, without a zone. So is `valid_to`, which is not included."""
    valid_to: datetime | None = None
    weekdays: list[int] = []
    """1 is Monday, 7 is Sunday."""
    hours: Hours | None = None
    minimum: dict[str, int] = {}
    """Goods for at least this much with VAT, before discounts, by currency."""
    goods: Selection = Selection()
    quantity: int = 1
    """Of `goods`, where they are named: at least so many pieces."""
    price_groups: list[str] = []
    segments: list[str] = []
    """The customer is in any of these."""
    first_order: bool = False
    returning: bool = False
    needs_coupon: bool = False


class PercentOff(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="percent", forbid_unknown_fields=True
):
    """A share of the price of `goods`; 1000 basis points are 10 %."""

    percent_bp: int
    goods: Selection = Selection()


class AmountOff(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="amount", forbid_unknown_fields=True):
    """A fixed amount off `goods`, by currency, in minor units with VAT."""

    amounts: dict[str, int]
    goods: Selection = Selection()


class BuyGet(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="buy_get", forbid_unknown_fields=True):
    """In each set of `buy` + `get` pieces of `goods` the cheapest `get` are cheaper: by all their price, or a part."""

    buy: int
    get: int
    percent_bp: int = 10_000
    goods: Selection = Selection()


class FreeShipping(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="free_shipping", forbid_unknown_fields=True
):
    """Delivery costs nothing: by any of `methods` (all, if empty), and by currency at most so much is forgiven."""

    methods: list[str] = []
    up_to: dict[str, int] = {}


class GiftOf(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="gift", forbid_unknown_fields=True):
    """Pieces of a variant for nothing. `worth`, by currency, is what it counts when the best of a group is chosen."""

    variant_id: UUID
    sku: str = ""
    quantity: int = 1
    worth: dict[str, int] = {}


Action = PercentOff | AmountOff | BuyGet | FreeShipping | GiftOf


class Promotion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One promise. A smaller `priority` is looked at sooner.

    Of the promotions of one `group` the best for the customer applies; an `exclusive` one stands alone.
    """

    code: str
    names: dict[str, str]
    active: bool = True
    conditions: Conditions = Conditions()
    action: Action
    max_uses: int | None = None
    per_customer: int | None = None
    priority: int = 100
    group: str = ""
    exclusive: bool = False

    def name(self, language: str) -> str:
        return self.names.get(language) or self.names.get("en") or next(iter(self.names.values()), self.code)


class Promotions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything the shop promises at the moment. `timezone` is the shop's clock (IANA)."""

    timezone: str = "Europe/Prague"
    promotions: list[Promotion] = []


class CouponStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon as it stands for one shopper: their own held uses of it count, those of the cart in hand do not."""

    code: str
    promotion: str
    active: bool = True
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    max_uses: int | None = None
    used: int = 0
    per_customer: int | None = None
    used_by_customer: int = 0

    @property
    def spent(self) -> bool:
        everywhere = self.max_uses is not None and self.used >= self.max_uses
        return everywhere or (self.per_customer is not None and self.used_by_customer >= self.per_customer)


class BasketLine(msgspec.Struct, frozen=True, kw_only=True):
    line_id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    category_codes: list[str]
    quantity: int
    unit_amount: int


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """What promotions are judged by. Money in minor units with VAT; `now` is UTC.

    `used` and `used_by_customer` count uses by promotion; `first_order` is None while the buyer is unknown.
    """

    currency: str
    market: str
    channel: str
    now: datetime
    lines: list[BasketLine]
    language: str = "en"
    shipping_method: str | None = None
    shipping_fee: int = 0
    coupons: list[str] = []
    price_group: str | None = None
    segments: list[str] = []
    first_order: bool | None = None
    used: dict[str, int] = {}
    used_by_customer: dict[str, int] = {}


class Gift(msgspec.Struct, frozen=True, kw_only=True):
    variant_id: UUID
    quantity: int
    promotion: str


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What promotions do to a basket: discounts by line, off the fee of delivery, and gifts.

    `refused` is what the buyer should hear about; `silent` the rest, for whoever asks why.
    """

    lines: dict[UUID, int] = {}
    shipping: int = 0
    gifts: list[Gift] = []
    applied: list[AppliedPromotion] = []
    refused: list[RefusedPromotion] = []
    silent: list[RefusedPromotion] = []


class Shopper(msgspec.Struct, frozen=True, kw_only=True):
    """Whose standing is asked for. `key` names the answer (a cart's id); what that cart holds is not counted."""

    key: UUID
    coupons: list[str] = []
    email: str | None = None
    customer_id: UUID | None = None


class ShopperStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What a shopper has used up so far; `first_order` is None while nobody knows who they are."""

    coupons: dict[str, CouponStanding] = {}
    used: dict[str, int] = {}
    used_by_customer: dict[str, int] = {}
    first_order: bool | None = None


class Redeeming(msgspec.Struct, frozen=True, kw_only=True):
    """The promotions that an order about to be drafted makes use of. `customer_key`: see `customer_key`."""

    order_id: UUID
    customer_key: str
    applied: list[AppliedPromotion]
    customer_id: UUID | None = None
    currency: str = ""


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon as the desk sees it: `used` counts uses that are held or confirmed."""

    code: str
    promotion: str
    batch: str
    active: bool
    max_uses: int | None
    per_customer: int | None
    valid_from: datetime | None
    valid_to: datetime | None
    used: int
    created_at: datetime


RedemptionState = Literal["held", "confirmed", "released"]
