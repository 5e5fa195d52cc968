"""Who sends friends, and who likes and shares what, stands in the graph, written from the log."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from kupec.customers import (
    MergeProof,
    NewParty,
    add_relation,
    count_referred,
    create_party,
    forget_referrals,
    members_of,
    merge_parties,
    note_referral,
    relation_subscriber,
    relations_of,
    remove_relation,
)
from kupec.kit.actor import customer, system
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.events import Happened, emit
from kupec.kit.subscribers import catch_up
from kupec.sales import CartDetails, get_order, record_share, referral_subscriber, set_details, toggle_like
from kupec.sales.events import ParcelDelivered
from tests.sales.conftest import Shop, gateway, session_gateway, shop
from tests.shop import EXAMPLE_ADDRESS, NOON, filled_cart

__all__ = ["gateway", "session_gateway", "shop"]

TEST = system("test")


async def person(shop: Shop, name: str) -> UUID:
    async with shop.database.transaction() as db:
        new = NewParty(kind="person", name=name, language="cs", email=f"{name}@example.com")
        return await create_party(db, new, actor=TEST, now=NOON)


async def order(
    shop: Shop, email: str, sent_by: UUID | None, *, delivered: bool = True, **details: Any
) -> tuple[UUID, UUID]:
    """The order and its buyer."""
    cart = await filled_cart(shop.database, [(shop.variant, 1)], email=email)
    if details:
        async with shop.database.transaction() as db:
            await set_details(db, cart, CartDetails(**details), actor=TEST, now=NOON)
    if sent_by is not None:
        async with shop.database.transaction() as db:
            await note_referral(db, cart, sent_by, now=NOON)
            await note_referral(db, cart, UUID(int=1), now=NOON)  # nobody; and the first word counts
    done = await shop.order(cart, key=str(cart))
    shop.clock.move(timedelta(minutes=1))
    async with shop.database.reading() as db:
        placed = await get_order(db, done.order_id)
    assert placed.customer_id is not None
    if delivered:
        await deliver(shop, placed.id)
    return placed.id, placed.customer_id


async def deliver(shop: Shop, order_id: UUID, *, complete: bool = True) -> None:
    async with shop.database.transaction() as db:
        payload = ParcelDelivered(number="Z1", fulfilment_id=uuid4(), complete=complete)
        await emit(db, [Happened(payload=payload, subject=f"order:{order_id}", occurred_at=NOON)], actor=TEST)


async def test_a_friends_first_order_says_who_sent_them(shop: Shop) -> None:
    eva, petr = await person(shop, "eva"), await person(shop, "petr")
    await catch_up(shop.database, referral_subscriber())
    first, friend = await order(shop, "friend@example.com", eva)
    await order(shop, "friend@example.com", petr)  # was brought already
    await order(shop, "eva@example.com", eva)  # oneself
    await order(shop, "old@example.com", None)
    await order(shop, "old@example.com", eva)  # has ordered before
    await catch_up(shop.database, referral_subscriber())
    async with shop.database.reading() as db:
        (relation,) = await relations_of(db, eva)
        assert (relation.kind, relation.other_id, relation.source) == ("refers", friend, f"order:{first}")
        (seen,) = await relations_of(db, friend)
        assert (seen.party_id, seen.name, seen.outgoing) == (eva, "eva", False)
        assert await relations_of(db, petr) == []
        assert await count_referred(db, [eva]) == 1
        events = await db.fetch("select payload from event where name = 'relation.added'")
    assert [row["payload"]["other_id"] for row in events] == [str(friend)]


async def test_nobody_is_brought_by_what_is_never_delivered(shop: Shop) -> None:
    eva = await person(shop, "eva")
    await catch_up(shop.database, referral_subscriber())
    first, friend = await order(shop, "friend@example.com", eva, delivered=False)
    await deliver(shop, first, complete=False)
    await catch_up(shop.database, referral_subscriber())
    async with shop.database.reading() as db:
        assert await relations_of(db, eva) == []
    await deliver(shop, first)
    await catch_up(shop.database, referral_subscriber())
    async with shop.database.reading() as db:
        assert [one.other_id for one in await relations_of(db, eva)] == [friend]


@pytest.mark.parametrize("same", ["address", "phone"])
async def test_a_second_mail_of_ones_own_is_no_friend(shop: Shop, same: str) -> None:
    eva = await person(shop, "eva")
    await catch_up(shop.database, referral_subscriber())
    elsewhere = msgspec.structs.replace(EXAMPLE_ADDRESS, street="Krátká 2", postcode="602 00")
    await order(shop, "eva@example.com", None, phone="+420 601 234 567")
    details = {"address": elsewhere, "phone": "+420601234567"} if same == "phone" else {"phone": "+420777888999"}
    await order(shop, "eva+2@example.com", eva, **details)
    await order(shop, "friend@example.com", eva, address=elsewhere, phone="+420777888000")
    await catch_up(shop.database, referral_subscriber())
    async with shop.database.reading() as db:
        assert [one.source for one in await relations_of(db, eva)] != []
        assert await count_referred(db, [eva]) == 1


async def test_the_graph_follows_merges(shop: Shop) -> None:
    eva, petr = await person(shop, "eva"), await person(shop, "petr")
    async with shop.database.transaction() as db:
        add = {"source": "desk", "actor": TEST, "now": NOON}
        await add_relation(db, eva, "works_with", other_id=petr, **add)  # type: ignore[arg-type]
        for who in (eva, petr):
            await add_relation(db, who, "likes", subject="product:1", **add)  # type: ignore[arg-type]
        proof = MergeProof(source="staff", stated="identity card seen")
        await merge_parties(db, eva, petr, proof=proof, actor=TEST, now=NOON)
        assert [one.kind for one in await relations_of(db, eva)] == ["likes"], "nobody works with themself"
        assert await add_relation(db, petr, "likes", subject="product:1", **add) is None  # type: ignore[arg-type]
        assert await remove_relation(db, eva, kind="likes", subject="product:1", actor=TEST, now=NOON) == 2


async def test_what_is_refused(shop: Shop) -> None:
    eva, petr = await person(shop, "eva"), await person(shop, "petr")
    async with shop.database.reading() as db:
        for ends in ({"other_id": eva}, {}, {"other_id": petr, "subject": "product:1"}, {"subject": "no thing"}):
            with pytest.raises(InvalidValue):
                await add_relation(db, eva, "likes", source="desk", actor=TEST, now=NOON, **ends)  # type: ignore[arg-type]
        with pytest.raises(Forbidden):
            await add_relation(db, eva, "likes", subject="product:1", source="x", actor=customer(petr), now=NOON)


async def test_likes_and_shares_of_customers_are_taken_over(shop: Shop) -> None:
    eva, product = await person(shop, "eva"), UUID(int=7)
    async with shop.database.transaction() as db:
        product = await db.fetchval("select product_id from variant where id = $1", shop.variant)
        for who in (eva, None):
            person_key = f"customer:{who}" if who else "visitor:x"
            await toggle_like(db, product, person=person_key, customer_id=who, actor=TEST, now=NOON)
            await record_share(db, product, way="link", person=person_key, customer_id=who, actor=TEST, now=NOON)
    await catch_up(shop.database, relation_subscriber())
    async with shop.database.transaction() as db:
        assert sorted((one.kind, one.subject) for one in await relations_of(db, eva)) == [
            ("likes", f"product:{product}"),
            ("shares", f"product:{product}"),
        ]
        assert await db.fetchval("select count(*) from relation") == 2
        await toggle_like(db, product, person=f"customer:{eva}", customer_id=eva, actor=TEST, now=NOON)
    await catch_up(shop.database, relation_subscriber())
    async with shop.database.reading() as db:
        assert [one.kind for one in await relations_of(db, eva)] == ["shares"]


async def test_carts_that_are_never_ordered_are_forgotten(shop: Shop) -> None:
    eva = await person(shop, "eva")
    async with shop.database.transaction() as db:
        await note_referral(db, UUID(int=3), eva, now=NOON)
        assert await forget_referrals(db, NOON + timedelta(days=59), 10) == 0
        assert await forget_referrals(db, NOON + timedelta(days=61), 10) == 1
        assert await members_of(db, eva) == [eva]
