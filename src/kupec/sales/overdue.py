"""Orders that were to be paid by transfer and were not: after a while they are cancelled by themselves."""

from datetime import datetime

import structlog

from kupec.billing import PAYMENT
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.errors import KupecError
from kupec.kit.i18n import mark as _
from kupec.kit.versions import published
from kupec.sales.cancelling import cancel_order

_REASON = _("It was not paid in time.")
_OVERDUE = system("overdue")
log = structlog.get_logger(__name__)


async def cancel_unpaid(db: Connection, now: datetime, limit: int) -> int:
    """Cancel orders whose transfer is as many days overdue as their way to pay says; returns how many.

    Goods go back on sale. Left for a person: what is being packed, and what was paid in part. Emits order.cancelled,
    payment.voided.
    """
    methods = (await published(db, PAYMENT))[PAYMENT].methods
    patience = {method.code: method.cancel_days for method in methods if method.kind == "transfer"}
    waiting = {code: days for code, days in patience.items() if days is not None}
    if not waiting:
        return 0
    # Cart before order, as everywhere; what somebody is at is left for the next time.
    rows = await db.fetch(
        """
        select o.id
          from payment p
          join sales_order o on o.id = p.order_id
          join cart on cart.id = o.cart_id
          join unnest($2::text[], $3::int[]) as way (code, days) on way.code = o.payment_method
         where p.state = 'awaiting' and p.provider = 'transfer' and p.due_on + way.days < $1::date
           and o.state = 'placed'
           and not exists (select from bank_match where bank_match.payment_id = p.id)
         order by cart.id limit $4 for no key update of cart skip locked
        """,
        *(now.date(), list(waiting), list(waiting.values()), limit),
    )
    cancelled = 0
    for row in rows:
        try:
            async with db.transaction():
                await cancel_order(db, row["id"], reason=_REASON, actor=_OVERDUE, now=now)
        except KupecError as error:
            log.warning("unpaid_order_not_cancelled", order=str(row["id"]), error=error.message)
        else:
            cancelled += 1
    return cancelled
