"""Whether an order may be packed: what is paid by transfer waits for its money."""

from kupec.kit.db import Connection
from kupec.sales.errors import NotPaidYet
from kupec.sales.models import Order


async def require_paid(db: Connection, order: Order) -> None:
    """Raises NotPaidYet while a transfer is awaited."""
    waiting = await db.fetchval(
        "select exists (select from payment where order_id = $1 and state = 'awaiting' and provider = 'transfer')",
        order.id,
    )
    if waiting:
        raise NotPaidYet(number=order.number or "")
