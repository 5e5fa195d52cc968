"""Signing in: what is let in, what is refused, and what a refusal tells."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from kupec import staff
from kupec.kit import passwords
from kupec.kit.actor import system
from kupec.kit.db import Database, Pool
from kupec.kit.passwords import _NOBODY, _hasher, hash_password
from kupec.staff.sessions import FAILURE_WINDOW, FAILURES_PER_ADDRESS, FAILURES_PER_EMAIL

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PASSWORD = "dlouhé heslo"


@pytest.fixture
def database(pool: Pool) -> Database:
    return Database(pool)


@pytest.fixture
def address() -> str:
    """A client address nobody failed from yet."""
    return f"test-{uuid4()}"


@pytest.fixture
async def person(database: Database) -> staff.Staff:
    async with database.transaction() as db:
        return await staff.create_staff(
            db,
            email=f"{uuid4().hex}@zrnko.example",
            name="Ema Nová",
            password=PASSWORD,
            role="agent",
            actor=system("test"),
            now=NOW,
        )


async def test_a_session_opens_with_its_token_until_it_is_over(
    database: Database, person: staff.Staff, address: str
) -> None:
    signed_in = await staff.sign_in(database, f" {person.email.upper()} ", PASSWORD, address=address, now=NOW)
    assert isinstance(signed_in, staff.SignedIn)
    assert signed_in.staff == person
    assert signed_in.expires_at == NOW + timedelta(hours=12)
    async with database.reading() as db:
        last = NOW + timedelta(hours=11, minutes=59)
        assert await staff.staff_by_token(db, signed_in.token, last) == person
        assert await staff.staff_by_token(db, signed_in.token, signed_in.expires_at) is None
        assert await staff.staff_by_token(db, signed_in.token + "x", NOW) is None


async def test_the_token_itself_is_not_stored(database: Database, person: staff.Staff, address: str) -> None:
    signed_in = await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)
    async with database.reading() as db:
        stored = await db.fetchval("select token_hash from staff_session where staff_id = $1", person.id)
    assert len(stored) == 32
    assert signed_in.token.encode() not in stored


async def test_signing_out_ends_only_this_session(database: Database, person: staff.Staff, address: str) -> None:
    here = await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)
    there = await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)
    async with database.transaction() as db:
        await staff.sign_out(db, here.token, NOW)
        await staff.sign_out(db, "unknown", NOW)
        assert await staff.staff_by_token(db, here.token, NOW) is None
        assert await staff.staff_by_token(db, there.token, NOW) == person


async def test_sign_ins_stand_in_the_log_without_personal_data(
    database: Database, person: staff.Staff, address: str
) -> None:
    signed_in = await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)
    async with database.transaction() as db:
        await staff.sign_out(db, signed_in.token, NOW)
        rows = await db.fetch(
            "select name, actor, payload from event where subject = $1 order by id", f"staff:{person.id}"
        )
    assert [row["name"] for row in rows] == ["staff.created", "staff.signed_in", "staff.signed_out"]
    assert rows[1]["actor"] == f"staff:{person.id}"
    assert [row["payload"] for row in rows] == [{"role": "agent"}, {"method": "password"}, {}]


@pytest.mark.parametrize("wrong", ["", "dlouhé hesl", "DLOUHÉ HESLO"])
async def test_a_wrong_password_is_refused(database: Database, person: staff.Staff, address: str, wrong: str) -> None:
    with pytest.raises(staff.WrongCredentials) as refusal:
        await staff.sign_in(database, person.email, wrong, address=address, now=NOW)
    assert refusal.value.field == "password"


async def test_who_has_left_is_refused_and_their_sessions_end(
    database: Database, person: staff.Staff, address: str
) -> None:
    signed_in = await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)
    async with database.transaction() as db:
        await db.execute("update staff set active = false where id = $1", person.id)
        assert await staff.staff_by_token(db, signed_in.token, NOW) is None
    with pytest.raises(staff.WrongCredentials):
        await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)


async def failed_before(database: Database, key: str, failures: int, until: datetime) -> None:
    """So many failures already; hashing that many wrong passwords would take seconds."""
    async with database.transaction() as db:
        await db.execute("insert into sign_in_failure values ($1, $2, $3)", key, failures, until)


async def test_failures_block_an_email_for_a_while(database: Database, person: staff.Staff, address: str) -> None:
    await failed_before(database, f"email:{person.email}", FAILURES_PER_EMAIL - 1, NOW + FAILURE_WINDOW)
    with pytest.raises(staff.WrongCredentials):
        await staff.sign_in(database, person.email, "wrong", address=address, now=NOW)
    with pytest.raises(staff.SignInBlocked) as refusal:
        await staff.sign_in(database, person.email, PASSWORD, address="elsewhere", now=NOW + timedelta(minutes=5))
    assert refusal.value.message == "Too many failed sign-ins. Try again in 10 min."
    later = NOW + FAILURE_WINDOW
    assert isinstance(await staff.sign_in(database, person.email, PASSWORD, address=address, now=later), staff.SignedIn)


async def test_a_success_forgives_earlier_failures(database: Database, person: staff.Staff, address: str) -> None:
    await failed_before(database, f"email:{person.email}", FAILURES_PER_EMAIL - 1, NOW + FAILURE_WINDOW)
    await failed_before(database, f"address:{address}", 7, NOW + FAILURE_WINDOW)
    await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)
    async with database.reading() as db:
        rows = await db.fetch("select key, failures from sign_in_failure")
    assert {row["key"]: row["failures"] for row in rows} == {f"address:{address}": 7}


async def test_failures_block_an_address_whatever_the_email(
    database: Database, person: staff.Staff, address: str
) -> None:
    await failed_before(database, f"address:{address}", FAILURES_PER_ADDRESS - 1, NOW + timedelta(minutes=3))
    with pytest.raises(staff.WrongCredentials):
        await staff.sign_in(database, "nobody@zrnko.example", "wrong", address=address, now=NOW)
    with pytest.raises(staff.SignInBlocked):
        await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)
    await staff.sign_in(database, person.email, PASSWORD, address=f"{address}-else", now=NOW)


async def test_parallel_guesses_cannot_slip_past_the_limit(
    database: Database, person: staff.Staff, address: str
) -> None:
    guesses = [
        staff.sign_in(database, person.email, f"guess {number}", address=address, now=NOW) for number in range(9)
    ]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    looked_at = [result for result in results if isinstance(result, staff.WrongCredentials)]
    blocked = [result for result in results if isinstance(result, staff.SignInBlocked)]
    assert (len(looked_at), len(blocked)) == (FAILURES_PER_EMAIL, 9 - FAILURES_PER_EMAIL)


class Watched:
    """The hasher; `held` are the hashes that a password was held against, `waits` is what hashing waits for."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.waits = threading.Event()

    def verify(self, kept: str, password: str) -> bool:
        self.held.append(kept)
        return _hasher.verify(kept, password)

    def hash(self, password: str) -> str:
        assert self.waits.wait(60), "nobody else got a turn"
        return password


async def test_an_unknown_email_is_hashed_like_a_known_one(
    database: Database, person: staff.Staff, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not _hasher.check_needs_rehash(_NOBODY)
    watched = Watched()
    monkeypatch.setattr(passwords, "_hasher", watched)
    for email in (f"{uuid4()}@zrnko.example", person.email):
        with pytest.raises(staff.WrongCredentials):
            await staff.sign_in(database, email, "wrong", address=address, now=NOW)
    unknown, known = watched.held
    assert (unknown, known != _NOBODY) == (_NOBODY, True), "one hash for each of them"


async def test_hashing_leaves_the_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    monkeypatch.setattr(passwords, "_hasher", watched)
    hashing = asyncio.create_task(hash_password(PASSWORD))
    await asyncio.sleep(0)
    watched.waits.set()
    assert await hashing == PASSWORD


async def test_what_is_over_is_forgotten(database: Database, person: staff.Staff, address: str) -> None:
    kept = await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW + timedelta(hours=6))
    await staff.sign_in(database, person.email, PASSWORD, address=address, now=NOW)
    with pytest.raises(staff.WrongCredentials):
        await staff.sign_in(database, person.email, "wrong", address=address, now=NOW)
    async with database.transaction() as db:
        await staff.forget_expired(db, NOW + timedelta(hours=12))
        sessions = await db.fetchval("select count(*) from staff_session where staff_id = $1", person.id)
        failures = await db.fetchval("select count(*) from sign_in_failure where key = $1", f"email:{person.email}")
        assert (sessions, failures) == (1, 0)
        assert await staff.staff_by_token(db, kept.token, NOW + timedelta(hours=12)) == person
