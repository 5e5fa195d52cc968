"""Roles, invitations, leaving; the last owner; what the access log tells; saved views."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kupec import staff
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue, NotFound

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
Verb = Callable[[Connection, UUID, Actor], Awaitable[Any]]


async def person(db: Connection, role: staff.Role) -> staff.Staff:
    made, _ = await staff.invite(
        db, email=f"{uuid4().hex}@z.example", name="A", role=role, language="en", actor=system("test"), now=NOW
    )
    return made


WRITES: dict[str, Verb] = {
    "invite": lambda db, who, by: staff.invite(
        db, email="n@z.example", name="N", role="owner", language="en", actor=by, now=NOW
    ),
    "link": lambda db, who, by: staff.new_invitation(db, who, actor=by, now=NOW),
    "role": lambda db, who, by: staff.set_role(db, who, "owner", actor=by, now=NOW),
    "deactivate": lambda db, who, by: staff.deactivate(db, who, actor=by, now=NOW),
    "reactivate": lambda db, who, by: staff.reactivate(db, who, actor=by, now=NOW),
    "reset": lambda db, who, by: staff.reset_second_factor(db, who, actor=by, now=NOW),
    "rules": lambda db, who, by: staff.require_two_factor(db, True, actor=by, now=NOW),
    "list": lambda db, who, by: staff.staff_members(db, actor=by, now=NOW),
    "log": lambda db, who, by: staff.access_entries(db, actor=by),
}


@pytest.mark.parametrize("role", ["manager", "agent", "warehouse"])
@pytest.mark.parametrize("verb", WRITES)
async def test_only_an_owner_may(db: Connection, verb: str, role: staff.Role) -> None:
    mine, other = await person(db, role), await person(db, "agent")
    before = await db.fetchval("select count(*) from event")
    with pytest.raises(Forbidden, match=r"staff\.write"):
        await WRITES[verb](db, other.id, mine.actor)
    assert await db.fetchval("select count(*) from event") == before
    await WRITES[verb](db, other.id, (await person(db, "owner")).actor)


async def test_the_last_owner_stays(db: Connection) -> None:
    first, second = await person(db, "owner"), await person(db, "owner")
    await staff.deactivate(db, second.id, actor=first.actor, now=NOW)
    for verb in (WRITES["deactivate"], lambda db, who, by: staff.set_role(db, who, "agent", actor=by, now=NOW)):
        with pytest.raises(staff.LastOwner):
            await verb(db, first.id, first.actor)
    await staff.reactivate(db, second.id, actor=first.actor, now=NOW)
    await staff.set_role(db, first.id, "agent", actor=first.actor, now=NOW)
    with pytest.raises(staff.LastOwner):
        await staff.deactivate(db, second.id, actor=second.actor, now=NOW)


async def test_two_owners_who_remove_each_other_at_once_leave_one(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        first, second = await person(db, "owner"), await person(db, "owner")

    async def remove(who: staff.Staff, by: staff.Staff) -> None:
        async with database.transaction() as db:
            await staff.deactivate(db, who.id, actor=by.actor, now=NOW)
            await asyncio.sleep(0.02)

    answers = await asyncio.gather(remove(second, first), remove(first, second), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1, answers
    assert await pool.fetchval("select count(*) from staff where active and role = 'owner'") == 1


async def test_an_invitation_sets_the_password_once(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        made, token = await staff.invite(
            db, email=" Eva@Z.example ", name=" Eva ", role="agent", language="cs", actor=system("test"), now=NOW
        )
    assert (made.email, made.name) == ("eva@z.example", "Eva")
    for guess in ("-", ""):
        with pytest.raises(staff.WrongCredentials):
            await staff.sign_in(database, made.email, guess, address="test", now=NOW)
    for wrong, error in (("short", staff.PasswordTooShort), ("eva@z.example", staff.PasswordIsEmail)):
        with pytest.raises(error):
            await staff.accept_invitation(database, token, wrong, now=NOW)
    answers = await asyncio.gather(
        *(staff.accept_invitation(database, token, f"dlouhé heslo {n}", now=NOW) for n in range(2)),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["InvitationOver", "Staff"]
    kept = next(n for n in range(2) if isinstance(answers[n], staff.Staff))
    entered = await staff.sign_in(database, made.email, f"dlouhé heslo {kept}", address="test", now=NOW)
    assert isinstance(entered, staff.SignedIn)
    async with database.transaction() as db:
        first = await staff.new_invitation(db, made.id, actor=system("test"), now=NOW)
        second = await staff.new_invitation(db, made.id, actor=system("test"), now=NOW)
        with pytest.raises(staff.InvitationOver):
            await staff.invited(db, first, NOW)
        with pytest.raises(staff.InvitationOver):
            await staff.invited(db, second, NOW + timedelta(days=7))
        assert (await staff.invited(db, second, NOW)).id == made.id
        with pytest.raises(NotFound):
            await staff.new_invitation(db, uuid4(), actor=system("test"), now=NOW)


async def test_a_name_an_address_and_a_role_are_needed(db: Connection) -> None:
    good = {"email": "e@z.example", "name": "E", "role": "agent", "language": "cs"}
    for change, field in (({"email": "e"}, "email"), ({"name": " "}, "name"), ({"role": "king"}, "role")):
        with pytest.raises((InvalidValue, staff.NotAnEmail)) as caught:
            await staff.invite(db, **{**good, **change}, actor=system("test"), now=NOW)  # type: ignore[arg-type]
        assert caught.value.field == field
    with pytest.raises(InvalidValue):
        await staff.set_role(db, uuid4(), "king", actor=system("test"), now=NOW)  # type: ignore[arg-type]


async def test_leaving_ends_the_sessions_and_a_role_counts_at_once(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        made = await staff.create_staff(
            db, email="e@z.example", name="E", password="dlouhé heslo", role="agent", actor=system("test"), now=NOW
        )
    opened = await staff.sign_in(database, made.email, "dlouhé heslo", address="1.2.3.4", device="Firefox", now=NOW)
    other = await staff.sign_in(database, made.email, "dlouhé heslo", address="test", now=NOW)
    async with database.transaction() as db:
        await staff.set_role(db, made.id, "warehouse", actor=system("test"), now=NOW)
        now_is = await staff.staff_by_token(db, opened.token, NOW)
        assert now_is is not None
        assert now_is.role == "warehouse"
        sessions = await staff.sessions_of(db, made.id, opened.token, NOW)
        assert next((one.mine, one.address, one.device) for one in sessions) == (True, "1.2.3.4", "Firefox")
        assert await staff.end_other_sessions(db, made.id, opened.token, actor=made.actor, now=NOW) == 1
        assert await staff.staff_by_token(db, other.token, NOW) is None
        await staff.deactivate(db, made.id, actor=system("test"), now=NOW)
        assert await staff.staff_by_token(db, opened.token, NOW) is None
        named = await db.fetch("select name from event where subject = $1 order by id", f"staff:{made.id}")
    assert [row["name"] for row in named][-3:] == ["staff.role_changed", "staff.sessions_ended", "staff.deactivated"]
    with pytest.raises(staff.WrongCredentials):
        await staff.sign_in(database, made.email, "dlouhé heslo", address="test", now=NOW)


async def test_the_access_log_tells_who_came_and_looked(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        made = await staff.create_staff(
            db, email="e@z.example", name="E", password="dlouhé heslo", role="owner", actor=system("test"), now=NOW
        )
    for email, password in ((made.email, "wrong"), ("nobody@z.example", "wrong")):
        with pytest.raises(staff.WrongCredentials):
            await staff.sign_in(database, email, password, address="6.6.6.6", device="curl", now=NOW)
    opened = await staff.sign_in(database, made.email, "dlouhé heslo", address="1.2.3.4", now=NOW + HOUR)
    async with database.transaction() as db:
        for minutes in (60, 70, 89, 91, 120):
            at = NOW + timedelta(minutes=minutes)
            await staff.note_view(db, "customer:1", staff_id=made.id, address="1.2.3.4", now=at)
        await staff.note_view(db, "order:1", staff_id=made.id, now=NOW + 2 * HOUR)
        await staff.sign_out(db, opened.token, NOW + 3 * HOUR, address="1.2.3.4")
        entries = await staff.access_entries(db, actor=made.actor)
        told = [(one.kind, one.subject, one.staff_id == made.id, one.address) for one in entries]
        assert told == [
            ("signed_out", None, True, "1.2.3.4"),
            ("viewed", "order:1", True, ""),
            ("viewed", "customer:1", True, "1.2.3.4"),
            ("viewed", "customer:1", True, "1.2.3.4"),
            ("signed_in", None, True, "1.2.3.4"),
            ("refused", None, False, "6.6.6.6"),
            ("refused", None, True, "6.6.6.6"),
        ]
        only = await staff.access_entries(db, actor=made.actor, kind="viewed", since=NOW + 2 * HOUR)
        assert [one.subject for one in only] == ["order:1"]
        first = await staff.access_entries(db, actor=made.actor, staff_id=made.id, until=NOW + HOUR, limit=1)
        assert [one.kind for one in first] == ["refused"]
        below = await staff.access_entries(db, actor=made.actor, before=entries[2].id, limit=2)
        assert [one.id for one in below] == [entries[3].id, entries[4].id]
        year = timedelta(days=365)
        await staff.forget_expired(db, NOW + year + timedelta(minutes=1))
        kept = await staff.access_entries(db, actor=made.actor)
        assert [one.kind for one in kept] == ["signed_out", "viewed", "viewed", "viewed", "signed_in"]


async def test_a_session_asks_for_the_password_again_after_half_an_hour(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        made = await staff.create_staff(
            db, email="e@z.example", name="E", password="dlouhé heslo", role="owner", actor=system("test"), now=NOW
        )
    opened = await staff.sign_in(database, made.email, "dlouhé heslo", address="test", now=NOW)
    half = NOW + timedelta(minutes=30)
    async with database.reading() as db:
        assert await staff.is_confirmed(db, opened.token, half - timedelta(seconds=1))
        assert not await staff.is_confirmed(db, opened.token, half)
        assert not await staff.is_confirmed(db, "unknown", NOW)
    with pytest.raises(staff.WrongCredentials):
        await staff.confirm_password(database, opened.token, made, "wrong", address="test", now=half)
    await database.pool.execute("update sign_in_failure set failures = 5 where key = $1", f"email:{made.email}")
    with pytest.raises(staff.SignInBlocked):
        await staff.confirm_password(database, opened.token, made, "dlouhé heslo", address="test", now=half)
    await database.pool.execute("delete from sign_in_failure")
    await staff.confirm_password(database, opened.token, made, "dlouhé heslo", address="test", now=half)
    async with database.reading() as db:
        assert await staff.is_confirmed(db, opened.token, half)


async def test_views_are_ones_own_unless_shared(db: Connection) -> None:
    mine, other = await person(db, "agent"), await person(db, "agent")
    own = await staff.save_view(db, mine, "orders", name="K balení", query="state=placed", shared=False, now=NOW)
    shared = await staff.save_view(db, mine, "orders", name="Praha", query="q=Praha", shared=True, now=NOW)
    await staff.save_view(db, other, "orders", name="Praha", query="q=Brno", shared=False, now=NOW)
    await staff.save_view(db, mine, "customers", name="Praha", query="q=Praha", shared=False, now=NOW)
    assert [view.id for view in await staff.saved_views(db, mine.id, "orders")] == [own, shared]
    assert [(view.name, view.mine) for view in await staff.saved_views(db, other.id, "orders")] == [
        ("Praha", True),
        ("Praha", False),
    ]
    for view in (own, shared):
        with pytest.raises(NotFound):
            await staff.remove_view(db, view, actor=other.actor, now=NOW)
    assert await staff.remove_view(db, own, actor=mine.actor, now=NOW) == "orders"
    for name in ("", " ", "x" * 41):
        with pytest.raises(InvalidValue):
            await staff.save_view(db, mine, "orders", name=name, query="", shared=False, now=NOW)
    for number in range(19):
        await staff.save_view(db, mine, "orders", name=str(number), query="", shared=False, now=NOW)
    with pytest.raises(InvalidValue, match="20"):
        await staff.save_view(db, mine, "orders", name="one more", query="", shared=False, now=NOW)


async def test_a_view_name_is_taken_once(pool: Pool) -> None:
    async with pool.acquire() as db:
        mine = await person(db, "agent")
        await staff.save_view(db, mine, "orders", name="A", query="", shared=False, now=NOW)
        with pytest.raises(staff.ViewNameTaken):
            await staff.save_view(db, mine, "orders", name="A", query="q=1", shared=False, now=NOW)
