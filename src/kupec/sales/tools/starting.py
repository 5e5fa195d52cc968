"""Tools that start a standing order: what lies in the cart, or an order, comes again and again. Looked at first."""

from datetime import date, timedelta
from uuid import UUID

import msgspec

from kupec.billing import accounts_of, cards_of
from kupec.customers import Asker, asker_of, members_of, roots
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.recurrence import Recurrence
from kupec.kit.recurrence_words import how_often as rhythm_said
from kupec.kit.spoken import listed, money_said, words
from kupec.kit.tools import Tool, ToolContext
from kupec.sales.buyer import CartDetails
from kupec.sales.carts import cancel_cart, set_details
from kupec.sales.errors import CartIncomplete
from kupec.sales.models import Cart, Order
from kupec.sales.standing.estimates import price_standing
from kupec.sales.standing.models import StandingOrder, StandingTerms
from kupec.sales.standing.planning import preview
from kupec.sales.standing.rows import get_standing
from kupec.sales.standing.starting import standing_from_cart, standing_from_order
from kupec.sales.tools.in_hand import account_of, cart_to_change, done_before, note_made, seen_cart
from kupec.sales.tools.one_order import latest_order
from kupec.sales.tools.shapes_standing import NewRhythm, PreviewedStanding, StartedStanding
from kupec.sales.tools.standing import AHEAD, dates_said, day_of, standing_shown

NEEDS = {
    "card": _("For that we need a card that you let us keep: tick it when you next pay by card, then we can begin."),
    "delivery": _("For that we need to know who orders and where to deliver."),
}
_LENGTH = {"day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=30)}


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    """What is to come again: an order, or the cart in hand; and for whom."""

    account: UUID
    order: Order | None = None
    cart: Cart | None = None
    currency: str
    total: int
    items: str


class _Way(msgspec.Struct, frozen=True, kw_only=True):
    """How it is paid by itself; `needs` says what is missing."""

    terms: StandingTerms
    text: str = ""
    needs: str = ""


async def _preview_standing(context: ToolContext, arguments: NewRhythm) -> PreviewedStanding:
    db, language = context.db, context.language
    asker = await asker_of(db, context)
    source = await _source(db, context, asker, arguments.number)
    way = await _way(db, context, source, arguments)
    rule = way.terms.recurrence
    dates = [run.day for run in preview(rule, now=context.now, limit=AHEAD)]
    total = money_said(source.total, source.currency, language)
    often, when = rhythm_said(rule, language), dates_said(context, dates)
    said = words(
        language,
        _("{goods} {often}, {total} each time. Next: {dates}."),
        goods=source.items,
        often=often,
        total=total,
        dates=when,
    )
    needs = translate(language, NEEDS[way.needs]) if way.needs else ""
    return PreviewedStanding(
        how_often_text=often,
        next_dates=[day.isoformat() for day in dates],
        next_dates_text=when,
        items_text=source.items,
        total=source.total,
        total_text=total,
        payment=way.terms.payment,
        payment_text=way.text,
        needs=way.needs,
        needs_text=needs,
        url=context.link("/my/standing"),
        text=f"{said} {needs}".strip(),
    )


async def _start_standing(context: ToolContext, arguments: NewRhythm) -> StartedStanding:
    """Started once under the key of its step. Of the cart nothing is left to be ordered twice."""
    db = context.db
    asker = await asker_of(db, context)
    made = await done_before(db, context, "start_standing")
    if made:
        return await _started(db, context, await get_standing(db, UUID(made)))
    source = await _source(db, context, asker, arguments.number)
    way = await _way(db, context, source, arguments)
    if way.needs:
        raise CartIncomplete(field=way.needs, problem=NEEDS[way.needs])
    ordered_by = asker.root if source.account != asker.root else None
    if source.order is not None:
        standing = await standing_from_order(
            db,
            source.order.id,
            way.terms,
            customer_id=source.account,
            ordered_by=ordered_by,
            key=context.key,
            actor=asker.actor,
            now=context.now,
        )
    else:
        assert source.cart is not None, "one of both"
        standing = await standing_from_cart(
            db,
            source.cart.id,
            way.terms,
            customer_id=source.account,
            ordered_by=ordered_by,
            key=context.key,
            actor=asker.actor,
            now=context.now,
        )
        await cancel_cart(db, source.cart.id, actor=asker.actor, now=context.now)
    await note_made(db, context, standing.id)
    return await _started(db, context, standing)


async def _started(db: Connection, context: ToolContext, standing: StandingOrder) -> StartedStanding:
    language = context.language
    shown = await standing_shown(db, context, standing)
    seen = (await price_standing(db, [standing], now=context.now)).get(standing.id)
    total = seen.total if seen else 0
    dates = dates_said(context, [date.fromisoformat(day) for day in shown.next_dates])
    said = money_said(total, standing.currency, language)
    text = words(
        language,
        _("Done: {goods} {often}. Next: {dates}. You may skip, move or pause it at any time."),
        goods=shown.title,
        often=shown.how_often_text,
        dates=dates,
    )
    return StartedStanding(
        id=str(standing.id),
        how_often_text=shown.how_often_text,
        next_dates=shown.next_dates,
        next_dates_text=dates,
        items_text=shown.title,
        total=total,
        total_text=said,
        url=shown.url,
        text=text,
    )


async def _source(db: Connection, context: ToolContext, asker: Asker, number: str) -> _Source:
    """An order by its number, else what lies in the cart, else the latest order. Raises NotFound, CartIncomplete."""
    asker.known()
    cart = None if number.strip() else await cart_to_change(db, context, asker)
    if cart is not None and cart.lines:
        seen = await seen_cart(db, cart, context)
        if seen.shipping is not None and seen.shipping.code != cart.shipping_method:
            chosen = CartDetails(shipping_method=seen.shipping.code)
            cart = await set_details(db, cart.id, chosen, actor=asker.actor, now=context.now)
        goods = [f"{line.quantity} × {line.name}" for line in seen.lines if not line.gift]
        return _Source(
            account=await account_of(db, asker, cart),
            cart=cart,
            currency=seen.currency,
            total=seen.total,
            items=listed(goods, context.language),
        )
    order = await latest_order(db, asker, number, part="buy")
    goods = [f"{line.quantity} × {line.name}" for line in order.lines if not line.gift]
    assert order.customer_id is not None, "one of theirs"
    account = (await roots(db, [order.customer_id]))[order.customer_id]
    return _Source(
        account=account,
        order=order,
        currency=order.currency,
        total=order.total,
        items=listed(goods, context.language),
    )


async def _way(db: Connection, context: ToolContext, source: _Source, arguments: NewRhythm) -> _Way:
    """The rhythm, and what pays by itself: as was said, else the house account, else the card that is kept."""
    rule = _rule(context, source, arguments)
    wanted = arguments.payment.strip()
    owners = await members_of(db, source.account)
    accounts = await accounts_of(db, owners)
    cards = await cards_of(db, owners)
    on_account = any(one.currency == source.currency and one.usable for one in accounts.values())
    card = next((one for one in cards if not wanted or str(one.id) == wanted), None)
    lacking = _lacks(source.cart) if source.cart is not None else not (source.order and source.order.shipping_method)
    needs = "delivery" if lacking else ""
    if wanted == "account" or (not wanted and on_account):
        if not on_account:
            raise InvalidValue(field="payment", expected="a way to pay that this customer has")
        text = translate(context.language, _("on account"))
        return _Way(terms=StandingTerms(recurrence=rule, payment="account"), text=text, needs=needs)
    if wanted and card is None:
        raise InvalidValue(field="payment", expected="a way to pay that this customer has")
    terms = StandingTerms(recurrence=rule, payment="card", card_id=card.id if card else None)
    return _Way(terms=terms, text=card.label if card else "", needs=needs or ("" if card else "card"))


def _lacks(cart: Cart) -> bool:
    return cart.email is None or cart.address is None or cart.shipping_method is None


def _rule(context: ToolContext, source: _Source, arguments: NewRhythm) -> Recurrence:
    country = (source.order.address.country if source.order else None) or (
        source.cart.address.country if source.cart and source.cart.address else context.settings.shop_country
    )
    first = day_of(arguments.first, "first") if arguments.first else context.today + _ahead(arguments)
    if first < context.today:
        raise InvalidValue(field="first", expected=_("today or a day to come"))
    return Recurrence(
        every=arguments.every,
        unit=arguments.unit,
        anchor=first,
        zone=context.settings.shop_timezone,
        on_holiday="next_working_day",
        country=country,
    )


def _ahead(arguments: NewRhythm) -> timedelta:
    return min(_LENGTH[arguments.unit] * arguments.every, timedelta(days=366))


STARTING_TOOLS = (
    Tool(
        name="preview_standing",
        description="What a standing order from the cart or an order would be: how often, which dates, what it costs.",
        arguments=NewRhythm,
        result=PreviewedStanding,
        run=_preview_standing,
        audience="customer",
    ),
    Tool(
        name="start_standing",
        description="Let what lies in the cart, or an order, come again and again.",
        arguments=NewRhythm,
        result=StartedStanding,
        run=_start_standing,
        audience="customer",
        changes=True,
    ),
)
