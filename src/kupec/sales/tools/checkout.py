"""Tools that finish a purchase: told step by step, ordered in the conversation, or by a link to the filled checkout."""

from typing import Any
from uuid import UUID

from kupec.catalogue import market as get_market
from kupec.customers import Asker, asker_of
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import day_said, listed, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.buyer import CartDetails
from kupec.sales.buyers_words import problem_texts
from kupec.sales.cart_links import cart_link
from kupec.sales.carts import get_cart, set_details
from kupec.sales.errors import CartIncomplete
from kupec.sales.models import Address, Cart, Company, PickupPoint, PricedCart
from kupec.sales.slots import open_slots
from kupec.sales.tools.cart import fee_said
from kupec.sales.tools.choice_words import DELIVERING, PAYING
from kupec.sales.tools.in_hand import buyer_of, cart_in_hand, cart_to_change, seen_cart
from kupec.sales.tools.shapes_cart import CheckoutLink, FillCheckout, FilledCheckout, Nothing, PickOne

ARGUMENTS = {
    "email": "email",
    "address.name": "name",
    "name": "name",
    "phone": "phone",
    "address.street": "street",
    "address.city": "city",
    "address.postcode": "postcode",
    "address.country": "country",
    "shipping_method": "shipping",
    "slot_id": "slot",
    "pickup_point": "pickup_point",
    "payment_method": "payment",
    "company.name": "company_name",
    "company.company_id": "company_id",
    "company.vat_id": "vat_id",
}
"""The tool's argument for each field of a cart that may be wrong or missing."""
_SLOTS = 6
_DIALLED = {"CZ": "+420", "PL": "+48", "SK": "+421"}
_NATIONAL = 9
"""Figures of a phone number at home, which nobody says with its country in front."""
_EMPTY = _("There is nothing in the cart yet.")


async def _checkout_link(context: ToolContext, arguments: Nothing) -> CheckoutLink:
    """In the shop's own pages the browser holds the cart; anywhere else the link brings it along."""
    db = context.db
    asker = await asker_of(db, context)
    cart = await cart_in_hand(db, context, asker)
    if cart is None or not cart.lines:
        raise CartIncomplete(field="lines", problem=_EMPTY)
    seen = await seen_cart(db, cart, context)
    if context.channel == "web" and cart.id == context.cart_id:
        url = context.link("/checkout")
    else:
        path = cart_link(context.settings.secret, cart.id, context.language)
        url = context.link().removesuffix(f"/{context.language}") + path
    total = money_said(seen.total, seen.currency, context.language)
    text = words(context.language, _("Here you can finish your order for {total}: {url}"), total=total, url=url)
    return CheckoutLink(url=url, total=seen.total, total_text=total, text=text)


async def _fill_checkout(context: ToolContext, arguments: FillCheckout) -> FilledCheckout:
    db = context.db
    asker = await asker_of(db, context)
    cart = await cart_to_change(db, context, asker)
    if cart is None or not cart.lines:
        raise CartIncomplete(field="lines", problem=_EMPTY)
    return await filled(db, context, await fill(db, context, asker, cart, arguments))


async def fill(db: Connection, context: ToolContext, asker: Asker, cart: Cart, told: FillCheckout) -> PricedCart:
    """Note what was told, with the cheapest delivery where none is chosen. Raises InvalidValue by the cart's field."""
    given = _given(cart, told, home=(await get_market(db, cart.market)).home_country)
    if given:
        details = CartDetails(**given)
        cart = await set_details(db, cart.id, details, actor=buyer_of(cart, asker), now=context.now)
    seen = await seen_cart(db, cart, context)
    if told.shipping and not any(option.code == told.shipping for option in seen.shipping_options):
        raise InvalidValue(field="shipping_method", expected=", ".join(option.code for option in seen.shipping_options))
    if told.payment and not any(option.code == told.payment for option in seen.payment_options):
        raise InvalidValue(field="payment_method", expected=", ".join(option.code for option in seen.payment_options))
    if seen.shipping is not None and seen.shipping.code != cart.shipping_method:
        chosen = CartDetails(shipping_method=seen.shipping.code)
        await set_details(db, cart.id, chosen, actor=buyer_of(cart, asker), now=context.now)
        seen = await seen_cart(db, await get_cart(db, cart.id), context)
    return seen


def _given(cart: Cart, told: FillCheckout, *, home: str) -> dict[str, Any]:
    """What of the cart's details was told now; the address is joined with what is known of it."""
    fields: dict[str, Any] = {
        field: getattr(told, argument).strip()
        for field, argument in (("email", "email"), ("phone", "phone"), ("name", "name"))
        if getattr(told, argument).strip()
    }
    parts = {part: getattr(told, part).strip() for part in ("name", "street", "city", "postcode", "country")}
    if any(parts.values()):
        known = cart.address or Address(name=cart.name or "", street="", city="", postcode="", country="")
        joined = {part: parts[part] or getattr(known, part) for part in parts}
        joined["country"] = (joined["country"] or home).upper()
        fields["address"] = Address(**joined)
    if fields.get("phone", "").isdecimal() and len(fields["phone"]) == _NATIONAL and home in _DIALLED:
        fields["phone"] = _DIALLED[home] + fields["phone"]
    if told.shipping:
        fields["shipping_method"] = told.shipping
    if told.payment:
        fields["payment_method"] = told.payment
    if told.slot:
        fields["slot_id"] = _slot(told.slot)
    if told.pickup_point.strip():
        point = told.pickup_point.strip()
        fields["pickup_point"] = PickupPoint(id=point, label=point)
    if told.company_name.strip():
        fields["company"] = Company(
            name=told.company_name, company_id=told.company_id.strip(), vat_id=told.vat_id.strip()
        )
    return fields


def _slot(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidValue(field="slot_id", expected="one of the offered windows") from None


async def filled(db: Connection, context: ToolContext, seen: PricedCart) -> FilledCheckout:
    """How far the checkout has come."""
    language, cart = context.language, seen.cart
    texts = {ARGUMENTS.get(field, field): text for field, text in problem_texts(seen.problems, language).items()}
    missing = [argument for argument in texts if argument in ARGUMENTS.values()]
    total = money_said(seen.total, seen.currency, language)
    kind = seen.shipping.kind if seen.shipping else ""
    slots = await open_slots(db, cart.shipping_method or "", now=context.now, limit=_SLOTS) if kind == "slot" else []
    ready = not texts
    summary = _summary(context, seen) if ready else ""
    return FilledCheckout(
        cart_id=str(cart.id),
        ready=ready,
        missing=missing,
        missing_text=" ".join(texts.values()),
        next=next(iter(missing), ""),
        email=cart.email or "",
        name=(cart.address.name if cart.address else "") or cart.name or "",
        phone=cart.phone or "",
        address_text=_address_said(cart.address),
        shipping=seen.shipping.code if seen.shipping else "",
        shipping_name=seen.shipping.name if seen.shipping else "",
        shipping_text=fee_said(seen.shipping_fee, seen.currency, language) if seen.shipping else "",
        shipping_choices=[
            PickOne(
                label=f"{option.name}, {fee_said(option.fee, seen.currency, language)}, "
                f"{day_said(option.promised_on, language, today=context.today)}",
                value=option.code,
                words=list(DELIVERING.get(option.kind, ())),
            )
            for option in seen.shipping_options
        ],
        slot_choices=[
            PickOne(
                label=f"{day_said(slot.day, language, today=context.today)}, {slot.starts:%H:%M}–{slot.ends:%H:%M}",
                value=str(slot.id),
            )
            for slot in slots
        ],
        payment=seen.payment.code if seen.payment else "",
        payment_name=seen.payment.name if seen.payment else "",
        payment_choices=[
            PickOne(
                label=f"{option.name} ({money_said(option.fee, seen.currency, language)})"
                if option.fee
                else option.name,
                value=option.code,
                words=list(PAYING.get(option.kind, ())),
            )
            for option in seen.payment_options
        ],
        needs_approval=seen.needs_approval,
        total=seen.total,
        total_text=total,
        summary_text=summary,
        text=summary if ready else " ".join(texts.values()),
    )


def _extra(fee: int, currency: str, language: str) -> str:
    return f" ({money_said(fee, currency, language)})" if fee else ""


def _summary(context: ToolContext, seen: PricedCart) -> str:
    language = context.language
    goods = listed([f"{line.quantity} × {line.name}" for line in seen.lines], language)
    said = [
        words(language, _("You are ordering {goods}."), goods=goods),
        words(language, _("To: {address}."), address=_address_said(seen.cart.address)),
    ]
    if seen.shipping is not None:
        said.append(
            words(
                language,
                _("Delivery: {name}, {fee}, {day}."),
                name=seen.shipping.name,
                fee=fee_said(seen.shipping_fee, seen.currency, language),
                day=day_said(seen.shipping.promised_on, language, today=context.today),
            )
        )
    if seen.payment is not None:
        said.append(words(language, _("Payment: {name}."), name=seen.payment.name))
    said.append(words(language, _("Together {total}."), total=money_said(seen.total, seen.currency, language)))
    if seen.needs_approval:
        said.append(translate(language, _("An approver of your organisation decides about it first.")))
    return " ".join(said)


def _address_said(address: Address | None) -> str:
    if address is None:
        return ""
    place = " ".join(part for part in (address.postcode, address.city) if part)
    return ", ".join(part for part in (address.name, address.street, place) if part)


CHECKOUT_TOOLS = (
    Tool(
        name="checkout_link",
        description="A link to the filled checkout, where the customer finishes the order themself.",
        arguments=Nothing,
        result=CheckoutLink,
        run=_checkout_link,
    ),
    Tool(
        name="fill_checkout",
        description="Note what the customer tells about themself, the address, delivery and payment; says what is "
        "still missing.",
        arguments=FillCheckout,
        result=FilledCheckout,
        run=_fill_checkout,
        changes=True,
        sure=True,
    ),
)
