"""What a cart costs and what it still lacks: pure rules, no database. Worked numbers: docs/algorithms/pricing.md."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec

from kupec.billing import PaymentMethods, PaymentOption, offered
from kupec.catalogue import Market, SellableVariant, TaxRules
from kupec.kit.money import included_tax
from kupec.sales.line_prices import gift_lines, price_lines, subtotal_of, with_discounts
from kupec.sales.models import Cart, PricedCart, PricedLine, ShippingOption
from kupec.sales.problems import problems_of
from kupec.sales.promotions.engine import apply_promotions, delivery_may_be_cheaper
from kupec.sales.promotions.models import Applied, Basket, BasketLine, Promotions, ShopperStanding
from kupec.sales.shipping import Tariff

FEE_VAT_CLASS = "standard"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every sale at this moment: the published documents."""

    tax: TaxRules
    tariff: Tariff
    promotions: Promotions
    methods: PaymentMethods


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What this buyer brings: how often they used a promotion, their store credit (minor units), a house account.

    What is bought on account for more than `approval_over` wants the word of somebody else.
    """

    standing: ShopperStanding = ShopperStanding()
    credit: int = 0
    account: bool = False
    account_stopped: bool = False
    approval_over: int | None = None


NO_CLAIMS = Claims()


def price(
    cart: Cart,
    market: Market,
    goods: Mapping[UUID, SellableVariant],
    terms: Terms,
    *,
    now: datetime,
    claims: Claims = NO_CLAIMS,
    choose: Callable[[Sequence[ShippingOption]], str] | None = None,
) -> PricedCart:
    """The cart with prices, discounts, fees, tax, total and problems. `goods` is keyed by variant id.

    Prices include VAT. Tax is rounded once per rate over the goods and then split over that rate's lines by largest
    remainder, so that the lines add up to the invoice to the last haléř. `choose` takes a delivery where an address
    is known and none of what is offered there is chosen.
    """
    destination = cart.address.country if cart.address and cart.address.country else None
    lines = price_lines(cart, market, goods, terms.tax, destination)
    fee_bp = terms.tax.rate(FEE_VAT_CLASS, home=market.home_country, destination=destination) or 0
    options = _shipping_options(cart, market, goods, lines, terms.tariff, fee_bp, now)
    shipping = _chosen_shipping(cart, options, choose)
    applied = _promote(cart, market, goods, lines, claims.standing, terms.promotions, now, shipping)
    if delivery_may_be_cheaper(terms.promotions, applied):
        promote = partial(_promote, cart, market, goods, lines, claims.standing, terms.promotions, now)
        options = [_after_promotions(option, applied if option is shipping else promote(option)) for option in options]
    gifts = gift_lines(applied.gifts, cart, market, goods, terms.tax, destination)
    lines = with_discounts([*lines, *gifts], applied.lines)
    subtotal = subtotal_of(lines)
    off_shipping = min(applied.shipping, shipping.fee) if shipping else 0
    shipping_fee = shipping.fee - off_shipping if shipping else 0
    before_payment = subtotal + shipping_fee
    methods = _payment_options(cart, market, terms.methods, before_payment, claims)
    paid = _paid(cart, methods, before_payment, claims.credit)
    shipping_tax, payment_fee_tax = included_tax(shipping_fee, fee_bp), included_tax(paid.fee, fee_bp)
    total = before_payment + paid.fee + paid.rounding
    return PricedCart(
        cart=cart if shipping is None else msgspec.structs.replace(cart, shipping_method=shipping.code),
        currency=market.currency,
        lines=lines,
        shipping_options=options,
        shipping=shipping,
        subtotal=subtotal,
        discount=sum(line.discount for line in lines),
        shipping_fee=shipping_fee,
        shipping_discount=off_shipping,
        shipping_tax=shipping_tax,
        payment_options=methods,
        payment=paid.by,
        payment_fee=paid.fee,
        payment_fee_tax=payment_fee_tax,
        fee_tax_bp=fee_bp,
        rounding=paid.rounding,
        tax=sum(line.tax for line in lines) + shipping_tax + payment_fee_tax,
        total=total,
        credit=paid.credit,
        tax_country=terms.tax.country(home=market.home_country, destination=destination),
        applied=applied.applied,
        refused=applied.refused,
        problems=problems_of(cart, market, goods, shipping, paid.by, to_pay=before_payment - paid.credit),
        needs_approval=_needs_approval(paid.by, total, claims),
        account_stopped=claims.account_stopped,
    )


def _needs_approval(by: PaymentOption | None, total: int, claims: Claims) -> bool:
    on_account = by is not None and by.kind == "account"
    return on_account and claims.approval_over is not None and total > claims.approval_over


class _Paid(msgspec.Struct, frozen=True, kw_only=True):
    """How a sale is paid for; `by` is None where store credit pays all, or nothing suits."""

    by: PaymentOption | None
    fee: int
    credit: int
    rounding: int


def _paid(cart: Cart, methods: Sequence[PaymentOption], amount: int, balance: int) -> _Paid:
    by = _chosen_payment(cart, methods) if amount > balance else None
    fee = by.fee if by else 0
    credit = min(balance, amount + fee)
    return _Paid(by=by, fee=fee, credit=credit, rounding=_rounding(amount + fee - credit, by))


def _shipping_options(
    cart: Cart,
    market: Market,
    goods: Mapping[UUID, SellableVariant],
    lines: Sequence[PricedLine],
    tariff: Tariff,
    fee_bp: int,
    now: datetime,
) -> list[ShippingOption]:
    """What may be chosen. Limits of value look at the goods before any discount."""
    return tariff.options(
        market,
        country=cart.address.country if cart.address else None,
        postcode=cart.address.postcode if cart.address else None,
        language=cart.language,
        subtotal=subtotal_of(lines),
        weight_g=sum(goods[line.variant_id].weight_g * line.quantity for line in lines),
        lead_days=max((line.lead_days for line in lines), default=0),
        tax_bp=fee_bp,
        now=now,
    )


def _chosen_shipping(
    cart: Cart, options: Sequence[ShippingOption], choose: Callable[[Sequence[ShippingOption]], str] | None
) -> ShippingOption | None:
    found = next((option for option in options if option.code == cart.shipping_method), None)
    if found is None and choose is not None and cart.address is not None and options:
        code = choose(options)
        found = next(option for option in options if option.code == code)
    return found


def _after_promotions(option: ShippingOption, applied: Applied) -> ShippingOption:
    """As it would be if it were chosen."""
    off = min(applied.shipping, option.fee)
    return msgspec.structs.replace(option, discount=off) if off else option


def _promote(
    cart: Cart,
    market: Market,
    goods: Mapping[UUID, SellableVariant],
    lines: Sequence[PricedLine],
    standing: ShopperStanding,
    promotions: Promotions,
    now: datetime,
    shipping: ShippingOption | None,
) -> Applied:
    if not promotions.promotions and not cart.coupons:
        return _NOTHING_APPLIED
    basket = Basket(
        currency=market.currency,
        market=market.code,
        channel=cart.channel,
        now=now,
        lines=[
            BasketLine(
                line_id=line.id,
                variant_id=line.variant_id,
                product_id=line.product_id,
                sku=line.sku,
                category_codes=goods[line.variant_id].category_codes,
                quantity=line.quantity,
                unit_amount=line.unit_amount,
            )
            for line in lines
        ],
        language=cart.language,
        shipping_method=shipping.code if shipping else None,
        shipping_fee=shipping.fee if shipping else 0,
        coupons=cart.coupons,
        price_group=cart.price_group,
        segments=cart.segments,
        first_order=standing.first_order,
        used=standing.used,
        used_by_customer=standing.used_by_customer,
    )
    free = {
        variant.id: variant.available - sum(line.quantity for line in lines if line.variant_id == variant.id)
        if variant.stocked
        else _NO_END
        for variant in goods.values()
    }
    return apply_promotions(promotions, basket, standing.coupons, free)


_NOTHING_APPLIED = Applied()
# Pieces of what needs no stock.
_NO_END = 10**9


def _payment_options(
    cart: Cart, market: Market, methods: PaymentMethods, total: int, claims: Claims
) -> list[PaymentOption]:
    return offered(
        methods,
        country=cart.address.country if cart.address and cart.address.country else market.home_country,
        currency=market.currency,
        total=total,
        shipping_method=cart.shipping_method,
        account=claims.account,
        language=cart.language,
    )


def _chosen_payment(cart: Cart, options: Sequence[PaymentOption]) -> PaymentOption | None:
    """What the buyer chose; who has not chosen yet pays by the first."""
    if cart.payment_method is None:
        return options[0] if options else None
    return next((option for option in options if option.code == cart.payment_method), None)


def _rounding(to_pay: int, payment: PaymentOption | None) -> int:
    """What makes the sum a multiple of the smallest coin; half a coin goes up."""
    if payment is None or payment.round_to <= 1:
        return 0
    coin = payment.round_to
    return (to_pay + coin // 2) // coin * coin - to_pay
