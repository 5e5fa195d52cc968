"""Coupons and capped promotions: given, held, used, given back, under everything that happens to a checkout."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from kupec.kit.actor import Actor, guest
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.events import subject_history
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from kupec.sales import (
    MAX_COUPONS,
    PROMOTIONS,
    AmountOff,
    AppliedPromotion,
    CartClosed,
    Checkout,
    CompleteRequest,
    Completion,
    Conditions,
    CouponExpired,
    CouponSpent,
    CouponTaken,
    CouponTerms,
    InvalidCoupon,
    Promotion,
    UnknownCoupon,
    abandon_expired_drafts,
    add_coupon,
    cancel_order,
    change_coupon,
    create_coupon,
    generate_coupons,
    get_cart,
    get_coupon,
    get_order,
    list_batches,
    list_coupons,
    price_cart,
    promotion_uses,
    remove_coupon,
    stop_batch,
)
from kupec.sales.promotions.coupons import customer_key, hold_redemptions, shopper_standings
from kupec.sales.promotions.models import Redeeming, Shopper
from tests.reliability.unlocked import Unlocked
from tests.sales.baskets import all_of, promotion
from tests.sales.conftest import Shop
from tests.shop import NOON, SETUP, filled_cart

USES = 10
FIFTY = AmountOff(amounts={"CZK": 5000})
SPRING = promotion("SPRING", FIFTY, Conditions(needs_coupon=True))
LATER = NOON + timedelta(days=1)


async def publish(shop: Shop, *promotions: Promotion) -> None:
    async with shop.database.transaction() as db:
        await publish_new(db, PROMOTIONS, all_of(*promotions), actor=SETUP, now=NOON)


async def coupon(shop: Shop, code: str = "JARO", **terms: object) -> None:
    async with shop.database.transaction() as db:
        await create_coupon(
            db,
            code,
            CouponTerms(promotion="SPRING", **terms),  # type: ignore[arg-type]
            actor=SETUP,
            now=NOON,
        )


async def cart_with(shop: Shop, code: str = "JARO", *, email: str = "jana@example.com") -> UUID:
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)], email=email)
    async with shop.database.transaction() as db:
        await add_coupon(db, cart_id, code, guest(cart_id), NOON)
    return cart_id


async def uses(shop: Shop, code: str = "JARO") -> tuple[int, dict[str, int]]:
    """What the coupon says, and its redemptions by state."""
    async with shop.database.reading() as db:
        rows = await db.fetch("select state, count(*) as n from redemption where coupon = $1 group by state", code)
        return (await get_coupon(db, code)).used, {row["state"]: row["n"] for row in rows}


async def test_a_coupon_makes_the_order_cheaper_and_is_used_once(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=1)
    done = await shop.order(await cart_with(shop))
    assert done.state == "placed"
    async with shop.database.reading() as db:
        order = await get_order(db, done.order_id)
    assert (order.subtotal, order.discount, order.total) == (25000, 5000, 25000 + 9900)
    assert [(one.promotion, one.coupon, one.amount) for one in order.discounts] == [("SPRING", "JARO", 5000)]
    assert await uses(shop) == (1, {"confirmed": 1})


async def test_ten_uses_under_a_hundred_concurrent_checkouts(shop: Shop) -> None:
    """Four processes' worth of checkouts over one database."""
    await publish(shop, SPRING)
    await coupon(shop, max_uses=USES)
    async with shop.database.transaction() as db:
        await db.execute("update stock_level set on_hand = 1000")
    carts = [await cart_with(shop, email=f"buyer{number}@example.com") for number in range(100)]
    desks = [
        Checkout(shop.database, shop.cards, shop.clock, hold_for=timedelta(minutes=15), order_prefix="Z")
        for _ in range(4)
    ]

    async def buy(number: int, cart_id: UUID) -> Completion | KupecError:
        request = CompleteRequest(
            cart_id=cart_id,
            key="k",
            card_token="tok_visa",
            expected_total=25000 + 9900,
            return_url="http://localhost/{payment}",
            actor=guest(cart_id),
        )
        try:
            return await desks[number % 4].complete(request)
        except KupecError as error:
            return error

    answers = await asyncio.gather(*(buy(number, cart_id) for number, cart_id in enumerate(carts)))
    placed = [answer for answer in answers if isinstance(answer, Completion) and answer.state == "placed"]
    late = [answer.code for answer in answers if isinstance(answer, KupecError)]
    assert len(placed) == USES
    # Whoever came while the uses were going is told so; whoever came later sees another total first.
    assert len(late) == 90
    assert set(late) <= {"coupon_spent", "total_changed"}
    assert await uses(shop) == (USES, {"confirmed": USES})
    assert await shop.fetchval("select count(*) from sales_order where discount > 0 and state = 'placed'") == USES


class Together(Unlocked):
    """Nobody writes before everybody has looked."""

    def __init__(self, connection: object, barrier: asyncio.Barrier) -> None:
        super().__init__(connection)
        self._barrier = barrier

    def __getattr__(self, name: str) -> object:
        found = super().__getattr__(name)
        if name != "fetch":
            return found

        async def ask(query: str, *values: object) -> object:
            rows = await found(query, *values)  # type: ignore[operator]
            if "from coupon" in query:
                await self._barrier.wait()
            return rows

        return ask


async def _claim(db: Connection, number: int) -> dict[UUID, KupecError]:
    applied = [AppliedPromotion(code="SPRING", name="Spring", coupon="JARO", amount=1)]
    claim = Redeeming(order_id=uuid7(), customer_key=customer_key(f"{number}@example.com"), applied=applied)
    return await hold_redemptions(db, [claim], NOON)


async def test_without_the_lock_more_uses_are_given(shop: Shop, pool: Pool) -> None:
    """The negative control: eight buyers look at the last use at the same moment."""
    await publish(shop, SPRING)
    await coupon(shop, max_uses=1)
    async with shop.database.transaction() as db:
        await db.execute("alter table redemption drop constraint redemption_order_id_fkey")
    barrier = asyncio.Barrier(8)

    async def unlocked(number: int) -> dict[UUID, KupecError]:
        async with pool.acquire() as db, db.transaction():
            return await _claim(Together(db, barrier), number)  # type: ignore[arg-type]

    with pytest.raises(asyncpg.CheckViolationError, match="not_overspent"):
        await asyncio.gather(*(unlocked(number) for number in range(8)))
    async with shop.database.transaction() as db:
        await db.execute("alter table coupon drop constraint coupon_not_overspent")
        await db.execute("delete from redemption")
        await db.execute("update coupon set used = 0")
    barrier = asyncio.Barrier(8)
    answers = await asyncio.gather(*(unlocked(number) for number in range(8)))
    assert not any(answers)
    assert await uses(shop) == (8, {"held": 8})


async def test_with_the_lock_the_same_eight_get_one(shop: Shop, pool: Pool) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=1)
    async with shop.database.transaction() as db:
        await db.execute("alter table redemption drop constraint redemption_order_id_fkey")

    async def locked(number: int) -> dict[UUID, KupecError]:
        async with pool.acquire() as db, db.transaction():
            return await _claim(db, number)

    answers = await asyncio.gather(*(locked(number) for number in range(8)))
    assert sorted(len(answer) for answer in answers) == [0, *[1] * 7]
    assert await uses(shop) == (1, {"held": 1})


async def test_an_abandoned_draft_gives_its_use_back_once(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=1)
    waiting = await shop.order(await cart_with(shop), token="tok_3ds")
    assert waiting.state == "requires_action"
    assert await uses(shop) == (1, {"held": 1})
    other = await filled_cart(shop.database, [(shop.variant, 1)], email="petr@example.com")
    async with shop.database.transaction() as db:
        with pytest.raises(CouponSpent):
            await add_coupon(db, other, "JARO", guest(other), NOON)
    later = NOON + timedelta(hours=1)
    for _ in range(2):
        async with shop.database.transaction() as db:
            await abandon_expired_drafts(db, later, 10)
    assert await uses(shop) == (0, {"released": 1})
    async with shop.database.transaction() as db:
        await add_coupon(db, other, "JARO", guest(other), NOON)


async def test_the_cart_in_hand_still_sees_the_use_that_it_holds(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=1, per_customer=1)
    cart_id = await cart_with(shop)
    await shop.order(cart_id, token="tok_3ds")
    async with shop.database.reading() as db:
        seen = await price_cart(db, cart_id, now=NOON)
    assert [one.coupon for one in seen.applied] == ["JARO"]


async def test_a_refused_card_and_a_second_try_use_it_once(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=1)
    cart_id = await cart_with(shop)
    assert (await shop.order(cart_id, token="tok_declined", key="first")).state == "failed"
    assert await uses(shop) == (0, {"released": 1})
    assert (await shop.order(cart_id, key="second")).state == "placed"
    assert await uses(shop) == (1, {"released": 1, "confirmed": 1})


async def test_a_cancelled_order_gives_its_use_back(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=1)
    done = await shop.order(await cart_with(shop))
    await shop.sweep()
    async with shop.database.transaction() as db:
        await cancel_order(db, done.order_id, reason="changed mind", actor=SETUP, now=LATER)
    assert await uses(shop) == (0, {"released": 1})


async def test_sold_out_goods_leave_no_use_behind(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=1)
    cart_id = await cart_with(shop)
    async with shop.database.transaction() as db:
        await db.execute("update stock_level set on_hand = 0")
    with pytest.raises(KupecError) as refused:
        await shop.order(cart_id)
    assert refused.value.code == "not_enough_stock"
    assert await uses(shop) == (0, {})


async def test_one_use_for_each_customer(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=None, per_customer=1)
    assert (await shop.order(await cart_with(shop))).state == "placed"
    again = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.transaction() as db:
        with pytest.raises(CouponSpent):
            await add_coupon(db, again, "JARO", guest(again), NOON)
    assert (await shop.order(await cart_with(shop, email="petr@example.com"), key="k2")).state == "placed"


async def test_two_carts_of_one_customer_at_once_use_it_once(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=None, per_customer=1)
    carts = [await cart_with(shop) for _ in range(3)]
    answers = await asyncio.gather(*(shop.order(cart_id) for cart_id in carts), return_exceptions=True)
    assert sum(1 for answer in answers if isinstance(answer, Completion)) == 1
    assert sum(1 for answer in answers if isinstance(answer, CouponSpent)) == 2


async def test_a_capped_promotion_without_a_coupon_holds_its_cap(shop: Shop) -> None:
    await publish(shop, promotion("FIRST3", FIFTY, max_uses=3))
    carts = [await filled_cart(shop.database, [(shop.variant, 1)], email=f"b{n}@example.com") for n in range(6)]
    answers = await asyncio.gather(*(shop.order(cart_id) for cart_id in carts), return_exceptions=True)
    assert sum(1 for answer in answers if isinstance(answer, Completion)) == 3
    assert {answer.code for answer in answers if isinstance(answer, KupecError)} == {"promotion_spent"}
    assert await shop.fetchval("select used from promotion_use where promotion = 'FIRST3'") == 3
    late = await filled_cart(shop.database, [(shop.variant, 1)], email="late@example.com")
    assert (await shop.order(late, expected_total=30000 + 9900)).state == "placed"


async def test_a_cap_that_comes_later_counts_earlier_uses(shop: Shop) -> None:
    await publish(shop, promotion("P", FIFTY))
    first = await filled_cart(shop.database, [(shop.variant, 1)])
    assert (await shop.order(first)).state == "placed"
    await publish(shop, promotion("P", FIFTY, max_uses=2))
    second = await filled_cart(shop.database, [(shop.variant, 1)], email="b@example.com")
    await shop.order(second)
    assert await shop.fetchval("select used from promotion_use where promotion = 'P'") == 2


async def test_first_orders_and_returning_customers(shop: Shop) -> None:
    await publish(
        shop,
        promotion("WELCOME", FIFTY, Conditions(first_order=True)),
        promotion("BACK", AmountOff(amounts={"CZK": 700}), Conditions(returning=True)),
    )
    await shop.order(await filled_cart(shop.database, [(shop.variant, 1)]))
    again = await filled_cart(shop.database, [(shop.variant, 1)])
    new = await filled_cart(shop.database, [(shop.variant, 1)], email="new@example.com")
    async with shop.database.reading() as db:
        assert [one.code for one in (await price_cart(db, again, now=NOON)).applied] == ["BACK"]
        assert [one.code for one in (await price_cart(db, new, now=NOON)).applied] == ["WELCOME"]


async def test_codes_are_read_kindly_and_refused_clearly(shop: Shop) -> None:
    await publish(shop, SPRING, promotion("OFF", FIFTY, active=False))
    await coupon(shop, "JARO-2026")
    await coupon(shop, "OVER", valid_to=NOON)
    await coupon(shop, "SOON", valid_from=LATER)
    await coupon(shop, "STOPPED", active=False)
    async with shop.database.transaction() as db:
        await create_coupon(db, "OFFCODE", CouponTerms(promotion="OFF"), actor=SETUP, now=NOON)
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.transaction() as db:
        assert (await add_coupon(db, cart_id, " jaro-2026 ", guest(cart_id), NOON)).coupons == ["JARO-2026"]
        assert (await add_coupon(db, cart_id, "Jaro-2026", guest(cart_id), NOON)).coupons == ["JARO-2026"]
        for wrong in ("NOPE", "OFFCODE", "x" * 5000, "A\x00B"):
            with pytest.raises(UnknownCoupon) as unknown:
                await add_coupon(db, cart_id, wrong, guest(cart_id), NOON)
            assert unknown.value.field == "coupon"
        for passed in ("OVER", "SOON", "STOPPED"):
            with pytest.raises(CouponExpired):
                await add_coupon(db, cart_id, passed, guest(cart_id), NOON)
        with pytest.raises(InvalidValue):
            await add_coupon(db, cart_id, "  ", guest(cart_id), NOON)
        assert (await remove_coupon(db, cart_id, "jaro-2026", guest(cart_id), NOON)).coupons == []
        assert (await remove_coupon(db, cart_id, "jaro-2026", guest(cart_id), NOON)).coupons == []
        history = await subject_history(db, f"cart:{cart_id}")
    assert [event.payload.get("what") for event in history][:2] == [["coupons"], ["coupons"]]
    assert history[0].payload["what"] == ["coupons"]


async def test_a_cart_takes_only_so_many_coupons_and_only_while_open(shop: Shop) -> None:
    await publish(shop, SPRING)
    codes = [f"CODE{number}" for number in range(MAX_COUPONS + 1)]
    for code in codes:
        await coupon(shop, code, max_uses=None)
    cart_id = await filled_cart(shop.database, [(shop.variant, 1)])
    async with shop.database.transaction() as db:
        for code in codes[:-1]:
            await add_coupon(db, cart_id, code, guest(cart_id), NOON)
        with pytest.raises(InvalidValue):
            await add_coupon(db, cart_id, codes[-1], guest(cart_id), NOON)
        with pytest.raises(NotFound):
            await add_coupon(db, uuid7(), codes[0], guest(cart_id), NOON)
    await shop.order(cart_id)
    async with shop.database.transaction() as db:
        with pytest.raises(CartClosed):
            await remove_coupon(db, cart_id, codes[0], guest(cart_id), NOON)
        assert (await get_cart(db, cart_id)).state == "ordered"


async def test_generated_codes_cannot_be_guessed(db: Connection) -> None:
    terms = CouponTerms(promotion="SPRING")
    made = await generate_coupons(db, 500, terms, prefix="jaro-", batch="Leaflet", actor=SETUP, now=NOON)
    found = await list_coupons(db, batch="Leaflet", limit=1000)
    assert made == len({one.code for one in found}) == 500
    assert all(one.code.startswith("JARO-") and len(one.code) == 15 for one in found)
    # No sign stands out at any place.
    assert all(len({one.code[place] for one in found}) > 20 for place in range(5, 15))
    [batch] = await list_batches(db, promotion="SPRING")
    assert (batch.batch, batch.coupons, batch.active, batch.used) == ("Leaflet", 500, 500, 0)
    [event] = await subject_history(db, "promotion:SPRING")
    assert (event.name, event.payload) == ("coupons.created", {"promotion": "SPRING", "batch": "Leaflet", "count": 500})
    assert await stop_batch(db, "SPRING", "Leaflet", actor=SETUP, now=NOON) == 500
    assert not any(one.active for one in await list_coupons(db, batch="Leaflet", limit=1000))


async def test_everything_wrong_about_a_coupon_is_said_at_once(db: Connection) -> None:
    wrong = CouponTerms(promotion="", max_uses=0, valid_from=LATER, valid_to=NOON)
    with pytest.raises(InvalidCoupon) as refused:
        await create_coupon(db, "á", wrong, actor=SETUP, now=NOON)
    assert set(refused.value.details["faults"]) == {"max_uses", "valid_to", "promotion", "code"}
    with pytest.raises(InvalidCoupon) as bulk:
        await generate_coupons(db, 0, CouponTerms(promotion="P"), prefix="?" * 30, batch=" ", actor=SETUP, now=NOON)
    assert set(bulk.value.details["faults"]) == {"count", "prefix", "batch"}


async def test_terms_change_but_never_below_what_was_used(db: Connection) -> None:
    made = await create_coupon(db, "JARO", CouponTerms(promotion="SPRING", max_uses=10), actor=SETUP, now=NOON)
    with pytest.raises(CouponTaken):
        await create_coupon(db, "jaro", CouponTerms(promotion="SPRING"), actor=SETUP, now=NOON)
    await db.execute("update coupon set used = 4")
    with pytest.raises(InvalidCoupon, match="max_uses"):
        await change_coupon(db, made.code, CouponTerms(promotion="SPRING", max_uses=3), actor=SETUP, now=NOON)
    changed = await change_coupon(
        db, made.code, CouponTerms(promotion="SPRING", max_uses=4, active=False), actor=SETUP, now=NOON
    )
    assert (changed.max_uses, changed.active) == (4, False)
    event = (await subject_history(db, "promotion:SPRING"))[0]
    assert event.payload == {"promotion": "SPRING", "what": ["max_uses", "active"]}
    with pytest.raises(NotFound):
        await change_coupon(db, "NOPE", CouponTerms(promotion="SPRING"), actor=SETUP, now=NOON)


async def test_who_may_not_write_settings_makes_no_coupons(db: Connection) -> None:
    clerk = Actor(kind="staff", id=str(uuid7()), permissions=frozenset({"orders.write"}))
    terms = CouponTerms(promotion="P")
    with pytest.raises(Forbidden):
        await create_coupon(db, "JARO", terms, actor=clerk, now=NOON)
    with pytest.raises(Forbidden):
        await generate_coupons(db, 1, terms, prefix="", batch="b", actor=clerk, now=NOON)
    with pytest.raises(Forbidden):
        await change_coupon(db, "JARO", terms, actor=clerk, now=NOON)
    with pytest.raises(Forbidden):
        await stop_batch(db, "P", "b", actor=clerk, now=NOON)


async def test_what_a_promotion_did(shop: Shop) -> None:
    await publish(shop, SPRING)
    await coupon(shop, max_uses=None)
    await shop.order(await cart_with(shop))
    await shop.order(await cart_with(shop, email="b@example.com"), token="tok_3ds")
    async with shop.database.reading() as db:
        [count] = await promotion_uses(db)
    assert (count.promotion, count.currency, count.uses, count.held) == ("SPRING", "CZK", 1, 1)
    assert (count.discount, count.revenue) == (5000, 34900)


class Counted:
    """A connection that counts what it is asked."""

    def __init__(self, connection: object) -> None:
        self.asked = 0
        self._connection = connection

    def __getattr__(self, name: str) -> object:
        self.asked += 1
        return getattr(self._connection, name)


async def test_who_brings_nothing_costs_no_statement(db: Connection) -> None:
    counted = Counted(db)
    plain = Shopper(key=uuid7(), email="jana@example.com")
    coupon_only = all_of(promotion("W", FIFTY, Conditions(needs_coupon=True, first_order=True), max_uses=5))
    for document in (all_of(), all_of(promotion("TEN")), coupon_only):
        assert await shopper_standings(counted, [plain], document) == {}  # type: ignore[arg-type]
    assert await hold_redemptions(counted, [Redeeming(order_id=uuid7(), customer_key="", applied=[])], NOON) == {}  # type: ignore[arg-type]
    assert counted.asked == 0
    capped = all_of(promotion("X", FIFTY, max_uses=5))
    assert await shopper_standings(counted, [plain], capped)  # type: ignore[arg-type]
    assert counted.asked <= 4
