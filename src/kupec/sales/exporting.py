"""Orders and returns as a file: what `kupec import orders` reads back, and what a bookkeeper's table takes in."""

from collections.abc import AsyncIterator
from typing import Any, Final

from kupec.kit.db import Connection

EXPORT_COLUMNS: Final = (
    *("order_external_id", "line", "placed_at", "currency", "sku", "name", "quantity", "unit_amount", "discount"),
    *("customer_external_id", "market", "tax_bp", "status", "channel", "email", "recipient"),
    *("street", "city", "postcode", "country"),
)

_LINES: Final = """
select coalesce(o.external_id, o.number) as order_external_id, l.position as line, o.placed_at, o.currency, l.sku,
       l.name, l.quantity, l.unit_amount, nullif(l.discount, 0) as discount,
       coalesce(p.external_id, p.id::text) as customer_external_id, o.market, l.tax_bp, o.state as status, o.channel,
       o.email, o.name as recipient, o.address, false as back
from sales_order o
join order_line l on l.order_id = o.id
left join party p on p.id = o.customer_id
where o.placed_at is not null
union all
select coalesce(r.external_id, r.number, r.id::text),
       row_number() over (partition by r.id order by l.sku collate "C", l.quantity, l.unit_amount, l.id),
       r.returned_at, r.currency, l.sku, l.name, -l.quantity, l.unit_amount, null,
       coalesce(p.external_id, p.id::text), null, null, null, null, null, null, null, true
from sales_return r
join return_line l on l.return_id = r.id
left join party p on p.id = r.customer_id
where r.state = 'closed'
order by 3, 1, back, 2
"""


async def export_orders(db: Connection) -> AsyncIterator[dict[str, Any]]:
    """The lines of all placed orders and closed returns, by time. Read in a transaction, as they come.

    `status` is the order's own; one that is neither delivered nor cancelled is on its way and is not imported.
    """
    async for row in db.cursor(_LINES):
        fields = dict(row)
        address, _ = fields.pop("address") or {}, fields.pop("back")
        recipient = fields.pop("recipient") or address.get("name") or None
        yield {
            **fields,
            "recipient": recipient,
            **{name: address.get(name) or None for name in ("street", "city", "postcode", "country")},
        }
