"""Points: granted once, spent once, never more than there are, and what they are exchanged for."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kupec.customers import (
    CONSENTS,
    POINTS,
    Benefit,
    Consents,
    Contact,
    NotEnoughPoints,
    Points,
    PointsEntry,
    Proof,
    Purpose,
    add_alias,
    expire_points,
    give_consent,
    grant_points,
    identify,
    points_balance,
    points_history,
    points_subscriber,
    spend_points,
    withdraw_consent,
)
from kupec.customers.points import left_of_grants
from kupec.kit.actor import Actor, customer, system
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.events import COLUMNS, Event
from kupec.kit.ids import uuid7
from kupec.kit.versions import publish_new
from kupec.sales import (
    AmountOff,
    Conditions,
    Promotion,
    Promotions,
    consent_coupon_subscriber,
    coupons_given,
    exchange_for_coupon,
    exchange_for_credit,
    worth,
)
from kupec.sales.promotions.documents import PROMOTIONS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SETUP = system("setup")
DOCUMENT = Points(expire_days=30, per_unit={"CZK": 10}, least=50, promotion="thanks", coupon_points=80, referral=25)


async def eva_with(db: Connection, points: int, *, document: Points = DOCUMENT, now: datetime = NOW) -> UUID:
    await publish_new(db, POINTS, document, actor=SETUP, now=NOW)
    [eva] = await identify(db, [Contact(email="eva@example.com", name="Eva", language="cs")], now=NOW, actor=SETUP)
    if points:
        await grant_points(db, eva, points, kind="desk", source="first", reason="sorry", actor=SETUP, now=now)
    return eva


async def test_one_source_grants_and_takes_once(db: Connection) -> None:
    eva = await eva_with(db, 100)
    assert not await grant_points(db, eva, 100, kind="desk", source="first", reason="sorry", actor=SETUP, now=NOW)
    assert await spend_points(db, eva, 60, source="a", actor=customer(eva), now=NOW)
    assert not await spend_points(db, eva, 60, source="a", actor=customer(eva), now=NOW)
    with pytest.raises(NotEnoughPoints) as refused:
        await spend_points(db, eva, 60, source="b", actor=customer(eva), now=NOW)
    assert refused.value.details == {"balance": 40, "wanted": 60}
    assert await points_balance(db, eva, now=NOW) == 40 == await db.fetchval("select sum(amount) from points_entry")
    events = await db.fetch("select name, payload from event where name like 'points.%' order by id")
    assert [(one["name"], one["payload"]["amount"]) for one in events] == [
        ("points.granted", 100),
        ("points.spent", 60),
    ]


async def test_who_may_grant_and_spend(db: Connection) -> None:
    eva = await eva_with(db, 100)
    stranger = customer(uuid7())
    with pytest.raises(Forbidden):
        await spend_points(db, eva, 10, source="x", actor=stranger, now=NOW)
    with pytest.raises(Forbidden):
        await grant_points(db, eva, 10, kind="desk", source="x", reason="x", actor=customer(eva), now=NOW)
    desk = Actor(kind="staff", id="ema", permissions=frozenset({"customers.write"}))
    with pytest.raises(InvalidValue, match="reason"):
        await grant_points(db, eva, 10, kind="desk", source="x", actor=desk, now=NOW)


async def test_points_expire_with_what_is_left_of_them(db: Connection) -> None:
    eva = await eva_with(db, 100)
    await grant_points(db, eva, 50, kind="referral", source="later", actor=SETUP, now=NOW + 10 * DAY)
    await spend_points(db, eva, 30, source="a", actor=customer(eva), now=NOW + 11 * DAY)
    assert await points_balance(db, eva, now=NOW + 29 * DAY) == 120
    assert await points_balance(db, eva, now=NOW + 30 * DAY) == 50, "the first hundred was spent from first"
    assert await expire_points(db, NOW + 30 * DAY) == 1
    assert await expire_points(db, NOW + 30 * DAY) == 0
    assert await db.fetchval("select sum(amount) from points_entry") == 50
    with pytest.raises(NotEnoughPoints):
        await spend_points(db, eva, 51, source="b", actor=customer(eva), now=NOW + 31 * DAY)
    assert await expire_points(db, NOW + 41 * DAY) == 1
    assert (await points_history(db, eva))[0].kind == "expired"
    assert await points_balance(db, eva, now=NOW + 99 * DAY) == 0


async def test_expired_points_cannot_be_spent_before_anybody_wrote_them_off(db: Connection) -> None:
    eva = await eva_with(db, 100)
    with pytest.raises(NotEnoughPoints):
        await spend_points(db, eva, 1, source="a", actor=customer(eva), now=NOW + 30 * DAY)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 50), st.integers(-40, 60)), max_size=25))
def test_what_is_left_of_grants_is_what_was_granted_less_what_went(moves: list[tuple[int, int, int]]) -> None:
    entries: list[PointsEntry] = []
    balance = 0
    for number, (day, expires, amount) in enumerate(sorted(moves)):
        taken = amount if amount > 0 else -min(-amount, balance)
        if not taken:
            continue
        balance += taken
        entries.append(
            PointsEntry(
                id=UUID(int=number),
                party_id=UUID(int=1),
                amount=taken,
                kind="desk" if taken > 0 else "spent",
                reason="",
                source=str(number),
                purpose=None,
                revision=None,
                at=NOW + day * DAY,
                expires_at=NOW + (day + expires) * DAY if taken > 0 else None,
                actor="system:test",
            )
        )
    left = left_of_grants(entries)
    assert sum(left.values()) == balance
    granted = {one.id: one.amount for one in entries if one.amount > 0}
    assert all(0 <= left[key] <= granted[key] for key in granted)


async def test_points_become_store_credit_at_the_documents_rate(db: Connection) -> None:
    eva = await eva_with(db, 255)
    credit = await exchange_for_credit(db, eva, 255, "CZK", key="k", actor=customer(eva), now=NOW)
    assert (credit.balance, credit.currency, credit.party_id) == (2550, "CZK", eva)
    again = await exchange_for_credit(db, eva, 255, "CZK", key="k", actor=customer(eva), now=NOW)
    assert again == credit
    assert await points_balance(db, eva, now=NOW) == 0
    for points, currency, field in ((100, "EUR", "currency"), (49, "CZK", "points")):
        with pytest.raises(InvalidValue) as refused:
            await exchange_for_credit(db, eva, points, currency, key="z", actor=customer(eva), now=NOW)
        assert refused.value.field == field
    assert (worth(7, 3, "CZK"), worth(1, 1, "JPY")) == (233, 1)


async def both(pool: Pool, eva: UUID, *, lock: bool) -> list[bool]:
    """Two browsers exchange the same hundred points at the same moment."""
    together = asyncio.Barrier(2)

    async def exchange(key: str) -> bool:
        async with pool.acquire() as db, db.transaction():
            if not lock:
                balance = await points_balance(db, eva, now=NOW)
                await together.wait()
                if balance < 100:
                    return False
                await db.execute(
                    "insert into points_entry (id, party_id, amount, kind, source, at, actor) "
                    "values ($1, $2, -100, 'spent', $3, $4, 'test')",
                    *(uuid7(), eva, key, NOW),
                )
                return True
            await together.wait()
            try:
                await exchange_for_credit(db, eva, 100, "CZK", key=key, actor=customer(eva), now=NOW)
            except NotEnoughPoints:
                return False
            return True

    return list(await asyncio.gather(exchange("a"), exchange("b")))


@pytest.mark.parametrize("lock", [True, False])
async def test_two_exchanges_at_once_never_spend_the_same_points(pool: Pool, lock: bool) -> None:
    """Without the lock they do: the balance falls below nothing."""
    async with pool.acquire() as db, db.transaction():
        eva = await eva_with(db, 100)
    done = await both(pool, eva, lock=lock)
    async with pool.acquire() as db:
        balance = await db.fetchval("select sum(amount) from points_entry")
        issued = await db.fetchval("select count(*) from store_credit")
    assert (sum(done), balance, issued) == ((1, 0, 1) if lock else (2, -100, 0))


async def with_promotion(db: Connection) -> None:
    promotion = Promotion(
        code="thanks",
        names={"en": "Thanks"},
        conditions=Conditions(needs_coupon=True),
        action=AmountOff(amounts={"CZK": 10000}),
    )
    await publish_new(db, PROMOTIONS, Promotions(promotions=[promotion]), actor=SETUP, now=NOW)
    purposes = [
        Purpose(
            code="sharing",
            names={"en": "Sharing"},
            benefit=Benefit(kind="coupon", promotion="thanks", coupon_days=10),
        )
    ]
    await publish_new(db, CONSENTS, Consents(purposes=purposes), actor=SETUP, now=NOW)


async def consented(db: Connection) -> list[Event]:
    rows = await db.fetch(f"select {COLUMNS} from event where name = 'consent.given' order by id")
    return [Event(**dict(row)) for row in rows]


async def test_a_consent_brings_its_coupon_once(db: Connection) -> None:
    eva = await eva_with(db, 0)
    await with_promotion(db)
    for minute in range(3):
        now = NOW + timedelta(minutes=2 * minute)
        await give_consent(db, eva, "sharing", proof=Proof(how="portal"), actor=customer(eva), now=now)
        now += timedelta(minutes=1)
        await withdraw_consent(db, eva, "sharing", proof=Proof(how="portal"), actor=customer(eva), now=now)
    subscriber = consent_coupon_subscriber()
    events = await consented(db)
    assert len(events) == 3
    await subscriber.handle(db, events)
    await subscriber.handle(db, events)
    [code] = await coupons_given(db, [eva])
    coupon = await db.fetchrow("select * from coupon")
    assert coupon is not None
    assert (coupon["code"], coupon["promotion"], coupon["max_uses"]) == (code, "thanks", 1)
    assert coupon["valid_to"] == events[0].recorded_at + 10 * DAY
    (old,) = await identify(db, [Contact(email="o@example.com", name="", language="cs")], now=NOW, actor=SETUP)
    await add_alias(db, eva, old, "merged", now=NOW)
    await give_consent(db, old, "sharing", proof=Proof(how="portal"), actor=customer(old), now=NOW + timedelta(hours=1))
    await subscriber.handle(db, (await consented(db))[3:])
    assert await db.fetchval("select count(*) from coupon") == 1


async def test_points_become_a_coupon(db: Connection) -> None:
    eva = await eva_with(db, 100)
    await with_promotion(db)
    code = await exchange_for_coupon(db, eva, key="k", actor=customer(eva), now=NOW)
    assert await exchange_for_coupon(db, eva, key="k", actor=customer(eva), now=NOW) == code
    assert await points_balance(db, eva, now=NOW) == 20
    with pytest.raises(NotEnoughPoints):
        await exchange_for_coupon(db, eva, key="other", actor=customer(eva), now=NOW)


async def test_who_recommends_a_friend_is_thanked_once_for_them(db: Connection) -> None:
    eva = await eva_with(db, 0)
    [friend] = await identify(db, [Contact(email="friend@example.com", name="", language="cs")], now=NOW, actor=SETUP)
    happened = Event(
        id=1,
        xid=1,
        name="relation.added",
        v=1,
        occurred_at=NOW,
        recorded_at=NOW,
        actor="system:test",
        origin="live",
        customer_id=eva,
        channel=None,
        subject=f"customer:{eva}",
        payload={"kind": "refers", "other_id": str(friend)},
    )
    subscriber = points_subscriber()
    await subscriber.handle(db, [happened, happened])
    await subscriber.handle(db, [happened])
    assert await points_balance(db, eva, now=NOW) == 25
