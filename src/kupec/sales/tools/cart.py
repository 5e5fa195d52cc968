"""Tools about the cart: shown, filled, changed. What is in it costs what the shop says at this moment."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from kupec.catalogue import variants_by_sku
from kupec.customers import asker_of
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import listed, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales import filling
from kupec.sales.again import order_again as put_in_again
from kupec.sales.buyers_words import problem_texts
from kupec.sales.credit_codes import use_credit
from kupec.sales.errors import UnknownCredit
from kupec.sales.models import Cart, PricedCart, PricedLine
from kupec.sales.promotions.cart_coupons import add_coupon
from kupec.sales.promotions.errors import UnknownCoupon
from kupec.sales.tools.guessing import count_guess
from kupec.sales.tools.in_hand import (
    buyer_of,
    cart_in_hand,
    cart_to_change,
    cart_to_fill,
    done_before,
    market_of,
    note_made,
    seen_cart,
)
from kupec.sales.tools.one_order import latest_order
from kupec.sales.tools.shapes_cart import (
    AddToCart,
    Nothing,
    OrderAgain,
    RemoveFromCart,
    SetQuantity,
    ShownCart,
    ShownLine,
    UseCode,
)

MISSING = {
    "short": _("there is not enough of it now"),
    "not_sold": _("it is not sold any more"),
    "options_changed": _("it is made differently now: please choose again"),
}


async def _show_cart(context: ToolContext, arguments: Nothing) -> ShownCart:
    db = context.db
    return await shown(db, context, await cart_in_hand(db, context, await asker_of(db, context)))


async def _add_to_cart(context: ToolContext, arguments: AddToCart) -> ShownCart:
    db = context.db
    asker = await asker_of(db, context)
    made = await done_before(db, context, "add_to_cart")
    if made is not None:
        return await shown_again(db, context, made)
    variant_id = await _variant(db, arguments.sku)
    cart = await cart_to_fill(db, context, asker)
    await note_made(db, context, cart.id)
    cart = await filling.add_to_cart(
        db,
        cart.id,
        variant_id,
        arguments.quantity,
        options=arguments.options,
        actor=buyer_of(cart, asker),
        now=context.now,
    )
    return await shown(db, context, cart)


async def shown_again(db: Connection, context: ToolContext, cart_id: str) -> ShownCart:
    """The cart that this step made or changed before, as it is now."""
    held = await cart_in_hand(db, context_with(context, cart_id), await asker_of(db, context))
    return await shown(db, context, held)


def context_with(context: ToolContext, cart_id: str) -> ToolContext:
    """The same context with this cart in hand."""
    return replace(context, cart_id=UUID(cart_id) if cart_id else context.cart_id)


async def _set_quantity(context: ToolContext, arguments: SetQuantity) -> ShownCart:
    return await _have(context, arguments.sku, arguments.quantity)


async def _remove_from_cart(context: ToolContext, arguments: RemoveFromCart) -> ShownCart:
    return await _have(context, arguments.sku, 0)


async def _have(context: ToolContext, sku: str, quantity: int) -> ShownCart:
    """So many pieces of a variant in the cart, in the make that lies there."""
    db = context.db
    asker = await asker_of(db, context)
    variant_id = await _variant(db, sku)
    cart = await cart_to_change(db, context, asker)
    lines = [line for line in cart.lines if line.variant_id == variant_id] if cart else []
    if cart is None or not lines:
        if quantity == 0:
            return await shown(db, context, cart)
        raise NotFound(what="line")
    for line in lines[1:] if quantity else lines:
        await filling.change_line(db, cart.id, line.id, 0, actor=buyer_of(cart, asker), now=context.now)
    if quantity:
        await filling.change_line(db, cart.id, lines[0].id, quantity, actor=buyer_of(cart, asker), now=context.now)
    return await shown(db, context, await cart_in_hand(db, context_with(context, str(cart.id)), asker))


async def _variant(db: Connection, sku: str) -> UUID:
    wanted = sku.strip()
    found = await variants_by_sku(db, [wanted, wanted.upper()])
    variant_id = found.get(wanted) or found.get(wanted.upper())
    if variant_id is None:
        raise NotFound(what="product")
    return variant_id


async def _use_code(context: ToolContext, arguments: UseCode) -> ShownCart:
    """A coupon's code, else store credit's. Guesses are counted."""
    await count_guess(context, "code", str(context.conversation_id or context.customer_id or context.cart_id))
    async with context.outside.database.transaction() as db:
        asker = await asker_of(db, context)
        cart = await cart_to_fill(db, context, asker)
        try:
            async with db.transaction():
                cart = await add_coupon(db, cart.id, arguments.code, buyer_of(cart, asker), context.now)
        except UnknownCoupon as unknown:
            try:
                async with db.transaction():
                    cart = await use_credit(db, cart.id, arguments.code, actor=buyer_of(cart, asker), now=context.now)
            except UnknownCredit:
                raise unknown from None
        return await shown(db, context, cart)


async def _order_again(context: ToolContext, arguments: OrderAgain) -> ShownCart:
    db = context.db
    asker = await asker_of(db, context)
    made = await done_before(db, context, "order_again")
    if made is not None:
        return await shown_again(db, context, made)
    order = await latest_order(db, asker, arguments.number, part="buy")
    cart = await cart_to_fill(db, context, asker)
    await note_made(db, context, cart.id)
    again = await put_in_again(db, order, cart.id, actor=buyer_of(cart, asker), now=context.now)
    missing = [
        f"{again.names.get(each.variant_id, '')}: {translate(context.language, MISSING[each.reason])}"
        for each in again.missing
    ]
    now_held = await cart_in_hand(db, context_with(context, str(cart.id)), asker)
    return await shown(db, context, now_held, missing=missing)


# --- how it is shown ---------------------------------------------------------------------------------


async def shown(
    db: Connection, context: ToolContext, cart: Cart | None, *, missing: list[str] | None = None
) -> ShownCart:
    """The cart as it is now, or that there is none."""
    if cart is None:
        return _nothing(context, (await market_of(db, context)).currency, missing or [])
    return priced_in_words(context, await seen_cart(db, cart, context), missing=missing or [])


def _nothing(context: ToolContext, currency: str, missing: list[str]) -> ShownCart:
    none = money_said(0, currency, context.language)
    return ShownCart(
        cart_id="",
        empty=True,
        pieces=0,
        lines=[],
        lines_text="",
        currency=currency,
        subtotal=0,
        subtotal_text=none,
        discount=0,
        discount_text=none,
        shipping_name="",
        shipping_fee=0,
        shipping_text="",
        total=0,
        total_text=none,
        free_missing=0,
        free_missing_text="",
        problems=[],
        missing_goods=missing,
        url=context.link("/cart"),
        checkout_url=context.link("/checkout"),
        text=translate(context.language, _("Your cart is empty.")),
    )


def priced_in_words(context: ToolContext, seen: PricedCart, *, missing: list[str]) -> ShownCart:
    """A priced cart for a conversation."""
    language = context.language

    def money(amount: int) -> str:
        return money_said(amount, seen.currency, language)

    problems = problem_texts(seen.problems, language)
    lines = [_line(context, seen, index, line, problems) for index, line in enumerate(seen.lines)]
    pieces = [f"{line.quantity} × {line.title}" for line in lines]
    gap = free_gap(seen)
    empty = not seen.cart.lines
    text = _summary(seen, pieces, language) if not empty else translate(language, _("Your cart is empty."))
    return ShownCart(
        cart_id=str(seen.cart.id),
        empty=empty,
        pieces=seen.pieces,
        lines=lines,
        lines_text=listed(pieces, language),
        currency=seen.currency,
        subtotal=seen.subtotal,
        subtotal_text=money(seen.subtotal),
        discount=seen.discount,
        discount_text=money(seen.discount),
        shipping_name=seen.shipping.name if seen.shipping else "",
        shipping_fee=seen.shipping_fee,
        shipping_text=fee_said(seen.shipping_fee, seen.currency, language) if seen.shipping else "",
        total=0 if empty else seen.total,
        total_text=money(0 if empty else seen.total),
        free_missing=gap,
        free_missing_text=money(gap) if gap else "",
        problems=[text for field, text in problems.items() if field.startswith("lines[")],
        missing_goods=missing,
        url=context.link("/cart"),
        checkout_url=context.link("/checkout"),
        text=" ".join([text, *missing]),
    )


def _line(
    context: ToolContext, seen: PricedCart, index: int, line: PricedLine, problems: Mapping[str, str]
) -> ShownLine:
    language = context.language
    own = next((place for place, kept in enumerate(seen.cart.lines) if kept.id == line.id), index)
    each = money_said(line.unit_amount, seen.currency, language)
    return ShownLine(
        title=line.name,
        lines=[f"{line.quantity} × {each}", *(f"{label}: {value}" for label, value in line.options)],
        picture=f"{context.base_url or context.settings.base_url}/media/{line.picture}" if line.picture else "",
        url=context.link(f"/p/{line.slug}"),
        price_text=money_said(line.total, seen.currency, language),
        value=line.sku,
        sku=line.sku,
        quantity=line.quantity,
        total=line.total,
        problem=problems.get(f"lines[{own}]", ""),
    )


def _summary(seen: PricedCart, pieces: list[str], language: str) -> str:
    goods = listed(pieces, language)
    total = money_said(seen.total, seen.currency, language)
    if seen.shipping is None:
        return words(language, _("In your cart: {goods}. Total {total}."), goods=goods, total=total)
    if seen.shipping_fee == 0:
        return words(language, _("In your cart: {goods}. Total {total}, delivery is free."), goods=goods, total=total)
    return words(
        language,
        _("In your cart: {goods}. Total {total}, of which delivery {fee}."),
        goods=goods,
        total=total,
        fee=money_said(seen.shipping_fee, seen.currency, language),
    )


def fee_said(fee: int, currency: str, language: str) -> str:
    """An amount, or that it costs nothing."""
    return money_said(fee, currency, language) if fee else translate(language, _("free"))


def free_gap(seen: PricedCart) -> int:
    """How much more in goods makes a delivery free; 0 where one is already, or none ever will be."""
    worth = seen.subtotal + seen.discount
    if any(option.fee == 0 and option.kind != "pickup" for option in seen.shipping_options):
        return 0
    gaps = [option.free_from - worth for option in seen.shipping_options if option.free_from is not None]
    return max(0, min(gaps, default=0))


CART_TOOLS = (
    Tool(
        name="show_cart",
        description="What lies in the customer's cart, what it costs and what delivery would cost.",
        arguments=Nothing,
        result=ShownCart,
        run=_show_cart,
    ),
    Tool(
        name="add_to_cart",
        description="Put pieces of a product into the cart.",
        arguments=AddToCart,
        result=ShownCart,
        run=_add_to_cart,
        changes=True,
        sure=True,
    ),
    Tool(
        name="set_quantity",
        description="Have so many pieces of a product that lies in the cart; 0 takes it out.",
        arguments=SetQuantity,
        result=ShownCart,
        run=_set_quantity,
        changes=True,
        sure=True,
    ),
    Tool(
        name="remove_from_cart",
        description="Take a product out of the cart.",
        arguments=RemoveFromCart,
        result=ShownCart,
        run=_remove_from_cart,
        changes=True,
        sure=True,
    ),
    Tool(
        name="use_code",
        description="Use a coupon or store credit for the cart, by its code.",
        arguments=UseCode,
        result=ShownCart,
        run=_use_code,
        changes=True,
        sure=True,
        outside=True,
    ),
    Tool(
        name="order_again",
        description="Put the goods of an order into the cart again.",
        arguments=OrderAgain,
        result=ShownCart,
        run=_order_again,
        audience="customer",
        changes=True,
        sure=True,
    ),
)
