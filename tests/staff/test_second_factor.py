"""The second step: codes of an app, recovery codes, what is refused and how often one may guess."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest

from kupec import staff
from kupec.kit.actor import system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden
from kupec.kit.sealing import SealBroken, seal, unseal

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECRET = "the shop's secret"
PASSWORD = "dlouhé heslo"


@pytest.fixture
def database(pool: Pool) -> Database:
    return Database(pool)


async def hired(database: Database, role: staff.Role = "agent") -> staff.Staff:
    async with database.transaction() as db:
        return await staff.create_staff(
            db,
            email=f"{uuid4().hex}@zrnko.example",
            name="Ema Nová",
            password=PASSWORD,
            role=role,
            actor=system("test"),
            now=NOW,
        )


@pytest.fixture
async def person(database: Database) -> staff.Staff:
    return await hired(database)


async def enrol(database: Database, person: staff.Staff) -> tuple[pyotp.TOTP, list[str]]:
    """Set up half an hour ago."""
    at = NOW - timedelta(minutes=30)
    async with database.transaction() as db:
        begun = await staff.begin_app(db, person, issuer="Zrnko", secret=SECRET, now=at)
        app = pyotp.TOTP(begun.secret)
        codes = await staff.confirm_app(db, person.id, app.at(at), secret=SECRET, actor=person.actor, now=at)
    return app, codes


async def password_step(database: Database, person: staff.Staff, now: datetime = NOW) -> str:
    entered = await staff.sign_in(database, person.email, PASSWORD, address="test", now=now)
    assert isinstance(entered, staff.SecondStep)
    return entered.token


async def finish(database: Database, token: str, code: str, now: datetime = NOW) -> staff.SignedIn:
    return await staff.finish_with_code(database, token, code, secret=SECRET, address="test", now=now)


async def test_the_password_alone_no_longer_opens(database: Database, person: staff.Staff) -> None:
    app, codes = await enrol(database, person)
    assert len(codes) == len(set(codes)) == 10
    entered = await staff.sign_in(database, person.email, PASSWORD, address="test", now=NOW)
    assert isinstance(entered, staff.SecondStep)
    assert (entered.has_app, entered.has_passkey) == (True, False)
    async with database.reading() as db:
        assert await staff.staff_by_token(db, entered.token, NOW) is None
    signed_in = await finish(database, entered.token, f" {app.at(NOW)[:3]} {app.at(NOW)[3:]} ")
    assert signed_in.staff == person
    async with database.reading() as db:
        assert await staff.staff_by_token(db, signed_in.token, NOW) == person
        methods = "select payload->>'method' from event where name = 'staff.signed_in' and subject = $1"
        assert await db.fetchval(methods, f"staff:{person.id}") == "code"
    with pytest.raises(staff.SecondStepOver):
        await finish(database, entered.token, codes[0])


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (-30, True), (30, True), (-60, False), (60, False)])
async def test_clocks_may_differ_by_half_a_minute(
    database: Database, person: staff.Staff, seconds: int, good: bool
) -> None:
    app, _ = await enrol(database, person)
    token = await password_step(database, person)
    code = app.at(NOW + timedelta(seconds=seconds))
    if good:
        await finish(database, token, code)
    else:
        with pytest.raises(staff.WrongCode):
            await finish(database, token, code)


async def test_phones_keep_their_own_time_when_a_demos_clock_has_walked(
    database: Database, person: staff.Staff
) -> None:
    app, _ = await enrol(database, person)
    later = NOW + timedelta(days=60)
    token = await password_step(database, person, later)
    with pytest.raises(staff.WrongCode):
        await finish(database, token, app.at(NOW), later)
    entered = await staff.finish_with_code(
        database, token, app.at(NOW), secret=SECRET, address="test", now=later, outside=NOW
    )
    async with database.reading() as db:
        assert await staff.staff_by_token(db, entered.token, later) == person, "the session is of the demo's time"


async def test_a_code_is_good_once(database: Database, person: staff.Staff) -> None:
    app, _ = await enrol(database, person)
    first, second = await password_step(database, person), await password_step(database, person)
    await finish(database, first, app.at(NOW))
    with pytest.raises(staff.CodeUsed):
        await finish(database, second, app.at(NOW))
    with pytest.raises(staff.CodeUsed):  # nor an older one that would still be in its time
        await finish(database, second, app.at(NOW - timedelta(seconds=30)))
    await finish(database, second, app.at(NOW + timedelta(seconds=30)))


async def test_of_many_who_use_one_code_at_once_one_gets_in(database: Database, person: staff.Staff) -> None:
    app, _ = await enrol(database, person)
    tokens = [await password_step(database, person) for _ in range(4)]
    answers = await asyncio.gather(*(finish(database, token, app.at(NOW)) for token in tokens), return_exceptions=True)
    assert [isinstance(answer, staff.SignedIn) for answer in answers].count(True) == 1
    assert all(isinstance(answer, staff.SignedIn | staff.CodeUsed) for answer in answers)


async def test_a_recovery_code_is_good_once_however_it_is_typed(database: Database, person: staff.Staff) -> None:
    _, codes = await enrol(database, person)
    await finish(database, await password_step(database, person), codes[3].upper().replace("-", " "))
    token = await password_step(database, person)
    with pytest.raises(staff.WrongCode):
        await finish(database, token, codes[3])
    async with database.transaction() as db:
        assert (await staff.second_factors(db, person.id)).codes == 9
        fresh = await staff.new_recovery_codes(db, person.id, actor=person.actor, now=NOW)
        stored = await db.fetch("select code_hash from staff_recovery_code where staff_id = $1", person.id)
    assert not any(code.replace("-", "").encode() in row["code_hash"] for code in fresh for row in stored)
    with pytest.raises(staff.WrongCode):
        await finish(database, token, codes[4])
    await finish(database, token, fresh[0])


async def test_guesses_are_counted_apart_from_the_passwords(database: Database, person: staff.Staff) -> None:
    app, codes = await enrol(database, person)
    for _ in range(5):
        token = await password_step(database, person)
        with pytest.raises(staff.WrongCode):
            await finish(database, token, "000000" if app.at(NOW) != "000000" else "111111")
    with pytest.raises(staff.SignInBlocked):
        await finish(database, token, app.at(NOW))
    with pytest.raises(staff.SignInBlocked):  # the password typed again gives no new guesses
        await finish(database, await password_step(database, person), codes[0])
    later = NOW + timedelta(minutes=15)
    await finish(database, await password_step(database, person, later), app.at(later), later)


async def test_a_second_step_lasts_ten_minutes_and_ends_with_the_account(
    database: Database, person: staff.Staff
) -> None:
    app, _ = await enrol(database, person)
    token = await password_step(database, person)
    late = NOW + timedelta(minutes=10)
    with pytest.raises(staff.SecondStepOver):
        await finish(database, token, app.at(late), late)
    token, owner = await password_step(database, person), await hired(database, "owner")
    async with database.transaction() as db:
        await staff.deactivate(db, person.id, actor=owner.actor, now=NOW)
    with pytest.raises(staff.SecondStepOver):
        await finish(database, token, app.at(NOW))


async def test_a_secret_is_sealed_and_asked_for_only_once_confirmed(database: Database, person: staff.Staff) -> None:
    async with database.transaction() as db:
        begun = await staff.begin_app(db, person, issuer="Zrnko", secret=SECRET, now=NOW)
        again = await staff.begin_app(db, person, issuer="Zrnko", secret=SECRET, now=NOW)
        stored = await db.fetchval("select secret from staff_totp where staff_id = $1", person.id)
    assert again == begun
    assert begun.secret.encode() not in stored
    assert begun.uri.startswith("otpauth://totp/Zrnko:")
    assert isinstance(await staff.sign_in(database, person.email, PASSWORD, address="test", now=NOW), staff.SignedIn)
    async with database.transaction() as db:
        with pytest.raises(staff.WrongCode):
            await staff.confirm_app(db, person.id, "12345", secret=SECRET, actor=person.actor, now=NOW)
        other = await staff.begin_app(db, person, issuer="Zrnko", secret="another secret", now=NOW)
        assert other.secret != begun.secret


async def test_no_event_tells_a_secret(database: Database, person: staff.Staff) -> None:
    app, codes = await enrol(database, person)
    async with database.reading() as db:
        log = await db.fetchval("select string_agg(payload::text, ' ') from event")
    assert app.secret not in log
    assert not any(code in log for code in codes)


async def test_the_last_factor_takes_the_codes_along(db: Connection) -> None:
    person = await staff.create_staff(
        db, email="e@z.example", name="E", password=PASSWORD, role="agent", actor=system("test"), now=NOW
    )
    begun = await staff.begin_app(db, person, issuer="Z", secret=SECRET, now=NOW)
    code = pyotp.TOTP(begun.secret).at(NOW)
    await staff.confirm_app(db, person.id, code, secret=SECRET, actor=person.actor, now=NOW)
    with pytest.raises(staff.AlreadyEnrolled):
        await staff.begin_app(db, person, issuer="Z", secret=SECRET, now=NOW)
    with pytest.raises(staff.AlreadyEnrolled):
        await staff.confirm_app(db, person.id, code, secret=SECRET, actor=person.actor, now=NOW)
    await staff.require_two_factor(db, True, actor=system("test"), now=NOW)
    transaction = db.transaction()
    await transaction.start()
    with pytest.raises(staff.SecondFactorRequired):
        await staff.remove_app(db, person.id, actor=person.actor, now=NOW)
    await transaction.rollback()
    await staff.require_two_factor(db, False, actor=system("test"), now=NOW)
    await staff.remove_app(db, person.id, actor=person.actor, now=NOW)
    factors = await staff.second_factors(db, person.id)
    assert (factors.any, factors.codes) == (False, 0)


async def test_who_has_no_second_step_must_set_one_up_when_it_is_required(database: Database) -> None:
    owner, person = await hired(database, "owner"), await hired(database)
    signed_in = await staff.sign_in(database, person.email, PASSWORD, address="test", now=NOW)
    async with database.transaction() as db:
        with pytest.raises(Forbidden):
            await staff.require_two_factor(db, True, actor=person.actor, now=NOW)
        await staff.require_two_factor(db, True, actor=owner.actor, now=NOW)
        found = await staff.staff_by_token(db, signed_in.token, NOW)
        assert found is not None
        assert found.must_enrol
    await enrol(database, person)
    async with database.reading() as db:
        assert await staff.staff_by_token(db, signed_in.token, NOW) == person


async def test_an_owner_resets_a_lost_second_step(database: Database) -> None:
    owner, person = await hired(database, "owner"), await hired(database)
    app, _ = await enrol(database, person)
    signed_in = await finish(database, await password_step(database, person), app.at(NOW))
    async with database.transaction() as db:
        with pytest.raises(Forbidden):
            await staff.reset_second_factor(db, owner.id, actor=person.actor, now=NOW)
        await staff.reset_second_factor(db, person.id, actor=owner.actor, now=NOW)
        assert await staff.staff_by_token(db, signed_in.token, NOW) is None
        assert not (await staff.second_factors(db, person.id)).any
    assert isinstance(await staff.sign_in(database, person.email, PASSWORD, address="test", now=NOW), staff.SignedIn)


def test_a_seal_opens_with_its_secret_and_purpose_only() -> None:
    sealed = seal("s", "totp", b"plain")
    assert unseal("s", "totp", sealed) == b"plain"
    assert seal("s", "totp", b"plain") != sealed
    for secret, purpose, what in (("t", "totp", sealed), ("s", "mail", sealed), ("s", "totp", sealed[:-1] + b"x")):
        with pytest.raises(SealBroken):
            unseal(secret, purpose, what)
    with pytest.raises(SealBroken):
        unseal("s", "totp", b"")
