"""Looking customers up."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from kupec.customers import Contact, get_party, identify, list_parties, parties_by_ids, party_page
from kupec.kit.actor import system
from kupec.kit.db import Connection
from kupec.kit.errors import NotFound

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ADDRESS = {"name": "Jana", "street": "Dlouhá 1", "city": "Praha", "postcode": "110 00", "country": "CZ"}
PEOPLE = [
    ("Jana Černá", "jana@example.cz", "+420601234567"),
    ("Čeněk Žák", "cenek@kava.example", "+420777000111"),
    ("Hana Chalupová", "hana@example.cz", None),
    ("Chrudoš 100%", "ch_100@example.cz", "+48601234567"),
    ("Zdeněk Łoś", "zdenek@example.pl", None),
]


async def names(db: Connection, query: str = "", *, limit: int = 50, after: UUID | None = None) -> list[str]:
    return [party.name for party in await list_parties(db, query, limit=limit, after=after)]


@pytest.fixture
async def people(db: Connection) -> list[UUID]:
    contacts = [Contact(email=email, name=name, phone=phone, language="cs") for name, email, phone in PEOPLE]
    return await identify(db, contacts, now=NOW, actor=system("test"))


async def test_all_are_listed_in_alphabetical_order_page_by_page(db: Connection, people: list[UUID]) -> None:
    in_order = ["Čeněk Žák", "Hana Chalupová", "Chrudoš 100%", "Jana Černá", "Zdeněk Łoś"]
    assert await names(db) == in_order
    shown: list[str] = []
    after = None
    while page := await list_parties(db, limit=2, after=after):
        shown += [party.name for party in page]
        after = page[-1].id
    assert shown == in_order


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cerna", ["Jana Černá"]),
        ("ČERNÁ", ["Jana Černá"]),
        ("alupo", ["Hana Chalupová"]),
        ("los", ["Zdeněk Łoś"]),
        ("jana@ex", ["Jana Černá"]),
        ("JANA@EX", ["Jana Černá"]),
        ("example.cz", []),
        ("601 234", ["Chrudoš 100%", "Jana Černá"]),
        ("+420 601", ["Jana Černá"]),
        ("00420601", ["Jana Černá"]),
        ("0777", ["Čeněk Žák"]),
        ("ch", ["Hana Chalupová", "Chrudoš 100%"]),
        ("%", []),
        ("100%", ["Chrudoš 100%"]),
        ("_____", []),
        ("ch_100@", ["Chrudoš 100%"]),
        ("nobody", []),
        ("no\0body", []),
        ("+", []),
        ("\\", []),
        ("  ", ["Čeněk Žák", "Hana Chalupová", "Chrudoš 100%", "Jana Černá", "Zdeněk Łoś"]),
    ],
)
async def test_search(db: Connection, query: str, found: list[str]) -> None:
    assert await names(db, query) == found


async def test_search_goes_on_after_a_party(db: Connection, people: list[UUID]) -> None:
    assert await names(db, "601 234", after=people[3]) == ["Jana Černá"]
    assert await names(db, "ch", after=people[2]) == ["Chrudoš 100%"]


async def test_a_party_with_all_that_is_known(db: Connection, people: list[UUID]) -> None:
    jana = await get_party(db, people[0])
    assert (jana.kind, jana.language, jana.email, jana.phone) == ("person", "cs", "jana@example.cz", "+420601234567")
    assert await parties_by_ids(db, [people[0], uuid4()]) == {people[0]: jana}
    [new] = await identify(
        db, [Contact(email="x@example.cz", name="X", language="en", address=ADDRESS)], now=NOW, actor=system("test")
    )
    page = await party_page(db, new)
    assert [each.address for each in page.addresses] == [ADDRESS]
    assert [(point.kind, point.value, point.verified_at) for point in page.contact_points] == [
        ("email", "x@example.cz", None)
    ]


async def test_a_verified_address_is_shown_first(db: Connection, people: list[UUID]) -> None:
    await db.execute(
        "insert into contact_point (id, party_id, kind, value, verified_at) values ($1, $2, 'email', 'z@x.cz', $3)",
        uuid4(),
        people[0],
        NOW,
    )
    assert (await get_party(db, people[0])).email == "z@x.cz"


async def test_nobody(db: Connection) -> None:
    with pytest.raises(NotFound, match="customer"):
        await get_party(db, uuid4())
    with pytest.raises(NotFound):
        await party_page(db, uuid4())
