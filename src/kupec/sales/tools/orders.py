"""Tools that tell about orders: where one stands, where its parcels are, and which there are."""

from kupec.customers import asker_of
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.spoken import day_said, listed, moment_said, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.collection import collection_of
from kupec.sales.models import Order, OrderSummary
from kupec.sales.orders import list_orders, status_token
from kupec.sales.parcel_words import TRACKING_WORDS
from kupec.sales.returns import returnable
from kupec.sales.tools.one_order import OrderHere, order_here, order_link
from kupec.sales.tools.order_words import (
    STATES,
    goods_said,
    items_said,
    leaves_on,
    money_of,
    order_told,
    parcels_said,
    state_said,
)
from kupec.sales.tools.shapes_orders import (
    AboutOrder,
    MyOrders,
    OrderStatus,
    ShownOrder,
    ShownOrders,
    ShownParcel,
    TrackedDelivery,
    TrackedStep,
)
from kupec.sales.tracking import parcel_steps

_STEPS = 12
_OVER = ("delivered", "cancelled")


async def _order_status(context: ToolContext, arguments: AboutOrder) -> OrderStatus:
    async with order_here(context, arguments.number, arguments.email) as here:
        return await status_of(context, here)


async def status_of(context: ToolContext, here: OrderHere) -> OrderStatus:
    """Everything about an order that its buyer asks for."""
    language, order = context.language, here.order
    money = await money_of(here.db, order, language)
    leaves = await leaves_on(here.db, order)
    items = items_said(order, language)
    promised = _promised(context, order)
    link = order_link(context, here)
    buys = here.asker.root is None or here.asker.is_staff or await here.asker.may(here.db, order.customer_id, "buy")
    return OrderStatus(
        number=order.number or "",
        state=order.state,
        state_text=state_said(order, language),
        placed_text=_placed(context, order),
        total=order.total,
        total_text=money_said(order.total, order.currency, language),
        payment_text=money.text,
        owed=money.owed,
        owed_text=money_said(money.owed, order.currency, language) if money.owed else "",
        pay_url=link if money.owed else "",
        promised_on=order.promised_on.isoformat() if order.promised_on else "",
        promised_text=promised,
        ships_today=leaves == context.today,
        items=items,
        items_text=goods_said(items, language),
        parcels=parcels_said(context, order),
        can_cancel=buys and order.state == "placed",
        can_change=buys and order.state == "placed" and here.proven,
        can_return=buys and bool(await returnable(here.db, order, now=context.now)),
        url=link,
        text=_sentence(context, order, promised, leaves == context.today, money.text),
    )


def _placed(context: ToolContext, order: Order) -> str:
    if order.placed_at is None:
        return ""
    return day_said(order.placed_at.astimezone(context.zone).date(), context.language, today=context.today)


def _promised(context: ToolContext, order: Order) -> str:
    """By when it comes; nothing of what has come, or never will."""
    if order.promised_on is None or order.state in _OVER:
        return ""
    return day_said(order.promised_on, context.language, today=context.today)


def _sentence(context: ToolContext, order: Order, promised: str, ships_today: bool, paid: str) -> str:
    language = context.language
    said = [order_told(order, language)]
    if any(parcel.state == "ready" for parcel in order.fulfilments):
        said.append(translate(language, _("It waits at our counter, ready to be collected.")))
    elif ships_today:
        said.append(translate(language, _("It leaves today.")))
    if promised and order.promised_on and order.promised_on >= context.today:
        said.append(words(language, _("It is to arrive {day}."), day=promised))
    elif promised:
        said.append(translate(language, _("It should have arrived already, and we are sorry.")))
    return " ".join([*said, paid]).strip()


async def _list_orders(context: ToolContext, arguments: MyOrders) -> ShownOrders:
    db, language = context.db, context.language
    asker = await asker_of(db, context)
    asker.known()
    found = await list_orders(db, customer_ids=await asker.ids(db, "orders"), limit=arguments.limit)
    orders = [_brief(context, order) for order in found]
    if not orders:
        text = translate(language, _("There is no order of yours yet."))
    else:
        text = listed([f"{one.number} ({one.placed_text}): {one.state_text}" for one in orders], language)
    return ShownOrders(count=len(orders), orders=orders, text=text)


def _brief(context: ToolContext, order: OrderSummary) -> ShownOrder:
    language = context.language
    total = money_said(order.total, order.currency, language)
    placed = day_said(order.placed_at.astimezone(context.zone).date(), language, today=context.today)
    state = translate(language, STATES.get(order.state, order.state))
    return ShownOrder(
        title=words(language, _("Order {number}"), number=order.number),
        lines=[placed, state],
        url=context.link(f"/order/{status_token(context.settings.secret, order.id)}"),
        price_text=total,
        value=order.number,
        number=order.number,
        state=order.state,
        state_text=state,
        total=order.total,
        total_text=total,
        placed_text=placed,
    )


async def _track_delivery(context: ToolContext, arguments: AboutOrder) -> TrackedDelivery:
    async with order_here(context, arguments.number, arguments.email) as here:
        return await _tracked(context, here)


async def _tracked(context: ToolContext, here: OrderHere) -> TrackedDelivery:
    language, order = context.language, here.order
    parcels = parcels_said(context, order)
    steps = sorted(await parcel_steps(here.db, order.id), key=lambda step: step.at, reverse=True)
    said = [
        TrackedStep(
            at_text=moment_said(step.at, language, zone=context.zone, today=context.today),
            text=step.text or translate(language, TRACKING_WORDS.get(step.state, step.state)),
        )
        for step in steps[:_STEPS]
    ]
    place = await collection_of(here.db, order.id) if order.state != "cancelled" else None
    under_way = next((parcel for parcel in parcels if parcel.tracking_number), None)
    late = bool(
        order.promised_on and order.promised_on < context.today and order.state not in ("delivered", "cancelled")
    )
    promised = _promised(context, order)
    return TrackedDelivery(
        number=order.number or "",
        state=order.state,
        delivered=order.state == "delivered",
        ready=any(parcel.state == "ready" for parcel in parcels),
        late=late,
        parcels=parcels,
        steps=said,
        promised_on=order.promised_on.isoformat() if order.promised_on else "",
        promised_text=promised,
        tracking_number=under_way.tracking_number if under_way else "",
        tracking_url=under_way.url if under_way else "",
        url=order_link(context, here),
        text=_way(context, order, parcels, promised, place_name=place.location if place else "", late=late),
    )


def _way(
    context: ToolContext, order: Order, parcels: list[ShownParcel], promised: str, *, place_name: str, late: bool
) -> str:
    language = context.language
    number = order.number or ""
    if not parcels or order.state in ("placed", "picking"):
        said = [order_told(order, language)]
    else:
        said = [
            words(
                language,
                _("Order {number}, {carrier}: {state}."),
                number=number,
                carrier=" ".join(part for part in (parcel.carrier, parcel.tracking_number) if part) or place_name,
                state=parcel.state_text,
            )
            for parcel in parcels
        ]
    if late:
        said.append(translate(language, _("It should have arrived already, and we are sorry.")))
    elif promised:
        said.append(words(language, _("It is to arrive {day}."), day=promised))
    return " ".join(said)


ORDER_TOOLS = (
    Tool(
        name="order_status",
        description="Where an order stands, what is in it, whether it is paid and when it comes.",
        arguments=AboutOrder,
        result=OrderStatus,
        run=_order_status,
        outside=True,
    ),
    Tool(
        name="list_orders",
        description="The customer's latest orders.",
        arguments=MyOrders,
        result=ShownOrders,
        run=_list_orders,
        audience="customer",
    ),
    Tool(
        name="track_delivery",
        description="Where the parcels of an order are, as the carrier tells it.",
        arguments=AboutOrder,
        result=TrackedDelivery,
        run=_track_delivery,
        outside=True,
    ),
)
