"""What a platform should hear about its request although it was done."""

from kupec.kit.i18n import explain, translate
from kupec.kit.i18n import mark as _
from kupec.machines.ucp.errors import SoldOut
from kupec.machines.ucp.requests import CartIn, CheckoutIn
from kupec.machines.ucp.shapes import Message
from kupec.sales import MAX_QUANTITY, PricedCart


def remarks(body: CheckoutIn | CartIn, seen: PricedCart) -> list[Message]:
    """Goods that are sold out and were left out, those of which fewer are taken, claims that nothing is given for."""
    return [*_left_out(body, seen), *_too_many(body, seen.cart.language), *_claims(body, seen.cart.language)]


def _left_out(body: CheckoutIn | CartIn, seen: PricedCart) -> list[Message]:
    wanted = {line.item.id: index for index, line in reversed(list(enumerate(body.line_items)))}
    kept = [line for line in seen.lines if not line.gift]
    if len(kept) >= len(wanted):
        return []
    there = {name for line in kept for name in (str(line.variant_id), line.sku)}
    return [
        Message(
            type="warning",
            code="out_of_stock",
            content=explain(SoldOut(item=item), seen.cart.language),
            path="$.line_items",
        )
        for item in wanted
        if item not in there
    ]


def _too_many(body: CheckoutIn | CartIn, language: str) -> list[Message]:
    return [
        Message(
            type="warning",
            code="quantity_adjusted",
            content=translate(language, _("At most {most} pieces of one thing are sold at once.")).format(
                most=MAX_QUANTITY
            ),
            path=f"$.line_items[{index}].quantity",
        )
        for index, line in enumerate(body.line_items)
        if line.quantity > MAX_QUANTITY
    ]


def _claims(body: CheckoutIn | CartIn, language: str) -> list[Message]:
    claims = body.context.eligibility if body.context else []
    return [
        Message(
            type="warning",
            code="eligibility_not_accepted",
            content=translate(language, _("Nothing is given here for “{claim}”.")).format(claim=claim),
            path=f"$.context.eligibility[{index}]",
        )
        for index, claim in enumerate(claims)
    ]
