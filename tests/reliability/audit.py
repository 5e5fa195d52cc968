"""Do the books agree? The gateway's, the shop's, the shelves' and what buyers were told."""

from collections.abc import Sequence

from bench.load import Purchase
from tests.stack import Stack, eventually

UNSETTLED = """
select (select count(*) from payment where state not in ('captured', 'voided', 'failed'))
     + (select count(*) from sales_order where state = 'draft')
     + (select count(*) from sales_order o where o.state = 'placed'
         and not exists (select from mail m where m.kind = 'order_confirmation' and m.subject_ref = 'order:' || o.id))
     + (select count(*) from mail where state = 'queued')
"""


async def settled(stack: Stack, *, seconds: float = 120.0) -> None:
    """Until nothing is open any more: every payment decided, every draft with it, every mail sent."""

    async def done() -> bool:
        return int(await stack.fetchval(UNSETTLED)) == 0

    await eventually(done, seconds=seconds, every=0.2, or_else=stack.worker.said)


async def check(stack: Stack, told: Sequence[Purchase], *, stock: int) -> None:
    """Everything that must be true after any blows. `stock` is what lay on the shelf of each SKU at the start."""
    await acknowledged_orders_exist(stack, told)
    await no_money_is_taken_twice_or_lost(stack)
    await shelves_add_up(stack, stock)
    await every_order_has_one_mail(stack)


async def acknowledged_orders_exist(stack: Stack, told: Sequence[Purchase]) -> None:
    async with stack.reading() as db:
        known = {row["number"]: row["email"] for row in await db.fetch("select number, email from sales_order")}
    for purchase in told:
        if purchase.number is not None:
            assert known.get(purchase.number) == purchase.email, f"{purchase.number} was promised and is not there"


async def no_money_is_taken_twice_or_lost(stack: Stack) -> None:
    charged = {each["key"]: each for each in await stack.ledger()}
    async with stack.reading() as db:
        payments = await db.fetch("select id::text, order_id, state, amount from payment")
        placed = {
            row["id"]: row["total"] for row in await db.fetch("select id, total from sales_order where number > ''")
        }
        carts = await db.fetchval("select count(*) - count(distinct cart_id) from sales_order where number > ''")
        tasks = await db.fetchval("select count(*) from task where done_at is null")
    assert carts == 0, "a cart became two orders"
    ours = {row["id"]: row for row in payments}
    captured: dict[object, int] = {}
    for key, charge in charged.items():
        assert key in ours, "the gateway was asked for a payment that we do not know"
        if charge["state"] == "captured":
            order_id = ours[key]["order_id"]
            captured[order_id] = captured.get(order_id, 0) + charge["amount"]
        elif charge["state"] == "authorised":
            assert tasks, f"money is held and nobody sees it: {charge}"
    assert captured == placed, "what was taken is not what was sold"
    states = {row["id"]: row["state"] for row in payments if row["order_id"] in placed}
    assert {charged[key]["state"] for key, state in states.items() if state == "captured"} <= {"captured"}


async def shelves_add_up(stack: Stack, stock: int) -> None:
    async with stack.reading() as db:
        wrong = await db.fetch(
            """
            select v.sku, s.on_hand, s.allocated, coalesce(sold.quantity, 0) as sold
              from stock_level s join variant v on v.id = s.variant_id
              left join (select l.variant_id, sum(l.quantity) as quantity
                           from order_line l join sales_order o on o.id = l.order_id
                          where o.state = 'placed' group by 1) sold on sold.variant_id = v.id
             where s.on_hand <> $1 or s.allocated <> coalesce(sold.quantity, 0)
            """,
            stock,
        )
    assert not wrong, f"the shelves do not add up: {[dict(row) for row in wrong[:5]]}"


async def every_order_has_one_mail(stack: Stack) -> None:
    async with stack.reading() as db:
        rows = await db.fetch(
            """
            select o.number, count(m.id) as written, count(m.id) filter (where m.state = 'sent') as sent,
                   (select count(*) from event e
                     where e.name = 'mail.sent' and e.subject = 'order:' || o.id) as recorded
              from sales_order o left join mail m on m.kind = 'order_confirmation' and m.subject_ref = 'order:' || o.id
             where o.number is not null
             group by o.id
            """
        )
    wrong = [dict(row) for row in rows if (row["written"], row["sent"], row["recorded"]) != (1, 1, 1)]
    assert not wrong, f"mails are missing or doubled: {wrong[:5]}"
