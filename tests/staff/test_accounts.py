"""Accounts: who may make them, what is refused, and what each role may do."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from kupec import staff
from kupec.kit.actor import Actor, system
from kupec.kit.db import Connection, Database, Pool
from kupec.kit.errors import Forbidden, InvalidValue, KupecError, NotFound

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


async def hire(db: Connection, **changes: Any) -> staff.Staff:
    wanted: dict[str, Any] = {
        "email": f"{uuid4().hex}@zrnko.example",
        "name": "Jan Sklad",
        "password": "dlouhé heslo",
        "role": "warehouse",
        "actor": system("test"),
        "now": NOW,
    }
    return await staff.create_staff(db, **(wanted | changes))


async def test_a_person_is_taken_on_and_listed(db: Connection) -> None:
    person = await hire(db, email=" Jan@Zrnko.Example ", name=" Jan Sklad ", language="cs")
    assert (person.email, person.name, person.language) == ("jan@zrnko.example", "Jan Sklad", "cs")
    assert person in await staff.list_staff(db)
    assert await staff.staff_names(db, [person.id, uuid4()]) == {person.id: "Jan Sklad"}


async def test_a_password_is_stored_only_as_argon2id(db: Connection) -> None:
    person = await hire(db, password="velmi tajné")
    stored = await db.fetchval("select password_hash from staff where id = $1", person.id)
    assert stored.startswith("$argon2id$")
    assert "tajné" not in stored


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"password": "123456789"}, staff.PasswordTooShort, "password"),
        (
            {"email": "jan.sklad@zrnko.example", "password": "JAN.sklad@zrnko.example"},
            staff.PasswordIsEmail,
            "password",
        ),
        ({"email": "zrnko.example"}, staff.NotAnEmail, "email"),
        ({"email": "jan@zrnko"}, staff.NotAnEmail, "email"),
        ({"name": "  "}, InvalidValue, "name"),
        ({"role": "king"}, InvalidValue, "role"),
        ({"language": "de"}, InvalidValue, "language"),
    ],
)
async def test_what_cannot_be_taken_on(
    db: Connection, changes: dict[str, Any], error: type[KupecError], field: str
) -> None:
    with pytest.raises(error) as refusal:
        await hire(db, **changes)
    assert refusal.value.field == field


async def test_an_email_belongs_to_one_person(db: Connection) -> None:
    person = await hire(db)
    with pytest.raises(staff.EmailTaken):
        await hire(db, email=person.email.upper())


@pytest.mark.parametrize("role", ["manager", "agent", "warehouse"])
async def test_only_owners_take_people_on(db: Connection, role: staff.Role) -> None:
    with pytest.raises(Forbidden):
        await hire(db, actor=(await hire(db, role=role)).actor)
    assert await hire(db, actor=(await hire(db, role="owner")).actor)


def actor_of(role: staff.Role) -> Actor:
    return staff.Staff(
        id=UUID(int=1), email="a@b.example", name="A", role=role, language="cs", active=True, created_at=NOW
    ).actor


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("warehouse", "orders.write", "orders.refund"),
        ("warehouse", "stock.write", "catalogue.write"),
        ("warehouse", "orders.read", "customers.read"),
        ("agent", "billing.read", "billing.write"),
        ("manager", "settings.write", "staff.write"),
        ("manager", "billing.write", "integrations.write"),
        ("owner", "staff.write", "no.such.permission"),
        ("agent", "orders.refund", "catalogue.write"),
        ("agent", "customers.read", "system.read"),
        ("manager", "system.read", "system.write"),
        ("owner", "system.write", "no.such.permission"),
    ],
)
def test_what_roles_may_do(role: staff.Role, may: str, may_not: str) -> None:
    actor = actor_of(role)
    actor.require(may)
    with pytest.raises(Forbidden):
        actor.require(may_not)


def test_an_owner_may_whatever_anybody_may() -> None:
    assert all(permissions <= staff.PERMISSIONS["owner"] for permissions in staff.PERMISSIONS.values())


async def test_a_new_password_ends_all_sessions(pool: Pool) -> None:
    database = Database(pool)
    address = str(uuid4())
    async with database.transaction() as db:
        person = await hire(db)
    signed_in = await staff.sign_in(database, person.email, "dlouhé heslo", address=address, now=NOW)
    async with database.transaction() as db:
        await staff.change_password(
            db, person.id, current="dlouhé heslo", new="ještě delší heslo", actor=person.actor, now=NOW
        )
        assert await staff.staff_by_token(db, signed_in.token, NOW) is None
        payload = await db.fetchval(
            "select payload from event where subject = $1 and name = 'staff.password_changed'", f"staff:{person.id}"
        )
        assert payload == {"sessions_ended": 1}
    with pytest.raises(staff.WrongCredentials):
        await staff.sign_in(database, person.email, "dlouhé heslo", address=address, now=NOW)
    await staff.sign_in(database, person.email, "ještě delší heslo", address=address, now=NOW)


async def test_ones_own_new_password_needs_the_old_one(db: Connection) -> None:
    person = await hire(db, role="owner")
    for current in (None, "wrong"):
        with pytest.raises(staff.WrongCredentials) as refusal:
            await staff.change_password(
                db, person.id, current=current, new="ještě delší heslo", actor=person.actor, now=NOW
            )
        assert refusal.value.field == "current"


async def test_somebody_elses_password_needs_an_owner(db: Connection) -> None:
    person, manager, owner = await hire(db), await hire(db, role="manager"), await hire(db, role="owner")
    with pytest.raises(Forbidden):
        await staff.change_password(db, person.id, new="ještě delší heslo", actor=manager.actor, now=NOW)
    await staff.change_password(db, person.id, new="ještě delší heslo", actor=owner.actor, now=NOW)
    with pytest.raises(staff.PasswordTooShort):
        await staff.change_password(db, person.id, new="krátké", actor=owner.actor, now=NOW)
    with pytest.raises(NotFound):
        await staff.change_password(db, uuid4(), new="ještě delší heslo", actor=owner.actor, now=NOW)


async def test_the_desk_changes_its_language_once(db: Connection) -> None:
    person = await hire(db, language="cs")
    for _ in range(2):
        await staff.set_language(db, person.id, "pl", actor=person.actor, now=NOW)
    assert [one.language for one in await staff.list_staff(db) if one.id == person.id] == ["pl"]
    names = await db.fetch("select name from event where subject = $1 order by id", f"staff:{person.id}")
    assert [row["name"] for row in names] == ["staff.created", "staff.language_changed"]
    with pytest.raises(InvalidValue):
        await staff.set_language(db, person.id, "de", actor=person.actor, now=NOW)
    with pytest.raises(Forbidden):
        await staff.set_language(db, uuid4(), "pl", actor=person.actor, now=NOW)


async def test_the_demo_people_come_once_and_their_passwords_fit(pool: Pool) -> None:
    database = Database(pool)
    async with database.transaction() as db:
        await staff.create_demo_staff(db, now=NOW)
        assert await staff.create_demo_staff(db, now=NOW) == 0
    first = staff.DEMO_SIGN_INS[0]
    signed_in = await staff.sign_in(database, first.email, first.password, address=str(uuid4()), now=NOW)
    assert isinstance(signed_in, staff.SignedIn)
    assert signed_in.staff.role == "owner"
    assert {person.role for person in staff.DEMO_SIGN_INS} == set(staff.ROLES)
