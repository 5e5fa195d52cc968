"""Messages whose reason is gone when they are about to be sent: the cart was ordered, the money has come."""

from collections.abc import Sequence
from uuid import UUID

from kupec.kit.db import Connection
from kupec.outreach.mails import Mail

_CART = """
select mail.id from mail join cart on mail.subject_ref = 'cart:' || cart.id
 where mail.id = any($1::uuid[])
   and (cart.state <> 'open' or exists (
        select from sales_order placed
         where placed.placed_at is not null and placed.placed_at >= cart.updated_at
           and placed.customer_id in (
                select cart.customer_id
                union select mail.customer_id
                union select member_id from party_alias where party_id = mail.customer_id)))
"""
_ORDERED_SINCE = """
select mail.id from mail
 where mail.id = any($1::uuid[]) and exists (
        select from sales_order placed
         where placed.placed_at > mail.created_at
           and placed.customer_id in (
                select mail.customer_id
                union select member_id from party_alias where party_id = mail.customer_id))
"""
_PAID = """
select mail.id from mail
 where mail.id = any($1::uuid[]) and mail.history like 'order:%'
   and not exists (select from payment
                    where payment.order_id = substr(mail.history, 7)::uuid and payment.state = 'awaiting')
"""
_ASK = {
    "abandoned_cart": _CART,
    "dormant": _ORDERED_SINCE,
    "payment_reminder": _PAID,
    "invoice_overdue_1": _PAID,
    "invoice_overdue_2": _PAID,
    "invoice_overdue_3": _PAID,
}


async def no_longer(db: Connection, mails: Sequence[Mail]) -> set[UUID]:
    """The ids of those that nothing speaks for any more."""
    found: set[UUID] = set()
    for question in {_ASK[mail.kind] for mail in mails if mail.kind in _ASK}:
        some = [mail.id for mail in mails if _ASK.get(mail.kind) == question]
        found |= {row["id"] for row in await db.fetch(question, some)}
    return found
