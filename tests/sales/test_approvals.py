"""An approver is asked before something goes on account: their yes is one order, of what they saw, or none."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from kupec.billing import PAYMENT, allow_account, change_account, open_account
from kupec.kit.actor import Actor, customer, guest, system
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from kupec.sales import (
    Approval,
    ApprovalDecided,
    ApprovalNeeded,
    CartClosed,
    CartDetails,
    Completion,
    NotEnoughStock,
    NothingToApprove,
    TotalChanged,
    approval_token,
    approvals_of,
    approver_from_token,
    buy_for,
    decline_approval,
    expire_approvals,
    get_approval,
    get_cart,
    price_cart,
    request_approval,
    set_details,
    set_quantity,
    waiting_approvals,
    withdraw_approval,
)
from tests.billing.owing import CLERK, METHODS, a_party
from tests.sales.conftest import Shop
from tests.sales.test_on_account import a_cart, used
from tests.shop import EXAMPLE_ADDRESS, NOON

TOTAL = 39_900  # a piece with its delivery


async def a_person(db: Connection, organisation_id: UUID, *roles: str) -> UUID:
    person_id = await a_party(db, "Petr Schvalovatel")
    await db.execute("update party set kind = 'person' where id = $1", person_id)
    for role in roles:
        await db.execute(
            "insert into party_role (id, organisation_id, person_id, role, since) values ($1, $2, $3, $4, $5)",
            *(uuid7(), organisation_id, person_id, role, NOON),
        )
    return person_id


async def an_office(shop: Shop, *, over: int | None = 0, limit: int = 10_000_000) -> tuple[UUID, Actor]:
    """An organisation that may buy on account, and its approver."""
    async with shop.database.transaction() as db:
        await publish_new(db, PAYMENT, METHODS, actor=system("test"), now=NOON)
        office = await a_party(db)
        await open_account(
            db,
            office,
            currency="CZK",
            credit_limit=limit,
            terms_days=14,
            approval_over=over,
            actor=CLERK,
            now=NOON,
        )
        approver = await a_person(db, office, "approver")
    return office, customer(approver, [("approver", office)])


async def asked(shop: Shop, cart_id: UUID, total: int = TOTAL) -> Approval:
    async with shop.database.transaction() as db:
        return await request_approval(db, cart_id, expected_total=total, actor=guest(cart_id), now=NOON)


async def test_a_yes_is_an_order_however_often_it_is_said(shop: Shop) -> None:
    office, approver = await an_office(shop)
    cart_id = await a_cart(shop, office)
    with pytest.raises(ApprovalNeeded):
        await shop.order(cart_id)
    approval = await asked(shop, cart_id)
    assert (await asked(shop, cart_id)).id == approval.id, "the same question"
    with pytest.raises(ApprovalNeeded):
        await shop.order(cart_id)
    answers = await asyncio.gather(
        *(shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver) for _ in range(6))
    )
    again = await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver)
    assert len({answer.order_id for answer in [*answers, again]}) == 1
    assert again.state == "placed"
    assert await shop.fetchval("select count(*) from sales_order where number is not null") == 1
    assert await shop.fetchval("select count(*) from payment") == 1
    assert await used(shop, office) == TOTAL
    async with shop.database.reading() as db:
        found = await get_approval(db, approval.id)
        names = [
            row["name"] for row in await db.fetch("select name from event where name like 'approval.%' order by id")
        ]
    assert (found.state, found.order_id, found.decided_by) == ("approved", again.order_id, str(approver))
    assert names == ["approval.requested", "approval.approved"]


async def test_without_the_key_of_the_approval_the_same_race_orders_twice(shop: Shop) -> None:
    """Negative control: two carts, as two unguarded clicks would each make their own order."""
    office, approver = await an_office(shop)
    approvals = [await asked(shop, await a_cart(shop, office)) for _ in range(2)]
    await asyncio.gather(*(shop.checkout.approve(each.id, expected_total=TOTAL, actor=approver) for each in approvals))
    assert await shop.fetchval("select count(*) from sales_order where number is not null") == 2


async def test_what_is_below_the_limit_and_what_an_approver_buys_is_asked_of_nobody(shop: Shop) -> None:
    office, approver = await an_office(shop, over=TOTAL)
    cart_id = await a_cart(shop, office)
    with pytest.raises(NothingToApprove):
        await asked(shop, cart_id)
    assert (await shop.order(cart_id, key="1")).state == "placed"
    async with shop.database.transaction() as db:
        await change_account(
            db,
            office,
            currency="CZK",
            credit_limit=10_000_000,
            terms_days=14,
            active=True,
            approval_over=TOTAL - 1,
            actor=CLERK,
            now=NOON,
        )
    second = await a_cart(shop, office)
    with pytest.raises(ApprovalNeeded):
        await shop.order(second, key="2")
    async with shop.database.transaction() as db:
        await allow_account(db, second, office, now=NOON, person_id=UUID(approver.id))
    assert (await shop.order(second, key="3")).state == "placed"


@pytest.mark.parametrize("change", ["quantity", "details", "taken back"])
async def test_a_change_of_the_cart_takes_the_question_back(shop: Shop, change: str) -> None:
    office, approver = await an_office(shop)
    cart_id = await a_cart(shop, office)
    approval = await asked(shop, cart_id)
    async with shop.database.transaction() as db:
        if change == "quantity":
            await set_quantity(db, cart_id, shop.variant, 2, actor=guest(cart_id), now=NOON)
        elif change == "details":
            await set_details(db, cart_id, CartDetails(phone="+420601234567"), actor=guest(cart_id), now=NOON)
        else:
            await withdraw_approval(db, cart_id, actor=guest(cart_id), now=NOON)
    with pytest.raises(ApprovalDecided):
        await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver)
    async with shop.database.reading() as db:
        assert (await get_approval(db, approval.id)).state == "withdrawn"
        total = (await price_cart(db, cart_id, now=NOON)).total
    again = await asked(shop, cart_id, total)
    assert (await shop.checkout.approve(again.id, expected_total=total, actor=approver)).state == "placed"


async def test_a_change_and_a_yes_at_once_order_what_was_seen_or_nothing(shop: Shop) -> None:
    office, approver = await an_office(shop)
    outcomes = set()
    for _ in range(6):
        cart_id = await a_cart(shop, office)
        approval = await asked(shop, cart_id)

        async def change(cart_id: UUID = cart_id) -> None:
            async with shop.database.transaction() as db:
                await set_quantity(db, cart_id, shop.variant, 2, actor=guest(cart_id), now=NOON)

        yes = shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver)
        changed, said = await asyncio.gather(change(), yes, return_exceptions=True)
        pieces = await shop.fetchval(
            "select l.quantity from order_line l join sales_order o on o.id = l.order_id where o.cart_id = $1", cart_id
        )
        if isinstance(said, Completion):
            outcomes.add("ordered")
            assert (said.state, pieces) == ("placed", 1)
            assert changed is not None, "the cart is ordered as it was seen"
        else:
            outcomes.add("changed")
            assert isinstance(said, ApprovalDecided)
            assert pieces is None
    assert outcomes


async def test_the_desk_may_decide_for_them_and_a_stranger_may_not(shop: Shop) -> None:
    office, _ = await an_office(shop)
    approval = await asked(shop, await a_cart(shop, office))
    for stranger in (customer(uuid7()), customer(uuid7(), [("buyer", office)]), Actor(kind="staff", id="x")):
        with pytest.raises(Forbidden):
            await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=stranger)
    async with shop.database.transaction() as db:
        with pytest.raises(Forbidden):
            await waiting_approvals(db, actor=Actor(kind="staff", id="x"))
        assert [each.id for each in await waiting_approvals(db, actor=CLERK)] == [approval.id]
    assert (await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=CLERK)).state == "placed"


async def test_another_price_must_be_approved_anew(shop: Shop) -> None:
    office, approver = await an_office(shop)
    approval = await asked(shop, await a_cart(shop, office))
    async with shop.database.transaction() as db:
        await db.execute("update price set amount = amount + 1000 where currency = 'CZK'")
    with pytest.raises(TotalChanged):
        await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver)
    assert await shop.fetchval("select state from approval") == "asked"
    assert (await shop.checkout.approve(approval.id, expected_total=TOTAL + 1000, actor=approver)).state == "placed"
    assert await shop.fetchval("select total from approval") == TOTAL + 1000
    assert await shop.fetchval("select total from sales_order") == TOTAL + 1000


async def test_what_cannot_be_ordered_leaves_the_question_open(shop: Shop) -> None:
    office, approver = await an_office(shop)
    approval = await asked(shop, await a_cart(shop, office))
    async with shop.database.transaction() as db:
        await db.execute("update stock_level set on_hand = 0")
    with pytest.raises(NotEnoughStock):
        await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver)
    assert await shop.fetchval("select (state, decided_by is null) from approval") == ("asked", True)
    async with shop.database.transaction() as db:
        await db.execute("update stock_level set on_hand = 5")
    assert (await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver)).state == "placed"


async def test_a_no_needs_a_reason_and_leaves_the_cart_open(shop: Shop) -> None:
    office, approver = await an_office(shop)
    cart_id = await a_cart(shop, office)
    approval = await asked(shop, cart_id)
    async with shop.database.transaction() as db:
        for nothing in ("  ", "x" * 501):
            with pytest.raises(InvalidValue):
                await decline_approval(db, approval.id, note=nothing, actor=approver, now=NOON)
        declined = await decline_approval(db, approval.id, note=" Too much. ", actor=approver, now=NOON)
        with pytest.raises(ApprovalDecided):
            await decline_approval(db, approval.id, note="again", actor=approver, now=NOON)
        assert (declined.state, declined.note) == ("declined", "Too much.")
        assert "Too much" not in str(await db.fetchval("select payload from event where name = 'approval.declined'"))
    with pytest.raises(ApprovalDecided):
        await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver)
    with pytest.raises(ApprovalNeeded):
        await shop.order(cart_id)
    assert (await asked(shop, cart_id)).id != approval.id


async def test_an_undecided_question_ends(shop: Shop) -> None:
    office, approver = await an_office(shop)
    cart_id = await a_cart(shop, office)
    approval = await asked(shop, cart_id)
    late = NOON + timedelta(days=14)
    async with shop.database.transaction() as db:
        assert await expire_approvals(db, late - timedelta(seconds=1), 10) == 0
        assert await expire_approvals(db, late, 10) == 1
        assert await expire_approvals(db, late, 10) == 0
        assert [each.state for each in await approvals_of(db, [office])] == ["expired"]
        assert await approvals_of(db, [office], state="asked") == []
        assert await approvals_of(db, [uuid7()]) == []
    with pytest.raises(ApprovalDecided):
        await shop.checkout.approve(approval.id, expected_total=TOTAL, actor=approver)


async def test_the_link_opens_for_an_approver_and_only_while_they_are_one(shop: Shop) -> None:
    office, approver = await an_office(shop)
    approval = await asked(shop, await a_cart(shop, office))
    token = approval_token("secret", approval, UUID(approver.id))
    async with shop.database.transaction() as db:
        found, actor = await approver_from_token(db, "secret", token, now=NOON)
        assert (found.id, actor) == (approval.id, approver)
        with pytest.raises(NotFound):
            await approver_from_token(db, "secret", token[:-1] + ("A" if token[-1] != "A" else "B"), now=NOON)
        with pytest.raises(NotFound):
            await approver_from_token(db, "secret", token, now=NOON + timedelta(days=15))
        await db.execute("update party_role set until = $1", NOON)
        with pytest.raises(Forbidden):
            await approver_from_token(db, "secret", token, now=NOON)


async def test_a_key_person_buys_for_the_organisation(shop: Shop) -> None:
    office, _ = await an_office(shop)
    async with shop.database.transaction() as db:
        person = await a_person(db, office, "buyer")
        before = await a_party(db, "somebody")
        with pytest.raises(Forbidden):
            await buy_for(db, office, market="cz", language="cs", person_id=person, actor=customer(person), now=NOON)
        assert before
        actor = customer(person, [("buyer", office)])
        first = await buy_for(db, office, market="cz", language="cs", person_id=person, actor=actor, now=NOON)
        await set_quantity(db, first.id, shop.variant, 1, actor=actor, now=NOON)
        cart = await buy_for(
            db, office, market="cz", language="cs", instead_of=first.id, person_id=person, actor=actor, now=NOON
        )
        details = CartDetails(
            email="office@example.com", address=EXAMPLE_ADDRESS, shipping_method="courier", payment_method="account"
        )
        await set_details(db, cart.id, details, actor=actor, now=NOON)
        seen = await price_cart(db, cart.id, now=NOON)
        assert (seen.cart.customer_id, seen.needs_approval, seen.problems) == (office, True, [])
        with pytest.raises(CartClosed):
            await request_approval(db, first.id, expected_total=None, actor=actor, now=NOON)
        approval = await request_approval(db, cart.id, expected_total=None, actor=actor, now=NOON)
        assert approval.asked_by == person


@pytest.mark.parametrize("role", ["buyer", "accountant", None])
async def test_who_is_no_buyer_there_today_buys_nothing_on_its_account(shop: Shop, role: str | None) -> None:
    """The cart was proved while they were the buyer; a standing order of theirs is the organisation's, and stays."""
    office, _ = await an_office(shop, over=None)
    async with shop.database.transaction() as db:
        person = await a_person(db, office, "buyer")
    cart_id = await a_cart(shop, office)
    async with shop.database.transaction() as db:
        await allow_account(db, cart_id, office, now=NOON, person_id=person)
        assert (await price_cart(db, cart_id, now=NOON)).problems == []
        await db.execute("update party set price_group = 'office' where id = $1", office)
        assert (await get_cart(db, cart_id)).price_group == "office"
        await db.execute("update party_role set role = coalesce($1, role), until = $2", role, None if role else NOON)
        problems = [one.field for one in (await price_cart(db, cart_id, now=NOON)).problems]
        assert problems == ([] if role == "buyer" else ["payment_method"])
        assert (await get_cart(db, cart_id)).price_group == ("office" if role == "buyer" else None)
        await db.execute("update cart set channel = 'standing' where id = $1", cart_id)
        assert (await price_cart(db, cart_id, now=NOON)).problems == []
        await db.execute("update cart set channel = 'web' where id = $1", cart_id)
    if role != "buyer":
        with pytest.raises(KupecError):
            await shop.order(cart_id)
        assert await used(shop, office) == 0
