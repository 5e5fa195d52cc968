"""Two hundred buyers for the last twenty pieces."""

import asyncio
from collections import Counter
from uuid import UUID

import asyncpg
import pytest

from bench.load import Answer
from kupec.kit.db import connect
from tests.reliability.buying import Shopper, new_product
from tests.stack import Stack

BUYERS = 200
PIECES = 20


async def test_exactly_the_last_pieces_are_sold_and_everybody_else_is_told(stack: Stack) -> None:
    sku = await new_product(stack, stock=PIECES)
    shoppers = [Shopper(stack, web=number % 2) for number in range(BUYERS)]
    sessions = await asyncio.gather(*(shopper.session(sku) for shopper in shoppers))
    answers = await asyncio.gather(
        *(shopper.complete(session) for shopper, session in zip(shoppers, sessions, strict=True))
    )
    counted = Counter(answer.status for answer in answers)
    assert counted == {"completed": PIECES, "incomplete": BUYERS - PIECES}
    assert len({answer.order.label for answer in answers if answer.order}) == PIECES
    for answer in answers:
        assert answer.order or is_clear(answer), answer
    async with stack.reading() as db:
        level = await db.fetchrow(
            "select on_hand, allocated from stock_level where variant_id = (select id from variant where sku = $1)", sku
        )
        assert level is not None
        assert tuple(level) == (PIECES, PIECES)
        assert await db.fetchval("select count(*) from reservation") == 0


def is_clear(answer: Answer) -> bool:
    """The refusal names the line, says that it is stock, and how many there are."""
    assert answer.messages is not None
    return any(
        message.code == "out_of_stock"
        and (message.path or "").startswith("$.line_items[0]")
        and " 0 " in message.content
        for message in answer.messages
    )


@pytest.fixture
async def shelf(stack: Stack) -> UUID:
    """A variant with PIECES on a shelf that no constraint guards."""
    sku = await new_product(stack, stock=PIECES)
    db = await connect(stack.dsn)
    variant: UUID = await db.fetchval("select id from variant where sku = $1", sku)
    await db.execute("create table if not exists unguarded (like stock_level)")
    await db.execute("insert into unguarded select * from stock_level where variant_id = $1", variant)
    await db.close()
    return variant


async def sell_without_lock(db: asyncpg.Connection, table: str, variant: UUID, together: asyncio.Barrier) -> bool:
    """What one writes at first: look, decide, take."""
    async with db.transaction():
        free = await db.fetchval(f"select on_hand - allocated from {table} where variant_id = $1", variant)
        await together.wait()
        if free < 15:
            return False
        await db.execute(f"update {table} set allocated = allocated + 15 where variant_id = $1", variant)
        return True


async def test_without_the_lock_more_is_sold_than_there_is(stack: Stack, shelf: UUID) -> None:
    """The negative control: two buyers of 15 of 20 pieces, who look at the same moment."""
    both = [await connect(stack.dsn) for _ in range(2)]
    together = asyncio.Barrier(2)
    sold = await asyncio.gather(*(sell_without_lock(db, "unguarded", shelf, together) for db in both))
    assert sold == [True, True]
    assert await stack.fetchval("select allocated from unguarded where variant_id = $1", shelf) == 30
    # The constraint alone does not oversell, but what it says is no answer.
    done = await asyncio.gather(
        *(sell_without_lock(db, "stock_level", shelf, together) for db in both), return_exceptions=True
    )
    assert True in done
    (refused,) = [one for one in done if isinstance(one, asyncpg.CheckViolationError)]
    assert refused.constraint_name == "never_oversold"
    for db in both:
        await db.close()
