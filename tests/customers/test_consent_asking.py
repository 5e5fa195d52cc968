"""A typed address proves nothing: consent counts once its owner has followed the link."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kupec.customers import (
    CONSENTS,
    Consents,
    Contact,
    LinkExpired,
    Proof,
    Purpose,
    add_alias,
    allowed,
    ask_consent,
    confirm_consent,
    consent_history,
    consent_subscriber,
    consents_of,
    forget_asks,
    give_consent,
    identify,
    objects_to_tracking,
    verify_contact_point,
    withdraw_consent,
)
from kupec.kit.actor import customer, guest, system
from kupec.kit.db import Connection
from kupec.kit.errors import InvalidValue, NotFound
from kupec.kit.events import COLUMNS, Event
from kupec.kit.versions import publish_new

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MAIL = "marketing.email"
GUEST = guest(UUID(int=1))
SETUP = system("setup")


async def known(db: Connection, name: str = "eva") -> UUID:
    contact = Contact(email=f"{name}@example.com", name=name.title(), language="cs")
    return (await identify(db, [contact], now=NOW, actor=SETUP))[0]


async def asks(db: Connection, email: str = "Eva@Example.com", *, at: datetime = NOW, purpose: str = MAIL) -> None:
    await ask_consent(db, email, [purpose], how="newsletter", language="cs", actor=GUEST, now=at)


async def links(db: Connection) -> list[UUID]:
    """Of the mails that would be written."""
    rows = await db.fetch("select payload from event where name = 'consent.asked' order by id")
    return [UUID(row["payload"]["ask_id"]) for row in rows]


async def news(db: Connection, name: str) -> list[Event]:
    return [Event(**dict(row)) for row in await db.fetch(f"select {COLUMNS} from event where name = $1", name)]


async def test_a_tick_beside_a_typed_address_counts_once_its_owner_confirms(db: Connection) -> None:
    eva = await known(db)
    await asks(db)
    assert await allowed(db, [eva], MAIL) == set()
    assert [one.purpose.code for one in await consents_of(db, eva) if one.waiting] == [MAIL]
    [link] = await links(db)
    await confirm_consent(db, link, now=NOW + HOUR)
    assert await allowed(db, [eva], MAIL) == {eva}
    assert not any(one.waiting for one in await consents_of(db, eva))
    [word] = await consent_history(db, eva)
    assert (word.how, word.actor, word.at) == ("mail", f"customer:{eva}", NOW + HOUR)
    assert await db.fetchval("select verified_at from contact_point where party_id = $1", eva) == NOW + HOUR
    await withdraw_consent(db, eva, MAIL, proof=Proof(how="unsubscribe"), actor=customer(eva), now=NOW + 2 * HOUR)
    await confirm_consent(db, link, now=NOW + 3 * HOUR)
    assert await allowed(db, [eva], MAIL) == set()


async def test_what_was_withdrawn_since_stays_withdrawn(db: Connection) -> None:
    eva = await known(db)
    await asks(db)
    await withdraw_consent(db, eva, MAIL, proof=Proof(how="preferences"), actor=customer(eva), now=NOW + HOUR)
    assert not any(one.waiting for one in await consents_of(db, eva))
    [link] = await links(db)
    await confirm_consent(db, link, now=NOW + 2 * HOUR)
    assert await allowed(db, [eva], MAIL) == set()


async def test_an_address_nobody_has_becomes_a_customer(db: Connection) -> None:
    await asks(db, "new@example.com")
    [link] = await links(db)
    ask = await confirm_consent(db, link, now=NOW)
    assert await allowed(db, [ask.party_id], MAIL) == {ask.party_id}


async def test_nobodys_letterbox_is_filled(db: Connection) -> None:
    for minute in range(0, 60, 10):
        await asks(db, at=NOW + timedelta(minutes=minute))
    assert len(await links(db)) == 1
    await asks(db, at=NOW + 2 * HOUR)
    assert len(await links(db)) == 2
    await confirm_consent(db, (await links(db))[0], now=NOW + 2 * HOUR)
    await asks(db, at=NOW + 9 * HOUR)
    assert len(await links(db)) == 2, "who agrees already is not asked"


async def test_a_link_holds_for_the_days_the_document_says(db: Connection) -> None:
    eva = await known(db)
    document = Consents(purposes=[Purpose(code=MAIL, names={"en": "News"})], confirm_days=3)
    await publish_new(db, CONSENTS, document, actor=SETUP, now=NOW)
    await asks(db)
    [link] = await links(db)
    with pytest.raises(LinkExpired):
        await confirm_consent(db, link, now=NOW + timedelta(days=3, seconds=1))
    assert await allowed(db, [eva], MAIL) == set()
    assert await forget_asks(db, NOW + timedelta(days=3)) == 0
    assert await forget_asks(db, NOW + timedelta(days=5)) == 1
    with pytest.raises(NotFound):
        await confirm_consent(db, link, now=NOW)


async def test_who_proves_the_address_in_another_way_has_answered(db: Connection) -> None:
    eva = await known(db)
    await asks(db)
    await verify_contact_point(db, eva, "email", "eva@example.com", actor=customer(eva), now=NOW + HOUR)
    subscriber = consent_subscriber()
    events = await news(db, "contact_point.verified")
    assert {event.name for event in events} <= set(subscriber.events or ())
    await subscriber.handle(db, events)
    await subscriber.handle(db, events)
    assert await allowed(db, [eva], MAIL) == {eva}
    assert [one.how for one in await consent_history(db, eva)] == ["verified"]


async def test_an_address_proved_before_proves_nothing_about_a_stranger_who_types_it(db: Connection) -> None:
    eva = await known(db)
    await verify_contact_point(db, eva, "email", "eva@example.com", actor=customer(eva), now=NOW)
    await asks(db, at=NOW + HOUR)
    await consent_subscriber().handle(db, await news(db, "contact_point.verified"))
    assert await allowed(db, [eva], MAIL) == set()


async def test_a_link_of_an_absorbed_customer_holds_for_who_absorbed_them(db: Connection) -> None:
    eva, old = await known(db), await known(db, "old")
    await asks(db, "old@example.com")
    await add_alias(db, old, eva, "merged", now=NOW)
    await db.execute("update contact_point set party_id = $1 where party_id = $2", eva, old)
    [link] = await links(db)
    await confirm_consent(db, link, now=NOW + HOUR)
    assert await allowed(db, [eva, old], MAIL) == {eva, old}


async def test_what_cannot_be_asked_is_refused(db: Connection) -> None:
    for email, purpose in (("nobody", MAIL), ("eva@example.com", "service"), ("eva@example.com", "telepathy")):
        with pytest.raises(InvalidValue):
            await asks(db, email, purpose=purpose)
    eva = await known(db)
    await give_consent(db, eva, MAIL, proof=Proof(how="preferences"), actor=customer(eva), now=NOW)
    await asks(db)
    assert await links(db) == []


def test_browsers_may_object_to_being_followed() -> None:
    assert objects_to_tracking({"dnt": "1"})
    assert objects_to_tracking({"sec-gpc": "1"})
    assert not objects_to_tracking({"dnt": "0"})
    assert not objects_to_tracking({})
