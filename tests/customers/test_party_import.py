"""Customers of another system."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from kupec.customers import Contact, PartyRow, get_party, identify, import_parties, party_page
from kupec.kit.actor import system
from kupec.kit.db import Connection, Pool
from kupec.kit.errors import InvalidValue, KupecError

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2019, 5, 1, tzinfo=UTC)
ACTOR = system("import")


async def bring(db: Connection, *rows: PartyRow) -> list[KupecError | None]:
    return await import_parties(db, rows, actor=ACTOR, now=NOW)


async def by_key(db: Connection) -> dict[str, UUID]:
    rows = await db.fetch("select external_id, id from party where external_id is not null")
    return {row["external_id"]: row["id"] for row in rows}


async def contents(db: Connection) -> list[Sequence[object]]:
    tables = ("party", "contact_point", "party_address", "event")
    return [[tuple(row) for row in await db.fetch(f"select * from {table} order by id")] for table in tables]


async def test_a_customer_comes_in_whole_and_marked_as_imported(db: Connection) -> None:
    row = PartyRow(
        external_id="17",
        kind="organisation",
        name="Žlutý kůň s. r. o.",
        language="cs",
        email="Info@Zluty.cz",
        phone="601 234 567",
        company_id="12345678",
        street="Dlouhá 1",
        city="Praha",
        postcode="110 00",
        country="CZ",
        created_at=LONG_AGO,
    )
    assert await bring(db, row) == [None]
    page = await party_page(db, (await by_key(db))["17"])
    party = page.party
    assert (party.kind, party.name, party.language) == ("organisation", "Žlutý kůň s. r. o.", "cs")
    assert (party.company_id, party.created_at, party.email) == ("12345678", LONG_AGO, "info@zluty.cz")
    assert (party.phone, [point.verified_at for point in page.contact_points]) == ("+420601234567", [None, None])
    assert [each.address for each in page.addresses] == [
        {"name": party.name, "street": "Dlouhá 1", "city": "Praha", "postcode": "110 00", "country": "CZ"}
    ]
    [event] = await db.fetch("select * from event")
    assert (event["name"], event["origin"], event["occurred_at"]) == ("customer.created", "imported", LONG_AGO)
    assert (event["customer_id"], event["actor"]) == (party.id, "system:import")
    assert event["payload"] == {"kind": "organisation", "language": "cs"}


async def test_importing_again_changes_nothing(db: Connection) -> None:
    rows = [
        PartyRow(external_id="1", name="Jana", email="jana@example.cz", country="CZ", city="Brno"),
        PartyRow(external_id="2", phone="+420601234567"),
        PartyRow(external_id="3"),
        PartyRow(external_id="1", name="Jana", email="jana@example.cz", country="CZ", city="Brno"),
    ]
    await bring(db, *rows)
    before = await contents(db)
    assert len(before[0]) == 3
    assert await bring(db, *rows) == [None] * 4
    assert await contents(db) == before


async def test_importing_again_brings_what_is_new_and_keeps_what_is_left_empty(db: Connection) -> None:
    await bring(db, PartyRow(external_id="1", name="Jana", language="cs", email="jana@example.cz", city="Brno"))
    key = (await by_key(db))["1"]
    await bring(db, PartyRow(external_id="1", name="Jana Nová", email="nova@example.cz"))
    await bring(db, PartyRow(external_id="1", kind="organisation", city="Praha", company_id="9"))
    page = await party_page(db, key)
    assert (page.party.name, page.party.language, page.party.kind) == ("Jana Nová", "cs", "organisation")
    assert page.party.company_id == "9"
    assert {point.value for point in page.contact_points} == {"jana@example.cz", "nova@example.cz"}
    assert [each.address["city"] for each in page.addresses] == ["Praha"]
    assert await db.fetchval("select folded from party where id = $1", key) == "jana nova"
    events = await db.fetch("select name, origin, occurred_at, payload from event order by id")
    assert [(event["name"], event["origin"]) for event in events] == [
        ("customer.created", "imported"),
        ("customer.changed", "imported"),
        ("customer.changed", "imported"),
    ]
    assert events[1]["payload"] == {"fields": ["email", "name"]}
    assert events[2]["payload"] == {"fields": ["address", "company_id", "kind"]}


async def test_rows_of_one_customer_take_effect_in_order(db: Connection) -> None:
    await bring(db, PartyRow(external_id="1", name="First", city="Brno"), PartyRow(external_id="1", name="Second"))
    party = await get_party(db, (await by_key(db))["1"])
    assert party.name == "Second"
    assert await db.fetchval("select count(*) from event") == 1


async def test_bad_rows_stay_out_and_say_why(db: Connection) -> None:
    results = await bring(
        db,
        PartyRow(external_id=""),
        PartyRow(external_id="x" * 9999),
        PartyRow(external_id="1", email="jana"),
        PartyRow(external_id="2", phone="ask"),
        PartyRow(external_id="3", country="Czechia"),
        PartyRow(external_id="4", created_at=NOW + timedelta(seconds=1)),
        PartyRow(external_id="5", created_at=datetime(2020, 1, 1)),  # noqa: DTZ001
        PartyRow(external_id="6", name="Good"),
    )
    assert [result and result.field for result in results] == [
        *("external_id", "external_id", "email", "phone", "country", "created_at", "created_at"),
        None,
    ]
    assert all(result is None or isinstance(result, InvalidValue) for result in results)
    assert list(await by_key(db)) == ["6"]


async def test_somebody_known_by_the_address_is_that_customer(db: Connection) -> None:
    [known] = await identify(
        db, [Contact(email="jana@example.cz", name="Jana", language="cs")], now=NOW, actor=system("shop")
    )
    await bring(db, PartyRow(external_id="1", email="jana@example.cz"), PartyRow(external_id="2", email="b@example.cz"))
    keys = await by_key(db)
    assert keys["1"] == known
    assert (await get_party(db, known)).name == "Jana"
    await bring(db, PartyRow(external_id="3", email="jana@example.cz"))
    assert (await get_party(db, (await by_key(db))["3"])).email is None
    assert (await by_key(db))["1"] == known


async def test_one_address_in_a_batch_belongs_to_the_first(db: Connection) -> None:
    await bring(db, *(PartyRow(external_id=str(key), email="us@example.cz") for key in (2, 1, 3)))
    keys = await by_key(db)
    assert [(await get_party(db, keys[key])).email for key in "213"] == ["us@example.cz", None, None]


async def test_a_new_customer_without_a_name_gets_one(db: Connection) -> None:
    await bring(db, PartyRow(external_id="1", email="jana@example.cz"), PartyRow(external_id="2"))
    keys = await by_key(db)
    assert [(await get_party(db, keys[key])).name for key in "12"] == ["jana@example.cz", "2"]


async def test_two_imports_and_a_checkout_at_once(pool: Pool) -> None:
    emails = [f"{i}@example.cz" for i in range(40)]
    rows = [PartyRow(external_id=str(i), email=email) for i, email in enumerate(emails)]

    async def bring_all(turned: list[PartyRow]) -> None:
        async with pool.acquire() as db, db.transaction():
            assert set(await bring(db, *turned)) == {None}

    async def buy() -> None:
        contacts = [Contact(email=email, name="X", language="cs") for email in reversed(emails)]
        async with pool.acquire() as db, db.transaction():
            await identify(db, contacts, now=NOW, actor=system("shop"))

    await asyncio.gather(bring_all(rows), bring_all(rows[::-1]), buy())
    async with pool.acquire() as db:
        assert await db.fetchval("select count(*) from contact_point") == 40
        assert await db.fetchval("select count(*) from party where external_id is not null") == 40


@pytest.mark.parametrize("size", [1, 3, 50])
async def test_the_size_of_batches_makes_no_difference(db: Connection, size: int) -> None:
    rows = [
        PartyRow(external_id=str(i % 7), name=f"N{i}", email=f"{i % 5}@example.cz", city=f"C{i % 3}") for i in range(40)
    ]
    for start in range(0, len(rows), size):
        await bring(db, *rows[start : start + size])
    found = await db.fetch(
        "select p.external_id, p.name, c.value, a.address from party p left join contact_point c on c.party_id = p.id"
        " left join party_address a on a.party_id = p.id order by p.external_id, c.value"
    )
    assert [(row["external_id"], row["name"], row["value"], row["address"]["city"]) for row in found] == [
        ("0", "N35", "0@example.cz", "C2"),
        ("1", "N36", "1@example.cz", "C0"),
        ("2", "N37", "2@example.cz", "C1"),
        ("3", "N38", "3@example.cz", "C2"),
        ("4", "N39", "4@example.cz", "C0"),
        ("5", "N33", None, "C0"),
        ("6", "N34", None, "C1"),
    ]


def test_every_field_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "import-customers-orders.md").read_text()
    part = guide[guide.index("## Customers") : guide.index("## Orders")]
    assert [field for field in PartyRow.__struct_fields__ if f"`{field}`" not in part] == []
