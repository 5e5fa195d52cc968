"""Making up for a mistake: a voucher within the merchant's limits, and the words that bring it to the customer."""

from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kupec.conversations import get_conversation
from kupec.customers import roots
from kupec.kit.errors import InvalidValue, KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.i18n import translate
from kupec.kit.money import Money, display, parse_amount
from kupec.sales import get_order, give_goodwill, list_orders
from kupec.web.desk.conversation_composing import composer_of
from kupec.web.desk.conversation_limits import buyers_of
from kupec.web.desk.gate import actor_of
from kupec.web.desk.inbox import back_to, inbox_page
from kupec.web.desk.page import reader_of
from kupec.web.forms import read_form
from kupec.web.rendering import AnyRequest, site_of


@post("/inbox/{conversation_id:uuid}/goodwill", opt={"permission": "orders.refund"})
async def goodwill(request: AnyRequest, conversation_id: FromPath[UUID]) -> Response[Any]:
    """Give a voucher for the customer's last order; the words that tell of it stand in the composer, to be sent."""
    site, form, reader = site_of(request), await read_form(request), reader_of(request)
    try:
        async with site.database.transaction() as db:
            one = await get_conversation(db, conversation_id)
            root = (await roots(db, [one.customer_id]))[one.customer_id]
            orders = await list_orders(db, customer_ids=await buyers_of(db, root), limit=1)
            if not orders:
                raise InvalidValue(field="amount", expected=_("a customer who has ordered"))
            currency = orders[0].currency
            given = await give_goodwill(
                db,
                (await get_order(db, orders[0].id)).customer_id or root,
                amount=parse_amount(form.text("amount"), currency, field="amount"),
                currency=currency,
                order_id=orders[0].id,
                reason=form.text("reason", most=300),
                key=f"desk:{form.uuid('once')}",
                actor=actor_of(request),
                now=site.clock.now(),
            )
    except KupecError as error:
        return back_to(request, conversation_id, failed=error)
    amount = display(Money(given.amount, given.currency), one.language)
    words = translate(one.language, _("We are sorry. Here is a voucher for {amount}: {code}. Type it in the cart."))
    text = words.format(amount=amount, code=given.code)
    async with site.database.reading() as db:
        one = await get_conversation(db, conversation_id)
        return await inbox_page(request, db, one, composer=await composer_of(db, one, reader, text=text))


routes = (goodwill,)
