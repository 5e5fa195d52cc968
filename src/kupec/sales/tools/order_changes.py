"""Tools that change an order: another address, cancelled, returned. What cannot be done at once goes to a person."""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from kupec.billing import OFFLINE, payments_of, refunds_of
from kupec.customers import Task, open_task
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import day_said, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.errors import WrongOrderState
from kupec.sales.models import Address, Order
from kupec.sales.own_orders import redirect_order, withdraw_order
from kupec.sales.return_rows import Return
from kupec.sales.returns import RETURN_REASONS, SettleTo, Wish, request_return, returnable
from kupec.sales.shipping import tariff
from kupec.sales.tools.in_hand import done_before, note_made
from kupec.sales.tools.one_order import OrderHere, order_here, order_link
from kupec.sales.tools.order_words import goods_said
from kupec.sales.tools.shapes_orders import (
    AboutOrder,
    AskedReturn,
    CancelledOrder,
    CancelOrder,
    ChangedOrder,
    ChangeOrder,
    Returnables,
    ReturnOrder,
    ShownItem,
)

CHANGE = _("Change order {number}: {text}")
CANCEL = _("Cancel order {number} if it can still be stopped")
_WITHIN = timedelta(hours=4)
_BY_ITSELF = _("The customer asked for it in a conversation.")


async def _change_order(context: ToolContext, arguments: ChangeOrder) -> ChangedOrder:
    """Another address while nothing is packed; any other wish, or one that comes too late, is a person's task."""
    async with order_here(context, arguments.number, arguments.email, part="buy") as here:
        order, wish = here.order, arguments.wish.strip()
        there = _other_address(order.address, arguments)
        if there == order.address and not arguments.phone.strip() and not wish:
            raise InvalidValue(field="wish", expected="what is to be different")
        elsewhere = there != order.address or bool(arguments.phone.strip())
        if elsewhere and here.proven and not wish and order.state == "placed":
            changed = await redirect_order(
                here.db, order.id, there, phone=arguments.phone.strip() or None, actor=here.actor, now=context.now
            )
            address = _said(changed.address)
            done = _("Done: order {number} goes to {address}.")
            text = words(context.language, done, number=order.number, address=address)
            return _changed(order, address, text)
        wanted = (_said(there) if elsewhere else "", arguments.phone.strip(), wish)
        asked = "; ".join(part for part in wanted if part)
        task = await _ask_person(context, here, CHANGE, {"number": order.number, "text": asked})
        text = translate(
            context.language, _("I have passed it on to a colleague, who answers today if it can be done.")
        )
        return _changed(order, _said(order.address), text, task=task.id)


def _changed(order: Order, address: str, text: str, *, task: UUID | None = None) -> ChangedOrder:
    return ChangedOrder(
        number=order.number or "",
        changed=task is None,
        asked=task is not None,
        task_id=str(task or ""),
        address_text=address,
        text=text,
    )


def _other_address(known: Address, told: ChangeOrder) -> Address:
    told_parts = {part: getattr(told, part).strip() for part in ("name", "street", "city", "postcode")}
    return Address(**{part: text or getattr(known, part) for part, text in told_parts.items()}, country=known.country)


def _said(address: Address) -> str:
    place = f"{address.postcode} {address.city}"
    return ", ".join(part for part in (address.name, address.street, place) if part.strip())


async def _ask_person(context: ToolContext, here: OrderHere, title: str, details: dict[str, object]) -> Task:
    """A task about the order; the same step asks once."""
    return await open_task(
        here.db,
        key=f"tool:{context.key}",
        title=title,
        details=details,
        subject=f"order:{here.order.id}",
        customer_id=here.order.customer_id,
        due_at=context.now + _WITHIN,
        priority="high",
        actor=here.actor,
        now=context.now,
    )


async def _cancel_order(context: ToolContext, arguments: CancelOrder) -> CancelledOrder:
    """At once while nothing is packed; then a person looks whether it can still be stopped."""
    async with order_here(context, arguments.number, arguments.email, part="buy") as here:
        order, language = here.order, context.language
        made = await done_before(here.db, context, "cancel_order")
        if order.state == "cancelled":
            return await _cancelled(context, here, order)
        if made is None and order.state == "placed":
            reason = arguments.reason.strip() or _BY_ITSELF
            after = await withdraw_order(here.db, order.id, reason=reason, actor=here.actor, now=context.now)
            await note_made(here.db, context, order.id)
            return await _cancelled(context, here, after)
        if order.state != "picking":
            raise WrongOrderState(number=order.number or "", state=order.state)
        await _ask_person(context, here, CANCEL, {"number": order.number})
        message = _("Order {number} is being packed already. A colleague tries to stop it and answers you.")
        text = words(language, message, number=order.number)
        return CancelledOrder(
            number=order.number or "", cancelled=False, asked=True, refund=0, refund_text="", text=text
        )


async def _cancelled(context: ToolContext, here: OrderHere, order: Order) -> CancelledOrder:
    language = context.language
    refund = await _given_back(here.db, order.id)
    said = money_said(refund, order.currency, language)
    text = words(language, _("Order {number} is cancelled."), number=order.number)
    if refund:
        text += " " + words(language, _("{amount} goes back the way it was paid."), amount=said)
    return CancelledOrder(
        number=order.number or "",
        cancelled=True,
        asked=False,
        refund=refund,
        refund_text=said if refund else "",
        text=text,
    )


async def _given_back(db: Connection, order_id: UUID) -> int:
    """Minor units that go back: refunded, or held on a card and let go."""
    refunds = sum(refund.amount for refund in await refunds_of(db, order_id) if refund.state != "failed")
    let_go = sum(
        payment.amount
        for payment in await payments_of(db, order_id)
        if payment.state in ("voiding", "voided") and payment.provider not in OFFLINE
    )
    return refunds + let_go


async def _returnable_items(context: ToolContext, arguments: AboutOrder) -> Returnables:
    async with order_here(context, arguments.number, arguments.email, part="buy") as here:
        order, language = here.order, context.language
        lines = await returnable(here.db, order, now=context.now)
        items = [
            ShownItem(
                sku=each.line.sku,
                title=each.line.name,
                quantity=each.pieces,
                total=each.line.total * each.pieces // each.line.quantity,
                total_text=money_said(each.line.total * each.pieces // each.line.quantity, order.currency, language),
            )
            for each in lines
        ]
        days = (await tariff(here.db)).document.return_days
        arrived = max((parcel.delivered_at for parcel in order.fulfilments if parcel.delivered_at), default=None)
        until = _until(context, arrived, days)
        goods = goods_said(items, language)
        if items:
            message = _("Of order {number} you may return {goods}, until {day}.")
        elif arrived is None:
            message = _("Order {number} has not arrived yet; until then it cannot be returned.")
        else:
            message = _("Nothing of order {number} can be returned any more.")
        text = words(language, message, number=order.number, goods=goods, day=until)
        return Returnables(
            number=order.number or "",
            possible=bool(items),
            items=items,
            items_text=goods,
            days=days,
            until_text=until,
            url=f"{order_link(context, here)}/return",
            text=text,
        )


def _until(context: ToolContext, arrived: datetime | None, days: int) -> str:
    if arrived is None:
        return ""
    last = (arrived + timedelta(days=days)).astimezone(context.zone).date()
    return day_said(last, context.language, today=context.today)


async def _return_order(context: ToolContext, arguments: ReturnOrder) -> AskedReturn:
    async with order_here(context, arguments.number, arguments.email, part="buy") as here:
        order = here.order
        if arguments.reason not in RETURN_REASONS:
            raise InvalidValue(field="reason", expected=", ".join(RETURN_REASONS))
        if arguments.settle not in ("payment", "store_credit"):
            raise InvalidValue(field="settle", expected="payment, store_credit")
        made = await done_before(here.db, context, "return_order")
        key = f"{order.id}:{context.key}"
        asked = await request_return(
            here.db,
            order.id,
            [] if made else await _wishes(context, here, arguments),
            settle_to=cast(SettleTo, arguments.settle),
            note=arguments.note,
            key=key,
            actor=here.actor,
            now=context.now,
        )
        await note_made(here.db, context, asked.number)
        return _asked(context, here, asked)


async def _wishes(context: ToolContext, here: OrderHere, arguments: ReturnOrder) -> list[Wish]:
    """What is to come back: so much of one product, or everything that may. Raises NotFound."""
    wanted = arguments.sku.strip().casefold()
    lines = [line for line in here.order.lines if not wanted or line.sku.casefold() == wanted]
    if not lines:
        raise NotFound(what="line")
    left = {each.line.id: each.pieces for each in await returnable(here.db, here.order, now=context.now)}
    pieces = {line.id: left.get(line.id, 0) for line in lines}
    if wanted and arguments.quantity:
        pieces = {lines[0].id: arguments.quantity}
    if not any(pieces.values()):  # the verb says why
        pieces = {line.id: line.quantity for line in lines}
    return [
        Wish(order_line_id=line_id, quantity=count, reason=arguments.reason)
        for line_id, count in pieces.items()
        if count
    ]


def _asked(context: ToolContext, here: OrderHere, asked: Return) -> AskedReturn:
    language = context.language
    items = [
        ShownItem(
            sku=line.sku,
            title=line.name,
            quantity=line.quantity,
            total=line.unit_amount * line.quantity,
            total_text=money_said(line.unit_amount * line.quantity, asked.currency, language),
        )
        for line in asked.lines
    ]
    goods = goods_said(items, language)
    text = words(
        language,
        _("Return {number} is with us: {goods}. Once we have approved it, you find the label here: {url}"),
        number=asked.number,
        goods=goods,
        url=order_link(context, here),
    )
    return AskedReturn(
        number=here.order.number or "",
        return_number=asked.number,
        items_text=goods,
        total=asked.total,
        total_text=money_said(asked.total, asked.currency, language),
        url=order_link(context, here),
        text=text,
    )


CHANGE_TOOLS = (
    Tool(
        name="change_order",
        description="Another address or recipient for an order not packed yet; any other wish goes to a person.",
        arguments=ChangeOrder,
        result=ChangedOrder,
        run=_change_order,
        changes=True,
        outside=True,
    ),
    Tool(
        name="cancel_order",
        description="Cancel an order that is not packed yet; the money goes back.",
        arguments=CancelOrder,
        result=CancelledOrder,
        run=_cancel_order,
        changes=True,
        outside=True,
    ),
    Tool(
        name="returnable_items",
        description="What of an order may be returned, and until when.",
        arguments=AboutOrder,
        result=Returnables,
        run=_returnable_items,
        outside=True,
    ),
    Tool(
        name="return_order",
        description="Ask to return goods of an order that has arrived.",
        arguments=ReturnOrder,
        result=AskedReturn,
        run=_return_order,
        changes=True,
        outside=True,
    ),
)
