"""A confirmation is written once, however the worker dies, and goes out at least once under one name."""

from collections import Counter

from kupec.kit.db import Database
from tests.reliability.buying import Shopper
from tests.reliability.mailbox import open_mailbox
from tests.shop import add_product, make_shop
from tests.stack import eventually, running_stack

ORDERS = 3


async def seed(database: Database) -> None:
    async with database.transaction() as db:
        await make_shop(db)
        await add_product(db, "BEANS", stock=100)


async def test_a_worker_killed_while_it_sends_sends_again_and_writes_once(dsn: str) -> None:
    async with (
        open_mailbox() as mailbox,
        running_stack(seed, dsn=dsn, webhooks=False, settings={"KUPEC_SMTP_URL": mailbox.url}) as stack,
    ):
        mailbox.answering.clear()
        shopper = Shopper(stack)
        for _ in range(ORDERS):
            assert (await shopper.complete(await shopper.session("BEANS"))).order
        await eventually(lambda: len(set(mailbox.received)) == ORDERS)
        # The server has the mails, the worker does not know it yet: that is where it dies.
        stack.worker.kill()
        assert await stack.fetchval("select count(*) from mail where state = 'queued'") == ORDERS
        mailbox.answering.set()
        stack.worker.launch()
        await eventually(lambda: _all_sent(stack.fetchval), or_else=stack.worker.said)
        # The control: what was not known to be sent was sent again, so at least once is real. Its name is the same.
        sent = Counter(mailbox.received)
        assert len(sent) == ORDERS
        assert min(sent.values()) == 2, sent
        async with stack.reading() as db:
            assert await db.fetchval("select count(*) from mail") == ORDERS
            events = await db.fetch("select subject from event where name = 'mail.sent'")
            orders = await db.fetch("select 'order:' || id as subject from sales_order")
            assert sorted(row["subject"] for row in events) == sorted(row["subject"] for row in orders)


async def _all_sent(fetchval) -> bool:  # type: ignore[no-untyped-def]
    return bool(await fetchval("select bool_and(state = 'sent') from mail"))
