"""The tool that orders in the conversation: once under the key of its step, paid by a link, later, or on account."""

from uuid import UUID

import msgspec

from kupec.billing import PaymentInstructions, payment_instructions
from kupec.customers import Asker, asker_of
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import day_said, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.approvals import request_approval
from kupec.sales.buyers_words import card_refusal
from kupec.sales.carts import get_cart
from kupec.sales.checkout import Checkout, CompleteRequest, Completion
from kupec.sales.errors import CartIncomplete, TotalChanged
from kupec.sales.models import Cart, Order, PricedCart
from kupec.sales.orders import get_order, status_token
from kupec.sales.tools.checkout import fill
from kupec.sales.tools.in_hand import buyer_of, cart_to_change, done_before, note_made
from kupec.sales.tools.shapes_cart import CheckedOut, CheckoutInChat

_EMPTY = _("There is nothing in the cart yet.")


class _Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A cart that is about to be ordered; `total` is what the buyer saw."""

    cart: Cart
    total: int
    currency: str
    asked: bool = False
    """It has gone to an approver instead."""


async def _checkout_in_chat(context: ToolContext, arguments: CheckoutInChat) -> CheckedOut:
    """Order what lies in the cart. The same step made again orders nothing more.

    Raises CartIncomplete, InvalidValue, NotEnoughStock and what completing an order raises.
    """
    try:
        ready = await _prepare(context, arguments)
    except TotalChanged as changed:
        return _changed(context, str(context.cart_id or ""), changed)
    if ready.asked:
        text = _("Your order has gone to an approver of your organisation. You hear by e-mail what they decide.")
        return _Said(context, ready).answer("approval", translate(context.language, text))
    checkout: Checkout = context.outside[Checkout]
    return_url = context.link("/checkout/return/{payment}")
    request = CompleteRequest(
        cart_id=ready.cart.id,
        key=f"chat:{context.key}"[:200],
        card_token="",
        expected_total=ready.total,
        return_url=return_url,
        actor=buyer_of(ready.cart, await _asker(context)),
    )
    try:
        completion = await checkout.complete(request)
    except TotalChanged as changed:
        return _changed(context, str(ready.cart.id), changed)
    return await _done(context, ready, completion)


async def _asker(context: ToolContext) -> Asker:
    async with context.outside.database.reading() as db:
        return await asker_of(db, context)


async def _prepare(context: ToolContext, arguments: CheckoutInChat) -> _Ready:
    """The cart with all that was told, in one transaction; what needs an approver is sent to them in it."""
    async with context.outside.database.transaction() as db:
        asker = await asker_of(db, context)
        made = await done_before(db, context, "checkout_in_chat")
        if made:
            cart_id, total, currency, how = made.split()
            known = await get_cart(db, UUID(cart_id))
            return _Ready(cart=known, total=int(total), currency=currency, asked=how == "asked")
        cart = await cart_to_change(db, context, asker)
        if cart is None or not cart.lines:
            raise CartIncomplete(field="lines", problem=_EMPTY)
        seen = await fill(db, context, asker, cart, arguments)
        _check(seen, arguments.expected_total)
        if seen.needs_approval:
            await request_approval(db, cart.id, expected_total=seen.total, actor=buyer_of(cart, asker), now=context.now)
        how = "asked" if seen.needs_approval else "ordered"
        await note_made(db, context, f"{cart.id} {seen.total} {seen.currency} {how}")
        return _Ready(cart=seen.cart, total=seen.total, currency=seen.currency, asked=seen.needs_approval)


def _check(seen: PricedCart, expected_total: int) -> None:
    """Raises CartIncomplete, TotalChanged."""
    if seen.problems:
        raise CartIncomplete(field=seen.problems[0].field, problem=seen.problems[0].message)
    if expected_total and expected_total != seen.total:
        raise TotalChanged(field="expected_total", total=seen.total, currency=seen.currency)


async def _done(context: ToolContext, ready: _Ready, completion: Completion) -> CheckedOut:
    said = _Said(context, ready)
    if completion.state == "requires_action":
        url = completion.action_url or ""
        message = _("To complete your order, please pay {total} here: {url}")
        text = words(context.language, message, total=said.total, url=url)
        return said.answer("pay", text, pay_url=url)
    if completion.state == "in_progress":
        text = _("The payment is being decided. You get the confirmation by e-mail as soon as it is.")
        return said.answer("waiting", translate(context.language, text))
    if completion.state == "failed":
        return said.answer("failed", card_refusal(completion.error_code, context.language))
    return await _placed(context, said, completion)


async def _placed(context: ToolContext, said: "_Said", completion: Completion) -> CheckedOut:
    language = context.language
    async with context.outside.database.reading() as db:
        order = await get_order(db, completion.order_id)
        owed = (await payment_instructions(db, {order.id: order.number})).get(order.id)
    url = context.link(f"/order/{status_token(context.settings.secret, order.id)}")
    day = day_said(order.promised_on, language, today=context.today) if order.promised_on else ""
    following = _following(order, owed, day, url, context)
    thanks = words(language, _("Thank you, your order {number} is placed."), number=order.number or "")
    return said.answer(
        "placed",
        f"{thanks} {following}",
        order_number=order.number or "",
        url=url,
        pay_url=url if owed is not None else "",
        promised_text=day,
        payment_text=order.payment_name,
        next_text=following,
    )


def _following(order: Order, owed: PaymentInstructions | None, day: str, url: str, context: ToolContext) -> str:
    """What happens next and when: the delivery, the payment, the confirmation."""
    language = context.language
    said = [words(language, _("It arrives {day}."), day=day)] if day else []
    if owed is not None:
        due = day_said(owed.due_on, language, today=context.today) if owed.due_on else ""
        message = _("Please pay {amount}; how, you find here: {url}")
        if owed.kind == "cod":
            message = _("You pay {amount} on delivery.")
        elif owed.kind == "account":
            message = (
                _("The invoice for {amount} is payable by {due}.") if due else _("You get an invoice for {amount}.")
            )
        amount = money_said(owed.amount, owed.currency, language)
        said.append(words(language, message, amount=amount, due=due, url=url))
    if order.email:
        said.append(words(language, _("The confirmation goes to {email}."), email=order.email))
    return " ".join(said)


def _changed(context: ToolContext, cart_id: str, changed: TotalChanged) -> CheckedOut:
    language, total, currency = context.language, int(changed.details["total"]), str(changed.details["currency"])
    said = money_said(total, currency, language)
    return CheckedOut(
        cart_id=cart_id,
        state="changed",
        order_number="",
        pay_url="",
        url="",
        total=total,
        total_text=said,
        promised_text="",
        payment_text="",
        next_text="",
        text=words(language, _("The total is {total} by now. Nothing was ordered yet: is that all right?"), total=said),
    )


class _Said:
    """The answers of one checkout."""

    def __init__(self, context: ToolContext, ready: _Ready) -> None:
        self._ready = ready
        self.total = money_said(ready.total, ready.currency, context.language)

    def answer(
        self,
        state: str,
        text: str,
        *,
        order_number: str = "",
        pay_url: str = "",
        url: str = "",
        promised_text: str = "",
        payment_text: str = "",
        next_text: str = "",
    ) -> CheckedOut:
        return CheckedOut(
            cart_id=str(self._ready.cart.id),
            state=state,
            order_number=order_number,
            pay_url=pay_url,
            url=url,
            total=self._ready.total,
            total_text=self.total,
            promised_text=promised_text,
            payment_text=payment_text,
            next_text=next_text,
            text=text,
        )


FINISHING_TOOLS = (
    Tool(
        name="checkout_in_chat",
        description="Order what lies in the cart: paid by a link, by transfer, on delivery or on account. Ask first.",
        arguments=CheckoutInChat,
        result=CheckedOut,
        run=_checkout_in_chat,
        changes=True,
        outside=True,
    ),
)
