"""Who may say something about a product, who lets it be seen, and what the stars come to."""

from datetime import timedelta
from uuid import UUID

import pytest

from kupec.customers import PartyRow, import_parties
from kupec.kit.actor import Actor, customer, system
from kupec.kit.db import Connection
from kupec.kit.errors import Conflict, Forbidden, InvalidValue, NotFound, TooManyRequests
from kupec.kit.events import subject_history
from kupec.sales import (
    Order,
    ReviewDraft,
    get_order,
    get_review,
    list_reviews,
    product_reviews,
    publish_reviews,
    ratings,
    reject_reviews,
    reply_to_review,
    review_counts,
    review_faults,
    reviewable,
    write_review,
)
from kupec.sales.importing import OrderLineRow, import_orders
from tests.shop import NOON, SETUP, add_product, make_shop

DESK = Actor(kind="staff", id="1", permissions=frozenset({"catalogue.write"}))
READER = Actor(kind="staff", id="2", permissions=frozenset({"catalogue.read"}))
GOOD = ReviewDraft(stars=5, title="Výborná", body="Voní po čokoládě.\nA hrnek < 200 ml.", author="Jana N.")


async def bought(db: Connection, who: str, *skus: str, status: str = "delivered") -> Order:
    """An order by one of our customers."""
    await import_parties(db, [PartyRow(external_id=who, name=who.title())], actor=SETUP, now=NOON)
    number = await db.fetchval("select count(*) from sales_order")
    rows = [
        OrderLineRow(
            order_external_id=f"o{number}",
            line=line,
            placed_at=NOON - timedelta(days=9),
            currency="CZK",
            sku=sku,
            name=sku,
            quantity=1,
            unit_amount=30000,
            customer_external_id=who,
            market="cz",
            status=status,  # type: ignore[arg-type]
        )
        for line, sku in enumerate(skus, start=1)
    ]
    assert await import_orders(db, rows, actor=system("import"), now=NOON) == [None] * len(skus)
    order_id: UUID = await db.fetchval("select id from sales_order order by created_at desc, id desc limit 1")
    return await get_order(db, order_id)


@pytest.fixture
async def shop(db: Connection) -> Connection:
    await make_shop(db)
    for sku in ("BEANS", "CUP"):
        await add_product(db, sku)
    return db


async def product(db: Connection, sku: str = "BEANS") -> UUID:
    found: UUID = await db.fetchval("select product_id from variant where sku = $1", sku)
    return found


async def write(db: Connection, order: Order, sku: str = "BEANS", stars: int = 5) -> UUID:
    assert order.customer_id is not None
    draft = ReviewDraft(stars=stars, title=GOOD.title, body=GOOD.body, author=GOOD.author)
    return await write_review(db, order, await product(db, sku), draft, actor=customer(order.customer_id), now=NOON)


async def test_a_buyer_says_something_about_what_they_bought(shop: Connection) -> None:
    order = await bought(shop, "jana", "CUP", "BEANS")
    assert await reviewable(shop, order) == {await product(shop, "CUP"): None, await product(shop): None}
    review = await get_review(shop, await write(shop, order))
    assert (review.state, review.stars, review.body, review.language) == ("pending", 5, GOOD.body, "cs")
    assert (await reviewable(shop, order))[await product(shop)] == review
    history = await subject_history(shop, f"product:{await product(shop)}")
    assert (history[0].name, history[0].customer_id) == ("review.written", order.customer_id)
    assert "Výborná" not in str(history[0].payload)


async def test_nothing_is_shown_before_somebody_has_read_it(shop: Connection) -> None:
    beans = await product(shop)
    review_id = await write(shop, await bought(shop, "jana", "BEANS"))
    assert await product_reviews(shop, beans, language="cs") == []
    assert await ratings(shop, [beans]) == {}
    assert await publish_reviews(shop, [review_id], actor=DESK, now=NOON) == 1
    assert await publish_reviews(shop, [review_id], actor=DESK, now=NOON) == 0
    assert [each.id for each in await product_reviews(shop, beans, language="cs")] == [review_id]
    assert (await subject_history(shop, f"product:{beans}"))[0].payload["stars"] == 5


async def test_the_average_counts_each_buyer_once_and_only_what_is_shown(shop: Connection) -> None:
    beans = await product(shop)
    written = [
        await write(shop, await bought(shop, who, "BEANS"), stars=n) for who, n in (("a", 5), ("b", 4), ("c", 1))
    ]
    written.append(await write(shop, await bought(shop, "d", "CUP"), "CUP", stars=1))
    await publish_reviews(shop, written[:2] + written[3:], actor=DESK, now=NOON)
    found = await ratings(shop, [beans])
    assert (found[beans].reviews, found[beans].stars, found[beans].average) == (2, 9, 4.5)
    await publish_reviews(shop, written[2:3], actor=DESK, now=NOON)
    assert (await ratings(shop, [beans]))[beans].average == 3.3
    await reject_reviews(shop, written[:1], reason="Reklama", actor=DESK, now=NOON)
    assert (await ratings(shop, [beans]))[beans].average == 2.5


async def test_who_says_something_else_is_read_again(shop: Connection) -> None:
    order = await bought(shop, "jana", "BEANS")
    first = await write(shop, order)
    await publish_reviews(shop, [first], actor=DESK, now=NOON)
    await reply_to_review(shop, first, "Děkujeme.", actor=DESK, now=NOON)
    again = await write(shop, await bought(shop, "jana", "BEANS"), stars=2)
    review = await get_review(shop, again)
    assert (again, review.state, review.stars, review.reply) == (first, "pending", 2, "")
    assert await ratings(shop, [await product(shop)]) == {}


@pytest.mark.parametrize("status", ["placed", "cancelled"])
async def test_what_has_not_come_cannot_be_judged(shop: Connection, status: str) -> None:
    order = await bought(shop, "jana", "BEANS", status=status)
    if status == "placed":
        await shop.execute("update sales_order set state = 'placed'")
        order = await get_order(shop, order.id)
    assert await reviewable(shop, order) == {}
    with pytest.raises(NotFound):
        await write(shop, order)


async def test_only_what_was_bought_can_be_judged(shop: Connection) -> None:
    with pytest.raises(NotFound):
        await write(shop, await bought(shop, "jana", "BEANS"), "CUP")


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (ReviewDraft(stars=0), "stars"),
        (ReviewDraft(stars=6), "stars"),
        (ReviewDraft(stars=3, title="x" * 121), "title"),
        (ReviewDraft(stars=3, body="x" * 4001), "body"),
        (ReviewDraft(stars=3, author="x" * 61), "author"),
        (ReviewDraft(stars=3, body='<a href="x">zde</a>'), "body"),
        (ReviewDraft(stars=3, title="< SCRIPT>"), "title"),
        (ReviewDraft(stars=3, author="<!-- -->"), "author"),
    ],
)
async def test_words_that_are_refused(shop: Connection, draft: ReviewDraft, field: str) -> None:
    order = await bought(shop, "jana", "BEANS")
    with pytest.raises(InvalidValue) as error:
        await write_review(shop, order, await product(shop), draft, actor=SETUP, now=NOON)
    assert error.value.field == field


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = ReviewDraft(stars=9, title="<b>", body="x" * 5000)
    assert [each.field for each in review_faults(wrong)] == ["stars", "title", "body"]


async def test_nobody_judges_the_whole_shop_in_a_day(shop: Connection) -> None:
    skus = [f"P{number}" for number in range(21)]
    for sku in skus:
        await add_product(shop, sku)
    order = await bought(shop, "jana", *skus)
    for sku in skus[:20]:
        await write(shop, order, sku)
    with pytest.raises(TooManyRequests):
        await write(shop, order, skus[20])
    await write(shop, order, skus[3])  # saying something else about one of them is no new one
    await shop.execute("update review set written_at = written_at - interval '1 day'")
    await write(shop, order, skus[20])


async def test_the_staff_says_why_and_answers(shop: Connection) -> None:
    review_id = await write(shop, await bought(shop, "jana", "BEANS"))
    with pytest.raises(Conflict):
        await reply_to_review(shop, review_id, "Děkujeme.", actor=DESK, now=NOON)
    with pytest.raises(InvalidValue):
        await reject_reviews(shop, [review_id], reason=" ", actor=DESK, now=NOON)
    assert await reject_reviews(shop, [review_id], reason="Nesouvisí s výrobkem", actor=DESK, now=NOON) == 1
    assert (await get_review(shop, review_id)).reason == "Nesouvisí s výrobkem"
    await publish_reviews(shop, [review_id], actor=DESK, now=NOON)
    assert (await get_review(shop, review_id)).reason == ""
    await reply_to_review(shop, review_id, " Děkujeme. ", actor=DESK, now=NOON)
    assert (await get_review(shop, review_id)).reply == "Děkujeme."
    await reply_to_review(shop, review_id, "", actor=DESK, now=NOON)
    assert (await get_review(shop, review_id)).replied_at is None
    with pytest.raises(InvalidValue):
        await reply_to_review(shop, review_id, "<i>x</i>", actor=DESK, now=NOON)


async def test_it_takes_a_right_to_decide(shop: Connection) -> None:
    review_id = await write(shop, await bought(shop, "jana", "BEANS"))
    with pytest.raises(Forbidden):
        await publish_reviews(shop, [review_id], actor=READER, now=NOON)
    with pytest.raises(Forbidden):
        await reject_reviews(shop, [review_id], reason="x", actor=READER, now=NOON)
    with pytest.raises(Forbidden):
        await reply_to_review(shop, review_id, "x", actor=READER, now=NOON)
    assert await review_counts(shop) == {"pending": 1, "published": 0, "rejected": 0}
    listed = await list_reviews(shop, "pending", language="cs")
    assert [(each.id, name) for each, name in listed] == [(review_id, "Product BEANS")]
    assert await list_reviews(shop, "published", language="cs") == []
