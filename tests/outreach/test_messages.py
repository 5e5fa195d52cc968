"""Messages under the policy: once for their reason, never without consent, never at night, never too many."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest

from kupec.customers import Contact, Proof, give_consent, identify, withdraw_consent
from kupec.kit.actor import customer, system
from kupec.kit.clock import FixedClock
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.due import Due, run_due
from kupec.kit.errors import NotFound
from kupec.kit.jobs import Runner
from kupec.kit.mail import OutgoingMail
from kupec.kit.versions import publish_new
from kupec.outreach import (
    POLICY,
    TEMPLATES,
    Mail,
    MailWords,
    Message,
    Policy,
    Sender,
    Template,
    Templates,
    Written,
    allowance,
    get_mail,
    job,
    release_held,
    send_message,
    send_messages,
)
from kupec.outreach.policy import QuietHours

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
NIGHT = datetime(2026, 3, 9, 23, tzinfo=UTC)
SETUP = system("setup")
SENDER = Sender(name="Zrnko", email="obchod@zrnko.example", base_url="https://shop.example", secret="s")
PROOF = Proof(how="preferences")
NEWS = "marketing.email"


class Post:
    def __init__(self) -> None:
        self.sent: list[OutgoingMail] = []

    async def send(self, mail: OutgoingMail) -> None:
        self.sent.append(mail)


async def person(db: Connection, email: str = "jana@example.com", *, agrees: bool = True, country: str = "CZ") -> UUID:
    address = {"name": "Jana", "street": "A 1", "city": "Praha", "postcode": "11000", "country": country}
    contact = Contact(email=email, name="Jana Nová", language="cs", address=address)
    (party_id,) = await identify(db, [contact], now=NOON, actor=SETUP)
    if agrees:
        await give_consent(db, party_id, NEWS, proof=PROOF, actor=customer(party_id), now=NOON - timedelta(days=1))
    return party_id


async def write(
    db: Connection, party_id: UUID, template: str = "dormant", about: str = "customer:1", *, now: datetime = NOON
) -> Written:
    written = await send_message(
        db, template=template, party_id=party_id, about=about, reason="rule:r", values={}, now=now, sender=SENDER
    )
    assert written is not None
    return written


async def test_a_message_is_written_once_for_its_reason(db: Connection) -> None:
    party_id = await person(db)
    written = await write(db, party_id, "follow_up", "order:1")
    again = await send_message(
        db,
        template="follow_up",
        party_id=party_id,
        about="order:1",
        reason="rule:other",
        values={},
        now=NOON,
        sender=SENDER,
    )
    assert again is None
    mail = await get_mail(db, written.mail_id)
    assert (mail.state, mail.purpose, mail.reason, mail.template_version) == ("queued", NEWS, "rule:r", 0)
    assert mail.consent_version == "0/1"
    assert mail.to_address == "jana@example.com"
    assert "Odhlásit se" in mail.html
    assert "https://shop.example/cs/unsubscribe/" in mail.text
    assert await db.fetchval("select count(*) from job where name = 'send_mails'") == 1


async def test_two_of_the_same_in_a_batch_are_one(db: Connection) -> None:
    party_id = await person(db)
    message = Message(template="service_due", party_id=party_id, about="owned:1", reason="due")
    first, second = await send_messages(db, [message, message], now=NOON, sender=SENDER)
    assert first is not None
    assert second is None


async def test_an_unknown_template_is_refused_and_an_unknown_customer_is_nobody(db: Connection) -> None:
    party_id = await person(db)
    with pytest.raises(NotFound):
        await write(db, party_id, "no_such")
    nobody = Message(template="service_due", party_id=UUID(int=1), about="owned:1", reason="due")
    assert await send_messages(db, [nobody], now=NOON, sender=SENDER) == [None]


async def test_the_version_of_the_words_is_kept(db: Connection) -> None:
    party_id = await person(db)
    own = Template(email=MailWords(subject={"cs": "Vraťte se, {name}"}))
    await publish_new(db, TEMPLATES, Templates(templates={"dormant": own}), actor=SETUP, now=NOON)
    mail = await get_mail(db, (await write(db, party_id)).mail_id)
    assert (mail.title, mail.template_version) == ("Vraťte se, Jana Nová", 1)


async def test_without_consent_it_is_withheld_and_noted(db: Connection) -> None:
    party_id = await person(db, agrees=False)
    written = await write(db, party_id)
    assert (written.state, written.why) == ("withheld", "consent")
    mail = await get_mail(db, written.mail_id)
    assert (mail.state, mail.why, mail.title, mail.html) == ("withheld", "consent", "", "")
    event = await db.fetchrow("select * from event where name = 'message.withheld'")
    assert event["customer_id"] == party_id
    assert event["payload"]["why"] == "consent"
    assert await db.fetchval("select count(*) from job") == 0
    assert (await write(db, party_id, "service_due")).state == "queued", "what is owed to them needs no consent"


async def test_who_cannot_be_reached_is_noted(db: Connection) -> None:
    party_id = await person(db)
    await db.execute("delete from contact_point")
    assert (await write(db, party_id, "service_due")).why == "no_address"


async def test_a_message_that_is_switched_off_is_not_written(db: Connection) -> None:
    party_id = await person(db)
    off = Templates(templates={"service_due": Template(off=True)})
    await publish_new(db, TEMPLATES, off, actor=SETUP, now=NOON)
    assert (await write(db, party_id, "service_due")).why == "off"


@pytest.mark.parametrize(
    ("country", "hour", "state"),
    [("CZ", 12, "queued"), ("CZ", 21, "held"), ("GB", 20, "queued"), ("CZ", 6, "held"), ("GB", 7, "held")],
)
async def test_quiet_hours_are_the_recipients(db: Connection, country: str, hour: int, state: str) -> None:
    party_id = await person(db, country=country)
    written = await write(db, party_id, now=NOON.replace(hour=hour))
    assert written.state == state


async def test_what_is_held_goes_when_quiet_hours_end(pool: Pool) -> None:
    database, post, clock = Database(pool), Post(), FixedClock(NIGHT)
    async with database.transaction() as db:
        written = await write(db, await person(db), now=NIGHT)
        assert await db.fetchval("select send_after from mail") == datetime(2026, 3, 10, 7, tzinfo=UTC)
    runner = Runner(database, [job(post, SENDER)], clock=clock)
    due = Due(name="held", verb=release_held)
    clock.move(datetime(2026, 3, 10, 6, 59, tzinfo=UTC) - NIGHT)
    assert await run_due(database, due, clock.now()) == 0
    clock.move(timedelta(minutes=1))
    assert await run_due(database, due, clock.now()) == 1
    await runner.run_until_idle()
    async with database.reading() as db:
        assert (await get_mail(db, written.mail_id)).state == "sent"
    (mail,) = post.sent
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_service_goes_at_any_hour(db: Connection) -> None:
    assert (await write(db, await person(db), "standing_failed", now=NIGHT)).state == "queued"


async def test_a_customer_is_written_no_more_than_so_often(db: Connection) -> None:
    party_id = await person(db)
    await publish_new(db, POLICY, Policy(per_day=2, per_week=3), actor=SETUP, now=NOON)
    days = [(0, "queued"), (0, "queued"), (0, "withheld"), (1, "queued"), (2, "withheld"), (7, "queued")]
    for number, (day, state) in enumerate(days):
        written = await write(db, party_id, about=f"customer:{number}", now=NOON + timedelta(days=day))
        assert written.state == state, number
    assert (await write(db, party_id, "service_due")).state == "queued"


async def test_a_batch_counts_its_own(db: Connection) -> None:
    party_id = await person(db)
    messages = [Message(template="dormant", party_id=party_id, about=f"customer:{n}", reason="x") for n in range(3)]
    written = await send_messages(db, messages, now=NOON, sender=SENDER)
    assert [one.why if one else None for one in written] == [None, "cap", "cap"]


async def _race(pool: Pool, meet: asyncio.Barrier | None = None) -> list[str]:
    database = Database(pool)
    async with database.transaction() as db:
        party_id = await person(db)

    async def one(number: int) -> str:
        async with database.transaction() as db:
            state = (await write(db, party_id, about=f"customer:{number}")).state
            if meet is not None:
                await meet.wait()  # nobody commits before all have counted
            return state

    return sorted(await asyncio.gather(*(one(number) for number in range(4))))


async def test_two_writers_at_once_do_not_write_twice_as_much(pool: Pool) -> None:
    assert await _race(pool) == ["queued", "withheld", "withheld", "withheld"]


async def test_without_the_lock_they_would(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "_ONE_AT_A_TIME", "select $1::uuid[]")
    assert await _race(pool, asyncio.Barrier(4)) == ["queued"] * 4


async def _withdrawn(pool: Pool) -> tuple[Mail, Post]:
    database, post = Database(pool), Post()
    async with database.transaction() as db:
        party_id = await person(db)
        written = await write(db, party_id)
        assert written.state == "queued"
    async with database.transaction() as db:
        await withdraw_consent(db, party_id, NEWS, proof=PROOF, actor=customer(party_id), now=NOON)
    await Runner(database, [job(post, SENDER)], clock=FixedClock(NOON)).run_until_idle()
    async with database.reading() as db:
        return await get_mail(db, written.mail_id), post


async def test_consent_withdrawn_between_writing_and_sending_is_obeyed(pool: Pool) -> None:
    mail, post = await _withdrawn(pool)
    assert (mail.state, mail.why) == ("withheld", "consent")
    assert not post.sent


async def test_asking_only_when_writing_would_have_sent_it(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kupec.outreach.sending.withheld", lambda *_args, **_more: asyncio.sleep(0, {}))
    mail, post = await _withdrawn(pool)
    assert mail.state == "sent"
    assert len(post.sent) == 1


async def test_a_policy_that_became_stricter_holds_what_is_queued(pool: Pool) -> None:
    database, post = Database(pool), Post()
    async with database.transaction() as db:
        written = await write(db, await person(db))
        quiet = Policy(quiet=QuietHours(since=time(9), until=time(20)))
        await publish_new(db, POLICY, quiet, actor=SETUP, now=NOON)
    await Runner(database, [job(post, SENDER)], clock=FixedClock(NOON)).run_until_idle()
    async with database.reading() as db:
        mail = await get_mail(db, written.mail_id)
    assert (mail.state, mail.send_after) == ("held", datetime(2026, 3, 9, 19, tzinfo=UTC))
    assert not post.sent


async def test_what_somebody_waits_for_goes_at_night_too(db: Connection) -> None:
    night = Policy(any_hour=[])
    await publish_new(db, POLICY, night, actor=SETUP, now=NOON)
    party_id = await person(db)
    assert (await write(db, party_id, "privacy_export_ready", now=NIGHT)).state == "queued"
    assert (await write(db, party_id, "service_due", now=NIGHT)).state == "held"
