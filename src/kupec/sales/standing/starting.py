"""Standing orders are started: from nothing, from a cart, from an order that is to come again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kupec.billing import cards_on_file
from kupec.catalogue import market as get_market
from kupec.customers import members_of, roots
from kupec.kit.actor import Actor
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.i18n import mark as _
from kupec.kit.ids import uuid7
from kupec.kit.recurrence import check, number_after, run_number
from kupec.sales.buyer import CartDetails, check_details
from kupec.sales.carts import MAX_LINES, MAX_QUANTITY, get_cart, get_carts
from kupec.sales.errors import CartIncomplete
from kupec.sales.models import Address, Company, PickupPoint, PricedCart
from kupec.sales.orders import get_order
from kupec.sales.standing.errors import CardUnknown
from kupec.sales.standing.estimates import price_standing
from kupec.sales.standing.events import StandingStarted
from kupec.sales.standing.models import NewStanding, StandingLine, StandingOrder, StandingTerms, WantedLine
from kupec.sales.standing.planning import plan_next
from kupec.sales.standing.rows import STANDING_FIELDS, get_standing, require
from kupec.sales.standing.telling import tell

_INSERT = f"""
insert into standing_order ({", ".join((*STANDING_FIELDS, "key"))})
values ({", ".join(f"${index}" for index in range(1, len(STANDING_FIELDS) + 2))})
on conflict (key) do nothing returning id
"""  # noqa: S608
# What is wrong today and may be right when the day comes is no reason to refuse.
_PASSING = ("not_enough_stock",)


async def start_standing(db: Connection, new: NewStanding, *, actor: Actor, now: datetime) -> StandingOrder:
    """Start a standing order; its first time is the recurrence's first after `now`. Emits standing.started.

    For its customer, who buys for them, and the desk with "orders.write". The same `key` again gives the order it
    started. Raises Forbidden, NotFound, CardUnknown, CartIncomplete (naming the line or field that cannot be ordered),
    and InvalidValue naming the field.
    """
    customer_id = (await roots(db, [new.customer_id]))[new.customer_id]
    await require(db, customer_id, actor)
    # A key is the customer's own: what another one has started under the same words is none of theirs.
    key = None if new.key is None else f"{customer_id}:{new.key}"
    if key is not None:
        known = await db.fetchval("select id from standing_order where key = $1", key)
        if known is not None:
            return await get_standing(db, known)
    standing = await _checked(db, new, customer_id, actor=actor, now=now)
    seen = await priced_or_refused(db, standing, now=now)
    standing = with_prices(standing, seen)
    standing = msgspec.structs.replace(standing, approved_total=agreed_total(standing, seen, actor))
    if await db.fetchval(_INSERT, *_values(standing), key) is None:
        known = await db.fetchval("select id from standing_order where key = $1", key)
        return await get_standing(db, known)
    await insert_lines(db, standing)
    await plan_next(db, [standing], now=now)
    await tell(db, standing.id, customer_id, _started(standing, now), actor=actor, now=now)
    return await get_standing(db, standing.id)


async def standing_from_cart(
    db: Connection,
    cart_id: UUID,
    terms: StandingTerms,
    *,
    customer_id: UUID,
    ordered_by: UUID | None = None,
    key: str | None = None,
    actor: Actor,
    now: datetime,
) -> StandingOrder:
    """Let what lies in a cart come again and again; the cart stays as it is. Coupons and credit do not come along.

    Errors and events as `start_standing`; CartIncomplete also for a cart without an address or delivery.
    """
    cart = await get_cart(db, cart_id)
    if cart.email is None or cart.address is None or cart.shipping_method is None:
        field = next(name for name in ("email", "address", "shipping_method") if getattr(cart, name) is None)
        raise CartIncomplete(field=field, problem=_("Please say who orders, and where to deliver."))
    new = NewStanding(
        customer_id=customer_id,
        ordered_by=ordered_by,
        market=cart.market,
        language=cart.language,
        email=cart.email,
        name=cart.name,
        phone=cart.phone,
        address=cart.address,
        company=cart.company,
        shipping_method=cart.shipping_method,
        pickup_point=cart.pickup_point,
        terms=terms,
        lines=[
            WantedLine(variant_id=line.variant_id, quantity=line.quantity, options=line.options) for line in cart.lines
        ],
        source=f"cart:{cart_id}",
        key=key,
    )
    return await start_standing(db, new, actor=actor, now=now)


async def standing_from_order(
    db: Connection,
    order_id: UUID,
    terms: StandingTerms,
    *,
    customer_id: UUID | None = None,
    ordered_by: UUID | None = None,
    key: str | None = None,
    actor: Actor,
    now: datetime,
) -> StandingOrder:
    """“Repeat this every …”: the goods of an order, to the same place. Gifts do not come along.

    Errors and events as `start_standing`; NotFound also for an order of somebody else than `customer_id`, if given.
    """
    order = await get_order(db, order_id)
    if order.customer_id is None or order.number is None:
        raise NotFound(what="order")
    owner = (await roots(db, [order.customer_id]))[order.customer_id]
    if customer_id is not None and (await roots(db, [customer_id]))[customer_id] != owner:
        raise NotFound(what="order")
    cart = (await get_carts(db, [order.cart_id])).get(order.cart_id) if order.cart_id else None
    wanted = (
        [WantedLine(variant_id=line.variant_id, quantity=line.quantity, options=line.options) for line in cart.lines]
        if cart
        else [
            WantedLine(variant_id=line.variant_id, quantity=line.quantity)
            for line in order.lines
            if line.variant_id is not None and not line.gift
        ]
    )
    new = NewStanding(
        customer_id=owner,
        ordered_by=ordered_by,
        market=order.market,
        language=order.language,
        email=order.email or "",
        name=order.name,
        phone=order.phone,
        address=order.address,
        company=order.company,
        shipping_method=order.shipping_method or "",
        pickup_point=order.pickup_point,
        terms=terms,
        lines=wanted,
        source=f"order:{order_id}",
        key=key,
    )
    return await start_standing(db, new, actor=actor, now=now)


async def _checked(
    db: Connection, new: NewStanding, customer_id: UUID, *, actor: Actor, now: datetime
) -> StandingOrder:
    terms = new.terms
    check(terms.recurrence)
    number = number_after(terms.recurrence, now)
    if run_number(terms.recurrence, number) is None:
        raise InvalidValue(field="until", expected=_("a day after the first order"))
    details = checked_details(new)
    standing = StandingOrder(
        id=uuid7(),
        customer_id=customer_id,
        ordered_by=new.ordered_by,
        market=new.market,
        language=new.language,
        currency=(await get_market(db, new.market)).currency,
        email=details.email,
        name=details.name,
        phone=details.phone,
        address=details.address,
        company=details.company,
        shipping_method=new.shipping_method,
        pickup_point=details.pickup_point,
        payment=terms.payment,
        card_id=terms.card_id if terms.payment == "card" else None,
        price_policy=terms.price_policy,
        fixed_until=terms.fixed_until if terms.price_policy == "fixed" else None,
        approved_total=None,
        recurrence=terms.recurrence,
        base=1 - number,
        next_number=1,
        state="active",
        reason=None,
        source=new.source,
        note=checked_note(terms.note),
        created_at=now,
        updated_at=now,
        ended_at=None,
        lines=checked_lines(new.lines, actor=actor),
    )
    await check_card(db, standing)
    return standing


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    email: str
    name: str | None
    phone: str | None
    address: Address
    company: Company | None
    pickup_point: PickupPoint | None


def checked_details(new: "NewStanding | StandingOrder") -> _Details:
    """What is told about the customer and the delivery, in its normal form. Raises InvalidValue naming the field."""
    names = _Details.__struct_fields__
    told = check_details(CartDetails(**{name: getattr(new, name) for name in names}))
    values = {name: getattr(told, name) for name in names}
    if not values["email"]:
        raise InvalidValue(field="email", expected=_("an e-mail address"))
    return _Details(**values)


def checked_note(note: str) -> str:
    if len(note) > 2000:
        raise InvalidValue(field="note", expected=_("at most 2000 characters"))
    return note.strip()


def checked_lines(lines: Sequence[WantedLine], *, actor: Actor) -> list[StandingLine]:
    """Lines to be kept. Raises InvalidValue naming the line; Forbidden where others than the desk say a price."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise InvalidValue(field="lines", expected=_("at least one line, and not more than 200"))
    seen: set[tuple[UUID, tuple[tuple[str, str], ...]]] = set()
    for index, line in enumerate(lines):
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise InvalidValue(field=f"lines[{index}].quantity", expected=_("a whole number from 1 to 9999"))
        if line.fixed_amount is not None:
            actor.require("orders.write")
            if line.fixed_amount < 0:
                raise InvalidValue(field=f"lines[{index}].fixed_amount", expected=_("an amount, or zero"))
        make = line.variant_id, tuple(sorted(line.options.items()))
        if make in seen:
            raise InvalidValue(field=f"lines[{index}]", expected=_("goods that no other line has"))
        seen.add(make)
    return [
        StandingLine(
            id=uuid7(),
            variant_id=line.variant_id,
            quantity=line.quantity,
            options=line.options,
            fixed_amount=line.fixed_amount,
        )
        for line in lines
    ]


async def check_card(db: Connection, standing: StandingOrder) -> None:
    """Raises CardUnknown unless the card is the customer's. That of whoever ordered for an organisation is not: their
    colleagues may order more by it, also when they have left.
    """
    if standing.payment != "card":
        return
    owners = await members_of(db, standing.customer_id)
    kept = [card.id for owner in owners for card in await cards_on_file(db, owner)]
    if standing.card_id not in kept:
        raise CardUnknown(field="card_id")


async def priced_or_refused(db: Connection, standing: StandingOrder, *, now: datetime) -> PricedCart:
    """What it would be today. Raises CartIncomplete naming what cannot be ordered; goods that are out may come."""
    seen = (await price_standing(db, [standing], now=now))[standing.id]
    if seen.shipping is not None and seen.shipping.kind == "slot":
        raise InvalidValue(field="shipping_method", expected=_("a delivery that needs no time to be chosen"))
    problem = next((problem for problem in seen.problems if problem.code not in _PASSING), None)
    if problem is not None:
        raise CartIncomplete(field=problem.field, problem=problem.message)
    return seen


def with_prices(standing: StandingOrder, seen: PricedCart) -> StandingOrder:
    """The standing order with what its lines cost today: remembered, and agreed where prices are fixed. Pure."""
    amounts = [line.unit_amount for line in seen.lines if not line.gift]
    fixed = standing.price_policy == "fixed"
    return msgspec.structs.replace(
        standing,
        lines=[
            msgspec.structs.replace(
                line,
                last_amount=amount if line.last_amount is None else line.last_amount,
                fixed_amount=(amount if line.fixed_amount is None else line.fixed_amount) if fixed else None,
            )
            for line, amount in zip(standing.lines, amounts, strict=True)
        ],
    )


def agreed_total(standing: StandingOrder, seen: PricedCart, actor: Actor) -> int | None:
    """Up to which total the actor's word stands for a purchase on account: that of the desk, of the customer
    themself and of their approvers; a buyer's does not, where an approver is wanted.
    """
    customer_id = standing.customer_id
    themself = actor.kind == "customer" and actor.id == str(customer_id)
    if actor.may("orders.write") or themself or actor.acts_for(customer_id, "approver"):
        return seen.total
    return standing.approved_total


def _started(standing: StandingOrder, now: datetime) -> StandingStarted:
    first = run_number(standing.recurrence, standing.next_number - standing.base)
    assert first is not None, "checked before"
    return StandingStarted(
        lines=len(standing.lines),
        every=standing.recurrence.every,
        unit=standing.recurrence.unit,
        payment=standing.payment,
        price_policy=standing.price_policy,
        first_on=first.day,
        source=standing.source,
    )


def _values(standing: StandingOrder) -> list[object]:
    values = []
    for name in STANDING_FIELDS:
        value = getattr(standing, name)
        values.append(msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value)
    return values


async def insert_lines(db: Connection, standing: StandingOrder) -> None:
    """Write the lines of a standing order that has none."""
    lines = standing.lines
    await db.execute(
        """
        insert into standing_line (standing_order_id, position, id, variant_id, quantity, options, fixed_amount,
                                   last_amount)
        select $1, position - 1, id, variant_id, quantity, options, fixed_amount, last_amount
          from unnest($2::uuid[], $3::uuid[], $4::int[], $5::jsonb[], $6::bigint[], $7::bigint[]) with ordinality
            as new (id, variant_id, quantity, options, fixed_amount, last_amount, position)
        """,
        standing.id,
        [line.id for line in lines],
        [line.variant_id for line in lines],
        [line.quantity for line in lines],
        [line.options for line in lines],
        [line.fixed_amount for line in lines],
        [line.last_amount for line in lines],
    )
