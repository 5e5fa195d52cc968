"""The tool that says what is worth greeting with: what the customer most likely comes about."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from kupec.customers import Asker, asker_of, get_party
from kupec.kit.db import Connection
from kupec.kit.i18n import mark as _
from kupec.kit.spoken import day_said, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.models import Order
from kupec.sales.orders import get_orders, status_token
from kupec.sales.owned import owned_of
from kupec.sales.standing.listing import list_standing
from kupec.sales.standing.planning import next_occurrences
from kupec.sales.tools.cart import shown
from kupec.sales.tools.in_hand import cart_in_hand
from kupec.sales.tools.order_words import leaves_on, money_of
from kupec.sales.tools.shapes_cart import Nothing
from kupec.sales.tools.shapes_standing import Greeting

_UNDER_WAY = timedelta(days=21)
_SOON = timedelta(days=4)
_SERVICE_AHEAD = timedelta(days=14)
_ORDERS = 3
_OPEN_ORDERS = """
select id from sales_order
 where customer_id = any($1::uuid[]) and state in ('placed', 'picking', 'shipped') and placed_at > $2
 order by placed_at desc, id desc limit $3
"""

Look = Callable[[Connection, ToolContext, Asker], Awaitable[Greeting | None]]


async def _my_greeting(context: ToolContext, arguments: Nothing) -> Greeting:
    """The first thing that there is, the most pressing first; nothing personal to who has not proved who they are."""
    db = context.db
    asker = await asker_of(db, context)
    looks: tuple[Look, ...] = (_order, _standing, _service, _cart) if asker.root is not None else (_cart,)
    for look in looks:
        found = await look(db, context, asker)
        if found is not None:
            return found
    return _greeting("", "")


def _greeting(
    kind: str,
    text: str,
    *,
    name: str = "",
    order_number: str = "",
    day_text: str = "",
    url: str = "",
    suggestions: tuple[str, ...] = (),
) -> Greeting:
    return Greeting(
        kind=kind,
        name=name,
        order_number=order_number,
        day_text=day_text,
        url=url,
        suggestions=list(suggestions),
        text=text,
    )


async def _name(db: Connection, root: UUID | None) -> str:
    party = await get_party(db, root) if root else None
    return party.name if party and party.name != party.email else ""


async def _order(db: Connection, context: ToolContext, asker: Asker) -> Greeting | None:
    """An order that waits to be collected, is on its way, leaves today, or waits for its money."""
    ids = await asker.ids(db, "orders")
    rows = await db.fetch(_OPEN_ORDERS, ids, context.now - _UNDER_WAY, _ORDERS)
    orders = await get_orders(db, [row["id"] for row in rows])
    found = [await _about(db, context, asker, orders[row["id"]]) for row in rows]
    ranked = [one for kind in ("parcel", "ships_today", "to_pay") for one in found if one and one.kind == kind]
    return ranked[0] if ranked else None


async def _about(db: Connection, context: ToolContext, asker: Asker, order: Order) -> Greeting | None:
    language, number = context.language, order.number or ""
    url = context.link(f"/order/{status_token(context.settings.secret, order.id)}")
    name = await _name(db, asker.root)
    if any(parcel.state == "ready" for parcel in order.fulfilments):
        text = words(language, _("Your order {number} waits at our counter, ready to be collected."), number=number)
        return _greeting("parcel", text, name=name, order_number=number, url=url, suggestions=("track_delivery",))
    if any(parcel.state == "shipped" for parcel in order.fulfilments):
        day = day_said(order.promised_on, language, today=context.today) if order.promised_on else ""
        expected = _("Your order {number} is on its way. It is to arrive {day}.")
        message = expected if day else _("Your order {number} is on its way.")
        text = words(language, message, number=number, day=day)
        return _greeting(
            "parcel", text, name=name, order_number=number, day_text=day, url=url, suggestions=("track_delivery",)
        )
    if await leaves_on(db, order) == context.today:
        text = words(language, _("Your order {number} ships today."), number=number)
        suggestions = ("track_delivery", "change_order")
        return _greeting("ships_today", text, name=name, order_number=number, url=url, suggestions=suggestions)
    money = await money_of(db, order, language)
    if money.owed and order.state == "placed" and order.payment_method not in ("account", "cod"):
        amount = money_said(money.owed, order.currency, language)
        message = _("Your order {number} waits for its payment of {amount}.")
        text = words(language, message, number=number, amount=amount)
        return _greeting("to_pay", text, name=name, order_number=number, url=url, suggestions=("order_status",))
    return None


async def _standing(db: Connection, context: ToolContext, asker: Asker) -> Greeting | None:
    """A standing order that comes within days."""
    for one in await list_standing(db, party_ids=await asker.ids(db, "orders"), state="active", limit=20):
        ahead = [each for each in await next_occurrences(db, one, now=context.now, limit=3) if each.state == "planned"]
        if ahead and ahead[0].due_at <= context.now + _SOON:
            day = day_said(ahead[0].due_at.astimezone(context.zone).date(), context.language, today=context.today)
            text = words(context.language, _("Your standing order comes soon: {day}."), day=day)
            url = context.link(f"/my/standing/{one.id}")
            suggestions = ("list_standing", "skip_standing", "move_standing")
            name = await _name(db, asker.root)
            return _greeting("standing", text, name=name, day_text=day, url=url, suggestions=suggestions)
    return None


async def _service(db: Connection, context: ToolContext, asker: Asker) -> Greeting | None:
    """A machine of theirs that is due for its service."""
    due = [
        one
        for one in await owned_of(db, asker.own)
        if one.next_service_on is not None and one.next_service_on <= context.today + _SERVICE_AHEAD
    ]
    if not due:
        return None
    first = min(due, key=lambda one: (one.next_service_on or context.today, one.name))
    text = words(context.language, _("{machine} is due for its service."), machine=first.name)
    name = await _name(db, asker.root)
    return _greeting("service", text, name=name, url=context.link("/my/things"), suggestions=("book_callback",))


async def _cart(db: Connection, context: ToolContext, asker: Asker) -> Greeting | None:
    """Goods that were left in the cart."""
    cart = await cart_in_hand(db, context, asker)
    if cart is None or not cart.lines:
        return None
    seen = await shown(db, context, cart)
    text = words(context.language, _("In your cart there is {goods}."), goods=seen.lines_text)
    suggestions = ("show_cart", "shipping_options", "checkout_in_chat")
    name = await _name(db, asker.root)
    return _greeting("cart", text, name=name, url=seen.url, suggestions=suggestions)


GREETING_TOOLS = (
    Tool(
        name="my_greeting",
        description="What is worth greeting the customer with: a parcel under way, a standing order soon, a cart left.",
        arguments=Nothing,
        result=Greeting,
        run=_my_greeting,
    ),
)
