"""Orders, returns, standing orders, approvals and what the customer has: the operations of the customer API."""

from uuid import UUID

from kupec.billing import Document, documents_of, payment_instructions
from kupec.catalogue import markets
from kupec.customers import Part
from kupec.kit.errors import NotFound
from kupec.sales import (
    Again,
    Approval,
    NewOwned,
    Occurrence,
    Order,
    Owned,
    Return,
    StandingChange,
    StandingOrder,
    StandingTerms,
    WantedLine,
    Wish,
    add_owned,
    approvals_of,
    book_service,
    cancel_service,
    change_occurrence,
    change_standing,
    decline_approval,
    end_standing,
    free_days,
    get_order,
    get_standing,
    list_occurrences,
    list_orders,
    list_standing,
    move_occurrence,
    next_occurrences,
    order_again,
    owned_of,
    pause_standing,
    remove_owned,
    request_return,
    resume_standing,
    returns_of,
    skip_occurrence,
    standing_from_order,
    unskip_occurrence,
)
from kupec.web.desk.orders import read_cursor, write_cursor
from kupec.web.my_api import bodies as b
from kupec.web.my_api.calls import ROOT, Call, Ok
from kupec.web.portal.approvals import approval_here
from kupec.web.portal.carts import cart_of_account
from kupec.web.portal.gate import owner_may
from kupec.web.portal.owned import thing_here
from kupec.web.portal.standing import standing_here
from kupec.web.portal.standing_terms import change_of

_PAGE = 50
_AHEAD = 10


async def orders(call: Call) -> b.Orders:
    before = read_cursor(call.text("before"))
    found = await list_orders(call.db, customer_ids=call.me.account_ids, before=before, limit=_PAGE + 1)
    last = found[_PAGE - 1] if len(found) > _PAGE else None
    return b.Orders(orders=found[:_PAGE], older=write_cursor(last.placed_at, last.id) if last else None)


async def _order(call: Call, order_id: UUID, part: Part = "orders") -> Order:
    """What is somebody else's does not exist."""
    found = await get_order(call.db, order_id)
    if found.placed_at is None or not await owner_may(call.db, call.me, found.customer_id, part):
        raise NotFound(what="order")
    return found


async def order(call: Call) -> b.OrderOut:
    found = await _order(call, call.id("order_id"))
    owed = (await payment_instructions(call.db, {found.id: found.number})).get(found.id)
    return b.OrderOut(
        order=found,
        documents=[document_out(one) for one in await documents_of(call.db, found.id) if one.number],
        returns=await returns_of(call.db, found.id),
        to_pay=b.ToPay(
            amount=owed.amount,
            currency=owed.currency,
            iban=owed.iban_compact or None,
            reference=owed.variable_symbol,
            due_on=owed.due_on,
            code=owed.code,
        )
        if owed
        else None,
    )


def document_out(one: Document) -> b.DocumentOut:
    assert one.issued_on is not None, "it has its number"
    return b.DocumentOut(
        id=one.id,
        kind=one.kind,
        number=one.number or "",
        order_id=one.order_id,
        issued_on=one.issued_on,
        total=one.total,
        currency=one.currency,
        pdf=f"{ROOT}/documents/{one.id}" if one.rendered_at else None,
    )


async def again(call: Call) -> Again:
    found = await _order(call, call.id("order_id"), "buy")
    market = next(one for one in await markets(call.db) if one.code == found.market)
    cart = await cart_of_account(call.db, call.me, market, now=call.now)
    return await order_again(call.db, found, cart.id, actor=call.me.actor, now=call.now)


async def ask_return(call: Call) -> Return:
    found = await _order(call, call.id("order_id"), "buy")
    wanted: b.ReturnIn = call.body
    return await request_return(
        call.db,
        found.id,
        [
            Wish(
                order_line_id=one.order_line_id, quantity=one.quantity, reason=one.reason, exchange_for=one.exchange_for
            )
            for one in wanted.lines
        ],
        settle_to=wanted.settle_to,
        note=wanted.note,
        key=f"{found.id}:{call.request.headers['idempotency-key']}",
        actor=call.me.actor,
        now=call.now,
    )


# --- standing orders ------------------------------------------------------------------------------------


async def standings(call: Call) -> b.Standings:
    return b.Standings(standing=await list_standing(call.db, party_ids=call.me.account_ids))


async def _standing(call: Call) -> StandingOrder:
    return await standing_here(call.db, call.me, call.id("standing_id"))


async def standing(call: Call) -> b.StandingOut:
    found = await _standing(call)
    return b.StandingOut(
        standing=found,
        ahead=await next_occurrences(call.db, found, now=call.now, limit=_AHEAD),
        past=await list_occurrences(call.db, standing_id=found.id, limit=20),
    )


async def repeat(call: Call) -> StandingOrder:
    found = await _order(call, call.id("order_id"), "buy")
    wanted: b.RepeatIn = call.body
    terms = StandingTerms(
        recurrence=wanted.recurrence, payment="card" if wanted.card_id else "account", card_id=wanted.card_id
    )
    return await standing_from_order(
        call.db,
        found.id,
        terms,
        customer_id=call.me.account.id,
        ordered_by=None if call.me.for_oneself else call.me.party.id,
        key=call.request.headers["idempotency-key"],
        actor=call.me.actor,
        now=call.now,
    )


async def skip(call: Call) -> Occurrence:
    found = await _standing(call)
    return await skip_occurrence(call.db, found.id, call.body.number, actor=call.me.actor, now=call.now)


async def unskip(call: Call) -> Occurrence:
    found = await _standing(call)
    return await unskip_occurrence(call.db, found.id, call.body.number, actor=call.me.actor, now=call.now)


async def move(call: Call) -> Occurrence:
    found = await _standing(call)
    return await move_occurrence(call.db, found.id, call.body.number, call.body.day, actor=call.me.actor, now=call.now)


async def pause(call: Call) -> StandingOrder:
    return await pause_standing(call.db, (await _standing(call)).id, actor=call.me.actor, now=call.now)


async def resume(call: Call) -> StandingOrder:
    return await resume_standing(call.db, (await _standing(call)).id, actor=call.me.actor, now=call.now)


async def end(call: Call) -> StandingOrder:
    return await end_standing(call.db, (await _standing(call)).id, actor=call.me.actor, now=call.now)


async def lines(call: Call) -> StandingOrder:
    found, wanted = await _standing(call), call.body
    pieces = {one.line_id: one.quantity for one in wanted.lines}
    if not pieces.keys() <= {line.id for line in found.lines}:
        raise NotFound(what="line")
    goods = [
        WantedLine(variant_id=line.variant_id, quantity=count, options=line.options)
        for line in found.lines
        if (count := pieces.get(line.id, line.quantity))
    ]
    if wanted.number is not None:
        await change_occurrence(call.db, found.id, wanted.number, goods, actor=call.me.actor, now=call.now)
        return await get_standing(call.db, found.id)
    change = StandingChange(lines=goods)
    return await change_standing(call.db, found.id, change, actor=call.me.actor, now=call.now)


async def rhythm(call: Call) -> StandingOrder:
    change = StandingChange(recurrence=call.body.recurrence)
    return await change_standing(call.db, (await _standing(call)).id, change, actor=call.me.actor, now=call.now)


async def terms(call: Call) -> StandingOrder:
    found, wanted = await _standing(call), call.body
    change = await change_of(
        call.db, call.me, address_id=wanted.address_id, payment=wanted.payment, card_id=wanted.card_id
    )
    return await change_standing(call.db, found.id, change, actor=call.me.actor, now=call.now)


# --- approvals ------------------------------------------------------------------------------------------


async def approvals(call: Call) -> b.Approvals:
    return b.Approvals(approvals=await approvals_of(call.db, call.me.account_ids))


async def approve(call: Call) -> Ok:
    found = await approval_here(call.db, call.me, call.id("approval_id"))
    await call.site.checkout.approve(found.id, expected_total=call.body.expected_total, actor=call.me.actor)
    return Ok()


async def decline(call: Call) -> Approval:
    found = await approval_here(call.db, call.me, call.id("approval_id"))
    return await decline_approval(call.db, found.id, note=call.body.note, actor=call.me.actor, now=call.now)


# --- what they have -------------------------------------------------------------------------------------


async def things(call: Call) -> b.Things:
    found = await owned_of(call.db, call.me.account_ids)
    return b.Things(things=found, service_days=await free_days(call.db, now=call.now))


async def add_thing(call: Call) -> Owned:
    wanted: b.ThingIn = call.body
    new = NewOwned(name=wanted.name, serial_number=wanted.serial_number, bought_on=wanted.bought_on)
    return await add_owned(call.db, call.me.account.id, new, actor=call.me.actor, now=call.now)


async def book(call: Call) -> Owned:
    thing = await thing_here(call.db, call.me, call.id("thing_id"))
    return await book_service(call.db, thing.id, call.body.day, actor=call.me.actor, now=call.now)


async def unbook(call: Call) -> Owned:
    thing = await thing_here(call.db, call.me, call.id("thing_id"))
    return await cancel_service(call.db, thing.id, actor=call.me.actor, now=call.now)


async def drop_thing(call: Call) -> Ok:
    thing = await thing_here(call.db, call.me, call.id("thing_id"))
    await remove_owned(call.db, thing.id, actor=call.me.actor, now=call.now)
    return Ok()
