"""What a customer agreed to, and that nothing is done without it."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from kupec.customers import (
    CONSENTS,
    POINTS,
    Benefit,
    ConsentMissing,
    Contact,
    Points,
    Proof,
    Purpose,
    add_alias,
    allowed,
    consent_history,
    consents_of,
    give_consent,
    identify,
    points_balance,
    points_history,
    require_consent,
    withdraw_all,
    withdraw_consent,
)
from kupec.customers.consent_models import Consents
from kupec.kit.actor import Actor, customer, guest, system
from kupec.kit.db import Connection
from kupec.kit.errors import Forbidden, InvalidValue
from kupec.kit.versions import publish_new

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SETUP = system("setup")
DESK = Actor(kind="staff", id="ema", permissions=frozenset({"customers.read", "customers.write"}))
MAIL = "marketing.email"
BY_PAGE = Proof(how="preferences")


async def known(db: Connection, name: str = "eva") -> UUID:
    contact = Contact(email=f"{name}@example.com", name=name.title(), language="cs")
    return (await identify(db, [contact], now=NOW, actor=SETUP))[0]


async def gives(db: Connection, party: UUID, purpose: str = MAIL, *, after: float = 0) -> None:
    now = NOW + timedelta(minutes=after)
    await give_consent(db, party, purpose, proof=BY_PAGE, actor=customer(party), now=now)


async def withdraws(db: Connection, party: UUID, purpose: str = MAIL, *, after: float = 0) -> None:
    now = NOW + timedelta(minutes=after)
    await withdraw_consent(db, party, purpose, proof=BY_PAGE, actor=customer(party), now=now)


async def with_benefit(db: Connection, *, points: int = 50, revision: int = 1) -> None:
    purposes = [
        Purpose(code=MAIL, names={"en": "News"}, revision=revision, benefit=Benefit(kind="points", points=points)),
        Purpose(code="sharing", names={"en": "Sharing"}),
    ]
    await publish_new(db, CONSENTS, Consents(purposes=purposes), actor=SETUP, now=NOW)


async def test_the_latest_word_counts(db: Connection) -> None:
    eva = await known(db)
    assert await allowed(db, [eva], MAIL) == set()
    with pytest.raises(ConsentMissing) as missing:
        await require_consent(db, eva, MAIL)
    assert missing.value.details["purpose"] == MAIL
    await gives(db, eva, after=1)
    await require_consent(db, eva, MAIL)
    assert await allowed(db, [eva], "marketing.sms") == set()
    await withdraws(db, eva, after=2)
    assert await allowed(db, [eva], MAIL) == set()
    await gives(db, eva, after=3)
    assert await allowed(db, [eva], MAIL) == {eva}
    told = [(one.given, one.how, one.at) for one in await consent_history(db, eva)]
    assert told == [
        (given, "preferences", NOW + timedelta(minutes=at)) for given, at in ((True, 3), (False, 2), (True, 1))
    ]
    events = await db.fetch("select name, customer_id, payload from event where name like 'consent.%' order by id")
    assert [row["name"] for row in events] == ["consent.given", "consent.withdrawn", "consent.given"]
    assert {row["customer_id"] for row in events} == {eva}
    assert events[0]["payload"]["purpose"] == MAIL


async def test_service_needs_no_consent_and_unknown_purposes_have_nobodys(db: Connection) -> None:
    eva = await known(db)
    assert await allowed(db, [eva], "service") == {eva}
    assert await allowed(db, [eva], "telepathy") == set()
    for purpose in ("service", "telepathy"):
        with pytest.raises(InvalidValue, match=r"marketing\.email"):
            await gives(db, eva, purpose)


async def test_on_a_tie_the_withdrawal_wins(db: Connection) -> None:
    eva = await known(db)
    await gives(db, eva)
    await withdraws(db, eva)
    await gives(db, eva)
    assert await allowed(db, [eva], MAIL) == set()


async def test_a_withdrawal_wins_over_a_clock_that_is_ahead(db: Connection) -> None:
    eva = await known(db)
    await gives(db, eva, after=5)
    await withdraws(db, eva, after=4)
    assert await allowed(db, [eva], MAIL) == set()


async def test_saying_the_same_again_writes_nothing(db: Connection) -> None:
    eva = await known(db)
    await gives(db, eva, after=1)
    await gives(db, eva, after=2)
    await withdraws(db, eva, after=3)
    await withdraws(db, eva, after=4)
    assert len(await consent_history(db, eva)) == 2


async def test_consent_is_looked_up_over_all_ids_of_a_customer(db: Connection) -> None:
    eva, old, visitor = await known(db), await known(db, "eva.old"), uuid4()
    await gives(db, old, after=1)
    await give_consent(db, visitor, "analytics", proof=Proof(how="visit"), actor=guest(visitor), now=NOW)
    assert await allowed(db, [eva, visitor], "analytics") == {visitor}
    await add_alias(db, old, eva, "merged", now=NOW)
    await add_alias(db, visitor, eva, "visitor", now=NOW)
    assert await allowed(db, [eva, old], MAIL) == {eva, old}
    assert await allowed(db, [eva, visitor], "analytics") == {eva, visitor}
    await withdraws(db, eva, after=2)
    assert await allowed(db, [eva, old], MAIL) == set()


async def test_many_are_judged_at_once_as_one_by_one(db: Connection) -> None:
    draw = random.Random(7)
    people = [await known(db, f"person{number}") for number in range(30)]
    for minute in range(200):
        person = draw.choice(people)
        await (gives if draw.random() < 0.6 else withdraws)(db, person, after=draw.randrange(60) + minute)
        if minute == 150:
            await add_alias(db, people[3], people[7], "merged", now=NOW)
            await add_alias(db, people[4], people[7], "merged", now=NOW)
    together = await allowed(db, people, MAIL)
    alone = {person for person in people if await allowed(db, [person], MAIL)}
    standing = {
        person for person in people if {one.purpose.code: one for one in await consents_of(db, person)}[MAIL].allowed
    }
    assert together == alone
    assert standing - {people[3], people[4]} == together - {people[3], people[4]}
    assert 5 < len(together) < 28


async def test_a_new_text_asks_again_and_a_roll_back_does_not(db: Connection) -> None:
    eva = await known(db)
    await with_benefit(db, revision=1)
    await gives(db, eva)
    await with_benefit(db, revision=2)
    assert await allowed(db, [eva], MAIL) == set()
    one = (await consents_of(db, eva))[0]
    assert (one.outdated, one.allowed, one.last.version if one.last else None) == (True, False, 1)
    await gives(db, eva, after=1)
    assert await allowed(db, [eva], MAIL) == {eva}
    await with_benefit(db, revision=1)
    assert await allowed(db, [eva], MAIL) == {eva}
    assert [(one.version, one.revision) for one in await consent_history(db, eva)] == [(2, 2), (1, 1)]


async def test_who_may_speak_for_whom(db: Connection) -> None:
    eva, petr = await known(db), await known(db, "petr")
    for actor in (customer(petr), guest(petr), Actor(kind="staff", id="x")):
        with pytest.raises(Forbidden):
            await give_consent(db, eva, MAIL, proof=BY_PAGE, actor=actor, now=NOW)
        with pytest.raises(Forbidden):
            await withdraw_consent(db, eva, MAIL, proof=BY_PAGE, actor=actor, now=NOW)
    with pytest.raises(InvalidValue, match="reason"):
        await give_consent(db, eva, MAIL, proof=Proof(how="desk", reason=" "), actor=DESK, now=NOW)
    await give_consent(db, eva, MAIL, proof=Proof(how="desk", reason="said so on the phone"), actor=DESK, now=NOW)
    office = await known(db, "office")
    await give_consent(db, office, MAIL, proof=BY_PAGE, actor=customer(eva, [("buyer", office)]), now=NOW)
    assert await allowed(db, [eva, office], MAIL) == {eva, office}


async def test_an_address_is_kept_as_a_hash_of_its_row(db: Connection) -> None:
    for name in ("eva", "petr"):
        party = await known(db, name)
        proof = Proof(how="checkout", address="Shared@Example.com ")
        await give_consent(db, party, MAIL, proof=proof, actor=customer(party), now=NOW)
    hashes = [row["address_hash"] for row in await db.fetch("select address_hash from consent")]
    assert len(set(hashes)) == 2
    assert all(len(one) == 64 for one in hashes)
    assert not await db.fetchval("select count(*) from consent c where c::text ilike '%example.com%'")


async def test_points_are_granted_once_for_a_purpose_and_its_text(db: Connection) -> None:
    eva = await known(db)
    await with_benefit(db)
    for minute in range(0, 8, 2):
        await gives(db, eva, after=minute)
        await withdraws(db, eva, after=minute + 1)
    assert await points_balance(db, eva, now=NOW) == 50
    await with_benefit(db, revision=2, points=20)
    await gives(db, eva, after=20)
    assert await points_balance(db, eva, now=NOW) == 70
    assert [(one.amount, one.purpose, one.revision) for one in await points_history(db, eva)] == [
        (20, MAIL, 2),
        (50, MAIL, 1),
    ]


async def test_a_merged_customer_is_not_thanked_twice(db: Connection) -> None:
    eva, old = await known(db), await known(db, "eva.old")
    await with_benefit(db)
    await gives(db, old)
    await add_alias(db, old, eva, "merged", now=NOW)
    await withdraws(db, eva, after=1)
    await gives(db, eva, after=2)
    assert await points_balance(db, eva, now=NOW) == 50


async def test_unspent_points_are_taken_back_where_the_document_says_so(db: Connection) -> None:
    eva = await known(db)
    await with_benefit(db)
    await publish_new(db, POINTS, Points(taken_back=True), actor=SETUP, now=NOW)
    await gives(db, eva)
    await withdraws(db, eva, after=1)
    assert await points_balance(db, eva, now=NOW) == 0
    assert [one.kind for one in await points_history(db, eva)] == ["taken_back", "consent"]


async def test_everything_is_withdrawn_at_once(db: Connection) -> None:
    eva = await known(db)
    await gives(db, eva, MAIL)
    await gives(db, eva, "sharing")
    await withdraw_all(db, eva, proof=BY_PAGE, actor=customer(eva), now=NOW + timedelta(minutes=1))
    assert [one.purpose.code for one in await consents_of(db, eva) if one.allowed] == ["service"]
    assert len(await consent_history(db, eva)) == 4


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"code": "Marketing"}, "purposes[0].code"),
        ({"names": {}}, "purposes[0].names"),
        ({"names": {"de": "Nachrichten"}}, "purposes[0].names.de"),
        ({"basis": "contract"}, "purposes[0].basis"),
        ({"ask_at": ["everywhere"]}, "purposes[0].ask_at"),
        ({"revision": 0}, "purposes[0].revision"),
        ({"benefit": {"kind": "points"}}, "purposes[0].benefit.points"),
        ({"benefit": {"kind": "coupon"}}, "purposes[0].benefit.promotion"),
    ],
)
async def test_a_faulty_document_is_refused(db: Connection, changed: dict[str, object], path: str) -> None:
    raw = {"code": MAIL, "names": {"en": "News"}, **changed}
    document = msgspec.convert({"purposes": [raw]}, Consents)
    with pytest.raises(InvalidValue) as error:
        await publish_new(db, CONSENTS, document, actor=SETUP, now=NOW)
    assert error.value.field == path
