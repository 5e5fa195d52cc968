"""Whatever a few connections do to the same shelves, in whatever order: nothing is ever promised twice."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kupec.catalogue import (
    BelowAllocated,
    GoodsLine,
    NotEnough,
    Portion,
    Shortage,
    Wanted,
    adjust_stock,
    allocate,
    correct_stock,
    hold,
    lock_stock,
    movements,
    portion_out,
    put_back,
    receive_goods,
    release,
    scrap,
    take_out,
    transfer_stock,
    unallocate,
)
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.ids import uuid7
from tests.catalogue.goods import NOON, SETUP, make_ground, make_variants

SOON = NOON + timedelta(minutes=15)
VARIANTS, SHOPPERS = 2, 3

# (what, which variant, how many, how often others get a turn first)
steps = st.tuples(
    st.sampled_from(
        [
            "hold",
            "release",
            "order",
            "cancel",
            "ship",
            "adjust",
            "receive",
            "come_back",
            "throw_away",
            "carry",
            "break_",
        ]
    ),
    st.integers(0, VARIANTS - 1),
    st.integers(1, 4),
    st.integers(0, 3),
)
stories = st.lists(st.lists(steps, min_size=1, max_size=6), min_size=2, max_size=SHOPPERS)


class Shopper:
    """Somebody with a cart, and orders, on a connection of their own."""

    def __init__(self, database: Database, variants: list[UUID], places: dict[str, UUID]) -> None:
        self.database = database
        self.variants = variants
        self.place, self.elsewhere = places["praha"], places["brno"]
        self.cart = uuid7()
        self.orders: list[list[Portion]] = []

    async def live(self, story: list[tuple[str, int, int, int]]) -> None:
        for what, which, quantity, patience in story:
            for _ in range(patience):
                await asyncio.sleep(0)
            async with self.database.transaction() as db:
                await getattr(self, what)(db, self.variants[which], quantity)

    async def hold(self, db: Connection, variant: UUID, quantity: int) -> None:
        portions = await self.choose(db, self.cart, variant, quantity)
        if portions:
            await hold(db, portions, until=SOON)
            await self.check(db, portions)

    async def order(self, db: Connection, variant: UUID, quantity: int) -> None:
        portions = await self.choose(db, self.cart, variant, quantity)
        if portions:
            order = uuid7()
            placed = [
                Portion(holder=order, variant_id=each.variant_id, location_id=each.location_id, quantity=each.quantity)
                for each in portions
            ]
            await allocate(db, placed)
            await release(db, [self.cart])
            await self.check(db, placed)
            self.orders.append(placed)

    async def choose(self, db: Connection, holder: UUID, variant: UUID, quantity: int) -> list[Portion]:
        # Both variants are locked, the cart may hold the other one; in no particular order.
        stock = await lock_stock(db, [variant, *self.variants], now=NOON, holders=[holder])
        answer = portion_out([Wanted(holder=holder, variant_id=variant, quantity=quantity)], stock)[holder]
        return [] if isinstance(answer, Shortage) else answer

    async def release(self, db: Connection, variant: UUID, quantity: int) -> None:
        await release(db, [self.cart])

    async def cancel(self, db: Connection, variant: UUID, quantity: int) -> None:
        if self.orders:
            await unallocate(db, [self.orders.pop()[0].holder])

    async def ship(self, db: Connection, variant: UUID, quantity: int) -> None:
        if self.orders:
            await take_out(db, self.orders.pop(), actor=SETUP, now=NOON)

    async def adjust(self, db: Connection, variant: UUID, quantity: int) -> None:
        with suppress(BelowAllocated):
            await adjust_stock(db, variant, self.place, on_hand=quantity, reason="count", actor=SETUP, now=NOON)

    async def receive(self, db: Connection, variant: UUID, quantity: int) -> None:
        lines = [GoodsLine(variant_id=variant, quantity=quantity), GoodsLine(variant_id=self.variants[0], quantity=1)]
        await receive_goods(db, lines, location_id=self.place, reference="DL 1", actor=SETUP, now=NOON)

    async def come_back(self, db: Connection, variant: UUID, quantity: int) -> None:
        await put_back(db, [self.portion(variant, quantity)], actor=SETUP, now=NOON)

    async def throw_away(self, db: Connection, variant: UUID, quantity: int) -> None:
        await scrap(db, [self.portion(variant, quantity)], actor=SETUP, now=NOON)

    async def carry(self, db: Connection, variant: UUID, quantity: int) -> None:
        lines = [GoodsLine(variant_id=each, quantity=quantity) for each in (variant, self.variants[0])]
        with suppress(NotEnough):
            await transfer_stock(db, lines, from_location=self.place, to_location=self.elsewhere, actor=SETUP, now=NOON)

    async def break_(self, db: Connection, variant: UUID, quantity: int) -> None:
        with suppress(NotEnough):
            await correct_stock(db, variant, self.place, delta=-quantity, reason="damage", actor=SETUP, now=NOON)

    def portion(self, variant: UUID, quantity: int) -> Portion:
        return Portion(holder=uuid7(), variant_id=variant, location_id=self.place, quantity=quantity)

    async def check(self, db: Connection, portions: list[Portion]) -> None:
        """What was just promised is there, whoever else was promised something; seen while it is still locked."""
        for portion in portions:
            row = await db.fetchrow(
                """
                select on_hand, allocated, coalesce((select sum(quantity) from reservation r
                    where (r.variant_id, r.location_id) = (s.variant_id, s.location_id)), 0) as reserved
                from stock_level s where variant_id = $1 and location_id = $2
                """,
                portion.variant_id,
                portion.location_id,
            )
            assert row is not None
            assert row["allocated"] + row["reserved"] <= row["on_hand"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories)
async def test_nothing_is_promised_twice(shelves: "Shelves", stories: list[list[tuple[str, int, int, int]]]) -> None:
    variants = await shelves.fresh_variants()
    shoppers = [Shopper(shelves.database, variants, shelves.places) for _ in stories]
    async with asyncio.timeout(60):
        await asyncio.gather(*(shopper.live(story) for shopper, story in zip(shoppers, stories, strict=True)))
    expected = dict.fromkeys(variants, 0)
    for shopper in shoppers:
        for order in shopper.orders:
            for portion in order:
                expected[portion.variant_id] += portion.quantity
    assert await shelves.allocated(variants) == expected
    for shopper in shoppers:
        for order in shopper.orders:
            async with shelves.database.transaction() as db:
                await take_out(db, order, actor=SETUP, now=NOON)
    assert await shelves.allocated(variants) == dict.fromkeys(variants, 0)
    assert await shelves.on_hand(variants) == await shelves.moved(variants)


class Shelves:
    """One database for all examples; each works on variants of its own."""

    def __init__(self, pool: Pool, places: dict[str, UUID]) -> None:
        self.pool = pool
        self.database = Database(pool)
        self.places = places

    async def fresh_variants(self) -> list[UUID]:
        async with self.database.transaction() as db:
            return await make_variants(db, VARIANTS, {self.places["praha"]: 3, self.places["brno"]: 2})

    async def on_hand(self, variants: list[UUID]) -> dict[tuple[UUID, UUID], int]:
        rows = await self.pool.fetch("select * from stock_level where variant_id = any($1::uuid[])", variants)
        return {(row["variant_id"], row["location_id"]): row["on_hand"] for row in rows if row["on_hand"]}

    async def moved(self, variants: list[UUID]) -> dict[tuple[UUID, UUID], int]:
        """What lies on the shelves as the movements tell it."""
        sums: dict[tuple[UUID, UUID], int] = {}
        async with self.database.reading() as db:
            for variant in variants:
                for move in await movements(db, variant, limit=500):
                    key = (variant, move.location_id)
                    sums[key] = sums.get(key, 0) + move.delta
        return {key: total for key, total in sums.items() if total}

    async def allocated(self, variants: list[UUID]) -> dict[UUID, int]:
        rows = await self.pool.fetch(
            """
            select v.id, sum(s.allocated)::int as level,
                   coalesce((select sum(quantity) from allocation a where a.variant_id = v.id), 0) as rows
            from variant v join stock_level s on s.variant_id = v.id
            where v.id = any($1::uuid[]) group by v.id
            """,
            variants,
        )
        assert all(row["level"] == row["rows"] for row in rows)
        return {row["id"]: row["level"] for row in rows}


@pytest.fixture
async def shelves(pool: Pool) -> Shelves:
    async with pool.acquire() as db, db.transaction():
        return Shelves(pool, await make_ground(db))
