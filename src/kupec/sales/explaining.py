"""Why an order got a discount or not: the promotions that hold now, over what was sold then."""

from uuid import UUID

import msgspec

from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.versions import published
from kupec.sales.models import OrderDiscount
from kupec.sales.preview import LINES, ORDERS
from kupec.sales.promotions.documents import PROMOTIONS
from kupec.sales.promotions.engine import apply_promotions, gift_variants
from kupec.sales.promotions.models import Applied, Basket, BasketLine, CouponStanding

_DISCOUNTS = "select promotion, name, coupon, amount from order_discount where order_id = $1 order by position"


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """An order, what it was given, and what today's promotions say of it, reason by reason."""

    order_id: UUID
    number: str
    currency: str
    given: list[OrderDiscount]
    today: Applied


async def explain_order(db: Connection, number: str, *, language: str) -> Explained:
    """Judge the goods of an order by the published promotions, as of the moment it was placed. Raises NotFound.

    Caps and how often a coupon was used are not replayed. Reasons are templates; names are in `language`.
    """
    row = await db.fetchrow(f"{ORDERS} and o.number = $1", number)
    if row is None:
        raise NotFound(what="order")
    promotions = (await published(db, PROMOTIONS))[PROMOTIONS]
    fee = await db.fetchval("select shipping_amount + shipping_discount from sales_order where id = $1", row["id"])
    basket = Basket(
        currency=row["currency"],
        market=row["market"],
        channel=row["channel"],
        now=row["placed_at"],
        lines=[
            BasketLine(
                line_id=line["id"],
                variant_id=line["id"],
                product_id=line["product_id"] or line["id"],
                sku=line["sku"],
                category_codes=line["category_codes"],
                quantity=line["quantity"],
                unit_amount=line["unit_amount"],
            )
            for line in await db.fetch(LINES, [row["id"]])
        ],
        language=language,
        shipping_method=row["shipping_method"],
        shipping_fee=fee,
        coupons=list(row["coupons"]),
        price_group=row["price_group"],
        segments=row["segments"],
        first_order=row["first_order"],
    )
    coupons = {code: CouponStanding(code=code, promotion=promotion) for code, promotion in row["coupons"].items()}
    today = apply_promotions(promotions, basket, coupons, dict.fromkeys(gift_variants(promotions), True))
    given = [OrderDiscount(**dict(one)) for one in await db.fetch(_DISCOUNTS, row["id"])]
    return Explained(order_id=row["id"], number=row["number"], currency=row["currency"], given=given, today=today)
