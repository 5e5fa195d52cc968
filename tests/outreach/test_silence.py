"""Left carts and silent customers: written once, under consent, and not when they have bought meanwhile."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from kupec.customers import Proof, give_consent, withdraw_consent
from kupec.kit.actor import customer, system
from kupec.kit.db import Connection
from kupec.kit.due import Due, run_due
from kupec.kit.jobs import Runner
from kupec.kit.versions import publish_new
from kupec.outreach import POLICY, Mail, Policy, job, list_mails, write_dormant, write_left_carts
from kupec.outreach.policy import AbandonedCart, Dormant
from tests.outreach.test_messages import SENDER, Post, person
from tests.sales.conftest import Shop
from tests.shop import NOON, filled_cart

NEWS = "marketing.email"
DAY = timedelta(days=1)


async def agree(db: Connection, party_id: UUID) -> None:
    await give_consent(db, party_id, NEWS, proof=Proof(how="preferences"), actor=customer(party_id), now=NOON)


async def left(shop: Shop, *, agrees: bool = True, email: str = "jana@example.com") -> tuple[UUID, UUID]:
    """A cart with goods of a customer (by id and e-mail), last touched at noon."""
    cart_id = await filled_cart(shop.database, [(shop.variant, 2)])
    async with shop.database.transaction() as db:
        party_id = await person(db, email, agrees=False)
        if agrees:
            await agree(db, party_id)
        await db.execute(
            "update cart set email = $2, customer_id = $3, updated_at = $4 where id = $1",
            cart_id,
            email,
            party_id,
            NOON,
        )
    return cart_id, party_id


async def sweep(shop: Shop, now: datetime) -> list[Mail]:
    for verb in (write_left_carts, write_dormant):
        await run_due(shop.database, Due(name="x", verb=partial(verb, sender=SENDER)), now, limit=2)
    async with shop.database.reading() as db:
        return await list_mails(db)


async def test_a_left_cart_is_written_of_once(shop: Shop) -> None:
    await left(shop)
    assert await sweep(shop, NOON + 23 * timedelta(hours=1)) == []
    [mail] = await sweep(shop, NOON + DAY)
    assert (mail.kind, mail.state, mail.reason) == ("abandoned_cart", "queued", "sweep:abandoned_cart")
    assert "2 × " in mail.text
    assert "Kč" in mail.text
    assert "/cs/cart/" in mail.text
    assert len(await sweep(shop, NOON + 2 * DAY)) == 1


async def test_without_consent_nobody_is_written_and_nothing_is_noted(shop: Shop) -> None:
    await left(shop, agrees=False)
    assert await sweep(shop, NOON + DAY) == []


async def test_a_cart_known_only_by_its_address_is_the_customers(shop: Shop) -> None:
    cart_id, _ = await left(shop)
    async with shop.database.transaction() as db:
        await db.execute("update cart set customer_id = null, email = 'JANA@example.com' where id = $1", cart_id)
    assert len(await sweep(shop, NOON + DAY)) == 1


async def test_who_bought_something_since_is_left_alone(shop: Shop) -> None:
    _, party_id = await left(shop)
    order = await shop.placed([(shop.variant, 1)])
    async with shop.database.transaction() as db:
        await db.execute(
            "update sales_order set customer_id = $2, placed_at = $3 where id = $1",
            order.id,
            party_id,
            NOON + timedelta(hours=1),
        )
    assert await sweep(shop, NOON + DAY) == []


async def test_an_order_between_writing_and_sending_is_seen(shop: Shop) -> None:
    cart_id, _ = await left(shop)
    await sweep(shop, NOON + DAY)
    async with shop.database.transaction() as db:
        await db.execute("update cart set state = 'ordered' where id = $1", cart_id)
    mail, post = await _send(shop)
    assert (mail.state, mail.why) == ("withheld", "no_longer")
    assert not post.sent


async def test_and_without_looking_it_would_be_sent(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> set[UUID]:
        return set()

    monkeypatch.setattr("kupec.outreach.sending.no_longer", nothing)
    cart_id, _ = await left(shop)
    await sweep(shop, NOON + DAY)
    async with shop.database.transaction() as db:
        await db.execute("update cart set state = 'ordered' where id = $1", cart_id)
    mail, post = await _send(shop)
    assert mail.state == "sent"
    assert len(post.sent) == 1


async def _send(shop: Shop) -> tuple[Mail, Post]:
    post = Post()
    shop.clock.move(DAY)
    await Runner(shop.database, [job(post, SENDER)], clock=shop.clock).run_until_idle()
    async with shop.database.reading() as db:
        [mail] = await list_mails(db)
    return mail, post


async def test_switched_off_nobody_is_written(shop: Shop) -> None:
    await left(shop)
    async with shop.database.transaction() as db:
        off = Policy(abandoned_cart=AbandonedCart(off=True), dormant=Dormant(off=True))
        await publish_new(db, POLICY, off, actor=system("setup"), now=NOON)
    assert await sweep(shop, NOON + DAY) == []


async def ordered(shop: Shop, days: list[int]) -> UUID:
    """A customer who agrees to news and has ordered on these days after noon."""
    for day in days:
        order = await shop.placed([(shop.variant, 1)]) if day == days[0] else None
        async with shop.database.transaction() as db:
            if order is not None:
                party_id = order.customer_id
                await agree(db, party_id)
                await db.execute("update sales_order set placed_at = $2 where id = $1", order.id, NOON + day * DAY)
                first = order
                continue
            await db.execute(
                "insert into sales_order (id, number, customer_id, state, market, language, channel, currency, "
                "address, subtotal, tax, total, created_at, placed_at) "
                "select gen_random_uuid(), 'X' || $3::text, customer_id, 'delivered', market, language, channel, "
                "currency, address, subtotal, tax, total, created_at, $2 "
                "from sales_order where id = $1",
                first.id,
                NOON + day * DAY,
                str(day),
            )
    return party_id


async def test_silence_is_measured_by_their_own_rhythm(shop: Shop) -> None:
    party_id = await ordered(shop, [0, 20, 40])
    assert await sweep(shop, NOON + 79 * DAY) == [], "twice twenty days, counted from the last order"
    [mail] = await sweep(shop, NOON + 81 * DAY)
    assert (mail.kind, mail.customer_id, mail.reason) == ("dormant", party_id, "sweep:dormant")
    assert mail.history == f"customer:{party_id}"
    assert len(await sweep(shop, NOON + 200 * DAY)) == 1, "once a silence"


async def test_who_ordered_twice_has_no_rhythm_yet(shop: Shop) -> None:
    await ordered(shop, [0, 1])
    assert await sweep(shop, NOON + 180 * DAY) == []
    assert len(await sweep(shop, NOON + 182 * DAY)) == 1


async def test_who_is_gone_for_years_and_who_withdrew_are_not_written(shop: Shop) -> None:
    party_id = await ordered(shop, [0])
    assert await sweep(shop, NOON + 731 * DAY) == []
    async with shop.database.transaction() as db:
        proof = Proof(how="preferences")
        await withdraw_consent(db, party_id, NEWS, proof=proof, actor=customer(party_id), now=NOON + DAY)
    [mail] = await sweep(shop, NOON + 300 * DAY)
    assert (mail.state, mail.why) == ("withheld", "consent")
