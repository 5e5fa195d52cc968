"""Many standing orders due at one minute: each of a customer of its own, on account, with two kinds of goods."""

from datetime import datetime
from uuid import UUID

import msgspec

from kupec.billing import PAYMENT
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.recurrence import Recurrence
from kupec.kit.versions import publish_new
from tests.billing.owing import METHODS
from tests.shop import EXAMPLE_ADDRESS, add_product, make_shop

PIECES = 3
"""In each order: one of the first kind, two of the second."""

_FILL = (
    """
    insert into party (id, kind, name, folded, sort_key, language, created_at)
    select md5('p' || i)::uuid, 'organisation', 'Office ' || i, 'office ' || i, 'office ' || i, 'cs', $2
      from generate_series(1, $1::int) as i
    """,
    """
    insert into house_account (party_id, currency, credit_limit, used, terms_days, active, opened_at)
    select md5('p' || i)::uuid, 'CZK', 100000000, 0, 14, true, $2 from generate_series(1, $1::int) as i
    """,
    """
    insert into standing_line (id, standing_order_id, position, variant_id, quantity, last_amount)
    select md5('l' || i || '.' || k)::uuid, md5('s' || i)::uuid, k, ($3::uuid[])[1 + (i + k * 7) % cardinality($3)],
           k + 1, ($4::bigint[])[1 + (i + k * 7) % cardinality($3)]
      from generate_series(1, $1::int) as i cross join generate_series(0, 1) as k where $2::timestamptz is not null
    """,
    """
    insert into occurrence (id, standing_order_id, number, nominal, planned_at, due_at, state, next_try_at, created_at)
    select md5('o' || i)::uuid, md5('s' || i)::uuid, 1, ($2 at time zone 'Europe/Prague')::date, $2, $2, 'planned', $2,
           $2
      from generate_series(1, $1::int) as i
    """,
)
_STANDING = """
insert into standing_order (id, customer_id, market, language, currency, email, name, address, shipping_method, payment,
                            price_policy, recurrence, base, next_number, state, created_at, updated_at)
select md5('s' || i)::uuid, md5('p' || i)::uuid, 'cz', 'cs', 'CZK', 'office' || i || '@example.com', 'Office ' || i, $3,
       'courier', 'account', 'current', $4, 0, 2, 'active', $2, $2
  from generate_series(1, $1::int) as i
"""


async def seed_standing(db: Connection, count: int, *, due_at: datetime, products: int, stock: int) -> list[UUID]:
    """A shop whose standing orders are all due at `due_at`; returns the goods."""
    await make_shop(db)
    await publish_new(db, PAYMENT, METHODS, actor=system("bench"), now=due_at)
    goods = [
        await add_product(db, f"SKU{number}", price=10_000 + 100 * number, stock=stock) for number in range(products)
    ]
    amounts = [10_000 + 100 * number for number in range(products)]
    rule = Recurrence(every=1, unit="month", anchor=due_at.date(), at="09:00", zone="Europe/Prague")
    party, account, lines, occurrences = _FILL
    await db.execute(party, count, due_at)
    await db.execute(account, count, due_at)
    address, recurrence = msgspec.to_builtins(EXAMPLE_ADDRESS), msgspec.to_builtins(rule)
    await db.execute(_STANDING, count, due_at, address, recurrence)
    await db.execute(lines, count, due_at, goods, amounts)
    await db.execute(occurrences, count, due_at)
    return goods


_WRONG = {
    "occurrences that are not placed": "select count(*) from occurrence where number = 1 and state <> 'placed'",
    "orders too many or too few": """
        select abs((select count(*) from sales_order where state = 'placed')
                   - (select count(*) from occurrence where state = 'placed'))""",
    "orders of two occurrences": "select count(*) - count(distinct order_id) from occurrence where state = 'placed'",
    "carts with two orders": """
        select count(*)
          from (select from sales_order where number > '' group by cart_id having count(*) > 1) as twice""",
    "standing orders without exactly one time ahead": """
        select count(*) from standing_order s
         where (select count(*) from occurrence o where o.standing_order_id = s.id and o.state = 'planned') <> 1""",
    "occurrences that were not told of once": """
        select count(*) from occurrence o where o.state = 'placed'
           and (select count(*) from event e where e.subject = 'standing:' || o.standing_order_id
                                               and e.name = 'occurrence.placed') <> 1""",
    "shelves that do not add up": """
        select count(*) from stock_level s
          left join (select line.variant_id, sum(line.quantity) as pieces
                       from order_line line join sales_order o on o.id = line.order_id
                      where o.state = 'placed' group by 1) sold using (variant_id)
         where s.allocated <> coalesce(sold.pieces, 0)""",
    "pieces reserved for nobody": "select count(*) from reservation",
    "accounts that do not add up": """
        select count(*) from house_account a
         where a.used <> (select coalesce(sum(o.total), 0) from sales_order o
                           where o.customer_id = a.party_id and o.state = 'placed')""",
}


async def wrong_books(db: Connection) -> dict[str, int]:
    """What does not agree, by what it is; nothing where all books hold."""
    found = {what: int(await db.fetchval(query)) for what, query in _WRONG.items()}
    return {what: count for what, count in found.items() if count}
