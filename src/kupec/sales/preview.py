"""What past sales would have cost under a document that does not hold yet: pure re-pricing, nothing is written.

The same goods at the prices they were sold for, once under what is published and once under the draft: the two
differ by the draft alone. What cannot be replayed is left out of both: caps and how often a coupon was used, price
lists, store credit. See docs/business-settings.md.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from kupec.billing import PAYMENT
from kupec.catalogue import TAX, Market, SellableVariant, markets
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.sales.cart_prices import current_terms
from kupec.sales.models import Address, Cart, CartLine, Company, PricedCart
from kupec.sales.pricing import Claims, Terms, price
from kupec.sales.promotions.coupons import PROMOTIONS, gift_variants
from kupec.sales.promotions.models import CouponStanding, ShopperStanding
from kupec.sales.shipping import SHIPPING, Tariff
from kupec.sales.shipping_models import Shipping

PREVIEWED = (TAX.name, SHIPPING.name, PROMOTIONS.name, PAYMENT.name)
"""The kinds of documents that past orders can be priced under."""

_CHUNK = 100
_LARGEST = 10

ORDERS = """
select o.id, o.number, o.market, o.currency, o.language, o.channel, o.agent, o.email, o.address, o.company,
       o.shipping_method, o.payment_method, o.placed_at, o.customer_id, p.price_group,
       coalesce(p.segments, '{}') as segments,
       case when o.customer_id is not null then
           not exists (select from sales_order e where e.customer_id = any(
                           select o.customer_id
                           union select party_id from party_alias where member_id = o.customer_id
                           union select member_id from party_alias where party_id = coalesce(
                               (select party_id from party_alias where member_id = o.customer_id), o.customer_id))
                         and e.placed_at < o.placed_at and e.state <> 'cancelled') end as first_order,
       coalesce((select jsonb_object_agg(d.coupon, d.promotion) from order_discount d
                  where d.order_id = o.id and d.coupon is not null), '{}') as coupons
  from sales_order o left join party p on p.id = o.customer_id
 where o.placed_at is not null
"""

_LATEST = f"""{ORDERS} and ($1::timestamptz is null or (o.placed_at, o.id) < ($1, $2::uuid))
 order by o.placed_at desc, o.id desc limit $3
"""

LINES = """
select l.order_id, l.id, l.sku, l.name, l.quantity, l.unit_amount, l.lead_days, v.product_id, p.vat_class,
       coalesce(v.weight_g, 0) as weight_g, coalesce(p.category_codes, '{}') as category_codes
  from order_line l left join variant v on v.id = l.variant_id left join product p on p.id = v.product_id
 where l.order_id = any($1::uuid[]) and not l.gift
 order by l.order_id, l.position
"""


class ChangedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that would have come to something else. Minor units with VAT; `lost` names what it could not have."""

    order_id: UUID
    number: str
    placed_at: datetime
    currency: str
    before: int
    after: int
    tax_before: int
    tax_after: int
    lost: str = ""
    """"shipping" or "payment": the way that was chosen would not have been offered."""

    @property
    def difference(self) -> int:
        return self.after - self.before


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would have meant. `complete` is false when time ran out before all orders were looked at.

    `unclear` are orders that nothing can be said of: they do not name a way of delivery, or their market is no more.
    `difference` and `tax_difference` are sums by currency over the orders that could have been placed all the same.
    """

    orders: int
    changed: int
    lost: int
    unclear: int
    difference: dict[str, int]
    tax_difference: dict[str, int]
    largest: list[ChangedOrder]
    complete: bool


def terms_with(terms: Terms, kind: str, document: object) -> Terms:
    """What would hold with this document of a kind among PREVIEWED. Raises NotFound for any other kind."""
    if kind == SHIPPING.name:
        return msgspec.structs.replace(terms, tariff=Tariff(msgspec.convert(document, Shipping)))
    field = {TAX.name: "tax", PROMOTIONS.name: "promotions", PAYMENT.name: "methods"}.get(kind)
    if field is None:
        raise NotFound(what="preview")
    return msgspec.structs.replace(terms, **{field: document})


async def preview_orders(
    db: Connection, kind: str, document: object, *, most: int = 3120, patience: float = 10.0
) -> Preview:
    """Price the latest `most` orders under `document` instead of what is published of its kind.

    Works in chunks, gives way to others between them, and stops after `patience` seconds. Reads only.
    Raises NotFound for a kind that prices nothing.
    """
    before = await current_terms(db)
    needs_delivery = kind == SHIPPING.name
    replay = _Replay(
        {market.code: market for market in await markets(db)},
        before,
        terms_with(before, kind, document),
        needs_delivery,
    )
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    place: tuple[datetime, UUID] | tuple[None, None] = (None, None)
    while replay.orders < most:
        if loop.time() > deadline:
            return replay.result(complete=False)
        rows = await db.fetch(_LATEST, *place, min(_CHUNK, most - replay.orders))
        if not rows:
            break
        lines: dict[UUID, list[asyncpg.Record]] = {row["id"]: [] for row in rows}
        for line in await db.fetch(LINES, list(lines)):
            lines[line["order_id"]].append(line)
        for row in rows:
            replay.order(row, lines[row["id"]])
        place = (rows[-1]["placed_at"], rows[-1]["id"])
    return replay.result(complete=True)


class _Replay:
    """The orders looked at so far, and what has come of them."""

    def __init__(self, known: Mapping[str, Market], before: Terms, after: Terms, needs_delivery: bool) -> None:
        self.orders = 0
        self._unclear = 0
        self._needs_delivery = needs_delivery
        self._markets = known
        self._before = before
        self._after = after
        self._gifts = {
            variant_id: _gift(variant_id) for terms in (before, after) for variant_id in gift_variants(terms.promotions)
        }
        self._changed: list[ChangedOrder] = []

    def order(self, row: asyncpg.Record, lines: Sequence[asyncpg.Record]) -> None:
        self.orders += 1
        market = self._markets.get(row["market"])
        delivered = row["shipping_method"] is not None or not self._needs_delivery
        if market is None or market.currency != row["currency"] or not lines or not delivered:
            self._unclear += 1
            return
        cart, goods = _cart(row, lines), {line["id"]: _goods(line) for line in lines} | self._gifts
        was, would_be = (
            price(cart, market, goods, terms, now=row["placed_at"], claims=_claims(row))
            for terms in (self._before, self._after)
        )
        lost = _lost(was, would_be)
        if lost or (was.total, was.tax) != (would_be.total, would_be.tax):
            self._changed.append(
                ChangedOrder(
                    order_id=row["id"],
                    number=row["number"],
                    placed_at=row["placed_at"],
                    currency=row["currency"],
                    before=was.total,
                    after=would_be.total,
                    tax_before=was.tax,
                    tax_after=would_be.tax,
                    lost=lost,
                )
            )

    def result(self, *, complete: bool) -> Preview:
        difference: Counter[str] = Counter()
        tax: Counter[str] = Counter()
        for one in self._changed:
            if not one.lost:
                difference[one.currency] += one.difference
                tax[one.currency] += one.tax_after - one.tax_before
        by_size = sorted(self._changed, key=lambda one: (-abs(one.difference), -abs(one.tax_after - one.tax_before)))
        return Preview(
            orders=self.orders,
            changed=len(self._changed),
            lost=sum(1 for one in self._changed if one.lost),
            unclear=self._unclear,
            difference=dict(difference),
            tax_difference=dict(tax),
            largest=by_size[:_LARGEST],
            complete=complete,
        )


def _lost(was: PricedCart, would_be: PricedCart) -> str:
    if was.shipping is not None and would_be.shipping is None:
        return "shipping"
    return "payment" if was.payment is not None and would_be.payment is None else ""


def _cart(row: asyncpg.Record, lines: Sequence[asyncpg.Record]) -> Cart:
    return Cart(
        id=row["id"],
        customer_id=row["customer_id"],
        market=row["market"],
        language=row["language"],
        channel=row["channel"],
        agent=row["agent"],
        email=row["email"],
        address=_address(row["address"]),
        shipping_method=row["shipping_method"],
        payment_method=row["payment_method"],
        coupons=list(row["coupons"]),
        company=msgspec.convert(row["company"], Company) if row["company"] else None,
        price_group=row["price_group"],
        segments=row["segments"],
        created_at=row["placed_at"],
        updated_at=row["placed_at"],
        lines=[CartLine(id=line["id"], variant_id=line["id"], quantity=line["quantity"]) for line in lines],
    )


def _address(stored: dict[str, str | None]) -> Address:
    """An imported order may lack parts of it."""
    return Address(**{part: stored.get(part) or "" for part in Address.__struct_fields__})


def _goods(line: asyncpg.Record) -> SellableVariant:
    """The line as it was sold: a variant of its own, since the same one may have been sold at several prices."""
    return SellableVariant(
        id=line["id"],
        product_id=line["product_id"] or line["id"],
        sku=line["sku"],
        name=line["name"],
        picture=None,
        slug="",
        kind="",
        unit_amount=line["unit_amount"],
        vat_class=line["vat_class"] or "standard",
        stocked=False,
        available=0,
        weight_g=line["weight_g"],
        lead_days=line["lead_days"],
        category_codes=line["category_codes"],
    )


def _gift(variant_id: UUID) -> SellableVariant:
    return SellableVariant(
        id=variant_id,
        product_id=variant_id,
        sku="",
        name="",
        picture=None,
        slug="",
        kind="",
        unit_amount=0,
        vat_class="standard",
        stocked=False,
        available=0,
    )


def _claims(row: asyncpg.Record) -> Claims:
    """What the buyer brought then. Their coupons are taken to be good, as they were."""
    coupons = {code: CouponStanding(code=code, promotion=promotion) for code, promotion in row["coupons"].items()}
    standing = ShopperStanding(coupons=coupons, first_order=row["first_order"])
    return Claims(standing=standing, account=row["payment_method"] is not None)
